//! Curves of several models in one plot, each named at its end.

use super::claims::SUBJECT;
use super::measured::{Curve, Figure};
use crate::axis::{Axis, drawable, range};
use crate::number::number;
use crate::plot::{Frame, left_margin};
use crate::svg::{Anchor, Svg, shorten};

const HEIGHT: f64 = 320.0;
/// Room for the names, and between two of them.
const NAMES: f64 = 108.0;
const APART: f64 = 17.0;
/// How far above the highest value of a model the curve of a baseline is followed.
const BASELINE_REACH: f64 = 1.5;
/// More points than this are drawn without dots.
const FEW: usize = 12;

/// The colour of a model, the same in every plot: that with a number, or that of the family.
pub(super) fn class(name: &str, baseline: bool, number: Option<usize>) -> &'static str {
    if let Some(number) = number {
        return color(number);
    }
    match name {
        _ if baseline => "base",
        "contractive" => "c0",
        "plain" => "c8",
        "denoising" => "c6",
        "variational" => "c4",
        "sparse" => "c5",
        "vector_quantized" => "c9",
        _ => "c2",
    }
}

/// The colours of curves that are not named after families.
const COLORS: [&str; 10] = ["c0", "c6", "c4", "c8", "c2", "c9", "c5", "c1", "c3", "c7"];

/// The colour with this number.
pub(super) fn color(number: usize) -> &'static str {
    COLORS[number % COLORS.len()]
}

fn class_of(curve: &Curve) -> &'static str {
    class(&curve.name, curve.baseline, curve.color)
}

/// `None` if nothing can be drawn.
pub(super) fn plot(figure: &Figure, width: f64) -> Option<Svg> {
    let curves = within_reach(&figure.curves);
    let points = || curves.iter().flat_map(|c| &c.points).filter(|p| drawable(p[0]) && drawable(p[1]));
    let positive = || points().filter(|p| !figure.log_x || p[0] > 0.0);
    let (first, last) = range(positive().map(|p| p[0]))?;
    let (low, high) = range(positive().map(|p| p[1]))?;
    let x = match (figure.log_x, figure.x_names.is_empty()) {
        (_, false) => places(figure.x_names.len()),
        (true, _) => Axis::tight_logarithmic(first, last),
        // Whole numbers, such as epochs, begin at 1; a level of noise at 0.
        _ if first >= 1.0 => Axis::counting(first, last, 6),
        _ => Axis::linear(first, last, 5),
    };
    let near_zero = low >= 0.0 && low < 0.35 * high;
    let y = Axis::linear(if near_zero { 0.0 } else { low }, high, 5);
    let left = left_margin(&y, 8.0);
    let names = if curves.iter().all(|c| c.name.is_empty()) { 16.0 } else { NAMES };
    let frame = Frame { left, right: width - names, top: 36.0, bottom: HEIGHT - 50.0, x, y };
    let mut svg = Svg::new(width, HEIGHT);
    frame.draw(&mut svg, &figure.x_label, &figure.y_label);
    for (i, name) in figure.x_names.iter().enumerate() {
        svg.text(
            (frame.at(i as f64, low).0, frame.bottom + 22.0),
            Anchor::Middle,
            "label",
            &shorten(name, 24),
        );
    }
    let shows = |p: &[f64; 3]| drawable(p[0]) && drawable(p[1]) && (!figure.log_x || p[0] > 0.0);
    // Baselines first: models lie above them.
    let mut order: Vec<&Curve> = curves.iter().collect();
    order.sort_by_key(|c| (!c.baseline, c.name == SUBJECT));
    for curve in &order {
        draw(&mut svg, &frame, curve, &shows);
    }
    name_curves(&mut svg, &frame, &order, &shows);
    Some(svg)
}

