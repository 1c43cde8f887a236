//! Beta-binomial: an 8-bit pixel as n = 255 draws whose probability has a Beta distribution; the
//! column contains k/255.
//!
//! ```text
//! p(k) = C(n, k) B(k + α, n − k + β) / B(α, β),   α = μκ, β = (1−μ)κ
//! −log p(k) = log M(κ, n) − log M(α, k) − log M(β, n − k),   M(a, k) = Γ(a+k) / (Γ(a) k!)
//! ```
//! with mean μ; a large concentration κ gives a binomial, a small one concentrates the mass on
//! black and white. The decoder gives two outputs per pixel: logit μ of all pixels, smoothly
//! bounded to (−10, 10), then log κ, to (−4, 8). Values between two of the 256 levels are rounded.

use crate::tensor::{Tensor, activation::sigmoid};

use super::Distribution;
use super::cumulative::{Cumulative, LEVELS, Law};
use super::smooth_bounds::bound;
use crate::random::{RngExt, Stream, binomial, gamma};
use crate::stats::elementary::double::{exp, ln};
use crate::tensor::{log_multichoose, to_host};

const LOGIT_BOUNDS: (f64, f64) = (-10.0, 10.0);
const LOG_CONCENTRATION_BOUNDS: (f64, f64) = (-4.0, 8.0);

pub(super) struct BetaBinomial {
    /// logit μ: batch × width.
    logit: Tensor<2>,
    /// κ: batch × width.
    concentration: Tensor<2>,
}

impl BetaBinomial {
    /// From the two outputs, batch × width each.
    pub fn new(raw_logit: Tensor<2>, raw_log_concentration: Tensor<2>) -> Self {
        BetaBinomial {
            logit: bound(raw_logit, LOGIT_BOUNDS),
            concentration: bound(raw_log_concentration, LOG_CONCENTRATION_BOUNDS).exp(),
        }
    }

    /// α and β.
    fn shapes(&self) -> [Tensor<2>; 2] {
        [self.logit.clone(), self.logit.clone().neg()]
            .map(|logit| sigmoid(logit) * self.concentration.clone())
    }
}

/// The level, 0 to 255, of each value in [0, 1].
pub(super) fn levels(x: Tensor<2>) -> Tensor<2> {
    (x.detach() * LEVELS).round().clamp(0.0, LEVELS)
}

impl Distribution for BetaBinomial {
    fn negative_log_likelihood(&self, x: Tensor<2>) -> Tensor<2> {
        let k = levels(x);
        let [alpha, beta] = self.shapes();
        let all = log_multichoose(self.concentration.clone(), k.full_like(LEVELS));
        all - log_multichoose(alpha, k.clone()) - log_multichoose(beta, k.neg() + LEVELS)
    }

    fn mean(&self) -> Tensor<2> {
        sigmoid(self.logit.clone())
    }

    fn cumulative(&self) -> Option<Cumulative> {
        let [alpha, beta] = self.shapes().map(to_host);
        Some(Cumulative::new(self.logit.dims()[1], Law::BetaBinomial { alpha, beta }))
    }

    fn sample(&self, noise: &mut Stream) -> Vec<f32> {
        let [alpha, beta] = self.shapes().map(to_host);
        let draw = |(alpha, beta): (f32, f32)| {
            let odds = log_gamma_draw(f64::from(alpha), noise) - log_gamma_draw(f64::from(beta), noise);
            let p = 1.0 / (1.0 + exp(-odds));
            (binomial(noise, LEVELS as u64, p) as f64 / LEVELS) as f32
        };
        alpha.into_iter().zip(beta).map(draw).collect()
    }
}

/// The logarithm of a draw from Gamma(shape, 1), which itself underflows for small shapes:
/// G(a) = G(a+1) U^(1/a) (Marsaglia & Tsang 2000, section 6).
fn log_gamma_draw(shape: f64, noise: &mut Stream) -> f64 {
    let above = gamma(noise, shape + 1.0);
    // Of (0, 1].
    let uniform = 1.0 - noise.random::<f64>();
    ln(above) + ln(uniform) / shape
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::Device;

    #[test]
    fn a_flat_beta_makes_all_levels_equal() {
        for device in [Device::cpu(), Device::cpu_f64()] {
            // α = β = 1: every one of the 256 levels has the same mass.
            let row = |value| device.tensor(vec![value; 3], [1, 3]);
            let flat = BetaBinomial { logit: row(0.0), concentration: row(2.0) };
            let x = device.tensor(vec![0.0, 100.0 / 255.0, 1.0], [1, 3]);
            for found in to_host(flat.negative_log_likelihood(x)) {
                assert!((found - 256f32.ln()).abs() < 2e-5, "{found}");
            }
        }
    }
}
