//! What is open: runs, their models, columns and latent dimensions.

use std::sync::Arc;

use axum::extract::State;
use diabolo::data::image::{image_scale, image_shape};
use diabolo::pipeline::Part;
use diabolo::task::latent_names;
use serde_json::{Value, json};

use crate::state::{Explorer, Shown};
use crate::wire::{Answer, computed, object};

pub(super) async fn session(State(explorer): State<Arc<Explorer>>) -> Answer {
    let runs =
        computed(move || Ok(explorer.runs().iter().map(|run| described(run)).collect::<Vec<_>>())).await?;
    object(json!({ "runs": runs }))
}

/// What a reader should know of each run now: the page asks again while it is open.
pub(super) async fn notes(State(explorer): State<Arc<Explorer>>) -> Answer {
    object(computed(move || Ok(explorer.runs().iter().map(|run| run.notes()).collect::<Vec<_>>())).await?)
}

fn described(run: &Shown) -> Value {
    let (space, saved) = (&run.space, run.space.predictor().saved());
    let (header, schema) = (&saved.header, &saved.header.preprocessor.schema);
    let columns =
        schema.features.iter().map(|feature| json!({ "name": feature.name, "kind": feature.kind.name() }));
    let conditions = schema
        .condition
        .iter()
        .map(|feature| json!({ "name": feature.name, "levels": feature.kind.categories() }));
    let image = schema.image_shape();
    let fields = space.rows().schema();
    let scale = fields.fields().iter().find(|field| image_shape(field).is_some()).map(|f| image_scale(f));
    let effects = space.effects();
    json!({
        "name": run.name,
        "family": saved.architecture.family.name(),
        "layers": saved.architecture.encoder_shapes(),
        "input": space.input(),
        "rows": space.order().len(),
        "parts": parts(run),
        "image": image,
        "scale": scale,
        "window": header.config.data.window,
        "columns": columns.collect::<Vec<_>>(),
        "label": schema.label,
        "key": schema.key,
        "conditions": conditions.collect::<Vec<_>>(),
        "latent": latent_names(saved),
        "dimensions": dimensions(run),
        "cannot_decode": effects.as_ref().err().map(ToString::to_string),
        "effects": effects.unwrap_or_default(),
        "codebooks": space.codebooks(),
        "scores": saved.detector.is_some(),
        "notes": run.notes(),
    })
}

/// The mean, the standard deviation and the range of each latent dimension.
fn dimensions(run: &Shown) -> Vec<[f32; 4]> {
    let width = run.space.latent_dim();
    let mut sums = vec![[0f64, 0.0, f64::INFINITY, f64::NEG_INFINITY]; width];
    for code in run.space.codes().chunks_exact(width) {
        for (sums, &z) in sums.iter_mut().zip(code) {
            let z = f64::from(z);
            *sums = [sums[0] + z, sums[1] + z * z, sums[2].min(z), sums[3].max(z)];
        }
    }
    let n = run.space.order().len() as f64;
    let of = |[sum, squares, low, high]: [f64; 4]| {
        let mean = sum / n;
        [mean, (squares / n - mean * mean).max(0.0).sqrt(), low, high].map(|v| v as f32)
    };
    sums.into_iter().map(of).collect()
}

/// The number of rows in each part.
fn parts(run: &Shown) -> Value {
    let count = |part: Part| run.space.parts().iter().filter(|other| **other == part).count();
    json!({
        "train": count(Part::Train),
        "validation": count(Part::Validation),
        "test": count(Part::Test),
        "other": count(Part::Other),
    })
}
