//! A summary of the codes of a data set, stored in the model file.

use crate::Result;
use crate::data::Encoded;
use crate::model::{Autoencoder, in_chunks};
use crate::random::{Purpose, permutation, stream, weighted_index_or_last};
use crate::tensor::{Device, to_host};

use crate::stats::{elementary::square, k_means};

/// Maximum number of summarized rows, and of numbers in their codes: 32 MiB.
const ROWS: usize = 4096;
const NUMBERS: usize = 1 << 23;
/// Maximum number of centres, and minimum average number of rows per centre.
const CENTERS: usize = 64;
const ROWS_A_CENTER: usize = 10;
/// Minimum number of rows per centre, so that no centre is a row.
const FEWEST: usize = 3;

/// Cluster centres and standard deviations of codes.
#[derive(Debug, Clone, PartialEq)]
pub struct LatentSummary {
    /// Standard deviation of each latent dimension: latent_dim values, 0 or more.
    pub deviation: Vec<f32>,
    /// Centres of a k-means clustering of the codes: centres × latent_dim, row-major.
    pub centers: Vec<f32>,
    /// The fraction of the codes in each cluster.
    pub shares: Vec<f32>,
}

impl LatentSummary {
    /// Summarizes f(x) over `rows`, or over at most 4,096 of them chosen by `seed`. `model` without
    /// autodiff.
    ///
    /// Every centre is the mean of three or more codes, unless there are fewer codes in total.
    ///
    /// # Errors
    /// [`Error::Data`](crate::Error::Data) if a code is not finite.
    pub fn measure<M: Autoencoder>(model: &M, rows: &Encoded, seed: u64, device: &Device) -> Result<Self> {
        let width = model.latent_dim();
        let chosen = summarized(rows, width, seed);
        if chosen.is_empty() {
            let (deviation, centers) = (vec![0.0; width], vec![0.0; width]);
            return Ok(LatentSummary { deviation, centers, shares: vec![1.0] });
        }
        let codes = in_chunks(&rows.select(&chosen), device, |batch| to_host(model.encode(batch.input())));
        let clusters = (chosen.len() / ROWS_A_CENTER).clamp(1, CENTERS);
        let found = k_means(&codes, width, clusters, 1, seed)?;
        let mut counts = vec![0usize; clusters];
        found.assignment.iter().for_each(|&cluster| counts[cluster as usize] += 1);
        let least = FEWEST.min(counts.iter().copied().max().unwrap_or(0));
        let kept: Vec<usize> = (0..clusters).filter(|&cluster| counts[cluster] >= least).collect();
        let total: usize = kept.iter().map(|&cluster| counts[cluster]).sum();
        let center =
            |&cluster: &usize| found.centroids[cluster * width..(cluster + 1) * width].iter().copied();
        Ok(LatentSummary {
            deviation: deviations(&codes, width),
            centers: kept.iter().flat_map(center).collect(),
            shares: kept.iter().map(|&cluster| counts[cluster] as f32 / total as f32).collect(),
        })
    }

    /// √ of the mean variance over latent dimensions: the length scale of the code.
    pub fn scale(&self) -> f64 {
        let variance: f64 = self.deviation.iter().map(|&d| square(f64::from(d))).sum();
        (variance / self.deviation.len().max(1) as f64).sqrt()
    }

    /// The cluster centre selected by a number in [0, 1), where each interval is as wide as its
    /// fraction.
    pub fn center(&self, position: f64) -> &[f32] {
        let cluster = weighted_index_or_last(&self.shares, position);
        let width = self.deviation.len();
        &self.centers[cluster * width..(cluster + 1) * width]
    }

    /// Whether this is consistent with a code of `latent_dim` dimensions.
    pub fn fits(&self, latent_dim: usize) -> bool {
        let sound = |values: &[f32], low: f32| values.iter().all(|v| v.is_finite() && *v >= low);
        self.deviation.len() == latent_dim
            && !self.shares.is_empty()
            && self.centers.len() == self.shares.len() * latent_dim
            && sound(&self.deviation, 0.0)
            && sound(&self.shares, 0.0)
            && sound(&self.centers, f32::MIN)
    }
}

