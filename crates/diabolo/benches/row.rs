//! One row at a time, as a server scores: `cargo bench -p diabolo --bench row`.
//!
//! Microseconds a row of 100 numbers, without and with three reasons, for the families that detect.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a bench")]

use std::time::Instant;

use diabolo::pipeline::{Cell, Predictor, matrix};
use diabolo::{Config, FitJob};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const WIDTH: usize = 100;
const ROWS: usize = 2000;

fn main() {
    let names: Vec<String> = (0..WIDTH).map(|k| format!("c{k}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let value = |i: usize| ((i / WIDTH * 7 + i % WIDTH * 3) as f64 * 0.013).sin() + (i % 11) as f64 * 0.01;
    let values: Vec<f64> = (0..ROWS * WIDTH).map(value).collect();
    println!("{:<14}{:>16}{:>16}{:>16}", "µs a row", "score", "three reasons", "in a batch");
    for family in ["multiscale", "variational", "contractive"] {
        let mut config = Config::default();
        config.set(&format!("model.family={{kind=\"{family}\"}}")).unwrap();
        config.set("training.epochs=3").unwrap();
        let predictor = FitJob::matrix(&values, &names).unwrap().config(config).run().unwrap().predictor;
        let plain = by_rows(&predictor.clone().reasons(0), &values);
        let reasons = by_rows(&predictor.clone().reasons(3).explain_all(true), &values);
        let table = matrix(&values, &names).unwrap();
        let predictor = predictor.reasons(0).in_place();
        let started = Instant::now();
        predictor.score(&table).unwrap();
        let batch = started.elapsed().as_secs_f64() * 1e6 / ROWS as f64;
        println!("{family:<14}{plain:>16.1}{reasons:>16.1}{batch:>16.1}");
    }
}

/// Microseconds a row.
fn by_rows(predictor: &Predictor, values: &[f64]) -> f64 {
    const MEASURED: usize = 200;
    let score = |row: &[f64]| {
        let cells: Vec<Cell> = row.iter().map(|&value| Cell::Number(value)).collect();
        predictor.score_row(&cells).unwrap()
    };
    values.chunks_exact(WIDTH).take(20).for_each(|row| drop(score(row)));
    let started = Instant::now();
    values.chunks_exact(WIDTH).take(MEASURED).for_each(|row| drop(score(row)));
    started.elapsed().as_secs_f64() * 1e6 / MEASURED as f64
}
