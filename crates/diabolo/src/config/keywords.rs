//! Settings by the names of the command line's flags, with underscores: for callers that pass
//! keyword arguments.

use std::str::FromStr;

use serde::Serialize;
use serde_json::{Map, Value};

use super::{Config, Preset, values};
use crate::data::Augmentation;
use crate::distribution::Variance;
use crate::model::{Bound, FlowConfig, NetworkConfig, PriorConfig};
use crate::nn::Activation;
use crate::objective::{Corruption, Estimator, Sparsity};
use crate::tensor::Optimizer;
use crate::train::Schedule;
use crate::{Error, Result};

/// The tables of the configuration, and the keywords of each that are named like its keys.
const TABLES: [(&str, &[&str]); 6] = [
    (
        "data",
        &[
            "delimiter",
            "header",
            "encoding",
            "missing",
            "skip_bad_rows",
            "max_memory",
            "window",
            "key",
            "series",
            "step",
            "known",
            "label",
            "condition",
            "drop",
            "types",
            "numeric",
            "binarize",
            "augment",
            "counts",
            "beyond_range",
            "validation",
            "test",
        ],
    ),
    (
        "model",
        &["hidden", "network", "latent_dim", "activation", "latent_activation", "likelihood", "variance"],
    ),
    (
        "model.family",
        &[
            "tied",
            "corruption",
            "sparsity",
            "contraction_weight",
            "estimator",
            "curvature_weight",
            "curvature_deviation",
            "bound",
            "kl_weight",
            "kl_cycles",
            "prior",
            "flow",
            "codebook_size",
            "groups",
            "commitment_weight",
            "sigma_min",
            "sigma_max",
            "score_sigmas",
        ],
    ),
    (
        "training",
        &[
            "epochs",
            "steps",
            "pretrain_epochs",
            "batch_size",
            "learning_rate",
            "optimizer",
            "schedule",
            "gradient_clip",
            "central",
            "trim",
            "patience",
            "seed",
        ],
    ),
    ("forecast", &["horizon", "season", "test_from"]),
    ("synthesize", &["rare", "together", "require", "key_format"]),
];

/// Keywords that are named like a flag, and not like their key.
const RENAMED: [(&str, &str); 6] = [
    ("unknown", "data.unknown_category"),
    ("resize", "data.images.resize"),
    ("gray", "data.images.channels"),
    ("strict", "data.images.strict"),
    ("kl_warmup", "model.family.kl_warmup_epochs"),
    ("max_time", "training.max_seconds"),
];

/// Keywords that come before the others, and the kinds of their values.
const FIRST: [(&str, &str); 3] = [
    ("preset", "the name of a preset"),
    ("model", "the name of a model family"),
    ("set", "keys of the configuration with their values"),
];

