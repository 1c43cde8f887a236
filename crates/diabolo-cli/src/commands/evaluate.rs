//! `diabolo evaluate RUN [INPUT]`

use diabolo::Error;
use diabolo::data::Factors;
use diabolo::evaluate::{LogLikelihood, Reservoir, diagnose, log_likelihoods, mutual_information_gap};
use diabolo::model::Autoencoder;
use diabolo::task::codes as codes_of;

use super::{EvaluationRows, load};
use crate::args::{EvaluateArgs, Shared};
use crate::output;

pub fn run(args: &EvaluateArgs, shared: &Shared) -> anyhow::Result<()> {
    let saved = load(&args.model, shared)?;
    let family = &saved.architecture.family;
    if args.samples.is_some() && !family.is_variational() {
        let found = format!("a {} one", family.name());
        return Err(Error::config(
            "--samples",
            "a variational model, which has a posterior to draw from",
            found,
        )
        .into());
    }
    if args.samples == Some(0) {
        return Err(Error::config("--samples", "1 or more", 0).into());
    }
    let judged = EvaluationRows::new(&saved, args.input.as_deref(), args.all_rows, &args.read, shared)?;
    let device = shared.device()?;
    let (header, seed) = (&saved.header, saved.header.config.training.seed);
    let mut sample = args.diagnose.then(|| Reservoir::new(seed));
    let (mut factors, mut codes) = (Factors::default(), vec![]);
    let densities = saved.model.likelihood().densities();
    let (mut estimates, mut originals) = (vec![], vec![]);
    let metrics = judged.evaluate(&saved, &device, |batch, rows| {
        if let Some(sample) = &mut sample {
            sample.add(rows);
        }
        if factors.add(batch) {
            codes.extend(codes_of(&saved, rows, &device));
        }
        if let Some(samples) = args.samples {
            let first = estimates.len() as u64;
            let found =
                log_likelihoods(&saved.model, rows, samples, seed, first, &device).unwrap_or_default();
            let volumes = header.preprocessor.log_volume(rows, &densities);
            originals.extend(found.iter().zip(volumes).map(|(value, volume)| value + volume));
            estimates.extend(found);
        }
    })?;
    let likelihood = args.samples.map(|samples| LogLikelihood::of(&estimates, samples));
    // What is a mass has no units.
    let original = args.samples.filter(|_| densities.contains(&true));
    let original = original.map(|samples| LogLikelihood::of(&originals, samples));
    let diagnostics = sample
        .map(|sample| diagnose(&saved.model, &header.preprocessor, &sample.finish(), seed, &device))
        .transpose()?;
    let disentanglement = factors
        .vary()
        .then(|| mutual_information_gap(&codes, saved.architecture.latent_dim, &factors))
        .transpose()?;
    if !shared.json {
        let mut text = output::metrics(&metrics);
        text += &likelihood.map(|l| output::log_likelihood(&l, original.as_ref())).unwrap_or_default();
        text += &disentanglement.as_ref().map(output::disentanglement).unwrap_or_default();
        text += &diagnostics.as_ref().map(output::diagnostics).unwrap_or_default();
        return output::print(&text);
    }
    let mut value = serde_json::to_value(&metrics)?;
    if let Some(likelihood) = &likelihood {
        value["log_likelihood"] = serde_json::to_value(likelihood)?;
    }
    if let Some(original) = &original {
        value["log_likelihood_original_units"] = serde_json::to_value(original)?;
    }
    if let Some(diagnostics) = &diagnostics {
        value["diagnostics"] = serde_json::to_value(diagnostics)?;
    }
    if let Some(disentanglement) = &disentanglement {
        value["disentanglement"] = serde_json::to_value(disentanglement)?;
    }
    output::print_json(&value)
}
