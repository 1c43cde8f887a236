//! `diabolo calibrate RUN INPUT`

use std::path::Path;

use diabolo::Forecaster;
use diabolo::artifact::{ModelKind, Run};
use diabolo::data::{ReadOptions, open};
use diabolo::task::Rule;
use serde_json::json;

use super::{load, note_unknown};
use crate::args::{CalibrateArgs, Shared};
use crate::output;

pub fn run(args: &CalibrateArgs, shared: &Shared) -> anyhow::Result<()> {
    let path = Run::model_file(&args.model)?;
    // Held until the file is written.
    let _run = Run::of_model(&path).map(Run::locked).transpose()?;
    if ModelKind::Forecast.is_at(&path) {
        return calibrate_forecast(&path, args, shared);
    }
    let predictor =
        load(&path, Some(&args.input), shared)?.input(&args.input).missing(&args.read.missing)?.first_row(0);
    let header = &predictor.saved().header;
    let config = args.read.over(&header.config)?;
    let rows = open(&args.input, &shared.read_options(&config.data))?.collect()?;
    let is_fitted_on = header.source.is(&args.input)?;
    note_unknown(&predictor.unknown_cells(&rows)?, shared);
    let predictor = predictor.calibrate(&rows)?;
    predictor.save(&path)?;
    let detector = predictor.saved().detector.as_ref();
    let kept = detector.map_or(0, |detector| detector.scores.len());
    shared.note(format!("wrote the scores of {kept} rows to {}", path.display()));
    if is_fitted_on {
        shared.note(
            "note: the model was fitted on most of these rows, so p-values of new rows will be too small",
        );
    }
    if let Some(warning) = detector.and_then(|detector| Rule::default().warning(detector, kept)) {
        shared.note(format!("note: {warning}"));
    }
    if shared.json {
        output::print_json(&json!({ "model": path, "held_out_rows": kept }))?;
    }
    Ok(())
}

/// Intervals by the errors on later rows of the series.
fn calibrate_forecast(path: &Path, args: &CalibrateArgs, shared: &Shared) -> anyhow::Result<()> {
    let forecaster = Forecaster::open(path)?.input(&args.input);
    let header = &forecaster.saved().header;
    let data = args.read.over(&header.config)?.data;
    let read = ReadOptions { windows: None, ..shared.read_options(&data) };
    let rows = open(&args.input, &read)?.collect()?;
    let (calibrated, steps) = forecaster.calibrate(&rows)?;
    calibrated.saved().save(path)?;
    shared.note(format!("wrote intervals by the errors of {steps} steps to {}", path.display()));
    if header.source.is(&args.input)? {
        shared.note("note: the model was fitted on most of these steps, so intervals will be too narrow");
    }
    match shared.json {
        true => output::print_json(&json!({ "model": path, "steps": steps })),
        false => Ok(()),
    }
}
