//! Codebooks updated by exponential moving averages (van den Oord et al. 2017, appendix A.1; Razavi
//! et al. 2019).
//!
//! ```text
//! N_k ← γ N_k + (1 − γ) n_k               n_k: codes of the batch that chose vector k
//! m_k ← γ m_k + (1 − γ) Σ_{i chose k} z_i
//! e_k = m_k / N_k
//! ```
//!
//! The state is e and N. With m = N e, the last two lines are e_k ← e_k + (1 − γ) / N_k · Σ_{i
//! chose k} (z_i − e_k), which is robust to rounding.
//!
//! Each group has its own codebook: the latent dimensions of a dense encoder have no order, so that
//! groups differ like features, and a shared codebook would need the vectors of all groups.

use crate::module;
use crate::tensor::Param;
use crate::tensor::{Indices, Mask, Tensor};

use crate::random::{RngExt, Stream, standard_normal};
use crate::stats::elementary::double::log2;
use crate::tensor::{Device, to_host};

/// A vector chosen less often than this fraction of the mean is dead and restarted.
const DEAD: f64 = 0.1;
/// Distance of restarted vectors from a code of the batch, in standard deviations of the group.
const SHAKE: f64 = 0.05;

/// The codebooks of all groups.
#[derive(Clone, Debug)]
pub struct Codebook {
    /// e: groups × codebook_size × width of a group.
    pub vectors: Param<3>,
    /// N: groups × codebook_size.
    pub counts: Param<2>,
}
module!(Codebook { vectors, counts });

impl Codebook {
    /// Zeros, which the first [`ema_update`](Self::ema_update) and
    /// [`restart_dead`](Self::restart_dead) replace: one vector of each group by the mean of the
    /// batch's codes, the others by codes drawn from it.
    pub(super) fn new(groups: usize, size: usize, width: usize, device: &Device) -> Self {
        Codebook {
            vectors: Param::from_tensor(
                device.tensor(vec![0.0; groups * size * width], [groups, size, width]),
            ),
            counts: Param::from_tensor(device.tensor(vec![0.0; groups * size], [groups, size])),
        }
    }

    /// Number of groups.
    pub fn groups(&self) -> usize {
        self.vectors.dims()[0]
    }

    /// Number of vectors per group.
    pub fn size(&self) -> usize {
        self.vectors.dims()[1]
    }

    /// Bits per code: groups · log₂(codebook_size).
    pub fn bits(&self) -> f64 {
        self.groups() as f64 * log2(self.size() as f64)
    }

    /// The nearest vector of each group: batch × latent_dim to batch × groups.
    pub fn indices(&self, z: Tensor<2>) -> Indices<2> {
        let ([rows, _], groups) = (z.dims(), self.groups());
        let nearest = self.nearest(self.split(z));
        let by_row = (0..rows).flat_map(|row| (0..groups).map(move |group| group * rows + row));
        Indices::new(by_row.map(|at| nearest.values()[at]).collect(), [rows, groups])
    }

    /// The chosen vectors, concatenated: batch × groups to batch × latent_dim.
    pub fn vectors_at(&self, indices: &Indices<2>) -> Tensor<2> {
        let [groups, size, width] = self.vectors.dims();
        let [rows, _] = indices.dims();
        let flat = indices.values().iter().enumerate().map(|(k, &choice)| k % groups * size + choice);
        let vectors = self.vectors.val().detach().reshape([groups * size, width]);
        vectors.select(0, &flat.collect::<Vec<_>>()).reshape([rows, groups * width])
    }

    /// Replaces each group by its nearest vector, without gradient. Both batch × latent_dim.
    pub fn quantize(&self, z: Tensor<2>) -> Tensor<2> {
        self.vectors_at(&self.indices(z))
    }

