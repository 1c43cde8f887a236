//! The constant model: the same distribution for every row, from the mean, the variance and the
//! frequencies of each column. A model that knows less than it has learned nothing.
//!
//! | distribution | constants |
//! |---|---|
//! | Bernoulli, continuous Bernoulli, categorical, ordinal, Poisson, Gaussian | maximum likelihood |
//! | Laplace | mean, mean absolute deviation |
//! | Student's t, discretized logistic | mean and variance, with the tails of a Gaussian, a logistic |
//! | negative binomial, beta-binomial | mean and variance |
//!
//! Frequencies count one half more of each value (Krichevsky & Trofimov 1981), so that a value that
//! is not among the rows is not impossible.

use super::cumulative::LEVELS;
use super::family::{Family, LikelihoodBlock, LikelihoodParameter, Variance};
use super::moments::{Moments, log_variance, moments};
use super::{Likelihood, ordinal::Ordinal};
use crate::data::Encoded;
use crate::stats::elementary::{
    double::{exp_m1, ln, powi, tanh},
    square,
};
use crate::tensor::{Device, Tensor};

/// The same decoder outputs for every row, with the learned vectors that belong to them.
#[derive(Debug, Clone)]
pub struct Constant {
    outputs: Vec<f32>,
    likelihood: Likelihood,
}

/// The constants of a block: decoder outputs, and learned vectors.
type Constants = (Vec<f64>, Vec<(LikelihoodParameter, Vec<f64>)>);

impl Constant {
    /// The constants for `rows`; `None` if a block has a custom distribution.
    pub fn fit(blocks: &[LikelihoodBlock], rows: &Encoded, device: &Device) -> Option<Self> {
        let (mut outputs, mut learned) = (vec![], vec![]);
        for block in blocks {
            let (own, vectors) = constants(block, rows)?;
            outputs.extend(own.into_iter().map(|v| v as f32));
            learned.extend(
                vectors.into_iter().map(|(kind, v)| (kind, v.into_iter().map(|v| v as f32).collect())),
            );
        }
        let likelihood = Likelihood::with_parameters(blocks.to_vec(), learned, device);
        Some(Constant { outputs, likelihood })
    }

    /// −log p(x) of each row, in nats, over its observed cells. Result: batch.
    pub fn negative_log_likelihood(
        &self,
        x: Tensor<2>,
        observed: Option<&Tensor<2>>,
        device: &Device,
    ) -> Tensor<1> {
        let outputs = device.tensor::<2>(self.outputs.clone(), [1, self.outputs.len()]);
        let outputs = outputs.repeat_dim(0, x.dims()[0]);
        self.likelihood.negative_log_likelihood(outputs, x, observed)
    }
}

