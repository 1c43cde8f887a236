//! The sections with plots and pictures, each with a sentence that says how to read it.

use std::collections::BTreeSet;

use super::axis::range;
use super::coloring::{Coloring, Group};
use super::html::{facts, section};
use super::number::number;
use super::picture::tile_png;
use super::plot::{self, Line};
use super::svg::escape;
use super::{EpochRow, LatentMap, Pictures, Sampler, Spectrum};

/// Pictures in one strip of originals over reconstructions.
const STRIP: usize = 8;

/// A term of the loss as the page names it: title, unit, and what it says.
fn term(name: &str) -> (&str, &'static str, &'static str) {
    match name {
        "objective" => {
            ("Objective", "nats per example", "What training minimises: all the terms with their weights.")
        }
        "negative_elbo" => (
            "Negative ELBO",
            "nats per example",
            "Reconstruction plus KL divergence: an upper bound on the negative log-likelihood of the data. Lower is better.",
        ),
        "reconstruction" => (
            "Reconstruction",
            "nats per example",
            "How badly the output explains the input: the negative log-likelihood of the input given its latent vector. Lower is better.",
        ),
        "kl_divergence" => (
            "KL divergence",
            "nats per example",
            "How much the latent vector tells about its example. Near zero, the latent space is unused.",
        ),
        "contraction" => (
            "Contraction",
            "‖J‖², squared Frobenius norm",
            "How strongly the latent vector reacts to small changes of the input. Lower means more robust.",
        ),
        "learning_rate" => ("Learning rate", "step size", "How far the optimiser moves in one step."),
        other => (other, "", "A further term of the loss."),
    }
}

/// The position of a term on the page.
fn rank(name: &str) -> usize {
    let order = ["objective", "negative_elbo", "reconstruction", "kl_divergence", "contraction"];
    order.iter().position(|&o| o == name).unwrap_or(order.len())
}

/// Loss curves, one panel a term.
pub(super) fn training(history: &[EpochRow]) -> String {
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
    let mut help = "The loss after every epoch, a pass over the training rows; the numbers beside each title are those \
                    of the last. When the validation curve turns up while the training curve still falls, the model is \
                    learning its rows by heart."
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
    let (title, unit, meaning) = term(name);
    let points = |of: fn(&EpochRow) -> &std::collections::BTreeMap<String, f64>| -> Vec<(f64, f64)> {
        history.iter().filter_map(|row| Some((row.epoch as f64, *of(row).get(name)?))).collect()
    };
    let curves = [
        Line { class: "train", points: points(|row| &row.train) },
        Line { class: "validation", points: points(|row| &row.validation) },
    ];
    let last =
        |line: &Line| line.points.last().map(|p| format!("<b class=\"{}\">{}</b>", line.class, number(p.1)));
    let last: Vec<String> = curves.iter().filter_map(last).collect();
    let plot = match plot::lines(width, unit, &curves, best.map(|e| (e, "best"))) {
        Some(svg) => svg.finish("plot", title, &format!("{title} over epochs. {meaning}")),
        None => "<p class=\"empty\">no finite values</p>".into(),
    };
    format!(
        "<figure><h3>{}<span class=\"last\">{}</span></h3>{plot}<figcaption>{meaning}</figcaption></figure>\n",
        escape(title),
        last.join(" ")
    )
}

fn learning_rate(history: &[EpochRow], width: f64) -> String {
    let points = history.iter().map(|row| (row.epoch as f64, row.learning_rate)).collect();
    let (title, unit, meaning) = term("learning_rate");
    let Some(svg) = plot::lines(width, unit, &[Line { class: "train", points }], None) else {
        return String::new();
    };
    let svg = svg.finish("plot", title, meaning);
    format!("<figure><h3>{title}</h3>{svg}<figcaption>{meaning}</figcaption></figure>\n")
}

/// Originals over reconstructions, then samples.
pub(super) fn pictures(pictures: Option<&Pictures>) -> String {
    let Some(p) = pictures else { return String::new() };
    let strips: String = p
        .originals
        .chunks(STRIP)
        .zip(p.reconstructions.chunks(STRIP))
        .map(|(originals, reconstructions)| {
            format!(
                "<figure class=\"strip\">{}{}</figure>\n",
                strip(p, originals, "original"),
                strip(p, reconstructions, "reconstruction")
            )
        })
        .collect();
    let strips = if strips.is_empty() { strips } else { format!("<div class=\"strips\">\n{strips}</div>") };
    let samples: String =
        p.samples.iter().map(|sample| tile_png(sample, (p.height, p.width, p.channels), "sample")).collect();
    let samples = if samples.is_empty() { samples } else { format!("<div class=\"tiles\">{samples}</div>") };
    section(
        "Originals and reconstructions",
        "Each held-out picture above what the decoder makes of its latent vector. Lost detail is what the bottleneck could not carry.",
        &strips,
    ) + &section(
        "Samples",
        match p.sampler {
            Sampler::Prior => {
                "New pictures: latent vectors drawn from the prior, then decoded. The more they look like the data, the better the prior fits what was learned."
            }
            Sampler::Walk => {
                "New pictures, by the contractive walk: encode, move along what the encoder is still sensitive to, decode, again and again. No picture of the data is a start: chains begin at the centres of clusters of codes."
            }
        },
        &samples,
    )
}

