//! `diabolo compare INPUT`

use std::path::{Path, PathBuf};

use diabolo::artifact::{unused_folder, write_atomically};
use diabolo::data::short_name;
use diabolo::pipeline::{Cancel, ComparisonDir, ComparisonEvent};
use diabolo::report::comparison::{Comparison, assemble};
use diabolo::task::compare::{Candidate, ComparisonResult, Study, validate};

use crate::args::{CompareArgs, Shared};
use crate::interrupt::note_at_end;
use crate::output;
use crate::progress::Reporter;

pub fn run(args: &CompareArgs, shared: &Shared) -> anyhow::Result<()> {
    let plan = args.to_plan()?;
    let name = |candidate: &Candidate, seed: u64| format!("{} autoencoder, seed {seed}", candidate.name);
    let work = Work { study: &plan, kind: "compare", out: args.study.out.clone(), name: &name };
    work.run(&|result| assemble(&plan, result), shared)
}

/// A study that is carried out, or resumed, in its folder.
pub(super) struct Work<'a> {
    pub study: &'a dyn Study,
    /// The name of the command, of the usual folder, and of the file of numbers.
    pub kind: &'a str,
    pub out: Option<PathBuf>,
    /// A model of the split with this seed, for the progress.
    pub name: &'a dyn Fn(&Candidate, u64) -> String,
}

impl Work<'_> {
    pub fn run(
        &self,
        assemble: &dyn Fn(&ComparisonResult) -> Comparison,
        shared: &Shared,
    ) -> anyhow::Result<()> {
        let study = self.study;
        validate(study)?;
        let usual = format!("{}-{}", short_name(study.input()), self.kind);
        let unused = || unused_folder(Path::new("runs"), &usual);
        let dir = ComparisonDir::open(&self.out.clone().unwrap_or_else(unused), study)?;
        let done = dir.results()?.len();
        if done > 0 {
            shared.note(format!("resuming after {done} results in {}", dir.folder().display()));
        }
        if !shared.quiet {
            let folder = dir.folder().display();
            note_at_end(format!(
                "interrupted; finished results are in {folder}. Resume with the same command and --out {folder}"
            ));
        }
        let mut reporter = Reporter::new(shared.quiet);
        // Every result is written when it is there: nothing has to be saved at a signal.
        let found = dir.compare(study, &shared.device()?, &Cancel::new(), &mut |event| match event {
            ComparisonEvent::Step(progress) => reporter.step(progress),
            // Without a bar, one line per model.
            ComparisonEvent::Epoch => reporter.rest(),
            ComparisonEvent::Begins { candidate, seed, initialization, left } => {
                let left = left.map_or(String::new(), |left| format!("; {left} remaining"));
                let number = match study.initializations() {
                    1 => String::new(),
                    _ => format!(", initialization {}", initialization + 1),
                };
                reporter.line(&format!("{}{number}{left}", (self.name)(candidate, seed)));
            }
            _ => {}
        });
        reporter.finish();
        let comparison = assemble(&found?);
        write_atomically(&dir.path("report.html"), comparison.to_html().as_bytes())?;
        let numbers = serde_json::to_value(&comparison)?;
        let file = dir.path(&format!("{}.json", self.kind));
        write_atomically(&file, format!("{numbers:#}\n").as_bytes())?;
        match shared.json {
            true => output::print_json(&numbers)?,
            false => output::print(&comparison.to_text())?,
        }
        shared.note(format!("\nreport: {}", dir.path("report.html").display()));
        Ok(())
    }
}
