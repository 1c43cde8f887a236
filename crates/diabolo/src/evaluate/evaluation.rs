//! The evaluation of a model, accumulated batch by batch in bounded memory, on all cores.

use crate::tensor::Tensor;
use std::collections::BTreeMap;

use super::cells::counts;
use super::{Choices, Metrics};
use crate::data::Encoded;
use crate::distribution::{Constant, Family};
use crate::kernel::{in_parallel, is_in_place};
use crate::model::{ACTIVE_VARIANCE, Autoencoder, Batch, Codebook, Context};
use crate::objective::{Estimator, LayerSize, rademacher};
use crate::random::{Purpose, stream};
use crate::stats::elementary::{
    double::{ln, log2},
    square,
};
use crate::tensor::{Device, to_host};

/// Rows evaluated at a time, and numbers of a layer, 64 MiB on each core.
const CHUNK: usize = 256;
const NUMBERS: usize = 1 << 24;
/// Minimum number of draws of z for a KL divergence without closed form.
const KL_DRAWS: usize = 16;
/// Maximum size of a cotangent block: 32 MiB on each core.
const CONTRACTION_NUMBERS: usize = 1 << 23;
/// Probes per row if the exact contraction is expensive.
const PROBES: usize = 32;
/// A unit of a bounded activation is saturated within this fraction of its range from a limit.
const SATURATED_MARGIN: f32 = 0.05;

/// Running sums: add batches, then call [`finish`](Evaluation::finish).
pub struct Evaluation<'a, M> {
    model: &'a M,
    device: &'a Device,
    seed: u64,
    pixel_scale: Option<f64>,
    constant: Option<Constant>,
    chunks: u64,
    width: usize,
    sums: Sums,
    choices: Option<Choices>,
}

/// Sums over rows.
#[derive(Default)]
struct Sums {
    examples: usize,
    observed: f64,
    reconstruction: f64,
    /// Of the entropies of pixels with a Bernoulli likelihood.
    entropy: f64,
    kl_divergence: Option<f64>,
    importance_bound: Option<f64>,
    terms: BTreeMap<String, (f64, f64)>,
    constant: f64,
    /// How much worse the model is than the constants, and its square.
    worse: [f64; 2],
    contraction: f64,
    jacobian_norm: f64,
    squared_error: f64,
    saturated: f64,
    /// Of each code value, and of its square.
    code: Vec<(f64, f64)>,
    /// The choices of quantized codes, row by row.
    chosen: Vec<usize>,
}

impl Sums {
    /// Adds those of later rows.
    fn merge(&mut self, more: Sums) {
        let both = |sum: &mut Option<f64>, more: Option<f64>| {
            more.into_iter().for_each(|more| *sum.get_or_insert(0.0) += more);
        };
        self.examples += more.examples;
        self.observed += more.observed;
        self.reconstruction += more.reconstruction;
        self.entropy += more.entropy;
        both(&mut self.kl_divergence, more.kl_divergence);
        both(&mut self.importance_bound, more.importance_bound);
        for (name, (sum, weight)) in more.terms {
            self.terms.entry(name).or_insert((0.0, weight)).0 += sum;
        }
        self.constant += more.constant;
        self.worse.iter_mut().zip(more.worse).for_each(|(sum, more)| *sum += more);
        self.contraction += more.contraction;
        self.jacobian_norm += more.jacobian_norm;
        self.squared_error += more.squared_error;
        self.saturated += more.saturated;
        self.code.resize(more.code.len(), (0.0, 0.0));
        for (sums, more) in self.code.iter_mut().zip(more.code) {
            *sums = (sums.0 + more.0, sums.1 + more.1);
        }
    }
}

/// Evaluates all of `rows` at once.
pub fn evaluate<M: Autoencoder>(
    model: &M,
    rows: &Encoded,
    pixel_scale: Option<f64>,
    seed: u64,
    device: &Device,
) -> Metrics {
    let mut evaluation = Evaluation::new(model, pixel_scale, seed, device);
    evaluation.add(rows);
    evaluation.finish()
}

impl<'a, M: Autoencoder> Evaluation<'a, M> {
    /// Empty sums. `model` without autodiff; `pixel_scale` for images only; `seed` determines the
    /// draws of z.
    pub fn new(model: &'a M, pixel_scale: Option<f64>, seed: u64, device: &'a Device) -> Self {
        Evaluation {
            model,
            device,
            seed,
            pixel_scale,
            constant: None,
            chunks: 0,
            width: 0,
            sums: Sums { code: vec![(0.0, 0.0); model.latent_dim()], ..Sums::default() },
            choices: model.codebook().map(Choices::new),
        }
    }

