//! `diabolo generate RUN`

use std::path::Path;

use diabolo::Error;
use diabolo::artifact::write_atomically;
use diabolo::data::Writer;
use diabolo::report::picture_grid_png;
use diabolo::task::{Draw, generate, walk};

use super::load;
use crate::args::{GenerateArgs, Shared};

pub fn run(args: &GenerateArgs, shared: &Shared) -> anyhow::Result<()> {
    if args.count == 0 {
        return Err(Error::config("--count", "1 or more", 0).into());
    }
    let saved = load(&args.model, shared)?;
    let schema = &saved.header.preprocessor.schema;
    let shape = schema.image_shape();
    let draw = if args.mean.unwrap_or(shape.is_some()) { Draw::Mean } else { Draw::Sample };
    let place = shared.place()?;
    let (values, rows) = match args.walk.to_config() {
        Some(config) => walk(&saved, args.count, draw, &config, args.seed, &place)?,
        None => generate(&saved, args.count, draw, args.seed, &place)?,
    };
    match shape {
        Some(shape) if args.out.ends_with(".png") => sheet(&args.out, &values, shape)?,
        _ => {
            let mut writer = Writer::create(&args.out, args.format)?;
            writer.write(&rows)?;
            writer.finish()?;
        }
    }
    if args.out != "-" {
        shared.note(format!("wrote {} new rows to {}", args.count, args.out));
    }
    Ok(())
}

/// All pictures on one sheet, about as wide as high.
fn sheet(out: &str, values: &[f32], (height, width, channels): (usize, usize, usize)) -> diabolo::Result<()> {
    const SHEET_PIXELS: usize = 800;
    let pictures: Vec<Vec<f32>> =
        values.chunks_exact(height * width * channels).map(<[f32]>::to_vec).collect();
    let columns = (pictures.len() as f64).sqrt().ceil() as usize;
    let scale = (SHEET_PIXELS / (columns * width)).clamp(1, 8);
    write_atomically(Path::new(out), &picture_grid_png(&pictures, height, width, channels, columns, scale)?)
}
