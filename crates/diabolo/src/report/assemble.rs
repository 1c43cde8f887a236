//! A report of a saved model, from its history and from rows it has not seen.

use arrow_array::RecordBatch;
use diabolo_report::{
    ArchitecturePicture, EpochRow, FactorMap, LatentDimension, LatentMap, Metric, Pictures, Report, Sampler,
    Traversals,
};

use super::architecture::{architecture_picture, objective};
use super::{columns, confusion, data, encoder_diagnostics, extremes, latent_map, restored, windows};
use crate::Result;
use crate::artifact::SavedModel;
use crate::data::{Encoded, Factors, file_name, take, texts};
use crate::distribution::Family;
use crate::evaluate::{
    ALPHA, DataProfile, Disentanglement, LogLikelihood, Metrics, Reservoir, UnitStatistics, diagnose,
    log_likelihoods, mutual_information_gap, unit_statistics,
};
use crate::model::{Autoencoder, FamilyConfig};
use crate::objective::Estimator;
use crate::pipeline::{Fitted, evaluated};
use crate::random::{Purpose, permutation, stream};
use crate::task;
use crate::tensor::{Device, to_host};
use crate::train::{EpochRecord, Finding};

/// Pictures shown.
const ORIGINALS: usize = 16;
const SAMPLES: usize = 64;
/// Latent dimensions traversed, steps of each, and how far.
const TRAVERSED: usize = 8;
const STEPS: usize = 11;
const RANGE: f64 = 3.0;
/// Numbers of the pictures of a kind, about.
const PICTURED: usize = 1 << 19;
/// Points on the map.
const MAP_ROWS: usize = 5000;

/// The rows that a report shows.
#[derive(Clone, Copy)]
pub struct ReportRows<'a> {
    /// Rows that were not trained on.
    pub held_out: &'a RecordBatch,
    /// Their numbers in their input, from 0; empty if they are all of it.
    pub numbers: &'a [usize],
    /// What the columns of the training rows hold, if that is known.
    pub data: Option<&'a DataProfile>,
}

/// The report of a fit.
///
/// # Errors
/// As [`assemble`].
pub fn fitted_report(fitted: &Fitted) -> Result<Report> {
    let Fitted { predictor, history, metrics, .. } = fitted;
    let rows = ReportRows { held_out: &fitted.test, numbers: &fitted.test_rows, data: Some(&fitted.data) };
    assemble(predictor.saved(), history, &rows, metrics, predictor.device())
}

/// Assembles the report; `metrics` are of the held-out rows.
///
/// # Errors
/// If the rows cannot be encoded.
pub fn assemble(
    saved: &SavedModel,
    history: &[EpochRecord],
    rows: &ReportRows,
    metrics: &Metrics,
    device: &Device,
) -> Result<Report> {
    let header = &saved.header;
    let seed = header.config.training.seed;
    let ReportRows { held_out: rows, numbers, data: profile } = *rows;
    // The rows that a fit evaluates.
    let (all, chosen) = (rows.num_rows(), evaluated(rows.num_rows(), seed));
    let numbers: Vec<usize> = chosen.iter().map(|&row| numbers.get(row).copied().unwrap_or(row)).collect();
    let shown = chosen.len();
    let sampled = (shown < all).then(|| take(&header.source.input, rows, &chosen)).transpose()?;
    let rows = sampled.as_ref().unwrap_or(rows);
    let order = permutation(&mut stream(seed, Purpose::Choose, 0, 0), shown);
    let encoded = header.preprocessor.encode(&header.source.input, rows, 0)?;
    let mut sample = Reservoir::new(seed);
    sample.add(&encoded);
    let sample = sample.finish();
    let found = diagnose(&saved.model, &header.preprocessor, &sample, seed, device)?;
    let is_table = header.preprocessor.schema.image_shape().is_none();
    let made = if is_table { task::project(saved, &encoded, device) } else { vec![] };
    let detects = matches!(saved.architecture.family, FamilyConfig::Multiscale(_));
    let family = saved.architecture.family.name().replace('_', "-");
    let title = format!("{}{} autoencoder", family[..1].to_uppercase(), &family[1..]);
    Ok(Report {
        title: format!("{title} · {}", file_name(&header.source.input)),
        subtitle: subtitle(saved),
        facts: facts(saved, history, [shown, all]),
        data: profile.map(|profile| data::data_table(saved, profile)),
        architecture: Some(ArchitecturePicture {
            objective: objective(saved, metrics, &encoded, device),
            ..architecture_picture(&saved.architecture)
        }),
        history: history.iter().filter(|record| record.layer.is_none()).map(epoch).collect(),
        metrics: measures(metrics).into_iter().chain(bound_gap(saved, &sample, device)).collect(),
        warnings: warnings(saved, history),
        pictures: pictures(saved, &encoded, &order, device),
        denoised: restored::denoised_pictures(saved, &encoded, &order, device),
        windows: windows::series_windows(saved, rows, (&encoded, &made), &numbers, device),
        columns: columns::columns(saved, &encoded, &made),
        confusions: confusion::confusions(saved, &encoded, &made),
        extremes: extremes::extremes(saved, rows, &encoded, &numbers, device)?,
        held_out_scores: if detects { held_out_scores(saved) } else { vec![] },
        held_out_threshold: saved.detector.as_ref().and_then(|d| d.threshold(ALPHA)).unwrap_or(f64::INFINITY),
        imputed: if detects { None } else { restored::imputed_cells(saved, &encoded, &order, device)? },
        latent_map: map(saved, rows, &encoded, &order, device)?,
        latent_dimensions: latent_dimensions(saved, &encoded, device),
        traversals: traversals(saved, device)?,
        spectrum: encoder_diagnostics::spectrum(&found),
        factor_map: factor_map(saved, rows, &encoded, device)?,
        tangents: encoder_diagnostics::tangent_pictures(saved, [&sample, &encoded], &found, device)?,
        ratios: encoder_diagnostics::ratio_curve(&found),
        column_weights: encoder_diagnostics::column_weights(&found),
        pixel_weights: encoder_diagnostics::pixel_weights(saved, &found),
    })
}

