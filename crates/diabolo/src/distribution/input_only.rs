//! Inputs of the encoder that the decoder does not describe.

use crate::tensor::{Tensor, to_host};

use super::Distribution;
use crate::random::Stream;

/// Columns without a likelihood: −log p = 0, and every mean and draw is 0, the value of a missing
/// cell. The decoder's outputs for them are not used; a tied decoder has them.
pub(super) struct InputOnly {
    /// batch × width
    pub outputs: Tensor<2>,
}

impl Distribution for InputOnly {
    fn negative_log_likelihood(&self, x: Tensor<2>) -> Tensor<2> {
        x.zeros_like()
    }

    fn mean(&self) -> Tensor<2> {
        self.outputs.zeros_like()
    }

    fn sample(&self, _noise: &mut Stream) -> Vec<f32> {
        to_host(self.mean())
    }
}
