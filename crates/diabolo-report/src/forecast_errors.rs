//! The errors of forecasts on test windows: means, by step, and what they have in common.

use crate::axis::{Axis, drawable, range};
use crate::document::section;
use crate::number::number;
use crate::plot::{Frame, left_margin};
use crate::svg::{Svg, escape};

/// Points of a line, at most: of more, the first ones of each group are drawn.
const MOST_POINTS: usize = 1500;

/// The errors of one method on test windows.
#[derive(Debug, Clone, Default)]
pub struct MethodErrors {
    /// The method.
    pub name: String,
    /// Names and values of the measures; the same names for each method.
    pub measures: Vec<(String, Option<f64>)>,
    /// The mean absolute error of each step, standardised.
    pub by_step: Vec<f64>,
}

/// What the errors of the model on test windows say beyond their means.
#[derive(Debug, Clone, Default)]
pub struct ForecastDiagnosis {
    /// Levels, and the share of values within their intervals at each step.
    pub coverage_by_step: Vec<(f64, Vec<f64>)>,
    /// The autocorrelation of the errors of the next value at lags 1, 2, ….
    pub autocorrelation: Vec<f64>,
    /// The windows with the largest errors: column, first time, mean absolute error.
    pub worst_windows: Vec<(String, String, f64)>,
}

/// The values from a step on, with gaps where they are missing.
pub(crate) fn line(frame: &Frame, svg: &mut Svg, start: usize, values: &[f64], class: &str) {
    let every = values.len().div_ceil(MOST_POINTS).max(1);
    let points: Vec<(usize, f64)> = values.iter().copied().enumerate().step_by(every).collect();
    for run in points.split(|(_, y)| !drawable(*y)) {
        let places: Vec<(f64, f64)> =
            run.iter().map(|(step, y)| frame.at((start + step) as f64, *y)).collect();
        match places.as_slice() {
            [] => {}
            &[only] => svg.circle(only, 2.0, &class.replace("line", "dot"), &number(run[0].1)),
            several => svg.polyline(several, class),
        }
    }
}

/// The errors as a table, one line a method.
pub(crate) fn errors(methods: &[MethodErrors]) -> String {
    let Some(first) = methods.first() else { return String::new() };
    let heads: String =
        first.measures.iter().map(|(name, _)| format!("<th class=\"value\">{}</th>", escape(name))).collect();
    let digits = |name: &str, x: f64| if name.contains('%') { format!("{x:.1}") } else { format!("{x:.3}") };
    let cell = |(name, value): &(String, Option<f64>)| {
        format!("<td class=\"value\">{}</td>", value.map_or("–".into(), |x| digits(name, x)))
    };
    let row = |method: &MethodErrors| {
        let cells: String = method.measures.iter().map(cell).collect();
        format!("<tr><th>{}</th>{cells}</tr>", escape(&method.name))
    };
    let body: String = methods.iter().map(row).collect();
    let help = "Every window of the test part is scored. MASE is in units of the error of the seasonal naive forecast \
                of one step in training: below 1 is better than that. MSE, MAE and CRPS are standardised: values are divided by the \
                deviation of their column in training. Coverage is the share of values within an interval.";
    let table = format!(
        "<div class=\"scroll\"><table class=\"errors\"><thead><tr><th>method</th>{heads}</tr></thead><tbody>{body}</tbody></table></div>"
    );
    section("Errors on test windows", help, &table)
}

/// The error of each step as lines.
pub(crate) fn by_step(methods: &[MethodErrors]) -> String {
    let longest = methods.iter().map(|method| method.by_step.len()).max().unwrap_or(0);
    let all = methods.iter().flat_map(|method| method.by_step.iter().copied());
    let Some((_, high)) = range(all).filter(|_| longest > 1) else { return String::new() };
    let y = Axis::linear(0.0, high, 4);
    let x = Axis::counting(1.0, longest as f64, 8);
    let frame = Frame { left: left_margin(&y, 7.5), right: 740.0, top: 34.0, bottom: 240.0, x, y };
    let mut svg = Svg::new(760.0, 290.0);
    frame.draw(&mut svg, "step", "mean absolute error, standardised");
    for (at, method) in methods.iter().enumerate().rev() {
        line(&frame, &mut svg, 1, &method.by_step, &format!("line step c{}", at % 10));
    }
    let key = |(at, method): (usize, &MethodErrors)| {
        format!("<span class=\"step-key c{}\">{}</span>", at % 10, escape(&method.name))
    };
    let keys: String = methods.iter().enumerate().map(key).collect();
    let drawing =
        svg.finish("plot wide", "Error by step", "The mean absolute error of each method at each step");
    section(
        "Error by step",
        "",
        &format!("<p class=\"keys\">{keys}</p><figure class=\"by-step\">{drawing}</figure>"),
    )
}

