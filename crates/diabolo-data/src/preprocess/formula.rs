//! How single cells are encoded, in closed form, for programs that compute it elsewhere.

use super::quantiles::{LIMIT, nodes};
use super::scaling::{DEPARTURE, Scaling};
use super::{Preprocessor, Transform};
use crate::levels::Levels;
use crate::missing::MISSING;
use crate::number::number;
use crate::{Binarization, Feature, FeatureKind};

/// How the cells of a feature become encoded numbers. A missing cell is 0 in each of them.
#[derive(Debug, Clone, PartialEq)]
pub enum Formula {
    /// (x − shift) / scale, clamped to ±limit.
    Linear {
        /// Subtracted first.
        shift: f64,
        /// Divided by.
        scale: f64,
        /// The largest size of the result.
        limit: f64,
    },
    /// log(1 + x).
    Log1p,
    /// Piecewise linear.
    Curve(Curve),
    /// One-hot, of texts.
    Texts {
        /// Each known text, and the encoded column that is 1 for it; `width` if none is.
        units: Vec<(String, usize)>,
        /// The texts of a missing cell.
        missing: Vec<String>,
        /// Number of encoded columns.
        width: usize,
    },
    /// One-hot, of numbers.
    Numbers {
        /// Each known number, and the encoded column that is 1 for it; `width` if none is.
        units: Vec<(f64, usize)>,
        /// Number of encoded columns.
        width: usize,
    },
    /// Of seconds since 1970-01-01T00:00:00 UTC: scaled, then the sine and cosine of the positions
    /// in the year, the week and the day.
    Time {
        /// How the seconds are scaled.
        seconds: Box<Formula>,
        /// Seconds by which the local clock, which has the positions, is ahead.
        offset: i32,
        /// How many of the three cycles there are.
        cycles: usize,
    },
    /// x / scale, in single precision; then 1 if that is at least ½, if `threshold`.
    Pixels {
        /// The value of white.
        scale: f32,
        /// Whether pixels are binarized.
        threshold: bool,
        /// Number of pixels.
        width: usize,
    },
}

/// A function that is linear between its knots and beyond them, with values of its own at the
/// knots, where it may jump.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Strictly increasing.
    pub knots: Vec<f64>,
    /// The value at each knot.
    pub at_knots: Vec<f64>,
    /// [x₀, y₀, slope] below the first knot, between neighbours, and above the last.
    pub pieces: Vec<[f64; 3]>,
    /// Results are clamped to ±limit.
    pub limit: f64,
}

impl Curve {
    /// Through the points (`xs`, `ys`), both increasing; beyond them with this slope. Several
    /// points at the same x make a jump, with the middle as its value.
    fn through(xs: &[f64], ys: &[f64], slope: f64) -> Self {
        // [x, lowest y, highest y] of each different x.
        let mut points: Vec<[f64; 3]> = vec![];
        for (&x, &y) in xs.iter().zip(ys) {
            match points.last_mut().filter(|last| last[0] == x) {
                Some(last) => last[2] = y,
                None => points.push([x, y, y]),
            }
        }
        // Halved, since the difference of two finite numbers may overflow.
        let between = |two: &[[f64; 3]]| {
            let [[x0, _, y0], [x1, y1, _]] = [two[0], two[1]];
            [x0, y0, (y1 - y0) / 2.0 / (x1 / 2.0 - x0 / 2.0)]
        };
        let (first, last) = (points[0], points[points.len() - 1]);
        let inside = points.windows(2).map(between);
        Curve {
            knots: points.iter().map(|point| point[0]).collect(),
            at_knots: points.iter().map(|[_, low, high]| (low + high) / 2.0).collect(),
            pieces: [[first[0], first[1], slope]]
                .into_iter()
                .chain(inside)
                .chain([[last[0], last[2], slope]])
                .collect(),
            limit: LIMIT,
        }
    }
}

impl Preprocessor {
    /// How the cells of a feature are encoded, by its position in the schema; `None` for pixels
    /// that are binarized at random.
    pub fn formula(&self, feature: usize) -> Option<Formula> {
        let (transform, feature) = (&self.transforms[feature], &self.schema.features[feature]);
        let levels = feature.kind.categories().len();
        let width = transform.width(&feature.kind);
        Some(match transform {
            Transform::Number { scaling, .. } => match feature.kind {
                FeatureKind::Datetime { step, offset, .. } => {
                    Formula::Time { seconds: of_numbers(scaling).into(), offset, cycles: step.cycles() }
                }
                _ => of_numbers(scaling),
            },
            Transform::Category => {
                // A binary column is one number, 0 for its first value.
                let units: Vec<usize> = (0..levels).collect();
                let units = if levels > width { vec![width, 0] } else { units };
                of_levels(feature, &units, width)
            }
            Transform::Pooled { pool } => of_levels(feature, &pool.units(levels), width),
            Transform::Unobserved => of_levels(feature, &[], width),
            Transform::Pixels { scale } => match self.binarization {
                Some(Binarization::Dynamic | Binarization::Fixed) => return None,
                threshold => Formula::Pixels { scale: *scale, threshold: threshold.is_some(), width },
            },
        })
    }

    /// The numbers that mean a missing cell of a feature, beside NaN.
    pub fn missing_numbers(&self, feature: usize) -> Vec<f64> {
        self.schema.features[feature].spelling.missing.numbers()
    }
}

fn of_numbers(scaling: &Scaling) -> Formula {
    match scaling {
        &Scaling::Linear { shift, scale } => Formula::Linear { shift, scale, limit: LIMIT },
        &Scaling::Constant { value, scale } => Formula::Linear { shift: value, scale, limit: DEPARTURE },
        Scaling::Quantile { quantiles } => {
            Formula::Curve(Curve::through(quantiles, &nodes(quantiles.len()), 0.0))
        }
        Scaling::PointMass(mass) => {
            let knots = mass.knots();
            Formula::Curve(Curve::through(&knots.values, &knots.scores, knots.slope))
        }
        Scaling::Log1p => Formula::Log1p,
    }
}

