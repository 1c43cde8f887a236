//! The stride of a time series: from one time to the next.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::calendar::{DAY, Moment, date, days, weekday};
use crate::{Error, Result};

/// A stride that is off by more than this share of itself is irregular.
const OFF: f64 = 0.1;
/// So many days are a month, at the least.
const SHORTEST_MONTH: f64 = 27.0;

/// The time from one step of a series to the next.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "unit", rename_all = "snake_case", deny_unknown_fields)]
pub enum Stride {
    /// An amount: seconds between moments (so that a change of the clock is no gap), or the
    /// difference of plain numbers.
    Even {
        /// The amount.
        amount: f64,
    },
    /// Days by the local clock, which may have 23 to 25 hours.
    Days {
        /// How many.
        count: u32,
    },
    /// Monday to Friday, by the local clock.
    Weekdays,
    /// Calendar months by the local clock.
    Months {
        /// How many; 12 for years.
        count: u32,
        /// The day of the month; the last one in a shorter month.
        day: u32,
    },
}

impl Stride {
    /// The usual stride of series of moments in order; `None` if no time differs from another.
    pub(crate) fn of_dates(series: &[Vec<Moment>]) -> Option<Stride> {
        let all = || series.iter().flatten();
        let clock = |moment: &Moment| moment.local().rem_euclid(DAY);
        let amount = median(series, |moment| moment.seconds)?;
        let local = median(series, |moment| moment.local())?;
        let first = all().next()?;
        if !all().all(|moment| clock(moment) == clock(first)) || local < DAY {
            return Some(Stride::Even { amount });
        }
        let day = |moment: &Moment| (moment.local() / DAY).floor() as i64;
        if local >= SHORTEST_MONTH * DAY {
            let anchor = all().map(|moment| date(day(moment)).2).max()?;
            let anchored = |moment: &Moment| {
                let (year, month, found) = date(day(moment));
                found == anchor.min(last_day(year, month))
            };
            if all().all(anchored) {
                let number = |moment: &Moment| month_number(day(moment)) as f64;
                let count = median(series, number)?.round().max(1.0) as u32;
                return Some(Stride::Months { count, day: anchor });
            }
        }
        let count = (local / DAY).round().max(1.0) as u32;
        let working = |moment: &Moment| weekday(day(moment)) < 5;
        let long = series.iter().any(|moments| moments.len() > 7);
        Some(match count {
            1 if long && all().all(working) => Stride::Weekdays,
            _ => Stride::Days { count },
        })
    }

    /// The usual stride of series of numbers in order.
    pub(crate) fn of_numbers(series: &[Vec<Moment>]) -> Option<Stride> {
        Some(Stride::Even { amount: median(series, |moment| moment.seconds)? })
    }

    /// The stride that a text such as "15min" or "1 month" names; of plain numbers, a number.
    pub(crate) fn given(text: &str, of_dates: bool) -> Result<Stride> {
        let expected = match of_dates {
            true => {
                "a number and s, min, h, d, week, month or year, such as 15min; less than a day \
                     must divide the day, more must be whole days"
            }
            false => "a number above 0: the key has plain numbers",
        };
        let wrong = || Error::invalid_value("--step", expected, format!("'{text}'"));
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (count, unit) = text.split_at(end);
        let count = if count.is_empty() { Some(1.0) } else { count.parse::<f64>().ok() };
        let count = count.filter(|count| *count > 0.0 && *count < 1e6).ok_or_else(wrong)?;
        let amount = match unit.trim() {
            "" if !of_dates => return Ok(Stride::Even { amount: count }),
            _ if !of_dates => return Err(wrong()),
            unit @ ("month" | "months" | "year" | "years") if count.fract() == 0.0 => {
                let months = if unit.starts_with('y') { 12 } else { 1 };
                return Ok(Stride::Months { count: months * count as u32, day: 1 });
            }
            "s" | "second" | "seconds" => count,
            "min" | "minute" | "minutes" => count * 60.0,
            "h" | "hour" | "hours" => count * 3600.0,
            "d" | "day" | "days" => count * DAY,
            "week" | "weeks" => count * 7.0 * DAY,
            _ => return Err(wrong()),
        };
        match amount {
            _ if amount >= DAY && amount % DAY == 0.0 => Ok(Stride::Days { count: (amount / DAY) as u32 }),
            _ if ((DAY / amount).round() * amount - DAY).abs() < 1e-6 => Ok(Stride::Even { amount }),
            _ => Err(wrong()),
        }
    }

