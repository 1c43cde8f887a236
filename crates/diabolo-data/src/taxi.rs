//! The built-in data set `taxi`: taxi passengers in New York City, hour by hour.
//!
//! The series `nyc_taxi` of the Numenta Anomaly Benchmark (Copyright 2014-2024 Numenta Inc., MIT
//! licence), which has the sums of half hours of the trip records of the NYC Taxi and Limousine
//! Commission, from 1 July 2014 to 31 January 2015; here two of them are one hour. Stored as half
//! hours in 16 bits, gzipped.

use std::io::Read;
use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};

use crate::datetime::Pattern;
use crate::{Error, Result};

const PACKED: &[u8] = include_bytes!("taxi.gz");
/// 2014-07-01T00:00:00 by the local clock, in seconds since 1970 by the same clock.
const FIRST: f64 = 1_404_172_800.0;

/// 5,160 rows: `hour`, such as `2014-07-01 13:00:00`, and `passengers`.
pub fn taxi() -> Result<RecordBatch> {
    let mut bytes = Vec::new();
    let mut reader = flate2::read::GzDecoder::new(PACKED);
    reader.read_to_end(&mut bytes).map_err(Error::io("read", "taxi"))?;
    let half_hour = |two: &[u8]| i64::from(u16::from_le_bytes([two[0], two[1]]));
    let passengers = bytes.chunks_exact(4).map(|hour| half_hour(&hour[..2]) + half_hour(&hour[2..]));
    let passengers: Int64Array = passengers.map(Some).collect();
    let format: Pattern = "%F %T".parse()?;
    let hour = |hour: usize| Some(format.write(FIRST + 3600.0 * hour as f64, 0));
    let hours: StringArray = (0..passengers.len()).map(hour).collect();
    let columns: [(&str, ArrayRef); 2] = [("hour", Arc::new(hours)), ("passengers", Arc::new(passengers))];
    RecordBatch::try_from_iter(columns)
        .map_err(|cause| Error::data("taxi", "5,160 hours", cause.to_string(), "build the program again"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use arrow_array::cast::AsArray;
    use arrow_array::types::Int64Type;

    use super::*;

    #[test]
    fn hours_are_sums_of_the_published_half_hours() {
        let taxi = taxi().unwrap();
        let hours = taxi.column(0).as_string::<i32>();
        let passengers = taxi.column(1).as_primitive::<Int64Type>().values();
        assert_eq!((hours.value(0), passengers[0]), ("2014-07-01 00:00:00", 10_844 + 8_127));
        assert_eq!((hours.value(5159), passengers.len()), ("2015-01-31 23:00:00", 5160));
        // The sum of the published file.
        assert_eq!(passengers.iter().sum::<i64>(), 156_219_716);
    }
}
