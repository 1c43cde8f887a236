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
//! With `leave_out`, training leaves out a quarter of the cells of categorical and binary columns,
//! and the parameters of such a column come from the row without it, so that the score has −log
//! p(x_j | all other columns): a network that sees a category repeats it.
//!
//! The anomaly score of a row uses its error ‖x − D(x, σ)‖² without noise, at each of the
//! `score_sigmas`: it is small near training rows and grows with the distance from them, at that
//! resolution.

mod denoiser;

use std::ops::Range;

use crate::module;
use crate::tensor::Tensor;

pub(crate) use denoiser::Level;

use denoiser::Denoiser;

use super::settings::MultiscaleConfig;
use super::{Architecture, Autoencoder, Batch, Context, Network, Trainable};
use crate::data::Encoded;
use crate::distribution::{Family, Likelihood};
use crate::nn::Layers;
use crate::objective::Term;
use crate::random::{RngExt, Stream, standard_normal};
use crate::stats::elementary::double::{exp, ln};
use crate::tensor::Device;

/// Maximum number of categorical and binary columns that are left out one at a time.
const MOST_LEFT_OUT: usize = 32;
/// The share of their cells that training leaves out.
const LEFT_OUT: f64 = 0.25;

/// A column that is left out: its encoded columns, and its likelihood parameters.
pub(crate) struct Category {
    pub units: Range<usize>,
    pub parameters: Range<usize>,
}

/// The multi-scale denoising autoencoder.
#[derive(Clone, Debug)]
pub struct Multiscale {
    denoiser: Denoiser,
    likelihood: Likelihood,
    config: MultiscaleConfig,
}
module!(Multiscale { ..denoiser, likelihood });

impl Multiscale {
    pub(super) fn new(
        architecture: &Architecture,
        config: &MultiscaleConfig,
        noise: &mut Stream,
        device: &Device,
    ) -> Self {
        let likelihood = Likelihood::new(architecture.likelihood.clone(), device);
        let denoiser = Denoiser::new(architecture, likelihood.parameters(), noise, device);
        Multiscale { denoiser, likelihood, config: config.clone() }
    }

    fn level(&self, sigma: Tensor<2>) -> Level {
        Level::at(sigma, self.config.sigma_min)
    }

    /// D at each of these noise levels, where the parameters of a left-out column are those of the
    /// row without it.
    fn reconstruct_at(&self, batch: &Batch, sigmas: &[f64]) -> Vec<Tensor<2>> {
        let made = |x: Tensor<2>, sigma: f64| {
            let level = self.fixed_level(&x, sigma);
            let code = self.denoiser.encode(x.clone(), &level);
            self.denoised(x, self.denoiser.decoder.forward(code), &level)
        };
        let left_out = self.left_out().into_iter().map(|category| {
            let mut kept = vec![1f32; batch.x.dims()[1]];
            kept[category.units].fill(0.0);
            let width = kept.len();
            let without = batch.x.clone() * batch.x.device().tensor(kept, [1, width]);
            let parameters = made(without, self.config.sigma_min);
            let part = parameters.narrow(1, category.parameters.start, category.parameters.len());
            (category.parameters, part)
        });
        let left_out: Vec<(Range<usize>, Tensor<2>)> = left_out.collect();
        sigmas.iter().map(|&sigma| replaced(made(batch.x.clone(), sigma), &left_out)).collect()
    }

    /// Its settings.
    pub(crate) fn config(&self) -> &MultiscaleConfig {
        &self.config
    }

    /// Its network.
    pub(crate) fn denoiser(&self) -> &Denoiser {
        &self.denoiser
    }

    /// The categorical and binary columns, if they are left out.
    pub(crate) fn left_out(&self) -> Vec<Category> {
        let mut found = vec![];
        let mut offset = 0;
        for block in self.likelihood.blocks().iter().filter(|_| self.config.leave_out) {
            let columns = match block.family {
                Family::Categorical | Family::Ordinal => 1,
                Family::Bernoulli => block.width,
                _ => 0,
            };
            let (units, parameters) = (block.width / columns.max(1), block.parameters() / columns.max(1));
            found.extend((0..columns).map(|k| Category {
                units: block.start + k * units..block.start + (k + 1) * units,
                parameters: offset + k * parameters..offset + (k + 1) * parameters,
            }));
            offset += block.parameters();
        }
        if found.len() <= MOST_LEFT_OUT { found } else { vec![] }
    }

    /// 0 for a random share of the categories of each row, else 1; `None` without such columns.
    fn draw_kept(&self, [rows, width]: [usize; 2], context: &mut Context) -> Option<Tensor<2>> {
        let left_out = self.left_out();
        if left_out.is_empty() {
            return None;
        }
        let mut kept = vec![1f32; rows * width];
        for row in kept.chunks_exact_mut(width) {
            for category in &left_out {
                if context.noise.random::<f64>() < LEFT_OUT {
                    row[category.units.clone()].fill(0.0);
                }
            }
        }
        Some(context.device.tensor(kept, [rows, width]))
    }

