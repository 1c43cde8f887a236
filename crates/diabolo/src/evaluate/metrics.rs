//! The metrics of `evaluate`, accumulated batch by batch in bounded memory.

use std::collections::BTreeMap;

use crate::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::Choices;
use super::cells::counts;
use crate::data::Encoded;
use crate::distribution::{Constant, Family};
use crate::model::{ACTIVE_VARIANCE, Autoencoder, Batch, Codebook, Context};
use crate::objective::{Estimator, LayerSize, rademacher};
use crate::random::{Purpose, stream};
use crate::stats::elementary::{
    double::{ln, log2},
    square,
};
use crate::tensor::{Device, to_host};

/// Rows evaluated at a time.
const CHUNK: usize = 256;
/// Minimum number of draws of z for a KL divergence without closed form.
const KL_DRAWS: usize = 16;
/// Maximum size of a cotangent block: 64 MiB.
const CONTRACTION_NUMBERS: usize = 1 << 24;
/// Probes per row if the exact contraction is expensive.
const PROBES: usize = 32;
/// A unit of a bounded activation is saturated within this fraction of its range from a limit.
const SATURATED_MARGIN: f32 = 0.05;

/// Averages over the evaluated rows. Terms of the loss are nats per example, summed over features.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Metrics {
    /// Number of evaluated rows.
    pub examples: usize,
    /// −log p(x | code), nats per example; for variational models with one draw of z.
    pub reconstruction: f64,
    /// What remains of it at perfect reconstruction, nats per example: the entropy of grey pixels
    /// under a Bernoulli likelihood. Only of images with such pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reconstruction_floor: Option<f64>,
    /// KL(q(z|x) ‖ p(z)), nats per example.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kl_divergence: Option<f64>,
    /// Number of draws of z for each row from which it and the reconstruction are estimated; `None`
    /// if it has a closed form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kl_draws: Option<usize>,
    /// reconstruction + kl_divergence, nats per example.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub negative_elbo: Option<f64>,
    /// −log 1/K Σ_k p(x, z_k) / q(z_k|x), nats per example, with the K draws of a model that was
    /// fitted with this bound (Burda et al. 2016, eq. 8). Its negative ELBO may be much larger.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub importance_bound: Option<f64>,
    /// −log p(x) of the same rows in nats per example under the same likelihood with the mean, the
    /// variance and the frequencies of each column of the training rows, the same for every row:
    /// what a model has to beat. Only of a fit, and for built-in likelihoods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub constant_model: Option<f64>,
    /// The standard error, over the rows, of the difference between it and the negative ELBO, or
    /// the reconstruction of other families.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub constant_model_error: Option<f64>,
    /// ‖∂f/∂x‖²_F of the encoder (of the posterior's mean), per example; for a conditional model,
    /// including the derivatives with respect to the condition.
    pub contraction: f64,
    /// How `contraction` was computed: exactly, or from 32 probes per row for encoders that
    /// [`Estimator::Auto`] considers too expensive. `None` in old files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contraction_estimator: Option<Estimator>,
    /// ‖∂f/∂x‖_F, per example: the mean of the norm, not the root of the mean of its square. With
    /// probes, it is slightly biased downwards, as the root of an unbiased estimate.
    pub jacobian_norm: f64,
    /// Mean squared error of the reconstruction's mean, per observed encoded value.
    pub mse: f64,
    /// Number of active latent dimensions, whose mean varies over the data.
    pub active_units: usize,
    /// Number of latent dimensions.
    pub latent_dim: usize,
    /// The perplexity exp(H) of the vectors that each group of the code chooses, with H their
    /// entropy over the rows; the mean over groups. For quantized codes only, like the next two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub codebook_perplexity: Option<f64>,
    /// Fraction of all codebook vectors that at least one row chooses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub codes_used: Option<f64>,
    /// Bits per code: groups · log₂(codebook_size).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code_bits: Option<f64>,
    /// Fraction of code values within 5 % of a limit of the activation's range; for sigmoid and
    /// tanh codes only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub saturated_fraction: Option<f64>,
    /// Mean of the code values, over dimensions and rows; for sigmoid and tanh codes only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean_activation: Option<f64>,
    /// (negative_elbo, or reconstruction) / (pixels · log 2); for pixels with a density, plus log₂
    /// of the pixel scale, which converts a density on [0, 1] to one of the stored values. For
    /// images only, and not for grey pixels with a Bernoulli likelihood, which is no probability of
    /// them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bits_per_dimension: Option<f64>,
    /// The terms of the objective by name, for families with a posterior: nats per example, and the
    /// term's weight.
    #[serde(skip)]
    pub terms: BTreeMap<String, (f64, f64)>,
}

