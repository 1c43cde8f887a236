//! Text columns that stand for values of JSON.

use std::collections::HashMap;

use arrow_schema::Field;

/// Metadata key: what a text column stands for.
const KEY: &str = "diabolo.json";

/// What the cells of a text column stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JsonText {
    /// Every cell is the text of a value: arrays, objects, or numbers that no type holds.
    Whole,
    /// Cells that look like a number, a boolean or null are one; the others are text.
    Scalars,
}

/// The field with this mark.
pub(crate) fn marked(field: Field, text: JsonText) -> Field {
    let value = match text {
        JsonText::Whole => "whole",
        JsonText::Scalars => "scalars",
    };
    field.with_metadata(HashMap::from([(KEY.to_string(), value.to_string())]))
}

/// The mark of a field.
pub(crate) fn mark(field: &Field) -> Option<JsonText> {
    match field.metadata().get(KEY)?.as_str() {
        "whole" => Some(JsonText::Whole),
        "scalars" => Some(JsonText::Scalars),
        _ => None,
    }
}

/// Text as a string of JSON.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
