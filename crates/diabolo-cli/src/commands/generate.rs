//! `diabolo generate RUN`

use diabolo::artifact::{ModelKind, write_atomically};
use diabolo::data::Writer;
use diabolo::pipeline::{GenerateConfig, Origin, Predictor};
use diabolo::report::picture_sheet_png;

use super::synthesize;
use super::{in_range, load, note_unobserved};
use crate::args::{GenerateArgs, Shared};
use crate::output;

pub fn run(args: &GenerateArgs, shared: &Shared) -> anyhow::Result<()> {
    output::one_on_stdout("--out", &args.out, shared)?;
    if ModelKind::Table.is_at(&args.model) {
        return synthesize::generate(args, shared);
    }
    args.refuse_of_tables()?;
    let config = args.to_config()?;
    let predictor = in_range(load(&args.model, None, shared)?, args.beyond_range);
    if let Some(length) = args.length {
        let rows = predictor.generate_series(&config, length)?;
        let mut writer = Writer::create(&args.out, args.format)?;
        writer.write(&rows)?;
        writer.finish()?;
        notes(&predictor, &config, shared);
        return output::wrote(rows.num_rows() as u64, "rows", &args.out, shared);
    }
    let made = predictor.generate(&config)?;
    match predictor.saved().header.preprocessor.schema.image_shape() {
        Some(shape) if args.out.ends_with(".png") => {
            write_atomically(args.out.as_ref(), &picture_sheet_png(&made.values, shape, made.line)?)?;
        }
        _ => {
            let mut writer = Writer::create(&args.out, args.format)?;
            writer.write(&made.rows)?;
            writer.finish()?;
        }
    }
    notes(&predictor, &config, shared);
    output::wrote(made.rows.num_rows() as u64, "new rows", &args.out, shared)
}

/// Prints which columns stay empty, and why.
fn notes(predictor: &Predictor, config: &GenerateConfig, shared: &Shared) {
    note_unobserved(predictor, shared);
    // Rows of other origins have the conditions of a row.
    if config.origin == Origin::Prior {
        for name in predictor.saved().header.preprocessor.conditions_left_missing(&config.given) {
            shared.note(format!(
                "note: condition '{name}' is not given: it is missing in the new rows, as numbers are not drawn; give \
                 it with --where {name}=NUMBER"
            ));
        }
    }
}
