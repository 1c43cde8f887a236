//! Neighbouring columns of rows, kept in one way.

use std::ops::Range;

use super::codes::{Bits, Codes};
use super::numbers_file::NumbersFile;

/// Neighbouring columns of all rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Segment {
    /// Number of columns.
    pub width: usize,
    /// What they hold.
    pub cells: Cells,
}

/// The cells of a [`Segment`].
#[derive(Debug, Clone, PartialEq)]
pub enum Cells {
    /// Any numbers: rows × width, row-major.
    Numbers(Vec<f32>),
    /// The same in a temporary file, for more rows than fit into memory.
    File(NumbersFile),
    /// 1 in the column that has the code of the row, else 0. The code `width` is no column.
    OneHot(Codes),
    /// 0 or 1: rows × width, row-major.
    Flags(Bits),
    /// 0 or 1, the same in all columns: one for each row.
    SharedFlags(Bits),
}

impl Segment {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        let of = |cells: usize| cells / self.width.max(1);
        match &self.cells {
            Cells::Numbers(values) => of(values.len()),
            Cells::File(values) => of(values.len()),
            Cells::OneHot(codes) => codes.len(),
            Cells::Flags(flags) => of(flags.len()),
            Cells::SharedFlags(flags) => flags.len(),
        }
    }

    /// The number in a column of the segment.
    #[inline]
    pub fn at(&self, row: usize, column: usize) -> f32 {
        let cell = row * self.width + column;
        match &self.cells {
            Cells::Numbers(values) => values[cell],
            Cells::File(values) => values.rows(1, &[cell])[0],
            Cells::OneHot(codes) => f32::from(codes.at(row) == column),
            Cells::Flags(flags) => f32::from(flags.at(cell)),
            Cells::SharedFlags(flags) => f32::from(flags.at(row)),
        }
    }

    /// Calls `each` with the number of its first row and the segment or, if it is in a file, with
    /// its rows part by part.
    pub fn for_each_part(&self, mut each: impl FnMut(usize, &Segment)) {
        const ROWS: usize = 1 << 12;
        let Cells::File(values) = &self.cells else { return each(0, self) };
        for first in (0..self.rows()).step_by(ROWS) {
            let rows: Vec<usize> = (first..self.rows().min(first + ROWS)).collect();
            each(
                first,
                &Segment { width: self.width, cells: Cells::Numbers(values.rows(self.width, &rows)) },
            );
        }
    }

    /// The number of cells whose number fulfils a condition.
    pub(crate) fn count(&self, fulfils: impl Fn(&f32) -> bool) -> usize {
        let cells = self.rows() * self.width;
        let of_flags =
            |ones: usize| usize::from(fulfils(&1.0)) * ones + usize::from(fulfils(&0.0)) * (cells - ones);
        match &self.cells {
            Cells::Numbers(values) => values.iter().filter(|value| fulfils(value)).count(),
            Cells::File(values) => {
                values.parts().map(|part| part.iter().filter(|value| fulfils(value)).count()).sum()
            }
            _ => of_flags(self.ones()),
        }
    }

    /// The sum of the absolute numbers.
    pub(crate) fn absolute_sum(&self) -> f64 {
        let size = |value: f32| f64::from(value.abs());
        match &self.cells {
            Cells::Numbers(values) => values.iter().map(|&value| size(value)).sum(),
            // One chain of sums, as in memory.
            Cells::File(values) => {
                values.parts().fold(0.0, |sum, part| part.iter().fold(sum, |sum, &value| sum + size(value)))
            }
            _ => self.ones() as f64,
        }
    }

    /// The number of ones, of a segment that has ones and zeros only.
    fn ones(&self) -> usize {
        let rows = 0..self.rows();
        match &self.cells {
            Cells::OneHot(codes) => rows.filter(|row| codes.at(*row) < self.width).count(),
            Cells::Flags(flags) => (0..flags.len()).filter(|cell| flags.at(*cell)).count(),
            Cells::SharedFlags(flags) => self.width * rows.filter(|row| flags.at(*row)).count(),
            Cells::Numbers(_) | Cells::File(_) => 0,
        }
    }

    pub(super) fn gather(&self, rows: &[usize]) -> Self {
        let width = self.width;
        let cells = match &self.cells {
            Cells::Numbers(values) => Cells::Numbers(gathered(values, width, rows)),
            Cells::File(values) => Cells::Numbers(values.rows(width, rows)),
            Cells::OneHot(codes) => Cells::OneHot(codes.gather(rows)),
            Cells::Flags(flags) => Cells::Flags(flags.gather(rows, width)),
            Cells::SharedFlags(flags) => Cells::SharedFlags(flags.gather(rows, 1)),
        };
        Segment { width, cells }
    }

    /// Adds the rows of `other`, which holds the same columns.
    ///
    /// # Panics
    /// If they are kept in another way.
    pub(crate) fn extend(&mut self, other: &Segment) {
        match (&mut self.cells, &other.cells) {
            (Cells::Numbers(values), Cells::Numbers(more)) => values.extend_from_slice(more),
            (Cells::OneHot(codes), Cells::OneHot(more)) => codes.extend(more),
            (Cells::Flags(flags), Cells::Flags(more))
            | (Cells::SharedFlags(flags), Cells::SharedFlags(more)) => flags.extend(more),
            (Cells::Flags(flags), Cells::SharedFlags(more)) => flags.extend(&spread(more, other.width)),
            (Cells::SharedFlags(flags), Cells::Flags(more)) => {
                let mut all = spread(flags, self.width);
                all.extend(more);
                self.cells = Cells::Flags(all);
            }
            _ => unreachable!("rows of one table are kept in one way"),
        }
    }

    /// Some of the columns; `None` for a part of a category.
    pub(super) fn narrow(&self, columns: Range<usize>) -> Option<Self> {
        let rows = self.rows();
        let cells = match &self.cells {
            Cells::Numbers(values) => Cells::Numbers(
                values.chunks_exact(self.width).flat_map(|row| &row[columns.clone()]).copied().collect(),
            ),
            Cells::File(values) => return in_memory(values, self.width).narrow(columns),
            Cells::OneHot(_) => return None,
            Cells::Flags(flags) => {
                let mut some = Bits::ones(rows * columns.len());
                let cells =
                    (0..rows).flat_map(|row| columns.clone().map(move |column| row * self.width + column));
                for (position, _) in cells.enumerate().filter(|(_, cell)| !flags.at(*cell)) {
                    some.clear(position);
                }
                Cells::Flags(some)
            }
            Cells::SharedFlags(flags) => Cells::SharedFlags(flags.clone()),
        };
        Some(Segment { width: columns.len(), cells })
    }

    /// Sets these columns of a row to 0.
    pub(super) fn clear(&mut self, row: usize, columns: Range<usize>) {
        let cells = row * self.width + columns.start..row * self.width + columns.end;
        let is_part = columns.len() < self.width;
        match &mut self.cells {
            Cells::Numbers(values) => values[cells].fill(0.0),
            Cells::File(values) => {
                *self = in_memory(values, self.width);
                self.clear(row, columns);
            }
            Cells::OneHot(codes) => {
                if columns.contains(&codes.at(row)) {
                    codes.set(row, self.width);
                }
            }
            Cells::Flags(flags) => cells.for_each(|cell| flags.clear(cell)),
            Cells::SharedFlags(flags) if is_part => {
                let mut all = spread(flags, self.width);
                cells.for_each(|cell| all.clear(cell));
                self.cells = Cells::Flags(all);
            }
            Cells::SharedFlags(flags) => flags.clear(row),
        }
    }

    /// Writes the numbers into rows of `stride` zeros, from the column `start`.
    pub(super) fn write(&self, all: &mut [f32], stride: usize, start: usize) {
        let width = self.width;
        let rows = all.chunks_exact_mut(stride.max(1)).map(|row| &mut row[start..start + width]);
        match &self.cells {
            Cells::Numbers(values) => {
                rows.zip(values.chunks_exact(width.max(1))).for_each(|(to, from)| to.copy_from_slice(from));
            }
            Cells::File(values) => in_memory(values, width).write(all, stride, start),
            Cells::OneHot(codes) => {
                for (row, to) in rows.enumerate() {
                    if let Some(to) = to.get_mut(codes.at(row)) {
                        *to = 1.0;
                    }
                }
            }
            Cells::Flags(flags) => {
                for (row, to) in rows.enumerate() {
                    let cells = to.iter_mut().enumerate();
                    cells.for_each(|(column, to)| *to = f32::from(flags.at(row * width + column)));
                }
            }
            Cells::SharedFlags(flags) => {
                rows.enumerate().for_each(|(row, to)| to.fill(f32::from(flags.at(row))));
            }
        }
    }
}

/// The numbers of a file, in memory.
fn in_memory(values: &NumbersFile, width: usize) -> Segment {
    Segment { width, cells: Cells::Numbers(values.all()) }
}

/// The flag of each row for each of `width` columns.
fn spread(flags: &Bits, width: usize) -> Bits {
    let mut all = Bits::ones(flags.len() * width);
    let missing = (0..flags.len()).filter(|row| !flags.at(*row));
    missing.flat_map(|row| row * width..(row + 1) * width).for_each(|cell| all.clear(cell));
    all
}

/// Some rows of a matrix.
fn gathered<T: Copy>(values: &[T], width: usize, rows: &[usize]) -> Vec<T> {
    let mut found = Vec::with_capacity(rows.len() * width);
    rows.iter().for_each(|&row| found.extend_from_slice(&values[row * width..(row + 1) * width]));
    found
}
