//! New rows from a model without a prior: a Markov chain along the directions of high singular
//! values of the encoder's Jacobian.
//!
//! Rifai, Bengio, Dauphin & Vincent (ICML 2012). From a row x,
//!
//! ```text
//! h = f(x) + σ J Jᵀ ε ,   ε ~ N(0, I) ,   J = ∂f(x)/∂x
//! x ← g(h)                                   the mean of p(x | h)
//! ```
//!
//! J Jᵀ ε is concentrated on the few directions with high singular values of J, which are those
//! along the data manifold for a contractive encoder. The noise moves along the manifold, and g ∘ f
//! projects back to it.
//!
//! The paper tunes σ for each model, since the eigenvalues of J Jᵀ differ by orders of magnitude
//! between models. Here σ is set at each transition so that the root mean square of the transition
//! over latent dimensions is `step` times that of the standard deviation of the codes of the
//! training rows. Thus
//! `step` has the same meaning for every model, and chains do not freeze where units saturate.
//!
//! Start of a chain: the model file contains no training rows, only a [summary](LatentSummary) of
//! their codes. A chain starts at the centre of a cluster of codes, chosen with a probability equal
//! to the cluster's fraction.
//!
//! The defaults were chosen on the digits and on MNIST by the [energy
//! distance](crate::stats::SampleQuality) to held-out rows. Long chains of a one-layer encoder
//! leave the manifold of MNIST; by default each sample has its own short chain.

use std::ops::Range;

use crate::tensor::Tensor;
use arrow_array::RecordBatch;
use serde::{Deserialize, Serialize};

use super::draw::{Draw, decoded_rows, drawn, fits_in_memory};
use super::{CHUNK, decodes_codes};
use crate::artifact::SavedModel;
use crate::evaluate::LatentSummary;
use crate::model::{Autoencoder, Model};
use crate::random::{Purpose, RngExt, Stream, standard_normal, stream};
use crate::stats::end_if_cancelled;
use crate::tensor::Device;
use crate::{Error, Result};

/// The settings of the walk.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WalkConfig {
    /// Size of a transition, in standard deviations of the codes: larger gives more diverse rows,
    /// smaller gives sharper ones.
    pub step: f64,
    /// Transitions before a chain's first sample.
    pub burn_in: usize,
    /// Transitions between two samples of a chain.
    pub thin: usize,
    /// Number of independent chains, which give samples in turn. `None`: one chain per sample.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chains: Option<usize>,
}

impl Default for WalkConfig {
    fn default() -> Self {
        WalkConfig { step: 0.75, burn_in: 2, thin: 2, chains: None }
    }
}

impl WalkConfig {
    /// Checks the ranges.
    ///
    /// # Errors
    /// [`Error::Config`] names the invalid setting.
    pub fn validate(&self) -> Result<()> {
        const MOST: usize = 1_000_000;
        if !(self.step.is_finite() && (0.0..=1000.0).contains(&self.step)) {
            return Err(Error::config("step", "a number from 0 to 1000", self.step));
        }
        if self.burn_in > MOST {
            return Err(Error::config("burn_in", format!("0 to {MOST}"), self.burn_in));
        }
        if !(1..=MOST).contains(&self.thin) {
            return Err(Error::config("thin", format!("1 to {MOST}"), self.thin));
        }
        if self.chains == Some(0) {
            return Err(Error::config("chains", "1 or more", 0));
        }
        Ok(())
    }
}

/// `count` new rows by the walk: encoded (row-major) and decoded. Sample i is from chain i mod
/// `chains`.
///
/// # Errors
/// [`Error::Unsupported`] if the family has a prior; [`Error::Config`] for invalid settings.
pub fn walk(
    saved: &SavedModel,
    count: usize,
    draw: Draw,
    config: &WalkConfig,
    seed: u64,
    device: &Device,
) -> Result<(Vec<f32>, RecordBatch)> {
    config.validate()?;
    decodes_codes(saved)?;
    fits_in_memory(saved, count)?;
    if saved.architecture.family.has_prior() {
        let family = saved.architecture.family.name().replace('_', "-");
        return Err(Error::Unsupported {
            what: format!("a {family} autoencoder draws codes from its prior"),
            help: "omit --step, --burn-in, --thin and --chains, which are for models without a prior".into(),
        });
    }
    let values = walked_rows(&saved.model, saved.latent.as_ref(), count, draw, config, seed, device)?;
    let rows = decoded_rows(saved, &values, draw, seed)?;
    Ok((values, rows))
}

