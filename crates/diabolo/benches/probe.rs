//! The time of a linear probe with the size of MNIST, 1,000 correlated sigmoid features and 10
//! classes: 54,000 training rows, 6,000 validation rows. `cargo bench --workspace --bench probe`;
//! `RAYON_NUM_THREADS`.

#![allow(clippy::print_stdout, reason = "what a bench is for")]

use std::time::Instant;

use diabolo::Result;
use diabolo::random::{Purpose, RngExt, standard_normal, stream};
use diabolo::stats::{Labelled, LogisticProbe, PROBE_PENALTIES, accuracy};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROWS: usize = 60_000;
const TRAINING: usize = 54_000;
const WIDTH: usize = 1000;

/// Number of latent factors of the features; the class is the largest of ten sums of two.
const FACTORS: usize = 40;

fn main() -> Result<()> {
    let mut noise = stream(1, Purpose::Choose, 0, 0);
    let mixing = standard_normal(&mut noise, WIDTH * FACTORS);
    let (mut features, mut classes) = (Vec::with_capacity(ROWS * WIDTH), Vec::with_capacity(ROWS));
    for factors in standard_normal(&mut noise, ROWS * FACTORS).chunks_exact(FACTORS) {
        let sum = |class: usize| factors[class] + factors[class + 10];
        classes.push((0..10).max_by(|&a, &b| sum(a).total_cmp(&sum(b))).unwrap_or(0) as u32);
        for unit in mixing.chunks_exact(FACTORS) {
            let a: f32 = unit.iter().zip(factors).map(|(w, f)| w * f).sum();
            features.push(1.0 / (1.0 + (0.3 * noise.random::<f32>() - a).exp()));
        }
    }
    let (known, held) = features.split_at(TRAINING * WIDTH);
    let train = Labelled { features: known, width: WIDTH, classes: &classes[..TRAINING] };
    let validation = Labelled { features: held, width: WIDTH, classes: &classes[TRAINING..] };

    let started = Instant::now();
    let probe = LogisticProbe::fit(&train, &validation, 10)?;
    let seconds = started.elapsed().as_secs_f64();
    let right = accuracy(&probe.predict(held), validation.classes);
    let penalties = PROBE_PENALTIES.len();
    println!(
        r#"{{"seconds": {seconds:.1}, "penalties": {penalties}, "l2": {}, "converged": {}, "validation_accuracy": {right:.4}}}"#,
        probe.l2, probe.converged
    );
    Ok(())
}
