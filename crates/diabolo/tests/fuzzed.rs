//! Random configurations on difficult data: each gives a model with finite outputs, or a clear
//! error. Every option of every family and every likelihood gives a model on ordinary data.
#![allow(clippy::unwrap_used)]

#[path = "common/names.rs"]
mod names;
#[path = "common/options.rs"]
mod options;

use std::collections::BTreeMap;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use diabolo::evaluate::{evaluate, log_likelihoods};
use diabolo::nn::Activation;
use diabolo::random::{Purpose, RngExt, Stream, stream};
use diabolo::task::{self, Draw};
use diabolo::tensor::Device;
use diabolo::{Config, Error, FitJob};

const CASES: u64 = 1200;

fn pick<'a, T: AsRef<str>>(noise: &mut Stream, choices: &'a [T]) -> &'a str {
    choices[noise.random_range(0..choices.len() as u64) as usize].as_ref()
}

/// Realistic data, and settings for it.
struct Input {
    name: &'static str,
    bytes: Vec<u8>,
    settings: Vec<String>,
}

/// Small images as an IDX file: greyscale, black and white, or all equal.
fn pictures(noise: &mut Stream) -> Input {
    let (count, side) = ([3, 12, 40][noise.random_range(0..3u64) as usize], 3);
    let kind = pick(noise, &["grey", "black and white", "alike"]);
    let mut bytes = vec![0, 0, 8, 3];
    [count, side, side].iter().for_each(|n: &u32| bytes.extend(n.to_be_bytes()));
    bytes.extend((0..count * side * side).map(|_| match kind {
        "grey" => noise.random_range(0..256u64) as u8,
        "black and white" => 255 * u8::from(noise.random::<bool>()),
        _ => 7,
    }));
    Input { name: "t.idx", bytes, settings: vec![] }
}

/// A CSV file with a problem.
fn table(noise: &mut Stream) -> Input {
    let wide = noise.random_range(0..40u64) == 0;
    let columns = if wide { 2000 } else { 1 + noise.random_range(0..6u64) as usize };
    let rows = [7, 10, 12, 23, 60][noise.random_range(0..5u64) as usize];
    let kinds: Vec<&str> = (0..columns).map(|_| pick(noise, &COLUMNS)).collect();
    let mut text = (0..columns).map(|c| format!("c{c}")).collect::<Vec<_>>().join(",") + "\n";
    for _ in 0..rows {
        let cells: Vec<String> = kinds.iter().map(|kind| cell(kind, noise)).collect();
        text += &(cells.join(",") + "\n");
    }
    let ordered = (0..columns).filter(|&c| kinds[c] == "order");
    let settings = ordered.map(|c| format!("data.types.c{c}=\"ordinal\"")).collect();
    Input { name: "t.csv", bytes: text.into_bytes(), settings }
}

const COLUMNS: [&str; 11] = [
    "normal",
    "constant",
    "huge",
    "tiny",
    "mixed",
    "missing",
    "counts",
    "big counts",
    "yes",
    "words",
    "order",
];

fn cell(kind: &str, noise: &mut Stream) -> String {
    let u: f64 = noise.random();
    match kind {
        "normal" => format!("{:.3}", 4.0 * u - 2.0),
        "constant" => "7.5".into(),
        "huge" => format!("{:e}", if u < 0.5 { 1e30 } else { -1e30 * u }),
        "tiny" => format!("{:e}", 1e-30 * u),
        "mixed" => format!("{}", if u < 0.1 { 1e30 } else { u }),
        "missing" if u < 0.8 => String::new(),
        "missing" => format!("{u:.2}"),
        "counts" => format!("{}", (1.0 / (u + 0.05)) as u64),
        "big counts" => format!("{}", (1e9 * u) as u64),
        "yes" => pick(noise, &["yes", "no"]).into(),
        "words" => pick(noise, &["red", "green", "blue", ""]).into(),
        _ => pick(noise, &["1", "2", "3"]).into(),
    }
}

/// The names of all likelihoods, from the error about an unknown name.
fn likelihoods() -> Vec<String> {
    let message = Config::default().set("model.likelihood.x=\"?\"").unwrap_err().to_string();
    let (_, listed) = message.rsplit_once("expected ").unwrap();
    let (listed, _) = listed.split_once(", or custom").unwrap();
    listed.replace(" or ", ", ").split(", ").map(str::to_string).collect()
}

/// All values of a setting.
struct Choices {
    families: Vec<String>,
    bounds: Vec<String>,
    priors: Vec<String>,
    flows: Vec<String>,
    likelihoods: Vec<String>,
}