fn held_out_scores(saved: &SavedModel) -> Vec<f64> {
    saved.detector.iter().flat_map(|detector| &detector.scores).map(|&score| f64::from(score)).collect()
}

fn epoch(record: &EpochRecord) -> EpochRow {
    EpochRow {
        epoch: record.epoch,
        train: record.train.clone(),
        validation: record.validation.clone(),
        learning_rate: record.learning_rate,
    }
}

fn subtitle(saved: &SavedModel) -> String {
    use FamilyConfig::*;
    let what = match saved.architecture.family {
        Plain { .. } => "It reconstructs its input from a latent code.",
        Denoising { .. } => "It restores clean rows from corrupted ones.",
        Sparse { .. } => "Each row uses only a few units of its code.",
        Contractive { .. } => "Its code is insensitive to small changes of the input.",
        Variational(_) => "It models a distribution over codes, from which new examples can be drawn.",
        Multiscale(_) => "It restores clean rows from rows with noise of every size.",
        VectorQuantized(_) => "Its codes are choices from a codebook.",
    };
    format!("{what} Measured on held-out rows.")
}

/// The findings of the doctor on the weights that were kept.
fn warnings(saved: &SavedModel, history: &[EpochRecord]) -> Vec<String> {
    let kept =
        history.iter().find(|r| r.layer.is_none() && Some(r.epoch) == saved.header.training.best_epoch);
    let last = history.last().filter(|last| kept.is_some_and(|kept| kept.epoch < last.epoch));
    let mut found: Vec<&Finding> = vec![];
    for finding in kept.into_iter().chain(last).flat_map(|record| &record.findings) {
        if !found.iter().any(|earlier| earlier.kind == finding.kind) {
            found.push(finding);
        }
    }
    found.into_iter().map(|finding| finding.message.clone()).collect()
}

fn facts(saved: &SavedModel, history: &[EpochRecord], [shown, all]: [usize; 2]) -> Vec<(String, String)> {
    let (header, architecture) = (&saved.header, &saved.architecture);
    let encoder = architecture.encoder_shapes();
    let widths: Vec<String> = encoder.iter().chain(encoder.iter().rev().skip(1)).cloned().collect();
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
    if shown < all {
        facts.push(("Rows of the figures", format!("{shown} of {all}, chosen at random")));
    }
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
    let described = blocks.filter(|block| block.family != Family::InputOnly);
    let mut names: Vec<&str> = described.map(|block| block.family.title()).collect();
    names.dedup();
    names.join(", ")
}

