//! The multi-scale denoising autoencoder: one network that removes noise of any level σ, with σ as
//! an input.
//!
//! It learns the score of the data smoothed by noise of each level (Vincent 2011), with the scaling
//! of Karras et al. (2022, table 1, for rows of unit variance):
//!
//! ```text
//! y        = x + σ ε ,   ε ~ N(0, I) ,   log σ uniform between log σ_min and log σ_max
//! D(y, σ)  = y / (1 + σ²) + σ / √(1 + σ²) · g(f(y, σ))
//! L        = (1 + σ²) / σ² · ½ ‖x − D(y, σ)‖²            for Gaussian columns; the error of g then
//! has unit scale
//! ```
//!
//! g is one linear layer. Columns with another likelihood use only g, with their own loss. The
//! first layer receives c y, c = √((1 + σ_min²) / (1 + σ²)), and ½ log(σ / σ_min) as an additional
//! input: at the smallest noise level f is a plain encoder, whose output is the code of a row. D
//! needs the row in addition to its code, so that codes alone cannot be decoded.
//!
//! The anomaly score of a row uses its error ‖x − D(x, σ)‖² without noise, at each of the
//! `score_sigmas`: it is small near training rows and grows with the distance from them, at that
//! resolution.

use crate::module;
use crate::tensor::Param;
use crate::tensor::Tensor;

use super::settings::MultiscaleConfig;
use super::{Architecture, Autoencoder, Batch, Context, Deterministic, Network, Trainable};
use crate::data::Encoded;
use crate::nn::{Activation, AnyLayer, Layer, Layers, Linear, Sequential};
use crate::objective::Term;
use crate::random::{RngExt, Stream, standard_normal};
use crate::stats::elementary::double::{exp, ln};
use crate::tensor::Device;

/// The multi-scale denoising autoencoder.
#[derive(Clone, Debug)]
pub struct Multiscale {
    net: Deterministic,
    /// The weight of ½ log(σ / σ_min) for each unit of the first layer.
    pub level: Param<1>,
    config: MultiscaleConfig,
}
module!(Multiscale { ..net, level });

/// The coefficients that depend on σ; each rows × 1.
struct Level {
    /// c, the factor of the encoder input.
    shrink: Tensor<2>,
    /// ½ log(σ / σ_min).
    log: Tensor<2>,
    /// 1 / (1 + σ²).
    skip: Tensor<2>,
    /// σ / √(1 + σ²).
    spread: Tensor<2>,
}

impl Level {
    fn at(sigma: Tensor<2>, sigma_min: f64) -> Self {
        let total = sigma.clone().square() + 1.0;
        Level {
            shrink: (total.clone() * (1.0 / (1.0 + sigma_min * sigma_min))).sqrt().recip(),
            log: (sigma.clone() * (1.0 / sigma_min)).log() * 0.5,
            skip: total.clone().recip(),
            spread: sigma * total.sqrt().recip(),
        }
    }
}

impl Multiscale {
    pub(super) fn new(
        architecture: &Architecture,
        config: &MultiscaleConfig,
        noise: &mut Stream,
        device: &Device,
    ) -> Self {
        let mut net = Deterministic::new(architecture, noise, device);
        net.encoder = net.encoder.into_iter().map(lecun_scaled).collect();
        let widths = [architecture.latent_dim, net.likelihood.parameters()];
        net.decoder = Sequential::new(&widths, Activation::Identity, Activation::Identity, noise, device);
        let width = net.encoder[0].outputs();
        let size = (architecture.inputs as f32).sqrt().recip();
        let level = standard_normal(noise, width).into_iter().map(|draw| size * draw).collect();
        let level = Param::from_tensor(device.tensor(level, [width]));
        Multiscale { net, level, config: config.clone() }
    }

    fn level(&self, sigma: Tensor<2>) -> Level {
        Level::at(sigma, self.config.sigma_min)
    }

    /// D at one noise level.
    fn reconstruct_at(&self, batch: &Batch, sigma: f64) -> Tensor<2> {
        let level = self.fixed_level(&batch.x, sigma);
        self.denoised(batch.x.clone(), self.encode_at(batch.x.clone(), &level), &level)
    }

    /// The same σ for every row of `like`.
    fn fixed_level(&self, like: &Tensor<2>, sigma: f64) -> Level {
        self.level(like.clone().narrow(1, 0, 1).full_like(sigma))
    }

