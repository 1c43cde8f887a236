//! What the lab trains: the settings of each model, and the grids of two settings.

use diabolo::{Config, Result};

/// The rows of every model of the lab.
pub(crate) const INPUT: &str = "digits";

/// A model of the lab: its name and its settings, the flags of `diabolo fit digits`.
pub(crate) struct Recipe {
    pub key: &'static str,
    pub flags: &'static str,
    pub settings: &'static [&'static str],
}

const fn recipe(key: &'static str, flags: &'static str, settings: &'static [&'static str]) -> Recipe {
    Recipe { key, flags, settings }
}

/// A contractive model of a grid.
macro_rules! contractive {
    ($width:literal, $weight:literal) => {
        recipe(
            concat!("contractive-", $width, "-", $weight),
            concat!("--model contractive --latent-dim ", $width, " --contraction-weight ", $weight),
            &[
                "model.family={kind='contractive'}",
                concat!("model.family.contraction_weight=", $weight),
                concat!("model.latent_dim=", $width),
            ],
        )
    };
}

/// A variational model of a grid.
macro_rules! variational {
    ($width:literal, $weight:literal) => {
        recipe(
            concat!("variational-", $width, "-", $weight),
            concat!("--latent-dim ", $width, " --kl-weight ", $weight),
            &[concat!("model.latent_dim=", $width), concat!("model.family.kl_weight=", $weight)],
        )
    };
}

/// The code of two dimensions comes first: its page is the first that is opened.
pub(crate) static RECIPES: [Recipe; 33] = [
    recipe("vae2", "--latent-dim 2", &["model.latent_dim=2"]),
    recipe("contractive-0.1", "--model contractive", &["model.family={kind='contractive'}"]),
    recipe("vae", "", &[]),
    recipe(
        "contractive-0",
        "--model contractive --contraction-weight 0",
        &["model.family={kind='contractive',contraction_weight=0.0}"],
    ),
    recipe(
        "contractive-0.01",
        "--model contractive --contraction-weight 0.01",
        &["model.family={kind='contractive',contraction_weight=0.01}"],
    ),
    recipe(
        "contractive-1",
        "--model contractive --contraction-weight 1",
        &["model.family={kind='contractive',contraction_weight=1.0}"],
    ),
    recipe(
        "contractive-10",
        "--model contractive --contraction-weight 10",
        &["model.family={kind='contractive',contraction_weight=10.0}"],
    ),
    recipe("beta-0.1", "--kl-weight 0.1", &["model.family.kl_weight=0.1"]),
    recipe("beta-4", "--kl-weight 4", &["model.family.kl_weight=4.0"]),
    recipe("beta-20", "--kl-weight 20", &["model.family.kl_weight=20.0"]),
    recipe(
        "denoising",
        "--model denoising --tied --corruption gaussian:0.2",
        &["model.family={kind='denoising',tied=true,corruption={kind='gaussian',deviation=0.2}}"],
    ),
    recipe("width-1", "--model plain --latent-dim 1", &["model.family={kind='plain'}", "model.latent_dim=1"]),
    recipe("width-2", "--model plain --latent-dim 2", &["model.family={kind='plain'}", "model.latent_dim=2"]),
    recipe("width-4", "--model plain --latent-dim 4", &["model.family={kind='plain'}", "model.latent_dim=4"]),
    recipe("width-8", "--model plain --latent-dim 8", &["model.family={kind='plain'}", "model.latent_dim=8"]),
    recipe(
        "width-16",
        "--model plain --latent-dim 16",
        &["model.family={kind='plain'}", "model.latent_dim=16"],
    ),
    recipe(
        "width-32",
        "--model plain --latent-dim 32",
        &["model.family={kind='plain'}", "model.latent_dim=32"],
    ),
    recipe(
        "conditional",
        "--condition label --latent-dim 6",
        &["data.condition=['label']", "model.latent_dim=6"],
    ),
    contractive!("8", "0"),
    contractive!("8", "0.1"),
    contractive!("8", "1"),
    contractive!("8", "10"),
    contractive!("32", "0"),
    contractive!("32", "0.1"),
    contractive!("32", "1"),
    contractive!("32", "10"),
    variational!("2", "0.1"),
    variational!("2", "4"),
    variational!("2", "20"),
    variational!("32", "0.1"),
    variational!("32", "1"),
    variational!("32", "4"),
    variational!("32", "20"),
];

