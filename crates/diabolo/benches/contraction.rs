//! The time of one training step with the contraction: 784-512-256-32, sigmoid, untied, batch 128, Adam, f32.
//!
//! `cargo bench --workspace --bench contraction` prints a JSON line for each variant. `bench/peers/contraction.py` runs the
//! same executable beside JAX, with arguments: how many steps, and which variant. Threads: `RAYON_NUM_THREADS`.

#![allow(clippy::print_stdout, reason = "what a bench is for")]

use std::time::Instant;

use diabolo::Result;
use diabolo::data::Encoded;
use diabolo::distribution::{Family, LikelihoodBlock};
use diabolo::model::{Architecture, ContractiveConfig, FamilyConfig, Model};
use diabolo::nn::{Activation, Place};
use diabolo::noise::{Purpose, RngExt, stream};
use diabolo::objective::Estimator;
use diabolo::train::{self, Hooks, Progress, Schedule, TrainingConfig, TrainingData};

/// As in the released program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const INPUTS: usize = 784;
const BATCH: usize = 128;

/// Steps before the clock runs.
const WARM_UP: usize = 5;

/// The time at the end of every step.
struct Clock(Vec<Instant>);

impl Hooks<Model> for Clock {
    fn step(&mut self, _: &Progress) {
        self.0.push(Instant::now());
    }
}

fn main() -> Result<()> {
    // Cargo adds `--bench`.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let steps = arguments.first().and_then(|a| a.parse().ok()).unwrap_or(100);
    let contractive = |estimator| {
        FamilyConfig::Contractive(ContractiveConfig { tied: false, estimator, ..Default::default() })
    };
    let variants = [
        ("plain", FamilyConfig::Plain { tied: false }),
        ("exact", contractive(Estimator::Exact)),
        ("hutchinson", contractive(Estimator::Hutchinson { probes: 1 })),
    ];
    for (name, family) in variants {
        if arguments.get(1).is_none_or(|wanted| wanted == name) {
            let times = times(family, steps)?;
            let (median, minimum) = (times[times.len() / 2], times[0]);
            println!(r#"{{"variant": "{name}", "median_ms": {median:.3}, "minimum_ms": {minimum:.3}}}"#);
        }
    }
    Ok(())
}

/// Milliseconds of each step of training, ascending.
fn times(family: FamilyConfig, steps: usize) -> Result<Vec<f64>> {
    let place = Place::cpu();
    let architecture = Architecture {
        family,
        condition: 0,
        inputs: INPUTS,
        hidden: vec![512, 256],
        latent_dim: 32,
        activation: Activation::Sigmoid,
        latent_activation: Activation::Sigmoid,
        likelihood: vec![LikelihoodBlock { family: Family::Bernoulli, start: 0, width: INPUTS }],
    };
    let rows = |rows: usize| {
        let mut noise = stream(0, Purpose::Choose, 0, 0);
        let values = (0..rows * INPUTS).map(|_| noise.random::<f32>()).collect();
        Encoded::from_values(values, INPUTS)
    };
    let data = TrainingData { train: &rows((steps + WARM_UP) * BATCH), validation: &rows(0) };
    let config = TrainingConfig {
        epochs: Some(1),
        batch_size: Some(BATCH),
        learning_rate: Some(1e-3),
        schedule: Schedule::Constant,
        ..Default::default()
    };
    let mut clock = Clock(vec![]);
    train::fit(Model::new(&architecture, 0, &place), None, &data, &config, &place, &mut clock)?;
    let gaps = clock.0[WARM_UP - 1..].windows(2).map(|ends| (ends[1] - ends[0]).as_secs_f64() * 1e3);
    let mut times: Vec<f64> = gaps.collect();
    times.sort_by(f64::total_cmp);
    Ok(times)
}
