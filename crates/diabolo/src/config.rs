//! The configuration schema of the command line and the library; TOML on disk.
//!
//! ```
//! let mut config = diabolo::Config::default();
//! config.set("model.latent_dim=8")?;
//! config.set("model.family.kl_weight=4")?;
//! let same = diabolo::Config::from_toml("<memory>", &config.to_toml())?;
//! assert_eq!(same, config);
//! # Ok::<(), diabolo::Error>(())
//! ```

mod keywords;
mod preset;
mod refused;
pub mod values;

pub use preset::Preset;

use std::ops::Range;

use serde::{Deserialize, Serialize};

use self::refused::refused;
use crate::data::{DataConfig, Encoded, Prepared};
use crate::distribution::Family;
use crate::model::{Architecture, FamilyConfig, ForecastConfig, ModelConfig, SynthesizeConfig};
use crate::stats::elementary::{
    double::{exp_m1, log10, powf},
    square,
};
use crate::train::{TrainingConfig, no_stack};
use crate::{Error, Result};

/// The configuration of a run.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Reading, splitting and scaling of the data.
    pub data: DataConfig,
    /// The model.
    pub model: ModelConfig,
    /// Training.
    pub training: TrainingConfig,
    /// Forecasts, instead of an autoencoder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forecast: Option<ForecastConfig>,
    /// Synthetic tables, instead of an autoencoder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub synthesize: Option<SynthesizeConfig>,
}

impl Config {
    /// Reads TOML; `name` is the file's name in messages.
    pub fn from_toml(name: &str, text: &str) -> Result<Self> {
        toml::from_str(text).map_err(|cause| {
            let line = cause.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
            let known = "the keys that `diabolo fit --print-config` shows";
            refused(format!("{name}, line {line}"), known, cause.message())
        })
    }

    /// The configuration as TOML.
    ///
    /// # Panics
    /// If the seed needs more than 63 bits; [`Config::resolve`] returns an error for it.
    pub fn to_toml(&self) -> String {
        toml::to_string_pretty(self).expect("plain tables, strings and numbers are always TOML")
    }

    /// Unties a family that is tied by default where its network has no transpose.
    pub fn untie_without_transpose(&mut self) {
        self.model.untie_without_transpose(self.data.window.is_some());
    }

    /// Sets open values from these rows, validates everything, and returns the architecture.
    pub fn resolve(&mut self, prepared: &Prepared) -> Result<Architecture> {
        let blocks = prepared.preprocessor.blocks();
        if prepared.preprocessor.condition_width() > 0 || self.training.pretrain_epochs > 0 {
            // Not every network of images has a condition, or can be pretrained.
            self.model.network.get_or_insert_default();
        }
        let architecture = self.model.resolve(&blocks, prepared.train.is_black_and_white())?;
        let architecture = architecture.conditioned_on(prepared.preprocessor.condition_width())?;
        // Image files at use are read in the channels of the fit.
        let image = prepared.preprocessor.schema.image_shape();
        self.data.images.channels = image.map(|(_, _, channels)| channels);
        let usual_rate = match architecture.stem {
            Some(_) => self.model.family.usual_learning_rate(),
            None => within_reach(self.model.family.usual_learning_rate(), &prepared.train),
        };
        self.training.resolve(prepared.train.rows, usual_rate)?;
        if let FamilyConfig::Variational(family) = &self.model.family {
            family.ends_within(self.training.epochs.unwrap_or_default())?;
        }
        if self.training.pretrain_epochs > 0 && !architecture.is_stack() {
            return Err(no_stack(self.training.pretrain_epochs));
        }
        Ok(architecture)
    }

    /// Warnings about likelihoods that do not suit these rows, one sentence each. The configuration
    /// must be [resolved](Self::resolve).
    pub fn mismatches(&self, prepared: &Prepared, architecture: &Architecture) -> Vec<String> {
        if !architecture.family.is_variational() {
            return vec![];
        }
        let mut found = vec![];
        let rows = &prepared.train;
        for block in &architecture.likelihood {
            let grey = block.width > 1 && !rows.is_black_and_white();
            let pixels = prepared.preprocessor.schema.image_shape().is_some();
            if block.family == Family::Bernoulli && pixels && grey {
                found.push(
                    "the pixels are greyscale, but a Bernoulli likelihood is for binary pixels, and the ELBO ignores detail: \
                     use --likelihood gaussian, continuous_bernoulli or discretized_logistic, or --binarize dynamic"
                        .into(),
                );
            }
            if block.family == Family::Poisson {
                found.extend(overdispersed(rows, block.start..block.start + block.width));
            }
        }
        found
    }

    /// Sets the model family.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for an unknown name, [`Error::Conflict`] for a fit without an
    /// autoencoder.
    pub fn choose_family(&mut self, name: &str) -> Result<()> {
        let other = match (&self.forecast, &self.synthesize) {
            (Some(_), _) => Some((Preset::Forecast, "a forecast is no autoencoder")),
            (None, Some(_)) => Some((Preset::Synthesize, "a synthetic table has a model of its own")),
            (None, None) => None,
        };
        if let Some((preset, reason)) = other {
            let [preset, model] = [format!("--preset {}", preset.name()), format!("--model {name}")];
            return Err(Error::conflict(preset, model, reason));
        }
        self.model.family = FamilyConfig::named(name)?;
        Ok(())
    }