    /// The same σ for every row of `like`.
    fn fixed_level(&self, like: &Tensor<2>, sigma: f64) -> Level {
        self.level(like.clone().narrow(1, 0, 1).full_like(sigma))
    }

    /// D: the likelihood parameters from the row and the outputs of g.
    fn denoised(&self, y: Tensor<2>, outputs: Tensor<2>, level: &Level) -> Tensor<2> {
        let mut offset = 0;
        let parts = self.likelihood.blocks().iter().map(|block| {
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
        let blocks = self.likelihood.blocks().iter();
        let flags: Vec<f32> = blocks.flat_map(|b| vec![f32::from(b.has_fixed_variance()); b.width]).collect();
        let width = flags.len();
        like.device().tensor(flags, [1, width])
    }

    /// L for this σ (rows × 1) and ε (rows × columns).
    pub fn terms(&self, batch: &Batch, sigma: Tensor<2>, epsilon: Tensor<2>) -> Vec<Term> {
        let y = batch.x.clone() + epsilon * sigma.clone();
        vec![Term::new("reconstruction", self.losses(batch, y, sigma))]
    }

    /// L for each row, from rows y with noise of these levels.
    fn losses(&self, batch: &Batch, y: Tensor<2>, sigma: Tensor<2>) -> Tensor<1> {
        let level = self.level(sigma);
        let outputs = self.denoiser.decoder.forward(self.denoiser.encode(y.clone(), &level));
        let denoised = self.denoised(y, outputs, &level);
        let numbers = self.gaussian_columns(&batch.x);
        let likelihood = &self.likelihood;
        let errors = (batch.x.clone() - likelihood.mean(denoised.clone())) * level.spread.recip();
        let errors = errors.square() * 0.5;
        let errors = match &batch.observed {
            Some(observed) => errors * observed.clone(),
            None => errors,
        };
        let losses = likelihood.column_losses(denoised, batch.x.clone(), batch.observed.as_ref());
        let value = errors * numbers.clone() + losses * (numbers.neg() + 1.0);
        value.sum_dim(1).squeeze_dim::<1>(1)
    }
}

/// The same parameters with these columns replaced, which are in ascending order.
fn replaced(parameters: Tensor<2>, columns: &[(Range<usize>, Tensor<2>)]) -> Tensor<2> {
    let width = parameters.dims()[1];
    let mut parts = vec![];
    let mut done = 0;
    let between = |from: usize, to: usize| parameters.clone().narrow(1, from, to - from);
    for (range, own) in columns {
        parts.extend((range.start > done).then(|| between(done, range.start)));
        parts.push(own.clone());
        done = range.end;
    }
    parts.extend((width > done).then(|| between(done, width)));
    Tensor::cat(parts, 1)
}

impl Trainable for Multiscale {
    fn loss(&self, batch: &Batch, context: &mut Context) -> Vec<Term> {
        let [rows, width] = batch.x.dims();
        let (sigma_min, sigma_max) = (ln(self.config.sigma_min), ln(self.config.sigma_max));
        let mut draw = || exp(sigma_min + (sigma_max - sigma_min) * context.noise.random::<f64>()) as f32;
        let sigma: Vec<f32> = (0..rows).map(|_| draw()).collect();
        let sigma = context.device.tensor(sigma, [rows, 1]);
        let epsilon = context.device.tensor(standard_normal(context.noise, rows * width), [rows, width]);
        let y = batch.x.clone() + epsilon * sigma.clone();
        let kept = self.draw_kept([rows, width], context);
        let y = kept.into_iter().fold(y, |y, kept| y * kept);
        vec![Term::new("reconstruction", self.losses(batch, y, sigma))]
    }

    fn before_training(&mut self, rows: &Encoded, device: &Device) {
        self.likelihood.rescale(rows, device);
    }
}

impl Network for Multiscale {
    fn encoder(&self) -> Layers<'_> {
        self.denoiser.encoder.layers()
    }

    /// g(h).
    fn decode(&self, h: Tensor<2>) -> Tensor<2> {
        self.denoiser.decoder.forward(h)
    }

    fn likelihood(&self) -> &Likelihood {
        &self.likelihood
    }
}

impl Autoencoder for Multiscale {
    fn reconstruct_from(&self, batch: &Batch, code: Tensor<2>) -> Tensor<2> {
        let level = self.fixed_level(&batch.x, self.config.sigma_min);
        self.denoised(batch.x.clone(), self.denoiser.decoder.forward(code), &level)
    }

    fn reconstructions(&self, batch: &Batch) -> Vec<Tensor<2>> {
        self.reconstruct_at(batch, &self.config.score_sigmas)
    }

    /// D at the middle one of the noise levels of scores.
    fn expected_reconstruction(&self, batch: &Batch) -> Tensor<2> {
        let sigmas = &self.config.score_sigmas;
        self.reconstruct_at(batch, &sigmas[sigmas.len() / 2..][..1]).swap_remove(0)
    }

    fn network(&self) -> &dyn Network {
        self
    }
}

#[cfg(test)]
mod tests;
