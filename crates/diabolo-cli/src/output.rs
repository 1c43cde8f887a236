//! Printing to stdout: rows, JSON, aligned text.

use std::io::Write;

use diabolo::Error;
use diabolo::artifact::Run;
use diabolo::evaluate::LogLikelihood;
use diabolo::objective::Estimator;
use diabolo::pipeline::{Evaluated, Fitted};
use diabolo::task::{DriftReport, FeatureScores};
use serde_json::{Value, json};

use crate::args::Shared;

/// Prints text to stdout; a closed pipe is reported, not a panic.
pub fn print(text: &str) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{}", text.trim_end())
        .and_then(|()| stdout.flush())
        .map_err(Error::io("write", "stdout"))?;
    Ok(())
}

/// Prints a JSON value.
pub fn print_json(value: &Value) -> anyhow::Result<()> {
    print(&serde_json::to_string_pretty(value)?)
}

/// Returns an error if both a JSON summary and the table of `flag` would be written to stdout.
pub fn one_on_stdout(flag: &str, out: &str, shared: &Shared) -> diabolo::Result<()> {
    let reason = || format!("both are written to stdout; give {flag} FILE");
    match shared.json && out == "-" {
        true => Err(Error::conflict("--json", format!("{flag} -"), reason())),
        false => Ok(()),
    }
}

/// Tells that rows were written: on stdout as JSON, else as a note.
pub fn wrote(rows: u64, what: &str, out: &str, shared: &Shared) -> anyhow::Result<()> {
    if out != "-" {
        shared.note(format!("wrote {rows} {what} to {out}"));
    }
    match shared.json {
        true => print_json(&json!({ "rows": rows, "file": out })),
        false => Ok(()),
    }
}

/// Names and values in two columns.
pub fn aligned(rows: &[(impl AsRef<str>, impl AsRef<str>)]) -> String {
    let width = rows.iter().map(|(name, _)| name.as_ref().chars().count()).max().unwrap_or(0);
    rows.iter().map(|(name, value)| format!("{:width$}  {}\n", name.as_ref(), value.as_ref())).collect()
}

/// All that was measured, with units.
pub fn evaluated(found: &Evaluated) -> String {
    let mut text = metrics(&found.metrics);
    let original = found.original_units.as_ref();
    text += &found.log_likelihood.map(|l| log_likelihood(&l, original)).unwrap_or_default();
    text += &found.disentanglement.as_ref().map(disentanglement).unwrap_or_default();
    text += &found.diagnostics.as_ref().map(diagnostics).unwrap_or_default();
    text
}

/// The metrics of an evaluation, with their units.
pub fn metrics(value: &diabolo::evaluate::Metrics) -> String {
    let nats = |v: f64| format!("{v:.3} nats per example");
    let mut rows = vec![("examples", value.examples.to_string())];
    let mut optional = |name, text: Option<String>| rows.extend(text.map(|t| (name, t)));
    optional("importance bound", value.importance_bound.map(nats));
    let single = match value.importance_bound {
        Some(_) => " (of single draws, which may be far larger: the bound needs one good draw of several)",
        None => "",
    };
    optional("negative ELBO", value.negative_elbo.map(|v| nats(v) + single));
    optional("reconstruction", Some(nats(value.reconstruction)));
    let floor =
        |v| nats(v) + " (remain at perfect reconstruction: grey pixels have no Bernoulli likelihood of 1)";
    optional("  its floor", value.reconstruction_floor.map(floor));
    let computed = match value.kl_draws {
        Some(draws) => format!(" (mean of {draws} draws per row)"),
        None => " (closed form)".into(),
    };
    optional("KL divergence", value.kl_divergence.map(|v| nats(v) + &computed));
    let constants = |v| nats(v) + " (mean and frequencies of each column)";
    optional("trivial model", value.constant_model.map(constants));
    optional("bits per dimension", value.bits_per_dimension.map(|v| format!("{v:.4}")));
    let computed = match value.contraction_estimator {
        Some(Estimator::Hutchinson { probes }) => format!(", estimated from {probes} probes a row"),
        Some(_) => ", exact".into(),
        None => String::new(),
    };
    optional("contraction", Some(format!("{:.4} (‖J‖²_F{computed})", value.contraction)));
    optional("Jacobian norm", Some(format!("{:.4} (‖J‖_F)", value.jacobian_norm)));
    let at = if value.kl_divergence.is_some() {
        ", at the mean of q(z|x); reconstruction is at a draw"
    } else {
        ""
    };
    optional("mean squared error", Some(format!("{:.5} (encoded units{at})", value.mse)));
    optional("active latent dimensions", Some(format!("{} of {}", value.active_units, value.latent_dim)));
    optional("codebook perplexity", value.codebook_perplexity.map(|v| format!("{v:.1} vectors per group")));
    optional("codebook usage", value.codes_used.map(|v| format!("{:.1} % of the vectors", 100.0 * v)));
    optional("code size", value.code_bits.map(|v| format!("{v:.1} bits per example")));
    optional("saturated", value.saturated_fraction.map(|v| format!("{:.1} % of code values", 100.0 * v)));
    optional("mean activation", value.mean_activation.map(|v| format!("{v:.4}")));
    aligned(&rows)
}