impl Config {
    /// The keywords of [`of_keywords`](Self::of_keywords).
    pub fn keywords() -> impl Iterator<Item = &'static str> {
        let of_tables = TABLES.iter().flat_map(|(_, names)| names.iter().copied());
        FIRST.iter().chain(&RENAMED).map(|(name, _)| *name).chain(of_tables)
    }

    /// Checks that `preset` and `model` are texts, and `set` is a table.
    fn check_keywords(given: &Map<String, Value>) -> Result<()> {
        for (name, expected) in FIRST {
            let fits = |value: &Value| match name {
                "set" => value.is_object() || value.is_null(),
                _ => value.is_string() || value.is_null(),
            };
            if let Some(wrong) = given.get(name).filter(|value| !fits(value)) {
                return Err(Error::config(name, expected, wrong));
            }
        }
        Ok(())
    }

    /// A configuration from keywords; null means not given. `preset` and `model` (the family) come
    /// first, then `set` (keys such as `"training.seed"`), then the others.
    ///
    /// ```
    /// let given = serde_json::json!({ "model": "contractive", "hidden": [64], "tied": true });
    /// let config = diabolo::Config::of_keywords(given.as_object().unwrap())?;
    /// assert_eq!(config.model.hidden, Some(vec![64]));
    /// # Ok::<(), diabolo::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Config`] for an unknown keyword or an invalid value.
    pub fn of_keywords(given: &Map<String, Value>) -> Result<Self> {
        Self::check_keywords(given)?;
        let mut config = Config::default();
        let text = |name: &str| given.get(name).and_then(Value::as_str);
        if let Some(name) = text("preset") {
            name.parse::<Preset>()?.apply(&mut config);
        }
        if let Some(name) = text("model") {
            config.choose_family(name)?;
        }
        for (path, value) in given.get("set").and_then(Value::as_object).into_iter().flatten() {
            config.set_value(path, toml_value(path, value)?)?;
        }
        let is_first = |name: &str| FIRST.iter().any(|(first, _)| *first == name);
        // `gray` is a switch, as the flag is.
        let is_off = |name: &str, value: &Value| {
            name == "gray" && *value == Value::Bool(false) || name == "network" && *value == "auto"
        };
        for (name, value) in
            given.iter().filter(|(name, value)| !is_first(name) && !value.is_null() && !is_off(name, value))
        {
            let path = path_of(name).ok_or_else(|| {
                Error::config(name, "a setting, named like a flag of `diabolo fit`", "an unknown name")
            })?;
            config.check_task(name, &path)?;
            config.set_value(&path, parsed(name, value)?)?;
        }
        if !given.contains_key("tied") {
            config.untie_without_transpose();
        }
        Ok(config)
    }

    /// An error for a setting of a task in a fit for another.
    fn check_task(&self, name: &str, path: &str) -> Result<()> {
        let of = |preset: Preset| path.split('.').next() == Some(preset.name());
        if self.forecast.is_none() && (of(Preset::Forecast) || ["series", "step", "known"].contains(&name)) {
            return Err(Preset::Forecast.needed_for(name));
        }
        if self.synthesize.is_none() && of(Preset::Synthesize) {
            return Err(Preset::Synthesize.needed_for(name));
        }
        Ok(())
    }
}

/// The key of a keyword.
fn path_of(name: &str) -> Option<String> {
    let renamed = RENAMED.iter().find(|(keyword, _)| *keyword == name).map(|(_, path)| path.to_string());
    let table = TABLES.iter().find(|(_, keywords)| keywords.contains(&name));
    renamed.or_else(|| table.map(|(table, _)| format!("{table}.{name}")))
}

/// The value of a keyword, in which text means what it means on the command line.
fn parsed(name: &str, value: &Value) -> Result<toml::Value> {
    let Some(text) = value.as_str() else {
        return match (name, value) {
            ("gray", Value::Bool(true)) => toml_value(name, &1),
            ("resize", Value::Number(side)) => parsed(name, &Value::String(side.to_string())),
            _ => toml_value(name, value),
        };
    };
    match name {
        "delimiter" => valid(name, values::delimiter(text)),
        "hidden" => valid(name, values::widths(text)),
        "max_time" => valid(name, values::seconds(text)),
        "resize" => valid(name, values::size(text)),
        "likelihood" => {
            let (column, family) = values::likelihood(text)?;
            toml_value(name, &serde_json::json!({ column: family }))
        }
        "network" => of::<NetworkConfig>(name, text),
        "activation" | "latent_activation" => of::<Activation>(name, text),
        "variance" => of::<Variance>(name, text),
        "augment" => of::<Augmentation>(name, text),
        "corruption" => of::<Corruption>(name, text),
        "sparsity" => of::<Sparsity>(name, text),
        "estimator" => of::<Estimator>(name, text),
        "bound" => of::<Bound>(name, text),
        "prior" => of::<PriorConfig>(name, text),
        "flow" => of::<FlowConfig>(name, text),
        "optimizer" => of::<Optimizer>(name, text),
        "schedule" => toml_value(name, &serde_json::json!(Schedule::named(text)?)),
        "condition" | "drop" | "known" | "missing" => toml_value(name, &serde_json::json!([text])),
        _ => toml_value(name, value),
    }
}

fn of<T: FromStr<Err = Error> + Serialize>(name: &str, text: &str) -> Result<toml::Value> {
    valid(name, text.parse::<T>())
}

/// A value that a parser found, or its error with the name of the keyword.
fn valid(name: &str, value: Result<impl Serialize>) -> Result<toml::Value> {
    let value = value.map_err(|error| match error {
        Error::InvalidValue { expected, found, .. } => Error::config(name, expected, found),
        other => other,
    })?;
    toml_value(name, &value)
}