    /// The number of strides between the [begins](Self::begin) of two steps: of several hours by
    /// the local clock, whose days have 23 to 25 hours.
    pub(crate) fn between_begins(self, earlier: Moment, later: Moment) -> f64 {
        const HOUR: f64 = 3600.0;
        match self {
            Stride::Even { amount } if amount > HOUR => (later.local() - earlier.local()) / amount,
            other => other.between(earlier, later),
        }
    }

    /// When the step that holds a moment begins, by the local clock: several days from a Monday,
    /// several months from a January, parts of a day from midnight; of numbers, at a multiple.
    pub(crate) fn begin(self, moment: Moment) -> Moment {
        const MONDAY: i64 = 4;
        let day = (moment.local() / DAY).floor() as i64;
        let floor = |number: i64, count: u32| number.div_euclid(i64::from(count)) * i64::from(count);
        let local = match self {
            // Sums of 0.1 have other bits than its multiples.
            Stride::Even { amount } => (moment.local() / amount + 1e-9).floor() * amount,
            Stride::Days { count } => (MONDAY + floor(day - MONDAY, count)) as f64 * DAY,
            Stride::Weekdays => day as f64 * DAY,
            Stride::Months { count, .. } => {
                let first = floor(month_number(day), count);
                days(first.div_euclid(12), first.rem_euclid(12) as u32 + 1, 1) as f64 * DAY
            }
        };
        Moment { seconds: local - f64::from(moment.offset), ..moment }
    }

    /// The number of strides from one moment to a later one, which need not be whole.
    pub(crate) fn between(self, earlier: Moment, later: Moment) -> f64 {
        let local = |moment: Moment| moment.local() / DAY;
        match self {
            Stride::Even { amount } => (later.seconds - earlier.seconds) / amount,
            Stride::Days { count } => (local(later) - local(earlier)) / f64::from(count),
            Stride::Weekdays => weekdays(local(later)) - weekdays(local(earlier)),
            Stride::Months { count, .. } => {
                let number = |moment: Moment| month_number(local(moment).floor() as i64) as f64;
                (number(later) - number(earlier)) / f64::from(count)
            }
        }
    }

    /// The moment so many strides after another one; the clock stays as far ahead of UTC.
    pub(crate) fn after(self, moment: Moment, strides: usize) -> Moment {
        let (day, clock) = ((moment.local() / DAY).floor(), moment.local().rem_euclid(DAY));
        let at = |day: f64| day * DAY + clock - f64::from(moment.offset);
        let seconds = match self {
            Stride::Even { amount } => moment.seconds + amount * strides as f64,
            Stride::Days { count } => at(day + f64::from(count) * strides as f64),
            Stride::Weekdays => {
                let (week, of_week) = (strides / 5, strides % 5);
                let mut last = day as i64 + 7 * week as i64;
                for _ in 0..of_week {
                    last += 1;
                    while weekday(last) > 4 {
                        last += 1;
                    }
                }
                at(last as f64)
            }
            Stride::Months { count, day: anchor } => {
                let number = month_number(day as i64) + i64::from(count) * strides as i64;
                let (year, month) = (number.div_euclid(12), number.rem_euclid(12) as u32 + 1);
                at(days(year, month, anchor.min(last_day(year, month))) as f64)
            }
        };
        Moment { seconds, ..moment }
    }

    /// Whether a number of strides is far from a whole one.
    pub(crate) fn is_off(strides: f64) -> bool {
        (strides - strides.round()).abs() > OFF
    }

    /// Its length in days, of a stride of dates; of months, the usual one.
    pub(crate) fn days(self) -> f64 {
        match self {
            Stride::Even { amount } => amount / DAY,
            Stride::Days { count } => f64::from(count),
            Stride::Weekdays => 1.4,
            Stride::Months { count, .. } => f64::from(count) * 365.25 / 12.0,
        }
    }

    /// Seasons that the calendar suggests, in strides, longest first: of a day, a week, a year.
    pub fn seasons(self, of_dates: bool) -> Vec<usize> {
        let day = match self {
            _ if !of_dates => return vec![],
            Stride::Even { amount } => DAY / amount,
            Stride::Days { count } => 1.0 / f64::from(count),
            Stride::Weekdays => return vec![5],
            Stride::Months { count, .. } if count < 12 && 12 % count == 0 => {
                return vec![12 / count as usize];
            }
            Stride::Months { .. } => return vec![],
        };
        let whole = |days: f64| (days * day).round();
        let found = [7.0, 1.0].map(whole).into_iter().filter(|season| *season >= 2.0);
        let mut found: Vec<usize> =
            found.filter(|season| *season < 1e6).map(|season| season as usize).collect();
        if (0.1..=1.0).contains(&day) {
            found.insert(0, whole(365.25) as usize);
        }
        found
    }