impl Choices {
    fn new() -> Self {
        let of_variational = |option| options::values("variational", option);
        Choices {
            families: options::family_settings(),
            bounds: of_variational("bound"),
            priors: of_variational("prior"),
            flows: of_variational("flow"),
            likelihoods: likelihoods(),
        }
    }
}

/// A setting, with probability ½.
fn maybe<T: AsRef<str>>(set: &mut Vec<String>, noise: &mut Stream, key: &str, values: &[T]) {
    if noise.random::<bool>() {
        set.push(format!("{key}={}", pick(noise, values)));
    }
}

/// A random model.
fn model(noise: &mut Stream, choices: &Choices, set: &mut Vec<String>) {
    let family = pick(noise, &choices.families);
    set.push(format!("model.family={{{family}}}"));
    maybe(set, noise, "model.hidden", &["[]", "[3]", "[5, 4]", "[1]"]);
    maybe(set, noise, "model.latent_dim", &["1", "2", "6", "0"]);
    let activations: Vec<&str> = Activation::ALL.iter().map(|a| a.name()).collect();
    maybe(set, noise, "model.activation", &activations);
    let fixed = ["{kind=\"fixed\", value=1e-6}", "{kind=\"fixed\", value=-1.0}"];
    let learned = ["{kind=\"shared\"}", "{kind=\"per_feature\"}", "{kind=\"decoder\"}"];
    maybe(set, noise, "model.variance", &[&fixed[..], &learned].concat());
    if family.contains("\"variational\"") {
        maybe(set, noise, "model.family.kl_weight", &["0.0", "1e-3", "100.0", "1e30"]);
        maybe(set, noise, "model.family.kl_warmup_epochs", &["1.0", "0.3"]);
        maybe(set, noise, "model.family.bound", &choices.bounds);
        maybe(set, noise, "model.family.prior", &choices.priors);
        maybe(set, noise, "model.family.flow", &choices.flows);
    }
    if noise.random::<bool>() {
        let key = pick(noise, &["*", "*", "*", "c0", "count", "pixels"]);
        let name = pick(noise, &choices.likelihoods);
        set.push(format!("model.likelihood={{\"{key}\"=\"{name}\"}}"));
    }
}

/// Random training and data settings.
fn training(noise: &mut Stream, set: &mut Vec<String>) {
    maybe(set, noise, "data.numeric", &["min_max", "quantile", "standardize"]);
    maybe(set, noise, "data.counts", &["log1p", "as_numeric"]);
    maybe(set, noise, "data.validation", &["0.0", "0.3", "0.9"]);
    maybe(set, noise, "data.test", &["0.0", "0.3"]);
    maybe(set, noise, "training.learning_rate", &["1e-4", "0.1", "1.0", "100.0", "1e30"]);
    maybe(set, noise, "training.gradient_clip", &["1.0", "1e-3"]);
    let optimizers = ["{kind=\"sgd\", momentum=0.9}", "{kind=\"adam_w\", weight_decay=0.1}"];
    maybe(set, noise, "training.optimizer", &optimizers);
    maybe(set, noise, "training.schedule", &["{kind=\"constant\"}", "{kind=\"cosine\"}"]);
    maybe(set, noise, "training.batch_size", &["1", "4", "1000"]);
    set.push("training.epochs=2".into());
}

/// Whether every number of the table is finite, ignoring missing cells.
fn is_finite(rows: &RecordBatch) -> bool {
    rows.columns().iter().all(|column| match column.as_primitive_opt::<Float64Type>() {
        Some(numbers) => numbers.iter().flatten().all(f64::is_finite),
        None => true,
    })
}

/// Fits, evaluates, generates and reconstructs; returns the name of the family, or the error.
fn attempt(path: &str, settings: &[String], seed: u64) -> Result<&'static str, Error> {
    let mut config = Config::default();
    for setting in settings {
        config.set(setting)?;
    }
    config.training.seed = seed;
    let device = Device::cpu();
    let job = FitJob::input(path).config(config).prepare()?;
    let train = job.rows().train.clone();
    let fitted = job.run()?;
    for record in &fitted.history {
        let bad = record.train.iter().chain(&record.validation).find(|(_, value)| !value.is_finite());
        assert!(bad.is_none(), "history: {bad:?}");
    }
    let saved = fitted.predictor.saved();
    let metrics = evaluate(&saved.model, &train, None, seed, &device);
    if let Some(values) = log_likelihoods(&saved.model, &train, 3, seed, 0, &device) {
        assert!(values.iter().all(|row| row.bound.is_finite()), "log-likelihoods {values:?}");
    }
    let draws = [Draw::Mean, Draw::Sample];
    for draw in draws.into_iter().filter(|_| saved.architecture.family.decodes_codes()) {
        let (_, rows) = task::generate(saved, 5, draw, Default::default(), seed, &device)?;
        assert!(is_finite(&rows), "generated: {rows:?}");
    }
    let made = saved.header.preprocessor.decode(&task::project(saved, &train, &device))?;
    assert!(is_finite(&made), "reconstructed: {made:?}");
    let numbers = [metrics.reconstruction, metrics.mse, metrics.kl_divergence.unwrap_or_default()];
    assert!(numbers.iter().all(|v| v.is_finite()), "{metrics:?}");
    Ok(saved.architecture.family.name())
}

