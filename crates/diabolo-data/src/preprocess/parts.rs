//! Encoding of many rows: part by part on all cores, to memory or to a file.

use std::io;

use arrow_array::RecordBatch;
use rayon::prelude::*;

use super::encoded::marks;
use super::{Encoded, Preprocessor};
use crate::Result;
use crate::memory;
use crate::rows::{Cells, NumbersWriter, Rows, Segment};

/// About how many numbers a part has.
const PART: usize = 1 << 21;

impl Preprocessor {
    /// [`encode_chosen`](Self::encode_chosen) for many rows. Numbers that take more than `limit`
    /// bytes are in a temporary file.
    pub(crate) fn encode_rows(
        &self,
        input: &str,
        batch: &RecordBatch,
        chosen: &[usize],
        limit: u64,
    ) -> Result<Encoded> {
        let part = (PART / self.width().max(1)).clamp(256, 1 << 16);
        let encode = |rows: &[usize]| self.encode_chosen(input, batch, rows);
        if chosen.len() <= part {
            return encode(chosen);
        }
        let mut all = Growing::default();
        for group in chosen.chunks(part * rayon::current_num_threads()) {
            let parts: Vec<Result<Encoded>> = group.par_chunks(part).map(encode).collect();
            // Of several errors that of the first row is named.
            for part in parts {
                all.add(part?, chosen.len(), limit).map_err(memory::no_room)?;
            }
        }
        all.finish().map_err(memory::no_room)
    }
}

/// Encoded rows to which others are added.
#[derive(Default)]
struct Growing {
    /// The first part, with all that was added; the numbers only if there is no file.
    first: Option<Encoded>,
    segments: Vec<Segment>,
    file: Option<NumbersWriter>,
}

impl Growing {
    /// Adds the next of `rows` rows in all.
    fn add(&mut self, part: Encoded, rows: usize, limit: u64) -> io::Result<()> {
        let Some(all) = &mut self.first else { return self.begin(part, rows, limit) };
        match (&mut all.observed, part.observed) {
            (None, None) => {}
            (Some(marked), observed) => {
                marked.extend(&observed.unwrap_or_else(|| marks(&part.values, part.rows)))
            }
            (none, Some(observed)) => none.insert(marks(&part.values, all.rows)).extend(&observed),
        }
        if let (Some(all), Some(part)) = (&mut all.condition, part.condition) {
            all.values.extend(&part.values);
        }
        all.rows += part.rows;
        write(&mut self.segments, &mut self.file, &part.values)
    }

    fn begin(&mut self, part: Encoded, rows: usize, limit: u64) -> io::Result<()> {
        let numbers =
            part.values.segments().first().filter(|segment| matches!(segment.cells, Cells::Numbers(_)));
        let numbers = numbers.map_or(0, |segment| rows * segment.width);
        if (numbers * size_of::<f32>()) as u64 > limit {
            self.file = Some(NumbersWriter::new()?);
        }
        self.segments = part.values.gather(&[]).segments().to_vec();
        match self.segments.first_mut() {
            Some(Segment { cells: Cells::Numbers(values), .. }) if self.file.is_none() => {
                values.reserve_exact(numbers);
            }
            _ => {}
        }
        write(&mut self.segments, &mut self.file, &part.values)?;
        self.first = Some(Encoded { values: Rows::default(), ..part });
        Ok(())
    }

    fn finish(mut self) -> io::Result<Encoded> {
        if let (Some(file), Some(numbers)) = (self.file, self.segments.first_mut()) {
            numbers.cells = Cells::File(file.finish()?);
        }
        let Some(all) = self.first else { unreachable!("there is more than one part") };
        Ok(Encoded { values: Rows::of(all.rows, self.segments), ..all })
    }
}

/// Adds rows to the segments; the numbers, which come first, to the file if there is one.
fn write(segments: &mut [Segment], file: &mut Option<NumbersWriter>, rows: &Rows) -> io::Result<()> {
    for (segment, part) in segments.iter_mut().zip(rows.segments()) {
        match (&part.cells, &mut *file) {
            (Cells::Numbers(numbers), Some(file)) => file.write(numbers)?,
            _ => segment.extend(part),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, Float64Array, StringArray};

    use super::*;
    use crate::{InferOptions, PreprocessConfig, UnknownCategory, infer};

    /// A number and a category of many levels; from row 2500 on some cells are missing. With many
    /// columns, parts have few rows.
    #[test]
    fn rows_encoded_part_by_part_are_those_encoded_at_once() {
        const ROWS: usize = 6000;
        let gap = |row: usize, every: usize| row > 2500 && row.is_multiple_of(every);
        let number = |row: usize| (!gap(row, 7)).then_some(row as f64 / 3.0);
        let level = |row: usize| (!gap(row, 11)).then(|| format!("level {}", row % 300));
        let condition = |row: usize| Some(if row.is_multiple_of(3) { "a" } else { "b" });
        let numbers: ArrayRef = Arc::new(Float64Array::from_iter((0..ROWS).map(number)));
        let conditions: ArrayRef = Arc::new(StringArray::from_iter((0..ROWS).map(condition)));
        let levels: ArrayRef = Arc::new(StringArray::from_iter((0..ROWS).map(level)));
        let mut columns = vec![("x".to_string(), numbers, true), ("of".to_string(), conditions, true)];
        columns.extend((0..8).map(|k| (format!("level {k}"), levels.clone(), true)));
        let table = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
        let options = InferOptions { condition: vec!["of".into()], ..Default::default() };
        let schema = infer("t", &table, &options).unwrap().schema;
        let chosen: Vec<usize> = (0..ROWS).filter(|row| !row.is_multiple_of(5)).collect();
        let (fitted, _) =
            Preprocessor::fit("t", schema, &table, &chosen, &PreprocessConfig::default()).unwrap();
        let whole = fitted.encode_some("t", &table, Some(&chosen), 0).unwrap();
        assert!(whole.observed.is_some() && whole.condition.is_some() && PART / whole.width < chosen.len());
        let in_memory = fitted.encode_rows("t", &table, &chosen, u64::MAX).unwrap();
        assert_eq!(in_memory, whole);
        let in_file = fitted.encode_rows("t", &table, &chosen, 0).unwrap();
        assert!(matches!(in_file.values.segments()[0].cells, Cells::File(_)));
        assert_eq!(in_file, whole);
        // Of rows that cannot be encoded, in several parts, the first is named.
        let wrong = |row: usize| Some(if row >= 2000 { "other" } else { "a" });
        let mut columns = table.columns().to_vec();
        columns[1] = Arc::new(StringArray::from_iter((0..ROWS).map(wrong)));
        let table = RecordBatch::try_new(table.schema(), columns).unwrap();
        let fitted = Preprocessor { unknown_category: UnknownCategory::Error, ..fitted };
        let error = fitted.encode_rows("t", &table, &chosen, 0).unwrap_err().to_string();
        assert!(error.contains("row 2002"), "{error}");
    }
}
