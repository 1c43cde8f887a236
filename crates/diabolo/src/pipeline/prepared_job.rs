//! A fit with encoded rows and a resolved configuration, ready to train, calibrate and evaluate.

use super::events::{Event, Phase, Watch, check};
use super::fit_job::{FitJob, Resumed, Source, trains_in_epochs};
use super::{Fitted, Predictor, Trained};
use crate::artifact::{
    FORMAT_VERSION, Header, Run, RunSource, SavedModel, SourceRecord, TrainingRecord, read_checkpoint,
    write_checkpoint,
};
use crate::config::Config;
use crate::data::read::{OnNote, fingerprint, is_stream, spool_stream};
use crate::data::{DataConfig, Encoded, Prepared, ReadOptions, prepare_checked, prepare_rows, read_from};
use crate::distribution::Constant;
use crate::evaluate::{AggregatePosterior, DataProfile, Detector, Evaluation, LatentSummary, Metrics};
use crate::model::{Architecture, Autoencoder, Model};
use crate::random::{Purpose, permutation, stream};
use crate::stats::central_rows;
use crate::tensor::Module;
use crate::train::{
    self, EpochRecord, Finding, Outcome, Resume, Snapshot, StopReason, TrainingData, compare_with_constants,
};
use crate::{Error, Result, VERSION, task};

/// Number of rows evaluated between checks for cancellation.
const EVALUATED_AT_ONCE: usize = 4096;

/// The most held-out rows whose metrics a fit computes. The standard error of a mean of so many is
/// below a hundredth of their standard deviation; `evaluate` takes all rows.
const MOST_EVALUATED: usize = 1 << 14;

impl<'a> FitJob<'a> {
    /// Reads, types, splits and encodes the rows, and resolves the configuration.
    ///
    /// # Errors
    /// If the rows cannot be read or used, or the configuration is invalid for them.
    pub fn prepare(self) -> Result<PreparedJob<'a>> {
        match self.pool.clone() {
            Some(pool) => pool.install(|| self.prepare_here()),
            None => self.prepare_here(),
        }
    }

    fn prepare_here(mut self) -> Result<PreparedJob<'a>> {
        trains_in_epochs(&self.config)?;
        (self.on_event)(Event::Phase(Phase::Prepare));
        let (mut prepared, fingerprint) = self.read()?;
        keep_central(&mut prepared, self.config.training.central_share()?);
        let architecture = self.config.resolve(&prepared)?;
        if self.resumed.as_ref().is_some_and(|resumed| resumed.fingerprint != fingerprint) {
            let expected = "the data that the run was started on";
            let help = "restore the file, or start a new run";
            return Err(Error::data(self.place(), expected, "other contents", help));
        }
        check(&self.cancel, Phase::Prepare)?;
        let mut prepared = PreparedJob::new(self, prepared, architecture, fingerprint)?;
        for warning in prepared.warnings() {
            (prepared.job.on_event)(Event::Warning(&warning));
        }
        Ok(prepared)
    }

    /// Reads and prepares the rows; returns them with the fingerprint of a file or stream.
    fn read(&mut self) -> Result<(Prepared, Option<String>)> {
        let FitJob { source, name, validation, config, cancel, device, .. } = self;
        // Where a step sees some of the levels, there may be many.
        let sees_some = config.training.optimizer.updates_rows() && device.has_kernels();
        let of_model = config.model.most_levels().filter(|_| sees_some);
        let most_levels = config.data.most_levels.or(of_model);
        let (data, seed) = (&DataConfig { most_levels, ..config.data.clone() }, config.training.seed);
        let check = || check(cancel, Phase::Prepare);
        let (on_note, notes) = OnNote::kept();
        let options = ReadOptions { windows: None, on_note, ..data.read_options() };
        let (name, rows, fingerprint) = match source {
            Source::Batch(rows) => (name.as_str(), rows.clone(), None),
            Source::Reader(reader) => {
                let reader = std::mem::replace(reader, Box::new(std::io::empty()));
                (name.as_str(), read_from(name, reader, &options)?.collect_checked(&check)?, None)
            }
            Source::Input(place) if is_stream(place) => {
                let (file, fingerprint) = spool_stream(place, &check)?;
                let name = if place == "-" { "stdin" } else { place };
                (name, read_from(name, file, &options)?.collect_checked(&check)?, Some(fingerprint))
            }
            Source::Input(place) => {
                return Ok((prepare_checked(place, data, seed, &check)?, fingerprint(place)?));
            }
        };
        let prepared = prepare_rows(name, rows, validation.take(), data, seed, &check)?;
        let warnings = [notes(), prepared.warnings].concat();
        Ok((Prepared { warnings, ..prepared }, fingerprint))
    }

    /// Runs the fit.
    ///
    /// # Errors
    /// [`Error::Diverged`] if the loss became infinite or NaN; [`Error::Cancelled`]; and those of
    /// [`prepare`](Self::prepare).
    pub fn run(self) -> Result<Fitted> {
        self.prepare()?.run()
    }
}

