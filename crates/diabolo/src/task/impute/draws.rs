//! Expectations and draws by importance weights, one row at a time, with memory independent of the
//! number of draws.

use std::ops::Range;

use super::ImputeConfig;
use crate::data::Encoded;
use crate::distribution::Family;
use crate::evaluate::LEAST_EFFECTIVE;
use crate::kernel::in_parallel;
use crate::model::{Autoencoder, Batch, Model, PosteriorDraws};
use crate::random::{Purpose, RngExt, RowNoise, Stream, stream, weighted_index};
use crate::stats::elementary::{
    double::{exp, exp_m1, ln_1p},
    square,
};
use crate::tensor::Tensor;
use crate::tensor::{Device, to_host};

/// Draws of z that are decoded together; small enough for the cache.
const BLOCK: usize = 1024;
/// Number of draws of x for a standard error.
const ERROR_DRAWS: usize = 100;

/// Completed encoded rows.
#[derive(Debug, Default)]
pub(super) struct Filled {
    /// E[x_mis | x_obs] and the observed values: rows × width.
    pub means: Vec<f32>,
    /// Standard deviations of x_mis given x_obs, if requested: rows × width.
    pub deviations: Vec<f32>,
    /// Tables of draws: each rows × width.
    pub draws: Vec<Vec<f32>>,
    /// Number of rows with a low effective sample size.
    pub low_ess_rows: usize,
}

/// Imputes the `asked` numbers by self-normalized importance sampling. `model` must have a
/// posterior.
pub(super) fn weighted(
    model: &Model,
    rows: &Encoded,
    asked: &[Range<usize>],
    first_row: u64,
    config: &ImputeConfig,
    device: &Device,
) -> Filled {
    let observed = rows.observed.as_ref().map(|observed| &observed[..]);
    let missing = |row: usize, unit: usize| observed.is_some_and(|o| o[row * rows.width + unit] == 0.0);
    let gap = |row: &usize| asked.iter().cloned().flatten().any(|unit| missing(*row, unit));
    let gappy: Vec<usize> = (0..rows.rows).filter(gap).collect();
    let counts = &counts(model);
    let wanted = config.multiple.max(if config.errors { ERROR_DRAWS } else { 0 });
    let of_row = |row: &[usize]| {
        let number = config.numbers.as_ref().map_or(first_row + row[0] as u64, |numbers| numbers[row[0]]);
        let noise = &mut stream(config.seed, Purpose::Impute, 0, number);
        let batch = Batch::gather(rows, row, device);
        let mut found = Row::of(model, &batch, counts, config.samples, wanted, noise, device);
        let deviations = if config.errors { found.deviations() } else { vec![] };
        // Only the requested draws are kept, to save memory.
        found.draws.truncate(config.multiple);
        (found, deviations)
    };
    let found: Vec<(Row<'_>, Vec<f32>)> = in_parallel(&gappy, 1, of_row);
    let mut filled = Filled {
        means: rows.values.to_vec(),
        deviations: if config.errors { vec![0.0; rows.values.len()] } else { vec![] },
        draws: vec![rows.values.to_vec(); config.multiple],
        low_ess_rows: found.iter().filter(|(row, _)| row.effective_draws() < LEAST_EFFECTIVE).count(),
    };
    for (&row, (found, deviations)) in gappy.iter().zip(&found) {
        for unit in asked.iter().cloned().flatten().filter(|&unit| missing(row, unit)) {
            let cell = row * rows.width + unit;
            filled.means[cell] = found.mean(unit);
            if config.errors {
                filled.deviations[cell] = deviations[unit];
            }
            filled.draws.iter_mut().zip(&found.draws).for_each(|(table, draw)| table[cell] = draw[unit]);
        }
    }
    filled
}

/// The running sums of one row.
struct Row<'a> {
    /// The largest log weight so far; all weights are divided by it.
    largest: f64,
    /// Σ w.
    total: f64,
    /// Σ w².
    squares: f64,
    /// Σ w E[x|z], for counts in the original scale.
    sums: Vec<f64>,
    /// The encoded columns that are log(1 + count).
    counts: &'a [usize],
    /// Draws of x, each from a z drawn with probability w̃.
    draws: Vec<Vec<f32>>,
}

