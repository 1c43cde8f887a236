//! `diabolo generate RUN`

use diabolo::Error;
use diabolo::artifact::{SavedModel, write_atomically};
use diabolo::data::{Writer, rows_at};
use diabolo::report::picture_grid_png;
use diabolo::task::{Codes, Draw, Given, Path, between, generate, near, rows_of, traverse, walk};
use diabolo::tensor::Device;

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
    let device = shared.device()?;
    let given = given(args)?;
    // Refused before anything is drawn, whatever the rows come from.
    saved.header.preprocessor.given(&given, 1)?;
    let codes = explored(args, &saved, &given, &device)?;
    let (values, rows) = match (&codes, args.walk.to_config()) {
        (Some(codes), None) => rows_of(&saved, codes, draw, args.seed, &device)?,
        (Some(_), Some(_)) => {
            let found = "a place of the latent space too";
            return Err(Error::config("--step", "the walk alone: it starts where it will", found).into());
        }
        (None, Some(config)) => walk(&saved, args.count, draw, &config, args.seed, &device)?,
        (None, None) => generate(&saved, args.count, draw, &given, args.seed, &device)?,
    };
    let columns = codes.filter(|codes| !codes.steps.is_empty()).map(|_| STEPS);
    match shape {
        Some(shape) if args.out.ends_with(".png") => sheet(&args.out, &values, shape, columns)?,
        _ => {
            let mut writer = Writer::create(&args.out, args.format)?;
            writer.write(&rows)?;
            writer.finish()?;
        }
    }
    if args.out != "-" {
        shared.note(format!("wrote {} new rows to {}", rows.num_rows(), args.out));
    }
    Ok(())
}

/// Columns and values of --where.
fn given(args: &GenerateArgs) -> diabolo::Result<Vec<(String, String)>> {
    let pair = |text: &String| match text.split_once('=') {
        Some((column, value)) => Ok((column.to_string(), value.to_string())),
        None => Err(Error::config("--where", "COLUMN=VALUE", format!("'{text}'"))),
    };
    args.given.iter().map(pair).collect()
}

/// Steps of a traversal's line, how far it goes, and lines at most.
const STEPS: usize = 11;
const RANGE: f64 = 3.0;
const LINES: usize = 10;

/// The codes of a place of the latent space, if one was asked for.
fn explored(
    args: &GenerateArgs,
    saved: &SavedModel,
    given: &Given,
    device: &Device,
) -> diabolo::Result<Option<Codes>> {
    let asked = &args.explore;
    let rows = |numbers: &[usize]| {
        let config = &saved.header.config.data;
        let input = asked.input.as_deref().unwrap_or(&saved.header.source.input);
        saved.header.preprocessor.encode(input, &rows_at(input, config, numbers)?, 0)
    };
    Ok(match (asked.near, asked.between.as_deref()) {
        (near, _) if asked.traverse => {
            let base = near.map(|row| rows(&[row])).transpose()?;
            Some(traverse(saved, base.as_ref(), given, LINES, STEPS, RANGE, device)?)
        }
        (Some(row), _) => {
            Some(near(saved, &rows(&[row])?, args.count, asked.scale, given, args.seed, device)?)
        }
        (None, Some(&[from, to])) => {
            let path = if asked.spherical { Path::Spherical } else { Path::Linear };
            Some(between(saved, &rows(&[from, to])?, args.count, path, given, device)?)
        }
        (None, Some(other)) => {
            return Err(Error::config(
                "--between",
                "two rows, such as 3,17",
                format!("{} of them", other.len()),
            ));
        }
        (None, None) => None,
    })
}

/// All pictures on one sheet, about as wide as high unless told otherwise.
fn sheet(
    out: &str,
    values: &[f32],
    (height, width, channels): (usize, usize, usize),
    columns: Option<usize>,
) -> diabolo::Result<()> {
    const SHEET_PIXELS: usize = 800;
    let pictures: Vec<Vec<f32>> =
        values.chunks_exact(height * width * channels).map(<[f32]>::to_vec).collect();
    let columns = columns.unwrap_or((pictures.len() as f64).sqrt().ceil() as usize);
    let scale = (SHEET_PIXELS / (columns * width)).clamp(1, 8);
    write_atomically(out.as_ref(), &picture_grid_png(&pictures, height, width, channels, columns, scale)?)
}
