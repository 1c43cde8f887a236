//! Words for values that the configuration refuses, instead of the deserializer's, which name types
//! of Rust.

use crate::Error;

/// The error for the key, or the place, where the deserializer failed; `known` is what is expected
/// of other messages than those about the kind of a value.
pub(super) fn refused(key: impl Into<String>, known: &str, message: &str) -> Error {
    let message = message.trim_end();
    let kinds = ["invalid type: ", "invalid value: ", "invalid length "];
    let typed = kinds.iter().find_map(|kind| message.strip_prefix(kind));
    if let Some((found, expected)) = typed.and_then(|typed| typed.rsplit_once(", expected ")) {
        return Error::config(key, kind(expected), value(found));
    }
    // The message of a value's own parser.
    let own = message.split_once(": expected ").and_then(|(_, rest)| rest.rsplit_once(", found "));
    match own {
        Some((expected, found)) => Error::config(key, expected, found),
        None => Error::config(key, known, message),
    }
}

/// What was expected; words of a value's own visitor stay.
fn kind(expected: &str) -> String {
    let fixed = ["an array of length ", "a tuple of size "];
    if let Some(length) = fixed.iter().find_map(|words| expected.strip_prefix(words)) {
        return format!("a list of {length} values");
    }
    match expected {
        "usize" | "u64" | "u32" | "u16" | "u8" => "a whole number, 0 or more",
        "isize" | "i64" | "i32" | "i16" | "i8" => "a whole number",
        "f64" | "f32" => "a number",
        "a boolean" => "true or false",
        "a string" => "a text",
        "a sequence" => "a list",
        "a map" => "a table of keys and values",
        _ if expected.starts_with("struct ") => "a table of keys and values",
        _ if expected.starts_with("internally tagged enum ") => "a table with the key 'kind'",
        _ => expected,
    }
    .into()
}

/// What was found.
fn value(found: &str) -> String {
    let scalar = ["boolean ", "integer ", "floating point ", "character "];
    if let Some(value) = scalar.iter().find_map(|kind| found.strip_prefix(kind)) {
        return value.trim_matches('`').into();
    }
    match found {
        "sequence" => "a list".into(),
        "map" => "a table of keys and values".into(),
        _ => found.strip_prefix("string ").unwrap_or(found).into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::Config;

    /// The message of each of the three ways in.
    fn messages(key: &str, text: &str) -> [String; 3] {
        let (table, name) = key.rsplit_once('.').unwrap();
        let value: toml::Value = toml::from_str::<toml::Table>(&format!("v = {text}")).unwrap()["v"].clone();
        let set = json!({ "set": { key: value } });
        let ways = [
            Config::default().set(&format!("{key}={text}")),
            Config::of_keywords(set.as_object().unwrap()).map(drop),
            Config::from_toml("run.toml", &format!("[{table}]\n{name} = {text}")).map(drop),
        ];
        ways.map(|way| way.unwrap_err().to_string())
    }

    #[test]
    fn all_three_ways_name_kinds_of_values_not_types_of_rust() {
        for (key, text, words) in [
            ("training.epochs", "\"abc\"", "expected a whole number, 0 or more, found \"abc\""),
            ("training.epochs", "-1", "expected a whole number, 0 or more, found -1"),
            ("training.epochs", "1.5", "expected a whole number, 0 or more, found 1.5"),
            ("training.learning_rate", "true", "expected a number, found true"),
            ("data.header", "3", "expected true or false, found 3"),
            ("data.key", "[1]", "expected a text, found a list"),
            ("data.drop", "3", "expected a list, found 3"),
            ("data.images", "3", "expected a table of keys and values, found 3"),
            ("model.hidden", "[\"a\"]", "expected a whole number, 0 or more, found \"a\""),
            ("training.optimizer", "3", "expected a table with the key 'kind', found 3"),
            ("data.images.resize", "[3]", "expected a list of 2 values, found 1"),
            ("data.types", "{ a = \"foo\" }", "found 'foo'"),
        ] {
            let [set, keyword, file] = messages(key, text);
            assert_eq!(set, keyword);
            assert!(set.starts_with(&format!("{key}: expected ")) && set.ends_with(words), "{set}");
            assert!(file.starts_with("run.toml, line ") && file.ends_with(words), "{file}");
        }
    }

    #[test]
    fn other_messages_stay() {
        let [set, ..] = messages("model.latent", "3");
        assert!(set.contains("found unknown field `latent`, expected one of `family`"), "{set}");
        let [.., file] = messages("model.activation", "\"cube\"");
        assert!(file.contains("unknown variant `cube`"), "{file}");
    }
}
