//! How an encoder weighs the model and the counts of each column of a block.
//!
//! Of up to 2048 rows, the cost of each cell is summed up for every weight w, discount δ and the
//! most promising parents, with codes drawn from the posterior, and with the code 0 for all rows,
//! which saves the divergence; the cheapest is written in the block. A decoder needs none of this.

use std::collections::HashMap;

use super::column::{Context, Keys, MOST_PARENTS, Tally, WHOLE};
use super::counts::Discount;
use super::model::Descriptions;
use super::rows::{Rows, keys};
use super::space::Space;
use crate::random::{Purpose, standard_normal, stream};
use crate::stats::elementary::double::{exp, log2};

const SAMPLED_ROWS: usize = 2048;
const WEIGHTS: [u8; 7] = [0, 1, 2, 4, 8, 12, WHOLE];
const DISCOUNTS: [Discount; 3] = [1, 4, 6];
/// Columns with more different cells neither are nor have parents.
const MOST_VALUES: usize = 1024;
/// The columns before a column that may be its parent.
const NEAR: usize = 64;
/// The parents of which the cost is computed exactly.
const TRIED_PARENTS: usize = 3;
/// The guessed cost of a spelled-out byte, in bits, after zstd.
const BITS_OF_BYTE: f64 = 4.0;

/// What is best for a column.
struct Choice {
    /// The cost of the sampled cells, in bits.
    cost: f64,
    parents: Vec<usize>,
    weight: u8,
    discount: Discount,
}

/// Completes the plans of columns whose spaces are known.
pub(super) fn choose(rows: &mut Rows, count: usize) {
    let mut has_images = false;
    for column in &mut rows.columns {
        let described = column.symbols.iter().filter(|symbol| symbol.is_some()).count();
        column.plan.kinds = [described > 0, described < column.values.len()];
        column.plan.constant = (column.values.len() == 1).then(|| column.values[0].clone());
        has_images |= matches!(column.plan.space, Space::Pixels { .. });
    }
    let step = count.div_ceil(SAMPLED_ROWS).max(1);
    let sampled: Vec<usize> = (0..count).step_by(step).collect();
    // Without their codes, images are noise.
    let (with, divergence) = if has_images { (vec![], 0.0) } else { drawn(rows, &sampled) };
    let (mut best, mut cost) = (choices(rows, &sampled, &with), divergence);
    cost += best.iter().flatten().map(|choice| choice.cost).sum::<f64>();
    if !has_images {
        let without = choices(rows, &sampled, &undrawn(rows, &sampled));
        if without.iter().flatten().map(|choice| choice.cost).sum::<f64>() < cost {
            (best, rows.coded) = (without, false);
        }
    }
    for (column, choice) in rows.columns.iter_mut().zip(best) {
        if let Some(Choice { parents, weight, discount, .. }) = choice {
            (column.plan.parents, column.plan.weight, column.plan.discount) = (parents, weight, discount);
        }
    }
}

/// The best for every column that has a choice.
fn choices(rows: &Rows, sampled: &[usize], probabilities: &[Vec<f64>]) -> Vec<Option<Choice>> {
    let choice = |column: usize| {
        let plan = &rows.columns[column].plan;
        let has_one = plan.constant.is_none() && !matches!(plan.space, Space::Pixels { .. });
        let ones = vec![1.0; sampled.len()];
        has_one.then(|| best(rows, column, sampled, probabilities.get(column).unwrap_or(&ones)))
    };
    (0..rows.columns.len()).map(choice).collect()
}

/// The best parents, by trying one more at a time.
fn best(rows: &Rows, column: usize, sampled: &[usize], probabilities: &[f64]) -> Choice {
    let mut best = cheapest(rows, column, vec![], sampled, probabilities);
    let promising = parents(rows, column);
    for _ in 0..MOST_PARENTS {
        let known = best.parents.clone();
        for &parent in promising.iter().filter(|&parent| !known.contains(parent)) {
            let tried =
                cheapest(rows, column, [known.as_slice(), &[parent]].concat(), sampled, probabilities);
            if tried.cost < best.cost {
                best = tried;
            }
        }
    }
    best
}

/// p(cell|z) of the sampled rows with z drawn from q(z|x), by column, and the sum of the
/// divergences KL(q(z|x) ‖ p(z)) in bits.
fn drawn(rows: &Rows, sampled: &[usize]) -> (Vec<Vec<f64>>, f64) {
    let mut found = vec![vec![]; rows.columns.len()];
    let (noise, mut divergence) = (&mut stream(0, Purpose::CodecPlan, 0, 0), 0.0);
    for chunk in sampled.chunks(64) {
        let posteriors = rows.describer.posteriors(rows.encoded(chunk.iter().copied()));
        let epsilon = standard_normal(noise, posteriors.mean.len());
        let mut codes = vec![];
        for ((mean, log_variance), epsilon) in
            posteriors.mean.iter().zip(&posteriors.log_variance).zip(epsilon)
        {
            let (mu, log_variance) = (f64::from(*mean), f64::from(*log_variance));
            divergence += 0.5 * (mu * mu + exp(log_variance) - 1.0 - log_variance) * std::f64::consts::LOG2_E;
            codes.push(mean + exp(0.5 * log_variance) as f32 * epsilon);
        }
        add_probabilities(rows, chunk, &rows.describer.descriptions(codes), &mut found);
    }
    (found, divergence)
}

