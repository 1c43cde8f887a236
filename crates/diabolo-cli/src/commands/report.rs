//! `diabolo report RUN [INPUT]`

use diabolo::artifact::{ModelKind, Run, write_atomically};
use diabolo::pipeline::EvaluateOptions;
use diabolo::report::{ReportRows, assemble};
use serde_json::json;

use super::{evaluation_rows, forecast, is_drawing, load, note_unknown, report_path};
use crate::args::{ReportArgs, Shared};
use crate::output;

pub fn run(args: &ReportArgs, shared: &Shared) -> anyhow::Result<()> {
    if ModelKind::Forecast.is_at(&args.model) {
        return forecast::report(args, shared);
    }
    let predictor = load(&args.model, args.input.as_deref(), shared)?.missing(&args.read.missing)?;
    let mut run = Run::open(&args.model).ok();
    if args.out.is_none() {
        run = run.map(Run::locked).transpose()?;
    }
    let out = report_path(args, run.as_ref())?;
    let drawing = is_drawing(&out)?;
    let history = match &run {
        Some(run) if run.history_path().is_file() => run.read_history()?,
        _ => vec![],
    };
    let held_out = evaluation_rows(&predictor, args.input.as_deref(), false, &args.read, shared)?;
    let rows = held_out.collect()?;
    let predictor = predictor.input(&held_out.input);
    let found = predictor.evaluate(&rows, &EvaluateOptions::default())?;
    note_unknown(&found.unknown, shared);
    let metrics = found.metrics;
    let data = predictor.data_profile(&args.read.over(&predictor.saved().header.config)?.data)?;
    let rows = ReportRows { held_out: &rows, numbers: &held_out.numbers(&rows), data: data.as_ref() };
    let report = assemble(predictor.saved(), &history, &rows, &metrics, predictor.device())?;
    let text = if drawing { report.card_svg() } else { report.to_html() };
    write_atomically(&out, text.as_bytes())?;
    shared.note(format!("wrote {}", out.display()));
    match shared.json {
        true => output::print_json(&json!({ "report": out, "input": held_out.input, "metrics": metrics })),
        false => Ok(()),
    }
}
