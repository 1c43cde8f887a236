//! Names derived from the name of an input, and names of columns.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use arrow_schema::Schema;

use crate::{Error, Result};

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

/// A name as an argument of a shell, quoted if it must be.
pub(crate) fn argument(name: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_alphanumeric() || "_-+=.,:/%@".contains(c);
    match !name.is_empty() && name.chars().all(plain) {
        true => Cow::Borrowed(name),
        false => Cow::Owned(format!("'{}'", name.replace('\'', r"'\''"))),
    }
}

/// The position of every column by its name, the first if a name comes twice. Tables may have many
/// thousand columns: finding each by a search would take the square of their number.
pub fn places(schema: &Schema) -> HashMap<&str, usize> {
    schema.fields().iter().enumerate().rev().map(|(at, field)| (field.name().as_str(), at)).collect()
}

/// Returns an error if two columns have the same name.
pub(crate) fn unique_names(input: &str, columns: &Schema) -> Result<()> {
    let mut names = HashSet::new();
    match columns.fields().iter().find(|field| !names.insert(field.name())) {
        Some(twice) => {
            let help = "rename one of them";
            let error = Error::data(input, "different column names", "the name twice", help);
            Err(error.in_column(twice.name()))
        }
        None => Ok(()),
    }
}

/// The candidate with the smallest edit distance to `name`, if that is at most a third of its
/// length.
pub(crate) fn closest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (name.chars().count() / 3).max(1);
    let distance = |candidate: &str| strsim::levenshtein(&name.to_lowercase(), &candidate.to_lowercase());
    let near = candidates.into_iter().map(|candidate| (distance(candidate), candidate));
    near.filter(|(distance, _)| *distance <= limit).min().map(|(_, candidate)| candidate)
}

/// The first few names, quoted, and how many more there are.
pub(crate) fn some_names<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 8;
    let more = names.len().saturating_sub(SHOWN);
    let shown: Vec<String> = names.take(SHOWN).map(|name| format!("'{name}'")).collect();
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    shown.join(", ") + &rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_for_a_shell() {
        let given = ["age", "%d.%m.%Y", "Unnamed: 0", "it's", "<5", "", "-999"];
        let expected = ["age", "%d.%m.%Y", "'Unnamed: 0'", r"'it'\''s'", "'<5'", "''", "-999"];
        assert_eq!(given.map(argument), expected);
    }

    #[test]
    fn closest_finds_similar_names_only() {
        let names = ["age", "income", "workclass"];
        assert_eq!(closest("Age", names), Some("age"));
        assert_eq!(closest("work_class", names), Some("workclass"));
        assert_eq!(closest("zip", names), None);
    }
}
