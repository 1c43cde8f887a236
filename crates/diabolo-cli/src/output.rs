//! What goes to stdout: rows, JSON, aligned text.

use std::io::Write;

use diabolo::Error;
use serde_json::Value;

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

/// Names and values in two columns.
pub fn aligned(rows: &[(impl AsRef<str>, impl AsRef<str>)]) -> String {
    let width = rows.iter().map(|(name, _)| name.as_ref().chars().count()).max().unwrap_or(0);
    rows.iter().map(|(name, value)| format!("{:width$}  {}\n", name.as_ref(), value.as_ref())).collect()
}

/// The numbers of an evaluation, with their units.
pub fn metrics(value: &diabolo::evaluate::Metrics) -> String {
    let nats = |v: f64| format!("{v:.3} nats per example");
    let mut rows = vec![("examples", value.examples.to_string())];
    let mut optional = |name, text: Option<String>| rows.extend(text.map(|t| (name, t)));
    optional("negative ELBO", value.negative_elbo.map(nats));
    optional("reconstruction", Some(nats(value.reconstruction)));
    optional("KL divergence", value.kl_divergence.map(nats));
    optional("bits per dimension", value.bits_per_dimension.map(|v| format!("{v:.4}")));
    optional("contraction", Some(format!("{:.4} (‖J‖²_F)", value.contraction)));
    optional("mean squared error", Some(format!("{:.5} (encoded units)", value.mse)));
    optional("active units", Some(format!("{} of {}", value.active_units, value.latent_dim)));
    optional("saturated", value.saturated_fraction.map(|v| format!("{:.1} % of code values", 100.0 * v)));
    optional("mean activation", value.mean_activation.map(|v| format!("{v:.4}")));
    aligned(&rows)
}
