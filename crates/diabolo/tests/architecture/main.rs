//! The rules of ARCHITECTURE.md that a compiler does not check, read from the sources.
//!
//! A rule is a function from a source (or a manifest) to its complaints; below each stands a test that breaks it.
//! Comments, string literals and `#[cfg(test)]` items are not looked at. Paths into other modules begin with `crate::`.

mod random_streams;
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use source::{Source, expand};

/// The library's modules, lowest level first: each may use its own level and those below.
const LEVELS: [&[&str]; 5] = [
    &["error", "noise"],
    &["data", "nn", "kernel", "distribution"],
    &["objective"],
    &["model"],
    &["train", "evaluate", "task", "artifact", "report", "config"],
];

/// Who, on the same level, must not know whom.
const STRANGERS: [(&str, &[&str]); 4] = [
    ("data", &["nn", "kernel", "distribution"]),
    ("nn", &["data", "distribution"]),
    ("distribution", &["data"]),
    ("train", &["evaluate", "task", "artifact", "report", "config"]),
];

/// All that training may know of models: no family, and not the enum of them.
const TRAINER_SEES: [&str; 5] = ["Batch", "Context", "Layerwise", "HealthStats", "Trainable"];

/// Lines of a source file; files of tests are free.
const LONGEST: usize = 450;

const BURN: &str = "=0.22.1";

// ---- the rules ----

/// Arrows between modules. `reexports` maps a name at the crate's root to the module it comes from.
fn arrows(source: &Source, reexports: &BTreeMap<String, String>) -> Vec<String> {
    let path = &source.path;
    let module = source.module();
    if module == "lib" {
        return vec![];
    }
    let Some(level) = level(module) else {
        return vec![format!(
            "{path}: module {module} has no level; give it one in tests/architecture/main.rs"
        )];
    };
    let mut complaints = vec![];
    let used: BTreeSet<String> = source.crate_paths().into_iter().map(|path| path[0].clone()).collect();
    for name in used.iter().map(String::as_str) {
        let target = reexports.get(name).map_or(name, String::as_str);
        if level_of_or_above(target) > level {
            complaints.push(format!("{path} uses crate::{name}: arrows point from {module} down, never up"));
        } else if STRANGERS.iter().any(|(who, whom)| *who == module && whom.contains(&target)) {
            complaints.push(format!("{path} uses crate::{name}: {module} must not know {target}"));
        }
    }
    if source.leaves_through_super() {
        complaints.push(format!("{path} reaches the crate's root through super: write crate::"));
    }
    complaints
}

/// The trainer knows models only through the trait.
fn trainer(source: &Source) -> Vec<String> {
    if source.module() != "train" {
        return vec![];
    }
    let of_models = source.crate_paths().into_iter().filter(|path| path[0] == "model");
    let unseen =
        of_models.filter(|path| path.get(1).is_none_or(|name| !TRAINER_SEES.contains(&name.as_str())));
    unseen
        .map(|path| {
            format!("{} uses crate::{}: train sees only {TRAINER_SEES:?}", source.path, path.join("::"))
        })
        .collect()
}

fn length(source: &Source) -> Vec<String> {
    let too_long = !source.test_only && source.lines > LONGEST;
    let complaint = || format!("{} has {} lines: split it ({LONGEST} at most)", source.path, source.lines);
    too_long.then(complaint).into_iter().collect()
}

/// Tests included: `unsafe` lives in `kernel/` alone.
fn unsafety(source: &Source) -> Vec<String> {
    let found = source.module() != "kernel" && source.tokens.iter().any(|token| token == "unsafe");
    found.then(|| format!("{} says unsafe: only kernel/ may", source.path)).into_iter().collect()
}

fn printing(source: &Source) -> Vec<String> {
    let prints = |pair: &&[String]| {
        ["println", "eprintln", "print", "eprint", "dbg"].contains(&pair[0].as_str()) && pair[1] == "!"
    };
    let calls = source.code.windows(2).filter(prints);
    calls.map(|call| format!("{} calls {}!: only diabolo-cli prints", source.path, call[0])).collect()
}

