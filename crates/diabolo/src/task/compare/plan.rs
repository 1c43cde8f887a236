//! The plan of a comparison of families.

use serde_json::{Value, json};

use super::{Candidate, Study};
use crate::Result;
use crate::config::Config;
use crate::data::read::fingerprint;
use crate::data::{DataConfig, Prepared};
use crate::model::{Architecture, FamilyConfig, ModelConfig, Sequence};
use crate::{Error, VERSION};

/// The plan of a comparison of families.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Any input of [`prepare`](crate::data::prepare) that can be read repeatedly, so not `-`.
    pub input: String,
    /// One configuration per model, with its family in `model.family`; all have the same `data`.
    pub models: Vec<Config>,
    /// Whether the decoders of deterministic models share the encoder's weights; by default where
    /// the network has a transpose.
    pub tied: Option<bool>,
    /// The seeds; each determines a split, its noise, and the first initial weights.
    pub seeds: Vec<u64>,
    /// How often each model is trained on a split, each time from other initial weights.
    pub initializations: usize,
    /// As [`Study::seconds`].
    pub seconds: Option<f64>,
}

impl Study for Plan {
    fn input(&self) -> &str {
        &self.input
    }

    fn data(&self) -> &DataConfig {
        &self.models[0].data
    }

    fn seeds(&self) -> &[u64] {
        &self.seeds
    }

    fn initializations(&self) -> usize {
        self.initializations
    }

    fn seconds(&self) -> Option<f64> {
        self.seconds
    }

    fn models(&self) -> usize {
        self.models.len()
    }

    fn validate(&self) -> Result<()> {
        let names: Vec<&str> = self.models.iter().map(|c| c.model.family.name()).collect();
        if names.len() < 2 {
            return Err(Error::invalid_value("models", "at least two families", names.join(", ")));
        }
        if let Some(name) = names.iter().enumerate().find(|(i, n)| names[..*i].contains(n)) {
            return Err(Error::invalid_value("models", "each family once", format!("{} twice", name.1)));
        }
        Ok(())
    }

    fn candidates(&self, prepared: &Prepared, seed: u64) -> Result<Vec<Candidate>> {
        let resolved = |asked: &Config| {
            let mut config = asked.clone();
            config.training.seed = seed;
            config.model.network.get_or_insert_default();
            self.match_sizes(&mut config.model, prepared)?;
            if config.model.family.is_layered() {
                let over_windows = Sequence::of(&prepared.preprocessor.blocks()).is_some();
                let tied = self.tied.unwrap_or(config.model.has_transpose(over_windows));
                config.set(&format!("model.family.tied={tied}"))?;
            } else {
                config.training.pretrain_epochs = 0;
            }
            let name = config.model.family.name().to_string();
            Candidate::new(name, config, prepared)
        };
        self.models.iter().map(resolved).collect()
    }

    fn asked(&self) -> Result<Value> {
        Ok(json!({
            "input": self.input, "fingerprint": fingerprint(&self.input)?, "version": VERSION,
            "seeds": self.seeds, "initializations": self.initializations, "seconds": self.seconds,
            "tied": self.tied, "models": self.models,
        }))
    }
}

impl Plan {
    /// Open sizes become those of a contractive model for these rows: all codes have its width, and
    /// the families of autoencoders that can be stacked also its layers.
    fn match_sizes(&self, model: &mut ModelConfig, prepared: &Prepared) -> Result<()> {
        let shared = contractive_sizes(model, prepared)?;
        if let FamilyConfig::VectorQuantized(config) = &model.family {
            let width = shared.latent_dim.next_multiple_of(config.groups.max(1));
            model.latent_dim.get_or_insert(width);
        } else if model.family.decodes_codes() {
            model.latent_dim.get_or_insert(shared.latent_dim);
        }
        if model.family.is_layered() {
            model.hidden = Some(shared.hidden);
            model.activation = Some(shared.activation);
        }
        if matches!(model.family, FamilyConfig::Plain { .. }) {
            model.latent_activation = Some(shared.latent_activation);
        }
        Ok(())
    }
}

/// The architecture of a contractive model with these settings. Sizes do not depend on likelihoods,
/// some of which a tied decoder cannot have.
fn contractive_sizes(model: &ModelConfig, prepared: &Prepared) -> Result<Architecture> {
    let mut reference = model.clone();
    reference.family = FamilyConfig::named("contractive")?;
    reference.likelihood.clear();
    reference.variance = None;
    let blocks = prepared.preprocessor.blocks();
    reference.untie_without_transpose(Sequence::of(&blocks).is_some());
    reference.resolve(&blocks, prepared.train.is_black_and_white())
}
