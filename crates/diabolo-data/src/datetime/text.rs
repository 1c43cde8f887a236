//! Texts as moments by a pattern, and moments as texts.

use std::fmt::Write as _;

use diabolo_stats::elementary::double::powi;

use super::calendar::{DAY, Moment, date, days, is_date, weekday};
use super::pattern::{Part, Pattern, Zeros};

pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
pub(super) const WEEKDAYS: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
/// Zones whose abbreviation has one common meaning, in hours ahead of UTC.
const ZONES: [(&str, i32); 16] = [
    ("UTC", 0),
    ("GMT", 0),
    ("Z", 0),
    ("WET", 0),
    ("CET", 1),
    ("CEST", 2),
    ("EET", 2),
    ("EEST", 3),
    ("EST", -5),
    ("EDT", -4),
    ("CST", -6),
    ("CDT", -5),
    ("MST", -7),
    ("MDT", -6),
    ("PST", -8),
    ("PDT", -7),
];

/// Seconds to the end of the year 9999.
const MOST_SECONDS: f64 = 253_402_300_800.0;

/// The parts of a date that a text gives.
struct Read {
    year: i64,
    month: u32,
    day: u32,
    hour: u32,
    afternoon: Option<bool>,
    minute: u32,
    second: u32,
    fraction: f64,
    offset: i32,
    epoch: Option<f64>,
}

impl Pattern {
    /// The moment that `text` names. Leading zeros and fractions of a second may be there or not.
    pub(crate) fn read(&self, text: &str) -> Option<Moment> {
        let mut rest = text;
        let mut read = Read {
            year: 1970,
            month: 1,
            day: 1,
            hour: 0,
            afternoon: None,
            minute: 0,
            second: 0,
            fraction: 0.0,
            offset: 0,
            epoch: None,
        };
        let mut at = 0;
        while let Some(part) = self.parts().get(at) {
            at += 1;
            match (part, self.parts().get(at)) {
                // A fraction that is not written is zero.
                (Part::Mark('.' | ','), Some(Part::Fraction(_))) if !rest.starts_with(['.', ',']) => at += 1,
                (Part::Epoch, Some(Part::Fraction(digits))) => {
                    at += 1;
                    let units = whole(&mut rest)? as f64;
                    read.epoch = Some(units / powi(10.0, *digits as i32));
                }
                _ => read.part(*part, &mut rest)?,
            }
        }
        if rest.is_empty() { read.moment() } else { None }
    }

    /// The moment that a number names, if texts of the pattern [are numbers](Self::is_number).
    pub(crate) fn read_number(&self, x: f64) -> Option<Moment> {
        let digits = self.parts().iter().find_map(|part| match part {
            Part::Fraction(digits) => Some(*digits),
            _ => None,
        });
        match self.parts().first() {
            Some(Part::Epoch) => {
                let seconds = x / powi(10.0, digits.unwrap_or(0) as i32);
                (seconds.abs() < MOST_SECONDS).then_some(Moment { seconds, offset: 0 })
            }
            _ if x.fract() == 0.0 => self.read(&x.to_string()),
            _ => None,
        }
    }

