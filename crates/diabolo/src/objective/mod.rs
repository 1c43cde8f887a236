//! The training objective: named terms, each with one value per example in nats, and their weights.

mod contraction;
mod corruption;
mod discrepancy;
mod estimator;
mod importance;
mod sparsity;
mod total_correlation;
mod trim;
mod warmup;

pub use contraction::{EncoderTrace, rademacher};
pub use corruption::Corruption;
pub use discrepancy::maximum_mean_discrepancy;
pub use estimator::{Estimator, LayerSize};
pub use importance::{importance_bound, normalized_weights, scale_gradient, with_gradient_of};
pub use sparsity::Sparsity;
pub use total_correlation::{KlParts, kl_parts};
pub use trim::trimmed;
pub use warmup::Warmup;

use crate::tensor::Tensor;

/// One named part of the objective.
pub struct Term {
    /// The unique name, such as "reconstruction", "kl_divergence", "contraction". Training computes
    /// "objective" and "negative_elbo" from the terms, and refuses terms with these names.
    pub name: &'static str,
    /// One value per example: shape batch.
    pub value: Tensor<1>,
    /// Its weight in the objective, at this step.
    pub weight: f64,
}

impl Term {
    /// A term with weight 1.
    pub fn new(name: &'static str, value: Tensor<1>) -> Self {
        Term { name, value, weight: 1.0 }
    }

    /// The same term with another weight.
    pub fn weighted(mut self, weight: f64) -> Self {
        self.weight = weight;
        self
    }
}

/// Σ_terms weight · mean over examples. A term with weight 0 is reported without computing its
/// gradient.
///
/// # Panics
/// If no term has a non-zero weight.
pub fn objective(terms: &[Term]) -> Tensor<1> {
    terms
        .iter()
        .filter(|term| term.weight != 0.0)
        .map(|term| term.value.clone().mean() * term.weight)
        .reduce(|sum, term| sum + term)
        .expect("the reconstruction always counts")
}
