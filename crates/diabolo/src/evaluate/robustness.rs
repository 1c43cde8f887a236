//! Robustness of code and reconstruction to changes of the input.
//!
//! Distances are Euclidean, in encoded units (standard deviations of a number, 0 to 1 of a pixel).
//! Missing cells are not changed. All noise is drawn on the host, so that results are the same on
//! any device and for any number of threads.

use crate::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::cells::counts;
use super::evaluation::total;
use crate::data::Encoded;
use crate::model::{Autoencoder, Batch};
use crate::random::{Purpose, standard_normal, stream};
use crate::stats::elementary::{
    double::{powf, powi},
    square,
};
use crate::tensor::{Device, to_host};

/// Rows at a time.
const CHUNK: usize = 256;
/// Number of directions per row.
const DIRECTIONS: usize = 4;
/// The smallest default radius, as a multiple of the typical distance between rows …
const NEAREST: f64 = 0.01;
/// … and the largest; radii are log-spaced.
const FARTHEST: f64 = 3.0;
const RADII: usize = 12;
/// The default standard deviations of noise, as multiples of the standard deviation of the input.
const NOISE_LEVELS: [f64; 5] = [0.0, 0.1, 0.25, 0.5, 1.0];

/// One point of the contraction-ratio curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ContractionRatio {
    /// ‖δ‖ = r, encoded units.
    pub radius: f64,
    /// Mean over rows of ‖f(x+δ) − f(x)‖ / ‖δ‖.
    pub mean: f64,
    /// Standard error of the mean, over rows.
    pub standard_error: f64,
    /// Square root of the mean square; √(E‖J‖²_F / inputs) as r → 0.
    pub root_mean_square: f64,
}

/// The effect of Gaussian noise on the input.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct NoiseResponse {
    /// σ of ε ~ N(0, σ²) on every observed value, encoded units.
    pub deviation: f64,
    /// E‖f(x+ε) − f(x)‖² / E‖f(x) − f̄‖²: 1 if the change by noise equals the variance of the
    /// codes.
    /// `None` if the codes are constant.
    pub code_change: Option<f64>,
    /// Mean squared error between the reconstruction of the noisy row and the *clean* row, per
    /// observed value of a column that the decoder describes.
    pub reconstruction_mse: f64,
}

/// The median distance between consecutive `rows`, which must be in random order, in encoded units;
/// 0 for fewer than two rows.
pub fn typical_distance(rows: &Encoded) -> f64 {
    let row = |i: usize| &rows.values[i * rows.width..(i + 1) * rows.width];
    let apart = |i: usize| row(i - 1).iter().zip(row(i)).map(|(a, b)| square((a - b) as f64)).sum::<f64>();
    let mut distances: Vec<f64> = (1..rows.rows).map(|i| apart(i).sqrt()).collect();
    distances.sort_by(f64::total_cmp);
    distances.get(distances.len() / 2).copied().unwrap_or(0.0)
}

/// The default radii for a typical `distance` between rows: 12, log-spaced from 0.01 to 3 times
/// that.
pub fn default_radii(distance: f64) -> Vec<f64> {
    let step = powf(FARTHEST / NEAREST, 1.0 / (RADII - 1) as f64);
    let distance = if distance > 0.0 { distance } else { 1.0 };
    (0..RADII).map(|i| distance * NEAREST * powi(step, i as i32)).collect()
}

/// The default standard deviations of noise for a typical `distance` between rows: 0, 0.1, 0.25,
/// 0.5 and 1 times the standard deviation of the input.
///
/// The distance of two independent rows is √2 times the norm of the deviations: distance =
/// √(2 · inputs) · deviation.
pub fn default_deviations(distance: f64, inputs: usize) -> Vec<f64> {
    let own = if distance > 0.0 { distance / (2.0 * inputs.max(1) as f64).sqrt() } else { 1.0 };
    NOISE_LEVELS.iter().map(|level| level * own).collect()
}