fn constants(block: &LikelihoodBlock, rows: &Encoded) -> Option<Constants> {
    use LikelihoodParameter as P;
    let plain = moments(block, rows, f64::from);
    let counts = || moments(block, rows, |x| exp_m1(f64::from(x)).round().max(0.0));
    let of = |columns: &[Moments], f: fn(&Moments) -> f64| columns.iter().map(f).collect::<Vec<f64>>();
    let mean = |c: &Moments| c.mean;
    let log_rate = |c: &Moments| ln(c.mean.max(1e-5));
    Some(match block.family {
        Family::Bernoulli => (of(&plain, |c| logit(c.mean, c.count)), vec![]),
        Family::ContinuousBernoulli => (of(&plain, |c| continuous_logit(c.mean)), vec![]),
        Family::Gaussian => {
            let own = of(&plain, |c| log_variance(c.variance));
            let means = of(&plain, mean);
            match block.variance {
                Variance::Fixed { .. } => (means, vec![]),
                Variance::Shared => {
                    let pooled = plain.iter().map(|c| c.variance).sum::<f64>() / plain.len().max(1) as f64;
                    (means, vec![(P::LogVariance, vec![log_variance(pooled)])])
                }
                Variance::PerFeature => (means, vec![(P::LogVariance, own)]),
                Variance::Decoder => ([means, own].concat(), vec![]),
            }
        }
        Family::StudentT => {
            // Far above its bound: a Gaussian.
            let freedom = vec![10.0; block.width];
            let scales = of(&plain, |c| 0.5 * log_variance(c.variance));
            (of(&plain, mean), vec![(P::LogScale, scales), (P::LogFreedom, freedom)])
        }
        Family::Laplace => {
            let scales = of(&plain, |c| 0.5 * log_variance(square(c.deviation)));
            (of(&plain, mean), vec![(P::LogScale, scales)])
        }
        Family::Categorical => (of_shares(&plain).into_iter().map(ln).collect(), vec![]),
        Family::Ordinal => (vec![0.0], thresholds(&of_shares(&plain))),
        Family::Poisson => (of(&counts(), log_rate), vec![]),
        Family::NegativeBinomial => {
            let counts = counts();
            let shape = |c: &Moments| {
                let beyond = c.variance - c.mean;
                if beyond > 0.0 { ln(square(c.mean.max(1e-5)) / beyond) } else { 7.0 }
            };
            (of(&counts, log_rate), vec![(P::LogDispersion, of(&counts, shape))])
        }
        Family::BetaBinomial => {
            let means = of(&plain, |c| logit(c.mean, c.count));
            ([means, of(&plain, log_concentration)].concat(), vec![])
        }
        Family::DiscretizedLogistic { components } => {
            // The variance of a logistic is π² s² / 3.
            let scale =
                |c: &Moments| 0.5 * ln(c.variance.max(powi(LEVELS, -2)) * 3.0 / square(std::f64::consts::PI));
            let all = |values: Vec<f64>| values.repeat(components);
            let logits = vec![0.0; components * block.width];
            ([logits, all(of(&plain, mean)), all(of(&plain, scale))].concat(), vec![])
        }
        Family::InputOnly => (vec![0.0; block.width], vec![]),
        Family::Custom(_) => return None,
    })
}

/// The logit of a mean of 0 and 1, with one half more of each.
fn logit(mean: f64, count: f64) -> f64 {
    let share = (mean * count + 0.5) / (count + 1.0);
    ln(share / (1.0 - share))
}

/// The shares of one-hot columns, with one half more of each.
fn of_shares(columns: &[Moments]) -> Vec<f64> {
    let total: f64 = columns.iter().map(|c| c.mean * c.count + 0.5).sum();
    columns.iter().map(|c| (c.mean * c.count + 0.5) / total).collect()
}

/// The learned vector of an ordinal with these shares.
fn thresholds(shares: &[f64]) -> Vec<(LikelihoodParameter, Vec<f64>)> {
    if shares.len() < 2 {
        return vec![];
    }
    let below = shares.iter().scan(0.0, |sum, share| {
        *sum += share;
        Some(*sum)
    });
    let thetas: Vec<f64> = below.take(shares.len() - 1).map(|p: f64| ln(p / (1.0 - p))).collect();
    vec![(LikelihoodParameter::Thresholds, Ordinal::unbounded(&thetas))]
}

/// The logit of a continuous Bernoulli with this mean, by bisection of ½ + ½ coth(l/2) − 1/l.
fn continuous_logit(mean: f64) -> f64 {
    let (mut low, mut high) = (-200.0, 200.0);
    for _ in 0..60 {
        let l: f64 = 0.5 * (low + high);
        let expected = if l.abs() < 1e-6 { 0.5 } else { 0.5 + 0.5 / tanh(0.5 * l) - 1.0 / l };
        if expected < mean { low = l } else { high = l }
    }
    0.5 * (low + high)
}

