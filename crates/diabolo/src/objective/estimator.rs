//! Estimators of the contraction: exact, or with random probes.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

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
    /// Resolves `Auto` for an encoder with the given widths, input first; other estimators are
    /// unchanged.
    ///
    /// ```
    /// use diabolo::objective::Estimator;
    /// assert_eq!(Estimator::Auto.resolve(&[784, 1000])?, Estimator::Exact);
    /// assert_eq!(Estimator::Auto.resolve(&[784, 512, 16])?, Estimator::Exact);
    /// let estimated = Estimator::Hutchinson { probes: 1 };
    /// assert_eq!(Estimator::Auto.resolve(&[784, 1000, 1000])?, estimated);
    /// # Ok::<(), diabolo::Error>(())
    /// ```
    pub fn resolve(self, widths: &[usize]) -> Result<Self> {
        match self {
            Estimator::Auto if exact_cost(widths) <= AFFORDABLE => Ok(Estimator::Exact),
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
fn exact_cost(widths: &[usize]) -> f64 {
    let product = |w: &[usize]| (w[0] * w[1]) as f64;
    let plain: f64 = 2.0 * widths.windows(2).map(product).sum::<f64>();
    let (&latent, &first) = (widths.last().unwrap_or(&1), widths.get(1).unwrap_or(&1));
    if widths.len() <= 2 {
        return 1.0;
    }
    // Every layer except the first has a vector-Jacobian product of `latent` rows; the Gram matrix
    // needs h₁² for each of them.
    let products: f64 = widths[1..].windows(2).map(product).sum();
    latent as f64 * (products + (first * first.min(widths[0])) as f64) / plain
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
