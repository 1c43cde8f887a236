//! Rows within a polygon on a plane, and how they differ from the other rows.

use std::collections::BTreeMap;

use arrow_array::RecordBatch;
use serde::Serialize;

use super::{LatentSpace, Plane};
use crate::Result;
use crate::data::{take, texts};
use crate::stats::elementary::square;

/// Selected rows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Selection {
    /// Their 0-based numbers, in order.
    pub rows: Vec<usize>,
    /// The columns, that with the largest difference first; none for images.
    pub columns: Vec<ColumnDifference>,
    /// The mean of the selected encoded rows, and of the other rows, for images.
    pub pictures: Option<[Vec<f32>; 2]>,
}

/// How a column differs between the selected and the other rows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ColumnDifference {
    /// The column.
    pub column: String,
    /// The category whose share differs most; `None` for a number.
    pub level: Option<String>,
    /// The mean, or the share of the category, of the selected rows.
    pub inside: f64,
    /// The same of the other rows.
    pub outside: f64,
    /// The difference in standard deviations of all rows (Cohen's d, pooled over all rows).
    pub effect: f64,
}

impl LatentSpace {
    /// The rows within a polygon, by the even-odd rule, and the columns in which they differ.
    pub fn select(&self, plane: &Plane, polygon: &[[f32; 2]]) -> Selection {
        let [x, y] = self.places(plane);
        let inside: Vec<bool> = x.iter().zip(&y).map(|(&x, &y)| contains(polygon, [x, y])).collect();
        let rows = (0..inside.len()).filter(|&row| inside[row]).collect::<Vec<_>>();
        let is_split = !rows.is_empty() && rows.len() < inside.len();
        let is_image = self.predictor.saved().header.preprocessor.schema.image_shape().is_some();
        let mut columns = if is_split { self.differences(&inside) } else { vec![] };
        columns.sort_by(|a, b| b.effect.abs().total_cmp(&a.effect.abs()));
        let pictures = (is_image && is_split).then(|| [true, false].map(|side| self.mean_row(&inside, side)));
        Selection { rows, columns, pictures }
    }

    /// The rows with these 0-based numbers, as they were read.
    ///
    /// # Errors
    /// [`Error::Data`](crate::Error::Data) if they do not fit in memory.
    pub fn rows_at(&self, numbers: &[usize]) -> Result<RecordBatch> {
        take(&self.input, &self.rows, numbers)
    }

    fn differences(&self, inside: &[bool]) -> Vec<ColumnDifference> {
        let preprocessor = &self.predictor.saved().header.preprocessor;
        let numbers = preprocessor.numbers(&self.encoded.values);
        let ranges = preprocessor.column_ranges();
        let features = preprocessor.schema.features.iter().enumerate();
        let mut found: Vec<ColumnDifference> = features
            .filter_map(|(k, feature)| match &numbers[k] {
                Some(values) => {
                    let known = |row: usize| self.encoded.has(row, &ranges[k]).then_some(values[row]);
                    difference(&feature.name, inside, known)
                }
                None if feature.kind.is_image() => None,
                None => self.category_difference(&feature.name, inside),
            })
            .collect();
        let label = preprocessor.schema.label.as_deref();
        found.extend(label.and_then(|label| self.category_difference(label, inside)));
        found
    }

    fn category_difference(&self, column: &str, inside: &[bool]) -> Option<ColumnDifference> {
        difference_of_categories(column, &texts(&self.rows, column)?, inside)
    }

    fn mean_row(&self, inside: &[bool], side: bool) -> Vec<f32> {
        let width = self.encoded.width;
        let (mut sums, mut count) = (vec![0f64; width], 0usize);
        let rows = self.encoded.values.chunks_exact(width).zip(inside);
        for (row, _) in rows.filter(|(_, inside)| **inside == side) {
            count += 1;
            sums.iter_mut().zip(row).for_each(|(sum, &v)| *sum += f64::from(v));
        }
        sums.into_iter().map(|sum| (sum / count.max(1) as f64) as f32).collect()
    }
}

/// For each side, the others first: the count, the sum and the sum of squares.
type Sums = [[f64; 3]; 2];

/// The difference of the means on both sides; `None` if a side has no value, or all are equal.
fn difference(
    column: &str,
    inside: &[bool],
    value: impl Fn(usize) -> Option<f64>,
) -> Option<ColumnDifference> {
    let mut sums: Sums = Default::default();
    for (row, inside) in inside.iter().enumerate() {
        let Some(v) = value(row) else { continue };
        let sums = &mut sums[usize::from(*inside)];
        [1.0, v, v * v].into_iter().zip(sums).for_each(|(v, sum)| *sum += v);
    }
    difference_of(column, None, sums)
}

