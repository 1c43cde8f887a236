//! Progress on stderr: a bar on a terminal, some lines otherwise, nothing with `--quiet`.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use diabolo::pipeline::{Event, Phase};
use diabolo::train::{EpochRecord, FindingKind, Progress};
use indicatif::{ProgressBar, ProgressStyle};

use crate::stderr::say;

/// Maximum number of lines printed during training when stderr is not a terminal.
const LINES: usize = 20;

/// Prints the progress of training.
pub struct Reporter {
    shown: Shown,
    /// When the current epoch's first step was seen.
    epoch_started: Option<Instant>,
    /// The findings of the doctor so far: each kind is printed once.
    reported: Vec<FindingKind>,
}

enum Shown {
    Bar(ProgressBar),
    Lines,
    Nothing,
}

impl Reporter {
    pub fn new(quiet: bool) -> Self {
        let shown = match quiet {
            true => Shown::Nothing,
            false if std::io::stderr().is_terminal() => Shown::Bar(Reporter::bar()),
            false => Shown::Lines,
        };
        Reporter { shown, epoch_started: None, reported: vec![] }
    }

    fn bar() -> ProgressBar {
        let bar = ProgressBar::new(0);
        let template = "{msg}\n{wide_bar} {percent:>3} % · {elapsed} · {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        bar
    }

    /// What a fit says.
    pub fn event(&mut self, event: &Event) {
        match event {
            Event::Step(progress) => self.step(progress),
            Event::Epoch(record, epochs) => {
                self.epoch(record, *epochs);
                self.findings(record);
            }
            Event::Finding(finding) => self.line(&format!("warning: {}", finding.message)),
            Event::Note(text) | Event::Warning(text) => self.line(&format!("note: {text}")),
            // The bar is for training.
            Event::Phase(Phase::Calibrate) => self.finish(),
            _ => {}
        }
    }

    pub fn step(&mut self, progress: &Progress) {
        let seconds = self.epoch_started.get_or_insert_with(Instant::now).elapsed().as_secs_f64();
        let Shown::Bar(bar) = &self.shown else { return };
        let ((epoch, epochs), (step, steps)) = (progress.epoch, progress.step);
        bar.set_length((epochs * steps) as u64);
        bar.set_position(((epoch - 1) * steps + step) as u64);
        let rate = progress.examples as f64 / seconds.max(1e-9);
        let terms = terms(&progress.sums.means());
        bar.set_message(format!("epoch {epoch}/{epochs} · {terms} · {rate:.0} examples/s"));
    }

    pub fn epoch(&mut self, record: &EpochRecord, epochs: usize) {
        self.rest();
        let every = epochs.div_ceil(LINES).max(1);
        let due = record.epoch == 1 || record.epoch == epochs || record.epoch.is_multiple_of(every);
        if matches!(self.shown, Shown::Lines) && due {
            let shown = if record.validation.is_empty() { &record.train } else { &record.validation };
            let held_out = if record.validation.is_empty() { "training" } else { "validation" };
            let rate = record.examples_per_second;
            let layer = record.layer.map_or(String::new(), |layer| format!("layer {layer} alone · "));
            say(format!(
                "{layer}epoch {}/{epochs} · {held_out} {} · {rate:.0} examples/s",
                record.epoch,
                terms(shown)
            ));
        }
    }

    /// Prints each kind of finding of the doctor once, in the epoch in which it first appears.
    fn findings(&mut self, record: &EpochRecord) {
        for text in self.new_findings(record) {
            self.line(&text);
        }
    }

    fn new_findings(&mut self, record: &EpochRecord) -> Vec<String> {
        let new = record.findings.iter().filter(|found| !self.reported.contains(&found.kind));
        let (kinds, texts): (Vec<_>, Vec<_>) = new
            .map(|found| (found.kind, format!("warning: epoch {}: {}", record.epoch, found.message)))
            .unzip();
        self.reported.extend(kinds);
        texts
    }

    /// Stops the clock of the current epoch: work until the next step is not training.
    pub fn rest(&mut self) {
        self.epoch_started = None;
    }

    /// Prints a permanent line, above the bar if there is one.
    pub fn line(&self, text: &str) {
        match &self.shown {
            Shown::Bar(bar) => bar.println(text),
            Shown::Lines => say(text),
            Shown::Nothing => {}
        }
    }

    pub fn finish(&self) {
        if let Shown::Bar(bar) = &self.shown {
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

#[cfg(test)]
mod tests {
    use diabolo::train::Finding;

    use super::*;

    #[test]
    fn a_kind_of_finding_that_comes_and_goes_is_printed_once() {
        let mut reporter = Reporter::new(true);
        let mut printed = vec![];
        for epoch in 1..=6 {
            let mut record = EpochRecord { epoch, ..EpochRecord::default() };
            if epoch % 2 == 0 {
                record.findings.push(Finding { kind: FindingKind::Overfitting, message: format!("{epoch}") });
            }
            if epoch == 5 {
                record.findings.push(Finding { kind: FindingKind::DeadCodes, message: "codes".into() });
            }
            printed.extend(reporter.new_findings(&record));
        }
        assert_eq!(printed, ["warning: epoch 2: 2", "warning: epoch 5: codes"]);
    }
}