/// Running sums: add batches, then call [`finish`](Evaluation::finish).
pub struct Evaluation<'a, M> {
    model: &'a M,
    device: &'a Device,
    seed: u64,
    pixel_scale: Option<f64>,
    chunks: u64,
    examples: usize,
    width: usize,
    observed: f64,
    reconstruction: f64,
    /// Σ of the entropies of pixels with a Bernoulli likelihood.
    entropy: f64,
    kl_divergence: Option<f64>,
    importance_bound: Option<f64>,
    terms: BTreeMap<String, (f64, f64)>,
    constant: Option<Beside>,
    contraction: f64,
    jacobian_norm: f64,
    squared_error: f64,
    saturated: f64,
    code_sums: Vec<(f64, f64)>,
    choices: Option<Choices>,
}

/// The constants, and sums over rows.
struct Beside {
    constant: Constant,
    sum: f64,
    /// How much worse the model is, and its square.
    worse: f64,
    squares: f64,
}

impl Beside {
    fn add(&mut self, batch: &Batch, own: &[f64], device: &Device) {
        let losses = self.constant.negative_log_likelihood(batch.x.clone(), batch.observed.as_ref(), device);
        let losses = to_host(losses);
        self.sum += total(&losses);
        for worse in own.iter().zip(losses).map(|(own, constant)| own - f64::from(constant)) {
            self.worse += worse;
            self.squares += square(worse);
        }
    }

