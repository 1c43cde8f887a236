//! Whether the rows of a time series are in order of time, and at even steps.

use arrow_array::{Array, ArrayRef, RecordBatch, StringArray};

use super::calendar::Moment;
use super::cells::{is_temporal, moments};
use super::detect::{Found, detect, unambiguous};
use super::{DateFormat, Pattern};
use crate::MissingWords;
use crate::column::Column;
use crate::number::number;

/// A step is longer than usual if it is more than so many times the median step: months and days
/// of 23 to 25 hours are not.
const LONGER: f64 = 1.5;
/// Devices are interleaved if each time comes so many times or more, on average.
const INTERLEAVED: f64 = 1.5;
/// Times are understood if so many of them are readable.
const MOST: f64 = 0.9;

/// The times of a series, batch by batch.
pub(crate) struct SeriesOrder {
    key: String,
    times: Vec<f64>,
    dates: bool,
    format: Option<DateFormat>,
    /// Batches of times that can be read in two ways, or hold none, until a later one decides.
    open: Vec<ArrayRef>,
    /// Whether the key has been understood so far.
    known: bool,
}

/// What the times of a batch are.
enum Times {
    Read(Vec<f64>),
    Open,
    Unknown,
}

impl SeriesOrder {
    /// No rows yet; `key` is the column of times.
    pub fn new(key: &str) -> Self {
        SeriesOrder { key: key.into(), times: vec![], dates: false, format: None, open: vec![], known: true }
    }

    /// Adds the next rows.
    pub fn add(&mut self, rows: &RecordBatch) {
        let name = self.key.clone();
        let Some(array) = rows.column_by_name(&name).filter(|_| self.known) else {
            self.known = false;
            return;
        };
        match self.read(&name, array) {
            Times::Read(times) => {
                for earlier in std::mem::take(&mut self.open) {
                    match self.read(&name, &earlier) {
                        Times::Read(times) => self.times.extend(times),
                        _ => self.times.extend(vec![f64::NAN; earlier.len()]),
                    }
                }
                self.times.extend(times);
            }
            Times::Open => self.open.push(array.clone()),
            Times::Unknown => self.known = false,
        }
    }

    fn read(&mut self, name: &str, array: &ArrayRef) -> Times {
        let missing = MissingWords::default();
        let key = Column { input: "", name, array, first_row: 0, missing: &missing, format: None };
        if !is_temporal(array.data_type()) && key.texts().is_ok_and(|cells| cells.null_count() == cells.len())
        {
            return Times::Open;
        }
        match self.understood(&key) {
            Some(times) => Times::Read(times),
            None if self.format.is_none() && is_ambiguous(&key) => Times::Open,
            None => Times::Unknown,
        }
    }

    /// The times of a part of the key; `None` if they are neither numbers nor dates of one format.
    fn understood(&mut self, key: &Column) -> Option<Vec<f64>> {
        match &self.format {
            None => {}
            Some(DateFormat::Pattern(pattern)) => {
                return times(&key.texts().ok()?, |text| pattern.read(text));
            }
            Some(format) => {
                return Some(moments(key, format).ok()?.iter().map(|moment| moment.seconds).collect());
            }
        }
        if !is_temporal(key.array.data_type()) {
            let texts = key.texts().ok()?;
            let numbers: Option<Vec<f64>> =
                texts.iter().map(|cell| cell.map_or(Some(f64::NAN), number)).collect();
            if numbers.is_some() {
                return numbers.filter(|_| !self.dates);
            }
            let cells: Vec<&str> = texts.iter().flatten().collect();
            let pattern: Pattern = match detect(&cells, MOST)? {
                Found::One(pattern) => pattern,
                // The order decides only where one of both is in order.
                Found::Ambiguous { .. } => return None,
            };
            self.format = Some(DateFormat::Pattern(pattern));
        } else {
            self.format = Some(DateFormat::Typed(key.array.data_type().clone()));
        }
        self.dates = true;
        self.understood(key)
    }