/// The contraction-ratio curve ‖f(x+δ) − f(x)‖ / ‖δ‖ over ‖δ‖ (Rifai et al. 2011, section 5.3 and
/// figure 3).
///
/// δ is uniform on the sphere of each of the `radii` (positive, encoded units), the same four
/// directions at all radii. As in the paper, they are isotropic: as r → 0 the mean square is
/// E‖Jδ‖²/r² = ‖J‖²_F / inputs, and every ratio of a linear encoder lies between its smallest and
/// largest singular value. δ is 0 in missing cells; rows without observed cells are skipped.
pub fn contraction_ratios<M: Autoencoder>(
    model: &M,
    rows: &Encoded,
    radii: &[f64],
    seed: u64,
    device: &Device,
) -> Vec<ContractionRatio> {
    let something = |row: &usize| match &rows.observed {
        Some(observed) => observed[row * rows.width..(row + 1) * rows.width].contains(&1.0),
        None => true,
    };
    let usable: Vec<usize> = (0..rows.rows).filter(something).collect();
    // For each radius: the sums over rows of the mean ratio, of its square, and of the mean squared
    // ratio.
    let mut sums = vec![[0.0; 3]; radii.len()];
    for (step, chunk) in usable.chunks(CHUNK).enumerate() {
        let batch = Batch::gather(rows, chunk, device);
        let code = model.encode(batch.input());
        let noise = &mut stream(seed, Purpose::Directions, 0, step as u64);
        let directions: Vec<Tensor<2>> = (0..DIRECTIONS)
            .map(|_| {
                let normal = observed_noise(&batch, noise, device);
                normal.clone() / normal.square().sum_dim(1).sqrt()
            })
            .collect();
        for (&radius, sums) in radii.iter().zip(&mut sums) {
            let mut squares = vec![[0.0; 2]; chunk.len()];
            for direction in &directions {
                let moved = model.encode(batch.changed_input(direction.clone() * radius)) - code.clone();
                for (row, squared) in squares.iter_mut().zip(to_host(moved.square().sum_dim(1))) {
                    let squared = squared as f64 / square(radius);
                    row[0] += squared.sqrt() / DIRECTIONS as f64;
                    row[1] += squared / DIRECTIONS as f64;
                }
            }
            for [ratio, squared] in squares {
                sums[0] += ratio;
                sums[1] += ratio * ratio;
                sums[2] += squared;
            }
        }
    }
    let n = usable.len().max(1) as f64;
    let point = |(&radius, [sum, squares, mean_squares]): (&f64, [f64; 3])| {
        let mean = sum / n;
        let variance = (squares / n - mean * mean).max(0.0) * n / (n - 1.0).max(1.0);
        let root_mean_square = (mean_squares / n).sqrt();
        ContractionRatio { radius, mean, standard_error: (variance / n).sqrt(), root_mean_square }
    };
    radii.iter().zip(sums).map(point).collect()
}

/// Code and reconstruction under Gaussian noise of each of the `deviations`, the same draws scaled.
///
/// A robust code changes little, and its reconstruction of a noisy row is close to the clean row.
/// Both metrics are needed, since a constant code does not change at all.
pub fn noise_responses<M: Autoencoder>(
    model: &M,
    rows: &Encoded,
    deviations: &[f64],
    seed: u64,
    device: &Device,
) -> Vec<NoiseResponse> {
    let described = model.likelihood().described();
    let mut cells = 0.0;
    let mut codes = vec![[0.0; 2]; model.latent_dim()];
    // For each deviation: the squared change of codes and the squared errors.
    let mut sums = vec![[0.0; 2]; deviations.len()];
    let all: Vec<usize> = (0..rows.rows).collect();
    for (step, chunk) in all.chunks(CHUNK).enumerate() {
        let batch = Batch::gather(rows, chunk, device);
        let code = model.encode(batch.input());
        let noise = &mut stream(seed, Purpose::InputNoise, 0, step as u64);
        let normal = observed_noise(&batch, noise, device);
        let observed = batch.observed.as_ref().map(|observed| to_host(observed.clone()));
        let counts = counts(&described, observed.as_deref());
        cells += (0..normal.num_elements()).filter(|at| counts(*at)).count() as f64;
        for (&deviation, sums) in deviations.iter().zip(&mut sums) {
            let noisy = Batch { x: batch.x.clone() + normal.clone() * deviation, ..batch.clone() };
            let moved = model.encode(noisy.input());
            let parameters = model.reconstruct_from(&noisy, moved.clone());
            let residuals = model.likelihood().residuals(parameters, batch.x.clone());
            let errors = only_observed(residuals.square(), &batch);
            sums[0] += total(&to_host((moved - code.clone()).square()));
            sums[1] += total(&to_host(errors));
        }
        for row in to_host(code).chunks_exact(codes.len().max(1)) {
            for ([sum, squares], &value) in codes.iter_mut().zip(row) {
                *sum += value as f64;
                *squares += square(value as f64);
            }
        }
    }
    let n = rows.rows.max(1) as f64;
    let spread: f64 = codes.iter().map(|[sum, squares]| squares - sum * sum / n).sum();
    let scale: f64 = codes.iter().map(|[_, squares]| squares).sum();
    // The variance of a constant code is rounding error.
    let varies = spread > 1e-12 * scale;
    let response = |(&deviation, [change, error]): (&f64, [f64; 2])| NoiseResponse {
        deviation,
        code_change: varies.then_some(change / spread),
        reconstruction_mse: error / f64::max(cells, 1.0),
    };
    deviations.iter().zip(sums).map(response).collect()
}

