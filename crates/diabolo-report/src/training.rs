//! Loss curves over epochs.

use std::collections::{BTreeMap, BTreeSet};

use crate::document::section;
use crate::names::name_of;
use crate::number::number;
use crate::plot::{self, Line};
use crate::svg::escape;

/// One epoch of training.
#[derive(Debug, Clone, Default)]
pub struct EpochRow {
    /// 1-based.
    pub epoch: usize,
    /// Terms of the loss on the training rows by key; see [`name_of`](crate::name_of) for what is
    /// known of each.
    pub train: BTreeMap<String, f64>,
    /// The same on the validation rows; may be empty.
    pub validation: BTreeMap<String, f64>,
    /// Of the optimiser.
    pub learning_rate: f64,
}

/// The position of a term on the page.
fn rank(name: &str) -> usize {
    let order = ["objective", "negative_elbo", "reconstruction", "kl_divergence", "contraction"];
    order.iter().position(|&o| o == name).unwrap_or(order.len())
}

/// Loss curves, one panel a term.
pub(crate) fn curves(history: &[EpochRow]) -> String {
    let names: BTreeSet<&str> = history
        .iter()
        .flat_map(|row| row.train.keys().chain(row.validation.keys()))
        .map(String::as_str)
        .collect();
    let mut names: Vec<&str> = names.into_iter().collect();
    names.sort_by_key(|n| (rank(n), *n));
    // A plain objective is the same curve as its only term.
    if names.iter().any(|n| *n != "objective" && same_curve(history, "objective", n)) {
        names.retain(|n| *n != "objective");
    }
    let rates = history.windows(2).any(|rows| rows[0].learning_rate != rows[1].learning_rate);
    let count = names.len() + usize::from(rates);
    if count == 0 {
        return String::new();
    }
    // Two or four panels stand two in a row, so that no row is nearly empty.
    let (class, width) = if matches!(count, 2 | 4) { ("panels two", 520.0) } else { ("panels", 380.0) };
    let best = best_epoch(history);
    let mut panels: String = names.iter().map(|name| panel(history, name, best, width)).collect();
    if rates {
        panels += &learning_rate(history, width);
    }
    let validation = history.iter().any(|row| !row.validation.is_empty());
    let legend = if validation {
        "<p class=\"keys\"><span class=\"key train\">training rows</span><span class=\"key validation\">validation rows, \
         never trained on</span></p>\n"
    } else {
        ""
    };
    let mut help = "The loss after every epoch, a pass over the training rows; the numbers beside each title are \
                    those of the last epoch. When the validation curve rises while the training curve still falls, \
                    the model overfits."
        .to_string();
    if best.is_some() {
        help += " The dotted line marks the epoch with the lowest validation objective.";
    }
    section("Training", &help, &format!("{legend}<div class=\"{class}\">\n{panels}</div>"))
}

fn same_curve(history: &[EpochRow], a: &str, b: &str) -> bool {
    let close = |x: Option<&f64>, y: Option<&f64>| match (x, y) {
        (Some(x), Some(y)) => (x - y).abs() <= 1e-9 * x.abs().max(1.0),
        (x, y) => x.is_none() && y.is_none(),
    };
    history
        .iter()
        .all(|r| close(r.train.get(a), r.train.get(b)) && close(r.validation.get(a), r.validation.get(b)))
}

/// The epoch with the lowest validation objective, whose weights are kept.
fn best_epoch(history: &[EpochRow]) -> Option<f64> {
    let objective = |row: &EpochRow| row.validation.get("objective").copied().filter(|v| v.is_finite());
    history
        .iter()
        .filter_map(|row| Some((row.epoch as f64, objective(row)?)))
        .min_by(|a, b| a.1.total_cmp(&b.1))
        .map(|best| best.0)
}

fn panel(history: &[EpochRow], name: &str, best: Option<f64>, width: f64) -> String {
    let shown = name_of(name);
    let (title, meaning) = (shown.title(), shown.explanation);
    let points = |of: fn(&EpochRow) -> &BTreeMap<String, f64>| -> Vec<(f64, f64)> {
        history.iter().filter_map(|row| Some((row.epoch as f64, *of(row).get(name)?))).collect()
    };
    let curves = [
        Line { class: "train", points: points(|row| &row.train) },
        Line { class: "validation", points: points(|row| &row.validation) },
    ];
    let last =
        |line: &Line| line.points.last().map(|p| format!("<b class=\"{}\">{}</b>", line.class, number(p.1)));
    let last: Vec<String> = curves.iter().filter_map(last).collect();
    let plot = match plot::lines(width, shown.unit, &curves, best.map(|e| (e, "best"))) {
        Some(svg) => svg.finish("plot", &title, &format!("{title} over epochs. {meaning}")),
        None => "<p class=\"empty\">no finite values</p>".into(),
    };
    format!(
        "<figure><h3>{}<span class=\"last\">{}</span></h3>{plot}<figcaption>{meaning}</figcaption></figure>\n",
        escape(&title),
        last.join(" ")
    )
}

fn learning_rate(history: &[EpochRow], width: f64) -> String {
    let points = history.iter().map(|row| (row.epoch as f64, row.learning_rate)).collect();
    let shown = name_of("learning_rate");
    let (title, meaning) = (shown.title(), shown.explanation);
    let Some(svg) = plot::lines(width, shown.unit, &[Line { class: "train", points }], None) else {
        return String::new();
    };
    let svg = svg.finish("plot", &title, meaning);
    format!("<figure><h3>{title}</h3>{svg}<figcaption>{meaning}</figcaption></figure>\n")
}