/// The rows that a summary of codes of `width` numbers is measured on.
pub(super) fn summarized(rows: &Encoded, width: usize, seed: u64) -> Vec<usize> {
    let mut chosen = permutation(&mut stream(seed, Purpose::LatentSummaryRows, 0, 0), rows.rows);
    chosen.truncate(ROWS.min(NUMBERS / width).max(1));
    chosen
}

/// The standard deviation of each latent dimension.
fn deviations(codes: &[f32], width: usize) -> Vec<f32> {
    let mut mean = vec![0f64; width];
    let mut squares = vec![0f64; width];
    let mut count = 0.0;
    for code in codes.chunks_exact(width) {
        count += 1.0;
        // Welford (1962), which avoids differences of large sums.
        for ((mean, squares), &h) in mean.iter_mut().zip(&mut squares).zip(code) {
            let from_old = f64::from(h) - *mean;
            *mean += from_old / count;
            *squares += from_old * (f64::from(h) - *mean);
        }
    }
    squares.into_iter().map(|s| (s / f64::max(count, 1.0)).sqrt() as f32).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::evaluate::testing::{Network, rows};
    use crate::nn::Activation;

    /// The code is the row itself.
    fn identity() -> Network {
        Network::new(&[(2, 2, &[1.0, 0.0, 0.0, 1.0], Activation::Identity)])
    }

    #[test]
    fn centres_are_cluster_means_and_never_single_rows() {
        // 30 rows around (0, 0), 10 around (10, 0), and one far from all.
        let near = |centre: f32, n: usize| {
            (0..n).flat_map(move |i| [centre + (i % 3) as f32 * 0.1, (i % 2) as f32 * 0.1])
        };
        let values: Vec<f32> = near(0.0, 30).chain(near(10.0, 10)).chain([500.0, 500.0]).collect();
        let found = LatentSummary::measure(&identity(), &rows(2, &values), 1, &Device::cpu()).unwrap();
        assert!(found.fits(2) && !found.fits(3));
        assert!((found.shares.iter().sum::<f32>() - 1.0).abs() < 1e-6);
        assert!(found.centers.iter().all(|v| *v < 11.0), "a row alone became a centre: {found:?}");
        let right: f32 = found
            .centers
            .chunks_exact(2)
            .zip(&found.shares)
            .filter(|(c, _)| c[0] > 5.0)
            .map(|(_, s)| s)
            .sum();
        assert!((right - 0.25).abs() < 1e-6, "{found:?}");
    }

    #[test]
    fn deviation_and_choice_by_hand() {
        assert_eq!(deviations(&[1.0, 5.0, 3.0, 5.0], 2), [1.0, 0.0]);
        let summary = LatentSummary {
            deviation: vec![3.0, 4.0],
            centers: vec![1.0, 1.0, 2.0, 2.0],
            shares: vec![0.25, 0.75],
        };
        assert_eq!(summary.scale(), 12.5f64.sqrt());
        assert_eq!(
            [summary.center(0.2), summary.center(0.3), summary.center(1.0)],
            [[1.0, 1.0], [2.0, 2.0], [2.0, 2.0]]
        );
    }

    #[test]
    fn invalid_summaries_are_detected() {
        let good = LatentSummary { deviation: vec![1.0], centers: vec![-1.0], shares: vec![1.0] };
        assert!(good.fits(1));
        for bad in [
            LatentSummary { deviation: vec![-1.0], ..good.clone() },
            LatentSummary { centers: vec![f32::NAN], ..good.clone() },
            LatentSummary { shares: vec![], centers: vec![], ..good.clone() },
            LatentSummary { shares: vec![0.5, 0.5], ..good.clone() },
        ] {
            assert!(!bad.fits(1), "{bad:?}");
        }
    }
}
