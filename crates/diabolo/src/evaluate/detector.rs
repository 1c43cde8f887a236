//! Anomaly scores of rows, and their contributions by column, in nats.
//!
//! ```text
//! ℓ_j(x) = −log p(x_j | x̂)          x̂: the reconstruction of x, with the likelihood of the
//! column. For a family with
//!                                   several noise levels, the mean of ℓ_j over its reconstructions
//! c_j(x) = ℓ_j(x) − E ℓ_j           E: mean over training rows; c_j = 0 where x_j is missing
//! s(x)   = Σ_j c_j(x)                                                          without a posterior
//! s(x)   = −log 1/K Σ_k p(x, z_k) / q(z_k|x) − Σ_{j observed} E ℓ_j            with one
//! ```
//!
//! A Gaussian column of *fixed* variance has no learned scale; its scale is
//!
//! ```text
//! σ_j² = ½ (v_j + mean_j v_j) ,      v_j = E (x_j − x̂_j)²
//! ```
//!
//! so that ℓ_j is a standardized reconstruction error. The scale is the mean of the column's own
//! variance and that of all columns (which are standardized), so that the weight of a column that
//! is always reconstructed well is bounded. Σ_j E ℓ_j is constant for complete rows; without it,
//! missing cells alone would change the score of a row.
//!
//! The K draws are the same for every row
//! ([`common_log_likelihoods`](super::common_log_likelihoods)): except for rounding, a score
//! depends on its row only, not on the other rows.

use std::ops::Range;

use crate::tensor::Tensor;

use crate::data::{Encoded, Preprocessor};
use crate::kernel::in_parallel;
use crate::model::{Autoencoder, Batch, CHUNK, in_chunks};
use crate::random::{Purpose, permutation, stream};
use crate::stats::elementary::{double::ln, square};
use crate::tensor::{Device, to_host};

use super::{Reference, common_log_likelihoods};

/// K, draws from the posterior for each row.
const DRAWS: usize = 64;
/// By default rows with a p-value of at most this are anomalies.
pub(crate) const ALPHA: f64 = 0.05;
/// Maximum number of stored scores of held-out rows.
const MOST_SCORES: usize = 4096;
/// The same of rows of which each is large, and minimum number of them if there are more.
const LEAST_SCORES: usize = 256;
/// Maximum number of decoded numbers for these scores.
const MOST_DECODED: usize = 1 << 30;
/// Maximum number of rows to estimate σ_j and E ℓ_j from; more rows hardly change the means and
/// take as long as an epoch.
const MOST_ROWS: usize = 8192;
/// Maximum number of encoded numbers of these rows, which counts for very wide ones.
const MOST_NUMBERS: usize = 1 << 27;
/// Minimum number of these rows in which each column should be observed.
const LEAST_OBSERVED: usize = 64;
/// Minimum σ, in encoded units, for columns that are reconstructed exactly.
const LEAST_DEVIATION: f32 = 1e-3;

/// The reference statistics of anomaly scores. They contain no rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Detector {
    /// σ_j of each encoded column; for a family with several reconstructions, concatenated.
    pub deviation: Vec<f32>,
    /// E ℓ_j of each feature, nats.
    pub mean_loss: Vec<f32>,
    /// Scores of held-out rows, ascending; empty without held-out rows.
    pub scores: Vec<f32>,
    /// For windows of a series, what their last rows add to these scores, ascending.
    pub row_scores: Vec<f32>,
    /// Histograms of these rows, for drift; `None` in old files and in detectors without scores.
    pub reference: Option<Reference>,
}

/// A model with a detector.
pub struct Scorer<'a, M> {
    /// The model, without autodiff.
    pub model: &'a M,
    /// The reference statistics.
    pub detector: &'a Detector,
    /// The preprocessor.
    pub preprocessor: &'a Preprocessor,
    /// The seed of the draws.
    pub seed: u64,
    /// The device.
    pub device: &'a Device,
}

