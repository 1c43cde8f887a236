//! The fit of forecasts.

use std::collections::BTreeMap;

use arrow_array::RecordBatch;

use super::Forecaster;
use super::events::{Event, Phase, check};
use super::fit_job::{FitJob, Source};
use super::forecast_latent::{Steps, add_latent};
use super::forecast_plan::{Plan, regressors};
use super::forecast_split::check_shares;
use super::forecaster::last_windows;
use crate::artifact::{
    FORMAT_VERSION, ForecastHeader, ForecastRecord, Run, RunSource, SavedForecast, SeriesRecord,
    SourceRecord, write_atomically,
};
use crate::data::read::{OnNote, fingerprint, is_stream, spool_stream};
use crate::data::{ReadOptions, SeriesSchema, SeriesSet, open, read_from};
use crate::evaluate::forecast::{ForecastScores, Intervals, Method, evaluate, paths_of_errors};
use crate::model::ForecastConfig;
use crate::model::forecast::{ForecastModel, Parts, SplitSeries, Unseen};
use crate::task::SeriesForecast;
use crate::{Error, Result, VERSION};

/// Numbers of the stored paths of errors, at most.
const PATH_NUMBERS: usize = 500_000;

/// A fitted forecast with its errors on test windows.
pub struct FittedForecast {
    /// The forecast.
    pub forecaster: Forecaster,
    /// The errors on test windows; `None` without test steps.
    pub scores: Option<ForecastScores>,
    /// The last test windows of each series, of many series the first ones.
    pub windows: Vec<SeriesForecast>,
    /// What was chosen, and the warnings, one sentence each.
    pub notes: Vec<String>,
    /// The warnings alone: what was found that may be wrong.
    pub warnings: Vec<String>,
    source: RunSource,
}

/// What a fit says, one sentence each.
struct Said {
    choices: Vec<String>,
    warnings: Vec<String>,
}

/// What held-out errors say.
struct Calibrated {
    intervals: BTreeMap<Method, Intervals>,
    in_use: Intervals,
    errors: Vec<f32>,
    errors_in_use: Vec<f32>,
}

impl Calibrated {
    /// By the errors on validation windows, and for later data on all held-out ones; where those of
    /// the validation part are few, also by a cross-fit of the training part. `None` without any.
    fn of(model: &ForecastModel, plan: &Plan, split: &[SplitSeries], said: &mut Said) -> Option<Self> {
        let crossed = if plan.has_few_windows(split) { model.cross_fits(split) } else { vec![] };
        said.warnings.extend(plan.few_windows(split, !crossed.is_empty()));
        let windows_of = |unseen: Unseen| -> Vec<(&ForecastModel, Unseen)> {
            let crossed = crossed.iter().map(|(model, fold)| (model, *fold));
            crossed.chain([(model, unseen)]).collect()
        };
        let [validation, held_out] = [Unseen::Validation, Unseen::HeldOut].map(windows_of);
        let of_method = |method: Method| Some((method, Intervals::fit(method, &validation, split)?));
        let intervals: BTreeMap<Method, Intervals> =
            Method::ALL.into_iter().map(of_method).collect::<Option<_>>()?;
        let in_use = Intervals::fit(Method::Model, &held_out, split)?;
        let paths = PATH_NUMBERS / (plan.horizon * model.of_column.len()).max(1);
        let paths = paths.clamp(20, 200);
        let errors = paths_of_errors(&validation, split, intervals[&Method::Model].local, paths);
        let errors_in_use = paths_of_errors(&held_out, split, in_use.local, paths);
        Some(Calibrated { intervals, in_use, errors, errors_in_use })
    }
}

