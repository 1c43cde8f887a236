//! Where the codes of a data set lie: all that the model file keeps of them.

use serde::{Deserialize, Serialize};

use crate::data::Encoded;
use crate::model::{Autoencoder, Batch};
use crate::nn::{Place, to_host};
use crate::noise::{Purpose, permutation, stream};

/// Rows put through the encoder at a time.
const CHUNK: usize = 1024;
/// Rows measured at most: the standard error of a mean is then a hundredth of the deviation.
const ROWS: usize = 10_000;

/// Mean and standard deviation of each unit of the code, over rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LatentMoments {
    /// Of each unit: latent_dim values.
    pub mean: Vec<f32>,
    /// Of each unit, 0 or more: latent_dim values.
    pub deviation: Vec<f32>,
}

impl LatentMoments {
    /// Of f(x) over `rows`, or over 10,000 of them chosen by `seed` where there are more. `model` without autodiff.
    ///
    /// Memory: one chunk of rows and four numbers a unit. No rows: all 0.
    pub fn measure<M: Autoencoder>(model: &M, rows: &Encoded, seed: u64, place: &Place) -> Self {
        let width = model.latent_dim();
        let mut chosen = permutation(&mut stream(seed, Purpose::Choose, 0, 0), rows.rows);
        chosen.truncate(ROWS);
        let mut mean = vec![0f64; width];
        let mut squares = vec![0f64; width];
        let mut count = 0.0;
        for chunk in chosen.chunks(CHUNK) {
            let codes = to_host(model.encode(Batch::gather(rows, chunk, place).x));
            for code in codes.chunks_exact(width) {
                count += 1.0;
                // Welford (1962): no difference of large sums.
                for ((mean, squares), &h) in mean.iter_mut().zip(&mut squares).zip(code) {
                    let from_old = f64::from(h) - *mean;
                    *mean += from_old / count;
                    *squares += from_old * (f64::from(h) - *mean);
                }
            }
        }
        LatentMoments {
            mean: mean.into_iter().map(|m| m as f32).collect(),
            deviation: squares.into_iter().map(|s| (s / f64::max(count, 1.0)).sqrt() as f32).collect(),
        }
    }

    /// √ of the mean variance over units: the length scale of the code.
    pub fn scale(&self) -> f64 {
        let variance: f64 = self.deviation.iter().map(|&d| f64::from(d).powi(2)).sum();
        (variance / self.deviation.len().max(1) as f64).sqrt()
    }

    /// Whether these can be moments of a code of `latent_dim` units.
    pub fn fit(&self, latent_dim: usize) -> bool {
        let sound = |values: &[f32], low: f32| {
            values.len() == latent_dim && values.iter().all(|v| v.is_finite() && *v >= low)
        };
        sound(&self.mean, f32::MIN) && sound(&self.deviation, 0.0)
    }
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
        let found = LatentMoments::measure(&model, rows, 5, &place);
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
        assert!(found.fit(3) && !found.fit(4) && found.scale() > 0.0);
    }

    #[test]
    fn impossible_moments_do_not_fit() {
        let moments = |mean, deviation| LatentMoments { mean: vec![mean], deviation: vec![deviation] };
        assert!(moments(-1.0, 0.0).fit(1));
        for (mean, deviation) in
            [(f32::NAN, 1.0), (0.0, -1.0), (0.0, f32::INFINITY), (f32::NEG_INFINITY, 1.0)]
        {
            assert!(!moments(mean, deviation).fit(1), "{mean} {deviation}");
        }
    }
}