/// The engine is pinned in the workspace, and only there.
fn engine(workspace: &str, members: &[(String, String)]) -> Vec<String> {
    let entry = |manifest: &str| manifest.lines().find(|line| line.starts_with("burn")).map(str::to_string);
    let mut complaints = vec![];
    if !entry(workspace).is_some_and(|line| line.contains(&format!("version = \"{BURN}\""))) {
        complaints.push(format!("Cargo.toml: burn must be pinned to {BURN}"));
    }
    for (name, manifest) in members {
        if entry(manifest).is_some_and(|line| line != "burn.workspace = true") {
            complaints.push(format!("{name}: write burn.workspace = true"));
        }
    }
    complaints
}

fn level(module: &str) -> Option<usize> {
    LEVELS.iter().position(|modules| modules.contains(&module))
}

/// A name at the root that is no module and no re-export may come from anywhere: it counts as above all.
fn level_of_or_above(module: &str) -> usize {
    level(module).unwrap_or(LEVELS.len())
}

// ---- the project keeps them ----

#[test]
fn the_library_keeps_its_arrows() {
    let sources = sources(&crates().join("diabolo"));
    let reexports = reexports(&sources);
    assert!(sources.len() > 20 && reexports["Error"] == "error", "the sources were not found");
    complain(sources.iter().flat_map(|source| [arrows(source, &reexports), trainer(source)].concat()));
}

#[test]
fn every_crate_keeps_the_rules_of_the_house() {
    let mut complaints = vec![];
    for folder in members() {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        for source in sources(&folder) {
            let prints = if name == "diabolo-cli" { vec![] } else { printing(&source) };
            let found = [length(&source), unsafety(&source), prints].concat();
            complaints.extend(found.into_iter().map(|complaint| format!("{name}: {complaint}")));
        }
    }
    complain(complaints);
}

#[test]
fn the_engine_is_pinned() {
    let manifests = members().into_iter().map(|m| (m.display().to_string(), read(&m.join("Cargo.toml"))));
    complain(engine(&read(&crates().join("../Cargo.toml")), &manifests.collect::<Vec<_>>()));
}

// ---- the rules can be broken ----

fn arrow_complaints(path: &str, text: &str) -> String {
    let root = Source::new("lib.rs", "pub use config::Config; pub use error::{Error, Result};");
    arrows(&Source::new(path, text), &reexports(&[root])).join("\n")
}

#[test]
fn an_arrow_upwards_is_found_however_it_is_written() {
    let expected = "model/plain.rs uses crate::train: arrows point from model down, never up";
    for text in [
        "use crate::train::fit;",
        "use crate::{nn::Linear, train::{self, fit}};",
        "fn f() { let _ = crate::train::Schedule::Constant; }",
        "/* // */ const C: char = '\"'; use crate::train; const S: &str = \"\";",
    ] {
        assert_eq!(arrow_complaints("model/plain.rs", text), expected, "{text}");
    }
    assert!(arrow_complaints("train/config.rs", "use crate::Config;").contains("train must not know config"));
    assert!(arrow_complaints("data/split.rs", "use crate::nn::Place;").contains("data must not know nn"));
    assert!(arrow_complaints("noise.rs", "use crate::unheard_of;").contains("never up"));
    assert!(arrow_complaints("nn/dense.rs", "use super::super::model::Model;").contains("write crate::"));
    let inline = "mod gpu { use super::super::model::Model; }";
    assert!(arrow_complaints("nn/mod.rs", inline).contains("write crate::"));
    assert!(arrow_complaints("novelty/mod.rs", "").contains("has no level"));
}

#[test]
fn arrows_downwards_comments_text_and_tests_are_fine() {
    for (path, text) in [
        ("model/plain.rs", "use crate::{Error, Result, nn::Linear, data::Encoded};"),
        ("nn/mod.rs", "mod gpu { use super::Device; } pub(super) use gpu::open;"),
        ("distribution/gaussian.rs", "use crate::tensor::softplus;"),
        ("artifact/run.rs", "use crate::Config; use super::container;"),
        (
            "model/plain.rs",
            "// use crate::train;\n/* /* */ crate::train */ const S: &str = r#\"\" crate::train\"#;",
        ),
        ("model/plain.rs", "#[cfg(test)]\n#[allow(x)]\nmod tests { use crate::train::fit; fn f() {} }"),
        ("model/plain.rs", "pub(crate) fn f<'a>(x: &'a str) -> &'a str { x }"),
    ] {
        assert_eq!(arrow_complaints(path, text), "", "{text}");
    }
    let after_tests = "#[cfg(test)] mod tests { fn f() {} } use crate::train;";
    assert_ne!(arrow_complaints("model/plain.rs", after_tests), "");
}

