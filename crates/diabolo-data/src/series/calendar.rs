//! The calendar of a key: the cycles that people live by.

use serde::{Deserialize, Serialize};

use super::key::{KeyTime, TimeKey};
use crate::datetime::year_part;

const DAY: f64 = 86_400.0;

/// A cycle of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cycle {
    /// From midnight to midnight.
    Day,
    /// From Monday to Sunday.
    Week,
    /// From January to December.
    Year,
}

impl Cycle {
    /// All, the shortest first.
    pub const ALL: [Cycle; 3] = [Cycle::Day, Cycle::Week, Cycle::Year];

    /// The place in it, in words.
    pub fn place(self) -> &'static str {
        match self {
            Cycle::Day => "time of day",
            Cycle::Week => "time of week",
            Cycle::Year => "time of year",
        }
    }

    fn days(self) -> f64 {
        match self {
            Cycle::Day => 1.0,
            Cycle::Week => 7.0,
            Cycle::Year => 365.25,
        }
    }
}

impl TimeKey {
    /// The number of steps in a cycle; `None` if it has not two, or the key is of plain numbers.
    pub fn steps_in(&self, cycle: Cycle) -> Option<f64> {
        self.format.as_ref()?;
        let steps = cycle.days() / self.stride.days();
        (steps > 1.9).then_some(steps)
    }

    /// Where the local time of a key of dates lies in a cycle, from 0 to 1.
    pub fn phase(&self, time: KeyTime, cycle: Cycle) -> f64 {
        let days = time.0.local() / DAY;
        match cycle {
            Cycle::Day => days.rem_euclid(1.0),
            // 1970 began on a Thursday.
            Cycle::Week => (days + 3.0).rem_euclid(7.0) / 7.0,
            Cycle::Year => year_part(days),
        }
    }

    /// The time of a step of a series with these times of steps: that of the last row before it,
    /// and the strides since.
    ///
    /// # Panics
    /// If there are no times.
    pub fn at(&self, times: &[(usize, KeyTime)], step: usize) -> KeyTime {
        let before = times.partition_point(|(other, _)| *other <= step).max(1) - 1;
        let (known, time) = times[before];
        self.after(time, step.saturating_sub(known))
    }
}
