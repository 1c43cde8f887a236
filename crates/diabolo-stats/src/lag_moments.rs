//! Second moments of the windows of a series, for least squares from a window to the steps after
//! it.

/// The sums of squares and products over windows, relative to the last value of each window:
///
/// ```text
/// c_i = x_{t+i} − l,  y_h = x_{t+W+h} − l,  l = x_{t+W−1}     (i < W, h < H)
/// gram = Σ_t c cᵀ (W × W)     cross = Σ_t c yᵀ (W × H)     target_h = Σ_t y_h²
/// ```
///
/// Neighbouring windows share all values but one, so that a sum follows from the one before it on
/// its diagonal: the cost is (W + H)(n + W + H) instead of n·W·(W + H).
#[derive(Debug, Clone, PartialEq)]
pub struct LagMoments {
    /// W, the values of a window.
    pub window: usize,
    /// H, the steps after it.
    pub horizon: usize,
    /// Number of windows.
    pub count: usize,
    /// W × W, row-major, symmetric.
    pub gram: Vec<f64>,
    /// W × H, row-major.
    pub cross: Vec<f64>,
    /// H numbers.
    pub target: Vec<f64>,
}

impl LagMoments {
    /// The moments of no windows.
    pub fn new(window: usize, horizon: usize) -> Self {
        LagMoments {
            window,
            horizon,
            count: 0,
            gram: vec![0.0; window * window],
            cross: vec![0.0; window * horizon],
            target: vec![0.0; horizon],
        }
    }

    /// Adds the windows that begin at `first` to `last` (inclusive) of `series`, whose numbers are
    /// multiplied by `scale`.
    ///
    /// # Panics
    /// If the last window and its steps end after the series.
    pub fn add(&mut self, series: &[f64], first: usize, last: usize, scale: f64) {
        let (window, span) = (self.window, self.window + self.horizon);
        // Differences are what counts; a large level would cost digits.
        let level = series[first];
        let x: Vec<f64> = series[first..last + span].iter().map(|x| (x - level) * scale).collect();
        let windows = last - first + 1;
        // products[b − a] goes down the diagonal: Σ_t x_{t+a} x_{t+b}, first for a = 0.
        let first_row: Vec<f64> = (0..span)
            .map(|b| x[..windows].iter().zip(&x[b..b + windows]).map(|(p, q)| p * q).sum())
            .collect();
        let mut all = vec![0.0; span * span];
        all[..span].copy_from_slice(&first_row);
        for a in 1..span {
            let (out, into) = (x[a - 1], x[windows + a - 1]);
            for b in a..span {
                let before = all[(a - 1) * span + b - 1];
                all[a * span + b] = before - out * x[b - 1] + into * x[windows + b - 1];
            }
        }
        let l = window - 1;
        let product = |a: usize, b: usize| all[a.min(b) * span + a.max(b)];
        let square = product(l, l);
        for i in 0..window {
            let own = product(i, l);
            for j in 0..window {
                self.gram[i * window + j] += product(i, j) - own - product(l, j) + square;
            }
            for h in 0..self.horizon {
                self.cross[i * self.horizon + h] +=
                    product(i, window + h) - own - product(l, window + h) + square;
            }
        }
        for (h, target) in self.target.iter_mut().enumerate() {
            *target += product(window + h, window + h) - 2.0 * product(l, window + h) + square;
        }
        self.count += windows;
    }

    /// Adds the windows of other moments of the same lengths.
    pub fn merge(&mut self, other: &LagMoments) {
        let add = |into: &mut [f64], from: &[f64]| into.iter_mut().zip(from).for_each(|(a, b)| *a += b);
        add(&mut self.gram, &other.gram);
        add(&mut self.cross, &other.cross);
        add(&mut self.target, &other.target);
        self.count += other.count;
    }

    /// Σ_t (y_h − a_hᵀ c)² of each step, for row-major weights A: W × H.
    pub fn squared_errors(&self, weights: &[f64]) -> Vec<f64> {
        let (window, horizon) = (self.window, self.horizon);
        let mut errors = self.target.clone();
        let mut image = vec![0.0; horizon];
        for i in 0..window {
            // Row i of G A − 2 B.
            image.iter_mut().zip(&self.cross[i * horizon..]).for_each(|(cell, b)| *cell = -2.0 * b);
            for j in 0..window {
                let g = self.gram[i * window + j];
                let row = &weights[j * horizon..(j + 1) * horizon];
                image.iter_mut().zip(row).for_each(|(cell, a)| *cell += g * a);
            }
            let own = &weights[i * horizon..(i + 1) * horizon];
            errors.iter_mut().zip(own).zip(&image).for_each(|((error, a), cell)| *error += a * cell);
        }
        // A sum of squares; less than 0 by rounding only.
        errors.iter_mut().for_each(|error| *error = error.max(0.0));
        errors
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series() -> Vec<f64> {
        (0..60).map(|t| ((t * 37) % 11) as f64 + 0.1 * t as f64).collect()
    }

    #[test]
    fn moments_are_the_sums_over_windows() {
        let (x, window, horizon, scale) = (series(), 5, 3, 0.5);
        let mut moments = LagMoments::new(window, horizon);
        moments.add(&x, 2, 20, scale);
        moments.add(&x, 30, 52, scale);
        assert_eq!(moments.count, 19 + 23);
        let starts = || (2..=20).chain(30..=52);
        let value = |t: usize, k: usize| scale * (x[t + k] - x[t + window - 1]);
        let near = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-9, "{found} {expected}");
        for i in 0..window {
            for j in 0..window {
                near(moments.gram[i * window + j], starts().map(|t| value(t, i) * value(t, j)).sum());
            }
            for h in 0..horizon {
                near(
                    moments.cross[i * horizon + h],
                    starts().map(|t| value(t, i) * value(t, window + h)).sum(),
                );
            }
        }
        let weights: Vec<f64> = (0..window * horizon).map(|k| (k as f64 - 7.0) / 9.0).collect();
        let errors = moments.squared_errors(&weights);
        for (h, &error) in errors.iter().enumerate() {
            let of = |t: usize| {
                let made: f64 = (0..window).map(|i| weights[i * horizon + h] * value(t, i)).sum();
                (value(t, window + h) - made) * (value(t, window + h) - made)
            };
            near(error, starts().map(of).sum());
        }
    }

    #[test]
    fn merged_moments_are_those_of_all_windows() {
        let x = series();
        let (mut all, mut one, mut other) =
            (LagMoments::new(4, 2), LagMoments::new(4, 2), LagMoments::new(4, 2));
        all.add(&x, 0, 10, 1.0);
        all.add(&x, 20, 30, 1.0);
        one.add(&x, 0, 10, 1.0);
        other.add(&x, 20, 30, 1.0);
        one.merge(&other);
        assert_eq!(all, one);
    }
}
