//! From the trials of a comparison to its report.

mod catalog;
mod model_facts;
mod sweep;
mod trials;

pub use self::sweep::assemble_sweep;
pub use diabolo_report::comparison::{
    Better, Check, Claim, ComparedModel, ComparedPictures, Comparison, Curve, Figure, LEVEL, Measure,
    ModelPictures, Summary, Verdict,
};
use diabolo_report::comparison::{RAW_INPUT, SUBJECT, judged};
use diabolo_report::number;

use self::catalog::{FIGURES, FigureRow, MEASURES, MeasureRow, SIMILARITY};
use self::model_facts::{corruption_words, model_facts};
use self::trials::Groups;
use crate::data::file_name;
use crate::task::compare::{Candidate, ComparisonResult, NOISE, Study, Trial};
use crate::train::TrainingConfig;

/// Judges and arranges what [`compare`](crate::task::compare::compare) found.
pub fn assemble(study: &dyn Study, result: &ComparisonResult) -> Comparison {
    let mut names: Vec<&str> = result.candidates.iter().map(|c| c.name.as_str()).collect();
    names.push(RAW_INPUT);
    let by_split = |name: &str| Groups::by_split(result, name);
    let models = names.iter().map(|name| model(name, result, &by_split(name))).collect();
    let short = file_name(study.input());
    let mut comparison = Comparison {
        title: format!("{} · {short}", heading(&names[..names.len() - 1])),
        subtitle: subtitle(result),
        facts: facts(short, result),
        notes: result.notes.clone(),
        seeds: result.seeds.clone(),
        initializations: result.initializations,
        measures: measures(result),
        models,
        pictures: pictures(result),
        ..Comparison::default()
    };
    let mut figures = figures(&names, &by_split);
    figures.extend(by_part(&comparison.models));
    comparison.claims = judged(&comparison, &mut figures);
    comparison.figures = figures.into_iter().map(|(_, figure)| figure).collect();
    if comparison.claims.is_empty() {
        comparison
            .notes
            .push("No claim was tested: that takes a contractive model and a plain or denoising one.".into());
    }
    comparison
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
    let text = text.replace('_', "-");
    format!("{}{} autoencoders", text[..1].to_uppercase(), &text[1..])
}

/// What all models have in common.
fn subtitle(result: &ComparisonResult) -> String {
    let width =
        if common(result, |c| c.architecture.latent_dim).is_some() { ", width of the code" } else { "" };
    format!(
        "The same splits of the rows{width} and seeds for every model. Every verdict is computed from the measurements."
    )
}

/// A setting, if all models have it.
fn common<T: PartialEq>(result: &ComparisonResult, of: impl Fn(&Candidate) -> T) -> Option<T> {
    let mut all = result.candidates.iter().map(of);
    let first = all.next()?;
    all.all(|other| other == first).then_some(first)
}

/// What was measured.
fn measures(result: &ComparisonResult) -> Vec<Measure> {
    let measured = |key: &str| match key {
        SIMILARITY => result.trials.iter().any(|t| !t.geometry.is_empty()),
        key => result.trials.iter().any(|t| t.measures.contains_key(key)),
    };
    let measure = |&(key, name, unit, better, explanation): &MeasureRow| Measure {
        key: key.into(),
        name: name.into(),
        unit: unit.into(),
        better,
        explanation: explanation.into(),
    };
    MEASURES.iter().filter(|m| measured(m.0)).map(measure).collect()
}

fn model(name: &str, result: &ComparisonResult, groups: &Groups) -> ComparedModel {
    let values = MEASURES.iter().map(|m| (m.0.to_string(), groups.values(m.0)));
    let values = values.filter(|(_, v)| v.iter().any(|v| v.is_finite())).collect();
    let deviations = MEASURES.iter().filter_map(|m| Some((m.0.to_string(), groups.deviation(m.0)?)));
    let candidate = result.candidates.iter().find(|c| c.name == name);
    let facts = candidate
        .map_or(vec![], |c| model_facts(c, &groups.values("epochs"), &groups.values("training_seconds")));
    ComparedModel {
        name: name.into(),
        baseline: candidate.is_none(),
        facts,
        values,
        initialization_deviations: deviations.collect(),
        terms: groups.terms(),
        ..ComparedModel::default()
    }
}

fn facts(input: &str, result: &ComparisonResult) -> Vec<(String, String)> {
    let [train, validation, test] = result.split;
    let seeds: Vec<String> = result.seeds.iter().map(u64::to_string).collect();
    let levels: Vec<String> = NOISE.iter().map(|&l| number(l)).collect();
    let shared = |of: fn(&TrainingConfig) -> Option<usize>| {
        let value = common(result, |candidate| of(&candidate.config.training)).flatten();
        value.map_or("by model".into(), |v| v.to_string())
    };
    let facts = [
        ("Data", input.to_string()),
        ("Rows for each seed", format!("{train} training, {validation} validation, {test} test")),
        ("Numbers in a row", result.width.to_string()),
        ("Classes of the label", result.classes.map_or("none".into(), |c| c.to_string())),
        ("Seeds", seeds.join(", ")),
        ("Initial weights for each seed", result.initializations.to_string()),
        ("Epochs, at most", shared(|training| training.epochs)),
        ("Patience, epochs (0: none)", shared(|training| Some(training.patience))),
        ("Batch size", shared(|training| training.batch_size)),
        ("Noise added to test rows", format!("Gaussian, σ = {}", levels.join(", "))),
        ("Corruption of test rows", result.corruption.map_or("none".into(), |c| corruption_words(&c))),
        ("Version", format!("diabolo {}", env!("CARGO_PKG_VERSION"))),
    ];
    facts.into_iter().map(|(name, value)| (name.to_string(), value)).collect()
}

/// The curves of the models, each over its groups.
fn figures<'a>(names: &[&str], groups: &dyn Fn(&str) -> Groups<'a>) -> Vec<(&'static str, Figure)> {
    let figure = |&(key, title, caption, x_label, y_label, log_x, factor, raw): &FigureRow| {
        let curve = |name: &&str| {
            let baseline = *name == RAW_INPUT;
            let shown = if baseline { raw? } else { name };
            let points = groups(name).curve(key, factor);
            (!points.is_empty()).then(|| Curve { name: shown.into(), baseline, points, ..Curve::default() })
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
        Some(Curve { name: model.name.clone(), points: points?, ..Curve::default() })
    };
    let curves: Vec<Curve> = models.iter().filter_map(curve).collect();
    let figure = Figure {
        title: "From training to held-out rows".into(),
        caption: "The lower on the right, the better; the steeper the line, the stronger the overfitting."
            .into(),
        y_label: "nats per example".into(),
        x_names: vec!["training rows".into(), "held-out rows".into()],
        curves,
        ..Figure::default()
    };
    (!figure.curves.is_empty()).then_some(("reconstruction_by_part", figure))
}

fn pictures(result: &ComparisonResult) -> Option<ComparedPictures> {
    let shape = result.picture_shape?;
    let shown = |trial: &Trial| Some((trial.model.clone(), trial.pictures.clone()?));
    let found: Vec<_> = result.trials.iter().filter_map(shown).collect();
    let models = found.iter().map(|(name, p)| ModelPictures {
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
        models: models.collect(),
        samples: samples.map(|(name, p)| (name.clone(), p.samples.clone())).collect(),
    })
}
