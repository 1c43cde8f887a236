//! `model.safetensors` of forecasts.
//!
//! ```text
//! forecast.matrix.K       W × H              the weights of matrix K, the shared one first
//! forecast.precision      W × W              S, if series have matrices of their own
//! forecast.interval.NAME  columns × H × Q    quantiles of a method's errors in validation
//! forecast.interval.use   columns × H × Q    of the model, on validation and test windows
//! forecast.errors         paths × columns × H
//! forecast.errors.use     paths × columns × H   in all held-out parts
//! encoder.K.…, decoder.K.…                   the latent part, if there is one
//! ```

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::container::{self, Part, broken, parsed};
use super::kind::ModelKind;
use super::model_file::{FORMAT_VERSION, SourceRecord, floats};
use super::weights::{self, HostTensor};
use super::write_atomically;
use crate::config::Config;
use crate::data::SeriesSchema;
use crate::evaluate::forecast::{Intervals, Method, PROBABILITIES};
use crate::model::forecast::{
    Adaptation, Effect, ForecastModel, LatentForecast, LinearForecast, RidgeChoice, Scale,
};
use crate::random::{Purpose, stream};
use crate::tensor::Device;
use crate::{Error, Result};

/// Everything in the file of a forecast that is not a tensor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForecastHeader {
    /// [`FORMAT_VERSION`] of the writer.
    pub format_version: u64,
    /// The version of diabolo that wrote it.
    pub diabolo_version: String,
    /// The resolved configuration.
    pub config: Config,
    /// The data it was fitted on; the split is in steps.
    pub source: SourceRecord,
    /// What was fitted.
    pub forecast: ForecastRecord,
}

/// What was fitted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForecastRecord {
    /// The columns of the series.
    pub schema: SeriesSchema,
    /// H, the steps that it predicts.
    pub horizon: usize,
    /// The season in steps, if there is one.
    pub season: Option<usize>,
    /// How each matrix was chosen.
    pub choices: Vec<RidgeChoice>,
    /// The matrix of each column.
    pub of_column: Vec<usize>,
    /// The windows of a series that the shared matrix counts as, if series have their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strength: Option<f64>,
    /// The effect of the calendar and of known columns on each column.
    #[serde(default)]
    pub effects: Vec<Effect>,
    /// Whether there is a latent part.
    pub latent: bool,
    /// Whether the intervals in use are relative to the window.
    pub local_in_use: bool,
    /// The methods with intervals, and whether these are relative to the window.
    pub local: BTreeMap<Method, bool>,
    /// Which columns were never below 0 in training.
    pub non_negative: Vec<bool>,
    /// The scale of each column; empty in files of before there were others than the linear one.
    #[serde(default)]
    pub scales: Vec<Scale>,
    /// The series of the fit.
    pub series: Vec<SeriesRecord>,
}

/// A series of the fit: no values, but their scales.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeriesRecord {
    /// Its name, if there are several.
    pub name: Option<String>,
    /// The deviation of each column in training, on its scale; 0 for a constant.
    pub deviation: Vec<f64>,
    /// The same in the units of the column; empty in files of before there were scales.
    #[serde(default)]
    pub unit: Vec<f64>,
    /// The scale of MASE of each column, if two values are a season apart.
    pub naive_error: Vec<Option<f64>>,
}

/// A fitted forecast with everything needed to use it.
#[derive(Debug, Clone)]
pub struct SavedForecast {
    /// Everything except tensors.
    pub header: ForecastHeader,
    /// The model.
    pub model: ForecastModel,
    /// The intervals of each method by its errors on validation windows, with which test windows
    /// are scored.
    pub intervals: BTreeMap<Method, Intervals>,
    /// The intervals of the model for later data, by its errors on all held-out windows.
    pub in_use: Intervals,
    /// Errors of the model on validation windows, in the unit of its intervals: paths × columns ×
    /// H.
    pub errors: Vec<f32>,
    /// Errors on all held-out windows, in the unit of the intervals in use.
    pub errors_in_use: Vec<f32>,
}

impl SavedForecast {
    /// Writes the file atomically.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be written.
    pub fn save(&self, path: &Path) -> Result<()> {
        write_atomically(path, &self.to_bytes()?)
    }

