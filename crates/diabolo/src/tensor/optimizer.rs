//! Update rules, and their state for the parameters of a model.

use std::str::FromStr;

use diabolo_stats::elementary::double::powi;
use serde::{Deserialize, Serialize};

use super::data::Data;
use super::missed_updates::{BETAS, EPSILON, Rates};
use super::shape::Shape;
use super::tape::Gradients;
use super::{Device, Module, ModuleVisitorMut, Parameter};
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

/// The learning rate of the parameters of a likelihood (log-variances, scales, dispersions,
/// thresholds), relative to that of the weights.
///
/// Adam moves every parameter by about one learning rate per step. Weights are of order 0.1; a
/// log-variance has to move by several units, and while σ is too wide, the code stays unused.
const LIKELIHOOD_SPEED: f64 = 10.0;

/// An [`Optimizer`] with its state for the parameters of one model.
#[derive(Clone, Debug)]
pub struct ModuleOptimizer {
    rule: Optimizer,
    /// The largest L2 norm of each parameter's gradient.
    clip: Option<f64>,
    /// In the order of [`Module::visit`].
    pub(super) states: Vec<ParameterState>,
    /// The learning rates of the updates that some rows have not received.
    pub(super) rates: Rates,
}

/// The state of the update rule for one parameter.
#[derive(Clone, Debug, Default)]
pub struct ParameterState {
    /// Updates so far.
    pub(crate) steps: usize,
    /// m and v of Adam, or the velocity; empty before the first update.
    pub(super) moments: Vec<Data>,
    /// The number of updates that each row has received, while that differs from row to row.
    pub(crate) received: Vec<usize>,
}

/// The state of an optimizer: that of each parameter, and what some rows have yet to receive.
#[derive(Clone, Debug, Default)]
pub struct OptimizerState {
    /// In the order of [`Module::visit`].
    pub parameters: Vec<ParameterState>,
    /// The learning rates of the latest updates, those that not all rows have received.
    pub missed: Vec<f64>,
}

impl ParameterState {
    /// The state of `parameter` with these moments, row-major.
    ///
    /// # Panics
    /// If they do not have the shape's number of values.
    pub(crate) fn new(steps: usize, moments: Vec<Vec<f32>>, parameter: &Parameter, device: &Device) -> Self {
        let shape = Shape::new(&parameter.shape());
        let data = |values| parameter.shown(&Data::new(values, shape, device));
        ParameterState { steps, moments: moments.into_iter().map(data).collect(), received: vec![] }
    }

    /// Whether the updates received are one number for each row, none above their total.
    pub(crate) fn is_consistent(&self, parameter: &Parameter) -> bool {
        let rows = parameter.data.shape()[0];
        let fits = self.received.is_empty() || self.received.len() == rows;
        fits && self.received.iter().all(|&count| count <= self.steps)
    }

    /// The moments of `parameter` in single precision, row-major.
    pub(crate) fn moments(&self, parameter: &Parameter) -> Vec<Vec<f32>> {
        self.moments.iter().map(|moment| parameter.shown(moment).to_f32()).collect()
    }
}

impl ModuleOptimizer {
    /// The optimizer before the first step; the gradient of each parameter is clipped to the norm
    /// `clip`, if given.
    pub fn new(rule: Optimizer, clip: Option<f64>) -> Self {
        ModuleOptimizer { rule, clip, states: vec![], rates: Rates::default() }
    }

    /// An optimizer with the same rule and these states.
    pub(super) fn with_rule_of(&self, states: Vec<ParameterState>) -> Self {
        ModuleOptimizer { states, ..ModuleOptimizer::new(self.rule, self.clip) }
    }

    /// The same in this state.
    pub(crate) fn with_state(self, state: OptimizerState) -> Self {
        let OptimizerState { parameters: states, missed } = state;
        let updates = states.iter().map(|state| state.steps).max().unwrap_or(0);
        let mut rates = Rates::after(updates.saturating_sub(missed.len()));
        missed.into_iter().for_each(|rate| rates.add(rate));
        ModuleOptimizer { states, rates, ..self }
    }

    /// The whole state, for [`Resume`](crate::train::Resume).
    pub fn state(&self) -> OptimizerState {
        OptimizerState { parameters: self.states.clone(), missed: self.missed() }
    }

    /// [`OptimizerState::missed`].
    pub(crate) fn missed(&self) -> Vec<f64> {
        self.rates.learning_rates()
    }

    /// The states of the parameters that were updated, in the order of [`Module::visit`].
    pub fn states(&self) -> &[ParameterState] {
        &self.states
    }

    /// One update of the parameters of `model` that have a gradient.
    pub fn step<M: Module>(&mut self, model: &mut M, learning_rate: f64, gradients: Gradients) {
        let mut step = Step { optimizer: self, learning_rate, gradients, parameter: 0, likelihood: vec![] };
        model.visit_mut(&mut step);
    }
}

/// One update of every parameter of a model.
struct Step<'a> {
    optimizer: &'a mut ModuleOptimizer,
    learning_rate: f64,
    gradients: Gradients,
    /// The number of the next parameter.
    parameter: usize,
    /// For each field around it, whether it is a likelihood.
    likelihood: Vec<bool>,
}

