//! Burn's optimizers with our defaults, and parameter ids that are stable across a resume.

use std::str::FromStr;

use burn::grad_clipping::GradientClippingConfig;
use burn::lr_scheduler::constant::ConstantLr;
use burn::lr_scheduler::module_lr_scheduler::{ModuleLearningRate, ModuleLrScheduler};
use burn::module::{ParamGroup, ParamId};
use burn::optim::momentum::MomentumConfig;
use burn::optim::{AdamState, AdaptiveMomentumState, SgdConfig};
use serde::{Deserialize, Serialize};

use super::{EngineDevice, Module, ModuleMapper, ModuleOptimizer, Param, Tensor};
use crate::kernel::{self, AdamStep};
use crate::{Error, Result};

/// The update rule. Adam and AdamW use β₁ = 0.9, β₂ = 0.999 and ε = 1e-8 (Kingma & Ba 2015,
/// algorithm 1).
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Optimizer {
    /// Adam.
    #[default]
    Adam,
    /// Adam with decoupled weight decay (Loshchilov & Hutter 2019).
    AdamW {
        /// Each step also shrinks the weights by learning_rate · weight_decay.
        weight_decay: f64,
    },
    /// Stochastic gradient descent, v ← momentum · v + ∇, w ← w − learning_rate · v (Polyak 1964).
    /// It needs a learning rate about a hundred times that of Adam.
    Sgd {
        /// In [0, 1); 0 is plain gradient descent.
        #[serde(default)]
        momentum: f64,
    },
}

/// Adam by our kernel where supported, with Burn's state, so that checkpoints are compatible.
#[derive(Clone)]
struct Adam {
    weight_decay: f64,
}

const BETAS: (f64, f64) = (0.9, 0.999);

/// Burn's default ε of 1e-5 slows layers with small gradients; 1e-8 is the value of the paper,
/// PyTorch and JAX.
const EPSILON: f64 = 1e-8;

/// The optimizer with initial state; gradients are clipped to this norm, if given.
pub fn build(optimizer: Optimizer, gradient_clip: Option<f64>) -> ModuleOptimizer {
    let optimizer = match optimizer {
        Optimizer::Adam => Adam { weight_decay: 0.0 }.into(),
        Optimizer::AdamW { weight_decay } => Adam { weight_decay }.into(),
        Optimizer::Sgd { momentum } => {
            let momentum = MomentumConfig::new().with_momentum(momentum).with_dampening(0.0);
            SgdConfig::new().with_momentum(Some(momentum)).init()
        }
    };
    match gradient_clip {
        Some(norm) => optimizer.with_grad_clipping(GradientClippingConfig::Norm(norm as f32).init()),
        None => optimizer,
    }
}

impl burn::optim::Optimizer for Adam {
    type State<const D: usize> = AdamState<D>;

    fn step<const D: usize>(
        &self,
        learning_rate: f64,
        parameter: Tensor<D>,
        gradient: Tensor<D>,
        state: Option<AdamState<D>>,
    ) -> (Tensor<D>, Option<AdamState<D>>) {
        let (time, moments) = match state.map(|state| state.momentum) {
            Some(state) => (state.time, (state.moment_1, state.moment_2)),
            None => (0, (gradient.zeros_like(), gradient.zeros_like())),
        };
        let weight_decay = self.weight_decay;
        let step = AdamStep { learning_rate, betas: BETAS, epsilon: EPSILON, weight_decay, time: time + 1 };
        let (parameter, (first, second)) = match kernel::is_supported(&parameter) {
            true => kernel::adam(parameter, gradient, moments, step),
            false => written_out(parameter, gradient, moments, step),
        };
        (parameter, Some(AdamState::new(AdaptiveMomentumState::new(step.time, first, second))))
    }

    fn to_device<const D: usize>(mut state: AdamState<D>, device: &EngineDevice) -> AdamState<D> {
        state.momentum = state.momentum.to_device(device);
        state
    }
}

