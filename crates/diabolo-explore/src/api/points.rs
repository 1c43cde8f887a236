//! The points of the map, and what lies between them.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Query, State};
use diabolo::Error;
use serde::Deserialize;
use serde_json::json;

use super::axes;
use crate::state::Explorer;
use crate::wire::{Answer, Buffers, computed, object};

/// Points of the heat map and of its arrows along each side.
const HEAT: usize = 56;
const ARROWS: usize = 16;

#[derive(Deserialize)]
pub(super) struct Map {
    run: usize,
    axes: String,
}

/// Row numbers in the order of the map, then x and y of each.
pub(super) async fn points(State(explorer): State<Arc<Explorer>>, Query(map): Query<Map>) -> Answer {
    let run = explorer.run(map.run)?;
    let axes = axes(&map.axes)?;
    let (order, x, y, plane) = computed(move || {
        let plane = run.space.plane(axes)?;
        let [x, y] = run.space.places(&plane);
        let order: Vec<u32> = run.space.order().iter().map(|&row| row as u32).collect();
        Ok((order, x, y, plane))
    })
    .await?;
    let head = json!({ "count": order.len(), "plane": plane });
    let at = |values: &[f32]| order.iter().map(|&row| values[row as usize]).collect::<Vec<_>>();
    Buffers::default().u32(order.iter().copied()).f32(at(&x)).f32(at(&y)).behind(&head)
}

/// How well the plane keeps neighbours.
pub(super) async fn quality(State(explorer): State<Arc<Explorer>>, Query(map): Query<Map>) -> Answer {
    let run = explorer.run(map.run)?;
    let axes = axes(&map.axes)?;
    object(computed(move || run.space.quality(&run.space.plane(axes)?)).await?)
}

#[derive(Deserialize)]
pub(super) struct Heat {
    run: usize,
    axes: String,
    x0: f32,
    x1: f32,
    y0: f32,
    y1: f32,
    /// Condition columns and their values, as a JSON object.
    #[serde(default)]
    given: String,
}

/// The values of condition columns in an address; an empty text is none.
fn conditions(text: &str) -> diabolo::Result<Vec<(String, String)>> {
    if text.is_empty() {
        return Ok(vec![]);
    }
    let parsed: Result<BTreeMap<String, String>, _> = serde_json::from_str(text);
    let wrong = |_| Error::invalid_value("given", "a JSON object of columns and their values", text);
    Ok(parsed.map_err(wrong)?.into_iter().collect())
}

/// ‖J_f(g(z))‖_F on a grid over the rectangle, row by row from y0; then the ends of arrows from z
/// to the point of f(g(z)), x and y in turn, on a coarser grid.
pub(super) async fn heat(State(explorer): State<Arc<Explorer>>, Query(heat): Query<Heat>) -> Answer {
    let run = explorer.run(heat.run)?;
    let (axes, given) = (axes(&heat.axes)?, conditions(&heat.given)?);
    let grid = |n: usize| {
        let at = move |k: usize, low: f32, high: f32| low + (high - low) * (k as f32 + 0.5) / n as f32;
        let (x0, x1, y0, y1) = (heat.x0, heat.x1, heat.y0, heat.y1);
        (0..n * n).map(move |i| [at(i % n, x0, x1), at(i / n, y0, y1)]).collect::<Vec<_>>()
    };
    let (fine, coarse) = (grid(HEAT), grid(ARROWS));
    let (norms, ends) = computed(move || {
        run.alone(|space| {
            let plane = space.plane(axes)?;
            let codes =
                |points: Vec<[f32; 2]>| points.into_iter().flat_map(|p| plane.code(p)).collect::<Vec<_>>();
            let norms = space.returned(&codes(fine), &given)?.norms;
            let back = space.returned(&codes(coarse), &given)?.codes;
            let ends = back.chunks_exact(space.latent_dim()).flat_map(|code| plane.place(code));
            Ok((norms, ends.collect::<Vec<_>>()))
        })
    })
    .await?;
    let head = json!({ "heat": HEAT, "arrows": ARROWS });
    Buffers::default().f32(norms).f32(ends).behind(&head)
}