    /// The text of a moment, by a clock that is `offset` seconds ahead of UTC.
    pub(crate) fn write(&self, seconds: f64, offset: i32) -> String {
        // The offset of a named zone is not known.
        let offset = if self.parts().contains(&Part::Zone) { 0 } else { offset };
        // The fraction is rounded first, so that it can carry.
        let digits = self.fraction_digits();
        let unit = 10i64.pow(digits as u32);
        let local = ((seconds + f64::from(offset)) * unit as f64).round() as i64;
        let (whole, fraction) = (local.div_euclid(unit), local.rem_euclid(unit));
        let (day_number, second) = (whole.div_euclid(DAY as i64), whole.rem_euclid(DAY as i64));
        let (year, month, day) = date(day_number);
        let (hour, half) = (second / 3600, if second / 3600 % 12 == 0 { 12 } else { second / 3600 % 12 });
        let mut out = String::new();
        let number = |out: &mut String, value: i64, zeros: Zeros| {
            let width = if zeros == Zeros::Kept { 2 } else { 1 };
            let _ = write!(out, "{value:0width$}");
        };
        for part in self.parts() {
            match *part {
                Part::Mark(mark) => out.push(mark),
                Part::Year => _ = write!(out, "{year:04}"),
                Part::ShortYear => number(&mut out, year.rem_euclid(100), Zeros::Kept),
                Part::Month(zeros) => number(&mut out, i64::from(month), zeros),
                Part::MonthName => out.push_str(&MONTHS[month as usize - 1][..3]),
                Part::LongMonthName => out.push_str(MONTHS[month as usize - 1]),
                Part::CapitalMonthName => out.push_str(&MONTHS[month as usize - 1][..3].to_uppercase()),
                Part::CapitalLongMonthName => out.push_str(&MONTHS[month as usize - 1].to_uppercase()),
                Part::Day(zeros) => number(&mut out, i64::from(day), zeros),
                Part::Weekday => out.push_str(&WEEKDAYS[weekday(day_number)][..3]),
                Part::LongWeekday => out.push_str(WEEKDAYS[weekday(day_number)]),
                Part::Hour(zeros) => number(&mut out, hour, zeros),
                Part::HalfDayHour(zeros) => number(&mut out, half, zeros),
                Part::HalfDay => out.push_str(if hour < 12 { "AM" } else { "PM" }),
                Part::SmallHalfDay => out.push_str(if hour < 12 { "am" } else { "pm" }),
                Part::Minute => number(&mut out, second / 60 % 60, Zeros::Kept),
                Part::Second => number(&mut out, second % 60, Zeros::Kept),
                Part::Fraction(width) => _ = write!(out, "{fraction:0width$}"),
                Part::PointFraction if fraction == 0 => {}
                Part::PointFraction => {
                    let text = format!("{fraction:0digits$}");
                    let _ = write!(out, ".{}", text.trim_end_matches('0'));
                }
                Part::Offset | Part::ColonOffset => {
                    let sign = if offset < 0 { '-' } else { '+' };
                    let colon = if *part == Part::ColonOffset { ":" } else { "" };
                    let minutes = offset.unsigned_abs() / 60;
                    let _ = write!(out, "{sign}{:02}{colon}{:02}", minutes / 60, minutes % 60);
                }
                Part::Zone => out.push_str("UTC"),
                Part::Epoch => _ = write!(out, "{}", whole - i64::from(offset)),
            }
        }
        out
    }

    /// The digits of the fraction of a second that the pattern can write.
    fn fraction_digits(&self) -> usize {
        let digits = self.parts().iter().map(|part| match part {
            Part::Fraction(digits) => *digits,
            Part::PointFraction => 6,
            _ => 0,
        });
        digits.max().unwrap_or(0)
    }
}

impl Read {
    /// Reads one part from the front of `rest`.
    fn part(&mut self, part: Part, rest: &mut &str) -> Option<()> {
        match part {
            Part::Mark(' ') => {
                let next = rest.trim_start();
                (next.len() < rest.len()).then(|| *rest = next)?;
            }
            Part::Mark(mark) => *rest = rest.strip_prefix(mark)?,
            Part::Year => self.year = digits(rest, 4, 4)?,
            Part::ShortYear => {
                let year = digits(rest, 2, 2)?;
                self.year = year + if year < 69 { 2000 } else { 1900 };
            }
            Part::Month(_) => self.month = digits(rest, 1, 2)? as u32,
            Part::Day(_) => self.day = digits(rest, 1, 2)? as u32,
            Part::MonthName | Part::LongMonthName | Part::CapitalMonthName | Part::CapitalLongMonthName => {
                self.month = named(rest, &MONTHS)? as u32 + 1
            }
            Part::Weekday | Part::LongWeekday => _ = named(rest, &WEEKDAYS)?,
            Part::Hour(_) => self.hour = digits(rest, 1, 2)? as u32,
            Part::HalfDayHour(_) => {
                self.hour = digits(rest, 1, 2)? as u32;
                (1..=12).contains(&self.hour).then_some(())?;
            }
            Part::HalfDay | Part::SmallHalfDay => {
                let half = rest.get(..2)?.to_ascii_lowercase();
                self.afternoon = Some(match half.as_str() {
                    "am" => false,
                    "pm" => true,
                    _ => return None,
                });
                *rest = &rest[2..];
            }
            Part::Minute => self.minute = digits(rest, 2, 2)? as u32,
            Part::Second => self.second = digits(rest, 2, 2)? as u32,
            Part::Fraction(_) => self.fraction = fraction(rest)?,
            Part::PointFraction => {
                if let Some(mut digits) = rest.strip_prefix('.') {
                    self.fraction = fraction(&mut digits)?;
                    *rest = digits;
                }
            }
            Part::Offset | Part::ColonOffset => self.offset = offset(rest)?,
            Part::Zone => {
                let end = rest.find(|c: char| !c.is_alphabetic() && !"/_".contains(c)).unwrap_or(rest.len());
                let (name, after) = rest.split_at(end);
                (!name.is_empty()).then_some(())?;
                let known = ZONES.iter().find(|(zone, _)| *zone == name);
                self.offset = known.map_or(0, |(_, hours)| hours * 3600);
                *rest = after;
            }
            Part::Epoch => self.epoch = Some(whole(rest)? as f64),
        }
        Some(())
    }

