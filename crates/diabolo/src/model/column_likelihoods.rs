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
//!
//! Columns of one number each can also have `custom:NAME`: see [`register`](crate::distribution::register).

use std::collections::BTreeMap;

use crate::data::{Block, BlockKind};
use crate::distribution::{Family, LikelihoodBlock, Variance};
use crate::{Error, Result};

/// The key for every column that a distribution can describe.
pub const ANY_COLUMN: &str = "*";

/// Whether columns of this kind can have the distribution. One of your own describes columns of one number each.
fn describes(family: Family, kind: BlockKind) -> bool {
    match family {
        Family::Custom(_) => !matches!(kind, BlockKind::Categorical | BlockKind::Ordinal),
        _ => possible(kind).iter().any(|other| other.word() == family.word()),
    }
}

/// What columns of a kind can have.
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
        BlockKind::Numeric => &[Family::Gaussian, Family::StudentT, Family::Laplace],
        BlockKind::Count => {
            &[Family::NegativeBinomial, Family::Poisson, Family::Gaussian, Family::StudentT, Family::Laplace]
        }
        BlockKind::Binary => &[Family::Bernoulli],
        BlockKind::Categorical => &[Family::Categorical],
        BlockKind::Ordinal => &[Family::Ordinal, Family::Categorical],
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
    fn of(&self, kind: BlockKind) -> Family {
        match kind {
            BlockKind::Pixels if self.variational && !self.black_and_white => Family::Gaussian,
            BlockKind::Count if !self.variational => Family::Gaussian,
            _ => possible(kind)[0],
        }
    }
}

/// What the keys say of a column of this name and kind, if they say anything.
pub(super) fn asked(asked: &BTreeMap<String, Family>, column: &str, kind: BlockKind) -> Option<Family> {
    let any = || asked.get(ANY_COLUMN).filter(|name| describes(**name, kind));
    asked.get(column).or_else(|| asked.get(kind_key(kind))).or_else(any).copied()
}

/// The blocks' distributions. What was left open is written into `choices`, so that it stays as it is.
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
                // A key that is also the name of a column would mean that column as well.
                decided.push((if is_column(kind) { column.as_str() } else { kind }, name));
            }
            match likelihood[first..].last_mut().filter(|last| last.family == name) {
                Some(last) => last.width += each,
                None => {
                    let start = block.start + position * each;
                    let variance = defaults.variance;
                    likelihood.push(LikelihoodBlock { family: name, variance, start, width: each });
                }
            }
        }
    }
    choices.extend(decided.into_iter().map(|(key, name)| (key.to_string(), name)));
    Ok(likelihood)
}

/// Every key means a column, and `*` at least one that its distribution can describe.
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

fn check_pair(column: &str, kind: BlockKind, name: Family) -> Result<()> {
    name.check_registered()?;
    if describes(name, kind) {
        return Ok(());
    }
    let expected =
        format!("{} for {} columns{}", Family::listed(possible(kind)), kind_key(kind), advice(name));
    Err(Error::config(format!("likelihood of '{column}'"), expected, name))
}

/// How a column becomes one that the distribution can describe.
fn advice(name: Family) -> &'static str {
    match name {
        Family::Poisson | Family::NegativeBinomial => {
            "; a column of counts takes --type COLUMN=count and --counts log1p"
        }
        Family::Ordinal => "; a column of ordered levels takes --type COLUMN=ordinal",
        Family::Categorical => "; a column of categories takes --type COLUMN=categorical",
        Family::BetaBinomial | Family::DiscretizedLogistic { .. } => "; pictures have pixels",
        _ => "",
    }
}

#[cfg(test)]
mod tests;
