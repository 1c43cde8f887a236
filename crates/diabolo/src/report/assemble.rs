//! A report of a saved model, from its history and from rows it has not seen.

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_schema::DataType;

use super::{ColumnQuality, EpochRow, LatentMap, Metric, Pictures, Report, Sampler, diagnosed};
use crate::artifact::SavedModel;
use crate::data::{Encoded, FeatureKind};
use crate::error::Result;
use crate::evaluate::{ColumnScores, Metrics, Sample, diagnose, principal_components};
use crate::model::Autoencoder;
use crate::nn::{Place, to_host};
use crate::noise::{Purpose, permutation, stream};
use crate::task;
use crate::train::EpochRecord;

/// Pictures shown.
const ORIGINALS: usize = 16;
const SAMPLES: usize = 64;
/// Points on the map.
const MAP_ROWS: usize = 5000;

impl Report {
    /// Assembles the report. `rows` were not trained on; `metrics` is their evaluation.
    pub fn assemble(
        saved: &SavedModel,
        history: &[EpochRecord],
        rows: &RecordBatch,
        metrics: &Metrics,
        place: &Place,
    ) -> Result<Report> {
        let header = &saved.header;
        let seed = header.config.training.seed;
        let order = permutation(&mut stream(seed, Purpose::Choose, 0, 0), rows.num_rows());
        let encoded = header.preprocessor.encode(&header.source.input, rows, 0)?;
        let mut sample = Sample::new(seed);
        sample.add(&encoded);
        let sample = sample.finish();
        let found = diagnose(&saved.model, &header.preprocessor, &sample, seed, place)?;
        let family = saved.architecture.family.name();
        let title = format!("{}{} autoencoder", family[..1].to_uppercase(), &family[1..]);
        Ok(Report {
            title: format!("{title} · {}", short_name(&header.source.input)),
            subtitle: subtitle(saved),
            facts: facts(saved, history),
            history: history.iter().filter(|record| record.layer.is_none()).map(EpochRow::from).collect(),
            metrics: described(metrics),
            warnings: vec![],
            pictures: pictures(saved, &encoded, &order, place),
            columns: columns(saved, &encoded, place),
            latent_map: latent_map(saved, rows, &encoded, &order, place)?,
            spectrum: diagnosed::spectrum(&found),
            tangents: diagnosed::tangent_pictures(saved, &sample, &found, place)?,
            ratios: diagnosed::ratio_curve(&found),
            column_weights: diagnosed::column_weights(&found),
            pixel_weights: diagnosed::pixel_weights(saved, &found),
        })
    }
}

impl From<&EpochRecord> for EpochRow {
    fn from(record: &EpochRecord) -> Self {
        EpochRow {
            epoch: record.epoch,
            train: record.train.clone(),
            validation: record.validation.clone(),
            learning_rate: record.learning_rate,
        }
    }
}

fn short_name(input: &str) -> &str {
    input.rsplit(['/', '\\']).next().unwrap_or(input)
}

fn subtitle(saved: &SavedModel) -> String {
    use crate::model::FamilyConfig::*;
    let what = match saved.architecture.family {
        Plain { .. } => "It learned to reproduce its input through a code.",
        Denoising { .. } => "It learned to restore clean rows from corrupted ones.",
        Sparse { .. } => "It learned a code of which each row uses only a few units.",
        Contractive { .. } => "It learned a code that small changes of the input hardly move.",
        Variational(_) => "It learned a distribution over codes, from which new examples can be drawn.",
    };
    format!("{what} Measured on rows it has not seen.")
}

fn facts(saved: &SavedModel, history: &[EpochRecord]) -> Vec<(String, String)> {
    let (header, architecture) = (&saved.header, &saved.architecture);
    let mut widths = vec![architecture.inputs];
    widths.extend(&architecture.hidden);
    widths.push(architecture.latent_dim);
    widths.extend(architecture.hidden.iter().rev());
    widths.push(architecture.inputs);
    let widths: Vec<String> = widths.iter().map(usize::to_string).collect();
    let [train, validation, test] = header.source.split;
    let seconds: f64 = history.iter().map(|r| r.seconds).sum();
    let best = header.training.best_epoch.map_or("—".into(), |e| e.to_string());
    let mut facts = vec![
        ("Data", short_name(&header.source.input).to_string()),
        ("Rows", format!("{train} training, {validation} validation, {test} test")),
        ("Layers", widths.join(" → ")),
        ("Activation", architecture.activation.name().to_string()),
        ("Likelihood", likelihoods(saved)),
        ("Weights", burn::module::Module::num_params(&saved.model).to_string()),
        ("Epochs", format!("{} (best: {best})", header.training.epochs)),
    ];
    if !history.is_empty() {
        facts.push(("Training time", format!("{seconds:.1} s")));
    }
    facts.push(("Seed", header.config.training.seed.to_string()));
    facts.push(("Version", format!("diabolo {}", header.diabolo_version)));
    facts.into_iter().map(|(name, value)| (name.to_string(), value)).collect()
}

fn likelihoods(saved: &SavedModel) -> String {
    let blocks = saved.architecture.likelihood.iter();
    let mut names: Vec<&str> = blocks.map(|block| block.family.title()).collect();
    names.dedup();
    names.join(", ")
}