/// A fit that is ready to train.
pub struct PreparedJob<'a> {
    job: FitJob<'a>,
    prepared: Prepared,
    architecture: Architecture,
    source: RunSource,
    run: Option<Run>,
    /// Where training continues.
    resume: Option<Resume<Model>>,
}

impl<'a> PreparedJob<'a> {
    fn new(
        job: FitJob<'a>,
        prepared: Prepared,
        architecture: Architecture,
        fingerprint: Option<String>,
    ) -> Result<Self> {
        let run = job.resumed.as_ref().map(|resumed| resumed.run.clone());
        let resume = job.resumed.as_ref().map(|r| checkpoint(r, &architecture, &job)).transpose()?.flatten();
        let source = RunSource::new(&job.name, job.place(), fingerprint);
        Ok(PreparedJob { job, prepared, architecture, source, run, resume })
    }

    /// The resolved configuration.
    pub fn config(&self) -> &Config {
        &self.job.config
    }

    /// The name of the rows: a path, a built-in set, or a given name.
    pub fn input(&self) -> &str {
        &self.job.name
    }

    /// The architecture.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// The prepared rows.
    pub fn rows(&self) -> &Prepared {
        &self.prepared
    }

    /// Such as "a variational autoencoder (64 → 32 → 10) to 1,437 rows of digits".
    pub fn describe(&self) -> String {
        let architecture = &self.architecture;
        format!(
            "a {} autoencoder ({}) to {} rows of {}",
            architecture.family.name().replace('_', "-"),
            architecture.encoder_shapes().join(" → "),
            self.prepared.train.rows,
            self.job.name
        )
    }

    /// The run folder, if any.
    pub fn run_folder(&self) -> Option<&Run> {
        self.run.as_ref()
    }

