//! A linear probe: multinomial logistic regression on frozen features (Alain & Bengio 2016).
//!
//! ```text
//! z = (x − mean) / scale                    over the training rows; a constant feature has scale 1
//! p(c given x) = softmax_c(W z + b)         W: classes × width, b: classes
//! minimise  −(1/n) Σ log p(cᵢ given xᵢ) + ½ l2 ‖W‖²
//! ```
//!
//! scikit-learn's `LogisticRegression(C)` on standardised features is the same with C = 1/(n · l2).
//!
//! Solved by L-BFGS to max |∇| ≤ 1e-5. The initial Hessian is that of uniform predictions,
//! Zᵀ Z / (n · classes) + l2, so that correlated features need no more iterations than independent
//! ones. Products are in f32, sums in f64; blocks of rows are summed in order, so that the result
//! does not depend on the number of threads.

use faer::linalg::solvers::{Llt, SolveCore};
use faer::{Conj, Mat, MatMut, Side};
use rayon::prelude::*;

use super::labelled::Labelled;
use super::lbfgs::minimise;
use super::matrix::{columns_by_columns, rows_by_rows};
use crate::elementary::{
    double::{exp, ln},
    square,
};
use crate::error::{Result, StatsError};

/// The penalties that [`LogisticProbe::fit`] tries, each warm-started from the previous one.
pub const PROBE_PENALTIES: [f64; 6] = [1.0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5];

/// The penalty without validation rows.
const USUAL: f64 = 1e-3;

const TOLERANCE: f64 = 1e-5;
const MOST_ITERATIONS: usize = 500;

/// Relative error of a loss summed from single-precision logits.
const NOISE: f64 = 1e-8;

/// Rows per product.
const BLOCK: usize = 512;

/// A linear classifier of features.
#[derive(Debug, Clone, PartialEq)]
pub struct LogisticProbe {
    /// The penalty on ½‖W‖².
    pub l2: f64,
    /// Whether the gradient reached the tolerance within the iterations.
    pub converged: bool,
    /// W, classes × width, for standardized features.
    pub weights: Vec<f64>,
    /// b, one for each class.
    pub intercept: Vec<f64>,
    /// Mean of each feature over the training rows.
    pub mean: Vec<f64>,
    /// Standard deviation of each feature over the training rows; 1 for a constant.
    pub scale: Vec<f64>,
}

impl LogisticProbe {
    /// Fits `train` with the penalty of [`PROBE_PENALTIES`] that has the fewest errors on
    /// `validation` (the largest, if tied). Without validation rows the penalty is 0.001.
    ///
    /// # Errors
    /// [`StatsError::Values`] if there is no training row or feature, a class is not below
    /// `n_classes`, or a value is not finite.
    pub fn fit(train: &Labelled, validation: &Labelled, n_classes: usize) -> Result<LogisticProbe> {
        validation.check_beside(train, n_classes)?;
        if validation.rows() == 0 {
            return LogisticProbe::fit_at(train, n_classes, USUAL);
        }
        let mut problem = Problem::new(train, n_classes)?;
        let mut best: Option<(usize, LogisticProbe)> = None;
        for l2 in PROBE_PENALTIES {
            let probe = problem.solve(l2)?;
            let mistakes = probe
                .predict(validation.features)
                .iter()
                .zip(validation.classes)
                .filter(|(a, b)| a != b)
                .count();
            if best.as_ref().is_none_or(|(fewest, _)| mistakes < *fewest) {
                best = Some((mistakes, probe));
            }
        }
        best.map_or_else(|| problem.solve(USUAL), |(_, probe)| Ok(probe))
    }

