//! `diabolo encode`, `decode` and `reconstruct`, batch by batch in bounded memory.

use arrow_array::RecordBatch;
use diabolo::data::{UnknownCells, open};
use diabolo::{Error, Predictor, task};

use super::{finish, load_for, note_unknown, note_unobserved, writer};
use crate::args::{EncodeArgs, Shared, TransformArgs};
use crate::output;

type Transform<'a> = &'a (dyn Fn(&Predictor, &RecordBatch) -> diabolo::Result<RecordBatch> + Sync);

pub fn encode(args: &EncodeArgs, shared: &Shared) -> anyhow::Result<()> {
    let EncodeArgs { rows: args, posterior, seed } = args;
    if *posterior && args.is_nameless() {
        let reason = "columns without names would all be taken for codes";
        return Err(Error::conflict("--posterior", "NPY output", reason).into());
    }
    // Without names, columns beside the codes would be taken for codes.
    let transform: Transform = match (args.is_nameless(), posterior) {
        (true, _) => &Predictor::encode_alone,
        (false, true) => &|predictor, rows| predictor.posterior(rows, *seed),
        (false, false) => &Predictor::encode,
    };
    let predictor = stream(args, shared, transform, false)?;
    let renamed = task::renamed(&task::latent_names(predictor.saved()));
    renamed.iter().for_each(|note| shared.note(format!("note: {note}")));
    Ok(())
}

pub fn decode(args: &TransformArgs, shared: &Shared) -> anyhow::Result<()> {
    note_unobserved(&stream(args, shared, &Predictor::decode, false)?, shared);
    Ok(())
}

pub fn reconstruct(args: &TransformArgs, shared: &Shared) -> anyhow::Result<()> {
    note_unobserved(&stream(args, shared, &Predictor::reconstruct, true)?, shared);
    Ok(())
}

/// Transforms the rows, and returns the predictor; `typed` if features are written.
fn stream(
    args: &TransformArgs,
    shared: &Shared,
    transform: Transform,
    typed: bool,
) -> anyhow::Result<Predictor> {
    output::one_on_stdout("--out", &args.out, shared)?;
    let predictor = load_for(args, shared)?;
    let source = open(&args.input, &args.read_options(&predictor, shared)?)?;
    let source = if typed { args.typed(&predictor, source, shared)? } else { source };
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
    finish(writer, shared)?;
    note_unknown(&unknown, shared);
    output::wrote(rows, "rows", &args.out, shared)?;
    Ok(predictor)
}
