//! Estimators of the contraction: exact, or with random probes.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::nn::Layer;
use crate::{Error, Result};

/// `auto` uses probes if a step with the exact contraction costs more than this many plain steps.
const AFFORDABLE: f64 = 24.0;

/// The estimator of ‖J_f(x)‖²_F during training.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Estimator {
    /// Exact if cheap, else one Hutchinson probe, depending on the widths of the layers.
    #[default]
    Auto,
    /// In closed form for one layer, by vector-Jacobian products of the identity for more.
    Exact,
    /// The mean over `probes` random sign vectors, which is unbiased.
    Hutchinson {
        /// 1 or more.
        #[serde(default = "default_probes")]
        probes: usize,
    },
}

fn default_probes() -> usize {
    1
}

impl Estimator {
    /// Resolves `Auto` for the layers of an encoder, the first first; other estimators are
    /// unchanged.
    ///
    /// ```
    /// use diabolo::objective::{Estimator, LayerSize};
    /// let auto = |widths: &[usize]| Estimator::Auto.resolve(&LayerSize::dense(widths));
    /// assert_eq!(auto(&[784, 1000])?, Estimator::Exact);
    /// assert_eq!(auto(&[784, 512, 16])?, Estimator::Exact);
    /// assert_eq!(auto(&[784, 1000, 1000])?, Estimator::Hutchinson { probes: 1 });
    /// # Ok::<(), diabolo::Error>(())
    /// ```
    pub fn resolve(self, layers: &[LayerSize]) -> Result<Self> {
        match self {
            Estimator::Auto if exact_cost(layers) <= AFFORDABLE => Ok(Estimator::Exact),
            Estimator::Auto => Ok(Estimator::Hutchinson { probes: default_probes() }),
            Estimator::Hutchinson { probes: 0 } => Err(Error::config("estimator.probes", "1 or more", 0)),
            chosen => Ok(chosen),
        }
    }

    /// Number of probes; `None` if exact.
    pub fn probes(self) -> Option<usize> {
        match self {
            Estimator::Hutchinson { probes } => Some(probes),
            _ => None,
        }
    }
}

/// The cost of the exact contraction relative to that of encoding and decoding one row, in
/// multiplications.
fn exact_cost(layers: &[LayerSize]) -> f64 {
    let [first, others @ .., last] = layers else { return 1.0 };
    let all = |layers: &[LayerSize]| layers.iter().map(|layer| layer.multiplications as f64).sum::<f64>();
    let plain = 2.0 * all(layers);
    // Every layer except the first has a vector-Jacobian product of `latent` rows; the Gram matrix
    // needs h₁² for each of them.
    let products = all(others) + last.multiplications as f64;
    let ends = first.multiplications.min(first.outputs.saturating_mul(first.outputs));
    last.outputs as f64 * (products + ends as f64) / plain
}

/// What a layer costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LayerSize {
    /// Number of outputs.
    pub outputs: usize,
    /// Multiplications for a row.
    pub multiplications: usize,
}

impl LayerSize {
    /// The size of `layer`.
    pub fn of(layer: &dyn Layer) -> Self {
        LayerSize { outputs: layer.outputs(), multiplications: layer.multiplications() }
    }

    /// Fully connected layers of these widths, input first.
    pub fn dense(widths: &[usize]) -> Vec<Self> {
        let of = |w: &[usize]| LayerSize { outputs: w[1], multiplications: w[0].saturating_mul(w[1]) };
        widths.windows(2).map(of).collect()
    }
}

impl FromStr for Estimator {
    type Err = Error;

    /// Parses `auto, exact, hutchinson or hutchinson:PROBES`.
    fn from_str(text: &str) -> Result<Self> {
        let wrong = || {
            Error::invalid_value(
                "estimator",
                "auto, exact, hutchinson or hutchinson:PROBES",
                format!("'{text}'"),
            )
        };
        match text.split_once(':').unwrap_or((text, "1")) {
            ("auto", "1") => Ok(Estimator::Auto),
            ("exact", "1") => Ok(Estimator::Exact),
            ("hutchinson", probes) => {
                Ok(Estimator::Hutchinson { probes: probes.parse().map_err(|_| wrong())? })
            }
            _ => Err(wrong()),
        }
    }
}