fn described(metrics: &Metrics) -> Vec<Metric> {
    let nats = "nats per example";
    let all = [
        (
            "negative ELBO",
            metrics.negative_elbo,
            nats,
            "Reconstruction plus KL divergence: an upper bound on −log p(x). Lower is better; below zero is possible where p(x) is a density.",
        ),
        (
            "reconstruction",
            Some(metrics.reconstruction),
            nats,
            "−log p(x | code): what the code fails to tell about the row.",
        ),
        (
            "KL divergence",
            metrics.kl_divergence,
            nats,
            "How much the code tells about the row, beyond the prior.",
        ),
        (
            "bits per dimension",
            metrics.bits_per_dimension,
            "bits",
            "The bound, or the reconstruction, shared out over the pixels.",
        ),
        (
            "contraction",
            Some(metrics.contraction),
            "‖J‖²_F",
            "How strongly the code moves when the input moves a little. Smaller is more robust.",
        ),
        ("norm of the Jacobian", Some(metrics.jacobian_norm), "‖J‖_F", "The mean of the root of the same."),
        (
            "mean squared error",
            Some(metrics.mse),
            "squared encoded units",
            "Between a row and its reconstruction, per value.",
        ),
        (
            "active units",
            Some(metrics.active_units as f64),
            "",
            "Units of the code that vary over the data; the others carry nothing.",
        ),
        ("latent dimensions", Some(metrics.latent_dim as f64), "", "Units of the code."),
        (
            "saturated",
            metrics.saturated_fraction,
            "share of code values",
            "Code values within 5 % of an end of the activation's range.",
        ),
        ("mean activation", metrics.mean_activation, "", "Of the code's values, over units and rows."),
        ("examples", Some(metrics.examples as f64), "rows", "Rows these numbers are averages over."),
    ];
    all.into_iter()
        .filter_map(|(name, value, unit, explanation)| {
            let text = |t: &str| t.to_string();
            Some(Metric { name: text(name), value: value?, unit: text(unit), explanation: text(explanation) })
        })
        .collect()
}

fn pictures(saved: &SavedModel, rows: &Encoded, order: &[usize], place: &Place) -> Option<Pictures> {
    let (height, width, channels) = saved.header.preprocessor.schema.image_shape()?;
    let shown = rows.select(&order[..order.len().min(ORIGINALS)]);
    let split = |values: Vec<f32>| values.chunks_exact(rows.width).map(<[f32]>::to_vec).collect();
    let reconstructions = split(task::project(saved, &shown, place));
    let seed = saved.header.config.training.seed;
    let samples = task::generate(saved, SAMPLES, task::Draw::Mean, seed, place)
        .map_or(vec![], |(values, _)| split(values));
    let sampler = if saved.architecture.family.has_prior() { Sampler::Prior } else { Sampler::Walk };
    Some(Pictures {
        height,
        width,
        channels,
        originals: split(shown.values),
        reconstructions,
        samples,
        sampler,
    })
}

fn columns(saved: &SavedModel, rows: &Encoded, place: &Place) -> Vec<ColumnQuality> {
    let preprocessor = &saved.header.preprocessor;
    if preprocessor.schema.image_shape().is_some() {
        return vec![];
    }
    let mut scores = ColumnScores::new(preprocessor);
    scores.add(rows, &task::project(saved, rows, place));
    let kinds = preprocessor.schema.features.iter();
    let quality = |(score, feature): (crate::evaluate::ColumnScore, &crate::data::Feature)| {
        let number = matches!(feature.kind, FeatureKind::Numeric | FeatureKind::Count);
        ColumnQuality {
            name: score.name,
            kind: feature.kind.name().into(),
            measure: if number { "RMSE" } else { "accuracy" }.into(),
            value: score.value,
            baseline: score.baseline,
            perfect: score.perfect,
            unit: if number { "standard deviations" } else { "" }.into(),
        }
    };
    scores.finish().into_iter().zip(kinds).map(quality).collect()
}

fn latent_map(
    saved: &SavedModel,
    batch: &RecordBatch,
    rows: &Encoded,
    order: &[usize],
    place: &Place,
) -> Result<Option<LatentMap>> {
    let chosen = &order[..order.len().min(MAP_ROWS)];
    if chosen.len() < 3 {
        return Ok(None);
    }
    let codes = to_host(saved.model.encode(crate::model::Batch::gather(rows, chosen, place).x));
    let width = saved.architecture.latent_dim;
    let labels = labels(saved, batch, chosen);
    let (x, y, x_label, y_label) = match width {
        2 => {
            let unit = |k: usize| codes.iter().skip(k).step_by(2).copied().collect();
            (unit(0), unit(1), "latent 1".into(), "latent 2".into())
        }
        _ => {
            let plane = principal_components(&codes, width)?;
            let axis = |k: usize| format!("PCA {} ({:.0} % of variance)", k + 1, 100.0 * plane.explained[k]);
            let (first, second) = (axis(0), axis(1));
            (plane.x, plane.y, first, second)
        }
    };
    Ok(Some(LatentMap { x, y, labels, x_label, y_label }))
}

/// The chosen rows' labels as text, if the data has a label column.
fn labels(saved: &SavedModel, batch: &RecordBatch, chosen: &[usize]) -> Option<Vec<String>> {
    let column = batch.column_by_name(saved.header.preprocessor.schema.label.as_ref()?)?;
    let texts = arrow_cast::cast(column, &DataType::Utf8).ok()?;
    let texts = texts.as_string::<i32>();
    Some(chosen.iter().map(|&row| texts.value(row).to_string()).collect())
}