    /// f(y, σ).
    fn encode_at(&self, y: Tensor<2>, level: &Level) -> Tensor<2> {
        let first = self.net.encoder[0].as_linear().expect("a fully connected encoder, as validated");
        let a = (y * level.shrink.clone()).matmul(first.weight.val().transpose())
            + first.bias.val().unsqueeze_dim::<2>(0)
            + level.log.clone().matmul(self.level.val().unsqueeze_dim::<2>(0));
        self.net.encoder.iter().skip(1).collect::<Layers>().forward(first.activation().forward(a))
    }

    /// D: the likelihood parameters from the row and its code.
    fn denoised(&self, y: Tensor<2>, code: Tensor<2>, level: &Level) -> Tensor<2> {
        let outputs = self.net.decode(code);
        let mut offset = 0;
        let parts = self.net.likelihood.blocks().iter().map(|block| {
            let own = outputs.clone().narrow(1, offset, block.parameters());
            offset += block.parameters();
            match block.has_fixed_variance() {
                true => {
                    let seen = y.clone().narrow(1, block.start, block.width);
                    seen * level.skip.clone() + own * level.spread.clone()
                }
                false => own,
            }
        });
        Tensor::cat(parts.collect(), 1)
    }

    /// 1 for each encoded column with a Gaussian likelihood.
    fn gaussian_columns(&self, like: &Tensor<2>) -> Tensor<2> {
        let blocks = self.net.likelihood.blocks().iter();
        let flags: Vec<f32> = blocks.flat_map(|b| vec![f32::from(b.has_fixed_variance()); b.width]).collect();
        let width = flags.len();
        like.device().tensor(flags, [1, width])
    }

    /// L for this σ (rows × 1) and ε (rows × columns).
    pub fn terms(&self, batch: &Batch, sigma: Tensor<2>, epsilon: Tensor<2>) -> Vec<Term> {
        let level = self.level(sigma.clone());
        let y = batch.x.clone() + epsilon * sigma;
        let denoised = self.denoised(y.clone(), self.encode_at(y, &level), &level);
        let numbers = self.gaussian_columns(&batch.x);
        let likelihood = &self.net.likelihood;
        let errors = (batch.x.clone() - likelihood.mean(denoised.clone())) * level.spread.recip();
        let errors = errors.square() * 0.5;
        let errors = match &batch.observed {
            Some(observed) => errors * observed.clone(),
            None => errors,
        };
        let losses = likelihood.column_losses(denoised, batch.x.clone(), batch.observed.as_ref());
        let value = errors * numbers.clone() + losses * (numbers.neg() + 1.0);
        vec![Term::new("reconstruction", value.sum_dim(1).squeeze_dim::<1>(1))]
    }
}

/// The same layer with initial weights of variance 1 / inputs (LeCun et al. 1998) instead of 2 /
/// inputs, so that the initial network is closer to a linear one.
fn lecun_scaled(layer: AnyLayer) -> AnyLayer {
    match layer {
        AnyLayer::Linear(layer) => {
            let weight = layer.weight.val() * 0.5f64.sqrt();
            Linear::from_parts(weight, layer.bias.val(), layer.activation()).into()
        }
        other => other,
    }
}

impl Trainable for Multiscale {
    fn loss(&self, batch: &Batch, context: &mut Context) -> Vec<Term> {
        let [rows, width] = batch.x.dims();
        let (sigma_min, sigma_max) = (ln(self.config.sigma_min), ln(self.config.sigma_max));
        let draw = |_| exp(sigma_min + (sigma_max - sigma_min) * context.noise.random::<f64>()) as f32;
        let sigma: Vec<f32> = (0..rows).map(draw).collect();
        let sigma = context.device.tensor(sigma, [rows, 1]);
        let epsilon = context.device.tensor(standard_normal(context.noise, rows * width), [rows, width]);
        self.terms(batch, sigma, epsilon)
    }

    fn before_training(&mut self, rows: &Encoded, device: &Device) {
        self.net.likelihood.rescale(rows, device);
    }
}

impl Autoencoder for Multiscale {
    fn reconstruct_from(&self, batch: &Batch, code: Tensor<2>) -> Tensor<2> {
        self.denoised(batch.x.clone(), code, &self.fixed_level(&batch.x, self.config.sigma_min))
    }

    fn reconstructions(&self, batch: &Batch) -> Vec<Tensor<2>> {
        self.config.score_sigmas.iter().map(|&sigma| self.reconstruct_at(batch, sigma)).collect()
    }

    fn expected_reconstruction(&self, batch: &Batch) -> Tensor<2> {
        let sigmas = &self.config.score_sigmas;
        self.reconstruct_at(batch, sigmas[sigmas.len() / 2])
    }