impl Detector {
    /// Estimates the scales from `rows`, which should be training rows: from 8,192 of them if there
    /// are more, plus rows in which rarely observed columns are observed. The result has no scores.
    pub fn fit<M: Autoencoder + Sync>(
        model: &M,
        preprocessor: &Preprocessor,
        rows: &Encoded,
        device: &Device,
    ) -> Self {
        let features = preprocessor.schema.features.len();
        let units = preprocessor.column_ranges();
        let rows = &typical(rows, &units);
        let deviation = deviations(model, rows, device);
        let mut detector = Detector {
            deviation,
            mean_loss: vec![0.0; features],
            scores: vec![],
            row_scores: vec![],
            reference: None,
        };
        let scorer = Scorer { model, detector: &detector, preprocessor, seed: 0, device };
        let losses = scorer.columns(rows);
        let mean_loss = (0..features).map(|j| {
            let seen: Vec<f64> = (0..rows.rows)
                .filter(|&i| rows.has(i, &units[j]))
                .map(|i| losses[i * features + j])
                .collect();
            let mean = (seen.iter().sum::<f64>() / seen.len().max(1) as f64) as f32;
            if mean.is_finite() { mean } else { 0.0 }
        });
        detector.mean_loss = mean_loss.collect();
        detector
    }

    /// The same detector with the scores and histograms of these held-out rows.
    pub fn calibrated(self, scores: &[f64], row_scores: &[f64], reference: Option<Reference>) -> Self {
        let [scores, row_scores] = [scores, row_scores].map(|scores| {
            let mut scores: Vec<f32> = scores.iter().map(|&score| score as f32).collect();
            scores.sort_by(f32::total_cmp);
            scores
        });
        Detector { scores, row_scores, reference, ..self }
    }

    /// The same detector of rows by themselves, instead of windows.
    pub(crate) fn by_row(&self) -> Self {
        Detector { scores: self.row_scores.clone(), reference: None, ..self.clone() }
    }

    /// The numbers that the decoder computes for the score of a row.
    pub fn decoded<M: Autoencoder>(model: &M) -> usize {
        let draws = if model.has_posterior() { DRAWS } else { 1 };
        draws * model.likelihood().parameters()
    }

    /// The rows whose scores are stored: all, or 4,096 of them chosen by `seed`; down to 256 if
    /// very many numbers are [decoded](Self::decoded) for each.
    pub fn sample(rows: usize, decoded: usize, seed: u64) -> Vec<usize> {
        let most = (MOST_DECODED / decoded.max(1)).clamp(LEAST_SCORES, MOST_SCORES);
        let mut chosen = permutation(&mut stream(seed, Purpose::CalibrationRows, 0, 0), rows);
        chosen.truncate(most);
        chosen
    }

    /// The conformal p-value of a score (Vovk et al. 2005): the fraction of the n held-out rows and
    /// this row with at least this score,
    ///
    /// ```text
    /// p = (1 + #{held-out scores ≥ s}) / (n + 1)
    /// ```
    /// A row of the same distribution as the held-out rows has p ≤ α with probability at most α.
    /// This is exact for held-out rows that were not used in the fit. The rows that `fit` stores
    /// are also used for early stopping, which biases them slightly; `calibrate` with new rows
    /// avoids the bias.
    ///
    /// Scores that differ only by rounding count as equal.
    pub fn p_value(&self, score: f64) -> f64 {
        let n = self.scores.len();
        let least = score - rounding(score);
        let below = self.scores.partition_point(|&held_out| f64::from(held_out) < least);
        (1 + n - below) as f64 / (n + 1) as f64
    }

    /// The score above which a [p-value](Self::p_value) is at most `alpha`; that above all held-out
    /// rows if they are too few for such a p-value. `None` without held-out rows.
    pub fn threshold(&self, alpha: f64) -> Option<f64> {
        let n = self.scores.len();
        let share = |rank: usize| rank as f64 / (n + 1) as f64;
        let most = (1..=n).take_while(|&rank| share(rank) <= alpha).count().max(1);
        Some(above_rounding(f64::from(*self.scores.get(n.checked_sub(most)?)?)))
    }

    /// Whether a score lies above the quantile by more than rounding.
    pub fn exceeds(&self, score: f64, q: f64) -> bool {
        score - rounding(score) > self.quantile(q)
    }

    /// The `q` quantile of the held-out scores; NaN if there are none.
    pub fn quantile(&self, q: f64) -> f64 {
        let rank = (q * self.scores.len() as f64).ceil() as usize;
        self.scores.get(rank.saturating_sub(1)).map_or(f64::NAN, |&score| f64::from(score))
    }

