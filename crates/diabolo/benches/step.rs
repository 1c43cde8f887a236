//! The time of one training step (batch 128, Adam, f32), for the networks of the peer benchmarks.
//!
//! `cargo bench --workspace --bench step` prints a JSON line per case. `bench/peers/step.py` runs
//! the same executable and JAX, with arguments: the number of steps, the case, and a file of rows
//! (f32, little-endian) instead of uniform random ones. Threads: `RAYON_NUM_THREADS`.

#![allow(clippy::print_stdout, reason = "what a bench is for")]

use std::time::Instant;

use diabolo::Result;
use diabolo::data::Encoded;
use diabolo::data::rows::{Cells, Codes, Rows, Segment};
use diabolo::distribution::{Family, LikelihoodBlock, Variance};
use diabolo::model::{
    Architecture, ContractiveConfig, ConvolutionKind, Convolutions, FamilyConfig, Model, Recurrent,
    RecurrentCell, Sequence, Stem, VariationalConfig,
};
use diabolo::nn::{Activation, Image};
use diabolo::objective::Estimator;
use diabolo::random::{Purpose, RngExt, stream};
use diabolo::tensor::Device;
use diabolo::train::{self, Hooks, Progress, Schedule, TrainingConfig, TrainingData};

/// As in the released program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const BATCH: usize = 128;

/// Number of warm-up steps.
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
    for (name, architecture) in cases() {
        if arguments.get(1).is_none_or(|wanted| wanted == name) {
            let times = times(architecture, steps, arguments.get(2).map(String::as_str))?;
            let (median, minimum) = (times[times.len() / 2], times[0]);
            println!(r#"{{"case": "{name}", "median_ms": {median:.3}, "minimum_ms": {minimum:.3}}}"#);
        }
    }
    Ok(())
}

fn cases() -> Vec<(&'static str, Architecture)> {
    let contractive = |tied, estimator| {
        FamilyConfig::Contractive(ContractiveConfig { tied, estimator, ..Default::default() })
    };
    let variational = || FamilyConfig::Variational(VariationalConfig::default());
    let plain = || FamilyConfig::Plain { tied: false };
    let image = Family::Bernoulli;
    let table = Family::Gaussian;
    use Activation::{Identity, Relu, Sigmoid};
    vec![
        ("vae", network(variational(), &[784, 400, 20], (Relu, Identity), image)),
        ("vae_table", network(variational(), &[32, 64, 8], (Relu, Identity), table)),
        ("categories", categories(variational())),
        ("cae", network(contractive(true, Estimator::Exact), &[784, 1000], (Sigmoid, Sigmoid), image)),
        ("conv_denoiser", convolutional(plain(), 28, (&[16, 8], 3), &[], 392)),
        ("conv_vae", convolutional(variational(), 28, (&[32, 64], 3), &[], 2)),
        ("conv_64", convolutional(variational(), 64, (&[32, 32, 64, 64], 4), &[256], 10)),
        ("conv_contractive", convolutional(contractive(true, Estimator::Exact), 28, (&[32], 3), &[], 6272)),
        ("gru", recurrent(plain(), (48, 8), (RecurrentCell::Gru, 64), 16)),
        ("lstm", recurrent(plain(), (48, 8), (RecurrentCell::Lstm, 64), 16)),
        ("deep_plain", deep(FamilyConfig::Plain { tied: false })),
        ("deep_exact", deep(contractive(false, Estimator::Exact))),
        ("deep_hutchinson", deep(contractive(false, Estimator::Hutchinson { probes: 1 }))),
    ]
}

/// 10 numbers and 20 categories of 100 levels.
const NUMBERS: usize = 10;
const CATEGORIES: usize = 20;
const LEVELS: usize = 100;

fn categories(family: FamilyConfig) -> Architecture {
    let width = NUMBERS + CATEGORIES * LEVELS;
    let relu = (Activation::Relu, Activation::Identity);
    let numbers = LikelihoodBlock::gaussian(Variance::PerFeature, 0..NUMBERS);
    let category = |k: usize| {
        let start = NUMBERS + k * LEVELS;
        LikelihoodBlock::new(Family::Categorical, start..start + LEVELS)
    };
    Architecture {
        likelihood: std::iter::once(numbers).chain((0..CATEGORIES).map(category)).collect(),
        ..network(family, &[width, 256, 16], relu, Family::Bernoulli)
    }
}

