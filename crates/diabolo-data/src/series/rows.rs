//! The rows of a table as series with an even step.

use std::collections::HashSet;

use arrow_array::{ArrayRef, RecordBatch, UInt32Array};
use arrow_schema::Field;

use super::key::{KeyFormat, KeyTime, TimeKey, check_order};
use super::known::known_cells;
use super::schema::SeriesSchema;
use super::table::{column_of, groups};
use crate::column::Column;
use crate::datetime::Moment;
use crate::{Error, Result, Stride};

/// Devices are interleaved if each time comes so many times or more, on average.
const INTERLEAVED: f64 = 1.5;
/// If more of the steps than this are uneven, rows are taken as steps.
const UNEVEN: f64 = 0.2;
/// So many steps for each row are not gaps any more.
const SPARSE: usize = 20;

/// One series: numbers at even steps.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Its name, if the table has a column of names.
    pub name: Option<String>,
    /// The numbers of each column, one for each step; NaN where missing.
    pub values: Vec<Vec<f64>>,
    /// The regressors of the known columns, one number for each step; NaN where missing.
    pub known: Vec<Vec<f64>>,
    /// The time of each step that has a row; without a key, none.
    pub times: Vec<(usize, KeyTime)>,
    /// The row of the table that holds its last step.
    pub last_row: usize,
}

/// The series of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesSet {
    /// The series, in order of their first row.
    pub series: Vec<Series>,
    /// What the user should know of the times, one sentence each.
    pub notes: Vec<String>,
    /// The cells of the column of names, and their field.
    pub(super) names: Option<(Field, ArrayRef)>,
}

impl Series {
    /// Number of steps.
    pub fn len(&self) -> usize {
        self.values.first().map_or(0, Vec::len)
    }

    /// Whether there is no step.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The first `steps` steps.
    pub fn until(&self, steps: usize) -> Series {
        let values = self.values.iter().map(|column| column[..steps.min(column.len())].to_vec()).collect();
        let times: Vec<_> = self.times.iter().copied().filter(|(step, _)| *step < steps).collect();
        Series { values, times, ..self.clone() }
    }

    /// The time of the last step that has a row.
    pub fn last_time(&self) -> Option<KeyTime> {
        self.times.last().map(|(_, time)| *time)
    }
}

impl SeriesSet {
    /// The column of names for rows that belong to these series; `None` without such a column.
    pub fn names_of(&self, series: &[usize]) -> Option<(Field, ArrayRef)> {
        let (field, cells) = self.names.as_ref()?;
        let rows: UInt32Array = series.iter().map(|&one| self.series[one].last_row as u32).collect();
        let taken = arrow_select::take::take(cells, &rows, None).expect("last rows are rows of the table");
        Some((field.clone(), taken))
    }
}

impl SeriesSchema {
    /// The series of a table that has these columns.
    ///
    /// # Errors
    /// [`Error::Data`] if a column is missing, a cell is no number, or times are missing, go back,
    /// or belong to several zones.
    pub fn read(&self, input: &str, rows: &RecordBatch) -> Result<SeriesSet> {
        if rows.num_rows() == 0 {
            return Err(Error::no_rows(input));
        }
        let groups = groups(input, rows, self.id.as_deref())?;
        let times = self.key.as_ref().map(|key| self.times(input, rows, key)).transpose()?;
        let numbers: Vec<Vec<f64>> = self
            .columns
            .iter()
            .map(|feature| {
                let array = column_of(input, rows, &feature.name, "a column of the fit")?;
                Column::of(input, feature, array, 0).finite_numbers()
            })
            .collect::<Result<_>>()?;
        let known = known_cells(&self.known, input, rows)?;
        let (mut series, mut notes) = (vec![], Notes::default());
        for (name, mut rows) in groups {
            let mut is_first_whole = true;
            let placed = match (&self.key, &times) {
                (Some(key), Some((column, times))) => {
                    let mut times: Vec<Moment> = rows.iter().map(|&row| times[row]).collect();
                    let even = !key.resampled;
                    check_order(&column.column(input, key), &times, &rows, key.format.as_ref(), even)?;
                    if key.resampled {
                        let whole = whole_steps(key.stride, &times);
                        is_first_whole = whole.0;
                        notes.partial += usize::from(!whole.0) + usize::from(whole.1 < rows.len());
                        rows.truncate(whole.1);
                        times.truncate(whole.1);
                        times.iter_mut().for_each(|time| *time = key.on_step(*time));
                        check_step(input, key, &times)?;
                    }
                    Some((places(key, &times, &mut notes), times))
                }
                _ => None,
            };
            let (steps, times) = match placed {
                Some((steps, times)) => {
                    let of_row = steps.iter().copied().zip(times.into_iter().map(KeyTime));
                    let mut of_row: Vec<(usize, KeyTime)> = of_row.collect();
                    of_row.sort_by_key(|(step, _)| *step);
                    (steps, of_row)
                }
                None => ((0..rows.len()).collect(), vec![]),
            };
            let mut values: Vec<Vec<f64>> =
                numbers.iter().map(|column| on_steps(column, &rows, &steps)).collect();
            if !is_first_whole {
                values.iter_mut().for_each(|column| column[0] = f64::NAN);
            }
            let known = known.iter().map(|column| on_steps(column, &rows, &steps)).collect();
            series.push(Series { name, values, known, times, last_row: rows[rows.len() - 1] });
        }
        let names = self.id.as_deref().map(|id| {
            let (at, field) = rows
                .schema()
                .column_with_name(id)
                .map(|(at, field)| (at, field.clone()))
                .expect("grouped by it");
            (field, rows.column(at).clone())
        });
        let notes = match &self.key {
            Some(key) => notes.sentences(input, key, self.id.is_none())?,
            None => vec![],
        };
        Ok(SeriesSet { series, notes, names })
    }