/// The curves, with those of baselines cut where they rise far above all models, whose differences
/// are to be visible.
fn within_reach(curves: &[Curve]) -> Vec<Curve> {
    let models = curves.iter().filter(|c| !c.baseline).flat_map(|c| &c.points);
    let Some((_, top)) = range(models.map(|p| p[1])).filter(|(_, top)| *top > 0.0) else {
        return curves.to_vec();
    };
    let limit = BASELINE_REACH * top;
    let cut = |curve: &Curve| {
        let mut curve = curve.clone();
        if let Some(over) =
            curve.points.iter().position(|p| p[1] > limit).filter(|&i| curve.baseline && i > 0)
        {
            let (below, above) = (curve.points[over - 1], curve.points[over]);
            let share = (limit - below[1]) / (above[1] - below[1]);
            curve.points.truncate(over);
            curve.points.push([below[0] + share * (above[0] - below[0]), limit, 0.0]);
        }
        curve
    };
    curves.iter().map(cut).collect()
}

/// An axis for places 0, 1, … that are named apart.
fn places(count: usize) -> Axis {
    let mut axis = Axis::tight(-0.12, count as f64 - 0.88, 1);
    axis.ticks.clear();
    axis
}

fn draw(svg: &mut Svg, frame: &Frame, curve: &Curve, shows: &dyn Fn(&[f64; 3]) -> bool) {
    let class = class_of(curve);
    for (p, label) in curve.points.iter().zip(&curve.labels).filter(|(p, _)| shows(p)) {
        let (x, y) = frame.at(p[0], p[1]);
        svg.text((x, (y - 9.0).max(frame.top - 2.0)), Anchor::Middle, "note", &shorten(label, 16));
    }
    for run in curve.points.split(|p| !shows(p)).filter(|run| !run.is_empty()) {
        let at = |side: f64| {
            run.iter().map(move |p| {
                let error = if drawable(p[2]) { p[2] } else { 0.0 };
                let (x, y) = frame.at(p[0], p[1] + side * error);
                // An error may reach beyond the frame.
                (x, y.clamp(frame.top, frame.bottom))
            })
        };
        if run.iter().any(|p| p[2] > 0.0) {
            let band: Vec<(f64, f64)> = at(1.0).chain(at(-1.0).rev()).collect();
            svg.polygon(&band, &format!("band {class}"));
        }
        let places: Vec<(f64, f64)> = at(0.0).collect();
        svg.polyline(&places, &format!("curve {class}"));
        if curve.points.len() <= FEW {
            for (device, p) in places.iter().zip(run) {
                svg.circle(
                    *device,
                    3.0,
                    &format!("spot {class}"),
                    &format!("{}: {}", curve.name.replace('_', "-"), number(p[1])),
                );
            }
        }
    }
}