/// The importance-sampled log-likelihood; `original` is in the units of the data, if the
/// likelihood has densities.
fn log_likelihood(value: &LogLikelihood, original: Option<&LogLikelihood>) -> String {
    let nats = |l: &LogLikelihood| format!("{:.3} ± {:.3} nats per example", -l.mean, l.standard_error);
    let mut rows =
        vec![("−log p(x), upper bound", format!("{} ({} draws per row)", nats(value), value.samples))];
    rows.extend(original.map(|original| ("  in the units of the data", nats(original))));
    let gap = format!("{:.3} nats per example, at least: KL(q(z|x) ‖ p(z|x))", value.bound_gap);
    rows.push(("gap of the ELBO", gap));
    String::from("\n") + &aligned(&rows)
}

/// Disentanglement of the factors that generated the images; `--json` has the whole matrix.
fn disentanglement(value: &diabolo::evaluate::Disentanglement) -> String {
    let mut rows =
        vec![("mutual information gap".to_string(), format!("{:.4}", value.mutual_information_gap))];
    rows.extend(value.factors.iter().enumerate().map(|(k, factor)| {
        let share = 100.0 * value.mutual_information[factor.unit][k] / factor.entropy;
        let text = format!("{:.4}; latent_{} has {share:.0} % of the entropy", factor.gap, factor.unit + 1);
        (format!("  {}", factor.name), text)
    }));
    let heading =
        format!("\nMutual information of latent dimensions and factors ({} rows):\n", value.examples);
    heading + &aligned(&rows)
}

/// Number of columns listed by sensitivity.
const NAMED: usize = 3;

/// The main diagnostics of an encoder, under a heading; `--json` has all of them.
fn diagnostics(value: &diabolo::evaluate::Diagnostics) -> String {
    let mut rows: Vec<(String, String)> = vec![];
    let mut add = |name: &str, text: String| rows.push((name.into(), text));
    if let Some(spectrum) = &value.spectrum {
        add("effective rank", format!("{:.2} of {}", spectrum.effective_rank, spectrum.mean.len()));
        let ends = spectrum.mean.first().zip(spectrum.mean.last());
        let text = ends
            .map(|(first, last)| format!("{first:.4} to {last:.4} (mean of the largest and the smallest)"));
        add("singular values", text.unwrap_or_default());
    }
    add("distance between rows", format!("{:.3} (median, encoded units)", value.typical_distance));
    if let (Some(near), Some(far)) = (value.contraction_ratios.first(), value.contraction_ratios.last()) {
        let ratio = |p: &diabolo::evaluate::ContractionRatio| {
            format!("{:.4} ± {:.4} at distance {:.3}", p.mean, p.standard_error, p.radius)
        };
        add("contraction ratio, near", ratio(near));
        add("contraction ratio, far", ratio(far));
    }
    for noise in value.noise.iter().filter(|n| n.deviation > 0.0) {
        let change = noise.code_change.map_or("—".into(), |c| format!("{:.2} %", 100.0 * c));
        let error = noise.reconstruction_mse;
        let text = format!("code changes by {change} of its variance, mean squared error {error:.5}");
        add(&format!("noise σ = {:.3}", noise.deviation), text);
    }
    let mut columns: Vec<_> = value.column_sensitivity.iter().collect();
    columns.sort_by(|a, b| b.share.total_cmp(&a.share));
    let named = columns.iter().take(NAMED).map(|c| format!("{} ({:.0} %)", c.name, 100.0 * c.share));
    let named: Vec<String> = named.collect();
    if !named.is_empty() {
        add("highest sensitivity", named.join(", "));
    }
    let heading = format!("\nSensitivity of the code to the input ({} rows):\n", value.examples);
    heading + &aligned(&rows)
}