    /// In words, such as "1 h", of dates or of plain numbers.
    pub fn describe(self, of_dates: bool) -> String {
        match self {
            Stride::Even { amount } if !of_dates => amount.to_string(),
            other => other.to_string(),
        }
    }
}

impl fmt::Display for Stride {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, unit) = match *self {
            Stride::Even { amount } => {
                let units = [(DAY, "d"), (3600.0, "h"), (60.0, "min"), (1.0, "s")];
                let (unit, name) = units.into_iter().find(|(unit, _)| amount >= *unit).unwrap_or((1.0, "s"));
                (amount / unit, name)
            }
            Stride::Days { count } if count % 7 == 0 => (f64::from(count / 7), "week"),
            Stride::Days { count } => (f64::from(count), "d"),
            Stride::Weekdays => return f.write_str("1 working day"),
            Stride::Months { count, .. } if count % 12 == 0 => (f64::from(count / 12), "year"),
            Stride::Months { count, .. } => (f64::from(count), "month"),
        };
        let plural = if count != 1.0 && unit.len() > 3 { "s" } else { "" };
        write!(f, "{} {unit}{plural}", (count * 1000.0).round() / 1000.0)
    }
}

/// The median of the positive differences within the series.
fn median(series: &[Vec<Moment>], value: impl Fn(&Moment) -> f64) -> Option<f64> {
    let steps = |moments: &Vec<Moment>| -> Vec<f64> {
        moments.windows(2).map(|two| value(&two[1]) - value(&two[0])).filter(|step| *step > 0.0).collect()
    };
    let mut steps: Vec<f64> = series.iter().flat_map(steps).collect();
    steps.sort_by(f64::total_cmp);
    steps.get(steps.len() / 2).copied()
}

/// Months since the year 0.
fn month_number(day: i64) -> i64 {
    let (year, month, _) = date(day);
    year * 12 + i64::from(month) - 1
}

fn last_day(year: i64, month: u32) -> u32 {
    let (next_year, next) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    (days(next_year, next, 1) - days(year, month, 1)) as u32
}

