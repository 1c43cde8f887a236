//! Rows within a polygon on a plane, and how they differ from the other rows.

use std::collections::BTreeMap;

use arrow_array::RecordBatch;
use serde::Serialize;

use super::lasso::Lasso;
use super::{LatentSpace, Plane};
use crate::data::{take, texts};
use crate::stats::elementary::square;
use crate::{Error, Result};

/// Rows of each side that are compared at most.
const COMPARED: usize = 50_000;

/// Selected rows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Selection {
    /// Their number.
    pub count: usize,
    /// The selected rows and the others that were compared: a fair sample of up to 50,000 each.
    pub compared: [usize; 2],
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

/// Rows of both sides of a selection that are compared.
struct Sides {
    rows: Vec<usize>,
    /// For each of them, whether it is selected.
    inside: Vec<bool>,
    /// The rows that one of them stands for; the others first.
    weights: [f64; 2],
}

impl LatentSpace {
    /// Whether each row lies within a polygon, by the even-odd rule.
    pub fn within(&self, plane: &Plane, polygon: &[[f32; 2]]) -> Vec<bool> {
        let ([x, y], lasso) = (self.places(plane), Lasso::new(polygon));
        x.into_iter().zip(y).map(|(x, y)| lasso.contains([x, y])).collect()
    }

    /// How the rows within a polygon differ from the other rows.
    ///
    /// # Errors
    /// [`Error::Data`](crate::Error::Data) if they do not fit in memory.
    pub fn select(&self, plane: &Plane, polygon: &[[f32; 2]]) -> Result<Selection> {
        let inside = self.within(plane, polygon);
        let count = inside.iter().filter(|inside| **inside).count();
        let is_split = count > 0 && count < inside.len();
        let is_image = self.predictor.saved().header.preprocessor.schema.image_shape().is_some();
        let sides = self.sides(&inside, count);
        let compared =
            [true, false].map(|side| sides.inside.iter().filter(|inside| **inside == side).count());
        let mut columns = if is_split { self.differences(&sides)? } else { vec![] };
        columns.sort_by(|a, b| b.effect.abs().total_cmp(&a.effect.abs()));
        let pictures = (is_image && is_split).then(|| [true, false].map(|side| self.mean_row(&sides, side)));
        Ok(Selection { count, compared, columns, pictures })
    }

    /// The rows with these 0-based numbers, as they were read.
    ///
    /// # Errors
    /// [`Error::Data`](crate::Error::Data) if they do not fit in memory.
    pub fn rows_at(&self, numbers: &[usize]) -> Result<RecordBatch> {
        take(&self.input, &self.rows, numbers)
    }

    /// The first rows of each side in the order of the map, which is random.
    fn sides(&self, inside: &[bool], count: usize) -> Sides {
        let all = [inside.len() - count, count];
        let kept = all.map(|rows| rows.min(COMPARED));
        let mut left = kept;
        let mut rows: Vec<usize> =
            self.order.iter().copied().filter(|&row| take_one(&mut left, inside[row])).collect();
        rows.sort_unstable();
        let weights = [0, 1].map(|side| all[side] as f64 / kept[side].max(1) as f64);
        Sides { inside: rows.iter().map(|&row| inside[row]).collect(), rows, weights }
    }

    fn differences(&self, sides: &Sides) -> Result<Vec<ColumnDifference>> {
        let preprocessor = &self.predictor.saved().header.preprocessor;
        let encoded = self.encoded.select(&sides.rows);
        let numbers = preprocessor.numbers(&encoded.values);
        let ranges = preprocessor.column_ranges();
        let mut found = vec![];
        for (k, feature) in preprocessor.schema.features.iter().enumerate() {
            match &numbers[k] {
                Some(values) => {
                    let known = |row: usize| encoded.has(row, &ranges[k]).then_some(values[row]);
                    found.extend(difference(&feature.name, sides, known));
                }
                None if feature.kind.is_image() => {}
                None => found.extend(self.category_difference(&feature.name, sides)?),
            }
        }
        if let Some(label) = &preprocessor.schema.label {
            found.extend(self.category_difference(label, sides)?);
        }
        Ok(found)
    }

    fn category_difference(&self, column: &str, sides: &Sides) -> Result<Option<ColumnDifference>> {
        let Ok(at) = self.rows.schema().index_of(column) else { return Ok(None) };
        let alone =
            self.rows.project(&[at]).map_err(|cause| Error::internal(format!("no column: {cause}")))?;
        let cells = texts(&take(&self.input, &alone, &sides.rows)?, column);
        Ok(cells.and_then(|cells| difference_of_categories(column, &cells, sides)))
    }