    /// If the day or the month may come first in all rows, and they are in order neither way, any
    /// reading shows it.
    fn settle(&mut self) {
        let (name, missing) = (self.key.clone(), MissingWords::default());
        for array in std::mem::take(&mut self.open) {
            let key = Column {
                input: "",
                name: &name,
                array: &array,
                first_row: 0,
                missing: &missing,
                format: None,
            };
            if self.format.is_none()
                && let Ok(texts) = key.texts()
                && let Some(Found::Ambiguous { day_first, .. }) =
                    detect(&texts.iter().flatten().collect::<Vec<_>>(), MOST)
            {
                self.format = Some(DateFormat::Pattern(day_first));
                self.dates = true;
            }
            let none = || vec![f64::NAN; array.len()];
            let read = self.format.is_some().then(|| self.understood(&key)).flatten();
            self.times.extend(read.unwrap_or_else(none));
        }
    }

    /// What the user should know of the order, one sentence each.
    pub fn notes(&mut self) -> Vec<String> {
        self.settle();
        let times: Vec<(usize, f64)> =
            self.times.iter().copied().enumerate().filter(|(_, time)| !time.is_nan()).collect();
        if !self.known || times.len() < 2 {
            return vec![];
        }
        let key = &self.key;
        let mut sorted: Vec<f64> = times.iter().map(|(_, time)| *time).collect();
        sorted.sort_by(f64::total_cmp);
        sorted.dedup();
        let each = times.len() as f64 / sorted.len() as f64;
        let back: Vec<usize> =
            times.windows(2).filter(|two| two[1].1 < two[0].1).map(|two| two[1].0).collect();
        let decreases = back
            .first()
            .map(|first| format!("'{key}' decreases at row {}{}", first + 1, more(back.len(), "time")));
        if each >= INTERLEAVED && sorted.len() > 1 {
            let decreases = decreases.map(|decreases| format!("{decreases}, and ")).unwrap_or_default();
            return vec![format!(
                "{decreases}each time of '{key}' occurs {each:.1} times on average: several series in one input \
                 (devices?) are interleaved, and windows mix them; give each series as an input of its own"
            )];
        }
        let mut notes = vec![];
        notes.extend(decreases.map(|decreases| {
            format!(
                "the rows of a time series must be in order of time, but {decreases}: sort the rows by it"
            )
        }));
        let twice = times.len() - sorted.len();
        if twice > 0 {
            let first = times.windows(2).find(|two| two[1].1 == two[0].1).map(|two| two[1].0 + 1);
            let at = first.map_or(String::new(), |row| format!(", first at row {row}"));
            notes.push(format!(
                "'{key}' repeats a time {twice} {}{at}: remove duplicate rows",
                plural(twice, "time")
            ));
        }
        if back.is_empty() {
            notes.extend(self.gaps(&times));
        }
        notes
    }

    /// Steps that are longer than usual.
    fn gaps(&self, times: &[(usize, f64)]) -> Option<String> {
        let steps = || times.windows(2).map(|two| two[1].1 - two[0].1).filter(|step| *step > 0.0);
        let mut sorted: Vec<f64> = steps().collect();
        sorted.sort_by(f64::total_cmp);
        let usual = *sorted.get(sorted.len() / 2)?;
        let longer = sorted.iter().filter(|step| **step > LONGER * usual).count();
        let longest = times.windows(2).max_by(|a, b| (a[1].1 - a[0].1).total_cmp(&(b[1].1 - b[0].1)))?;
        let length = |step: f64| if self.dates { duration(step) } else { step.to_string() };
        (longer > 0).then(|| {
            format!(
                "'{}' has {longer} {} longer than the usual {}, the longest {} before row {}: windows across {} are \
                 not even",
                self.key,
                plural(longer, "step"),
                length(usual),
                length(longest[1].1 - longest[0].1),
                longest[1].0 + 1,
                if longer == 1 { "it" } else { "them" }
            )
        })
    }
}

/// The times of texts, NaN where missing or unreadable; `None` if too many are.
fn times(texts: &StringArray, read: impl Fn(&str) -> Option<Moment>) -> Option<Vec<f64>> {
    let found: Vec<Option<f64>> = texts
        .iter()
        .map(|cell| {
            let moment = cell.and_then(|text| read(text).or_else(|| unambiguous(text)));
            moment.map(|moment| moment.seconds)
        })
        .collect();
    let given = texts.len() - texts.null_count();
    let known = found.iter().flatten().count();
    (known as f64 >= MOST * given as f64)
        .then(|| found.into_iter().map(|time| time.unwrap_or(f64::NAN)).collect())
}

/// Whether the day or the month of the dates may come first.
fn is_ambiguous(key: &Column) -> bool {
    let Ok(texts) = key.texts() else { return false };
    let cells: Vec<&str> = texts.iter().flatten().collect();
    matches!(detect(&cells, MOST), Some(Found::Ambiguous { .. }))
}

