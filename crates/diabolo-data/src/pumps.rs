//! The built-in data set `pumps`: readings of machines, some of them faulty, drawn by this program.
//!
//! For anomaly detection: the part `normal` has readings of healthy pumps, `new` has others, of
//! which one in twenty is faulty, as its column `faulty` says. Readings of a healthy pump
//! determine each other, up to noise of a few percent:
//!
//! ```text
//! speed ← mode     flow ∝ speed (1 − load/3)     pressure ∝ speed² (0.4 + 0.6 load)
//! current ∝ flow · pressure     temperature ← ambient, current     vibration ← speed
//! ```
//!
//! A fault changes these relations and hardly the range of any reading: a *bearing* vibrates and
//! warms, a *leak* loses flow, a *blockage* has pressure without flow, a *stuck* thermometer shows
//! the temperature of another hour.

use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray};
use diabolo_stats::elementary::double::exp;
use diabolo_stats::random::{Purpose, Stream, normal, stream, uniform, weighted_index_or_last};

use crate::{Error, Result};

const NORMAL: u64 = 3000;
const NEW: u64 = 2000;
const FAULTY: f64 = 0.05;

const MODES: [&str; 3] = ["idle", "run", "boost"];
/// Revolutions per minute.
const SPEEDS: [f64; 3] = [600.0, 1450.0, 2400.0];

/// Readings in rotations per minute, percent, l/min, bar, A, °C, mm/s, °C.
struct Reading {
    mode: &'static str,
    speed: f64,
    load: f64,
    flow: f64,
    pressure: f64,
    current: f64,
    temperature: f64,
    vibration: f64,
    ambient: f64,
    faulty: bool,
}

/// The part `normal` (3,000 rows) or `new` (2,000 rows, with the column `faulty`).
pub(crate) fn pumps(part: &str) -> Result<RecordBatch> {
    let with_faults = part == "new";
    let numbers = if with_faults { NORMAL..NORMAL + NEW } else { 0..NORMAL };
    let rows: Vec<Reading> = numbers.map(|number| reading(number, with_faults)).collect();
    let rounded = |cell: fn(&Reading) -> f64, scale: f64| -> ArrayRef {
        Arc::new(rows.iter().map(|row| Some((cell(row) * scale).round() / scale)).collect::<Float64Array>())
    };
    let modes: StringArray = rows.iter().map(|row| Some(row.mode)).collect();
    let whole = |cell: fn(&Reading) -> f64| -> ArrayRef {
        Arc::new(rows.iter().map(|row| Some(cell(row).round() as i64)).collect::<Int64Array>())
    };
    let faulty: BooleanArray = rows.iter().map(|row| Some(row.faulty)).collect();
    let mut columns: Vec<(&str, ArrayRef)> = vec![
        ("mode", Arc::new(modes)),
        ("speed", whole(|row| row.speed)),
        ("load", whole(|row| row.load)),
        ("flow", rounded(|row| row.flow, 10.0)),
        ("pressure", rounded(|row| row.pressure, 100.0)),
        ("current", rounded(|row| row.current, 100.0)),
        ("temperature", rounded(|row| row.temperature, 10.0)),
        ("vibration", rounded(|row| row.vibration, 100.0)),
        ("ambient", rounded(|row| row.ambient, 10.0)),
    ];
    if with_faults {
        columns.push(("faulty", Arc::new(faulty)));
    }
    RecordBatch::try_from_iter(columns)
        .map_err(|cause| Error::data("pumps", "5,000 rows", cause.to_string(), "build the program again"))
}

fn reading(number: u64, with_faults: bool) -> Reading {
    let draw = &mut stream(0, Purpose::BuiltInPumps, 0, number);
    let mut row = healthy(draw);
    row.faulty = with_faults && uniform(draw) < FAULTY;
    if row.faulty {
        match weighted_index_or_last(&[1.0f64; 4], 4.0 * uniform(draw)) {
            0 => {
                row.vibration *= 1.8;
                row.temperature += 5.0;
            }
            1 => row.flow *= 0.8,
            2 => {
                row.flow *= 0.75;
                row.pressure *= 1.2;
            }
            _ => row.temperature = healthy(draw).temperature,
        }
    }
    row
}

fn healthy(draw: &mut Stream) -> Reading {
    let mode = weighted_index_or_last(&[1.0, 3.0, 1.0], 5.0 * uniform(draw));
    let speed = SPEEDS[mode] * (1.0 + 0.02 * normal(draw));
    let load = 20.0 + 70.0 * uniform(draw);
    let ambient = 18.0 + 4.0 * normal(draw);
    let few_percent = |draw: &mut Stream| 1.0 + 0.03 * normal(draw);
    let flow = 0.1 * speed * (1.0 - load / 300.0) * few_percent(draw);
    let pressure = 2.0e-6 * speed * speed * (0.4 + 0.006 * load) * few_percent(draw);
    let current = (2.0 + 0.012 * flow * pressure) * few_percent(draw);
    let temperature = ambient + 12.0 + 1.5 * current + normal(draw);
    let vibration = (0.4 + 0.001 * speed) * exp(0.1 * normal(draw));
    let mode = MODES[mode];
    Reading { mode, speed, load, flow, pressure, current, temperature, vibration, ambient, faulty: false }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use arrow_array::cast::AsArray;
    use arrow_array::types::Float64Type;

    use super::*;

    #[test]
    fn a_leak_is_seen_in_the_relations_and_not_in_the_ranges() {
        let (normal, new) = (pumps("normal").unwrap(), pumps("new").unwrap());
        assert_eq!((normal.num_rows(), new.num_rows()), (3000, 2000));
        assert!(normal.column_by_name("faulty").is_none());
        let faulty = new["faulty"].as_boolean().true_count();
        assert!((70..130).contains(&faulty), "{faulty}");
        let column =
            |table: &RecordBatch, name: &str| table[name].as_primitive::<Float64Type>().values().to_vec();
        let largest = |table: &RecordBatch, name: &str| column(table, name).into_iter().fold(0.0, f64::max);
        assert!(largest(&new, "flow") <= 1.05 * largest(&normal, "flow"));
        // Without its fault, each reading of `new` would be one of a healthy pump.
        let sound = |row: u64| reading(NORMAL + row, false);
        let flows = column(&new, "flow");
        let changed = (0..NEW).filter(|&row| (flows[row as usize] - sound(row).flow).abs() > 0.1).count();
        assert!((faulty / 4..faulty).contains(&changed), "{changed} of {faulty}");
    }
}