/// Writes each name beside the end of its curve, moved apart where two would overlap, with a line
/// to the end.
fn name_curves(svg: &mut Svg, frame: &Frame, curves: &[&Curve], shows: &dyn Fn(&[f64; 3]) -> bool) {
    let end = |curve: &&Curve| {
        let last = curve.points.iter().rfind(|p| shows(p))?;
        Some((frame.at(last[0], last[1]), class_of(curve), curve.name.replace('_', "-")))
    };
    let all: Vec<_> = curves.iter().filter(|c| !c.name.is_empty()).filter_map(end).collect();
    let late = frame.left + 0.65 * (frame.right - frame.left);
    // A line from a curve that ends early would cross the others.
    let (early, mut ends): (Vec<_>, Vec<_>) = all.into_iter().partition(|e| e.0.0 < late);
    for ((x, y), class, name) in early {
        let beside = if y > frame.top + 24.0 { y + 15.0 } else { y + 4.5 };
        svg.text((x + 9.0, beside), Anchor::Start, &format!("end {class}"), &shorten(&name, 13));
    }
    ends.sort_by(|a, b| a.0.1.total_cmp(&b.0.1));
    let mut heights: Vec<f64> = Vec::new();
    for ((_, y), ..) in &ends {
        heights.push(heights.last().map_or(*y, |above| y.max(above + APART)));
    }
    // Names pushed below the frame move up together.
    let mut floor = frame.bottom;
    for height in heights.iter_mut().rev() {
        *height = height.min(floor);
        floor = *height - APART;
    }
    for (((x, y), class, name), height) in ends.into_iter().zip(heights) {
        let text = frame.right + 22.0;
        svg.polyline(&[(x + 4.0, y), (text - 4.0, height)], &format!("leader {class}"));
        svg.text((text, height + 4.5), Anchor::Start, &format!("end {class}"), &shorten(&name, 13));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn curve(name: &str, points: &[[f64; 3]]) -> Curve {
        Curve { name: name.into(), points: points.to_vec(), ..Curve::default() }
    }

    fn drawn(curves: Vec<Curve>, log_x: bool) -> Option<String> {
        let figure = Figure { log_x, curves, ..Figure::default() };
        let text = plot(&figure, 500.0)?.finish("plot", "", "");
        assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
        Some(text)
    }

    #[test]
    fn odd_values_leave_gaps_and_break_nothing() {
        let nan = f64::NAN;
        let text = drawn(
            vec![
                curve("a", &[[0.0, 1.0, 0.1], [1.0, nan, 0.1], [2.0, 3.0, nan], [3.0, f64::INFINITY, 0.0]]),
                curve("b", &[]),
                curve("c", &[[nan, nan, nan]]),
            ],
            false,
        );
        assert_eq!(text.unwrap().matches("class=\"curve").count(), 2);
        assert!(drawn(vec![curve("a", &[[0.0, nan, 0.0]])], false).is_none());
        assert!(drawn(vec![curve("a", &[[0.0, 1.0, 0.0]])], true).is_none(), "0 has no logarithm");
        assert!(drawn(vec![curve("a", &[[0.0, 1.0, 0.0], [0.1, 1.0, 5.0]])], true).is_some());
    }

    #[test]
    fn a_baseline_far_above_is_cut_where_it_leaves() {
        let model = curve("a", &[[0.0, 1.0, 0.0], [1.0, 2.0, 0.0]]);
        let baseline =
            Curve { baseline: true, ..curve("b", &[[0.0, 0.0, 0.0], [1.0, 6.0, 0.0], [2.0, 9.0, 0.0]]) };
        // Cut at 1.5 × 2 = 3, half way from 0 to 6.
        let cut = within_reach(&[model.clone(), baseline]);
        assert_eq!(cut[1].points, [[0.0, 0.0, 0.0], [0.5, 3.0, 0.0]]);
        assert_eq!(cut[0].points, model.points);
    }

    #[test]
    fn a_curve_may_have_a_colour_and_labels_instead_of_a_name() {
        let labels = vec!["low".to_string(), "high".to_string()];
        let points = [[0.0, 1.0, 0.0], [1.0, 2.0, 0.0]];
        let text = drawn(vec![Curve { color: Some(1), labels, ..curve("", &points) }], false).unwrap();
        assert!(text.contains(">low<") && text.contains(">high<") && text.contains("curve c6"), "{text}");
        assert!(!text.contains("class=\"end") && !text.contains("class=\"leader"), "{text}");
    }

    #[test]
    fn names_do_not_overlap() {
        let ends = (0..6).map(|i| curve(&format!("m{i}"), &[[0.0, 1.0, 0.0], [1.0, 0.001 * i as f64, 0.0]]));
        let text = drawn(ends.collect(), false).unwrap();
        let mut heights: Vec<f64> = text
            .split("class=\"end")
            .skip(1)
            .map(|t| t.split("y=\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap())
            .collect();
        heights.sort_by(f64::total_cmp);
        assert!(heights.windows(2).all(|w| w[1] - w[0] >= APART - 0.2), "{heights:?}");
        assert!(heights[5] <= HEIGHT - 40.0, "{heights:?}");
    }
}