#[test]
fn a_trainer_that_knows_a_family_is_found() {
    let complaints = |text: &str| trainer(&Source::new("train/trainer.rs", text)).len();
    assert_eq!(complaints("use crate::model::{Batch, Context, Trainable};"), 0);
    assert_eq!(complaints("use crate::model::{Trainable, Model};"), 1);
    assert_eq!(complaints("use crate::model;"), 1);
    assert_eq!(complaints("use crate::model::*;"), 1);
    assert_eq!(complaints("fn f(m: crate::model::Variational) {}"), 1);
}

#[test]
fn long_files_unsafe_code_and_prints_are_found() {
    let long = "\n".repeat(LONGEST + 1);
    assert_eq!(length(&Source::new("nn/dense.rs", &long)).len(), 1);
    assert_eq!(length(&Source::new("nn/dense.rs", &long[1..])).len(), 0);
    let risky = "#[cfg(test)] mod tests { fn f() { unsafe { g() } } }";
    assert_eq!(unsafety(&Source::new("nn/dense.rs", risky)).len(), 1);
    assert_eq!(unsafety(&Source::new("kernel/gram.rs", risky)).len(), 0);
    assert_eq!(unsafety(&Source::new("nn/dense.rs", "// unsafe\nconst S: &str = \"unsafe\";")).len(), 0);
    assert_eq!(printing(&Source::new("nn/dense.rs", "fn f() { eprintln!(); dbg!(1); }")).len(), 2);
    assert_eq!(printing(&Source::new("nn/dense.rs", "fn print(x: bool) -> bool { !x }")).len(), 0);
}

#[test]
fn a_loose_engine_is_found() {
    let member = |text: &str| [("crates/x".to_string(), text.to_string())];
    assert!(engine("burn = { version = \"=0.22.1\" }", &member("burn.workspace = true")).is_empty());
    assert_eq!(engine("burn = { version = \"0.22.1\" }", &[]).len(), 1);
    assert_eq!(engine("", &member("burn = \"0.22\"")).len(), 2);
}

#[test]
fn files_of_test_modules_are_recognised() {
    let parent =
        Source::new("data/mod.rs", "#[cfg(test)]\nmod tests; mod column; #[cfg(all(test, unix))] mod pipes;");
    assert_eq!(parent.test_files(), ["data/tests", "data/pipes"]);
    assert_eq!(Source::new("data/column.rs", "#[cfg(test)] mod tests;").test_files(), ["data/column/tests"]);
}

// ---- finding them ----

/// The folder of all crates.
fn crates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn members() -> Vec<PathBuf> {
    let mut members = entries(&crates());
    members.retain(|path| path.join("Cargo.toml").is_file());
    members
}

/// Every source file below a crate's `src/`.
fn sources(folder: &Path) -> Vec<Source> {
    let root = folder.join("src");
    let (mut sources, mut folders) = (vec![], vec![root.clone()]);
    while let Some(folder) = folders.pop() {
        for path in entries(&folder) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let below = path.strip_prefix(&root).expect("found below it").display().to_string();
                sources.push(Source::new(&below.replace('\\', "/"), &read(&path)));
            }
        }
    }
    let tests: Vec<String> = sources.iter().flat_map(Source::test_files).collect();
    for source in &mut sources {
        let path = &source.path;
        source.test_only =
            tests.iter().any(|t| *path == format!("{t}.rs") || path.starts_with(&format!("{t}/")));
        if source.test_only {
            source.code.clear();
        }
    }
    sources
}

/// `pub use module::{Name, …}` in lib.rs: name → module.
fn reexports(sources: &[Source]) -> BTreeMap<String, String> {
    let root = sources.iter().find(|source| source.path == "lib.rs").expect("a library has a lib.rs");
    let uses = root.code.iter().enumerate().filter(|(_, token)| *token == "use");
    let paths = uses.flat_map(|(at, _)| expand(&root.code[at + 1..]));
    paths.filter_map(|path| Some((path.last()?.clone(), path[0].clone()))).collect()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("a readable folder").path()).collect();
    paths.sort();
    paths
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn complain(complaints: impl IntoIterator<Item = String>) {
    let complaints: Vec<String> = complaints.into_iter().collect();
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}
