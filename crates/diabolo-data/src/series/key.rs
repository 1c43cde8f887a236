//! The key of a series: how its times are written, and the step between them.

use arrow_array::{Array, ArrayRef, Float64Array, Int64Array};
use arrow_schema::{DataType, Field};
use serde::{Deserialize, Serialize};

use crate::column::Column;
use crate::datetime::{Dates, Moment, find_dates, given_dates, moments, text_of, written};
use crate::names::argument;
use crate::{DateFormat, Error, FeatureKind, Result, Spelling, Step, Storage, Stride, TypeName};

/// Text is a column of times if so many of the cells are dates of one format.
const MOST: f64 = 0.9;

/// The column of times: its spelling and its step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeKey {
    /// The column's name.
    pub name: String,
    /// How dates are written; `None` for plain numbers.
    pub format: Option<DateFormat>,
    /// The storage of the cells.
    pub storage: Storage,
    /// How plain numbers are written.
    #[serde(default, skip_serializing_if = "Spelling::is_default")]
    pub spelling: Spelling,
    /// The time from one step to the next.
    pub stride: Stride,
    /// Whether a step has the mean of the rows within it, as the user asked; else rows are steps.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub resampled: bool,
}

/// One time of a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KeyTime(pub(super) Moment);

impl KeyTime {
    /// A plain number as a time.
    pub fn of_number(number: f64) -> Self {
        KeyTime(Moment { seconds: number, offset: 0 })
    }

    /// The number, or the seconds since 1970.
    pub fn number(self) -> f64 {
        self.0.seconds
    }

    /// Whether it is before another time.
    pub fn is_before(self, other: KeyTime) -> bool {
        self.0.seconds < other.0.seconds
    }
}

/// How the cells of a key are to be read.
pub(super) struct KeyFormat {
    pub format: Option<DateFormat>,
    pub storage: Storage,
}

impl KeyFormat {
    /// From the cells, or as given by the user.
    pub fn find(column: &Column, given: Option<&TypeName>) -> Result<KeyFormat> {
        check_zones(column)?;
        let dates = match given {
            Some(TypeName::Datetime { format }) => given_dates(column, format.as_ref())?,
            Some(_) => None,
            None => find_dates(column, MOST)?,
        };
        match dates {
            Some(Dates::Learn { kind: FeatureKind::Datetime { format, .. }, storage, .. }) => {
                Ok(KeyFormat { format: Some(format), storage })
            }
            Some(Dates::Ambiguous { because }) => {
                let help =
                    format!("name the format, as in --type {}=datetime:%d/%m/%Y", argument(column.name));
                Err(column.whole_error("times", format!("a column that {because}"), help))
            }
            _ => {
                let numbers = column.finite_numbers().map_err(|_| no_times(column))?;
                let whole = numbers.iter().all(|x| x.is_nan() || x.fract() == 0.0);
                let storage = if whole { Storage::Integer } else { Storage::Float };
                Ok(KeyFormat { format: None, storage })
            }
        }
    }

    /// The times of all rows; a missing one is an error.
    pub fn read(&self, column: &Column) -> Result<Vec<Moment>> {
        let times = match &self.format {
            Some(format) => moments(column, format)?,
            None => {
                let of_number = |seconds| Moment { seconds, offset: 0 };
                column.finite_numbers()?.into_iter().map(of_number).collect()
            }
        };
        match times.iter().position(|time| time.seconds.is_nan()) {
            None => Ok(times),
            Some(row) => Err(column.error(row, "a time in every row", "none", "remove the row")),
        }
    }
}

impl TimeKey {
    /// The time so many steps after another one.
    pub fn after(&self, time: KeyTime, steps: usize) -> KeyTime {
        KeyTime(self.stride.after(time.0, steps))
    }

    /// The time of the step that a row at this time belongs to: its own, where rows are steps.
    pub(super) fn on_step(&self, time: Moment) -> Moment {
        if self.resampled { self.stride.begin(time) } else { time }
    }

    /// A time as text.
    pub fn text(&self, time: KeyTime) -> String {
        match &self.format {
            Some(format) => text_of(time.0, format),
            None => self.spelling.rounded(time.0.seconds).to_string(),
        }
    }

    /// The step in words, such as "1 h".
    pub fn step(&self) -> String {
        self.stride.describe(self.format.is_some())
    }

    /// Seasons that the calendar suggests, in steps, longest first.
    pub fn seasons(&self) -> Vec<usize> {
        self.stride.seasons(self.format.is_some())
    }

    /// The time that a text names, in any spelling that the key reads.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] with the name of the flag.
    pub fn parse(&self, flag: &str, text: &str) -> Result<KeyTime> {
        let array: ArrayRef = std::sync::Arc::new(arrow_array::StringArray::from(vec![text]));
        let missing = crate::MissingWords::none();
        let column = Column {
            input: flag,
            name: &self.name,
            array: &array,
            first_row: 0,
            missing: &missing,
            format: None,
        };
        let format = match &self.format {
            // Text is never of the type of a Parquet column.
            Some(DateFormat::Typed(_)) => KeyFormat::find(&column, None).ok().and_then(|found| found.format),
            other => other.clone(),
        };
        let read = KeyFormat { format, storage: self.storage }.read(&column);
        let wrong = |_| Error::invalid_value(flag, format!("a time of '{}'", self.name), format!("'{text}'"));
        // Of a step with the mean of its rows, no row counts before it is over.
        read.map(|times| KeyTime(self.on_step(times[0]))).map_err(wrong)
    }

