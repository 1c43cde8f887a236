//! `diabolo forecast RUN INPUT`, and forecasts in `fit`, `evaluate` and `inspect`.

use std::path::Path;

use diabolo::artifact::{Run, write_atomically};
use diabolo::data::{Writer, open};
use diabolo::report::{fit_page, forecast_page, tested_page};
use diabolo::task::FutureRows;
use diabolo::{Config, Error, FitJob, Forecaster};
use serde_json::json;

use super::finish;
use crate::args::{EvaluateArgs, FitArgs, ForecastArgs, ReportArgs, Shared};
use crate::{forecast_text, output};

/// Errors of series and columns that are printed, at most.
const LINES: usize = 20;

pub fn run(args: &ForecastArgs, shared: &Shared) -> anyhow::Result<()> {
    output::one_on_stdout("--out", &args.out, shared)?;
    super::html_name("--report", args.report.as_deref())?;
    let forecaster = Forecaster::open(&args.model)?.input(&args.input);
    let record = &forecaster.saved().header.forecast;
    let mut options = forecaster.options(args.options(), args.from.as_deref());
    let data = args.read.over(&forecaster.saved().header.config)?.data;
    let read = diabolo::data::ReadOptions { windows: None, ..shared.read_options(&data) };
    let rows = open(&args.input, &read)?.collect()?;
    if let Some(input) = &args.future {
        options.future = Some(FutureRows { input: input.clone(), rows: open(input, &read)?.collect()? });
    }
    let made = forecaster.forecast(&rows, &options)?;
    made.notes.iter().for_each(|note| shared.note(format!("note: {note}")));
    let mut writer = Writer::create(&args.out, args.format)?;
    writer.write(&made.table)?;
    finish(writer, shared)?;
    if let Some(path) = &args.report {
        write_atomically(
            path,
            forecast_page(&forecaster, &args.input, &made, &options).to_html().as_bytes(),
        )?;
    }
    let columns: Vec<String> = record.schema.columns.iter().map(|column| column.name.clone()).collect();
    let (rows, errors) = (made.table.num_rows(), forecast_text::compared(&made, &columns, &options.levels));
    if shared.json {
        let errors: Vec<_> = errors.iter().map(|error| error.json()).collect();
        return output::print_json(&json!({ "rows": rows, "file": args.out, "errors": errors }));
    }
    errors.iter().take(LINES).for_each(|error| shared.note(error.to_string()));
    output::wrote(rows as u64, "rows", &args.out, shared)
}

/// Fits a forecast; the job has everything but the run folder.
pub fn fit(job: FitJob, config: &Config, args: &FitArgs, shared: &Shared) -> anyhow::Result<()> {
    let input = args.input.clone().unwrap_or_default();
    let fitted = job.config(config.clone()).forecast()?;
    let run = args.new_run(&input, "forecast")?;
    fitted.save_run(&run)?;
    write_atomically(&run.report_path(), fit_page(&fitted).to_html().as_bytes())?;
    shared.note(format!("wrote {}", run.folder().display()));
    let scores = fitted.scores.as_ref();
    match (shared.json, scores) {
        (true, _) => output::print_json(&json!({ "run": run.folder(), "forecast": scores })),
        (false, Some(scores)) => output::print(&forecast_text::scores(scores)),
        (false, None) => Ok(()),
    }
}

pub fn evaluate(args: &EvaluateArgs, shared: &Shared) -> anyhow::Result<()> {
    let given =
        [("--all-rows", args.all_rows), ("--diagnose", args.diagnose), ("--samples", args.samples.is_some())];
    if let Some((flag, _)) = given.into_iter().find(|(_, given)| *given) {
        let reason = "a forecast is evaluated on test windows; name other rows to use those";
        return Err(Error::conflict(flag, "a run of forecasts", reason).into());
    }
    let forecaster = Forecaster::open(&args.model)?;
    let data = args.read.over(&forecaster.saved().header.config)?.data;
    let scores = forecaster.evaluate(args.input.as_deref(), &data, shared.on_note())?;
    scores.diagnosis.warning().iter().for_each(|text| shared.note(format!("note: {text}")));
    match shared.json {
        true => output::print_json(&json!({ "forecast": scores })),
        false => output::print(&forecast_text::scores(&scores)),
    }
}

/// Writes the page of a fit again, or that of other rows.
pub fn report(args: &ReportArgs, shared: &Shared) -> anyhow::Result<()> {
    super::html_name("--out", args.out.as_deref())?;
    let forecaster = Forecaster::open(&args.model)?;
    let run = Run::open(&args.model).ok();
    let out = super::report_path(args, run.as_ref())?;
    let data = args.read.over(&forecaster.saved().header.config)?.data;
    let _lock = run.filter(|_| args.out.is_none()).map(Run::locked).transpose()?;
    let tested = forecaster.tested(args.input.as_deref(), &data, shared.on_note())?;
    write_atomically(&out, tested_page(&forecaster, &tested).to_html().as_bytes())?;
    shared.note(format!("wrote {}", out.display()));
    match shared.json {
        true => {
            output::print_json(&json!({ "report": out, "input": tested.input, "forecast": tested.scores }))
        }
        false => Ok(()),
    }
}

pub fn inspect(path: &Path, shared: &Shared) -> anyhow::Result<()> {
    let forecaster = Forecaster::open(path)?;
    let header = &forecaster.saved().header;
    match shared.json {
        true => output::print_json(&json!({ "header": header })),
        false => output::print(&forecast_text::header(header)),
    }
}
