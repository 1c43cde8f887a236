//! Presets: initial settings for a task.

use std::str::FromStr;

use super::Config;
use crate::data::{CountScaling, NumericScaling};
use crate::model::{
    Bound, FamilyConfig, ForecastConfig, MultiscaleConfig, SynthesizeConfig, VariationalConfig,
};
use crate::nn::Activation;
use crate::objective::Corruption;
use crate::{Error, Result};

/// Initial settings for a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// Anomaly detection; the training rows are assumed to be normal.
    Detect,
    /// Anomaly detection with training rows that contain anomalies.
    DetectContaminated,
    /// Imputation of missing cells.
    Impute,
    /// Denoising.
    Denoise,
    /// Codes as features.
    Features,
    /// Generation of new rows.
    Generate,
    /// Lossless compression.
    Compress,
    /// Forecasts of series.
    Forecast,
    /// Synthetic tables.
    Synthesize,
}

use Preset::{
    Compress, Denoise, Detect, DetectContaminated, Features, Forecast, Generate, Impute, Synthesize,
};

impl Preset {
    /// All presets.
    pub const ALL: [Preset; 9] =
        [Detect, DetectContaminated, Impute, Denoise, Features, Generate, Compress, Forecast, Synthesize];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Detect => "detect",
            DetectContaminated => "detect-contaminated",
            Impute => "impute",
            Denoise => "denoise",
            Features => "features",
            Generate => "generate",
            Compress => "compress",
            Forecast => "forecast",
            Synthesize => "synthesize",
        }
    }

    /// A description of its settings.
    pub fn sentence(self) -> &'static str {
        match self {
            Detect => {
                "a multi-scale denoising autoencoder, 2,000 steps at learning rate 0.006 without early stopping; whole numbers are \
                 divided by at least 1"
            }
            DetectContaminated => {
                "a multi-scale denoising autoencoder, 1,000 steps at learning rate 0.003 without early stopping, of the three \
                 quarters of the training rows that are nearest to a robust centre; whole numbers are divided by at least 1"
            }
            Impute => {
                "a variational autoencoder (hidden layers 128, 128, latent dimension 10, tanh) with the importance-weighted bound of \
                 20 draws (MIWAE), batch size 64, without early stopping"
            }
            Denoise => {
                "a denoising autoencoder (hidden layer 512, latent dimension 128, SiLU) with Gaussian noise of 0.3 encoded units, \
                 without early stopping, since validation rows have no noise"
            }
            Features => {
                "a contractive autoencoder: a wide code with low sensitivity to small changes of the input"
            }
            Generate => {
                "a variational autoencoder with the evidence lower bound (ELBO); for tables, --preset synthesize is better"
            }
            Compress => {
                "a variational autoencoder with the evidence lower bound (ELBO) and a standard normal prior, as compress needs it"
            }
            Forecast => {
                "a ridge regression from the last values of a series to the next ones, with prediction intervals; window and \
                 penalty are chosen on the part of each series before the last (--validation), and the last (--test) is for testing"
            }
            Synthesize => {
                "a masked decoder, which draws the columns of a row one after the other, with levels, point masses and mixtures of \
                 logistics as the columns have them; all columns, labels included, are generated"
            }
        }
    }

    /// The error for a setting that only this preset has, in a fit without it.
    pub fn needed_for(self, setting: &str) -> Error {
        let name = self.name();
        let of = if self == Synthesize { "synthetic tables" } else { "forecasts" };
        let reason = format!("it is a setting of {of}: add --preset {name}");
        Error::conflict(setting, format!("a fit without --preset {name}"), reason)
    }

    /// Applies the settings.
    pub fn apply(self, config: &mut Config) {
        if self == Forecast {
            config.forecast = Some(ForecastConfig::default());
            (config.data.validation, config.data.test) = (0.2, 0.2);
            return;
        }
        if self == Synthesize {
            config.synthesize = Some(SynthesizeConfig::default());
            return;
        }
        config.model.family = match self {
            Detect | DetectContaminated => {
                FamilyConfig::Multiscale(MultiscaleConfig { leave_out: true, ..Default::default() })
            }
            Impute => FamilyConfig::Variational(VariationalConfig {
                bound: Bound::Importance { samples: 20, doubly_reparameterized: false },
                ..VariationalConfig::default()
            }),
            Denoise => {
                FamilyConfig::Denoising { tied: false, corruption: Corruption::Gaussian { deviation: 0.3 } }
            }
            Features => FamilyConfig::Contractive(Default::default()),
            Generate | Compress | Forecast | Synthesize => FamilyConfig::Variational(Default::default()),
        };
        let model = &mut config.model;
        if self == Impute {
            model.hidden = Some(vec![128, 128]);
            model.latent_dim = Some(10);
            model.activation = Some(Activation::Tanh);
            config.training.batch_size = Some(64);
            // The bound of few draws is noisy, which is no reason to stop.
            config.training.patience = 0;
        }
        if self == Denoise {
            model.hidden = Some(vec![512]);
            model.latent_dim = Some(128);
            model.activation = Some(Activation::Silu);
            model.latent_activation = Some(Activation::Identity);
            config.training.patience = 0;
        }
        if matches!(self, Detect | DetectContaminated) {
            config.data.numeric = NumericScaling::StandardizeSteps;
            config.data.counts = CountScaling::AsNumeric;
            let contaminated = self == DetectContaminated;
            let training = &mut config.training;
            training.batch_size = Some(128);
            training.learning_rate = Some(if contaminated { 0.003 } else { 0.006 });
            training.steps = Some(if contaminated { 1000 } else { 2000 });
            training.central = if contaminated { 0.75 } else { 1.0 };
            training.patience = 0;
        }
    }
}

impl FromStr for Preset {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let names = || Preset::ALL.map(Preset::name).join(", ");
        let known = Preset::ALL.into_iter().find(|preset| preset.name() == text);
        known.ok_or_else(|| Error::invalid_value("--preset", names(), format!("'{text}'")))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_preset_is_found_by_name_and_is_a_configuration() {
        for preset in Preset::ALL {
            assert_eq!(preset.name().parse::<Preset>().unwrap(), preset);
            let mut config = Config::default();
            preset.apply(&mut config);
            assert_eq!(Config::from_toml("t", &config.to_toml()).unwrap(), config);
        }
        assert!("detection".parse::<Preset>().is_err());
    }
}
