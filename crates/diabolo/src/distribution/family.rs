//! The distributions by name, with their outputs and parameters.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::ordinal::Ordinal;
use super::registry::{self, CustomLikelihood, CustomName};
use crate::data::any_of;
use crate::{Error, Result};

/// The variance of Gaussian columns.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Variance {
    /// One fixed value of σ² for all features.
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

/// The default number of components of a `discretized_logistic`.
const COMPONENTS: usize = 5;
const MOST_COMPONENTS: usize = 100;

/// A distribution by name, as in `model.likelihood`; a Gaussian's variance is `model.variance`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Family {
    /// `bernoulli`: independent values in {0, 1}, or intensities in [0, 1].
    Bernoulli,
    /// `continuous_bernoulli`: independent intensities in [0, 1], as a density.
    ContinuousBernoulli,
    /// `gaussian`: independent real values.
    Gaussian,
    /// `student_t`: independent real values with heavy tails.
    StudentT,
    /// `laplace`: independent real values, by their absolute error.
    Laplace,
    /// `categorical`: one of `width` values.
    Categorical,
    /// `ordinal`: one of `width` ordered values.
    Ordinal,
    /// `poisson`: independent counts, encoded as log(1 + count).
    Poisson,
    /// `negative_binomial`: independent counts with a variance above their mean, encoded as log(1 +
    /// count).
    NegativeBinomial,
    /// `beta_binomial`: independent pixels of 256 levels, encoded as k/255.
    BetaBinomial,
    /// `discretized_logistic` or `discretized_logistic:COMPONENTS`: independent pixels of 256
    /// levels, encoded as k/255, by a mixture.
    DiscretizedLogistic {
        /// Number of logistic components per pixel.
        components: usize,
    },
    /// No distribution: inputs of the encoder that the decoder does not describe. Not for
    /// `model.likelihood`.
    InputOnly,
    /// `custom:NAME`: a distribution that the program has [registered](super::register).
    Custom(CustomName),
}

/// The types of parameter vectors of a likelihood; each is a separate list in the model file.
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
    /// The parameters of a registered distribution.
    Custom,
}

impl Family {
    pub(crate) const MIXTURE: Family = Family::DiscretizedLogistic { components: COMPONENTS };

    /// Every distribution that is built in.
    pub const ALL: [Family; 11] = [
        Family::Bernoulli,
        Family::ContinuousBernoulli,
        Family::Gaussian,
        Family::StudentT,
        Family::Laplace,
        Family::Categorical,
        Family::Ordinal,
        Family::Poisson,
        Family::NegativeBinomial,
        Family::BetaBinomial,
        Family::MIXTURE,
    ];

    /// The name in configuration files, without the part after a colon, and the name in reports.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Family::Bernoulli => ("bernoulli", "Bernoulli"),
            Family::ContinuousBernoulli => ("continuous_bernoulli", "continuous Bernoulli"),
            Family::Gaussian => ("gaussian", "Gaussian"),
            Family::StudentT => ("student_t", "Student's t"),
            Family::Laplace => ("laplace", "Laplace"),
            Family::Categorical => ("categorical", "categorical"),
            Family::Ordinal => ("ordinal", "ordinal"),
            Family::Poisson => ("poisson", "Poisson"),
            Family::NegativeBinomial => ("negative_binomial", "negative binomial"),
            Family::BetaBinomial => ("beta_binomial", "beta-binomial"),
            Family::DiscretizedLogistic { .. } => ("discretized_logistic", "discretized logistic mixture"),
            Family::InputOnly => ("input_only", "input only"),
            Family::Custom(name) => ("custom", name.as_str()),
        }
    }

    /// The name in configuration files, without the part after a colon.
    pub(crate) fn word(self) -> &'static str {
        self.names().0
    }

    /// The name in reports.
    pub fn title(self) -> &'static str {
        self.names().1
    }

    /// Whether p(x) is a density, whose logarithm depends on the unit of x; else it is a
    /// probability mass.
    pub fn is_density(self) -> bool {
        match self {
            Family::Gaussian | Family::StudentT | Family::Laplace | Family::ContinuousBernoulli => true,
            Family::Custom(name) => registry::registered(name).is_density,
            _ => false,
        }
    }

    /// Checks that a custom distribution is registered.
    ///
    /// # Errors
    /// [`Error::Unsupported`] if it is not.
    pub fn check_registered(self) -> Result<()> {
        match self {
            Family::Custom(name) => registry::check(name),
            _ => Ok(()),
        }
    }

    /// The names of some distributions: `a, b or c`.
    pub fn listed(families: &[Family]) -> String {
        any_of(families.iter().map(|family| family.word()))
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Family::DiscretizedLogistic { components } => write!(f, "{}:{components}", self.word()),
            Family::Custom(name) => write!(f, "custom:{}", name.as_str()),
            _ => f.write_str(self.word()),
        }
    }
}

impl FromStr for Family {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (word, rest) = match text.split_once(':') {
            Some((word, rest)) => (word, Some(rest)),
            None => (text, None),
        };
        if let ("custom", Some(name)) = (word, rest) {
            return Ok(Family::Custom(CustomName::new(name)?));
        }
        let known = Family::ALL.into_iter().find(|family| family.word() == word);
        match (known, rest.map(str::parse::<usize>)) {
            (Some(family), None) => Ok(family),
            (Some(Family::MIXTURE), Some(Ok(components))) if (1..=MOST_COMPONENTS).contains(&components) => {
                Ok(Family::DiscretizedLogistic { components })
            }
            (Some(Family::MIXTURE), _) => {
                let expected = format!("discretized_logistic:N with 1 to {MOST_COMPONENTS} components");
                Err(Error::config("likelihood", expected, format!("'{text}'")))
            }
            _ => {
                let expected = format!("{}, or custom:NAME if registered", Family::listed(&Family::ALL));
                Err(Error::config("likelihood", expected, format!("'{text}'")))
            }
        }
    }
}

