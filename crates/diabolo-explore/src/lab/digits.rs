//! The built-in digits: encoded rows, labels, and the parts of the fits.

use std::sync::Arc;

use arrow_array::{Float32Array, RecordBatch};
use arrow_schema::Schema;
use diabolo::data::image::{image_array, image_field, image_scale, with_scale};
use diabolo::data::{DataConfig, Encoded, Preprocessor, parts, prepare, texts};
use diabolo::{Error, Result};

use super::recipes::INPUT;

/// Pixels along each side.
pub(crate) const SIDE: usize = 8;
pub(crate) const PIXELS: usize = SIDE * SIDE;

/// All 1,797 digits.
pub(crate) struct Digits {
    pub rows: RecordBatch,
    /// Pixels from 0 to 1.
    pub encoded: Encoded,
    pub labels: Vec<u32>,
    pub train: Vec<usize>,
    /// Rows that no model was trained on.
    pub test: Vec<usize>,
    /// The first test row of each class.
    pub examples: Vec<usize>,
    pub preprocessor: Preprocessor,
}

impl Digits {
    /// Reads and splits the digits as every fit of the lab does.
    ///
    /// # Errors
    /// None, unless the program is damaged.
    pub fn new() -> Result<Self> {
        let config = DataConfig::default();
        let preprocessor = prepare(INPUT, &config, 0)?.preprocessor;
        let rows = diabolo::data::digits::digits()?;
        let encoded = preprocessor.encode(INPUT, &rows, 0)?;
        let split = parts(INPUT, rows.num_rows(), &config, 0)?;
        let labels = preprocessor.schema.label.as_deref().and_then(|label| texts(&rows, label));
        let labels: Option<Vec<u32>> =
            labels.into_iter().flatten().map(|label| label.and_then(|label| label.parse().ok())).collect();
        let labels = labels.ok_or_else(|| Error::internal("a digit has no label"))?;
        let first = |class: u32| split.test.iter().copied().find(|&row| labels[row] == class);
        let examples = (0..10).filter_map(first).collect();
        Ok(Digits { rows, encoded, labels, train: split.train, test: split.test, examples, preprocessor })
    }

    /// Some rows.
    pub fn select(&self, rows: &[usize]) -> Encoded {
        self.encoded.select(rows)
    }

    /// Pixels from 0 to 1 as a table of one digit; NaN is a missing one.
    ///
    /// # Errors
    /// None for [`PIXELS`] pixels.
    pub fn table(&self, pixels: &[f32]) -> Result<RecordBatch> {
        let schema = self.rows.schema();
        let image = schema.field(0);
        let field = with_scale(image_field(SIDE, SIDE, 1, true), image_scale(image)).with_name(image.name());
        let pixels: Float32Array = pixels.iter().map(|p| Some(p * image_scale(image))).collect();
        let wrong = |cause| Error::internal(format!("the pixels are no digit: {cause}"));
        let column = image_array(&field, Arc::new(pixels)).map_err(wrong)?;
        RecordBatch::try_new(Arc::new(Schema::new(vec![field])), vec![column]).map_err(wrong)
    }

    /// The pixels of a row.
    pub fn pixels(&self, row: usize) -> &[f32] {
        &self.encoded.values[row * PIXELS..(row + 1) * PIXELS]
    }
}

/// Pixels as bytes, for pages.
pub(crate) fn bytes(pixels: &[f32]) -> Vec<u8> {
    pixels.iter().map(|p| (p * 255.0).round().clamp(0.0, 255.0) as u8).collect()
}

/// Pictures one after the other.
pub(crate) fn pictures(pixels: &[f32]) -> Vec<Vec<u8>> {
    pixels.chunks_exact(PIXELS).map(bytes).collect()
}
