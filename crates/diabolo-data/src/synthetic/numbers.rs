//! Numbers as normal scores: z = Φ⁻¹(F(x)), F from quantiles of the column.

use diabolo_stats::elementary::double::{inverse_normal_cdf, normal_cdf};
use diabolo_stats::random::{Stream, uniform};
use serde::{Deserialize, Serialize};

use super::SHARED_ROWS;
use crate::Feature;

/// Quantiles that are stored, at most; each lies between several rows.
const MOST: usize = 1000;
/// Rows of a quantile, at least.
const ROWS: usize = 8;
/// Of the width between two quantiles, the share that no row is in for it to be a gap, and the
/// probability of a gap.
const WIDE: f64 = 0.5;
const IN_GAP: f64 = 1e-9;
/// A number is a multiple of the step up to this share of it.
const ROUNDING: f64 = 1e-6;

/// The scale of the numbers of a column that are no point masses.
///
/// It reaches from the third smallest to the third largest number; the others count as numbers near
/// these ends. A gap between numbers stays empty.
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
    /// Fits to numbers that are no point masses; `None` for so few that no two ends have
    /// [`SHARED_ROWS`] rows.
    pub fn fit(feature: &Feature, mut values: Vec<f64>) -> Option<Self> {
        let (n, spare) = (values.len(), SHARED_ROWS - 1);
        if n <= 2 * spare {
            return None;
        }
        values.sort_by(f64::total_cmp);
        let step = step(feature, &values);
        let half = step.unwrap_or(0.0) / 2.0;
        let (least, most) = (values[spare], values[n - 1 - spare]);
        values[..spare].fill(least);
        values[n - spare..].fill(most);
        let last = most + half;
        let mut scale = NumberScale { step, quantiles: vec![least - half], shares: vec![0.0] };
        let wanted = (n / ROWS).clamp(8, MOST);
        for k in 1..=wanted {
            let rows = (k - 1) * n / wanted..(k * n / wanted).min(n - 1) + 1;
            scale.leave_gap(&mut values, rows.clone());
            if k == wanted {
                break;
            }
            let x = values[rows.end - 1];
            // Of tied numbers the upper end of their step, at the share of rows up to it.
            let through = values.partition_point(|value| *value <= x);
            let below = values.partition_point(|value| *value < x);
            let share = match step {
                Some(_) => through as f64 / n as f64,
                None => (below + through) as f64 / (2 * n) as f64,
            };
            if x + half < last {
                scale.push(x + half, share);
            }
        }
        let before = scale.quantiles[scale.quantiles.len() - 1];
        scale.quantiles.push(if last > before { last } else { before + before.abs().max(1.0) * 1e-9 });
        scale.shares.push(1.0);
        Some(scale)
    }

    /// Quantiles at both ends of the largest gap between some of the sorted values, if it is wide.
    /// Like the ends of the scale, they are values that [`SHARED_ROWS`] rows reach.
    fn leave_gap(&mut self, values: &mut [f64], rows: std::ops::Range<usize>) {
        let width = values[rows.end - 1] - values[rows.start];
        let gap = |at: &usize| values[at + 1] - values[*at];
        let largest = (rows.start..rows.end - 1).max_by(|a, b| gap(a).total_cmp(&gap(b)));
        // At either end of the scale there is none between as many values.
        let Some(at) = largest.filter(|at| gap(at) > WIDE * width) else { return };
        let spare = SHARED_ROWS - 1;
        let (low, high) = (values[at - spare], values[at + 1 + spare]);
        values[at + 1 - spare..=at].fill(low);
        values[at + 1..at + 1 + spare].fill(high);
        // Numbers without a step have a little room below the upper end.
        let (below, above) = match self.step {
            Some(step) => (step / 2.0, step / 2.0),
            None => (0.0, (high - low) * 1e-6),
        };
        let share = (at + 1) as f64 / values.len() as f64;
        // The lower end may be a quantile already, with a share of half of its rows.
        let before = self.quantiles[self.quantiles.len() - 1];
        let (low, high) = ((low + below).max(before.next_up()), high - above);
        if low < high {
            self.push(low, share);
            self.push(high, share + IN_GAP);
        }
    }

    fn push(&mut self, x: f64, share: f64) {
        let before = self.quantiles.len() - 1;
        if x > self.quantiles[before] && share > self.shares[before] && share < 1.0 {
            self.quantiles.push(x);
            self.shares.push(share);
        }
    }

    /// The normal score of a number, spread within its step; beyond the ends, somewhere before the
    /// outermost quantile.
    pub fn score(&self, x: f64, noise: &mut Stream) -> f32 {
        let [least, most] = self.range();
        let outermost = self.shares.len() - 2;
        if x < least {
            return normal_score(uniform(noise) * self.shares[1]);
        }
        if x > most {
            return normal_score(1.0 - uniform(noise) * (1.0 - self.shares[outermost]));
        }
        let spread = self.step.map_or(0.0, |step| step * (uniform(noise) - 0.5));
        self.score_at(x + spread)
    }

    /// The normal score of a point.
    pub fn score_at(&self, x: f64) -> f32 {
        normal_score(interpolate(&self.quantiles, &self.shares, x))
    }

    /// The number with this normal score, a multiple of the step.
    pub fn number(&self, score: f32) -> f64 {
        let x = interpolate(&self.shares, &self.quantiles, normal_cdf(f64::from(score)));
        let [least, most] = self.range();
        self.step.map_or(x, |step| multiple(step, (x / step).round())).clamp(least, most)
    }

    /// The smallest and the largest number.
    pub fn range(&self) -> [f64; 2] {
        let ends = [self.quantiles[0], self.quantiles[self.quantiles.len() - 1]];
        match self.step {
            Some(step) => [multiple(step, (ends[0] / step).ceil()), multiple(step, (ends[1] / step).floor())],
            None => ends,
        }
    }

    /// The normal scores between which the numbers from `low` to `high` lie; `None` if there are no
    /// such numbers.
    pub fn scores_between(&self, low: f64, high: f64) -> Option<[f32; 2]> {
        let [least, most] = self.range();
        let (mut low, mut high) = (low.max(least), high.min(most));
        if let Some(step) = self.step {
            low = multiple(step, (low / step - ROUNDING).ceil());
            high = multiple(step, (high / step + ROUNDING).floor());
        }
        let half = self.step.unwrap_or(0.0) / 2.0;
        if low > high || low == high && half == 0.0 {
            return None;
        }
        let lower = if low <= least { f32::NEG_INFINITY } else { self.score_at(low - half) };
        let upper = if high >= most { f32::INFINITY } else { self.score_at(high + half) };
        Some([lower, upper])
    }

    /// The next number above.
    pub fn next(&self, x: f64) -> f64 {
        self.step.map_or(x, |step| multiple(step, (x / step + ROUNDING).floor() + 1.0))
    }

    /// The next number below.
    pub fn before(&self, x: f64) -> f64 {
        self.step.map_or(x, |step| multiple(step, (x / step - ROUNDING).ceil() - 1.0))
    }

    pub(super) fn is_consistent(&self) -> bool {
        let rises = |values: &[f64]| values.windows(2).all(|pair| pair[0] < pair[1]);
        self.quantiles.len() == self.shares.len()
            && self.shares.len() >= 2
            && rises(&self.quantiles)
            && rises(&self.shares)
            && self.quantiles.iter().all(|x| x.is_finite())
            && self.step.is_none_or(|step| step > 0.0 && step.is_finite())
            && self.range()[0] <= self.range()[1]
    }
}

