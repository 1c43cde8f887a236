//! The lab: pages that teach contractive and variational autoencoders on the built-in digits.
//!
//! A page is text with equations, source code and commands (`pages`), and figures, whose numbers
//! the library computes from models that are trained at the first start (`models`, `figures`).

mod digits;
mod export;
mod figures;
mod models;
mod pages;
mod training;

use std::path::Path;
use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::Html;
use axum::routing::{get, post};
use axum::{Json, Router};
use diabolo::pipeline::Cancel;
use diabolo::{Error, Result};
use serde_json::{Value, json};

use crate::assets;
use crate::wire::{Answer, computed, object};
use digits::Digits;
use figures::Query;
use models::Models;

/// The digits, the models, and what ends their training.
pub struct Lab {
    pub(crate) digits: Digits,
    pub(crate) models: Arc<Models>,
    pub(crate) cancel: Cancel,
}

impl Lab {
    /// Starts to train the models, or finds them in the folder of the last start. It ends with
    /// `cancel`.
    ///
    /// # Errors
    /// None, unless the program is damaged.
    pub fn start(cancel: &Cancel) -> Result<Self> {
        let models = Models::start(models::usual_folder(), cancel.clone());
        Ok(Lab { digits: Digits::new()?, models, cancel: cancel.clone() })
    }

    /// Writes the pages with the figures of all settings to `folder`; `progress` receives the name
    /// of each file.
    ///
    /// # Errors
    /// [`Error::Io`] if a file cannot be written; errors of training.
    pub fn export(&self, folder: &Path, progress: impl FnMut(&str)) -> Result<()> {
        export::write(self, folder, progress)
    }
}

/// The pages and their figures.
pub(crate) fn router(lab: Arc<Lab>) -> Router {
    let mut router = Router::new()
        .route("/api/lab/figure", get(figure))
        .route("/api/lab/live", post(live))
        .route("/api/lab/progress", get(progress))
        .route("/api/lab/train", post(training::train))
        .route("/api/lab/save", post(training::save));
    for page in &pages::PAGES {
        let path = if page.name == "index" { "/".to_string() } else { format!("/{}", page.name) };
        let shown = move || async move { computed(move || pages::html(page, false)).await.map(Html) };
        router = router.route(&path, get(shown));
    }
    router.with_state(lab).merge(assets::served(&assets::lab()))
}

/// A figure with settings of a finite number of values.
async fn figure(State(lab): State<Arc<Lab>>, RawQuery(query): RawQuery) -> Answer {
    let query = Query::parse(query.as_deref().unwrap_or_default());
    object(computed(move || figures::figure(&lab, &query)).await?)
}

/// A figure of a drawn digit, or of a code.
async fn live(State(lab): State<Arc<Lab>>, Json(body): Json<Value>) -> Answer {
    object(computed(move || figures::live(&lab, &body)).await?)
}

async fn progress(State(lab): State<Arc<Lab>>) -> Answer {
    let (ready, all, running) = lab.models.progress();
    let running = running.map(|(model, share)| json!({ "model": model, "share": share }));
    object(json!({ "ready": ready, "all": all, "running": running }))
}

/// A setting that a figure lacks or does not know.
fn wrong(name: &str, expected: impl Into<String>, found: impl std::fmt::Display) -> Error {
    Error::invalid_value(name, expected, found)
}