/// Two settings crossed: the width of the code, and the weight of the family's penalty.
pub(crate) struct Grid {
    pub family: &'static str,
    pub widths: [&'static str; 3],
    pub weights: [&'static str; 4],
    /// The models: a row for each width, a column for each weight.
    pub keys: [[&'static str; 4]; 3],
}

/// The usual widths, 128 and 10, have their models from the figures of one setting.
pub(crate) static GRIDS: [Grid; 2] = [
    Grid {
        family: "contractive",
        widths: ["8", "32", "128"],
        weights: ["0", "0.1", "1", "10"],
        keys: [
            ["contractive-8-0", "contractive-8-0.1", "contractive-8-1", "contractive-8-10"],
            ["contractive-32-0", "contractive-32-0.1", "contractive-32-1", "contractive-32-10"],
            ["contractive-0", "contractive-0.1", "contractive-1", "contractive-10"],
        ],
    },
    Grid {
        family: "variational",
        widths: ["2", "10", "32"],
        weights: ["0.1", "1", "4", "20"],
        keys: [
            ["variational-2-0.1", "vae2", "variational-2-4", "variational-2-20"],
            ["beta-0.1", "vae", "beta-4", "beta-20"],
            ["variational-32-0.1", "variational-32-1", "variational-32-4", "variational-32-20"],
        ],
    },
];

impl Recipe {
    /// The settings of the fit.
    ///
    /// # Errors
    /// None, as a test checks.
    pub fn config(&self) -> Result<Config> {
        let mut config = Config::default();
        self.settings.iter().try_for_each(|setting| config.set(setting))?;
        Ok(config)
    }

    /// The command that fits it.
    pub fn command(&self) -> String {
        format!("diabolo fit digits {}", self.flags).trim_end().to_string()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeSet;

    use diabolo::FitJob;
    use diabolo::model::FamilyConfig;

    use super::*;

    #[test]
    fn every_recipe_has_a_key_and_settings_of_its_own() {
        let settings = RECIPES.iter().map(|recipe| format!("{:?}", recipe.config().unwrap()));
        let keys = RECIPES.iter().map(|recipe| recipe.key);
        let counts = [settings.collect::<BTreeSet<_>>().len(), keys.collect::<BTreeSet<_>>().len()];
        assert_eq!(counts, [RECIPES.len(); 2]);
    }

    #[test]
    fn a_cell_of_a_grid_is_the_model_of_its_width_and_weight() {
        for grid in &GRIDS {
            for (width, keys) in grid.widths.iter().zip(&grid.keys) {
                for (weight, key) in grid.weights.iter().zip(keys) {
                    let recipe = RECIPES.iter().find(|recipe| recipe.key == *key).unwrap();
                    let prepared = FitJob::input(INPUT).config(recipe.config().unwrap()).prepare().unwrap();
                    let architecture = prepared.architecture();
                    assert_eq!(architecture.latent_dim.to_string(), *width, "{key}");
                    assert_eq!(architecture.family.name(), grid.family, "{key}");
                    let found = match &architecture.family {
                        FamilyConfig::Contractive(config) => config.contraction_weight,
                        FamilyConfig::Variational(config) => config.kl_weight,
                        other => panic!("{key}: {}", other.name()),
                    };
                    assert_eq!(found.to_string(), *weight, "{key}");
                }
            }
        }
    }
}
