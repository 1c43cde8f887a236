//! The contraction ‖J_f(x)‖²_F of an encoder, exact at any depth, from forward operations only.
//!
//! With a_l = W_l h_{l−1} + b_l and h_l = φ_l(a_l), l = 1 … L, the encoder's Jacobian is
//! J = D_L W_L ⋯ D_1 W_1 with D_l = diag(φ′_l(a_l)).
//!
//! * One layer: ‖J‖²_F = Σ_j φ′(a_j)² ‖W_j‖² (Rifai et al. 2011, eq. 7, for any φ), at the cost of
//!   the layer.
//! * L layers: vector-Jacobian products of the identity block, M ← (M ⊙ φ′_l) W_l, down to the
//!   first
//!   layer, M₁: batch × latent × h₁. The last product would be batch × latent × inputs; if it is
//!   more
//!   expensive, the Gram matrix G = W₁ W₁ᵀ (h₁ × h₁, once per step) replaces it: ‖J‖²_F = Σ (M₁ G)
//!   ⊙ M₁.
//! * Hutchinson (1990): K random sign vectors v instead of the latent unit vectors. E‖vᵀJ‖² =
//!   ‖J‖²_F, and the
//!   variance of the mean of K is 2/K · (‖JJᵀ‖²_F − Σ_j (JJᵀ)²_jj), which is 0 if the rows of J are
//!   orthogonal.
//! * Curvature (Rifai et al., ECML 2011, eq. 5): E_ε ‖J(x) − J(x+ε)‖²_F, by the same block, since
//!   both Jacobians end in W₁.
//!
//! Since these are forward operations, one backward pass differentiates them exactly, including φ″.
//! Peak memory is batch × latent (or K) × max(h_l) numbers, and a few times that with autodiff.

use crate::tensor::Tensor;

use crate::nn::{LayerTrace, Layers, scale_block};
use crate::random::{RngExt, Stream};
use crate::tensor::Device;

/// A forward pass through an encoder, with the derivatives of each layer.
pub struct EncoderTrace<'a> {
    layers: Layers<'a>,
    /// f(x): batch × latent.
    pub code: Tensor<2>,
    /// φ′(a) of each layer; empty for a single layer whose derivative is a function of the code.
    slopes: Vec<Tensor<2>>,
}

impl<'a> EncoderTrace<'a> {
    /// Applies `layers` to `x` (batch × inputs), first to last.
    ///
    /// # Panics
    /// If `layers` is empty.
    pub fn new(layers: Layers<'a>, x: Tensor<2>) -> Self {
        assert!(!layers.is_empty(), "an encoder has at least one layer");
        if let [layer] = layers[..]
            && layer.activation().slope_is_of_output()
        {
            let code = layer.forward(x);
            return EncoderTrace { layers, code, slopes: vec![] };
        }
        let mut traces = layers.trace(x);
        let LayerTrace { output: code, derivative } = traces.pop().expect("one for each layer");
        let mut slopes: Vec<Tensor<2>> = traces.into_iter().map(|trace| trace.derivative).collect();
        slopes.push(derivative);
        EncoderTrace { layers, code, slopes }
    }

    /// The trace of f(x) ⊙ `mask` (batch × latent), where the mask is locally constant.
    pub fn masked(mut self, mask: Tensor<2>) -> Self {
        let last = self.layers.len() - 1;
        let slope = self.slope(last) * mask.clone();
        self.slopes.truncate(last);
        self.slopes.push(slope);
        self.code = self.code * mask;
        self
    }

    /// φ′(a) of layer `l`.
    fn slope(&self, l: usize) -> Tensor<2> {
        match self.slopes.get(l) {
            Some(slope) => slope.clone(),
            None => self.layers[l].activation().derivative_at(self.code.clone()),
        }
    }

    /// ‖J‖²_F for each row, or with `probes` (batch × K × latent) its Hutchinson estimate. Result:
    /// batch.
    pub fn contraction(&self, probes: Option<&Tensor<3>>) -> Tensor<1> {
        match (&self.layers[..], probes) {
            ([layer], None) if self.slopes.is_empty() => layer.squared_jacobian_at(self.code.clone()),
            ([layer], None) => layer.squared_jacobian(self.slope(0)),
            _ => self.squared_norm(self.block(probes), probes),
        }
    }

    /// ‖J(x) − J(x′)‖²_F for each row, where `near` is the trace of x′ through the same layers.
    /// Result: batch.
    pub fn curvature(&self, near: &EncoderTrace, probes: Option<&Tensor<3>>) -> Tensor<1> {
        match (&self.layers[..], probes) {
            ([layer], None) => layer.squared_jacobian(self.slope(0) - near.slope(0)),
            _ => self.squared_norm(self.block(probes) - near.block(probes), probes),
        }
    }

