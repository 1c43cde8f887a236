//! The gradient of one batch, computed in parts on several cores.
//!
//! How a batch is cut depends on its rows and on the model, never on the number of threads; each part has noise and a graph of its
//! own, and what the parts found is added in their order. So the bits are the same for any number of threads.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use rayon::prelude::*;

use super::history::TermMean;
use crate::data::Encoded;
use crate::kernel;
use crate::model::{Batch, Context, Trainable};
use crate::nn::Place;
use crate::noise::{Purpose, Stream, stream};
use crate::objective::{objective, trimmed};

/// Fewer rows make slow products of matrices, and adding the parts' gradients would cost as much as it saves.
const SMALLEST_PART: usize = 64;

/// A batch has at most this many parts.
const MOST_PARTS: usize = 16;

/// Multiply-adds of a forward pass below which waking another core takes longer than the work.
const WORTH_SHARING: usize = 8_000_000;

/// When a step happens, and in what run.
#[derive(Clone, Copy)]
pub(super) struct Moment {
    pub seed: u64,
    pub epoch: usize,
    pub step: usize,
    /// Epochs done, fractions included.
    pub epochs: f64,
    /// The share of rows whose loss does not count.
    pub trim: f64,
}

/// What was found for some rows of the batch.
pub(super) struct Part {
    rows: usize,
    means: Vec<TermMean>,
    gradients: GradientsParams,
    /// The rows, and the noise as the loss left it.
    pub batch: Batch,
    pub noise: Stream,
}

/// The terms and gradients of `model` on `rows` of `data`.
pub(super) fn differentiate<M: Trainable>(
    model: &M,
    data: &Encoded,
    rows: &[usize],
    moment: Moment,
    place: &Place,
) -> Vec<Part> {
    let size = part_size(model, rows.len());
    let part = |k: usize, part: &[usize], model: &M| {
        let share = part.len() as f64 / rows.len() as f64;
        differentiate_part(
            model,
            data,
            part,
            share,
            Moment { step: moment.step * MOST_PARTS + k, ..moment },
            place,
        )
    };
    if size >= rows.len() {
        return vec![part(0, rows, model)];
    }
    // A graph of its own for each part: parts of one graph would wait for each other.
    let own: Vec<M> = rows.chunks(size).map(|_| model.valid().train()).collect();
    own.into_par_iter()
        .zip(rows.par_chunks(size))
        .enumerate()
        .map(|(k, (model, rows))| part(k, rows, &model))
        .collect()
}

/// The means of the whole batch.
pub(super) fn means(parts: &[Part]) -> Vec<TermMean> {
    let rows: usize = parts.iter().map(|part| part.rows).sum();
    let mean = |i: usize, first: &TermMean| {
        let sum: f64 = parts.iter().map(|part| part.means[i].value * part.rows as f64).sum();
        TermMean { name: first.name, value: sum / rows as f64, weight: first.weight }
    };
    parts[0].means.iter().enumerate().map(|(i, first)| mean(i, first)).collect()
}

/// The gradients of the whole batch, and the only part if there is but one.
pub(super) fn gradients<M: Module>(model: &M, mut parts: Vec<Part>) -> (GradientsParams, Option<Part>) {
    if parts.len() == 1 {
        let mut only = parts.remove(0);
        return (std::mem::take(&mut only.gradients), Some(only));
    }
    let mut sum = Sum { parts, total: GradientsParams::new() };
    model.visit(&mut sum);
    (sum.total, None)
}

/// Adds up the gradients of each parameter.
struct Sum {
    parts: Vec<Part>,
    total: GradientsParams,
}

impl ModuleVisitor for Sum {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        let found = self.parts.iter_mut().filter_map(|part| part.gradients.remove::<D>(parameter.id));
        let add = |sum, term| if kernel::fits(&sum) { kernel::add(sum, term) } else { sum + term };
        if let Some(sum) = found.reduce(add) {
            self.total.register(parameter.id, sum);
        }
    }
}

/// Whether a batch of so many rows is worth more than one core.
pub(super) fn is_shared<M: Trainable>(model: &M, rows: usize) -> bool {
    part_size(model, rows) < rows
}

/// Rows of a part.
fn part_size<M: Trainable>(model: &M, rows: usize) -> usize {
    let shared = model.rows_are_apart() && rows.saturating_mul(model.num_params()) >= WORTH_SHARING;
    if shared { rows.div_ceil(MOST_PARTS).max(SMALLEST_PART) } else { rows }
}

fn differentiate_part<M: Trainable>(
    model: &M,
    data: &Encoded,
    rows: &[usize],
    share: f64,
    moment: Moment,
    place: &Place,
) -> Part {
    let Moment { seed, epoch, step, epochs, trim } = moment;
    let fresh = &mut stream(seed, Purpose::Binarize, epoch as u64 + 1, step as u64);
    let batch = Batch::draw(data, rows, fresh, place);
    let mut noise = stream(seed, Purpose::Train, epoch as u64, step as u64);
    let context = &mut Context { noise: &mut noise, epochs, training: true, rows: data.rows, place };
    let terms = trimmed(model.loss(&batch, context), trim, place);
    let means = terms.iter().map(TermMean::of).collect();
    let gradients = GradientsParams::from_grads((objective(&terms) * share).backward(), model);
    Part { rows: rows.len(), means, gradients, batch, noise }
}
