//! The training loop. It uses models through [`Trainable`] and does not access files: [`Hooks`]
//! receive events and may save a [`Snapshot`].
//!
//! Every random draw is keyed by (seed, purpose, epoch, step), so a run continued from a snapshot
//! takes the same steps as one that was never stopped.

use std::time::Instant;

use super::history::{TermMean, TermSums, check_names};
use super::hooks::{Hooks, Progress, Snapshot, TrainingData};
use super::levels::{LargeCategories, SampledLevels};
use super::outcome::{Outcome, Resume, State, StopReason};
use super::step::{Part, StepKey, differentiate, gradients, is_worth_threads, means, part_size};
use super::{EpochRecord, Schedule, TrainingConfig, examine};
use crate::kernel::with_pool;
use crate::model::{Batch, Context, HealthStats, Trainable};
use crate::objective::trimmed;
use crate::random::{Purpose, permutation, stream};
use crate::tensor::{Device, Module, ModuleOptimizer};
use crate::{Error, Result};

/// Trains `model` (or resumes `resume`) until the epochs are done, early stopping, or the time
/// limit.
///
/// `config` must be [resolved](TrainingConfig::resolve).
///
/// # Errors
/// If a hook cannot save, `config` is not resolved, the optimizer state of `resume` is unreadable,
/// or the name of a [term](crate::objective::Term) of the loss is not unique.
pub fn fit<M: Trainable + Module>(
    mut model: M,
    resume: Option<Resume<M>>,
    data: &TrainingData,
    config: &TrainingConfig,
    device: &Device,
    hooks: &mut dyn Hooks<M>,
) -> Result<Outcome<M>> {
    if resume.is_none() {
        model.before_training(data.train, device);
    }
    Trainer::new(model, resume, data, config, device)?.run(hooks)
}

/// Steps between copies of the finite weights, since the next step after each has to copy them.
const KEEP_EVERY: usize = 32;

/// The same for models with categories of so many levels that steps see some of them.
const KEEP_LARGE_EVERY: usize = 1024;

/// Training has diverged if the objective is this many times its size at the start, with a nat for
/// each column, for [`EXPLODED_STEPS`] steps in a row.
const EXPLOSION: f64 = 100.0;
const EXPLODED_STEPS: usize = 10;

/// The error for a configuration that is not resolved.
fn unresolved(key: &str) -> Error {
    Error::config(key, "a value; TrainingConfig::resolve chooses one", "none")
}

/// A divergence is a reason to stop; any other error is passed on.
fn diverged(error: Error) -> Result<StopReason> {
    match error {
        Error::Diverged { .. } => Ok(StopReason::Diverged(error)),
        other => Err(other),
    }
}

/// The validation rows whose loss is computed: all, or with large categories, which cost as many
/// logits as they have levels, a random part.
fn validated(data: &TrainingData, has_large: bool, seed: u64) -> Vec<usize> {
    const LOGITS: usize = 1 << 27;
    let count = data.validation.rows;
    let most = if has_large { (LOGITS / data.train.width).max(256) } else { count };
    if count <= most {
        return (0..count).collect();
    }
    let mut rows = permutation(&mut stream(seed, Purpose::ValidatedRows, 0, 0), count);
    rows.truncate(most);
    rows.sort_unstable();
    rows
}

pub(super) struct Trainer<'a, M> {
    model: M,
    best: M,
    optimizer: ModuleOptimizer,
    state: State,
    data: &'a TrainingData<'a>,
    config: &'a TrainingConfig,
    device: &'a Device,
    epochs: usize,
    batch_size: usize,
    learning_rate: f64,
    /// Epochs until the objective is the final one.
    warmup: usize,
    /// Large categories, of which a step sees some levels.
    levels: Option<LargeCategories>,
    /// The validation rows whose loss is computed.
    validated: Vec<usize>,
    /// When [`State::seconds`] was last updated.
    started: Instant,
    /// The start of this call; `max_seconds` counts from here, also after a resume.
    began: Instant,
}

