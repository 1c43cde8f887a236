//! The posterior q(z|x) = N(μ, diag σ²) of each row, as columns.
//!
//! For each latent dimension k: `latent_k` is μ, as [`encode`](super::encode) writes it, so that
//! the output can be decoded; `latent_k_log_variance` is log σ²; `latent_k_draw` is a draw
//! z = μ + σ ε, ε ~ N(0, 1). The draw of a row depends on the seed and the number of the row only.

use arrow_array::RecordBatch;

use super::encode::beside_rows;
use super::{latent_names, names};
use crate::artifact::SavedModel;
use crate::model::{Autoencoder, FamilyConfig, FlowConfig, in_chunks};
use crate::random::{Purpose, standard_normal, stream};
use crate::stats::elementary::single::exp;
use crate::tensor::{Device, to_host};
use crate::{Error, Result};

/// The parts of a latent dimension beside the mean, as the ends of their columns' names.
const PARTS: [&str; 2] = ["log_variance", "draw"];

/// The posterior of each row after the key and label columns: means, log variances, draws.
///
/// `first_row` is the 0-based number of the first row in `input`.
///
/// # Errors
/// [`Error::Unsupported`] for a model whose posterior is no Gaussian, or that has none.
pub fn encode_posterior(
    saved: &SavedModel,
    input: &str,
    rows: &RecordBatch,
    first_row: u64,
    seed: u64,
    device: &Device,
) -> Result<RecordBatch> {
    check_gaussian(saved)?;
    let encoded = saved.header.preprocessor.encode(input, rows, first_row)?;
    let parameters: Vec<(f32, f32)> = in_chunks(&encoded, device, |batch| {
        let posterior = saved.model.posterior(batch.input());
        posterior.map_or(vec![], |q| to_host(q.mean).into_iter().zip(to_host(q.log_variance)).collect())
    });
    let width = saved.architecture.latent_dim;
    let noise = (0..encoded.rows as u64)
        .flat_map(|row| standard_normal(&mut stream(seed, Purpose::EncodedDraws, 0, first_row + row), width));
    let draws: Vec<f32> =
        parameters.iter().zip(noise).map(|((mean, log), e)| mean + exp(0.5 * log) * e).collect();
    let (means, log_variances) = parameters.into_iter().unzip();
    let [of_log_variances, of_draws] = part_names(saved);
    let parts = vec![(latent_names(saved), means), (of_log_variances, log_variances), (of_draws, draws)];
    beside_rows(saved, rows, parts)
}

/// The names of the columns beside the means.
fn part_names(saved: &SavedModel) -> [Vec<String>; 2] {
    let schema = &saved.header.preprocessor.schema;
    PARTS.map(|part| {
        let usual = latent_names(saved).iter().map(|name| format!("{name}_{part}")).collect();
        names::free(usual, |name| schema.is_copied(name))
    })
}

fn check_gaussian(saved: &SavedModel) -> Result<()> {
    let family = &saved.architecture.family;
    let (what, help) = match family {
        FamilyConfig::Variational(config) if config.flow == FlowConfig::None => return Ok(()),
        FamilyConfig::Variational(_) => (
            "the posterior of a model with a flow has no mean and variance in closed form".to_string(),
            "use `diabolo encode` without --posterior, or fit a model without --flow",
        ),
        _ => (
            format!("a {} autoencoder has no posterior: its code is a single value", family.name()),
            "use `diabolo encode` without --posterior, or fit --model variational",
        ),
    };
    Err(Error::Unsupported { what, help: help.into() })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use arrow_array::cast::AsArray;
    use arrow_array::types::Float32Type;

    use super::*;
    use crate::data::{DataConfig, open};
    use crate::pipeline::testing::fitted;
    use crate::{FitJob, Predictor};

    fn of_digits(settings: &[&str]) -> Predictor {
        let all = [&["model.hidden=[8]", "model.latent_dim=3", "training.epochs=1"], settings].concat();
        fitted(&all, FitJob::input("digits")).predictor
    }

    fn digits(rows: usize) -> RecordBatch {
        open("digits", &DataConfig::default().read_options()).unwrap().collect().unwrap().slice(0, rows)
    }

    fn column(made: &RecordBatch, name: &str) -> Vec<f32> {
        made.column_by_name(name).unwrap().as_primitive::<Float32Type>().values().to_vec()
    }

    #[test]
    fn draws_have_the_mean_and_the_variance_of_their_row() {
        let predictor = of_digits(&[]);
        let made = predictor.posterior(&digits(1500), 3).unwrap();
        let codes = predictor.encode(&digits(1500)).unwrap();
        for k in 1..=3 {
            let mean = column(&made, &format!("latent_{k}"));
            assert_eq!(mean, column(&codes, &format!("latent_{k}")));
            let log_variance = column(&made, &format!("latent_{k}_log_variance"));
            let draw = column(&made, &format!("latent_{k}_draw"));
            let standard: Vec<f64> = (0..1500)
                .map(|row| f64::from((draw[row] - mean[row]) / (0.5 * log_variance[row]).exp()))
                .collect();
            let centre = standard.iter().sum::<f64>() / 1500.0;
            let spread = standard.iter().map(|e| e * e).sum::<f64>() / 1500.0;
            // Standard errors 1/√1500 = 0.026 and √(2/1500) = 0.037: four of them.
            assert!(centre.abs() < 0.105 && (spread - 1.0).abs() < 0.15, "{k}: {centre} {spread}");
        }
    }

    #[test]
    fn a_draw_depends_on_the_seed_and_the_row_alone() {
        let predictor = of_digits(&[]);
        let whole = predictor.posterior(&digits(20), 3).unwrap();
        let part = predictor.clone().first_row(7).posterior(&digits(20).slice(7, 5), 3).unwrap();
        assert_eq!(column(&part, "latent_2_draw"), column(&whole, "latent_2_draw")[7..12]);
        let other = predictor.posterior(&digits(20), 4).unwrap();
        assert_ne!(column(&other, "latent_2_draw"), column(&whole, "latent_2_draw"));
    }

    #[test]
    fn models_without_a_gaussian_posterior_are_refused() {
        let refused =
            |settings: &[&str]| of_digits(settings).posterior(&digits(5), 0).unwrap_err().to_string();
        assert!(refused(&["model.family={kind=\"contractive\"}"]).contains("has no posterior"));
        let flow = refused(&["model.family.flow={kind=\"planar\", layers=1}"]);
        assert!(flow.contains("a model with a flow"), "{flow}");
    }
}
