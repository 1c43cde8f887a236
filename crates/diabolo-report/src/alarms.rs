//! The flagged rows of a scored table: the highest with their reasons, the columns that are
//! responsible, and whether p-values are as expected.

use crate::axis::Axis;
use crate::document::section;
use crate::number::number;
use crate::picture::tile_png;
use crate::plot::{Frame, left_margin};
use crate::svg::{Anchor, Svg, escape, shorten};

/// Bins of the histogram of p-values.
const BINS: usize = 20;
/// Columns that are listed.
const MOST_COLUMNS: usize = 12;
/// Characters of a value in a table.
const LONGEST: usize = 40;

/// A flagged row.
#[derive(Debug, Clone, Default)]
pub struct Alarm {
    /// Its key, or its number.
    pub row: String,
    /// Nats above the mean loss.
    pub score: f64,
    /// How likely a row like the held-out ones scores as high.
    pub p_value: f64,
    /// The columns that contribute most, largest first.
    pub reasons: Vec<AlarmReason>,
}

/// A column's part in a score.
#[derive(Debug, Clone, Default)]
pub struct AlarmReason {
    /// The column.
    pub column: String,
    /// The value.
    pub seen: String,
    /// The value that the other columns let expect.
    pub expected: String,
    /// The decrease of the score without the cell, nats.
    pub nats: f64,
    /// Whether the value is a category that was not in the training data.
    pub unseen: bool,
}

/// Flagged pictures, laid out as in [`Pictures`](crate::Pictures).
#[derive(Debug, Clone, Default)]
pub struct FlaggedPictures {
    /// Rows, columns and channels of a picture.
    pub shape: (usize, usize, usize),
    /// Which row each is, and its score.
    pub titles: Vec<String>,
    /// The pictures, with values in 0..1.
    pub observed: Vec<Vec<f32>>,
    /// What the model expects.
    pub expected: Vec<Vec<f32>>,
}

/// Flagged pictures over what was expected and the difference.
pub(crate) fn pictures(p: &FlaggedPictures) -> String {
    if p.observed.is_empty() {
        return String::new();
    }
    let line = |name: &str, pictures: &[Vec<f32>]| {
        let titled = pictures.iter().zip(&p.titles);
        let tiles: String =
            titled.map(|(picture, title)| tile_png(picture, p.shape, &format!("{name}: {title}"))).collect();
        format!("<span class=\"row-name\">{name}</span><div class=\"row\">{tiles}</div>")
    };
    let difference = |(a, b): (&Vec<f32>, &Vec<f32>)| a.iter().zip(b).map(|(a, b)| (a - b).abs()).collect();
    let differences: Vec<Vec<f32>> = p.observed.iter().zip(&p.expected).map(difference).collect();
    let lines =
        line("flagged", &p.observed) + &line("expected", &p.expected) + &line("difference", &differences);
    let help = format!(
        "The flagged pictures with the highest scores, from the left: {}. Below, what the model expects, and the size of \
         the difference.",
        p.titles.join("; ")
    );
    section("Flagged pictures", &help, &format!("<figure class=\"strip wide\">{lines}</figure>"))
}

/// The highest flagged rows, of `all`.
pub(crate) fn highest(alarms: &[Alarm], all: usize) -> String {
    if alarms.is_empty() {
        return String::new();
    }
    let rows: String = alarms.iter().map(row).collect();
    let help = match all > alarms.len() {
        true => format!("The {} highest of {all} flagged rows.", alarms.len()),
        false => "All flagged rows, highest first.".to_string(),
    };
    let help = help
        + " Each reason is a column without which the score would be lower by so many nats: its value, and the value \
           that the other columns let expect.";
    let table = format!(
        "<div class=\"scroll\"><table class=\"alarms\"><thead><tr><th scope=\"col\">Row</th>\
         <th scope=\"col\" class=\"value\">Score</th><th scope=\"col\" class=\"value\">p</th>\
         <th scope=\"col\">Reasons: value, and expected value</th></tr></thead>\n<tbody>\n{rows}</tbody></table></div>"
    );
    section("Highest anomalies", &help, &table)
}

fn row(alarm: &Alarm) -> String {
    format!(
        "<tr><th scope=\"row\">{}</th><td class=\"value\">{}</td><td class=\"value\">{}</td><td>{}</td></tr>\n",
        escape(&alarm.row),
        number(alarm.score),
        number(alarm.p_value),
        reasons(&alarm.reasons)
    )
}

/// Columns with their values, expected values and parts in a score.
pub(crate) fn reasons(reasons: &[AlarmReason]) -> String {
    let reason = |reason: &AlarmReason| {
        format!(
            "<li><b>{}</b> {} <small>{}expected {}, {}{} nats</small></li>",
            escape(&reason.column),
            escape(&shorten(&reason.seen, LONGEST)),
            if reason.unseen { "never seen in training, " } else { "" },
            escape(&shorten(&reason.expected, LONGEST)),
            if reason.nats < 0.0 { "" } else { "+" },
            number(reason.nats)
        )
    };
    format!("<ul>{}</ul>", reasons.iter().map(reason).collect::<String>())
}

