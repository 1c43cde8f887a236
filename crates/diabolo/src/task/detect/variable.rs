//! What is tested for drift: the score, a column, a latent dimension.

use std::borrow::Cow;

use crate::data::Feature;
use crate::stats::{Difference, Histogram, difference, difference_of_categories};

/// A variable has drifted if its corrected p-value is at most this.
pub const LEVEL: f64 = 0.05;

/// The variable of a histogram.
pub(super) enum Variable<'a> {
    Score,
    /// By its position, and the levels that the model tells apart.
    Column(usize, &'a Feature, Cow<'a, [String]>),
    Latent(usize),
}

impl Variable<'_> {
    pub(super) fn name(&self) -> String {
        match self {
            Variable::Score => "score".into(),
            Variable::Column(_, feature, _) => feature.name.clone(),
            Variable::Latent(unit) => format!("latent_{}", unit + 1),
        }
    }

    pub(super) fn kind(&self) -> &'static str {
        match self {
            Variable::Score => "score",
            Variable::Column(_, feature, _) => feature.kind.name(),
            Variable::Latent(_) => "latent",
        }
    }

    /// The categories, if it is categorical.
    pub(super) fn categories(&self) -> &[String] {
        match self {
            Variable::Column(_, _, levels) => levels,
            _ => &[],
        }
    }

    /// The test of two samples; `None` of too few.
    pub(super) fn difference(&self, old: &Histogram, new: &Histogram) -> Option<Difference> {
        match self.categories() {
            [] => difference(&old.counts, &new.counts),
            _ => difference_of_categories(&old.counts, &new.counts),
        }
    }
}
