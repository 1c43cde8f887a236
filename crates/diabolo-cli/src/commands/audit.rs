//! `diabolo audit SYNTH --real TRAIN --holdout HELD`

use diabolo::Config;
use diabolo::artifact::write_atomically;
use diabolo::data::{ReadOptions, open};
use diabolo::evaluate::audit::{Audit, AuditOptions, audit};
use diabolo::report::{AuditFigure, audit_figures, audit_page, gaps_of_levels, missing_cells, verdicts};
use serde_json::json;

use crate::args::{AuditArgs, Shared};
use crate::output;

pub fn run(args: &AuditArgs, shared: &Shared) -> anyhow::Result<()> {
    super::html_name("--report", args.report.as_deref())?;
    let data = args.read.over(&Config::default())?.data;
    let read = || ReadOptions { windows: None, ..shared.read_options(&data) };
    let names = [&args.input, &args.real, &args.holdout];
    let rows = |input: &String| open(input, &read())?.collect();
    let [synthetic, real, holdout] = [rows(names[0])?, rows(names[1])?, rows(names[2])?];
    let batches =
        [(names[0].as_str(), &synthetic), (names[1].as_str(), &real), (names[2].as_str(), &holdout)];
    let (target, secret, require) = (args.target.clone(), args.secret.clone(), args.require.clone());
    let audited =
        audit(batches, &AuditOptions { target, secret, require, seed: args.seed, ..Default::default() })?;
    audited.notes.iter().for_each(|note| shared.note(format!("note: {note}")));
    if let Some(path) = &args.report {
        let page = audit_page(&args.input, &audited, &audited.notes);
        write_atomically(path, page.to_html().as_bytes())?;
        shared.note(format!("wrote {}", path.display()));
    }
    match shared.json {
        true => output::print_json(&json!(audited.audit)),
        false => output::print(&text(&audited.audit)),
    }
}

/// A table of the figures, then what they mean.
pub fn text(audit: &Audit) -> String {
    let mut out = format!("{:36}{:>11}{:>11}{:>11}\n", "", "synthetic", "held-out", "shuffled");
    for figure in audit_figures(audit) {
        let [synthetic, holdout, shuffled] = figure.values;
        out += &format!("{:36}{synthetic:>11}{holdout:>11}{shuffled:>11}\n", figure.name);
    }
    for (title, gaps) in [
        (["missing cells", "real", "synthetic", "held-out"], missing_cells(audit)),
        (["lacking levels", "levels", "synthetic", "held-out"], gaps_of_levels(audit)),
    ] {
        if !gaps.is_empty() {
            let [name, first, second, third] = title;
            out += &format!("\n{name:36}{first:>11}{second:>11}{third:>11}\n");
        }
        for AuditFigure { name, explanation, values: [first, second, third] } in gaps {
            out += &format!("  {name:34}{first:>11}{second:>11}{third:>11}\n");
            out += &if explanation.is_empty() { explanation } else { format!("    {explanation}\n") };
        }
    }
    out += "\n";
    out + &verdicts(audit).join("\n")
}
