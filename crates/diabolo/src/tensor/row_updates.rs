//! Updates of some rows of large parameters, such as the weights of the levels that a step sees.
//!
//! Dense Adam also moves rows without a gradient, by what their moments remember. Such a row
//! receives these updates together, before it is used again; see `missed_updates`.

use rayon::prelude::*;

use super::array::Array;
use super::data::Data;
use super::missed_updates::Rates;
use super::module::RowsOf;
use super::{Module, ModuleOptimizer, ModuleVisitorMut, Parameter, ParameterState};

/// The rows of parameters that a step uses, in the order in which it sees them.
pub(crate) struct SomeRows {
    /// Columns of the encoded rows.
    pub columns: Vec<usize>,
    /// Outputs of the decoder.
    pub outputs: Vec<usize>,
}

impl SomeRows {
    fn of(&self, parameter: &Parameter) -> Option<&[usize]> {
        match parameter.rows_of {
            RowsOf::Nothing => None,
            RowsOf::Columns => Some(&self.columns),
            RowsOf::Outputs => Some(&self.outputs),
        }
    }
}

impl ModuleOptimizer {
    /// `model` with some rows of its large parameters, as all updates so far leave them, and the
    /// optimizer that goes with it; [`put_back`](Self::put_back) ends it.
    pub(crate) fn with_some_rows<M: Module>(&mut self, model: &M, rows: &SomeRows) -> (M, ModuleOptimizer) {
        struct Take<'a> {
            rows: &'a SomeRows,
            rates: &'a Rates,
            states: std::vec::IntoIter<ParameterState>,
            kept: Vec<ParameterState>,
            taken: Vec<ParameterState>,
        }
        impl ModuleVisitorMut for Take<'_> {
            fn parameter(&mut self, parameter: &mut Parameter) {
                let state = self.states.next().unwrap_or_default();
                match self.rows.of(parameter) {
                    Some(rows) => {
                        self.taken.push(taken(parameter, &state, rows, self.rates));
                        self.kept.push(state);
                    }
                    None => {
                        self.taken.push(state);
                        self.kept.push(ParameterState::default());
                    }
                }
            }
        }
        if self.rates.is_empty() {
            self.rates = Rates::after(self.states.iter().map(|state| state.steps).max().unwrap_or(0));
        }
        let (mut part, states) = (model.clone(), std::mem::take(&mut self.states).into_iter());
        let mut take = Take { rows, rates: &self.rates, states, kept: vec![], taken: vec![] };
        part.visit_mut(&mut take);
        let Take { kept, taken, .. } = take;
        self.states = kept;
        (part, self.with_rule_of(taken))
    }

    /// Puts the rows and states of `part` back after its update with this learning rate.
    pub(crate) fn put_back<M: Module>(
        &mut self,
        model: &mut M,
        (mut part, optimizer): (M, ModuleOptimizer),
        rows: &SomeRows,
        learning_rate: f64,
    ) {
        struct Collect(Vec<Parameter>);
        impl ModuleVisitorMut for Collect {
            fn parameter(&mut self, parameter: &mut Parameter) {
                self.0.push(parameter.clone());
            }
        }
        struct Put<'a> {
            rows: &'a SomeRows,
            parts: std::vec::IntoIter<(Parameter, ParameterState)>,
            states: std::slice::IterMut<'a, ParameterState>,
        }
        impl ModuleVisitorMut for Put<'_> {
            fn parameter(&mut self, parameter: &mut Parameter) {
                let (Some((part, of_part)), Some(state)) = (self.parts.next(), self.states.next()) else {
                    return;
                };
                match self.rows.of(parameter) {
                    Some(rows) => put(parameter, state, (part, of_part), rows),
                    None => (parameter.data, *state) = (part.data, of_part),
                }
            }
        }
        self.rates.add(learning_rate);
        let mut parts = Collect(vec![]);
        part.visit_mut(&mut parts);
        drop(part);
        let parts: Vec<_> = parts.0.into_iter().zip(optimizer.states).collect();
        model.visit_mut(&mut Put { rows, parts: parts.into_iter(), states: self.states.iter_mut() });
    }

    /// Gives every row the updates that it has missed.
    pub(crate) fn settle<M: Module>(&mut self, model: &mut M) {
        struct Settle<'a> {
            rates: &'a Rates,
            states: std::slice::IterMut<'a, ParameterState>,
        }
        impl ModuleVisitorMut for Settle<'_> {
            fn parameter(&mut self, parameter: &mut Parameter) {
                if let Some(state) = self.states.next()
                    && !state.received.is_empty()
                {
                    settle(parameter, state, self.rates);
                }
            }
        }
        if self.rates.is_empty() {
            return;
        }
        model.visit_mut(&mut Settle { rates: &self.rates, states: self.states.iter_mut() });
        self.rates.settle();
    }
}

/// The numbers of an array in single precision on the processor, where rows are updated.
fn numbers(data: &Data) -> &[f32] {
    match data {
        Data::F32(array) => array.values(),
        _ => panic!("rows are updated in single precision, on the processor"),
    }
}

fn numbers_mut(data: &mut Data) -> &mut [f32] {
    match data {
        Data::F32(array) => array.values_mut(),
        _ => panic!("rows are updated in single precision, on the processor"),
    }
}

