//! The registry of custom distributions, identified by a name in the model file.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use super::Distribution;
use crate::tensor::Tensor;
use crate::{Error, Result};

/// A custom distribution; see [`register`](super::register).
#[derive(Clone, Copy)]
pub struct CustomLikelihood {
    /// Number of decoder outputs per column.
    pub outputs: usize,
    /// Number of other parameters per column. They are initialized to 0, and their learning rate is
    /// ten times that of the weights.
    pub learned: usize,
    /// Whether p(x) is a density, whose logarithm depends on the unit of x; else it is a
    /// probability mass.
    pub is_density: bool,
    /// Builds the distribution from its outputs (`outputs` tensors: batch × columns) and its
    /// parameters (`learned` tensors: 1 × columns).
    pub distribution: fn(outputs: Vec<Tensor<2>>, learned: Vec<Tensor<2>>) -> Box<dyn Distribution>,
}

/// The name of a registered distribution: `a` to `z`, digits and `_`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CustomName(&'static str);

/// All names seen so far, with the registered distributions. Entries are never removed.
static NAMES: RwLock<BTreeMap<&'static str, Option<CustomLikelihood>>> = RwLock::new(BTreeMap::new());

const LONGEST_NAME: usize = 64;

impl CustomName {
    pub(super) fn new(name: &str) -> Result<Self> {
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if !(1..=LONGEST_NAME).contains(&name.len()) || !name.chars().all(is_plain) {
            let expected = format!("custom:NAME, 1 to {LONGEST_NAME} characters of a to z, 0 to 9 and _");
            return Err(Error::config("likelihood", expected, format!("'custom:{name}'")));
        }
        let mut names = NAMES.write().unwrap_or_else(PoisonError::into_inner);
        if let Some((&known, _)) = names.get_key_value(name) {
            return Ok(CustomName(known));
        }
        // Leaked, so that a family is `Copy`; a program has few of them.
        let name: &'static str = Box::leak(name.into());
        names.insert(name, None);
        Ok(CustomName(name))
    }

    /// The name, without `custom:`.
    pub fn as_str(self) -> &'static str {
        self.0
    }
}

/// Adds a distribution under its name.
pub(super) fn insert(name: &str, likelihood: CustomLikelihood) -> Result<CustomName> {
    let name = CustomName::new(name)?;
    let mut names = NAMES.write().unwrap_or_else(PoisonError::into_inner);
    let slot = names.entry(name.0).or_default();
    if slot.is_some() {
        let found = format!("'{}'", name.0);
        return Err(Error::config("likelihood", "a name that is not registered yet", found));
    }
    *slot = Some(likelihood);
    Ok(name)
}

fn find(name: CustomName) -> Option<CustomLikelihood> {
    NAMES.read().unwrap_or_else(PoisonError::into_inner).get(name.0).copied().flatten()
}

/// Checks that this program has registered the distribution.
pub(super) fn check(name: CustomName) -> Result<()> {
    match find(name) {
        Some(_) => Ok(()),
        None => Err(Error::Unsupported {
            what: format!("the likelihood custom:{} is not registered in this program", name.0),
            help: format!(
                "call diabolo::distribution::register(\"{}\", …) before the model is built or loaded",
                name.0
            ),
        }),
    }
}

/// The distribution with a name that was [checked](check) when the model was resolved.
pub(super) fn registered(name: CustomName) -> CustomLikelihood {
    find(name).unwrap_or_else(|| panic!("custom:{} is checked before it is used", name.0))
}