    /// Whether this is consistent with rows of `width` numbers and `features` features.
    pub fn fits(&self, width: usize, features: usize) -> bool {
        let finite = |values: &[f32]| values.iter().all(|v| v.is_finite());
        !self.deviation.is_empty()
            && self.deviation.len().is_multiple_of(width)
            && self.mean_loss.len() == features
            && self.deviation.iter().all(|&d| d.is_finite() && d > 0.0)
            && finite(&self.mean_loss)
            && [&self.scores, &self.row_scores].iter().all(|scores| scores.is_sorted())
            && self.scores.iter().chain(&self.row_scores).all(|score| !score.is_nan())
    }
}

/// The tolerance for rounding of a score, and of one near 0 or below it, in nats.
pub(crate) const ROUNDING: f64 = 1e-5;

/// The score that equals this one after [`rounding`] is taken off.
fn above_rounding(score: f64) -> f64 {
    if score >= 1.0 - ROUNDING {
        score / (1.0 - ROUNDING)
    } else if score > -1.0 - ROUNDING {
        score + ROUNDING
    } else {
        score / (1.0 + ROUNDING)
    }
}

/// The tolerance for rounding: how much a score may depend on the other rows of a batch.
fn rounding(score: f64) -> f64 {
    if score.is_finite() { ROUNDING * score.abs().max(1.0) } else { 0.0 }
}

/// [`MOST_ROWS`] of the rows, and more until every feature is observed in [`LEAST_OBSERVED`] of
/// them, if possible.
fn typical(rows: &Encoded, units: &[Range<usize>]) -> Encoded {
    let mut order = permutation(&mut stream(0, Purpose::TypicalRows, 0, 0), rows.rows);
    let most = MOST_ROWS.min(MOST_NUMBERS / rows.width.max(1)).max(LEAST_OBSERVED);
    let rest = order.split_off(order.len().min(most));
    for units in units.iter().filter(|_| !rest.is_empty() && rows.observed.is_some()) {
        let seen = order.iter().filter(|&&row| rows.has(row, units)).count();
        let more = rest.iter().filter(|&&row| rows.has(row, units));
        order.extend(more.take(LEAST_OBSERVED.saturating_sub(seen)));
    }
    rows.select(&order)
}