/// How many flagged rows have which column as their first reason.
pub(crate) fn responsible(columns: &[(String, usize)]) -> String {
    let Some(most) = columns.iter().map(|(_, count)| *count).max().filter(|&most| most > 0) else {
        return String::new();
    };
    let row = |(column, count): &(String, usize)| {
        let width = 100.0 * *count as f64 / most as f64;
        format!(
            "<tr><th scope=\"row\">{}</th><td class=\"value\">{count}</td>\
             <td class=\"weight\"><span class=\"bar\" style=\"width:{width:.1}%\"></span></td></tr>\n",
            escape(column)
        )
    };
    let rows: String = columns.iter().take(MOST_COLUMNS).map(row).collect();
    let more = columns.len().saturating_sub(MOST_COLUMNS);
    let more =
        if more > 0 { format!("<p class=\"help\">And {more} more columns.</p>") } else { String::new() };
    section(
        "Responsible columns",
        "How many flagged rows have which column as their first reason. One column with most of them points to a fault \
         of that column.",
        &format!(
            "<table class=\"weights\"><thead><tr><th scope=\"col\">Column</th><th scope=\"col\" class=\"value\">Rows</th>\
             <th scope=\"col\"></th></tr></thead>\n<tbody>\n{rows}</tbody></table>{more}"
        ),
    )
}

/// The histogram of p-values, beside the line of rows like the held-out ones.
pub(crate) fn p_values(p_values: &[f64]) -> String {
    let known: Vec<f64> = p_values.iter().copied().filter(|p| (0.0..=1.0).contains(p)).collect();
    if known.is_empty() {
        return String::new();
    }
    let mut counts = [0usize; BINS];
    known.iter().for_each(|p| counts[((p * BINS as f64).ceil() as usize).clamp(1, BINS) - 1] += 1);
    let uniform = known.len() as f64 / BINS as f64;
    let most = counts.iter().copied().max().unwrap_or(1) as f64;
    let y = Axis::linear(0.0, most.max(uniform), 4);
    let left = left_margin(&y, 8.5);
    let x = Axis::linear(0.0, 1.0, 5);
    let frame = Frame { left, right: 748.0, top: 36.0, bottom: 220.0, x, y };
    let mut svg = Svg::new(760.0, 270.0);
    frame.draw(&mut svg, "p-value", "rows");
    for (bin, count) in counts.into_iter().enumerate() {
        let (low, high) = (bin as f64 / BINS as f64, (bin + 1) as f64 / BINS as f64);
        let (x, y) = frame.at(low, count as f64);
        let hover = format!("p above {} up to {}: {count} rows", number(low), number(high));
        svg.rect((x, y), frame.at(high, 0.0).0 - x - 1.0, frame.bottom - y, "bar", &hover);
    }
    let line = frame.at(0.0, uniform).1;
    svg.line((frame.left, line), (frame.right, line), "mark strong");
    svg.text((frame.right, line - 6.0), Anchor::End, "note", "rows like the held-out ones");
    let help = "Of rows like the held-out ones every bar has the height of the dashed line. A first bar far above it is \
                anomalies; a slope over all bars is a change of the data, so that the p-values mean less.";
    section(
        "p-values",
        help,
        &format!("<figure>{}</figure>", svg.finish("plot wide", "Histogram of p-values", help)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_reasons_are_a_table_and_cannot_break_it() {
        let reason = AlarmReason {
            column: "<age>".into(),
            seen: "1e300".into(),
            expected: "40".into(),
            nats: 3.25,
            unseen: false,
        };
        let alarm =
            |reason| Alarm { row: "id & 7".into(), score: 12.0, p_value: 0.004, reasons: vec![reason] };
        let html = highest(&[alarm(reason.clone())], 9);
        for part in ["&lt;age&gt;", "id &amp; 7", "1 highest of 9", "<small>expected 40", "1e300", "0.004"] {
            assert!(html.contains(part), "{part}\n{html}");
        }
        let html = highest(&[alarm(AlarmReason { unseen: true, ..reason })], 9);
        assert!(html.contains("never seen in training, expected 40"), "{html}");
        assert!(
            highest(&[], 0).is_empty() && responsible(&[]).is_empty() && p_values(&[f64::NAN]).is_empty()
        );
    }

    #[test]
    fn columns_and_p_values_are_counted() {
        let columns: Vec<(String, usize)> = (0..14).map(|k| (format!("c{k}"), 14 - k)).collect();
        let html = responsible(&columns);
        assert!(html.contains("width:100.0%") && html.contains("And 2 more columns."), "{html}");
        // The borders belong to the bin below: 0.05 is flagged at α = 0.05.
        let html = p_values(&[0.05, 0.04, 0.051, 1.0]);
        assert!(html.contains("p above 0 up to 0.05: 2 rows"), "{html}");
        assert!(
            html.contains("p above 0.05 up to 0.1: 1 rows") && html.contains("up to 1: 1 rows"),
            "{html}"
        );
    }
}
