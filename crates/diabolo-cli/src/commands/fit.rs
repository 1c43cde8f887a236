//! `diabolo fit INPUT` and `diabolo fit --resume RUN`

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use diabolo::artifact::{
    FORMAT_VERSION, Header, Run, SavedModel, SourceRecord, TrainingRecord, read_checkpoint, write_atomically,
    write_checkpoint,
};
use diabolo::data::read::fingerprint;
use diabolo::data::{Prepared, prepare, short_name};
use diabolo::evaluate::{Detector, LatentSummary, Metrics, evaluate};
use diabolo::model::{Architecture, Model};
use diabolo::report::Report;
use diabolo::tensor::Device;
use diabolo::train::{self, EpochRecord, Hooks, Outcome, Progress, Snapshot, StopReason, TrainingData};
use diabolo::{Config, Error, task};
use serde_json::json;

use crate::args::{FitArgs, Shared};
use crate::exit::Interrupted;
use crate::output;
use crate::progress::Reporter;

pub fn run(args: &FitArgs, shared: &Shared) -> anyhow::Result<()> {
    if args.print_config && args.input.is_none() && args.resume.is_none() {
        return output::print(&args.to_config()?.to_toml());
    }
    let stop = stop_on_signal();
    let job = match &args.resume {
        Some(folder) => Job::resumed(folder, args, shared)?,
        None => Job::new(args, shared)?,
    };
    if args.print_config {
        return output::print(&job.config.to_toml());
    }
    let run = job.open_run(args)?;
    let outcome = job.train(&run, stop, shared)?;
    job.finish(&run, outcome, shared)
}

/// Everything known before training starts.
struct Job {
    input: String,
    fingerprint: Option<String>,
    config: Config,
    architecture: Architecture,
    prepared: Prepared,
    device: Device,
    resumed: Option<Run>,
    /// Whether the run was given more epochs than it had.
    longer: bool,
}

impl Job {
    fn new(args: &FitArgs, shared: &Shared) -> anyhow::Result<Self> {
        let input = args.input.clone().unwrap_or_default();
        if let Some(preset) = args.preset {
            shared.note(format!("for {}: {}", preset.name(), preset.sentence()));
        }
        Job::prepare(input, args.to_config()?, shared)
    }

    /// A run goes on as it was, or for longer.
    fn resumed(folder: &Path, args: &FitArgs, shared: &Shared) -> anyhow::Result<Self> {
        let mut asked = args.to_config()?;
        let epochs = asked.training.epochs.take();
        if asked != Config::default() || args.out.is_some() {
            let expected = "no other settings than --epochs: a resumed run keeps its own";
            return Err(Error::config("--resume", expected, "some").into());
        }
        let run = Run::open(folder)?;
        let (input, recorded, mut config) = run.read_config()?;
        let longer = epochs.is_some();
        if let Some(epochs) = epochs {
            let given = config.training.epochs.unwrap_or_default();
            if epochs <= given {
                return Err(Error::config("--epochs", format!("more than the run's {given}"), epochs).into());
            }
            config.training.epochs = Some(epochs);
        }
        let mut job = Job::prepare(input, config, shared)?;
        if job.fingerprint != recorded {
            return Err(Error::data(
                &job.input,
                "the data that the run was started on",
                "other contents",
                "put the file back, or start a new run",
            )
            .into());
        }
        (job.resumed, job.longer) = (Some(run), longer);
        Ok(job)
    }

    fn prepare(input: String, mut config: Config, shared: &Shared) -> anyhow::Result<Self> {
        let prepared = prepare(&input, &config.data, config.training.seed)?;
        let architecture = config.resolve(&prepared)?;
        let fingerprint = fingerprint(&input)?;
        Ok(Job {
            input,
            fingerprint,
            config,
            architecture,
            prepared,
            device: shared.device()?,
            resumed: None,
            longer: false,
        })
    }

    fn open_run(&self, args: &FitArgs) -> anyhow::Result<Run> {
        if let Some(run) = &self.resumed {
            return Ok(run.clone());
        }
        let run = match &args.out {
            Some(folder) => Run::create(folder)?,
            None => Run::create_numbered(Path::new("runs"), &self.run_name())?,
        };
        self.write_config(&run, &absolute(&self.input))?;
        Ok(run)
    }

