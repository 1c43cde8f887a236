//! Estimation of log p(x) by importance sampling, a lower bound (Burda et al. 2015, eq. 8; Rezende
//! et al. 2014, appendix E).
//!
//! ```text
//! log p(x) ≥ E log 1/K Σ_k p(x, z_k) / q(z_k|x),  z_k ~ q(z|x)
//! ```
//! The bound increases with K and converges to log p(x); papers use K = 5,000.

use serde::{Deserialize, Serialize};

use crate::data::Encoded;
use crate::kernel::{in_parallel, is_in_place};
use crate::model::{Autoencoder, Batch};
use crate::random::{Purpose, RowNoise, stream};
use crate::stats::elementary::{
    double::{exp, ln},
    square,
};
use crate::tensor::{Device, to_host};

/// Draws of z that are decoded together, for all rows of a slice; small enough for the cache.
const DRAWS: usize = 2048;
/// Maximum number of rows of a slice.
const ROWS: usize = 64;

/// The mean over examples, in nats.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct LogLikelihood {
    /// Number of rows.
    pub examples: usize,
    /// K, draws for each row.
    pub samples: usize,
    /// Mean of log 1/K Σ_k w_k, nats per example.
    pub mean: f64,
    /// Standard error of the mean, over rows.
    pub standard_error: f64,
    /// The effective sample size (Σ w)² / Σ w² of the K draws (Kong 1992), the median over rows. If
    /// it is low, few draws carry all the weight, and the bound is loose.
    #[serde(default)]
    pub effective_draws: f64,
    /// Number of rows whose effective sample size is below [`LEAST_EFFECTIVE`].
    #[serde(default)]
    pub unreliable_rows: usize,
    /// The gap of the evidence lower bound, log p(x) − ELBO = KL(q(z|x) ‖ p(z|x)), nats per
    /// example: the mean over rows, estimated from below.
    #[serde(default)]
    pub bound_gap: f64,
}

/// The effective sample size below which the estimate of a row is unreliable.
pub const LEAST_EFFECTIVE: f64 = 5.0;

/// The estimate for one row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RowLikelihood {
    /// log 1/K Σ_k w_k, in nats.
    pub bound: f64,
    /// (Σ w)² / Σ w², from 1 to K.
    pub effective_draws: f64,
    /// The bound minus the mean of log w_k, which estimates the ELBO: 0 or more.
    pub gap: f64,
}

impl LogLikelihood {
    /// The mean over rows and its standard error.
    pub fn of(rows: &[RowLikelihood], samples: usize) -> Self {
        let n = rows.len().max(1) as f64;
        let mean = rows.iter().map(|row| row.bound).sum::<f64>() / n;
        let squares: f64 = rows.iter().map(|row| square(row.bound - mean)).sum();
        let mut effective: Vec<f64> = rows.iter().map(|row| row.effective_draws).collect();
        effective.sort_by(f64::total_cmp);
        LogLikelihood {
            examples: rows.len(),
            samples,
            mean,
            standard_error: (squares / (n - 1.0).max(1.0) / n).sqrt(),
            effective_draws: effective.get(rows.len() / 2).copied().unwrap_or_default(),
            unreliable_rows: effective.iter().filter(|&&draws| draws < LEAST_EFFECTIVE).count(),
            bound_gap: rows.iter().map(|row| row.gap).sum::<f64>() / n,
        }
    }

    /// A note if the draws of a tenth of the rows are too few.
    pub fn warning(&self) -> Option<String> {
        let LogLikelihood { examples, samples, effective_draws, unreliable_rows, .. } = self;
        // Of few draws nobody expects more.
        let asked = *samples as f64 >= 2.0 * LEAST_EFFECTIVE;
        (asked && unreliable_rows * 10 >= *examples && *examples > 0).then(|| {
            format!(
                "in {unreliable_rows} of {examples} rows fewer than {LEAST_EFFECTIVE} of the {samples} draws carry the weight \
                 (median effective sample size: {effective_draws:.1}): the bound on −log p(x) is loose, and its standard error \
                 does not show it; more --samples tighten it"
            )
        })
    }
}

/// The bound on log p(x) for each row, from `samples` draws; `None` for a model without a
/// posterior.
///
/// `first_row` is the number of the first row among all evaluated rows; it and `seed` determine the
/// draws. Memory does not grow with `samples`. `model` without autodiff.
pub fn log_likelihoods<M: Autoencoder + Sync>(
    model: &M,
    rows: &Encoded,
    samples: usize,
    seed: u64,
    first_row: u64,
    device: &Device,
) -> Option<Vec<RowLikelihood>> {
    in_slices(rows, rows_at_once(samples, rows.width), |slice| {
        let noise = &mut stream(seed, Purpose::ImportanceDraws, 0, first_row + slice[0] as u64);
        bounds(model, rows, slice, samples, RowNoise::Own(noise), device)
    })
}

/// [`log_likelihoods`] with the same draws of ε for every row: a function of the row only (except
/// for rounding), so that rows compare with less noise. `None` for a model without a posterior.
pub fn common_log_likelihoods<M: Autoencoder + Sync>(
    model: &M,
    rows: &Encoded,
    samples: usize,
    seed: u64,
    device: &Device,
) -> Option<Vec<f64>> {
    // In place, few rows at a time.
    const SMALL: usize = 1 << 17;
    let most = rows_at_once(samples, rows.width);
    let few = (SMALL / (samples * rows.width).max(1)).clamp(1, most);
    let at_once = if is_in_place() { few } else { most };
    let found = in_slices(rows, at_once, |slice| {
        let noise = &mut stream(seed, Purpose::CommonImportanceDraws, 0, 0);
        bounds(model, rows, slice, samples, RowNoise::Common(noise), device)
    })?;
    Some(found.into_iter().map(|row| row.bound).collect())
}

