//! From the trials of a comparison to its report.

use super::claims::{self, SUBJECT};
use super::{
    Better, ComparedModel, ComparedPictures, Comparison, Curve, Figure, MadePictures, Measure, Summary,
};
use crate::data::file_name;
use crate::model::{ContractiveConfig, FamilyConfig};
use crate::objective::{Corruption, Sparsity};
use crate::report::number::number;
use crate::task::compare::{Candidate, ComparisonResult, NOISE, Plan, RAW_INPUT, Trial};

/// Key, name, unit, better, explanation.
const MEASURES: [(&str, &str, &str, Better, &str); 14] = [
    (
        "test_reconstruction",
        "held-out reconstruction",
        "nats per example",
        Better::Lower,
        "−log p(x | code) of rows not trained on: what the code fails to tell about them.",
    ),
    (
        "train_reconstruction",
        "training reconstruction",
        "nats per example",
        Better::Neither,
        "The same of the training rows.",
    ),
    (
        "generalisation_gap",
        "generalisation gap",
        "nats per example",
        Better::Lower,
        "Held-out minus training reconstruction.",
    ),
    (
        "squared_error",
        "squared error",
        "squared encoded units",
        Better::Lower,
        "Between a held-out row and its reconstruction, per value.",
    ),
    (
        "noisy_squared_error",
        "squared error from noisy rows",
        "squared encoded units",
        Better::Lower,
        "The same when the model is given the row with noise; mean over the noise levels.",
    ),
    (
        "code_change",
        "change of the code",
        "%",
        Better::Lower,
        "How far the least noise moves the code, squared, as a share of the code’s variance over rows.",
    ),
    (
        "contraction",
        "contraction",
        "‖J‖²_F",
        Better::Lower,
        "Squared Frobenius norm of the Jacobian; also small for codes that are merely small.",
    ),
    ("jacobian_norm", "Jacobian norm", "‖J‖_F", Better::Lower, "From the mean singular values, √Σσ²."),
    (
        "effective_rank",
        "effective rank",
        "directions",
        Better::Neither,
        "exp of the entropy of σ/Σσ: over how many directions the reaction to the input is spread.",
    ),
    (
        "saturated_share",
        "saturated",
        "%",
        Better::Neither,
        "Code values within 5 % of an end of the activation’s range.",
    ),
    ("accuracy", "accuracy", "%", Better::Higher, "Of a linear classifier on the codes of held-out rows."),
    (
        "noisy_accuracy",
        "accuracy under noise",
        "%",
        Better::Higher,
        "Of the same classifier when the rows have noise; mean over the noise levels.",
    ),
    (
        "sample_energy_distance",
        "energy distance of samples",
        "encoded units",
        Better::Lower,
        "Of 500 new rows from held-out rows: 0 if both have the same distribution.",
    ),
    (
        "training_seconds",
        "training time",
        "seconds",
        Better::Neither,
        "Wall time of all epochs; other work on the machine counts too.",
    ),
];

impl Comparison {
    /// Judges and arranges what [`compare`](crate::task::compare::compare) found.
    pub fn assemble(plan: &Plan, result: &ComparisonResult) -> Comparison {
        let mut names: Vec<&str> = result.candidates.iter().map(Candidate::name).collect();
        names.push(RAW_INPUT);
        let models = names.iter().map(|name| model(name, result)).collect();
        let measured = |key: &str| result.trials.iter().any(|t| t.measures.contains_key(key));
        let measures = MEASURES.iter().filter(|m| measured(m.0)).map(|m| Measure {
            key: m.0.into(),
            name: m.1.into(),
            unit: m.2.into(),
            better: m.3,
            explanation: m.4.into(),
        });
        let short = file_name(&plan.input);
        let mut comparison = Comparison {
            title: format!("{} · {short}", heading(&names[..names.len() - 1])),
            subtitle: "The same rows, splits, budget and seeds for every model. What the figures say is computed from \
                       them, also when it is not what was hoped for."
                .into(),
            facts: facts(short, result),
            notes: result.notes.clone(),
            seeds: result.seeds.clone(),
            measures: measures.collect(),
            models,
            claims: vec![],
            figures: vec![],
            pictures: pictures(result),
        };
        let mut figures = figures(&names, result);
        figures.extend(by_part(&comparison.models));
        comparison.claims = claims::judged(&comparison, &mut figures);
        comparison.figures = figures.into_iter().map(|(_, figure)| figure).collect();
        if comparison.claims.is_empty() {
            comparison.notes.push(
                "No claim was tested: that takes a contractive model and a plain or denoising one.".into(),
            );
        }
        comparison
    }
}