/// Coverage by step, autocorrelation, worst windows.
pub(crate) fn diagnosis(found: &ForecastDiagnosis) -> String {
    coverage(found) + &autocorrelation(found) + &worst(found)
}

/// The coverage of each level at each step, beside the level.
fn coverage(found: &ForecastDiagnosis) -> String {
    let levels = &found.coverage_by_step;
    let longest = levels.iter().map(|(_, by_step)| by_step.len()).max().unwrap_or(0);
    let all = || levels.iter().flat_map(|(level, by_step)| by_step.iter().chain([level]).copied());
    let Some((low, _)) = range(all()).filter(|_| longest > 1) else { return String::new() };
    let y = Axis::linear(100.0 * low.min(0.7), 100.0, 4);
    let x = Axis::counting(1.0, longest as f64, 8);
    let frame = Frame { left: left_margin(&y, 7.5), right: 740.0, top: 34.0, bottom: 240.0, x, y };
    let mut svg = Svg::new(760.0, 290.0);
    frame.draw(&mut svg, "step", "values within the interval, %");
    for (at, (level, by_step)) in levels.iter().enumerate() {
        let percent: Vec<f64> = by_step.iter().map(|share| 100.0 * share).collect();
        let ends = [1.0, longest as f64].map(|x| frame.at(x, 100.0 * level));
        svg.polyline(&ends, &format!("curve base c{at}"));
        line(&frame, &mut svg, 1, &percent, &format!("line step c{at}"));
    }
    let key = |(at, (level, _)): (usize, &(f64, Vec<f64>))| {
        format!("<span class=\"step-key c{at}\">{} %</span>", number(100.0 * level))
    };
    let keys: String = levels.iter().enumerate().map(key).collect();
    let drawing =
        svg.finish("plot wide", "Coverage by step", "The share of test values within the intervals");
    let help = "The share of test values within the intervals of the model. Intervals that hold as often as they say follow \
                the dashed line of their level; above it they are too wide, below it too narrow.";
    let body = format!("<p class=\"keys\">{keys}</p><figure class=\"by-step\">{drawing}</figure>");
    section("Coverage by step", help, &body)
}

/// The autocorrelation as bars.
fn autocorrelation(found: &ForecastDiagnosis) -> String {
    let values = &found.autocorrelation;
    let Some((low, high)) = range(values.iter().copied()) else { return String::new() };
    let y = Axis::linear(low.min(-0.2), high.max(0.2), 4);
    let x = Axis::counting(1.0, values.len().max(2) as f64, 8);
    let frame = Frame { left: left_margin(&y, 7.5), right: 740.0, top: 34.0, bottom: 240.0, x, y };
    let mut svg = Svg::new(760.0, 290.0);
    frame.draw(&mut svg, "lag in steps", "autocorrelation");
    let width = (0.7 * (frame.right - frame.left) / values.len() as f64).clamp(1.0, 24.0);
    let zero = frame.at(1.0, 0.0).1;
    for (at, value) in values.iter().enumerate().filter(|(_, value)| drawable(**value)) {
        let (x, y) = frame.at((at + 1) as f64, *value);
        let hover = format!("lag {}: {}", at + 1, number(*value));
        svg.rect((x - 0.5 * width, y.min(zero)), width, (y - zero).abs(), "bar", &hover);
    }
    svg.line((frame.left, zero), (frame.right, zero), "axis");
    let drawing = svg.finish("plot wide", "Autocorrelation of errors", "Of the errors of the next value");
    let help = "Of the errors of the next value on test windows. Errors that a series leaves to chance have none; a bar \
                far from 0 is what a model could still learn.";
    section("Autocorrelation of errors", help, &format!("<figure class=\"by-step\">{drawing}</figure>"))
}

/// The windows with the largest errors.
fn worst(found: &ForecastDiagnosis) -> String {
    if found.worst_windows.is_empty() {
        return String::new();
    }
    let row = |(column, first, error): &(String, String, f64)| {
        let (column, first) = (escape(column), escape(first));
        format!("<tr><th>{first}</th><td>{column}</td><td class=\"value\">{error:.2}</td></tr>")
    };
    let rows: String = found.worst_windows.iter().map(row).collect();
    let help = "The test windows with the largest mean absolute errors, standardised; of windows that overlap, the worst.";
    let table = format!(
        "<div class=\"scroll\"><table class=\"errors\"><thead><tr><th>first step</th><th>column</th><th class=\"value\">MAE</th></tr></thead>\
         <tbody>{rows}</tbody></table></div>"
    );
    section("Worst windows", help, &table)
}
