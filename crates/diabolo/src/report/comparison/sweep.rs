//! From the trials of a sweep to its report: a comparison of models that are named by their
//! settings.

use diabolo_report::comparison::{ComparedModel, Comparison, Curve, Figure, Measure, RAW_INPUT, Stack};
use diabolo_report::name_of;

use super::catalog::SIMILARITY;
use super::trials::Groups;
use super::{common, facts, figures, measures, model, pictures};
use crate::data::file_name;
use crate::task::compare::ComparisonResult;
use crate::task::sweep::Sweep;

/// With more models than this, plots with a curve for each are left out.
const MOST_CURVES: usize = 10;

/// Arranges what [`compare`](crate::task::compare::compare) found for a sweep.
pub fn assemble_sweep(sweep: &Sweep, result: &ComparisonResult) -> Comparison {
    let names: Vec<&str> = result.candidates.iter().map(|c| c.name.as_str()).collect();
    let groups = |name: &str| Groups::single(result, name);
    let mut models: Vec<ComparedModel> = Vec::new();
    for (number, (name, settings)) in names.iter().zip(sweep.values()).enumerate() {
        let mut compared = model(name, result, &groups(name));
        // One value of all pairs of trainings, since each has no similarity of its own.
        let similar = Groups::by_split(result, name).values(SIMILARITY);
        if similar.iter().any(|value| value.is_finite()) {
            compared.values.insert(SIMILARITY.into(), similar);
        }
        models.push(ComparedModel { settings, color: Some(number), ..compared });
    }
    models.push(model(RAW_INPUT, result, &groups(RAW_INPUT)));
    let keys: Vec<&str> = sweep.keys.iter().map(|key| key.name()).collect();
    let measures = measures(result);
    let short = file_name(&sweep.input);
    let family = common(result, |c| c.architecture.family.name());
    let subject =
        family.map_or("autoencoders".into(), |name| format!("a {} autoencoder", name.replace('_', "-")));
    let mut shown: Vec<Figure> =
        measures.iter().filter_map(|measure| by_setting(sweep, &models, measure)).collect();
    let comparable = result.has_one_likelihood();
    shown.extend(comparable.then(|| rate_distortion(sweep, &models)).flatten());
    if names.len() <= MOST_CURVES {
        let numbered = |(_, mut figure): (&str, Figure)| {
            for curve in &mut figure.curves {
                curve.color = names.iter().position(|name| *name == curve.name);
            }
            figure
        };
        let with_raw = [&names[..], &[RAW_INPUT]].concat();
        shown.extend(figures(&with_raw, &groups).into_iter().map(numbered));
    }
    Comparison {
        title: format!("{} of {subject} · {short}", capital(&spoken(&keys.join(" and ")))),
        subtitle: "The same rows and the same seeds of initial weights for every value.".into(),
        facts: facts(short, result),
        notes: result.notes.clone(),
        seeds: result.seeds.clone(),
        initializations: result.initializations,
        over: Some("initial weights".into()),
        varied: keys.iter().map(|key| key.to_string()).collect(),
        measures,
        stacks: if comparable { stacks(&models) } else { vec![] },
        models,
        figures: shown,
        pictures: pictures(result),
        ..Comparison::default()
    }
}

fn spoken(key: &str) -> String {
    key.replace('_', " ")
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

/// The models of each value of the second key, named by it; of a sweep of one key, all.
fn rows<'a>(sweep: &Sweep, models: &'a [ComparedModel]) -> Vec<(String, Vec<&'a ComparedModel>)> {
    let trained: Vec<&ComparedModel> = models.iter().filter(|m| !m.baseline).collect();
    let Some(second) = sweep.keys.get(1) else { return vec![(String::new(), trained)] };
    let row = |(at, value): (usize, &String)| {
        let own = trained.iter().skip(at).step_by(second.values.len()).copied().collect();
        (format!("{} {value}", spoken(second.name())), own)
    };
    second.values.iter().enumerate().map(row).collect()
}

