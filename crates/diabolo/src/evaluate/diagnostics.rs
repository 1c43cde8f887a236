//! Diagnostics of the encoder: its sensitivity to changes of the input.

use serde::{Deserialize, Serialize};

use super::jacobian::is_affordable;
use super::robustness::{
    ContractionRatio, NoiseResponse, contraction_ratios, default_deviations, default_radii, noise_responses,
    typical_distance,
};
use super::sensitivity::{ColumnSensitivity, column_sensitivity, input_sensitivity};
use super::spectrum::{JacobianSpectrum, jacobian_spectrum};
use crate::Result;
use crate::data::rows::Rows;
use crate::data::{Condition, Encoded, Preprocessor};
use crate::model::Autoencoder;
use crate::random::{Purpose, RngExt, Stream, permutation, stream};
use crate::tensor::Device;

/// Number of rows that are diagnosed.
const ROWS: usize = 500;
/// Number of rows for the spectrum.
const SPECTRUM_ROWS: usize = 200;
/// Eigenproblems with more latent dimensions than this use fewer rows.
const SPECTRUM_UNITS: usize = 200;
/// Above this many latent dimensions a spectrum takes minutes and is omitted.
const SPECTRUM_LIMIT: usize = 2000;

/// Sensitivity of an encoder f to changes of its input. Distances are in encoded units.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Diagnostics {
    /// Number of rows, a random sample of the evaluated rows.
    pub examples: usize,
    /// Median distance between two rows.
    pub typical_distance: f64,
    /// ‖f(x+δ) − f(x)‖ / ‖δ‖ over ‖δ‖, in increasing order of ‖δ‖.
    pub contraction_ratios: Vec<ContractionRatio>,
    /// Code and reconstruction under Gaussian noise, in increasing order of noise.
    pub noise: Vec<NoiseResponse>,
    /// Singular values of J and their effective rank; omitted if they would take minutes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spectrum: Option<JacobianSpectrum>,
    /// Sensitivity of the code to each encoded input (a pixel, a number, a category); empty if the
    /// Jacobian of one row is too large.
    pub input_sensitivity: Vec<f64>,
    /// The same by column of a table; empty for images.
    pub column_sensitivity: Vec<ColumnSensitivity>,
}

/// Diagnoses `rows`, which must be few and in random order: see [`Reservoir`]. The same seed gives
/// the same bits.
pub fn diagnose<M: Autoencoder>(
    model: &M,
    preprocessor: &Preprocessor,
    rows: &Encoded,
    seed: u64,
    device: &Device,
) -> Result<Diagnostics> {
    let distance = typical_distance(rows);
    let all: Vec<usize> = (0..rows.rows).collect();
    let affordable = is_affordable(model, rows.width);
    let inputs = if affordable { input_sensitivity(model, rows, &all, device) } else { vec![] };
    let table = affordable && preprocessor.schema.image_shape().is_none();
    Ok(Diagnostics {
        examples: rows.rows,
        typical_distance: distance,
        contraction_ratios: contraction_ratios(model, rows, &default_radii(distance), seed, device),
        noise: noise_responses(model, rows, &default_deviations(distance, rows.width), seed, device),
        spectrum: affordable_spectrum(model, rows, &all, device)?,
        column_sensitivity: if table { column_sensitivity(preprocessor, &inputs) } else { vec![] },
        input_sensitivity: inputs,
    })
}

/// The spectrum over as many of the first rows of `all` as take seconds; `None` if one row takes
/// minutes.
pub fn affordable_spectrum<M: Autoencoder>(
    model: &M,
    rows: &Encoded,
    all: &[usize],
    device: &Device,
) -> Result<Option<JacobianSpectrum>> {
    let units = model.latent_dim().min(rows.width);
    if all.is_empty() || units > SPECTRUM_LIMIT || !is_affordable(model, rows.width) {
        return Ok(None);
    }
    // The cost of an eigenproblem is cubic in the latent dimension.
    let affordable = SPECTRUM_ROWS * SPECTRUM_UNITS.pow(3) / units.max(SPECTRUM_UNITS).pow(3);
    let chosen = &all[..all.len().min(affordable.max(4))];
    jacobian_spectrum(model, rows, chosen, device).map(Some)
}

