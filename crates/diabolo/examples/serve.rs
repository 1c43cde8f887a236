//! A model in a server: several threads share one predictor, and score one row at a time in place.
#![allow(clippy::print_stdout, reason = "an example prints what it found")]

use std::time::Instant;

use diabolo::pipeline::Cell;
use diabolo::task::Rule;
use diabolo::{Config, FitJob, Preset};

fn main() -> diabolo::Result<()> {
    let columns = ["a", "b", "c"];
    let base = |i: usize| (i as f64 * 0.73).sin();
    let rows: Vec<f64> = (0..1500).flat_map(|i| [base(i), -base(i), base(i).powi(2)]).collect();
    let mut config = Config::default();
    Preset::Detect.apply(&mut config);
    config.set("training.epochs=20")?;
    let fitted = FitJob::matrix(&rows, &columns)?.config(config).run()?;
    let predictor = fitted.predictor.rule(Rule::Alpha(0.01)).reasons(1).in_place();
    std::thread::scope(|scope| {
        for thread in 0..2 {
            let predictor = predictor.clone();
            scope.spawn(move || {
                let started = Instant::now();
                let alarms = (0..200).filter(|&i| {
                    let c = if i % 50 == 49 { 3.0 } else { base(i).powi(2) };
                    let cells = [Cell::from(base(i)), Cell::from(-base(i)), Cell::from(c)];
                    predictor.score_row(&cells).is_ok_and(|row| row.anomalous)
                });
                let alarms = alarms.count();
                let micros = started.elapsed().as_micros() / 200;
                println!("thread {thread}: {alarms} alarms in 200 rows, {micros} µs a row");
            });
        }
    });
    Ok(())
}