/// Other spellings of the levels of a column of truth values.
const TRUTHS: [&str; 10] = ["true", "True", "TRUE", "false", "False", "FALSE", "1", "1.0", "0", "0.0"];

/// The encoded columns of levels; levels without any are not known.
fn of_levels(feature: &Feature, units: &[usize], width: usize) -> Formula {
    let levels = feature.kind.categories();
    let missing = &feature.spelling.missing;
    if feature.storage.is_number() {
        let words = missing.numbers();
        let known = levels.iter().zip(units).filter_map(|(level, &unit)| Some((number(level)?, unit)));
        return Formula::Numbers { units: known.filter(|(x, _)| !words.contains(x)).collect(), width };
    }
    let codes = Levels::new(levels);
    // 2.0 is the level 2, and 2 the level 2.0.
    let whole = levels
        .iter()
        .flat_map(|level| [Some(format!("{level}.0")), level.strip_suffix(".0").map(String::from)]);
    let mut spellings: Vec<String> = TRUTHS.into_iter().map(String::from).chain(whole.flatten()).collect();
    spellings.sort();
    spellings.dedup();
    spellings.retain(|text| !levels.contains(text));
    let texts = levels.iter().chain(&spellings).map(String::as_str).filter(|text| !missing.contains(text));
    let unit = |text: &str| Some((text.to_string(), *units.get(codes.code(text)?)?));
    let words = MISSING.into_iter().chain(missing.more.iter().map(String::as_str));
    let decimal = missing.more.iter().map(|word| format!("{word}.0"));
    let words = [""].into_iter().chain(words).map(String::from).chain(decimal);
    let mut words: Vec<String> = words.filter(|word| missing.contains(word)).collect();
    words.sort();
    words.dedup();
    Formula::Texts { units: texts.filter_map(unit).collect(), missing: words, width }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::Arc;

    use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray};

    use super::*;
    use crate::{InferOptions, NumericScaling, PreprocessConfig, infer};

    fn value(formula: &Formula, x: f64) -> f32 {
        match formula {
            Formula::Linear { shift, scale, limit } => ((x - shift) / scale).clamp(-limit, *limit) as f32,
            Formula::Log1p => (1.0 + x).ln() as f32,
            Formula::Curve(curve) => {
                let piece = curve.knots.iter().filter(|knot| **knot <= x).count();
                let [x0, y0, slope] = curve.pieces[piece];
                let on = piece.checked_sub(1).filter(|&knot| curve.knots[knot] == x);
                let y = on.map_or(y0 + slope * (x - x0), |knot| curve.at_knots[knot]);
                y.clamp(-curve.limit, curve.limit) as f32
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn formulas_of_numbers_are_their_scalings() {
        let money: Vec<f64> = (0..100).map(|i| f64::from((i - 59i32).max(0)) * 100.0).collect();
        let ties: Vec<f64> = (0..100).map(|i| f64::from(i / 7)).collect();
        for values in [&money, &ties, &vec![3.5; 4]] {
            for kind in [NumericScaling::Standardize, NumericScaling::MinMax, NumericScaling::Quantile] {
                let scaling = Scaling::fit(kind, values);
                let (formula, encode) = (of_numbers(&scaling), scaling.encoder());
                let beside = [-1e300, -7.0, 0.25, 50.0, 150.0, 3999.0, 5000.0, 1e300];
                for x in values.iter().copied().chain(beside) {
                    let (found, expected) = (value(&formula, x), encode(x));
                    assert!((found - expected).abs() <= 1e-6 * expected.abs().max(1.0), "{scaling:?} of {x}");
                }
            }
        }
        assert_eq!(value(&of_numbers(&Scaling::Log1p), 3.0), Scaling::Log1p.encoder()(3.0));
    }

    #[test]
    fn formulas_of_levels_name_their_columns() {
        let text: ArrayRef = Arc::new(StringArray::from(vec!["a", "b", "c", "a", "b", "c"]));
        let truth: ArrayRef =
            Arc::new(StringArray::from(vec!["true", "false", "true", "false", "true", "true"]));
        let code: ArrayRef = Arc::new(Float64Array::from(vec![0.0, 1.0, 1.0, 0.0, 1.0, 0.0]));
        let table = RecordBatch::try_from_iter([("text", text), ("truth", truth), ("code", code)]).unwrap();
        let options = InferOptions { missing: vec!["text=b".into()], ..Default::default() };
        let schema = infer("t", &table, &options).unwrap().schema;
        let rows: Vec<usize> = (0..6).collect();
        let fitted = Preprocessor::fit("t", schema, &table, &rows, &PreprocessConfig::default()).unwrap().0;
        let texts = |feature: usize| match fitted.formula(feature).unwrap() {
            Formula::Texts { units, missing, width } => (units, missing, width),
            other => panic!("{other:?}"),
        };
        let (units, missing, width) = texts(0);
        assert!(missing.contains(&String::new()) && missing.contains(&"b".to_string()));
        assert_eq!((units, width), (vec![("a".into(), 1), ("c".into(), 0)], 1));
        let (units, _, width) = texts(1);
        assert!(units.contains(&("true".into(), 0)) && units.contains(&("False".into(), 1)) && width == 1);
        assert_eq!(fitted.formula(2), Some(Formula::Numbers { units: vec![(0.0, 1), (1.0, 0)], width: 1 }));
        assert!(fitted.missing_numbers(2).is_empty());
    }
}