impl<M: Autoencoder + Sync> Scorer<'_, M> {
    /// s(x) of each row; infinite where the model's output is not finite.
    pub fn scores(&self, rows: &Encoded) -> Vec<f64> {
        let features = self.detector.mean_loss.len();
        let bounds = common_log_likelihoods(self.model, rows, DRAWS, self.seed, self.device);
        let scores: Vec<f64> = match bounds {
            Some(bounds) => {
                let units = self.preprocessor.column_ranges();
                let mean_loss = |row: usize| -> f64 {
                    let seen = (0..features).filter(|&j| rows.has(row, &units[j]));
                    seen.map(|j| f64::from(self.detector.mean_loss[j])).sum()
                };
                bounds.iter().enumerate().map(|(row, bound)| -bound - mean_loss(row)).collect()
            }
            None => self.columns(rows).chunks_exact(features).map(|row| row.iter().sum()).collect(),
        };
        scores.into_iter().map(|s| if s.is_finite() { s } else { f64::INFINITY }).collect()
    }

    /// The [expected reconstruction](Autoencoder::expected_reconstruction) of each row, in encoded
    /// units.
    pub fn expected(&self, rows: &Encoded) -> Vec<f32> {
        in_chunks(rows, self.device, |batch| {
            to_host(self.model.likelihood().mean(self.model.expected_reconstruction(&batch)))
        })
    }

    /// c_j(x): rows × features, row-major; on all cores.
    pub fn columns(&self, rows: &Encoded) -> Vec<f64> {
        let all: Vec<usize> = (0..rows.rows).collect();
        let units = self.preprocessor.column_ranges();
        let of_row = |row: usize, losses: &[f64]| -> Vec<f64> {
            let of_feature = |(units, &mean_loss): (&Range<usize>, &f32)| {
                let loss: f64 = losses[units.clone()].iter().sum();
                if rows.has(row, units) { loss - f64::from(mean_loss) } else { 0.0 }
            };
            units.iter().zip(&self.detector.mean_loss).map(of_feature).collect()
        };
        let of_chunk = |chunk: &[usize]| {
            let losses = self.losses(&Batch::gather(rows, chunk, self.device));
            let found = chunk.iter().zip(losses.chunks_exact(rows.width));
            found.flat_map(|(&row, losses)| of_row(row, losses)).collect::<Vec<f64>>()
        };
        in_parallel(&all, CHUNK, of_chunk).concat()
    }

    /// ℓ of each encoded column: batch × width.
    fn losses(&self, batch: &Batch) -> Vec<f64> {
        let all = self.model.reconstructions(batch);
        let share = 1.0 / all.len() as f64;
        let mut sums = vec![0f64; batch.x.num_elements()];
        for (parameters, deviation) in
            all.into_iter().zip(self.detector.deviation.chunks_exact(batch.x.dims()[1]))
        {
            let losses = self.losses_of(batch, parameters, deviation);
            sums.iter_mut().zip(losses).for_each(|(sum, loss)| *sum += share * loss);
        }
        sums
    }

    /// ℓ of each encoded column for one reconstruction.
    fn losses_of(&self, batch: &Batch, parameters: Tensor<2>, deviation: &[f32]) -> Vec<f64> {
        let likelihood = self.model.likelihood();
        let seen = batch.observed.as_ref();
        let losses = to_host(likelihood.column_losses(parameters.clone(), batch.x.clone(), seen));
        let mut losses: Vec<f64> = losses.into_iter().map(f64::from).collect();
        let unscaled = unscaled(self.model);
        if !unscaled.contains(&true) {
            return losses;
        }
        let residuals = to_host(likelihood.residuals(parameters, batch.x.clone()));
        let width = unscaled.len();
        for (at, loss) in losses.iter_mut().enumerate().filter(|(at, _)| unscaled[at % width]) {
            let sigma = f64::from(deviation[at % width]);
            let z = f64::from(residuals[at]) / sigma;
            *loss = 0.5 * (z * z + ln(std::f64::consts::TAU)) + ln(sigma);
        }
        losses
    }
}

/// For each encoded column whether it is a Gaussian of fixed variance.
fn unscaled<M: Autoencoder>(model: &M) -> Vec<bool> {
    let blocks = model.likelihood().blocks().iter();
    blocks.flat_map(|block| vec![block.has_fixed_variance(); block.width]).collect()
}

/// σ of each encoded column, concatenated over reconstructions.
fn deviations<M: Autoencoder>(model: &M, rows: &Encoded, device: &Device) -> Vec<f32> {
    let mut sums: Vec<Vec<[f64; 2]>> = vec![];
    let all: Vec<usize> = (0..rows.rows).collect();
    for chunk in all.chunks(CHUNK) {
        let batch = Batch::gather(rows, chunk, device);
        let made = model.reconstructions(&batch);
        sums.resize(made.len(), vec![[0.0; 2]; rows.width]);
        for (sums, parameters) in sums.iter_mut().zip(made) {
            let residuals = to_host(model.likelihood().residuals(parameters, batch.x.clone()));
            for (&row, residuals) in chunk.iter().zip(residuals.chunks_exact(rows.width)) {
                for (column, &residual) in residuals.iter().enumerate() {
                    let seen = f64::from(u8::from(rows.has(row, &(column..column + 1))));
                    sums[column][0] += seen * square(f64::from(residual));
                    sums[column][1] += seen;
                }
            }
        }
    }
    let unscaled = unscaled(model);
    sums.iter().flat_map(|sums| scales(sums, &unscaled)).collect()
}

/// σ of each column from sums of squares and counts; the mean variance is over columns that
/// `count`.
fn scales(sums: &[[f64; 2]], count: &[bool]) -> Vec<f32> {
    let variances: Vec<f64> = sums.iter().map(|[squares, seen]| squares / seen.max(1.0)).collect();
    let shared: Vec<f64> =
        variances.iter().zip(count).filter(|(_, counts)| **counts).map(|(v, _)| *v).collect();
    let mean = shared.iter().sum::<f64>() / shared.len().max(1) as f64;
    variances.iter().map(|v| ((0.5 * (v + mean)).sqrt() as f32).max(LEAST_DEVIATION)).collect()
}

#[cfg(test)]
mod tests;
