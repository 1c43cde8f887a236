//! `diabolo compare INPUT`

use std::path::Path;

use diabolo::Error;
use diabolo::artifact::{unused_folder, write_atomically};
use diabolo::data::short_name;
use diabolo::pipeline::{Cancel, ComparisonDir};
use diabolo::report::comparison::assemble;
use diabolo::task::compare::{Candidate, Observer, Trial, compare};
use diabolo::train::{EpochRecord, Hooks, Progress};

use super::cancel_on_signal;
use crate::args::{CompareArgs, Shared};
use crate::output;
use crate::progress::Reporter;

pub fn run(args: &CompareArgs, shared: &Shared) -> anyhow::Result<()> {
    let plan = args.to_plan()?;
    plan.validate()?;
    let device = shared.device()?;
    let unused = || unused_folder(Path::new("runs"), &format!("{}-compare", short_name(&plan.input)));
    let dir = ComparisonDir::open(&args.out.clone().unwrap_or_else(unused), &plan)?;
    let done = dir.results()?;
    if !done.is_empty() {
        shared.note(format!("resuming after {} results in {}", done.len(), dir.folder().display()));
    }
    let mut watch = Watch {
        dir: &dir,
        cancel: cancel_on_signal(),
        reporter: Reporter::new(shared.quiet),
        done: done.clone(),
        models: plan.models.len(),
        seeds: plan.seconds.is_none().then_some(plan.seeds.len()),
    };
    let found = compare(&plan, done, &device, &mut watch);
    watch.reporter.finish();
    let Some(result) = found? else {
        shared.note(format!(
            "interrupted; finished results are in {}. Resume with the same command and --out {0}",
            dir.folder().display()
        ));
        return Err(Error::Cancelled { during: "comparison" }.into());
    };
    let comparison = assemble(&plan, &result);
    write_atomically(&dir.path("report.html"), comparison.to_html().as_bytes())?;
    let numbers = serde_json::to_value(&comparison)?;
    write_atomically(&dir.path("compare.json"), format!("{numbers:#}\n").as_bytes())?;
    match shared.json {
        true => output::print_json(&numbers)?,
        false => output::print(&comparison.to_text())?,
    }
    shared.note(format!("\nreport: {}", dir.path("report.html").display()));
    Ok(())
}

/// Shows progress, stores results, and handles Ctrl-C.
struct Watch<'a> {
    dir: &'a ComparisonDir,
    cancel: Cancel,
    reporter: Reporter,
    done: Vec<Trial>,
    models: usize,
    /// The total number, once it is known.
    seeds: Option<usize>,
}

impl<M> Hooks<M> for Watch<'_> {
    fn step(&mut self, progress: &Progress) {
        self.reporter.step(progress);
    }

    /// Without a bar, one line per model.
    fn epoch(&mut self, _record: &EpochRecord) {
        self.reporter.rest();
    }

    fn interrupted(&self) -> bool {
        self.cancel.is_cancelled()
    }
}

impl Observer for Watch<'_> {
    fn planned(&mut self, seeds: usize) {
        self.seeds = Some(seeds);
    }

    fn begins(&mut self, candidate: &Candidate, seed: u64) -> diabolo::Result<()> {
        let left = self.seeds.map(|seeds| (self.models * seeds).saturating_sub(self.done.len()));
        let left = left.map_or(String::new(), |left| format!("; {left} remaining"));
        self.reporter.line(&format!("{} autoencoder, seed {seed}{left}", candidate.name()));
        self.dir.create()
    }

    fn finished(&mut self, trial: &Trial) -> diabolo::Result<()> {
        self.done.push(trial.clone());
        self.dir.write_results(&self.done)
    }
}