/// The results of the cases: models by family, refusals by kind.
#[derive(Debug, Default)]
struct Ends {
    fitted: BTreeMap<&'static str, usize>,
    refused: BTreeMap<&'static str, usize>,
}

impl Ends {
    fn add(&mut self, case: u64, end: Result<&'static str, Error>) {
        match end {
            Ok(family) => *self.fitted.entry(family).or_default() += 1,
            Err(error) => {
                let message = error.to_string();
                assert!(message.len() > 10 && !message.contains("report this"), "case {case}: {message}");
                let class = match error {
                    Error::Config { .. } | Error::InvalidValue { .. } | Error::Conflict { .. } => "settings",
                    Error::Data { .. } => "data",
                    Error::Diverged { .. } => "diverged",
                    _ => "other",
                };
                *self.refused.entry(class).or_default() += 1;
            }
        }
    }
}

#[test]
fn random_configurations_end_in_a_model_or_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let choices = Choices::new();
    let mut ends = Ends::default();
    for case in 0..CASES {
        let noise = &mut stream(case, Purpose::Choose, 77, 0);
        let Input { name, bytes, mut settings } =
            if noise.random_range(0..4u64) == 0 { pictures(noise) } else { table(noise) };
        model(noise, &choices, &mut settings);
        training(noise, &mut settings);
        let path = folder.path().join(name);
        std::fs::write(&path, &bytes).unwrap();
        let run = || attempt(path.to_str().unwrap(), &settings, case);
        match std::panic::catch_unwind(run) {
            Ok(end) => ends.add(case, end),
            Err(_) => {
                let head: String = String::from_utf8_lossy(&bytes).chars().take(600).collect();
                panic!("case {case}: {settings:?}\n{head}")
            }
        }
    }
    eprintln!("{ends:?}");
    // Enough of each to reach both results.
    for family in names::families() {
        assert!(ends.fitted.contains_key(family.as_str()), "no {family} model: {ends:?}");
    }
    assert!(ends.fitted.values().sum::<usize>() > 200, "{ends:?}");
    assert!(ends.refused.values().sum::<usize>() > 50, "{ends:?}");
}

/// A table with a column of every kind, and grey images: every likelihood suits one of them.
fn ordinary() -> [Input; 2] {
    let row = |i: usize| {
        let (color, size) = (["red", "green", "blue"][i * 5 % 3], 1 + i % 3);
        format!("{:.1},{},{color},{},{size}\n", (i * 37 % 101) as f64 / 10.0, i * 7 % 11, i * 13 % 2)
    };
    let text = "x,n,color,flag,size\n".to_string() + &(0..60).map(row).collect::<String>();
    let settings = ["data.counts=log1p", "data.types.n=count", "data.types.size=ordinal"];
    let table =
        Input { name: "s.csv", bytes: text.into_bytes(), settings: settings.map(str::to_string).to_vec() };
    let mut bytes = vec![0, 0, 8, 3, 0, 0, 0, 60, 0, 0, 0, 3, 0, 0, 0, 3];
    bytes.extend((0..60 * 9u32).map(|i| (i * 101 % 256) as u8));
    [table, Input { name: "s.idx", bytes, settings: vec![] }]
}

#[test]
fn every_option_and_likelihood_ends_in_a_model() {
    let folder = tempfile::tempdir().unwrap();
    let inputs = ordinary();
    for Input { name, bytes, .. } in &inputs {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    let families = options::family_settings().into_iter().map(|family| format!("model.family={{{family}}}"));
    let likelihoods = likelihoods().into_iter().map(|name| format!("model.likelihood={{\"*\"=\"{name}\"}}"));
    for setting in families.chain(likelihoods) {
        // A tied decoder or a likelihood suits one of the two alone.
        let ends = inputs.each_ref().map(|input| {
            let own = [setting.clone(), "training.epochs=2".into()];
            let settings = [input.settings.as_slice(), own.as_slice()].concat();
            attempt(folder.path().join(input.name).to_str().unwrap(), &settings, 0)
        });
        assert!(ends.iter().any(Result::is_ok), "{setting}: {ends:?}");
    }
}