/// The normal score of a share.
fn normal_score(share: f64) -> f32 {
    const LEAST: f64 = 1e-6;
    inverse_normal_cdf(share.clamp(LEAST, 1.0 - LEAST)) as f32
}

/// `count` times the step: with decimals, the number that their text means.
fn multiple(step: f64, count: f64) -> f64 {
    if step < 1.0 { count / (1.0 / step).round() } else { count * step }
}

/// The step of sorted numbers by their decimals, if they are coarse enough for ties to matter.
fn step(feature: &Feature, sorted: &[f64]) -> Option<f64> {
    const LEVELS: f64 = 1e15;
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
        // The ends are the third numbers from below and from above.
        assert_eq!([-20.0, 20.0].map(|z| scale.number(z)), [27.0, 3998f64.powi(3)]);
    }

    #[test]
    fn a_range_of_numbers_is_a_range_of_scores() {
        let values: Vec<f64> = (0..1000).map(f64::from).collect();
        let scale = NumberScale::fit(&feature(None), values).unwrap();
        let [low, high] = scale.scores_between(500.0, f64::INFINITY).unwrap();
        assert!(low.abs() < 0.01 && high == f32::INFINITY, "{low}");
        assert_eq!(scale.scores_between(-5.0, 2000.0), Some([f32::NEG_INFINITY, f32::INFINITY]));
        assert!(scale.number(low + 0.001) >= 500.0, "the step belongs to the range");
        for [low, high] in [[998.0, f64::INFINITY], [f64::NEG_INFINITY, 1.5], [500.2, 500.8]] {
            assert_eq!(scale.scores_between(low, high), None, "no number from {low} to {high}");
        }
        assert_eq!(scale.scores_between(499.5, 500.5), scale.scores_between(500.0, 500.0));
    }

    #[test]
    fn decimals_are_those_of_the_text() {
        let values: Vec<f64> = (0..1000).map(|k| f64::from(k) / 100.0).collect();
        let scale = NumberScale::fit(&feature(Some(2)), values).unwrap();
        for k in 2..998 {
            let x: f64 = format!("{}.{:02}", k / 100, k % 100).parse().unwrap();
            let [low, high] = scale.scores_between(x, x).unwrap();
            let middle = (low.max(-5.0) + high.min(5.0)) / 2.0;
            assert_eq!(scale.number(middle), x);
        }
    }

    /// The share of numbers from `low` to `high` among many draws.
    fn drawn(scale: &NumberScale, low: f64, high: f64) -> f64 {
        let share = |k: i32| (f64::from(k) + 0.5) / 10_000.0;
        let inside = |k: &i32| (low..=high).contains(&scale.number(inverse_normal_cdf(share(*k)) as f32));
        (0..10_000).filter(inside).count() as f64 / 10_000.0
    }

    #[test]
    fn lone_extremes_are_not_drawn_and_gaps_stay_empty() {
        for decimals in [None, Some(2)] {
            let mut values: Vec<f64> = (0..397).map(|k| f64::from(k) / 4.0).collect();
            let of = |values: &[f64]| NumberScale::fit(&feature(decimals), values.to_vec()).unwrap();
            values.extend([0.25, 1e6]);
            let scale = of(&values);
            assert_eq!(drawn(&scale, 99.1, f64::MAX), 0.0, "one extreme, {decimals:?}");
            assert!(!serde_json::to_string(&scale).unwrap().contains("1000000"));
            // Four numbers far from the others: 1 % of the rows, none in the gap.
            values.extend([1.1e6, 1.2e6, 1.3e6]);
            let scale = of(&values);
            assert_eq!(drawn(&scale, 99.1, 0.99e6), 0.0, "{decimals:?}");
            let far = drawn(&scale, 0.99e6, f64::MAX);
            assert!((far - 4.0 / 402.0).abs() < 2e-4, "{far}, {decimals:?}");
        }
    }

    /// Wherever the gaps lie among the quantiles.
    #[test]
    fn a_lone_number_between_gaps_is_neither_kept_nor_drawn() {
        for (decimals, below) in (390..=410).flat_map(|below| [(None, below), (Some(2), below)]) {
            let mut values: Vec<f64> = (0..below).map(|k| f64::from(k) / 4.0).collect();
            values.push(5000.25);
            values.extend((0..400).map(|k| 10_000.0 + f64::from(k)));
            let scale = NumberScale::fit(&feature(decimals), values).unwrap();
            assert!(!serde_json::to_string(&scale).unwrap().contains("5000.2"), "{below}");
            assert_eq!(drawn(&scale, 103.0, 9999.0), 0.0, "{below}, {decimals:?}");
        }
    }
}
