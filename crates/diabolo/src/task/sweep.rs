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
use crate::tensor::Device;
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
        let mut keys: Vec<SweptKey> = vec![];
        for assignment in assignments {
            let key = parsed(assignment)?;
            match &key.values[..] {
                [value] => base.set(&format!("{}={value}", key.path))?,
                _ => keys.push(swept(key, &keys)?),
            }
        }
        let count = keys.len();
        if !(1..=2).contains(&count) {
            let expected =
                "one or two keys with several values, such as model.family.contraction_weight=0,0.1,1";
            return Err(Error::invalid_value("--set", expected, format!("{count} such keys")));
        }
        let sweep = Sweep { input, base, keys, initializations };
        sweep.settings().iter().try_for_each(|setting| sweep.config(setting).map(|_| ()))?;
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

    fn candidates(&self, prepared: &Prepared, seed: u64, device: &Device) -> Result<Vec<Candidate>> {
        let mut candidates: Vec<Candidate> = vec![];
        for setting in self.settings() {
            let mut config = self.config(&setting)?;
            config.training.seed = seed;
            let name = setting.iter().map(|(_, value)| *value).collect::<Vec<_>>().join(", ");
            candidates.push(Candidate::new(name, config, prepared, candidates.first(), device)?);
        }
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

/// Checks that a key can be swept beside `others`.
fn swept(key: SweptKey, others: &[SweptKey]) -> Result<SweptKey> {
    let refused = |expected: &str, found: &str| Err(Error::invalid_value("--set", expected, found));
    let varies = key.path.starts_with("model.") || key.path.starts_with("training.");
    if !varies || key.path == "training.seed" {
        let expected = "a key of model or training with several values, since all models see the same rows \
                        (several initial weights: --initializations)";
        return refused(expected, &key.path);
    }
    if others.iter().any(|other| other.path == key.path) {
        return refused("each key once", &format!("{} twice", key.path));
    }
    let repeated = key.values.iter().enumerate().find(|(i, value)| key.values[..*i].contains(value));
    match repeated {
        Some((_, value)) => refused("each value once", &format!("{value} twice")),
        None => Ok(key),
    }
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
        assert!(refused(&["model.latent_dim=8,16,8"]).contains("8 twice"));
        assert!(refused(&["model.latent_dim=8,16", "model.latent_dim=2,4"]).contains("latent_dim twice"));
        assert!(refused(&["model.latent_dim=8,"]).contains("KEY=VALUE"));
        assert!(refused(&["model.nonsense=1,2"]).contains("model.nonsense"));
        let three = ["model.latent_dim=8,16", "training.epochs=1,2", "training.batch_size=8,16"];
        assert!(refused(&three).contains("3 such keys"));
    }
}