impl<'a> Row<'a> {
    fn of(
        model: &Model,
        batch: &Batch,
        counts: &'a [usize],
        samples: usize,
        wanted: usize,
        noise: &mut Stream,
        device: &Device,
    ) -> Self {
        let width = batch.x.dims()[1];
        let mut row = Row {
            largest: f64::NEG_INFINITY,
            total: 0.0,
            squares: 0.0,
            sums: vec![0.0; width],
            counts,
            draws: vec![vec![]; wanted],
        };
        for first in (0..samples).step_by(BLOCK) {
            let count = BLOCK.min(samples - first);
            let drawn = draws(model, batch, count, noise, device);
            let weights = row.weigh(&to_host(drawn.log_weights));
            let means = to_host(model.likelihood().mean(drawn.parameters.clone()));
            row.add(&weights, means);
            row.redraw(model, &weights, drawn.parameters, noise);
        }
        row
    }

    /// Rescales the weights of a block relative to all previous blocks.
    fn weigh(&mut self, log_weights: &[f32]) -> Vec<f64> {
        let largest = log_weights.iter().fold(self.largest, |largest, &w| largest.max(f64::from(w)));
        let smaller = exp(self.largest - largest);
        self.largest = largest;
        self.total *= smaller;
        self.squares *= smaller * smaller;
        self.sums.iter_mut().for_each(|sum| *sum *= smaller);
        log_weights.iter().map(|&w| exp(f64::from(w) - largest)).collect()
    }

    fn add(&mut self, weights: &[f64], mut means: Vec<f32>) {
        self.total += weights.iter().sum::<f64>();
        self.squares += weights.iter().map(|w| w * w).sum::<f64>();
        for (weight, means) in weights.iter().zip(means.chunks_exact_mut(self.sums.len())) {
            self.counts.iter().for_each(|&unit| means[unit] = exp_m1(f64::from(means[unit])) as f32);
            self.sums.iter_mut().zip(means).for_each(|(sum, mean)| *sum += weight * f64::from(*mean));
        }
    }

    /// Replaces each draw with a probability equal to the block's fraction of all weights, which is
    /// equivalent to drawing from all blocks.
    fn redraw(&mut self, model: &Model, weights: &[f64], parameters: Tensor<2>, noise: &mut Stream) {
        let mut replaced = vec![];
        let mut chosen = vec![];
        for draw in 0..self.draws.len() {
            // Beyond the block's weights, the draw of an earlier block is kept.
            if let Some(found) = weighted_index(weights, noise.random::<f64>() * self.total) {
                replaced.push(draw);
                chosen.push(found);
            }
        }
        if chosen.is_empty() {
            return;
        }
        let drawn = model.likelihood().sample(parameters.select(0, &chosen), noise);
        for (draw, values) in replaced.into_iter().zip(drawn.chunks_exact(self.sums.len())) {
            self.draws[draw] = values.to_vec();
        }
    }

    /// The effective sample size (Σ w)² / Σ w² (Kong 1992).
    fn effective_draws(&self) -> f64 {
        self.total * self.total / self.squares
    }

    /// Encoded.
    fn mean(&self, unit: usize) -> f32 {
        let mean = self.sums[unit] / self.total;
        if self.counts.contains(&unit) { ln_1p(mean) as f32 } else { mean as f32 }
    }

    /// The standard deviation of the draws of each number.
    fn deviations(&self) -> Vec<f32> {
        let n = self.draws.len() as f64;
        let deviation = |unit: usize| {
            let values = || self.draws.iter().map(|draw| f64::from(draw[unit]));
            let mean = values().sum::<f64>() / n;
            (values().map(|v| square(v - mean)).sum::<f64>() / (n - 1.0)).sqrt() as f32
        };
        (0..self.sums.len()).map(deviation).collect()
    }
}

/// Draws of z given the observed cells. Without observed cells, they come from the prior: the
/// posterior of an empty row may be much narrower, which importance weights cannot correct.
fn draws(model: &Model, batch: &Batch, count: usize, noise: &mut Stream, device: &Device) -> PosteriorDraws {
    let nothing = batch.observed.as_ref().is_some_and(|observed| !to_host(observed.clone()).contains(&1.0));
    if !nothing {
        let drawn = model.draw_posterior(batch, count, &mut RowNoise::Own(noise), device);
        return drawn.expect("a variational model has a posterior");
    }
    let codes = model.sample_prior(count, noise, device).expect("a variational model has a prior");
    let parameters = model.decode(batch.with_condition(codes));
    PosteriorDraws { parameters, log_weights: device.tensor(vec![0.0; count], [1, count]) }
}