/// "Contractive beside plain and denoising autoencoders"
fn heading(names: &[&str]) -> String {
    let others: Vec<&str> = names.iter().copied().filter(|n| *n != SUBJECT).collect();
    let list = match others.as_slice() {
        [] => String::new(),
        [one] => (*one).to_string(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    };
    let text = if others.len() < names.len() { format!("{SUBJECT} beside {list}") } else { list };
    format!("{}{} autoencoders", text[..1].to_uppercase(), &text[1..])
}

fn of_model<'a>(result: &'a ComparisonResult, name: &str) -> Vec<&'a Trial> {
    let of_seed = |seed: &u64| result.trials.iter().find(|t| t.model == name && t.seed == *seed);
    result.seeds.iter().filter_map(of_seed).collect()
}

fn model(name: &str, result: &ComparisonResult) -> ComparedModel {
    let trials = of_model(result, name);
    let over_seeds = |key: &str| -> Vec<f64> {
        trials.iter().map(|t| t.measures.get(key).copied().unwrap_or(f64::NAN)).collect()
    };
    let values = MEASURES.iter().map(|m| (m.0.to_string(), over_seeds(m.0)));
    let values = values.filter(|(_, v)| v.iter().any(|v| v.is_finite())).collect();
    let candidate = result.candidates.iter().find(|c| c.name() == name);
    let facts =
        candidate.map_or(vec![], |c| model_facts(c, &over_seeds("epochs"), &over_seeds("training_seconds")));
    ComparedModel { name: name.into(), baseline: candidate.is_none(), facts, values }
}

fn model_facts(candidate: &Candidate, epochs: &[f64], seconds: &[f64]) -> Vec<(String, String)> {
    let Candidate { architecture, config, weights, .. } = candidate;
    let mut widths = vec![architecture.inputs];
    widths.extend(&architecture.hidden);
    widths.push(architecture.latent_dim);
    let back: Vec<usize> = widths.iter().rev().skip(1).copied().collect();
    let widths: Vec<String> = widths.into_iter().chain(back).map(|w| w.to_string()).collect();
    let mut activations = vec![architecture.latent_activation.name()];
    if !architecture.hidden.is_empty() && architecture.activation != architecture.latent_activation {
        activations.insert(0, architecture.activation.name());
    }
    let mean = |values: &[f64]| Summary::of(values).mean;
    let fact = |name: &str, value: String| (name.to_string(), value);
    vec![
        fact("What is special", special(&architecture.family)),
        fact("Layers", widths.join(" → ")),
        fact("Activation", activations.join(", code ")),
        fact(
            "Weights",
            format!("{}{}", number(*weights as f64), if architecture.family.tied() { ", tied" } else { "" }),
        ),
        fact("Step size", number(config.training.learning_rate.unwrap_or(f64::NAN))),
        fact("Epochs run", number(mean(epochs).round())),
        fact("Time", format!("{:.1} s", mean(seconds))),
    ]
}