impl TryFrom<String> for Family {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<Family> for String {
    fn from(family: Family) -> String {
        family.to_string()
    }
}

/// A contiguous block of encoded columns that share a distribution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LikelihoodBlock {
    /// The distribution.
    pub family: Family,
    /// The variance of a Gaussian; ignored for other distributions.
    pub variance: Variance,
    /// The first encoded column.
    pub start: usize,
    /// Number of encoded columns.
    pub width: usize,
}

impl LikelihoodBlock {
    /// A block of the encoded `columns`; a Gaussian has the fixed variance 1.
    pub fn new(family: Family, columns: Range<usize>) -> Self {
        let variance = Variance::Fixed { value: 1.0 };
        LikelihoodBlock { family, variance, start: columns.start, width: columns.len() }
    }

    /// A block of Gaussian `columns`.
    pub fn gaussian(variance: Variance, columns: Range<usize>) -> Self {
        LikelihoodBlock { variance, ..LikelihoodBlock::new(Family::Gaussian, columns) }
    }

    /// For each encoded column of the blocks, whether the decoder describes it.
    pub fn described(blocks: &[Self]) -> Vec<bool> {
        blocks.iter().flat_map(|block| vec![block.family != Family::InputOnly; block.width]).collect()
    }

    /// Whether it is a Gaussian whose variance is not learned.
    pub fn has_fixed_variance(&self) -> bool {
        self.family == Family::Gaussian && matches!(self.variance, Variance::Fixed { .. })
    }

    /// Number of decoder outputs of the block.
    pub fn parameters(&self) -> usize {
        match self.family {
            Family::Gaussian if self.variance == Variance::Decoder => 2 * self.width,
            Family::BetaBinomial => 2 * self.width,
            Family::DiscretizedLogistic { components } => 3 * components * self.width,
            Family::Ordinal => 1,
            Family::Custom(name) => registry::registered(name).outputs * self.width,
            _ => self.width,
        }
    }

    /// The parameter vectors of the block, in addition to the decoder, with their initial values.
    pub(super) fn learned(&self) -> Vec<(LikelihoodParameter, Vec<f32>)> {
        use LikelihoodParameter as P;
        let zeros = vec![0.0; self.width];
        match self.family {
            Family::Gaussian => match self.variance {
                Variance::Shared => vec![(P::LogVariance, vec![0.0])],
                Variance::PerFeature => vec![(P::LogVariance, zeros)],
                Variance::Fixed { .. } | Variance::Decoder => vec![],
            },
            Family::StudentT => vec![(P::LogScale, zeros.clone()), (P::LogFreedom, zeros)],
            Family::Laplace => vec![(P::LogScale, zeros)],
            Family::NegativeBinomial => vec![(P::LogDispersion, zeros)],
            // A single level has no thresholds.
            Family::Ordinal if self.width > 1 => vec![(P::Thresholds, Ordinal::initial(self.width))],
            Family::Custom(name) => vec![(P::Custom, zeros); registry::registered(name).learned],
            _ => vec![],
        }
    }
}

/// Registers `custom:NAME` as a likelihood for `model.likelihood`, and returns its [`Family`].
///
/// A model file contains only the name: a program that loads such a model must register the same
/// distribution first. It is available for columns of one number (pixels, numeric, count, binary);
/// values are encoded, numbers in standard deviations of their column. See
/// [`Distribution`](super::Distribution) for the trait, and `examples/own_likelihood.rs` for a
/// complete program.
///
/// # Errors
/// [`Error::Config`] for a name that is already registered, or has characters other than `a` to
/// `z`, digits and `_`.
pub fn register(name: &str, likelihood: CustomLikelihood) -> Result<Family> {
    Ok(Family::Custom(registry::insert(name, likelihood)?))
}

impl FromStr for Variance {
    type Err = Error;

    /// Parses `shared, per_feature, decoder, or a number`.
    fn from_str(text: &str) -> Result<Self> {
        match (text, text.parse()) {
            ("shared", _) => Ok(Variance::Shared),
            ("per_feature", _) => Ok(Variance::PerFeature),
            ("decoder", _) => Ok(Variance::Decoder),
            (_, Ok(value)) => Ok(Variance::Fixed { value }),
            _ => Err(Error::invalid_value(
                "variance",
                "shared, per_feature, decoder, or a number",
                format!("'{text}'"),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn names_round_trip() {
        let custom = "custom:names_come_back".parse().unwrap();
        for family in Family::ALL.into_iter().chain([Family::DiscretizedLogistic { components: 1 }, custom]) {
            assert_eq!(family.to_string().parse::<Family>().unwrap(), family);
        }
        assert_eq!("discretized_logistic".parse::<Family>().unwrap(), Family::MIXTURE);
        for wrong in ["normal", "gaussian:3", "discretized_logistic:0", "discretized_logistic:x", ""] {
            assert!(wrong.parse::<Family>().is_err(), "{wrong}");
        }
    }
}