fn plural(count: usize, word: &str) -> String {
    if count == 1 { word.to_string() } else { format!("{word}s") }
}

fn more(count: usize, word: &str) -> String {
    if count == 1 { String::new() } else { format!(" ({count} {} in all)", plural(count, word)) }
}

/// Seconds in the largest unit that they fill.
fn duration(seconds: f64) -> String {
    let units = [(86_400.0, "d"), (3600.0, "h"), (60.0, "min"), (1.0, "s")];
    let (unit, name) = units.into_iter().find(|(unit, _)| seconds >= *unit).unwrap_or((1.0, "s"));
    let count = seconds / unit;
    if count.fract() == 0.0 { format!("{count} {name}") } else { format!("{count:.1} {name}") }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::Arc;

    use arrow_array::{Int64Array, TimestampSecondArray};

    use super::*;

    fn notes(parts: Vec<ArrayRef>) -> Vec<String> {
        let mut order = SeriesOrder::new("time");
        for part in parts {
            order.add(&RecordBatch::try_from_iter([("time", part)]).unwrap());
        }
        order.notes()
    }

    fn texts(cells: &[&str]) -> Vec<ArrayRef> {
        cells.chunks(3).map(|part| Arc::new(StringArray::from(part.to_vec())) as ArrayRef).collect()
    }

    #[test]
    fn times_are_compared_as_moments() {
        let clock = ["2024-10-27T02:30:00+0200", "2024-10-27T03:30:00+0200", "2024-10-27T03:30:00+0100"];
        assert_eq!(notes(texts(&clock)), Vec::<String>::new());
        assert_eq!(notes(texts(&["9.1.2024", "10.1.2024", "11.1.2024", "12.1.2024"])), Vec::<String>::new());
        assert_eq!(
            notes(texts(&["31/01/2024", "01/02/2024", "02/02/2024", "03/02/2024"])),
            Vec::<String>::new()
        );
        // A later batch says that the day comes first.
        let decided = ["01/02/2024", "02/02/2024", "03/02/2024", "13/02/2024", "12/02/2024"];
        assert!(notes(texts(&decided)).join("").contains("decreases at row 5"));
        assert!(notes(texts(&["", "", "", "2", "1"])).join("").contains("decreases at row 5"));
        // Either way.
        assert!(notes(texts(&["03/02/2024", "01/05/2024", "02/01/2024"])).join("").contains("decreases"));
        let odd = [&["bad"][..], &["2024-01-02"; 12], &["2024-01-01"]].concat();
        assert!(notes(vec![Arc::new(StringArray::from(odd))]).join("").contains("decreases at row 14"));
        assert_eq!(notes(texts(&["a", "c", "b"])), Vec::<String>::new(), "no times");
        let months = ["2024-01", "2024-02", "2024-03", "2024-04"];
        assert_eq!(notes(texts(&months)), Vec::<String>::new());
    }

    #[test]
    fn rows_out_of_order_gaps_duplicates_and_devices_are_noted() {
        let hour = |hours: &[i64]| {
            Arc::new(TimestampSecondArray::from_iter_values(hours.iter().map(|h| h * 3600))) as ArrayRef
        };
        let one = |parts: Vec<ArrayRef>| notes(parts).join("; ");
        assert_eq!(
            one(vec![hour(&[1, 2, 4]), hour(&[3, 5, 6])]),
            "the rows of a time series must be in order of time, but 'time' decreases at row 4: sort the rows by it"
        );
        assert!(one(vec![hour(&[3, 2, 1])]).contains("decreases at row 2 (2 times in all)"));
        assert_eq!(
            one(vec![hour(&[1, 2, 3, 9, 10])]),
            "'time' has 1 step longer than the usual 1 h, the longest 6 h before row 4: windows across it are not even"
        );
        assert_eq!(
            one(vec![hour(&[1, 2, 3]), hour(&[3, 4, 5])]),
            "'time' repeats a time 1 time, first at row 4: remove duplicate rows"
        );
        let devices = one(vec![hour(&[1, 1, 1, 2, 2, 2, 3, 3, 3])]);
        assert!(devices.starts_with("each time of 'time' occurs 3.0 times on average"), "{devices}");
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3, 7]));
        assert!(one(vec![numbers]).contains("longer than the usual 1, the longest 4 before row 4"));
    }
}
