//! Scores of a column most of whose values are 0, such as gains from capital.
//!
//! A Gaussian of the scaled values describes neither the many zeros nor the long tail of the
//! others. The zeros therefore have one score, and the values on either side of them the normal
//! scores of their ranks, away from it:
//!
//! ```text
//! score(0) = 0 ,   score(x) = ±(4 + v) ,   v = Φ⁻¹(1/40 + 19/20 · rank(|x|)) from −1.96 to 1.96
//! z = (score − mean) / standard deviation
//! ```
//!
//! Decoding maps scores near 0 to exactly 0; no value lies in the gap between it and the others.
//!
//! The scores of zeros and of other values are far apart, and a Gaussian around the latent code is
//! not. A drawn score is therefore decoded by its rank among the scores of drawn rows: drawn values
//! have the distribution of the training rows, and the order in which the model draws them.

use diabolo_stats::elementary::{double::inverse_normal_cdf, square};
use serde::{Deserialize, Serialize};

use super::quantiles::{LIMIT, forward, interpolate, quantiles};

/// The least share of zeros, and the least number of other values.
const ZEROS: f64 = 0.5;
const OTHERS: usize = 20;
/// The score in the middle of the values of one side.
const MIDDLE: f64 = 4.0;
/// The share of ranks below and above the scores of one side.
const EDGE: f64 = 0.025;
/// The part of the gap between 0 and the next value that decodes to 0.
const OF_ZERO: f64 = 0.5;

/// The scores of a column, with quantiles of the values on either side of 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PointMass {
    negative: Vec<f64>,
    positive: Vec<f64>,
    /// The mean and standard deviation of the scores.
    shift: f64,
    scale: f64,
    /// The standard deviation of the values, by which the score grows beyond their range.
    deviation: f64,
    /// The shares of negative values and of zeros.
    shares: [f64; 2],
    /// Quantiles of the scaled scores of drawn rows; empty for models that do not draw.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    drawn: Vec<f64>,
}

/// Corresponding values and scaled scores, both increasing, and the place of 0.
pub(super) struct Knots {
    pub values: Vec<f64>,
    pub scores: Vec<f64>,
    zero: usize,
    /// Beyond them.
    pub slope: f64,
}

impl PointMass {
    /// Fits to finite values with this standard deviation; `None` if 0 is not most of them, or the
    /// others are few.
    pub fn of(values: &[f64], deviation: f64) -> Option<Self> {
        let side = |sign: f64| values.iter().copied().filter(|x| x * sign > 0.0).collect::<Vec<f64>>();
        let (negative, positive) = (side(-1.0), side(1.0));
        let others = negative.len() + positive.len();
        let mut distinct: Vec<f64> = negative.iter().chain(&positive).copied().collect();
        distinct.sort_by(f64::total_cmp);
        distinct.dedup();
        if (others as f64) > (1.0 - ZEROS) * values.len() as f64 || distinct.len() < OTHERS {
            return None;
        }
        let n = values.len() as f64;
        let shares = [negative.len() as f64 / n, (values.len() - others) as f64 / n];
        let of_side = |values: &[f64]| if values.is_empty() { vec![] } else { quantiles(values) };
        let (negative, positive) = (of_side(&negative), of_side(&positive));
        let mut mass =
            PointMass { negative, positive, shift: 0.0, scale: 1.0, deviation, shares, drawn: vec![] };
        let knots = mass.knots();
        let scores = || values.iter().map(|&x| knots.score(x));
        mass.shift = scores().sum::<f64>() / n;
        mass.scale = (scores().map(|score| square(score - mass.shift)).sum::<f64>() / n).sqrt();
        Some(mass)
    }

    /// Whether the parameters, which may come from a damaged file, define an increasing function.
    pub fn is_sound(&self) -> bool {
        let finite = |values: &[f64]| values.iter().all(|x| x.is_finite()) && values.is_sorted();
        finite(&self.negative)
            && finite(&self.positive)
            && self.negative.last().is_none_or(|x| *x < 0.0)
            && self.positive.first().is_none_or(|x| *x > 0.0)
            && self.shift.is_finite()
            && finite(&self.drawn)
            && self.shares.iter().all(|share| (0.0..=1.0).contains(share))
            && [self.scale, self.deviation].iter().all(|x| x.is_normal() && *x > 0.0)
    }

    /// Learns the scores of drawn rows.
    pub fn calibrate(&mut self, mut scores: Vec<f64>) {
        scores.retain(|score| score.is_finite());
        self.drawn = if scores.is_empty() { vec![] } else { quantiles(&scores) };
    }

