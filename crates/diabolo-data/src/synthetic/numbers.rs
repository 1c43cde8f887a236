//! Numbers as normal scores: z = Φ⁻¹(F(x)), F from quantiles of the column.

use diabolo_stats::elementary::double::{inverse_normal_cdf, normal_cdf};
use diabolo_stats::random::{Stream, uniform};
use serde::{Deserialize, Serialize};

use crate::Feature;

/// Quantiles that are stored, at most; each lies between several rows.
const MOST: usize = 1000;
/// Rows of a quantile, at least.
const ROWS: usize = 8;

/// The scale of the numbers of a column that are no point masses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumberScale {
    /// Numbers are multiples of it, if they are not too fine; each is spread over its step.
    step: Option<f64>,
    /// Increasing: the smallest number, quantiles, the largest.
    quantiles: Vec<f64>,
    /// F at the quantiles, from 0 to 1.
    shares: Vec<f64>,
}

impl NumberScale {
    /// Fits to numbers that are no point masses; `None` for none.
    pub fn fit(feature: &Feature, mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let step = step(feature, &values);
        let half = step.unwrap_or(0.0) / 2.0;
        let (first, last) = (*values.first()? - half, *values.last()? + half);
        let n = values.len();
        let wanted = (n / ROWS).clamp(8, MOST);
        let (mut quantiles, mut shares) = (vec![first], vec![0.0]);
        for k in 1..wanted {
            let x = values[k * n / wanted];
            // Of tied numbers the upper end of their step, at the share of rows up to it.
            let through = values.partition_point(|value| *value <= x);
            let (x, share) = match step {
                Some(_) => (x + half, through as f64 / n as f64),
                None => {
                    let below = values.partition_point(|value| *value < x);
                    (x, (below + through) as f64 / (2 * n) as f64)
                }
            };
            let before = quantiles.len() - 1;
            if x > quantiles[before] && x < last && share > shares[before] {
                quantiles.push(x);
                shares.push(share);
            }
        }
        quantiles.push(if last > first { last } else { first + first.abs().max(1.0) * 1e-9 });
        shares.push(1.0);
        Some(NumberScale { step, quantiles, shares })
    }

    /// The normal score of a number, spread within its step.
    pub fn score(&self, x: f64, noise: &mut Stream) -> f32 {
        let spread = self.step.map_or(0.0, |step| step * (uniform(noise) - 0.5));
        self.score_at(x + spread)
    }

    /// The normal score of a point.
    pub fn score_at(&self, x: f64) -> f32 {
        const LEAST: f64 = 1e-6;
        let share = interpolate(&self.quantiles, &self.shares, x).clamp(LEAST, 1.0 - LEAST);
        inverse_normal_cdf(share) as f32
    }

    /// The number with this normal score, a multiple of the step.
    pub fn number(&self, score: f32) -> f64 {
        let x = interpolate(&self.shares, &self.quantiles, normal_cdf(f64::from(score)));
        match self.step {
            Some(step) => {
                let least = self.quantiles[0] + step / 2.0;
                let most = self.quantiles[self.quantiles.len() - 1] - step / 2.0;
                ((x / step).round() * step).clamp(least, most)
            }
            None => x,
        }
    }

    /// The normal scores between which the numbers from `low` to `high` lie.
    pub fn scores_between(&self, low: f64, high: f64) -> [f32; 2] {
        let half = self.step.unwrap_or(0.0) / 2.0;
        let infinite = |x: f64, z: f32| if x <= self.quantiles[0] { f32::NEG_INFINITY } else { z };
        let (low, high) = (low - half, high + half);
        let above = high >= self.quantiles[self.quantiles.len() - 1];
        let upper = if above { f32::INFINITY } else { infinite(high, self.score_at(high)) };
        [infinite(low, self.score_at(low)), upper]
    }

    /// The next number above.
    pub fn next(&self, x: f64) -> f64 {
        self.step.map_or(x, |step| ((x / step).floor() + 1.0) * step)
    }

    /// The next number below.
    pub fn before(&self, x: f64) -> f64 {
        self.step.map_or(x, |step| ((x / step).ceil() - 1.0) * step)
    }

    pub(super) fn is_consistent(&self) -> bool {
        let rises = |values: &[f64]| values.windows(2).all(|pair| pair[0] < pair[1]);
        self.quantiles.len() == self.shares.len()
            && self.shares.len() >= 2
            && rises(&self.quantiles)
            && rises(&self.shares)
            && self.quantiles.iter().all(|x| x.is_finite())
            && self.step.is_none_or(|step| step > 0.0 && step.is_finite())
    }
}

