//! One file per command.

pub mod audit;
pub mod calibrate;
pub mod compare;
pub mod compress;
pub mod data;
pub mod decompress;
pub mod denoise;
pub mod evaluate;
pub mod explore;
pub mod export;
pub mod features;
pub mod fit;
pub mod forecast;
pub mod generate;
pub mod impute;
pub mod inspect;
pub mod lab;
pub mod map;
pub mod report;
pub mod score;
pub mod shell;
pub mod sweep;
pub mod synthesize;
pub mod transform;

use std::path::{Path, PathBuf};

use diabolo::artifact::Run;
use diabolo::data::{Format, UnknownCells, Writer};
use diabolo::pipeline::EvaluationRows;
use diabolo::{Error, Predictor};

use crate::args::{ReadArgs, ReportArgs, Shared, TransformArgs};

/// The model of a run folder or a file, which comes before the `input`.
fn load(path: &Path, input: Option<&str>, shared: &Shared) -> diabolo::Result<Predictor> {
    match input {
        Some(run) if is_model(Path::new(run)) && !is_model(path) => Err(Error::Unsupported {
            what: format!("'{run}' is a run, and '{}' is not", path.display()),
            help: format!("give the run first: {run} {}", path.display()),
        }),
        _ if is_data(path) => Err(Error::Unsupported {
            what: format!("'{}' is a file of data, and not a run", path.display()),
            help: "give the run folder of `diabolo fit` first".into(),
        }),
        _ => Predictor::open_on(path, shared.device()?),
    }
}

/// Whether a path is a file with the extension of a data format.
fn is_data(path: &Path) -> bool {
    path.is_file() && !is_model(path) && Format::of_path(path).is_some()
}

/// Whether a path is a run folder or a model file.
fn is_model(path: &Path) -> bool {
    Run::open(path).is_ok() || path.extension().is_some_and(|extension| extension == "safetensors")
}

/// The model for transforming rows, with the setting for unknown categories.
fn load_for(args: &TransformArgs, shared: &Shared) -> diabolo::Result<Predictor> {
    args.check_folder()?;
    let predictor =
        load(&args.model, Some(&args.input), shared)?.input(&args.input).missing(&args.read.missing)?;
    let predictor = in_range(predictor, args.beyond_range);
    Ok(match &args.unknown {
        Some(unknown) => predictor.unknown_category(unknown.parse()?),
        None => predictor,
    })
}

/// The predictor with `--beyond-range`, if that is given.
fn in_range(predictor: Predictor, beyond: bool) -> Predictor {
    if beyond { predictor.beyond_range(true) } else { predictor }
}

/// Prints a note about columns that no training row has.
fn note_unobserved(predictor: &Predictor, shared: &Shared) {
    for name in predictor.saved().header.preprocessor.unobserved() {
        shared.note(format!("note: column '{name}' is missing in every training row: it stays empty"));
    }
}

/// The output of rows, with the key of the model's schema.
fn writer(
    predictor: &Predictor,
    out: &str,
    format: Option<diabolo::data::Format>,
) -> diabolo::Result<Writer> {
    let writer = Writer::create(out, format)?;
    Ok(match &predictor.saved().header.preprocessor.schema.key {
        Some(key) => writer.key(key),
        None => writer,
    })
}

/// Completes the file; prints a note about columns that it cannot hold.
fn finish(writer: Writer, shared: &Shared) -> diabolo::Result<()> {
    writer.note().iter().for_each(|note| shared.note(format!("note: {note}")));
    writer.finish()
}

/// Held-out rows; prints a note which, unless the user named them.
fn evaluation_rows(
    predictor: &Predictor,
    input: Option<&str>,
    all_rows: bool,
    read: &ReadArgs,
    shared: &Shared,
) -> diabolo::Result<EvaluationRows> {
    let data = read.over(&predictor.saved().header.config)?.data;
    let rows = EvaluationRows::new(predictor, input, all_rows, &data, shared.on_note())?;
    rows.note.iter().for_each(|note| shared.note(note));
    Ok(rows)
}

/// The name of a page to write, if one is given.
fn html_name<'a>(flag: &str, path: Option<&'a Path>) -> diabolo::Result<Option<&'a str>> {
    let name = path.and_then(Path::to_str);
    match name.filter(|name| !name.ends_with(".html") && !name.ends_with(".htm")) {
        Some(other) => Err(Error::invalid_value(flag, "a name that ends in .html", other)),
        None => Ok(name),
    }
}

/// Whether a figure is to be written, not a page.
fn is_drawing(out: &Path) -> diabolo::Result<bool> {
    match out.extension().and_then(|extension| extension.to_str()) {
        Some("svg") => Ok(true),
        Some("html" | "htm") => Ok(false),
        _ => Err(Error::invalid_value("--out", "a name that ends in .html or .svg", out.display())),
    }
}

/// Where the report of a run goes.
fn report_path(args: &ReportArgs, run: Option<&Run>) -> diabolo::Result<PathBuf> {
    let given = args.out.clone().or_else(|| Some(run?.report_path()));
    given.ok_or_else(|| Error::invalid_value("--out", "a file to write the report to", "none"))
}

/// Prints a note about cells that are treated as missing because of an unknown category.
fn note_unknown(unknown: &UnknownCells, shared: &Shared) {
    if let Some(note) = unknown.note() {
        shared.note(format!("note: {note}"));
    }
}
