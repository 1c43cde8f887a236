//! `diabolo impute RUN INPUT`: missing cells filled in, batch by batch in bounded memory.

use std::path::Path;

use diabolo::Error;
use diabolo::data::{Format, UnknownCells, Writer, open};
use diabolo::task::{ImputeConfig, impute};
use serde_json::json;

use super::{load_for, no_rows, note_unknown};
use crate::args::{ImputeArgs, Shared};
use crate::output;

pub fn run(args: &ImputeArgs, shared: &Shared) -> anyhow::Result<()> {
    let asked = &args.rows;
    if shared.json && asked.out == "-" {
        return Err(Error::config("--json", "--out FILE beside it: the rows are on stdout", "none").into());
    }
    let saved = load_for(asked, shared)?;
    let device = shared.device()?;
    let read = asked.read.over(&saved.header.config)?.data.read_options();
    let source = open(&asked.input, &read)?;
    let targets = targets(args)?;
    apart(args, &targets)?;
    let key = saved.header.preprocessor.schema.key.as_deref();
    let create = |target: &str, format: Option<Format>| -> diabolo::Result<Writer> {
        let writer = Writer::create(target, format)?;
        Ok(match key {
            Some(key) => writer.key(key),
            None => writer,
        })
    };
    let mut completed =
        targets.iter().map(|out| create(out, asked.format)).collect::<diabolo::Result<Vec<_>>>()?;
    let mut mask = args.mask.as_deref().map(|out| create(out, None)).transpose()?;
    let mut errors = args.errors.as_deref().map(|out| create(out, None)).transpose()?;
    let config = ImputeConfig {
        samples: args.samples,
        multiple: args.multiple,
        errors: args.errors.is_some(),
        typed: asked.has_types(),
        seed: args.seed,
    };
    let (mut rows, mut filled, mut low_ess_rows) = (0, 0, 0);
    let mut unknown = UnknownCells::default();
    for batch in source {
        let batch = batch?;
        unknown.add(saved.header.preprocessor.unknown_cells(&asked.input, &batch)?);
        let imputed = impute(&saved, &asked.input, &batch, rows, &config, &device)?;
        let tables = if args.multiple > 0 { imputed.draws } else { vec![imputed.completed] };
        completed.iter_mut().zip(&tables).try_for_each(|(writer, table)| writer.write(table))?;
        mask.as_mut().map_or(Ok(()), |writer| writer.write(&imputed.mask))?;
        if let (Some(writer), Some(table)) = (&mut errors, &imputed.errors) {
            writer.write(table)?;
        }
        rows += batch.num_rows() as u64;
        filled += imputed.filled;
        low_ess_rows += imputed.low_ess_rows;
    }
    if rows == 0 {
        return Err(no_rows(&asked.input).into());
    }
    completed.into_iter().chain(mask).chain(errors).try_for_each(Writer::finish)?;
    note_unknown(&unknown, shared);
    let what = if saved.header.preprocessor.schema.image_shape().is_some() { "pixels" } else { "cells" };
    shared.note(format!("filled {filled} missing {what} in {rows} rows"));
    if low_ess_rows > 0 {
        shared.note(format!(
            "note: in {low_ess_rows} rows fewer than 5 of {} draws carry the weight: their errors are told too small, and drawn tables differ \
             too little; --samples {} tells more",
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

/// Refuses files that would take the place of each other, or of the input.
fn apart(args: &ImputeArgs, targets: &[String]) -> diabolo::Result<()> {
    let mut taken: Vec<&str> = targets.iter().map(String::as_str).collect();
    taken.push(&args.rows.input);
    for (flag, path) in [("--mask", &args.mask), ("--errors", &args.errors)] {
        let Some(path) = path else { continue };
        if taken.contains(&path.as_str()) {
            return Err(Error::config(flag, "a file of its own", format!("'{path}' a second time")));
        }
        taken.push(path);
    }
    Ok(())
}

/// Where completed tables go: `--out`, or with `--multiple` as many files with a number behind the name.
fn targets(args: &ImputeArgs) -> diabolo::Result<Vec<String>> {
    let out = &args.rows.out;
    if args.multiple == 0 {
        return Ok(vec![out.clone()]);
    }
    if out == "-" || out.ends_with('/') {
        return Err(Error::config(
            "--multiple",
            "--out with the name of a file, such as completed.csv",
            format!("'{out}'"),
        ));
    }
    let name = Path::new(out).file_name().map_or(String::new(), |name| name.to_string_lossy().into_owned());
    let folder = &out[..out.len() - name.len()];
    let (stem, extension) =
        name.split_once('.').map_or((name.as_str(), String::new()), |(s, e)| (s, format!(".{e}")));
    Ok((1..=args.multiple).map(|number| format!("{folder}{stem}-{number}{extension}")).collect())
}
