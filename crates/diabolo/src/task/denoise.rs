//! Denoising of rows, and its error compared with clean rows.
//!
//! The denoised row is the [reconstruction](super::reconstruct) of the noisy one, by a model
//! trained on corrupted rows (denoising) or on clean rows (contractive, variational, …). Baselines
//! are the noisy rows, a median filter (images), and principal components, whose number is chosen
//! on training rows.
//!
//! ```text
//! diabolo fit scans/ --model denoising --corruption clipped_gaussian:0.3 --patience 0 -o run
//! diabolo denoise run noisy-scans/ -o restored/
//! diabolo denoise run noisy-scans/ --clean clean-scans/
//! ```

use std::cmp::Ordering;

use serde::Serialize;

use super::reconstruct::project;
use crate::Result;
use crate::artifact::SavedModel;
use crate::data::{BlockKind, Encoded, Preprocessor};
use crate::evaluate::{ColumnScore, ColumnScores};
use crate::objective::Corruption;
use crate::random::{Purpose, stream};
use crate::stats::{ImageQuality, PrincipalSubspace, elementary::square, image_quality};
use crate::tensor::{Device, to_host};

/// A denoising method and its error.
#[derive(Debug, Clone, Serialize)]
pub struct Denoised {
    /// "noisy rows", "median filter", "PCA, 41 components", "denoising model".
    pub method: String,
    /// The quality of images.
    pub images: Option<ImageQuality>,
    /// The scores of table columns: RMSE of numbers in standard deviations of the training rows,
    /// accuracy of categories.
    pub columns: Vec<ColumnScore>,
}

/// Noisy rows and the corresponding clean rows.
pub struct NoisyCleanRows {
    /// The rows with noise.
    pub noisy: Encoded,
    /// The rows without noise.
    pub clean: Encoded,
}

/// The random stream of the noise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoiseSplit {
    /// Rows on which methods are evaluated.
    Measured = 0,
    /// Rows on which a baseline is fitted.
    Training = 1,
}

impl NoisyCleanRows {
    /// Adds noise to the numbers and pixels of `clean` rows; pixels stay within 0 to 1. `first_row`
    /// is the number of the first row in the input; it and `seed` determine the noise.
    pub fn with_noise(
        preprocessor: &Preprocessor,
        clean: Encoded,
        corruption: Corruption,
        (of, seed): (NoiseSplit, u64),
        first_row: u64,
    ) -> Self {
        let device = Device::cpu();
        let mut noisy = clean.clone();
        for (row, values) in noisy.values.chunks_exact_mut(clean.width).enumerate() {
            let noise = &mut stream(seed, Purpose::Corrupt, of as u64, first_row + row as u64);
            let changed =
                to_host(corruption.apply(device.tensor(values.to_vec(), [1, clean.width]), noise, &device));
            for block in preprocessor.blocks() {
                let columns = block.start..block.start + block.width;
                match block.kind {
                    BlockKind::Pixels => {
                        let changed = changed[columns.clone()].iter().map(|pixel| pixel.clamp(0.0, 1.0));
                        values[columns].iter_mut().zip(changed).for_each(|(value, changed)| *value = changed);
                    }
                    BlockKind::Numeric => values[columns.clone()].copy_from_slice(&changed[columns]),
                    _ => {}
                }
            }
        }
        if let Some(observed) = &noisy.observed {
            noisy.values.iter_mut().zip(&**observed).for_each(|(value, observed)| *value *= observed);
        }
        NoisyCleanRows { noisy, clean }
    }

    /// The mean change of each encoded column by noise.
    fn mean_difference(&self) -> Vec<f32> {
        let mut sums = vec![0f64; self.clean.width];
        let rows = self
            .noisy
            .values
            .chunks_exact(self.clean.width)
            .zip(self.clean.values.chunks_exact(self.clean.width));
        for (noisy, clean) in rows {
            sums.iter_mut().zip(noisy).zip(clean).for_each(|((sum, n), c)| *sum += f64::from(n - c));
        }
        sums.into_iter().map(|sum| (sum / self.clean.rows.max(1) as f64) as f32).collect()
    }