    /// The full Jacobian ∂f(x)/∂x for each row: batch × latent × inputs.
    ///
    /// For the analysis of a few examples; training never materializes it.
    pub fn jacobian(&self) -> Tensor<3> {
        match &self.layers[..] {
            [layer] => layer.jacobian(self.slope(0)),
            layers => layers[0].vjp(self.at_first(None), self.slope(0)),
        }
    }

    /// J Jᵀ ε for each row: noise in the code, scaled by the singular values of the Jacobian.
    ///
    /// One vector-Jacobian and one Jacobian-vector product, without J. `epsilon` and result: batch
    /// × latent.
    pub fn jacobian_gram_product(&self, epsilon: Tensor<2>) -> Tensor<2> {
        let slopes: Vec<Tensor<2>> = (0..self.layers.len()).map(|l| self.slope(l)).collect();
        let tangent = self.layers.vjp(epsilon.unsqueeze_dim::<3>(1), &slopes).squeeze_dim::<2>(1);
        self.layers.jvp(tangent, &slopes)
    }

    /// ‖B W₁‖²_F for each row; averaged over probes.
    fn squared_norm(&self, block: Tensor<3>, probes: Option<&Tensor<3>>) -> Tensor<1> {
        let directions = block.dims()[1];
        let total = self.layers[0].squared_product(block);
        if probes.is_some() { total * (directions as f64).recip() } else { total }
    }

    /// B with BW₁ = J, or vᵀJ for each probe v: batch × (latent or K) × h₁.
    fn block(&self, probes: Option<&Tensor<3>>) -> Tensor<3> {
        scale_block(self.at_first(probes), self.slope(0))
    }

    /// The cotangent block at the output of the first layer: batch × (latent or K) × h₁.
    fn at_first(&self, probes: Option<&Tensor<3>>) -> Tensor<3> {
        let last = self.layers.len() - 1;
        let (block, below) = match probes {
            Some(probes) => (probes.clone(), last + 1),
            None => (self.layers[last].jacobian(self.slope(last)), last),
        };
        (1..below).rev().fold(block, |block, l| self.layers[l].vjp(block, self.slope(l)))
    }
}

