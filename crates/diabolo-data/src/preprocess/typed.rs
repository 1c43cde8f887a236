//! Conversion of text cells to numbers, for output formats with types.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, Float64Array, Int64Array, RecordBatch};
use arrow_schema::{DataType, Field, Schema};

use super::{Preprocessor, no_table};
use crate::column::Column;
use crate::{Feature, Result, Storage};

impl Preprocessor {
    /// The same rows with the text cells of numeric features as numbers; a column with text that is
    /// not a number stays text.
    pub fn typed(&self, rows: &RecordBatch) -> Result<RecordBatch> {
        let mut fields: Vec<Field> = vec![];
        let mut columns: Vec<ArrayRef> = vec![];
        for (field, array) in rows.schema().fields().iter().zip(rows.columns()) {
            let feature = self.schema.features.iter().find(|feature| &feature.name == field.name());
            let made = feature.and_then(|feature| numbers(array, feature));
            let column = made.unwrap_or_else(|| array.clone());
            fields.push(field.as_ref().clone().with_data_type(column.data_type().clone()));
            columns.push(column);
        }
        RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).map_err(no_table)
    }
}

/// `None` if the column is not text, must stay text, or contains text that is not a number.
fn numbers(array: &ArrayRef, feature: &Feature) -> Option<ArrayRef> {
    let whole = match feature.storage {
        Storage::Integer => true,
        Storage::Float => false,
        _ => return None,
    };
    if array.data_type() == &DataType::Null {
        return arrow_cast::cast(array, if whole { &DataType::Int64 } else { &DataType::Float64 }).ok();
    }
    array.as_string_opt::<i32>()?;
    let found = Column::of("rows", feature, array, 0).numbers().ok()?;
    let found: Vec<Option<f64>> = found.into_iter().map(|x| Some(x).filter(|x| !x.is_nan())).collect();
    // Larger integers are not exact in an `f64`.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let is_whole = |x: &f64| x.fract() == 0.0 && x.abs() < EXACT;
    Some(match whole && found.iter().flatten().all(is_whole) {
        true => Arc::new(found.into_iter().map(|x| x.map(|x| x as i64)).collect::<Int64Array>()),
        false => Arc::new(found.into_iter().collect::<Float64Array>()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::StringArray;

    #[test]
    fn only_whole_columns_of_numbers_are_changed() {
        let text = |cells: Vec<Option<&str>>| Arc::new(StringArray::from(cells)) as ArrayRef;
        let kind = crate::FeatureKind::Numeric;
        let feature =
            |storage| Feature { name: "c".into(), kind: kind.clone(), storage, spelling: Default::default() };
        let made =
            |cells, storage| numbers(&text(cells), &feature(storage)).map(|array| array.data_type().clone());
        assert_eq!(made(vec![Some("1"), None, Some("NA")], Storage::Integer), Some(DataType::Int64));
        // No decimals are lost.
        assert_eq!(made(vec![Some("1"), Some("2.5")], Storage::Integer), Some(DataType::Float64));
        assert_eq!(made(vec![Some("1"), Some("many")], Storage::Integer), None);
        assert_eq!(made(vec![Some("9007199254740993")], Storage::Integer), Some(DataType::Float64));
        assert_eq!(made(vec![Some("1")], Storage::Text), None);
    }
}
