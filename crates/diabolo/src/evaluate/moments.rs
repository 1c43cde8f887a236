//! Where the codes of a data set lie: all that the model file keeps of them.
//!
//! The mean, the deviation of each unit, and the leading principal components of f(x) over rows, the latter by subspace
//! iteration (Halko, Martinsson & Tropp 2011, algorithm 4.4): a few products with the codes, whatever their width.

use burn::tensor::Tensor;
use faer::{Mat, Side};

use crate::data::Encoded;
use crate::error::{Error, Result};
use crate::model::{Autoencoder, Batch};
use crate::nn::{Place, to_host};
use crate::noise::{Purpose, permutation, standard_normal, stream};

/// Rows put through the encoder at a time.
const CHUNK: usize = 1024;
/// Rows measured at most: the standard error of a mean is then a hundredth of the deviation.
const ROWS: usize = 10_000;
/// Numbers in the codes held at once, at most: 64 MiB.
const NUMBERS: usize = 1 << 24;
/// Principal components kept at most.
const COMPONENTS: usize = 64;
/// Products with the codes to find them; the spectra of codes fall fast.
const ITERATIONS: usize = 4;
/// The stream of the subspace's start, as the epoch of [`Purpose::Choose`].
const START: u64 = 2;

/// Mean, deviation and principal components of the code over rows.
#[derive(Debug, Clone, PartialEq)]
pub struct LatentMoments {
    /// Of each unit: latent_dim values.
    pub mean: Vec<f32>,
    /// Of each unit, 0 or more: latent_dim values.
    pub deviation: Vec<f32>,
    /// The leading components, each times the standard deviation along it: components × latent_dim, row by row.
    ///
    /// With z ~ N(0, I), mean + zᵀ components has the codes' covariance along them.
    pub components: Vec<f32>,
}

impl LatentMoments {
    /// Of f(x) over `rows`, or over at most 10,000 of them chosen by `seed`. `model` without autodiff. No rows: all 0.
    ///
    /// # Errors
    /// [`Error::Unsupported`] if a code is not finite.
    pub fn measure<M: Autoencoder>(model: &M, rows: &Encoded, seed: u64, place: &Place) -> Result<Self> {
        let width = model.latent_dim();
        let mut chosen = permutation(&mut stream(seed, Purpose::Choose, 0, 0), rows.rows);
        chosen.truncate(ROWS.min(NUMBERS / width).max(1));
        if chosen.is_empty() {
            return Ok(LatentMoments {
                mean: vec![0.0; width],
                deviation: vec![0.0; width],
                components: vec![],
            });
        }
        let blocks = chosen.chunks(CHUNK).map(|chunk| model.encode(Batch::gather(rows, chunk, place).x));
        let codes = Tensor::cat(blocks.collect(), 0);
        let mean = codes.clone().mean_dim(0);
        let centred = codes - mean.clone();
        let deviation = centred.clone().square().mean_dim(0).sqrt();
        let count = COMPONENTS.min(width).min(chosen.len().saturating_sub(1));
        Ok(LatentMoments {
            components: components(centred, count, seed, place)?,
            mean: to_host(mean),
            deviation: to_host(deviation),
        })
    }

    /// √ of the mean variance over units: the length scale of the code.
    pub fn scale(&self) -> f64 {
        let variance: f64 = self.deviation.iter().map(|&d| f64::from(d).powi(2)).sum();
        (variance / self.deviation.len().max(1) as f64).sqrt()
    }

    /// Whether these can be moments of a code of `latent_dim` units.
    pub fn fit(&self, latent_dim: usize) -> bool {
        let finite = |values: &[f32]| values.iter().all(|v| v.is_finite());
        self.mean.len() == latent_dim
            && self.deviation.len() == latent_dim
            && self.components.len().is_multiple_of(latent_dim)
            && finite(&self.mean)
            && finite(&self.components)
            && self.deviation.iter().all(|d| d.is_finite() && *d >= 0.0)
    }
}

