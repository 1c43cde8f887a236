//! Bernoulli: one probability p = σ(logit) per feature, for values in {0, 1} (or intensities in [0,
//! 1]).
//!
//! ```text
//! −log p(x) = softplus(l) − x l = (1 − x) l − log σ(l)
//! ```
//! The second form needs one transcendental pass and is exact for logits of any size.
//! The decoder gives one logit per feature; there are no other parameters.

use crate::tensor::{Tensor, activation};

use super::cumulative::{Cumulative, Law};
use super::{Distribution, masked_sum};
use crate::kernel::ElementLoss;
use crate::random::{RngExt, Stream};
use crate::tensor::{fused, repeat_rows, to_host};

pub(super) struct Bernoulli {
    /// batch × width.
    pub logits: Tensor<2>,
}

impl Distribution for Bernoulli {
    fn negative_log_likelihood(&self, x: Tensor<2>) -> Tensor<2> {
        (x.neg() + 1.0) * self.logits.clone() - activation::log_sigmoid(self.logits.clone())
    }

    fn summed(&self, x: Tensor<2>, observed: Option<Tensor<2>>, times: usize) -> Tensor<1> {
        if fused::is_supported(&self.logits) {
            return fused::negative_log_likelihood(ElementLoss::Bernoulli, self.logits.clone(), x, observed);
        }
        masked_sum(self.negative_log_likelihood(repeat_rows(x, times)), observed, times)
    }

    fn mean(&self) -> Tensor<2> {
        activation::sigmoid(self.logits.clone())
    }

    fn cumulative(&self) -> Option<Cumulative> {
        let width = self.logits.dims()[1];
        Some(Cumulative::new(width, Law::Bernoulli(to_host(self.mean()))))
    }

    fn sample(&self, noise: &mut Stream) -> Vec<f32> {
        to_host(self.mean()).into_iter().map(|p| (noise.random::<f32>() < p) as u8 as f32).collect()
    }
}