/// [`kernel::adam`] as tensor operations.
fn written_out<const D: usize>(
    parameter: Tensor<D>,
    gradient: Tensor<D>,
    (first, second): (Tensor<D>, Tensor<D>),
    step: AdamStep,
) -> (Tensor<D>, (Tensor<D>, Tensor<D>)) {
    let (beta_1, beta_2) = step.betas;
    let correction = |beta: f64| (1.0 - beta.powi(step.time as i32)).recip();
    let first = first * beta_1 + gradient.clone() * (1.0 - beta_1);
    let second = second * beta_2 + gradient.square() * (1.0 - beta_2);
    let spread = (second.clone() * correction(beta_2)).sqrt() + step.epsilon;
    let change = first.clone() * correction(beta_1) / spread + parameter.clone() * step.weight_decay;
    (parameter - change * step.learning_rate, (first, second))
}

/// The learning rate of the parameters of a likelihood (log-variances, scales, dispersions,
/// thresholds), relative to that of the weights.
///
/// Adam moves every parameter by about one learning rate per step. Weights are of order 0.1; a
/// log-variance has to move by several units, and while σ is too wide, the code stays unused.
const LIKELIHOOD_SPEED: f64 = 10.0;

/// The learning rate of each parameter, for the base rate `rate`.
pub fn learning_rates(rate: f64) -> ModuleLearningRate {
    ModuleLrScheduler::new(ConstantLr::from(rate))
        .with_group(ParamGroup::from_predicate("likelihood."), ConstantLr::from(LIKELIHOOD_SPEED * rate))
        .step()
}

/// Sets the parameter ids to 1, 2, … in traversal order.
///
/// Burn keys the optimizer's state by parameter id, which is random for new parameters; fixed ids
/// let the state of a checkpoint match its parameters.
pub fn number_parameters<M: Module>(model: M) -> M {
    struct Number(u64);
    impl ModuleMapper for Number {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            self.0 += 1;
            let (_, value, _) = param.consume();
            let mut numbered = Param::from_tensor(value.inner());
            numbered.id = ParamId::from(self.0);
            numbered
        }
    }
    model.map(&mut Number(0))
}

impl FromStr for Optimizer {
    type Err = Error;

    /// Parses `adam, adam_w:WEIGHT_DECAY, sgd, or sgd:MOMENTUM`.
    fn from_str(text: &str) -> Result<Self> {
        let wrong = || {
            Error::invalid_value(
                "optimizer",
                "adam, adam_w:WEIGHT_DECAY, sgd, or sgd:MOMENTUM",
                format!("'{text}'"),
            )
        };
        match text.split_once(':') {
            None if text == "adam" => Ok(Optimizer::Adam),
            None if text == "sgd" => Ok(Optimizer::Sgd { momentum: 0.0 }),
            Some(("sgd", momentum)) => {
                Ok(Optimizer::Sgd { momentum: momentum.parse().map_err(|_| wrong())? })
            }
            Some(("adam_w", decay)) => {
                Ok(Optimizer::AdamW { weight_decay: decay.parse().map_err(|_| wrong())? })
            }
            _ => Err(wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, standard_normal, stream};
    use crate::tensor::{Device, to_host};

    #[test]
    fn adam_kernel_matches_the_formulas() {
        let size = 40_000;
        let run = |device: &Device, weight_decay: f64| {
            let draw = |seed| {
                device.tensor::<1>(standard_normal(&mut stream(seed, Purpose::Choose, 0, 0), size), [size])
            };
            let adam = Adam { weight_decay };
            let (mut parameter, mut state) = (draw(0), None);
            for k in 1..=5 {
                (parameter, state) = burn::optim::Optimizer::step(&adam, 0.01, parameter, draw(k), state);
            }
            to_host(parameter)
        };
        for weight_decay in [0.0, 0.1] {
            let (kernel, formulas) =
                (run(&Device::cpu(), weight_decay), run(&Device::cpu_f64(), weight_decay));
            let error = kernel.iter().zip(&formulas).fold(0.0f32, |m, (k, f)| m.max((k - f).abs()));
            // Of parameters up to about 4.
            assert!(error < 2e-6, "{error}");
            assert!(formulas != run(&Device::cpu_f64(), 0.5), "the decay changes nothing");
        }
    }
}
