//! Plots: lines over epochs, points in the plane, bars with whiskers.

use crate::axis::{Axis, drawable, range};
use crate::coloring::Coloring;
use crate::number::number;
use crate::svg::{Anchor, Svg, shorten};

/// The largest ratio a linear axis of positive values shows well.
const LOG_RATIO: f64 = 30.0;

/// The rectangle of a plot and the two axes that fill it.
pub(crate) struct Frame {
    pub left: f64,
    pub right: f64,
    pub top: f64,
    pub bottom: f64,
    pub x: Axis,
    pub y: Axis,
}

impl Frame {
    /// Where a value lies in the drawing.
    pub fn at(&self, x: f64, y: f64) -> (f64, f64) {
        (
            self.left + self.x.position(x) * (self.right - self.left),
            self.bottom - self.y.position(y) * (self.bottom - self.top),
        )
    }

    /// Grid lines, tick labels and the names of the axes.
    pub fn draw(&self, svg: &mut Svg, x_label: &str, y_label: &str) {
        for &tick in &self.y.ticks {
            let y = self.at(0.0, tick).1;
            svg.line((self.left, y), (self.right, y), "grid");
            svg.text((self.left - 8.0, y + 4.5), Anchor::End, "tick", &self.y.label(tick));
        }
        svg.line((self.left, self.bottom), (self.right, self.bottom), "axis");
        for &tick in &self.x.ticks {
            let x = self.at(tick, 1.0).0;
            svg.line((x, self.bottom), (x, self.bottom + 4.0), "axis");
            svg.text((x, self.bottom + 20.0), Anchor::Middle, "tick", &self.x.label(tick));
        }
        svg.text(
            ((self.left + self.right) / 2.0, self.bottom + 42.0),
            Anchor::Middle,
            "label",
            &shorten(x_label, 60),
        );
        svg.text((0.0, self.top - 16.0), Anchor::Start, "label", &shorten(y_label, 60));
    }
}

/// Room for the widest tick label of a vertical axis.
pub(crate) fn left_margin(axis: &Axis, per_character: f64) -> f64 {
    let widest = axis.ticks.iter().map(|&t| axis.label(t).chars().count()).max().unwrap_or(1);
    12.0 + per_character * widest.max(2) as f64
}

/// A line of a [`lines`] plot.
pub(crate) struct Line {
    /// CSS class: `train`, `validation`.
    pub class: &'static str,
    /// (epoch, value); values that are not finite leave a gap.
    pub points: Vec<(f64, f64)>,
}

/// Values over epochs. `mark` is an epoch to point out. `None` if nothing can be drawn.
pub(crate) fn lines(width: f64, y_label: &str, lines: &[Line], mark: Option<(f64, &str)>) -> Option<Svg> {
    let height = 260.0;
    let all = || lines.iter().flat_map(|l| &l.points).filter(|p| drawable(p.1));
    let (low, high) = range(all().map(|p| p.1))?;
    let (first, last) = range(all().map(|p| p.0))?;
    let log = low > 0.0 && high / low > LOG_RATIO;
    let y = if log { Axis::logarithmic(low, high) } else { Axis::linear(low, high, 4) };
    let y_label = match (log, y_label) {
        (false, unit) => unit.to_string(),
        (true, "") => "log scale".into(),
        (true, unit) => format!("{unit}, log scale"),
    };
    let left = left_margin(&y, 7.5);
    let x = Axis::counting(first, last, 5);
    let frame = Frame { left, right: width - 12.0, top: 34.0, bottom: height - 48.0, x, y };

    let mut svg = Svg::new(width, height);
    frame.draw(&mut svg, "epoch", &y_label);
    if let Some((epoch, name)) = mark.filter(|m| (first..=last).contains(&m.0)) {
        let x = frame.at(epoch, 1.0).0;
        svg.line((x, frame.top), (x, frame.bottom), "mark");
        let anchor = if x > (frame.left + frame.right) / 2.0 { Anchor::End } else { Anchor::Start };
        let beside = if matches!(anchor, Anchor::End) { -6.0 } else { 6.0 };
        svg.text((x + beside, frame.top + 10.0), anchor, "note", name);
    }
    for line in lines {
        for run in line.points.split(|p| !drawable(p.1) || (log && p.1 <= 0.0)) {
            let places: Vec<(f64, f64)> = run.iter().map(|p| frame.at(p.0, p.1)).collect();
            match places.as_slice() {
                [] => {}
                &[only] => svg.circle(only, 3.5, &format!("dot {}", line.class), &number(run[0].1)),
                several => svg.polyline(several, &format!("line {}", line.class)),
            }
        }
    }
    Some(svg)
}