/// The `count` leading principal components of `centred` (rows × width), times their standard deviations.
fn components(centred: Tensor<2>, count: usize, seed: u64, place: &Place) -> Result<Vec<f32>> {
    let [rows, width] = centred.dims();
    let start = standard_normal(&mut stream(seed, Purpose::Choose, START, 0), width * count);
    let mut basis = place.tensor(start, [width, count]);
    for _ in 0..ITERATIONS {
        let product = to_host(centred.clone().transpose().matmul(centred.clone().matmul(basis)));
        let product = Mat::from_fn(width, count, |i, j| f64::from(product[i * count + j]));
        let orthonormal = product.qr().compute_thin_Q();
        let values = (0..width * count).map(|k| orthonormal[(k / count, k % count)] as f32);
        basis = place.tensor(values.collect(), [width, count]);
    }
    let along = to_host(centred.matmul(basis.clone()));
    let along = Mat::from_fn(rows, count, |i, j| f64::from(along[i * count + j]));
    let covariance = along.transpose() * &along;
    let eigen = covariance.self_adjoint_eigen(Side::Lower).map_err(|_| Error::Unsupported {
        what: "the codes have no principal components: some are not finite".into(),
        help: "fit again with a smaller --learning-rate".into(),
    })?;
    // Eigenvalues ascend.
    let scaled = |k: usize| {
        let (row, column) = (k / count, count - 1 - k % count);
        let deviation = (eigen.S().column_vector()[column].max(0.0) / rows as f64).sqrt();
        (eigen.U()[(row, column)] * deviation) as f32
    };
    let turn = place.tensor((0..count * count).map(scaled).collect(), [count, count]);
    Ok(to_host(basis.matmul(turn).transpose()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::Config;
    use crate::model::Model;

    #[test]
    fn they_are_those_of_the_codes_however_many_chunks() {
        let place = Place::cpu();
        let mut config = Config::default();
        config.model.latent_dim = Some(3);
        let prepared = crate::data::prepare("digits", &config.data, 0).unwrap();
        let architecture = config.model.resolve(&prepared.preprocessor.blocks(), false).unwrap();
        let model = Model::new(&architecture, 1, &place);
        let rows = &prepared.train;
        assert!(rows.rows > CHUNK);
        let found = LatentMoments::measure(&model, rows, 5, &place).unwrap();
        let all: Vec<usize> = (0..rows.rows).collect();
        let codes = to_host(model.encode(Batch::gather(rows, &all, &place).x));
        for unit in 0..3 {
            let values: Vec<f64> = codes.iter().skip(unit).step_by(3).map(|&h| f64::from(h)).collect();
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            let variance = values.iter().map(|h| (h - mean).powi(2)).sum::<f64>() / values.len() as f64;
            assert!((f64::from(found.mean[unit]) - mean).abs() < 1e-5, "{found:?}: {mean}");
            assert!(
                (f64::from(found.deviation[unit]) - variance.sqrt()).abs() < 1e-5,
                "{found:?}: {variance}"
            );
        }
        // Three units: the components hold all of the covariance.
        for (i, j) in [(0, 0), (0, 1), (2, 1), (2, 2)] {
            let n = rows.rows as f64;
            let unit = |k: usize, row: usize| f64::from(codes[row * 3 + k]) - f64::from(found.mean[k]);
            let expected = (0..rows.rows).map(|row| unit(i, row) * unit(j, row)).sum::<f64>() / n;
            let product = |c: &[f32]| f64::from(c[i]) * f64::from(c[j]);
            let held: f64 = found.components.chunks_exact(3).map(product).sum();
            assert!((held - expected).abs() < 1e-4 * found.scale().powi(2), "{i} {j}: {held} {expected}");
        }
        assert!(found.fit(3) && !found.fit(4) && found.scale() > 0.0);
    }

    #[test]
    fn impossible_moments_do_not_fit() {
        let moments = |mean, deviation| LatentMoments {
            mean: vec![mean],
            deviation: vec![deviation],
            components: vec![0.5],
        };
        assert!(moments(-1.0, 0.0).fit(1));
        for (mean, deviation) in
            [(f32::NAN, 1.0), (0.0, -1.0), (0.0, f32::INFINITY), (f32::NEG_INFINITY, 1.0)]
        {
            assert!(!moments(mean, deviation).fit(1), "{mean} {deviation}");
        }
    }
}
