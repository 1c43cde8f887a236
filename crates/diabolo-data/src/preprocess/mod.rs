//! The preprocessor encodes rows as numbers and decodes them; it is fitted on the training rows and
//! stored in the model.
//!
//! An encoded row is `width` numbers in blocks: pixels (0 to 1), numbers (scaled), counts
//! (log(1 + count), for event counts), binary columns (0 or 1), then every categorical and every
//! ordinal column (one-hot). A missing cell is all zeros, and its `observed` flag is 0.

mod cell_code;
mod condition;
mod condition_shares;
mod decode;
mod encode;
mod encoded;
mod formula;
mod layout;
mod log_volume;
mod missing;
mod parts;
mod point_mass;
mod quantiles;
mod scaling;
mod settings;
mod transform;
mod typed;
mod uncertainty;
mod unknown;

use std::borrow::Cow;
use std::ops::Range;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::FieldRef;
use serde::{Deserialize, Serialize};

use self::condition_shares::ConditionShares;
use self::layout::{CachedLayout, Layout};
use self::scaling::Scaling;
use self::transform::Transform;
use crate::column::Column;
use crate::image::image_shape;
use crate::names::places;
use crate::names::{closest, some_names, unique_names};
use crate::{Binarization, Block, FeatureKind, Schema};
use crate::{DataProblem, Error, Result, mapped};

pub use cell_code::CellCode;
pub use condition::Condition;
pub(crate) use decode::number_column;
pub use encoded::Encoded;
pub use formula::{Curve, Formula};
pub use settings::{CountScaling, NumericScaling, PreprocessConfig, UnknownCategory};
pub use unknown::UnknownCells;

/// A fitted preprocessor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored")]
pub struct Preprocessor {
    /// The schema of the columns.
    pub schema: Schema,
    /// How to handle a category that was not in the training data; may be changed after the fit.
    pub unknown_category: UnknownCategory,
    /// Whether decoded numbers may leave the range of the training rows; may be changed after the
    /// fit.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub beyond_range: bool,
    /// Binarization of pixels, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub binarization: Option<Binarization>,
    /// The preprocessor of the condition columns.
    #[serde(skip_serializing_if = "Option::is_none")]
    condition: Option<Box<Preprocessor>>,
    /// How often the levels of the condition columns occur; empty in old files.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    condition_shares: Vec<ConditionShares>,
    /// One transform for every feature.
    transforms: Vec<Transform>,
    /// Where each feature lies in an encoded row.
    #[serde(skip)]
    layout: CachedLayout,
}

/// A [`Preprocessor`] as deserialized, before validation.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    schema: Schema,
    unknown_category: UnknownCategory,
    #[serde(default)]
    beyond_range: bool,
    #[serde(default)]
    binarization: Option<Binarization>,
    #[serde(default)]
    condition: Option<Box<Preprocessor>>,
    #[serde(default)]
    condition_shares: Vec<ConditionShares>,
    transforms: Vec<Transform>,
}