    /// The root mean square difference of noisy and clean rows.
    pub fn deviation(&self) -> f64 {
        let squares = self.noisy.values.iter().zip(&*self.clean.values);
        let sum: f64 = squares.map(|(&a, &b)| square(f64::from(a) - f64::from(b))).sum();
        (sum / self.clean.values.len().max(1) as f64).sqrt()
    }
}

/// Evaluates the noisy rows, the baselines and the model, in this order. Principal components need
/// `training` pairs.
pub fn compare_denoising(
    saved: &SavedModel,
    rows: &NoisyCleanRows,
    training: Option<&NoisyCleanRows>,
    device: &Device,
) -> Result<Vec<Denoised>> {
    let preprocessor = &saved.header.preprocessor;
    let measure = |method: String, made: &[f32]| -> Denoised {
        let shape = preprocessor.schema.image_shape();
        let mut columns = ColumnScores::new(preprocessor);
        columns.add(&rows.clean, made);
        // The values as written to files.
        let pixels = || made.iter().map(|pixel| pixel.clamp(0.0, 1.0)).collect::<Vec<f32>>();
        let images = shape.map(|shape| image_quality(&pixels(), &rows.clean.values, shape));
        Denoised { method, images, columns: columns.finish() }
    };
    let mut found = vec![measure("noisy rows".into(), &rows.noisy.values)];
    if let Some(shape) = preprocessor.schema.image_shape() {
        found.push(measure("median filter".into(), &median_filtered(&rows.noisy.values, shape)));
    }
    if let Some(pairs) = training {
        let subspace = PrincipalSubspace::fit(&pairs.clean.values, pairs.clean.width)?;
        // Clipping of noise at black and white changes the mean.
        let moved = pairs.mean_difference();
        let back = |values: &[f32]| -> Vec<f32> {
            values.iter().zip(moved.iter().cycle()).map(|(value, moved)| value - moved).collect()
        };
        let rank = subspace.best_rank(&back(&pairs.noisy.values), &pairs.clean.values);
        let made = subspace.project(&back(&rows.noisy.values), rank);
        found.push(measure(format!("PCA, {rank} components"), &made));
    }
    let name = saved.architecture.family.name().replace('_', "-");
    found.push(measure(format!("{name} model"), &project(saved, &rows.noisy, device)));
    Ok(found)
}

/// A 3 × 3 median filter; edges are replicated.
fn median_filtered(pictures: &[f32], (height, width, channels): (usize, usize, usize)) -> Vec<f32> {
    let of_picture = |picture: &[f32]| -> Vec<f32> {
        let at = |y: usize, x: usize, channel: usize| {
            let near =
                |device: usize, side: usize| [device.saturating_sub(1), device, (device + 1).min(side - 1)];
            let mut around = [0.0; 9];
            let places = near(y, height).into_iter().flat_map(|y| near(x, width).map(|x| (y, x)));
            for (value, (y, x)) in around.iter_mut().zip(places) {
                *value = picture[(y * width + x) * channels + channel];
            }
            around.sort_by(|a: &f32, b| a.partial_cmp(b).unwrap_or(Ordering::Equal));
            around[4]
        };
        let each = (0..height * width * channels)
            .map(|i| (i / channels / width, i / channels % width, i % channels));
        each.map(|(y, x, channel)| at(y, x, channel)).collect()
    };
    pictures.chunks_exact(height * width * channels).flat_map(of_picture).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn median_filter_removes_specks_and_keeps_edges() {
        let mut picture = vec![0.0; 30];
        picture.chunks_exact_mut(6).for_each(|row| row[3..].fill(1.0));
        let clean = picture.clone();
        picture[2 * 6] = 1.0;
        assert_eq!(median_filtered(&picture, (5, 6, 1)), clean);
        // Channels are independent.
        let colors: Vec<f32> = clean.iter().flat_map(|&v| [v, 1.0 - v, 0.5]).collect();
        assert_eq!(median_filtered(&colors, (5, 6, 3)), colors);
    }
}
