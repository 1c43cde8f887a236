//! Names derived from the name of an input, and names of columns.

use std::collections::HashMap;

use arrow_schema::Schema;

/// The last part of a path: "adult.csv" for `data/adult.csv`; other inputs unchanged.
///
/// ```
/// assert_eq!(diabolo_data::file_name("data/adult.csv"), "adult.csv");
/// assert_eq!(diabolo_data::file_name(r"C:\rows.csv"), "rows.csv");
/// ```
pub fn file_name(input: &str) -> &str {
    input.rsplit(['/', '\\']).find(|part| !part.is_empty()).unwrap_or(input)
}

/// The file name without extensions, as the name of a folder: "adult" for `data/adult.csv.gz`;
/// "data" if nothing is left.
///
/// ```
/// assert_eq!(diabolo_data::short_name("data/adult 2.csv.gz"), "adult-2");
/// assert_eq!(diabolo_data::short_name("-"), "data");
/// ```
pub fn short_name(input: &str) -> String {
    let stem = file_name(input).split('.').next().filter(|s| !s.is_empty() && *s != "-").unwrap_or("data");
    stem.chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect()
}

/// `a, b or c`.
///
/// ```
/// assert_eq!(diabolo_data::any_of(["a", "b", "c"]), "a, b or c");
/// assert_eq!(diabolo_data::any_of(["a"]), "a");
/// ```
pub fn any_of(words: impl IntoIterator<Item = &'static str>) -> String {
    let words: Vec<&str> = words.into_iter().collect();
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => words.concat(),
    }
}

/// The name of column `index`, counted from 0, of a file without column names.
pub fn unnamed_column(index: usize) -> String {
    format!("column_{}", index + 1)
}

/// The position of every column by its name, the first if a name comes twice. Tables may have many
/// thousand columns: finding each by a search would take the square of their number.
pub fn places(schema: &Schema) -> HashMap<&str, usize> {
    schema.fields().iter().enumerate().rev().map(|(at, field)| (field.name().as_str(), at)).collect()
}
