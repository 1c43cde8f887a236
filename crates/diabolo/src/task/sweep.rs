//! A sweep: one model with several values of one or two settings, on the same rows.
//!
//! An assignment such as `model.family.contraction_weight=0,0.1,1` names a key of the configuration
//! and its values. With two such keys, all pairs of values are trained. All models use the same
//! split, and each is trained from the same few initial weights, so that differences between them
//! are those of the setting.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::compare::{Candidate, Study};
use crate::config::Config;
use crate::data::read::fingerprint;
use crate::data::{DataConfig, Prepared};
use crate::model::FamilyConfig;
use crate::{Error, Result, VERSION};

/// A key of the configuration with the values it takes.
#[derive(Debug, Clone, PartialEq)]
pub struct SweptKey {
    /// Such as `model.family.contraction_weight`.
    pub path: String,
    /// As given, two or more.
    pub values: Vec<String>,
}

impl SweptKey {
    /// The last part of the path.
    pub fn name(&self) -> &str {
        self.path.rsplit('.').next().unwrap_or(&self.path)
    }
}

/// The plan of a sweep.
#[derive(Debug, Clone)]
pub struct Sweep {
    /// Any input of [`prepare`](crate::data::prepare) that can be read repeatedly, so not `-`.
    pub input: String,
    /// The settings that do not vary; `training.seed` determines the split.
    pub base: Config,
    /// One or two.
    pub keys: Vec<SweptKey>,
    /// How often each model is trained.
    pub initializations: usize,
}

/// The values of the keys of one model, in the order of [`Sweep::keys`].
type Setting<'a> = Vec<(&'a SweptKey, &'a str)>;

impl Sweep {
    /// A sweep of `base` by assignments of values, separated by commas, to keys. An assignment of
    /// one value sets it for all models.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] and [`Error::Config`] for keys and values that cannot be swept.
    pub fn new(
        input: String,
        mut base: Config,
        assignments: &[String],
        initializations: usize,
    ) -> Result<Self> {
        let all = assignments.iter().map(|a| parsed(a)).collect::<Result<Vec<_>>>()?;
        let mut keys: Vec<SweptKey> = vec![];
        for (at, key) in all.iter().enumerate() {
            match &key.values[..] {
                [value] => base.set(&format!("{}={value}", key.path))?,
                _ => {
                    check_swept(key, &all[..at], &all[at + 1..])?;
                    keys.push(key.clone());
                }
            }
        }
        if base.forecast.is_some() || base.synthesize.is_some() {
            let expected = "keys of data, model and training: a sweep is of autoencoders";
            return Err(Error::invalid_value("--set", expected, "forecast or synthesize"));
        }
        let count = keys.len();
        if !(1..=2).contains(&count) {
            let expected =
                "one or two keys with several values, such as model.family.contraction_weight=0,0.1,1";
            return Err(Error::invalid_value("--set", expected, format!("{count} such keys")));
        }
        let sweep = Sweep { input, base, keys, initializations };
        let settings = sweep.settings();
        let configs = settings.iter().map(|setting| sweep.config(setting)).collect::<Result<Vec<_>>>()?;
        check_distinct(settings.iter().map(|setting| name_of(setting)).zip(&configs))?;
        Ok(sweep)
    }

    /// The family that a sweep by these assignments is of, unless it is named: the usual one, or
    /// else the first that has the keys.
    pub fn family_for(assignments: &[String]) -> Result<FamilyConfig> {
        let keys = assignments.iter().map(|a| parsed(a)).collect::<Result<Vec<_>>>()?;
        let usual = FamilyConfig::default();
        let suits = |family: &FamilyConfig| {
            let mut config = Config::default();
            config.model.family = family.clone();
            let of_family = keys.iter().filter(|key| key.path.starts_with("model.family."));
            let mut assignments = of_family.map(|key| format!("{}={}", key.path, key.values[0]));
            assignments.all(|assignment| config.set(&assignment).is_ok())
        };
        let others = FamilyConfig::all();
        Ok(std::iter::once(usual.clone()).chain(others).find(suits).unwrap_or(usual))
    }

