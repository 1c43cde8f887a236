//! One row: its cells, its reconstruction, its score with reasons, and its neighbours.

use std::sync::Arc;

use axum::extract::{Query, State};
use diabolo::Result;
use diabolo::data::texts;
use diabolo::pipeline::Neighbour;
use serde::Deserialize;
use serde_json::{Value, json};

use super::decode::{check_row, pixels};
use crate::state::{Explorer, Shown};
use crate::wire::{Answer, computed, object};

/// Neighbours shown in each space.
const NEIGHBOURS: usize = 8;

#[derive(Deserialize)]
pub(super) struct Asked {
    run: usize,
    row: usize,
}

pub(super) async fn row(State(explorer): State<Arc<Explorer>>, Query(asked): Query<Asked>) -> Answer {
    let run = explorer.run(asked.run)?;
    object(computed(move || described(&run, asked.row)).await?)
}

fn described(run: &Shown, number: usize) -> Result<Value> {
    let space = &run.space;
    let row = space.rows_at(&[check_row(space, number)?])?;
    let predictor = space.predictor().clone().explain_all(true);
    let (reconstructed, scored) = run.alone(|_| (predictor.reconstruct(&row), predictor.score(&row)));
    let reconstructed = reconstructed?;
    let schema = &predictor.saved().header.preprocessor.schema;
    let cell = |rows, name: &str| texts(rows, name).and_then(|cells| cells[0].clone());
    let aside = schema.key.iter().chain(&schema.label).map(|name| (name.clone(), "aside"));
    let features = schema.features.iter().map(|feature| (feature.name.clone(), feature.kind.name()));
    let cells = aside.chain(features).filter(|(_, kind)| *kind != "image").map(|(name, kind)| {
        json!({ "name": name, "kind": kind, "text": cell(&row, &name), "back": cell(&reconstructed, &name) })
    });
    let (width, near) = (space.latent_dim(), space.neighbours(number, NEIGHBOURS));
    let scored = scored.ok();
    let described = |found: &[Neighbour]| found.iter().map(|n| neighbour(run, n)).collect::<Result<Vec<_>>>();
    Ok(json!({
        "row": number,
        "part": space.parts()[number],
        "cells": cells.collect::<Vec<_>>(),
        "pixels": pixels(&row, 0)?,
        "back": pixels(&reconstructed, 0)?,
        "code": space.codes()[number * width..(number + 1) * width],
        "score": scored.as_ref().map(|scored| scored.scores[0]),
        "p_value": scored.as_ref().map(|scored| scored.p_values[0]),
        "reasons": scored.map(|mut scored| scored.reasons.swap_remove(0)),
        "latent": described(&near.latent)?,
        "input": described(&near.input)?,
        "shared": near.shared,
    }))
}

/// A neighbour with its picture, or its label.
fn neighbour(run: &Shown, found: &Neighbour) -> Result<Value> {
    let row = run.space.rows_at(&[found.row])?;
    let schema = &run.space.predictor().saved().header.preprocessor.schema;
    let name = schema.label.as_ref().or(schema.key.as_ref());
    let text = name.and_then(|name| texts(&row, name)?.swap_remove(0));
    Ok(json!({ "row": found.row, "distance": found.distance, "pixels": pixels(&row, 0)?, "text": text }))
}
