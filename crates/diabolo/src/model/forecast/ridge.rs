//! The linear forecast y = l + A (x − l), A by ridge regression in closed form.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::stats::elementary::double::powi;
use crate::stats::{Cholesky, LagMoments};

/// Ridge penalties as powers of ten times the mean diagonal of the Gram matrix.
const PENALTIES: std::ops::RangeInclusive<i32> = -5..=2;

/// What a forecast is when the data say nothing more: the ridge penalty pulls A towards it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Anchor {
    /// The last value.
    LastValue,
    /// The value a season before.
    Season,
    /// The change since a season before the last value, added to the last value.
    SeasonalChange,
}

impl Anchor {
    /// The name in files and notes.
    pub fn name(self) -> &'static str {
        match self {
            Anchor::LastValue => "the last value",
            Anchor::Season => "the last season",
            Anchor::SeasonalChange => "the change since the last season",
        }
    }
}

/// The unit in which the windows of a fit count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WindowUnit {
    /// The deviation of the series.
    #[default]
    Series,
    /// The deviation within the window: a series whose level has wandered far counts as others do.
    Window,
}

impl WindowUnit {
    /// All units.
    pub const ALL: [WindowUnit; 2] = [WindowUnit::Series, WindowUnit::Window];

    fn is_series(&self) -> bool {
        *self == WindowUnit::Series
    }
}

/// How a linear forecast was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RidgeChoice {
    /// W, the values of a window.
    pub window: usize,
    /// What the penalty pulls towards.
    pub anchor: Anchor,
    /// λ, as a multiple of the mean diagonal of the Gram matrix.
    pub penalty: f64,
    /// The unit of its windows.
    #[serde(default, skip_serializing_if = "WindowUnit::is_series")]
    pub unit: WindowUnit,
}

impl RidgeChoice {
    /// λ for these windows.
    pub(super) fn penalty_of(&self, moments: &LagMoments) -> f64 {
        penalty(moments, self.penalty)
    }
}

/// The multiple of the mean diagonal of the Gram matrix.
fn penalty(moments: &LagMoments, relative: f64) -> f64 {
    let window = moments.window;
    let trace: f64 = (0..window).map(|i| moments.gram[i * (window + 1)]).sum();
    relative * trace / window as f64
}

/// A linear forecast.
///
/// ```text
/// y_h = l + Σ_i A_ih (x_i − l),   l = x_W,   A = argmin Σ ‖y − l − Aᵀ(x − l)‖² + λ ‖A − A₀‖²_F
/// ```
///
/// It is equivariant: a x + b gives a y + b. With A₀ the matrix of a naive forecast, a large λ
/// gives that forecast (Hoerl and Kennard 1970, for A₀ = 0).
#[derive(Debug, Clone, PartialEq)]
pub struct LinearForecast {
    /// W, the values of a window.
    pub window: usize,
    /// H, the steps that it predicts.
    pub horizon: usize,
    /// A: W × H, row-major.
    pub weights: Vec<f32>,
}

impl LinearForecast {
    /// The weights in double precision.
    pub fn weights_f64(&self) -> Vec<f64> {
        self.weights.iter().map(|a| f64::from(*a)).collect()
    }

    /// The H steps after the values of a window.
    ///
    /// # Panics
    /// If there are not W values.
    pub fn predict(&self, window: &[f64]) -> Vec<f64> {
        assert_eq!(window.len(), self.window, "the values of a window");
        let last = window[self.window - 1];
        let mut made = vec![last; self.horizon];
        for (x, row) in window.iter().zip(self.weights.chunks_exact(self.horizon)) {
            let change = x - last;
            made.iter_mut().zip(row).for_each(|(y, a)| *y += change * f64::from(*a));
        }
        made
    }
}

/// The column of the window, and its sign, that a naive forecast of step h (from 0) has.
fn anchor_terms(anchor: Anchor, window: usize, season: usize, h: usize) -> Vec<(usize, f64)> {
    let seasons = h / season + 1;
    let same_phase = window + h - seasons * season;
    match anchor {
        Anchor::LastValue => vec![],
        Anchor::Season => vec![(same_phase, 1.0)],
        Anchor::SeasonalChange => vec![(same_phase, 1.0), (window - 1 - season, -(seasons as f64))],
    }
}

/// The naive forecasts that a window of this length can hold.
fn anchors(window: usize, season: Option<usize>) -> Vec<Anchor> {
    match season {
        Some(season) if window > season => vec![Anchor::LastValue, Anchor::Season, Anchor::SeasonalChange],
        Some(season) if window == season => vec![Anchor::LastValue, Anchor::Season],
        _ => vec![Anchor::LastValue],
    }
}

/// The systems of one penalty.
struct Penalized<'a> {
    moments: &'a LagMoments,
    penalty: f64,
    factor: Cholesky,
    /// (G + λI)⁻¹ B.
    solution: Vec<f64>,
}

impl<'a> Penalized<'a> {
    /// `None` if the windows do not determine anything.
    fn new(moments: &'a LagMoments, relative: f64) -> Option<Self> {
        let window = moments.window;
        let penalty = penalty(moments, relative);
        let mut matrix = moments.gram.clone();
        (0..window).for_each(|i| matrix[i * (window + 1)] += penalty);
        let factor = Cholesky::new(matrix, window)?;
        let solution = factor.solve(&moments.cross, moments.horizon);
        Some(Penalized { moments, penalty, factor, solution })
    }