/// Standard normal draws, 0 where a cell is missing: batch × width.
fn observed_noise(batch: &Batch, noise: &mut crate::random::Stream, device: &Device) -> Tensor<2> {
    let shape = batch.x.dims();
    only_observed(device.tensor(standard_normal(noise, shape[0] * shape[1]), shape), batch)
}

fn only_observed(values: Tensor<2>, batch: &Batch) -> Tensor<2> {
    match &batch.observed {
        Some(observed) => values * observed.clone(),
        None => values,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::testing::{Network, rows};
    use crate::evaluate::{evaluate, squared_error};
    use crate::nn::Activation;

    const FIRST: [f32; 8] = [0.9, -0.4, 0.3, 0.8, -0.7, 0.2, 0.6, -0.5];
    const SECOND: [f32; 4] = [1.1, 0.5, -0.6, 0.7];

    fn curved() -> Network {
        Network::new(&[(2, 4, &FIRST, Activation::Tanh), (2, 2, &SECOND, Activation::Sigmoid)])
    }

    fn normals(width: usize, n: usize) -> Encoded {
        rows(width, &standard_normal(&mut stream(8, Purpose::Choose, 0, 0), width * n))
    }

    #[test]
    fn distances_and_scales_by_hand() {
        // Distances 5, 12 and 0; the median is 5.
        assert_eq!(typical_distance(&rows(2, &[0.0, 0.0, 3.0, 4.0, 3.0, 16.0, 3.0, 16.0])), 5.0);
        assert_eq!(typical_distance(&rows(2, &[1.0, 1.0])), 0.0);
        let radii = default_radii(5.0);
        assert!((radii[0] - 0.05).abs() < 1e-12 && (radii[11] - 15.0).abs() < 1e-9);
        assert!((radii[1] / radii[0] - radii[11] / radii[10]).abs() < 1e-9);
        assert_eq!(default_deviations(4.0, 2), [0.0, 0.2, 0.5, 1.0, 2.0]);
    }

    #[test]
    fn rotation_preserves_distances() {
        let rotation = [0.6, -0.8, 0.8, 0.6];
        let model = Network::new(&[(2, 2, &rotation.map(|w| 3.0 * w), Activation::Identity)]);
        for point in contraction_ratios(&model, &normals(2, 20), &[0.1, 1.0, 10.0], 1, &Device::cpu()) {
            assert!((point.mean - 3.0).abs() < 1e-4 && point.standard_error < 1e-4, "{point:?}");
            assert!((point.root_mean_square - 3.0).abs() < 1e-4);
        }
    }

    #[test]
    fn ratios_of_a_linear_encoder_lie_between_its_singular_values_at_every_radius() {
        let model = Network::new(&[(2, 2, &[2.0, 0.0, 0.0, 0.5], Activation::Identity)]);
        let found = contraction_ratios(&model, &normals(2, 400), &[0.5, 50.0], 1, &Device::cpu());
        assert!(found.iter().all(|p| p.mean > 0.5 && p.mean < 2.0), "{found:?}");
        assert!((found[0].mean - found[1].mean).abs() < 1e-4, "the same directions at all radii");
        // ‖J‖²_F / inputs = 4.25 / 2; of 1600 draws of 4 cos² + 0.25 sin², deviation 3.75 / √8
        // each.
        let square = found[0].root_mean_square.powi(2);
        assert!((square - 2.125).abs() < 4.0 * 3.75 / 8f64.sqrt() / 40.0, "{square}");
        assert!(found[0].standard_error > 0.0 && found[0].standard_error < 0.05);
    }

    #[test]
    fn at_a_point_the_mean_square_ratio_is_the_contraction_over_the_inputs() {
        let (model, at) = (curved(), normals(4, 3000));
        let x = Device::cpu().tensor(at.values.to_vec(), [3000, 4]);
        let exact = total(&to_host(model.contraction(x))) / 3000.0 / 4.0;
        let found = contraction_ratios(&model, &at, &[0.02], 1, &Device::cpu())[0];
        // The mean square and its standard error, which the mean's stands for: d(m²) = 2 m dm.
        let error = 2.0 * found.root_mean_square * found.standard_error;
        assert!((found.root_mean_square.powi(2) - exact).abs() < 4.0 * error, "{found:?} {exact}");
        assert!(4.0 * error < 0.12 * exact, "sharp enough to distinguish 1/4 from 1/3 or 1/2");
    }

    #[test]
    fn a_saturated_code_contracts_more_and_more() {
        let found = contraction_ratios(&curved(), &normals(4, 50), &[0.1, 10.0, 1000.0], 1, &Device::cpu());
        assert!(found[0].mean > 2.0 * found[1].mean && found[1].mean > 50.0 * found[2].mean, "{found:?}");
    }

    #[test]
    fn missing_cells_are_not_changed() {
        // The code depends on the first input only; if that is missing, the code does not change.
        let model = Network::new(&[(1, 2, &[1.0, 0.0], Activation::Identity)]);
        let observed = |flags: [f32; 6]| rows(2, &[0.0; 6]).with_mask(flags.to_vec());
        let ratio = |rows: &Encoded| contraction_ratios(&model, rows, &[1.0], 1, &Device::cpu())[0].mean;
        assert_eq!(ratio(&observed([0.0, 1.0, 0.0, 1.0, 0.0, 1.0])), 0.0);
        // Only the first input can change, so δ is along it; a row without observed cells is
        // skipped.
        assert!((ratio(&observed([1.0, 0.0, 1.0, 0.0, 0.0, 0.0])) - 1.0).abs() < 1e-6);
        let deaf = rows(2, &[-1.0, 0.0, 1.0, 0.0]).with_mask(vec![0.0, 1.0, 0.0, 1.0]);
        let found = noise_responses(&model, &deaf, &[5.0], 1, &Device::cpu());
        assert_eq!(found[0].code_change, Some(0.0));
    }

    #[test]
    fn noise_on_the_identity_is_noise_on_the_code() {
        // f = g = identity on two inputs of variance 1: E‖ε‖² / E‖x − x̄‖² = σ², and the
        // reconstruction is off by ε.
        let model = Network::new(&[(2, 2, &[1.0, 0.0, 0.0, 1.0], Activation::Identity)]);
        let found = noise_responses(&model, &normals(2, 4000), &[0.0, 0.5, 2.0], 3, &Device::cpu());
        assert_eq!((found[0].code_change, found[0].reconstruction_mse), (Some(0.0), 0.0));
        for response in &found[1..] {
            let variance = response.deviation.powi(2);
            let change = response.code_change.unwrap_or(f64::NAN);
            // 8000 squares of deviation √2 each, above and below: four standard errors are 6 and 9
            // %.
            assert!((change / variance - 1.0).abs() < 0.09, "{response:?}");
            assert!((response.reconstruction_mse / variance - 1.0).abs() < 0.064, "{response:?}");
        }
    }

    #[test]
    fn the_error_is_against_the_clean_row() {
        // The code is constant 0, and so is the reconstruction: off by 3 whatever the noise.
        let model = Network::new(&[(1, 2, &[0.0, 0.0], Activation::Identity)]);
        for response in noise_responses(&model, &rows(2, &[3.0; 8]), &[0.0, 7.0], 1, &Device::cpu()) {
            assert_eq!((response.code_change, response.reconstruction_mse), (None, 9.0));
        }
    }

    #[test]
    fn errors_are_averaged_over_the_cells_that_the_decoder_describes() {
        // Reconstructed as 0: the first column is off by 3 or 5, of which the 5 is missing; the
        // second is not described.
        let model = Network::new(&[(1, 2, &[0.0, 0.0], Activation::Identity)]).describing(1);
        let at = rows(2, &[3.0, 4.0, 0.0, 4.0]).with_mask(vec![1.0, 1.0, 0.0, 1.0]);
        let device = Device::cpu();
        for response in noise_responses(&model, &at, &[0.0, 7.0], 1, &device) {
            assert_eq!(response.reconstruction_mse, 9.0);
        }
        assert_eq!(evaluate(&model, &at, None, 1, &device).mse, 9.0);
        assert_eq!(squared_error(&[0.0; 4], &at, &model.likelihood().described()), 9.0);
    }

    #[test]
    fn the_same_seed_gives_the_same_numbers() {
        let at = normals(4, 300);
        let of = |seed| contraction_ratios(&curved(), &at, &[0.5], seed, &Device::cpu());
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
    }
}
