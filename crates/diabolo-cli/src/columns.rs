//! The columns of an input, as `inspect` prints them: two lines each.

use std::collections::BTreeMap;

use diabolo::pipeline::{InspectedColumn, Inspection};
use diabolo::stats::percent;

/// Lines are cut here.
const WIDTH: usize = 110;
/// Names of columns are cut here.
const NAME: usize = 24;
/// After so many columns, the rest is only counted.
const COLUMNS: usize = 100;
/// Number of examples.
const EXAMPLES: usize = 3;

/// A table of the columns.
pub fn columns(found: &Inspection) -> String {
    let shown = &found.columns[..found.columns.len().min(COLUMNS)];
    let head = ["column", "kind", "missing", "distinct", "values"].map(String::from);
    let lines: Vec<[String; 5]> =
        std::iter::once(head).chain(shown.iter().map(|column| line(column, found.rows))).collect();
    let width = |cell: usize| lines.iter().map(|line| line[cell].chars().count()).max().unwrap_or(0);
    let widths = [width(0), width(1), width(2), width(3)];
    let mut text = String::new();
    for (at, [name, kind, missing, distinct, values]) in lines.iter().enumerate() {
        let [a, b, c, d] = widths;
        text += &clipped(&format!("{name:a$}  {kind:b$}  {missing:>c$}  {distinct:>d$}  {values}"), WIDTH);
        text += "\n";
        if let Some(remark) = at.checked_sub(1).map(|at| remark(&shown[at])).filter(|text| !text.is_empty()) {
            text += &format!("{:a$}  {remark}\n", "");
        }
    }
    text + &the_rest(&found.columns[shown.len()..])
}

fn line(column: &InspectedColumn, rows: usize) -> [String; 5] {
    let profile = &column.profile;
    let missing = match profile.missing {
        0 => "–".to_string(),
        missing => percent(missing as f64 / rows as f64),
    };
    let distinct = profile.distinct.map_or(String::new(), |distinct| distinct.to_string());
    [clipped(&profile.name, NAME), profile.kind.into(), missing, distinct, values(column, rows)]
}

/// The range of numbers, or the most frequent texts, and examples.
fn values(column: &InspectedColumn, rows: usize) -> String {
    let profile = &column.profile;
    let examples = || profile.examples.iter().take(EXAMPLES).cloned().collect::<Vec<_>>().join(", ");
    if let Some(range) = &profile.range {
        return format!("{range}, such as {}", examples());
    }
    let observed = rows.saturating_sub(profile.missing).max(1);
    let share =
        |(text, count): &(String, usize)| format!("{text} {}", percent(*count as f64 / observed as f64));
    let top: Vec<String> = profile.top.iter().map(share).collect();
    let categories = profile.distinct.is_some_and(|distinct| 2 * distinct <= observed);
    match categories && !top.is_empty() {
        true => top.join(", ") + if profile.distinct > Some(top.len()) { ", …" } else { "" },
        false if profile.examples.is_empty() => String::new(),
        false => format!("such as {}", examples()),
    }
}

/// Why a column has its kind, its likelihood, and the words for missing cells.
fn remark(column: &InspectedColumn) -> String {
    let profile = &column.profile;
    let words: Vec<String> =
        profile.missing_words.iter().map(|(word, count)| format!("'{word}' ({count})")).collect();
    let words = (!words.is_empty()).then(|| format!("missing: {} cells", words.join(", ")));
    let likelihood = column.likelihood.as_ref().map(|word| format!("likelihood {word}"));
    profile.why.clone().into_iter().chain(likelihood).chain(words).collect::<Vec<_>>().join("; ")
}

fn the_rest(columns: &[InspectedColumn]) -> String {
    let mut kinds = BTreeMap::new();
    columns.iter().for_each(|column| *kinds.entry(column.profile.kind).or_insert(0) += 1);
    let kinds: Vec<String> = kinds.into_iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    match columns.len() {
        0 => String::new(),
        more => format!("… and {more} more columns ({}): --json shows all\n", kinds.join(", ")),
    }
}

fn clipped(text: &str, width: usize) -> String {
    match text.chars().count() > width {
        true => text.chars().take(width - 1).collect::<String>() + "…",
        false => text.trim_end().to_string(),
    }
}
