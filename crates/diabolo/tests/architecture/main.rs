//! The rules of ARCHITECTURE.md that neither crates nor lints hold, read from the sources.
//!
//! A rule is a function that gives complaints; below stand tests that break each of them.
//! Comments, literals and `#[cfg(test)]` items make no arrow.

mod graph;
mod random_streams;
mod source;

use std::path::{Path, PathBuf};

use graph::Graph;
use source::Source;

/// The modules of the crate `diabolo`, lowest level first: each may use those of the levels below.
const LEVELS: [&[&str]; 11] = [
    &["kernel"],
    &["tensor"],
    &["nn", "distribution"],
    &["objective"],
    &["model"],
    &["train", "evaluate"],
    &["config"],
    &["artifact"],
    &["task", "codec", "export"],
    &["pipeline"],
    &["report", "sources"],
];

/// All that training may know of models: no family, and not the enum of them.
const TRAINER_SEES: [&str; 5] = ["Batch", "Context", "Layerwise", "HealthStats", "Trainable"];

/// The engine is named in these modules of the crate `diabolo`, and nowhere else.
const ENGINE: (&str, [&str; 1]) = ("burn", ["tensor"]);

const LONGEST_FILE: usize = 450;
const LONGEST_FUNCTION: usize = 60;
const WIDEST_COMMENT: usize = 100;

// ---- the rules ----

/// Arrows between modules point down.
fn arrows(sources: &[Source]) -> Vec<String> {
    let level = |module: &str| LEVELS.iter().position(|modules| modules.contains(&module));
    let mut complaints = vec![];
    for (source, targets) in sources.iter().zip(&Graph::new(sources).targets) {
        let path = &source.path;
        let module = module(path);
        if module == "lib" {
            continue;
        }
        let Some(own) = level(module) else {
            complaints.push(format!("{path}: {module} has no level; give it one in tests/architecture"));
            continue;
        };
        for target in targets.iter().map(|&target| &sources[target].path) {
            let target_module = self::module(target);
            if target_module != module && level(target_module).is_none_or(|level| level >= own) {
                complaints.push(format!("{path} uses {target}: {module} stands beside or below it"));
            }
        }
    }
    complaints
}

/// No file uses, by way of others, itself.
fn circles(sources: &[Source]) -> Vec<String> {
    let circles = Graph::new(sources).circles();
    circles.into_iter().map(|files| format!("{} → {}", files.join(" → "), files[0])).collect()
}

/// The trainer knows models only through the trait.
fn trainer(source: &Source) -> Vec<String> {
    let paths = source.uses.iter().map(|u| &u.path).chain(&source.paths);
    let of_models = paths.filter(|path| path.starts_with(&["crate".into(), "model".into()]));
    let seen = |path: &Vec<String>| path.get(2).is_some_and(|name| TRAINER_SEES.contains(&name.as_str()));
    let complaint =
        |path: &Vec<String>| format!("{} uses {}: it may use {TRAINER_SEES:?}", source.path, path.join("::"));
    if module(&source.path) != "train" {
        return vec![];
    }
    of_models.filter(|path| !seen(path)).map(complaint).collect()
}

fn engine(source: &Source) -> Vec<String> {
    let (engine, modules) = ENGINE;
    let mut firsts = source.uses.iter().map(|u| &u.path).chain(&source.paths).filter_map(|path| path.first());
    let named = !modules.contains(&module(&source.path)) && firsts.any(|first| first == engine);
    named.then(|| format!("{} names {engine}: only {modules:?} may", source.path)).into_iter().collect()
}

/// The lengths of a file, of its functions and of its comment lines.
fn lengths(path: &str, text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let mut complaints = vec![];
    if lines.len() > LONGEST_FILE {
        complaints.push(format!("{path} has {} lines ({LONGEST_FILE} at most)", lines.len()));
    }
    for (at, line) in lines.iter().enumerate() {
        let place = format!("{path}:{}", at + 1);
        let width = line.chars().count();
        let comment = line.trim_start().strip_prefix("//");
        // A row of a table cannot be broken.
        if comment.is_some_and(|text| !text.trim_start_matches(['/', '!', ' ']).starts_with('|'))
            && width > WIDEST_COMMENT
        {
            complaints.push(format!("{place}: a comment of {width} characters ({WIDEST_COMMENT} at most)"));
        }
        let length = function(&lines[at..]);
        if length > LONGEST_FUNCTION {
            complaints.push(format!("{place}: a function of {length} lines ({LONGEST_FUNCTION} at most)"));
        }
    }
    complaints
}