    fn write_config(&self, run: &Run, input: &str) -> diabolo::Result<()> {
        run.write_config(input, self.fingerprint.as_deref(), &self.config)
    }

    /// "adult-variational"
    fn run_name(&self) -> String {
        format!("{}-{}", short_name(&self.input), self.architecture.family.name())
    }

    fn train(&self, run: &Run, stop: Arc<AtomicBool>, shared: &Shared) -> anyhow::Result<Outcome<Model>> {
        let training = &self.config.training;
        let model = Model::new(&self.architecture, training.seed, &self.device);
        let checkpoint = run.checkpoint_path();
        let mut resume = match &self.resumed {
            Some(_) if checkpoint.is_file() => Some(read_checkpoint(&checkpoint, &model, &self.device)?),
            _ => None,
        };
        if let Some(resume) = resume.as_mut().filter(|_| self.longer) {
            resume.state.longer_from = resume.state.epoch;
        } else if self.longer {
            self.write_config(run, &self.input)?;
        }
        if let Some(folder) = checkpoint.parent() {
            std::fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
        }
        let mismatches = self.config.mismatches(&self.prepared, &self.architecture);
        for warning in self.prepared.warnings.iter().chain(&self.architecture.warnings()).chain(&mismatches) {
            shared.note(format!("note: {warning}"));
        }
        shared.note(self.announcement(run));
        let data = TrainingData { train: &self.prepared.train, validation: &self.prepared.validation };
        let epochs = training.epochs.unwrap_or_default();
        let mut watch = Watch {
            run,
            // Only after a checkpoint that knows of it: until then the same command is to work again.
            longer: self.longer.then_some(self),
            stop,
            reporter: Reporter::new(shared.quiet),
            epochs,
            pretrain_epochs: training.pretrain_epochs,
        };
        let outcome = train::fit_pretrained(model, resume, &data, training, &self.device, &mut watch);
        watch.reporter.finish();
        Ok(outcome?)
    }

    fn announcement(&self, run: &Run) -> String {
        let Architecture { inputs, hidden, latent_dim, family, .. } = &self.architecture;
        let hidden: String = hidden.iter().map(|w| format!("{w} → ")).collect();
        format!(
            "fitting a {} autoencoder ({inputs} → {hidden}{latent_dim}) to {} rows of {} in {}",
            family.name().replace('_', "-"),
            self.prepared.train.rows,
            self.input,
            run.folder().display()
        )
    }

    /// Writes what is to be kept, says how it went, and passes on why training ended.
    fn finish(self, run: &Run, outcome: Outcome<Model>, shared: &Shared) -> anyhow::Result<()> {
        if let StopReason::Interrupted = outcome.stop_reason {
            let kept = match run.checkpoint_path().is_file() {
                true => "the checkpoint is saved. Continue",
                false => "pretraining begins anew when you continue",
            };
            shared.note(format!("interrupted; {kept} with: diabolo fit --resume {}", run.folder().display()));
            return Err(Interrupted.into());
        }
        let header = self.header(&outcome);
        let latent = match self.architecture.family.has_prior() {
            true => None,
            false => Some(LatentSummary::measure(
                &outcome.model,
                &self.prepared.train,
                self.config.training.seed,
                &self.device,
            )?),
        };
        let prepared = &self.prepared;
        let detector = Detector::fit(&outcome.model, &prepared.preprocessor, &prepared.train, &self.device);
        let (architecture, model) = (self.architecture, outcome.model);
        let mut saved = SavedModel { header, architecture, model, latent, detector: Some(detector) };
        saved.detector = Some(task::calibrate(&saved, &prepared.validation, &self.device));
        saved.save(&run.model_path())?;
        run.write_history(&outcome.state.history)?;
        if let StopReason::Diverged(error) = outcome.stop_reason {
            return Err(anyhow::Error::from(error));
        }
        let test = &self.prepared.test;
        // With --test 0 the validation rows, which chose when to stop, are the next best.
        let encoded = match test.num_rows() {
            0 => self.prepared.validation,
            _ => saved.header.preprocessor.encode(&self.input, test, 0)?,
        };
        let scale = saved.header.preprocessor.pixel_scale();
        let metrics = evaluate(&saved.model, &encoded, scale, self.config.training.seed, &self.device);
        if metrics.examples > 0 {
            write_atomically(&run.metrics_path(), format!("{:#}\n", json!(metrics)).as_bytes())?;
        }
        if test.num_rows() > 0 {
            let report = Report::assemble(&saved, &outcome.state.history, test, &metrics, &self.device)?;
            write_atomically(&run.report_path(), report.to_html().as_bytes())?;
        }
        summarise(run, &saved, &metrics, outcome.state.seconds, shared)
    }

