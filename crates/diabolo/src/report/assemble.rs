//! A report of a saved model, from its history and from rows it has not seen.

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_schema::DataType;

use super::{
    ColumnQuality, EpochRow, FactorMap, LatentMap, Metric, Pictures, Report, Sampler, Traversals, UnitRow,
    encoder_diagnostics, restored,
};
use crate::Result;
use crate::artifact::SavedModel;
use crate::data::{BlockKind, Encoded, Factors, Feature, FeatureKind, file_name};
use crate::evaluate::{
    ColumnScore, ColumnScores, Metrics, Reservoir, UnitStatistics, diagnose, mutual_information_gap,
    unit_statistics,
};
use crate::model::Autoencoder;
use crate::random::{Purpose, permutation, stream};
use crate::task;
use crate::tensor::{Device, to_host};
use crate::train::{EpochRecord, Finding};

/// Pictures shown.
const ORIGINALS: usize = 16;
const SAMPLES: usize = 64;
/// Units traversed, steps of each, and how far.
const TRAVERSED: usize = 8;
const STEPS: usize = 11;
const RANGE: f64 = 3.0;
/// Points on the map.
const MAP_ROWS: usize = 5000;

impl Report {
    /// Assembles the report. `rows` were not trained on; `metrics` is their evaluation.
    pub fn assemble(
        saved: &SavedModel,
        history: &[EpochRecord],
        rows: &RecordBatch,
        metrics: &Metrics,
        device: &Device,
    ) -> Result<Report> {
        let header = &saved.header;
        let seed = header.config.training.seed;
        let order = permutation(&mut stream(seed, Purpose::Choose, 0, 0), rows.num_rows());
        let encoded = header.preprocessor.encode(&header.source.input, rows, 0)?;
        let mut sample = Reservoir::new(seed);
        sample.add(&encoded);
        let sample = sample.finish();
        let found = diagnose(&saved.model, &header.preprocessor, &sample, seed, device)?;
        let family = saved.architecture.family.name().replace('_', "-");
        let title = format!("{}{} autoencoder", family[..1].to_uppercase(), &family[1..]);
        Ok(Report {
            title: format!("{title} · {}", file_name(&header.source.input)),
            subtitle: subtitle(saved),
            facts: facts(saved, history),
            history: history.iter().filter(|record| record.layer.is_none()).map(EpochRow::from).collect(),
            metrics: described(metrics),
            warnings: warnings(saved, history),
            pictures: pictures(saved, &encoded, &order, device),
            denoised: restored::denoised_pictures(saved, &encoded, &order, device),
            columns: columns(saved, &encoded, device),
            filled: restored::filled_cells(saved, &encoded, &order, device)?,
            latent_map: latent_map(saved, rows, &encoded, &order, device)?,
            units: units(saved, &encoded, device),
            traversals: traversals(saved, device)?,
            spectrum: encoder_diagnostics::spectrum(&found),
            factor_map: factor_map(saved, rows, &encoded, device)?,
            tangents: encoder_diagnostics::tangent_pictures(saved, &sample, &found, device)?,
            ratios: encoder_diagnostics::ratio_curve(&found),
            column_weights: encoder_diagnostics::column_weights(&found),
            pixel_weights: encoder_diagnostics::pixel_weights(saved, &found),
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

fn subtitle(saved: &SavedModel) -> String {
    use crate::model::FamilyConfig::*;
    let what = match saved.architecture.family {
        Plain { .. } => "It learned to reproduce its input through a code.",
        Denoising { .. } => "It learned to restore clean rows from corrupted ones.",
        Sparse { .. } => "It learned a code of which each row uses only a few units.",
        Contractive { .. } => "It learned a code that small changes of the input hardly move.",
        Variational(_) => "It learned a distribution over codes, from which new examples can be drawn.",
        Multiscale(_) => "It learned to restore clean rows from rows with noise of every size.",
        VectorQuantized(_) => "It learned a finite number of codes, and how often each occurs.",
    };
    format!("{what} Measured on rows it has not seen.")
}

/// What the doctor had to say of the weights that were kept.
fn warnings(saved: &SavedModel, history: &[EpochRecord]) -> Vec<String> {
    let kept =
        history.iter().find(|r| r.layer.is_none() && Some(r.epoch) == saved.header.training.best_epoch);
    let last = history.last().filter(|last| kept.is_some_and(|kept| kept.epoch < last.epoch));
    let mut told: Vec<&Finding> = vec![];
    for finding in kept.into_iter().chain(last).flat_map(|record| &record.findings) {
        if !told.iter().any(|earlier| earlier.kind == finding.kind) {
            told.push(finding);
        }
    }
    told.into_iter().map(|finding| finding.message.clone()).collect()
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
        ("Data", file_name(&header.source.input).to_string()),
        ("Rows", format!("{train} training, {validation} validation, {test} test")),
        ("Layers", widths.join(" → ")),
        ("Code", codes(saved)),
        ("Activation", architecture.activation.name().to_string()),
        ("Likelihood", likelihoods(saved)),
        ("Weights", crate::tensor::Module::num_params(&saved.model).to_string()),
        ("Epochs", format!("{} (best: {best})", header.training.epochs)),
    ];
    if !history.is_empty() {
        facts.push(("Training time", format!("{seconds:.1} s")));
    }
    facts.push(("Seed", header.config.training.seed.to_string()));
    facts.push(("Version", format!("diabolo {}", header.diabolo_version)));
    facts.into_iter().map(|(name, value)| (name.to_string(), value)).collect()
}

/// "8 of 64 vectors each: 48 bits"
fn codes(saved: &SavedModel) -> String {
    match saved.model.codebook() {
        Some(book) => {
            format!("{} choices from {} vectors: {:.0} bits", book.groups(), book.size(), book.bits())
        }
        None => format!("{} numbers", saved.architecture.latent_dim),
    }
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
            "importance bound",
            metrics.importance_bound,
            nats,
            "The bound that was fitted: nearer to −log p(x) than the negative ELBO, by several draws. Lower is better.",
        ),
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
            "perplexity of the code",
            metrics.codebook_perplexity,
            "vectors a group",
            "e to the entropy of the choices, the mean over groups: as many equally frequent vectors are in use.",
        ),
        ("vectors used", metrics.codes_used, "share", "Of all vectors of all codebooks, on these rows."),
        ("size of a code", metrics.code_bits, "bits", "What has to be kept of a row to reconstruct it."),
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

fn pictures(saved: &SavedModel, rows: &Encoded, order: &[usize], device: &Device) -> Option<Pictures> {
    let (height, width, channels) = saved.header.preprocessor.schema.image_shape()?;
    let shown = rows.select(&order[..order.len().min(ORIGINALS)]);
    let split = |values: Vec<f32>| values.chunks_exact(rows.width).map(<[f32]>::to_vec).collect();
    let reconstructions = split(task::project(saved, &shown, device));
    let seed = saved.header.config.training.seed;
    let samples = task::generate(saved, SAMPLES, task::Draw::Mean, &[], seed, device)
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

fn units(saved: &SavedModel, rows: &Encoded, device: &Device) -> Vec<UnitRow> {
    let row = |(k, unit): (usize, UnitStatistics)| UnitRow {
        unit: k + 1,
        kl_divergence: unit.kl_divergence,
        mean: unit.mean,
        deviation: unit.variance.max(0.0).sqrt(),
    };
    unit_statistics(&saved.model, rows, device).unwrap_or_default().into_iter().enumerate().map(row).collect()
}

/// Of models with a prior: where the others' codes may go, nothing says.
fn traversals(saved: &SavedModel, device: &Device) -> Result<Option<Traversals>> {
    let shape = saved.header.preprocessor.schema.image_shape();
    let Some((height, width, channels)) = shape.filter(|_| saved.architecture.family.is_variational()) else {
        return Ok(None);
    };
    let codes = task::traverse(saved, None, &[], TRAVERSED, STEPS, RANGE, device)?;
    let (values, _) = task::rows_of(saved, &codes, task::Draw::Mean, 0, device)?;
    let pictures: Vec<Vec<f32>> =
        values.chunks_exact(height * width * channels).map(<[f32]>::to_vec).collect();
    let units = codes
        .steps
        .chunks(STEPS)
        .zip(pictures.chunks(STEPS))
        .map(|(steps, line)| (steps[0].0, line.to_vec()));
    Ok(Some(Traversals { height, width, channels, range: RANGE, units: units.collect() }))
}

fn columns(saved: &SavedModel, rows: &Encoded, device: &Device) -> Vec<ColumnQuality> {
    let preprocessor = &saved.header.preprocessor;
    if preprocessor.schema.image_shape().is_some() {
        return vec![];
    }
    let mut scores = ColumnScores::new(preprocessor);
    scores.add(rows, &task::project(saved, rows, device));
    column_qualities(saved, scores.finish())
}

/// Rows of a window that are shown in tables of columns.
const ROWS_OF_WINDOW: usize = 8;

/// Whether a feature is shown: of windows the last row, and a few before it.
pub(super) fn is_shown(saved: &SavedModel, feature: usize) -> bool {
    let windows = saved.header.config.data.windows();
    windows.is_none_or(|windows| {
        windows.rows_back(feature).is_multiple_of(windows.length.div_ceil(ROWS_OF_WINDOW))
    })
}

/// Scores with their units.
pub(super) fn column_qualities(saved: &SavedModel, scores: Vec<ColumnScore>) -> Vec<ColumnQuality> {
    let preprocessor = &saved.header.preprocessor;
    let blocks = preprocessor.blocks();
    let logs =
        |index: usize| blocks.iter().any(|b| b.kind == BlockKind::Count && b.features.contains(&index));
    let features = preprocessor.schema.features.iter().enumerate();
    let quality = |(score, (index, feature)): (ColumnScore, (usize, &Feature))| {
        let number = matches!(feature.kind, FeatureKind::Numeric | FeatureKind::Count);
        let unit = match number {
            true if logs(index) => "log(1 + count)",
            true => "standard deviations",
            false => "",
        };
        ColumnQuality {
            name: score.name,
            kind: feature.kind.name().into(),
            measure: if number { "RMSE" } else { "accuracy" }.into(),
            value: score.value,
            baseline: score.baseline,
            perfect: score.perfect,
            unit: unit.into(),
        }
    };
    let shown = scores.into_iter().zip(features).filter(|(_, (index, _))| is_shown(saved, *index));
    shown.map(quality).collect()
}

fn latent_map(
    saved: &SavedModel,
    batch: &RecordBatch,
    rows: &Encoded,
    order: &[usize],
    device: &Device,
) -> Result<Option<LatentMap>> {
    let chosen = &order[..order.len().min(MAP_ROWS)];
    if chosen.len() < 3 {
        return Ok(None);
    }
    let codes = to_host(saved.model.encode(crate::model::Batch::gather(rows, chosen, device).input()));
    let width = saved.architecture.latent_dim;
    let labels = labels(saved, batch, chosen);
    Ok(Some(LatentMap::of_codes(&codes, width, labels)?))
}

/// What the units tell about the factors that the pictures were drawn from, if they were.
fn factor_map(
    saved: &SavedModel,
    batch: &RecordBatch,
    rows: &Encoded,
    device: &Device,
) -> Result<Option<FactorMap>> {
    let mut factors = Factors::default();
    if !factors.add(batch) || !factors.vary() {
        return Ok(None);
    }
    let codes = task::codes(saved, rows, device);
    let found = mutual_information_gap(&codes, saved.architecture.latent_dim, &factors)?;
    Ok(Some(found.into()))
}

/// The chosen rows' labels as text, if the data has a label column.
fn labels(saved: &SavedModel, batch: &RecordBatch, chosen: &[usize]) -> Option<Vec<String>> {
    let column = batch.column_by_name(saved.header.preprocessor.schema.label.as_ref()?)?;
    let texts = arrow_cast::cast(column, &DataType::Utf8).ok()?;
    let texts = texts.as_string::<i32>();
    Some(chosen.iter().map(|&row| texts.value(row).to_string()).collect())
}
