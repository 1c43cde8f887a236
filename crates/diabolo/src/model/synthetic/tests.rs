#![allow(clippy::unwrap_used)]

use super::*;
use crate::model::{Batch, Context, Trainable};
use crate::objective::objective;
use crate::random::{Purpose, stream};
use crate::tensor::{Module, ModuleVisitor, ModuleVisitorMut, Parameter};

/// Parts of 3 codes, of 2 codes and numbers, and of 4 codes.
const SHAPES: [PartShape; 3] = [
    PartShape { codes: 3, numbers: false },
    PartShape { codes: 3, numbers: true },
    PartShape { codes: 4, numbers: false },
];

/// The last part is the first one, but for its last code; numbers are 1 above the first code.
fn coded(rows: usize) -> Coded {
    let noise = &mut stream(3, Purpose::Choose, 0, 1);
    let normal = standard_normal(noise, rows);
    let (mut codes, mut scores) = (vec![], vec![]);
    for (row, z) in normal.into_iter().enumerate() {
        let first = (row * row % 7 % 3) as u32;
        let kind = (row % 4).min(2) as u32;
        codes.extend([first, kind, first]);
        scores.push(if kind == 2 { 0.3 * z + first as f32 - 1.0 } else { 0.0 });
    }
    Coded { codes, scores }
}

fn model(latent_dim: usize, device: &Device) -> TableModel {
    let config = SynthesizeConfig { hidden: 16, latent_dim, ..SynthesizeConfig::default() };
    let mut model =
        TableModel::new(&SHAPES, &config, &mut stream(0, Purpose::InitializeSynthetic, 0, 9), device);
    model.start_at(&coded(60), device);
    model
}

fn loss(model: &TableModel, device: &Device) -> Tensor<1> {
    let rows = encoded(&coded(20), 3);
    let batch = Batch::gather(&rows, &(0..20).collect::<Vec<usize>>(), device);
    let noise = &mut stream(1, Purpose::Choose, 2, 3);
    let mut context = Context { noise, epochs: 0.0, training: true, rows: 20, device };
    objective(&model.loss(&batch, &mut context))
}

#[derive(Default)]
struct Gather<'a>(Option<&'a crate::tensor::Gradients>, Vec<f64>);
impl ModuleVisitor for Gather<'_> {
    fn parameter(&mut self, parameter: &Parameter) {
        match self.0 {
            Some(gradients) => {
                let none = || vec![0.0; parameter.to_host().len()];
                self.1.extend(parameter.gradient(gradients).unwrap_or_else(none));
            }
            None => self.1.extend(parameter.to_host_f64()),
        }
    }
}

struct Change<'a>(usize, f64, &'a Device);
impl ModuleVisitorMut for Change<'_> {
    fn parameter(&mut self, parameter: &mut Parameter) {
        let mut values = parameter.to_host_f64();
        if self.0 < values.len() {
            values[self.0] += self.1;
            parameter.set(values, self.2);
            self.0 = usize::MAX;
        } else if self.0 != usize::MAX {
            self.0 -= values.len();
        }
    }
}

#[test]
fn gradients_are_finite_differences() {
    let device = Device::cpu_f64();
    for latent_dim in [0, 2] {
        let model = model(latent_dim, &device);
        let trained = model.clone().train();
        let gradients = loss(&trained, &device).backward();
        let mut found = Gather(Some(&gradients), vec![]);
        trained.visit(&mut found);
        let count = found.1.len();
        assert_eq!(count, model.num_params());
        let mut checked = 0;
        for at in (0..count).step_by(count / 97) {
            let at_change = |change: f64| {
                let mut other = model.clone();
                other.visit_mut(&mut Change(at, change, &device));
                loss(&other, &device).into_scalar()
            };
            let difference = (at_change(1e-5) - at_change(-1e-5)) / 2e-5;
            assert!((found.1[at] - difference).abs() < 1e-6, "{at}: {} and {difference}", found.1[at]);
            checked += usize::from(difference.abs() > 1e-4);
        }
        assert!(checked > 20, "most differ from 0");
    }
}

