//! Settings that suit a purpose, to start from.

use std::str::FromStr;

use super::Config;
use crate::data::{CountScaling, NumericScaling};
use crate::model::{Bound, FamilyConfig, MultiscaleConfig, VariationalConfig};
use crate::nn::Activation;
use crate::objective::Corruption;
use crate::{Error, Result};

/// What a model is fitted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// To score rows: anomalies. The rows of the fit count as rows without fault.
    Detect,
    /// The same where the rows of the fit hold anomalies themselves.
    DetectContaminated,
    /// To fill in missing cells.
    Impute,
    /// To remove noise.
    Denoise,
    /// For codes as features.
    Features,
    /// For new rows.
    Generate,
}

use Preset::{Denoise, Detect, DetectContaminated, Features, Generate, Impute};

impl Preset {
    /// All of them.
    pub const ALL: [Preset; 6] = [Detect, DetectContaminated, Impute, Denoise, Features, Generate];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Detect => "detect",
            DetectContaminated => "detect-contaminated",
            Impute => "impute",
            Denoise => "denoise",
            Features => "features",
            Generate => "generate",
        }
    }

    /// What it sets, in a sentence.
    pub fn sentence(self) -> &'static str {
        match self {
            Detect => {
                "a multi-scale denoising autoencoder, 2,000 steps at rate 0.006 without early stopping; whole numbers are divided by 1 at least"
            }
            DetectContaminated => {
                "a multi-scale denoising autoencoder, 1,000 steps at rate 0.003 without early stopping; the fifth of each batch that fits worst \
                 does not count; rows are scored at large noise alone; whole numbers are divided by 1 at least"
            }
            Impute => {
                "a variational autoencoder (128, 128, 10 units, tanh) under the importance-weighted bound with 20 draws (MIWAE), in batches of 64, without early \
                 stopping"
            }
            Denoise => {
                "a denoising autoencoder (512, 128 units, SiLU) under Gaussian noise of 0.3 encoded units, without early stopping, since held-out                  rows are judged clean"
            }
            Features => "a contractive autoencoder: a wide code that small changes of the input hardly move",
            Generate => "a variational autoencoder under the evidence lower bound",
        }
    }

    /// Sets what suits it.
    pub fn apply(self, config: &mut Config) {
        config.model.family = match self {
            Detect => FamilyConfig::Multiscale(MultiscaleConfig::default()),
            DetectContaminated => {
                let score_sigmas = vec![0.8, 1.6, 3.2];
                FamilyConfig::Multiscale(MultiscaleConfig { score_sigmas, ..MultiscaleConfig::default() })
            }
            Impute => FamilyConfig::Variational(VariationalConfig {
                bound: Bound::Importance { samples: 20, doubly_reparameterized: false },
                ..VariationalConfig::default()
            }),
            Denoise => {
                FamilyConfig::Denoising { tied: false, corruption: Corruption::Gaussian { deviation: 0.3 } }
            }
            Features => FamilyConfig::Contractive(Default::default()),
            Generate => FamilyConfig::Variational(Default::default()),
        };
        let model = &mut config.model;
        if self == Impute {
            model.hidden = Some(vec![128, 128]);
            model.latent_dim = Some(10);
            model.activation = Some(Activation::Tanh);
            config.training.batch_size = Some(64);
            // The bound of few draws leaps at times while it falls: that is no reason to stop.
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
            training.trim = if contaminated { 0.2 } else { 0.0 };
            training.patience = 0;
        }
    }
}

impl FromStr for Preset {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let names = || Preset::ALL.map(Preset::name).join(", ");
        let known = Preset::ALL.into_iter().find(|preset| preset.name() == text);
        known.ok_or_else(|| Error::invalid_value("--for", names(), format!("'{text}'")))
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