    /// The value of a drawn score, prepared for many calls.
    pub fn draws(&self) -> Box<dyn Fn(f64) -> f64 + '_> {
        let knots = self.knots();
        let places = |count: usize| (0..count).map(|i| i as f64).collect::<Vec<f64>>();
        let ranks: Vec<f64> =
            places(self.drawn.len()).iter().map(|i| (i + 0.5) / self.drawn.len() as f64).collect();
        let [negative, positive] = [&self.negative, &self.positive].map(|side| (side, places(side.len())));
        // The value at a fraction of one side, from its first to its last.
        let at = |(values, places): &(&Vec<f64>, Vec<f64>), fraction: f64| match places.last() {
            Some(last) => interpolate(places, values, fraction * last),
            None => 0.0,
        };
        let [below, zeros] = self.shares;
        Box::new(move |score| {
            if ranks.is_empty() || score.is_nan() {
                return knots.value(score);
            }
            match interpolate(&self.drawn, &ranks, score) {
                rank if rank < below => at(&negative, rank / below),
                rank if rank < below + zeros => 0.0,
                rank => at(&positive, (rank - below - zeros) / (1.0 - below - zeros).max(f64::EPSILON)),
            }
        })
    }

    /// The values and scores between which the function is linear.
    pub fn knots(&self) -> Knots {
        let scale = |score: f64| (score - self.shift) / self.scale;
        let side = |count: usize| {
            let rank = move |i: usize| EDGE + (1.0 - 2.0 * EDGE) * (i as f64 + 0.5) / count as f64;
            (0..count).map(move |i| MIDDLE + inverse_normal_cdf(rank(i)))
        };
        let negative = side(self.negative.len()).rev().map(|score| -score);
        let scores = negative.chain([0.0]).chain(side(self.positive.len())).map(scale).collect();
        let values = [self.negative.as_slice(), &[0.0], &self.positive].concat();
        let slope = 1.0 / self.deviation / self.scale;
        Knots { values, scores, zero: self.negative.len(), slope }
    }
}

impl Knots {
    /// The scaled score of a value.
    pub fn score(&self, x: f64) -> f64 {
        let beyond = (x - x.clamp(self.values[0], self.values[self.values.len() - 1])) * self.slope;
        (forward(&self.values, &self.scores, x) + beyond).clamp(-LIMIT, LIMIT)
    }

    /// The scaled score of `x`; between 0 and its neighbours, that of the middle of the gap.
    pub fn boundary(&self, x: f64) -> f64 {
        let beside = if x > 0.0 { self.zero + 1 } else { self.zero.wrapping_sub(1) };
        match self.values.get(beside) {
            Some(next) if x != 0.0 && x.abs() < next.abs() => {
                self.scores[self.zero] + OF_ZERO * (self.scores[beside] - self.scores[self.zero])
            }
            _ => self.score(x),
        }
    }

