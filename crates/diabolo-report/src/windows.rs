//! Windows of a series: held-out ones beside their reconstructions, new ones, and the error of each
//! row of a window.

use crate::anomalies::{ScoredExample, example};
use crate::axis::{Axis, range};
use crate::document::section;
use crate::forecast_errors::line;
use crate::plot::{Frame, left_margin};
use crate::svg::{Svg, escape};

/// Windows of a series.
#[derive(Debug, Clone, Default)]
pub struct SeriesWindows {
    /// The columns that are drawn.
    pub columns: Vec<ColumnWindows>,
    /// How many more columns there are.
    pub more: usize,
    /// The error of each row of a window, first row first: of the model, and of a constant.
    pub errors: [Vec<f64>; 2],
}

/// Windows of one column.
#[derive(Debug, Clone, Default)]
pub struct ColumnWindows {
    /// The column.
    pub name: String,
    /// Held-out windows.
    pub windows: Vec<ScoredExample>,
    /// New windows, of a model that generates.
    pub generated: Vec<Vec<f64>>,
}

const CURVES: &str = "Held-out windows, evenly spaced, with their reconstructions.";
const ERRORS: &str = "Root mean squared error of the reconstruction, in standard deviations, by the row of the window; the \
                      last row is the current one, with lag 0. Below the constant, the mean of the column, a row is \
                      learned.";

/// The curves and the errors.
pub(crate) fn sections(windows: &SeriesWindows) -> String {
    curves(windows) + &errors(&windows.errors)
}

fn curves(windows: &SeriesWindows) -> String {
    let drawn: String = windows.columns.iter().map(column).collect();
    if drawn.is_empty() {
        return drawn;
    }
    let generates = windows.columns.iter().any(|column| !column.generated.is_empty());
    let mut help = CURVES.to_string();
    if generates {
        help += " The last panel of a column has new windows, which the model has drawn.";
    }
    if windows.more > 0 {
        help += &format!(" {} more columns of numbers are not drawn.", windows.more);
    }
    let keys = "<p class=\"keys\"><span class=\"key train\">original</span><span class=\"key validation\">reconstruction</span></p>";
    section("Windows of the series", &help, &format!("{keys}{drawn}"))
}

fn column(column: &ColumnWindows) -> String {
    let figures = column.windows.iter().filter_map(example).chain(generated(&column.generated));
    let figures: String = figures.collect();
    if figures.is_empty() {
        return figures;
    }
    format!("<h3>{}</h3><div class=\"panels windows\">{figures}</div>\n", escape(&column.name))
}

/// New windows in one panel.
fn generated(windows: &[Vec<f64>]) -> Option<String> {
    let (low, high) = range(windows.iter().flatten().copied())?;
    let longest = windows.iter().map(Vec::len).max().unwrap_or(0);
    let y = Axis::linear(low, high, 4);
    let x = Axis::counting(1.0, longest as f64, 6);
    let frame = Frame { left: left_margin(&y, 7.5), right: 368.0, top: 36.0, bottom: 210.0, x, y };
    let mut svg = Svg::new(380.0, 260.0);
    let title = format!("{} new windows", windows.len());
    frame.draw(&mut svg, "row of the window", &title);
    for (at, window) in windows.iter().enumerate() {
        line(&frame, &mut svg, 1, window, &format!("line step thin-step c{}", at % 10));
    }
    Some(format!("<figure>{}</figure>", svg.finish("plot", &title, "Windows drawn from the model")))
}

fn errors([model, constant]: &[Vec<f64>; 2]) -> String {
    let Some((_, high)) = range(model.iter().chain(constant).copied()).filter(|_| model.len() > 1) else {
        return String::new();
    };
    let y = Axis::linear(0.0, high, 4);
    let x = Axis::counting(1.0, model.len() as f64, 8);
    let frame = Frame { left: left_margin(&y, 7.5), right: 740.0, top: 34.0, bottom: 240.0, x, y };
    let mut svg = Svg::new(760.0, 290.0);
    frame.draw(&mut svg, "row of the window", "RMSE, standard deviations");
    line(&frame, &mut svg, 1, constant, "line validation");
    line(&frame, &mut svg, 1, model, "line train");
    let drawing = svg.finish("plot wide", "Error by row of the window", "Of the model and of a constant");
    let keys = "<p class=\"keys\"><span class=\"key train\">model</span><span class=\"key validation\">constant</span></p>";
    section("Error by lag", ERRORS, &format!("{keys}<figure class=\"by-step\">{drawing}</figure>"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_new_ones_and_errors_are_drawn() {
        let window = ScoredExample {
            title: "<row> 7".into(),
            across: "row of the window".into(),
            observed: vec![1.0, f64::NAN, 3.0],
            expected: vec![1.0, 2.0, 2.5],
        };
        let column = ColumnWindows {
            name: "<flow>".into(),
            windows: vec![window; 6],
            generated: vec![vec![1.0, 2.0, 1.0]; 3],
        };
        let errors = [vec![0.4, 0.3, f64::NAN], vec![1.0, 1.0, 1.0]];
        let html = sections(&SeriesWindows { columns: vec![column], more: 2, errors });
        assert_eq!(html.matches("<figure>").count(), 6 + 1);
        assert_eq!(html.matches("line step thin-step").count(), 3);
        for part in ["&lt;flow&gt;", "&lt;row&gt; 7", "2 more columns", "Error by lag", "3 new windows"] {
            assert!(html.contains(part), "{part}\n{html}");
        }
        assert!(!html.contains("NaN") && sections(&SeriesWindows::default()).is_empty());
    }
}
