//! How columns write dates.

use std::fmt;
use std::str::FromStr;

use arrow_schema::{DataType, TimeUnit};
use serde::{Deserialize, Serialize};

use super::pattern::Pattern;
use crate::{Error, Result};

/// How the cells of a column write dates: a pattern of `strftime`, such as `%d.%m.%Y`, or the type
/// of a Parquet or Arrow column, such as `timestamp[ms, UTC]` or `date32`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum DateFormat {
    /// Text, or a whole number such as 20241231 or (`%s`) the seconds since 1970.
    Pattern(Pattern),
    /// A type of Arrow.
    Typed(DataType),
}

impl fmt::Display for DateFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = |unit: &TimeUnit| match unit {
            TimeUnit::Second => "s",
            TimeUnit::Millisecond => "ms",
            TimeUnit::Microsecond => "us",
            TimeUnit::Nanosecond => "ns",
        };
        match self {
            DateFormat::Pattern(pattern) => pattern.fmt(f),
            DateFormat::Typed(DataType::Date64) => f.write_str("date64"),
            DateFormat::Typed(DataType::Timestamp(every, None)) => write!(f, "timestamp[{}]", unit(every)),
            DateFormat::Typed(DataType::Timestamp(every, Some(zone))) => {
                write!(f, "timestamp[{}, {zone}]", unit(every))
            }
            DateFormat::Typed(_) => f.write_str("date32"),
        }
    }
}

impl FromStr for DateFormat {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let typed = match text {
            "date32" => Some(DataType::Date32),
            "date64" => Some(DataType::Date64),
            _ => text.strip_prefix("timestamp[").and_then(|rest| rest.strip_suffix(']')).and_then(timestamp),
        };
        typed.map_or_else(|| text.parse().map(DateFormat::Pattern), |typed| Ok(DateFormat::Typed(typed)))
    }
}

/// The type for `ms` or `ms, UTC`.
fn timestamp(text: &str) -> Option<DataType> {
    let (unit, zone) = text.split_once(", ").map_or((text, None), |(unit, zone)| (unit, Some(zone)));
    let unit = match unit {
        "s" => TimeUnit::Second,
        "ms" => TimeUnit::Millisecond,
        "us" => TimeUnit::Microsecond,
        "ns" => TimeUnit::Nanosecond,
        _ => return None,
    };
    Some(DataType::Timestamp(unit, zone.map(Into::into)))
}

impl From<DateFormat> for String {
    fn from(format: DateFormat) -> String {
        format.to_string()
    }
}

impl TryFrom<String> for DateFormat {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}