    /// The value with a scaled score; on a side without values, 0.
    pub fn value(&self, score: f64) -> f64 {
        let (first, end) = (self.scores[0], self.scores.len() - 1);
        let outside = (self.zero == 0 && score < first) || (self.zero == end && score > self.scores[end]);
        let beyond = if outside { 0.0 } else { (score - score.clamp(first, self.scores[end])) / self.slope };
        let below =
            self.zero.checked_sub(1).filter(|&at| (self.scores[at]..self.scores[self.zero]).contains(&score));
        let above = Some(self.zero + 1).filter(|&at| {
            at < self.scores.len() && (self.scores[self.zero]..self.scores[at]).contains(&score)
        });
        match below.or(above) {
            Some(next) => {
                let part = (score - self.scores[self.zero]) / (self.scores[next] - self.scores[self.zero]);
                if part < OF_ZERO { 0.0 } else { self.values[next] }
            }
            None => interpolate(&self.scores, &self.values, score) + beyond,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// 60 zeros, and 40 values from 100 to 4000.
    fn gains() -> Vec<f64> {
        (0..100).map(|i| f64::from((i - 59).max(0)) * 100.0).collect()
    }

    fn deviation(values: &[f64]) -> f64 {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt()
    }

    #[test]
    fn scores_are_standardized_and_values_come_back() {
        let knots = PointMass::of(&gains(), deviation(&gains())).unwrap().knots();
        let scores: Vec<f64> = gains().iter().map(|&x| knots.score(x)).collect();
        assert!(scores.iter().sum::<f64>().abs() < 1e-9 && (deviation(&scores) - 1.0).abs() < 1e-9);
        for x in gains() {
            let single = f64::from(knots.score(x) as f32);
            assert!((knots.value(single) - x).abs() <= 1e-3, "{x} {}", knots.value(single));
        }
        // 100 has rank 1/80: Φ⁻¹(0.025 + 0.95/80) = −1.788 above 4, where 0 has 0.
        let unit = 1.0 / PointMass::of(&gains(), 1.0).unwrap().scale;
        let found = (knots.score(100.0) - knots.score(0.0)) / unit;
        assert!((found - (4.0 - 1.788_16)).abs() < 1e-4, "{found}");
    }

    #[test]
    fn scores_in_the_gap_are_zero_or_the_next_value() {
        let knots = PointMass::of(&gains(), 1.0).unwrap().knots();
        let (zero, next) = (knots.score(0.0), knots.score(100.0));
        let at = |part: f64| knots.value(zero + part * (next - zero));
        assert_eq!([-0.0, 0.4, 0.6, 1.0].map(at), [0.0, 0.0, 100.0, 100.0]);
        assert_eq!((at(-0.5), knots.score(-50.0) < zero), (0.0, true), "no value is negative");
        let middle = zero + 0.5 * (next - zero);
        assert_eq!([0.5, 99.5].map(|x| knots.boundary(x)), [middle; 2]);
        assert!(knots.boundary(-0.5) < zero && knots.boundary(150.0) == knots.score(150.0));
    }

    #[test]
    fn scores_grow_beyond_the_range_and_come_back() {
        let both: Vec<f64> = gains().into_iter().chain((1..=30).map(|i| f64::from(i) * -7.0)).collect();
        let knots = PointMass::of(&both[10..], 500.0);
        assert!(knots.is_none(), "half of 120 are zero, and 70 are not");
        let both: Vec<f64> = [both, vec![0.0; 60]].concat();
        let knots = PointMass::of(&both, 500.0).unwrap().knots();
        assert!(knots.scores.windows(2).all(|two| two[0] < two[1]) && knots.values.is_sorted());
        for x in [-5000.0, -210.0, -7.0, 0.0, 100.0, 4000.0, 9000.0] {
            assert!((knots.value(knots.score(x)) - x).abs() < 1e-6 * x.abs().max(1.0), "{x}");
        }
        assert_eq!(knots.score(1e300), LIMIT);
    }

    #[test]
    fn drawn_values_have_the_distribution_of_the_training_rows() {
        let mut mass = PointMass::of(&gains(), 1.0).unwrap();
        let uncalibrated = mass.draws()(mass.knots().score(2000.0));
        assert!((uncalibrated - 2000.0).abs() < 1e-9, "without drawn rows");
        // One Gaussian, in which zeros and other values are not apart.
        let scores: Vec<f64> = (0..5000).map(|i| inverse_normal_cdf((f64::from(i) + 0.5) / 5000.0)).collect();
        mass.calibrate(scores.iter().copied().chain([f64::NAN, f64::INFINITY]).collect());
        assert!(mass.is_sound());
        let draw = mass.draws();
        let values: Vec<f64> = scores.iter().map(|&score| draw(score)).collect();
        let share =
            |is_one: &dyn Fn(f64) -> bool| values.iter().filter(|x| is_one(**x)).count() as f64 / 5000.0;
        assert!((share(&|x| x == 0.0) - 0.6).abs() < 0.002);
        assert!((share(&|x| x > 2000.0) - 0.2).abs() < 0.01);
        assert!(
            values.is_sorted() && values[4999] <= 4000.0 && !values.iter().any(|x| *x > 0.0 && *x < 100.0)
        );
        assert!(draw(f64::NAN).is_nan() && draw(99.0) > 3900.0);
    }

    #[test]
    fn other_columns_have_no_point_mass() {
        assert!(PointMass::of(&gains()[15..], 1.0).is_some(), "45 of 85");
        assert!(PointMass::of(&gains()[21..], 1.0).is_none(), "39 of 79");
        let codes: Vec<f64> = (0..100).map(|i| f64::from((i - 59).max(0) % 19)).collect();
        assert!(PointMass::of(&codes, 1.0).is_none(), "few different values");
    }

    #[test]
    fn damaged_parameters_are_refused() {
        let sound = PointMass::of(&gains(), 1.0).unwrap();
        assert!(sound.is_sound());
        for damage in [
            |mass: &mut PointMass| mass.positive[0] = 0.0,
            |mass: &mut PointMass| mass.positive[0] = 1e9,
            |mass: &mut PointMass| mass.negative = vec![1.0],
            |mass: &mut PointMass| mass.scale = 0.0,
            |mass: &mut PointMass| mass.drawn = vec![1.0, 0.0],
            |mass: &mut PointMass| mass.shares[1] = f64::NAN,
            |mass: &mut PointMass| mass.deviation = f64::NAN,
        ] {
            let mut damaged = sound.clone();
            damage(&mut damaged);
            assert!(!damaged.is_sound());
        }
    }
}
