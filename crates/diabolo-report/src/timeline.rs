//! The scores of a series in the order of its rows.

use crate::axis::Axis;
use crate::document::section;
use crate::number::number;
use crate::plot::{Frame, left_margin};
use crate::svg::Svg;

/// Bars at most; each shows the highest score of its rows.
const BARS: usize = 360;

/// A bar for each row, or for some consecutive ones; nothing if no score is finite.
pub(crate) fn timeline(scores: &[f64], flagged: &[bool]) -> String {
    let finite = || scores.iter().copied().filter(|score| score.is_finite());
    let Some(high) = finite().reduce(f64::max) else { return String::new() };
    let y = Axis::linear(0.0, high.max(1e-9), 4);
    let x = Axis::counting(1.0, scores.len() as f64, 8);
    let frame = Frame { left: left_margin(&y, 8.5), right: 748.0, top: 36.0, bottom: 220.0, x, y };
    let mut svg = Svg::new(760.0, 270.0);
    frame.draw(&mut svg, "row", "anomaly score, nats above the mean loss");
    let rows = scores.len().div_ceil(BARS);
    for (k, (some, flags)) in scores.chunks(rows).zip(flagged.chunks(rows)).enumerate() {
        let (first, last) = (k * rows + 1, k * rows + some.len());
        let top = some.iter().copied().fold(0.0, f64::max).min(high.max(0.0));
        let alarms = flags.iter().filter(|&&flag| flag).count();
        let (left, y) = frame.at(first as f64, top);
        let right = frame.at(last as f64 + 1.0, top).0.min(frame.right);
        let class = if alarms > 0 { "bar alarm" } else { "bar" };
        let hover = format!("rows {first} to {last}: up to {}, {alarms} flagged", number(top));
        svg.rect((left, y), (right - left).max(0.8), frame.bottom - y, class, &hover);
    }
    let help = "The highest score of each group of consecutive rows, in the colour of alarms if some are flagged; \
                scores below 0 have no bar. A window keeps a high score until the unusual row has left it: the \
                reasons name the row.";
    section(
        "Scores along the series",
        help,
        &format!("<figure>{}</figure>", svg.finish("plot wide", "Scores by row", help)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_for_each_row_or_group_of_rows() {
        let scores: Vec<f64> = (0..1000).map(f64::from).collect();
        let flagged: Vec<bool> = (0..1000).map(|row| row >= 998).collect();
        let html = timeline(&scores, &flagged);
        assert_eq!(html.matches("class=\"bar\"").count() + html.matches("class=\"bar alarm\"").count(), 334);
        assert_eq!(html.matches("class=\"bar alarm\"").count(), 2, "rows 997 to 999, and row 1000");
        assert!(html.contains("rows 997 to 999: up to 998, 1 flagged"), "{html}");
    }

    #[test]
    fn infinite_and_no_scores_are_drawn_within_bounds() {
        assert!(timeline(&[], &[]).is_empty() && timeline(&[f64::INFINITY], &[true]).is_empty());
        let html = timeline(&[1.0, f64::INFINITY, -2.0], &[false, true, false]);
        assert!(!html.contains("=\"inf") && !html.contains("=\"NaN"), "{html}");
    }
}
