//! `diabolo fit INPUT` and `diabolo fit --resume RUN`

use std::path::Path;

use diabolo::artifact::{Run, write_atomically};
use diabolo::data::short_name;
use diabolo::pipeline::{Fitted, PreparedJob};
use diabolo::report;
use diabolo::{Config, Error, ErrorClass, FitJob};
use serde_json::json;

use super::cancel_on_signal;
use crate::args::{FitArgs, Shared};
use crate::output;
use crate::progress::Reporter;

pub fn run(args: &FitArgs, shared: &Shared) -> anyhow::Result<()> {
    if args.print_config && args.input.is_none() && args.resume.is_none() {
        return output::print(&args.to_config()?.to_toml());
    }
    let mut reporter = Reporter::new(shared.quiet);
    let job = job(args, shared)?.device(shared.device()?).cancel(cancel_on_signal());
    let prepared = job.on_event(|event| reporter.event(&event)).prepare()?;
    if args.print_config {
        return output::print(&prepared.config().to_toml());
    }
    let (prepared, run) = in_run(prepared, args.out.as_deref())?;
    shared.note(announcement(&prepared, &run));
    let fitted = prepared.run().inspect_err(|error| {
        if error.class() == ErrorClass::Cancelled {
            let kept = match run.checkpoint_path().is_file() {
                true => "the checkpoint is saved. Resume",
                false => "pretraining will restart. Resume",
            };
            shared.note(format!("interrupted; {kept} with: diabolo fit --resume {}", run.folder().display()));
        }
    })?;
    reporter.finish();
    if fitted.test.num_rows() > 0 {
        let predictor = &fitted.predictor;
        let (saved, device) = (predictor.saved(), predictor.device());
        let report = report::assemble(saved, &fitted.history, &fitted.test, &fitted.metrics, device)?;
        write_atomically(&run.report_path(), report.to_html().as_bytes())?;
    }
    summarise(&run, &fitted, shared)
}

/// A new, resumed or extended fit.
fn job<'a>(args: &FitArgs, shared: &Shared) -> anyhow::Result<FitJob<'a>> {
    let mut config = args.to_config()?;
    let Some(folder) = &args.resume else {
        if let Some(preset) = args.preset {
            shared.note(format!("for {}: {}", preset.name(), preset.sentence()));
        }
        return Ok(FitJob::input(args.input.as_deref().unwrap_or_default()).config(config));
    };
    let epochs = config.training.epochs.take();
    if config != Config::default() || args.out.is_some() {
        let reason = "a resumed run keeps its settings";
        return Err(Error::conflict("--resume", "other settings than --epochs", reason).into());
    }
    Ok(FitJob::resume(folder, epochs)?)
}

/// The run folder: the resumed one, the requested one, or a new one.
fn in_run<'a>(prepared: PreparedJob<'a>, out: Option<&Path>) -> diabolo::Result<(PreparedJob<'a>, Run)> {
    if let Some(run) = prepared.run_folder().cloned() {
        return Ok((prepared, run));
    }
    let name = || format!("{}-{}", short_name(prepared.input()), prepared.architecture().family.name());
    let run = match out {
        Some(folder) => Run::create(folder)?,
        None => Run::create_numbered(Path::new("runs"), &name())?,
    };
    Ok((prepared.in_run(run.clone())?, run))
}

fn announcement(prepared: &PreparedJob, run: &Run) -> String {
    let architecture = prepared.architecture();
    let hidden: String = architecture.hidden.iter().map(|w| format!("{w} → ")).collect();
    format!(
        "fitting a {} autoencoder ({} → {hidden}{}) to {} rows of {} in {}",
        architecture.family.name().replace('_', "-"),
        architecture.inputs,
        architecture.latent_dim,
        prepared.rows().train.rows,
        prepared.input(),
        run.folder().display()
    )
}

fn summarise(run: &Run, fitted: &Fitted, shared: &Shared) -> anyhow::Result<()> {
    let (metrics, seconds) = (&fitted.metrics, fitted.seconds);
    let report = run.report_path();
    let training = &fitted.predictor.saved().header.training;
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
        shared.note("metrics on held-out rows:");
        output::print(&output::metrics(metrics))?;
    }
    if report.is_file() {
        shared.note(format!("\nreport: {}", report.display()));
    }
    Ok(())
}
