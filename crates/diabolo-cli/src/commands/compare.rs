//! `diabolo compare INPUT`
//!
//! ```text
//! runs/digits-compare/
//!   plan.json        what was asked for: the same again continues here
//!   results.jsonl    one line a model and seed, written as each is finished
//!   compare.json     measures, verdicts and figures as numbers
//!   report.html      to look at
//! ```

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use diabolo::Error;
use diabolo::artifact::{read_lines, unused_folder, write_atomically, write_lines};
use diabolo::data::{read::fingerprint, short_name};
use diabolo::report::comparison::Comparison;
use diabolo::task::compare::{Candidate, Observer, Plan, Trial, compare};
use diabolo::train::{EpochRecord, Hooks, Progress};
use serde_json::{Value, json};

use super::fit::stop_on_signal;
use crate::args::{CompareArgs, Shared};
use crate::exit::Interrupted;
use crate::output;
use crate::progress::Reporter;

pub fn run(args: &CompareArgs, shared: &Shared) -> anyhow::Result<()> {
    let plan = args.to_plan()?;
    plan.validate()?;
    let device = shared.device()?;
    let desk = ComparisonDir::open(args, &plan)?;
    let done = desk.results()?;
    if !done.is_empty() {
        shared.note(format!("continuing after {} results in {}", done.len(), desk.folder.display()));
    }
    let mut watch = Watch {
        desk: &desk,
        stop: stop_on_signal(),
        reporter: Reporter::new(shared.quiet),
        done: done.clone(),
        left: plan.models.len() * plan.seeds.len() - done.len(),
    };
    let found = compare(&plan, done, &device, &mut watch);
    watch.reporter.finish();
    let Some(field) = found? else {
        shared.note(format!(
            "interrupted; what was finished is in {}. Continue with the same command and --out {0}",
            desk.folder.display()
        ));
        return Err(Interrupted.into());
    };
    let comparison = Comparison::assemble(&plan, &field);
    write_atomically(&desk.path("report.html"), comparison.to_html().as_bytes())?;
    let numbers = serde_json::to_value(&comparison)?;
    write_atomically(&desk.path("compare.json"), format!("{numbers:#}\n").as_bytes())?;
    match shared.json {
        true => output::print_json(&numbers)?,
        false => output::print(&comparison.to_text())?,
    }
    shared.note(format!("\nlook at {}", desk.path("report.html").display()));
    Ok(())
}

/// The comparison's folder; made when the first model begins, so that a plan that fails leaves nothing.
struct ComparisonDir {
    folder: PathBuf,
    asked: Value,
}

impl ComparisonDir {
    /// A folder not used yet, or one where the same comparison was begun.
    fn open(args: &CompareArgs, plan: &Plan) -> anyhow::Result<Self> {
        let asked = asked(plan)?;
        let folder = match &args.out {
            Some(folder) => folder.clone(),
            None => unused_folder(Path::new("runs"), &format!("{}-compare", short_name(&plan.input))),
        };
        let desk = ComparisonDir { folder, asked };
        let path = desk.path("plan.json");
        if path.is_file() {
            let text = std::fs::read_to_string(&path).map_err(Error::io("read", &path))?;
            if serde_json::from_str::<Value>(&text).ok().as_ref() != Some(&desk.asked) {
                let what = format!("{}: another comparison is in this folder", desk.folder.display());
                let help = "choose another --out, or give the same input and flags to continue".into();
                return Err(Error::Unsupported { what, help }.into());
            }
        } else if desk.path("report.html").exists() {
            let what = format!("{}: this folder holds the report of something else", desk.folder.display());
            return Err(Error::Unsupported { what, help: "choose another --out".into() }.into());
        }
        Ok(desk)
    }

    fn make(&self) -> diabolo::Result<()> {
        std::fs::create_dir_all(&self.folder).map_err(Error::io("create", &self.folder))?;
        write_atomically(&self.path("plan.json"), format!("{:#}\n", self.asked).as_bytes())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The results so far.
    fn results(&self) -> diabolo::Result<Vec<Trial>> {
        let path = self.path("results.jsonl");
        if !path.is_file() {
            return Ok(vec![]);
        }
        read_lines(&path)
    }
}

/// What decides the results.
fn asked(plan: &Plan) -> anyhow::Result<Value> {
    Ok(json!({
        "input": plan.input, "fingerprint": fingerprint(&plan.input)?, "version": env!("CARGO_PKG_VERSION"),
        "seeds": plan.seeds, "tied": plan.tied, "models": plan.models,
    }))
}

/// Shows progress, keeps results, listens for Ctrl-C.
struct Watch<'a> {
    desk: &'a ComparisonDir,
    stop: Arc<AtomicBool>,
    reporter: Reporter,
    done: Vec<Trial>,
    left: usize,
}

impl<M> Hooks<M> for Watch<'_> {
    fn step(&mut self, progress: &Progress) {
        self.reporter.step(progress);
    }

    /// A line for each model is enough, where there is no bar.
    fn epoch(&mut self, _record: &EpochRecord) {
        self.reporter.rest();
    }

    fn interrupted(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

impl Observer for Watch<'_> {
    fn begins(&mut self, candidate: &Candidate, seed: u64) -> diabolo::Result<()> {
        self.reporter.line(&format!("{} autoencoder, seed {seed}; {} to go", candidate.name(), self.left));
        self.desk.make()
    }

    fn finished(&mut self, trial: &Trial) -> diabolo::Result<()> {
        self.left -= 1;
        self.done.push(trial.clone());
        write_lines(&self.desk.path("results.jsonl"), &self.done)
    }
}
