//! Encoded rows as small as they are.
//!
//! A row is a list of segments: numbers (f32), a category (the position of its 1, in one, two or
//! four bytes) or marks of what was observed (bits). It *means* a row of numbers, with categories
//! as one-hot, and is read as such where that is easiest; then all rows are expanded, once. What
//! handles many rows reads segments.

mod codes;
mod numbers_file;
mod segment;

use std::ops::{Deref, DerefMut, Range};
use std::sync::OnceLock;

pub use codes::{Bits, Codes};
pub use numbers_file::NumbersFile;
pub(crate) use numbers_file::NumbersWriter;
pub use segment::{Cells, Segment};

/// Rows × width numbers, row-major, kept in segments of columns.
#[derive(Debug, Default)]
pub struct Rows {
    rows: usize,
    width: usize,
    segments: Vec<Segment>,
    /// All numbers, after they were asked for.
    expanded: OnceLock<Vec<f32>>,
}

impl Rows {
    /// Rows of these segments, side by side.
    ///
    /// # Panics
    /// If a segment has another number of rows.
    pub fn of(rows: usize, segments: Vec<Segment>) -> Self {
        assert!(segments.iter().all(|segment| segment.rows() == rows), "{rows} rows in every segment");
        let width = segments.iter().map(|segment| segment.width).sum();
        Rows { rows, width, segments, expanded: OnceLock::new() }
    }

    /// Rows × width numbers, row-major.
    ///
    /// # Panics
    /// If they are not whole rows.
    pub fn dense(values: Vec<f32>, width: usize) -> Self {
        assert!(values.len().is_multiple_of(width.max(1)), "whole rows of {width} numbers");
        let rows = values.len() / width.max(1);
        Rows::of(rows, vec![Segment { width, cells: Cells::Numbers(values) }])
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The segments, from the first column to the last.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The segments, each with its columns.
    pub fn placed(&self) -> impl Iterator<Item = (Range<usize>, &Segment)> {
        self.segments.iter().scan(0, |start, segment| {
            let columns = *start..*start + segment.width;
            *start = columns.end;
            Some((columns, segment))
        })
    }

    /// The segments to change their cells.
    pub fn segments_mut(&mut self) -> &mut [Segment] {
        self.expanded = OnceLock::new();
        &mut self.segments
    }

    /// Whether some columns are kept smaller than as numbers.
    pub fn is_compact(&self) -> bool {
        !matches!(self.segments[..], [Segment { cells: Cells::Numbers(_), .. }])
    }

    /// Some of the rows, in the given order; the same row may be given several times.
    pub fn gather(&self, rows: &[usize]) -> Self {
        Rows::of(rows.len(), self.segments.iter().map(|segment| segment.gather(rows)).collect())
    }

    /// Adds the rows of `other`, which has the same segments.
    pub(crate) fn extend(&mut self, other: &Rows) {
        self.expanded = OnceLock::new();
        self.rows += other.rows;
        self.segments.iter_mut().zip(&other.segments).for_each(|(own, other)| own.extend(other));
    }

    /// Some of the columns; `None` if they begin or end within a segment that cannot be cut.
    pub fn narrow(&self, columns: Range<usize>) -> Option<Self> {
        let mut segments = vec![];
        for (own, segment) in self.placed() {
            let common = own.start.max(columns.start)..own.end.min(columns.end);
            if common == own {
                segments.push(segment.clone());
            } else if !common.is_empty() {
                segments.push(segment.narrow(common.start - own.start..common.end - own.start)?);
            }
        }
        Some(Rows::of(self.rows, segments))
    }

    /// The columns of `self` and then those of `other`.
    pub fn beside(&self, other: &Rows) -> Self {
        Rows::of(self.rows, [&self.segments[..], &other.segments[..]].concat())
    }

    /// The segment that holds all of these columns, with its first one.
    pub fn segment(&self, columns: &Range<usize>) -> Option<(usize, &Segment)> {
        let mut placed = self.placed();
        let found = placed.find(|(own, _)| own.start <= columns.start && columns.end <= own.end);
        found.map(|(own, segment)| (own.start, segment))
    }

    /// A number.
    pub fn at(&self, row: usize, column: usize) -> f32 {
        let own = self.placed().find(|(columns, _)| columns.contains(&column));
        own.map_or(0.0, |(columns, segment)| segment.at(row, column - columns.start))
    }

    /// A column.
    pub fn column(&self, column: usize) -> Vec<f32> {
        let mut found = vec![];
        if let Some((start, segment)) = self.segment(&(column..column + 1)) {
            segment.for_each_part(|_, part| {
                found.extend((0..part.rows()).map(|row| part.at(row, column - start)));
            });
        }
        found
    }

    /// Whether one of these numbers of a row is not 0.
    pub fn has(&self, row: usize, columns: &Range<usize>) -> bool {
        self.placed().any(|(own, segment)| {
            let common = own.start.max(columns.start)..own.end.min(columns.end);
            match &segment.cells {
                _ if common.is_empty() => false,
                // One bit for all columns.
                Cells::SharedFlags(_) => segment.at(row, 0) != 0.0,
                Cells::OneHot(codes) => common.contains(&(own.start + codes.at(row))),
                _ => common.into_iter().any(|column| segment.at(row, column - own.start) != 0.0),
            }
        })
    }

    /// Sets these numbers of a row to 0.
    pub fn clear(&mut self, row: usize, columns: &Range<usize>) {
        self.expanded = OnceLock::new();
        let mut start = 0;
        for segment in &mut self.segments {
            let own = start..start + segment.width;
            start = own.end;
            let common = own.start.max(columns.start)..own.end.min(columns.end);
            if !common.is_empty() {
                segment.clear(row, common.start - own.start..common.end - own.start);
            }
        }
    }

    /// All numbers.
    pub fn into_dense(mut self) -> Vec<f32> {
        std::mem::take(&mut *self)
    }

    /// All numbers, which are not kept.
    pub fn expanded(&self) -> Vec<f32> {
        let mut all = vec![0.0; self.rows * self.width];
        for (columns, segment) in self.placed() {
            segment.write(&mut all, self.width, columns.start);
        }
        all
    }
}

impl Clone for Rows {
    fn clone(&self) -> Self {
        Rows::of(self.rows, self.segments.clone())
    }
}

impl PartialEq for Rows {
    /// The same numbers.
    fn eq(&self, other: &Self) -> bool {
        let alike = (self.rows, self.width) == (other.rows, other.width);
        alike && (self.segments == other.segments || **self == **other)
    }
}

impl Deref for Rows {
    type Target = Vec<f32>;