/// log κ of a beta-binomial: the variance of k/n is μ(1 − μ)/n · [1 + (n − 1) / (κ + 1)].
fn log_concentration(c: &Moments) -> f64 {
    let spread = (c.mean * (1.0 - c.mean)).max(1e-9);
    let correlation = (c.variance * LEVELS / spread - 1.0) / (LEVELS - 1.0);
    ln(1.0 / correlation.clamp(3e-4, 0.98) - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, RngExt, stream};
    use crate::tensor::to_host;

    const ROWS: usize = 400;

    /// The mean −log p(x) of the constants, and of the same with the first output moved by ±0.2.
    fn losses(block: LikelihoodBlock, rows: &Encoded) -> [f64; 3] {
        let device = Device::cpu_f64();
        let best = Constant::fit(&[block], rows, &device).expect("built in");
        let x = || device.tensor::<2>(rows.values.to_vec(), [rows.rows, rows.width]);
        [0.0, 0.2, -0.2].map(|moved| {
            let mut other = best.clone();
            other.outputs[0] += moved;
            to_host(other.negative_log_likelihood(x(), None, &device))
                .iter()
                .map(|&v| f64::from(v))
                .sum::<f64>()
                / rows.rows as f64
        })
    }

    fn rows(width: usize, cell: impl Fn(f64) -> Vec<f64>) -> Encoded {
        let mut noise = stream(5, Purpose::Choose, 0, 0);
        let values = (0..ROWS).flat_map(|_| cell(noise.random::<f64>())).map(|v| v as f32).collect();
        Encoded::from_values(values, width)
    }

    #[test]
    fn no_other_constant_of_a_location_is_better() {
        let uniform = rows(1, |u| vec![u]);
        let pixels = rows(1, |u| vec![(u * u * 255.0).round() / 255.0]);
        let counts = rows(1, |u| vec![(u * u * 9.0).floor().ln_1p()]);
        let levels = rows(3, |u| (0..3).map(|k| f64::from((u * u * 3.0) as usize == k)).collect());
        for family in Family::ALL {
            let rows = match family {
                Family::Categorical | Family::Ordinal => &levels,
                Family::Poisson | Family::NegativeBinomial => &counts,
                Family::BetaBinomial | Family::DiscretizedLogistic { .. } => &pixels,
                _ => &uniform,
            };
            for variance in
                [Variance::Fixed { value: 0.5 }, Variance::Shared, Variance::PerFeature, Variance::Decoder]
            {
                let block = LikelihoodBlock { variance, ..LikelihoodBlock::new(family, 0..rows.width) };
                let [best, more, less] = losses(block, rows);
                // A mixture's first output is a weight of equal components.
                let flat = matches!(family, Family::DiscretizedLogistic { .. });
                assert!(best < more.min(less) || flat, "{family}: {best}, moved {more} and {less}");
                assert!(best.is_finite());
            }
        }
    }

    #[test]
    fn the_losses_of_constants_by_hand() {
        // Values 0 and 2: mean 1, variance 1.
        let numbers = Encoded::from_values([0.0, 2.0].repeat(ROWS), 1);
        let of = |block| losses(block, &numbers)[0];
        let half_log_two_pi = 0.918_938_533;
        for variance in [Variance::Shared, Variance::PerFeature, Variance::Decoder] {
            assert!((of(LikelihoodBlock::gaussian(variance, 0..1)) - half_log_two_pi - 0.5).abs() < 1e-4);
        }
        // b = 1: log 2 + 1.
        assert!((of(LikelihoodBlock::new(Family::Laplace, 0..1)) - 2f64.ln() - 1.0).abs() < 1e-4);
        // One in four.
        let levels = Encoded::from_values([1.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0].repeat(ROWS), 2);
        let entropy = -(0.25f64 * 0.25f64.ln() + 0.75 * 0.75f64.ln());
        for family in [Family::Categorical, Family::Ordinal] {
            assert!(
                (losses(LikelihoodBlock::new(family, 0..2), &levels)[0] - entropy).abs() < 1e-3,
                "{family}"
            );
        }
    }
}
