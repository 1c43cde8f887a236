//! The metrics of each model in a comparison, on test rows.
//!
//! A *noisy* row is x + σε, ε ~ N(0, I), in encoded units. A *corrupted* row has the corruption
//! that denoising models were trained to remove, if any are measured. Missing cells stay missing.
//! All models of a split receive the same noisy and corrupted rows.

use std::collections::BTreeMap;

use super::split::SeedSplit;
use super::{Trial, TrialPictures};
use crate::Result;
use crate::data::Encoded;
use crate::evaluate::{
    LatentSummary, affordable_spectrum, contraction_ratios, evaluate, noise_responses, objective_terms,
    squared_error,
};
use crate::model::{Autoencoder, Batch, Model, in_chunks};
use crate::objective::Corruption;
use crate::random::{Purpose, standard_normal, stream};
use crate::stats::{Labelled, LogisticProbe, accuracy, elementary::square, geometry, sample_quality};
use crate::task::Draw;
use crate::task::generate::{Source, new_rows};
use crate::tensor::{Device, to_host};

/// Standard deviations σ of the noise, in encoded units.
pub const NOISE: [f64; 5] = [0.1, 0.2, 0.3, 0.4, 0.5];
/// The standard deviation of the noise in the shown images.
pub(super) const SHOWN_NOISE: f64 = 0.3;
/// Radii ‖δ‖ of the contraction ratio.
pub const DISTANCES: [f64; 8] = [0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0];

/// Rows whose codes are compared between initial weights.
const ALIGNED: usize = 100;
/// Number of new rows of each model.
const SAMPLES: usize = 500;

/// Collects all metrics and curves of a model.
pub(super) fn model(arena: &SeedSplit, model: &Model, nats: bool, device: &Device) -> Result<Trial> {
    let test = &arena.test;
    let encode = |rows: &Encoded| in_chunks(rows, device, |batch| to_host(model.encode(batch.input())));
    let mut trial = classified(arena, device, &encode)?;
    let put = |trial: &mut Trial, name: &str, value: f64| {
        trial.measures.extend(value.is_finite().then(|| (name.to_string(), value)));
    };
    if nats {
        let (train, held_out) =
            (reconstruction(model, &arena.prepared.train, device), reconstruction(model, test, device));
        put(&mut trial, "train_reconstruction", train);
        put(&mut trial, "test_reconstruction", held_out);
        put(&mut trial, "generalisation_gap", held_out - train);
    }
    let found = evaluate(model, test, None, arena.seed, device);
    put(&mut trial, "squared_error", found.mse);
    put(&mut trial, "kl_divergence", found.kl_divergence.unwrap_or(f64::NAN));
    put(&mut trial, "active_dimensions", found.active_units as f64);
    put(&mut trial, "contraction", found.contraction);
    put(&mut trial, "jacobian_norm", found.jacobian_norm);
    put(&mut trial, "saturated_share", found.saturated_fraction.unwrap_or(f64::NAN));

    let levels: Vec<f64> = std::iter::once(0.0).chain(NOISE).collect();
    if let Some(rows) = arena.corrupted(device) {
        let rebuilt = in_chunks(&rows, device, |batch| mean_row(model, batch));
        put(&mut trial, "corrupted_squared_error", squared_error(&rebuilt, test, &arena.described));
    }
    trial.terms = objective_terms(model, test, arena.seed, device);
    let responses = noise_responses(model, test, &levels, arena.seed, device);
    let errors: Vec<(f64, f64)> = responses.iter().map(|r| (r.deviation, r.reconstruction_mse)).collect();
    put(&mut trial, "noisy_squared_error", mean(errors[1..].iter().map(|e| e.1)));
    trial.curves.insert("noisy_squared_error".into(), errors);
    let changes: Vec<(f64, f64)> =
        responses.iter().filter_map(|r| Some((r.deviation, r.code_change?))).collect();
    put(&mut trial, "code_change", changes.get(1).map_or(f64::NAN, |c| c.1));
    trial.curves.insert("code_change".into(), changes);
    let ratios = contraction_ratios(model, test, &DISTANCES, arena.seed, device);
    trial.curves.insert("contraction_ratio".into(), ratios.iter().map(|r| (r.radius, r.mean)).collect());

    if arena.initializations > 1 {
        let rows = test.select(&arena.order[..test.rows.min(ALIGNED)]);
        trial.geometry = geometry(&encode(&rows), model.latent_dim()).unwrap_or_default();
    }
    if let Some(spectrum) = affordable_spectrum(model, test, &arena.order, device)? {
        put(&mut trial, "effective_rank", spectrum.effective_rank);
        let largest = spectrum.mean.first().copied().unwrap_or(f64::NAN);
        let shape = spectrum.mean.iter().map(|s| s / largest);
        trial.curves.insert("spectrum_shape".into(), numbered(shape));
        trial.curves.insert("spectrum".into(), numbered(spectrum.mean.iter().copied()));
    }
    Ok(trial)
}

