//! Counter-based random streams: the only source of randomness.
//!
//! A stream is named by what it is for, never by when it is asked for. The 256-bit ChaCha8 key is
//! (seed, purpose, epoch, step), so the same four numbers give the same bits on any machine, for
//! any number of threads, and after a resume. There is no global generator.

use rand::SeedableRng;
use rand_distr::{Distribution, StandardNormal};

pub use rand::RngExt;
pub use rand::rngs::ChaCha8Rng as Stream;

/// What a stream is used for. The numbers are part of the reproducibility contract: never reuse one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u64)]
pub enum Purpose {
    /// Splitting rows into training, validation and test.
    Split = 1,
    /// Initial weights.
    Initialize = 2,
    /// The order of the rows in an epoch.
    Shuffle = 3,
    /// Noise of the objective in a training step: reparameterisation, corruption.
    Train = 4,
    /// Noise of the objective on held-out rows.
    Evaluate = 5,
    /// Drawing new examples.
    Generate = 6,
    /// Choosing examples to show or to analyse.
    Choose = 7,
    /// Drawing pixels as 0 or 1.
    Binarize = 8,
    /// Filling in missing cells.
    Impute = 10,
    /// Noise added to rows on purpose, to see it taken away.
    Corrupt = 11,
}

/// The stream for (seed, purpose, epoch, step).
///
/// ```
/// use diabolo_stats::random::{RngExt, Purpose, stream};
/// let a: u64 = stream(7, Purpose::Train, 3, 12).random();
/// let b: u64 = stream(7, Purpose::Train, 3, 12).random();
/// let c: u64 = stream(7, Purpose::Train, 3, 13).random();
/// assert_eq!(a, b);
/// assert_ne!(a, c);
/// ```
pub fn stream(seed: u64, purpose: Purpose, epoch: u64, step: u64) -> Stream {
    let mut key = [0u8; 32];
    for (bytes, word) in key.chunks_exact_mut(8).zip([seed, purpose as u64, epoch, step]) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    Stream::from_seed(key)
}

/// `n` independent draws from the standard normal distribution.
pub fn standard_normal(stream: &mut Stream, n: usize) -> Vec<f32> {
    (0..n).map(|_| StandardNormal.sample(stream)).collect()
}

/// Where the draws for the rows of a batch come from.
pub enum RowNoise<'a> {
    /// Every row has draws of its own.
    Own(&'a mut Stream),
    /// All rows have the same.
    Common(&'a mut Stream),
}

impl RowNoise<'_> {
    /// `each` draws from the standard normal distribution for every row, row by row.
    pub fn standard_normal(&mut self, rows: usize, each: usize) -> Vec<f32> {
        match self {
            RowNoise::Own(stream) => standard_normal(stream, rows * each),
            RowNoise::Common(stream) => standard_normal(stream, each).repeat(rows),
        }
    }
}

/// A permutation of `0..n`, by Fisher–Yates.
pub fn permutation(stream: &mut Stream, n: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    for i in (1..n).rev() {
        order.swap(i, stream.random_range(0..=i as u64) as usize);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purposes_do_not_share_a_stream() {
        let first = |purpose| -> u64 { stream(1, purpose, 0, 0).random() };
        assert_ne!(first(Purpose::Train), first(Purpose::Evaluate));
    }

    #[test]
    fn a_permutation_visits_every_row_once() {
        let mut order = permutation(&mut stream(5, Purpose::Shuffle, 1, 0), 1000);
        assert_ne!(order, (0..1000).collect::<Vec<_>>());
        order.sort_unstable();
        assert_eq!(order, (0..1000).collect::<Vec<_>>());
    }

    #[test]
    fn normals_have_mean_zero_and_variance_one() {
        let n = 100_000;
        let draws = standard_normal(&mut stream(11, Purpose::Train, 0, 0), n);
        let mean = draws.iter().map(|&x| x as f64).sum::<f64>() / n as f64;
        let variance = draws.iter().map(|&x| (x as f64 - mean).powi(2)).sum::<f64>() / n as f64;
        // Four standard errors.
        assert!(mean.abs() < 4.0 / (n as f64).sqrt(), "mean {mean}");
        assert!((variance - 1.0).abs() < 4.0 * (2.0 / n as f64).sqrt(), "variance {variance}");
    }
}
