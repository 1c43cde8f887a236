//! Amounts of memory.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// A number of bytes, written as `500MB`, `2GB` (powers of 1000) or `2GiB` (powers of 1024).
///
/// ```
/// use diabolo_data::MemorySize;
/// assert_eq!("1.5GB".parse::<MemorySize>()?.0, 1_500_000_000);
/// assert_eq!(MemorySize(512 << 20).to_string(), "512MiB");
/// # Ok::<(), diabolo_data::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MemorySize(
    /// The number of bytes.
    pub u64,
);

/// Longer names first: `1GiB` ends in `B`, too.
const UNITS: [(&str, u64); 9] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("KB", 1000),
    ("B", 1),
];

impl FromStr for MemorySize {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || Error::invalid_value("max_memory", "a size such as 500MB or 2GB", format!("'{text}'"));
        let trimmed = text.trim();
        let ends_in = |unit: &str| {
            let at = trimmed.len().checked_sub(unit.len())?;
            trimmed.get(at..)?.eq_ignore_ascii_case(unit).then(|| trimmed[..at].trim_end())
        };
        let found = UNITS.iter().find_map(|(unit, bytes)| Some((ends_in(unit)?, *bytes)));
        let (number, unit) = found.unwrap_or((trimmed, 1));
        let bytes = number.parse::<f64>().map_err(|_| wrong())? * unit as f64;
        match (1.0..1e18).contains(&bytes) {
            true => Ok(MemorySize(bytes as u64)),
            false => Err(wrong()),
        }
    }
}

impl fmt::Display for MemorySize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let divides = |(_, bytes): &&(&str, u64)| self.0.is_multiple_of(*bytes);
        let (unit, bytes) = UNITS.iter().filter(divides).max_by_key(|unit| unit.1).unwrap_or(&("B", 1));
        write!(f, "{}{unit}", self.0 / bytes)
    }
}

impl TryFrom<String> for MemorySize {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<MemorySize> for String {
    fn from(size: MemorySize) -> String {
        size.to_string()
    }
}

/// The memory for data: `asked`, else half of what is free; without a limit where that is not
/// known.
pub(crate) fn limit(asked: Option<MemorySize>) -> u64 {
    asked.map_or_else(|| free().map_or(u64::MAX, |free| free / 2), |size| size.0)
}

/// The error about a temporary file.
pub(crate) fn no_room(error: std::io::Error) -> Error {
    let folder = std::env::temp_dir();
    Error::io("write a temporary file there (the variable TMPDIR names another folder)", folder)(error)
}

/// The memory that programs can still use, on Linux.
fn free() -> Option<u64> {
    let of_machine = available(&std::fs::read_to_string("/proc/meminfo").ok()?)?;
    let number = |name: &str| -> Option<u64> {
        std::fs::read_to_string(format!("/sys/fs/cgroup/{name}")).ok()?.trim().parse().ok()
    };
    let of_group = number("memory.max").map(|most| most - number("memory.current").unwrap_or(0).min(most));
    Some(of_group.map_or(of_machine, |of_group| of_group.min(of_machine)))
}

fn available(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_they_are_written() {
        for (text, bytes) in
            [("1GB", 1_000_000_000), ("1 gb", 1_000_000_000), ("2GiB", 2 << 30), ("300", 300), ("7KB", 7000)]
        {
            let size: MemorySize = text.parse().unwrap();
            assert_eq!(size.0, bytes, "{text}");
            assert_eq!(size.to_string().parse::<MemorySize>().unwrap(), size, "{size}");
        }
        for wrong in ["", "GB", "-1GB", "0", "1XB", "1e30", "nan", "inf GB", "€"] {
            let error = wrong.parse::<MemorySize>().unwrap_err().to_string();
            assert!(error.contains("a size such as 500MB or 2GB") && error.contains(wrong), "{error}");
        }
    }

    #[test]
    fn free_memory_is_that_of_the_machine() {
        assert_eq!(
            available("MemTotal:  900 kB\nMemFree:  10 kB\nMemAvailable:     512 kB\n"),
            Some(512 << 10)
        );
        assert_eq!(available("MemTotal:  900 kB\n"), None);
        assert_eq!(limit(Some(MemorySize(5))), 5);
    }
}
