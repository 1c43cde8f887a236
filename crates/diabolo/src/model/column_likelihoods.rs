//! The likelihood of each column: from the configuration, else by default for its type.
//!
//! A key of `model.likelihood` is the name of a column, a column type (`pixels`, `numeric`,
//! `count`, `datetime`, `binary`, `categorical`, `ordinal`), or `*` for every column that the
//! distribution can describe. The name overrides the type, which overrides `*`.
//!
//! | type | possible | default |
//! |---|---|---|
//! | `pixels` | `bernoulli`, `continuous_bernoulli`, `gaussian`, `student_t`, `laplace`, `beta_binomial`, `discretized_logistic` | `gaussian` for variational models of images that are not nearly black and white, else `bernoulli` |
//! | `numeric` | `gaussian`, `student_t`, `laplace` | `gaussian` |
//! | `count` | `negative_binomial`, `poisson`, `gaussian`, `student_t`, `laplace` | `negative_binomial` for variational models, else `gaussian` |
//! | `datetime` | `gaussian`, `student_t`, `laplace` | `gaussian` |
//! | `binary` | `bernoulli` | `bernoulli` |
//! | `categorical` | `categorical` | `categorical` |
//! | `ordinal` | `ordinal`, `categorical` | `categorical` with a tied decoder, else `ordinal` |
//!
//! The positions of dates in the calendar are inputs of the encoder only: they have no likelihood.
//!
//! Columns of one number each can also have `custom:NAME`; see
//! [`register`](crate::distribution::register).

use std::collections::BTreeMap;

use crate::data::{Block, BlockKind};
use crate::distribution::{Family, LikelihoodBlock, Variance};
use crate::{Error, Result};

/// The key for every column that a distribution can describe.
pub const ANY_COLUMN: &str = "*";

/// Whether columns of this type can have the distribution. A custom one is for columns of one
/// number each.
fn describes(family: Family, kind: BlockKind) -> bool {
    match family {
        Family::Custom(_) => !matches!(kind, BlockKind::Categorical | BlockKind::Ordinal),
        _ => possible(kind).iter().any(|other| other.word() == family.word()),
    }
}

/// The possible distributions of a column type.
fn possible(kind: BlockKind) -> &'static [Family] {
    match kind {
        BlockKind::Pixels => &[
            Family::Bernoulli,
            Family::ContinuousBernoulli,
            Family::Gaussian,
            Family::StudentT,
            Family::Laplace,
            Family::BetaBinomial,
            Family::MIXTURE,
        ],
        BlockKind::Numeric | BlockKind::Datetime => &[Family::Gaussian, Family::StudentT, Family::Laplace],
        BlockKind::Count => {
            &[Family::NegativeBinomial, Family::Poisson, Family::Gaussian, Family::StudentT, Family::Laplace]
        }
        BlockKind::Binary => &[Family::Bernoulli],
        BlockKind::Categorical => &[Family::Categorical],
        BlockKind::Ordinal => &[Family::Ordinal, Family::Categorical],
    }
}

/// The key of a column type.
fn kind_key(kind: BlockKind) -> &'static str {
    match kind {
        BlockKind::Pixels => "pixels",
        BlockKind::Numeric => "numeric",
        BlockKind::Count => "count",
        BlockKind::Datetime => "datetime",
        BlockKind::Binary => "binary",
        BlockKind::Categorical => "categorical",
        BlockKind::Ordinal => "ordinal",
    }
}

/// The properties of the model that determine default distributions.
pub(super) struct Defaults {
    pub variational: bool,
    pub tied: bool,
    pub black_and_white: bool,
    pub variance: Variance,
}

impl Defaults {
    fn of(&self, kind: BlockKind) -> Family {
        match kind {
            BlockKind::Pixels if self.variational && !self.black_and_white => Family::Gaussian,
            BlockKind::Count if !self.variational => Family::Gaussian,
            // A tied decoder has as many outputs as inputs.
            BlockKind::Ordinal if self.tied => Family::Categorical,
            _ => possible(kind)[0],
        }
    }
}

/// The configured distribution for a column with this name and type, if any.
pub(super) fn asked(asked: &BTreeMap<String, Family>, column: &str, kind: BlockKind) -> Option<Family> {
    let any = || asked.get(ANY_COLUMN).filter(|name| describes(**name, kind));
    asked.get(column).or_else(|| asked.get(kind_key(kind))).or_else(any).copied()
}

/// The distributions of the blocks. Defaults are written into `choices`, so that they are fixed.
pub(super) fn resolve(
    choices: &mut BTreeMap<String, Family>,
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
                // A key that is also the name of a column would also apply to that column.
                decided.push((if is_column(kind) { column.as_str() } else { kind }, name));
            }
            let start = block.start + position * each;
            // The first number of a date is the time.
            let width = if block.kind == BlockKind::Datetime { 1 } else { each };
            match likelihood[first..].last_mut().filter(|last| last.family == name) {
                Some(last) => last.width += width,
                None => {
                    let variance = defaults.variance;
                    likelihood.push(LikelihoodBlock { family: name, variance, start, width });
                }
            }
            if width < each {
                likelihood.push(LikelihoodBlock::new(Family::InputOnly, start + width..start + each));
            }
        }
    }
    choices.extend(decided.into_iter().map(|(key, name)| (key.to_string(), name)));
    Ok(likelihood)
}

/// Checks that every key matches a column, and `*` at least one that its distribution can describe.
fn check_keys(choices: &BTreeMap<String, Family>, blocks: &[Block]) -> Result<()> {
    for (key, name) in choices {
        let means = |block: &Block| match key.as_str() {
            ANY_COLUMN => describes(*name, block.kind),
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
                format!("one for the columns of the data, which are {kinds}{}", advice(*name)),
                name,
            ),
            key => {
                let expected = format!("the name of a column, * or a column type of the data ({kinds})");
                Error::config("likelihood", expected, format!("'{key}'"))
            }
        });
    }
    Ok(())
}

fn check_pair(column: &str, kind: BlockKind, name: Family) -> Result<()> {
    name.check_registered()?;
    if describes(name, kind) {
        return Ok(());
    }
    let expected =
        format!("{} for {} columns{}", Family::listed(possible(kind)), kind_key(kind), advice(name));
    Err(Error::config(format!("likelihood of '{column}'"), expected, name))
}

/// Advice on how to convert a column for the distribution.
fn advice(name: Family) -> &'static str {
    match name {
        Family::Poisson | Family::NegativeBinomial => {
            "; a column of counts needs --type COLUMN=count and --counts log1p"
        }
        Family::Ordinal => "; a column of ordered levels needs --type COLUMN=ordinal",
        Family::Categorical => "; a column of categories needs --type COLUMN=categorical",
        Family::BetaBinomial | Family::DiscretizedLogistic { .. } => "; it is for images",
        _ => "",
    }
}

#[cfg(test)]
mod tests;
