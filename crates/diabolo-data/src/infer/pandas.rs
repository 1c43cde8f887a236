//! The index of a table that pandas wrote: labels of rows, not measurements.

use arrow_schema::Schema;
use serde::Deserialize;

/// What pandas says of a table, in the metadata of its schema.
#[derive(Deserialize)]
struct Pandas {
    #[serde(default)]
    index_columns: Vec<serde_json::Value>,
}

/// The columns that are the table's index. A range of numbers, the usual index, has none.
pub(super) fn index_columns(schema: &Schema) -> Vec<String> {
    let said = schema.metadata().get("pandas").and_then(|said| serde_json::from_str::<Pandas>(said).ok());
    let names = said.map(|said| said.index_columns).unwrap_or_default();
    let names = names.iter().filter_map(|name| name.as_str());
    names.filter(|name| schema.column_with_name(name).is_some()).map(String::from).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use arrow_schema::{DataType, Field};

    use super::*;

    #[test]
    fn columns_that_are_there_are_found() {
        let fields = ["x", "day", "__index_level_1__"].map(|name| Field::new(name, DataType::Int64, true));
        let found = |said: &str| {
            let metadata = HashMap::from([("pandas".to_string(), said.to_string())]);
            index_columns(&Schema::new(fields.to_vec()).with_metadata(metadata))
        };
        let two = r#"{"index_columns": ["day", "__index_level_1__", "gone"], "columns": []}"#;
        assert_eq!(found(two), ["day", "__index_level_1__"]);
        assert_eq!(found(r#"{"index_columns": [{"kind": "range", "start": 0}]}"#), [""; 0]);
        assert_eq!(found("no JSON"), [""; 0]);
    }
}