/// p(cell|0) of the sampled rows, by column.
fn undrawn(rows: &Rows, sampled: &[usize]) -> Vec<Vec<f64>> {
    let mut found = vec![vec![]; rows.columns.len()];
    for chunk in sampled.chunks(64) {
        let codes = vec![0.0; chunk.len() * rows.describer.latent_dim()];
        add_probabilities(rows, chunk, &rows.describer.descriptions(codes), &mut found);
    }
    found
}

/// 1 where the model does not describe the cell.
fn add_probabilities(rows: &Rows, chunk: &[usize], descriptions: &Descriptions, found: &mut [Vec<f64>]) {
    for (found, column) in found.iter_mut().zip(&rows.columns) {
        for (at, &row) in chunk.iter().enumerate() {
            let law = column.feature.and_then(|feature| descriptions.of(feature, at));
            let symbol = column.symbols[column.ids[row] as usize];
            found.push(
                law.zip(symbol).map_or(1.0, |(law, symbol)| column.plan.space.probability(law, symbol)),
            );
        }
    }
}

/// The most promising parents of a column: those given which its cells are cheapest by counts
/// alone.
fn parents(rows: &Rows, column: usize) -> Vec<usize> {
    let few = |at: usize| (2..=MOST_VALUES).contains(&rows.columns[at].values.len());
    if !few(column) {
        return vec![];
    }
    let near = (0..column).rev().take(NEAR).filter(|&at| few(at) && rows.columns[at].plan.constant.is_none());
    let mut costs: Vec<(f64, usize)> =
        near.map(|parent| (cost_given(rows, column, parent), parent)).collect();
    costs.sort_by(|a, b| a.0.total_cmp(&b.0));
    costs.into_iter().take(TRIED_PARENTS).map(|(_, parent)| parent).collect()
}

/// The cost of a sample of the cells of a column by counts given the parent, in bits.
fn cost_given(rows: &Rows, column: usize, parent: usize) -> f64 {
    let (own, given) = (&rows.columns[column], &rows.columns[parent].ids);
    let count = own.ids.len();
    let base = 1.0 / own.values.len() as f64;
    let mut pairs: HashMap<(u32, u32), f64> = HashMap::new();
    let mut contexts: HashMap<u32, (f64, f64)> = HashMap::new();
    let mut bits = 0.0;
    for row in (0..count).step_by(count.div_ceil(2 * SAMPLED_ROWS)) {
        let seen = pairs.entry((given[row], own.ids[row])).or_default();
        let (all, different) = contexts.entry(given[row]).or_default();
        let new = (0.5 + 0.5 * *different) / (*all + 0.5) * base;
        bits -= log2((*seen - 0.5).max(0.0) / (*all + 0.5) + new);
        *different += if *seen == 0.0 { 1.0 } else { 0.0 };
        (*seen, *all) = (*seen + 1.0, *all + 1.0);
    }
    bits
}

/// The cost of the sampled cells given these parents, with the best weight and discount.
fn cheapest(
    rows: &Rows,
    column: usize,
    parents: Vec<usize>,
    sampled: &[usize],
    probabilities: &[f64],
) -> Choice {
    let own = &rows.columns[column];
    let mut tally = Tally::default();
    let mut others = 0.0;
    let mut costs = [[0.0; WEIGHTS.len()]; DISCOUNTS.len()];
    let mut next = sampled.iter().zip(probabilities).peekable();
    for (row, &id) in own.ids.iter().enumerate() {
        let keys: Keys = keys(&rows.columns, &parents, row);
        let described = own.symbols[id as usize].is_some();
        if let Some((_, &probability)) = next.next_if(|(sampled, _)| **sampled == row) {
            let context = tally.of(parents.len(), &keys);
            let is_other = context.share_of_others(own.plan.kinds);
            others -= log2(if described { 1.0 - is_other } else { is_other });
            match described {
                true => add_costs(&mut costs, &context, id, probability),
                false => others += cost_of_other(&context, id, own.values[id as usize].as_deref()),
            }
        }
        tally.add(parents.len(), &keys, id, described);
    }
    let all = DISCOUNTS.iter().zip(&costs).flat_map(|(&discount, costs)| {
        WEIGHTS.iter().zip(costs).map(move |(&weight, cost)| (others + cost, weight, discount))
    });
    let best = all.min_by(|a, b| a.0.total_cmp(&b.0));
    let (cost, weight, discount) = best.unwrap_or((others, WHOLE, 4));
    Choice { cost, parents, weight, discount }
}

/// Adds the cost of a cell that the model describes with this probability.
fn add_costs(
    costs: &mut [[f64; WEIGHTS.len()]; DISCOUNTS.len()],
    context: &Context,
    id: u32,
    probability: f64,
) {
    for (&discount, costs) in DISCOUNTS.iter().zip(costs) {
        for (&weight, cost) in WEIGHTS.iter().zip(costs) {
            *cost -= log2(context.probabilities(id, probability, weight, discount)[MOST_PARENTS + 1]);
        }
    }
}

fn cost_of_other(context: &Context, id: u32, cell: Option<&[u8]>) -> f64 {
    match context.other(id) {
        (share, Some(mass)) => -log2(share * mass.share()),
        (share, None) => -log2(1.0 - share) + BITS_OF_BYTE * (1 + cell.map_or(0, <[u8]>::len)) as f64,
    }
}
