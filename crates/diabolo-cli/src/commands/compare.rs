//! `diabolo compare INPUT`

use std::path::Path;

use diabolo::artifact::{unused_folder, write_atomically};
use diabolo::data::short_name;
use diabolo::pipeline::{Cancel, ComparisonDir, ComparisonEvent};
use diabolo::report::comparison::assemble;

use crate::args::{CompareArgs, Shared};
use crate::interrupt::note_at_end;
use crate::output;
use crate::progress::Reporter;

pub fn run(args: &CompareArgs, shared: &Shared) -> anyhow::Result<()> {
    let plan = args.to_plan()?;
    plan.validate()?;
    let unused = || unused_folder(Path::new("runs"), &format!("{}-compare", short_name(&plan.input)));
    let dir = ComparisonDir::open(&args.out.clone().unwrap_or_else(unused), &plan)?;
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
    let found = dir.compare(&plan, &shared.device()?, &Cancel::new(), &mut |event| match event {
        ComparisonEvent::Step(progress) => reporter.step(progress),
        // Without a bar, one line per model.
        ComparisonEvent::Epoch => reporter.rest(),
        ComparisonEvent::Begins(candidate, seed, left) => {
            let left = left.map_or(String::new(), |left| format!("; {left} remaining"));
            reporter.line(&format!("{} autoencoder, seed {seed}{left}", candidate.name()));
        }
        _ => {}
    });
    reporter.finish();
    let result = found?;
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