#[test]
fn the_first_loss_is_the_entropy_of_the_shares() {
    let device = Device::cpu();
    let shape = [PartShape { codes: 2, numbers: false }];
    let config = SynthesizeConfig::default();
    let mut model = TableModel::new(&shape, &config, &mut stream(0, Purpose::Choose, 0, 0), &device);
    let coded = Coded { codes: vec![0, 0, 0, 1], scores: vec![] };
    model.start_at(&coded, &device);
    let rows = encoded(&coded, 1);
    let batch = Batch::gather(&rows, &[0, 1, 2, 3], &device);
    let noise = &mut stream(1, Purpose::Choose, 2, 3);
    let mut context = Context { noise, epochs: 0.0, training: false, rows: 4, device: &device };
    let found = objective(&model.loss(&batch, &mut context)).into_scalar();
    // The only part sees nothing; shares are (3 + ½) / 5 and (1 + ½) / 5.
    let expected = -(3.0 * ln(0.7) + ln(0.3)) / 4.0;
    assert!((found - expected).abs() < 1e-6, "{found} and {expected}");
}

#[test]
fn draws_have_the_shares_of_the_source_and_conditions_their_weights() {
    let (device, coded) = (Device::cpu(), coded(600));
    let model = model(0, &device);
    let calibration = model.calibrate(&coded, 0, &device);
    assert!(calibration.is_consistent(&[3, 3, 4]));
    let drawn = model.draw(6000, &calibration, &[], (0, 0), &device);
    for (part, shape) in SHAPES.iter().enumerate() {
        for code in 0..shape.codes as u32 {
            let of_source = coded.codes.iter().skip(part).step_by(3).filter(|c| **c == code).count();
            let found = drawn.codes[part].iter().filter(|c| **c == code).count();
            let (wanted, found) = (of_source as f64 / 600.0, found as f64 / 6000.0);
            assert!((wanted - found).abs() < 0.025, "part {part}, code {code}: {found} of {wanted}");
        }
    }
    // Of the first part nothing is known before: the weight is the share of the code.
    let share = drawn.codes[0].iter().filter(|code| **code == 1).count() as f64 / 6000.0;
    let only = PartCondition { codes: vec![0.0, 1.0, 0.0], scores: [f32::NEG_INFINITY, f32::INFINITY] };
    let above = PartCondition { codes: vec![0.0, 0.0, 1.0], scores: [0.5, f32::INFINITY] };
    let conditions = [Some(only), Some(above), None];
    let given = model.draw(500, &calibration, &conditions, (0, 1), &device);
    assert!(given.codes[0].iter().all(|code| *code == 1) && given.codes[1].iter().all(|code| *code == 2));
    assert!(given.scores[1].iter().all(|score| *score >= 0.499), "{:?}", given.scores[1]);
    let first = [conditions[0].clone(), None, None];
    let weight = exp_mean(&model.draw(500, &calibration, &first, (0, 2), &device).log_weights);
    assert!((weight - share).abs() < 0.02, "{weight} and {share}");
}

/// Multiplies every parameter.
struct Times(f64, Device);
impl ModuleVisitorMut for Times {
    fn parameter(&mut self, parameter: &mut Parameter) {
        let values = parameter.to_host_f64().into_iter().map(|value| self.0 * value).collect();
        parameter.set(values, &self.1);
    }
}

#[test]
fn a_model_beyond_all_bounds_draws_numbers() {
    let (device, coded) = (Device::cpu(), coded(600));
    let mut model = model(0, &device);
    model.visit_mut(&mut Times(1e4, device.clone()));
    let calibration = model.calibrate(&coded, 0, &device);
    assert!(calibration.is_consistent(&[3, 3, 4]));
    let drawn = model.draw(600, &calibration, &[], (0, 0), &device);
    assert!(drawn.scores.iter().flatten().all(|score| score.abs() < 20.0), "{drawn:?}");
}

fn exp_mean(log_weights: &[f64]) -> f64 {
    log_weights.iter().map(|weight| weight.exp()).sum::<f64>() / log_weights.len() as f64
}