/// Rows of numbers and, if the network describes them, categories.
fn rows_of(architecture: &Architecture, rows: usize) -> Encoded {
    let mut noise = stream(0, Purpose::Choose, 0, 0);
    let is_category = |block: &LikelihoodBlock| block.family == Family::Categorical;
    let (categories, numbers): (Vec<&LikelihoodBlock>, Vec<_>) =
        architecture.likelihood.iter().partition(|b| is_category(b));
    let width: usize = numbers.iter().map(|block| block.width).sum();
    let numbers = Cells::Numbers((0..rows * width).map(|_| noise.random::<f32>()).collect());
    let mut segments = vec![Segment { width, cells: numbers }];
    for block in categories {
        let mut codes = Codes::new(rows, 0, block.width);
        (0..rows).for_each(|row| codes.set(row, noise.random_range(0..block.width)));
        segments.push(Segment { width: block.width, cells: Cells::OneHot(codes) });
    }
    Encoded::from_rows(Rows::of(rows, segments))
}

/// Convolutions over a square picture, then `hidden`.
fn convolutional(
    family: FamilyConfig,
    side: usize,
    (channels, kernel): (&[usize], usize),
    hidden: &[usize],
    latent_dim: usize,
) -> Architecture {
    let image = Image { height: side, width: side, channels: 1 };
    let widths: Vec<usize> = [side * side].iter().chain(hidden).chain([&latent_dim]).copied().collect();
    let relu = (Activation::Relu, Activation::Relu);
    Architecture {
        stem: Some(Stem::Convolution(Convolutions {
            image,
            sequence: None,
            channels: channels.to_vec(),
            kernel,
            kind: ConvolutionKind::Plain,
            code_is_map: false,
        })),
        ..network(family, &widths, relu, Family::Bernoulli)
    }
}

/// A recurrent layer over windows of `steps` × `features` numbers.
fn recurrent(
    family: FamilyConfig,
    (steps, features): (usize, usize),
    (cell, units): (RecurrentCell, usize),
    latent_dim: usize,
) -> Architecture {
    let sequence = Sequence { steps, order: (0..steps * features).collect() };
    let activations = (Activation::Tanh, Activation::Identity);
    Architecture {
        stem: Some(Stem::Recurrent(Recurrent { sequence, units: vec![units], cell })),
        ..network(family, &[steps * features, latent_dim], activations, Family::Gaussian)
    }
}

fn deep(family: FamilyConfig) -> Architecture {
    network(family, &[784, 512, 256, 32], (Activation::Sigmoid, Activation::Sigmoid), Family::Bernoulli)
}

/// `widths`: from the inputs to the code; `activations`: of hidden layers, of the code.
fn network(
    family: FamilyConfig,
    widths: &[usize],
    (activation, latent_activation): (Activation, Activation),
    likelihood: Family,
) -> Architecture {
    let (inputs, latent_dim) = (widths[0], widths[widths.len() - 1]);
    Architecture {
        family,
        condition: 0,
        stem: None,
        inputs,
        hidden: widths[1..widths.len() - 1].to_vec(),
        latent_dim,
        activation,
        latent_activation,
        likelihood: vec![LikelihoodBlock::new(likelihood, 0..inputs)],
    }
}

fn read(path: &str) -> Vec<f32> {
    let bytes = std::fs::read(path).expect("a file of rows");
    bytes.as_chunks().0.iter().map(|number| f32::from_le_bytes(*number)).collect()
}

/// Milliseconds of each step of training, ascending.
fn times(architecture: Architecture, steps: usize, file: Option<&str>) -> Result<Vec<f64>> {
    let device = Device::cpu();
    let inputs = architecture.inputs;
    let rows = |rows: usize| match file {
        Some(path) => {
            Encoded::from_values(read(path).into_iter().cycle().take(rows * inputs).collect(), inputs)
        }
        None => rows_of(&architecture, rows),
    };
    let data = TrainingData { train: &rows((steps + WARM_UP) * BATCH), validation: &rows(0) };
    let config = TrainingConfig {
        epochs: Some(1),
        batch_size: Some(BATCH),
        learning_rate: Some(1e-3),
        schedule: Schedule::Constant,
        checkpoint_seconds: 1e9,
        ..Default::default()
    };
    let model = Model::new(&architecture, 0, &device);
    let mut clock = Clock(vec![]);
    train::fit(model, None, &data, &config, &device, &mut clock)?;
    let mut times: Vec<f64> =
        clock.0.windows(2).skip(WARM_UP - 1).map(|w| (w[1] - w[0]).as_secs_f64() * 1e3).collect();
    times.sort_by(f64::total_cmp);
    Ok(times)
}
