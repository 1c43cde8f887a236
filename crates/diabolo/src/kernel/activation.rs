//! Activation functions: value and derivative in one pass. `nn::activation` has the tensor
//! operations.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::threads::rows_per_thread;
use super::{buffer, dispatch_simd};
use diabolo_stats::elementary::single::{normal, sigmoid, sigmoid_softplus, tanh};

/// An element-wise non-linearity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// 1/(1+e^−a), in (0, 1).
    Sigmoid,
    /// Hyperbolic tangent, in (−1, 1).
    Tanh,
    /// log(1+e^a), a smooth ReLU.
    Softplus,
    /// a·σ(a), also called swish.
    Silu,
    /// a·Φ(a) with the exact normal distribution function Φ.
    Gelu,
    /// max(a, 0).
    Relu,
    /// a itself.
    Identity,
}

/// Runs `$body` with `$at` being a ↦ (φ(a), φ′(a)), compiled once for each activation.
macro_rules! with_curve {
    ($curve:expr, $at:ident => $body:expr) => {
        match $curve {
            Activation::Sigmoid => with_curve!(@ $at, $body, |a: f32| {
                let h = sigmoid(a);
                (h, h * (1.0 - h))
            }),
            Activation::Tanh => with_curve!(@ $at, $body, |a: f32| {
                let h = tanh(a);
                (h, 1.0 - h * h)
            }),
            Activation::Softplus => with_curve!(@ $at, $body, |a: f32| {
                let (slope, h) = sigmoid_softplus(a);
                (h, slope)
            }),
            Activation::Silu => with_curve!(@ $at, $body, |a: f32| {
                let s = sigmoid(a);
                let h = a * s;
                (h, s + h * (1.0 - s))
            }),
            Activation::Gelu => with_curve!(@ $at, $body, |a: f32| {
                let (below, density) = normal(a);
                (a * below, below + a * density)
            }),
            // Written so that NaN is preserved.
            Activation::Relu => with_curve!(@ $at, $body, |a: f32| if a <= 0.0 { (0.0, 0.0) } else { (a, 1.0) }),
            Activation::Identity => with_curve!(@ $at, $body, |a: f32| (a, 1.0)),
        }
    };
    (@ $at:ident, $body:expr, $curve:expr) => {{
        let $at = $curve;
        dispatch_simd(
            #[inline(always)]
            || $body,
        )
    }};
}

impl Activation {
    /// Every activation, in the order of the documentation.
    pub const ALL: [Activation; 7] = [
        Activation::Sigmoid,
        Activation::Tanh,
        Activation::Softplus,
        Activation::Silu,
        Activation::Gelu,
        Activation::Relu,
        Activation::Identity,
    ];

    /// The two limits at which a unit saturates, if the function has them.
    pub fn bounds(self) -> Option<(f32, f32)> {
        match self {
            Activation::Sigmoid => Some((0.0, 1.0)),
            Activation::Tanh => Some((-1.0, 1.0)),
            _ => None,
        }
    }

    /// The name used in configuration files and flags.
    pub fn name(self) -> &'static str {
        match self {
            Activation::Sigmoid => "sigmoid",
            Activation::Tanh => "tanh",
            Activation::Softplus => "softplus",
            Activation::Silu => "silu",
            Activation::Gelu => "gelu",
            Activation::Relu => "relu",
            Activation::Identity => "identity",
        }
    }

    /// a ← φ(a + b), where all rows share `bias`.
    pub(crate) fn apply(self, a: &mut [f32], bias: &[f32]) {
        let width = bias.len().max(1);
        let part = width * rows_per_thread(a.len() / width, width);
        let of_part = |a: &mut [f32]| {
            with_curve!(self, at => for row in a.chunks_exact_mut(width) {
                row.iter_mut().zip(bias).for_each(|(a, b)| *a = at(*a + b).0);
            });
        };
        match part >= a.len() {
            true => of_part(a),
            false => a.par_chunks_mut(part).for_each(of_part),
        }
    }

    /// a ← φ(a + b); returns φ′, or `None` if it is 1 everywhere.
    pub(crate) fn apply_with_slope(self, a: &mut [f32], bias: &[f32]) -> Option<Vec<f32>> {
        if self == Activation::Identity {
            self.apply(a, bias);
            return None;
        }
        let mut slopes = buffer::take(a.len());
        let width = bias.len().max(1);
        let part = width * rows_per_thread(a.len() / width, width);
        let parts = a.par_chunks_mut(part).zip(slopes.par_chunks_mut(part));
        match parts.len() {
            1 => self.apply_to_rows(a, bias, &mut slopes),
            _ => parts.for_each(|(a, slopes)| self.apply_to_rows(a, bias, slopes)),
        }
        Some(slopes)
    }

    fn apply_to_rows(self, a: &mut [f32], bias: &[f32], slopes: &mut [f32]) {
        let width = bias.len().max(1);
        with_curve!(self, at => for (row, slopes) in a.chunks_exact_mut(width).zip(slopes.chunks_exact_mut(width)) {
            for ((a, b), slope) in row.iter_mut().zip(bias).zip(slopes) {
                (*a, *slope) = at(*a + b);
            }
        });
    }
}