/// The number of rows of this width for [`draws_at_once`] in total.
fn rows_at_once(samples: usize, width: usize) -> usize {
    (draws_at_once(width) / samples.max(1)).clamp(1, ROWS)
}

/// [`DRAWS`], or fewer, so that decoded rows have about 64 MiB.
fn draws_at_once(width: usize) -> usize {
    const NUMBERS: usize = 1 << 24;
    DRAWS.min(NUMBERS / width.max(1)).max(1)
}

/// Applies a function to all rows, slice by slice.
fn in_slices(
    rows: &Encoded,
    at_once: usize,
    values: impl Fn(&[usize]) -> Option<Vec<RowLikelihood>> + Sync + Send,
) -> Option<Vec<RowLikelihood>> {
    let all: Vec<usize> = (0..rows.rows).collect();
    let slices: Option<Vec<Vec<RowLikelihood>>> = in_parallel(&all, at_once, values).into_iter().collect();
    slices.map(|slices| slices.concat())
}

/// The bound for the rows of one slice.
fn bounds<M: Autoencoder>(
    model: &M,
    rows: &Encoded,
    slice: &[usize],
    samples: usize,
    mut noise: RowNoise,
    device: &Device,
) -> Option<Vec<RowLikelihood>> {
    let batch = Batch::gather(rows, slice, device);
    let mut sums = vec![LogSum::default(); slice.len()];
    let mut left = samples.max(1);
    while left > 0 {
        let now = left.min((draws_at_once(rows.width) / slice.len()).max(1));
        let weights = to_host(model.log_weights(&batch, now, &mut noise, device)?);
        for (sum, weights) in sums.iter_mut().zip(weights.chunks_exact(now)) {
            weights.iter().for_each(|&w| sum.add(f64::from(w)));
        }
        left -= now;
    }
    Some(sums.iter().map(LogSum::found).collect())
}

/// A running log Σ e^a.
#[derive(Clone, Copy)]
struct LogSum {
    largest: f64,
    scaled: f64,
    /// The sum of squares, Σ e^2(a − largest).
    squares: f64,
    /// The sum of a.
    logarithms: f64,
    count: f64,
}

impl Default for LogSum {
    fn default() -> Self {
        LogSum { largest: f64::NEG_INFINITY, scaled: 0.0, squares: 0.0, logarithms: 0.0, count: 0.0 }
    }
}

impl LogSum {
    fn add(&mut self, a: f64) {
        self.count += 1.0;
        self.logarithms += a;
        if a > self.largest {
            let smaller = exp(self.largest - a);
            self.scaled = self.scaled * smaller + 1.0;
            self.squares = self.squares * smaller * smaller + 1.0;
            self.largest = a;
        } else {
            let weight = exp(a - self.largest);
            self.scaled += weight;
            self.squares += weight * weight;
        }
    }

    /// The logarithm of the mean of e^a, and how many of them it is a mean of.
    fn found(&self) -> RowLikelihood {
        let bound = self.largest + ln(self.scaled / self.count);
        RowLikelihood {
            bound,
            effective_draws: self.scaled * self.scaled / self.squares,
            gap: bound - self.logarithms / self.count,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_mean_by_hand() {
        let mut sum = LogSum::default();
        [0.0, 3f64.ln(), 1000.0f64.ln()].into_iter().for_each(|a| sum.add(a));
        assert!((sum.found().bound - (1004.0f64 / 3.0).ln()).abs() < 1e-12);
        // The mean of the logarithms is log(3000) / 3.
        let gap = (1004.0f64 / 3.0).ln() - 3000f64.ln() / 3.0;
        assert!((sum.found().gap - gap).abs() < 1e-12);
        let effective = 1004.0f64.powi(2) / (1.0 + 9.0 + 1e6);
        assert!((sum.found().effective_draws - effective).abs() < 1e-12);
        let mut far = LogSum::default();
        [-5000.0, -5000.0].into_iter().for_each(|a| far.add(a));
        assert_eq!(far.found(), RowLikelihood { bound: -5000.0, effective_draws: 2.0, gap: 0.0 });
    }

    #[test]
    fn a_mean_and_its_error_by_hand() {
        let row = |(bound, effective_draws)| RowLikelihood { bound, effective_draws, gap: -bound };
        let found = LogLikelihood::of(&[(-1.0, 2.0), (-3.0, 8.0)].map(row), 50);
        assert_eq!((found.mean, found.standard_error, found.bound_gap), (-2.0, 1.0, 2.0));
        assert_eq!((found.effective_draws, found.unreliable_rows), (8.0, 1));
        assert!(
            found
                .warning()
                .is_some_and(|text| text.starts_with("in 1 of 2 rows fewer than 5 of the 50 draws"))
        );
        assert_eq!(LogLikelihood::of(&[(-1.0, 40.0), (-3.0, 8.0)].map(row), 50).warning(), None);
        assert_eq!(LogLikelihood::of(&[(-1.0, 1.5)].map(row), 2).warning(), None, "two draws cannot be five");
    }
}