    /// One step of the moving averages after the codes `z` (batch × latent_dim) of a batch; γ is
    /// `decay`.
    ///
    /// A vector whose N becomes 0 becomes NaN: [`restart_dead`](Self::restart_dead) replaces it.
    pub fn ema_update(self, z: Tensor<2>, decay: f64) -> Self {
        let (e, before) = (self.vectors.val().detach(), self.counts.val().detach().unsqueeze_dim::<3>(2));
        let z = self.split(z);
        let size = self.size();
        let nearest = self.nearest(z.clone());
        let chosen =
            nearest.values().iter().flat_map(|&choice| (0..size).map(move |k| f32::from(k == choice)));
        let [groups, rows, _] = z.dims();
        let chosen = z.device().tensor(chosen.collect(), [groups, rows, size]);
        let n = chosen.clone().sum_dim(1).swap_dims(1, 2);
        let sums = chosen.swap_dims(1, 2).matmul(z);
        let counts = before * decay + n.clone() * (1.0 - decay);
        let step = counts.clone().recip() * (1.0 - decay);
        let vectors = e.clone() + (sums - n * e) * step;
        self.with(vectors, counts.squeeze_dim::<2>(2))
    }

    /// Replaces dead vectors by codes of the batch `z`.
    pub fn restart_dead(self, z: Tensor<2>, noise: &mut Stream) -> Self {
        let [groups, size, width] = self.vectors.dims();
        let counts = to_host(self.counts.val());
        let dead: Vec<bool> = counts.chunks_exact(size).flat_map(dead).collect();
        if !dead.contains(&true) {
            return self;
        }
        let [rows, _] = z.dims();
        let draw = |(code, dead): (usize, &bool)| {
            let row = if *dead { noise.random_range(0..rows as u64) as usize } else { 0 };
            code / size * rows + row
        };
        let drawn: Vec<usize> = dead.iter().enumerate().map(draw).collect();
        let device = z.device();
        let z = self.split(z);
        let spread = z.clone().variance_dim(1).mean_dim(2).sqrt() * SHAKE;
        let shake: Tensor<3> =
            device.tensor(standard_normal(noise, groups * size * width), [groups, size, width]);
        let fresh = z.reshape([groups * rows, width]).select(0, &drawn).reshape([groups, size, width]);
        let fresh = fresh + shake * spread;
        let dead: Tensor<2> = device.tensor(dead.into_iter().map(f32::from).collect(), [groups, size]);
        let everywhere = dead.clone().unsqueeze_dim::<3>(2).expand([groups, size, width]);
        let vectors = self.vectors.val().detach().mask_where(Mask::new(everywhere), fresh);
        let counts = self.counts.val().detach().mask_fill(Mask::new(dead), rows as f64 / size as f64);
        self.with(vectors, counts)
    }

    /// The same parameters, with the same ids and other values.
    fn with(self, vectors: Tensor<3>, counts: Tensor<2>) -> Self {
        Codebook { vectors: self.vectors.with(vectors), counts: self.counts.with(counts) }
    }

    /// batch × latent_dim to groups × batch × width, without gradient.
    fn split(&self, z: Tensor<2>) -> Tensor<3> {
        let [groups, _, width] = self.vectors.dims();
        let [rows, _] = z.dims();
        z.detach().reshape([rows, groups, width]).swap_dims(0, 1)
    }

    /// groups × batch × width to groups × batch × 1. Nearest is where 2 z·e − ‖e‖² is largest.
    fn nearest(&self, z: Tensor<3>) -> Indices<3> {
        let e = self.vectors.val().detach();
        let lengths = e.clone().square().sum_dim(2).swap_dims(1, 2);
        (z.matmul(e.swap_dims(1, 2)) * 2.0 - lengths).argmax()
    }
}

