//! One part of a table: its levels, its rare levels, and its numbers.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, BooleanArray, RecordBatch, StringArray};
use arrow_schema::DataType;
use diabolo_stats::random::{RngExt, Stream, weighted_index};
use serde::{Deserialize, Serialize};

use super::{NumberScale, cell_texts, typed};
use crate::column::Column;
use crate::datetime::moments;
use crate::preprocess::number_column;
use crate::{Error, Feature, FeatureKind, Result, fill};

/// Distinct numbers that are levels, at most; and rows of one, on average, at least.
const MOST_LEVELS: usize = 256;
const ROWS_OF_LEVEL: usize = 4;
/// So few distinct numbers are levels in any table.
const FEW_LEVELS: usize = 20;
/// Levels of a category, at most; the rarest others are pooled.
const MOST_CATEGORIES: usize = 1000;
/// A number in so many rows, and in this share of them, is a point mass.
const MASS_ROWS: usize = 20;
const MASS_SHARE: f64 = 0.01;

/// The cells of a level, one for each column of its part; `None` for a missing cell.
pub type Level = Vec<Option<String>>;

/// A column, or several that are one joint category.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// The columns.
    pub columns: Vec<Feature>,
    /// Levels with a code of their own: categories, point masses, missing cells.
    pub levels: Vec<Level>,
    /// Rare levels, which share the next code, with the number of their rows.
    pub pool: Vec<(Level, u64)>,
    /// Numbers that are no levels, which have the last code.
    pub numbers: Option<NumberScale>,
}

/// A drawn cell of a part.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell {
    /// A level; after the last one, the rare levels.
    Level(u32),
    /// A number, by its normal score.
    Number(f32),
}

impl Part {
    pub(super) fn fit(
        input: &str,
        rows: &RecordBatch,
        names: &[String],
        features: &HashMap<&str, &Feature>,
        rare: usize,
    ) -> Result<Self> {
        let columns: Vec<Feature> = names.iter().map(|name| features[name.as_str()].clone()).collect();
        let arrays = arrays(input, rows, &columns)?;
        let texts: Vec<StringArray> = arrays.iter().map(cell_texts).collect();
        let mut counts: HashMap<Vec<Option<&str>>, usize> = HashMap::new();
        (0..rows.num_rows()).for_each(|row| *counts.entry(level(&texts, row)).or_default() += 1);
        let mut part = Part { columns, levels: vec![], pool: vec![], numbers: None };
        let numeric = part.columns.len() == 1 && is_numeric(&part.columns[0]);
        let most = MOST_LEVELS.min(rows.num_rows() / ROWS_OF_LEVEL).max(FEW_LEVELS);
        let values = match numeric {
            true => cell_values(input, &part.columns[0], &arrays[0])?,
            false => vec![],
        };
        if numeric && counts.len() > most {
            let mass = MASS_ROWS.max((MASS_SHARE * rows.num_rows() as f64).ceil() as usize);
            let is_number = |row: usize| !values[row].is_nan() && counts[&level(&texts, row)] < mass;
            let numbers = (0..rows.num_rows()).filter(|row| is_number(*row)).map(|row| values[row]);
            part.numbers = NumberScale::fit(&part.columns[0], numbers.collect());
            let levels: Vec<&str> = (0..rows.num_rows())
                .filter(|row| !is_number(*row))
                .filter_map(|row| level(&texts, row)[0])
                .collect();
            let missing = texts[0].null_count() > 0;
            let mut levels: Vec<Level> = levels.into_iter().map(|text| vec![Some(text.into())]).collect();
            levels.extend(missing.then(|| vec![None]));
            levels.sort();
            levels.dedup();
            part.levels = levels;
            return Ok(part);
        }
        let mut found: Vec<(Vec<Option<&str>>, usize)> = counts.into_iter().collect();
        found.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        for (at, (level, count)) in found.into_iter().enumerate() {
            let level: Level = level.into_iter().map(|text| text.map(str::to_string)).collect();
            match !numeric && (count < rare || at >= MOST_CATEGORIES) {
                true => part.pool.push((level, count as u64)),
                false => part.levels.push(level),
            }
        }
        part.levels.sort();
        Ok(part)
    }

    /// The number of codes.
    pub fn codes(&self) -> usize {
        self.levels.len() + usize::from(!self.pool.is_empty()) + usize::from(self.numbers.is_some())
    }

    /// The code of the pooled levels.
    pub fn pool_code(&self) -> Option<usize> {
        (!self.pool.is_empty()).then_some(self.levels.len())
    }

    /// The code of numbers.
    pub fn number_code(&self) -> Option<usize> {
        self.numbers.as_ref().map(|_| self.codes() - 1)
    }

    /// The levels and the rare levels, as [`Cell::Level`] counts them.
    pub fn all_levels(&self) -> impl Iterator<Item = &Level> {
        self.levels.iter().chain(self.pool.iter().map(|(level, _)| level))
    }

