//! Training of the latent part of a forecast.

use super::events::{Cancel, Event, OnEvent};
use crate::data::Encoded;
use crate::model::forecast::{ForecastModel, LatentForecast, SplitSeries, WindowsFor, drawn_windows};
use crate::model::{Batch, Context, Trainable};
use crate::random::{Purpose, stream};
use crate::tensor::{Device, to_host};
use crate::train::{self, Hooks, Progress, TrainingConfig, TrainingData};
use crate::{Result, stats::percent};

/// Progress and cancellation; what a doctor says of an autoencoder does not suit a correction.
pub(super) struct Steps<'w, 'a> {
    pub on_event: &'w mut OnEvent<'a>,
    pub cancel: &'w Cancel,
}

impl<M> Hooks<M> for Steps<'_, '_> {
    fn step(&mut self, progress: &Progress) {
        (self.on_event)(Event::Step(progress));
    }

    fn interrupted(&self) -> bool {
        self.cancel.is_cancelled()
    }
}

/// Epochs of training, at most.
const LATENT_EPOCHS: usize = 20;
/// Windows to train on, to stop by, and to judge by, at most.
const WINDOWS: [usize; 3] = [16_384, 4096, 4096];
/// The fewest to train on.
const FEWEST: usize = 1000;
/// The squared error must fall by this share in both halves of the validation part.
const CLEARLY: f64 = 0.02;

/// Adds a latent part to a model if that clearly lowers the squared error on validation windows;
/// says what came of it. The first half of the validation part says when to stop; that choice is
/// judged by the second half, too.
pub(super) fn add_latent(
    model: &mut ForecastModel,
    series: &[SplitSeries],
    config: &TrainingConfig,
    hooks: &mut dyn Hooks<LatentForecast>,
) -> Result<String> {
    let device = Device::cpu();
    let window = model.matrices[0].window;
    let [train, validation, later] = [0, 1, 2].map(|part| rows(model, series, window, part));
    if train.rows < FEWEST || validation.rows == 0 || later.rows == 0 {
        let few =
            format!("{} training windows are too few for a latent model: the forecast is linear", train.rows);
        return Ok(few);
    }
    let mut config = TrainingConfig {
        patience: config.patience.min(4),
        batch_size: config.batch_size.or(Some(128)),
        epochs: config.epochs.or(Some(LATENT_EPOCHS)),
        ..config.clone()
    };
    config.resolve(train.rows, 0.001)?;
    let noise = &mut stream(config.seed, Purpose::InitializeForecast, 0, 0);
    let start = LatentForecast::new(window, model.horizon, noise, &device);
    let before = [&validation, &later].map(|rows| squared_error(&start, rows, &device));
    let data = TrainingData { train: &train, validation: &validation };
    let trained = train::fit(start, None, &data, &config, &device, hooks)?.model;
    let after = [&validation, &later].map(|rows| squared_error(&trained, rows, &device));
    let gain = (1.0 - after[0] / before[0]).min(1.0 - after[1] / before[1]);
    if gain < CLEARLY || !gain.is_finite() {
        return Ok(
            "a latent model is not clearly better on validation windows: the forecast is linear".into()
        );
    }
    model.latent = Some(trained);
    Ok(format!(
        "the latent model lowers the squared error of the ridge by {} on validation windows",
        percent(gain)
    ))
}

/// The mean of the loss.
fn squared_error(model: &LatentForecast, rows: &Encoded, device: &Device) -> f64 {
    let all: Vec<usize> = (0..rows.rows).collect();
    let mut sum = 0.0;
    for chunk in all.chunks(model.max_batch_rows(rows.width)) {
        let noise = &mut stream(0, Purpose::EvaluateForecast, 0, chunk[0] as u64);
        let mut context = Context { noise, epochs: 0.0, training: false, rows: rows.rows, device };
        for term in model.loss(&Batch::gather(rows, chunk, device), &mut context) {
            sum += to_host(term.value).iter().map(|x| f64::from(*x)).sum::<f64>();
        }
    }
    sum / rows.rows.max(1) as f64
}

/// Windows of the training part (0), or of the first (1) or the second (2) half of
/// the validation part.
fn rows(model: &ForecastModel, series: &[SplitSeries], window: usize, part: usize) -> Encoded {
    let horizon = model.horizon;
    let mut places = vec![];
    for (at, one) in series.iter().enumerate() {
        for (column, values) in one.columns.iter().enumerate() {
            let Some(values) = values.as_ref().filter(|_| one.deviation[column] > 0.0) else { continue };
            let [first, second] = one.parts.validation_halves();
            let steps = [one.parts.train.clone(), first, second];
            let runs = values.origins(&steps[part], window, horizon);
            places.extend(runs.into_iter().flatten().map(|origin| (at, column, origin)));
        }
    }
    let mut encoded = vec![];
    for (at, column, origin) in drawn_windows(places, WINDOWS[part], WindowsFor::Latent, part) {
        let one = &series[at];
        let (Some(values), unit) = (&one.columns[column], one.deviation[column]) else { continue };
        let deviation = model.window_deviation(values, origin, unit);
        let made = model.predict_linear(column, values, origin);
        encoded.extend(LatentForecast::standardized(&values.before(origin, window), deviation));
        encoded.extend(made.iter().zip(&values.values[origin..]).map(|(y, x)| ((x - y) / unit) as f32));
        encoded.push((deviation / unit) as f32);
    }
    Encoded::from_values(encoded, window + horizon + 1)
}
