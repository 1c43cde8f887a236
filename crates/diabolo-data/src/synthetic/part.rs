//! One part of a table: its levels, its rare levels, and its numbers.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, BooleanArray, RecordBatch, StringArray};
use arrow_schema::DataType;
use diabolo_stats::random::{RngExt, Stream, weighted_index_or_last};
use serde::{Deserialize, Serialize};

use super::{NumberScale, SHARED_ROWS, cell_texts, typed};
use crate::column::Column;
use crate::datetime::moments;
use crate::preprocess::number_column;
use crate::{Error, Feature, FeatureKind, Result, fill};

/// Distinct numbers that are levels, at most; and rows of one, on average, at least.
const MOST_LEVELS: usize = 256;
const ROWS_OF_LEVEL: usize = 4;
/// So few distinct numbers are levels in any table.
const FEW_LEVELS: usize = 20;
/// Of rows whose numbers are levels, those that take the nearest level that rows share, at most.
const MOVED: f64 = 0.05;
/// Levels of a category, at most; the rarest others are pooled.
const MOST_CATEGORIES: usize = 1000;
/// A number in so many rows, and in this share of them, is a point mass.
const MASS_ROWS: usize = 20;
const MASS_SHARE: f64 = 0.01;

/// The cells of a level, one for each column of its part; `None` for a missing cell.
pub type Level = Vec<Option<String>>;