    /// Fits `train` with a fixed penalty.
    ///
    /// # Errors
    /// As [`fit`](Self::fit); [`StatsError::Parameter`] if the penalty is not positive.
    pub fn fit_at(train: &Labelled, n_classes: usize, l2: f64) -> Result<LogisticProbe> {
        if !(f64::MIN_POSITIVE..=f64::MAX).contains(&l2) {
            return Err(StatsError::parameter("l2", "a positive number", l2));
        }
        Problem::new(train, n_classes)?.solve(l2)
    }

    /// p(c given x) for each row: rows × classes, row-major. An incomplete last row is ignored.
    pub fn probabilities(&self, features: &[f32]) -> Vec<f64> {
        let weights: Vec<f32> = self.weights.iter().map(|&w| w as f32).collect();
        let width = self.mean.len();
        let blocks = features.par_chunks(BLOCK * width).flat_map_iter(|block| {
            let block = &block[..block.len() / width * width];
            let z = standardised(block, &self.mean, &self.scale);
            let mut logits = vec![0f32; block.len() / width * self.intercept.len()];
            rows_by_rows(&z, &weights, width, &mut logits);
            softmax(&logits, &self.intercept).0
        });
        blocks.collect()
    }

    /// The most probable class of each row.
    pub fn predict(&self, features: &[f32]) -> Vec<u32> {
        let largest =
            |p: &[f64]| (0..p.len()).fold(0, |best, c| if p[c] > p[best] { c } else { best }) as u32;
        self.probabilities(features).chunks_exact(self.intercept.len()).map(largest).collect()
    }
}

/// The standardized training rows, and the last solution of the path of penalties.
struct Problem<'a> {
    classes: &'a [u32],
    n_classes: usize,
    mean: Vec<f64>,
    scale: Vec<f64>,
    /// Z: rows × width.
    z: Vec<f32>,
    /// Zᵀ Z / n: width × width.
    covariance: Vec<f32>,
    /// W by classes × width, then b.
    parameters: Vec<f64>,
}

impl<'a> Problem<'a> {
    fn new(train: &Labelled<'a>, n_classes: usize) -> Result<Self> {
        train.check_training(n_classes)?;
        let (rows, width) = (train.rows(), train.width);
        let (mean, scale) = moments(train.features, width);
        let z = standardised(train.features, &mean, &scale);
        let covariance = covariance(&z, rows, width);
        // Starts from the class frequencies, plus half a row, so that the logit of an empty class
        // is finite.
        let mut counts = vec![0.5; n_classes];
        train.classes.iter().for_each(|&class| counts[class as usize] += 1.0);
        let mut parameters = vec![0.0; n_classes * width];
        parameters.extend(counts.iter().map(|count| ln(*count)));
        Ok(Problem { classes: train.classes, n_classes, mean, scale, z, covariance, parameters })
    }

    /// The minimum at this penalty, started from the previous minimum.
    fn solve(&mut self, l2: f64) -> Result<LogisticProbe> {
        let (width, n_classes) = (self.mean.len(), self.n_classes);
        let uniform = 1.0 / n_classes as f64;
        let hessian = Mat::from_fn(width, width, |i, j| {
            uniform * f64::from(self.covariance[i * width + j])
                + if i == j { l2 + 1e-6 * uniform } else { 0.0 }
        });
        let factor = Llt::new(hessian.as_ref(), Side::Lower).map_err(|_| {
            let help = "scale them, or fit the model again with a smaller --learning-rate";
            StatsError::values("features", "a well-conditioned matrix", "an ill-conditioned one", help)
        })?;
        let precondition = |gradient: &mut [f64]| {
            let (weights, intercept) = gradient.split_at_mut(n_classes * width);
            let columns = MatMut::from_column_major_slice_mut(weights, width, n_classes);
            factor.solve_in_place_with_conj(Conj::No, columns);
            intercept.iter_mut().for_each(|g| *g /= uniform);
        };
        let start = self.parameters.clone();
        let found = minimise(start, |p| self.loss(p, l2), precondition, TOLERANCE, NOISE, MOST_ITERATIONS);
        self.parameters = found.point;
        let (weights, intercept) = self.parameters.split_at(n_classes * width);
        Ok(LogisticProbe {
            l2,
            converged: found.converged,
            weights: weights.to_vec(),
            intercept: intercept.to_vec(),
            mean: self.mean.clone(),
            scale: self.scale.clone(),
        })
    }

