//! Settings that suit a purpose, to start from.

use std::str::FromStr;

use super::Config;
use crate::error::{Error, Result};
use crate::model::{Bound, FamilyConfig, VariationalConfig};
use crate::objective::Corruption;

/// What a model is fitted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// To score rows: anomalies.
    Detect,
    /// To fill in missing cells.
    Impute,
    /// To remove noise.
    Denoise,
    /// For codes as features.
    Features,
    /// For new rows.
    Generate,
}

use Preset::{Denoise, Detect, Features, Generate, Impute};

impl Preset {
    /// All of them.
    pub const ALL: [Preset; 5] = [Detect, Impute, Denoise, Features, Generate];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Detect => "detect",
            Impute => "impute",
            Denoise => "denoise",
            Features => "features",
            Generate => "generate",
        }
    }

    /// What it sets, in a sentence.
    pub fn sentence(self) -> &'static str {
        match self {
            Detect => "a denoising autoencoder under Gaussian noise of half a standard deviation",
            Impute => "a variational autoencoder under the importance-weighted bound with 20 draws (MIWAE)",
            Denoise => "a denoising autoencoder under Gaussian noise of 0.3 encoded units",
            Features => "a contractive autoencoder: a wide code that small changes of the input hardly move",
            Generate => "a variational autoencoder under the evidence lower bound",
        }
    }

    /// Sets what suits it.
    pub fn apply(self, config: &mut Config) {
        let denoising = |deviation| FamilyConfig::Denoising {
            tied: false,
            corruption: Corruption::Gaussian { deviation },
        };
        config.model.family = match self {
            Detect => denoising(0.5),
            Impute => FamilyConfig::Variational(VariationalConfig {
                bound: Bound::Importance { samples: 20, doubly_reparameterized: false },
                ..VariationalConfig::default()
            }),
            Denoise => denoising(0.3),
            Features => FamilyConfig::Contractive(Default::default()),
            Generate => FamilyConfig::Variational(Default::default()),
        };
    }
}

impl FromStr for Preset {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let names = || Preset::ALL.map(Preset::name).join(", ");
        let known = Preset::ALL.into_iter().find(|preset| preset.name() == text);
        known.ok_or_else(|| Error::config("--for", names(), format!("'{text}'")))
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
