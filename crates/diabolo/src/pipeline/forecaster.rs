//! A fitted forecast: the next values of series, and the errors on others.

use std::ops::Range;
use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;

use super::forecast_split::TimeSplit;
use super::source_data::SourceData;
use crate::artifact::{Run, RunSource, SavedForecast, folder_of};
use crate::data::read::{OnNote, fingerprint};
use crate::data::{DataConfig, ReadOptions, Series, SeriesSet, open};
use crate::evaluate::forecast::{ForecastScores, Intervals, Method, evaluate, paths_of_errors};
use crate::model::forecast::{Filled, KnownSteps, Parts, SplitSeries, Unseen, naive_error};
use crate::task::{ForecastOptions, Forecasts, SeriesForecast, Start, forecast, forecast_from};
use crate::{Error, Result};

/// A fitted forecast: `Clone + Send + Sync`.
///
/// ```
/// use diabolo::{Config, FitJob, Preset};
///
/// let mut config = Config::default();
/// Preset::Forecast.apply(&mut config);
/// let waves: Vec<f64> = (0..300).map(|t| f64::from(t % 12) + 0.1 * f64::from(t % 5)).collect();
/// let fitted = FitJob::matrix(&waves, &["flow"])?.config(config).forecast()?;
/// let rows = diabolo::pipeline::matrix(&waves[..200], &["flow"])?;
/// let made = fitted.forecaster.forecast(&rows, &Default::default())?;
/// assert_eq!(made.table.num_rows(), 12);
/// # Ok::<(), diabolo::Error>(())
/// ```
#[derive(Clone)]
pub struct Forecaster {
    saved: std::sync::Arc<SavedForecast>,
    folder: Option<PathBuf>,
    input: String,
}

/// A forecast on test windows.
#[derive(Debug, Clone)]
pub struct TestedForecast {
    /// The input of the windows.
    pub input: String,
    /// The errors.
    pub scores: ForecastScores,
    /// The last windows of each series, of many series the first ones.
    pub windows: Vec<SeriesForecast>,
}

/// Windows of a column, and of all columns and series, at most.
const WINDOWS: usize = 3;
const ALL_WINDOWS: usize = 24;
/// So many windows are enough, unless there are more columns.
const ENOUGH: usize = 6;

/// The last windows of the steps that `test` names, of the first series.
pub(super) fn last_windows(
    saved: &SavedForecast,
    input: &str,
    set: &SeriesSet,
    test: impl Fn(&Series) -> Option<Range<usize>>,
) -> Vec<SeriesForecast> {
    let record = &saved.header.forecast;
    let (columns, horizon) = (record.schema.columns.len(), record.horizon);
    let of_each = (ENOUGH / (columns * set.series.len()).max(1)).clamp(1, WINDOWS);
    let of_series = |series: &Series| -> Vec<SeriesForecast> {
        let Some(test) = test(series) else { return vec![] };
        let first = (1..=of_each).filter_map(|back| test.end.checked_sub(back * horizon));
        let within = first.filter(|first| test.contains(first));
        within.filter_map(|first| forecast_from(saved, input, series, first).ok()).collect()
    };
    let shown = set.series.iter().take(ALL_WINDOWS.div_ceil(columns.max(1)));
    shown.flat_map(of_series).collect()
}

impl Forecaster {
    pub(super) fn new(saved: SavedForecast, input: &str) -> Self {
        Forecaster { saved: saved.into(), folder: None, input: input.into() }
    }

    /// A run folder or a model file.
    ///
    /// # Errors
    /// [`Error::Artifact`] if it is damaged, or was not fitted for forecasts.
    pub fn open(path: &Path) -> Result<Self> {
        let file = Run::model_file(path)?;
        let saved = SavedForecast::load(&file)?;
        let folder = Some(folder_of(&file).to_path_buf());
        Ok(Forecaster { saved: saved.into(), folder, input: "rows".into() })
    }

