//! What is tested for drift: the score, a column, a latent dimension.

use crate::data::Feature;
use crate::stats::{Difference, Histogram, difference, difference_of_categories};

/// A variable has drifted if its corrected p-value is at most this.
pub const LEVEL: f64 = 0.05;

/// The variable of a histogram.
pub(super) enum Variable<'a> {
    Score,
    Column(usize, &'a Feature),
    Latent(usize),
}

impl Variable<'_> {
    pub(super) fn name(&self) -> String {
        match self {
            Variable::Score => "score".into(),
            Variable::Column(_, feature) => feature.name.clone(),
            Variable::Latent(unit) => format!("latent_{}", unit + 1),
        }
    }

    pub(super) fn kind(&self) -> &'static str {
        match self {
            Variable::Score => "score",
            Variable::Column(_, feature) => feature.kind.name(),
            Variable::Latent(_) => "latent",
        }
    }

    /// The categories, if it is categorical.
    pub(super) fn categories(&self) -> &[String] {
        match self {
            Variable::Column(_, feature) => feature.kind.categories(),
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
