//! A scored series: its numbers with the flagged spans, and the spans, worst first.

use crate::axis::{Axis, range};
use crate::document::section;
use crate::number::number;
use crate::plot::{Frame, left_margin};
use crate::svg::{Svg, escape, shorten};

/// Spans that are listed.
const MOST_SPANS: usize = 20;
/// Points of a line; of more rows, each point pair is the range of some consecutive ones.
const POINTS: usize = 700;

/// Consecutive flagged rows.
#[derive(Debug, Clone, Default)]
pub struct Span {
    /// The first and the last row, numbered from 0.
    pub rows: [usize; 2],
    /// Their keys, such as dates, or their numbers.
    pub ends: [String; 2],
    /// The highest score within.
    pub score: f64,
    /// The first reason of the row with that score.
    pub reason: String,
}

/// Each named column of numbers with the spans in the colour of alarms, then the table of spans.
pub(crate) fn section_of(columns: &[(String, Vec<f64>)], spans: &[Span]) -> String {
    let plots: String = columns.iter().filter_map(|(name, values)| plot(name, values, spans)).collect();
    let table = table(spans);
    section(
        "The series",
        "The values row by row; shaded: flagged rows. Consecutive flagged rows are one span.",
        &(plots + &table),
    )
}

fn plot(name: &str, values: &[f64], spans: &[Span]) -> Option<String> {
    let (low, high) = range(values.iter().copied())?;
    let y = Axis::linear(low, high, 4);
    let x = Axis::counting(1.0, values.len() as f64, 8);
    let frame = Frame { left: left_margin(&y, 8.5), right: 748.0, top: 36.0, bottom: 200.0, x, y };
    let mut svg = Svg::new(760.0, 250.0);
    for span in spans {
        let [from, to] = span.rows.map(|row| frame.at(row as f64 + 1.0, 0.0).0);
        let hover = format!("{} to {}: score up to {}", span.ends[0], span.ends[1], number(span.score));
        let width = (to - from).max(1.5);
        svg.rect((from - 0.75, frame.top), width, frame.bottom - frame.top, "span", &hover);
    }
    frame.draw(&mut svg, "row", name);
    let step = (2 * values.len()).div_ceil(POINTS).max(1);
    let mut places = vec![];
    for (k, part) in values.chunks(step).enumerate() {
        let Some((low, high)) = range(part.iter().copied()) else { continue };
        let at = |value: f64| frame.at((k * step) as f64 + 1.0, value);
        places.push(at(low));
        places.extend((high > low).then(|| at(high)));
    }
    svg.polyline(&places, "line thin");
    Some(format!("<figure>{}</figure>", svg.finish("plot wide", name, "Values by row, flagged rows shaded")))
}

fn table(spans: &[Span]) -> String {
    if spans.is_empty() {
        return String::new();
    }
    let mut worst: Vec<&Span> = spans.iter().collect();
    worst.sort_by(|a, b| b.score.total_cmp(&a.score));
    let row = |span: &&Span| {
        format!(
            "<tr><th scope=\"row\">{}</th><td>{}</td><td class=\"value\">{}</td><td class=\"value\">{}</td><td>{}</td></tr>\n",
            escape(&span.ends[0]),
            escape(&span.ends[1]),
            span.rows[1] - span.rows[0] + 1,
            number(span.score),
            escape(&shorten(&span.reason, 90))
        )
    };
    let rows: String = worst.iter().take(MOST_SPANS).map(row).collect();
    let more = spans.len().saturating_sub(MOST_SPANS);
    let more = if more > 0 { format!("<p class=\"help\">And {more} more spans.</p>") } else { String::new() };
    format!(
        "<div class=\"scroll\"><table><thead><tr><th scope=\"col\">From</th><th scope=\"col\">To</th>\
         <th scope=\"col\" class=\"value\">Rows</th><th scope=\"col\" class=\"value\">Score</th>\
         <th scope=\"col\">First reason of the highest row</th></tr></thead>\n<tbody>\n{rows}</tbody></table></div>{more}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_shaded_and_listed_worst_first() {
        let span = |first: usize, last: usize, score: f64| Span {
            rows: [first, last],
            ends: [format!("day {first}"), format!("<day> {last}")],
            score,
            reason: "flow[-3]: 9, expected 2".into(),
        };
        let values = (0..5000).map(|i| if i == 9 { f64::NAN } else { f64::from(i % 24) }).collect();
        let html = section_of(&[("flow".into(), values)], &[span(3, 5, 2.0), span(4000, 4000, 7.0)]);
        assert_eq!(html.matches("class=\"span\"").count(), 2);
        assert!(html.find("day 4000") < html.find(">day 3<"), "{html}");
        assert!(html.contains("&lt;day&gt; 5") && !html.contains("NaN"));
        assert!(section_of(&[], &[]).is_empty());
    }
}
