//! The page of forecasts: history, forecast and intervals of each series, and errors on test
//! windows.

use crate::axis::{Axis, drawable, range};
use crate::document::{document, facts, section};
use crate::forecast_errors::{ForecastDiagnosis, MethodErrors, by_step, diagnosis, errors, line};
use crate::number::number;
use crate::plot::{Frame, left_margin};
use crate::svg::{Anchor, Svg, escape, shorten};

/// Drawn panels, at most; the page says how many there are.
const MOST_PANELS: usize = 24;

/// All that the page shows.
#[derive(Debug, Clone, Default)]
pub struct ForecastPage {
    /// The title, such as "Forecast".
    pub title: String,
    /// The name of the rows.
    pub input: String,
    /// Names and values.
    pub facts: Vec<(String, String)>,
    /// What the reader should know, one sentence each.
    pub notes: Vec<String>,
    /// Forecasts to look at.
    pub panels: Vec<ForecastPanel>,
    /// Whether they are windows of the test part of a fit.
    pub are_test_windows: bool,
    /// The errors of each method on test windows, if they were measured.
    pub methods: Vec<MethodErrors>,
    /// What the errors of the model say beyond their means.
    pub diagnosis: Option<ForecastDiagnosis>,
}

/// The forecast of one column of one series, in original units; NaN where a value is missing.
#[derive(Debug, Clone, Default)]
pub struct ForecastPanel {
    /// The name of the column, and of the series if there are several.
    pub title: String,
    /// The last values before the forecast.
    pub history: Vec<f64>,
    /// The predicted values.
    pub point: Vec<f64>,
    /// The level of each interval, with its lower and upper limits.
    pub intervals: Vec<(f64, Vec<f64>, Vec<f64>)>,
    /// The values at the predicted steps, as far as they are known.
    pub actual: Vec<f64>,
    /// The times of history and forecast, as text.
    pub times: Vec<String>,
}

impl ForecastPage {
    /// The page: one file that needs nothing else.
    pub fn to_html(&self) -> String {
        let notes: String = self.notes.iter().map(|note| format!("<li>{}</li>", escape(note))).collect();
        let notes = if notes.is_empty() { notes } else { format!("<ul class=\"notes\">{notes}</ul>") };
        let mut out = section("Summary", "", &(facts(&self.facts) + &notes));
        out += &self.panels();
        out += &errors(&self.methods);
        out += &by_step(&self.methods);
        out += &self.diagnosis.as_ref().map(diagnosis).unwrap_or_default();
        document(&self.title, &self.input, &out)
    }

    fn panels(&self) -> String {
        let drawn: String = self.panels.iter().take(MOST_PANELS).filter_map(panel).collect();
        let levels: Vec<String> = match self.panels.first() {
            Some(first) => {
                first.intervals.iter().map(|(level, ..)| format!("{} %", number(100.0 * level))).collect()
            }
            None => vec![],
        };
        let compared = self.panels.iter().any(|panel| panel.actual.iter().any(|x| drawable(*x)));
        let (heading, mut help) = match self.are_test_windows {
            true => (
                "Last test windows",
                "The last windows of the test part, which the fit has not seen.".to_string(),
            ),
            false => ("Forecast", "The last values of the series and the steps after them.".to_string()),
        };
        if !levels.is_empty() {
            help +=
                &format!(" A band should hold a new value with a probability of {}.", levels.join(" and "));
        }
        if compared {
            help += " The dashed line shows what really followed.";
        }
        if self.panels.len() > MOST_PANELS {
            help += &format!(" {MOST_PANELS} of {} are shown.", self.panels.len());
        }
        section(heading, &help, &drawn)
    }
}

/// One plot; `None` if nothing can be drawn.
fn panel(panel: &ForecastPanel) -> Option<String> {
    let (start, steps) = (panel.history.len(), panel.history.len() + panel.point.len());
    let limits = panel.intervals.iter().flat_map(|(_, lower, upper)| lower.iter().chain(upper));
    let all = panel.history.iter().chain(&panel.point).chain(&panel.actual).chain(limits);
    let (low, high) = range(all.copied())?;
    let y = Axis::linear(low, high, 4);
    let left = left_margin(&y, 7.5);
    let x = Axis::counting(0.0, steps.max(2) as f64 - 1.0, 6);
    let frame = Frame { left, right: 1068.0, top: 16.0, bottom: 250.0, x, y };
    let mut svg = Svg::new(1080.0, 290.0);
    axes(&frame, &mut svg, &panel.times);
    let mut widest_first: Vec<_> = panel.intervals.iter().collect();
    widest_first.sort_by(|a, b| b.0.total_cmp(&a.0));
    for (at, (_, lower, upper)) in widest_first.into_iter().enumerate() {
        let place = |(step, y): (usize, &f64)| frame.at((start + step) as f64, *y);
        let mut edge: Vec<(f64, f64)> = lower.iter().enumerate().map(place).collect();
        edge.extend(upper.iter().enumerate().map(place).collect::<Vec<_>>().into_iter().rev());
        // From the last value on, which is known.
        if let Some(last) = panel.history.last().filter(|x| drawable(**x)) {
            edge.push(frame.at(start as f64 - 1.0, *last));
        }
        if edge.iter().all(|(x, y)| drawable(*x) && drawable(*y)) {
            svg.polygon(&edge, if at == 0 { "interval" } else { "interval inner" });
        }
    }
    line(&frame, &mut svg, 0, &panel.history, "line history");
    line(&frame, &mut svg, start, &panel.actual, "line actual");
    let mut joined = panel.point.clone();
    let last = panel.history.last().copied().filter(|x| drawable(*x));
    joined.splice(0..0, last);
    line(&frame, &mut svg, start - usize::from(last.is_some()), &joined, "line forecast");
    let dots = panel.point.iter().enumerate().filter(|(_, y)| panel.point.len() <= 60 && drawable(**y));
    for (step, y) in dots {
        let time = panel.times.get(start + step).map_or("", String::as_str);
        svg.circle(
            frame.at((start + step) as f64, *y),
            3.0,
            "dot forecast",
            &format!("{time}: {}", number(*y)),
        );
    }
    let name = format!("Forecast of {}", panel.title);
    let drawing = svg.finish("plot wide", &name, "History, forecast and prediction intervals");
    Some(format!("<figure class=\"forecast\"><h3>{}</h3>{drawing}</figure>\n", escape(&panel.title)))
}