fn toml_value(name: &str, value: &impl Serialize) -> Result<toml::Value> {
    toml::Value::try_from(value).map_err(|cause| Error::config(name, "a valid value", cause))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::data::read::ImageOptions;
    use crate::distribution::Family;
    use crate::model::FamilyConfig;

    fn of_keywords(given: Value) -> Result<Config> {
        Config::of_keywords(given.as_object().unwrap())
    }

    #[test]
    fn every_keyword_has_a_key_of_the_configuration() {
        // An array of tables is no value of any key, so that a known key refuses it.
        let wrong = || toml::Value::Array(vec![toml::Value::Table(Default::default())]);
        let is_known = |family: &FamilyConfig, path: &str| {
            let mut config = Config::default();
            (config.forecast, config.synthesize) = (Some(Default::default()), Some(Default::default()));
            config.model.family = family.clone();
            !config.set_value(path, wrong()).unwrap_err().to_string().contains("unknown field")
        };
        let known = |path: &str| FamilyConfig::all().iter().any(|family| is_known(family, path));
        let names = TABLES.iter().flat_map(|(_, names)| names.iter().copied());
        for name in names.chain(RENAMED.map(|(name, _)| name)) {
            let path = path_of(name).unwrap();
            assert!(known(&path), "{path}");
        }
        assert!(!known("training.nonsense"));
    }

    #[test]
    fn text_means_what_it_means_on_the_command_line() {
        let config = of_keywords(json!({
            "preset": "impute", "bound": "importance:7", "likelihood": "gaussian", "drop": "id", "epochs": null,
            "optimizer": "sgd:0.5", "schedule": "constant", "set": { "training.seed": 3 }, "kl_warmup": 2,
        }))
        .unwrap();
        let FamilyConfig::Variational(family) = &config.model.family else { panic!("of the preset") };
        assert_eq!(family.bound, Bound::Importance { samples: 7, doubly_reparameterized: false });
        assert_eq!((family.kl_warmup_epochs, config.training.seed), (2.0, 3));
        assert_eq!(
            (config.data.drop, config.training.optimizer),
            (vec!["id".into()], Optimizer::Sgd { momentum: 0.5 })
        );
        assert_eq!(config.model.hidden, Some(vec![128, 128]));
        let config = of_keywords(json!({
            "hidden": "none", "max_time": "2m", "delimiter": "tab", "resize": "8x6", "gray": true, "strict": true,
            "central": 0.75, "likelihood": "count=poisson",
        }))
        .unwrap();
        let images = ImageOptions { resize: Some([8, 6]), channels: Some(1), strict: true };
        assert_eq!((config.model.hidden, config.data.images), (Some(vec![]), images));
        assert_eq!((config.training.max_seconds, config.training.central), (Some(120.0), 0.75));
        assert_eq!(config.data.delimiter, Some('\t'));
        assert_eq!(config.model.likelihood["count"], Family::Poisson);
        let config = of_keywords(json!({ "resize": 9, "gray": false })).unwrap();
        assert_eq!((config.data.images.resize, config.data.images.channels), (Some([9, 9]), None));
    }

    #[test]
    fn unknown_names_and_values_are_refused_by_name() {
        for (given, words) in [
            (json!({ "latentdim": 3 }), "latentdim: expected a setting"),
            (json!({ "activation": "cube" }), "activation: expected"),
            (json!({ "model": "plain", "kl_weight": 1.0 }), "model.family.kl_weight: expected"),
            (json!({ "epochs": -1 }), "training.epochs: expected"),
            (json!({ "max_time": "soon" }), "max_time: expected a time"),
            (json!({ "gray": 3.5 }), "data.images.channels: expected"),
            (json!({ "model": 3 }), "model: expected the name of a model family, found 3"),
            (json!({ "preset": ["detect"] }), "preset: expected the name of a preset, found [\"detect\"]"),
            (json!({ "set": "training.seed=3" }), "set: expected keys of the configuration"),
            (json!({ "horizon": 3 }), "horizon and a fit without --preset forecast cannot be combined"),
            (json!({ "series": "site" }), "series and a fit without --preset forecast"),
            (json!({ "rare": 3, "preset": "forecast" }), "rare and a fit without --preset synthesize"),
            (
                json!({ "model": "plain", "preset": "synthesize" }),
                "--preset synthesize and --model plain cannot be combined",
            ),
        ] {
            let error = of_keywords(given).unwrap_err();
            assert!(error.to_string().starts_with(words), "{error}");
        }
    }
}