    fn network(&self) -> &dyn Network {
        &self.net
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::distribution::{Family, LikelihoodBlock};
    use crate::model::{FamilyConfig, Model};
    use crate::random::{Purpose, stream};
    use crate::tensor::to_host;

    fn model(device: &Device) -> Multiscale {
        let config = MultiscaleConfig::default();
        let architecture = Architecture {
            family: FamilyConfig::Multiscale(config.clone()),
            inputs: 5,
            condition: 0,
            stem: None,
            hidden: vec![6],
            latent_dim: 4,
            activation: Activation::Silu,
            latent_activation: Activation::Silu,
            likelihood: vec![
                LikelihoodBlock::new(Family::Gaussian, 0..3),
                LikelihoodBlock::new(Family::Categorical, 3..5),
            ],
        };
        match Model::new(&architecture, 3, device) {
            Model::Multiscale(model) => model,
            _ => unreachable!("it was asked for"),
        }
    }

    fn batch(device: &Device) -> Batch {
        let rows = vec![0.3, -1.0, 2.0, 1.0, 0.0, -0.4, 0.1, 0.0, 0.0, 1.0];
        Batch::new(device.tensor(rows, [2, 5]))
    }

    #[test]
    fn at_the_smallest_noise_level_it_is_the_plain_encoder() {
        let device = Device::cpu_f64();
        let (model, batch) = (model(&device), batch(&device));
        let level = model.fixed_level(&batch.x, 0.2);
        let codes = [model.encode(batch.x.clone()), model.encode_at(batch.x.clone(), &level)].map(to_host);
        assert_eq!(codes[0], codes[1]);
        let all = model.reconstructions(&batch);
        assert_eq!(all.len(), 5);
        assert_eq!(to_host(model.reconstruct(&batch)), to_host(all[0].clone()));
    }

    #[test]
    fn only_numbers_have_a_skip_connection() {
        let device = Device::cpu_f64();
        let (model, batch) = (model(&device), batch(&device));
        let level = model.fixed_level(&batch.x, 2.0);
        let code = model.encode_at(batch.x.clone(), &level);
        let own = to_host(model.decode(code.clone()));
        let out = to_host(model.denoised(batch.x.clone(), code, &level));
        // y / 5 + 2 / √5 · g, with y = −1.
        assert!((out[1] - (-0.2 + own[1] * 2.0 / 5f32.sqrt())).abs() < 1e-6);
        assert_eq!(out[3..5], own[3..5]);
    }

    #[test]
    fn loss_is_the_error_of_the_network_output() {
        // At every σ: (x − D)² (1 + σ²) / σ² = (g − target)², target = (x − y / (1 + σ²)) √(1 + σ²)
        // / σ (Karras et al. 2022, eq. 7).
        let device = Device::cpu_f64();
        let (model, batch) = (model(&device), batch(&device));
        let noise = &mut stream(1, Purpose::Train, 0, 0);
        let context = &mut Context { noise, epochs: 0.0, training: true, rows: 2, device: &device };
        let loss = to_host(model.loss(&batch, context).remove(0).value);
        let noise = &mut stream(1, Purpose::Train, 0, 0);
        let (low, high) = (0.2f64.ln(), 4f64.ln());
        let sigma: Vec<f64> = (0..2).map(|_| (low + (high - low) * noise.random::<f64>()).exp()).collect();
        let epsilon = standard_normal(noise, 10);
        let x = to_host(batch.x.clone());
        for row in 0..2 {
            let s = sigma[row];
            let y: Vec<f32> = (0..5).map(|j| x[row * 5 + j] + s as f32 * epsilon[row * 5 + j]).collect();
            let tensor = device.tensor::<2>(y.clone(), [1, 5]);
            let own = to_host(model.decode(model.encode_at(tensor.clone(), &model.fixed_level(&tensor, s))));
            let numbers: f64 = (0..3)
                .map(|j| {
                    let (x, y) = (f64::from(x[row * 5 + j]), f64::from(y[j]));
                    let target = (x - y / (1.0 + s * s)) * (1.0 + s * s).sqrt() / s;
                    0.5 * (f64::from(own[j]) - target).powi(2)
                })
                .sum();
            let logits = [f64::from(own[3]), f64::from(own[4])];
            let chosen = if x[row * 5 + 3] == 1.0 { logits[0] } else { logits[1] };
            let category = (logits[0].exp() + logits[1].exp()).ln() - chosen;
            assert!(
                (f64::from(loss[row]) - numbers - category).abs() < 1e-4,
                "{} {}",
                loss[row],
                numbers + category
            );
        }
    }
}