    /// The standard error of the mean difference.
    fn error(&self, rows: f64) -> f64 {
        let mean = self.worse / rows;
        ((self.squares / rows - square(mean)).max(0.0) / (rows - 1.0).max(1.0)).sqrt()
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
            chunks: 0,
            examples: 0,
            width: 0,
            observed: 0.0,
            reconstruction: 0.0,
            entropy: 0.0,
            kl_divergence: None,
            importance_bound: None,
            terms: BTreeMap::new(),
            constant: None,
            contraction: 0.0,
            jacobian_norm: 0.0,
            squared_error: 0.0,
            saturated: 0.0,
            code_sums: vec![(0.0, 0.0); model.latent_dim()],
            choices: model.codebook().map(Choices::new),
        }
    }

    /// Also evaluates these constants.
    pub fn beside(self, constant: Option<Constant>) -> Self {
        let beside = |constant| Beside { constant, sum: 0.0, worse: 0.0, squares: 0.0 };
        Evaluation { constant: constant.map(beside), ..self }
    }

    /// Adds rows.
    pub fn add(&mut self, rows: &Encoded) {
        self.width = rows.width;
        let all: Vec<usize> = (0..rows.rows).collect();
        for chunk in all.chunks(self.model.max_batch_rows(rows.width).min(CHUNK)) {
            let batch = Batch::gather(rows, chunk, self.device);
            self.add_entropy(&batch);
            let bounds = self.add_draws(&batch);
            let losses = self.add_code(&batch);
            if let Some(beside) = &mut self.constant {
                beside.add(&batch, &bounds.or(losses).unwrap_or_default(), self.device);
            }
            self.examples += chunk.len();
            self.chunks += 1;
        }
    }

    /// −x log x − (1 − x) log(1 − x) of each observed pixel with a Bernoulli likelihood.
    fn add_entropy(&mut self, batch: &Batch) {
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
        self.entropy += grey.map(|(_, &x)| entropy(f64::from(x))).sum::<f64>();
    }

    /// The terms of the bound, for families with a posterior; returns the negative ELBO of each
    /// row.
    fn add_draws(&mut self, batch: &Batch) -> Option<Vec<f64>> {
        if !self.model.has_posterior() {
            return None;
        }
        let noise = &mut stream(self.seed, Purpose::BoundTerms, 0, self.chunks);
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
            self.terms.entry(term.name.into()).or_insert((0.0, term.weight)).0 += sum;
            if matches!(term.name, "reconstruction" | "kl_divergence") {
                bounds.iter_mut().zip(&values).for_each(|(b, v)| *b += f64::from(*v) / repeats as f64);
            }
            match term.name {
                "reconstruction" => self.reconstruction += sum,
                "kl_divergence" => *self.kl_divergence.get_or_insert(0.0) += sum,
                "importance_bound" => *self.importance_bound.get_or_insert(0.0) += sum,
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
    fn add_code(&mut self, batch: &Batch) -> Option<Vec<f64>> {
        let code = self.model.encode(batch.input());
        self.add_contraction(&batch.input());
        if let (Some(choices), Some(book)) = (&mut self.choices, self.model.codebook()) {
            choices.add(book.indices(code.clone()).values());
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
        self.reconstruction += losses.as_deref().map_or(0.0, total);
        let errors = to_host(likelihood.residuals(parameters, batch.x.clone()));
        let described = likelihood.described();
        let observed = batch.observed.as_ref().map(|observed| to_host(observed.clone()));
        let counts = counts(&described, observed.as_deref());
        let seen = errors.iter().enumerate().filter(|(at, _)| counts(*at));
        self.observed += seen.clone().count() as f64;
        // Squared in double precision, since the reconstructions of a diverged model overflow in
        // single.
        self.squared_error += seen.map(|(_, error)| square(f64::from(*error))).sum::<f64>();
        let code = to_host(code);
        for row in code.chunks_exact(self.code_sums.len().max(1)) {
            for (sums, &value) in self.code_sums.iter_mut().zip(row) {
                sums.0 += value as f64;
                sums.1 += square(value as f64);
            }
        }
        if let Some((low, high)) = self.code_bounds() {
            let margin = SATURATED_MARGIN * (high - low);
            self.saturated += code.iter().filter(|&&h| h < low + margin || h > high - margin).count() as f64;
        }
        losses.map(|losses| losses.into_iter().map(f64::from).collect())
    }

    /// In slices with bounded cotangent blocks (rows × latent or probes × widest hidden layer).
    fn add_contraction(&mut self, x: &Tensor<2>) {
        let layers = self.model.encoder();
        let probes = self.contraction_estimator().probes();
        let directions = probes.unwrap_or(self.model.latent_dim());
        let widest = layers.iter().map(|layer| layer.outputs()).max().unwrap_or(1);
        let rows = (CONTRACTION_NUMBERS / (directions * widest).max(1)).clamp(1, CHUNK);
        let noise = &mut stream(self.seed, Purpose::ContractionProbes, 0, self.chunks);
        for slice in x.clone().split(rows, 0) {
            let [rows, _] = slice.dims();
            let probes =
                probes.map(|count| rademacher(rows, count, self.model.latent_dim(), noise, self.device));
            let squares = to_host(self.model.trace(slice).contraction(probes.as_ref()));
            self.contraction += total(&squares);
            self.jacobian_norm += squares.iter().map(|&squared| (squared as f64).sqrt()).sum::<f64>();
        }
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
        let n = self.examples.max(1) as f64;
        let reconstruction = self.reconstruction / n;
        let kl_divergence = self.kl_divergence.map(|kl| kl / n);
        let negative_elbo = kl_divergence.map(|kl| reconstruction + kl);
        let variance = |(sum, squares): &(f64, f64)| squares / n - square(sum / n);
        let values = n * self.code_sums.len() as f64;
        let bounded = self.code_bounds().is_some();
        let per_dimension = self.width.max(1) as f64 * std::f64::consts::LN_2;
        let floor = Some(self.entropy / n).filter(|floor| *floor > 0.0);
        Metrics {
            examples: self.examples,
            reconstruction,
            reconstruction_floor: floor,
            kl_divergence,
            kl_draws: kl_divergence.and_then(|_| Some(self.model.kl_draws()? * self.repeats())),
            negative_elbo,
            importance_bound: self.importance_bound.map(|bound| bound / n),
            constant_model: self.constant.as_ref().map(|beside| beside.sum / n),
            constant_model_error: self.constant.as_ref().map(|beside| beside.error(n)),
            contraction: self.contraction / n,
            contraction_estimator: Some(self.contraction_estimator()),
            jacobian_norm: self.jacobian_norm / n,
            mse: self.squared_error / self.observed.max(1.0),
            active_units: self.code_sums.iter().filter(|s| variance(s) > ACTIVE_VARIANCE).count(),
            latent_dim: self.code_sums.len(),
            codebook_perplexity: self.choices.as_ref().map(Choices::perplexity),
            codes_used: self.choices.as_ref().map(Choices::used),
            code_bits: self.model.codebook().map(Codebook::bits),
            saturated_fraction: bounded.then_some(self.saturated / values),
            mean_activation: bounded.then(|| self.code_sums.iter().map(|(sum, _)| sum).sum::<f64>() / values),
            terms: self.terms.iter().map(|(name, (sum, w))| (name.clone(), (sum / n, *w))).collect(),
            bits_per_dimension: self.pixel_scale.filter(|_| floor.is_none()).map(|scale| {
                let nats = negative_elbo.unwrap_or(reconstruction);
                let densities = self.model.likelihood().densities();
                let share = densities.iter().filter(|d| **d).count() as f64 / densities.len().max(1) as f64;
                nats / per_dimension + share * log2(scale)
            }),
        }
    }
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