impl FitJob<'_> {
    /// Fits a forecast of series, by `forecast` of the configuration.
    ///
    /// # Errors
    /// If the rows cannot be read, are no series or too short, or the configuration is invalid.
    pub fn forecast(mut self) -> Result<FittedForecast> {
        (self.on_event)(Event::Phase(Phase::Prepare));
        let settings = self.config.forecast.clone().unwrap_or_default();
        settings.validate()?;
        check_shares(&self.config.data)?;
        if let Some(column) = self.config.data.condition.first() {
            let reason = "a forecast has no conditions: --drop leaves out columns";
            return Err(Error::conflict("--preset forecast", format!("--condition {column}"), reason));
        }
        let (rows, fingerprint, mut warnings) = self.read_rows()?;
        check(&self.cancel, Phase::Prepare)?;
        let name = self.name.clone();
        let (schema, more) = SeriesSchema::infer(&name, &rows, &self.config.data)?;
        warnings.extend(more);
        let set = schema.read(&name, &rows)?;
        warnings.extend(set.notes.clone());
        let plan = Plan::of(&name, &schema, &set, &self.config, &mut warnings)?;
        let mut split = plan.split(&schema, &set);
        let rows = rows.num_rows();
        let mut said = Said { choices: vec![], warnings };
        let saved =
            self.fit_series((schema, &set), &plan, &mut split, rows, fingerprint.clone(), &mut said)?;
        let Said { choices, mut warnings } = said;
        (self.on_event)(Event::Phase(Phase::Evaluate));
        let (schema, steps) = (&saved.header.forecast.schema, saved.header.source.split);
        let scores = evaluate(&saved.model, &saved.intervals, &split, schema, steps[1]);
        let windows = last_windows(&saved, &name, &set, |one| plan.test(one));
        warnings.extend(scores.as_ref().and_then(worse_than_naive));
        warnings.extend(scores.as_ref().and_then(|scores| scores.diagnosis.warning()));
        let source = RunSource::new(&name, self.place(), fingerprint);
        choices.iter().for_each(|text| (self.on_event)(Event::Note(text)));
        warnings.iter().for_each(|text| (self.on_event)(Event::Warning(text)));
        let notes = [choices, warnings.clone()].concat();
        let forecaster = Forecaster::new(saved, &name);
        Ok(FittedForecast { forecaster, scores, windows, notes, warnings, source })
    }

    /// Fits the matrices and the intervals.
    fn fit_series(
        &mut self,
        (schema, set): (SeriesSchema, &SeriesSet),
        plan: &Plan,
        split: &mut [SplitSeries],
        rows: usize,
        fingerprint: Option<String>,
        said: &mut Said,
    ) -> Result<SavedForecast> {
        let name = self.name.clone();
        (self.on_event)(Event::Phase(Phase::Train));
        let cancel = self.cancel.clone();
        let is_cancelled = || cancel.is_cancelled();
        let search = plan.search(&is_cancelled);
        let model = ForecastModel::fit_scaled(split, search);
        check(&self.cancel, Phase::Train)?;
        let model = model.ok_or_else(|| plan.nothing_to_learn(&name, &schema))?;
        let groups = regressors(&schema, split);
        let mut model = model.or_with_effects(split, &groups, search);
        let split = &*split;
        check(&self.cancel, Phase::Train)?;
        said.choices.push(plan.chosen(&schema, &model, &split[0].scales));
        said.choices.push(self.fit_latent(&mut model, split)?);
        check(&self.cancel, Phase::Train)?;
        (self.on_event)(Event::Phase(Phase::Calibrate));
        let calibrated = Calibrated::of(&model, plan, split, said);
        let Calibrated { intervals, in_use, errors, errors_in_use } =
            calibrated.ok_or_else(|| plan.nothing_to_learn(&name, &schema))?;
        check(&self.cancel, Phase::Calibrate)?;
        let steps = |part: fn(&Parts) -> usize| split.iter().map(|one| part(&one.parts)).sum();
        self.resolve(&schema, plan, &model);
        let source = SourceRecord {
            input: name,
            fingerprint,
            rows,
            split: [steps(|p| p.train.len()), steps(|p| p.validation.len()), steps(|p| p.test.len())],
            test_input: None,
        };
        let record = ForecastRecord {
            local_in_use: in_use.local,
            ..record(schema, plan, &model, &intervals, (set, split))
        };
        let header = ForecastHeader {
            format_version: FORMAT_VERSION,
            diabolo_version: VERSION.into(),
            config: self.config.clone(),
            source,
            forecast: record,
        };
        Ok(SavedForecast { header, model, intervals, in_use, errors, errors_in_use })
    }

    /// The configuration with what was found and chosen.
    fn resolve(&mut self, schema: &SeriesSchema, plan: &Plan, model: &ForecastModel) {
        self.config.data.key = schema.key.as_ref().map(|key| key.name.clone());
        self.config.data.window = Some(model.window());
        self.config.forecast = Some(ForecastConfig {
            horizon: Some(plan.horizon),
            season: Some(plan.season.unwrap_or(0)),
            test_from: self.config.forecast.take().and_then(|settings| settings.test_from),
        });
    }

    /// Adds the latent part, if it helps; says what came of it.
    fn fit_latent(&mut self, model: &mut ForecastModel, split: &[SplitSeries]) -> Result<String> {
        let config = &self.config.training;
        if config.epochs == Some(0) {
            return Ok("0 epochs: the forecast is linear".into());
        }
        let mut hooks = Steps { on_event: &mut self.on_event, cancel: &self.cancel };
        add_latent(model, split, config, &mut hooks)
    }

    /// All rows, the fingerprint of a file or stream, and the notes of the reader.
    pub(super) fn read_rows(&mut self) -> Result<(RecordBatch, Option<String>, Vec<String>)> {
        let (on_note, notes) = OnNote::kept();
        let options = ReadOptions { windows: None, on_note, ..self.config.data.read_options() };
        let cancel = self.cancel.clone();
        let check = || check(&cancel, Phase::Prepare);
        let name = self.name.clone();
        let (rows, found) = match &mut self.source {
            Source::Batch(rows) => (rows.clone(), None),
            Source::Reader(reader) => {
                let reader = std::mem::replace(reader, Box::new(std::io::empty()));
                (read_from(&name, reader, &options)?.collect_checked(&check)?, None)
            }
            Source::Input(place) if is_stream(place) => {
                let (file, found) = spool_stream(place, &check)?;
                (read_from(&name, file, &options)?.collect_checked(&check)?, Some(found))
            }
            Source::Input(place) => (open(place, &options)?.collect_checked(&check)?, fingerprint(place)?),
        };
        Ok((rows, found, notes()))
    }
}

