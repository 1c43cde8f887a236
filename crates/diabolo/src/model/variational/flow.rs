//! Normalizing flows of the Gaussian posterior: z₀ ~ N(μ, diag σ²), z = f_L ∘ … ∘ f_1 (z₀).
//!
//! ```text
//! log q(z|x) = log N(z₀; μ, σ²) − Σ_l log |det ∂f_l/∂z|        Rezende & Mohamed (2015), eq. 6
//!
//! planar                   f(z) = z + û tanh(wᵀz + b),
//!                          log |det| = log(1 + (1 − tanh²(wᵀz + b)) wᵀû)
//!                          û = u + (softplus(wᵀu) − 1 − wᵀu) w / ‖w‖², so that wᵀû > −1
//!                              ibid., eq. 10, 12, appendix A
//! inverse autoregressive   f(z) = σ(s) ⊙ z + (1 − σ(s)) ⊙ m,    log |det| = Σ_i log σ(s_i)
//!                          (s_i, m_i) depend on z_1 … z_{i−1} and on x
//!                              Kingma et al. (2016), eq. 13, algorithm 1
//! ```
//! The autoregressive network is masked (MADE: Germain et al. 2015) with one hidden layer; the
//! order of the latent dimensions is reversed before every step, including the first.

use crate::module;
use crate::tensor::Param;
use crate::tensor::{Tensor, activation};

use crate::model::Architecture;
use crate::model::settings::FlowConfig;
use crate::nn::{Activation, Layer, Linear};
use crate::random::Stream;
use crate::tensor::{Device, softplus};

/// The steps of a flow.
#[derive(Clone, Debug)]
pub enum Flow {
    /// Planar steps.
    Planar(PlanarFlow),
    /// Inverse autoregressive steps.
    InverseAutoregressive(AutoregressiveFlow),
}
module!(Flow = Planar | InverseAutoregressive);

/// Planar steps, with the same weights for every x.
#[derive(Clone, Debug)]
pub struct PlanarFlow {
    /// The steps, in order.
    pub steps: Vec<Planar>,
}
module!(PlanarFlow { steps });

/// Inverse autoregressive steps.
#[derive(Clone, Debug)]
pub struct AutoregressiveFlow {
    /// The steps, in order.
    pub steps: Vec<Autoregressive>,
}
module!(AutoregressiveFlow { steps });

/// One planar step.
#[derive(Clone, Debug)]
pub struct Planar {
    /// u: latent_dim.
    pub scale: Param<1>,
    /// w: latent_dim.
    pub weight: Param<1>,
    /// b: 1.
    pub bias: Param<1>,
}
module!(Planar { scale, weight, bias });

/// One inverse autoregressive step.
#[derive(Clone, Debug)]
pub struct Autoregressive {
    /// z → hidden, masked.
    pub input: Linear,
    /// The encoder's last hidden layer → hidden.
    pub context: Linear,
    /// hidden → m and s, masked.
    pub output: Linear,
    input_mask: Tensor<2>,
    output_mask: Tensor<2>,
}
module!(Autoregressive { input, context, output });

/// Added to s, so that a step is initially close to the identity.
const INITIAL_GATE: f32 = 2.0;

impl Flow {
    /// `None` without a flow. `context`: width of the encoder's last hidden layer.
    pub(super) fn new(
        config: FlowConfig,
        architecture: &Architecture,
        context: usize,
        noise: &mut Stream,
        device: &Device,
    ) -> Option<Self> {
        let d = architecture.latent_dim;
        match config {
            FlowConfig::None => None,
            FlowConfig::Planar { layers } => {
                let steps = (0..layers).map(|_| Planar::new(d, noise, device)).collect();
                Some(Flow::Planar(PlanarFlow { steps }))
            }
            FlowConfig::InverseAutoregressive { layers, hidden } => {
                let steps =
                    (0..layers).map(|_| Autoregressive::new(d, hidden, context, noise, device)).collect();
                Some(Flow::InverseAutoregressive(AutoregressiveFlow { steps }))
            }
        }
    }