    /// The settings of each model, those of the first key in the outer loop.
    fn settings(&self) -> Vec<Setting<'_>> {
        let mut settings: Vec<Setting<'_>> = vec![vec![]];
        for key in &self.keys {
            let mut longer = vec![];
            for setting in &settings {
                for value in &key.values {
                    longer.push([setting.clone(), vec![(key, value.as_str())]].concat());
                }
            }
            settings = longer;
        }
        settings
    }

    fn config(&self, setting: &Setting) -> Result<Config> {
        let mut config = self.base.clone();
        setting.iter().try_for_each(|(key, value)| config.set(&format!("{}={value}", key.path)))?;
        Ok(config)
    }

    /// The values by key of each model, in the order of its candidates.
    pub fn values(&self) -> Vec<BTreeMap<String, String>> {
        let pairs = |setting: Setting| {
            setting.into_iter().map(|(key, value)| (key.path.clone(), value.to_string())).collect()
        };
        self.settings().into_iter().map(pairs).collect()
    }
}

impl Study for Sweep {
    fn input(&self) -> &str {
        &self.input
    }

    fn data(&self) -> &DataConfig {
        &self.base.data
    }

    fn seeds(&self) -> &[u64] {
        std::slice::from_ref(&self.base.training.seed)
    }

    fn initializations(&self) -> usize {
        self.initializations
    }

    fn models(&self) -> usize {
        self.settings().len()
    }

    fn validate(&self) -> Result<()> {
        Ok(())
    }

    fn candidates(&self, prepared: &Prepared, seed: u64) -> Result<Vec<Candidate>> {
        let resolved = |setting: Setting| {
            let mut config = self.config(&setting)?;
            config.training.seed = seed;
            Candidate::new(name_of(&setting), config, prepared)
        };
        let candidates = self.settings().into_iter().map(resolved).collect::<Result<Vec<_>>>()?;
        // What is open may be resolved to what another value says.
        check_distinct(candidates.iter().map(|candidate| (candidate.name.clone(), &candidate.config)))?;
        Ok(candidates)
    }

    fn asked(&self) -> Result<Value> {
        let keys: Vec<Value> =
            self.keys.iter().map(|key| json!({ "key": key.path, "values": key.values })).collect();
        Ok(json!({
            "input": self.input, "fingerprint": fingerprint(&self.input)?, "version": VERSION,
            "sweep": keys, "initializations": self.initializations, "config": self.base,
        }))
    }
}

/// Key and values of an assignment.
fn parsed(assignment: &str) -> Result<SweptKey> {
    let wrong = || Error::invalid_value("--set", "KEY=VALUE,VALUE,…", format!("'{assignment}'"));
    let (path, values) = assignment.split_once('=').ok_or_else(wrong)?;
    let values: Vec<String> = split(values).into_iter().map(number_text).collect();
    match values.iter().any(String::is_empty) {
        true => Err(wrong()),
        false => Ok(SweptKey { path: path.trim().into(), values }),
    }
}

/// The values of a setting.
fn name_of(setting: &Setting) -> String {
    setting.iter().map(|(_, value)| *value).collect::<Vec<_>>().join(", ")
}

/// Checks that no two models are the same.
fn check_distinct<'a>(models: impl Iterator<Item = (String, &'a Config)>) -> Result<()> {
    let mut seen: Vec<(String, &Config)> = vec![];
    for (name, config) in models {
        if let Some((same, _)) = seen.iter().find(|(_, other)| *other == config) {
            let found = format!("'{same}' and '{name}', which are the same model");
            return Err(Error::invalid_value("--set", "values of which each is another model", found));
        }
        seen.push((name, config));
    }
    Ok(())
}

/// Checks that a key can be swept with other assignments `before` and `after` it.
fn check_swept(key: &SweptKey, before: &[SweptKey], after: &[SweptKey]) -> Result<()> {
    let refused = |expected: &str, found: &str| Err(Error::invalid_value("--set", expected, found));
    let varies = key.path.starts_with("model.") || key.path.starts_with("training.");
    if !varies || key.path == "training.seed" {
        let expected = "a key of model or training with several values, since all models see the same rows \
                        (several initial weights: --initializations)";
        return refused(expected, &key.path);
    }
    for other in before.iter().chain(after) {
        if other.path == key.path {
            return refused("each key once", &format!("{} twice", key.path));
        }
        // A table that is set for all models may have a swept key in it.
        let contains = |outer: &SweptKey, inner: &SweptKey| {
            outer.values.len() > 1
                && inner.path.strip_prefix(&outer.path).is_some_and(|rest| rest.starts_with('.'))
        };
        if contains(key, other) || contains(other, key) {
            let found = format!("{} and {}", key.path, other.path);
            return refused("keys of which a swept one contains no other", &found);
        }
    }
    Ok(())
}

