//! Burn's optimisers with our defaults, and parameter numbers that survive a resume.

use burn::grad_clipping::GradientClippingConfig;
use burn::lr_scheduler::constant::ConstantLr;
use burn::lr_scheduler::module_lr_scheduler::{ModuleLearningRate, ModuleLrScheduler};
use burn::module::{Module, ModuleMapper, Param, ParamGroup, ParamId};
use burn::optim::momentum::MomentumConfig;
use burn::optim::{AdamConfig, AdamWConfig, ModuleOptimizer, SgdConfig};
use burn::tensor::Tensor;

use super::{Optimizer, TrainingConfig};

/// Burn's default ε of 1e-5 visibly slows small-gradient layers; 1e-8 is the paper's and the peers'.
const EPSILON: f32 = 1e-8;

/// The optimiser a configuration asks for, with fresh state.
pub fn build(config: &TrainingConfig) -> ModuleOptimizer {
    let optimizer = match config.optimizer {
        Optimizer::Adam => AdamConfig::new().with_epsilon(EPSILON).init(),
        Optimizer::AdamW { weight_decay } => {
            AdamWConfig::new().with_epsilon(EPSILON).with_weight_decay(weight_decay as f32).init()
        }
        Optimizer::Sgd { momentum } => {
            let momentum = MomentumConfig::new().with_momentum(momentum).with_dampening(0.0);
            SgdConfig::new().with_momentum(Some(momentum)).init()
        }
    };
    match config.gradient_clip {
        Some(norm) => optimizer.with_grad_clipping(GradientClippingConfig::Norm(norm as f32).init()),
        None => optimizer,
    }
}

/// How much faster what a likelihood learns (log-variances, scales, dispersions, thresholds) moves than the weights.
///
/// Adam moves every parameter about one learning rate a step. Weights are of order 0.1; a log-variance
/// has several units to go, and a reconstruction judged by too wide a σ leaves the code unused meanwhile.
const LIKELIHOOD_SPEED: f64 = 10.0;

/// The learning rate of each parameter, for the base rate `rate`.
pub fn learning_rates(rate: f64) -> ModuleLearningRate {
    ModuleLrScheduler::new(ConstantLr::from(rate))
        .with_group(ParamGroup::from_predicate("likelihood."), ConstantLr::from(LIKELIHOOD_SPEED * rate))
        .step()
}

/// Numbers the parameters 1, 2, … in traversal order.
///
/// Burn keys the optimiser's state by parameter id, and gives every new parameter a random one;
/// with ids of our own a checkpoint's state finds its parameters again.
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
