//! The proleptic Gregorian calendar.

/// A point in time, and the clock of its place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Moment {
    /// Seconds since 1970-01-01T00:00:00 UTC; NaN where missing.
    pub seconds: f64,
    /// Seconds by which local time is ahead of UTC.
    pub offset: i32,
}

impl Moment {
    pub const MISSING: Moment = Moment { seconds: f64::NAN, offset: 0 };

    /// The local time, in seconds since 1970-01-01T00:00:00 of the same clock.
    pub fn local(self) -> f64 {
        self.seconds + f64::from(self.offset)
    }
}

pub(super) const DAY: f64 = 86_400.0;

/// Days from 1970-01-01 to this date (H. Hinnant, "chrono-compatible low-level date algorithms").
pub(super) fn days(year: i64, month: u32, day: u32) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((i64::from(month) + 9) % 12) + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The year, month and day of the date this many days from 1970-01-01.
pub(super) fn date(days: i64) -> (i64, u32, u32) {
    // Far beyond what any type of date holds; a damaged file may say more.
    const MOST: i64 = 1_000_000_000_000;
    let shifted = days.clamp(-MOST, MOST) + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month as u32, day as u32)
}

/// Whether there is such a day.
pub(super) fn is_date(year: i64, month: u32, day: u32) -> bool {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u32::from(leap),
        _ => 0,
    };
    (1..=last).contains(&day)
}

/// Where a day, counted from 1970, lies in its year, from 0 to 1; months are equally long.
pub(crate) fn year_part(day: f64) -> f64 {
    let whole = day.floor() as i64;
    let (year, month, _) = date(whole);
    let (next_year, next) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    let first = days(year, month, 1);
    let part = (day - first as f64) / (days(next_year, next, 1) - first) as f64;
    (f64::from(month) - 1.0 + part) / 12.0
}

/// The day of the week, 0 for Monday.
pub(super) fn weekday(days: i64) -> usize {
    (days + 3).rem_euclid(7) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values from Python's `datetime`.
    #[test]
    fn dates_and_days_agree_with_an_independent_calendar() {
        let known = [
            ((1970, 1, 1), 0),
            ((2000, 2, 29), 11_016),
            ((1900, 3, 1), -25_508),
            ((2024, 12, 31), 20_088),
            ((1, 1, 1), -719_162),
            ((9999, 12, 31), 2_932_896),
        ];
        for ((year, month, day), number) in known {
            assert_eq!(days(year, month, day), number);
            assert_eq!(date(number), (year, month, day));
        }
        assert_eq!((weekday(0), weekday(20_088), weekday(-1)), (3, 1, 2));
        for number in -800_000..800_000 {
            let (year, month, day) = date(number);
            assert!(is_date(year, month, day) && days(year, month, day) == number, "{number}");
        }
        assert!(!is_date(2023, 2, 29) && !is_date(1900, 2, 29) && !is_date(2024, 13, 1));
    }
}
