//! `diabolo sweep INPUT`

use diabolo::report::comparison::assemble_sweep;
use diabolo::task::compare::Candidate;

use super::compare::Work;
use crate::args::{Shared, SweepArgs};

pub fn run(args: &SweepArgs, shared: &Shared) -> anyhow::Result<()> {
    let sweep = args.to_sweep()?;
    let keys: Vec<&str> = sweep.keys.iter().map(|key| key.name()).collect();
    let name = |candidate: &Candidate, _| format!("{} {}", keys.join(", "), candidate.name);
    let work = Work { study: &sweep, kind: "sweep", out: args.study.out.clone(), name: &name };
    work.run(&|result| assemble_sweep(&sweep, result), shared)
}
