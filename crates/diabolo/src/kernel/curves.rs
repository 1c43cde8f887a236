//! Activations and their derivatives, value and slope in one pass.

use super::fast;
use super::math::{normal, sigmoid, sigmoid_softplus, tanh};

/// An element-wise non-linearity, as `nn::Activation` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "explained where nn names them")]
pub enum Curve {
    Sigmoid,
    Tanh,
    Softplus,
    Silu,
    Gelu,
    Relu,
    Identity,
}

/// Runs `$body` with `$at` being a ↦ (φ(a), φ′(a)) of the curve, compiled once for each of them.
macro_rules! with_curve {
    ($curve:expr, $at:ident => $body:expr) => {
        match $curve {
            Curve::Sigmoid => with_curve!(@ $at, $body, |a: f32| {
                let h = sigmoid(a);
                (h, h * (1.0 - h))
            }),
            Curve::Tanh => with_curve!(@ $at, $body, |a: f32| {
                let h = tanh(a);
                (h, 1.0 - h * h)
            }),
            Curve::Softplus => with_curve!(@ $at, $body, |a: f32| {
                let (slope, h) = sigmoid_softplus(a);
                (h, slope)
            }),
            Curve::Silu => with_curve!(@ $at, $body, |a: f32| {
                let s = sigmoid(a);
                let h = a * s;
                (h, s + h * (1.0 - s))
            }),
            Curve::Gelu => with_curve!(@ $at, $body, |a: f32| {
                let (below, density) = normal(a);
                (a * below, below + a * density)
            }),
            // Written so that a NaN remains one.
            Curve::Relu => with_curve!(@ $at, $body, |a: f32| if a <= 0.0 { (0.0, 0.0) } else { (a, 1.0) }),
            Curve::Identity => with_curve!(@ $at, $body, |a: f32| (a, 1.0)),
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

impl Curve {
    /// a ← φ(a).
    pub(super) fn apply(self, a: &mut [f32]) {
        if self != Curve::Identity {
            with_curve!(self, at => a.iter_mut().for_each(|a| *a = at(*a).0));
        }
    }

    /// a ← φ(a); returns φ′ there, or nothing if it is 1 everywhere.
    pub(super) fn apply_with_slope(self, a: &mut [f32]) -> Option<Vec<f32>> {
        (self != Curve::Identity).then(|| {
            let mut slope = Vec::with_capacity(a.len());
            with_curve!(self, at => slope.extend(a.iter_mut().map(|a| {
                let (value, slope) = at(*a);
                *a = value;
                slope
            })));
            slope
        })
    }
}