    /// Applies one assignment `a.b=c`. The value is parsed as TOML, or else taken as text.
    pub fn set(&mut self, assignment: &str) -> Result<()> {
        let (path, value) = assignment
            .split_once('=')
            .ok_or_else(|| Error::invalid_value("--set", "key.path=value", assignment))?;
        let value = toml::from_str::<toml::Table>(&format!("v = {value}"))
            .ok()
            .and_then(|mut table| table.remove("v"))
            .unwrap_or_else(|| toml::Value::String(value.into()));
        self.set_value(path, value)
    }

    /// Sets the key `path`, such as `training.seed`.
    fn set_value(&mut self, path: &str, value: toml::Value) -> Result<()> {
        // Only a seed of more than 63 bits is not valid TOML.
        let mut root = toml::Value::try_from(&*self)
            .map_err(|cause| Error::config("seed", format!("a whole number up to {}", i64::MAX), cause))?;
        let mut slot = &mut root;
        for key in path.trim().split('.') {
            let table = slot
                .as_table_mut()
                .ok_or_else(|| Error::config(path, "a key of a table", "a key of a value"))?;
            slot = table.entry(key).or_insert_with(|| toml::Value::Table(Default::default()));
        }
        *slot = value;
        let known = "a known key and a valid value";
        *self = root.try_into().map_err(|cause: toml::de::Error| refused(path, known, cause.message()))?;
        Ok(())
    }
}

/// The learning rate, or less for rows of many large numbers, such as the pixels of photographs, in
/// a fully connected layer.
///
/// A step of Adam moves every weight by about the learning rate, at the start in the direction that
/// the batch agrees on, and thus the input of a unit by up to rate · ‖x‖₁. With 3072 pixels around
/// ½ and a rate of 0.003 that is 4: the first steps throw the network far off, and Adam remembers
/// the huge gradients for a thousand steps.
fn within_reach(rate: f64, rows: &Encoded) -> f64 {
    const REACH: f64 = 0.7;
    let size = rows.absolute_sum() / rows.rows.max(1) as f64;
    if rate * size <= REACH {
        return rate;
    }
    // Two digits are all that such an estimate has.
    let digit = powf(10.0, log10(REACH / size).floor() - 1.0);
    (REACH / size / digit).round() * digit
}

/// A warning if most of the counts, encoded as log(1 + count), are overdispersed: their variance is
/// far above their mean, which is the variance of a Poisson distribution.
fn overdispersed(rows: &Encoded, columns: Range<usize>) -> Option<String> {
    const FAR: f64 = 3.0;
    let mut ratios: Vec<f64> = columns
        .filter_map(|column| {
            let seen = |row: &usize| rows.has(*row, &(column..column + 1));
            let observed: Vec<usize> = (0..rows.rows).filter(seen).collect();
            let values = rows.values.column(column);
            let count = |row: &usize| exp_m1(f64::from(values[*row]));
            let counts = || observed.iter().map(count);
            let n = observed.len().max(1) as f64;
            let mean = counts().sum::<f64>() / n;
            let variance = counts().map(|c| square(c - mean)).sum::<f64>() / n;
            (mean > 0.0).then_some(variance / mean)
        })
        .collect();
    ratios.sort_by(f64::total_cmp);
    let middle = *ratios.get(ratios.len() / 2)?;
    (middle > FAR).then(|| {
        format!(
            "counts are overdispersed: their variance is {middle:.1} times their mean (median over columns), more than a Poisson \
             likelihood allows; use --likelihood count=negative_binomial"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ContractiveConfig, SparseConfig};
    use crate::objective::Sparsity;

    #[test]
    fn a_family_is_set_by_its_parts_or_whole() {
        let mut config = Config::default();
        config.set("model.family={kind=\"contractive\", contraction_weight=0.5}").unwrap();
        config.set("model.activation=tanh").unwrap();
        let expected = ContractiveConfig { contraction_weight: 0.5, ..Default::default() };
        assert_eq!(config.model.family, FamilyConfig::Contractive(expected));
        let text = config.to_toml();
        assert_eq!(Config::from_toml("t", &text).unwrap(), config, "{text}");
    }

    #[test]
    fn nested_family_settings_round_trip() {
        let mut config = Config::default();
        config.set("model.family={kind=\"sparse\", sparsity={kind=\"kl\", weight=0.5}}").unwrap();
        config.set("model.family.sparsity.target=0.1").unwrap();
        let sparsity = Sparsity::Kl { weight: 0.5, target: 0.1 };
        assert_eq!(config.model.family, FamilyConfig::Sparse(SparseConfig { tied: true, sparsity }));
        assert_eq!(Config::from_toml("t", &config.to_toml()).unwrap(), config);
        config.set("model.family.sparsity={kind=\"top_k\", k=3}").unwrap();
        assert_eq!(Config::from_toml("t", &config.to_toml()).unwrap(), config);
        assert!(config.set("model.family.sparsity.weight=1").is_err(), "top_k has no weight");
    }

    #[test]
    fn unknown_keys_and_values_are_refused() {
        let mut config = Config::default();
        for bad in
            ["model.latent=3", "training.epochs=-1", "nonsense", "model.activation=cube", "model.hidden.x=1"]
        {
            let error = config.set(bad).unwrap_err();
            assert_eq!(error.class(), crate::ErrorClass::Usage, "{error}");
        }
        assert_eq!(config, Config::default());
    }
}
