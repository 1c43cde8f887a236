//! Tables for audits: columns of numbers, and columns of levels that several tables share.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use arrow_array::{ArrayRef, RecordBatch, StringArray};

use crate::data::synthetic::{cell_texts, cell_values, is_key};
use crate::data::{Feature, FeatureKind};
use crate::random::{Stream, permutation};
use crate::{Error, Result};

/// The cells of a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Cells {
    /// Numbers; NaN for a missing cell.
    Numbers(Vec<f64>),
    /// Positions in the levels of the column; a missing cell is a level.
    Levels(Vec<u32>),
}

/// A column.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditColumn {
    /// Its name.
    pub name: String,
    /// Its levels in all tables, sorted; empty for numbers.
    pub levels: Vec<String>,
    /// Its cells.
    pub cells: Cells,
}

/// A table.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditTable {
    /// Number of rows.
    pub rows: usize,
    /// The columns.
    pub columns: Vec<AuditColumn>,
}

/// The level of a missing cell.
pub const MISSING: &str = "(missing)";
/// A column of numbers is one of levels, if that is wanted, up to so many.
const MOST_LEVELS: usize = 20;

impl Cells {
    /// Some of the cells.
    pub fn at(&self, rows: &[usize]) -> Cells {
        match self {
            Cells::Numbers(numbers) => Cells::Numbers(rows.iter().map(|&row| numbers[row]).collect()),
            Cells::Levels(levels) => Cells::Levels(rows.iter().map(|&row| levels[row]).collect()),
        }
    }

    /// As numbers for trees: levels by their positions.
    pub fn features(&self) -> Vec<f32> {
        match self {
            Cells::Numbers(numbers) => numbers.iter().map(|x| *x as f32).collect(),
            Cells::Levels(levels) => levels.iter().map(|level| *level as f32).collect(),
        }
    }

    /// A key of a cell: equal for equal cells.
    fn key(&self, row: usize) -> u64 {
        match self {
            Cells::Numbers(numbers) => (numbers[row] + 0.0).to_bits(),
            Cells::Levels(levels) => u64::from(levels[row]),
        }
    }
}

/// The smallest and the largest number, from infinity to −infinity if there is none.
pub(super) fn range(numbers: &[f64]) -> [f64; 2] {
    let known = numbers.iter().filter(|x| !x.is_nan());
    known.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], x| [low.min(*x), high.max(*x)])
}

impl AuditColumn {
    /// The column with other cells.
    pub(super) fn with(&self, cells: Cells) -> AuditColumn {
        AuditColumn { name: self.name.clone(), levels: self.levels.clone(), cells }
    }
}

impl AuditTable {
    /// Some of the rows.
    pub fn at(&self, rows: &[usize]) -> AuditTable {
        let columns = self.columns.iter().map(|column| column.with(column.cells.at(rows)));
        AuditTable { rows: rows.len(), columns: columns.collect() }
    }

    /// Rows in random order, at most `most`.
    pub(super) fn sample(&self, most: usize, noise: &mut Stream) -> AuditTable {
        let mut order = permutation(noise, self.rows);
        order.truncate(most);
        self.at(&order)
    }

    /// The table without a column.
    pub(super) fn without(&self, at: usize) -> AuditTable {
        let others = self.columns.iter().enumerate().filter(|(other, _)| *other != at);
        AuditTable { rows: self.rows, columns: others.map(|(_, column)| column.clone()).collect() }
    }

    /// The position of a column.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// How often each row occurs, by its keys.
    pub(super) fn occurrences(&self) -> HashMap<Vec<u64>, usize> {
        let mut found = HashMap::new();
        (0..self.rows).for_each(|row| *found.entry(self.key(row)).or_default() += 1);
        found
    }

    pub(super) fn key(&self, row: usize) -> Vec<u64> {
        self.columns.iter().map(|column| column.cells.key(row)).collect()
    }

    /// The share of rows that are equal to another.
    pub fn duplicates(&self) -> f64 {
        let repeated: usize = self.occurrences().values().filter(|count| **count > 1).sum();
        repeated as f64 / self.rows.max(1) as f64
    }
}

