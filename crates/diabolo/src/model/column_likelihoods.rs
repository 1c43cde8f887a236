//! Which distribution each column has: what was asked for, else what suits its kind.
//!
//! A key of `model.likelihood` is a column's name, a kind of column (`pixels`, `numeric`, `count`, `binary`, `categorical`,
//! `ordinal`), or `*` for every column that the distribution can describe. The name wins over the kind, the kind over `*`.
//!
//! | kind | can have | has, unless told otherwise |
//! |---|---|---|
//! | `pixels` | `bernoulli`, `continuous_bernoulli`, `gaussian`, `student_t`, `laplace`, `beta_binomial`, `discretized_logistic` | `gaussian` for variational models of pictures that are not nearly black and white, else `bernoulli` |
//! | `numeric` | `gaussian`, `student_t`, `laplace` | `gaussian` |
//! | `count` | `negative_binomial`, `poisson`, `gaussian`, `student_t`, `laplace` | `negative_binomial` for variational models, else `gaussian` |
//! | `binary` | `bernoulli` | `bernoulli` |
//! | `categorical` | `categorical` | `categorical` |
//! | `ordinal` | `ordinal`, `categorical` | `ordinal` |

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::data::{Block, BlockKind};
use crate::distribution::{Family, LikelihoodBlock, Variance};
use crate::{Error, Result};

/// The key for every column that a distribution can describe.
pub const ANY_COLUMN: &str = "*";

/// Components of a `discretized_logistic` whose number is not given.
const COMPONENTS: usize = 5;
const MOST_COMPONENTS: usize = 100;

/// A distribution by name, as in `model.likelihood`; a Gaussian's variance is `model.variance`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum LikelihoodName {
    /// `bernoulli`.
    Bernoulli,
    /// `continuous_bernoulli`.
    ContinuousBernoulli,
    /// `gaussian`.
    Gaussian,
    /// `student_t`.
    StudentT,
    /// `laplace`.
    Laplace,
    /// `categorical`.
    Categorical,
    /// `ordinal`.
    Ordinal,
    /// `poisson`.
    Poisson,
    /// `negative_binomial`.
    NegativeBinomial,
    /// `beta_binomial`.
    BetaBinomial,
    /// `discretized_logistic`, or `discretized_logistic:COMPONENTS`.
    DiscretizedLogistic {
        /// How many.
        components: usize,
    },
}

use LikelihoodName as Name;

const MIXTURE: Name = Name::DiscretizedLogistic { components: COMPONENTS };

const ALL: [Name; 11] = [
    Name::Bernoulli,
    Name::ContinuousBernoulli,
    Name::Gaussian,
    Name::StudentT,
    Name::Laplace,
    Name::Categorical,
    Name::Ordinal,
    Name::Poisson,
    Name::NegativeBinomial,
    Name::BetaBinomial,
    MIXTURE,
];

impl Name {
    /// The name without what may stand after a colon.
    fn word(self) -> &'static str {
        match self {
            Name::Bernoulli => "bernoulli",
            Name::ContinuousBernoulli => "continuous_bernoulli",
            Name::Gaussian => "gaussian",
            Name::StudentT => "student_t",
            Name::Laplace => "laplace",
            Name::Categorical => "categorical",
            Name::Ordinal => "ordinal",
            Name::Poisson => "poisson",
            Name::NegativeBinomial => "negative_binomial",
            Name::BetaBinomial => "beta_binomial",
            Name::DiscretizedLogistic { .. } => "discretized_logistic",
        }
    }

    fn family(self, variance: Variance) -> Family {
        match self {
            Name::Bernoulli => Family::Bernoulli,
            Name::ContinuousBernoulli => Family::ContinuousBernoulli,
            Name::Gaussian => Family::Gaussian { variance },
            Name::StudentT => Family::StudentT,
            Name::Laplace => Family::Laplace,
            Name::Categorical => Family::Categorical,
            Name::Ordinal => Family::Ordinal,
            Name::Poisson => Family::Poisson,
            Name::NegativeBinomial => Family::NegativeBinomial,
            Name::BetaBinomial => Family::BetaBinomial,
            Name::DiscretizedLogistic { components } => Family::DiscretizedLogistic { components },
        }
    }

    /// Whether columns of this kind can have the distribution.
    fn describes(self, kind: BlockKind) -> bool {
        possible(kind).iter().any(|name| name.word() == self.word())
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Name::DiscretizedLogistic { components } => write!(f, "{}:{components}", self.word()),
            _ => f.write_str(self.word()),
        }
    }
}

impl FromStr for Name {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (word, components) = match text.split_once(':') {
            Some((word, components)) => (word, Some(components)),
            None => (text, None),
        };
        let known = ALL.into_iter().find(|name| name.word() == word);
        match (known, components.map(str::parse::<usize>)) {
            (Some(name), None) => Ok(name),
            (Some(MIXTURE), Some(Ok(components))) if (1..=MOST_COMPONENTS).contains(&components) => {
                Ok(Name::DiscretizedLogistic { components })
            }
            (Some(MIXTURE), _) => {
                let expected = format!("discretized_logistic:N with 1 to {MOST_COMPONENTS} components");
                Err(Error::config("likelihood", expected, format!("'{text}'")))
            }
            _ => Err(Error::config("likelihood", listed(&ALL), format!("'{text}'"))),
        }
    }
}

