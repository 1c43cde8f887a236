//! How often each level of a column is reconstructed as which.

use super::columns::largest;
use super::drift_reference::cells;
use crate::data::{Encoded, Preprocessor, lag};

/// The columns of 2 to `most` levels, by their positions in the schema, without lagged ones: for
/// each observed level the number of rows by their reconstructed level. `means` are those of the
/// reconstructions: rows × width.
pub fn confusion(
    preprocessor: &Preprocessor,
    rows: &Encoded,
    means: &[f32],
    most: usize,
) -> Vec<(usize, Vec<Vec<usize>>)> {
    let features = preprocessor.schema.features.iter().enumerate().zip(preprocessor.column_ranges());
    let of_feature = |((at, feature), units): ((usize, &crate::data::Feature), std::ops::Range<usize>)| {
        let levels = preprocessor.levels(at).len();
        if !(2..=most).contains(&levels) || lag(&feature.name).1 > 0 || units.is_empty() {
            return None;
        }
        let mut counts = vec![vec![0; levels]; levels];
        for (observed, mean) in cells(rows, feature, &units).iter().zip(means.chunks_exact(rows.width)) {
            let mean = &mean[units.clone()];
            let made = if units.len() == 1 { usize::from(mean[0] > 0.5) } else { largest(mean) };
            if !observed.is_nan() {
                counts[*observed as usize][made] += 1;
            }
        }
        Some((at, counts))
    };
    features.filter_map(of_feature).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::Arc;

    use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray};

    use super::*;
    use crate::data::{InferOptions, PreprocessConfig, infer};

    #[test]
    fn observed_levels_are_counted_by_reconstructed_ones() {
        let x: ArrayRef = Arc::new(Float64Array::from(vec![0.5, 1.5, 4.5, 2.5]));
        let flag: ArrayRef = Arc::new(StringArray::from(vec!["no", "yes", "yes", "no"]));
        let color: ArrayRef =
            Arc::new(StringArray::from(vec![Some("red"), Some("blue"), Some("green"), None]));
        let rows = RecordBatch::try_from_iter([("x", x), ("flag", flag), ("color", color)]).unwrap();
        let schema = infer("t", &rows, &InferOptions::default()).unwrap().schema;
        let (fitted, _) =
            Preprocessor::fit("t", schema, &rows, &[0, 1, 2, 3], &PreprocessConfig::default()).unwrap();
        let encoded = fitted.encode("t", &rows, 0).unwrap();
        // x, flag, then blue, green, red: "yes" and red for every row.
        let means = [0.0, 0.9, 0.1, 0.2, 0.7].repeat(4);
        let found = confusion(&fitted, &encoded, &means, 12);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0], (1, vec![vec![0, 2], vec![0, 2]]));
        assert_eq!(found[1], (2, vec![vec![0, 0, 1], vec![0, 0, 1], vec![0, 0, 1]]));
        assert_eq!(confusion(&fitted, &encoded, &means, 2).len(), 1);
    }
}
