//! The words of each column that mean a missing cell, after the fit.

use arrow_array::{ArrayRef, BooleanArray};

use super::Preprocessor;
use crate::column::Column;
use crate::infer::check_missing;
use crate::read::lag;
use crate::{Feature, Result};

impl Preprocessor {
    /// Which cells of a feature are missing in `array`; a category that was not in the training
    /// data is not missing.
    pub fn missing_cells(&self, feature: &Feature, array: &ArrayRef) -> Result<BooleanArray> {
        Column::of("rows", feature, array, 0).gaps(feature.storage.is_number())
    }

    /// Adds values of `--missing` (see [`MissingWords::of`](crate::MissingWords::of)) to those of
    /// the fit; `input` is the name of the rows in messages.
    ///
    /// # Errors
    /// [`Error::Data`](crate::Error::Data) if one names a column that the model does not have.
    pub fn add_missing(&mut self, input: &str, settings: &[String]) -> Result<()> {
        let schema = &self.schema;
        let features = schema.features.iter().chain(&schema.condition).map(|f| lag(&f.name).0);
        let aside = schema.key.iter().chain(&schema.label).chain(&schema.dropped).map(String::as_str);
        check_missing(input, &features.chain(aside).collect::<Vec<_>>(), settings)?;
        self.set_missing(settings);
        Ok(())
    }

    /// [`add_missing`](Self::add_missing) without the check of names.
    pub fn set_missing(&mut self, settings: &[String]) {
        let own = self.schema.features.iter_mut().chain(&mut self.schema.condition);
        let given = self.condition.iter_mut().flat_map(|given| &mut given.schema.features);
        for feature in own.chain(given) {
            feature.spelling.missing.add(settings, lag(&feature.name).0);
        }
    }
}