/// The scores of codes and input as a table.
pub fn feature_scores(scores: &[(&str, FeatureScores)]) -> String {
    type Number = fn(&FeatureScores) -> String;
    let measures: [(&str, Number); 4] = [
        ("linear probe, accuracy (95 % interval)", |s| with_interval(s.probe_accuracy, s.probe_interval)),
        ("nearest neighbours, accuracy", |s| with_interval(s.neighbours_accuracy, s.neighbours_interval)),
        ("k-means, normalized mutual information", |s| format!("{:.3}", s.nmi)),
        ("k-means, adjusted Rand index", |s| format!("{:.3}", s.ari)),
    ];
    let line = |name: &str, cells: Vec<String>| {
        format!("{name:<40}{}\n", cells.iter().map(|cell| format!("{cell:>22}")).collect::<String>())
    };
    let heads = scores.iter().map(|(name, _)| name.to_string()).collect();
    let body =
        measures.iter().map(|(name, number)| line(name, scores.iter().map(|(_, s)| number(s)).collect()));
    line("on the test rows, from the", heads) + &body.collect::<String>()
}

/// A share in percent, and its interval.
fn with_interval(share: f64, [low, high]: [f64; 2]) -> String {
    format!("{} ({:.1}–{:.1})", two_decimals(share), 100.0 * low, 100.0 * high)
}

/// A fraction in percent.
pub fn two_decimals(share: f64) -> String {
    format!("{:.2} %", 100.0 * share)
}

/// The result of a fit: on stdout as JSON, else the metrics, with notes on stderr.
pub fn fitted(run: &Run, fitted: &Fitted, shared: &Shared) -> anyhow::Result<()> {
    let measured = &fitted.metrics;
    // As the report says it.
    let seconds: f64 = fitted.history.iter().map(|record| record.seconds).sum();
    let report = run.report_path();
    let training = &fitted.predictor.saved().header.training;
    if shared.json {
        return print_json(&json!({
            "run": run.folder(), "model": run.model_path(), "report": report.is_file().then_some(&report),
            "training": training, "seconds": seconds, "metrics": measured,
        }));
    }
    let best = training.best_epoch.unwrap_or_default();
    shared.note(format!(
        "\n{} after {} epochs and {seconds:.1} s; the weights are those of epoch {best}",
        training.stop_reason.replace('_', " "),
        training.epochs
    ));
    if !shared.quiet && measured.examples > 0 {
        shared.note("metrics on held-out rows:");
        print(&metrics(measured))?;
    }
    if report.is_file() {
        shared.note(format!("\nreport: {}", report.display()));
    }
    Ok(())
}

/// The drift that was detected, line by line.
pub fn drift(found: &DriftReport) -> Vec<String> {
    let (named, left_out) = found.summarized();
    let mut lines = vec![found.summary()];
    lines.extend(named.iter().map(|variable| format!("  {variable}")));
    if left_out > 0 {
        lines.push(format!("  and {left_out} more latent dimensions (listed by --json)"));
    }
    lines
}
