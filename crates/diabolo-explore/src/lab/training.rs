//! Live training: one event for each epoch, until the page goes away.

use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::sse::{Event as Message, Sse};
use diabolo::artifact::Run;
use diabolo::pipeline::{Cancel, Event, Fitted};
use diabolo::report::fitted_report;
use diabolo::task;
use diabolo::tensor::Device;
use diabolo::{Config, FitJob, Result};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc::{Sender, channel};
use tokio_stream::wrappers::ReceiverStream;

use super::digits::pictures;
use super::models::findings;
use super::recipes::INPUT;
use super::{Lab, wrong};
use crate::wire::{Answer, computed, object};

/// Epochs of a fit on a page, at most.
const MOST_EPOCHS: usize = 500;
/// Events that may wait for a slow page.
const WAITING: usize = 64;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    /// Assignments such as "model.latent_dim=2".
    settings: Vec<String>,
}

impl Settings {
    fn config(&self) -> Result<Config> {
        let mut config = Config::default();
        for setting in &self.settings {
            // Nothing of the data can be changed: no path is read.
            if !["model.", "training."].iter().any(|part| setting.starts_with(part)) {
                return Err(wrong("settings", "keys of model and training", setting));
            }
            config.set(setting)?;
        }
        match config.training.epochs {
            Some(epochs) if epochs > MOST_EPOCHS => {
                Err(wrong("epochs", format!("{MOST_EPOCHS} or fewer"), epochs))
            }
            _ => Ok(config),
        }
    }
}

/// Trains, and sends an event for each epoch.
pub(super) async fn train(State(lab): State<Arc<Lab>>, Json(settings): Json<Settings>) -> Answer {
    let config = settings.config()?;
    let (sender, receiver) = channel::<std::result::Result<Message, Infallible>>(WAITING);
    std::thread::spawn(move || {
        let cancel = Cancel::new();
        let last = match fit(&lab, config, &cancel, &sender) {
            Ok(fitted) => done(&lab, &fitted),
            Err(error) => json!({ "error": error.to_string() }),
        };
        let _ = sender.blocking_send(Ok(message(&last)));
    });
    Ok(Sse::new(ReceiverStream::new(receiver)).into_response())
}

fn message(value: &Value) -> Message {
    Message::default().data(value.to_string())
}

fn fit(
    lab: &Lab,
    config: Config,
    cancel: &Cancel,
    sender: &Sender<std::result::Result<Message, Infallible>>,
) -> Result<Fitted> {
    let watch = |event: Event| {
        if let Event::Epoch(record, epochs) = event {
            let words: Vec<&str> = record.findings.iter().map(|found| found.message.as_str()).collect();
            let value = json!({
                "epoch": record.epoch, "epochs": epochs, "train": record.train,
                "validation": record.validation, "doctor": words,
            });
            // The page has gone, or the program ends.
            if sender.blocking_send(Ok(message(&value))).is_err() || lab.cancel.is_cancelled() {
                cancel.cancel();
            }
        }
    };
    FitJob::input(INPUT).config(config).cancel(cancel.clone()).on_event(watch).run()
}

/// The metrics, the pictures and the doctor's findings of a finished fit.
fn done(lab: &Lab, fitted: &Fitted) -> Value {
    let saved = fitted.predictor.saved();
    let shown = lab.digits.select(&lab.digits.examples);
    let made = task::project(saved, &shown, &Device::cpu());
    json!({
        "done": true, "metrics": fitted.metrics, "seconds": fitted.seconds,
        "originals": pictures(&shown.values), "pictures": pictures(&made),
        "layers": saved.architecture.encoder_shapes(),
        "doctor": findings(&fitted.predictor, &fitted.history),
    })
}

/// Fits again with the same settings and seed, which gives the same model, into a run folder with a
/// report.
pub(super) async fn save(State(lab): State<Arc<Lab>>, Json(settings): Json<Settings>) -> Answer {
    let config = settings.config()?;
    let folder = computed(move || {
        let cancel = lab.cancel.clone();
        let fitted = FitJob::input(INPUT).config(config).cancel(cancel).run()?;
        let family = fitted.predictor.saved().architecture.family.name();
        let run = Run::create_numbered(Path::new("runs"), &format!("lab-{family}"))?;
        fitted.save_run(&run)?;
        let report = fitted_report(&fitted)?;
        diabolo::artifact::write_atomically(&run.report_path(), report.to_html().as_bytes())?;
        Ok(run.folder().display().to_string())
    });
    object(json!({ "folder": folder.await? }))
}
