//! Sampled softmax (Bengio & Senécal 2008; Jean et al. 2015): training steps that see some of the
//! levels of categories with very many.
//!
//! A softmax over K levels costs K products with the last hidden layer, for every row. A step
//! therefore sees the levels B of its rows, and U of the others, drawn at random, which stand for
//! all others:
//!
//! ```text
//! −log p(x) = log Z − l_x,   Z ≈ Σ_{k∈B} e^(l_k) + (K − |B|)/|U| Σ_{k∈U} e^(l_k)
//! ```
//! The estimate of Z is unbiased; that of log Z is too low on average (Jensen), so that the
//! training loss is below the loss by all levels. Frequent levels are often in B. The step has a
//! model of its own, with the weights of these levels only and a constant log (K − |B|)/|U| on the
//! logits of U, and rows that number these levels. Validation and evaluation use all levels.

use std::ops::Range;

use crate::data::Encoded;
use crate::data::rows::{Cells, Codes, Rows, Segment};
use crate::distribution::Family;
use crate::model::Trainable;
use crate::random::{RngExt, Stream};
use crate::tensor::{Device, SomeRows};

/// The least number of levels of a category that is sampled.
const LARGE: usize = 2048;

/// The number of negatives: other levels of a category that a step sees.
const NEGATIVES: usize = 256;

/// The categories of the rows that are sampled, if they are large.
pub(super) struct LargeCategories {
    /// The blocks of the likelihood: encoded columns, outputs, and whether steps see some of them.
    blocks: Vec<Block>,
    /// Inputs of the first layer after the columns: conditions.
    more: usize,
}

#[derive(Clone, Copy)]
struct Block {
    width: usize,
    outputs: usize,
    is_large: bool,
}

/// The levels that a step sees, and its rows.
pub(super) struct SampledLevels {
    /// The rows of the step.
    pub rows: Encoded,
    /// Which weights it uses.
    pub weights: SomeRows,
    /// The widths of the blocks.
    widths: Vec<usize>,
    /// The constants on the outputs.
    offsets: Vec<f32>,
}

impl LargeCategories {
    /// The large categories of `rows`; `None` if there are none, or the model needs all levels.
    pub fn find<M: Trainable>(model: &mut M, rows: &Encoded) -> Option<Self> {
        let likelihood = model.likelihood_of_levels()?;
        let segments = || rows.values.placed();
        let is_large = |start: usize, width: usize, family: Family| {
            let columns = start..start + width;
            let is_segment = |(own, segment): (Range<usize>, &Segment)| {
                own == columns && matches!(segment.cells, Cells::OneHot(_))
            };
            // A cell is missing in all of its columns.
            let is_shared = |(_, segment): (usize, &Segment)| matches!(segment.cells, Cells::SharedFlags(_));
            let marks = rows.observed.as_ref();
            let is_marked_once = marks.is_none_or(|marks| marks.segment(&columns).is_some_and(is_shared));
            let is_wide = width >= LARGE && family == Family::Categorical;
            is_wide && is_marked_once && segments().any(is_segment)
        };
        let blocks = likelihood.blocks().iter().map(|block| Block {
            width: block.width,
            outputs: block.parameters(),
            is_large: is_large(block.start, block.width, block.family),
        });
        let blocks: Vec<Block> = blocks.collect();
        let more = rows.condition.as_ref().map_or(0, |condition| condition.width);
        blocks.iter().any(|block| block.is_large).then_some(LargeCategories { blocks, more })
    }

    /// The levels that a step on `chosen` rows sees.
    pub fn sample(&self, rows: &Encoded, chosen: &[usize], noise: &mut Stream) -> SampledLevels {
        let batch = rows.select(chosen);
        let (mut columns, mut outputs) = (vec![], vec![]);
        let (mut widths, mut offsets, mut drawn) = (vec![], vec![], vec![]);
        let (mut column, mut output) = (0, 0);
        for block in &self.blocks {
            let levels = match block.is_large {
                true => {
                    let (levels, own) = sampled_levels(&batch.values, column, block.width, noise);
                    let others = (block.width - own) as f32 / (levels.len() - own).max(1) as f32;
                    let offset = diabolo_stats::elementary::single::ln(others);
                    offsets.extend((0..levels.len()).map(|k| if k < own { 0.0 } else { offset }));
                    outputs.extend(levels.iter().map(|level| output + level));
                    drawn.push((column, levels.clone()));
                    levels
                }
                false => {
                    offsets.extend(std::iter::repeat_n(0.0, block.outputs));
                    outputs.extend(output..output + block.outputs);
                    (0..block.width).collect()
                }
            };
            widths.push(levels.len());
            columns.extend(levels.into_iter().map(|level| column + level));
            (column, output) = (column + block.width, output + block.outputs);
        }
        columns.extend(column..column + self.more);
        let rows = renumbered(batch, &drawn);
        SampledLevels { rows, weights: SomeRows { columns, outputs }, widths, offsets }
    }
}

