//! Patterns of dates, as those of `strftime`.

use std::fmt::{self, Write as _};
use std::str::FromStr;

use crate::{Error, Result};

/// A pattern of `strftime`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(Vec<Part>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// A character as it is.
    Mark(char),
    /// `%Y`, four digits.
    Year,
    /// `%y`, from 1969 to 2068.
    ShortYear,
    /// `%m`; `%-m` without a leading zero.
    Month(Zeros),
    /// `%b`: Dec.
    MonthName,
    /// `%B`: December.
    LongMonthName,
    /// `%^b`: DEC.
    CapitalMonthName,
    /// `%^B`: DECEMBER.
    CapitalLongMonthName,
    /// `%d`, `%-d`.
    Day(Zeros),
    /// `%a`: Tue; not checked.
    Weekday,
    /// `%A`: Tuesday; not checked.
    LongWeekday,
    /// `%H`, `%-H`.
    Hour(Zeros),
    /// `%I`, `%-I`: from 1 to 12.
    HalfDayHour(Zeros),
    /// `%p`: PM.
    HalfDay,
    /// `%P`: pm.
    SmallHalfDay,
    /// `%M`
    Minute,
    /// `%S`
    Second,
    /// `%3f`, `%6f`, `%9f`: digits of the fraction of a second; `%f` has six.
    Fraction(usize),
    /// `%.f`: a point and as many digits as needed, or nothing.
    PointFraction,
    /// `%z`: +0200
    Offset,
    /// `%:z`: +02:00
    ColonOffset,
    /// `%Z`: CEST; an unknown name counts as UTC.
    Zone,
    /// `%s`: seconds since 1970.
    Epoch,
}

/// Whether numbers of one digit are written with a leading zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Zeros {
    Kept,
    Left,
}

impl Pattern {
    pub(super) fn parts(&self) -> &[Part] {
        &self.0
    }

    pub(super) fn of(parts: Vec<Part>) -> Pattern {
        Pattern(parts)
    }

    /// Whether its texts are numbers: 20241231, or seconds since 1970.
    pub(crate) fn is_number(&self) -> bool {
        let digits = |part: &Part| {
            matches!(
                part,
                Part::Year
                    | Part::Month(Zeros::Kept)
                    | Part::Day(Zeros::Kept)
                    | Part::Hour(Zeros::Kept)
                    | Part::Minute
                    | Part::Second
                    | Part::Fraction(_)
                    | Part::PointFraction
                    | Part::Epoch
            )
        };
        self.0.iter().all(digits)
    }

    /// Whether it says how far the clock is ahead of UTC.
    pub(crate) fn has_offset(&self) -> bool {
        self.0.iter().any(|part| matches!(part, Part::Offset | Part::ColonOffset | Part::Zone | Part::Epoch))
    }

    /// Whether a number of it may have a fraction.
    pub(super) fn has_point(&self) -> bool {
        self.0.contains(&Part::PointFraction)
    }
}

impl FromStr for Pattern {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = |found: &str| {
            let expected = "a date format such as %d.%m.%Y %H:%M (known: %Y %y %m %d %b %B %a %A %H %I %p %M %S %f \
                            %z %Z %s, %-d without a leading zero, %^b and %^B in capitals, %P for am and pm)";
            Error::invalid_value("--type", expected, format!("'{found}'"))
        };
        let (mut parts, mut rest) = (vec![], text);
        while let Some(first) = rest.chars().next() {
            if first != '%' {
                parts.push(Part::Mark(first));
                rest = &rest[first.len_utf8()..];
                continue;
            }
            let known = SIGNS.iter().find(|(sign, _)| rest.starts_with(sign));
            let (sign, found) = known.ok_or_else(|| wrong(text))?;
            parts.extend(*found);
            rest = &rest[sign.len()..];
        }
        let has = |wanted: fn(&Part) -> bool| parts.iter().any(wanted);
        let dated = has(|part| matches!(part, Part::Year | Part::ShortYear));
        if dated || has(|part| *part == Part::Epoch) { Ok(Pattern(parts)) } else { Err(wrong(text)) }
    }
}

/// The signs of a pattern and what they stand for; the first of several is the one written.
const SIGNS: [(&str, &[Part]); 34] = [
    ("%%", &[Part::Mark('%')]),
    ("%Y", &[Part::Year]),
    ("%y", &[Part::ShortYear]),
    ("%m", &[Part::Month(Zeros::Kept)]),
    ("%-m", &[Part::Month(Zeros::Left)]),
    ("%b", &[Part::MonthName]),
    ("%h", &[Part::MonthName]),
    ("%B", &[Part::LongMonthName]),
    ("%^b", &[Part::CapitalMonthName]),
    ("%^B", &[Part::CapitalLongMonthName]),
    ("%d", &[Part::Day(Zeros::Kept)]),
    ("%-d", &[Part::Day(Zeros::Left)]),
    ("%e", &[Part::Day(Zeros::Left)]),
    ("%a", &[Part::Weekday]),
    ("%A", &[Part::LongWeekday]),
    ("%H", &[Part::Hour(Zeros::Kept)]),
    ("%-H", &[Part::Hour(Zeros::Left)]),
    ("%I", &[Part::HalfDayHour(Zeros::Kept)]),
    ("%-I", &[Part::HalfDayHour(Zeros::Left)]),
    ("%p", &[Part::HalfDay]),
    ("%P", &[Part::SmallHalfDay]),
    ("%M", &[Part::Minute]),
    ("%S", &[Part::Second]),
    ("%.f", &[Part::PointFraction]),
    ("%3f", &[Part::Fraction(3)]),
    ("%6f", &[Part::Fraction(6)]),
    ("%9f", &[Part::Fraction(9)]),
    ("%f", &[Part::Fraction(6)]),
    ("%z", &[Part::Offset]),
    ("%:z", &[Part::ColonOffset]),
    ("%Z", &[Part::Zone]),
    ("%s", &[Part::Epoch]),
    ("%F", &[Part::Year, Part::Mark('-'), Part::Month(Zeros::Kept), Part::Mark('-'), Part::Day(Zeros::Kept)]),
    ("%T", &[Part::Hour(Zeros::Kept), Part::Mark(':'), Part::Minute, Part::Mark(':'), Part::Second]),
];

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|part| match part {
            Part::Mark(mark) if *mark != '%' => f.write_char(*mark),
            part => {
                let sign = SIGNS.iter().find(|(_, parts)| parts == &[*part]);
                f.write_str(sign.map_or("%f", |(sign, _)| sign))
            }
        })
    }
}