    /// Also evaluates these constants.
    pub fn beside(self, constant: Option<Constant>) -> Self {
        Evaluation { constant, ..self }
    }

    /// Adds rows.
    pub fn add(&mut self, rows: &Encoded) {
        self.width = rows.width;
        let all: Vec<usize> = (0..rows.rows).collect();
        let size = self.model.max_batch_rows(rows.width).min(NUMBERS / self.widest()).clamp(1, CHUNK);
        let of_chunk = |chunk: &[usize]| {
            let number = self.chunks + chunk.first().map_or(0, |first| first / size) as u64;
            self.of_batch(&Batch::gather(rows, chunk, self.device), number)
        };
        // In place, too, in chunks of this size: their numbers are keys of draws.
        let parts: Vec<Sums> = match is_in_place() {
            true => all.chunks(size).map(of_chunk).collect(),
            false => in_parallel(&all, size, of_chunk),
        };
        for mut sums in parts {
            let chosen = std::mem::take(&mut sums.chosen);
            self.choices.iter_mut().for_each(|choices| choices.add(&chosen));
            self.sums.merge(sums);
            self.chunks += 1;
        }
    }

    /// The sums of a batch, the number of which is a key of its draws.
    fn of_batch(&self, batch: &Batch, number: u64) -> Sums {
        let mut sums = Sums { examples: batch.x.dims()[0], ..Sums::default() };
        self.add_entropy(&mut sums, batch);
        let bounds = self.add_draws(&mut sums, batch, number);
        let losses = self.add_code(&mut sums, batch, number);
        if let Some(constant) = &self.constant {
            let own = bounds.or(losses).unwrap_or_default();
            let of_constant =
                constant.negative_log_likelihood(batch.x.clone(), batch.observed.as_ref(), self.device);
            let of_constant = to_host(of_constant);
            sums.constant = total(&of_constant);
            for worse in own.iter().zip(of_constant).map(|(own, constant)| own - f64::from(constant)) {
                sums.worse[0] += worse;
                sums.worse[1] += square(worse);
            }
        }
        sums
    }

    /// −x log x − (1 − x) log(1 − x) of each observed pixel with a Bernoulli likelihood.
    fn add_entropy(&self, sums: &mut Sums, batch: &Batch) {
        let families = self.model.likelihood().blocks().iter();
        let binary: Vec<bool> =
            families.flat_map(|block| vec![block.family == Family::Bernoulli; block.width]).collect();
        if self.pixel_scale.is_none() || !binary.contains(&true) {
            return;
        }
        let values = to_host(batch.x.clone());
        let grey =
            values.iter().enumerate().filter(|(at, x)| binary[at % binary.len()] && **x > 0.0 && **x < 1.0);
        // A missing cell is 0, which has no entropy.
        let entropy = |x: f64| -x * ln(x) - (1.0 - x) * ln(1.0 - x);
        sums.entropy = grey.map(|(_, &x)| entropy(f64::from(x))).sum::<f64>();
    }

    /// The terms of the bound, for families with a posterior; returns the negative ELBO of each
    /// row.
    fn add_draws(&self, sums: &mut Sums, batch: &Batch, number: u64) -> Option<Vec<f64>> {
        if !self.model.has_posterior() {
            return None;
        }
        let noise = &mut stream(self.seed, Purpose::BoundTerms, 0, number);
        let context = &mut Context {
            noise,
            epochs: f64::INFINITY,
            training: false,
            rows: batch.x.dims()[0],
            device: self.device,
        };
        let repeats = self.repeats();
        let mut bounds = vec![0.0; batch.x.dims()[0]];
        for term in (0..repeats).flat_map(|_| self.model.loss(batch, context)) {
            let values = to_host(term.value);
            let sum = total(&values) / repeats as f64;
            sums.terms.entry(term.name.into()).or_insert((0.0, term.weight)).0 += sum;
            if matches!(term.name, "reconstruction" | "kl_divergence") {
                bounds.iter_mut().zip(&values).for_each(|(b, v)| *b += f64::from(*v) / repeats as f64);
            }
            match term.name {
                "reconstruction" => sums.reconstruction += sum,
                "kl_divergence" => *sums.kl_divergence.get_or_insert(0.0) += sum,
                "importance_bound" => *sums.importance_bound.get_or_insert(0.0) += sum,
                // Measured below, for every family.
                _ => {}
            }
        }
        Some(bounds)
    }

    /// How often the loss is evaluated: once, unless its KL divergence is one of few draws.
    fn repeats(&self) -> usize {
        self.model.kl_draws().map_or(1, |draws| KL_DRAWS.div_ceil(draws.max(1)))
    }