/// Replaces the numbers of `parameter` by those of some rows; returns their state.
fn taken(parameter: &mut Parameter, state: &ParameterState, rows: &[usize], rates: &Rates) -> ParameterState {
    let shape = parameter.data.shape();
    let width = shape[1..].iter().product::<usize>();
    let of = |all: &[f32]| -> Vec<f32> {
        rows.iter().flat_map(|&row| &all[row * width..(row + 1) * width]).copied().collect()
    };
    let part = |values| Data::F32(Array::new(values, shape.with(0, rows.len())));
    let mut values = of(numbers(&parameter.data));
    let mut moments: Vec<Vec<f32>> = state.moments.iter().map(|moment| of(numbers(moment))).collect();
    if let ([first, second], false) = (&mut moments[..], state.received.is_empty()) {
        let all =
            values.par_chunks_mut(width).zip(first.par_chunks_mut(width)).zip(second.par_chunks_mut(width));
        all.zip(rows).for_each(|(((values, first), second), &row)| {
            rates.missed(state.received[row]).apply(values, first, second);
        });
    }
    parameter.data = part(values);
    let moments = moments.into_iter().map(part).collect();
    ParameterState { steps: state.steps, moments, received: vec![] }
}

/// Writes rows back.
fn put(
    parameter: &mut Parameter,
    state: &mut ParameterState,
    (part, of_part): (Parameter, ParameterState),
    rows: &[usize],
) {
    let shape = parameter.data.shape();
    let width = shape[1..].iter().product::<usize>();
    let write = |all: &mut [f32], part: &[f32]| {
        for (&row, part) in rows.iter().zip(part.chunks_exact(width)) {
            all[row * width..(row + 1) * width].copy_from_slice(part);
        }
    };
    if state.moments.is_empty() {
        state.moments = of_part.moments.iter().map(|_| parameter.data.full_like(0.0)).collect();
    }
    if state.received.is_empty() {
        state.received = vec![of_part.steps - 1; shape[0]];
    }
    write(numbers_mut(&mut parameter.data), numbers(&part.data));
    for (all, part) in state.moments.iter_mut().zip(&of_part.moments) {
        write(numbers_mut(all), numbers(part));
    }
    rows.iter().for_each(|&row| state.received[row] = of_part.steps);
    state.steps = of_part.steps;
}

fn settle(parameter: &mut Parameter, state: &mut ParameterState, rates: &Rates) {
    let width = parameter.data.shape()[1..].iter().product::<usize>();
    let [first, second] = &mut state.moments[..] else { return };
    let rows = numbers_mut(&mut parameter.data).par_chunks_mut(width);
    let rows =
        rows.zip(numbers_mut(first).par_chunks_mut(width)).zip(numbers_mut(second).par_chunks_mut(width));
    rows.zip(&state.received).for_each(|(((values, first), second), &received)| {
        rates.missed(received).apply(values, first, second);
    });
    state.received = vec![];
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, permutation, standard_normal, stream};
    use crate::tensor::{Device, Optimizer, Param, to_host};

    /// Every step has gradients for 3 of 40 rows, the last row only twice; dense Adam has zeros for
    /// the others. Meanwhile all rows receive what they have missed, and the optimizer is restored.
    #[test]
    fn rows_end_where_dense_adam_takes_them() {
        const ROWS: usize = 40;
        const WIDTH: usize = 6;
        let device = Device::cpu();
        let noise = |seed| standard_normal(&mut stream(seed, Purpose::Choose, 0, 0), ROWS * WIDTH);
        let new =
            || Param::from_tensor(device.tensor::<2>(noise(0), [ROWS, WIDTH])).with_rows_of(RowsOf::Outputs);
        let (mut dense, mut some) = (new().train(), new().train());
        let start = to_host(dense.val());
        let [mut of_dense, mut of_some] = [0; 2].map(|_| ModuleOptimizer::new(Optimizer::Adam, None));
        for step in 1..=300u64 {
            let rate = 0.01 / (1.0 + step as f64 / 100.0);
            let mut outputs = permutation(&mut stream(step, Purpose::Shuffle, 0, 0), ROWS - 1);
            outputs.truncate(3);
            if step == 1 || step == 290 {
                outputs[0] = ROWS - 1;
            }
            let factors = noise(step);
            let mut masked = vec![0.0; ROWS * WIDTH];
            let mut chosen = vec![];
            for &row in &outputs {
                let own = row * WIDTH..(row + 1) * WIDTH;
                masked[own.clone()].copy_from_slice(&factors[own.clone()]);
                chosen.extend_from_slice(&factors[own]);
            }
            let gradients = (dense.val() * device.tensor(masked, [ROWS, WIDTH])).sum().backward();
            of_dense.step(&mut dense, rate, gradients);
            let rows = SomeRows { columns: vec![], outputs };
            let (mut part, mut optimizer) = of_some.with_some_rows(&some, &rows);
            let gradients = (part.val() * device.tensor(chosen, [3, WIDTH])).sum().backward();
            optimizer.step(&mut part, rate, gradients);
            of_some.put_back(&mut some, (part, optimizer), &rows, rate);
            match step {
                100 | 210 => of_some.settle(&mut some),
                150 => of_some = ModuleOptimizer::new(Optimizer::Adam, None).with_state(of_some.state()),
                _ => {}
            }
        }
        let stale = to_host(some.val());
        of_some.settle(&mut some);
        let (dense, some) = (to_host(dense.val()), to_host(some.val()));
        let error = |a: &[f32]| a.iter().zip(&dense).fold(0.0f32, |m, (a, b)| m.max((a - b).abs()));
        // 300 dense updates of numbers up to 3 round by some 1e-7 each.
        assert!(error(&some) < 1e-5, "{}", error(&some));
        assert!(error(&stale) > 1e-3 && error(&start) > 0.1, "a negative control");
        let alike = of_dense.states()[0].moments[1].to_f32();
        let found = of_some.states()[0].moments[1].to_f32();
        assert!(found.iter().zip(alike).all(|(a, b)| (a - b).abs() < 1e-5 * b.max(1e-3)));
    }
}
