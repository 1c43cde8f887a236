//! The page of `score`: the distribution of scores, their ranking against labels, and rows beside
//! expected values.

use diabolo_stats::Ranking;

use crate::alarms::{self, Alarm, FlaggedPictures};
use crate::axis::{Axis, range};
use crate::document::{document, facts, section};
use crate::drift::{self, Drift};
use crate::number::number;
use crate::plot::{Frame, left_margin};
use crate::spans::{self, Span};
use crate::svg::{Anchor, Svg};
use crate::timeline::timeline;

/// Bars of the histogram; the last takes all that is higher.
const BARS: usize = 48;
/// The share of scores that is shown at its place.
const SHOWN: f64 = 0.99;

/// All that the page shows.
#[derive(Debug, Clone, Default)]
pub struct Anomalies {
    /// The name of the rows.
    pub input: String,
    /// Names and values: the rule, counts, AUROC, ….
    pub facts: Vec<(String, String)>,
    /// The score of each row; NaN for none.
    pub scores: Vec<f64>,
    /// The p-value of each row; NaN for none.
    pub p_values: Vec<f64>,
    /// The flagged rows with the highest scores.
    pub alarms: Vec<Alarm>,
    /// The first reasons of all flagged rows: columns and how many rows, most first.
    pub responsible: Vec<(String, usize)>,
    /// Whether each row was flagged.
    pub flagged: Vec<bool>,
    /// For models of pictures: the flagged ones.
    pub pictures: Option<FlaggedPictures>,
    /// Whether the rows are a series.
    pub series: bool,
    /// For a series, its columns of numbers.
    pub columns: Vec<(String, Vec<f64>)>,
    /// For a series, consecutive flagged rows.
    pub spans: Vec<Span>,
    /// By the labels, if there are labels.
    pub ranking: Option<Ranking>,
    /// By the labels, how many flagged rows are anomalies and how many are not.
    pub hits: [usize; 2],
    /// Drift since the fit, if that was asked.
    pub drift: Option<Drift>,
    /// Rows to look at.
    pub examples: Vec<ScoredExample>,
}

/// A row's numbers beside what the model expects.
#[derive(Debug, Clone, Default)]
pub struct ScoredExample {
    /// Such as "row 17: score 3.1, p = 0.4".
    pub title: String,
    /// What the numbers are numbers of: columns, or the rows of a window.
    pub across: String,
    /// The values of the row, one by one.
    pub observed: Vec<f64>,
    /// The reconstruction.
    pub expected: Vec<f64>,
}

impl Anomalies {
    /// The page: one file that needs nothing else.
    pub fn to_html(&self) -> String {
        let mut out = section("Summary", "", &facts(&self.facts));
        if self.series {
            out += &spans::section_of(&self.columns, &self.spans);
            out += &timeline(&self.scores, &self.flagged);
        }
        let all = self.flagged.iter().filter(|&&flagged| flagged).count();
        out += &self.pictures.as_ref().map(alarms::pictures).unwrap_or_default();
        out += &alarms::highest(&self.alarms, all);
        out += &alarms::responsible(&self.responsible);
        let help = "How many rows have which score. Rows from the mark on are flagged.";
        out += &histogram(&self.scores, &self.flagged, "Scores", help);
        out += &alarms::p_values(&self.p_values);
        out += &self.drift.as_ref().map(drift::section_of).unwrap_or_default();
        out += &self.ranking.as_ref().map(|ranking| curves(ranking, self.hits)).unwrap_or_default();
        out += &examples(&self.examples);
        document("Anomalies", &self.input, &out)
    }
}

