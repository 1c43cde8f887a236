//! `diabolo fit INPUT` and `diabolo fit --resume RUN`

use diabolo::artifact::{Run, write_atomically};
use diabolo::pipeline::{Cancel, PreparedJob};
use diabolo::report::fitted_report;
use diabolo::{Config, Error, ErrorClass, FitJob};

use super::{forecast, synthesize};
use crate::args::{FitArgs, Shared};
use crate::interrupt::cancellable;
use crate::output;
use crate::progress::Reporter;

pub fn run(args: &FitArgs, shared: &Shared) -> anyhow::Result<()> {
    let alone = args.input.is_none() && args.resume.is_none();
    let own = |config: &Config| config.forecast.is_some() || config.synthesize.is_some();
    if args.print_config && (alone || own(&args.to_config()?)) {
        return print_config(&args.to_config()?, shared);
    }
    if let (Some(out), None, false) = (&args.out, &args.resume, args.force) {
        // Before the rows are read, which may take long.
        Run::check_unused(out)?;
    }
    let mut reporter = Reporter::new(shared.quiet);
    let cancel = Cancel::new();
    let config = args.to_config()?;
    if own(&config) && args.resume.is_none() {
        let fit = if config.forecast.is_some() { forecast::fit } else { synthesize::fit };
        let job = job(args, shared)?.cancel(cancel.clone()).on_event(|event| reporter.event(&event));
        return cancellable(&cancel, || fit(job, &config, args, shared)).inspect_err(|error| {
            let error = error.downcast_ref::<Error>();
            if error.is_some_and(|error| error.class() == ErrorClass::Cancelled) {
                shared.note("interrupted; nothing is kept: such a fit starts again");
            }
        });
    }
    let job = job(args, shared)?.device(shared.device()?).cancel(cancel.clone());
    let prepared = job.on_event(|event| reporter.event(&event)).prepare()?;
    if args.print_config {
        return print_config(prepared.config(), shared);
    }
    let (prepared, run) = in_run(prepared, args)?;
    shared.note(format!("fitting {} in {}", prepared.describe(), run.folder().display()));
    let fitted = cancellable(&cancel, || prepared.run()).inspect_err(|error| {
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
        write_atomically(&run.report_path(), fitted_report(&fitted)?.to_html().as_bytes())?;
    }
    output::fitted(&run, &fitted, shared)
}

/// Prints the configuration as TOML or JSON.
fn print_config(config: &Config, shared: &Shared) -> anyhow::Result<()> {
    match shared.json {
        true => output::print_json(&serde_json::to_value(config)?),
        false => output::print(&config.to_toml()),
    }
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
fn in_run<'a>(prepared: PreparedJob<'a>, args: &FitArgs) -> diabolo::Result<(PreparedJob<'a>, Run)> {
    if let Some(run) = prepared.run_folder().cloned() {
        return Ok((prepared, run));
    }
    let run = args.new_run(prepared.input(), prepared.architecture().family.name())?;
    Ok((prepared.in_run(run.clone())?, run))
}
