//! Invertible scaling of numeric columns, with parameters fitted on the training rows.

use diabolo_stats::elementary::{
    double::{exp_m1, ln, ln_1p},
    square,
};
use serde::{Deserialize, Serialize};

use super::point_mass::PointMass;
use super::quantiles::{LIMIT, chord, forward, interpolate, nodes, quantiles};
use super::{CountScaling, NumericScaling};

/// A column is an event count if at least this fraction of its values is 0 and their median is
/// below the next constant.
const ZEROS: f64 = 0.1;
const MEDIAN: f64 = 10.0;
/// A count has small values: not more than this fraction of the values above 0 is that large.
/// Amounts of money have none.
const LARGE: f64 = 0.9;

/// What is never seen to change is an anomaly when it does, even by a little; but an unseen value
/// must not outweigh all other columns.
const UNIT: f64 = 0.01;
pub(super) const DEPARTURE: f64 = 5.0;

/// An increasing function from a column's units to the model's, and back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Scaling {
    /// z = (x − shift) / scale.
    Linear { shift: f64, scale: f64 },
    /// z = (x − value) / scale, up to ±[`DEPARTURE`], for a column with one value.
    Constant { value: f64, scale: f64 },
    /// The k-th of K quantiles maps to z_k = Φ⁻¹((k + ½) / K), with linear interpolation between
    /// quantiles and clamping outside.
    Quantile { quantiles: Vec<f64> },
    /// Scores of a column most of whose values are 0.
    PointMass(PointMass),
    /// z = log(1 + count). In `f32`, counts up to a million round-trip exactly, and larger ones up
    /// to 7·10¹³ with a relative error of 10⁻⁶.
    Log1p,
}

impl Scaling {
    /// Fits to finite `values`; the identity if there are none.
    pub fn fit(kind: NumericScaling, values: &[f64]) -> Self {
        let Some(&first) = values.first() else { return Scaling::Linear { shift: 0.0, scale: 1.0 } };
        let (min, max) = values.iter().fold((first, first), |(min, max), &x| (x.min(min), x.max(max)));
        match kind {
            _ if min == max => Scaling::constant(first),
            NumericScaling::Standardize | NumericScaling::StandardizeSteps => {
                // Dividing by a power of two first avoids overflow of the squares and is exact.
                let unit = power_of_two(min.abs().max(max.abs()));
                let n = values.len() as f64;
                let mean = values.iter().map(|x| x / unit).sum::<f64>() / n;
                let variance = values.iter().map(|x| square(x / unit - mean)).sum::<f64>() / n;
                let whole =
                    kind == NumericScaling::StandardizeSteps && values.iter().all(|x| x.fract() == 0.0);
                let least = if whole { 1.0 } else { 0.0 };
                let scale = usable(variance.sqrt() * unit).max(least);
                let mass = PointMass::of(values, scale).filter(|_| kind == NumericScaling::Standardize);
                mass.map_or(Scaling::Linear { shift: mean * unit, scale }, Scaling::PointMass)
            }
            NumericScaling::MinMax => Scaling::Linear { shift: min, scale: usable(max - min) },
            NumericScaling::Quantile => Scaling::Quantile { quantiles: quantiles(values) },
        }
    }

    /// Of a column with one value: a departure of [`UNIT`] of the value's size, up to 1, is a unit.
    pub fn constant(value: f64) -> Self {
        let size = if value == 0.0 { 1.0 } else { value.abs().min(1.0) };
        Scaling::Constant { value, scale: usable(UNIT * size) }
    }

    /// Fits to the finite whole `values` of a count column.
    pub fn fit_counts(counts: CountScaling, kind: NumericScaling, values: &[f64]) -> Self {
        match counts {
            CountScaling::Log1p => Scaling::Log1p,
            CountScaling::Auto if counts_events(values) && !is_large(values, kind) => Scaling::Log1p,
            _ => Scaling::fit(kind, values),
        }
    }

    /// Whether the parameters, which may come from a damaged file, define an increasing function.
    pub fn is_sound(&self) -> bool {
        match self {
            Scaling::Linear { shift, scale } => shift.is_finite() && scale.is_normal() && *scale > 0.0,
            Scaling::Constant { value, scale } => value.is_finite() && scale.is_normal() && *scale > 0.0,
            Scaling::Quantile { quantiles } => {
                !quantiles.is_empty() && quantiles.iter().all(|q| q.is_finite()) && quantiles.is_sorted()
            }
            Scaling::PointMass(mass) => mass.is_sound(),
            Scaling::Log1p => true,
        }
    }

