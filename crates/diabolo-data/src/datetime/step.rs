//! The step of a column of dates, and the positions in the cycles of the calendar that it leaves
//! open.

use std::f64::consts::TAU;
use std::fmt;
use std::str::FromStr;

use diabolo_stats::elementary::double::sin_cos;
use serde::{Deserialize, Serialize};

use super::calendar::{DAY, Moment, date, days, weekday};
use crate::{Error, Result};

/// The largest unit of which every date of a column is a multiple, by the local clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Step {
    /// The first days of every so many months.
    Months(u32),
    /// Days at midnight.
    Day,
    /// So many seconds, a divisor of a day.
    Seconds(u32),
    /// So many microseconds, a divisor of a second.
    Microseconds(u32),
}

/// Steps shorter than a day, in seconds.
const SECONDS: [u32; 18] =
    [43_200, 28_800, 21_600, 14_400, 10_800, 7200, 3600, 1800, 1200, 900, 600, 300, 120, 60, 30, 15, 10, 5];

impl Step {
    /// The step of these moments.
    pub(super) fn of(moments: impl Iterator<Item = Moment> + Clone) -> Step {
        let local = || moments.clone().map(Moment::local).filter(|local| !local.is_nan());
        let multiples = |unit: f64| local().all(|local| local.rem_euclid(unit) == 0.0);
        if multiples(DAY) {
            let dates = || local().map(|local| date((local / DAY) as i64));
            let every =
                |months: i64| dates().all(|(y, m, d)| d == 1 && (y * 12 + i64::from(m) - 1) % months == 0);
            return [12, 3, 1]
                .into_iter()
                .find(|months| every(*months))
                .map_or(Step::Day, |m| Step::Months(m as u32));
        }
        if multiples(1.0) {
            return Step::Seconds(SECONDS.into_iter().find(|unit| multiples(f64::from(*unit))).unwrap_or(1));
        }
        let milliseconds = local().all(|local| ((local * 1e3).round() / 1e3 - local).abs() < 1e-6);
        Step::Microseconds(if milliseconds { 1000 } else { 1 })
    }

    /// The nearest date of this step, in seconds of the local clock.
    pub(crate) fn round(self, local: f64) -> f64 {
        let near = |unit: f64| (local / unit).round() * unit;
        match self {
            Step::Months(months) => {
                let (year, month, _) = date((local / DAY).floor() as i64);
                let months = i64::from(months);
                let first = |number: i64| {
                    days(number.div_euclid(12), number.rem_euclid(12) as u32 + 1, 1) as f64 * DAY
                };
                let before = (year * 12 + i64::from(month) - 1).div_euclid(months) * months;
                let (before, after) = (first(before), first(before + months));
                if local - before <= after - local { before } else { after }
            }
            Step::Day => near(DAY),
            Step::Seconds(unit) => near(f64::from(unit)),
            Step::Microseconds(unit) => {
                let units = 1e6 / f64::from(unit);
                (local * units).round() / units
            }
        }
    }

    /// Number of cycles of the calendar in which dates of this step have different positions.
    pub(crate) fn cycles(self) -> usize {
        match self {
            Step::Months(12) => 0,
            Step::Months(_) => 1,
            Step::Day => 2,
            Step::Seconds(_) | Step::Microseconds(_) => 3,
        }
    }

    /// Number of [positions](Self::positions).
    pub(crate) fn position_count(self) -> usize {
        2 * self.cycles()
    }

    /// Sine and cosine of the positions in the year, the week and the day.
    pub(crate) fn positions(self, moment: Moment) -> impl Iterator<Item = f32> {
        let local = moment.local();
        let number = (local / DAY).floor();
        let (_, month, day) = date(number as i64);
        let month = f64::from(month - 1) + f64::from(day - 1) / 31.0;
        let positions = [month / 12.0, weekday(number as i64) as f64 / 7.0, local.rem_euclid(DAY) / DAY];
        positions.into_iter().take(self.cycles()).flat_map(|share| {
            let (sine, cosine) = sin_cos(TAU * share);
            [sine as f32, cosine as f32]
        })
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, unit) = match *self {
            Step::Months(months) if months % 12 == 0 => (months / 12, "year"),
            Step::Months(months) => (months, "month"),
            Step::Day => (1, "day"),
            Step::Seconds(seconds) if seconds % 3600 == 0 => (seconds / 3600, "hour"),
            Step::Seconds(seconds) if seconds % 60 == 0 => (seconds / 60, "minute"),
            Step::Seconds(seconds) => (seconds, "second"),
            Step::Microseconds(units) if units % 1000 == 0 => (units / 1000, "millisecond"),
            Step::Microseconds(units) => (units, "microsecond"),
        };
        if count == 1 { f.write_str(unit) } else { write!(f, "{count} {unit}s") }
    }
}

