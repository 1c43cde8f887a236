//! What the width of the code does to a plain autoencoder.

use diabolo::Result;
use diabolo::stats::PrincipalSubspace;
use diabolo::task;
use diabolo::tensor::Device;
use serde_json::{Value, json};

use super::{Lab, mean_squared_error};
use crate::lab::digits::{PIXELS, pictures};

/// Widths of the code.
const WIDTHS: [usize; 6] = [1, 2, 4, 8, 16, 32];

/// Reconstructions by width, beside principal components of the same number.
pub(super) fn by_width(lab: &Lab) -> Result<Value> {
    let device = Device::cpu();
    let rows = lab.digits.select(&lab.digits.test);
    let shown = lab.digits.select(&lab.digits.examples);
    let components = PrincipalSubspace::fit(&lab.digits.select(&lab.digits.train).values, PIXELS)?;
    let of = |&width: &usize| {
        let trained = lab.models.get(&format!("width-{width}"))?;
        let saved = trained.predictor.saved();
        Ok(json!({
            "width": width, "command": trained.recipe.command(),
            "mse": trained.metrics.mse,
            "components": mean_squared_error(&components.project(&rows.values, width), &rows.values),
            "pictures": pictures(&task::project(saved, &shown, &device)),
            "component_pictures": pictures(&components.project(&shown.values, width)),
        }))
    };
    Ok(json!({
        "originals": pictures(&shown.values),
        "widths": WIDTHS.iter().map(of).collect::<Result<Vec<_>>>()?,
    }))
}