    /// The scaling function, prepared for many calls.
    pub fn encoder(&self) -> Box<dyn Fn(f64) -> f32 + Send + Sync + '_> {
        match self {
            &Scaling::Linear { shift, scale } => {
                Box::new(move |x| ((x - shift) / scale).clamp(-LIMIT, LIMIT) as f32)
            }
            &Scaling::Constant { value, scale } => {
                Box::new(move |x| ((x - value) / scale).clamp(-DEPARTURE, DEPARTURE) as f32)
            }
            Scaling::Quantile { quantiles } => {
                let nodes = nodes(quantiles.len());
                Box::new(move |x| forward(quantiles, &nodes, x) as f32)
            }
            Scaling::PointMass(mass) => {
                let knots = mass.knots();
                Box::new(move |x| knots.score(x) as f32)
            }
            Scaling::Log1p => Box::new(|x| ln_1p(x) as f32),
        }
    }

    /// The scaled boundary between two values, one on each side of `x`: increasing.
    pub fn boundary(&self) -> Box<dyn Fn(f64) -> f32 + Send + Sync + '_> {
        match self {
            Scaling::PointMass(mass) => {
                let knots = mass.knots();
                Box::new(move |x| knots.boundary(x) as f32)
            }
            _ => self.encoder(),
        }
    }

    /// The inverse of the scaling function, prepared for many calls.
    pub fn decoder(&self) -> Box<dyn Fn(f32) -> f64 + '_> {
        match self {
            &Scaling::Linear { shift, scale } => Box::new(move |z| shift + scale * f64::from(z)),
            &Scaling::Constant { value, scale } => Box::new(move |z| value + scale * f64::from(z)),
            Scaling::Quantile { quantiles } => {
                let nodes = nodes(quantiles.len());
                Box::new(move |z| interpolate(&nodes, quantiles, f64::from(z)))
            }
            Scaling::PointMass(mass) => {
                let knots = mass.knots();
                Box::new(move |z| knots.value(f64::from(z)))
            }
            Scaling::Log1p => Box::new(|z| exp_m1(f64::from(z))),
        }
    }

    /// [`decoder`](Self::decoder) for draws from a model.
    pub fn draws(&self) -> Box<dyn Fn(f32) -> f64 + '_> {
        match self {
            Scaling::PointMass(mass) => {
                let value = mass.draws();
                Box::new(move |z| value(f64::from(z)))
            }
            _ => self.decoder(),
        }
    }

    /// log dz/dx as a function of the scaled value z, prepared for many calls.
    ///
    /// For quantiles, also of a column with a point mass, it is the slope of the piecewise linear
    /// map at z; at a knot, the slope of the chord between both neighbours; at a value equal to
    /// several quantiles (a point mass, which has no density), the slope of the chord from the next
    /// lower quantile to the next higher one; outside the training range, which is clamped, the
    /// slope at its end.
    pub fn log_slope(&self) -> Box<dyn Fn(f32) -> f64 + '_> {
        match self {
            &Scaling::Linear { scale, .. } | &Scaling::Constant { scale, .. } => {
                Box::new(move |_| -ln(scale))
            }
            Scaling::Quantile { quantiles } => {
                let nodes = nodes(quantiles.len());
                Box::new(move |z| ln(chord(quantiles, &nodes, z)))
            }
            Scaling::PointMass(mass) => {
                let knots = mass.knots();
                Box::new(move |z| ln(chord(&knots.values, &knots.scores, z)))
            }
            Scaling::Log1p => Box::new(|z| -f64::from(z)),
        }
    }
}

/// Whether a column of whole numbers is an event count.
fn counts_events(values: &[f64]) -> bool {
    let share = |few: &dyn Fn(f64) -> bool| {
        values.iter().filter(|x| few(**x)).count() as f64 / values.len().max(1) as f64
    };
    // If more than half of the values are below 10, so is the median.
    share(&|x| x == 0.0) >= ZEROS && share(&|x| x < MEDIAN) > 0.5
}

/// Whether whole numbers above 0 are too large for events, and scored instead.
fn is_large(values: &[f64], kind: NumericScaling) -> bool {
    let (above, large) = values
        .iter()
        .filter(|x| **x > 0.0)
        .fold((0.0, 0.0), |(above, large), x| (above + 1.0, large + if *x >= MEDIAN { 1.0 } else { 0.0 }));
    matches!(Scaling::fit(kind, values), Scaling::PointMass(_)) && large > LARGE * above
}

/// A divisor that avoids division by zero and overflow.
fn usable(scale: f64) -> f64 {
    if scale.is_normal() {
        scale
    } else if scale.is_infinite() {
        f64::MAX
    } else {
        1.0
    }
}