/// The measures that the model has, in the order of the page.
fn measures(metrics: &Metrics) -> Vec<Metric> {
    let all = [
        ("importance_bound", metrics.importance_bound),
        ("negative_elbo", metrics.negative_elbo),
        ("reconstruction", Some(metrics.reconstruction)),
        ("reconstruction_floor", metrics.reconstruction_floor),
        ("kl_divergence", metrics.kl_divergence),
        ("constant_model", metrics.constant_model),
        ("constant_model_error", metrics.constant_model_error),
        ("bits_per_dimension", metrics.bits_per_dimension),
        ("contraction", Some(metrics.contraction)),
        ("jacobian_norm", Some(metrics.jacobian_norm)),
        ("mse", Some(metrics.mse)),
        ("active_units", Some(metrics.active_units as f64)),
        ("latent_dim", Some(metrics.latent_dim as f64)),
        ("codebook_perplexity", metrics.codebook_perplexity),
        ("codes_used", metrics.codes_used),
        ("code_bits", metrics.code_bits),
        ("saturated_fraction", metrics.saturated_fraction),
        ("mean_activation", metrics.mean_activation),
        ("examples", Some(metrics.examples as f64)),
    ];
    let mut shown: Vec<Metric> =
        all.into_iter().filter_map(|(key, value)| Some(Metric::of(key, value?))).collect();
    let mut explain = |name: &str, text: String| {
        let metric = shown.iter_mut().find(|metric| metric.name == name);
        metric.into_iter().for_each(|metric| metric.explanation += &text);
    };
    if let Some(Estimator::Hutchinson { probes }) = metrics.contraction_estimator {
        explain("contraction", format!(" Estimated from {probes} random probes a row."));
    }
    if metrics.kl_divergence.is_some() {
        explain("mean squared error", " At the mean of q(z|x); the reconstruction is at a draw of z.".into());
    }
    if let Some(draws) = metrics.kl_draws {
        explain("KL divergence", format!(" The mean of {draws} draws a row."));
    }
    shown
}

/// The gap of the bound, where the draws for it take a second.
fn bound_gap(saved: &SavedModel, rows: &Encoded, device: &Device) -> Option<Metric> {
    const ROWS: usize = 200;
    const DRAWS: usize = 100;
    const WEIGHTS: usize = 1_000_000;
    if crate::tensor::Module::num_params(&saved.model) > WEIGHTS {
        return None;
    }
    let rows = rows.select(&(0..rows.rows.min(ROWS)).collect::<Vec<_>>());
    let seed = saved.header.config.training.seed;
    let found = log_likelihoods(&saved.model, &rows, DRAWS, seed, 0, device)?;
    let gap = LogLikelihood::of(&found, DRAWS).bound_gap;
    let mut metric = Metric::of("bound_gap", gap);
    metric.explanation += &format!(" {DRAWS} draws for each of {} rows.", rows.rows);
    (rows.rows > 0 && gap.is_finite()).then_some(metric)
}

fn pictures(saved: &SavedModel, rows: &Encoded, order: &[usize], device: &Device) -> Option<Pictures> {
    let (height, width, channels) = saved.header.preprocessor.schema.image_shape()?;
    let shown = rows.select(&order[..order.len().min(at_most(ORIGINALS, rows.width))]);
    let split = |values: Vec<f32>| values.chunks_exact(rows.width).map(<[f32]>::to_vec).collect();
    let reconstructions = split(task::project(saved, &shown, device));
    let seed = saved.header.config.training.seed;
    let samples = task::generate(
        saved,
        at_most(SAMPLES, rows.width),
        task::Draw::Mean,
        Default::default(),
        seed,
        device,
    )
    .map_or(vec![], |(values, _)| split(values));
    let sampler = match (&saved.aggregate, saved.architecture.family.has_prior()) {
        (Some(_), _) => Sampler::Aggregate,
        (None, true) => Sampler::Prior,
        (None, false) => Sampler::Walk,
    };
    Some(Pictures {
        height,
        width,
        channels,
        originals: split(shown.values.into_dense()),
        reconstructions,
        samples,
        sampler,
        narrow: saved.architecture.latent_dim < rows.width,
    })
}

/// How many pictures of so many numbers are drawn: 8 to `most`.
fn at_most(most: usize, numbers: usize) -> usize {
    (PICTURED / numbers.max(1)).clamp(8, most)
}

fn latent_dimensions(saved: &SavedModel, rows: &Encoded, device: &Device) -> Vec<LatentDimension> {
    let row = |(k, unit): (usize, UnitStatistics)| LatentDimension {
        dimension: k + 1,
        kl_divergence: unit.kl_divergence,
        mean: unit.mean,
        standard_deviation: unit.variance.max(0.0).sqrt(),
    };
    unit_statistics(&saved.model, rows, device).unwrap_or_default().into_iter().enumerate().map(row).collect()
}