/// The metrics of the raw input as features: noise with standard deviation σ changes each value by
/// σ².
pub(super) fn raw_input(arena: &SeedSplit, device: &Device) -> Result<Trial> {
    let test = &arena.test;
    let mut trial = classified(arena, device, &|rows: &Encoded| rows.values.to_vec())?;
    if let Some(rows) = arena.corrupted(device) {
        let error = squared_error(&rows.values, test, &arena.described);
        trial.measures.insert("corrupted_squared_error".into(), error);
    }
    let squares: Vec<(f64, f64)> =
        std::iter::once(0.0).chain(NOISE).map(|level| (level, level * level)).collect();
    let cells = test.observed.as_ref().map_or(test.values.len(), |o| o.iter().filter(|o| **o == 1.0).count());
    let share = cells as f64 / squared_deviations(&test.values, test.width);
    if share.is_finite() {
        let changes: Vec<(f64, f64)> =
            squares.iter().map(|(level, squared)| (*level, squared * share)).collect();
        trial.measures.insert("code_change".into(), changes[1].1);
        trial.curves.insert("code_change".into(), changes);
    }
    trial.measures.insert("noisy_squared_error".into(), mean(squares[1..].iter().map(|s| s.1)));
    trial.curves.insert("noisy_squared_error".into(), squares);
    Ok(trial)
}

/// Σ (x_ij − mean_j)² over rows i and columns j.
fn squared_deviations(values: &[f32], width: usize) -> f64 {
    let unit = |j: usize| {
        let values = || values.iter().skip(j).step_by(width).map(|&v| f64::from(v));
        let centre = mean(values());
        values().map(|v| square(v - centre)).sum::<f64>()
    };
    (0..width).map(unit).sum()
}

/// The accuracy of a linear probe of the features, without and with noise.
fn classified(arena: &SeedSplit, device: &Device, encode: &dyn Fn(&Encoded) -> Vec<f32>) -> Result<Trial> {
    let test = &arena.test;
    let codes = encode(test);
    let width = codes.len() / test.rows;
    let (mut measures, mut curves) = (BTreeMap::new(), BTreeMap::new());
    if let Ok(classes) = &arena.classes {
        let of = |part: usize, codes: &[f32]| gather(codes, width, &classes.parts[part]);
        let [train, validation] = [(0, &arena.prepared.train), (1, &arena.prepared.validation)]
            .map(|(part, rows)| of(part, &if rows.rows == 0 { vec![] } else { encode(rows) }));
        let labelled = |(features, classes)| Labelled { features, width, classes };
        let probe = LogisticProbe::fit(
            &labelled((&train.0, &train.1)),
            &labelled((&validation.0, &validation.1)),
            classes.count,
        )?;
        let right = |codes: &[f32]| {
            let (features, classes) = of(2, codes);
            accuracy(&probe.predict(&features), &classes)
        };
        let mut accuracies = vec![(0.0, right(&codes))];
        accuracies.extend(NOISE.map(|level| (level, right(&encode(&noisy(test, level, arena.seed))))));
        if accuracies.iter().all(|a| a.1.is_finite()) {
            measures.insert("accuracy".into(), accuracies[0].1);
            measures.insert("noisy_accuracy".into(), mean(accuracies[1..].iter().map(|a| a.1)));
            curves.insert("accuracy".into(), accuracies);
        }
        if let Some(rows) = arena.corrupted(device) {
            let accuracy = Some(right(&encode(&rows))).filter(|a| a.is_finite());
            measures.extend(accuracy.map(|a| ("corrupted_accuracy".to_string(), a)));
        }
    }
    Ok(Trial { measures, curves, ..Trial::default() })
}

/// −log p(x | g(f(x))) in nats per example, with the mean code where codes are random.
fn reconstruction(model: &Model, rows: &Encoded, device: &Device) -> f64 {
    let nats = in_chunks(rows, device, |batch| {
        let parameters = model.reconstruct(&batch);
        to_host(model.likelihood().negative_log_likelihood(parameters, batch.x, batch.observed.as_ref()))
    });
    mean(nats.iter().map(|&v| f64::from(v)))
}

/// New rows from the prior or the contractive walk.
pub(super) fn samples(arena: &SeedSplit, model: &Model, prior: bool, device: &Device) -> Result<Vec<f32>> {
    let latent = match prior {
        true => None,
        false => Some(LatentSummary::measure(model, &arena.prepared.train, arena.seed, device)?),
    };
    new_rows(
        &Source { model, latent: latent.as_ref(), aggregate: None, condition: None },
        SAMPLES,
        Draw::Mean,
        arena.seed,
        device,
    )
}

/// Distances between samples and held-out rows; `None` for fewer than two held-out rows.
pub(super) fn energy_distance(arena: &SeedSplit, samples: &[f32]) -> Option<f64> {
    let reference = arena.test.select(&arena.order[..arena.order.len().min(2 * SAMPLES)]);
    sample_quality(samples, &reference.values, reference.width).ok().map(|quality| quality.energy_distance)
}