/// The step of sorted numbers by their decimals, if they are coarse enough for ties to matter.
fn step(feature: &Feature, sorted: &[f64]) -> Option<f64> {
    const LEVELS: f64 = 1e9;
    let range = sorted.last()? - sorted.first()?;
    let whole = sorted.iter().all(|x| x.fract() == 0.0);
    let step = match (whole, feature.spelling.decimals) {
        (true, _) => 1.0,
        (false, Some(decimals)) => diabolo_stats::elementary::double::powi(10.0, -i32::from(decimals)),
        (false, None) => return None,
    };
    // Dates at noon, or numbers in hundreds: the steps between neighbours have a common divisor.
    let common = if whole { divisor(sorted) } else { step };
    (range / common < LEVELS).then_some(common)
}

/// The greatest common divisor of whole numbers, if all are its multiples.
fn divisor(sorted: &[f64]) -> f64 {
    const EXACT: f64 = 9e15;
    if sorted.iter().any(|x| x.abs() > EXACT) {
        return 1.0;
    }
    let found = sorted.iter().fold(0u64, |divisor, x| {
        let (mut a, mut b) = (divisor, x.abs() as u64);
        while b > 0 {
            (a, b) = (b, a % b);
        }
        a
    });
    found.max(1) as f64
}

/// Linear interpolation at `x` through (`xs`, `ys`), clamped outside.
pub(crate) fn interpolate(xs: &[f64], ys: &[f64], x: f64) -> f64 {
    let above = xs.partition_point(|node| *node <= x);
    if above == 0 || above == xs.len() {
        return ys[above.saturating_sub(1)];
    }
    let (x0, x1, y0, y1) = (xs[above - 1], xs[above], ys[above - 1], ys[above]);
    y0 + (y1 - y0) * ((x - x0) / (x1 - x0))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use diabolo_stats::random::{Purpose, stream};

    use super::*;
    use crate::{FeatureKind, Spelling, Storage};

    fn feature(decimals: Option<u8>) -> Feature {
        let spelling = Spelling { decimals, ..Spelling::default() };
        Feature { name: "x".into(), kind: FeatureKind::Numeric, storage: Storage::Float, spelling }
    }

    #[test]
    fn numbers_come_back_within_their_step() {
        let values: Vec<f64> = (0..2000).map(|k| f64::from(k * k % 977) / 10.0).collect();
        let scale = NumberScale::fit(&feature(Some(1)), values.clone()).unwrap();
        let noise = &mut stream(0, Purpose::CodedTable, 0, 0);
        for x in values {
            let back = scale.number(scale.score(x, noise));
            assert!((back - x).abs() < 1e-9, "{back} for {x}");
        }
        assert!(scale.is_consistent());
    }

    #[test]
    fn scores_are_standard_normal() {
        let values: Vec<f64> = (1..=4000).map(|k| f64::from(k).powi(3)).collect();
        let scale = NumberScale::fit(&feature(None), values.clone()).unwrap();
        let noise = &mut stream(0, Purpose::CodedTable, 0, 1);
        let scores: Vec<f64> = values.iter().map(|x| f64::from(scale.score(*x, noise))).collect();
        let mean = scores.iter().sum::<f64>() / 4000.0;
        let square = scores.iter().map(|z| z * z).sum::<f64>() / 4000.0;
        assert!(mean.abs() < 0.01 && (square - 1.0).abs() < 0.02, "{mean} {square}");
        assert!(scale.number(20.0) <= 4000f64.powi(3) && scale.number(-20.0) >= 1.0, "within the range");
    }

    #[test]
    fn a_range_of_numbers_is_a_range_of_scores() {
        let values: Vec<f64> = (0..1000).map(f64::from).collect();
        let scale = NumberScale::fit(&feature(None), values).unwrap();
        let [low, high] = scale.scores_between(500.0, f64::INFINITY);
        assert!(low.abs() < 0.01 && high == f32::INFINITY, "{low}");
        assert_eq!(scale.scores_between(-5.0, 2000.0), [f32::NEG_INFINITY, f32::INFINITY]);
        assert!(scale.number(low + 0.001) >= 500.0, "the step belongs to the range");
    }
}
