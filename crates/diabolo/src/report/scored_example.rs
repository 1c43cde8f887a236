//! The numbers of a row and their expected values, for a plot.

use arrow_array::RecordBatch;
use diabolo_report::ScoredExample;

use crate::Result;
use crate::artifact::SavedModel;
use crate::data::{FeatureKind, is_earlier_row, take};
use crate::task::scorer;
use crate::tensor::Device;

/// Columns are drawn in original units if the ratio of their standard deviations is at most this.
const COMPARABLE: f64 = 10.0;

/// The numbers of a row (numbered from 0) in the order of the columns, in encoded units if the
/// original units are not comparable. `None` for a model that cannot score, or with fewer than two
/// numbers.
pub fn scored_example(
    saved: &SavedModel,
    input: &str,
    rows: &RecordBatch,
    row: usize,
    device: &Device,
) -> Result<Option<ScoredExample>> {
    let Some(detector) = &saved.detector else { return Ok(None) };
    let preprocessor = &saved.header.preprocessor;
    let encoded = preprocessor.encode(input, &take(input, rows, &[row])?, row as u64)?;
    let made = scorer(saved, detector, device).expected(&encoded);
    let features = preprocessor.schema.features.iter().zip(preprocessor.column_ranges());
    let numbers: Vec<(&str, usize)> = features
        .filter(|(feature, _)| matches!(feature.kind, FeatureKind::Numeric | FeatureKind::Count))
        .map(|(feature, units)| (feature.name.as_str(), units.start))
        .collect();
    if numbers.len() < 2 {
        return Ok(None);
    }
    let seen = |unit: usize| encoded.has(0, &(unit..unit + 1));
    let of =
        |values: &[f32]| -> Vec<f64> { numbers.iter().map(|(_, unit)| f64::from(values[*unit])).collect() };
    // The same columns; not decoded, since an anomaly may lie outside the range of the training
    // rows.
    let in_units = |values: &[f32]| -> Vec<f64> {
        preprocessor.numbers(values).into_iter().flatten().map(|column| column[0]).collect()
    };
    let (low, high) = (in_units(&vec![0.0; encoded.width]), in_units(&vec![1.0; encoded.width]));
    let steps = || low.iter().zip(&high).map(|(low, high)| high - low);
    let comparable = steps().fold(0.0, f64::max) < COMPARABLE * steps().fold(f64::INFINITY, f64::min);
    let (mut values, expected) = match comparable {
        true => (in_units(&encoded.values), in_units(&made)),
        false => (of(&encoded.values), of(&made)),
    };
    values
        .iter_mut()
        .zip(&numbers)
        .filter(|(_, (_, unit))| !seen(*unit))
        .for_each(|(value, _)| *value = f64::NAN);
    let title =
        if comparable { format!("row {}", row + 1) } else { format!("row {}, encoded units", row + 1) };
    let windows = rows.schema().fields().iter().any(|field| is_earlier_row(field));
    let across = if windows { "row of the window" } else { "column" }.into();
    Ok(Some(ScoredExample { title, across, observed: values, expected }))
}