/// The encoded columns whose mean is a logarithm: averaging them would give a geometric mean.
fn counts(model: &Model) -> Vec<usize> {
    let blocks = model.likelihood().blocks().iter();
    let counts = blocks.filter(|block| matches!(block.family, Family::Poisson | Family::NegativeBinomial));
    counts.flat_map(|block| block.start..block.start + block.width).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::distribution::{Family, LikelihoodBlock, Variance};
    use crate::model::{Architecture, FamilyConfig};
    use crate::nn::Activation;

    const VARIANCE: f64 = 0.25;

    /// A linear decoder of one z.
    fn linear_model(block: LikelihoodBlock, seed: u64, device: &Device) -> Model {
        let architecture = Architecture {
            family: FamilyConfig::default(),
            inputs: block.width,
            condition: 0,
            stem: None,
            hidden: vec![],
            latent_dim: 1,
            activation: Activation::Identity,
            latent_activation: Activation::Identity,
            likelihood: vec![block],
        };
        Model::new(&architecture, seed, device)
    }

    fn all_filled(
        model: &Model,
        rows: &Encoded,
        first_row: u64,
        config: &ImputeConfig,
        device: &Device,
    ) -> Filled {
        weighted(model, rows, std::slice::from_ref(&(0..rows.width)), first_row, config, device)
    }

    /// x = b + W z + noise with one z, so that everything is Gaussian: b, W and the model.
    fn linear(device: &Device) -> ([f64; 3], [f64; 3], Model) {
        let model =
            linear_model(LikelihoodBlock::gaussian(Variance::Fixed { value: VARIANCE }, 0..3), 3, device);
        let at = |z: f32| to_host(model.decode(device.tensor(vec![z], [1, 1])));
        let bias: [f64; 3] = std::array::from_fn(|k| f64::from(at(0.0)[k]));
        let weight = std::array::from_fn(|k| f64::from(at(1.0)[k]) - bias[k]);
        (bias, weight, model)
    }

    #[test]
    fn mean_of_counts_is_not_the_mean_of_logarithms() {
        let device = Device::cpu();
        let at = |model: &Model, z| f64::from(to_host(model.decode(device.tensor(vec![z], [1, 1])))[0]);
        let line = |model: &Model| (at(model, 0.0), at(model, 1.0) - at(model, 0.0));
        // Steep enough to distinguish the means: that of the logarithms is a quarter lower at a
        // weight of 1. One count, whose rate is e^(b + w z).
        let block = LikelihoodBlock::new(Family::Poisson, 0..1);
        let mut models = (0..100).map(|seed| linear_model(block, seed, &device));
        let model = models.find(|model| line(model).1.abs() > 1.0).unwrap();
        let (bias, weight) = line(&model);
        let nothing = Encoded::from_values(vec![0.0], 1).with_mask(vec![0.0]);
        let config = ImputeConfig { samples: 50_000, ..ImputeConfig::default() };
        let found = all_filled(&model, &nothing, 0, &config, &device).means[0].exp_m1();
        // Without observed cells: the mean of a log-normal rate.
        let mean = (bias + weight * weight / 2.0).exp();
        assert!((f64::from(found) / mean - 1.0).abs() < 0.05, "{found} {mean}");
    }

    /// Rows (1, −0.5, ?) and (?, ?, 2).
    fn gappy() -> Encoded {
        let observed = vec![1.0, 1.0, 0.0, 0.0, 0.0, 1.0];
        Encoded::from_values(vec![1.0, -0.5, 0.0, 0.0, 0.0, 2.0], 3).with_mask(observed)
    }

    #[test]
    fn linear_model_has_the_exact_conditional_gaussian() {
        let device = Device::cpu();
        let (bias, weight, model) = linear(&device);
        let config =
            ImputeConfig { samples: 20_000, multiple: 2_000, errors: true, ..ImputeConfig::default() };
        let found = all_filled(&model, &gappy(), 0, &config, &device);
        // z | x_obs ~ N(m, s²) with 1/s² = 1 + Σ W²/σ², m = s² Σ W (x − b)/σ².
        let (seen, values) = ([0, 1], [1.0, -0.5]);
        let precision = 1.0 + seen.iter().map(|&k| weight[k] * weight[k] / VARIANCE).sum::<f64>();
        let pull: f64 = seen.iter().zip(values).map(|(&k, x)| weight[k] * (x - bias[k]) / VARIANCE).sum();
        let mean = bias[2] + weight[2] * pull / precision;
        let deviation = (VARIANCE + weight[2] * weight[2] / precision).sqrt();
        assert!((f64::from(found.means[2]) - mean).abs() < 0.03, "{} {mean}", found.means[2]);
        assert!(
            (f64::from(found.deviations[2]) / deviation - 1.0).abs() < 0.08,
            "{} {deviation}",
            found.deviations[2]
        );
        let drawn = found.draws.iter().map(|draw| f64::from(draw[2])).sum::<f64>() / 2_000.0;
        // Four standard errors of the mean of the draws.
        assert!((drawn - mean).abs() < 4.0 * deviation / 2_000f64.sqrt(), "{drawn} {mean}");
        // The mean of the prior is far from it, so that the test is meaningful.
        assert!((mean - bias[2]).abs() > 0.1, "{mean} {}", bias[2]);
        assert_eq!(
            (found.means[0], found.means[5], found.deviations[0]),
            (1.0, 2.0, 0.0),
            "observed cells do not change"
        );
    }

    #[test]
    fn effective_draws_by_hand() {
        let mut row = Row {
            largest: f64::NEG_INFINITY,
            total: 0.0,
            squares: 0.0,
            sums: vec![0.0],
            counts: &[],
            draws: vec![],
        };
        // Weights 1 and 1, then beside them 2: (1 + 1 + 2)² / (1 + 1 + 4).
        for (log_weights, expected) in [(vec![3.0, 3.0], 2.0), (vec![3.0 + 2f32.ln()], 16.0 / 6.0)] {
            let weights = row.weigh(&log_weights);
            row.add(&weights, vec![0.0; log_weights.len()]);
            assert!((row.effective_draws() - expected).abs() < 1e-6, "{}", row.effective_draws());
        }
    }

    #[test]
    fn empty_row_has_the_distribution_of_the_prior() {
        let device = Device::cpu();
        let (bias, weight, model) = linear(&device);
        let rows = Encoded::from_values(vec![0.0; 3], 3).with_mask(vec![0.0; 3]);
        let config = ImputeConfig { samples: 20_000, errors: true, ..ImputeConfig::default() };
        let found = all_filled(&model, &rows, 0, &config, &device);
        for k in 0..3 {
            assert!((f64::from(found.means[k]) - bias[k]).abs() < 0.05, "{} {}", found.means[k], bias[k]);
            let deviation = (VARIANCE + weight[k] * weight[k]).sqrt();
            // From a hundred draws; four times their relative error, 1 / √200.
            assert!((f64::from(found.deviations[k]) / deviation - 1.0).abs() < 0.28, "{k}");
        }
    }

    #[test]
    fn cells_that_are_not_requested_do_not_change() {
        let device = Device::cpu();
        let (_, _, model) = linear(&device);
        let (rows, config) = (gappy(), ImputeConfig { samples: 100, ..ImputeConfig::default() });
        let (all, last) = (
            all_filled(&model, &rows, 0, &config, &device),
            weighted(&model, &rows, std::slice::from_ref(&(2..3)), 0, &config, &device),
        );
        assert_eq!((last.means[2], &last.means[3..]), (all.means[2], &rows.values[3..]));
        assert!(all.means[3] != rows.values[3]);
    }

    #[test]
    fn imputation_of_a_row_does_not_depend_on_other_rows() {
        let device = Device::cpu();
        let (_, _, model) = linear(&device);
        let config = ImputeConfig { samples: 1500, multiple: 3, ..ImputeConfig::default() };
        let (rows, second) = (gappy(), gappy().select(&[1]));
        let (both, alone) = (
            all_filled(&model, &rows, 7, &config, &device),
            all_filled(&model, &second, 8, &config, &device),
        );
        assert_eq!(both.means[3..], alone.means[..]);
        for (both, alone) in both.draws.iter().zip(&alone.draws) {
            assert_eq!(both[3..], alone[..]);
        }
        assert_ne!(both.draws[0][3], both.draws[1][3]);
    }
}
