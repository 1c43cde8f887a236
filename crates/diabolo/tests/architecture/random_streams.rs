//! Each variant of `Purpose` is used by one call, so that no two calls share a random stream.

use std::collections::BTreeMap;

use crate::source::Source;
use crate::{members, sources};

/// Variants that several calls may use, and the number of calls: their streams differ in the epoch.
const SHARED: [(&str, usize); 1] = [("Binarize", 2)];

/// The number of uses of each variant of `Purpose` outside tests.
fn uses<'a>(sources: impl IntoIterator<Item = &'a Source>) -> BTreeMap<String, usize> {
    let mut uses = BTreeMap::new();
    for source in sources {
        let pairs = source.paths.iter().flat_map(|path| path.windows(2));
        for pair in pairs.filter(|pair| pair[0] == "Purpose") {
            *uses.entry(pair[1].clone()).or_default() += 1;
        }
    }
    uses
}

/// The variants used by several calls.
fn collisions(uses: &BTreeMap<String, usize>) -> Vec<String> {
    let allowed = |name: &str| SHARED.iter().find(|(shared, _)| *shared == name).map_or(1, |(_, n)| *n);
    let several = uses.iter().filter(|(name, count)| **count > allowed(name));
    several
        .map(|(name, count)| format!("{count} calls use Purpose::{name}: give each its own variant"))
        .collect()
}

#[test]
fn every_use_of_randomness_has_a_purpose_of_its_own() {
    let sources: Vec<Source> = members().iter().flat_map(|folder| sources(folder)).collect();
    let uses = uses(&sources);
    assert!(uses.len() > 20, "the sources were not found");
    assert_eq!(collisions(&uses), Vec::<String>::new());
}

#[test]
fn a_purpose_named_twice_is_found_and_tests_are_free() {
    let found = |text: &str| collisions(&uses([&Source::new("task/a.rs", text)]));
    let call = "fn f() { stream(1, Purpose::Impute, 0, 0); }";
    let test = "#[cfg(test)] mod tests { fn g() { stream(1, Purpose::Impute, 0, 0); } }";
    assert!(found(&format!("{call} {test} // Purpose::Impute")).is_empty());
    assert_eq!(found(&format!("{call} {call}")).len(), 1);
}