    /// The file's bytes.
    ///
    /// # Errors
    /// [`Error::Internal`] if it cannot be serialized.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let ForecastRecord { horizon, of_column, .. } = &self.header.forecast;
        let (horizon, columns) = (*horizon, of_column.len());
        let mut parts = BTreeMap::new();
        let mut add = |name: String, shape: Vec<usize>, values: &[f32]| {
            parts.insert(name, Part::Floats(HostTensor { shape, values: values.to_vec() }));
        };
        for (k, matrix) in self.model.matrices.iter().enumerate() {
            add(format!("forecast.matrix.{k}"), vec![matrix.window, horizon], &matrix.weights);
        }
        if let Some(adaptation) = &self.model.adaptation {
            let window = self.model.choices[0].window;
            add("forecast.precision".into(), vec![window, window], &adaptation.precision);
        }
        for (method, intervals) in &self.intervals {
            let shape = vec![columns, horizon, PROBABILITIES.len()];
            add(format!("forecast.interval.{}", method.name()), shape, &intervals.quantiles);
        }
        let shape = vec![columns, horizon, PROBABILITIES.len()];
        add("forecast.interval.use".into(), shape, &self.in_use.quantiles);
        for (name, errors) in
            [("forecast.errors", &self.errors), ("forecast.errors.use", &self.errors_in_use)]
        {
            let paths = errors.len() / (columns * horizon).max(1);
            add(name.into(), vec![paths, columns, horizon], errors);
        }
        for (name, tensor) in self.model.latent.iter().flat_map(weights::export) {
            parts.insert(name, Part::Floats(tensor));
        }
        let json = serde_json::to_value(&self.header).map_err(|cause| Error::internal(cause.to_string()))?;
        container::to_bytes(parts, json)
    }

    /// Reads and checks a file.
    ///
    /// # Errors
    /// [`Error::Artifact`] if it is damaged or no forecast, [`Error::Io`] if it cannot be read.
    pub fn load(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
        Self::from_bytes(path, &bytes)
    }

    /// [`load`](Self::load) from bytes in memory; `path` is their name in messages.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn from_bytes(path: &Path, bytes: &[u8]) -> Result<Self> {
        let broken = |problem: &str| broken(path, problem);
        let (parts, json) = container::from_bytes(path, bytes, FORMAT_VERSION)?;
        ModelKind::Forecast.check(path, &json)?;
        let header: ForecastHeader = parsed(path, json)?;
        let tensors = floats(parts).ok_or_else(|| broken("it contains unknown tensors"))?;
        match header.forecast.is_consistent() {
            true => Self::assembled(path, header, tensors),
            false => Err(broken("its header is inconsistent")),
        }
    }

    /// A consistent header with its tensors.
    fn assembled(
        path: &Path,
        header: ForecastHeader,
        mut tensors: BTreeMap<String, HostTensor>,
    ) -> Result<Self> {
        let record = &header.forecast;
        let (horizon, columns) = (record.horizon, record.schema.columns.len());
        let mut take = |name: &str, shape: &[usize]| -> Result<Vec<f32>> {
            // The first dimension of paths of errors is free.
            let fits = |found: &[usize]| match shape {
                [0, rest @ ..] => found.get(1..) == Some(rest),
                all => found == all,
            };
            let tensor = tensors.remove(name).filter(|tensor| fits(&tensor.shape));
            let tensor = tensor.filter(|tensor| tensor.values.iter().all(|value| value.is_finite()));
            let wrong =
                || broken(path, format!("tensor {name} is missing, or has another shape or no numbers"));
            Ok(tensor.ok_or_else(wrong)?.values)
        };
        let mut matrices = vec![];
        for (k, RidgeChoice { window, .. }) in record.choices.iter().enumerate() {
            let weights = take(&format!("forecast.matrix.{k}"), &[*window, horizon])?;
            matrices.push(LinearForecast { window: *window, horizon, weights });
        }
        let adaptation = match record.strength {
            None => None,
            Some(strength) => {
                let window = record.choices[0].window;
                Some(Adaptation { strength, precision: take("forecast.precision", &[window, window])? })
            }
        };
        let shape = [columns, horizon, PROBABILITIES.len()];
        let mut intervals = BTreeMap::new();
        for (&method, &local) in &record.local {
            let quantiles = take(&format!("forecast.interval.{}", method.name()), &shape)?;
            intervals.insert(method, Intervals { local, quantiles });
        }
        let in_use =
            Intervals { local: record.local_in_use, quantiles: take("forecast.interval.use", &shape)? };
        let errors = take("forecast.errors", &[0, columns, horizon])?;
        let errors_in_use = take("forecast.errors.use", &[0, columns, horizon])?;
        let latent = match record.latent {
            false => None,
            true => {
                let (noise, device) = (&mut stream(0, Purpose::LoadForecast, 0, 0), Device::cpu());
                let empty = LatentForecast::new(record.choices[0].window, horizon, noise, &device);
                Some(weights::import(empty, tensors, &device).map_err(|problem| broken(path, &problem))?)
            }
        };
        let model = ForecastModel {
            horizon,
            season: record.season,
            matrices,
            choices: record.choices.clone(),
            of_column: record.of_column.clone(),
            adaptation,
            latent,
            effects: record.effects(),
        };
        Ok(SavedForecast { model, intervals, in_use, errors, errors_in_use, header })
    }
}

impl SeriesRecord {
    /// The deviation of each column in its own units.
    pub fn unit(&self) -> &[f64] {
        if self.unit.is_empty() { &self.deviation } else { &self.unit }
    }
}

impl ForecastRecord {
    /// The scale of a column.
    pub fn scale(&self, column: usize) -> Scale {
        self.scales.get(column).copied().unwrap_or_default()
    }

    /// The scale of each column.
    pub fn scales(&self) -> Vec<Scale> {
        let mut scales = self.scales.clone();
        scales.resize(self.schema.columns.len(), Scale::Linear);
        scales
    }

    /// The effect on each column; a file of before there were any has none.
    fn effects(&self) -> Vec<Effect> {
        let mut effects = self.effects.clone();
        effects.resize(self.schema.columns.len(), Effect::default());
        effects
    }

    /// Whether its parts fit together.
    fn is_consistent(&self) -> bool {
        let columns = self.schema.columns.len();
        self.of_column.len() == columns
            && self.non_negative.len() == columns
            && self.of_column.iter().all(|matrix| *matrix < self.choices.len())
            && self.choices.iter().all(|choice| choice.window > 0)
            && self.series.iter().all(|one| [one.deviation.len(), one.naive_error.len()] == [columns; 2])
            && self.series.iter().all(|one| [0, columns].contains(&one.unit.len()))
            && [0, columns].contains(&self.scales.len())
            && self.scales.iter().all(|scale| scale.is_valid())
            && Method::ALL.iter().all(|method| self.local.contains_key(method))
            && self
                .strength
                .is_none_or(|strength| strength.is_finite() && strength > 0.0 && self.choices.len() == 1)
            && self.season != Some(0)
            && [0, columns].contains(&self.effects.len())
            && self.effects.iter().all(|effect| effect.fits(&self.schema))
            && self.horizon > 0
            && columns > 0
    }
}
