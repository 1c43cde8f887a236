//! The families of distributions by name, and what each takes.

use serde::{Deserialize, Serialize};

use super::ordinal::Ordinal;

/// The variance of a Gaussian block.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Variance {
    /// One known value of σ² for every feature.
    Fixed {
        /// σ², in squared encoded units.
        value: f64,
    },
    /// One learned value for the whole block.
    Shared,
    /// One learned value for each feature.
    PerFeature,
    /// The decoder gives a value for each feature and example.
    Decoder,
}

/// The distribution of a block of columns.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "family", rename_all = "snake_case", deny_unknown_fields)]
pub enum Family {
    /// Independent values in {0, 1}, or intensities in [0, 1].
    Bernoulli,
    /// Independent intensities in [0, 1], as a density.
    ContinuousBernoulli,
    /// Independent real values.
    Gaussian {
        /// Where the variance comes from.
        variance: Variance,
    },
    /// Independent real values with heavy tails.
    StudentT,
    /// Independent real values, by their absolute error.
    Laplace,
    /// One of `width` values.
    Categorical,
    /// One of `width` ordered values.
    Ordinal,
    /// Independent counts, encoded as log(1 + count).
    Poisson,
    /// Independent counts with a variance above their mean, encoded as log(1 + count).
    NegativeBinomial,
    /// Independent pixels of 256 levels, encoded as k/255.
    BetaBinomial,
    /// Independent pixels of 256 levels, encoded as k/255, by a mixture.
    DiscretizedLogistic {
        /// How many logistic components a pixel has.
        components: usize,
    },
}

/// The kinds of vectors that a likelihood learns; each is a list of its own in the model file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LikelihoodParameter {
    /// log σ² of a Gaussian.
    LogVariance,
    /// log s of Student's t, log b of a Laplace.
    LogScale,
    /// log(ν − 2) of Student's t.
    LogFreedom,
    /// log r of a negative binomial.
    LogDispersion,
    /// t of an ordinal.
    Thresholds,
}

impl Family {
    /// The name in reports.
    pub fn title(&self) -> &'static str {
        match self {
            Family::Bernoulli => "Bernoulli",
            Family::ContinuousBernoulli => "continuous Bernoulli",
            Family::Gaussian { .. } => "Gaussian",
            Family::StudentT => "Student's t",
            Family::Laplace => "Laplace",
            Family::Categorical => "categorical",
            Family::Ordinal => "ordinal",
            Family::Poisson => "Poisson",
            Family::NegativeBinomial => "negative binomial",
            Family::BetaBinomial => "beta-binomial",
            Family::DiscretizedLogistic { .. } => "discretised logistics",
        }
    }

    /// Whether p(x) is a density, whose logarithm depends on the unit of x; else it is a mass.
    pub fn is_density(&self) -> bool {
        matches!(
            self,
            Family::Gaussian { .. } | Family::StudentT | Family::Laplace | Family::ContinuousBernoulli
        )
    }
}

/// A contiguous block of encoded columns that share a distribution.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LikelihoodBlock {
    /// The distribution.
    #[serde(flatten)]
    pub family: Family,
    /// The first encoded column.
    pub start: usize,
    /// How many encoded columns.
    pub width: usize,
}

impl LikelihoodBlock {
    /// How many decoder outputs the block takes.
    pub fn parameters(&self) -> usize {
        match self.family {
            Family::Gaussian { variance: Variance::Decoder } | Family::BetaBinomial => 2 * self.width,
            Family::DiscretizedLogistic { components } => 3 * components * self.width,
            Family::Ordinal => 1,
            _ => self.width,
        }
    }

    /// The vectors that are learned beside the decoder, each with what it starts from.
    pub(super) fn learned(&self) -> Vec<(LikelihoodParameter, Vec<f32>)> {
        let zeros = vec![0.0; self.width];
        match self.family {
            Family::Gaussian { variance: Variance::Shared } => {
                vec![(LikelihoodParameter::LogVariance, vec![0.0])]
            }
            Family::Gaussian { variance: Variance::PerFeature } => {
                vec![(LikelihoodParameter::LogVariance, zeros)]
            }
            Family::StudentT => {
                vec![(LikelihoodParameter::LogScale, zeros.clone()), (LikelihoodParameter::LogFreedom, zeros)]
            }
            Family::Laplace => vec![(LikelihoodParameter::LogScale, zeros)],
            Family::NegativeBinomial => vec![(LikelihoodParameter::LogDispersion, zeros)],
            // One level has nothing to learn.
            Family::Ordinal if self.width > 1 => {
                vec![(LikelihoodParameter::Thresholds, Ordinal::initial(self.width))]
            }
            _ => vec![],
        }
    }
}