    /// A = (G + λI)⁻¹ (B + λ A₀).
    fn weights(&self, anchor: Anchor, season: usize) -> Vec<f64> {
        let mut weights = self.solution.clone();
        if anchor == Anchor::LastValue {
            return weights;
        }
        let LagMoments { window, horizon, .. } = *self.moments;
        // A₀ has the same few columns of the window for all steps: their columns of the inverse.
        let mut used: Vec<usize> =
            (0..horizon).flat_map(|h| anchor_terms(anchor, window, season, h)).map(|(i, _)| i).collect();
        used.sort_unstable();
        used.dedup();
        let mut units = vec![0.0; window * used.len()];
        used.iter().enumerate().for_each(|(column, &i)| units[i * used.len() + column] = self.penalty);
        let inverse = self.factor.solve(&units, used.len());
        for h in 0..horizon {
            for (i, sign) in anchor_terms(anchor, window, season, h) {
                let column = used.partition_point(|&other| other < i);
                for row in 0..window {
                    weights[row * horizon + h] += sign * inverse[row * used.len() + column];
                }
            }
        }
        weights
    }
}

/// The ridge forecast of these windows.
///
/// Returns `None` if they do not determine it: every window is constant.
pub fn ridge(moments: &LagMoments, choice: &RidgeChoice, season: Option<usize>) -> Option<LinearForecast> {
    let weights = Penalized::new(moments, choice.penalty)?.weights(choice.anchor, season.unwrap_or(1));
    let LagMoments { window, horizon, .. } = *moments;
    Some(LinearForecast { window, horizon, weights: weights.into_iter().map(|a| a as f32).collect() })
}

/// The penalty and the anchor with the least squared error on validation windows, and that error.
pub fn choose(
    train: &LagMoments,
    validation: &LagMoments,
    season: Option<usize>,
) -> Option<(RidgeChoice, f64)> {
    let of_penalty = |exponent: i32| -> Vec<(RidgeChoice, f64)> {
        let relative = powi(10.0, exponent);
        let Some(penalized) = Penalized::new(train, relative) else { return vec![] };
        let tried = |anchor: Anchor| {
            let weights = penalized.weights(anchor, season.unwrap_or(1));
            let error = validation.squared_errors(&weights).iter().sum::<f64>();
            (RidgeChoice { window: train.window, anchor, penalty: relative, unit: WindowUnit::Series }, error)
        };
        anchors(train.window, season).into_iter().map(tried).collect()
    };
    let all: Vec<(RidgeChoice, f64)> = PENALTIES.into_par_iter().flat_map_iter(of_penalty).collect();
    all.into_iter()
        .filter(|(_, error)| error.is_finite())
        .reduce(|best, other| if other.1 < best.1 { other } else { best })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn ridge_by_hand() {
        // Windows of two values, one step: c = x₁ − x₂, y = next − x₂, A = Σcy / (Σc² + λ).
        let series = [0.0, 1.0, 3.0, 2.0, 4.0];
        let mut moments = LagMoments::new(2, 1);
        moments.add(&series, 0, 2, 1.0);
        // (c, y): (−1, 2), (−2, −1), (1, 2); Σc² = 6, Σcy = 2; the mean diagonal is 3.
        let choice =
            RidgeChoice { window: 2, anchor: Anchor::LastValue, penalty: 2.0, unit: WindowUnit::Series };
        let found = ridge(&moments, &choice, None).unwrap();
        assert!((f64::from(found.weights[0]) - 2.0 / 12.0).abs() < 1e-7, "{:?}", found.weights);
        assert_eq!(found.weights[1], 0.0, "the last value relative to itself");
        assert!((found.predict(&[1.0, 3.0])[0] - (3.0 - 2.0 * 2.0 / 12.0)).abs() < 1e-6);
    }

    #[test]
    fn a_large_penalty_gives_the_naive_forecast() {
        let series: Vec<f64> = (0..80).map(|t| ((t * 29) % 17) as f64).collect();
        let (window, horizon, season) = (7, 6, 4);
        let mut moments = LagMoments::new(window, horizon);
        moments.add(&series, 0, 60, 1.0);
        let naive = |anchor: Anchor| {
            let choice = RidgeChoice { window, anchor, penalty: 1e9, unit: WindowUnit::Series };
            ridge(&moments, &choice, Some(season)).unwrap().predict(&series[10..17])
        };
        let near = |found: Vec<f64>, expected: &dyn Fn(usize) -> f64| {
            found.iter().enumerate().for_each(|(h, y)| assert!((y - expected(h)).abs() < 1e-4, "{h}: {y}"));
        };
        near(naive(Anchor::LastValue), &|_| series[16]);
        near(naive(Anchor::Season), &|h| series[13 + h % season]);
        let change = series[16] - series[12];
        near(naive(Anchor::SeasonalChange), &|h| series[13 + h % season] + change * (h / season + 1) as f64);
    }

    #[test]
    fn a_recurrence_is_found_again() {
        // A sum of two waves obeys a linear recurrence of order 4, which a window of 6 holds.
        let wave = |t: f64| (0.7 * t).sin() + 0.5 * (0.31 * t + 1.0).cos() + 3.0;
        let series: Vec<f64> = (0..300).map(|t| wave(f64::from(t))).collect();
        let (mut train, mut validation) = (LagMoments::new(8, 3), LagMoments::new(8, 3));
        train.add(&series, 0, 180, 1.0);
        validation.add(&series, 190, 250, 1.0);
        let (choice, error) = choose(&train, &validation, None).unwrap();
        assert!(error / 61.0 < 1e-3, "{choice:?} {error}");
        let made = ridge(&train, &choice, None).unwrap().predict(&series[280..288]);
        made.iter().zip(&series[288..]).for_each(|(y, x)| assert!((y - x).abs() < 0.05, "{y} {x}"));
        let constant = LagMoments::new(8, 3);
        assert!(choose(&constant, &validation, None).is_none(), "no windows");
    }
}