    /// From the bytes of a model file.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let saved = SavedForecast::from_bytes(Path::new("model"), bytes)?;
        Ok(Forecaster { saved: saved.into(), folder: None, input: "rows".into() })
    }

    /// The name of the rows in messages; "rows" by default.
    pub fn input(mut self, name: &str) -> Self {
        self.input = name.into();
        self
    }

    /// The contents of the model file.
    pub fn saved(&self) -> &SavedForecast {
        &self.saved
    }

    /// Options as users write them: a level given twice counts once, and `from` is a row of each
    /// series, from 1, or a time. A number that the key reads as a time, such as a year, is one.
    pub fn options(&self, given: ForecastOptions, from: Option<&str>) -> ForecastOptions {
        let mut levels = vec![];
        for level in given.levels {
            if !levels.contains(&level) {
                levels.push(level);
            }
        }
        let key = self.saved.header.forecast.schema.key.as_ref();
        let is_time = |text: &str| key.is_some_and(|key| key.parse("--from", text).is_ok());
        let start = |text: &str| match text.parse() {
            Ok(row) if !is_time(text) => Start::Row(row),
            _ => Start::Time(text.into()),
        };
        ForecastOptions { levels, from: from.map(start).or(given.from), ..given }
    }

    /// The next values of the series of these rows.
    ///
    /// # Errors
    /// As [`task::forecast`](forecast).
    pub fn forecast(&self, rows: &RecordBatch, options: &ForecastOptions) -> Result<Forecasts> {
        forecast(&self.saved, &self.input, rows, options)
    }

    /// The errors on the test windows of the data of the fit, or on all windows of other rows.
    ///
    /// # Errors
    /// [`Error::Data`] if the data is not found or has changed, or there is no window.
    pub fn evaluate(
        &self,
        input: Option<&str>,
        data: &DataConfig,
        on_note: OnNote,
    ) -> Result<ForecastScores> {
        Ok(self.tested(input, data, on_note)?.scores)
    }

    /// The errors on test windows, as [`evaluate`](Self::evaluate), with the last of the windows.
    ///
    /// # Errors
    /// As [`evaluate`](Self::evaluate).
    pub fn tested(&self, input: Option<&str>, data: &DataConfig, on_note: OnNote) -> Result<TestedForecast> {
        let header = &self.saved.header;
        let record = &header.forecast;
        let (place, fitted) = match input {
            Some(place) => {
                let same =
                    header.source.fingerprint.is_some() && fingerprint(place)? == header.source.fingerprint;
                (place.to_string(), same)
            }
            None => {
                let run = self.folder.as_deref().and_then(|folder| Run::open(folder).ok());
                let path = run.and_then(|run| run.read_config().ok()).and_then(|(source, _)| source.path);
                let (input, found) = (header.source.input.clone(), header.source.fingerprint.clone());
                let found =
                    SourceData::find(&RunSource { input, path, fingerprint: found }, self.folder.as_deref())?;
                (found.input, found.unchanged)
            }
        };
        if !fitted && input.is_none() {
            let help = "put it back, or name the rows to use";
            return Err(Error::data(place, "the data that the model was fitted on", "other contents", help));
        }
        let options = ReadOptions { windows: None, on_note, ..data.read_options() };
        let rows = open(&place, &options)?.collect()?;
        let set = record.schema.read(&place, &rows)?;
        let parts = TimeSplit::of(&record.schema, data, header.config.forecast.as_ref())?;
        let windows = last_windows(&self.saved, &place, &set, |one| match fitted {
            true => Some(parts.parts(one, record.horizon)?.test),
            false => Some(self.all_test(one).parts.test),
        });
        let mut series: Vec<SplitSeries> = match fitted {
            true => set
                .series
                .iter()
                .filter_map(|one| parts.split(&record.schema, one, record.horizon, record.season))
                .collect(),
            false => set.series.iter().map(|one| self.all_test(one)).collect(),
        };
        if fitted {
            series.iter_mut().for_each(|one| one.set_scales(&record.scales()));
        }
        self.prepare(&mut series);
        let validation = header.source.split[1];
        let mut intervals = self.saved.intervals.clone();
        if !fitted {
            // Those that a forecast of such rows has; of the fit, they have seen the test windows.
            intervals.insert(Method::Model, self.saved.in_use.clone());
        }
        let scores = evaluate(&self.saved.model, &intervals, &series, &record.schema, validation);
        let scores = scores.ok_or_else(|| {
            let expected = format!("test windows of {} steps", record.horizon);
            Error::data(&place, expected, "none", "give a longer series, or fit with --test above 0")
        })?;
        Ok(TestedForecast { input: place, scores, windows })
    }

    /// The same forecast with the intervals and paths of its errors on rows that are later than
    /// those of the fit; and the number of steps whose errors count.
    ///
    /// # Errors
    /// [`Error::Data`] if the rows lack a column or hold no window with the horizon after it.
    pub fn calibrate(&self, rows: &RecordBatch) -> Result<(Forecaster, usize)> {
        let SavedForecast { header, model, .. } = &*self.saved;
        let set = header.forecast.schema.read(&self.input, rows)?;
        let mut series: Vec<SplitSeries> = set.series.iter().map(|one| self.all_test(one)).collect();
        self.prepare(&mut series);
        let held_out = [(model, Unseen::HeldOut)];
        let in_use = Intervals::fit(Method::Model, &held_out, &series).ok_or_else(|| {
            let expected = format!("a series of {} steps or more", model.window() + model.horizon);
            Error::data(&self.input, expected, "none", "give a longer series")
        })?;
        let per_path = model.of_column.len() * model.horizon;
        let paths = self.saved.errors_in_use.len() / per_path.max(1);
        let errors_in_use = paths_of_errors(&held_out, &series, in_use.local, paths);
        let mut saved = SavedForecast { in_use, errors_in_use, ..(*self.saved).clone() };
        saved.header.forecast.local_in_use = saved.in_use.local;
        let steps = series.iter().map(|one| one.parts.test.len()).sum();
        Ok((Forecaster { saved: saved.into(), ..self.clone() }, steps))
    }

    /// What the model needs to know of series before it forecasts them.
    fn prepare(&self, series: &mut [SplitSeries]) {
        series.iter_mut().for_each(|one| one.set_effects(&self.saved.model.effects));
        self.saved.model.adapt(series);
    }

    /// A series of which every window is for testing.
    fn all_test(&self, one: &Series) -> SplitSeries {
        let record = &self.saved.header.forecast;
        let known = record.series.iter().find(|known| known.name == one.name).or(record.series.first());
        let first = self.saved.model.window().min(one.len());
        let season = record.season.unwrap_or(1);
        let scales = record.scales();
        let on_scales = scales.iter().zip(&one.values).map(|(scale, values)| scale.column(values));
        let scaled: Vec<Vec<f64>> = on_scales.collect();
        SplitSeries {
            columns: scaled.iter().map(|column| Filled::of(column)).collect(),
            scales,
            scaled,
            deviation: known.map(|known| known.deviation.clone()).unwrap_or_default(),
            unit: known.map(|known| known.unit().to_vec()).unwrap_or_default(),
            naive_error: one.values.iter().map(|column| naive_error(column, season)).collect(),
            observed: one.values.clone(),
            name: one.name.clone(),
            times: one.times.clone(),
            known: KnownSteps::of(&record.schema, one),
            parts: Parts { train: 0..first, validation: first..first, test: first..one.len() },
        }
    }
}
