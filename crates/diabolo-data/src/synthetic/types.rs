//! Decoded rows for formats that have types.

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{Field, Schema as ArrowSchema};

use super::part::{cell_values, is_numeric};
use super::{Content, TableCodec};
use crate::column::CellType;
use crate::preprocess::number_column;
use crate::{Error, Feature, FeatureKind, Result};

impl TableCodec {
    /// Decoded rows for a file that is no text: numbers that the source holds as text become
    /// numbers, whole ones if all are, and its words for missing cells null. Dates stay texts.
    ///
    /// # Errors
    /// [`Error::Data`] for a cell that is no number, which no decoded row has.
    pub fn with_numbers(&self, rows: &RecordBatch) -> Result<RecordBatch> {
        let schema = rows.schema();
        let column = |(field, array): (&Arc<Field>, &ArrayRef)| {
            let is_text = CellType::of(array.data_type()) == CellType::Text;
            match self.feature(field.name()).filter(|feature| is_text && is_number(feature)) {
                Some(feature) => {
                    let numbers = cell_values("synthetic rows", feature, array)?;
                    Ok(number_column(feature, numbers.into_iter()))
                }
                None => Ok((field.as_ref().clone(), array.clone())),
            }
        };
        let columns = schema.fields().iter().zip(rows.columns()).map(column).collect::<Result<Vec<_>>>()?;
        let (fields, columns): (Vec<Field>, Vec<ArrayRef>) = columns.into_iter().unzip();
        RecordBatch::try_new(Arc::new(ArrowSchema::new(fields)), columns)
            .map_err(|cause| Error::internal(cause.to_string()))
    }

    /// What is known of a column that is learned.
    fn feature(&self, name: &str) -> Option<&Feature> {
        match self.columns.iter().find(|column| column.name == name)?.content {
            Content::Part { part, member } => Some(&self.parts[part].columns[member]),
            Content::Ordered { order } => Some(self.orders[order].feature()),
            Content::Key(_) | Content::Empty => None,
        }
    }
}

fn is_number(feature: &Feature) -> bool {
    is_numeric(feature) && !matches!(feature.kind, FeatureKind::Datetime { .. })
}
