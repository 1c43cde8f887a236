//! Names of the columns that a task adds to those of the rows.

/// What the names begin with if the rows have a column with one of them.
const PREFIX: &str = "diabolo_";

/// The `wanted` names; if one of them is taken, all get the same prefix.
pub(super) fn free(mut wanted: Vec<String>, taken: impl Fn(&str) -> bool) -> Vec<String> {
    while wanted.iter().any(|name| taken(name)) {
        wanted.iter_mut().for_each(|name| name.insert_str(0, PREFIX));
    }
    wanted
}

/// A note for the user if the added columns have other names than usual.
pub fn renamed(added: &[String]) -> Option<String> {
    let usual = added.first().and_then(|name| name.strip_prefix(PREFIX))?;
    let usual = usual.trim_start_matches(PREFIX);
    Some(format!(
        "the rows have columns with the names of the added ones, which are called '{}' instead of '{usual}' and so on",
        added[0]
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_taken_get_a_prefix_and_stay_a_family() {
        let wanted = || vec!["score".to_string(), "p_value".to_string()];
        assert_eq!(free(wanted(), |name| name == "x"), wanted());
        assert_eq!(renamed(&wanted()), None);
        let twice = free(wanted(), |name| ["p_value", "diabolo_score"].contains(&name));
        assert_eq!(twice, ["diabolo_diabolo_score", "diabolo_diabolo_p_value"]);
        assert!(renamed(&twice).is_some_and(|note| note.contains("instead of 'score'")));
    }
}
