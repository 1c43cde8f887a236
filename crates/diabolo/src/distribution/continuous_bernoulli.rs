//! Continuous Bernoulli: a density on [0, 1] with one logit per feature (Loaiza-Ganem & Cunningham
//! 2019, eq. 8).
//!
//! ```text
//! p(x) = C(λ) λ^x (1−λ)^(1−x),   λ = σ(l),   C(λ) = 2 artanh(1−2λ) / (1−2λ) = l / tanh(l/2)
//! −log p(x) = (½ − x) l + h(l),  h(l) = log[sinh(l/2) / (l/2)] = |l|/2 + log(1 − e^−|l|) − log |l|
//! E[x]      = ½ + h′(l) = ½ + ½ coth(l/2) − 1/l
//! ```
//! In terms of the logit, nothing cancels for large |l|. Near l = 0 (λ = ½), where h is 0/0, its
//! Taylor series is used:
//! h = y²/6 − y⁴/180 + y⁶/2835 − y⁸/37800 + y¹⁰/467775 − …, y = l/2.
//! The decoder gives one logit per feature; there are no other parameters.

use crate::tensor::Tensor;

use super::Distribution;
use super::cumulative::{Cumulative, Law};
use crate::random::{RngExt, Stream};
use crate::stats::elementary::double::{exp_m1, ln_1p};
use crate::tensor::to_host;

/// Below this |l| the series is used; its first omitted term is below 10⁻¹³ there.
const SMALL: f64 = 0.5;
/// Coefficients of h in y², from y¹² down to y².
const SERIES: [f64; 6] =
    [-691.0 / 3_831_077_250.0, 1.0 / 467_775.0, -1.0 / 37_800.0, 1.0 / 2835.0, -1.0 / 180.0, 1.0 / 6.0];
/// Coefficients of h′ in l², from l¹¹ down to l, without the common factor l.
const SLOPE: [f64; 6] = [
    -691.0 / 1_307_674_368_000.0,
    1.0 / 47_900_160.0,
    -1.0 / 1_209_600.0,
    1.0 / 30_240.0,
    -1.0 / 720.0,
    1.0 / 12.0,
];

pub(super) struct ContinuousBernoulli {
    /// l: batch × width.
    pub logits: Tensor<2>,
}

impl ContinuousBernoulli {
    /// The small logits, with 0 for the others; |l| of the others, with 1 for the small ones; the
    /// mask of small ones.
    fn branches(&self) -> (Tensor<2>, Tensor<2>, Tensor<2>) {
        let size = self.logits.clone().abs();
        let small = size.clone().below(SMALL);
        let far = size.mask_fill(small.clone(), 1.0);
        let near = self.logits.clone().mask_fill(!small.clone(), 0.0);
        (near, far, small.float())
    }
}

impl Distribution for ContinuousBernoulli {
    fn negative_log_likelihood(&self, x: Tensor<2>) -> Tensor<2> {
        let (near, far, small) = self.branches();
        let squares = (near * 0.5).square();
        let series = horner(squares.clone(), &SERIES) * squares;
        let direct = far.clone() * 0.5 + log_one_minus_small_exp(far.clone()) - far.log();
        let h = series * small.clone() + direct * (small.neg() + 1.0);
        (x.neg() + 0.5) * self.logits.clone() + h
    }

    fn mean(&self) -> Tensor<2> {
        let (near, far, small) = self.branches();
        let series = horner(near.clone().square(), &SLOPE) * near;
        let decay = far.clone().neg().exp();
        let direct = decay.clone() / (decay.neg() + 1.0) + 0.5 - far.recip();
        let direct = direct * self.logits.clone().sign();
        series * small.clone() + direct * (small.neg() + 1.0) + 0.5
    }

    fn cumulative(&self) -> Option<Cumulative> {
        let law = Law::ContinuousBernoulli(to_host(self.logits.clone()));
        Some(Cumulative::new(self.logits.dims()[1], law))
    }

    /// By the inverse of F(x) = (e^(lx) − 1) / (e^l − 1).
    fn sample(&self, noise: &mut Stream) -> Vec<f32> {
        to_host(self.logits.clone())
            .into_iter()
            .map(|l| quantile(noise.random(), f64::from(l)) as f32)
            .collect()
    }
}

/// log(1 − e^−a), a ≥ ½.
fn log_one_minus_small_exp(a: Tensor<2>) -> Tensor<2> {
    a.neg().exp().neg().log1p()
}

fn horner(x: Tensor<2>, coefficients: &[f64]) -> Tensor<2> {
    let first = x.full_like(coefficients[0]);
    coefficients[1..].iter().fold(first, |sum, &coefficient| sum * x.clone() + coefficient)
}

fn quantile(u: f64, logit: f64) -> f64 {
    let x = match logit {
        l if l.abs() < 1e-9 => u,
        // From the right end, since e^l would overflow.
        l if l > 0.0 => 1.0 - ln_1p((1.0 - u) * exp_m1(-l)) / -l,
        l => ln_1p(u * exp_m1(l)) / l,
    };
    // At u = 0 and very large l, the logarithm is that of 0.
    x.clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::Device;

    fn one(logit: f32) -> ContinuousBernoulli {
        ContinuousBernoulli { logits: Device::cpu_f64().tensor(vec![logit], [1, 1]) }
    }

    #[test]
    fn at_one_half_it_is_uniform_and_elsewhere_as_worked_by_hand() {
        let nll = |l: f32, x: f32| {
            to_host(one(l).negative_log_likelihood(Device::cpu_f64().tensor(vec![x], [1, 1])))[0]
        };
        assert!(nll(0.0, 0.3).abs() < 1e-7);
        // p(x) = l e^(lx) / (e^l − 1) at l = 2, x = ¼: 2 · 1.648721 / 6.389056
        assert!((nll(2.0, 0.25) - 0.661_439).abs() < 1e-5, "{}", nll(2.0, 0.25));
    }

    #[test]
    fn the_two_branches_meet() {
        for edge in [-0.5, 0.5f32] {
            let x = || Device::cpu_f64().tensor(vec![0.2], [1, 1]);
            let both = [edge * 0.999_999, edge * 1.000_001].map(one);
            let [a, b] = both.each_ref().map(|one| to_host(one.negative_log_likelihood(x()))[0]);
            assert!((a - b).abs() < 2e-6, "{a} {b}");
            let [a, b] = both.each_ref().map(|one| to_host(one.mean())[0]);
            assert!((a - b).abs() < 2e-6, "{a} {b}");
        }
    }

    #[test]
    fn quantiles_stay_in_the_interval() {
        for l in [-1e30, -50.0, -1e-12, 0.0, 1e-7, 3.0, 1e30] {
            for u in [0.0, 1e-9, 0.5, 1.0 - 1e-16] {
                assert!((0.0..=1.0).contains(&quantile(u, l)), "{u} {l}: {}", quantile(u, l));
            }
        }
        // F(x) = ½ at l = 2: log(1 + ½ (e² − 1)) / 2
        assert!((quantile(0.5, 2.0) - 0.716_890).abs() < 1e-5);
    }
}