    /// The objective and its gradient.
    fn loss(&self, parameters: &[f64], l2: f64) -> (f64, Vec<f64>) {
        let (width, n_classes, rows) = (self.mean.len(), self.n_classes, self.classes.len() as f64);
        let (weights, intercept) = parameters.split_at(n_classes * width);
        let single: Vec<f32> = weights.iter().map(|&w| w as f32).collect();
        let block = |(z, classes): (&[f32], &[u32])| {
            let mut logits = vec![0f32; classes.len() * n_classes];
            rows_by_rows(z, &single, width, &mut logits);
            let (mut residuals, log_normalisers) = softmax(&logits, intercept);
            let mut loss = 0.0;
            for (row, &class) in classes.iter().enumerate() {
                let at = row * n_classes + class as usize;
                loss += log_normalisers[row] - f64::from(logits[at]) - intercept[class as usize];
                residuals[at] -= 1.0;
            }
            let single: Vec<f32> = residuals.iter().map(|&r| r as f32).collect();
            let mut slopes = vec![0f32; n_classes * width];
            columns_by_columns(&single, z, classes.len(), &mut slopes);
            let of_intercept: Vec<f64> =
                (0..n_classes).map(|c| residuals.iter().skip(c).step_by(n_classes).sum()).collect();
            (loss, slopes, of_intercept)
        };
        let blocks = self.z.par_chunks(BLOCK * width).zip(self.classes.par_chunks(BLOCK));
        let mut value = 0.5 * l2 * weights.iter().map(|w| w * w).sum::<f64>();
        let mut gradient: Vec<f64> = weights.iter().map(|w| l2 * w).chain(vec![0.0; n_classes]).collect();
        for (loss, slopes, of_intercept) in blocks.map(block).collect::<Vec<_>>() {
            value += loss / rows;
            let sums = slopes.iter().map(|&s| f64::from(s)).chain(of_intercept);
            gradient.iter_mut().zip(sums).for_each(|(g, s)| *g += s / rows);
        }
        (value, gradient)
    }
}

/// The probabilities and the log-normaliser of each row of `logits`, the intercept not yet added.
fn softmax(logits: &[f32], intercept: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let mut probabilities: Vec<f64> = Vec::with_capacity(logits.len());
    let mut normalisers = Vec::with_capacity(logits.len() / intercept.len());
    for row in logits.chunks_exact(intercept.len()) {
        let first = probabilities.len();
        probabilities.extend(row.iter().zip(intercept).map(|(&a, b)| f64::from(a) + b));
        let row = &mut probabilities[first..];
        let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        row.iter_mut().for_each(|p| *p = exp(*p - largest));
        let sum: f64 = row.iter().sum();
        row.iter_mut().for_each(|p| *p /= sum);
        normalisers.push(largest + ln(sum));
    }
    (probabilities, normalisers)
}

/// Mean and standard deviation of each feature; 1 for a feature that does not vary.
fn moments(features: &[f32], width: usize) -> (Vec<f64>, Vec<f64>) {
    let rows = (features.len() / width) as f64;
    let mut mean = vec![0f64; width];
    let mut scale = vec![0f64; width];
    for row in features.chunks_exact(width) {
        mean.iter_mut().zip(row).for_each(|(m, &v)| *m += f64::from(v) / rows);
    }
    for row in features.chunks_exact(width) {
        let gaps = row.iter().zip(&mean).map(|(&v, m)| square(f64::from(v) - m));
        scale.iter_mut().zip(gaps).for_each(|(s, gap)| *s += gap / rows);
    }
    for (s, m) in scale.iter_mut().zip(&mean) {
        // The deviation of a constant is the rounding error of its mean.
        *s = if s.sqrt() > 1e-9 * m.abs() { s.sqrt() } else { 1.0 };
    }
    (mean, scale)
}

