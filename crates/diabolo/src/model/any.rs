//! A model of any family, selected at run time.

use crate::module;
use std::ops::{Deref, DerefMut};

use super::{
    Architecture, Autoencoder, Batch, Codebook, Context, Contractive, Denoising, FamilyConfig, HealthStats,
    Multiscale, Network, Plain, PosteriorDraws, Sparse, Trainable, Variational, VectorQuantized,
};
use crate::data::Encoded;
use crate::distribution::{Likelihood, Posterior};
use crate::nn::Layers;
use crate::objective::{EncoderTrace, Term};
use crate::random::{Purpose, RowNoise, Stream, stream};
use crate::tensor::{Device, Tensor};

/// A model of any family, selected at run time.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant, reason = "one model per program")]
pub enum Model {
    /// The plain autoencoder.
    Plain(Plain),
    /// The denoising autoencoder.
    Denoising(Denoising),
    /// The sparse autoencoder.
    Sparse(Sparse),
    /// The contractive autoencoder.
    Contractive(Contractive),
    /// The variational autoencoder.
    Variational(Variational),
    /// The vector-quantized autoencoder.
    VectorQuantized(VectorQuantized),
    /// The multi-scale denoising autoencoder.
    Multiscale(Multiscale),
}
module!(Model = Plain | Denoising | Sparse | Contractive | Variational | VectorQuantized | Multiscale);

impl Model {
    /// Builds the architecture with initial weights drawn from `seed`.
    pub fn new(architecture: &Architecture, seed: u64, device: &Device) -> Self {
        let noise = &mut stream(seed, Purpose::Initialize, 0, 0);
        match &architecture.family {
            FamilyConfig::Plain { .. } => Model::Plain(Plain::new(architecture, noise, device)),
            FamilyConfig::Denoising { corruption, .. } => {
                Model::Denoising(Denoising::new(architecture, *corruption, noise, device))
            }
            FamilyConfig::Sparse(config) => {
                Model::Sparse(Sparse::new(architecture, config.sparsity, noise, device))
            }
            FamilyConfig::Contractive(config) => {
                Model::Contractive(Contractive::new(architecture, *config, noise, device))
            }
            FamilyConfig::Variational(config) => {
                Model::Variational(Variational::new(architecture, config, noise, device))
            }
            FamilyConfig::VectorQuantized(config) => {
                Model::VectorQuantized(VectorQuantized::new(architecture, *config, noise, device))
            }
            FamilyConfig::Multiscale(config) => {
                Model::Multiscale(Multiscale::new(architecture, config, noise, device))
            }
        }
    }
}

impl Deref for Model {
    type Target = dyn Autoencoder;

    fn deref(&self) -> &Self::Target {
        match self {
            Model::Plain(model) => model,
            Model::Denoising(model) => model,
            Model::Sparse(model) => model,
            Model::Contractive(model) => model,
            Model::Variational(model) => model,
            Model::VectorQuantized(model) => model,
            Model::Multiscale(model) => model,
        }
    }
}

impl DerefMut for Model {
    fn deref_mut(&mut self) -> &mut Self::Target {
        match self {
            Model::Plain(model) => model,
            Model::Denoising(model) => model,
            Model::Sparse(model) => model,
            Model::Contractive(model) => model,
            Model::Variational(model) => model,
            Model::VectorQuantized(model) => model,
            Model::Multiscale(model) => model,
        }
    }
}

/// Types that deref to a model, such as [`Model`] or `Box<dyn Autoencoder>`, are models. All
/// methods must be forwarded, since a family may override any of them; Clippy checks that none is
/// missing.
#[deny(clippy::missing_trait_methods)]
impl<T: DerefMut<Target = dyn Autoencoder> + Send + Sync> Trainable for T {
    fn loss(&self, batch: &Batch, context: &mut Context) -> Vec<Term> {
        (**self).loss(batch, context)
    }

    fn is_row_separable(&self) -> bool {
        (**self).is_row_separable()
    }

    fn max_batch_rows(&self, width: usize) -> usize {
        (**self).max_batch_rows(width)
    }

    fn health(&self, batch: &Batch) -> Option<HealthStats> {
        (**self).health(batch)
    }

    fn before_training(&mut self, rows: &Encoded, device: &Device) {
        (**self).before_training(rows, device);
    }

    fn warmup_epochs(&self) -> f64 {
        (**self).warmup_epochs()
    }

    fn after_step(&mut self, batch: &Batch, context: &mut Context) {
        (**self).after_step(batch, context);
    }

    fn likelihood_of_levels(&mut self) -> Option<&mut Likelihood> {
        (**self).likelihood_of_levels()
    }

    fn after_training(&mut self, rows: &Encoded, seed: u64, device: &Device) {
        (**self).after_training(rows, seed, device);
    }
}

#[deny(clippy::missing_trait_methods)]
impl<T: DerefMut<Target = dyn Autoencoder> + Send + Sync> Autoencoder for T {
    fn network(&self) -> &dyn Network {
        (**self).network()
    }

    fn encode(&self, x: Tensor<2>) -> Tensor<2> {
        (**self).encode(x)
    }

    fn reconstruct(&self, batch: &Batch) -> Tensor<2> {
        (**self).reconstruct(batch)
    }

    fn reconstruct_from(&self, batch: &Batch, code: Tensor<2>) -> Tensor<2> {
        (**self).reconstruct_from(batch, code)
    }

    fn reconstructions(&self, batch: &Batch) -> Vec<Tensor<2>> {
        (**self).reconstructions(batch)
    }

    fn expected_reconstruction(&self, batch: &Batch) -> Tensor<2> {
        (**self).expected_reconstruction(batch)
    }

    fn has_posterior(&self) -> bool {
        (**self).has_posterior()
    }

    fn posterior(&self, x: Tensor<2>) -> Option<Posterior> {
        (**self).posterior(x)
    }

    fn decode(&self, z: Tensor<2>) -> Tensor<2> {
        (**self).decode(z)
    }

    fn likelihood(&self) -> &Likelihood {
        (**self).likelihood()
    }

    fn encoder(&self) -> Layers<'_> {
        (**self).encoder()
    }

    fn trace(&self, x: Tensor<2>) -> EncoderTrace<'_> {
        (**self).trace(x)
    }

    fn draw_posterior(
        &self,
        batch: &Batch,
        samples: usize,
        noise: &mut RowNoise,
        device: &Device,
    ) -> Option<PosteriorDraws> {
        (**self).draw_posterior(batch, samples, noise, device)
    }

    fn log_weights(
        &self,
        batch: &Batch,
        samples: usize,
        noise: &mut RowNoise,
        device: &Device,
    ) -> Option<Tensor<2>> {
        (**self).log_weights(batch, samples, noise, device)
    }

    fn kl_draws(&self) -> Option<usize> {
        (**self).kl_draws()
    }

    fn codebook(&self) -> Option<&Codebook> {
        (**self).codebook()
    }

    fn sample_prior(&self, rows: usize, noise: &mut Stream, device: &Device) -> Option<Tensor<2>> {
        (**self).sample_prior(rows, noise, device)
    }

    fn latent_dim(&self) -> usize {
        (**self).latent_dim()
    }

    fn contraction(&self, x: Tensor<2>) -> Tensor<1> {
        (**self).contraction(x)
    }
}

#[cfg(test)]
mod tests;