    pub(super) fn times<'a>(
        &self,
        input: &str,
        rows: &'a RecordBatch,
        key: &TimeKey,
    ) -> Result<(KeyCells<'a>, Vec<Moment>)> {
        let cells = KeyCells(column_of(input, rows, &key.name, "--key")?);
        let format = KeyFormat { format: key.format.clone(), storage: key.storage };
        let times = format.read(&cells.column(input, key))?;
        Ok((cells, times))
    }
}

/// The cells of a key.
pub(super) struct KeyCells<'a>(&'a ArrayRef);

impl<'a> KeyCells<'a> {
    fn column(&self, input: &'a str, key: &'a TimeKey) -> Column<'a> {
        let spelling = &key.spelling;
        Column {
            input,
            name: &key.name,
            array: self.0,
            first_row: 0,
            missing: &spelling.missing,
            format: spelling.format.as_ref(),
        }
    }
}

/// What is unusual in the times of the series.
#[derive(Default)]
struct Notes {
    rows: usize,
    /// The different steps of rows.
    steps: usize,
    /// Given steps at the ends of series that rows do not cover.
    partial: usize,
    repeated: usize,
    set_back: usize,
    missing: usize,
    longest: usize,
    uneven: usize,
    rows_as_steps: bool,
}

impl Notes {
    fn sentences(&self, input: &str, key: &TimeKey, one: bool) -> Result<Vec<String>> {
        let name = &key.name;
        let distinct = (self.rows - self.repeated).max(1);
        let mut notes = vec![];
        if key.resampled {
            let ends = match self.partial {
                0 => String::new(),
                partial => format!("; {partial} at the ends are not over, or begin late, and are left out"),
            };
            let (rows, steps, step) = (self.rows, self.steps, key.step());
            notes.push(format!("{steps} steps of {step} have the means of {rows} rows{ends}"));
        }
        if !key.resampled && one && self.rows as f64 >= INTERLEAVED * distinct as f64 {
            let each = self.rows as f64 / distinct as f64;
            let found = format!("each time {each:.1} times on average");
            let help = "name the column that tells several series apart with --series";
            return Err(Error::data(input, "one row for each time", found, help).in_column(name));
        }
        if self.repeated > 0 && !key.resampled {
            notes.push(format!("'{name}' repeats a time in {} rows: their mean is taken", self.repeated));
        }
        if self.set_back > 0 {
            let times = if self.set_back == 1 { "once".into() } else { format!("{} times", self.set_back) };
            notes.push(format!("the clock of '{name}' is set back {times}: the mean of both hours is taken"));
        }
        if self.rows_as_steps {
            notes
                .push(format!("the times of '{name}' are uneven: rows are taken as steps of {}; --step takes means by the clock", key.step()));
        } else if self.missing > 0 {
            notes.push(format!(
                "'{name}' has gaps: {} steps of {} are missing, {} at most in a row",
                self.missing,
                key.step(),
                self.longest
            ));
        }
        if self.uneven > 0 && !self.rows_as_steps {
            notes.push(format!("{} times of '{name}' lie between the steps of {}", self.uneven, key.step()));
        }
        Ok(notes)
    }
}