/// The category whose share differs most.
fn difference_of_categories(
    column: &str,
    cells: &[Option<String>],
    inside: &[bool],
) -> Option<ColumnDifference> {
    let (mut counts, mut all) = (BTreeMap::<&str, [f64; 2]>::new(), [0f64; 2]);
    for (cell, &inside) in cells.iter().zip(inside) {
        let Some(level) = cell.as_deref() else { continue };
        counts.entry(level).or_default()[usize::from(inside)] += 1.0;
        all[usize::from(inside)] += 1.0;
    }
    // Of the values 0 and 1, the sum is that of the squares.
    let of_level = |(level, counts): (&str, [f64; 2])| {
        let sums = [0, 1].map(|side| [all[side], counts[side], counts[side]]);
        difference_of(column, Some(level.to_string()), sums)
    };
    let found = counts.into_iter().filter_map(of_level);
    found.max_by(|a, b| a.effect.abs().total_cmp(&b.effect.abs()))
}

fn difference_of(column: &str, level: Option<String>, sums: Sums) -> Option<ColumnDifference> {
    let [[m, out_sum, out_squares], [n, in_sum, in_squares]] = sums;
    let mean = (in_sum + out_sum) / (n + m);
    let deviation = ((in_squares + out_squares) / (n + m) - square(mean)).max(0.0).sqrt();
    let (inside, outside) = (in_sum / n, out_sum / m);
    let effect = (inside - outside) / deviation;
    effect.is_finite().then(|| ColumnDifference { column: column.into(), level, inside, outside, effect })
}

/// Whether a point lies within a polygon, by the even-odd rule.
fn contains(polygon: &[[f32; 2]], [x, y]: [f32; 2]) -> bool {
    let next = polygon.iter().cycle().skip(1);
    let crossings = polygon
        .iter()
        .zip(next)
        .filter(|([ax, ay], [bx, by])| (*ay > y) != (*by > y) && x < (bx - ax) * (y - ay) / (by - ay) + ax);
    crossings.count() % 2 == 1
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn points_within_a_polygon() {
        // An L.
        let polygon = [[0.0, 0.0], [4.0, 0.0], [4.0, 1.0], [1.0, 1.0], [1.0, 4.0], [0.0, 4.0]];
        let inside = [[0.5, 0.5], [3.0, 0.5], [0.5, 3.0]];
        assert!(inside.iter().all(|&point| contains(&polygon, point)));
        assert!([[2.0, 2.0], [-1.0, 0.5], [5.0, 0.5]].iter().all(|&point| !contains(&polygon, point)));
        assert!(!contains(&[], [0.0, 0.0]));
    }

    #[test]
    fn the_difference_by_hand() {
        // 1 and 3 outside, 5 and 7 inside: means 2 and 6, standard deviation √5.
        let values = [Some(1.0), Some(5.0), Some(3.0), None, Some(7.0)];
        let found = difference("x", &[false, true, false, true, true], |row| values[row]).unwrap();
        assert_eq!((found.inside, found.outside), (6.0, 2.0));
        assert!((found.effect - 4.0 / 5f64.sqrt()).abs() < 1e-12);
        assert!(difference("x", &[false, true], |_| Some(1.0)).is_none());
        assert!(difference("x", &[true, true], |row| Some(row as f64)).is_none());
    }

    #[test]
    fn every_category_is_compared() {
        // 3,000 names, of which the last is the selection.
        let cells: Vec<Option<String>> = (0..3000).map(|k| Some(format!("{k:04}"))).collect();
        let inside: Vec<bool> = (0..3000).map(|k| k == 2999).collect();
        let found = difference_of_categories("x", &cells, &inside).unwrap();
        assert_eq!((found.level.as_deref(), found.inside, found.outside), (Some("2999"), 1.0, 0.0));
        // a, a, b inside and a, b, b and a missing cell outside: shares 2/3 and 1/3, deviation 1/2.
        let cells = ["a", "a", "b", "a", "b", "b", ""];
        let cells = cells.map(|text| (!text.is_empty()).then(|| text.to_string()));
        let inside = [true, true, true, false, false, false, false];
        let found = difference_of_categories("x", &cells, &inside).unwrap();
        assert_eq!(found.level.as_deref(), Some("b"));
        assert!((found.effect + 2.0 / 3.0).abs() < 1e-12, "{found:?}");
    }
}