/// Synthetic, real and held-out rows as tables with the same columns, and notes. A column holds
/// numbers if every real cell of it is a number, a date or missing, unless it is among `levels` and
/// has at most 20 different ones; columns that differ in every row, and those that a table lacks,
/// are left out.
///
/// # Errors
/// [`Error::Data`] if a table has no rows, or no column is left.
pub(super) fn tables(
    batches: [(&str, &RecordBatch); 3],
    levels: &[&str],
    features: &[Feature],
) -> Result<([AuditTable; 3], Vec<String>)> {
    if let Some((input, _)) = batches.iter().find(|(_, rows)| rows.num_rows() == 0) {
        return Err(Error::no_rows(*input));
    }
    let (real_name, real) = batches[1];
    let features: BTreeMap<&str, &Feature> =
        features.iter().map(|feature| (feature.name.as_str(), feature)).collect();
    let mut tables = batches.map(|(_, batch)| AuditTable { rows: batch.num_rows(), columns: vec![] });
    let mut notes = vec![];
    for field in real.schema().fields() {
        let name = field.name();
        if let Some((input, _)) = batches.iter().find(|(_, batch)| batch.column_by_name(name).is_none()) {
            notes.push(format!("column '{name}' is not in {input} and is left out"));
            continue;
        }
        let arrays: Vec<&ArrayRef> =
            batches.iter().filter_map(|(_, batch)| batch.column_by_name(name)).collect();
        let wanted = levels.contains(&name.as_str());
        let feature = features.get(name.as_str()).copied();
        // Numbers and dates may differ in every row; texts that do are keys.
        let is_text = feature.is_none_or(|feature| matches!(feature.kind, FeatureKind::Categorical { .. }));
        if !wanted && is_text && is_key(arrays[1]) {
            notes.push(format!("column '{name}' differs in every row and is left out"));
            continue;
        }
        let numbers = numbers(&arrays, feature).filter(|found| !wanted || is_many(&found[1]));
        let (levels, cells) = match numbers {
            Some(numbers) => (vec![], numbers.into_iter().map(Cells::Numbers).collect()),
            None => of_levels(&arrays, feature),
        };
        for (table, cells) in tables.iter_mut().zip::<Vec<Cells>>(cells) {
            table.columns.push(AuditColumn { name: name.clone(), levels: levels.clone(), cells });
        }
    }
    if tables[1].columns.is_empty() {
        let expected = "a column that rows share, and that all three tables have";
        return Err(Error::data(real_name, expected, "none", "give other rows"));
    }
    Ok((tables, notes))
}

/// Whether numbers are too many for levels.
fn is_many(numbers: &[f64]) -> bool {
    let distinct: BTreeSet<u64> = numbers.iter().map(|x| (x + 0.0).to_bits()).collect();
    distinct.len() > MOST_LEVELS
}

/// The numbers of the three columns, if those of the real one are numbers or dates.
fn numbers(arrays: &[&ArrayRef], feature: Option<&Feature>) -> Option<Vec<Vec<f64>>> {
    // With the source's own words for missing cells.
    let is_number = |kind: &FeatureKind| {
        matches!(kind, FeatureKind::Datetime { .. } | FeatureKind::Numeric | FeatureKind::Count)
    };
    if let Some(feature) = feature.filter(|feature| is_number(&feature.kind)) {
        let read = arrays.iter().map(|array| cell_values("rows", feature, array).ok());
        if let Some(found) = read.collect() {
            return Some(found);
        }
    }
    let parsed = |array: &ArrayRef| -> Vec<Option<f64>> {
        let text = |cell: Option<&str>| match cell.map(str::trim) {
            None | Some("") => Some(f64::NAN),
            Some(text) => text.parse().ok().filter(|x: &f64| x.is_finite()),
        };
        cell_texts(array).iter().map(text).collect()
    };
    parsed(arrays[1])
        .into_iter()
        .collect::<Option<Vec<f64>>>()
        .filter(|all| !all.iter().all(|x| x.is_nan()))?;
    let coerced = |array: &&ArrayRef| parsed(array).into_iter().map(|x| x.unwrap_or(f64::NAN)).collect();
    Some(arrays.iter().map(coerced).collect())
}

/// The sorted levels of the three columns, and the cells of each; the source's own words for
/// missing cells are one level.
fn of_levels(arrays: &[&ArrayRef], feature: Option<&Feature>) -> (Vec<String>, Vec<Cells>) {
    let texts: Vec<StringArray> = arrays.iter().map(|array| cell_texts(array)).collect();
    let is_missing = |text: &str| match feature {
        Some(feature) => feature.spelling.missing.contains(text),
        None => text.is_empty(),
    };
    let level = |text: Option<&'_ str>| -> String {
        text.map(str::trim).filter(|text| !is_missing(text)).unwrap_or(MISSING).to_string()
    };
    let cells: Vec<Vec<String>> = texts.iter().map(|cells| cells.iter().map(level).collect()).collect();
    let mut known: BTreeMap<&str, u32> = cells.iter().flatten().map(|text| (text.as_str(), 0)).collect();
    known.values_mut().zip(0..).for_each(|(place, at)| *place = at);
    let coded =
        cells.iter().map(|cells| Cells::Levels(cells.iter().map(|text| known[text.as_str()]).collect()));
    (known.keys().map(|text| text.to_string()).collect(), coded.collect())
}