/// A column, or several that are one joint category. It holds no text of a level that fewer than
/// [`SHARED_ROWS`] rows share; the ends of numbers and of their gaps are reached by as many.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// The columns, without their categories.
    pub columns: Vec<Feature>,
    /// Levels with a code of their own: categories, point masses, missing cells.
    pub levels: Vec<Level>,
    /// Rare levels, which share the next code, with the number of their rows; missing cells stand
    /// for all that are not shared.
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
    /// Also returns the number of rows whose level is not shared.
    pub(super) fn fit(
        input: &str,
        rows: &RecordBatch,
        names: &[String],
        features: &HashMap<&str, &Feature>,
        rare: usize,
    ) -> Result<(Self, usize)> {
        let columns: Vec<Feature> = names.iter().map(|name| features[name.as_str()].clone()).collect();
        let arrays = arrays(input, rows, &columns)?;
        let texts: Vec<StringArray> = arrays.iter().map(cell_texts).collect();
        let is_numbers = columns.len() == 1 && is_numeric(&columns[0]);
        let columns = columns.into_iter().map(without_categories).collect();
        let mut part = Part { columns, levels: vec![], pool: vec![], numbers: None };
        let not_shared = match is_numbers {
            true => {
                let values = cell_values(input, &part.columns[0], &arrays[0])?;
                part.fit_numbers(&texts[0], &values);
                0
            }
            false => part.fit_levels(counts(&texts), rare),
        };
        part.levels.sort();
        part.levels.dedup();
        match part.codes() > 0 {
            true => Ok((part, not_shared)),
            false => {
                let expected = format!("numbers in '{}' that {SHARED_ROWS} rows share or reach", names[0]);
                Err(Error::data(input, expected, "fewer", "give more rows, or leave the column out"))
            }
        }
    }

    /// Few distinct numbers are levels; of many, point masses are. Missing cells are a level.
    fn fit_numbers(&mut self, texts: &StringArray, values: &[f64]) {
        let rows = values.len();
        let mut found: BTreeMap<Option<&str>, (usize, f64)> = BTreeMap::new();
        for (text, x) in texts.iter().zip(values) {
            found.entry(text).or_insert((0, *x)).0 += 1;
        }
        let most = MOST_LEVELS.min(rows / ROWS_OF_LEVEL).max(FEW_LEVELS);
        let alone = found.values().filter(|(count, x)| *count < SHARED_ROWS && !x.is_nan());
        let alone: usize = alone.map(|(count, _)| count).sum();
        let known = values.iter().filter(|x| !x.is_nan()).count();
        let few = found.len() <= most && alone as f64 <= MOVED * known as f64;
        let mass = MASS_ROWS.max((MASS_SHARE * rows as f64).ceil() as usize);
        let least = if few { SHARED_ROWS } else { mass };
        for (text, (count, x)) in &found {
            // A word for a missing cell need not be a mass.
            match *count >= if x.is_nan() { SHARED_ROWS } else { least } {
                true => self.levels.push(vec![text.map(str::to_string)]),
                false if x.is_nan() => self.levels.push(vec![None]),
                false => {}
            }
        }
        if !few {
            let numbers = texts.iter().zip(values).filter(|(text, x)| !x.is_nan() && found[text].0 < least);
            self.numbers = NumberScale::fit(&self.columns[0], numbers.map(|(_, x)| *x).collect());
        }
    }

    /// Frequent levels, and the pool of the others; the number of rows whose level is not shared.
    fn fit_levels(&mut self, counts: HashMap<Vec<Option<&str>>, usize>, rare: usize) -> usize {
        let missing = vec![None; self.columns.len()];
        let mut found: Vec<(Vec<Option<&str>>, usize)> = counts.into_iter().collect();
        found.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        let mut not_shared = 0;
        for (at, (level, count)) in found.into_iter().enumerate() {
            if level != missing && count < SHARED_ROWS {
                not_shared += count;
                continue;
            }
            let level: Level = level.into_iter().map(|text| text.map(str::to_string)).collect();
            match count < rare || at >= MOST_CATEGORIES {
                true => self.pool.push((level, count as u64)),
                false => self.levels.push(level),
            }
        }
        if not_shared > 0 {
            self.pool.push((vec![None; self.columns.len()], not_shared as u64));
        }
        not_shared
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
        let values = match self.columns.len() == 1 && is_numeric(&self.columns[0]) {
            true => cell_values(input, &self.columns[0], &arrays[0])?,
            false => vec![f64::NAN; rows.num_rows()],
        };
        let of_levels = self.values(0);
        let other = |x: f64| self.code_of_others(&of_levels, x);
        let code = |row: usize| known.get(&level(&texts, row)).copied().unwrap_or_else(|| other(values[row]));
        let codes: Vec<u32> = (0..rows.num_rows()).map(code).collect();
        let Some(numbers) = &self.numbers else { return Ok((codes, None)) };
        let number = self.number_code();
        let score = |(&code, x): (&u32, f64)| match Some(code as usize) == number {
            true => numbers.score(x, noise),
            false => 0.0,
        };
        let scores = codes.iter().zip(values).map(score).collect();
        Ok((codes, Some(scores)))
    }

    /// The code of a cell that is no level: numbers, the nearest level of a number, or the pool. A
    /// part without these, which only rows need that it was not fitted on, has a missing cell or
    /// its first level.
    fn code_of_others(&self, of_levels: &[f64], x: f64) -> u32 {
        if let Some(code) = self.number_code().filter(|_| !x.is_nan()).or(self.pool_code()) {
            return code as u32;
        }
        let gap = |at: &usize| (of_levels[*at] - x).abs();
        let known = (0..of_levels.len()).filter(|at| !gap(at).is_nan());
        let nearest = known.min_by(|a, b| gap(a).total_cmp(&gap(b)));
        let missing = || self.levels.iter().position(|level| level.iter().all(Option::is_none));
        nearest.or_else(missing).unwrap_or(0) as u32
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
        Cell::Level((code + weighted_index_or_last(&weights, position)) as u32)
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

    /// Which levels are a missing cell in a column, whatever the source writes there.
    pub fn missing(&self, member: usize) -> Vec<bool> {
        let feature = &self.columns[member];
        let is_missing = |(level, x): (&Level, f64)| match &level[member] {
            Some(_) if is_numeric(feature) => x.is_nan(),
            Some(text) => feature.spelling.missing.contains(text.trim()),
            None => true,
        };
        self.all_levels().zip(self.values(member)).map(is_missing).collect()
    }

    /// The number of a cell, where `values` are [those](Self::values) of the levels; NaN for none.
    pub fn number_of(&self, values: &[f64], cell: Cell) -> f64 {
        match (cell, &self.numbers) {
            (Cell::Number(score), Some(numbers)) => numbers.number(score),
            (Cell::Number(_), None) => f64::NAN,
            (Cell::Level(level), _) => values.get(level as usize).copied().unwrap_or(f64::NAN),
        }
    }

    /// A number of the part as its column writes it.
    pub fn text(&self, x: f64) -> String {
        let (_, made) = number_column(&self.columns[0], std::iter::once(x));
        cell_texts(&made).iter().flatten().collect()
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
pub(super) fn is_numeric(feature: &Feature) -> bool {
    matches!(feature.kind, FeatureKind::Datetime { .. } | FeatureKind::Numeric | FeatureKind::Count)
        || feature.storage.is_number()
}

/// The column without its categories, which may be those of one row.
pub(super) fn without_categories(mut feature: Feature) -> Feature {
    match &mut feature.kind {
        FeatureKind::Binary { values } => values.iter_mut().for_each(String::clear),
        FeatureKind::Categorical { categories } | FeatureKind::Ordinal { categories } => categories.clear(),
        _ => {}
    }
    feature
}

/// How often each level occurs in columns.
pub(super) fn counts(texts: &[StringArray]) -> HashMap<Vec<Option<&str>>, usize> {
    let mut counts = HashMap::new();
    let rows = texts.first().map_or(0, |cells| cells.len());
    (0..rows).for_each(|row| *counts.entry(level(texts, row)).or_default() += 1);
    counts
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
