//! Larochelle's fixed binarization of MNIST: text with 784 pixels per row, 0 or 1, separated by
//! blanks.

use std::io::{BufRead, BufReader, Read};
use std::sync::Arc;

use arrow_array::{RecordBatch, UInt8Array};
use arrow_schema::{Schema, SchemaRef};

use super::{ReadOptions, Source, arrow_error};
use crate::image::{image_array, image_field, with_scale};
use crate::input::{Bytes, Input, damaged, read_error};
use crate::{Error, Result};

const SIDE: usize = 28;
const PIXELS: usize = SIDE * SIDE;
/// The maximum length of a row; valid rows have 1,568 bytes.
const LONGEST: u64 = 1 << 14;

/// Images of 28 × 28 bytes, where 1 is white. The file must contain exactly `rows`.
pub(super) fn open(input: Input, rows: usize, options: &ReadOptions) -> Source {
    let field = with_scale(image_field(SIDE, SIDE, 1, false), 1.0);
    let schema = Arc::new(Schema::new(vec![field]));
    let reader = Reader {
        name: input.name.clone(),
        schema: schema.clone(),
        batch_rows: options.rows_per_batch(PIXELS),
        rows,
        read: 0,
        failed: false,
        lines: BufReader::new(input.into_bytes()),
    };
    Source::new(reader.name.clone(), schema, Some(rows), reader)
}

struct Reader {
    name: String,
    schema: SchemaRef,
    batch_rows: usize,
    rows: usize,
    read: usize,
    failed: bool,
    lines: BufReader<Bytes>,
}

impl Iterator for Reader {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let batch = self.batch().transpose();
        self.failed = matches!(batch, Some(Err(_)));
        batch
    }
}

impl Reader {
    fn batch(&mut self) -> Result<Option<RecordBatch>> {
        let (before, mut line) = (self.read, Vec::new());
        let mut pixels = Vec::with_capacity(self.batch_rows * PIXELS);
        while self.read - before < self.batch_rows {
            line.clear();
            let mut limited = (&mut self.lines).take(LONGEST);
            if limited.read_until(b'\n', &mut line).map_err(|error| read_error(&self.name, error))? == 0 {
                break;
            }
            self.read += 1;
            self.parse(&line, &mut pixels)?;
        }
        if self.read == before {
            let found = format!("{} rows instead of {}", self.read, self.rows);
            return if self.read == self.rows { Ok(None) } else { Err(damaged(&self.name, found)) };
        }
        let images = image_array(self.schema.field(0), Arc::new(UInt8Array::from(pixels)));
        let batch = images.and_then(|images| RecordBatch::try_new(self.schema.clone(), vec![images]));
        batch.map(Some).map_err(|error| arrow_error(&self.name, error))
    }

    /// Appends the pixels of one row.
    fn parse(&self, line: &[u8], pixels: &mut Vec<u8>) -> Result<()> {
        let wrong = |found: String| {
            let expected = format!("{PIXELS} numbers, 0 or 1, separated by blanks");
            let help = "download the file again";
            Err(Error::data(&self.name, expected, found, help).at_row(self.read as u64))
        };
        let before = pixels.len();
        let mut apart = true;
        for &byte in line {
            match byte {
                b'0' | b'1' if apart => pixels.push(byte - b'0'),
                b' ' | b'\t' | b'\r' | b'\n' => {}
                other => return wrong(format!("'{}'", char::from(other).escape_default())),
            }
            apart = byte.is_ascii_whitespace();
        }
        match pixels.len() - before {
            PIXELS => Ok(()),
            found => wrong(format!("{found} numbers")),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use arrow_array::cast::AsArray;
    use arrow_array::types::UInt8Type;

    use super::*;
    use crate::image::{image_scale, image_shape};

    fn read(text: &str, rows: usize, batch_rows: usize) -> Result<Vec<RecordBatch>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.amat");
        std::fs::write(&path, text).unwrap();
        let options = ReadOptions { batch_rows, ..Default::default() };
        Iterator::collect(open(Input::open(&path.to_string_lossy()).unwrap(), rows, &options))
    }

    /// The row whose only white pixel is `white`.
    fn row(white: usize) -> String {
        (0..PIXELS).map(|k| if k == white { "1 " } else { "0 " }).collect()
    }

    #[test]
    fn rows_are_read_as_binary_images() {
        // The second row ends without a blank, the last without a newline.
        let text = format!("{}\n{}\r\n{}", row(3), row(PIXELS - 1).trim_end(), row(0));
        let batches = read(&text, 3, 2).unwrap();
        assert_eq!(batches.iter().map(RecordBatch::num_rows).collect::<Vec<_>>(), [2, 1]);
        let field = batches[0].schema().field(0).clone();
        assert_eq!((image_shape(&field), image_scale(&field)), (Some((28, 28, 1)), 1.0));
        let pixels = |batch: &RecordBatch| {
            batch.column(0).as_fixed_size_list().values().as_primitive::<UInt8Type>().values().to_vec()
        };
        let white = |pixels: Vec<u8>| (0..pixels.len()).filter(|k| pixels[*k] == 1).collect::<Vec<_>>();
        assert_eq!(white(pixels(&batches[0])), [3, 2 * PIXELS - 1]);
        assert_eq!(white(pixels(&batches[1])), [0]);
    }

    #[test]
    fn errors_name_the_row() {
        let good = row(0);
        for (second, part) in [
            (
                good.replacen('1', "2", 1),
                "row 2: expected 784 numbers, 0 or 1, separated by blanks, found '2'",
            ),
            (good.replacen("1 0", "10", 1), "found '0'"),
            (format!("{good} 1"), "found 785 numbers"),
            (good[..100].to_string(), "found 50 numbers"),
            ("x".repeat(1 << 20), "found 'x'"),
            ("0 ".repeat(1 << 20), "found 8192 numbers"),
            (String::new(), "1 rows instead of 2"),
        ] {
            let error = read(&format!("{good}\n{second}"), 2, 10).unwrap_err().to_string();
            assert!(error.contains(part), "{part}: {error}");
        }
    }

    #[test]
    #[cfg_attr(not(has_data), ignore = "needs real data: DIABOLO_DATA is not a folder")]
    fn real_files_have_the_expected_rows_and_mean() {
        for (part, rows) in [("train", 50_000), ("valid", 10_000), ("test", 10_000)] {
            let source =
                super::super::open(&format!("binarized-mnist:{part}"), &ReadOptions::default()).unwrap();
            let (promised, mut read, mut ink) = (source.rows(), 0, 0usize);
            for batch in source {
                let batch = batch.unwrap();
                read += batch.num_rows();
                let pixels = batch.column(0).as_fixed_size_list().values().as_primitive::<UInt8Type>();
                ink += pixels.values().iter().map(|p| usize::from(*p)).sum::<usize>();
            }
            assert_eq!((promised, read), (Some(rows), rows), "{part}");
            // MNIST's mean intensity is 0.1307.
            let share = ink as f64 / (read * PIXELS) as f64;
            assert!((share - 0.131).abs() < 0.003, "{part}: {share}");
        }
    }
}