impl SampledLevels {
    /// Gives the model of this step its likelihood.
    pub fn narrow<M: Trainable>(&self, part: &mut M, device: &Device) {
        if let Some(likelihood) = part.likelihood_of_levels() {
            let offsets = device.tensor(self.offsets.clone(), [1, self.offsets.len()]);
            *likelihood = likelihood.clone().of_some_levels(&self.widths, offsets);
        }
    }
}

/// The levels of the rows, ascending, and then those drawn from the others; and how many are of the
/// rows.
fn sampled_levels(values: &Rows, column: usize, width: usize, noise: &mut Stream) -> (Vec<usize>, usize) {
    let mut levels: Vec<usize> = match values.segment(&(column..column + width)) {
        Some((_, Segment { cells: Cells::OneHot(codes), .. })) => {
            (0..values.rows()).map(|row| codes.at(row)).collect()
        }
        _ => vec![],
    };
    levels.retain(|&level| level < width);
    levels.sort_unstable();
    levels.dedup();
    let own = levels.len();
    let mut others: Vec<usize> = vec![];
    while others.len() < NEGATIVES.min(width - own) {
        let level = noise.random_range(0..width);
        if levels.binary_search(&level).is_err() && !others.contains(&level) {
            others.push(level);
        }
    }
    levels.extend(others);
    (levels, own)
}

/// The rows with the codes of large categories as positions among the levels that are sampled.
fn renumbered(rows: Encoded, drawn: &[(usize, Vec<usize>)]) -> Encoded {
    let narrowed = |values: &Rows| {
        let segments = values.placed().map(|(columns, segment)| {
            let Some((_, levels)) = drawn.iter().find(|(start, _)| *start == columns.start) else {
                return segment.clone();
            };
            let cells = match &segment.cells {
                Cells::OneHot(codes) => Cells::OneHot(positions(codes, levels, segment.width)),
                other => other.clone(),
            };
            Segment { width: levels.len(), cells }
        });
        Rows::of(values.rows(), segments.collect())
    };
    let values = narrowed(&rows.values);
    let observed = rows.observed.as_ref().map(narrowed);
    Encoded { width: values.width(), values, observed, ..rows }
}

