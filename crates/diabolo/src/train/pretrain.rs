//! Greedy layer-wise pretraining, and a fit that begins with it.
//!
//! Layer k is trained as an autoencoder of its own on the codes of the layers below, bottom first; then the whole
//! is trained jointly (Bengio et al. 2007, algorithm 1; Vincent et al. 2010, section 3.2). A stopped run begins its
//! pretraining anew when it is resumed, unless it had reached the joint training.

use std::time::Instant;

use super::trainer::Trainer;
use super::{Ended, EpochRecord, Hooks, Outcome, Progress, Resume, State, TrainingConfig, TrainingData, fit};
use crate::data::Encoded;
use crate::error::{Error, Result};
use crate::model::Layerwise;
use crate::nn::Place;

/// [`fit`], after [`pretrain`] if `config.pretrain_epochs` asks for it and nothing is resumed.
pub fn fit_pretrained<M: Layerwise>(
    model: M,
    resume: Option<Resume<M>>,
    data: &TrainingData,
    config: &TrainingConfig,
    place: &Place,
    hooks: &mut dyn Hooks<M>,
) -> Result<Outcome<M>> {
    if config.pretrain_epochs == 0 || resume.is_some() {
        return fit(model, resume, data, config, place, hooks);
    }
    let began = Instant::now();
    let pretrained = pretrain(model, data, config, place, hooks)?;
    if !matches!(pretrained.ended, Ended::Finished) {
        return Ok(pretrained);
    }
    let mut config = config.clone();
    config.max_seconds = config.max_seconds.map(|limit| (limit - began.elapsed().as_secs_f64()).max(0.0));
    let mut trainer = Trainer::new(pretrained.model, None, data, &config, place)?;
    trainer.begin_with(pretrained.state);
    trainer.run(hooks)
}

/// Trains every layer of `model` alone for `config.pretrain_epochs`, bottom first.
///
/// The records of all layers are in the outcome's history, each with its [`EpochRecord::layer`].
///
/// # Errors
/// [`Error::Config`] if the model has no two layers, or is of a family without such layers.
pub fn pretrain<M: Layerwise>(
    model: M,
    data: &TrainingData,
    config: &TrainingConfig,
    place: &Place,
    hooks: &mut dyn Hooks<M>,
) -> Result<Outcome<M>> {
    let mut state = State::default();
    let config = TrainingConfig { epochs: Some(config.pretrain_epochs), ..config.clone() };
    let mut model = model;
    let mut below: Option<(Encoded, Encoded)> = None;
    for k in 0..model.depth() {
        let layer =
            model.layer(k, place).filter(|_| model.depth() > 1).ok_or_else(|| not_stacked(&config))?;
        let (train, validation) = below.as_ref().map_or((data.train, data.validation), |(t, v)| (t, v));
        let data = TrainingData { train, validation };
        let outcome = fit(layer, None, &data, &config, place, &mut OfLayer { hooks, layer: k + 1 })?;
        let of_layer = |record| EpochRecord { layer: Some(k + 1), ..record };
        state.history.extend(outcome.state.history.into_iter().map(of_layer));
        state.seconds += outcome.state.seconds;
        if k + 1 < model.depth() {
            below = Some((outcome.model.codes(train, place), outcome.model.codes(validation, place)));
        }
        model = model.with_layer(k, outcome.model);
        if !matches!(outcome.ended, Ended::Finished | Ended::EarlyStopped) {
            return Ok(Outcome { model, state, ended: outcome.ended });
        }
    }
    Ok(Outcome { model, state, ended: Ended::Finished })
}

fn not_stacked(config: &TrainingConfig) -> Error {
    let expected = "0, or a plain, denoising, contractive or sparse model with a hidden layer: layers are pretrained one by one";
    Error::config("pretrain_epochs", expected, config.pretrain_epochs)
}

/// Tells the caller which layer it is about, and saves nothing: a checkpoint holds whole models.
struct OfLayer<'a, M> {
    hooks: &'a mut dyn Hooks<M>,
    layer: usize,
}

impl<M> Hooks<M> for OfLayer<'_, M> {
    fn step(&mut self, progress: &Progress) {
        self.hooks.step(progress);
    }

    fn epoch(&mut self, record: &EpochRecord) {
        self.hooks.epoch(&EpochRecord { layer: Some(self.layer), ..record.clone() });
    }

    fn interrupted(&self) -> bool {
        self.hooks.interrupted()
    }
}
