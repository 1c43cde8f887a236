//! Bernoulli: one probability p = σ(logit) per feature, for values in {0, 1} (or intensities in [0, 1]).
//!
//! ```text
//! −log p(x) = softplus(l) − x l = (1 − x) l − log σ(l)
//! ```
//! The second form needs one transcendental pass and is exact for logits of any size.

use burn::tensor::{Tensor, activation};

/// −log p(x | logits), element by element, in nats. All shapes: batch × width.
pub(super) fn negative_log_likelihood(logits: Tensor<2>, x: Tensor<2>) -> Tensor<2> {
    (x.neg() + 1.0) * logits.clone() - activation::log_sigmoid(logits)
}

/// The mean, σ(logits).
pub(super) fn mean(logits: Tensor<2>) -> Tensor<2> {
    activation::sigmoid(logits)
}