/// [`walk`] for a model without a file; encoded rows.
pub(super) fn walked_rows(
    model: &Model,
    latent: Option<&LatentSummary>,
    count: usize,
    draw: Draw,
    config: &WalkConfig,
    seed: u64,
    device: &Device,
) -> Result<Vec<f32>> {
    let summary = latent.ok_or_else(|| Error::Unsupported {
        what: "this model file has no summary of the codes, from which chains start".into(),
        help: "fit the model again".into(),
    })?;
    let width = model.encoder().inputs();
    let chains = config.chains.unwrap_or(count).min(count);
    let mut values = vec![0.0; count * width];
    for first in (0..chains).step_by(CHUNK) {
        let together = first..chains.min(first + CHUNK);
        let noise = &mut stream(seed, Purpose::WalkedRows, 0, first as u64);
        let mut walker = Walker::new(model, together, summary, config.step, seed, device);
        walker.go(config.burn_in);
        for kept in (0..count).step_by(chains) {
            if kept > 0 {
                walker.go(config.thin);
            }
            let rows = drawn(model, walker.code.clone(), draw, noise);
            // In the last round, some chains may be finished.
            let places = values[(kept + first).min(count) * width..].chunks_exact_mut(width);
            places.zip(rows.chunks_exact(width)).for_each(|(device, row)| device.copy_from_slice(row));
        }
    }
    Ok(values)
}

/// A batch of chains.
struct Walker<'a> {
    model: &'a Model,
    device: &'a Device,
    /// Root mean square of a transition, over latent dimensions.
    length: f64,
    /// One stream per chain, so that chains do not depend on their number.
    streams: Vec<Stream>,
    /// Chains × latent_dim.
    code: Tensor<2>,
}

impl<'a> Walker<'a> {
    fn new(
        model: &'a Model,
        chains: Range<usize>,
        summary: &LatentSummary,
        step: f64,
        seed: u64,
        device: &'a Device,
    ) -> Self {
        let mut streams: Vec<Stream> =
            chains.map(|chain| stream(seed, Purpose::WalkChain, 0, chain as u64)).collect();
        let starts = streams.iter_mut().flat_map(|stream| summary.center(stream.random()).to_vec()).collect();
        let code = device.tensor(starts, [streams.len(), summary.deviation.len()]);
        Walker { model, device, length: step * summary.scale(), streams, code }
    }

    fn go(&mut self, transitions: usize) {
        for _ in 0..transitions {
            end_if_cancelled();
            let x = self.model.likelihood().mean(self.model.decode(self.code.clone()));
            let trace = self.model.trace(x);
            let epsilon = normal(&mut self.streams, trace.code.dims()[1], self.device);
            let direction = unit_size(trace.jacobian_gram_product(epsilon));
            self.code = trace.code + direction * self.length;
        }
    }
}

/// Scales each row to a root mean square of 1; rows of zeros do not change.
fn unit_size(rows: Tensor<2>) -> Tensor<2> {
    const LEAST: f64 = 1e-30;
    // First by the largest value, since squares of tiny values underflow in single precision.
    let largest = rows.clone().abs().max_dim(1).clamp_min(LEAST);
    let rows = rows / largest;
    let size = rows.clone().square().mean_dim(1).sqrt().clamp_min(LEAST);
    rows / size
}

/// Standard normal noise, a row of `width` from each stream.
fn normal(streams: &mut [Stream], width: usize, device: &Device) -> Tensor<2> {
    let values = streams.iter_mut().flat_map(|stream| standard_normal(stream, width)).collect();
    device.tensor(values, [streams.len(), width])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::tensor::to_host;

    #[test]
    fn transitions_have_the_requested_size_also_for_a_flat_encoder() {
        let device = Device::cpu();
        let rows = device.tensor(vec![3e-25, 4e-25, 30.0, -40.0, 0.0, 0.0], [3, 2]);
        let unit = to_host(unit_size(rows));
        for (found, expected) in unit.iter().zip([0.6, 0.8, 0.6, -0.8, 0.0, 0.0]) {
            assert!((found - expected * 2f32.sqrt()).abs() < 1e-5, "{unit:?}");
        }
    }

    #[test]
    fn invalid_settings_are_refused() {
        assert!(WalkConfig::default().validate().is_ok());
        for bad in [
            WalkConfig { step: f64::NAN, ..Default::default() },
            WalkConfig { step: -1.0, ..Default::default() },
            WalkConfig { thin: 0, ..Default::default() },
            WalkConfig { chains: Some(0), ..Default::default() },
            WalkConfig { burn_in: usize::MAX, ..Default::default() },
        ] {
            assert!(bad.validate().is_err(), "{bad:?}");
        }
    }
}