fn strip(p: &Pictures, row: &[Vec<f32>], name: &str) -> String {
    let tiles: String =
        row.iter().map(|picture| tile_png(picture, (p.height, p.width, p.channels), name)).collect();
    format!("<span class=\"row-name\">{name}</span><div class=\"row\">{tiles}</div>")
}

/// The latent map's points and their colours.
pub(super) fn colored_points(map: &LatentMap) -> (Vec<(f64, f64)>, Coloring) {
    let points: Vec<(f64, f64)> = map.x.iter().zip(&map.y).map(|(&x, &y)| (x.into(), y.into())).collect();
    let coloring = match &map.labels {
        Some(labels) if labels.len() >= points.len() => Coloring::by_label(&labels[..points.len()]),
        _ => Coloring::plain(points.len()),
    };
    (points, coloring)
}

/// What a reader should know of the labels.
pub(super) const UNSEEN: &str = "The encoder was not shown the labels unless the model is conditional.";

/// Latent space in two dimensions; `name` and `note` are the labels'.
pub(super) fn latent_map(map: &LatentMap, name: &str, note: &str) -> String {
    let (points, coloring) = colored_points(map);
    let Some(svg) = plot::scatter((620.0, 500.0), &points, &coloring, (&map.x_label, &map.y_label)) else {
        return String::new();
    };
    let help = format!(
        "Each dot is one example at the place the encoder gives it ({} in all). Examples the model finds alike lie close together.",
        number(points.len() as f64)
    );
    let svg = svg.finish("plot wide", "Map of the latent space", &help);
    let legend = if coloring.has_legend() {
        let keys: String = coloring.groups.iter().map(legend_key).collect();
        format!(
            "<fieldset class=\"legend\"><legend>{}</legend>{keys}<p class=\"help\">Untick a label to hide its dots. {note}</p></fieldset>",
            escape(name)
        )
    } else {
        String::new()
    };
    section("Map of the latent space", &help, &format!("<figure class=\"split\">{svg}{legend}</figure>"))
}

fn legend_key(group: &Group) -> String {
    format!(
        "<label><input type=\"checkbox\" class=\"{}\" checked><span>{}</span><small>{}</small></label>",
        group.class,
        escape(&group.name),
        number(group.count as f64)
    )
}

/// Singular values of the encoder's Jacobian.
pub(super) fn spectrum(spectrum: &Spectrum) -> String {
    let labels =
        ("singular value, largest first", "change of the latent vector per unit change of the input");
    let Some(svg) = plot::bars(&spectrum.mean, &spectrum.low, &spectrum.high, labels) else {
        return String::new();
    };
    let help = "How strongly the encoder stretches its input in each direction, strongest first. Few tall bars and a long \
                flat rest mean that it listens to a few directions of variation and ignores the others, which is what a \
                contraction penalty is for.";
    let svg = svg.finish("plot wide", "Singular values of the encoder's Jacobian", help);
    let content = format!(
        "<figure class=\"split\">{svg}<figcaption>{}<p>{}</p></figcaption></figure>",
        facts(&spectrum_facts(spectrum)),
        escape(&spectrum.caption)
    );
    section("Sensitivity of the encoder", help, &content)
}

/// Strongest and weakest direction, and over how many directions the sensitivity is spread.
fn spectrum_facts(spectrum: &Spectrum) -> Vec<(String, String)> {
    let Some((low, high)) = range(spectrum.mean.iter().copied()) else { return Vec::new() };
    let mut facts =
        vec![("Strongest direction".into(), number(high)), ("Weakest direction".into(), number(low))];
    if spectrum.effective_rank > 0.0 {
        let rank = number((spectrum.effective_rank * 10.0).round() / 10.0);
        facts.push(("Effective rank".into(), format!("{rank} of {} directions", spectrum.mean.len())));
    }
    facts
}
