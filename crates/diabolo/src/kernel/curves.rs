//! Activations and their derivatives, value and slope in one pass.

use super::fast;
use super::math::{normal, sigmoid, sigmoid_softplus, tanh};
use crate::nn::Activation;

/// Runs `$body` with `$at` being a ↦ (φ(a), φ′(a)) of the curve, compiled once for each of them.
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
            // Written so that a NaN remains one.
            Activation::Relu => with_curve!(@ $at, $body, |a: f32| if a <= 0.0 { (0.0, 0.0) } else { (a, 1.0) }),
            Activation::Identity => with_curve!(@ $at, $body, |a: f32| (a, 1.0)),
        }
    };
    (@ $at:ident, $body:expr, $curve:expr) => {{
        let $at = $curve;
        fast(
            #[inline(always)]
            || $body,
        )
    }};
}

impl Activation {
    /// a ← φ(a + b), `bias` being that of every row.
    pub(super) fn apply(self, a: &mut [f32], bias: &[f32]) {
        with_curve!(self, at => for row in a.chunks_exact_mut(bias.len().max(1)) {
            row.iter_mut().zip(bias).for_each(|(a, b)| *a = at(*a + b).0);
        });
    }

    /// a ← φ(a + b); returns φ′ there, or nothing if it is 1 everywhere.
    pub(super) fn apply_with_slope(self, a: &mut [f32], bias: &[f32]) -> Option<Vec<f32>> {
        if self == Activation::Identity {
            self.apply(a, bias);
            return None;
        }
        let mut slopes = Vec::with_capacity(a.len());
        with_curve!(self, at => for row in a.chunks_exact_mut(bias.len().max(1)) {
            slopes.extend(row.iter_mut().zip(bias).map(|(a, b)| {
                let (value, slope) = at(*a + b);
                *a = value;
                slope
            }));
        });
        Some(slopes)
    }
}
