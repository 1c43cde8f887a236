//! `diabolo encode`, `decode` and `reconstruct`: rows in, rows out, batch by batch in bounded memory.

use arrow_array::RecordBatch;
use diabolo::artifact::SavedModel;
use diabolo::data::{UnknownCells, Writer, open};
use diabolo::task;
use diabolo::tensor::Device;

use super::{load_for, no_rows, note_unknown};
use crate::args::{Shared, TransformArgs};

type Transform = fn(&SavedModel, &str, &RecordBatch, u64, &Device) -> diabolo::Result<RecordBatch>;

pub fn encode(args: &TransformArgs, shared: &Shared) -> anyhow::Result<()> {
    stream(args, shared, task::encode)
}

pub fn decode(args: &TransformArgs, shared: &Shared) -> anyhow::Result<()> {
    stream(args, shared, task::decode)
}

pub fn reconstruct(args: &TransformArgs, shared: &Shared) -> anyhow::Result<()> {
    stream(args, shared, task::reconstruct)
}

fn stream(args: &TransformArgs, shared: &Shared, transform: Transform) -> anyhow::Result<()> {
    let saved = load_for(args, shared)?;
    let device = shared.device()?;
    let config = args.read.over(&saved.header.config)?;
    let source = open(&args.input, &config.data.read_options())?;
    let mut writer = Writer::create(&args.out, args.format)?;
    if let Some(key) = &saved.header.preprocessor.schema.key {
        writer = writer.key(key);
    }
    let mut unknown = UnknownCells::default();
    let counted = source.map(|batch| {
        let batch = batch?;
        unknown.add(saved.header.preprocessor.unknown_cells(&args.input, &batch)?);
        Ok(batch)
    });
    let rows = task::transform_batches(
        counted,
        |batch, first_row| transform(&saved, &args.input, batch, first_row, &device),
        |made| writer.write(made),
    )?;
    if rows == 0 {
        return Err(no_rows(&args.input).into());
    }
    writer.finish()?;
    note_unknown(&unknown, shared);
    if args.out != "-" {
        shared.note(format!("wrote {rows} rows to {}", args.out));
    }
    Ok(())
}
