//! Categorical: one of K values, softmax over K logits; `x` is one-hot.
//!
//! ```text
//! −log p(x) = −Σ_k x_k log softmax(l)_k
//! ```

use burn::tensor::{Tensor, activation};

/// −x_k log p_k, element by element, in nats; summing over the K columns gives the row's value.
pub(super) fn negative_log_likelihood(logits: Tensor<2>, x: Tensor<2>) -> Tensor<2> {
    activation::log_softmax(logits, 1).neg() * x
}

/// The K probabilities.
pub(super) fn mean(logits: Tensor<2>) -> Tensor<2> {
    activation::softmax(logits, 1)
}
