//! Greedy layerwise pretraining, followed by joint training.
//!
//! Layer k is trained as an autoencoder on the codes of the layers below, bottom first; then all
//! layers are trained jointly (Bengio et al. 2007, algorithm 1; Vincent et al. 2010, section 3.2).
//! An interrupted run restarts pretraining when it is resumed, unless joint training had started.

use std::time::{Duration, Instant};

use super::trainer::Trainer;
use super::{
    EpochRecord, Hooks, Outcome, Progress, Resume, State, StopReason, TrainingConfig, TrainingData, fit,
};
use crate::data::Encoded;
use crate::model::Layerwise;
use crate::tensor::Device;
use crate::{Error, Result};

/// [`fit`], after [`pretrain`] if `config.pretrain_epochs` > 0 and no run is resumed.
pub fn fit_pretrained<M: Layerwise>(
    model: M,
    resume: Option<Resume<M>>,
    data: &TrainingData,
    config: &TrainingConfig,
    device: &Device,
    hooks: &mut dyn Hooks<M>,
) -> Result<Outcome<M>> {
    if config.pretrain_epochs == 0 || resume.is_some() {
        return fit(model, resume, data, config, device, hooks);
    }
    let deadline = Deadline::new(config);
    let pretrained = pretrain(model, data, config, device, hooks)?;
    if !matches!(pretrained.stop_reason, StopReason::Finished) {
        return Ok(pretrained);
    }
    let config = deadline.shorten(config);
    let mut trainer = Trainer::new(pretrained.model, None, data, &config, device)?;
    trainer.begin_with(pretrained.state);
    trainer.run(hooks)
}

/// Trains each layer of `model` for `config.pretrain_epochs`, bottom first.
///
/// The records of all layers are in the outcome's history, each with its [`EpochRecord::layer`].
///
/// # Errors
/// [`Error::Config`] if the model has fewer than two layers, or its family does not support
/// pretraining.
pub fn pretrain<M: Layerwise>(
    model: M,
    data: &TrainingData,
    config: &TrainingConfig,
    device: &Device,
    hooks: &mut dyn Hooks<M>,
) -> Result<Outcome<M>> {
    let mut state = State::default();
    let deadline = Deadline::new(config);
    let mut model = model;
    let mut below: Option<(Encoded, Encoded)> = None;
    for k in 0..model.depth() {
        let layer = model.layer(k, device).filter(|_| model.depth() > 1);
        let layer = layer.ok_or_else(|| no_stack(config.pretrain_epochs))?;
        let config = TrainingConfig { epochs: Some(config.pretrain_epochs), ..deadline.shorten(config) };
        let (train, validation) = below.as_ref().map_or((data.train, data.validation), |(t, v)| (t, v));
        let data = TrainingData { train, validation };
        let outcome = fit(layer, None, &data, &config, device, &mut OfLayer { hooks, layer: k + 1 })?;
        let of_layer = |record| EpochRecord { layer: Some(k + 1), ..record };
        state.history.extend(outcome.state.history.into_iter().map(of_layer));
        state.seconds += outcome.state.seconds;
        if k + 1 < model.depth() {
            below = Some((outcome.model.codes(train, device), outcome.model.codes(validation, device)));
        }
        model = model.with_layer(k, outcome.model);
        if !matches!(outcome.stop_reason, StopReason::Finished | StopReason::EarlyStopped) {
            return Ok(Outcome { model, state, stop_reason: outcome.stop_reason });
        }
    }
    Ok(Outcome { model, state, stop_reason: StopReason::Finished })
}

/// The error for a model that does not support pretraining.
pub(crate) fn no_stack(pretrain_epochs: usize) -> Error {
    let expected = "0, or a plain, denoising, sparse or contractive model with hidden layers: \
                    layers are pretrained one by one";
    Error::config("pretrain_epochs", expected, pretrain_epochs)
}

/// `max_seconds` limits all layers and the joint training together.
struct Deadline(Option<Instant>);

impl Deadline {
    fn new(config: &TrainingConfig) -> Self {
        // A limit beyond the range of the clock means no limit.
        let limit = config.max_seconds.and_then(|limit| Duration::try_from_secs_f64(limit).ok());
        Deadline(limit.and_then(|limit| Instant::now().checked_add(limit)))
    }

    fn shorten(&self, config: &TrainingConfig) -> TrainingConfig {
        let left = |end: Instant| end.saturating_duration_since(Instant::now()).as_secs_f64();
        TrainingConfig { max_seconds: self.0.map(left), ..config.clone() }
    }
}

/// Adds the layer to the records, and saves nothing: a checkpoint holds whole models.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_limit_is_shared_by_all_layers() {
        let config = |max_seconds| TrainingConfig { max_seconds, ..Default::default() };
        let deadline = Deadline::new(&config(Some(0.05)));
        std::thread::sleep(Duration::from_millis(10));
        let left = deadline.shorten(&config(Some(0.05))).max_seconds;
        assert!(left.is_some_and(|left| left < 0.045), "{left:?}");
        std::thread::sleep(Duration::from_millis(60));
        assert_eq!(deadline.shorten(&config(Some(0.05))).max_seconds, Some(0.0));
        for none in [None, Some(1e300)] {
            assert_eq!(Deadline::new(&config(none)).shorten(&config(none)).max_seconds, None);
        }
    }
}