fn standardised(features: &[f32], mean: &[f64], scale: &[f64]) -> Vec<f32> {
    let row = |row: &[f32]| -> Vec<f32> {
        row.iter().zip(mean.iter().zip(scale)).map(|(&v, (m, s))| ((f64::from(v) - m) / s) as f32).collect()
    };
    features.par_chunks_exact(mean.len()).flat_map_iter(row).collect()
}

/// Zᵀ Z / n, width × width.
fn covariance(z: &[f32], rows: usize, width: usize) -> Vec<f32> {
    let mut sums = vec![0f32; width * width];
    let mut block = vec![0f32; width * width];
    for chunk in z.chunks(8 * BLOCK * width) {
        columns_by_columns(chunk, chunk, chunk.len() / width, &mut block);
        sums.iter_mut().zip(&block).for_each(|(sum, b)| *sum += b / rows as f32);
    }
    sums
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::accuracy;
    use crate::labelled::tests::{digits, labelled};

    #[test]
    fn one_feature_by_hand() {
        // x = ±1 with classes 1, 0: standardised already. The penalty is shared by both rows of W =
        // (−w, w), so that w minimises log(1 + e^{−2w}) + l2 w²: 2/(1 + e^{2w}) = 2 l2 w; w = 1 for
        // l2 = 1/(1 + e²).
        let (x, y) = ([1.0, -1.0, 1.0, -1.0], [1, 0, 1, 0]);
        let probe = LogisticProbe::fit_at(&labelled(&x, 1, &y), 2, 1.0 / (1.0 + 2f64.exp())).unwrap();
        assert!(probe.converged);
        assert!((probe.weights[1] - 1.0).abs() < 1e-3 && (probe.weights[0] + 1.0).abs() < 1e-3, "{probe:?}");
        let p = probe.probabilities(&[1.0, -1.0]);
        let expected = 1.0 / (1.0 + (-2f64).exp());
        assert!((p[1] - expected).abs() < 1e-3 && (p[2] - expected).abs() < 1e-3, "{p:?}");
        assert_eq!(probe.predict(&[3.0, -0.5]), [1, 0]);
    }

    /// By scikit-learn 1.9.1, in f64:
    /// ```python
    /// X, y = load_digits(return_X_y=True); l2 = 1e-1  # then 1e-3
    /// X = StandardScaler().fit(X[:1200]).transform(X)
    /// m = LogisticRegression(C=1/(1200*l2), tol=1e-8, max_iter=10000).fit(X[:1200], y[:1200])
    /// p = m.predict_proba(X[1200:]); (p.argmax(1) == y[1200:]).sum(), log_loss(y[1200:], p)
    /// np.linalg.norm(m.coef_), m.coef_[3, 20], m.intercept_[3] - m.intercept_.mean()
    /// ```
    #[test]
    fn digits_match_scikit_learn() {
        let expected = [
            (1e-1, 539, 0.550_175_48, 2.561_327_36, 0.141_752_11, 0.058_092_58),
            (1e-3, 552, 0.301_300_49, 8.895_650_33, 0.191_513_60, -0.080_684_63),
        ];
        let (x, y) = digits();
        let train = labelled(&x[..1200 * 64], 64, &y[..1200]);
        for (l2, right, loss, norm, weight, intercept) in expected {
            let probe = LogisticProbe::fit_at(&train, 10, l2).unwrap();
            assert!(probe.converged);
            let found = accuracy(&probe.predict(&x[1200 * 64..]), &y[1200..]);
            assert!((found * 597.0 - f64::from(right)).abs() < 0.5, "{found}");
            let p = probe.probabilities(&x[1200 * 64..]);
            let log_loss =
                p.chunks_exact(10).zip(&y[1200..]).map(|(p, &c)| -p[c as usize].ln()).sum::<f64>() / 597.0;
            assert!((log_loss / loss - 1.0).abs() < 1e-3, "{log_loss} vs {loss}");
            let found = probe.weights.iter().map(|w| w * w).sum::<f64>().sqrt();
            assert!((found / norm - 1.0).abs() < 1e-3, "{found} vs {norm}");
            assert!((probe.weights[3 * 64 + 20] - weight).abs() < 2e-3, "{}", probe.weights[3 * 64 + 20]);
            // Where the classes are well apart, an intercept can move this far within the
            // gradient's tolerance.
            let found = probe.intercept[3] - probe.intercept.iter().sum::<f64>() / 10.0;
            assert!((found - intercept).abs() < 1e-2, "{found} vs {intercept}");
        }
    }

    #[test]
    fn penalty_with_fewest_errors_is_chosen() {
        let (x, y) = digits();
        let (train, rest) = (labelled(&x[..64_000], 64, &y[..1000]), labelled(&x[64_000..], 64, &y[1000..]));
        let chosen = LogisticProbe::fit(&train, &rest, 10).unwrap();
        let best = accuracy(&chosen.predict(rest.features), rest.classes);
        for l2 in PROBE_PENALTIES {
            let other = LogisticProbe::fit_at(&train, 10, l2).unwrap();
            let found = accuracy(&other.predict(rest.features), rest.classes);
            assert!(found <= best + 0.003, "{l2}: {found} > {best} at {}", chosen.l2);
        }
        assert!(best > 0.9, "{best}");
    }

    #[test]
    fn degenerate_rows_give_a_probe_or_an_error() {
        let none = labelled(&[], 2, &[]);
        // One class of three, a constant and a repeated feature, without validation rows.
        let x = [7.0, 1.0, 1.0, 7.0, 2.0, 2.0, 7.0, 5.0, 5.0];
        let probe = LogisticProbe::fit(&labelled(&x, 3, &[2, 2, 2]), &none, 3).unwrap();
        assert_eq!((probe.predict(&x), probe.l2, probe.scale[0]), (vec![2; 3], 1e-3, 1.0));
        assert!(probe.converged);
        // All features constant: the most frequent class.
        let flat = LogisticProbe::fit_at(&labelled(&[0.1; 6], 2, &[0, 1, 1]), 2, 1e-3).unwrap();
        assert_eq!(flat.predict(&[0.1; 4]), [1, 1]);
        // One row; part of a row.
        let one = LogisticProbe::fit_at(&labelled(&[4.0, 2.0], 2, &[1]), 2, 1e-3).unwrap();
        assert_eq!(one.predict(&[4.0, 2.0, 9.0]), [1]);
        let wide = labelled(&[1.0, 2.0, 3.0], 3, &[0]);
        assert!(LogisticProbe::fit(&labelled(&x, 3, &[0, 1, 2]), &labelled(&[1.0], 1, &[0]), 3).is_err());
        assert!(LogisticProbe::fit(&none, &wide, 1).is_err());
        assert!(
            LogisticProbe::fit_at(&wide, 1, 0.0).is_err()
                && LogisticProbe::fit_at(&wide, 1, f64::NAN).is_err()
        );
    }

    #[test]
    fn empty_last_block_is_ignored() {
        let x: Vec<f32> = (0..2 * BLOCK).map(|i| (i % 7) as f32).collect();
        let y: Vec<u32> = x.iter().map(|v| u32::from(*v > 3.0)).collect();
        let probe = LogisticProbe::fit_at(&labelled(&x, 1, &y), 2, 1e-3).unwrap();
        assert_eq!(probe.predict(&x), y);
        assert_eq!(probe.predict(&[]), Vec::<u32>::new());
    }
}
