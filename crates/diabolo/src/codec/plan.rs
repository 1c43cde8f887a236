//! How an encoder weighs the model and the counts of each column of a block.
//!
//! Of up to 2048 rows, codes are drawn from the posterior and the cost of each cell is summed up for
//! every weight w, discount δ and the most promising parents; the cheapest is written in the block.
//! A decoder needs none of this.

use std::collections::HashMap;

use super::column::{Context, Plan, Tally, WHOLE};
use super::counts::Discount;
use super::rows::Rows;
use super::space::Space;
use crate::random::{Purpose, standard_normal, stream};
use crate::stats::elementary::double::{exp, log2};

const SAMPLED_ROWS: usize = 2048;
const WEIGHTS: [u8; 10] = [0, 1, 2, 4, 6, 8, 10, 12, 14, WHOLE];
const DISCOUNTS: [Discount; 4] = [0, 2, 4, 6];
/// Columns with more different cells neither are nor have parents.
const MOST_VALUES: usize = 1024;
/// The columns before a column that may be its parent.
const NEAR: usize = 64;
/// The parents of which the cost is computed exactly.
const TRIED_PARENTS: usize = 3;
/// The guessed cost of a spelled-out byte, in bits, after zstd.
const BITS_OF_BYTE: f64 = 4.0;

/// Completes the plans of columns whose spaces are known.
pub(super) fn choose(rows: &mut Rows, count: usize) {
    let sampled: Vec<usize> = {
        let step = count.div_ceil(SAMPLED_ROWS).max(1);
        (0..count).step_by(step).collect()
    };
    let probabilities = probabilities(rows, &sampled);
    for column in 0..rows.columns.len() {
        let own = &rows.columns[column];
        if own.values.len() == 1 {
            rows.columns[column].plan.constant = Some(own.values[0].clone());
            continue;
        }
        let described = own.symbols.iter().filter(|symbol| symbol.is_some()).count();
        let (kinds, is_image) =
            ([described > 0, described < own.values.len()], matches!(own.plan.space, Space::Pixels { .. }));
        rows.columns[column].plan.kinds = kinds;
        if is_image {
            continue;
        }
        let parents = [None].into_iter().chain(parents(rows, column).into_iter().map(Some));
        let tried = parents.map(|parent| cheapest(rows, column, parent, &sampled, &probabilities[column]));
        let best = tried.min_by(|a, b| a.0.total_cmp(&b.0));
        if let Some((_, parent, weight, discount)) = best {
            let plan = &mut rows.columns[column].plan;
            (plan.parent, plan.weight, plan.discount) = (parent, weight, discount);
        }
    }
}

/// p(cell|z) of the sampled rows with z drawn from q(z|x), by column; 1 where the model does not
/// describe the cell.
fn probabilities(rows: &Rows, sampled: &[usize]) -> Vec<Vec<f64>> {
    let mut found = vec![Vec::with_capacity(sampled.len()); rows.columns.len()];
    let noise = &mut stream(0, Purpose::CodecPlan, 0, 0);
    for chunk in sampled.chunks(64) {
        let posteriors = rows.describer.posteriors(rows.encoded(chunk.iter().copied()));
        let epsilon = standard_normal(noise, posteriors.mean.len());
        let draws = posteriors.mean.iter().zip(&posteriors.log_variance).zip(epsilon);
        let codes = draws.map(|((mean, log_variance), epsilon)| {
            mean + (exp(0.5 * f64::from(*log_variance)) as f32) * epsilon
        });
        let descriptions = rows.describer.descriptions(codes.collect());
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
    found
}

/// The most promising parents of a column: those given which its cells are cheapest by counts alone.
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

/// The cost of the sampled cells with the best weight and discount, and these.
fn cheapest(
    rows: &Rows,
    column: usize,
    parent: Option<usize>,
    sampled: &[usize],
    probabilities: &[f64],
) -> (f64, Option<usize>, u8, Discount) {
    let own = &rows.columns[column];
    let given = |row: usize| parent.map_or(0, |parent| rows.columns[parent].ids[row]);
    let mut tally = Tally::default();
    let mut others = 0.0;
    let mut costs = [[0.0; WEIGHTS.len()]; DISCOUNTS.len()];
    let mut next = sampled.iter().zip(probabilities).peekable();
    for row in 0..own.ids.len() {
        let id = own.ids[row];
        let symbol = own.symbols[id as usize];
        if let Some((_, &probability)) = next.next_if(|(sampled, _)| **sampled == row) {
            let context = tally.of(given(row));
            let is_other = context.share_of_others(own.plan.kinds);
            if symbol.is_some() {
                others -= log2(1.0 - is_other);
                add_costs(&mut costs, context, id, probability);
            } else {
                others -= log2(is_other);
                others += cost_of_other(context, id, own.values[id as usize].as_deref());
            }
        }
        tally.add(given(row), id, symbol.is_some());
    }
    let all = DISCOUNTS.iter().zip(&costs).flat_map(|(discount, costs)| {
        WEIGHTS.iter().zip(costs).map(move |(weight, cost)| (others + cost, parent, *weight, *discount))
    });
    all.min_by(|a, b| a.0.total_cmp(&b.0)).unwrap_or((others, parent, WHOLE, 4))
}

/// Adds the cost of a cell that the model describes with this probability.
fn add_costs(costs: &mut [[f64; WEIGHTS.len()]; 4], context: &Context, id: u32, probability: f64) {
    for (discount, costs) in DISCOUNTS.iter().zip(costs) {
        let mut plan = Plan { discount: *discount, ..Plan::of(Space::Nothing) };
        let seen = context.probability_of_seen(&plan, id);
        for (weight, cost) in WEIGHTS.iter().zip(costs) {
            plan.weight = *weight;
            let share = context.share_of_seen(&plan);
            *cost -= log2(share * seen + (1.0 - share) * probability);
        }
    }
}

fn cost_of_other(context: &Context, id: u32, cell: Option<&[u8]>) -> f64 {
    let share = context.others.share(4);
    match context.others.mass(id, 4) {
        Some(mass) => -log2(share * f64::from(mass.size)) + 28.0,
        None => -log2(1.0 - share) + BITS_OF_BYTE * (1 + cell.map_or(0, <[u8]>::len)) as f64,
    }
}
