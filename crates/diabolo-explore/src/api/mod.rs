//! What the explorer's page asks for. No path has parameters.

mod colors;
mod decode;
mod points;
mod row;
mod selection;
mod session;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use diabolo::pipeline::Axes;
use diabolo::{Error, Result};

use crate::state::Explorer;

pub(crate) fn router(explorer: Arc<Explorer>) -> Router {
    Router::new()
        .route("/api/session", get(session::session))
        .route("/api/notes", get(session::notes))
        .route("/api/points", get(points::points))
        .route("/api/quality", get(points::quality))
        .route("/api/heat", get(points::heat))
        .route("/api/color", get(colors::color))
        .route("/api/row", get(row::row))
        .route("/api/decode", post(decode::decode))
        .route("/api/encode", post(decode::encode))
        .route("/api/selection", post(selection::selection))
        .route("/api/export", post(selection::export))
        .with_state(explorer)
}

/// The axes that a request names: "principal", or two latent dimensions such as "0,3".
fn axes(text: &str) -> Result<Axes> {
    let wrong = || Error::invalid_value("axes", "principal, or two numbers such as 0,3", text);
    if text == "principal" {
        return Ok(Axes::Principal);
    }
    let (a, b) = text.split_once(',').ok_or_else(wrong)?;
    let number = |text: &str| text.parse().map_err(|_| wrong());
    Ok(Axes::Dimensions(number(a)?, number(b)?))
}