/// Of models with a prior: it gives the range of the codes.
fn traversals(saved: &SavedModel, device: &Device) -> Result<Option<Traversals>> {
    let shape = saved.header.preprocessor.schema.image_shape();
    let Some((height, width, channels)) = shape.filter(|_| saved.architecture.family.is_variational()) else {
        return Ok(None);
    };
    let lines = TRAVERSED.min(at_most(TRAVERSED * STEPS, height * width * channels) / STEPS).max(2);
    let codes = task::traverse(saved, None, &[], lines, STEPS, RANGE, device)?;
    let (values, _) = task::rows_of(saved, &codes, task::Draw::Mean, 0, device)?;
    let pictures: Vec<Vec<f32>> =
        values.chunks_exact(height * width * channels).map(<[f32]>::to_vec).collect();
    let dimensions = codes
        .steps
        .chunks(STEPS)
        .zip(pictures.chunks(STEPS))
        .map(|(steps, line)| (steps[0].0, line.to_vec()));
    Ok(Some(Traversals { height, width, channels, range: RANGE, dimensions: dimensions.collect() }))
}

fn map(
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
    Ok(Some(latent_map::latent_map(&codes, width, labels)?))
}

/// The information of latent dimensions about the factors that the pictures were drawn from, if
/// they were.
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
    Ok(Some(shares(found)))
}

/// Mutual information as shares of the factors' entropies.
fn shares(found: Disentanglement) -> FactorMap {
    let share = |unit: Vec<f64>| {
        unit.into_iter().zip(&found.factors).map(|(nats, factor)| nats / factor.entropy).collect()
    };
    FactorMap {
        shares: found.mutual_information.into_iter().map(share).collect(),
        gaps: found.factors.iter().map(|factor| factor.gap).collect(),
        factors: found.factors.into_iter().map(|factor| factor.name).collect(),
        mutual_information_gap: found.mutual_information_gap,
        examples: found.examples,
    }
}

/// The chosen rows' labels as text, if the data has a label column.
fn labels(saved: &SavedModel, batch: &RecordBatch, chosen: &[usize]) -> Option<Vec<String>> {
    let texts = texts(batch, saved.header.preprocessor.schema.label.as_ref()?)?;
    Some(chosen.iter().map(|&row| texts[row].clone().unwrap_or_default()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::FactorGap;

    #[test]
    fn every_metric_is_on_the_page_under_a_readable_name() {
        let some = Some(1.0);
        let metrics = Metrics {
            examples: 1,
            reconstruction: 1.0,
            reconstruction_floor: some,
            kl_divergence: some,
            kl_draws: None,
            negative_elbo: some,
            importance_bound: some,
            constant_model: some,
            constant_model_error: some,
            contraction: 1.0,
            contraction_estimator: Some(Estimator::Hutchinson { probes: 32 }),
            jacobian_norm: 1.0,
            mse: 1.0,
            active_units: 1,
            latent_dim: 1,
            codebook_perplexity: some,
            codes_used: some,
            code_bits: some,
            saturated_fraction: some,
            mean_activation: some,
            bits_per_dimension: some,
            terms: Default::default(),
        };
        let mut shown = measures(&metrics);
        let contraction = shown.iter_mut().find(|metric| metric.name == "contraction").expect("measured");
        assert!(contraction.explanation.ends_with("Estimated from 32 random probes a row."));
        *contraction = Metric::of("contraction", 1.0);
        let error = shown.iter_mut().find(|metric| metric.name == "mean squared error").expect("measured");
        assert!(error.explanation.ends_with("the reconstruction is at a draw of z."));
        *error = Metric::of("mse", 1.0);
        let json = serde_json::to_value(&metrics).expect("metrics are plain numbers");
        let drawn = measures(&Metrics { kl_draws: Some(16), ..metrics.clone() });
        assert!(drawn.iter().any(|metric| metric.explanation.ends_with("The mean of 16 draws a row.")));
        let numbers = json.as_object().expect("a struct").iter().filter(|(_, value)| value.is_number());
        let keys: Vec<&String> = numbers.map(|(key, _)| key).collect();
        assert_eq!(shown.len(), keys.len());
        for key in keys {
            assert!(diabolo_report::is_named(key), "give '{key}' a row in diabolo-report/src/names.rs");
            assert!(shown.contains(&Metric::of(key, 1.0)), "{key} is not on the page");
        }
    }

    #[test]
    fn shares_are_of_the_factors_entropy() {
        let found = Disentanglement {
            mutual_information_gap: 0.5,
            examples: 10,
            factors: vec![FactorGap { name: "x".into(), entropy: 2.0, unit: 0, gap: 0.5 }],
            mutual_information: vec![vec![1.5], vec![0.5]],
        };
        assert_eq!(shares(found).shares, [[0.75], [0.25]]);
    }
}