/// A step that the user gives must not be far shorter than the time between rows.
fn check_step(input: &str, key: &TimeKey, times: &[Moment]) -> Result<()> {
    let steps = key.stride.between(times[0], times[times.len() - 1]);
    if steps <= (SPARSE * times.len().max(50)) as f64 {
        return Ok(());
    }
    let found = format!("{} rows over {steps:.0} steps of {}", times.len(), key.step());
    Err(Error::data(input, "a row in most steps", found, "give a longer --step").in_column(&key.name))
}

/// The step of each row: the first has 0, and one with the time of the row before has the same. If
/// a local clock is set back, steps are met again.
fn places(key: &TimeKey, times: &[Moment], notes: &mut Notes) -> Vec<usize> {
    let between = |two: &[Moment]| match key.resampled {
        true => key.stride.between_begins(two[0], two[1]),
        false => key.stride.between(two[0], two[1]),
    };
    let strides: Vec<f64> = times.windows(2).map(between).collect();
    let uneven = strides.iter().filter(|strides| Stride::is_off(**strides)).count();
    let next = |strides: f64| match strides {
        s if s > 0.0 => s.round().max(1.0) as isize,
        s => s.round() as isize,
    };
    let gaps = || strides.iter().map(|strides| next(*strides));
    let steps = gaps().fold(1isize, |sum, gap| sum.saturating_add(gap.max(0)));
    let as_rows = !key.resampled
        && (uneven as f64 > UNEVEN * strides.len() as f64 || steps as usize > SPARSE * times.len().max(50));
    notes.rows += times.len();
    notes.repeated += strides.iter().filter(|strides| **strides == 0.0).count();
    notes.set_back += strides.iter().filter(|strides| **strides < 0.0).count();
    notes.uneven += uneven;
    notes.rows_as_steps |= as_rows;
    let mut places = vec![0usize];
    for gap in gaps() {
        let gap = if as_rows { gap.clamp(0, 1) } else { gap };
        let missing = gap.max(1) as usize - 1;
        notes.missing += missing;
        notes.longest = notes.longest.max(missing);
        places.push(places[places.len() - 1].saturating_add_signed(gap));
    }
    notes.steps += places.iter().collect::<HashSet<_>>().len();
    places
}

/// Whether rows cover the first of given steps, and how many rows are before a last step that they
/// do not cover: where more than a few of the usual distances between rows are without one.
fn whole_steps(stride: Stride, times: &[Moment]) -> (bool, usize) {
    const FEW: f64 = 3.0;
    let distances = times.windows(2).map(|two| two[1].seconds - two[0].seconds);
    let mut distances: Vec<f64> = distances.filter(|distance| *distance > 0.0).collect();
    distances.sort_by(f64::total_cmp);
    let most = FEW * distances.get(distances.len() / 2).copied().unwrap_or(f64::INFINITY);
    let (first, last) = (times[0], times[times.len() - 1]);
    let is_first_whole = first.seconds - stride.begin(first).seconds <= most;
    let begin = stride.begin(last);
    let end = stride.after(begin, 1).seconds;
    let before = times.partition_point(|time| stride.begin(*time).seconds < begin.seconds);
    match end - last.seconds <= most || before == 0 {
        true => (is_first_whole, times.len()),
        false => (is_first_whole, before),
    }
}

/// The numbers of these rows at their steps; the mean of rows with the same step.
fn on_steps(column: &[f64], rows: &[usize], steps: &[usize]) -> Vec<f64> {
    let length = steps.iter().max().map_or(0, |last| last + 1);
    let (mut sums, mut counts) = (vec![0.0; length], vec![0u32; length]);
    for (&row, &step) in rows.iter().zip(steps).filter(|(row, _)| !column[**row].is_nan()) {
        sums[step] += column[row];
        counts[step] += 1;
    }
    sums.iter()
        .zip(counts)
        .map(|(sum, count)| if count == 0 { f64::NAN } else { sum / f64::from(count) })
        .collect()
}