    /// The codes of the rows, and normal scores if the part has numbers.
    pub(super) fn encode(
        &self,
        input: &str,
        rows: &RecordBatch,
        noise: &mut Stream,
    ) -> Result<(Vec<u32>, Option<Vec<f32>>)> {
        let arrays = arrays(input, rows, &self.columns)?;
        let texts: Vec<StringArray> = arrays.iter().map(cell_texts).collect();
        let known: HashMap<Vec<Option<&str>>, u32> = (self.levels.iter().zip(0..))
            .map(|(level, code)| (level.iter().map(Option::as_deref).collect(), code))
            .collect();
        // What is neither a level nor a number is rare.
        let other = self.pool_code().or(self.number_code()).unwrap_or(0) as u32;
        let codes: Vec<u32> = (0..rows.num_rows())
            .map(|row| known.get(&level(&texts, row)).copied().unwrap_or(other))
            .collect();
        let Some(numbers) = &self.numbers else { return Ok((codes, None)) };
        let values = cell_values(input, &self.columns[0], &arrays[0])?;
        let score = |(&code, x): (&u32, f64)| match code == other && !x.is_nan() {
            true => numbers.score(x, noise),
            false => 0.0,
        };
        let scores = codes.iter().zip(values).map(score).collect();
        Ok((codes, Some(scores)))
    }

    /// The cell that a code and a normal score stand for; a rare level is drawn by its rows, among
    /// those that `allowed` has, if it says which.
    pub fn cell(&self, code: usize, score: f32, allowed: Option<&[bool]>, noise: &mut Stream) -> Cell {
        if self.number_code() == Some(code) {
            return Cell::Number(score);
        }
        if self.pool_code() != Some(code) {
            return Cell::Level(code as u32);
        }
        let weight = |(at, (_, rows)): (usize, &(Level, u64))| {
            let fits = allowed.is_none_or(|allowed| allowed[self.levels.len() + at]);
            if fits { *rows as f64 } else { 0.0 }
        };
        let weights: Vec<f64> = self.pool.iter().enumerate().map(weight).collect();
        let position = noise.random::<f64>() * weights.iter().sum::<f64>();
        let last = weights.iter().rposition(|weight| *weight > 0.0).unwrap_or(0);
        Cell::Level((code + weighted_index(&weights, position).unwrap_or(last)) as u32)
    }

    /// A column of cells in the type `wanted`.
    pub(super) fn decode(&self, member: usize, wanted: &DataType, cells: &[Cell]) -> Result<ArrayRef> {
        let levels: Vec<&Level> = self.all_levels().collect();
        let text = |cell: &Cell| match cell {
            Cell::Level(level) => levels[*level as usize][member].as_deref(),
            Cell::Number(_) => None,
        };
        let texts: StringArray = cells.iter().map(text).collect();
        let given = typed(&(Arc::new(texts) as ArrayRef), wanted)?;
        let Some(numbers) = &self.numbers else { return Ok(given) };
        let value = |cell: &Cell| match cell {
            Cell::Number(score) => numbers.number(*score),
            Cell::Level(_) => f64::NAN,
        };
        let feature = &self.columns[0];
        let (field, made) = number_column(feature, cells.iter().map(value));
        let gaps: BooleanArray = cells.iter().map(|cell| Some(matches!(cell, Cell::Number(_)))).collect();
        fill(&given, &gaps, feature, &field, &made).map_err(|cause| Error::internal(cause.to_string()))
    }

    /// The levels' values in a column: numbers, or seconds since 1970; NaN for those that are none.
    pub fn values(&self, member: usize) -> Vec<f64> {
        let cells: StringArray = self.all_levels().map(|level| level[member].as_deref()).collect();
        let feature = &self.columns[member];
        let array: ArrayRef = Arc::new(cells);
        let none = || vec![f64::NAN; array.len()];
        if !is_numeric(feature) {
            return none();
        }
        cell_values("levels", feature, &array).unwrap_or_else(|_| none())
    }

    /// A text as a number, or seconds since 1970, if a column holds these.
    pub fn number(&self, member: usize, text: &str) -> Option<f64> {
        let feature = &self.columns[member];
        let array: ArrayRef = Arc::new(StringArray::from(vec![text]));
        let found = (is_numeric(feature)).then(|| cell_values("value", feature, &array));
        found?.ok()?.first().copied().filter(|x| !x.is_nan())
    }

    pub(super) fn is_consistent(&self) -> bool {
        !self.columns.is_empty()
            && self.codes() > 0
            && self.all_levels().all(|level| level.len() == self.columns.len())
            && self.pool.iter().all(|(_, rows)| *rows > 0)
            && self.numbers.as_ref().is_none_or(NumberScale::is_consistent)
            && (self.numbers.is_none() || self.pool.is_empty())
    }
}

/// Whether a column may hold numbers that are no levels.
fn is_numeric(feature: &Feature) -> bool {
    matches!(feature.kind, FeatureKind::Datetime { .. } | FeatureKind::Numeric | FeatureKind::Count)
        || feature.storage.is_number()
}

/// The cells of a row as a level.
fn level(texts: &[StringArray], row: usize) -> Vec<Option<&str>> {
    texts.iter().map(|cells| cells.is_valid(row).then(|| cells.value(row))).collect()
}

fn arrays(input: &str, rows: &RecordBatch, columns: &[Feature]) -> Result<Vec<ArrayRef>> {
    let find = |feature: &Feature| {
        rows.column_by_name(&feature.name).cloned().ok_or_else(|| {
            Error::data(input, format!("the column '{}'", feature.name), "none", "give a table that has it")
        })
    };
    columns.iter().map(find).collect()
}

/// The cells of a column of numbers or dates as numbers, or seconds since 1970; NaN where missing.
///
/// # Errors
/// [`Error::Data`] for a cell that is neither.
pub fn cell_values(input: &str, feature: &Feature, array: &ArrayRef) -> Result<Vec<f64>> {
    let column = Column::of(input, feature, array, 0);
    match &feature.kind {
        FeatureKind::Datetime { format, .. } => {
            Ok(moments(&column, format)?.into_iter().map(|moment| moment.seconds).collect())
        }
        _ => column.finite_numbers(),
    }
}