/// The lines of the function that begins here, as rustfmt sets it: to the brace below its first
/// word.
fn function(lines: &[&str]) -> usize {
    let indent = lines[0].len() - lines[0].trim_start().len();
    let mut words = lines[0].split_whitespace();
    let modifier = |word: &&str| word.starts_with("pub") || ["const", "async", "unsafe"].contains(word);
    if words.find(|word| !modifier(word)) != Some("fn") {
        return 0;
    }
    let close = format!("{}}}", " ".repeat(indent));
    // A function on one line, and one without a body, end before any such brace.
    let ends =
        |line: &&str| **line == close || line.ends_with(';') && line.find(|c| c != ' ') == Some(indent);
    lines.iter().position(|line| ends(line) || line.ends_with(" }")).map_or(lines.len(), |last| last + 1)
}

/// The module below the crate's root that a file belongs to.
fn module(path: &str) -> &str {
    path.split(['/', '.']).next().unwrap_or_default()
}

// ---- the project keeps them ----

#[test]
fn the_library_keeps_its_arrows() {
    let sources = sources(&root().join("crates/diabolo"));
    assert!(sources.len() > 20, "the sources were not found");
    complain([arrows(&sources), sources.iter().flat_map(trainer).collect()].concat());
}

#[test]
fn the_engine_is_named_below_the_tensors_only() {
    let (engine_crate, _) = ENGINE;
    let mut complaints = vec![];
    for member in members() {
        let name = member.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name == "diabolo" {
            complaints.extend(sources(&member).iter().flat_map(engine));
        } else if read(&member.join("Cargo.toml")).contains(engine_crate) {
            complaints.push(format!("{name}: only diabolo depends on {engine_crate}"));
        }
    }
    complain(complaints);
}

#[test]
fn no_file_uses_itself_by_way_of_others() {
    let of_crate = |member: PathBuf| {
        let name = member.file_name().unwrap_or_default().to_string_lossy().into_owned();
        circles(&sources(&member)).into_iter().map(move |circle| format!("{name}: {circle}"))
    };
    complain(members().into_iter().flat_map(of_crate).collect());
}

#[test]
fn files_functions_and_comment_lines_are_short() {
    let folders = [members(), vec![root().join("fuzz")]].concat();
    let parts = ["src", "tests", "benches", "examples", "fuzz_targets"];
    let files = folders.iter().flat_map(|folder| parts.map(|part| rust_files(&folder.join(part)))).flatten();
    let root = root();
    let name = |path: &Path| path.strip_prefix(&root).unwrap_or(path).display().to_string();
    complain(files.flat_map(|path| lengths(&name(&path), &read(&path))).collect());
}

// ---- the rules can be broken ----

/// A crate of these files.
fn of(files: &[(&str, &str)]) -> Vec<Source> {
    files.iter().map(|(path, text)| Source::new(path, text)).collect()
}

#[test]
fn an_arrow_upwards_is_found_however_it_is_written() {
    for text in [
        "use crate::train::fit;",
        "use crate::{nn::Linear, train::{self, fit}};",
        "fn f() { let _ = crate::train::Schedule::Constant; }",
        "use super::super::train::fit;",
        "use crate::fit;",
        "/* // */ const C: char = '\"'; use crate::train; const S: &str = \"\";",
        "#[cfg(test)] mod tests { fn f() {} } use crate::train;",
    ] {
        let files = [
            ("lib.rs", "pub use train::fit;"),
            ("nn.rs", ""),
            ("train/mod.rs", "pub use trainer::fit;"),
            ("train/trainer.rs", ""),
            ("model/plain.rs", text),
        ];
        let found = arrows(&of(&files)).join("\n");
        assert!(found.starts_with("model/plain.rs uses train/"), "{text}: {found}");
    }
    assert!(arrows(&of(&[("novelty/mod.rs", "")]))[0].contains("has no level"));
    let beside = [("nn/mod.rs", "use crate::distribution::Posterior;"), ("distribution/mod.rs", "")];
    assert_eq!(arrows(&of(&beside)).len(), 1);
}

#[test]
fn arrows_downwards_comments_text_and_tests_are_fine() {
    for text in [
        "use crate::{Error, Result, nn::Linear}; use crate::data::Encoded;",
        "// use crate::train;\n/* /* */ crate::train */ const S: &str = r#\"\" crate::train\"#;",
        "#[cfg(test)]\n#[allow(x)]\nmod tests { use crate::train::fit; fn f() {} }",
        "pub(crate) fn f<'a>(x: &'a str) -> impl Iterator + use<'a> { train::fit(x) }",
    ] {
        let root = "pub use diabolo_data as data; pub use diabolo_data::{Error, Result}; mod train;";
        let files = [("lib.rs", root), ("nn/mod.rs", ""), ("train.rs", ""), ("model/plain.rs", text)];
        assert_eq!(arrows(&of(&files)), [""; 0], "{text}");
    }
}