/// A warning if a naive forecast has smaller errors on test windows.
fn worse_than_naive(scores: &ForecastScores) -> Option<String> {
    let model = scores.model.mase?;
    let naive = [("the last value", &scores.last_value), ("the last season", &scores.seasonal_naive)];
    let naive = naive.into_iter().filter_map(|(name, errors)| Some((name, errors.mase?)));
    let (name, least) = naive.min_by(|a, b| a.1.total_cmp(&b.1))?;
    (least < model).then(|| {
        format!("on test windows, repeating {name} has a smaller error than the model (MASE {least:.3} against {model:.3})")
    })
}

fn record(
    schema: SeriesSchema,
    plan: &Plan,
    model: &ForecastModel,
    intervals: &BTreeMap<Method, Intervals>,
    (set, split): (&SeriesSet, &[SplitSeries]),
) -> ForecastRecord {
    let usable = set.series.iter().zip(&plan.fits).filter(|(_, fits)| **fits).map(|(one, _)| one);
    let series = usable.zip(split).map(|(one, split)| SeriesRecord {
        name: one.name.clone(),
        deviation: split.deviation.clone(),
        unit: split.unit.clone(),
        naive_error: split
            .naive_error
            .iter()
            .map(|error| Some(*error).filter(|error| error.is_finite()))
            .collect(),
    });
    let non_negative = |column: usize| {
        let train = |one: &SplitSeries| {
            one.observed[column][one.parts.train.clone()].iter().all(|x| x.is_nan() || *x >= 0.0)
        };
        split.iter().all(train)
    };
    ForecastRecord {
        horizon: plan.horizon,
        season: plan.season,
        choices: model.choices.clone(),
        of_column: model.of_column.clone(),
        strength: model.adaptation.as_ref().map(|adaptation| adaptation.strength),
        effects: model.effects.clone(),
        latent: model.latent.is_some(),
        local_in_use: false,
        local: intervals.iter().map(|(method, intervals)| (*method, intervals.local)).collect(),
        non_negative: (0..schema.columns.len()).map(non_negative).collect(),
        scales: split[0].scales.clone(),
        series: series.collect(),
        schema,
    }
}

impl FittedForecast {
    /// Writes the fit as a run folder: configuration, model and metrics.
    ///
    /// # Errors
    /// [`Error::Io`](crate::Error::Io).
    pub fn save_run(&self, run: &Run) -> Result<()> {
        let saved = self.forecaster.saved();
        run.write_config(&self.source, &saved.header.config)?;
        saved.save(&run.model_path())?;
        let numbers = serde_json::json!({ "forecast": self.scores });
        write_atomically(&run.metrics_path(), format!("{numbers:#}\n").as_bytes())
    }
}
