//! The lab: pages that teach contractive and variational autoencoders on the built-in digits.
//!
//! A page is text with equations, source code and commands (`pages`), and figures, whose numbers
//! the library computes from models that are trained at the first start (`models`, `figures`).

mod digits;
mod export;
mod figures;
mod models;
mod pages;
mod recipes;
mod training;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{RawQuery, State};
use axum::response::{Html, IntoResponse};
use axum::routing::{get, post};
use axum::{Json, Router};
use diabolo::pipeline::Cancel;
use diabolo::{Config, Error, Result};
use serde_json::{Value, json};

use crate::assets;
use crate::wire::{Answer, computed, object};
use digits::Digits;
use figures::Query;
use models::Models;

/// Figures that are kept: those of every setting of the pages, and some more.
const KEPT: usize = 2000;

/// A figure, or the place of one that is being computed.
type Kept = Arc<Mutex<Option<Arc<Value>>>>;

/// The digits, the models, the figures that were computed, and what ends the training.
pub struct Lab {
    pub(crate) digits: Digits,
    pub(crate) models: Arc<Models>,
    figures: Mutex<BTreeMap<Query, Kept>>,
    pub(crate) cancel: Cancel,
}

impl Lab {
    /// Starts to train the models, or finds them in the folder of the last start. It ends with
    /// `cancel`.
    ///
    /// # Errors
    /// None, unless the program is damaged.
    pub fn start(cancel: &Cancel) -> Result<Self> {
        Self::of(Models::start(models::usual_folder(), &[], cancel.clone()), cancel)
    }

    fn of(models: Arc<Models>, cancel: &Cancel) -> Result<Self> {
        let figures = Mutex::default();
        Ok(Lab { digits: Digits::new()?, models, figures, cancel: cancel.clone() })
    }

    /// The row of the digits that a setting names.
    fn row(&self, query: &Query, name: &str) -> Result<usize> {
        let (row, count): (usize, _) = (query.number(name)?, self.digits.labels.len());
        if row < count { Ok(row) } else { Err(wrong(name, format!("a row below {count}"), row)) }
    }

    /// A figure with settings of a finite number of values; computed once, also for several that
    /// ask at the same time.
    fn figure(&self, query: &Query) -> Result<Arc<Value>> {
        let place = {
            let mut kept = self.figures.lock().unwrap_or_else(PoisonError::into_inner);
            match kept.get(query) {
                Some(place) => place.clone(),
                None if kept.len() < KEPT => kept.entry(query.clone()).or_default().clone(),
                None => Kept::default(),
            }
        };
        let mut place = place.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = &*place {
            return Ok(found.clone());
        }
        let made = Arc::new(figures::figure(self, query)?);
        Ok(place.insert(made).clone())
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
    let found = computed(move || lab.figure(&query)).await?;
    Ok(Json(&*found).into_response())
}

/// A figure of a drawn digit, or of a code.
async fn live(State(lab): State<Arc<Lab>>, Json(body): Json<Value>) -> Answer {
    object(computed(move || figures::live(&lab, &body)).await?)
}

async fn progress(State(lab): State<Arc<Lab>>) -> Answer {
    let (ready, all, running) = lab.models.progress();
    let running = running.map(|(recipe, share)| json!({ "command": recipe.command(), "share": share }));
    object(json!({ "ready": ready, "all": all, "running": running }))
}

/// The commands that fit the models of the lab, with the settings that the lab fits them with.
///
/// # Errors
/// None, as a test checks.
pub fn commands() -> Result<Vec<(String, Config)>> {
    recipes::RECIPES.iter().map(|recipe| Ok((recipe.command(), recipe.config()?))).collect()
}

/// The command lines that the pages show.
pub fn commands_of_pages() -> Vec<String> {
    pages::commands()
}

/// A setting that a figure lacks or does not know.
fn wrong(name: &str, expected: impl Into<String>, found: impl std::fmt::Display) -> Error {
    Error::invalid_value(name, expected, found)
}