    fn deref(&self) -> &Vec<f32> {
        match &self.segments[..] {
            [Segment { cells: Cells::Numbers(values), .. }] => values,
            _ => self.expanded.get_or_init(|| self.expanded()),
        }
    }
}

impl DerefMut for Rows {
    /// From here on they are kept as numbers.
    fn deref_mut(&mut self) -> &mut Vec<f32> {
        if self.is_compact() {
            let values = self.expanded.take().unwrap_or_else(|| self.expanded());
            self.segments = vec![Segment { width: self.width, cells: Cells::Numbers(values) }];
        }
        match &mut self.segments[..] {
            [Segment { cells: Cells::Numbers(values), .. }] => values,
            _ => unreachable!("they are kept as numbers"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two numbers, a category of three and its mark; the second row lacks a number and a category.
    fn rows() -> (Rows, Rows) {
        let mut codes = Codes::new(3, 0, 3);
        codes.set(1, 3);
        codes.set(2, 2);
        let segments = vec![
            Segment { width: 2, cells: Cells::Numbers(vec![1.0, 2.0, 3.0, 0.0, 5.0, 6.0]) },
            Segment { width: 3, cells: Cells::OneHot(codes) },
        ];
        let mut observed = Rows::of(
            3,
            vec![
                Segment { width: 2, cells: Cells::Flags(Bits::ones(6)) },
                Segment { width: 3, cells: Cells::SharedFlags(Bits::ones(3)) },
            ],
        );
        observed.clear(1, &(1..2));
        observed.clear(1, &(2..5));
        (Rows::of(3, segments), observed)
    }

    #[test]
    fn segments_mean_numbers() {
        let (values, observed) = rows();
        let expected = [1.0, 2.0, 1.0, 0.0, 0.0, 3.0, 0.0, 0.0, 0.0, 0.0, 5.0, 6.0, 0.0, 0.0, 1.0];
        assert_eq!(values[..], expected);
        assert_eq!(observed[5..10], [1.0, 0.0, 0.0, 0.0, 0.0]);
        assert!(values.is_compact() && !observed.has(1, &(2..5)) && observed.has(1, &(0..2)));
        for (at, expected) in expected.into_iter().enumerate() {
            assert_eq!(values.at(at / 5, at % 5), expected);
            assert_eq!(values.column(at % 5)[at / 5], expected);
        }
        assert_eq!(Rows::dense(expected.to_vec(), 5), values, "the same numbers are equal");
    }

    #[test]
    fn rows_and_columns_of_segments_are_those_of_the_numbers() {
        let (values, observed) = rows();
        for all in [&values, &observed] {
            let chosen = all.gather(&[2, 1, 2]);
            assert_eq!(chosen[..], [&all[10..15], &all[5..10], &all[10..15]].concat()[..]);
            let some = all.narrow(1..5).unwrap();
            let expected: Vec<f32> = all.chunks_exact(5).flat_map(|row| row[1..].to_vec()).collect();
            assert_eq!(some[..], expected[..]);
            assert_eq!(all.beside(&some)[..9], [&all[..5], &some[..4]].concat()[..]);
        }
        assert!(values.narrow(0..3).is_none(), "a category is not cut");
    }

    #[test]
    fn changed_numbers_are_kept() {
        let (mut values, mut observed) = rows();
        values[4] = 0.5;
        assert!(!values.is_compact());
        assert_eq!(values.at(0, 4), 0.5);
        observed.clear(0, &(3..4));
        assert_eq!(observed[..5], [1.0, 1.0, 1.0, 0.0, 1.0], "one column of a category");
        values.clear(0, &(0..5));
        assert_eq!(values.into_dense()[..6], [0.0, 0.0, 0.0, 0.0, 0.0, 3.0]);
    }
}
