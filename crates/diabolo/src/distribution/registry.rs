//! Distributions from outside this crate, by a name that the model file keeps.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use super::{Distribution, Family};
use crate::tensor::Tensor;
use crate::{Error, Result};

/// How columns get a distribution of your own: see [`register`].
#[derive(Clone, Copy)]
pub struct CustomLikelihood {
    /// Decoder outputs that each column takes.
    pub outputs: usize,
    /// Numbers that each column learns beside the decoder. They start at 0, and learn ten times as fast as weights.
    pub learned: usize,
    /// Whether p(x) is a density, whose logarithm depends on the unit of x; else it is a mass.
    pub is_density: bool,
    /// The distribution from its outputs (one tensor for each of `outputs`: batch × columns) and from what it learns
    /// (one for each of `learned`: 1 × columns).
    pub distribution: fn(outputs: Vec<Tensor<2>>, learned: Vec<Tensor<2>>) -> Box<dyn Distribution>,
}

/// The name of a registered distribution: `a` to `z`, digits and `_`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CustomName(&'static str);

/// Every name that was ever seen, and what is registered under it. Nothing is taken out again.
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
        // Kept for good, so that a family is copied like any other; a program knows few of them.
        let name: &'static str = Box::leak(name.into());
        names.insert(name, None);
        Ok(CustomName(name))
    }

    /// The name, without `custom:`.
    pub fn as_str(self) -> &'static str {
        self.0
    }
}

/// Makes `custom:NAME` a likelihood that columns can have (`model.likelihood`), and gives its [`Family`].
///
/// A model file keeps the name alone: a program that loads such a model registers the same distribution first.
/// Columns of one number each can have it (pixels, numeric, count, binary); values are encoded ones, numbers in standard
/// deviations of their column. See [`Distribution`] for what to write, and `examples/own_likelihood.rs` for all of it.
///
/// # Errors
/// [`Error::Config`] for a name that is taken already, or has other characters than `a` to `z`, digits and `_`.
pub fn register(name: &str, likelihood: CustomLikelihood) -> Result<Family> {
    let name = CustomName::new(name)?;
    let mut names = NAMES.write().unwrap_or_else(PoisonError::into_inner);
    let slot = names.entry(name.0).or_default();
    if slot.is_some() {
        return Err(Error::config(
            "likelihood",
            "a name that is not registered yet",
            format!("'{}'", name.0),
        ));
    }
    *slot = Some(likelihood);
    Ok(Family::Custom(name))
}

fn find(name: CustomName) -> Option<CustomLikelihood> {
    NAMES.read().unwrap_or_else(PoisonError::into_inner).get(name.0).copied().flatten()
}

/// Whether this program knows the distribution.
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

/// What is registered under a name that was [checked](check) when the model was resolved.
pub(super) fn registered(name: CustomName) -> CustomLikelihood {
    find(name).unwrap_or_else(|| panic!("custom:{} is checked before it is used", name.0))
}
