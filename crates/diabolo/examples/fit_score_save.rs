//! Fits a CSV given as record batches, scores others, saves to bytes and loads again: no path, no
//! command line.
#![allow(clippy::print_stdout, reason = "an example prints what it found")]

use diabolo::arrow::RecordBatch;
use diabolo::data::read_from;
use diabolo::{Config, FitJob, Predictor, Preset, Result};

/// Sensors whose pressure follows their temperature; every `odd`-th row breaks the rule.
fn sensors(rows: usize, odd: usize) -> Result<RecordBatch> {
    let line = |i: usize| {
        let temperature = 20.0 + (i as f64 * 0.37).sin() * 8.0;
        let pressure = 2.0 * temperature + if i % odd == odd - 1 { 40.0 } else { (i % 5) as f64 };
        format!("{temperature},{pressure},{}\n", if temperature < 20.0 { "north" } else { "south" })
    };
    let text = "temperature,pressure,site\n".to_string() + &(0..rows).map(line).collect::<String>();
    read_from("sensors", std::io::Cursor::new(text), &Default::default())?.collect()
}

fn main() -> Result<()> {
    let mut config = Config::default();
    Preset::Detect.apply(&mut config);
    let fitted = FitJob::new(sensors(2000, 5000)?).config(config).run()?;
    let bytes = fitted.predictor.to_bytes()?;
    let scored = Predictor::from_bytes(&bytes)?.score(&sensors(100, 25)?)?;
    for row in (0..100).filter(|&row| scored.anomalous[row]) {
        let reason = scored.reasons[row].first().map_or("no single column".into(), ToString::to_string);
        println!("row {}: p = {:.4}, {reason}", row + 1, scored.p_values[row]);
    }
    Ok(())
}
