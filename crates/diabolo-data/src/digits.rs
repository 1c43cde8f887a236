//! The built-in data set `digits`: handwritten digits, 8 × 8 pixels.
//!
//! The 1,797 test digits of *Optical Recognition of Handwritten Digits* by E. Alpaydin and C.
//! Kaynak, UCI Machine Learning Repository (1998), licence CC BY 4.0; the same rows as
//! scikit-learn's `load_digits`. Each pixel counts the ink in a 4 × 4 cell of the scan, 0 to 16.
//! Stored as 65 bytes per row (64 pixels, then the digit), gzipped.

use std::io::Read;
use std::sync::Arc;

use arrow_array::{Int64Array, RecordBatch, UInt8Array};
use arrow_schema::{DataType, Field, Schema};

use super::image::{image_array, image_field, with_scale};
use crate::{Error, Result};

const PACKED: &[u8] = include_bytes!("digits.gz");
const ROW: usize = 65;

/// All 1,797 digits: an `image` column (8 × 8 × 1, white is 16) and a `label` column.
pub fn digits() -> Result<RecordBatch> {
    let mut bytes = Vec::new();
    let mut reader = flate2::read::GzDecoder::new(PACKED);
    reader.read_to_end(&mut bytes).map_err(Error::io("read", "digits"))?;
    let pixels = bytes.chunks_exact(ROW).flat_map(|row| &row[..64]).copied().collect::<Vec<u8>>();
    let labels = bytes.chunks_exact(ROW).map(|row| i64::from(row[64])).collect::<Vec<_>>();

    let image = with_scale(image_field(8, 8, 1, false), 16.0);
    let damaged =
        |error| Error::data("digits", "1,797 images", format!("{error}"), "build the program again");
    let images = image_array(&image, Arc::new(UInt8Array::from(pixels))).map_err(damaged)?;
    let schema = Schema::new(vec![image, Field::new("label", DataType::Int64, false)]);
    RecordBatch::try_new(Arc::new(schema), vec![images, Arc::new(Int64Array::from(labels))]).map_err(damaged)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use arrow_array::cast::AsArray;
    use arrow_array::types::{Int64Type, UInt8Type};

    #[test]
    fn digits_match_scikit_learn() {
        let digits = digits().unwrap();
        assert_eq!(digits.num_rows(), 1797);
        // The class counts and first image that scikit-learn's documentation shows.
        let labels = digits.column(1).as_primitive::<Int64Type>();
        let count = |digit| labels.values().iter().filter(|label| **label == digit).count();
        assert_eq!(
            (0..10).map(count).collect::<Vec<_>>(),
            [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
        );
        let pixels = digits.column(0).as_fixed_size_list().values().as_primitive::<UInt8Type>();
        assert_eq!(pixels.values()[..16], [0, 0, 5, 13, 9, 1, 0, 0, 0, 0, 13, 15, 10, 15, 5, 0]);
        assert_eq!(pixels.values().iter().max(), Some(&16));
    }
}