/// The position of each code among the levels; that of no level for a missing one.
fn positions(codes: &Codes, levels: &[usize], missing: usize) -> Codes {
    let mut order: Vec<usize> = (0..levels.len()).collect();
    order.sort_unstable_by_key(|&position| levels[position]);
    let position = |code: usize| match order.binary_search_by_key(&code, |&position| levels[position]) {
        Ok(found) if code != missing => order[found],
        _ => levels.len(),
    };
    let mut found = Codes::new(codes.len(), levels.len(), levels.len());
    (0..codes.len()).for_each(|row| found.set(row, position(codes.at(row))));
    found
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::data::Condition;
    use crate::data::rows::Bits;
    use crate::distribution::{LikelihoodBlock, Variance};
    use crate::model::{Architecture, FamilyConfig, Model, SparseConfig, VariationalConfig};
    use crate::nn::Activation;
    use crate::random::{Purpose, stream};
    use crate::stats::elementary::double::exp;
    use crate::tensor::{Gradients, Module, ModuleOptimizer, ModuleVisitor, Optimizer, Parameter};
    use crate::train::step::{StepKey, differentiate, gradients, means};

    const LEVELS: usize = 600;

    /// A number and a category whose levels are given.
    fn rows(levels: &[usize]) -> Encoded {
        let mut codes = Codes::new(levels.len(), LEVELS, LEVELS);
        levels.iter().enumerate().for_each(|(row, &level)| codes.set(row, level));
        let numbers = Segment { width: 1, cells: Cells::Numbers(vec![0.5; levels.len()]) };
        let category = Segment { width: LEVELS, cells: Cells::OneHot(codes) };
        Encoded::from_rows(Rows::of(levels.len(), vec![numbers, category]))
    }

    fn found() -> LargeCategories {
        let block = |width, is_large| Block { width, outputs: width, is_large };
        LargeCategories { blocks: vec![block(1, false), block(LEVELS, true)], more: 2 }
    }

    #[test]
    fn rows_number_the_levels_that_are_seen() {
        let rows = rows(&[7, 599, 7, LEVELS, 0]);
        let sampled = found().sample(&rows, &[0, 1, 3, 4], &mut stream(1, Purpose::Choose, 0, 0));
        // The number, three levels of the rows and the others; then the condition.
        assert_eq!(
            (sampled.weights.columns.len(), sampled.weights.outputs.len()),
            (1 + 3 + NEGATIVES + 2, 4 + NEGATIVES)
        );
        assert_eq!(sampled.weights.columns[..4], [0, 1, 8, 600]);
        assert_eq!(sampled.weights.columns[4 + NEGATIVES..], [601, 602]);
        let width = 3 + NEGATIVES;
        let is_one = |row: usize, column: &usize| sampled.rows.values.at(row, *column) == 1.0;
        let ones = |row: usize| -> Vec<usize> { (1..=width).filter(|column| is_one(row, column)).collect() };
        let found: Vec<Vec<usize>> = (0..4).map(ones).collect();
        assert_eq!(found, [vec![2], vec![3], vec![], vec![1]]);
    }

    /// Σ_B e^l + (K − |B|)/|U| Σ_U e^l is Z on average, within four standard errors.
    #[test]
    fn the_estimated_normalizer_is_unbiased() {
        let rows = rows(&[3, 17, 400]);
        let logit = |level: usize| (level as f64 * 0.7).sin() * 3.0;
        let expected: f64 = (0..LEVELS).map(|level| exp(logit(level))).sum();
        let estimate = |draw: u64| -> f64 {
            let sampled = found().sample(&rows, &[0, 1, 2], &mut stream(draw, Purpose::Choose, 0, 0));
            let outputs = sampled.weights.outputs[1..].iter().zip(&sampled.offsets[1..]);
            outputs.map(|(output, offset)| exp(logit(output - 1) + f64::from(*offset))).sum()
        };
        let draws: Vec<f64> = (0..400).map(estimate).collect();
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        let variance = draws.iter().map(|draw| (draw - mean).powi(2)).sum::<f64>() / draws.len() as f64;
        let error = (variance / draws.len() as f64).sqrt();
        assert!(error > 0.0 && (mean - expected).abs() < 4.0 * error, "{mean}, {expected} ± {error}");
    }

    /// So few levels that a step samples all.
    const FEW: usize = 40;
    const CONDITIONS: usize = 2;

    fn model(family: FamilyConfig, condition: usize) -> Model {
        let architecture = Architecture {
            family,
            inputs: 1 + FEW,
            condition,
            stem: None,
            hidden: vec![6],
            latent_dim: 3,
            activation: Activation::Tanh,
            latent_activation: Activation::Identity,
            likelihood: vec![
                LikelihoodBlock::gaussian(Variance::PerFeature, 0..1),
                LikelihoodBlock::new(Family::Categorical, 1..1 + FEW),
            ],
        };
        Model::new(&architecture, 0, &Device::cpu()).train()
    }

    /// Twelve rows; every third has no category, and every fourth no number, if cells are missing.
    fn few(missing: bool, condition: usize) -> Encoded {
        let count = 12;
        let mut codes = Codes::new(count, FEW, FEW);
        let (mut of_numbers, mut of_levels) = (Bits::ones(count), Bits::ones(count));
        let mut numbers: Vec<f32> = (0..count).map(|row| row as f32 * 0.2 - 1.0).collect();
        for (row, number) in numbers.iter_mut().enumerate() {
            match missing && row % 3 == 0 {
                true => of_levels.clear(row),
                false => codes.set(row, row * 7 % FEW),
            }
            if missing && row % 4 == 0 {
                of_numbers.clear(row);
                *number = 0.0;
            }
        }
        let of = |numbers: Cells, levels: Cells| {
            let [numbers, levels] =
                [(1, numbers), (FEW, levels)].map(|(width, cells)| Segment { width, cells });
            Rows::of(count, vec![numbers, levels])
        };
        let rows = Encoded::from_rows(of(Cells::Numbers(numbers), Cells::OneHot(codes)));
        let given = (0..count * condition).map(|cell| cell as f32 * 0.1).collect();
        let given = Condition { width: condition, values: Rows::dense(given, condition) };
        Encoded {
            observed: missing.then(|| of(Cells::Flags(of_numbers), Cells::SharedFlags(of_levels))),
            condition: (condition > 0).then_some(given),
            ..rows
        }
    }

    /// The shape and the gradient of each parameter.
    type ByName = BTreeMap<String, (Vec<usize>, Vec<f64>)>;

    /// The terms of the loss, and the gradients.
    fn differentiated(model: &Model, rows: &Encoded) -> (Vec<f64>, ByName) {
        struct Collect {
            gradients: Gradients,
            path: Vec<String>,
            found: ByName,
        }
        impl ModuleVisitor for Collect {
            fn enter(&mut self, name: &str) {
                self.path.push(name.into());
            }
            fn exit(&mut self) {
                self.path.pop();
            }
            fn parameter(&mut self, parameter: &Parameter) {
                let gradient = parameter.gradient(&self.gradients).unwrap_or_default();
                self.found.insert(self.path.join("."), (parameter.shape(), gradient));
            }
        }
        let all: Vec<usize> = (0..rows.rows).collect();
        let key = StepKey { seed: 0, epoch: 1, step: 0, epochs: 9.0, trim: 0.0, rows: rows.rows };
        let parts = differentiate(model, rows, &all, rows.rows, key, &Device::cpu());
        let terms = means(&parts).iter().map(|mean| mean.value).collect();
        let (gradients, _) = gradients(model, parts);
        let mut collect = Collect { gradients, path: vec![], found: BTreeMap::new() };
        model.visit(&mut collect);
        (terms, collect.found)
    }

    fn assert_near(what: &str, found: impl Iterator<Item = f64>, expected: &[f64]) {
        let found: Vec<f64> = found.collect();
        assert_eq!(found.len(), expected.len(), "{what}");
        let differ = found.iter().zip(expected).map(|(a, b)| (a - b).abs() / (1.0 + b.abs()));
        let largest = differ.fold(0.0, f64::max);
        assert!(largest < 1e-5, "{what} differs by {largest}");
    }

    /// Where each number of a gradient by some levels is in that by all: those of `rows` or of
    /// `columns`, if given.
    fn places(shape: &[usize], rows: Option<&[usize]>, columns: Option<&[usize]>) -> Vec<usize> {
        let width = shape.get(1).copied().unwrap_or(1);
        let at = |order: Option<&[usize]>, k: usize| order.map_or(k, |order| order[k]);
        (0..shape[0]).flat_map(|i| (0..width).map(move |j| at(rows, i) * width + at(columns, j))).collect()
    }

    #[test]
    fn a_step_that_samples_all_levels_is_that_of_the_whole_softmax() {
        let families = [
            (FamilyConfig::Plain { tied: false }, "decoder.1."),
            (FamilyConfig::Sparse(SparseConfig { tied: false, ..Default::default() }), "decoder.1."),
            (FamilyConfig::Variational(VariationalConfig::default()), "output."),
        ];
        for (family, last) in families {
            let is_variational = matches!(family, FamilyConfig::Variational(_));
            let condition = if is_variational { CONDITIONS } else { 0 };
            for missing in [false, true] {
                let what = format!("{}, missing: {missing}", family.name());
                let (model, rows) = (model(family.clone(), condition), few(missing, condition));
                let (terms, whole) = differentiated(&model, &rows);
                let block = |width, is_large| Block { width, outputs: width, is_large };
                let large =
                    LargeCategories { blocks: vec![block(1, false), block(FEW, true)], more: condition };
                let all: Vec<usize> = (0..rows.rows).collect();
                let sampled = large.sample(&rows, &all, &mut stream(1, Purpose::Choose, 0, 0));
                let SomeRows { columns, outputs } = &sampled.weights;
                assert!(!columns.is_sorted() && !outputs.is_sorted(), "levels are in another order");
                let mut optimizer = ModuleOptimizer::new(Optimizer::default(), None);
                let (mut part, _) = optimizer.with_some_rows(&model, &sampled.weights);
                sampled.narrow(&mut part, &Device::cpu());
                let (found, gradients) = differentiated(&part, &sampled.rows);
                assert_near(&what, found.into_iter(), &terms);
                for (name, (shape, gradient)) in gradients {
                    let of_levels = name.starts_with(last).then_some(outputs.as_slice());
                    let of_inputs = (name == "encoder.0.weight").then_some(columns.as_slice());
                    let expected = &whole[&name].1;
                    let places = places(&shape, of_levels, of_inputs);
                    let expected: Vec<f64> = match gradient.is_empty() {
                        true => expected.clone(),
                        false => places.iter().map(|&place| expected[place]).collect(),
                    };
                    assert_near(&format!("{what}, {name}"), gradient.into_iter(), &expected);
                }
            }
        }
    }
}