    /// Whether the times of steps can be written, such as those of hours by a column of days.
    pub(super) fn can_write(&self, first: Moment) -> bool {
        let mut times = (0..4).map(|steps| self.stride.after(self.stride.begin(first), steps));
        match (&self.format, self.stride) {
            (Some(DateFormat::Pattern(pattern)), _) => times.all(|time| {
                let again = pattern.read(&pattern.write(time.seconds, time.offset));
                again.is_some_and(|again| (again.local() - time.local()).abs() < 1e-3)
            }),
            (None, Stride::Even { amount }) => self.storage != Storage::Integer || amount.fract() == 0.0,
            _ => true,
        }
    }

    /// The column of these times.
    pub fn column(&self, times: &[KeyTime]) -> (Field, ArrayRef) {
        let array: ArrayRef = match (&self.format, self.storage) {
            (Some(format), storage) => {
                // The clocks of several series may differ.
                let cell = |time: &KeyTime| {
                    let seconds = std::iter::once(time.0.seconds);
                    written(seconds, format, Step::Microseconds(1), time.0.offset, storage)
                };
                let cells: Vec<ArrayRef> = times.iter().map(cell).collect();
                let parts: Vec<&dyn Array> = cells.iter().map(AsRef::as_ref).collect();
                match parts.as_slice() {
                    [] => written(std::iter::empty(), format, Step::Microseconds(1), 0, storage),
                    parts => arrow_select::concat::concat(parts).expect("one format has one type"),
                }
            }
            (None, Storage::Integer) => std::sync::Arc::new(
                times.iter().map(|time| time.0.seconds.round() as i64).collect::<Int64Array>(),
            ),
            (None, _) => {
                let rounded = |time: &KeyTime| self.spelling.rounded(time.0.seconds);
                std::sync::Arc::new(times.iter().map(rounded).collect::<Float64Array>())
            }
        };
        (self.spelling.mark(Field::new(&self.name, array.data_type().clone(), true)), array)
    }
}

fn no_times(column: &Column) -> Error {
    let cells = column.texts().ok();
    let first = cells
        .as_ref()
        .and_then(|cells| cells.iter().flatten().find(|cell| crate::number::number(cell).is_none()));
    let help = format!(
        "name the column of times with --key, or its format with --type {}=datetime:%d.%m.%Y",
        argument(column.name)
    );
    column.whole_error("dates of one format, or numbers", format!("'{}'", first.unwrap_or_default()), help)
}

/// Times with and without an offset from UTC cannot be compared.
fn check_zones(column: &Column) -> Result<()> {
    let Ok(texts) = column.texts() else { return Ok(()) };
    let zoned = |text: &str| {
        let Some((_, clock)) = text.split_once(':') else { return false };
        clock.ends_with(['Z', 'z']) || clock.contains(['+', '-'])
    };
    let mut cells = texts.iter().enumerate().filter_map(|(row, cell)| Some((row, cell?)));
    let Some((_, first)) = cells.next() else { return Ok(()) };
    match cells.find(|(_, cell)| zoned(cell) != zoned(first) && cell.contains(':')) {
        None => Ok(()),
        Some((row, cell)) => {
            let (expected, help) = match zoned(first) {
                true => ("an offset from UTC, as in the first row", "write the offset of every time"),
                false => {
                    ("no offset from UTC, as in the first row", "write the offset of every time, or of none")
                }
            };
            Err(column.error(row, expected, format!("'{cell}'"), help))
        }
    }
}

/// Whether times are those of a local clock, which is set back once a year.
fn is_local(format: Option<&DateFormat>) -> bool {
    match format {
        Some(DateFormat::Pattern(pattern)) => !pattern.has_offset(),
        Some(DateFormat::Typed(DataType::Timestamp(_, zone))) => zone.is_none(),
        _ => false,
    }
}

/// Checks the order and the zones of the times of one series, which stand in these rows of the
/// table. A local clock may be set back by an hour, not more than once in so many rows, which are
/// `even` if they are steps.
pub(super) fn check_order(
    column: &Column,
    times: &[Moment],
    rows: &[usize],
    format: Option<&DateFormat>,
    even: bool,
) -> Result<()> {
    const HOUR: f64 = 3600.0;
    const ROWS: usize = 1000;
    let mut steps: Vec<f64> = times.windows(2).map(|two| two[1].seconds - two[0].seconds).collect();
    steps.retain(|step| *step > 0.0);
    steps.sort_by(f64::total_cmp);
    let step = steps.get(steps.len() / 2).copied().unwrap_or(0.0);
    let mut set_back = if is_local(format) { 1 + times.len() / ROWS } else { 0 };
    for (two, at) in times.windows(2).zip(rows.windows(2)) {
        let back = two[0].seconds - two[1].seconds;
        if back > 0.0 {
            let is_hour = if even { (back + step - HOUR).abs() < 0.5 * step } else { back <= HOUR };
            if set_back > 0 && is_hour {
                set_back -= 1;
                continue;
            }
            let (expected, found) = ("rows in order of time", "an earlier time than in the row before");
            let help = "sort the rows by it; name several series with --series";
            return Err(column.error(at[1], expected, found, help));
        }
        if format.is_some() && f64::from((two[1].offset - two[0].offset).abs()) > HOUR {
            let hours = |moment: Moment| format!("UTC{:+}", f64::from(moment.offset) / HOUR);
            let expected = format!("times of one zone ({})", hours(two[0]));
            let help = "write all times of a series in one zone";
            return Err(column.error(at[1], &expected, hours(two[1]), help));
        }
    }
    Ok(())
}