fn special(family: &FamilyConfig) -> String {
    match family {
        FamilyConfig::Plain { .. } => "nothing: reconstruction alone".into(),
        FamilyConfig::Denoising { corruption, .. } => match corruption {
            Corruption::Masking { probability } => {
                format!("trained with {} % of the input set to 0", number(100.0 * probability))
            }
            Corruption::Gaussian { deviation } | Corruption::ClippedGaussian { deviation } => {
                format!("trained with Gaussian noise, σ = {}", number(*deviation))
            }
            Corruption::SaltAndPepper { probability } => {
                format!("trained with {} % salt and pepper", number(100.0 * probability))
            }
        },
        FamilyConfig::Contractive(ContractiveConfig { contraction_weight, curvature_weight, .. }) => {
            let curvature = match *curvature_weight {
                0.0 => String::new(),
                weight => format!(", and {} × curvature", number(weight)),
            };
            format!("penalty {} × ‖J‖²{curvature}", number(*contraction_weight))
        }
        FamilyConfig::Variational(config) => {
            format!("random code, penalty {} × KL divergence", number(config.kl_weight))
        }
        FamilyConfig::VectorQuantized(config) => {
            let (groups, size) = (config.groups, config.codebook_size);
            format!("{groups} choices from {size}, penalty {} × commitment", number(config.commitment_weight))
        }
        FamilyConfig::Multiscale(config) => {
            format!(
                "removes noise of {} to {} deviations",
                number(config.sigma_min),
                number(config.sigma_max)
            )
        }
        FamilyConfig::Sparse(config) => match config.sparsity {
            Sparsity::L1 { weight } => format!("penalty {} × |code|", number(weight)),
            Sparsity::Kl { weight, target } => {
                let share = number(100.0 * target);
                format!("penalty {} × KL from {share} % activity", number(weight))
            }
            Sparsity::TopK { k } => format!("keeps the {k} largest units"),
        },
    }
}

fn facts(input: &str, result: &ComparisonResult) -> Vec<(String, String)> {
    let Some(first) = result.candidates.first() else { return vec![] };
    let training = &first.config.training;
    let [train, validation, test] = result.split;
    let seeds: Vec<String> = result.seeds.iter().map(u64::to_string).collect();
    let levels: Vec<String> = NOISE.iter().map(|&l| number(l)).collect();
    let blocks = first.architecture.likelihood.iter();
    let mut likelihoods: Vec<&str> = blocks.map(|block| block.family.title()).collect();
    likelihoods.dedup();
    let optional = |value: Option<usize>| value.map_or("—".into(), |v| v.to_string());
    let facts = [
        ("Data", input.to_string()),
        ("Rows for each seed", format!("{train} training, {validation} validation, {test} test")),
        ("Numbers in a row", result.width.to_string()),
        ("Classes of the label", result.classes.map_or("none".into(), |c| c.to_string())),
        ("Seeds", seeds.join(", ")),
        ("Epochs, at most", format!("{}, patience {}", optional(training.epochs), training.patience)),
        ("Rows a step", optional(training.batch_size)),
        ("Likelihood", likelihoods.join(", ")),
        ("Noise added to test rows", format!("Gaussian, σ = {}", levels.join(", "))),
        ("Version", format!("diabolo {}", env!("CARGO_PKG_VERSION"))),
    ];
    facts.into_iter().map(|(name, value)| (name.to_string(), value)).collect()
}

/// Key of the curve, title, caption, x, y, logarithmic x, factor of y, name of the raw input's curve.
type FigureRow =
    (&'static str, &'static str, &'static str, &'static str, &'static str, bool, f64, Option<&'static str>);

const NOISE_AXIS: &str = "noise σ, in encoded units";

const FIGURES: [FigureRow; 7] = [
    (
        "code_change",
        "Change of the code under noise",
        "Squared change over the variance of the code: at 100 %, noise moves a code as far as codes lie from their mean. Below the dashed line, the code is steadier than the input itself.",
        NOISE_AXIS,
        "% of the code’s variance",
        false,
        100.0,
        Some("raw input"),
    ),
    (
        "contraction_ratio",
        "Contraction ratio",
        "Distance of two codes over the distance of their inputs, a step of length ‖δ‖ apart in a random direction. Low on the left: small steps are ignored. It depends on the scale of the code, so compare shapes as well as heights.",
        "length of the step ‖δ‖, log scale",
        "‖f(x+δ) − f(x)‖ / ‖δ‖",
        true,
        1.0,
        None,
    ),
    (
        "learning",
        "Learning curves",
        "Reconstruction of the validation rows after each epoch, the first tenth left out. A curve that turns up has begun to learn its rows by heart. A curve ends where its first seed stopped.",
        "epoch",
        "nats per example",
        false,
        1.0,
        None,
    ),
    (
        "accuracy",
        "Accuracy of a linear classifier",
        "Trained on codes of clean training rows, judged on held-out rows with noise.",
        NOISE_AXIS,
        "% of held-out rows right",
        false,
        100.0,
        Some("raw input"),
    ),
    (
        "noisy_squared_error",
        "Error of the reconstruction from noisy rows",
        "Squared difference from the clean row. At σ = 0 it is the usual reconstruction error.",
        NOISE_AXIS,
        "squared encoded units, per value",
        false,
        1.0,
        Some("noisy input"),
    ),
    (
        "spectrum",
        "Singular values of the Jacobian",
        "Largest first, mean over held-out rows: the reaction of the code to a step in each direction.",
        "number of the singular value",
        "singular value",
        false,
        1.0,
        None,
    ),
    (
        "spectrum_shape",
        "The same, relative to the largest",
        "Without the scale of the code. The faster it falls, the fewer directions the code listens to.",
        "number of the singular value",
        "share of the largest",
        false,
        1.0,
        None,
    ),
];