/// The dead vectors of a group, by their counts.
fn dead(counts: &[f32]) -> impl Iterator<Item = bool> {
    let mean = counts.iter().map(|&n| f64::from(n)).sum::<f64>() / counts.len() as f64;
    counts.iter().map(move |&n| f64::from(n) <= DEAD * mean)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, stream};

    /// Two groups of two vectors of two dimensions, each with a count of 1.
    fn small(device: &Device) -> Codebook {
        let book = Codebook::new(2, 2, 2, device);
        let vectors = device.tensor(vec![0.0, 0.0, 4.0, 0.0, 1.0, 1.0, -1.0, -1.0], [2, 2, 2]);
        book.with(vectors, device.tensor(vec![1.0; 4], [2, 2]))
    }

    fn codes(device: &Device) -> Tensor<2> {
        device.tensor(vec![3.0, 1.0, 0.2, 0.1, 1.0, 0.0, 2.0, 2.0], [2, 4])
    }

    #[test]
    fn nearest_vectors_by_hand() {
        let device = Device::cpu();
        let book = small(&device);
        let indices = book.indices(codes(&device)).values().to_vec();
        // Group 1: (3, 1) is √2 from (4, 0); (1, 0) is 1 from (0, 0). Group 2: both are nearer to
        // (1, 1).
        assert_eq!(indices, [1, 0, 0, 0]);
        let quantized = book.quantize(codes(&device));
        assert_eq!(to_host(quantized.clone()), [4.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0]);
        assert_eq!(
            to_host(book.quantize(quantized.clone())),
            to_host(quantized),
            "a vector is its own nearest"
        );
        assert_eq!(book.bits(), 2.0);
    }

    #[test]
    fn a_step_of_the_moving_averages_by_hand() {
        let device = Device::cpu();
        let ema_update = small(&device).ema_update(codes(&device), 0.75);
        // N: 0.75 + 0.25 · (1, 1) and 0.75 + 0.25 · (2, 0).
        assert_eq!(to_host(ema_update.counts.val()), [1.0, 1.0, 1.25, 0.75]);
        // m: 0.75 (0, 0) + 0.25 (1, 0); 0.75 (4, 0) + 0.25 (3, 1); 0.75 (1, 1) + 0.25 (2.2, 2.1),
        // over 1.25; unmoved.
        let expected = [0.25, 0.0, 3.75, 0.25, 1.3 / 1.25, 1.275 / 1.25, -1.0, -1.0];
        for (found, expected) in to_host(ema_update.vectors.val()).iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6, "{found} instead of {expected}");
        }
    }

    #[test]
    fn dead_vectors_are_restarted_at_codes_deterministically() {
        let device = Device::cpu();
        let draws = standard_normal(&mut stream(3, Purpose::Choose, 0, 0), 40 * 4);
        let z = device.tensor(draws.iter().map(|v| 100.0 + v).collect(), [40, 4]);
        let step = |step: u64, book: Codebook| {
            book.ema_update(z.clone(), 0.9).restart_dead(z.clone(), &mut stream(1, Purpose::Train, 0, step))
        };
        let far = |book: &Codebook| to_host(book.vectors.val()).iter().filter(|v| **v < 90.0).count();
        let mut book = small(&device);
        assert_eq!(far(&book), 8);
        // The initially nearest vectors follow the codes; the others lose a tenth of their count
        // per step.
        for k in 0..40 {
            book = step(k, book);
        }
        assert_eq!(far(&book), 0, "a vector is far from all codes");
        let fresh = |seed: u64| to_host(step(seed, Codebook::new(2, 8, 2, &device)).vectors.val());
        assert_eq!(fresh(0), fresh(0));
        assert_ne!(fresh(0), fresh(1));
        assert!(
            fresh(0).iter().all(|v| (95.0..105.0).contains(v)),
            "the first batch decides: {:?}",
            fresh(0)
        );
        assert!(dead(&[0.0, 0.0]).all(|dead| dead));
        assert_eq!(dead(&[10.0, 0.4, 1.0, 0.0]).collect::<Vec<_>>(), [false, false, false, true]);
    }
}