impl TryFrom<String> for Name {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<Name> for String {
    fn from(name: Name) -> String {
        name.to_string()
    }
}

/// What columns of a kind can have.
fn possible(kind: BlockKind) -> &'static [Name] {
    match kind {
        BlockKind::Pixels => &[
            Name::Bernoulli,
            Name::ContinuousBernoulli,
            Name::Gaussian,
            Name::StudentT,
            Name::Laplace,
            Name::BetaBinomial,
            MIXTURE,
        ],
        BlockKind::Numeric => &[Name::Gaussian, Name::StudentT, Name::Laplace],
        BlockKind::Count => {
            &[Name::NegativeBinomial, Name::Poisson, Name::Gaussian, Name::StudentT, Name::Laplace]
        }
        BlockKind::Binary => &[Name::Bernoulli],
        BlockKind::Categorical => &[Name::Categorical],
        BlockKind::Ordinal => &[Name::Ordinal, Name::Categorical],
    }
}

/// The key of a kind of column.
fn kind_key(kind: BlockKind) -> &'static str {
    match kind {
        BlockKind::Pixels => "pixels",
        BlockKind::Numeric => "numeric",
        BlockKind::Count => "count",
        BlockKind::Binary => "binary",
        BlockKind::Categorical => "categorical",
        BlockKind::Ordinal => "ordinal",
    }
}

/// What is known of the model when a distribution is left open.
pub(super) struct Defaults {
    pub variational: bool,
    pub black_and_white: bool,
    pub variance: Variance,
}

impl Defaults {
    fn of(&self, kind: BlockKind) -> Name {
        match kind {
            BlockKind::Pixels if self.variational && !self.black_and_white => Name::Gaussian,
            BlockKind::Count if !self.variational => Name::Gaussian,
            _ => possible(kind)[0],
        }
    }
}

/// What the keys say of a column of this name and kind, if they say anything.
pub(super) fn asked(asked: &BTreeMap<String, Name>, column: &str, kind: BlockKind) -> Option<Name> {
    let any = || asked.get(ANY_COLUMN).filter(|name| name.describes(kind));
    asked.get(column).or_else(|| asked.get(kind_key(kind))).or_else(any).copied()
}

/// The blocks' distributions. What was left open is written into `choices`, so that it stays as it is.
pub(super) fn resolve(
    choices: &mut BTreeMap<String, Name>,
    blocks: &[Block],
    defaults: &Defaults,
) -> Result<Vec<LikelihoodBlock>> {
    check_keys(choices, blocks)?;
    let is_column = |key: &str| blocks.iter().any(|block| block.names.iter().any(|name| name == key));
    let mut likelihood: Vec<LikelihoodBlock> = vec![];
    let mut decided = vec![];
    for block in blocks {
        let first = likelihood.len();
        let each = block.width / block.names.len().max(1);
        for (position, column) in block.names.iter().enumerate() {
            let choice = asked(choices, column, block.kind);
            let name = choice.unwrap_or_else(|| defaults.of(block.kind));
            check_pair(column, block.kind, name)?;
            if choice.is_none() {
                let kind = kind_key(block.kind);
                // A key that is also the name of a column would mean that column as well.
                decided.push((if is_column(kind) { column.as_str() } else { kind }, name));
            }
            let family = name.family(defaults.variance);
            match likelihood[first..].last_mut().filter(|last| last.family == family) {
                Some(last) => last.width += each,
                None => {
                    let start = block.start + position * each;
                    likelihood.push(LikelihoodBlock { family, start, width: each });
                }
            }
        }
    }
    choices.extend(decided.into_iter().map(|(key, name)| (key.to_string(), name)));
    Ok(likelihood)
}

/// Every key means a column, and `*` at least one that its distribution can describe.
fn check_keys(choices: &BTreeMap<String, Name>, blocks: &[Block]) -> Result<()> {
    for (key, name) in choices {
        let means = |block: &Block| match key.as_str() {
            ANY_COLUMN => name.describes(block.kind),
            key => kind_key(block.kind) == key || block.names.iter().any(|column| column == key),
        };
        if blocks.iter().any(means) {
            continue;
        }
        let mut kinds: Vec<&str> = blocks.iter().map(|block| kind_key(block.kind)).collect();
        kinds.dedup();
        let kinds = kinds.join(", ");
        return Err(match key.as_str() {
            ANY_COLUMN => Error::config(
                "likelihood",
                format!("one that the data's columns can have; they are {kinds}{}", advice(*name)),
                name,
            ),
            key => {
                let expected = format!("a column's name, * or a kind of column there is ({kinds})");
                Error::config("likelihood", expected, format!("'{key}'"))
            }
        });
    }
    Ok(())
}

fn check_pair(column: &str, kind: BlockKind, name: Name) -> Result<()> {
    if name.describes(kind) {
        return Ok(());
    }
    let expected = format!("{} for {} columns{}", listed(possible(kind)), kind_key(kind), advice(name));
    Err(Error::config(format!("likelihood of '{column}'"), expected, name))
}

/// How a column becomes one that the distribution can describe.
fn advice(name: Name) -> &'static str {
    match name {
        Name::Poisson | Name::NegativeBinomial => {
            "; a column of counts takes --type COLUMN=count and --counts log1p"
        }
        Name::Ordinal => "; a column of ordered levels takes --type COLUMN=ordinal",
        Name::Categorical => "; a column of categories takes --type COLUMN=categorical",
        Name::BetaBinomial | Name::DiscretizedLogistic { .. } => "; pictures have pixels",
        _ => "",
    }
}

fn listed(names: &[Name]) -> String {
    let words: Vec<&str> = names.iter().map(|name| name.word()).collect();
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => words.concat(),
    }
}

#[cfg(test)]
mod tests;
