//! The gradient of one batch, computed in parts on several cores.
//!
//! The split of a batch depends on its rows and on the model, not on the number of threads. Each
//! part has its own noise and graph, and the results are added in order, so that the bits are the
//! same for any number of threads.

use rayon::prelude::*;

use super::history::TermMean;
use crate::data::Encoded;
use crate::model::{Batch, Context, Trainable};
use crate::objective::{objective, trimmed};
use crate::random::{Purpose, Stream, stream};
use crate::tensor::{Device, Gradients, Module};

/// Minimum rows per part: a smaller batch uses threads within its products, and adding gradients
/// would cost more than it saves.
const SMALLEST_PART: usize = 128;

/// Maximum number of parts of a batch.
const MOST_PARTS: usize = 16;

/// Multiply-adds of a forward pass below which waking another core takes longer than the work.
const WORTH_SHARING: usize = 8_000_000;

/// When a step happens, and in what run.
#[derive(Clone, Copy)]
pub(super) struct StepKey {
    pub seed: u64,
    pub epoch: usize,
    pub step: usize,
    /// Epochs done, fractions included.
    pub epochs: f64,
    /// The fraction of rows whose loss is ignored.
    pub trim: f64,
    /// Number of training rows.
    pub rows: usize,
}

/// The result for one part of the batch.
pub(super) struct Part {
    rows: usize,
    means: Vec<TermMean>,
    gradients: Gradients,
    /// The rows, and the noise after the loss.
    pub batch: Batch,
    pub noise: Stream,
}

/// The terms and gradients of `model` on `rows` of `data`, in parts of `size` rows.
pub(super) fn differentiate<M: Trainable + Module>(
    model: &M,
    data: &Encoded,
    rows: &[usize],
    size: usize,
    key: StepKey,
    device: &Device,
) -> Vec<Part> {
    let part = |k: usize, part: &[usize]| {
        let share = part.len() as f64 / rows.len() as f64;
        differentiate_part(
            model,
            data,
            part,
            share,
            StepKey { step: key.step * MOST_PARTS + k, ..key },
            device,
        )
    };
    if size >= rows.len() {
        return vec![part(0, rows)];
    }
    rows.par_chunks(size).enumerate().map(|(k, rows)| part(k, rows)).collect()
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

/// The gradients of the whole batch, and the part if there is only one.
pub(super) fn gradients<M: Module>(model: &M, mut parts: Vec<Part>) -> (Gradients, Option<Part>) {
    if parts.len() == 1 {
        let mut only = parts.remove(0);
        return (std::mem::take(&mut only.gradients), Some(only));
    }
    (Gradients::sum(model, parts.into_iter().map(|part| part.gradients).collect()), None)
}

/// Whether a step on `rows` rows is worth waking other cores.
pub(super) fn is_worth_threads<M: Module>(model: &M, rows: usize) -> bool {
    rows.saturating_mul(model.num_params()) >= WORTH_SHARING
}

/// Rows per part of a batch of `rows` rows: all rows if several cores are not worthwhile.
pub(super) fn part_size<M: Trainable + Module>(model: &M, rows: usize) -> usize {
    if model.is_row_separable() && is_worth_threads(model, rows) {
        rows.div_ceil(MOST_PARTS).max(SMALLEST_PART)
    } else {
        rows
    }
}

fn differentiate_part<M: Trainable + Module>(
    model: &M,
    data: &Encoded,
    rows: &[usize],
    share: f64,
    key: StepKey,
    device: &Device,
) -> Part {
    let StepKey { seed, epoch, step, epochs, trim, rows: all } = key;
    let changes = &mut stream(seed, Purpose::Augment, epoch as u64, step as u64);
    let bits = &mut stream(seed, Purpose::Binarize, epoch as u64 + 1, step as u64);
    let batch = Batch::draw(data, rows, [changes, bits], device);
    let mut noise = stream(seed, Purpose::Train, epoch as u64, step as u64);
    let context = &mut Context { noise: &mut noise, epochs, training: true, rows: all, device };
    let terms = trimmed(model.loss(&batch, context), trim, device);
    let means = terms.iter().map(TermMean::of).collect();
    let gradients = (objective(&terms) * share).backward();
    Part { rows: rows.len(), means, gradients, batch, noise }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distribution::{Family, LikelihoodBlock};
    use crate::model::{Architecture, FamilyConfig, Model};
    use crate::nn::Activation;
    use crate::random::RngExt;
    use crate::tensor::{ModuleVisitor, Parameter};

    const ROWS: usize = 150;
    const WIDTH: usize = 40;

    fn plain() -> Model {
        let architecture = Architecture {
            family: FamilyConfig::Plain { tied: false },
            condition: 0,
            stem: None,
            inputs: WIDTH,
            hidden: vec![30],
            latent_dim: 5,
            activation: Activation::Tanh,
            latent_activation: Activation::Identity,
            likelihood: vec![LikelihoodBlock::new(Family::Bernoulli, 0..WIDTH)],
        };
        Model::new(&architecture, 0, &Device::cpu()).train()
    }

    /// The mean of the first term, and the gradient of every parameter, one after the other.
    fn found(model: &Model, size: usize) -> (f64, Vec<f32>) {
        struct Collect<'a>(&'a Gradients, Vec<f32>);
        impl ModuleVisitor for Collect<'_> {
            fn parameter(&mut self, parameter: &Parameter) {
                let gradient = parameter.gradient(self.0).into_iter().flatten();
                self.1.extend(gradient.map(|g| g as f32));
            }
        }
        let mut noise = stream(1, Purpose::Choose, 0, 0);
        let rows = Encoded::from_values((0..ROWS * WIDTH).map(|_| noise.random::<f32>()).collect(), WIDTH);
        let order: Vec<usize> = (0..ROWS).rev().collect();
        let key = StepKey { seed: 0, epoch: 0, step: 3, epochs: 0.0, trim: 0.0, rows: ROWS };
        let parts = differentiate(model, &rows, &order, size, key, &Device::cpu());
        assert_eq!(parts.len(), ROWS.div_ceil(size));
        let mean = means(&parts)[0].value;
        let (gradients, whole) = gradients(model, parts);
        assert_eq!(whole.is_some(), size >= ROWS);
        let mut collect = Collect(&gradients, vec![]);
        model.visit(&mut collect);
        (mean, collect.1)
    }

    /// Parts of 64, 64 and 22 rows: unequal sizes.
    #[test]
    fn sum_of_parts_equals_the_batch() {
        let model = plain();
        let ((whole, expected), (mean, gradients)) = (found(&model, ROWS), found(&model, 64));
        assert!((mean - whole).abs() < 1e-5 * whole, "{mean} vs {whole}");
        let largest = expected.iter().fold(0.0f32, |m, g| m.max(g.abs()));
        assert!(largest > 0.0 && gradients.len() == expected.len() && expected.len() == model.num_params());
        let error = gradients.iter().zip(&expected).fold(0.0f32, |m, (g, e)| m.max((g - e).abs()));
        assert!(error < 1e-5 * largest, "{error} of {largest}");
    }

    #[test]
    fn only_large_steps_are_split() {
        let model = plain();
        assert_eq!(part_size(&model, ROWS), ROWS);
        let enough = WORTH_SHARING.div_ceil(model.num_params());
        assert_eq!(part_size(&model, enough), enough.div_ceil(MOST_PARTS).max(SMALLEST_PART));
    }
}