#[test]
fn circles_are_found_through_reexports() {
    let found = |files: &[(&str, &str)]| circles(&of(files));
    let two = [("a.rs", "use crate::b::f;"), ("b.rs", "fn f() { crate::a::g() }")];
    assert_eq!(found(&two), ["a.rs → b.rs → a.rs"]);
    let three = [
        ("a/mod.rs", "mod b; mod c; pub use b::B; pub use c::C;"),
        ("a/b.rs", "use super::C;"),
        ("a/c.rs", "use crate::d::D;"),
        ("d.rs", "use crate::a::B as Other;"),
    ];
    assert_eq!(found(&three), ["a/b.rs → a/c.rs → d.rs → a/b.rs"]);
    let used = [
        ("a/mod.rs", "mod b; pub use b::B; enum E { B(B) }"),
        ("a/b.rs", "use crate::c::C;"),
        ("c.rs", "use crate::a::E;"),
    ];
    assert_eq!(found(&used), ["a/mod.rs → a/b.rs → c.rs → a/mod.rs"]);
    let parent = [("a/mod.rs", "mod b; pub trait T {} fn f(b: b::B) {}"), ("a/b.rs", "use super::T;")];
    assert_eq!(found(&parent), [""; 0]);
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
fn the_engine_above_the_tensors_is_found() {
    let complaints = |path: &str, text: &str| engine(&Source::new(path, text)).len();
    assert_eq!(complaints("nn/linear.rs", "use burn::tensor::Tensor;"), 1);
    assert_eq!(complaints("nn/linear.rs", "#[derive(burn::module::Module)] struct Linear;"), 1);
    assert_eq!(complaints("tensor/mod.rs", "pub use burn::tensor::Tensor;"), 0);
    assert_eq!(complaints("nn/linear.rs", "use crate::tensor::Tensor; fn burn_in() {}"), 0);
}

#[test]
fn what_is_too_long_is_found() {
    let complaints = |text: &str| lengths("a.rs", text).len();
    assert_eq!((complaints(&"\n".repeat(450)), complaints(&"\n".repeat(451))), (0, 1));
    let function =
        |lines: usize| format!("    pub(crate) fn f(\n    ) {{\n{}    }}\n", "\n".repeat(lines - 3));
    assert_eq!((complaints(&function(60)), complaints(&function(61))), (0, 1));
    let short = "    fn f() -> u8;\n    fn g() { h() }\n".to_string() + &"\n".repeat(99);
    assert_eq!(complaints(&short), 0);
    let comment = |width: usize| format!("    // {}\n", "ä".repeat(width - 7));
    assert_eq!((complaints(&comment(100)), complaints(&comment(101))), (0, 1));
    assert_eq!(complaints(&comment(101).replacen("// ", "//! | ", 1)), 0);
}

#[test]
fn files_of_test_modules_are_recognised() {
    let parent =
        Source::new("data/mod.rs", "#[cfg(test)]\nmod tests; mod column; #[cfg(all(test, unix))] mod pipes;");
    assert_eq!(parent.test_files(), ["data/tests", "data/pipes"]);
    assert_eq!(Source::new("data/column.rs", "#[cfg(test)] mod tests;").test_files(), ["data/column/tests"]);
}

// ---- finding them ----

/// The folder of the workspace.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the crate lies in it")
}

fn members() -> Vec<PathBuf> {
    let mut members = entries(&root().join("crates"));
    members.retain(|path| path.join("Cargo.toml").is_file());
    members
}

/// Every source file below a crate's `src/` that is not only for tests.
fn sources(member: &Path) -> Vec<Source> {
    let src = member.join("src");
    let below =
        |path: &Path| path.strip_prefix(&src).unwrap_or(path).display().to_string().replace('\\', "/");
    let files = rust_files(&src);
    let mut sources: Vec<Source> = files.iter().map(|path| Source::new(&below(path), &read(path))).collect();
    let tests: Vec<String> = sources.iter().flat_map(Source::test_files).collect();
    let is_test = |path: &str| {
        tests.iter().any(|test| path == format!("{test}.rs") || path.starts_with(&format!("{test}/")))
    };
    sources.retain(|source| !is_test(&source.path));
    sources
}

/// The Rust files below a folder; none if there is no such folder.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let (mut files, mut folders) = (vec![], vec![folder.to_path_buf()]);
    folders.retain(|folder| folder.is_dir());
    while let Some(folder) = folders.pop() {
        for path in entries(&folder) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files
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

fn complain(complaints: Vec<String>) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}