    fn moment(&self) -> Option<Moment> {
        if let Some(seconds) = self.epoch {
            return Some(Moment { seconds: seconds + self.fraction, offset: self.offset });
        }
        let hour = match self.afternoon {
            Some(afternoon) => self.hour % 12 + if afternoon { 12 } else { 0 },
            None => self.hour,
        };
        // A leap second is the first second of the next minute.
        let sound =
            is_date(self.year, self.month, self.day) && hour < 24 && self.minute < 60 && self.second <= 60;
        let second = i64::from(hour * 3600 + self.minute * 60 + self.second) - i64::from(self.offset);
        let whole = days(self.year, self.month, self.day) * DAY as i64 + second;
        sound.then_some(Moment { seconds: whole as f64 + self.fraction, offset: self.offset })
    }
}

/// Takes between `least` and `most` digits.
fn digits(rest: &mut &str, least: usize, most: usize) -> Option<i64> {
    let count = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
    (count >= least).then_some(())?;
    let (number, after) = rest.split_at(count);
    *rest = after;
    number.parse().ok()
}

/// Takes a whole number, which may be negative.
fn whole(rest: &mut &str) -> Option<i64> {
    let sign = usize::from(rest.starts_with('-'));
    let count = sign + rest.bytes().skip(sign).take_while(u8::is_ascii_digit).count();
    let (number, after) = rest.split_at(count);
    *rest = after;
    number.parse().ok()
}

/// Takes the digits of a fraction.
fn fraction(rest: &mut &str) -> Option<f64> {
    let count = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (number, after) = rest.split_at(count);
    *rest = after;
    (count > 0).then_some(())?;
    format!("0.{number}").parse().ok()
}

