//! Encoded rows, the input of a model.

use std::ops::Range;

use super::Condition;
use crate::rows::{Bits, Cells, Codes, Rows, Segment};
use crate::{AugmentedImages, Block, BlockKind};

/// Encoded rows, the input of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Encoded {
    /// Number of rows.
    pub rows: usize,
    /// Number of encoded columns.
    pub width: usize,
    /// Rows × width numbers; 0 where missing.
    pub values: Rows,
    /// Rows × width mask: 1 if the number was observed, 0 if it is missing; `None` if nothing is
    /// missing.
    pub observed: Option<Rows>,
    /// The class of each row, for supervised training; not part of `values`.
    pub classes: Option<Vec<u32>>,
    /// Number of leading columns that are pixel intensities, which training binarizes at random in
    /// every epoch.
    pub dynamic_pixels: usize,
    /// How training changes the leading columns, which are one image, at random in every epoch.
    pub augmented: Option<AugmentedImages>,
    /// The conditions of the rows, for conditional models.
    pub condition: Option<Condition>,
}

impl Encoded {
    /// Rows of observed zeros without a category.
    pub(super) fn new(rows: usize, blocks: &[Block]) -> Self {
        let is_category = |block: &&Block| is_one_hot(block.kind);
        let numbers = blocks.iter().filter(|block| !is_category(block)).map(|block| block.width).sum();
        let numbers = Segment { width: numbers, cells: Cells::Numbers(vec![0.0; rows * numbers]) };
        let category = |block: &Block| {
            let codes = Codes::new(rows, block.width, block.width);
            Segment { width: block.width, cells: Cells::OneHot(codes) }
        };
        let categories = blocks.iter().filter(is_category).map(category);
        let numbers = Some(numbers).filter(|numbers| numbers.width > 0);
        Encoded::from_rows(Rows::of(rows, numbers.into_iter().chain(categories).collect()))
    }

    /// Rows from rows × width numbers, all observed.
    ///
    /// # Panics
    /// If `values` is not a whole number of rows.
    pub fn from_values(values: Vec<f32>, width: usize) -> Self {
        assert!(width > 0, "rows of numbers");
        Encoded::from_rows(Rows::dense(values, width))
    }

    /// Rows of these values, all observed.
    pub fn from_rows(values: Rows) -> Self {
        let (rows, width) = (values.rows(), values.width());
        Encoded {
            rows,
            width,
            values,
            observed: None,
            classes: None,
            dynamic_pixels: 0,
            augmented: None,
            condition: None,
        }
    }

    /// The same rows with another mask: rows × width.
    pub fn with_mask(self, observed: Vec<f32>) -> Self {
        Encoded { observed: Some(Rows::dense(observed, self.width)), ..self }
    }

    /// The same rows with other values: rows × width.
    pub fn with_values(self, values: Vec<f32>) -> Self {
        Encoded { values: Rows::dense(values, self.width), ..self }
    }

    /// Selects rows, in the order of `chosen`.
    pub fn select(&self, chosen: &[usize]) -> Self {
        Encoded {
            rows: chosen.len(),
            width: self.width,
            values: self.values.gather(chosen),
            observed: self.observed.as_ref().map(|observed| observed.gather(chosen)),
            classes: self.classes.as_ref().map(|classes| chosen.iter().map(|&r| classes[r]).collect()),
            dynamic_pixels: self.dynamic_pixels,
            augmented: self.augmented,
            condition: self.condition.as_ref().map(|condition| condition.select(chosen)),
        }
    }

    /// Whether nearly all values are close to 0 or 1, as in scanned digits (MNIST), unlike
    /// photographs.
    pub fn is_black_and_white(&self) -> bool {
        const SHARE: f64 = 0.75;
        const NEAR: f32 = 0.02;
        if self.dynamic_pixels > 0 {
            return true;
        }
        let at_an_end = |v: &f32| v.abs() < NEAR || (*v - 1.0).abs() < NEAR;
        let near: usize = self.values.segments().iter().map(|segment| segment.count(at_an_end)).sum();
        near as f64 >= SHARE * (self.rows * self.width) as f64
    }

    /// The sum of the absolute values.
    pub fn absolute_sum(&self) -> f64 {
        self.values.segments().iter().map(Segment::absolute_sum).sum()
    }

    /// Whether any of these numbers of a row was observed.
    pub fn has(&self, row: usize, units: &Range<usize>) -> bool {
        self.observed.as_ref().is_none_or(|observed| observed.has(row, units))
    }

    /// Marks these numbers of a row as missing.
    pub fn set_missing(&mut self, row: usize, units: &Range<usize>) {
        self.values.clear(row, units);
        self.observed.get_or_insert_with(|| marks(&self.values, self.rows)).clear(row, units);
    }

    /// These numbers of a row, which are not categories.
    pub(super) fn numbers(&mut self, row: usize, units: &Range<usize>) -> &mut [f32] {
        match self.values.segments_mut().first_mut() {
            Some(Segment { width, cells: Cells::Numbers(numbers) }) if units.end <= *width => {
                &mut numbers[row * *width + units.start..row * *width + units.end]
            }
            _ => unreachable!("categories follow the numbers"),
        }
    }

    /// Sets the number of a row to 1 that stands for its category.
    pub(super) fn set_unit(&mut self, row: usize, units: &Range<usize>, unit: usize) {
        let mut start = 0;
        for segment in self.values.segments_mut() {
            match &mut segment.cells {
                Cells::OneHot(codes) if start == units.start => return codes.set(row, unit),
                Cells::Numbers(numbers) if units.end <= start + segment.width => {
                    return numbers[row * segment.width + units.start - start + unit] = 1.0;
                }
                _ => start += segment.width,
            }
        }
    }
}

/// Whether columns of this kind are kept as codes.
fn is_one_hot(kind: BlockKind) -> bool {
    matches!(kind, BlockKind::Categorical | BlockKind::Ordinal)
}

/// Marks for `rows` rows of such values that all were observed.
pub(super) fn marks(values: &Rows, rows: usize) -> Rows {
    let marks = |segment: &Segment| {
        let cells = match segment.cells {
            Cells::OneHot(_) => Cells::SharedFlags(Bits::ones(rows)),
            _ => Cells::Flags(Bits::ones(rows * segment.width)),
        };
        Segment { width: segment.width, cells }
    };
    Rows::of(rows, values.segments().iter().map(marks).collect())
}