/// Independent random signs (Rademacher): `batch` × `probes` × `latent`, drawn on the host.
pub fn rademacher(
    batch: usize,
    probes: usize,
    latent: usize,
    noise: &mut Stream,
    device: &Device,
) -> Tensor<3> {
    let signs = (0..batch * probes * latent).map(|_| if noise.random::<bool>() { 1.0 } else { -1.0 });
    device.tensor(signs.collect(), [batch, probes, latent])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::{Activation, AnyLayer, Linear, Sequential};
    use crate::random::{Purpose, standard_normal, stream};
    use crate::tensor::to_host;

    fn encoder(widths: &[usize], activation: Activation, device: &Device) -> Sequential {
        Sequential::new(widths, activation, activation, &mut stream(4, Purpose::Initialize, 0, 0), device)
    }

    fn normal_rows(seed: u64, rows: usize, width: usize, device: &Device) -> Tensor<2> {
        device.tensor(standard_normal(&mut stream(seed, Purpose::Choose, 0, 0), rows * width), [rows, width])
    }

    #[test]
    fn one_sigmoid_unit_by_hand() {
        // W = [3, 4], b = 0, x = 0: a = 0, φ′ = ¼, ‖J‖² = (¼)² · 25.
        let device = Device::cpu();
        let layer = AnyLayer::from(Linear::from_parts(
            device.tensor(vec![3.0, 4.0], [1, 2]),
            device.tensor(vec![0.0], [1]),
            Activation::Sigmoid,
        ));
        let trace = EncoderTrace::new([&layer].into_iter().collect(), device.tensor(vec![0.0, 0.0], [1, 2]));
        assert_eq!(to_host(trace.code.clone()), [0.5]);
        assert_eq!(to_host(trace.contraction(None)), [25.0 / 16.0]);
    }

    #[test]
    fn contraction_matches_finite_differences() {
        let device = Device::cpu_f64();
        // First layers that narrow (Gram matrix) and widen (direct product).
        for widths in [&[6, 4][..], &[6, 4, 3], &[40, 4, 3], &[4, 7, 5, 3], &[5, 4, 6, 3, 2]] {
            for activation in Activation::ALL {
                let layers = encoder(widths, activation, &device);
                let (rows, inputs) = (3, widths[0]);
                let x = normal_rows(8, rows, inputs, &device);
                let code = |x: Tensor<2>| layers.forward(x);
                let step = 1e-6;
                let mut numeric = vec![0.0; rows];
                for i in 0..inputs {
                    let mut e = vec![0.0; inputs];
                    e[i] = 1.0;
                    let e = device.tensor(e, [1, inputs]) * step;
                    let column = (code(x.clone() + e.clone()) - code(x.clone() - e)) * (0.5 / step);
                    for (sum, c) in numeric.iter_mut().zip(to_host(column.square().sum_dim(1))) {
                        *sum += c;
                    }
                }
                let trace = EncoderTrace::new(layers.layers(), x);
                let from_jacobian = trace.jacobian().square().sum_dim(2).sum_dim(1);
                for ((e, n), j) in
                    to_host(trace.contraction(None)).iter().zip(&numeric).zip(to_host(from_jacobian))
                {
                    assert!((e - n).abs() < 1e-5 * e.max(1e-3), "{widths:?} {activation:?}: {e} vs {n}");
                    assert!((e - j).abs() < 1e-5 * e.max(1e-3), "{widths:?} {activation:?}: {e} vs {j}");
                }
            }
        }
    }

    #[test]
    fn curvature_is_the_squared_norm_of_the_difference_of_jacobians() {
        let device = Device::cpu_f64();
        for widths in [&[6, 4][..], &[6, 5, 3], &[4, 7, 5, 3]] {
            let layers = encoder(widths, Activation::Tanh, &device);
            let x = normal_rows(8, 3, widths[0], &device);
            let near = x.clone() + normal_rows(9, 3, widths[0], &device) * 0.3;
            let (at, near) =
                (EncoderTrace::new(layers.layers(), x), EncoderTrace::new(layers.layers(), near));
            let expected = (at.jacobian() - near.jacobian()).square().sum_dim(2).sum_dim(1);
            for (found, expected) in to_host(at.curvature(&near, None)).iter().zip(to_host(expected)) {
                assert!(
                    (found - expected).abs() < 1e-6 * expected.max(1e-3),
                    "{widths:?}: {found} vs {expected}"
                );
            }
        }
    }

    #[test]
    fn jacobian_gram_product_matches_explicit_products() {
        let device = Device::cpu_f64();
        for widths in [&[6, 4][..], &[3, 7], &[6, 5, 3], &[4, 7, 5, 3]] {
            for activation in [Activation::Sigmoid, Activation::Tanh, Activation::Silu] {
                let layers = encoder(widths, activation, &device);
                let latent = widths[widths.len() - 1];
                let trace = EncoderTrace::new(layers.layers(), normal_rows(8, 3, widths[0], &device));
                let epsilon = normal_rows(9, 3, latent, &device);
                let jacobian = trace.jacobian();
                let expected = jacobian
                    .clone()
                    .matmul(jacobian.swap_dims(1, 2))
                    .matmul(epsilon.clone().unsqueeze_dim::<3>(2))
                    .squeeze_dim::<2>(2);
                let difference =
                    (trace.jacobian_gram_product(epsilon) - expected.clone()).abs().max().into_scalar();
                let size = expected.abs().max().into_scalar();
                assert!(
                    size > 0.0 && difference < 1e-12 * size,
                    "{widths:?} {activation:?}: {difference} of {size}"
                );
            }
        }
    }

    /// 10,000 probes of one row: the mean within four standard errors, the variance as documented.
    #[test]
    fn hutchinson_is_unbiased_with_the_stated_variance() {
        let device = Device::cpu_f64();
        let probes = 10_000;
        for widths in [&[6, 4][..], &[6, 5, 4]] {
            let layers = encoder(widths, Activation::Sigmoid, &device);
            let x = normal_rows(8, 1, widths[0], &device);
            // Each probe is a separate row, to obtain single estimates.
            let trace = EncoderTrace::new(layers.layers(), x.clone().repeat_dim(0, probes));
            let v = rademacher(probes, 1, 4, &mut stream(2, Purpose::Train, 0, 0), &device);
            let draws: Vec<f64> = to_host(trace.contraction(Some(&v))).into_iter().map(f64::from).collect();
            let mean = draws.iter().sum::<f64>() / probes as f64;
            let variance = draws.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / probes as f64;
            let one = EncoderTrace::new(layers.layers(), x);
            let exact = f64::from(to_host(one.contraction(None))[0]);
            let jacobian = one.jacobian().squeeze_dim::<2>(0);
            let gram: Vec<f64> =
                to_host(jacobian.clone().matmul(jacobian.transpose())).into_iter().map(f64::from).collect();
            let off_diagonal: f64 = (0..16).filter(|k| k % 5 != 0).map(|k| gram[k].powi(2)).sum();
            assert!((mean - exact).abs() < 4.0 * (variance / probes as f64).sqrt(), "{mean} vs {exact}");
            assert!(
                (variance / (2.0 * off_diagonal) - 1.0).abs() < 0.1,
                "{variance} vs {}",
                2.0 * off_diagonal
            );
        }
    }
}