/// Takes `Z`, `+02`, `+0200` or `+02:00`.
fn offset(rest: &mut &str) -> Option<i32> {
    if let Some(after) = rest.strip_prefix(['Z', 'z']) {
        *rest = after;
        return Some(0);
    }
    let sign = match rest.chars().next()? {
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    *rest = &rest[1..];
    let hours = digits(rest, 2, 2)? as i32;
    let mut minutes = rest.strip_prefix(':').unwrap_or(rest);
    let found = digits(&mut minutes, 2, 2).map(|found| found as i32);
    if found.is_some() {
        *rest = minutes;
    }
    (hours < 24 && found.unwrap_or(0) < 60).then_some(sign * (hours * 3600 + found.unwrap_or(0) * 60))
}

/// The offset of a zone with a fixed one: `+02:00`, `UTC`.
pub(super) fn offset_of(zone: &str) -> Option<i32> {
    match zone {
        "UTC" | "GMT" | "Etc/UTC" | "Zulu" => Some(0),
        mut fixed => offset(&mut fixed).filter(|_| fixed.is_empty()),
    }
}

/// Takes one of the names, or its first three letters (or four: Sept), in any case.
pub(super) fn named(rest: &mut &str, names: &[&str]) -> Option<usize> {
    let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
    let (word, after) = rest.split_at(end);
    let word = word.to_ascii_lowercase();
    let is_one =
        |name: &&str| (3..=name.len()).contains(&word.len()) && name.to_ascii_lowercase().starts_with(&word);
    let found = names.iter().position(is_one)?;
    (word.len() <= 4 || word.len() == names[found].len()).then_some(())?;
    *rest = after;
    Some(found)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn seconds(pattern: &str, text: &str) -> Option<f64> {
        pattern.parse::<Pattern>().unwrap().read(text).map(|moment| moment.seconds)
    }

    /// Seconds from pandas.
    #[test]
    fn texts_are_the_moments_that_pandas_reads() {
        let cases = [
            ("%d.%m.%Y", "31.12.2024", 1_735_603_200.0),
            ("%m/%d/%Y %I:%M %p", "12/31/2024 11:59 PM", 1_735_689_540.0),
            ("%d-%b-%Y", "31-Dec-2024", 1_735_603_200.0),
            ("%d-%^b-%Y", "31-DEC-2024", 1_735_603_200.0),
            ("%^B %d, %Y %I:%M %P", "DECEMBER 31, 2024 11:59 pm", 1_735_689_540.0),
            ("%Y-%m-%dT%H:%M:%S%.f%:z", "2024-12-31T23:59:58.250+02:00", 1_735_682_398.25),
            ("%a, %d %b %Y %H:%M:%S GMT", "Tue, 31 Dec 2024 23:59:59 GMT", 1_735_689_599.0),
            ("%d/%b/%Y:%H:%M:%S %z", "31/Dec/2024:23:59:59 +0100", 1_735_685_999.0),
            ("%Y-%m-%d %H:%M:%S", "1969-12-31 23:59:59", -1.0),
            ("%Y%m%dT%H%M%SZ", "20241231T235959Z", 1_735_689_599.0),
            ("%s%3f", "1735689599250", 1_735_689_599.25),
        ];
        for (pattern, text, expected) in cases {
            assert_eq!(seconds(pattern, text), Some(expected), "{text}");
            let pattern: Pattern = pattern.parse().unwrap();
            let moment = pattern.read(text).unwrap();
            assert_eq!(pattern.write(moment.seconds, moment.offset).replace(".25+", ".250+"), text);
            assert_eq!(pattern.to_string().parse::<Pattern>().unwrap(), pattern);
        }
        assert_eq!(seconds("%-d/%-m/%y", "1/2/69"), seconds("%d/%m/%Y", "01/02/1969"));
        assert_eq!(seconds("%Y-%m-%d %H:%M:%S.%f", "2024-01-01 00:00:00"), seconds("%F", "2024-01-01"));
        assert_eq!(seconds("%d/%m/%Y %I%p", "01/01/2024 12AM"), seconds("%F", "2024-01-01"));
    }

    #[test]
    fn texts_that_are_no_such_dates_are_not_read() {
        let wrong = [
            ("%Y-%m-%d", "2023-02-29"),
            ("%Y-%m-%d", "2023-01-01 "),
            ("%Y-%m-%d", "23-01-01"),
            ("%H:%M %Y", "24:00 2024"),
            ("%I:%M %p %Y", "13:00 PM 2024"),
            ("%b %Y", "Mai 2024"),
            ("%Y %:z", "2024 +25:00"),
            ("%s", ""),
        ];
        for (pattern, text) in wrong {
            assert_eq!(seconds(pattern, text), None, "{pattern} {text}");
        }
        for pattern in ["%q", "%Y%", "%H:%M", "plain"] {
            let message = pattern.parse::<Pattern>().unwrap_err().to_string();
            assert!(message.contains("%d.%m.%Y") && message.contains(pattern), "{message}");
        }
    }

    #[test]
    fn a_rounded_fraction_carries() {
        let pattern: Pattern = "%F %T.%3f".parse().unwrap();
        assert_eq!(pattern.write(86_399.999_6, 0), "1970-01-02 00:00:00.000");
        assert_eq!("%T%.f %Y".parse::<Pattern>().unwrap().write(-0.5, 3600), "00:59:59.5 1970");
    }
}