    fn header(&self, outcome: &Outcome<Model>) -> Header {
        let stop_reason = match outcome.stop_reason {
            StopReason::Finished => "finished",
            StopReason::EarlyStopped => "early_stopped",
            StopReason::TimeLimit => "time_limit",
            StopReason::Interrupted => "interrupted",
            StopReason::Diverged(_) => "diverged",
        };
        let prepared = &self.prepared;
        Header {
            format_version: FORMAT_VERSION,
            diabolo_version: env!("CARGO_PKG_VERSION").into(),
            config: self.config.clone(),
            preprocessor: prepared.preprocessor.clone(),
            source: SourceRecord {
                input: self.input.clone(),
                fingerprint: self.fingerprint.clone(),
                rows: prepared.rows,
                split: [prepared.train.rows, prepared.validation.rows, prepared.test.num_rows()],
                test_input: prepared.test_input.clone(),
            },
            training: TrainingRecord {
                epochs: outcome.state.epoch,
                best_epoch: outcome.state.best.map(|(_, epoch)| epoch),
                stop_reason: stop_reason.into(),
            },
        }
    }
}

fn summarise(
    run: &Run,
    saved: &SavedModel,
    metrics: &Metrics,
    seconds: f64,
    shared: &Shared,
) -> anyhow::Result<()> {
    let report = run.report_path();
    let training = &saved.header.training;
    if shared.json {
        return output::print_json(&json!({
            "run": run.folder(), "model": run.model_path(), "report": report.is_file().then_some(&report),
            "training": training, "seconds": seconds, "metrics": metrics,
        }));
    }
    let best = training.best_epoch.unwrap_or_default();
    shared.note(format!(
        "\n{} after {} epochs and {seconds:.1} s; the weights are those of epoch {best}",
        training.stop_reason.replace('_', " "),
        training.epochs
    ));
    if !shared.quiet && metrics.examples > 0 {
        shared.note("on rows not trained on:");
        output::print(&output::metrics(metrics))?;
    }
    if report.is_file() {
        shared.note(format!("\nlook at {}", report.display()));
    }
    Ok(())
}

/// Shows progress, writes checkpoints, listens for Ctrl-C.
struct Watch<'a> {
    run: &'a Run,
    /// What is to be written down with the next checkpoint, because the run was made longer.
    longer: Option<&'a Job>,
    stop: Arc<AtomicBool>,
    reporter: Reporter,
    epochs: usize,
    pretrain_epochs: usize,
}

impl Hooks<Model> for Watch<'_> {
    fn step(&mut self, progress: &Progress) {
        self.reporter.step(progress);
    }

    fn epoch(&mut self, record: &EpochRecord) {
        self.reporter.epoch(record, if record.layer.is_some() { self.pretrain_epochs } else { self.epochs });
        self.reporter.findings(record);
    }

    fn save(&mut self, snapshot: &Snapshot<Model>) -> diabolo::Result<()> {
        write_checkpoint(&self.run.checkpoint_path(), snapshot)?;
        if let Some(job) = self.longer.take() {
            job.write_config(self.run, &job.input)?;
        }
        self.run.write_history(&snapshot.state.history)
    }

    fn interrupted(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// A flag that the first Ctrl-C raises; the second ends the program at once.
pub(super) fn stop_on_signal() -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    let raised = stop.clone();
    // Without a handler Ctrl-C just ends the program, and the last checkpoint stands.
    let _ = ctrlc::set_handler(move || {
        if raised.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    });
    stop
}

/// A resume may be started from another folder.
fn absolute(input: &str) -> String {
    match std::path::absolute(PathBuf::from(input)) {
        Ok(path) if path.exists() => path.display().to_string(),
        _ => input.into(),
    }
}