impl FromStr for Step {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (count, unit) = text.split_once(' ').unwrap_or(("1", text));
        let count = count.parse::<u32>().ok().filter(|count| (1..=1_000_000).contains(count));
        let step = match (count, unit.strip_suffix('s').unwrap_or(unit)) {
            (Some(count), "year") => Step::Months(12 * count),
            (Some(count), "month") => Step::Months(count),
            (Some(1), "day") => Step::Day,
            (Some(count), "hour") => Step::Seconds(3600 * count),
            (Some(count), "minute") => Step::Seconds(60 * count),
            (Some(count), "second") => Step::Seconds(count),
            (Some(count), "millisecond") => Step::Microseconds(1000 * count),
            (Some(count), "microsecond") => Step::Microseconds(count),
            _ => return Err(Error::invalid_value("step", "a number and a unit such as 15 minutes", text)),
        };
        Ok(step)
    }
}

impl From<Step> for String {
    fn from(step: Step) -> String {
        step.to_string()
    }
}

impl TryFrom<String> for Step {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::Pattern;
    use super::*;

    fn moments(cells: &[&str]) -> Vec<Moment> {
        let pattern: Pattern = "%Y-%m-%d %H:%M:%S%.f%:z".parse().unwrap();
        let whole = |cell: &&str| format!("{cell}{}", &"2024-01-01 00:00:00+00:00"[cell.len()..]);
        cells.iter().map(whole).map(|cell| pattern.read(&cell).unwrap()).collect()
    }

    #[test]
    fn the_step_is_the_largest_unit_of_all_dates() {
        let cases: [(&[&str], &str); 8] = [
            (&["2024", "1999"], "year"),
            (&["2024-04-01", "2024-10-01"], "3 months"),
            (&["2024-04-01", "2024-05-01"], "month"),
            (&["2024-04-01", "2024-05-02"], "day"),
            (&["2024-04-01 13", "2024-05-02 00"], "hour"),
            (&["2024-04-01 13:30", "2024-05-02 14:00"], "30 minutes"),
            (&["2024-04-01 13:30", "2024-05-02 14:01"], "minute"),
            (&["2024-04-01 13:30:07", "2024-05-02 14:01:05"], "second"),
        ];
        for (cells, expected) in cases {
            let step = Step::of(moments(cells).iter().copied());
            assert_eq!(step.to_string(), expected, "{cells:?}");
            assert_eq!(expected.parse::<Step>().unwrap(), step);
            moments(cells)
                .iter()
                .for_each(|moment| assert_eq!(step.round(moment.local() + 1e-3), moment.local()));
        }
        let local = moments(&["2024-02-16"])[0].local();
        assert_eq!(Step::Months(1).round(local), moments(&["2024-03-01"])[0].local());
        assert_eq!(Step::Months(12).round(local), moments(&["2024-01-01"])[0].local());
    }

    #[test]
    fn positions_by_hand() {
        // A Monday in January at 6 o'clock.
        let moment = moments(&["2024-01-01 06:00:00+00:00"])[0];
        let found: Vec<f32> = Step::Seconds(3600).positions(moment).collect();
        let near = |expected: &[f32]| found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6);
        assert!(found.len() == 6 && near(&[0.0, 1.0, 0.0, 1.0, 1.0, 0.0]), "{found:?}");
        assert_eq!([Step::Months(12), Step::Months(1), Step::Day].map(Step::position_count), [0, 2, 4]);
    }
}
