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
}

impl LogLikelihood {
    /// The mean of the given values and its standard error.
    pub fn of(values: &[f64], samples: usize) -> Self {
        let n = values.len().max(1) as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
        let standard_error = (squares / (n - 1.0).max(1.0) / n).sqrt();
        LogLikelihood { examples: values.len(), samples, mean, standard_error }
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
) -> Option<Vec<f64>> {
    in_slices(rows, rows_at_once(samples), |slice| {
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
    // In place the tensors stay too small for Burn to ask for threads.
    const SMALL: usize = 1 << 17;
    let few = (SMALL / (samples * rows.width).max(1)).clamp(1, rows_at_once(samples));
    let at_once = if is_in_place() { few } else { rows_at_once(samples) };
    in_slices(rows, at_once, |slice| {
        let noise = &mut stream(seed, Purpose::CommonImportanceDraws, 0, 0);
        bounds(model, rows, slice, samples, RowNoise::Common(noise), device)
    })
}

/// The number of rows for [`DRAWS`] draws in total.
fn rows_at_once(samples: usize) -> usize {
    (DRAWS / samples.max(1)).clamp(1, ROWS)
}

/// Applies a function to all rows, slice by slice.
fn in_slices(
    rows: &Encoded,
    at_once: usize,
    values: impl Fn(&[usize]) -> Option<Vec<f64>> + Sync + Send,
) -> Option<Vec<f64>> {
    let all: Vec<usize> = (0..rows.rows).collect();
    let slices: Option<Vec<Vec<f64>>> = in_parallel(&all, at_once, values).into_iter().collect();
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
) -> Option<Vec<f64>> {
    let batch = Batch::gather(rows, slice, device);
    let mut sums = vec![LogSum::default(); slice.len()];
    let mut left = samples.max(1);
    while left > 0 {
        let now = left.min((DRAWS / slice.len()).max(1));
        let weights = to_host(model.log_weights(&batch, now, &mut noise, device)?);
        for (sum, weights) in sums.iter_mut().zip(weights.chunks_exact(now)) {
            weights.iter().for_each(|&w| sum.add(f64::from(w)));
        }
        left -= now;
    }
    Some(sums.iter().map(LogSum::mean).collect())
}

/// A running log Σ e^a.
#[derive(Clone, Copy)]
struct LogSum {
    largest: f64,
    scaled: f64,
    count: f64,
}

impl Default for LogSum {
    fn default() -> Self {
        LogSum { largest: f64::NEG_INFINITY, scaled: 0.0, count: 0.0 }
    }
}

impl LogSum {
    fn add(&mut self, a: f64) {
        self.count += 1.0;
        if a > self.largest {
            self.scaled = self.scaled * (self.largest - a).exp() + 1.0;
            self.largest = a;
        } else {
            self.scaled += (a - self.largest).exp();
        }
    }

    /// The logarithm of the mean of e^a.
    fn mean(&self) -> f64 {
        self.largest + (self.scaled / self.count).ln()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_mean_by_hand() {
        let mut sum = LogSum::default();
        [0.0, 3f64.ln(), 1000.0f64.ln()].into_iter().for_each(|a| sum.add(a));
        assert!((sum.mean() - (1004.0f64 / 3.0).ln()).abs() < 1e-12);
        let mut far = LogSum::default();
        [-5000.0, -5000.0].into_iter().for_each(|a| far.add(a));
        assert_eq!(far.mean(), -5000.0);
    }

    #[test]
    fn a_mean_and_its_error_by_hand() {
        let found = LogLikelihood::of(&[-1.0, -3.0], 5);
        assert_eq!((found.mean, found.standard_error), (-2.0, 1.0));
    }
}