    /// Writes checkpoints, history, model and metrics to `run`, so that the fit can be resumed.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn in_run(mut self, run: Run) -> Result<Self> {
        run.write_config(&self.source, &self.job.config)?;
        self.run = Some(run);
        Ok(self)
    }

    /// Trains, calibrates and evaluates.
    ///
    /// # Errors
    /// [`Error::Diverged`] and [`Error::Cancelled`], after the last finite weights or the
    /// checkpoint are written to the run folder.
    pub fn run(self) -> Result<Fitted> {
        match self.job.pool.clone() {
            Some(pool) => pool.install(|| self.run_here()),
            None => self.run_here(),
        }
    }

    fn run_here(mut self) -> Result<Fitted> {
        let model = Model::new(&self.architecture, self.config().training.seed, &self.job.device);
        self.make_checkpoint_folder()?;
        let resume = self.resume.take();
        let outcome = self.train(|data, config, device, hooks| {
            train::fit_pretrained(model, resume, data, config, device, hooks)
        })?;
        self.finish(outcome)
    }

    /// Trains and evaluates a model of a family outside this crate, which cannot be saved to files.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn run_with<M: Autoencoder + Module>(mut self, model: M) -> Result<Trained<M>> {
        let outcome =
            self.train(|data, config, device, hooks| train::fit(model, None, data, config, device, hooks))?;
        let metrics = self.metrics(&outcome.model)?;
        let (history, stop) = (outcome.state.history, outcome.stop_reason);
        Ok(Trained { model: outcome.model, preprocessor: self.prepared.preprocessor, metrics, history, stop })
    }

    /// Trains with the hooks of the job. An interruption is an error.
    fn train<M: Module>(
        &mut self,
        fit: impl FnOnce(
            &TrainingData,
            &train::TrainingConfig,
            &crate::tensor::Device,
            &mut dyn train::Hooks<M>,
        ) -> Result<Outcome<M>>,
    ) -> Result<Outcome<M>> {
        let PreparedJob { job, prepared, run, source, .. } = self;
        let on_event = &mut job.on_event;
        on_event(Event::Phase(Phase::Train));
        let training = &job.config.training;
        // Written only after a checkpoint of the extended run, so that the same command works again
        // until then.
        let mut longer = job.resumed.as_ref().is_some_and(|resumed| resumed.longer);
        let mut watch = Watch {
            on_event,
            cancel: &job.cancel,
            epochs: [training.epochs.unwrap_or_default(), training.pretrain_epochs],
            save: |snapshot: &Snapshot<M>| {
                let Some(run) = &run else { return Ok(()) };
                write_checkpoint(&run.checkpoint_path(), snapshot)?;
                if std::mem::take(&mut longer) {
                    run.write_config(source, &job.config)?;
                }
                run.write_history(&snapshot.state.history)
            },
        };
        let data = TrainingData { train: &prepared.train, validation: &prepared.validation };
        let outcome = fit(&data, training, &job.device, &mut watch)?;
        match (outcome.stop_reason, run) {
            (StopReason::Interrupted, _) => Err(Error::Cancelled { during: Phase::Train.name() }),
            (StopReason::Diverged(error), None) => Err(error),
            (stop_reason, _) => Ok(Outcome { stop_reason, ..outcome }),
        }
    }

    /// Makes the folder of checkpoints. A run that is longer and has no checkpoint starts again.
    fn make_checkpoint_folder(&self) -> Result<()> {
        let Some(run) = &self.run else { return Ok(()) };
        if let Some(folder) = run.checkpoint_path().parent() {
            std::fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
        }
        match &self.job.resumed {
            Some(resumed) if resumed.longer && self.resume.is_none() => {
                run.write_config(&self.source, &self.job.config)
            }
            _ => Ok(()),
        }
    }

    /// Warnings for the user, one sentence each.
    fn warnings(&self) -> Vec<String> {
        let mismatches = self.job.config.mismatches(&self.prepared, &self.architecture);
        [self.prepared.warnings.clone(), self.architecture.warnings(), mismatches].concat()
    }

    /// The steps after training, with output to the run folder if there is one.
    fn finish(mut self, outcome: Outcome<Model>) -> Result<Fitted> {
        (self.job.on_event)(Event::Phase(Phase::Calibrate));
        let saved = self.calibrated(&outcome)?;
        let Outcome { state, stop_reason, .. } = outcome;
        if let Some(run) = &self.run {
            saved.save(&run.model_path())?;
            run.write_history(&state.history)?;
        }
        if let StopReason::Diverged(error) = stop_reason {
            return Err(error);
        }
        let metrics = self.metrics(&saved.model)?;
        let mut history = state.history;
        if let Some(finding) = self.worse_than_constants(&metrics) {
            (self.job.on_event)(Event::Finding(&finding));
            add_finding(&mut history, saved.header.training.best_epoch, finding);
            self.run.as_ref().map_or(Ok(()), |run| run.write_history(&history))?;
        }
        let warnings = self.warnings();
        let (preprocessor, train) = (&self.prepared.preprocessor, &self.prepared.train);
        let sample = train.select(&DataProfile::sample(preprocessor, train.rows));
        let data = DataProfile::of(preprocessor, &sample, train.rows);
        let fitted = Fitted {
            predictor: Predictor::new(saved, self.job.device),
            metrics,
            history,
            stop: stop_reason,
            seconds: state.seconds,
            warnings,
            test: self.prepared.test,
            test_rows: self.prepared.test_rows,
            data,
        };
        if let Some(run) = &self.run {
            fitted.write_metrics(run)?;
        }
        Ok(fitted)
    }

    /// The model with its detector.
    fn calibrated(&self, outcome: &Outcome<Model>) -> Result<SavedModel> {
        let (prepared, device) = (&self.prepared, &self.job.device);
        let seed = self.config().training.seed;
        let latent = match self.architecture.family.has_prior() {
            true => None,
            false => Some(LatentSummary::measure(&outcome.model, &prepared.train, seed, device)?),
        };
        let measure = || AggregatePosterior::measure(&outcome.model, &prepared.train, seed, device);
        let aggregate = self.architecture.has_dependent_codes().then(measure).flatten();
        check(&self.job.cancel, Phase::Calibrate)?;
        let detector = Detector::fit(&outcome.model, &prepared.preprocessor, &prepared.train, device);
        check(&self.job.cancel, Phase::Calibrate)?;
        let mut saved = SavedModel {
            header: self.header(outcome),
            architecture: self.architecture.clone(),
            model: outcome.model.clone(),
            latent,
            aggregate,
            detector: Some(detector),
        };
        task::calibrate_draws(&mut saved, device)?;
        saved.detector = Some(task::calibrate(&saved, &prepared.validation, &[], device));
        check(&self.job.cancel, Phase::Calibrate)?;
        Ok(saved)
    }

    /// The metrics of the test rows, or without test rows of the validation rows; of
    /// [`MOST_EVALUATED`] of them if there are more.
    fn metrics<M: Autoencoder>(&mut self, model: &M) -> Result<Metrics> {
        (self.job.on_event)(Event::Phase(Phase::Evaluate));
        let PreparedJob { job, prepared, .. } = self;
        let (preprocessor, seed) = (&prepared.preprocessor, job.config.training.seed);
        let constant = Constant::fit(model.likelihood().blocks(), &prepared.train, &job.device);
        let mut evaluation =
            Evaluation::new(model, preprocessor.pixel_scale(), seed, &job.device).beside(constant);
        let mut add = |rows: &Encoded| {
            check(&job.cancel, Phase::Evaluate)?;
            evaluation.add(rows);
            Ok::<(), Error>(())
        };
        let none = prepared.test.num_rows() == 0;
        let rows = evaluated(if none { prepared.validation.rows } else { prepared.test.num_rows() }, seed);
        let input = prepared.test_input.as_ref().unwrap_or(&job.name);
        for some in rows.chunks(EVALUATED_AT_ONCE) {
            let encoded = match none {
                true => Ok(prepared.validation.select(some)),
                false => preprocessor.encode_chosen(input, &prepared.test, some),
            };
            add(&encoded.map_err(|error| error.among_rows(&prepared.test_rows))?)?;
        }
        Ok(evaluation.finish())
    }

    fn worse_than_constants(&self, metrics: &Metrics) -> Option<Finding> {
        let reconstruction = ("reconstruction", Some(metrics.reconstruction));
        let bounds =
            [("importance bound", metrics.importance_bound), ("negative ELBO", metrics.negative_elbo)];
        // With another weight of the KL divergence, a small bound is not what was asked for.
        let bounds = bounds.into_iter().filter(|_| self.architecture.family.minimizes_a_bound());
        let mut figures = bounds.chain([reconstruction]);
        let (name, own) = figures.find_map(|(name, value)| Some((name, value?)))?;
        compare_with_constants(name, own, metrics.constant_model?, metrics.constant_model_error?)
    }

    fn header(&self, outcome: &Outcome<Model>) -> Header {
        let prepared = &self.prepared;
        Header {
            format_version: FORMAT_VERSION,
            diabolo_version: VERSION.into(),
            config: self.job.config.clone(),
            preprocessor: prepared.preprocessor.clone(),
            source: SourceRecord {
                input: self.job.name.clone(),
                fingerprint: self.source.fingerprint.clone(),
                rows: prepared.rows,
                split: [prepared.train.rows, prepared.validation.rows, prepared.test.num_rows()],
                test_input: prepared.test_input.clone(),
            },
            training: TrainingRecord {
                epochs: outcome.state.epoch,
                best_epoch: outcome.state.best.map(|(_, epoch)| epoch),
                stop_reason: outcome.stop_reason.name().into(),
            },
            calibrated_on: None,
        }
    }
}

