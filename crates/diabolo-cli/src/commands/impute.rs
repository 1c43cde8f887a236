//! `diabolo impute RUN INPUT`: imputation, batch by batch in bounded memory.

use arrow_array::RecordBatch;
use diabolo::data::{UnknownCells, open};
use diabolo::task::Imputed;
use diabolo::{Error, task};
use serde_json::json;

use super::{finish, load_for, note_unknown, note_unobserved, writer};
use crate::args::{ImputeArgs, Shared};
use crate::output;

pub fn run(args: &ImputeArgs, shared: &Shared) -> anyhow::Result<()> {
    let asked = &args.rows;
    let outputs =
        [("--out", Some(&asked.out)), ("--mask", args.mask.as_ref()), ("--std-errors", args.errors.as_ref())];
    for (flag, out) in outputs.into_iter().filter_map(|(flag, out)| Some((flag, out?))) {
        output::one_on_stdout(flag, out, shared)?;
    }
    let predictor = load_for(asked, shared)?;
    let read = asked.read_options(&predictor, shared)?;
    let source = asked.typed(&predictor, open(&asked.input, &read)?, shared)?;
    let (config, targets) = (args.to_config(), args.targets()?);
    let create = |out: &String| writer(&predictor, out, asked.format);
    let beside = |out: &String| writer(&predictor, out, None);
    let mut completed = targets.iter().map(create).collect::<diabolo::Result<Vec<_>>>()?;
    let mut mask = args.mask.as_ref().map(beside).transpose()?;
    let mut errors = args.errors.as_ref().map(beside).transpose()?;
    let (mut filled, mut low_ess_rows) = (0, 0);
    let mut unknown = UnknownCells::default();
    let impute = |batch: &RecordBatch, first_row: u64| {
        let imputed = predictor.clone().first_row(first_row).impute(batch, &config)?;
        Ok((predictor.unknown_cells(batch)?, imputed))
    };
    let rows = task::transform_batches(source, impute, |(cells, imputed): &(UnknownCells, Imputed)| {
        let completed_rows = std::slice::from_ref(&imputed.completed);
        let tables = if args.multiple > 0 { &imputed.draws } else { completed_rows };
        completed.iter_mut().zip(tables).try_for_each(|(writer, table)| writer.write(table))?;
        mask.as_mut().map_or(Ok(()), |writer| writer.write(&imputed.mask))?;
        if let (Some(writer), Some(table)) = (&mut errors, &imputed.errors) {
            writer.write(table)?;
        }
        unknown.add(cells.clone());
        filled += imputed.filled;
        low_ess_rows += imputed.low_ess_rows;
        Ok(())
    })?;
    if rows == 0 {
        return Err(Error::no_rows(&asked.input).into());
    }
    completed.into_iter().chain(mask).chain(errors).try_for_each(|writer| finish(writer, shared))?;
    note_unknown(&unknown, shared);
    note_unobserved(&predictor, shared);
    let pictures = predictor.saved().header.preprocessor.schema.image_shape().is_some();
    let what = if pictures { "pixels" } else { "cells" };
    shared.note(format!("imputed {filled} missing {what} in {rows} rows"));
    if low_ess_rows > 0 {
        shared.note(format!(
            "note: {low_ess_rows} rows have an effective sample size below 5 of {} draws: their standard errors and the variance of \
             drawn tables are underestimated; try --samples {}",
            args.samples,
            args.samples.saturating_mul(10)
        ));
    }
    if shared.json {
        output::print_json(
            &json!({ "rows": rows, "filled": filled, "low_ess_rows": low_ess_rows, "files": targets }),
        )?;
    }
    Ok(())
}