/// The parts between commas that are in no brackets, braces or quotes.
fn split(values: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut quoted, mut start) = (vec![], 0_i32, false, 0);
    for (at, sign) in values.char_indices() {
        match sign {
            '"' => quoted = !quoted,
            '[' | '{' if !quoted => depth += 1,
            ']' | '}' if !quoted => depth -= 1,
            ',' if !quoted && depth == 0 => {
                parts.push(values[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(values[start..].trim());
    parts
}

/// A number that begins with its decimal point, with a 0 before it, as TOML requires.
fn number_text(value: &str) -> String {
    match value.strip_prefix('.') {
        Some(digits) if digits.starts_with(|c: char| c.is_ascii_digit()) => format!("0.{digits}"),
        _ => value.into(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::model::ContractiveConfig;

    fn sweep(assignments: &[&str]) -> Result<Sweep> {
        let assignments: Vec<String> = assignments.iter().map(|a| a.to_string()).collect();
        let mut base = Config::default();
        base.model.family = Sweep::family_for(&assignments)?;
        Sweep::new("digits".into(), base, &assignments, 2)
    }

    #[test]
    fn a_key_takes_each_value_and_two_keys_all_pairs() {
        let one = sweep(&["model.family.contraction_weight=0,.01,10", "model.latent_dim=8"]).unwrap();
        assert_eq!(one.keys[0].values, ["0", "0.01", "10"]);
        assert_eq!(one.keys[0].name(), "contraction_weight");
        let config = one.config(&one.settings()[1]).unwrap();
        let expected = ContractiveConfig { contraction_weight: 0.01, ..ContractiveConfig::default() };
        assert_eq!(config.model.family, FamilyConfig::Contractive(expected));
        assert_eq!(config.model.latent_dim, Some(8));

        let grid = sweep(&["model.hidden=[],[64, 32]", "training.learning_rate=0.1,0.01"]).unwrap();
        let hidden: Vec<Option<Vec<usize>>> =
            grid.settings().iter().map(|s| grid.config(s).unwrap().model.hidden).collect();
        assert_eq!(hidden, [Some(vec![]), Some(vec![]), Some(vec![64, 32]), Some(vec![64, 32])]);
        assert_eq!(grid.models(), 4);
        assert_eq!(grid.values()[3]["model.hidden"], "[64, 32]");
    }

    #[test]
    fn the_family_is_the_usual_one_unless_the_key_is_of_another() {
        let family = |assignment: &str| Sweep::family_for(&[assignment.to_string()]).unwrap().name();
        assert_eq!(family("model.family.kl_weight=0.1,1"), "variational");
        assert_eq!(family("model.family.contraction_weight=0.1,1"), "contractive");
        assert_eq!(family("model.family.corruption={kind=\"masking\", probability=0.2}"), "denoising");
        assert_eq!(family("model.latent_dim=2,4"), "variational");
    }

    #[test]
    fn what_cannot_be_swept_is_refused() {
        let refused = |assignments: &[&str]| sweep(assignments).unwrap_err().to_string();
        assert!(refused(&["data.test=0.1,0.2"]).contains("all models see the same rows"));
        assert!(refused(&["training.seed=1,2"]).contains("all models see the same rows"));
        assert!(refused(&["model.latent_dim=8"]).contains("0 such keys"));
        let same = refused(&["model.latent_dim=8,16,8"]);
        assert!(same.contains("'8' and '8', which are the same model"), "{same}");
        assert!(refused(&["model.family.contraction_weight=0.1,1,.10"]).contains("'0.1' and '0.10'"));
        assert!(refused(&["model.latent_dim=4", "model.latent_dim=2,8"]).contains("latent_dim twice"));
        for other in ["model.family.tied=true,false", "model.family.tied=true"] {
            let families = "model.family={kind=\"plain\"},{kind=\"denoising\"}";
            for two in [[families, other], [other, families]] {
                assert!(refused(&two).contains("a swept one contains no other"), "{two:?}");
            }
        }
        let within = ["model.family={kind=\"plain\"}", "model.family.tied=true,false"];
        assert!(sweep(&within).is_ok());
        let forecast = refused(&["model.latent_dim=8,16", "forecast.horizon=3"]);
        assert!(forecast.contains("a sweep is of autoencoders"), "{forecast}");
        assert!(refused(&["model.latent_dim=8,16", "model.latent_dim=2,4"]).contains("latent_dim twice"));
        assert!(refused(&["model.latent_dim=8,"]).contains("KEY=VALUE"));
        assert!(refused(&["model.nonsense=1,2"]).contains("model.nonsense"));
        let three = ["model.latent_dim=8,16", "training.epochs=1,2", "training.batch_size=8,16"];
        assert!(refused(&three).contains("3 such keys"));
    }
}