/// A uniform sample of at most 500 rows of a stream (Vitter 1985, algorithm R).
pub struct Reservoir {
    noise: Stream,
    seen: usize,
    width: usize,
    /// One row each.
    kept: Vec<Encoded>,
}

impl Reservoir {
    /// An empty sample.
    pub fn new(seed: u64) -> Self {
        Reservoir { noise: stream(seed, Purpose::DiagnosedRows, 0, 0), seen: 0, width: 0, kept: vec![] }
    }

    /// Adds rows of the stream.
    pub fn add(&mut self, rows: &Encoded) {
        self.width = rows.width;
        for row in 0..rows.rows {
            self.seen += 1;
            let position = match self.seen {
                seen if seen <= ROWS => self.kept.len(),
                seen => self.noise.random_range(0..seen as u64) as usize,
            };
            if position >= ROWS {
                continue;
            }
            let one = rows.select(&[row]);
            match position < self.kept.len() {
                true => self.kept[position] = one,
                false => self.kept.push(one),
            }
        }
    }

    /// The sample, in random order.
    pub fn finish(mut self) -> Encoded {
        let order = permutation(&mut self.noise, self.kept.len());
        let kept = || order.iter().map(|&row| &self.kept[row]);
        let missing = kept().any(|one| one.observed.is_some());
        let flags = |one: &Encoded| one.observed.as_ref().map_or(vec![1.0; self.width], |o| o.to_vec());
        let condition = self.kept.first().and_then(|one| one.condition.as_ref()).map(|first| Condition {
            width: first.width,
            values: {
                let given = kept().filter_map(|one| one.condition.as_ref());
                Rows::dense(given.flat_map(|c| c.values.iter().copied()).collect(), first.width)
            },
        });
        let observed = missing.then(|| Rows::dense(kept().flat_map(flags).collect(), self.width));
        let values = kept().flat_map(|one| one.values.iter().copied()).collect();
        Encoded { observed, condition, ..Encoded::from_rows(Rows::dense(values, self.width)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::testing::rows;

    #[test]
    fn a_sample_of_few_rows_is_all_of_them() {
        let mut sample = Reservoir::new(1);
        sample.add(&rows(2, &[1.0, 10.0, 2.0, 20.0]));
        sample.add(&rows(2, &[3.0, 0.0]).with_mask(vec![1.0, 0.0]));
        let found = sample.finish();
        assert_eq!((found.rows, found.width), (3, 2));
        let mut pairs: Vec<(u32, u32, u32)> = (0..3)
            .map(|r| {
                let flags = found.observed.as_ref().expect("some are missing");
                (found.values[2 * r] as u32, found.values[2 * r + 1] as u32, flags[2 * r + 1] as u32)
            })
            .collect();
        pairs.sort_unstable();
        assert_eq!(pairs, [(1, 10, 1), (2, 20, 1), (3, 0, 0)]);
    }

    #[test]
    fn a_sample_is_even_over_all_rows_and_does_not_depend_on_the_batches() {
        let all: Vec<f32> = (0..5000).map(|i| i as f32).collect();
        let sampled = |batch: usize| {
            let mut sample = Reservoir::new(7);
            all.chunks(batch).for_each(|chunk| sample.add(&rows(1, chunk)));
            sample.finish().values
        };
        let found = sampled(5000);
        assert_eq!(found, sampled(37));
        assert_eq!(found.len(), ROWS);
        // Uniform on 0..5000: mean 2499.5, standard error 5000 / √12 / √500 = 64.5.
        let mean = found.iter().map(|&v| v as f64).sum::<f64>() / ROWS as f64;
        assert!((mean - 2499.5).abs() < 4.0 * 64.5, "{mean}");
        let mut distinct: Vec<u32> = found.iter().map(|&v| v as u32).collect();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), ROWS);
    }
}
