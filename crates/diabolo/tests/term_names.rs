//! Every term of a loss has a readable name on a report's pages.

use std::collections::BTreeSet;
use std::path::Path;

/// What a term's key stands behind in the sources.
const MAKERS: [&str; 2] = ["Term::new(", "weighted("];

/// The string literals that are the first argument of a maker, outside tests.
fn keys(source: &str) -> Vec<String> {
    let code = source.split("#[cfg(test)]").next().unwrap_or_default();
    let first = |maker: &&str| {
        code.split(*maker).skip(1).filter_map(|rest| rest.trim_start().strip_prefix('"')).collect::<Vec<_>>()
    };
    let literals = MAKERS.iter().flat_map(first);
    literals.filter_map(|rest| Some(rest.split_once('"')?.0.to_string())).collect()
}

fn all_keys(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("a readable folder").path();
        if path.is_dir() {
            all_keys(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.extend(keys(&std::fs::read_to_string(&path).expect("a source")));
        }
    }
}

#[test]
fn every_term_is_named() {
    let mut found = BTreeSet::from(["objective", "negative_elbo", "learning_rate"].map(String::from));
    all_keys(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    for known in ["reconstruction", "contraction", "free_bits", "total_correlation", "cross_entropy"] {
        assert!(found.contains(known), "the terms were not found: {found:?}");
    }
    let unnamed: Vec<&String> = found.iter().filter(|key| !diabolo_report::is_named(key)).collect();
    assert!(unnamed.is_empty(), "give these a row in diabolo-report/src/names.rs: {unnamed:?}");
}

#[test]
fn keys_are_found_however_they_are_written() {
    let source = "vec![Term::new(\n    \"mine\", x), weighted(\"yours\", y, 1.0), Term::new(name, z)]\n#[cfg(test)] Term::new(\"not\", x)";
    assert_eq!(keys(source), ["mine", "yours"]);
}