impl<'a, M: Trainable + Module> Trainer<'a, M> {
    pub(super) fn new(
        model: M,
        resume: Option<Resume<M>>,
        data: &'a TrainingData,
        config: &'a TrainingConfig,
        device: &'a Device,
    ) -> Result<Self> {
        let mut optimizer = ModuleOptimizer::new(config.optimizer, config.gradient_clip);
        let (mut model, best, state) = match resume {
            Some(resume) => {
                optimizer = optimizer.with_state(resume.optimizer);
                (resume.model, resume.best, resume.state)
            }
            None => (model.clone(), model, State::default()),
        };
        let levels = match config.optimizer.updates_rows() && device.has_kernels() {
            true => LargeCategories::find(&mut model, data.train),
            false => None,
        };
        let validated = validated(data, levels.is_some(), config.seed);
        Ok(Trainer {
            levels,
            validated,
            warmup: model.warmup_epochs().ceil() as usize,
            model: model.train(),
            best,
            optimizer,
            state,
            data,
            config,
            device,
            epochs: config.epochs.ok_or_else(|| unresolved("epochs"))?,
            batch_size: config.batch_size.ok_or_else(|| unresolved("batch_size"))?,
            learning_rate: config.learning_rate.ok_or_else(|| unresolved("learning_rate"))?,
            started: Instant::now(),
            began: Instant::now(),
        })
    }

    /// Adds the records of earlier training of the weights to the history.
    pub(super) fn begin_with(&mut self, earlier: State) {
        self.state.history = earlier.history;
        self.state.seconds = earlier.seconds;
    }

    pub(super) fn run(mut self, hooks: &mut dyn Hooks<M>) -> Result<Outcome<M>> {
        let stop_reason = loop {
            if self.state.epoch >= self.epochs {
                break StopReason::Finished;
            }
            if self.out_of_patience() {
                break StopReason::EarlyStopped;
            }
            match self.run_epoch(hooks)? {
                Some(stop_reason) => break stop_reason,
                None => match self.finish_epoch(hooks) {
                    Ok(()) => self.save(hooks)?,
                    Err(error) => break diverged(error)?,
                },
            }
        };
        self.state.seconds += self.started.elapsed().as_secs_f64();
        // The returned model can be saved and used, for any stop reason.
        self.best.after_training(self.data.train, self.config.seed, self.device);
        let model = self.best;
        Ok(Outcome { model, state: self.state, stop_reason })
    }

    /// Runs the rest of the current epoch; returns the reason if training must stop within it.
    fn run_epoch(&mut self, hooks: &mut dyn Hooks<M>) -> Result<Option<StopReason>> {
        let rows = self.data.train.rows;
        let steps = rows.div_ceil(self.batch_size);
        let shuffle = &mut stream(self.config.seed, Purpose::Shuffle, self.state.epoch as u64, 0);
        let order = permutation(shuffle, rows);
        let part = part_size(&self.model, self.batch_size.min(rows));
        let uses_threads = is_worth_threads(&self.model, self.batch_size.min(rows));
        let mut last_save = Instant::now();
        let mut clock = Instant::now();
        while self.state.step < steps {
            if let Some(stop_reason) = self.asked_to_stop(hooks) {
                self.state.epoch_seconds += clock.elapsed().as_secs_f64();
                self.save(hooks)?;
                return Ok(Some(stop_reason));
            }
            if last_save.elapsed().as_secs_f64() > self.config.checkpoint_seconds {
                self.state.epoch_seconds += clock.elapsed().as_secs_f64();
                clock = Instant::now();
                self.save(hooks)?;
                last_save = Instant::now();
            }
            let first = self.state.step * self.batch_size;
            let rows = &order[first..rows.min(first + self.batch_size)];
            let stepped = match uses_threads {
                true if rows.len() > part => rayon::scope(|_| self.step(rows, part, steps)),
                true => with_pool(|| self.step(rows, part, steps)),
                false => self.step(rows, part, steps),
            };
            if let Err(error) = stepped {
                return diverged(error).map(Some);
            }
            hooks.step(&Progress {
                epoch: (self.state.epoch + 1, self.epochs),
                step: (self.state.step, steps),
                examples: self.data.train.rows.min(self.state.step * self.batch_size),
                sums: &self.state.sums,
            });
        }
        self.state.epoch_seconds += clock.elapsed().as_secs_f64();
        Ok(None)
    }

