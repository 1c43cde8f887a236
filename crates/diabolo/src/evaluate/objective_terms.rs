//! The terms of the objective on rows.

use std::collections::BTreeMap;

use super::evaluation::total;
use crate::data::Encoded;
use crate::model::{Batch, CHUNK, Context, Trainable};
use crate::random::{Purpose, stream};
use crate::tensor::{Device, to_host};

/// The terms of the objective by name: the mean over rows, in nats per example, and the weight at
/// the end of training. Rows are not corrupted; `model` without autodiff.
pub fn objective_terms<M: Trainable>(
    model: &M,
    rows: &Encoded,
    seed: u64,
    device: &Device,
) -> BTreeMap<String, (f64, f64)> {
    let noise = &mut stream(seed, Purpose::EvaluatedTerms, 0, 0);
    let all: Vec<usize> = (0..rows.rows).collect();
    let mut terms: BTreeMap<String, (f64, f64)> = BTreeMap::new();
    for chunk in all.chunks(model.max_batch_rows(rows.width).min(CHUNK)) {
        let context = &mut Context { noise, epochs: f64::INFINITY, training: false, rows: rows.rows, device };
        for term in model.loss(&Batch::gather(rows, chunk, device), context) {
            let entry = terms.entry(term.name.into()).or_insert((0.0, term.weight));
            entry.0 += total(&to_host(term.value)) / rows.rows as f64;
        }
    }
    terms
}
