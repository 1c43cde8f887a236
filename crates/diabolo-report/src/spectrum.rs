//! Singular values of the encoder's Jacobian.

use crate::axis::range;
use crate::document::{facts, section};
use crate::number::number;
use crate::plot;
use crate::svg::escape;

/// Singular values of the encoder's Jacobian ∂f(x)/∂x, largest first, averaged over examples.
#[derive(Debug, Clone, Default)]
pub struct Spectrum {
    /// Mean of each singular value.
    pub mean: Vec<f64>,
    /// A low quantile of each, such as 10 %; may be empty.
    pub low: Vec<f64>,
    /// A high quantile of each, such as 90 %; may be empty.
    pub high: Vec<f64>,
    /// exp of the entropy of σ/Σσ: how many directions the code is sensitive to; 0 is not shown.
    pub effective_rank: f64,
    /// How they were computed, such as "mean over 500 test rows; whiskers from the 10 % to the 90 %
    /// quantile".
    pub caption: String,
}

/// Singular values of the encoder's Jacobian.
pub(crate) fn bars(spectrum: &Spectrum) -> String {
    let labels = ("singular value, largest first", "change of the code per unit change of the input");
    let Some(svg) = plot::bars(&spectrum.mean, &spectrum.low, &spectrum.high, labels) else {
        return String::new();
    };
    let help = "Singular values of the encoder's Jacobian, largest first: how strongly the code changes along each \
                direction of the input. A few tall bars and a long flat tail mean that the code is sensitive to a \
                few directions only, which is the aim of a contraction penalty.";
    let svg = svg.finish("plot wide", "Singular values of the encoder's Jacobian", help);
    let content = format!(
        "<figure class=\"split\">{svg}<figcaption>{}<p>{}</p></figcaption></figure>",
        facts(&spectrum_facts(spectrum)),
        escape(&spectrum.caption)
    );
    section("Sensitivity of the encoder", help, &content)
}

/// Strongest and weakest direction, and the effective rank.
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