    /// One gradient step on `rows`, in parts of `part`.
    fn step(&mut self, rows: &[usize], part: usize, steps: usize) -> Result<()> {
        let (epoch, step) = (self.state.epoch, self.state.step);
        let done = epoch as f64 + step as f64 / steps as f64;
        let trim = self.config.trim_after(done, self.state.longer_from);
        let key =
            StepKey { seed: self.config.seed, epoch, step, epochs: done, trim, rows: self.data.train.rows };
        let sampled = self.levels.as_ref().map(|levels| {
            let noise = &mut stream(key.seed, Purpose::SampledLevels, epoch as u64, step as u64);
            levels.sample(self.data.train, rows, noise)
        });
        if let Some(sampled) = sampled {
            return self.sampled_step(&sampled, part, steps, key);
        }
        let parts = differentiate(&self.model, self.data.train, rows, part, key, self.device);
        let means = means(&parts);
        self.check(&means, step + 1)?;
        self.check_size(&means, steps)?;
        self.keep(KEEP_EVERY);
        let (gradients, whole) = gradients(&self.model, parts);
        let learning_rate = self.learning_rate(done);
        self.optimizer.step(&mut self.model, learning_rate, gradients);
        if let Some(Part { batch, mut noise, .. }) = whole {
            let (rows, device) = (self.data.train.rows, self.device);
            let mut context = Context { noise: &mut noise, epochs: done, training: true, rows, device };
            self.model.after_step(&batch, &mut context);
        }
        self.state.sums.add(&means, rows.len());
        self.state.step += 1;
        Ok(())
    }

    /// Before the first evaluation, the latest weights with a finite loss are the best.
    fn keep(&mut self, every: usize) {
        if self.state.best.is_none() && self.state.exploded == 0 && self.state.step.is_multiple_of(every) {
            self.optimizer.settle(&mut self.model);
            self.best = self.model.valid();
        }
    }

    /// One gradient step that sees some levels.
    fn sampled_step(
        &mut self,
        sampled: &SampledLevels,
        part: usize,
        steps: usize,
        key: StepKey,
    ) -> Result<()> {
        let mut narrow = self.optimizer.with_some_rows(&self.model, &sampled.weights);
        sampled.narrow(&mut narrow.0, self.device);
        let rows: Vec<usize> = (0..sampled.rows.rows).collect();
        let parts = differentiate(&narrow.0, &sampled.rows, &rows, part, key, self.device);
        let means = means(&parts);
        let (gradients, _) = gradients(&narrow.0, parts);
        let learning_rate = self.learning_rate(key.epochs);
        let found = self.check(&means, key.step + 1).and_then(|()| self.check_size(&means, steps));
        if found.is_ok() {
            self.keep(KEEP_LARGE_EVERY);
            narrow.1.step(&mut narrow.0, learning_rate, gradients);
            self.optimizer.put_back(&mut self.model, narrow, &sampled.weights, learning_rate);
        }
        found?;
        self.state.sums.add(&means, rows.len());
        self.state.step += 1;
        Ok(())
    }

    /// Returns an error for a term that is not finite or has no unique name.
    fn check(&self, means: &[TermMean], step: usize) -> Result<()> {
        check_names(means)?;
        let epoch = self.state.epoch + 1;
        match means.iter().find(|m| !m.value.is_finite()) {
            Some(bad) => Err(Error::Diverged { epoch, step, term: bad.name, value: bad.value }),
            None => Ok(()),
        }
    }

    /// Returns an error if the last steps were all far above the start. A single one may hold a row
    /// that is far from all others.
    fn check_size(&mut self, means: &[TermMean], steps: usize) -> Result<()> {
        let size = |mean: &TermMean| (mean.value * mean.weight).abs();
        let objective: f64 = means.iter().map(|mean| mean.value * mean.weight).sum();
        let start = *self.state.start.get_or_insert(objective);
        let limit = EXPLOSION * (start.abs() + self.data.train.width as f64);
        if objective <= limit {
            self.state.exploded = 0;
            return Ok(());
        }
        self.state.exploded += 1;
        let largest = means.iter().max_by(|a, b| size(a).total_cmp(&size(b)));
        // Fewer if there are fewer after the first: so few rows have none that is so far.
        let enough = EXPLODED_STEPS.min(steps - 1).max(1);
        match largest.filter(|_| self.state.exploded >= enough) {
            Some(TermMean { name: term, value, .. }) => {
                let (epoch, step) = (self.state.epoch + 1, self.state.step + 1);
                Err(Error::Diverged { epoch, step, term, value: *value })
            }
            None => Ok(()),
        }
    }

    fn learning_rate(&self, epochs_done: f64) -> f64 {
        self.learning_rate * self.config.schedule.factor(epochs_done / self.epochs as f64, self.state.cuts)
    }