/// A measure over the values of the first key.
fn by_setting(sweep: &Sweep, models: &[ComparedModel], measure: &Measure) -> Option<Figure> {
    let factor = measure.factor();
    let point = |(x, model): (usize, &ComparedModel)| {
        let found = model.summary(&measure.key);
        let error = found.standard_error.unwrap_or(0.0);
        (found.count > 0).then_some([x as f64, found.mean * factor, error * factor])
    };
    let curve = |(number, (name, row)): (usize, (String, Vec<&ComparedModel>))| Curve {
        name,
        color: Some(number),
        points: row.into_iter().enumerate().filter_map(point).collect(),
        ..Curve::default()
    };
    let mut curves: Vec<Curve> = rows(sweep, models).into_iter().enumerate().map(curve).collect();
    curves.retain(|curve| !curve.points.is_empty());
    if curves.is_empty() {
        return None;
    }
    let raw = models.iter().find(|m| m.baseline).map(|m| m.summary(&measure.key));
    if let Some(raw) = raw.filter(|raw| raw.count > 0) {
        let last = sweep.keys[0].values.len() as f64 - 1.0;
        let points = [0.0, last].map(|x| [x, raw.mean * factor, 0.0]).to_vec();
        curves.push(Curve { name: RAW_INPUT.into(), baseline: true, points, ..Curve::default() });
    }
    Some(Figure {
        title: capital(&measure.name),
        caption: measure.explanation.clone(),
        x_label: spoken(sweep.keys[0].name()),
        y_label: measure.unit.clone(),
        x_names: sweep.keys[0].values.clone(),
        curves,
        ..Figure::default()
    })
}

/// Reconstruction over KL divergence (Alemi et al. 2018), where all models have both.
fn rate_distortion(sweep: &Sweep, models: &[ComparedModel]) -> Option<Figure> {
    let point = |model: &&ComparedModel| {
        let value = |term: &str| model.terms.get(term).map(|[mean, _]| *mean);
        Some([value("kl_divergence")?, value("reconstruction")?, 0.0])
    };
    let curve = |(number, (name, row)): (usize, (String, Vec<&ComparedModel>))| {
        let mut points = row.iter().map(point).collect::<Option<Vec<_>>>()?;
        let mut labels = sweep.keys[0].values.clone();
        // The name of a curve is at its end, which is to be at the right.
        if points.first().zip(points.last()).is_some_and(|(first, last)| first[0] > last[0]) {
            points.reverse();
            labels.reverse();
        }
        Some(Curve { name, color: Some(number), points, labels, ..Curve::default() })
    };
    let curves: Option<Vec<Curve>> = rows(sweep, models).into_iter().enumerate().map(curve).collect();
    Some(Figure {
        title: "Rate and distortion".into(),
        caption: format!(
            "Held-out rows, with one draw of z. To the right, a code tells more of its row; below, rows are \
             reconstructed better. Labels are values of {}.",
            spoken(sweep.keys[0].name())
        ),
        x_label: "rate: KL divergence, nats per example".into(),
        y_label: "distortion: reconstruction, nats".into(),
        curves: curves?,
        ..Figure::default()
    })
}

/// The weighted terms of each objective, the reconstruction first.
fn stacks(models: &[ComparedModel]) -> Vec<Stack> {
    let stack = |model: &ComparedModel| {
        let mut terms: Vec<(&String, &[f64; 2])> =
            model.terms.iter().filter(|(_, [_, weight])| *weight != 0.0).collect();
        terms.sort_by_key(|(name, _)| *name != "reconstruction");
        let part =
            |(name, [mean, weight]): (&String, &[f64; 2])| (name_of(name).name.into_owned(), mean * weight);
        Stack { name: model.name.clone(), parts: terms.into_iter().map(part).collect() }
    };
    models.iter().filter(|m| !m.baseline).map(stack).collect()
}
