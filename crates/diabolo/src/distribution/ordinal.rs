//! Ordered levels: cumulative logits, also called proportional odds (McCullagh 1980, eq. 2.4); `x`
//! is one-hot.
//!
//! ```text
//! P(y ≤ k) = σ(θ_k − η),   k = 1 … K−1,   θ_1 < … < θ_{K−1}
//! log P(y = k) = log[σ(b) − σ(a)] = log σ(b) + log σ(−a) + log(1 − e^(a−b)),
//!     b = θ_k − η, a = θ_{k−1} − η
//! ```
//! where b − a is a difference of thresholds, so that nothing cancels; the first level has no a,
//! the last no b. The decoder gives one η for the block. K−1 numbers t are learned: θ_1 = t_1,
//! θ_{k+1} = θ_k + softplus(t_{k+1}) + 10⁻⁴; the last term keeps thresholds distinct. Element k of
//! the result is −x_k log P(y = k), as for a categorical.

use crate::tensor::{Tensor, activation::log_sigmoid};

use super::Distribution;
use super::categorical::draw_one_hot;
use super::cumulative::{Cumulative, Law};
use crate::random::Stream;
use crate::stats::elementary::double::{exp_m1, ln};
use crate::tensor::{log_one_minus_exp, softplus, to_host};

/// The minimum distance of two thresholds.
pub(crate) const LEAST_GAP: f64 = 1e-4;

pub(super) struct Ordinal {
    /// log P(y = k): batch × K.
    log_probabilities: Tensor<2>,
}

impl Ordinal {
    /// From η (batch × 1) and the learned t (1 × (K−1)); `None` if there is only one level.
    pub fn new(score: Tensor<2>, thresholds: Option<Tensor<2>>) -> Self {
        let Some(raw) = thresholds else { return Ordinal { log_probabilities: score.zeros_like() } };
        let inner = raw.dims()[1] - 1;
        let first = raw.clone().narrow(1, 0, 1);
        if inner == 0 {
            let below = first - score;
            return Ordinal {
                log_probabilities: Tensor::cat(vec![log_sigmoid(below.clone()), log_sigmoid(-below)], 1),
            };
        }
        let gaps = softplus(raw.narrow(1, 1, inner)) + LEAST_GAP;
        let thetas = Tensor::cat(vec![first.clone(), gaps.clone().cumsum() + first], 1);
        let below = thetas - score;
        let (under, over) = (log_sigmoid(below.clone()), log_sigmoid(-below));
        let between =
            under.clone().narrow(1, 1, inner) + over.clone().narrow(1, 0, inner) + log_one_minus_exp(gaps);
        let parts = vec![under.narrow(1, 0, 1), between, over.narrow(1, inner, 1)];
        Ordinal { log_probabilities: Tensor::cat(parts, 1) }
    }

    /// The initial t: thresholds with distance log 2, centred at 0.
    pub fn initial(levels: usize) -> Vec<f32> {
        let mut thresholds = vec![0.0; levels.saturating_sub(1)];
        if let Some(first) = thresholds.first_mut() {
            *first = -0.5 * (levels as f32 - 2.0) * std::f32::consts::LN_2;
        }
        thresholds
    }

    /// The t of given thresholds, distances below the least as the least.
    pub fn unbounded(thetas: &[f64]) -> Vec<f64> {
        let gap = |pair: &[f64]| ln(exp_m1((pair[1] - pair[0] - LEAST_GAP).max(1e-6)));
        thetas.first().copied().into_iter().chain(thetas.windows(2).map(gap)).collect()
    }
}

impl Distribution for Ordinal {
    fn negative_log_likelihood(&self, x: Tensor<2>) -> Tensor<2> {
        self.log_probabilities.clone().neg() * x
    }

    /// The K probabilities.
    fn mean(&self) -> Tensor<2> {
        self.log_probabilities.clone().exp()
    }

    fn cumulative(&self) -> Option<Cumulative> {
        let width = self.log_probabilities.dims()[1];
        Some(Cumulative::new(width, Law::Levels(to_host(self.mean()))))
    }

    fn sample(&self, noise: &mut Stream) -> Vec<f32> {
        let width = self.log_probabilities.dims()[1];
        draw_one_hot(to_host(self.mean()), width, noise)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::Device;

    #[test]
    fn three_levels_as_worked_by_hand() {
        let device = Device::cpu_f64();
        // θ = (0, log 2 + 10⁻⁴), η = log 2: P(y ≤ 1) = 1/3, P(y ≤ 2) ≈ ½ + 10⁻⁴/4
        let three = Ordinal::new(
            device.tensor(vec![std::f32::consts::LN_2], [1, 1]),
            Some(device.tensor(vec![0.0, 0.0], [1, 2])),
        );
        let found = to_host(three.mean());
        for (found, expected) in found.iter().zip([1.0 / 3.0, 1.0 / 6.0 + 2.5e-5, 0.5 - 2.5e-5]) {
            assert!((found - expected).abs() < 1e-7, "{found} {expected}");
        }
        let second = three.negative_log_likelihood(device.tensor(vec![0.0, 1.0, 0.0], [1, 3]));
        assert!((to_host(second.sum())[0] - 1.791_609_5).abs() < 1e-6);
    }

    #[test]
    fn one_level_is_certain_and_two_are_a_bernoulli() {
        let device = Device::cpu();
        let one = Ordinal::new(device.tensor(vec![7.0, -7.0], [2, 1]), None);
        assert_eq!(to_host(one.mean()), [1.0, 1.0]);
        let two =
            Ordinal::new(device.tensor(vec![3f32.ln()], [1, 1]), Some(device.tensor(vec![0.0], [1, 1])));
        let mean = to_host(two.mean());
        assert!((mean[0] - 0.25).abs() < 1e-6 && (mean[1] - 0.75).abs() < 1e-6, "{mean:?}");
    }
}