    /// Evaluates the epoch, keeps the weights if they are the best, and writes the record.
    fn finish_epoch(&mut self, hooks: &mut dyn Hooks<M>) -> Result<()> {
        self.optimizer.settle(&mut self.model);
        let evaluated = self.model.valid();
        let steps = self.state.step;
        let seconds = self.state.epoch_seconds;
        let mut record = EpochRecord {
            epoch: self.state.epoch + 1,
            layer: None,
            train: self.state.sums.means(),
            validation: self.validate(&evaluated)?,
            learning_rate: self.learning_rate(self.state.epoch as f64 + (steps - 1) as f64 / steps as f64),
            seconds,
            examples_per_second: self.data.train.rows as f64 / seconds.max(1e-9),
            health: self.health(&evaluated),
            findings: vec![],
        };
        record.findings = examine(&record, &self.state.history, self.epochs);
        let value = record.monitored();
        let usual = self.state.exploded == 0;
        if usual && self.state.best.is_none_or(|(best, _)| value < best) {
            self.state.best = Some((value, record.epoch));
            self.state.stale = 0;
            self.best = evaluated;
        } else {
            self.state.stale += 1;
            if let Schedule::Plateau { patience, .. } = self.config.schedule
                && self.state.stale.is_multiple_of(patience)
            {
                self.state.cuts += 1;
            }
        }
        hooks.epoch(&record);
        self.state.history.push(record);
        self.state.epoch += 1;
        self.state.step = 0;
        self.state.sums = TermSums::default();
        self.state.epoch_seconds = 0.0;
        Ok(())
    }

    /// The terms of the objective on validation rows, with the same noise after every epoch.
    fn validate(&self, model: &M) -> Result<std::collections::BTreeMap<String, f64>> {
        if self.validated.is_empty() {
            return Ok(Default::default());
        }
        let mut sums = TermSums::default();
        let size = model.max_batch_rows(self.data.validation.width);
        for (chunk, rows) in self.validated.chunks(size).enumerate() {
            let batch = Batch::gather(self.data.validation, rows, self.device);
            let mut context = Context {
                noise: &mut stream(self.config.seed, Purpose::Evaluate, 0, chunk as u64),
                epochs: self.state.epoch as f64 + 1.0,
                training: false,
                rows: self.data.validation.rows,
                device: self.device,
            };
            let terms = trimmed(model.loss(&batch, &mut context), self.config.trim, self.device);
            let means: Vec<TermMean> = terms.iter().map(TermMean::of).collect();
            // The weights after the last step of the epoch are evaluated.
            self.check(&means, self.state.step)?;
            sums.add(&means, rows.len());
        }
        Ok(sums.means())
    }

    /// The health statistics of up to a thousand validation rows, or training rows if there are
    /// none.
    fn health(&self, model: &M) -> Option<HealthStats> {
        let held_out = self.data.validation.rows > 0;
        let rows = if held_out { self.data.validation } else { self.data.train };
        let some: Vec<usize> = (0..rows.rows.min(model.max_batch_rows(rows.width))).collect();
        model.health(&Batch::gather(rows, &some, self.device))
    }

    fn out_of_patience(&self) -> bool {
        let best_epoch = self.state.best.map_or(0, |(_, epoch)| epoch);
        // The learning rate has risen again: a temporarily worse objective is no reason to stop.
        let from = best_epoch.max(self.state.longer_from).max(self.warmup);
        self.config.patience > 0
            && self.state.exploded == 0
            && self.state.epoch >= from + self.config.patience
    }

    /// Whether training must end before the next step. The hook is called once per step, since it
    /// may return `true` only once.
    fn asked_to_stop(&self, hooks: &dyn Hooks<M>) -> Option<StopReason> {
        if hooks.interrupted() {
            return Some(StopReason::Interrupted);
        }
        let is_over = |limit| self.began.elapsed().as_secs_f64() >= limit;
        self.config.max_seconds.is_some_and(is_over).then_some(StopReason::TimeLimit)
    }

    fn save(&mut self, hooks: &mut dyn Hooks<M>) -> Result<()> {
        self.state.seconds += self.started.elapsed().as_secs_f64();
        self.started = Instant::now();
        // Rows keep what they have yet to receive: when a snapshot is taken must change no bit.
        let model = self.model.valid();
        hooks.save(&Snapshot {
            model: &model,
            best: &self.best,
            optimizer: &self.optimizer,
            state: &self.state,
        })
    }
}

#[cfg(test)]
mod tests;
