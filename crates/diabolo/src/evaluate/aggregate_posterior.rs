//! The aggregate posterior of a variational model, as one normal distribution.
//!
//! ```text
//! q(z) = E_x q(z|x)        E z = E μ(x) ,   Cov z = Cov μ(x) + diag E σ²(x)
//! ```
//!
//! Under the prior N(0, I) the numbers of a code are independent. Where they are not, as at
//! neighbouring positions of a code that is a map, rows decoded from N(E z, Cov z) are nearer to
//! the data: density estimation after training (Ghosh et al. 2020, section 4).

use faer::linalg::solvers::Llt;
use faer::{Mat, Side};

use crate::data::Encoded;
use crate::model::{Autoencoder, in_chunks};
use crate::random::{Stream, standard_normal};
use crate::stats::elementary::double::exp;
use crate::tensor::{Device, Tensor, to_host};

use super::summary::summarized;

/// N(mean, L Lᵀ).
#[derive(Debug, Clone, PartialEq)]
pub struct AggregatePosterior {
    /// E z: latent_dim numbers.
    pub mean: Vec<f32>,
    /// L, lower triangular: latent_dim × latent_dim, row-major.
    pub factor: Vec<f32>,
}

impl AggregatePosterior {
    /// The moments over `rows`, or over at most 4,096 of them chosen by `seed`. `model` without
    /// autodiff; `None` if it has no posterior, or a moment is not finite.
    pub fn measure<M: Autoencoder>(model: &M, rows: &Encoded, seed: u64, device: &Device) -> Option<Self> {
        let width = model.latent_dim();
        let chosen = summarized(rows, width, seed);
        if !model.has_posterior() || chosen.is_empty() {
            return None;
        }
        // Of each row the means, then the logarithms of the variances.
        let found = in_chunks(&rows.select(&chosen), device, |batch| {
            let posterior = model.posterior(batch.input()).expect("as checked");
            to_host(Tensor::cat(vec![posterior.mean, posterior.log_variance], 1))
        });
        let count = chosen.len() as f64;
        let (mut mean, mut variance) = (vec![0f64; width], vec![0f64; width]);
        for row in found.chunks_exact(2 * width) {
            let (means, log_variances) = row.split_at(width);
            mean.iter_mut().zip(means).for_each(|(sum, &v)| *sum += f64::from(v) / count);
            variance.iter_mut().zip(log_variances).for_each(|(sum, &v)| *sum += exp(f64::from(v)) / count);
        }
        let centred = Mat::from_fn(chosen.len(), width, |i, j| f64::from(found[i * 2 * width + j]) - mean[j]);
        let products = centred.transpose() * &centred;
        let covariance = Mat::from_fn(width, width, |i, j| {
            products[(i, j)] / count + if i == j { variance[j] } else { 0.0 }
        });
        let factor = Llt::new(covariance.as_ref(), Side::Lower).ok()?;
        let entry = |(i, j): (usize, usize)| if j <= i { factor.L()[(i, j)] as f32 } else { 0.0 };
        let entries = (0..width).flat_map(|i| (0..width).map(move |j| (i, j)));
        let mean = mean.into_iter().map(|v| v as f32).collect();
        let found = AggregatePosterior { mean, factor: entries.map(entry).collect() };
        found.fits(width).then_some(found)
    }

    /// Draws of this many codes.
    pub fn sample(&self, rows: usize, noise: &mut Stream, device: &Device) -> Tensor<2> {
        let width = self.mean.len();
        let draws = device.tensor(standard_normal(noise, rows * width), [rows, width]);
        let factor = device.tensor(self.factor.clone(), [width, width]);
        draws.matmul(factor.transpose()) + device.tensor(self.mean.clone(), [1, width])
    }

    /// Whether this is consistent with codes of `latent_dim` dimensions.
    pub fn fits(&self, latent_dim: usize) -> bool {
        self.mean.len() == latent_dim
            && Some(self.factor.len()) == latent_dim.checked_mul(latent_dim)
            && self.mean.iter().chain(&self.factor).all(|v| v.is_finite())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, stream};

    /// Of 20,000 draws, moments are within five standard errors, .04, of their values.
    #[test]
    fn draws_have_the_mean_and_the_covariance() {
        let given = AggregatePosterior { mean: vec![1.0, -2.0], factor: vec![1.0, 0.0, 0.6, 0.8] };
        assert!(given.fits(2) && !given.fits(3));
        let noise = &mut stream(3, Purpose::Generate, 0, 0);
        let draws = to_host(given.sample(20_000, noise, &Device::cpu()));
        let mean = |of: &dyn Fn(&[f32]) -> f32| {
            draws.chunks_exact(2).map(|z| f64::from(of(z))).sum::<f64>() / 20_000.0
        };
        let found = [
            mean(&|z| z[0]),
            mean(&|z| z[1]),
            mean(&|z| (z[0] - 1.0) * (z[0] - 1.0)),
            mean(&|z| (z[0] - 1.0) * (z[1] + 2.0)),
            mean(&|z| (z[1] + 2.0) * (z[1] + 2.0)),
        ];
        for (found, expected) in found.into_iter().zip([1.0, -2.0, 1.0, 0.6, 1.0]) {
            assert!((found - expected).abs() < 0.05, "{found} {expected}");
        }
    }
}
