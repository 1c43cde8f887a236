//! A mixture of logistic densities, each integrated over the 256 levels of an 8-bit pixel; the
//! column contains k/255.
//! (Salimans et al. 2017, eq. 1 and 2; pixels and colours are independent here.)
//!
//! ```text
//! p(k) = Σ_i π_i [σ(b_i) − σ(a_i)],   b_i = (x + ½/255 − μ_i) / s_i,
//!     a_i = (x − ½/255 − μ_i) / s_i
//! log[σ(b) − σ(a)] = log σ(b) + log σ(−a) + log(1 − e^(a−b)),   b − a = 1 / (255 s)
//! ```
//! The lowest level extends to −∞ (no a), the highest to +∞ (no b). With m components the decoder
//! gives 3m outputs per pixel: first all mixture logits, then all μ, then all log s, each as m ×
//! pixels; log s is smoothly bounded to (−7, 0). Values between two levels are rounded.

use crate::tensor::{
    Tensor,
    activation::{log_sigmoid, log_softmax, softmax},
};

use super::Distribution;
use super::beta_binomial::levels;
use super::categorical::draw_one_hot;
use super::cumulative::{Cumulative, LEVELS, Law};
use super::smooth_bounds::bound;
use crate::random::{RngExt, Stream};
use crate::stats::elementary::double::{exp, ln, powi};
use crate::tensor::{log_one_minus_exp, log_sum_exp, softplus, to_host};

/// Of log s.
pub(crate) const LOG_LEVEL_SCALE_BOUNDS: (f64, f64) = (-7.0, 0.0);
/// The range outside [0, 1] to which component means are clamped for the mean; s ≤ 1, so the mean
/// does not change further out.
pub(crate) const BESIDE: f64 = 40.0;

/// Each: batch × components × width.
pub(super) struct DiscretizedLogistic {
    logits: Tensor<3>,
    location: Tensor<3>,
    log_scale: Tensor<3>,
}

impl DiscretizedLogistic {
    /// From the outputs, batch × (3 · components · width).
    pub fn new(outputs: Tensor<2>, components: usize) -> Self {
        let [rows, all] = outputs.dims();
        let third = all / 3;
        let part =
            |k| outputs.clone().narrow(1, k * third, third).reshape([rows, components, third / components]);
        DiscretizedLogistic {
            logits: part(0),
            location: part(1),
            log_scale: bound(part(2), LOG_LEVEL_SCALE_BOUNDS),
        }
    }
}

impl Distribution for DiscretizedLogistic {
    fn negative_log_likelihood(&self, x: Tensor<2>) -> Tensor<2> {
        let level = levels(x).unsqueeze_dim::<3>(1);
        let first = level.clone().below(0.5).float();
        let last = level.clone().above(LEVELS - 0.5).float();
        let sharpness = self.log_scale.clone().neg().exp();
        let distance = level * LEVELS.recip() - self.location.clone();
        let upper = log_sigmoid((distance.clone() + 0.5 / LEVELS) * sharpness.clone());
        let lower = log_sigmoid((distance - 0.5 / LEVELS).neg() * sharpness.clone());
        let width = log_one_minus_exp(sharpness * LEVELS.recip());
        let inside = (first.clone() + last.clone()).neg() + 1.0;
        let mass = upper * (last.neg() + 1.0) + lower * (first.neg() + 1.0) + width * inside;
        log_sum_exp(log_softmax(self.logits.clone(), 1) + mass, 1).squeeze_dim::<2>(1).neg()
    }

    /// ∫₀¹ P(X > t) dt = s [softplus(μ/s) − softplus((μ−1)/s)] for each component: the mean of the
    /// continuous pixel, clamped to [0, 1]. Rounding to levels changes it by less than a tenth of a
    /// level.
    fn mean(&self) -> Tensor<2> {
        let (scale, sharpness) = (self.log_scale.clone().exp(), self.log_scale.clone().neg().exp());
        let location = self.location.clone().clamp(-BESIDE, 1.0 + BESIDE);
        let above = softplus(location.clone() * sharpness.clone()) - softplus((location - 1.0) * sharpness);
        let mean = softmax(self.logits.clone(), 1) * (above * scale).clamp(0.0, 1.0);
        mean.sum_dim(1).squeeze_dim::<2>(1)
    }

    fn cumulative(&self) -> Option<Cumulative> {
        let [_, components, width] = self.logits.dims();
        let law = Law::LogisticMixture {
            weight: to_host(softmax(self.logits.clone(), 1)),
            location: to_host(self.location.clone()),
            sharpness: to_host(self.log_scale.clone()).into_iter().map(|s| exp(-f64::from(s))).collect(),
            components,
        };
        Some(Cumulative::new(width, law))
    }

    fn sample(&self, noise: &mut Stream) -> Vec<f32> {
        let [rows, components, width] = self.logits.dims();
        // Components last, for drawing.
        let last = |t: &Tensor<3>| to_host(t.clone().swap_dims(1, 2));
        let chosen = draw_one_hot(last(&softmax(self.logits.clone(), 1)), components, noise);
        let (locations, scales) = (last(&self.location), last(&self.log_scale.clone().exp()));
        let mut out = Vec::with_capacity(rows * width);
        for (pixel, one_hot) in chosen.chunks_exact(components).enumerate() {
            let component = one_hot.iter().position(|&c| c > 0.0).unwrap_or(0);
            let at = pixel * components + component;
            // In (0, 1), so that its logit is finite.
            let u = noise.random::<f64>().max(powi(2.0, -60));
            let x = f64::from(locations[at]) + f64::from(scales[at]) * ln(u / (1.0 - u));
            out.push(((x * LEVELS).round().clamp(0.0, LEVELS) / LEVELS) as f32);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::Device;

    #[test]
    fn one_wide_component_as_worked_by_hand() {
        let device = Device::cpu_f64();
        // μ = ½: levels 0 and 255 by symmetry σ((½/255 − ½)/s).
        let block = |value| device.tensor(vec![value, value], [1, 1, 2]);
        let one = DiscretizedLogistic { logits: block(0.3), location: block(0.5), log_scale: block(-2.0) };
        let found = to_host(one.negative_log_likelihood(device.tensor(vec![0.0, 1.0], [1, 2])));
        let expected = (((0.5 - 0.5 / 255.0) * 2f64.exp()).exp() + 1.0).ln() as f32;
        assert!(found.iter().all(|f| (f - expected).abs() < 1e-5), "{found:?} {expected}");
    }
}