    /// z and Σ_l log |det ∂f_l/∂z| (rows) for z₀ (rows × latent_dim); `context`: rows × its width.
    pub fn transform(&self, z: Tensor<2>, context: Tensor<2>) -> (Tensor<2>, Tensor<1>) {
        let still = z.clone().detach().narrow(1, 0, 1).squeeze_dim::<1>(1).zeros_like();
        match self {
            Flow::Planar(flow) => flow.steps.iter().fold((z, still), |(z, sum), step| {
                let (z, log_det) = step.transform(z);
                (z, sum + log_det)
            }),
            Flow::InverseAutoregressive(flow) => flow.steps.iter().fold((z, still), |(z, sum), step| {
                let (z, log_det) = step.transform(z.flip(1), context.clone());
                (z, sum + log_det)
            }),
        }
    }
}

impl Planar {
    fn new(latent_dim: usize, noise: &mut Stream, device: &Device) -> Self {
        let layer = Linear::new(latent_dim, 2, Activation::Identity, noise, device).weight.val();
        let row = |k: usize| Param::from_tensor(layer.clone().narrow(0, k, 1).squeeze_dim::<1>(0));
        Planar { scale: row(0), weight: row(1), bias: Param::from_tensor(device.tensor(vec![0.0], [1])) }
    }

    fn transform(&self, z: Tensor<2>) -> (Tensor<2>, Tensor<1>) {
        let (u, w) = (self.scale.val(), self.weight.val());
        let dot = (w.clone() * u.clone()).sum();
        let shift = softplus(dot.clone()) - 1.0 - dot;
        // A step with w = 0 is the identity; the floor keeps the division finite.
        let u = u + w.clone() * (shift / (w.clone().square().sum() + 1e-12));
        let slope = (w.clone() * u.clone()).sum().unsqueeze_dim::<2>(0);
        let a = z.clone().matmul(w.unsqueeze_dim::<2>(1)) + self.bias.val().unsqueeze_dim::<2>(0);
        let h = a.tanh();
        let log_det = ((h.clone().square().neg() + 1.0) * slope + 1.0).log();
        (z + h.matmul(u.unsqueeze_dim::<2>(0)), log_det.squeeze_dim(1))
    }
}

impl Autoregressive {
    fn new(latent_dim: usize, hidden: usize, context: usize, noise: &mut Stream, device: &Device) -> Self {
        let d = latent_dim;
        let mut output = Linear::new(hidden, 2 * d, Activation::Identity, noise, device);
        let gates = (0..2 * d).map(|i| if i < d { 0.0 } else { INITIAL_GATE }).collect();
        output.bias = Param::from_tensor(device.tensor(gates, [2 * d]));
        // Hidden unit k depends on the first `degree(k)` dimensions; dimension i depends on hidden
        // units with a degree below i + 1.
        let degree = |k: usize| 1 + k % (d - 1).max(1);
        let sees = |k: usize, i: usize| (d > 1 && i < degree(k)) as u8 as f32;
        let feeds = |k: usize, i: usize| (d == 1 || degree(k) <= i) as u8 as f32;
        let input_mask = (0..hidden).flat_map(|k| (0..d).map(move |i| sees(k, i))).collect();
        let output_mask = (0..2 * d).flat_map(|o| (0..hidden).map(move |k| feeds(k, o % d))).collect();
        Autoregressive {
            input: Linear::new(d, hidden, Activation::Identity, noise, device),
            context: Linear::new(context, hidden, Activation::Identity, noise, device),
            output,
            input_mask: device.tensor(input_mask, [hidden, d]),
            output_mask: device.tensor(output_mask, [2 * d, hidden]),
        }
    }

    fn transform(&self, z: Tensor<2>, context: Tensor<2>) -> (Tensor<2>, Tensor<1>) {
        let d = z.dims()[1];
        let masked = |layer: &Linear, mask: &Tensor<2>, x: Tensor<2>| {
            x.matmul((layer.weight.val() * mask.clone()).transpose()) + layer.bias.val().unsqueeze_dim::<2>(0)
        };
        let hidden = masked(&self.input, &self.input_mask, z.clone()) + self.context.forward(context);
        let made = masked(&self.output, &self.output_mask, hidden.tanh());
        let (m, s) = (made.clone().narrow(1, 0, d), made.narrow(1, d, d));
        let gate = activation::sigmoid(s.clone());
        let log_det = activation::log_sigmoid(s).sum_dim(1).squeeze_dim::<1>(1);
        (gate.clone() * z + (gate.neg() + 1.0) * m, log_det)
    }
}