/// The largest power of two that is not above `x`, for x > 0.
fn power_of_two(x: f64) -> f64 {
    const EXPONENT: u64 = 0x7ff0_0000_0000_0000;
    f64::from_bits(x.to_bits() & EXPONENT).max(f64::MIN_POSITIVE)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KINDS: [NumericScaling; 3] =
        [NumericScaling::Standardize, NumericScaling::MinMax, NumericScaling::Quantile];

    #[test]
    fn hand_worked() {
        let standard = Scaling::fit(NumericScaling::Standardize, &[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]);
        assert_eq!(standard, Scaling::Linear { shift: 5.0, scale: 2.0 });
        let min_max = Scaling::fit(NumericScaling::MinMax, &[-1.0, 3.0, 1.0]);
        assert_eq!([-1.0, 1.0, 3.0, 5.0].map(|x| min_max.encoder()(x)), [0.0, 0.5, 1.0, 1.5]);
        let constant = Scaling::fit(NumericScaling::Standardize, &[0.1; 3]);
        assert_eq!(constant, Scaling::Constant { value: 0.1, scale: 0.001 });
        let depart = |value: f64| {
            let scaling = Scaling::fit(NumericScaling::Standardize, &[value; 2]);
            let encode = scaling.encoder();
            [encode(value), encode(value + 0.02), encode(value - 1e9)].map(|z| (z * 1e3).round() / 1e3)
        };
        assert_eq!([0.0, -1.0, 300.0].map(depart), [[0.0, 2.0, -5.0]; 3], "of larger values, and of 0");
    }

    #[test]
    fn quantile_scaling_makes_a_skewed_column_normal_and_clamps_its_tails() {
        let values: Vec<f64> = (1..=999).map(|i| (f64::from(i) / 100.0).exp()).collect();
        let scaling = Scaling::fit(NumericScaling::Quantile, &values);
        let encode = scaling.encoder();
        assert!(encode(values[499]).abs() < 1e-6);
        let above_one = values.iter().filter(|x| encode(**x) > 1.0).count();
        assert!((above_one as f64 / 999.0 - 0.1587).abs() < 0.002, "{above_one}");
        assert_eq!(encode(1e300), encode(values[998]));
        assert_eq!(encode(-1e300), encode(values[0]));
        assert_eq!(scaling.decoder()(99.0), values[998]);
        // Half the values are 0: they map to the middle of the lower half, and back.
        let ties = Scaling::fit(NumericScaling::Quantile, &[0.0, 0.0, 1.0, 2.0]);
        assert_eq!(ties.decoder()(ties.encoder()(0.0)), 0.0);
        assert!((ties.decoder()(ties.encoder()(2.0)) - 2.0).abs() < 1e-6);
    }

    #[test]
    fn many_zeros_and_a_small_median_define_an_event_count() {
        let auto = |values: &[f64]| {
            Scaling::fit_counts(CountScaling::Auto, NumericScaling::Standardize, values) == Scaling::Log1p
        };
        assert!(auto(&[0.0, 9.0, 9.0, 9.0, 9.0, 9.0, 900.0, 900.0, 900.0, 900.0]), "exactly a tenth");
        assert!(!auto(&[0.0, 9.0, 9.0, 9.0, 9.0, 9.0, 9.0, 9.0, 9.0, 9.0, 9.0]), "less than a tenth");
        assert!(!auto(&[0.0, 9.0, 10.0, 10.0, 10.0]), "the median is 10");
        assert!(!auto(&[]));
        let fit = |counts| Scaling::fit_counts(counts, NumericScaling::MinMax, &[0.0, 0.0, 2.0]);
        assert_eq!(fit(CountScaling::AsNumeric), Scaling::Linear { shift: 0.0, scale: 2.0 });
        assert_eq!(Scaling::fit_counts(CountScaling::Log1p, NumericScaling::MinMax, &[30.0]), Scaling::Log1p);
    }

    #[test]
    fn amounts_of_money_are_no_event_counts() {
        let fit = |values: &[f64], kind| Scaling::fit_counts(CountScaling::Auto, kind, values);
        let (standardize, steps) = (NumericScaling::Standardize, NumericScaling::StandardizeSteps);
        let gains: Vec<f64> = (0..100).map(|i| f64::from((i - 59).max(0)) * 100.0).collect();
        assert!(matches!(fit(&gains, standardize), Scaling::PointMass(_)));
        assert_eq!(fit(&gains, steps), Scaling::Log1p);
        // Events that are as rare, some as numerous: 1, 2, 3, ….
        let events: Vec<f64> = (0..100).map(|i| f64::from((i - 59).max(0))).collect();
        assert_eq!(fit(&events, standardize), Scaling::Log1p);
        assert!(matches!(Scaling::fit(standardize, &events), Scaling::PointMass(_)), "if it is no count");
    }

    #[test]
    fn counts_round_trip_exactly_up_to_a_million_and_nearly_above() {
        let (encode, decode) = (Scaling::Log1p.encoder(), Scaling::Log1p.decoder());
        for count in 0..=1_000_000 {
            let count = f64::from(count);
            assert_eq!(decode(encode(count)).round(), count);
        }
        let mut count = 1e6;
        while count < 7e13 {
            assert!((decode(encode(count)) - count).abs() <= 1e-6 * count, "{count}");
            count *= 1.0037;
        }
        assert_eq!((encode(0.0), encode(1.0)), (0.0, std::f32::consts::LN_2));
    }

    #[test]
    fn slopes_by_hand_and_by_differences() {
        let linear = Scaling::Linear { shift: 3.0, scale: 4.0 };
        assert_eq!(linear.log_slope()(7.0), -(4f64.ln()));
        assert!((Scaling::Log1p.log_slope()(Scaling::Log1p.encoder()(19.0)) + 20f64.ln()).abs() < 1e-6);
        // Corners at z = Φ⁻¹(1/8, 3/8, 5/8, 7/8) = ∓1.1503494, ∓0.3186394.
        let scaling = Scaling::fit(NumericScaling::Quantile, &[0.0, 1.0, 3.0, 7.0]);
        let slope = |x: f64| scaling.log_slope()(scaling.encoder()(x)).exp();
        let (outer, inner) = (1.1503494 - 0.3186394, 2.0 * 0.3186394);
        let pairs = [
            (0.5, outer),
            (2.0, inner / 2.0),
            (6.0, outer / 4.0),
            (1.0, (outer + inner) / 3.0),
            (3.0, (inner + outer) / 6.0),
            (0.0, outer),
            (7.0, outer / 4.0),
            (99.0, outer / 4.0),
        ];
        for (x, expected) in pairs {
            assert!((slope(x) - expected).abs() < 1e-6, "{x}: {} {expected}", slope(x));
        }
        let encode = |x: f64| forward(&[0.0, 1.0, 3.0, 7.0], &nodes(4), x);
        assert!(((encode(5.5) - encode(5.0)) / 0.5 - slope(5.2)).abs() < 1e-6);
        // A point mass at 0, then at 2 in the middle: chords over the neighbours.
        let scaling = Scaling::fit(NumericScaling::Quantile, &[0.0, 0.0, 1.0, 7.0]);
        let slope = scaling.log_slope()(scaling.encoder()(0.0)).exp();
        assert!((slope - (1.1503494 + 0.3186394)).abs() < 1e-6, "{slope}");
        let scaling = Scaling::fit(NumericScaling::Quantile, &[0.0, 2.0, 2.0, 7.0]);
        let slope = scaling.log_slope()(scaling.encoder()(2.0)).exp();
        assert!((slope - 2.0 * 1.1503494 / 7.0).abs() < 1e-6, "{slope}");
    }

    #[test]
    fn huge_values_stay_finite() {
        for kind in KINDS {
            for values in [vec![f64::MIN, f64::MAX], vec![0.0, 1.0], vec![0.0, 1e300, 1.0], vec![0.0, 5e-324]]
            {
                let scaling = Scaling::fit(kind, &values);
                assert!(scaling.is_sound(), "{kind:?} {values:?} {scaling:?}");
                for x in [f64::MIN, -1e30, 0.0, 0.5, 1e30, f64::MAX] {
                    let z = scaling.encoder()(x);
                    assert!(z.abs() <= LIMIT as f32, "{kind:?} {values:?} {x}: {z}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn json_round_trip_is_bit_identical(values in prop::collection::vec(any::<f64>(), 2..50)) {
            let values: Vec<f64> = values.into_iter().filter(|x| x.is_finite()).collect();
            for kind in KINDS {
                let scaling = Scaling::fit(kind, &values);
                let json = serde_json::to_string(&scaling).unwrap_or_default();
                prop_assert_eq!(serde_json::from_str::<Scaling>(&json).ok(), Some(scaling));
            }
        }

        #[test]
        fn encode_decode_round_trip(values in prop::collection::vec(-1e6f64..1e6, 2..300), kind in 0usize..3) {
            let scaling = Scaling::fit(KINDS[kind], &values);
            let n = values.len() as f64;
            let mean = values.iter().sum::<f64>() / n;
            let std = (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
            for &x in &values {
                let back = scaling.decoder()(scaling.encoder()(x));
                prop_assert!((back - x).abs() <= 1e-4 * std, "{} came back as {}", x, back);
            }
        }
    }
}