/// The grid, and times instead of numbers at the horizontal axis.
fn axes(frame: &Frame, svg: &mut Svg, times: &[String]) {
    for &tick in &frame.y.ticks {
        let y = frame.at(0.0, tick).1;
        svg.line((frame.left, y), (frame.right, y), "grid");
        svg.text((frame.left - 8.0, y + 4.5), Anchor::End, "tick", &frame.y.label(tick));
    }
    svg.line((frame.left, frame.bottom), (frame.right, frame.bottom), "axis");
    let mut free = f64::MIN;
    for (at, &tick) in frame.x.ticks.iter().enumerate() {
        let Some(time) = times.get(tick as usize) else { continue };
        let x = frame.at(tick, 0.0).0;
        svg.line((x, frame.bottom), (x, frame.bottom + 4.0), "axis");
        let text = shorten(time, 19);
        let half = 3.8 * text.chars().count() as f64;
        let place = x.clamp(frame.left + half - 8.0, frame.right - half + 8.0);
        if place - half > free {
            // Every other one is left out on a phone, where letters are large.
            let class = if at % 2 == 1 { "tick extra" } else { "tick" };
            svg.text((place, frame.bottom + 20.0), Anchor::Middle, class, &text);
            free = place + half + 10.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> ForecastPage {
        let panel = ForecastPanel {
            title: "flow <a>".into(),
            history: vec![1.0, f64::NAN, 3.0, 2.0],
            point: vec![2.5, 2.0],
            intervals: vec![(0.8, vec![2.0, 1.0], vec![3.0, 3.5]), (0.95, vec![1.0, 0.0], vec![4.0, 5.0])],
            actual: vec![2.2, f64::NAN],
            times: (0..6).map(|t| format!("2024-01-0{}", t + 1)).collect(),
        };
        let method = |name: &str| MethodErrors {
            name: name.into(),
            measures: vec![("MASE".into(), Some(0.9)), ("CRPS".into(), None)],
            by_step: vec![0.4, 0.5],
        };
        ForecastPage {
            title: "Forecast".into(),
            panels: vec![panel],
            methods: vec![method("model"), method("last value")],
            diagnosis: Some(ForecastDiagnosis {
                coverage_by_step: vec![(0.8, vec![0.9, 0.7]), (0.95, vec![0.99, 0.9])],
                autocorrelation: vec![0.4, -0.1, 0.02],
                worst_windows: vec![("flow <a>".into(), "2024-01-03".into(), 2.5)],
            }),
            ..ForecastPage::default()
        }
    }

    #[test]
    fn history_forecast_and_bands_are_drawn() {
        let html = page().to_html();
        assert_eq!(html.matches("<polygon class=\"interval\"").count(), 1);
        assert_eq!(html.matches("<polygon class=\"interval inner\"").count(), 1);
        assert_eq!(html.matches("class=\"line forecast\"").count(), 1);
        assert!(html.contains("flow &lt;a&gt;") && html.contains("2024-01-01") && html.contains("dashed"));
        assert_eq!(html.matches("class=\"line step ").count(), 2 + 2, "errors, and coverage of two levels");
        assert_eq!(html.matches("class=\"bar\"").count(), 3, "an autocorrelation each");
        assert!(html.contains("2.50") && html.contains("2024-01-03"));
        assert!(!html.contains("NaN"), "{html}");
    }

    #[test]
    fn empty_and_infinite_values_break_nothing() {
        let mut page = page();
        page.panels[0].point = vec![f64::INFINITY, f64::NAN];
        page.panels[0].intervals[0].1 = vec![f64::NEG_INFINITY, 1.0];
        page.panels.push(ForecastPanel::default());
        let html = page.to_html();
        assert!(!html.contains("\"NaN") && !html.contains("\"inf") && !html.contains(",inf"), "{html}");
        assert!(!ForecastPage::default().to_html().contains("<svg"));
    }
}
