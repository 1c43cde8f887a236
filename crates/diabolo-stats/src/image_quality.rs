//! Image quality: PSNR and SSIM.
//!
//! ```text
//! PSNR = −10 log₁₀ mean (x − y)²
//!     decibels, for values from 0 to 1
//! SSIM = mean over windows of (2 μ_x μ_y + C₁)(2 σ_xy + C₂) / ((μ_x² + μ_y² + C₁)(σ_x² + σ_y²
//!     + C₂))
//! ```
//! Windows are Gaussian, 11 pixels wide with a standard deviation of 1.5, and lie within the image;
//! C₁ = 0.01², C₂ = 0.03² (Wang, Bovik, Sheikh & Simoncelli 2004, section III). Channels are
//! averaged. An image with a side of fewer than 11 pixels uses the largest odd window that fits.

use rayon::prelude::*;

use crate::elementary::{
    double::{exp, log10},
    square,
};

/// The maximum PSNR, so that one exact image does not make the mean infinite.
const MOST_DECIBELS: f64 = 100.0;
const WINDOW: usize = 11;
const DEVIATION: f64 = 1.5;
const C1: f64 = 0.01 * 0.01;
const C2: f64 = 0.03 * 0.03;

/// Means over images.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct ImageQuality {
    /// Peak signal-to-noise ratio, decibels.
    pub psnr: f64,
    /// Structural similarity, at most 1.
    pub ssim: f64,
}

/// The quality of `pictures` compared with the reference images; all have the shape (height, width,
/// channels), channels last, and values from 0 to 1.
///
/// ```
/// use diabolo_stats::image_quality;
/// let found = image_quality(&[0.5; 4], &[0.6; 4], (2, 2, 1));
/// assert!((found.psnr - 20.0).abs() < 1e-5);
/// ```
pub fn image_quality(pictures: &[f32], truth: &[f32], shape: (usize, usize, usize)) -> ImageQuality {
    let size = shape.0 * shape.1 * shape.2;
    let each = pictures.par_chunks_exact(size).zip(truth.par_chunks_exact(size));
    let found: Vec<(f64, f64)> = each.map(|(x, y)| (psnr(x, y), ssim(x, y, shape))).collect();
    let n = found.len().max(1) as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| found.iter().map(of).sum::<f64>() / n;
    ImageQuality { psnr: mean(|q| q.0), ssim: mean(|q| q.1) }
}

fn psnr(x: &[f32], y: &[f32]) -> f64 {
    let squares: f64 = x.iter().zip(y).map(|(&x, &y)| square(f64::from(x) - f64::from(y))).sum();
    (-10.0 * log10(squares / x.len() as f64)).min(MOST_DECIBELS)
}

fn ssim(x: &[f32], y: &[f32], (height, width, channels): (usize, usize, usize)) -> f64 {
    let window = window(height.min(width));
    let of_channel = |channel: usize| {
        let plane = |values: &[f32]| -> Vec<f64> {
            values.iter().skip(channel).step_by(channels).map(|&v| f64::from(v)).collect()
        };
        let (x, y) = (plane(x), plane(y));
        let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).collect::<Vec<f64>>();
        let mean = |values: &[f64]| filtered(values, width, &window);
        let (mean_x, mean_y) = (mean(&x), mean(&y));
        let (xx, yy, xy) = (mean(&product(&x, &x)), mean(&product(&y, &y)), mean(&product(&x, &y)));
        let at = |i: usize| {
            let (mx, my) = (mean_x[i], mean_y[i]);
            let covariance = xy[i] - mx * my;
            let variances = xx[i] - mx * mx + yy[i] - my * my;
            (2.0 * mx * my + C1) * (2.0 * covariance + C2) / ((mx * mx + my * my + C1) * (variances + C2))
        };
        (0..mean_x.len()).map(at).sum::<f64>() / mean_x.len() as f64
    };
    (0..channels).map(of_channel).sum::<f64>() / channels as f64
}

/// Weights of the window, an odd number that fits into `side`; they sum to 1.
fn window(side: usize) -> Vec<f64> {
    let size = WINDOW.min(side - (side + 1) % 2);
    let middle = (size / 2) as f64;
    let weights: Vec<f64> =
        (0..size).map(|i| exp(-square(i as f64 - middle) / (2.0 * DEVIATION * DEVIATION))).collect();
    let sum: f64 = weights.iter().sum();
    weights.into_iter().map(|w| w / sum).collect()
}

/// The weighted mean at every position where the window lies within the plane.
fn filtered(plane: &[f64], width: usize, window: &[f64]) -> Vec<f64> {
    let weigh = |values: &mut dyn Iterator<Item = f64>| values.zip(window).map(|(v, w)| v * w).sum::<f64>();
    let across: Vec<Vec<f64>> = plane
        .chunks_exact(width)
        .map(|row| row.windows(window.len()).map(|part| weigh(&mut part.iter().copied())).collect())
        .collect();
    let columns = across[0].len();
    across
        .windows(window.len())
        .flat_map(|rows| (0..columns).map(move |column| weigh(&mut rows.iter().map(|row| row[column]))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constant_images_by_hand() {
        // No variance: the second factor is C₂/C₂.
        let found = image_quality(&[0.2; 144], &[0.4; 144], (12, 12, 1));
        assert!((found.ssim - (2.0 * 0.08 + C1) / (0.04 + 0.16 + C1)).abs() < 1e-6, "{found:?}");
        assert!((found.psnr - -20.0 * 0.2f64.log10()).abs() < 1e-5, "{found:?}");
    }

    #[test]
    fn equal_images_have_maximum_quality() {
        let picture: Vec<f32> = (0..3 * 64).map(|i| (i * 7 % 11) as f32 / 10.0).collect();
        assert_eq!(image_quality(&picture, &picture, (8, 8, 3)), ImageQuality { psnr: 100.0, ssim: 1.0 });
    }

    /// Compared with a NumPy program that weights all 121 pixels of each window.
    #[test]
    fn a_pattern_agrees_with_an_independent_program() {
        let (height, width) = (13, 15);
        let x: Vec<f32> =
            (0..height * width).map(|i| ((i / width * 7 + i % width * 3) % 11) as f32 / 10.0).collect();
        let y: Vec<f32> = (0..height * width)
            .map(|i| (x[i] + (((i / width * 5 + i % width * 2) % 7) as f32 - 3.0) / 20.0).clamp(0.0, 1.0))
            .collect();
        let found = image_quality(&y, &x, (height, width, 1));
        assert!(
            (found.ssim - 0.946_959_638).abs() < 1e-6 && (found.psnr - 20.595_856).abs() < 1e-4,
            "{found:?}"
        );
    }
}