    fn mean_row(&self, sides: &Sides, side: bool) -> Vec<f32> {
        let width = self.encoded.width;
        let (mut sums, mut count) = (vec![0f64; width], 0usize);
        let rows = sides.rows.iter().zip(&sides.inside).filter(|(_, inside)| **inside == side);
        for (&row, _) in rows {
            count += 1;
            let row = &self.encoded.values[row * width..(row + 1) * width];
            sums.iter_mut().zip(row).for_each(|(sum, &v)| *sum += f64::from(v));
        }
        sums.into_iter().map(|sum| (sum / count.max(1) as f64) as f32).collect()
    }
}

/// Counts down on the row's side, and says whether the row is one of those counted.
fn take_one(left: &mut [usize; 2], inside: bool) -> bool {
    let left = &mut left[usize::from(inside)];
    let takes = *left > 0;
    *left -= usize::from(takes);
    takes
}

/// For each side, the others first: the count, the sum and the sum of squares.
type Sums = [[f64; 3]; 2];

/// The difference of the means on both sides; `None` if a side has no value, or all are equal.
fn difference(column: &str, sides: &Sides, value: impl Fn(usize) -> Option<f64>) -> Option<ColumnDifference> {
    let mut sums: Sums = Default::default();
    for (row, &inside) in sides.inside.iter().enumerate() {
        let Some(v) = value(row) else { continue };
        let side = usize::from(inside);
        [1.0, v, v * v].into_iter().zip(&mut sums[side]).for_each(|(v, sum)| *sum += v * sides.weights[side]);
    }
    difference_of(column, None, sums)
}

/// The category whose share differs most.
fn difference_of_categories(
    column: &str,
    cells: &[Option<String>],
    sides: &Sides,
) -> Option<ColumnDifference> {
    let (mut counts, mut all) = (BTreeMap::<&str, [f64; 2]>::new(), [0f64; 2]);
    for (cell, &inside) in cells.iter().zip(&sides.inside) {
        let Some(level) = cell.as_deref() else { continue };
        let side = usize::from(inside);
        counts.entry(level).or_default()[side] += sides.weights[side];
        all[side] += sides.weights[side];
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// All rows, and which of them are selected.
    fn sides(inside: &[bool]) -> Sides {
        Sides { rows: (0..inside.len()).collect(), inside: inside.to_vec(), weights: [1.0; 2] }
    }

    #[test]
    fn the_difference_by_hand() {
        // 1 and 3 outside, 5 and 7 inside: means 2 and 6, standard deviation √5.
        let values = [Some(1.0), Some(5.0), Some(3.0), None, Some(7.0)];
        let found = difference("x", &sides(&[false, true, false, true, true]), |row| values[row]).unwrap();
        assert_eq!((found.inside, found.outside), (6.0, 2.0));
        assert!((found.effect - 4.0 / 5f64.sqrt()).abs() < 1e-12);
        // One row outside that stands for three: mean (3 · 1 + 5 + 7) / 5 = 3, squares 77 / 5.
        let one = Sides { weights: [3.0, 1.0], ..sides(&[false, true, true]) };
        let found = difference("x", &one, |row| Some([1.0, 5.0, 7.0][row])).unwrap();
        assert_eq!((found.inside, found.outside), (6.0, 1.0));
        assert!((found.effect - 5.0 / (77.0 / 5.0 - 9.0f64).sqrt()).abs() < 1e-12);
        assert!(difference("x", &sides(&[false, true]), |_| Some(1.0)).is_none());
        assert!(difference("x", &sides(&[true, true]), |row| Some(row as f64)).is_none());
    }

    #[test]
    fn every_category_is_compared() {
        // 3,000 names, of which the last is the selection.
        let cells: Vec<Option<String>> = (0..3000).map(|k| Some(format!("{k:04}"))).collect();
        let inside: Vec<bool> = (0..3000).map(|k| k == 2999).collect();
        let found = difference_of_categories("x", &cells, &sides(&inside)).unwrap();
        assert_eq!((found.level.as_deref(), found.inside, found.outside), (Some("2999"), 1.0, 0.0));
        // a, a, b inside and a, b, b and a missing cell outside: shares 2/3 and 1/3, deviation 1/2.
        let cells = ["a", "a", "b", "a", "b", "b", ""];
        let cells = cells.map(|text| (!text.is_empty()).then(|| text.to_string()));
        let inside = [true, true, true, false, false, false, false];
        let found = difference_of_categories("x", &cells, &sides(&inside)).unwrap();
        assert_eq!(found.level.as_deref(), Some("b"));
        assert!((found.effect + 2.0 / 3.0).abs() < 1e-12, "{found:?}");
    }
}
