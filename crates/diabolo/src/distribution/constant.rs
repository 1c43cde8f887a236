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

use super::beta_binomial::LEVELS;
use super::family::{Family, LikelihoodBlock, LikelihoodParameter, Variance};
use super::{LOG_VARIANCE_BOUNDS, Likelihood, ordinal::Ordinal};
use crate::data::Encoded;
use crate::tensor::{Device, Tensor};

/// The same decoder outputs for every row, with the learned vectors that belong to them.
#[derive(Debug, Clone)]
pub struct Constant {
    outputs: Vec<f32>,
    likelihood: Likelihood,
}

/// What is known of one encoded column, over its observed cells.
#[derive(Debug, Clone, Copy, Default)]
struct Column {
    count: f64,
    mean: f64,
    variance: f64,
    /// Mean absolute deviation from the mean.
    deviation: f64,
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

/// The logarithms of the learned variances or scales at which training starts: those of the data,
/// but in no column below that of the block, since a decoder knows no column at the start.
pub(super) fn initial_scales(block: &LikelihoodBlock, rows: &Encoded) -> Option<Vec<f32>> {
    let own = columns(block, rows, f64::from);
    let pooled = own.iter().map(|c| c.variance).sum::<f64>() / own.len().max(1) as f64;
    // A block without any variance, or without rows, has no scale.
    let usable = pooled.is_finite() && pooled > 0.0;
    let each = |log: fn(f64) -> f64| own.iter().map(|c| log(c.variance.max(pooled)) as f32).collect();
    match (block.family, block.variance) {
        _ if !usable => None,
        (Family::Gaussian, Variance::Shared) => Some(vec![log_variance(pooled) as f32]),
        (Family::Gaussian, Variance::PerFeature) => Some(each(log_variance)),
        (Family::StudentT | Family::Laplace, _) => Some(each(|variance| 0.5 * log_variance(variance))),
        _ => None,
    }
}

fn log_variance(variance: f64) -> f64 {
    variance.max(LOG_VARIANCE_BOUNDS.0.exp()).ln()
}

/// The statistics of a block's columns, each cell mapped by `value`; two passes over the rows.
fn columns(block: &LikelihoodBlock, rows: &Encoded, value: impl Fn(f32) -> f64) -> Vec<Column> {
    let cells = |row: usize| row * rows.width + block.start..row * rows.width + block.start + block.width;
    let mut found = vec![Column::default(); block.width];
    let mut each = |add: &dyn Fn(&mut Column, f64)| {
        for row in 0..rows.rows {
            let observed = rows.observed.as_ref().map(|flags| &flags[cells(row)]);
            for (k, cell) in rows.values[cells(row)].iter().enumerate() {
                if observed.is_none_or(|flags| flags[k] == 1.0) {
                    add(&mut found[k], value(*cell));
                }
            }
        }
    };
    each(&|column, x| {
        column.count += 1.0;
        column.mean += (x - column.mean) / column.count;
    });
    each(&|column, x| {
        column.variance += (x - column.mean).powi(2) / column.count;
        column.deviation += (x - column.mean).abs() / column.count;
    });
    found
}

fn constants(block: &LikelihoodBlock, rows: &Encoded) -> Option<Constants> {
    use LikelihoodParameter as P;
    let plain = columns(block, rows, f64::from);
    let counts = || columns(block, rows, |x| f64::from(x).exp_m1().round().max(0.0));
    let of = |columns: &[Column], f: fn(&Column) -> f64| columns.iter().map(f).collect::<Vec<f64>>();
    let mean = |c: &Column| c.mean;
    let log_rate = |c: &Column| c.mean.max(1e-5).ln();
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
            let scales = of(&plain, |c| 0.5 * log_variance(c.deviation.powi(2)));
            (of(&plain, mean), vec![(P::LogScale, scales)])
        }
        Family::Categorical => (of_shares(&plain).into_iter().map(f64::ln).collect(), vec![]),
        Family::Ordinal => (vec![0.0], thresholds(&of_shares(&plain))),
        Family::Poisson => (of(&counts(), log_rate), vec![]),
        Family::NegativeBinomial => {
            let counts = counts();
            let shape = |c: &Column| {
                let beyond = c.variance - c.mean;
                if beyond > 0.0 { (c.mean.max(1e-5).powi(2) / beyond).ln() } else { 7.0 }
            };
            (of(&counts, log_rate), vec![(P::LogDispersion, of(&counts, shape))])
        }
        Family::BetaBinomial => {
            let means = of(&plain, |c| logit(c.mean, c.count));
            ([means, of(&plain, log_concentration)].concat(), vec![])
        }
        Family::DiscretizedLogistic { components } => {
            // The variance of a logistic is π² s² / 3.
            let scale = |c: &Column| {
                0.5 * (c.variance.max(LEVELS.powi(-2)) * 3.0 / std::f64::consts::PI.powi(2)).ln()
            };
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
    (share / (1.0 - share)).ln()
}

/// The shares of one-hot columns, with one half more of each.
fn of_shares(columns: &[Column]) -> Vec<f64> {
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
    let thetas: Vec<f64> = below.take(shares.len() - 1).map(|p: f64| (p / (1.0 - p)).ln()).collect();
    vec![(LikelihoodParameter::Thresholds, Ordinal::unbounded(&thetas))]
}

/// The logit of a continuous Bernoulli with this mean, by bisection of ½ + ½ coth(l/2) − 1/l.
fn continuous_logit(mean: f64) -> f64 {
    let (mut low, mut high) = (-200.0, 200.0);
    for _ in 0..60 {
        let l: f64 = 0.5 * (low + high);
        let expected = if l.abs() < 1e-6 { 0.5 } else { 0.5 + 0.5 / (0.5 * l).tanh() - 1.0 / l };
        if expected < mean { low = l } else { high = l }
    }
    0.5 * (low + high)
}

/// log κ of a beta-binomial: the variance of k/n is μ(1 − μ)/n · [1 + (n − 1) / (κ + 1)].
fn log_concentration(c: &Column) -> f64 {
    let spread = (c.mean * (1.0 - c.mean)).max(1e-9);
    let correlation = (c.variance * LEVELS / spread - 1.0) / (LEVELS - 1.0);
    (1.0 / correlation.clamp(3e-4, 0.98) - 1.0).ln()
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
        let x = || device.tensor::<2>(rows.values.clone(), [rows.rows, rows.width]);
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

    #[test]
    fn training_starts_at_the_scale_of_the_data_and_at_none_that_is_too_small() {
        // Standard deviations 2 and 0.
        let rows = Encoded::from_values([-2.0, 7.0, 2.0, 7.0].repeat(ROWS), 2);
        let of = |block| initial_scales(&block, &rows);
        let log_two = 2f32.ln();
        assert_eq!(of(LikelihoodBlock::gaussian(Variance::Shared, 0..2)), Some(vec![log_two]));
        assert_eq!(
            of(LikelihoodBlock::gaussian(Variance::PerFeature, 0..2)),
            Some(vec![2.0 * log_two, log_two])
        );
        assert_eq!(of(LikelihoodBlock::new(Family::Laplace, 0..2)), Some(vec![log_two, 0.5 * log_two]));
        assert_eq!(of(LikelihoodBlock::gaussian(Variance::Decoder, 0..2)), None);
        assert_eq!(of(LikelihoodBlock::gaussian(Variance::Shared, 1..2)), None, "a constant has no scale");
    }
}