/// Points in the plane, coloured by group, with the names of distinct groups at their centres.
pub(crate) fn scatter(
    (width, height): (f64, f64),
    points: &[(f64, f64)],
    coloring: &Coloring,
    (x_label, y_label): (&str, &str),
) -> Option<Svg> {
    let (x_low, x_high) = range(points.iter().filter(|p| drawable(p.1)).map(|p| p.0))?;
    let (y_low, y_high) = range(points.iter().filter(|p| drawable(p.0)).map(|p| p.1))?;
    let (x, y) = (Axis::tight(x_low, x_high, 7), Axis::tight(y_low, y_high, 6));
    let left = left_margin(&y, 8.5);
    let frame = Frame { left, right: width - 12.0, top: 36.0, bottom: height - 50.0, x, y };
    let mut svg = Svg::new(width, height);
    frame.draw(&mut svg, x_label, y_label);

    let mut places = vec![Vec::new(); coloring.groups.len()];
    // Drawn in slices, every group in each, so that no group lies wholly above another.
    let slice = points.len().div_ceil(12).max(1);
    for start in (0..points.len()).step_by(slice) {
        let mut dots = vec![Vec::new(); coloring.groups.len()];
        for i in start..points.len().min(start + slice) {
            let (x, y) = points[i];
            if drawable(x) && drawable(y) {
                dots[coloring.of_point[i]].push(frame.at(x, y));
            }
        }
        for ((group, dots), places) in coloring.groups.iter().zip(dots).zip(&mut places) {
            if !dots.is_empty() {
                svg.dots(&dots, &format!("point {}", group.class), &group.name);
                places.extend(dots);
            }
        }
    }
    if coloring.is_distinct() {
        name_groups(&mut svg, coloring, &places);
    }
    Some(svg)
}

/// Values that should be equal, with the line on which they would be.
pub(crate) fn agreement(points: &[(f64, f64)]) -> Option<Svg> {
    let (width, height) = (380.0, 330.0);
    let shown: Vec<(f64, f64)> = points.iter().copied().filter(|p| drawable(p.0) && drawable(p.1)).collect();
    let (low, high) = range(shown.iter().flat_map(|p| [p.0, p.1]))?;
    let (x, y) = (Axis::tight(low, high, 4), Axis::tight(low, high, 4));
    let left = left_margin(&y, 7.5);
    let frame = Frame { left, right: width - 12.0, top: 34.0, bottom: height - 48.0, x, y };
    let mut svg = Svg::new(width, height);
    frame.draw(&mut svg, "observed", "imputed");
    svg.line(frame.at(low, low), frame.at(high, high), "mark");
    let places: Vec<(f64, f64)> = shown.iter().map(|p| frame.at(p.0, p.1)).collect();
    svg.dots(&places, "point c0", "");
    Some(svg)
}

