//! Columns whose future values are known: holidays, prices, properties of a series.

use std::collections::BTreeMap;

use arrow_array::RecordBatch;
use serde::{Deserialize, Serialize};

use super::table::{column_of, groups};
use crate::column::Column;
use crate::{DataConfig, Feature, MissingWords, Result};

/// Levels of a text column that are distinguished, at most; the others count as missing.
const MOST_LEVELS: usize = 24;

/// A column whose future values are known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownColumn {
    /// The column's name.
    pub name: String,
    /// What stands in it.
    pub cells: KnownCells,
    /// Whether it is the same at all times of a series: its future needs not be given.
    pub fixed: bool,
}

/// What stands in a known column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum KnownCells {
    /// Numbers, read as this feature.
    Numbers(Box<Feature>),
    /// Texts: a 0 or 1 for each of these levels.
    Levels {
        /// The levels, the most common ones first.
        levels: Vec<String>,
        /// Texts that mean a missing cell.
        missing: MissingWords,
    },
}

impl KnownColumn {
    /// The column of a table; `feature` if it is one of numbers.
    pub(super) fn infer(
        input: &str,
        rows: &RecordBatch,
        name: &str,
        feature: Option<Feature>,
        config: &DataConfig,
    ) -> Result<Self> {
        let cells = match feature {
            Some(feature) => KnownCells::Numbers(Box::new(feature)),
            None => {
                let missing = MissingWords::of(&config.missing, name);
                let levels = levels(&column_in(input, rows, name, &missing)?)?;
                KnownCells::Levels { levels, missing }
            }
        };
        let mut known = KnownColumn { name: name.into(), cells, fixed: false };
        let read = known.read(input, rows)?;
        let constant = |(_, rows): &(Option<String>, Vec<usize>)| {
            let same = |numbers: &Vec<f64>| {
                let mut given = rows.iter().map(|&row| numbers[row]).filter(|x| !x.is_nan());
                given.next().is_none_or(|first| given.all(|other| other == first))
            };
            read.iter().all(same)
        };
        known.fixed = groups(input, rows, config.series.as_deref())?.iter().all(constant);
        Ok(known)
    }

    /// The number of its regressors.
    pub fn width(&self) -> usize {
        match &self.cells {
            KnownCells::Numbers(_) => 1,
            KnownCells::Levels { levels, .. } => levels.len(),
        }
    }

    /// Its regressors for each row; NaN where the cell is missing.
    fn read(&self, input: &str, rows: &RecordBatch) -> Result<Vec<Vec<f64>>> {
        match &self.cells {
            KnownCells::Numbers(feature) => {
                let array = column_of(input, rows, &self.name, "--known")?;
                Ok(vec![Column::of(input, feature, array, 0).finite_numbers()?])
            }
            KnownCells::Levels { levels, missing } => {
                let texts = column_in(input, rows, &self.name, missing)?.texts()?;
                let of_level = |level: &String| {
                    let cell = |cell: Option<&str>| cell.map_or(f64::NAN, |cell| f64::from(cell == level));
                    texts.iter().map(cell).collect()
                };
                Ok(levels.iter().map(of_level).collect())
            }
        }
    }
}

fn column_in<'a>(
    input: &'a str,
    rows: &'a RecordBatch,
    name: &'a str,
    missing: &'a MissingWords,
) -> Result<Column<'a>> {
    let array = column_of(input, rows, name, "--known")?;
    Ok(Column { input, name, array, first_row: 0, missing, format: None })
}

/// The levels of a column, the most common ones first.
fn levels(column: &Column) -> Result<Vec<String>> {
    let texts = column.texts()?;
    let mut counts = BTreeMap::<&str, usize>::new();
    texts.iter().flatten().for_each(|text| *counts.entry(text).or_default() += 1);
    let mut found: Vec<(&str, usize)> = counts.into_iter().collect();
    found.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    Ok(found.into_iter().take(MOST_LEVELS).map(|(level, _)| level.to_string()).collect())
}

/// The regressors of known columns for each row: regressors × rows.
pub(super) fn known_cells(columns: &[KnownColumn], input: &str, rows: &RecordBatch) -> Result<Vec<Vec<f64>>> {
    let read = |column: &KnownColumn| column.read(input, rows);
    Ok(columns.iter().map(read).collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
}
