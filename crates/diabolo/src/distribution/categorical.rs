//! Categorical: one of K values, softmax over K logits; `x` is one-hot.
//!
//! ```text
//! −log p(x) = −Σ_k x_k log softmax(l)_k
//! ```
//! Element k of the result is −x_k log p_k; the sum over the K columns is the row's value.
//! The decoder gives K logits; there are no other parameters.

use crate::tensor::{Tensor, activation};

use super::Distribution;
use super::cumulative::{Cumulative, Law};
use crate::random::{RngExt, Stream, weighted_index_or_last};
use crate::tensor::to_host;

pub(super) struct Categorical {
    /// batch × K.
    pub logits: Tensor<2>,
}

impl Distribution for Categorical {
    fn negative_log_likelihood(&self, x: Tensor<2>) -> Tensor<2> {
        activation::log_softmax(self.logits.clone(), 1).neg() * x
    }

    /// The K probabilities.
    fn mean(&self) -> Tensor<2> {
        activation::softmax(self.logits.clone(), 1)
    }

    fn cumulative(&self) -> Option<Cumulative> {
        let width = self.logits.dims()[1];
        Some(Cumulative::new(width, Law::Levels(to_host(self.mean()))))
    }

    fn sample(&self, noise: &mut Stream) -> Vec<f32> {
        let width = self.logits.dims()[1];
        draw_one_hot(to_host(self.mean()), width, noise)
    }
}

/// One-hot rows drawn with the given probabilities.
pub(super) fn draw_one_hot(mut probabilities: Vec<f32>, width: usize, noise: &mut Stream) -> Vec<f32> {
    for row in probabilities.chunks_exact_mut(width) {
        let chosen = weighted_index_or_last(row, noise.random::<f32>().into());
        row.fill(0.0);
        row[chosen] = 1.0;
    }
    probabilities
}