    /// The measures of codes and reconstructions; returns −log p(x) of each row for families
    /// without a posterior.
    fn add_code(&self, sums: &mut Sums, batch: &Batch, number: u64) -> Option<Vec<f64>> {
        let code = self.model.encode(batch.input());
        self.add_contraction(sums, &batch.input(), number);
        if let Some(book) = self.model.codebook() {
            sums.chosen = book.indices(code.clone()).values().to_vec();
        }
        let parameters = self.model.reconstruct_from(batch, code.clone());
        let likelihood = self.model.likelihood();
        let losses = (!self.model.has_posterior()).then(|| {
            to_host(likelihood.negative_log_likelihood(
                parameters.clone(),
                batch.x.clone(),
                batch.observed.as_ref(),
            ))
        });
        sums.reconstruction += losses.as_deref().map_or(0.0, total);
        let errors = to_host(likelihood.residuals(parameters, batch.x.clone()));
        let described = likelihood.described();
        let observed = batch.observed.as_ref().map(|observed| to_host(observed.clone()));
        let counts = counts(&described, observed.as_deref());
        let seen = errors.iter().enumerate().filter(|(at, _)| counts(*at));
        sums.observed = seen.clone().count() as f64;
        // Squared in double precision, since the reconstructions of a diverged model overflow in
        // single.
        sums.squared_error = seen.map(|(_, error)| square(f64::from(*error))).sum::<f64>();
        let code = to_host(code);
        sums.code = vec![(0.0, 0.0); self.sums.code.len()];
        for row in code.chunks_exact(sums.code.len().max(1)) {
            for (sums, &value) in sums.code.iter_mut().zip(row) {
                sums.0 += value as f64;
                sums.1 += square(value as f64);
            }
        }
        if let Some((low, high)) = self.code_bounds() {
            let margin = SATURATED_MARGIN * (high - low);
            sums.saturated = code.iter().filter(|&&h| h < low + margin || h > high - margin).count() as f64;
        }
        losses.map(|losses| losses.into_iter().map(f64::from).collect())
    }

    /// In slices with bounded cotangent blocks (rows × latent or probes × widest hidden layer).
    fn add_contraction(&self, sums: &mut Sums, x: &Tensor<2>, number: u64) {
        let probes = self.contraction_estimator().probes();
        let directions = probes.unwrap_or(self.model.latent_dim());
        let rows = (CONTRACTION_NUMBERS / (directions * self.widest()).max(1)).clamp(1, CHUNK);
        let noise = &mut stream(self.seed, Purpose::ContractionProbes, 0, number);
        for slice in x.clone().split(rows, 0) {
            let [rows, _] = slice.dims();
            let probes =
                probes.map(|count| rademacher(rows, count, self.model.latent_dim(), noise, self.device));
            let squares = to_host(self.model.trace(slice).contraction(probes.as_ref()));
            sums.contraction += total(&squares);
            sums.jacobian_norm += squares.iter().map(|&squared| (squared as f64).sqrt()).sum::<f64>();
        }
    }

    /// Width of the widest layer.
    fn widest(&self) -> usize {
        self.model.encoder().iter().map(|layer| layer.outputs()).max().unwrap_or(1).max(1)
    }

    /// Exact if affordable.
    fn contraction_estimator(&self) -> Estimator {
        let layers = self.model.encoder();
        let sizes: Vec<LayerSize> = layers.iter().map(|layer| LayerSize::of(&***layer)).collect();
        match Estimator::Auto.resolve(&sizes) {
            Ok(Estimator::Hutchinson { .. }) => Estimator::Hutchinson { probes: PROBES },
            _ => Estimator::Exact,
        }
    }

    fn code_bounds(&self) -> Option<(f32, f32)> {
        self.model.encoder().last().and_then(|layer| layer.activation().bounds())
    }

