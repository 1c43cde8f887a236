//! Windows of a series: curves of held-out and of new ones, and errors by row of the window.

use arrow_array::RecordBatch;
use diabolo_report::{ColumnWindows, ScoredExample, SeriesWindows};

use super::row_names;
use crate::artifact::SavedModel;
use crate::data::{Encoded, FeatureKind, Windows, lag};
use crate::evaluate::ColumnScores;
use crate::stats::elementary::square;
use crate::task::{Draw, generate};
use crate::tensor::Device;

/// Held-out windows of a column, one less beside new ones; and these.
const WINDOWS: usize = 6;
const NEW: usize = 4;
/// Columns drawn: several of short windows.
const COLUMNS: usize = 3;
const SHORT: usize = 168;

/// The windows of a model of a series; `None` of other models. `made` are the reconstructions of
/// the encoded `batch`, whose rows have these `numbers`.
pub(super) fn series_windows(
    saved: &SavedModel,
    batch: &RecordBatch,
    (rows, made): (&Encoded, &[f32]),
    numbers: &[usize],
    device: &Device,
) -> Option<SeriesWindows> {
    let windows = saved.header.config.data.windows().filter(|_| rows.rows > 0)?;
    let features = &saved.header.preprocessor.schema.features;
    let is_number = |kind: &FeatureKind| matches!(kind, FeatureKind::Numeric | FeatureKind::Count);
    // The features of a column follow each other, from the first row to the last.
    let firsts: Vec<usize> =
        (0..features.len()).step_by(windows.length).filter(|&at| is_number(&features[at].kind)).collect();
    let new = generate(saved, NEW, Draw::Mean, Default::default(), saved.header.config.training.seed, device);
    let new = new.map_or(vec![], |(values, _)| values);
    let count = (WINDOWS - usize::from(!new.is_empty())).min(rows.rows);
    let chosen: Vec<usize> = (0..count).map(|k| (2 * k + 1) * rows.rows / (2 * count)).collect();
    let names = row_names(saved, batch, numbers, &chosen);
    let original = rows.select(&chosen);
    let expected: Vec<f32> =
        chosen.iter().flat_map(|row| &made[row * rows.width..(row + 1) * rows.width]).copied().collect();
    let shown = if windows.length > SHORT { 1 } else { COLUMNS };
    let column = |&first: &usize| {
        let of = |values: &[f32]| curves(saved, values, first..first + windows.length);
        let mut observed = of(&original.values);
        for (row, curve) in observed.iter_mut().enumerate() {
            blank_missing(saved, &original, row, first, curve);
        }
        let curves = observed.into_iter().zip(of(&expected)).zip(&names);
        let window = |((observed, expected), name): ((Vec<f64>, Vec<f64>), &String)| ScoredExample {
            title: name.clone(),
            across: "row of the window".into(),
            observed,
            expected,
        };
        ColumnWindows {
            name: lag(&features[first].name).0.into(),
            windows: curves.map(window).collect(),
            generated: of(&new),
        }
    };
    Some(SeriesWindows {
        columns: firsts.iter().take(shown).map(column).collect(),
        more: firsts.len().saturating_sub(shown),
        errors: errors(saved, &windows, rows, made),
    })
}

/// The curve of each window, in original units.
fn curves(saved: &SavedModel, values: &[f32], features: std::ops::Range<usize>) -> Vec<Vec<f64>> {
    let preprocessor = &saved.header.preprocessor;
    let (width, units) = (preprocessor.width(), preprocessor.column_ranges());
    let mut curves = vec![vec![]; values.len() / width];
    for feature in features {
        let cells: Vec<f32> = values.iter().skip(units[feature].start).step_by(width).copied().collect();
        // A column that no training row has is not drawn.
        let numbers = preprocessor.numbers_of(feature, &cells).unwrap_or_default();
        curves.iter_mut().zip(numbers).for_each(|(curve, number)| curve.push(number));
    }
    curves
}

fn blank_missing(saved: &SavedModel, rows: &Encoded, row: usize, first: usize, curve: &mut [f64]) {
    let units = saved.header.preprocessor.column_ranges();
    let cells = curve.iter_mut().enumerate();
    cells.filter(|(at, _)| !rows.has(row, &units[first + at])).for_each(|(_, cell)| *cell = f64::NAN);
}

/// The root mean squared errors of the model and of a constant, by row of the window, of all
/// columns of numbers.
fn errors(saved: &SavedModel, windows: &Windows, rows: &Encoded, made: &[f32]) -> [Vec<f64>; 2] {
    let mut scores = ColumnScores::new(&saved.header.preprocessor);
    scores.add(rows, made);
    let mut sums = vec![[0.0; 3]; windows.length];
    for (feature, score) in scores.finish().iter().enumerate().filter(|(_, score)| score.perfect == 0.0) {
        let sums = &mut sums[windows.length - 1 - windows.rows_back(feature)];
        let terms = [square(score.value), square(score.baseline), 1.0];
        sums.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
    }
    [0, 1].map(|which| sums.iter().map(|sums| (sums[which] / sums[2]).sqrt()).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use crate::FitJob;
    use crate::pipeline::matrix;
    use crate::pipeline::testing::fitted;
    use crate::report::fitted_report;

    #[test]
    fn a_fit_of_windows_draws_curves_in_original_units_and_errors_by_lag() {
        let flow = |t: usize| 100.0 + (t % 12) as f64 + 0.01 * (t % 97) as f64;
        let values: Vec<f64> = (0..800).flat_map(|t| [flow(t), 0.1 * (t * 7 % 89) as f64]).collect();
        let job = FitJob::new(matrix(&values, &["flow", "level"]).unwrap());
        let fitted = fitted(&["training.epochs=2", "data.window=12"], job);
        let windows = fitted_report(&fitted).unwrap().windows.unwrap();
        assert_eq!((windows.columns.len(), windows.more), (2, 0));
        let first = &windows.columns[0];
        assert_eq!((first.name.as_str(), first.windows.len(), first.generated.len()), ("flow", 5, 4));
        for window in &first.windows {
            let row: usize = window.title.strip_prefix("row ").unwrap().parse().unwrap();
            let expected = (row - 12..row).map(flow);
            let wrong = window.observed.iter().zip(expected).map(|(x, y)| (x - y).abs());
            assert!(wrong.fold(0.0, f64::max) < 1e-3, "{window:?}");
            assert_eq!((window.observed.len(), window.expected.len()), (12, 12));
        }
        let [model, constant] = &windows.errors;
        assert_eq!((model.len(), constant.len()), (12, 12));
        assert!(constant.iter().all(|error| (0.8..1.2).contains(error)), "{constant:?}");
        assert!(model.iter().all(|error| error.is_finite()), "{model:?}");
    }
}