/// How many rows have which score; flagged rows are drawn over all.
pub(crate) fn histogram(scores: &[f64], are_flagged: &[bool], heading: &str, help: &str) -> String {
    let mut sorted: Vec<f64> = scores.iter().copied().filter(|s| s.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let (Some(&low), Some(&last)) = (sorted.first(), sorted.last()) else { return String::new() };
    let lowest_flagged = lowest_flagged(scores, are_flagged);
    let shown = sorted[((sorted.len() - 1) as f64 * SHOWN) as usize];
    let threshold = lowest_flagged.filter(|t| t.is_finite());
    // The rows below the mark keep at least a quarter of the width, and at most half of it.
    let [least, most] = [1.0, 3.0].map(|times| threshold.map(|t| t + times * (t - low)));
    let high = shown.max(least.unwrap_or(low)).min(most.unwrap_or(shown)).min(last).max(low + 1e-9);
    let bar = |score: f64| (((score - low) / (high - low) * BARS as f64) as usize).min(BARS - 1);
    let mut counts = [[0usize; 2]; BARS];
    for (&score, &flagged) in scores.iter().zip(are_flagged).filter(|(score, _)| !score.is_nan()) {
        counts[bar(score)][0] += 1;
        counts[bar(score)][1] += usize::from(flagged);
    }
    let most = counts.iter().map(|c| c[0]).max().unwrap_or(1) as f64;
    let y = Axis::linear(0.0, most, 4);
    let left = left_margin(&y, 8.5);
    let frame = Frame { left, right: 748.0, top: 36.0, bottom: 250.0, x: Axis::tight(low, high, 8), y };
    let mut svg = Svg::new(760.0, 300.0);
    frame.draw(&mut svg, "anomaly score, nats above the mean (last bar: and more)", "rows");
    let width = (high - low) / BARS as f64;
    for (k, [all, flagged]) in counts.into_iter().enumerate() {
        let from = low + k as f64 * width;
        for (count, class) in [(all, "bar"), (flagged, "bar alarm")] {
            let (x, y) = frame.at(from, count as f64);
            let right = frame.at(from + width, 0.0).0;
            let hover = format!(
                "{} to {}: {all} rows, {flagged} of them flagged",
                number(from),
                number(from + width)
            );
            if count > 0 {
                svg.rect((x, y), (right - x - 1.0).max(0.8), frame.bottom - y, class, &hover);
            }
        }
    }
    if let Some(threshold) = threshold {
        let x = frame.at(threshold, 0.0).0;
        svg.line((x, frame.top), (x, frame.bottom), "mark");
        let (x, anchor) = match x < 0.5 * (frame.left + frame.right) {
            true => (x + 6.0, Anchor::Start),
            false => (x - 6.0, Anchor::End),
        };
        svg.text((x, frame.top + 10.0), anchor, "note", "lowest score flagged");
    }
    section(
        heading,
        help,
        &format!("<figure>{}</figure>", svg.finish("plot wide", "Histogram of scores", help)),
    )
}

fn lowest_flagged(scores: &[f64], flagged: &[bool]) -> Option<f64> {
    let flagged = scores.iter().zip(flagged).filter(|(_, flagged)| **flagged);
    flagged.map(|(score, _)| *score).reduce(f64::min)
}

/// The receiver operating characteristic, and precision over recall.
fn curves(ranking: &Ranking, [hits, false_alarms]: [usize; 2]) -> String {
    let [anomalies, others] = ranking.counts.map(|count| count as f64);
    let of = |f: &dyn Fn(f64, f64) -> (f64, f64)| -> Vec<(f64, f64)> {
        ranking.steps.iter().map(|&[hits, alarms]| f(hits as f64, alarms as f64)).collect()
    };
    let mut characteristic = vec![(0.0, 0.0)];
    characteristic.extend(of(&|hits, alarms| (alarms / others, hits / anomalies)));
    let precision = of(&|hits, alarms| (hits / anomalies, hits / (hits + alarms)));
    let share = anomalies / (anomalies + others);
    let (hits, false_alarms) = (hits as f64, false_alarms as f64);
    let at = |x: f64, y: f64| (hits + false_alarms > 0.0).then_some((x, y));
    let of_roc = at(false_alarms / others, hits / anomalies);
    let of_pr = at(hits / anomalies, hits / (hits + false_alarms));
    let axes = ("false positive rate", "true positive rate");
    let roc = unit_square(&characteristic, axes, [(0.0, 0.0), (1.0, 1.0)], of_roc);
    let pr = unit_square(&precision, ("recall", "precision"), [(0.0, share), (1.0, share)], of_pr);
    let help = "Every threshold, judged by the labels, which neither the fit nor the scores use. Dotted: random scores. The \
                dot is the rule of this page.";
    let [roc, pr] = [(roc, "Receiver operating characteristic"), (pr, "Precision–recall curve")]
        .map(|(svg, name)| svg.finish("plot", name, help));
    section(
        "Scores against labels",
        help,
        &format!("<div class=\"panels\"><figure>{roc}</figure><figure>{pr}</figure></div>"),
    )
}

/// A curve within the unit square, of at most a thousand points.
fn unit_square(
    points: &[(f64, f64)],
    (x_label, y_label): (&str, &str),
    [from, to]: [(f64, f64); 2],
    operating_point: Option<(f64, f64)>,
) -> Svg {
    let axis = || Axis::linear(0.0, 1.0, 5);
    let frame = Frame { left: 40.0, right: 368.0, top: 36.0, bottom: 330.0, x: axis(), y: axis() };
    let mut svg = Svg::new(380.0, 380.0);
    frame.draw(&mut svg, x_label, y_label);
    let step = points.len().div_ceil(1000).max(1);
    let last = points.last().copied();
    let kept = points.iter().copied().step_by(step).chain(last);
    let places: Vec<(f64, f64)> = kept.map(|(x, y)| frame.at(x, y)).collect();
    svg.line(frame.at(from.0, from.1), frame.at(to.0, to.1), "mark strong");
    svg.polyline(&places, "line train");
    if let Some((x, y)) = operating_point {
        let hover = format!("this rule: {x_label} {}, {y_label} {}", number(x), number(y));
        svg.circle(frame.at(x, y), 6.0, "dot validation", &hover);
    }
    svg
}

fn examples(examples: &[ScoredExample]) -> String {
    let figures: String = examples.iter().filter_map(example).collect();
    let help = "Observed values, and the values that the model expects, dashed. Where the two differ, the row is unusual.";
    let content = if figures.is_empty() { figures } else { format!("<div class=\"panels\">{figures}</div>") };
    section("Rows and expected values", help, &content)
}

/// A row as a figure.
pub(crate) fn example(example: &ScoredExample) -> Option<String> {
    let (low, high) = range(example.observed.iter().chain(&example.expected).copied())?;
    let y = Axis::linear(low, high, 4);
    let left = left_margin(&y, 7.5);
    let x = Axis::counting(1.0, example.observed.len() as f64, 6);
    let frame = Frame { left, right: 368.0, top: 36.0, bottom: 210.0, x, y };
    let mut svg = Svg::new(380.0, 260.0);
    frame.draw(&mut svg, &example.across, &example.title);
    for (values, class) in [(&example.observed, "line train"), (&example.expected, "line validation")] {
        let places: Vec<(f64, f64)> = values
            .iter()
            .enumerate()
            .filter(|(_, v)| v.is_finite())
            .map(|(j, &v)| frame.at(j as f64 + 1.0, v))
            .collect();
        svg.polyline(&places, class);
    }
    Some(format!("<figure>{}</figure>", svg.finish("plot", &example.title, "observed and expected values")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_page_shows_scores_curves_and_rows() {
        let scores: Vec<f64> =
            (0..200).map(|i| if i < 190 { (i % 20) as f64 } else { 100.0 + i as f64 }).collect();
        let flagged: Vec<bool> = scores.iter().map(|&s| s > 50.0).collect();
        let page = Anomalies {
            input: "<rows>.csv".into(),
            facts: vec![("Rows".into(), "200".into())],
            ranking: Ranking::of(&scores, &flagged),
            examples: vec![ScoredExample {
                title: "row 1".into(),
                across: "column".into(),
                observed: vec![1.0, f64::NAN, 3.0],
                expected: vec![1.0, 2.0, 2.0],
            }],
            p_values: vec![0.01; scores.len()],
            alarms: vec![Alarm { row: "r7".into(), ..Alarm::default() }],
            responsible: vec![("age".into(), 10)],
            hits: [10, 0],
            pictures: Some(FlaggedPictures {
                shape: (1, 2, 1),
                titles: vec!["row 3".into()],
                observed: vec![vec![0.0, 1.0]],
                expected: vec![vec![1.0, 1.0]],
            }),
            columns: vec![("flow".into(), vec![1.0, 2.0])],
            spans: vec![Span::default()],
            scores,
            flagged,
            series: true,
            drift: None,
        };
        let html = page.to_html();
        for part in [
            "lowest score flagged",
            "along the series",
            "Receiver operating",
            "row 1",
            "&lt;rows&gt;.csv",
            "bar alarm",
            "1 highest of 10",
            "Responsible columns",
            "Flagged pictures",
            "The series",
            "rows like the held-out ones",
            "this rule: recall 1, precision 1",
        ] {
            assert!(html.contains(part), "{part}");
        }
        assert!(!html.contains("NaN"));
    }

    #[test]
    fn nothing_scored_and_infinite_scores_make_a_page_too() {
        assert!(Anomalies::default().to_html().contains("</html>"));
        let page = Anomalies {
            scores: vec![f64::INFINITY, 1.0],
            flagged: vec![true, false],
            ..Anomalies::default()
        };
        let html = page.to_html();
        assert!(!html.contains("=\"inf") && !html.contains("=\"NaN"), "{html}");
    }
}