    /// The averages; all zero if no row was added.
    pub fn finish(&self) -> Metrics {
        let sums = &self.sums;
        let n = sums.examples.max(1) as f64;
        let reconstruction = sums.reconstruction / n;
        let kl_divergence = sums.kl_divergence.map(|kl| kl / n);
        let negative_elbo = kl_divergence.map(|kl| reconstruction + kl);
        let variance = |(sum, squares): &(f64, f64)| squares / n - square(sum / n);
        let values = n * sums.code.len() as f64;
        let bounded = self.code_bounds().is_some();
        let per_dimension = self.width.max(1) as f64 * std::f64::consts::LN_2;
        let floor = Some(sums.entropy / n).filter(|floor| *floor > 0.0);
        Metrics {
            examples: sums.examples,
            reconstruction,
            reconstruction_floor: floor,
            kl_divergence,
            kl_draws: kl_divergence.and_then(|_| Some(self.model.kl_draws()? * self.repeats())),
            negative_elbo,
            importance_bound: sums.importance_bound.map(|bound| bound / n),
            constant_model: self.constant.as_ref().map(|_| sums.constant / n),
            constant_model_error: self.constant.as_ref().map(|_| difference_error(sums.worse, n)),
            contraction: sums.contraction / n,
            contraction_estimator: Some(self.contraction_estimator()),
            jacobian_norm: sums.jacobian_norm / n,
            mse: sums.squared_error / sums.observed.max(1.0),
            active_units: sums.code.iter().filter(|s| variance(s) > ACTIVE_VARIANCE).count(),
            latent_dim: sums.code.len(),
            codebook_perplexity: self.choices.as_ref().map(Choices::perplexity),
            codes_used: self.choices.as_ref().map(Choices::used),
            code_bits: self.model.codebook().map(Codebook::bits),
            saturated_fraction: bounded.then_some(sums.saturated / values),
            mean_activation: bounded.then(|| sums.code.iter().map(|(sum, _)| sum).sum::<f64>() / values),
            terms: sums.terms.iter().map(|(name, (sum, w))| (name.clone(), (sum / n, *w))).collect(),
            bits_per_dimension: self.pixel_scale.filter(|_| floor.is_none()).map(|scale| {
                let nats = negative_elbo.unwrap_or(reconstruction);
                let densities = self.model.likelihood().densities();
                let share = densities.iter().filter(|d| **d).count() as f64 / densities.len().max(1) as f64;
                nats / per_dimension + share * log2(scale)
            }),
        }
    }
}

/// The standard error of a mean difference over rows, from its sum and that of its squares.
fn difference_error([worse, squares]: [f64; 2], rows: f64) -> f64 {
    let mean = worse / rows;
    ((squares / rows - square(mean)).max(0.0) / (rows - 1.0).max(1.0)).sqrt()
}

/// The sum, in double precision.
pub(super) fn total(values: &[f32]) -> f64 {
    values.iter().map(|&v| v as f64).sum()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::evaluate::testing::Network;
    use crate::nn::Activation;
    use crate::random::standard_normal;

    /// Two layers of 80 and 70 units: 70 vector-Jacobian products cost more than `Estimator::Auto`
    /// accepts.
    #[test]
    fn expensive_contraction_is_estimated_within_its_error() {
        let draw = |n: usize, seed: u64| standard_normal(&mut stream(seed, Purpose::Choose, 0, 0), n);
        let (first, second) = (draw(80 * 10, 1), draw(70 * 80, 2));
        let scaled = |w: Vec<f32>| w.into_iter().map(|v| 0.2 * v).collect::<Vec<_>>();
        let (first, second) = (scaled(first), scaled(second));
        let model = Network::new(&[(80, 10, &first, Activation::Tanh), (70, 80, &second, Activation::Tanh)]);
        assert_ne!(Estimator::Auto.resolve(&LayerSize::dense(&[10, 80, 70])).unwrap(), Estimator::Exact);
        let rows = Encoded::from_values(draw(300 * 10, 3), 10);
        let device = Device::cpu();
        let all: Vec<usize> = (0..300).collect();
        let exact = total(&to_host(model.contraction(Batch::gather(&rows, &all, &device).x))) / 300.0;
        let found = evaluate(&model, &rows, None, 0, &device);
        let error = (found.contraction / exact - 1.0).abs();
        assert!(error > 1e-9 && error < 0.02, "{} instead of {exact}", found.contraction);
        assert_eq!(found.contraction_estimator, Some(Estimator::Hutchinson { probes: PROBES }));
        // With the same probes on one thread.
        assert_eq!(crate::kernel::in_place(|| evaluate(&model, &rows, None, 0, &device)), found);
    }

    #[test]
    fn metrics_say_how_the_contraction_was_computed_unless_they_are_old() {
        let model = Network::new(&[(1, 2, &[1.0, 2.0], Activation::Identity)]);
        let rows = Encoded::from_values(vec![0.5, 0.25], 2);
        let found = evaluate(&model, &rows, None, 0, &Device::cpu());
        // J is (1, 2).
        assert_eq!((found.contraction, found.contraction_estimator), (5.0, Some(Estimator::Exact)));
        let mut json = serde_json::to_value(&found).unwrap();
        assert_eq!(json["contraction_estimator"], serde_json::json!({ "kind": "exact" }));
        json.as_object_mut().unwrap().remove("contraction_estimator");
        let old: Metrics = serde_json::from_value(json).unwrap();
        assert_eq!(old, Metrics { contraction_estimator: None, ..found });
    }
}