/// Writes the name of each group at the median of its points, moved apart where two would overlap.
fn name_groups(svg: &mut Svg, coloring: &Coloring, places: &[Vec<(f64, f64)>]) {
    const APART: f64 = 17.0;
    let mut written: Vec<(f64, f64, f64)> = Vec::new();
    for (group, places) in coloring.groups.iter().zip(places) {
        if places.is_empty() || group.class == "other" {
            continue;
        }
        let name = shorten(&group.name, 18);
        let half = 4.5 * name.chars().count() as f64;
        let (x, mut y) = (median(places.iter().map(|p| p.0)), median(places.iter().map(|p| p.1)));
        for _ in 0..4 {
            let clash = written.iter().find(|w| (w.0 - x).abs() < w.2 + half && (w.1 - y).abs() < APART);
            let Some(other) = clash else { break };
            y = if y >= other.1 { other.1 + APART } else { other.1 - APART };
        }
        written.push((x, y, half));
        svg.text((x, y + 5.0), Anchor::Middle, &format!("name {}", group.class), &name);
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Bars from zero with whiskers from `low` to `high` where those are given.
pub(crate) fn bars(
    values: &[f64],
    low: &[f64],
    high: &[f64],
    (x_label, y_label): (&str, &str),
) -> Option<Svg> {
    let (width, height) = (620.0, 340.0);
    let whiskers = low.len() == values.len() && high.len() == values.len();
    let tops = values.iter().chain(if whiskers { high } else { &[] });
    let (_, top) = range(tops.copied())?;
    let y = Axis::linear(0.0, if top > 0.0 { top } else { 1.0 }, 5);
    let left = left_margin(&y, 8.5);
    let count = values.len() as f64;
    let mut x = Axis::counting(0.5, count + 0.5, 10);
    x.ticks = Axis::counting(1.0, count, 10).ticks;
    let frame = Frame { left, right: width - 12.0, top: 36.0, bottom: height - 50.0, x, y };
    let mut svg = Svg::new(width, height);
    frame.draw(&mut svg, x_label, y_label);

    let slot = (frame.right - frame.left) / count;
    let bar = (0.7 * slot).clamp(0.8, 44.0);
    for (i, &value) in values.iter().enumerate().filter(|(_, v)| drawable(**v)) {
        let (x, y) = frame.at(i as f64 + 1.0, value.max(0.0));
        let hover = format!("{}: {}", i + 1, number(value));
        svg.rect((x - bar / 2.0, y), bar, frame.bottom - y, "bar", &hover);
        if whiskers && drawable(low[i]) && drawable(high[i]) {
            svg.line(
                frame.at(i as f64 + 1.0, low[i].max(0.0)),
                frame.at(i as f64 + 1.0, high[i].max(0.0)),
                "whisker",
            );
        }
    }
    Some(svg)
}

/// Points joined over a logarithmic axis, with whiskers of ±`error` where given, and a place
/// `mark`ed by name.
pub(crate) fn curve(
    points: &[(f64, f64)],
    error: &[f64],
    (mark, name): (f64, &str),
    (x_label, y_label): (&str, &str),
) -> Option<Svg> {
    let (width, height) = (620.0, 340.0);
    let error = |i: usize| error.get(i).copied().filter(|e| drawable(*e)).unwrap_or(0.0);
    let shown = |p: &(f64, f64)| drawable(p.0) && p.0 > 0.0 && drawable(p.1);
    let drawn = || points.iter().enumerate().filter(|(_, p)| shown(p));
    let (first, last) = range(drawn().map(|(_, p)| p.0))?;
    let (_, top) = range(drawn().map(|(i, p)| p.1 + error(i)))?;
    let y = Axis::linear(0.0, if top > 0.0 { top } else { 1.0 }, 5);
    let left = left_margin(&y, 8.5);
    let x = Axis::tight_logarithmic(first, last);
    let frame = Frame { left, right: width - 12.0, top: 36.0, bottom: height - 50.0, x, y };
    let mut svg = Svg::new(width, height);
    frame.draw(&mut svg, x_label, y_label);
    if (first..=last).contains(&mark) {
        let x = frame.at(mark, 1.0).0;
        svg.line((x, frame.top), (x, frame.bottom), "mark");
        svg.text((x - 6.0, frame.bottom - 8.0), Anchor::End, "note", name);
    }
    for run in points.split(|p| !shown(p)) {
        let places: Vec<(f64, f64)> = run.iter().map(|p| frame.at(p.0, p.1)).collect();
        svg.polyline(&places, "line train");
    }
    for (i, &(x, y)) in drawn() {
        let (low, high) = (frame.at(x, (y - error(i)).max(0.0)), frame.at(x, y + error(i)));
        svg.line(low, high, "whisker");
        svg.circle(frame.at(x, y), 3.5, "dot train", &format!("at {}: {}", number(x), number(y)));
    }
    Some(svg)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn drawn(svg: Option<Svg>) -> String {
        let text = svg.unwrap().finish("plot", "", "");
        assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
        text
    }

    #[test]
    fn a_value_that_is_not_finite_leaves_a_gap() {
        let points = vec![
            (1.0, 5.0),
            (2.0, 4.0),
            (3.0, f64::NAN),
            (4.0, 3.0),
            (5.0, f64::INFINITY),
            (6.0, 2.0),
            (7.0, 2.0),
        ];
        let text = drawn(lines(380.0, "nats", &[Line { class: "train", points }], Some((6.0, "best"))));
        assert_eq!((text.matches("<polyline").count(), text.matches("<circle").count()), (2, 1));
    }

    #[test]
    fn losses_over_several_orders_get_a_log_axis() {
        let points = (1..20).map(|e| (e as f64, 1000.0 / (e * e) as f64)).collect();
        assert!(drawn(lines(380.0, "nats", &[Line { class: "train", points }], None)).contains("log scale"));
    }

    #[test]
    fn a_curve_leaves_out_what_a_log_axis_cannot_show() {
        let points = [(0.0, 1.0), (0.1, 2.0), (1.0, f64::NAN), (10.0, 3.0), (f64::INFINITY, 1.0)];
        let text = drawn(curve(&points, &[0.1, 0.1, 0.1, f64::NAN], (1.0, "here"), ("x", "y")));
        assert_eq!((text.matches("<circle").count(), text.matches(">here<").count()), (2, 1));
        assert!(curve(&[(1.0, f64::NAN)], &[], (1.0, ""), ("", "")).is_none());
    }

    #[test]
    fn nothing_to_draw_is_no_plot() {
        let points = vec![(1.0, f64::NAN)];
        assert!(lines(380.0, "nats", &[Line { class: "train", points }], None).is_none());
        assert!(bars(&[], &[], &[], ("", "")).is_none());
        assert!(scatter((100.0, 100.0), &[(f64::NAN, 1.0)], &Coloring::plain(1), ("", "")).is_none());
    }

    #[test]
    fn every_drawable_point_is_drawn_once() {
        let points: Vec<(f64, f64)> =
            (0..500).map(|i| (i as f64, if i == 7 { f64::NAN } else { 1.0 })).collect();
        let text = drawn(scatter((400.0, 300.0), &points, &Coloring::plain(500), ("x", "y")));
        assert_eq!(text.matches("h0").count(), 499);
    }
}
