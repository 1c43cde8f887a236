//! The source of the equations, for pages that teach them.

use crate::{Error, Result};

/// Files whose functions can be shown.
const FILES: [(&str, &str); 14] = [
    ("distribution/gaussian.rs", include_str!("distribution/gaussian.rs")),
    ("distribution/posterior.rs", include_str!("distribution/posterior.rs")),
    ("evaluate/reconstruction_field.rs", include_str!("evaluate/reconstruction_field.rs")),
    ("evaluate/spectrum.rs", include_str!("evaluate/spectrum.rs")),
    ("model/contractive.rs", include_str!("model/contractive.rs")),
    ("model/denoising.rs", include_str!("model/denoising.rs")),
    ("model/deterministic.rs", include_str!("model/deterministic.rs")),
    ("model/plain.rs", include_str!("model/plain.rs")),
    ("model/variational/bound_terms.rs", include_str!("model/variational/bound_terms.rs")),
    ("model/variational/mod.rs", include_str!("model/variational/mod.rs")),
    ("nn/linear.rs", include_str!("nn/linear.rs")),
    ("objective/contraction.rs", include_str!("objective/contraction.rs")),
    ("report/comparison/trials.rs", include_str!("report/comparison/trials.rs")),
    ("task/explore.rs", include_str!("task/explore.rs")),
];

/// The function `name` of a file of this crate, with its comment, without its indentation; the
/// first of several.
///
/// ```
/// let text = diabolo::sources::function("distribution/posterior.rs", "sample")?;
/// assert!(text.starts_with("/// z = μ + σ ε") && text.ends_with("}"));
/// # Ok::<(), diabolo::Error>(())
/// ```
///
/// # Errors
/// [`Error::Internal`] if there is no such function.
pub fn function(file: &str, name: &str) -> Result<String> {
    let missing = || Error::internal(format!("there is no function {name} in {file} to show"));
    let (_, text) = FILES.iter().find(|(known, _)| *known == file).ok_or_else(missing)?;
    let lines: Vec<&str> = text.lines().collect();
    let begins = |line: &&str| -> bool {
        let rest = line.split_once(&format!("fn {name}")).map(|(_, rest)| rest);
        rest.is_some_and(|rest| rest.starts_with(['(', '<']))
    };
    let at = lines.iter().position(begins).ok_or_else(missing)?;
    let indent = lines[at].len() - lines[at].trim_start().len();
    let close = format!("{}}}", " ".repeat(indent));
    let length = lines[at..].iter().position(|line| *line == close).ok_or_else(missing)?;
    let above = lines[..at].iter().rev().take_while(|line| line.trim_start().starts_with(['/', '#'])).count();
    let shown = lines[at - above..=at + length].iter().map(|line| line.get(indent..).unwrap_or_default());
    Ok(shown.collect::<Vec<_>>().join("\n"))
}