impl Preprocessor {
    /// Fits to the `training_rows` of `batch`; also returns warnings about values that these rows
    /// lack.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// use arrow_array::{ArrayRef, Float64Array, RecordBatch};
    /// use diabolo_data::{InferOptions, PreprocessConfig, Preprocessor, infer};
    /// let x: ArrayRef = Arc::new(Float64Array::from(vec![1.5, 3.5, 100.0]));
    /// let batch = RecordBatch::try_from_iter([("x", x)])?;
    /// let schema = infer("t", &batch, &InferOptions::default())?.schema;
    /// let config = PreprocessConfig::default();
    /// let (fitted, _) = Preprocessor::fit("t", schema, &batch, &[0, 1], &config)?;
    /// let encoded = fitted.encode("t", &batch, 0)?;
    /// assert_eq!(encoded.values[..], [-1.0, 1.0, 97.5]);
    /// // Decoded numbers stay in the range of the training rows.
    /// let decoded: ArrayRef = Arc::new(Float64Array::from(vec![1.5, 3.5, 3.5]));
    /// assert_eq!(fitted.decode(&encoded.values)?.column(0), &decoded);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn fit(
        input: &str,
        schema: Schema,
        batch: &RecordBatch,
        training_rows: &[usize],
        config: &PreprocessConfig,
    ) -> Result<(Self, Vec<String>)> {
        if training_rows.is_empty() {
            return Err(Error::data(input, "training rows", "none", "hold fewer rows out"));
        }
        let mut transforms = vec![];
        let mut warnings = vec![];
        for (feature, (field, array)) in schema.features.iter().zip(find_columns(&schema, input, batch)?) {
            let column = Column::of(input, feature, array, 0);
            let (transform, note) = Transform::fit(&column, &field, feature, training_rows, config)?;
            transforms.push(transform);
            warnings.extend(note);
            mapped::release();
        }
        let condition = match condition_schema(&schema) {
            Some(given) => {
                let config =
                    PreprocessConfig { counts: CountScaling::AsNumeric, binarization: None, ..*config };
                let (fitted, more) = Preprocessor::fit(input, given, batch, training_rows, &config)?;
                warnings.extend(more);
                Some(Box::new(fitted))
            }
            None => None,
        };
        let condition_shares = condition_shares_of(&schema, input, batch, training_rows)?;
        let PreprocessConfig { unknown_category, beyond_range, binarization, .. } = *config;
        let layout = CachedLayout::default();
        let fitted = Preprocessor {
            schema,
            unknown_category,
            beyond_range,
            binarization,
            condition,
            condition_shares,
            transforms,
            layout,
        };
        Ok((fitted, warnings))
    }

    /// Number of encoded columns.
    pub fn width(&self) -> usize {
        self.layout().width()
    }

    /// The pixel value of white in the training file, such as 255 for bytes, if every row is one
    /// image.
    pub fn pixel_scale(&self) -> Option<f64> {
        match self.transforms.as_slice() {
            [Transform::Pixels { scale }] => Some(f64::from(*scale)),
            _ => None,
        }
    }

    /// The blocks of an encoded row in order: pixels, numbers, counts, binary, then each
    /// categorical and each ordinal column.
    pub fn blocks(&self) -> Vec<Block> {
        self.layout().blocks.clone()
    }

    /// The encoded columns of every feature, in the order of the schema.
    pub fn column_ranges(&self) -> Vec<Range<usize>> {
        self.layout().column_ranges.clone()
    }

    /// Whether a training row has a value of this feature.
    pub fn is_learned(&self, feature: usize) -> bool {
        self.transforms[feature] != Transform::Unobserved
    }

    /// The smallest and the largest training value of a feature of numbers.
    pub fn training_range(&self, feature: usize) -> Option<[f64; 2]> {
        match &self.transforms[feature] {
            Transform::Number { range, .. } => *range,
            _ => None,
        }
    }

    /// The columns that are missing in every training row; their cells are ignored, and stay empty.
    pub fn unobserved(&self) -> Vec<&str> {
        let features = self.schema.features.iter().enumerate();
        features.filter(|(at, _)| !self.is_learned(*at)).map(|(_, feature)| feature.name.as_str()).collect()
    }

    /// Whether a column is mostly 0, such that its draws need
    /// [`calibrate_draws`](Self::calibrate_draws).
    pub fn has_point_masses(&self) -> bool {
        let is_one = |transform: &Transform| {
            matches!(transform, Transform::Number { scaling: Scaling::PointMass(_), .. })
        };
        self.transforms.iter().any(is_one)
    }

    /// Learns how [`decode_draws`](Self::decode_draws) maps draws to the distribution of the
    /// training rows, from the encoded values of drawn rows: rows × width.
    pub fn calibrate_draws(&mut self, draws: &[f32]) {
        let (width, ranges) = (self.width(), self.column_ranges());
        for (transform, units) in self.transforms.iter_mut().zip(ranges) {
            if let Transform::Number { scaling: Scaling::PointMass(mass), .. } = transform {
                mass.calibrate(
                    draws.iter().skip(units.start).step_by(width).map(|z| f64::from(*z)).collect(),
                );
            }
        }
    }

    /// The levels of a feature that the model tells apart; none of numbers and images.
    pub fn levels(&self, feature: usize) -> Cow<'_, [String]> {
        let all = self.schema.features[feature].kind.categories();
        match &self.transforms[feature] {
            Transform::Pooled { pool } => {
                let kept = pool.kept(all.len()).into_iter().map(|code| all[code].clone());
                kept.chain([pool.name()]).collect()
            }
            _ => Cow::Borrowed(all),
        }
    }

    fn layout(&self) -> &Layout {
        self.layout.0.get_or_init(|| Layout::of(&self.schema.features, &self.transforms))
    }

    /// The key, label and condition columns of `batch`, unchanged.
    pub fn passthrough_columns(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let mut positions: Vec<usize> = vec![];
        let condition = self.schema.condition.iter().map(|feature| &feature.name);
        for name in self.schema.key.iter().chain(&self.schema.label).chain(condition) {
            positions.extend(batch.schema().index_of(name).ok().filter(|at| !positions.contains(at)));
        }
        batch.project(&positions).map_err(no_table)
    }
}

/// A schema of the condition columns only.
fn condition_schema(schema: &Schema) -> Option<Schema> {
    let features = schema.condition.clone();
    let nothing = || Schema { features: vec![], key: None, label: None, condition: vec![], dropped: vec![] };
    (!features.is_empty()).then(|| Schema { features, ..nothing() })
}

