//! Columns whose future values are known: holidays, prices, properties of a series.

use std::collections::BTreeMap;

use arrow_array::RecordBatch;
use serde::{Deserialize, Serialize};

use super::table::{column_of, groups};
use crate::column::Column;
use crate::{DataConfig, Feature, MissingWords, Result};

/// Levels of a text column that are distinguished, at most; the others are none of them, as blank
/// cells are.
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
    /// The number that a blank cell counts as, beside a mark of its own; `None` if no cell among
    /// the numbers of the fit was blank.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blank: Option<f64>,
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
        let mut known = KnownColumn { name: name.into(), cells, fixed: false, blank: None };
        let mut read = known.read(input, rows)?;
        if let (KnownCells::Numbers(_), [numbers]) = (&known.cells, &read[..]) {
            known.blank = blank(numbers);
            if known.blank.is_some() {
                read = known.read(input, rows)?;
            }
        }
        let constant = |(_, rows): &(Option<String>, Vec<usize>)| {
            let same = |numbers: &Vec<f64>| {
                let mut cells = rows.iter().map(|&row| numbers[row]);
                cells.next().is_none_or(|first| cells.all(|other| other == first))
            };
            read.iter().all(same)
        };
        known.fixed = groups(input, rows, config.series.as_deref())?.iter().all(constant);
        Ok(known)
    }

    /// The number of its regressors.
    pub fn width(&self) -> usize {
        match &self.cells {
            KnownCells::Numbers(_) => 1 + usize::from(self.blank.is_some()),
            KnownCells::Levels { levels, .. } => levels.len(),
        }
    }

    /// Its regressors for each row. A blank cell among texts has no level; NaN are blank cells
    /// among numbers, if the fit saw none.
    fn read(&self, input: &str, rows: &RecordBatch) -> Result<Vec<Vec<f64>>> {
        match &self.cells {
            KnownCells::Numbers(feature) => {
                let array = column_of(input, rows, &self.name, "--known")?;
                let numbers = Column::of(input, feature, array, 0).finite_numbers()?;
                let Some(blank) = self.blank else { return Ok(vec![numbers]) };
                let marks = numbers.iter().map(|x| f64::from(x.is_nan())).collect();
                let filled = numbers.iter().map(|x| if x.is_nan() { blank } else { *x }).collect();
                Ok(vec![filled, marks])
            }
            KnownCells::Levels { levels, missing } => {
                let texts = column_in(input, rows, &self.name, missing)?.texts()?;
                let of_level = |level: &String| {
                    texts.iter().map(|cell| f64::from(cell == Some(level.as_str()))).collect()
                };
                Ok(levels.iter().map(of_level).collect())
            }
        }
    }
}

/// What a blank cell counts as: the median of the others, so that its mark has the rest of its
/// effect, or all if the others are the same. `None` without blank cells.
fn blank(numbers: &[f64]) -> Option<f64> {
    let mut given: Vec<f64> = numbers.iter().copied().filter(|x| !x.is_nan()).collect();
    given.sort_by(f64::total_cmp);
    given.get(given.len() / 2).copied().filter(|_| given.len() < numbers.len())
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