/// Leaves out the training rows that are far from a robust centre.
fn keep_central(prepared: &mut Prepared, share: f64) {
    let train = &prepared.train;
    if share == 1.0 {
        return;
    }
    let kept = central_rows(&train.values, train.width, share);
    let note = format!(
        "{} of {} training rows are fitted, those nearest to a robust centre, since the data may contain anomalies",
        kept.len(),
        train.rows
    );
    prepared.train = train.select(&kept);
    if let Some([labels, ..]) = &mut prepared.labels {
        *labels = kept.iter().map(|&row| labels[row].take()).collect();
    }
    prepared.warnings.push(note);
}

/// The rows of `rows` that are evaluated, in order.
pub(crate) fn evaluated(rows: usize, seed: u64) -> Vec<usize> {
    let mut chosen: Vec<usize> = (0..rows).collect();
    if rows > MOST_EVALUATED {
        chosen = permutation(&mut stream(seed, Purpose::EvaluatedRows, 0, 0), rows);
        chosen.truncate(MOST_EVALUATED);
        chosen.sort_unstable();
    }
    chosen
}

/// Adds a finding of the kept weights to the record of their epoch.
fn add_finding(history: &mut [EpochRecord], best_epoch: Option<usize>, finding: Finding) {
    let kept = history.iter_mut().rfind(|record| record.layer.is_none() && Some(record.epoch) == best_epoch);
    if let Some(record) = kept {
        record.findings.push(finding);
    }
}

/// The checkpoint of a run, if it has one.
fn checkpoint(resumed: &Resumed, architecture: &Architecture, job: &FitJob) -> Result<Option<Resume<Model>>> {
    let path = resumed.run.checkpoint_path();
    if !path.is_file() {
        return Ok(None);
    }
    let model = Model::new(architecture, job.config.training.seed, &job.device);
    let mut resume = read_checkpoint(&path, &model, &job.device)?;
    if resumed.longer {
        resume.state.longer_from = resume.state.epoch;
    }
    Ok(Some(resume))
}
