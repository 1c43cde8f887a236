//! Synthetic tables: in `fit` and `generate`.

use std::path::Path;

use diabolo::artifact::write_atomically;
use diabolo::data::Writer;
use diabolo::report::audit_page;
use diabolo::task::{Requirement, SynthesizeOptions};
use diabolo::{Config, FitJob, Synthesizer};
use serde_json::json;

use super::audit;
use crate::args::{FitArgs, GenerateArgs, Shared};
use crate::output;

/// Fits a model of a table; the job has everything but the run folder.
pub fn fit(job: FitJob, config: &Config, args: &FitArgs, shared: &Shared) -> anyhow::Result<()> {
    let input = args.input.clone().unwrap_or_default();
    let fitted = job.config(config.clone()).synthesize()?;
    let run = args.new_run(&input, "synthesize")?;
    fitted.save_run(&run)?;
    shared.note(format!("wrote {}", run.folder().display()));
    let audited = fitted.audit()?;
    if let Some(audited) = &audited {
        let page = audit_page(&input, audited, &fitted.notes);
        write_atomically(&run.report_path(), page.to_html().as_bytes())?;
    }
    let found = audited.map(|audited| audited.audit);
    match (shared.json, &found) {
        (true, _) => output::print_json(&json!({ "run": run.folder(), "audit": found })),
        (false, Some(found)) => output::print(&audit::text(found)),
        (false, None) => Ok(()),
    }
}

/// Writes synthetic rows.
pub fn generate(args: &GenerateArgs, shared: &Shared) -> anyhow::Result<()> {
    args.refuse_of_autoencoders()?;
    let synthesizer = Synthesizer::open(&args.model)?;
    let requirement = |text: &String| synthesizer.requirement(text);
    let options = SynthesizeOptions {
        count: args.count,
        requirements: args.given.iter().map(requirement).collect::<diabolo::Result<Vec<Requirement>>>()?,
        balance: args.balance.clone(),
        seed: args.seed,
    };
    let made = synthesizer.generate(&options)?;
    made.notes.iter().chain(&made.warnings).for_each(|note| shared.note(format!("note: {note}")));
    let mut writer = Writer::create(&args.out, args.format)?;
    let rows = match writer.is_text() {
        true => made.rows,
        false => synthesizer.saved().header.table.codec.with_numbers(&made.rows)?,
    };
    writer.write(&rows)?;
    writer.finish()?;
    output::wrote(rows.num_rows() as u64, "new rows", &args.out, shared)
}

/// Prints what a model of a table holds.
pub fn inspect(path: &Path, shared: &Shared) -> anyhow::Result<()> {
    let synthesizer = Synthesizer::open(path)?;
    let header = &synthesizer.saved().header;
    if shared.json {
        return output::print_json(&json!({ "header": header }));
    }
    let [train, validation, test] = header.source.split;
    let mut out = format!(
        "a model of {}: {train} training, {validation} validation, {test} test rows\n\n",
        header.source.input
    );
    for part in &header.table.codec.parts {
        let names: Vec<&str> = part.columns.iter().map(|column| column.name.as_str()).collect();
        let mut holds = format!("{} levels", part.levels.len());
        if !part.pool.is_empty() {
            holds += &format!(", {} rare ones pooled", part.pool.len());
        }
        if part.numbers.is_some() {
            holds += ", numbers";
        }
        out += &format!("{:30}  {holds}\n", names.join(", "));
    }
    output::print(&out)
}