/// Working days since a Monday, with the fraction of the day.
fn weekdays(day: f64) -> f64 {
    let whole = day.floor() as i64;
    let week = (whole - weekday(whole) as i64).div_euclid(7);
    (5 * week) as f64 + (weekday(whole).min(5)) as f64 + (day - day.floor())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::datetime::Pattern;

    fn moments(pattern: &str, texts: &[&str]) -> Vec<Moment> {
        let pattern: Pattern = pattern.parse().unwrap();
        texts.iter().map(|text| pattern.read(text).unwrap()).collect()
    }

    /// The stride of the dates, in words, and the two dates after the last.
    fn continued(pattern: &str, texts: &[&str]) -> (String, [String; 2]) {
        let read = moments(pattern, texts);
        let stride = Stride::of_dates(std::slice::from_ref(&read)).unwrap();
        let write = |strides| {
            let next = stride.after(*read.last().unwrap(), strides);
            pattern.parse::<Pattern>().unwrap().write(next.seconds, next.offset)
        };
        (stride.to_string(), [1, 2].map(write))
    }

    #[test]
    fn months_continue_by_the_calendar() {
        let (stride, next) = continued("%F", &["2023-11-30", "2023-12-31", "2024-01-31"]);
        assert_eq!((stride.as_str(), next), ("1 month", ["2024-02-29", "2024-03-31"].map(String::from)));
        let (stride, next) = continued("%Y-%m", &["1960-10", "1960-11", "1960-12"]);
        assert_eq!((stride.as_str(), next), ("1 month", ["1961-01", "1961-02"].map(String::from)));
        let (stride, next) = continued("%F", &["2023-04-01", "2023-07-01", "2023-10-01"]);
        assert_eq!((stride.as_str(), next), ("3 months", ["2024-01-01", "2024-04-01"].map(String::from)));
        let (stride, next) = continued("%F", &["2020-02-29", "2021-02-28", "2022-02-28", "2023-02-28"]);
        assert_eq!((stride.as_str(), next), ("1 year", ["2024-02-29", "2025-02-28"].map(String::from)));
        // Every 30 days is no month.
        assert_eq!(continued("%F", &["2024-01-01", "2024-01-31", "2024-03-01"]).0, "30 d");
    }

    #[test]
    fn given_strides_begin_at_round_times() {
        let begin = |step: &str, text: &str| {
            let found = Stride::given(step, true).unwrap().begin(moments("%F %H:%M%:z", &[text])[0]);
            "%F %H:%M".parse::<Pattern>().unwrap().write(found.local(), 0)
        };
        let time = "2024-11-07 10:37+01:00";
        let cases = [
            ("15min", "2024-11-07 10:30"),
            ("h", "2024-11-07 10:00"),
            ("2 hours", "2024-11-07 10:00"),
            ("1d", "2024-11-07 00:00"),
            ("1 week", "2024-11-04 00:00"),
            ("3 months", "2024-10-01 00:00"),
            ("1 year", "2024-01-01 00:00"),
        ];
        for (step, expected) in cases {
            assert_eq!(begin(step, time), expected, "{step}");
        }
        assert_eq!(begin("1 week", "1969-12-31 23:59+00:00"), "1969-12-29 00:00");
        assert_eq!(Stride::given("0.1s", true).unwrap(), Stride::Even { amount: 0.1 });
        for wrong in ["", "0h", "7h", "1.5d", "2.5 months", "1 fortnight", "h1", "-1h"] {
            assert!(Stride::given(wrong, true).is_err(), "{wrong}");
        }
        let tenth = Stride::given("0.1", false).unwrap();
        let begins = [0.3, 0.34, 0.39].map(|seconds| tenth.begin(Moment { seconds, offset: 0 }).seconds);
        assert!(begins.iter().all(|begin| (begin - 0.3).abs() < 1e-12), "{begins:?}");
        assert!(Stride::given("1h", false).is_err() && Stride::given("7", true).is_err());
    }

    #[test]
    fn days_are_days_of_the_local_clock_and_hours_are_hours() {
        // The clock goes forward on 31 March, and the day has 23 hours.
        let days = ["2024-03-29T00:00+01:00", "2024-03-30T00:00+01:00", "2024-03-31T00:00+01:00"];
        let pattern = "%FT%H:%M%:z";
        let (stride, _) = continued(pattern, &[days[0], days[1], days[2], "2024-04-01T00:00+02:00"]);
        assert_eq!(stride, "1 d");
        let hours = moments(pattern, &["2024-03-31T01:00+01:00", "2024-03-31T03:00+02:00"]);
        let hour = Stride::Even { amount: 3600.0 };
        assert_eq!(hour.between(hours[0], hours[1]), 1.0, "no gap when the clock goes forward");
        let back = moments(pattern, &["2024-10-27T02:00+02:00", "2024-10-27T02:00+01:00"]);
        assert_eq!(hour.between(back[0], back[1]), 1.0, "no repetition when it goes back");
        let day = Stride::Days { count: 1 };
        let across = moments(pattern, &[days[2], "2024-04-01T00:00+02:00"]);
        assert_eq!(day.between(across[0], across[1]), 1.0);
    }

    #[test]
    fn weekends_are_no_gaps_of_working_days() {
        let texts = ["2024-03-01", "2024-03-04", "2024-03-05", "2024-03-06", "2024-03-07", "2024-03-08"];
        let more = ["2024-03-11", "2024-03-12", "2024-03-14"];
        let (stride, next) = continued("%F", &[&texts[..], &more[..]].concat());
        assert_eq!(
            (stride.as_str(), next),
            ("1 working day", ["2024-03-15", "2024-03-18"].map(String::from))
        );
        let dates = moments("%F", &["2024-03-01", "2024-03-04", "2024-03-12", "2024-03-14"]);
        let between = |from: usize| Stride::Weekdays.between(dates[from], dates[from + 1]);
        assert_eq!([0, 1, 2].map(between), [1.0, 6.0, 2.0]);
        assert_eq!(continued("%F", &texts).0, "1 d", "too few to know");
        let after = Stride::Weekdays.after(dates[0], 11);
        assert_eq!(date((after.local() / DAY) as i64), (2024, 3, 18));
    }

    #[test]
    fn the_calendar_suggests_seasons() {
        let seasons = |stride: Stride| stride.seasons(true);
        assert_eq!(seasons(Stride::Even { amount: 3600.0 }), [168, 24]);
        assert_eq!(seasons(Stride::Even { amount: 1800.0 }), [336, 48]);
        assert_eq!(seasons(Stride::Days { count: 1 }), [365, 7]);
        assert_eq!(seasons(Stride::Days { count: 7 }), [52]);
        assert_eq!(seasons(Stride::Months { count: 3, day: 1 }), [4]);
        assert_eq!(seasons(Stride::Months { count: 12, day: 1 }), [0; 0]);
        assert_eq!(Stride::Even { amount: 1.0 }.seasons(false), [0; 0]);
    }
}