/// How often the levels of the condition columns occur in the training rows.
fn condition_shares_of(
    schema: &Schema,
    input: &str,
    batch: &RecordBatch,
    training_rows: &[usize],
) -> Result<Vec<ConditionShares>> {
    let Some(given) = condition_schema(schema) else { return Ok(vec![]) };
    let arrays = find_columns(&given, input, batch)?;
    let columns = given.features.iter().zip(arrays).enumerate();
    let with_levels = columns.filter(|(_, (feature, _))| !feature.kind.categories().is_empty());
    let column = |(at, (feature, (_, array)))| (at, feature, Column::of(input, feature, array, 0));
    condition_shares::fit(&with_levels.map(column).collect::<Vec<_>>(), training_rows)
}

/// The column of every feature, found by name; other columns are ignored.
fn find_columns<'a>(
    schema: &Schema,
    input: &str,
    batch: &'a RecordBatch,
) -> Result<Vec<(FieldRef, &'a ArrayRef)>> {
    let found = batch.schema();
    unique_names(input, &found)?;
    let places = places(&found);
    let names = schema.features.iter().map(|feature| feature.name.as_str());
    let missing: Vec<&str> = names.filter(|name| !places.contains_key(name)).collect();
    if !missing.is_empty() {
        let there = found.fields().iter().map(|field| field.name().as_str());
        // A column that is itself expected is not a misspelling of another one.
        let known = |name: &str| schema.sets_aside(name) || schema.features.iter().any(|f| f.name == name);
        let spare = there.clone().filter(|name| !known(name));
        let hint = closest(missing[0], spare).map(|near| format!("rename '{near}' to '{}'?", missing[0]));
        let help =
            hint.unwrap_or_else(|| "give rows with the columns the model was fitted on, in any order".into());
        let expected = format!("the columns {}", some_names(schema.features.iter().map(|f| f.name.as_str())));
        let found = format!("{} without {}", some_names(there), some_names(missing.iter().copied()));
        return Err(Error::data(input, expected, found, help).because(DataProblem::MissingColumn));
    }
    let columns = schema.features.iter().filter_map(|feature| {
        let index = *places.get(feature.name.as_str())?;
        Some((found.fields()[index].clone(), batch.column(index)))
    });
    let columns: Vec<_> = columns.collect();
    for (feature, (field, _)) in schema.features.iter().zip(&columns) {
        check_shape(input, &feature.name, &feature.kind, image_shape(field))?;
    }
    Ok(columns)
}

fn check_shape(
    input: &str,
    name: &str,
    kind: &FeatureKind,
    found: Option<(usize, usize, usize)>,
) -> Result<()> {
    let expected = match *kind {
        FeatureKind::Image { height, width, channels } => Some((height, width, channels)),
        _ => None,
    };
    if expected == found {
        return Ok(());
    }
    let describe = |shape| match shape {
        Some((height, width, channels)) => {
            format!("images of {height}x{width}x{channels} (height x width x channels)")
        }
        None => "no images".to_string(),
    };
    let help = "give rows with the same columns as the training data";
    let error = Error::data(input, describe(expected), describe(found), help).in_column(name);
    Err(error.because(DataProblem::WrongShape))
}

fn no_table(cause: arrow_schema::ArrowError) -> Error {
    Error::internal(format!("these columns are not a valid table: {cause}"))
}

impl TryFrom<Stored> for Preprocessor {
    type Error = String;

    fn try_from(stored: Stored) -> Result<Self, String> {
        let Stored { schema, unknown_category, beyond_range, binarization, .. } = stored;
        let Stored { condition, condition_shares, transforms, .. } = stored;
        if schema.features.is_empty() || transforms.len() != schema.features.len() {
            return Err(format!("{} transforms for {} features", transforms.len(), schema.features.len()));
        }
        for (feature, transform) in schema.features.iter().zip(&transforms) {
            if !transform.fits(&feature.kind) {
                return Err(format!("the preprocessing of column '{}' does not fit its kind", feature.name));
            }
        }
        if condition.as_ref().map(|given| given.schema.clone()) != condition_schema(&schema) {
            return Err("the preprocessing of the conditions does not fit the schema".into());
        }
        let has_shares = !condition_shares.is_empty();
        if has_shares && !condition_shares::are_sound(&condition_shares, &schema.condition) {
            return Err("the shares of the conditions do not fit the schema".into());
        }
        Ok(Preprocessor {
            schema,
            unknown_category,
            beyond_range,
            binarization,
            condition,
            condition_shares,
            transforms,
            layout: CachedLayout::default(),
        })
    }
}

#[cfg(test)]
mod tests;