fn figures(names: &[&str], result: &ComparisonResult) -> Vec<(&'static str, Figure)> {
    let figure = |&(key, title, caption, x_label, y_label, log_x, factor, raw): &FigureRow| {
        let curve = |name: &&str| {
            let baseline = *name == RAW_INPUT;
            let shown = if baseline { raw? } else { name };
            let points = over_seeds(&of_model(result, name), key, factor);
            (!points.is_empty()).then(|| Curve { name: shown.into(), baseline, points })
        };
        let curves: Vec<Curve> = names.iter().filter_map(curve).collect();
        let [title, caption, x_label, y_label] = [title, caption, x_label, y_label].map(str::to_string);
        let trained = curves.iter().any(|c| !c.baseline);
        trained.then_some((key, Figure { title, caption, x_label, y_label, log_x, x_names: vec![], curves }))
    };
    FIGURES.iter().filter_map(figure).collect()
}

/// Reconstruction of training and of held-out rows.
fn by_part(models: &[ComparedModel]) -> Option<(&'static str, Figure)> {
    let curve = |model: &ComparedModel| {
        let part = |(x, key): (f64, &str)| {
            let found = model.summary(key);
            (found.count > 0).then(|| [x, found.mean, found.standard_error.unwrap_or(0.0)])
        };
        let points = [(0.0, "train_reconstruction"), (1.0, "test_reconstruction")].map(part);
        let points: Option<Vec<[f64; 3]>> = points.into_iter().collect();
        Some(Curve { name: model.name.clone(), baseline: false, points: points? })
    };
    let curves: Vec<Curve> = models.iter().filter_map(curve).collect();
    let figure = Figure {
        title: "From training to held-out rows".into(),
        caption: "The lower on the right, the better; the steeper the line, the more was learned by heart."
            .into(),
        y_label: "nats per example".into(),
        x_names: vec!["training rows".into(), "held-out rows".into()],
        curves,
        ..Figure::default()
    };
    (!figure.curves.is_empty()).then_some(("reconstruction_by_part", figure))
}

/// Mean and standard error at each x that all trials have.
fn over_seeds(trials: &[&Trial], key: &str, factor: f64) -> Vec<[f64; 3]> {
    let curves: Vec<&Vec<(f64, f64)>> = trials.iter().filter_map(|t| t.curves.get(key)).collect();
    let shared = curves.iter().map(|c| c.len()).min().unwrap_or(0);
    let point = |i: usize| {
        let values: Vec<f64> = curves.iter().map(|c| c[i].1 * factor).collect();
        let found = Summary::of(&values);
        [curves[0][i].0, found.mean, found.standard_error.unwrap_or(0.0)]
    };
    (0..shared).map(point).collect()
}

fn pictures(result: &ComparisonResult) -> Option<ComparedPictures> {
    let shape = result.picture_shape?;
    let shown = |trial: &Trial| Some((trial.model.clone(), trial.pictures.clone()?));
    let found: Vec<_> = result.trials.iter().filter_map(shown).collect();
    let made = found.iter().map(|(name, p)| MadePictures {
        name: name.clone(),
        reconstructions: p.reconstructions.clone(),
        restored: p.restored.clone(),
    });
    let samples = found.iter().filter(|(_, p)| !p.samples.is_empty());
    Some(ComparedPictures {
        shape,
        disturbance: "Gaussian noise, σ = 0.3".into(),
        originals: result.originals.clone(),
        noisy: result.noisy.clone(),
        made: made.collect(),
        samples: samples.map(|(name, p)| (name.clone(), p.samples.clone())).collect(),
    })
}
