//! `diabolo encode`, `decode` and `reconstruct`, batch by batch in bounded memory.

use arrow_array::RecordBatch;
use diabolo::data::{UnknownCells, open};
use diabolo::{Error, Predictor, task};

use super::{load_for, note_unknown, note_unobserved, writer};
use crate::args::{Shared, TransformArgs};
use crate::output;

type Transform = fn(&Predictor, &RecordBatch) -> diabolo::Result<RecordBatch>;

pub fn encode(args: &TransformArgs, shared: &Shared) -> anyhow::Result<()> {
    // Without names, columns beside the codes would be taken for codes.
    let transform = if args.is_nameless() { Predictor::encode_alone } else { Predictor::encode };
    stream(args, shared, transform).map(drop)
}

pub fn decode(args: &TransformArgs, shared: &Shared) -> anyhow::Result<()> {
    note_unobserved(&stream(args, shared, Predictor::decode)?, shared);
    Ok(())
}

pub fn reconstruct(args: &TransformArgs, shared: &Shared) -> anyhow::Result<()> {
    note_unobserved(&stream(args, shared, Predictor::reconstruct)?, shared);
    Ok(())
}

/// Transforms the rows, and returns the predictor.
fn stream(args: &TransformArgs, shared: &Shared, transform: Transform) -> anyhow::Result<Predictor> {
    output::one_on_stdout(&args.out, shared)?;
    let predictor = load_for(args, shared)?;
    let config = args.read.over(&predictor.saved().header.config)?;
    let source = open(&args.input, &shared.read_options(&config.data))?;
    let mut writer = writer(&predictor, &args.out, args.format)?;
    let mut unknown = UnknownCells::default();
    let counted = source.map(|batch| {
        let batch = batch?;
        unknown.add(predictor.unknown_cells(&batch)?);
        Ok(batch)
    });
    let rows = task::transform_batches(
        counted,
        |batch, first_row| transform(&predictor.clone().first_row(first_row), batch),
        |made| writer.write(made),
    )?;
    if rows == 0 {
        return Err(Error::no_rows(&args.input).into());
    }
    writer.finish()?;
    note_unknown(&unknown, shared);
    output::wrote(rows, "rows", &args.out, shared)?;
    Ok(predictor)
}