/// The reconstructions of the chosen rows, and the first samples.
pub(super) fn pictures(
    model: &Model,
    test: &Encoded,
    chosen: &[usize],
    samples: &[f32],
    seed: u64,
    device: &Device,
) -> TrialPictures {
    let split = |values: Vec<f32>| -> Vec<Vec<f32>> {
        // Three decimals suffice for an image.
        values.chunks_exact(test.width).map(|p| p.iter().map(|v| (v * 1e3).round() / 1e3).collect()).collect()
    };
    let rebuilt =
        |rows: &Encoded| split(in_chunks(&rows.select(chosen), device, |batch| mean_row(model, batch)));
    let shown = samples.len().min(2 * chosen.len() * test.width);
    TrialPictures {
        reconstructions: rebuilt(test),
        restored: rebuilt(&noisy(test, SHOWN_NOISE, seed)),
        samples: split(samples[..shown].to_vec()),
    }
}

/// The mean of p(x|z) at the code of each row.
fn mean_row(model: &Model, batch: Batch) -> Vec<f32> {
    to_host(model.likelihood().mean(model.reconstruct(&batch)))
}

impl SeedSplit {
    /// The test rows with the corruption of the denoising models.
    pub(super) fn corrupted(&self, device: &Device) -> Option<Encoded> {
        Some(corrupted(&self.test, self.corruption?, self.seed, device))
    }
}

/// Rows with a corruption; missing cells stay missing.
fn corrupted(rows: &Encoded, corruption: Corruption, seed: u64, device: &Device) -> Encoded {
    let noise = &mut stream(seed, Purpose::ComparisonCorruption, 0, 0);
    let x = device.tensor(rows.values.to_vec(), [rows.rows, rows.width]);
    let mut values = to_host(corruption.apply(x, noise, device));
    if let Some(observed) = &rows.observed {
        values.iter_mut().zip(&**observed).for_each(|(v, o)| *v *= o);
    }
    rows.clone().with_values(values)
}

/// x + σε, with the same ε for every σ, so that a curve over σ is smooth.
pub(super) fn noisy(rows: &Encoded, level: f64, seed: u64) -> Encoded {
    let noise = standard_normal(&mut stream(seed, Purpose::ComparisonNoise, 0, 0), rows.values.len());
    let mut values: Vec<f32> = rows.values.iter().zip(noise).map(|(v, e)| v + level as f32 * e).collect();
    if let Some(observed) = &rows.observed {
        values.iter_mut().zip(&**observed).for_each(|(v, o)| *v *= o);
    }
    rows.clone().with_values(values)
}

/// Features and classes of the labelled rows.
fn gather(codes: &[f32], width: usize, classes: &[(usize, u32)]) -> (Vec<f32>, Vec<u32>) {
    let features = classes.iter().flat_map(|(row, _)| codes[row * width..(row + 1) * width].iter().copied());
    (features.collect(), classes.iter().map(|(_, class)| *class).collect())
}

/// NaN if there are none.
fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), v| (sum + v, count + 1.0));
    sum / count
}

/// Values over 1, 2, …
fn numbered(values: impl Iterator<Item = f64>) -> Vec<(f64, f64)> {
    values.enumerate().map(|(i, v)| (i as f64 + 1.0, v)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Encoded {
        let rows = Encoded::from_values(vec![1.0, 2.0, 3.0, 0.0], 2);
        rows.with_mask(vec![1.0, 1.0, 1.0, 0.0])
    }

    #[test]
    fn noise_scales_with_its_level() {
        let step = |level: f64| noisy(&rows(), level, 7).values[0] - 1.0;
        assert!((step(0.4) - 2.0 * step(0.2)).abs() < 1e-6 && step(0.4) != 0.0);
    }

    #[test]
    fn a_missing_cell_stays_missing() {
        assert_eq!(noisy(&rows(), 0.5, 7).values[3], 0.0);
    }

    #[test]
    fn a_corruption_leaves_missing_cells_and_the_error_counts_the_others() {
        let device = Device::cpu();
        // Salt and pepper that nearly always strikes would set the missing cell, too.
        let salted = corrupted(&rows(), Corruption::SaltAndPepper { probability: 0.999_999 }, 7, &device);
        assert!(salted.values[..3].iter().all(|v| *v == 0.0 || *v == 1.0) && salted.values[3] == 0.0);
        let masked = corrupted(&rows(), Corruption::Masking { probability: 0.999_999 }, 7, &device);
        // (1 + 4 + 9) / 3: the missing cell does not count.
        assert!((squared_error(&masked.values, &rows(), &[true; 2]) - 14.0 / 3.0).abs() < 1e-6);
        assert_eq!(squared_error(&masked.values, &rows(), &[false, true]), 4.0);
    }

    #[test]
    fn squared_deviations_by_hand() {
        // Columns (0, 2) and (0, 4) around 1 and 2: 1 + 1 + 4 + 4.
        assert_eq!(squared_deviations(&[0.0, 0.0, 2.0, 4.0], 2), 10.0);
    }
}