impl ModuleVisitorMut for Step<'_> {
    fn enter(&mut self, name: &str) {
        self.likelihood.push(name == "likelihood");
    }

    fn exit(&mut self) {
        self.likelihood.pop();
    }

    fn parameter(&mut self, parameter: &mut Parameter) {
        let states = &mut self.optimizer.states;
        if states.len() <= self.parameter {
            states.resize_with(self.parameter + 1, ParameterState::default);
        }
        let state = &mut states[self.parameter];
        self.parameter += 1;
        let Some(gradient) = parameter.take_gradient(&mut self.gradients) else { return };
        let speed = if self.likelihood.contains(&true) { LIKELIHOOD_SPEED } else { 1.0 };
        let gradient = match self.optimizer.clip {
            Some(norm) => clipped(gradient, norm),
            None => gradient,
        };
        self.optimizer.rule.update(&mut parameter.data, gradient, state, self.learning_rate * speed);
    }
}

/// The gradient, scaled down to the norm `limit` if it is longer.
fn clipped(gradient: Data, limit: f64) -> Data {
    let norm = gradient.to_f64().iter().map(|g| g * g).sum::<f64>().sqrt();
    gradient.mul_scalar((limit / (norm + 1e-6)).min(1.0))
}

impl Optimizer {
    /// Whether updates of some rows are possible: rows without a gradient receive theirs later.
    pub(crate) fn updates_rows(self) -> bool {
        self == Optimizer::Adam
    }

    /// One update of a parameter.
    fn update(self, parameter: &mut Data, gradient: Data, state: &mut ParameterState, learning_rate: f64) {
        let (moments, momentum, weight_decay) = match self {
            Optimizer::Adam => (2, 0.0, 0.0),
            Optimizer::AdamW { weight_decay } => (2, 0.0, weight_decay),
            Optimizer::Sgd { momentum } => (1, momentum, 0.0),
        };
        state.steps += 1;
        if state.moments.is_empty() {
            state.moments = (0..moments).map(|_| gradient.full_like(0.0)).collect();
        }
        let time = state.steps;
        let step = AdamStep { learning_rate, betas: BETAS, epsilon: EPSILON, weight_decay, time };
        match (&mut *parameter, &gradient, &mut state.moments[..]) {
            (Data::F32(parameter), Data::F32(gradient), [Data::F32(first), Data::F32(second)]) => {
                let moments = (first.values_mut(), second.values_mut());
                kernel::adam(parameter.values_mut(), gradient.values(), moments, step);
            }
            (_, _, [first, second]) => adam(parameter, gradient, (first, second), step),
            (_, _, [velocity, ..]) => {
                *velocity = velocity.clone().mul_scalar(momentum).add(gradient);
                *parameter = parameter.clone().sub(velocity.clone().mul_scalar(learning_rate));
            }
            _ => unreachable!("every rule has moments"),
        }
    }
}

/// [`kernel::adam`] as operations.
fn adam(parameter: &mut Data, gradient: Data, (first, second): (&mut Data, &mut Data), step: AdamStep) {
    let (beta_1, beta_2) = step.betas;
    let correction = |beta: f64| (1.0 - powi(beta, step.time as i32)).recip();
    *first = first.clone().mul_scalar(beta_1).add(gradient.clone().mul_scalar(1.0 - beta_1));
    *second = second.clone().mul_scalar(beta_2).add(gradient.square().mul_scalar(1.0 - beta_2));
    let spread = second.clone().mul_scalar(correction(beta_2)).sqrt().add_scalar(step.epsilon);
    let decay = parameter.clone().mul_scalar(step.weight_decay);
    let change = first.clone().mul_scalar(correction(beta_1)).div(spread).add(decay);
    *parameter = parameter.clone().sub(change.mul_scalar(step.learning_rate));
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
    use crate::tensor::{Device, Param, to_host};

    #[test]
    fn adam_kernel_matches_the_formulas() {
        let size = 40_000;
        let run = |device: &Device, weight_decay: f64| {
            let draw = |seed| {
                device.tensor::<1>(standard_normal(&mut stream(seed, Purpose::Choose, 0, 0), size), [size])
            };
            let mut parameter = Param::from_tensor(draw(0)).train();
            let mut optimizer = ModuleOptimizer::new(Optimizer::AdamW { weight_decay }, None);
            for k in 1..=5 {
                let gradients = (parameter.val() * draw(k)).sum().backward();
                optimizer.step(&mut parameter, 0.01, gradients);
            }
            to_host(parameter.val())
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

    #[test]
    fn momentum_and_clipping_by_hand() {
        let device = Device::cpu();
        let mut parameter = Param::from_tensor(device.tensor(vec![1.0, 1.0], [2])).train();
        let mut optimizer = ModuleOptimizer::new(Optimizer::Sgd { momentum: 0.5 }, Some(1.0));
        let towards = device.tensor::<1>(vec![3.0, 4.0], [2]);
        for _ in 0..2 {
            let gradients = (parameter.val() * towards.clone()).sum().backward();
            optimizer.step(&mut parameter, 0.1, gradients);
        }
        // g = (.6, .8) after clipping; velocities g and 1.5 g.
        let expected = [1.0 - 0.25 * 0.6, 1.0 - 0.25 * 0.8];
        for (found, expected) in to_host(parameter.val()).iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6, "{found} instead of {expected}");
        }
    }
}
