//! Progress on stderr: a bar on a terminal, some lines elsewhere, nothing when quiet.

use std::io::IsTerminal;
use std::time::Duration;

use diabolo::train::{EpochRecord, Progress};
use indicatif::{ProgressBar, ProgressStyle};

/// Lines printed over a whole training when stderr is not a terminal.
const LINES: usize = 20;

/// Shows how training goes.
pub enum Reporter {
    Bar(ProgressBar),
    Lines,
    Silent,
}

impl Reporter {
    pub fn new(quiet: bool) -> Self {
        if quiet {
            return Reporter::Silent;
        }
        if !std::io::stderr().is_terminal() {
            return Reporter::Lines;
        }
        let bar = ProgressBar::new(0);
        let template = "{msg}\n{wide_bar} {percent:>3} % · {elapsed} · {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        Reporter::Bar(bar)
    }

    pub fn step(&self, progress: &Progress, seconds: f64) {
        let Reporter::Bar(bar) = self else { return };
        let ((epoch, epochs), (step, steps)) = (progress.epoch, progress.step);
        bar.set_length((epochs * steps) as u64);
        bar.set_position(((epoch - 1) * steps + step) as u64);
        let rate = progress.examples as f64 / seconds.max(1e-9);
        let terms = terms(&progress.sums.means());
        bar.set_message(format!("epoch {epoch}/{epochs} · {terms} · {rate:.0} examples/s"));
    }

    pub fn epoch(&self, record: &EpochRecord, epochs: usize) {
        let every = epochs.div_ceil(LINES).max(1);
        let due = record.epoch == 1 || record.epoch == epochs || record.epoch.is_multiple_of(every);
        if matches!(self, Reporter::Lines) && due {
            let shown = if record.validation.is_empty() { &record.train } else { &record.validation };
            let held_out = if record.validation.is_empty() { "training" } else { "validation" };
            let rate = record.examples_per_second;
            let layer = record.layer.map_or(String::new(), |layer| format!("layer {layer} alone · "));
            eprintln!(
                "{layer}epoch {}/{epochs} · {held_out} {} · {rate:.0} examples/s",
                record.epoch,
                terms(shown)
            );
        }
    }

    /// A line that stays, above the bar if there is one.
    pub fn line(&self, text: &str) {
        match self {
            Reporter::Bar(bar) => bar.println(text),
            Reporter::Lines => eprintln!("{text}"),
            Reporter::Silent => {}
        }
    }

    pub fn finish(&self) {
        if let Reporter::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}

/// "objective 123.4 (kl_divergence 20.1, reconstruction 103.3)", in nats per example.
fn terms(means: &std::collections::BTreeMap<String, f64>) -> String {
    let objective = means.get("objective").copied().unwrap_or(f64::NAN);
    let parts: Vec<String> = means
        .iter()
        .filter(|(name, _)| !["objective", "negative_elbo"].contains(&name.as_str()))
        .map(|(name, value)| format!("{} {value:.2}", name.replace('_', " ")))
        .collect();
    format!("objective {objective:.2} ({})", parts.join(", "))
}
