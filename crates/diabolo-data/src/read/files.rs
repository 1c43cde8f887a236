//! Inputs of several files: folders, and patterns such as `data/*.parquet`.

use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::{Error, Result};

/// A file: its path within the folder, with `/`, and the path to open.
pub(super) type Found = (String, PathBuf);

/// The files of a folder or a pattern, sorted by path; none if `input` is neither.
pub(super) fn of_input(input: &str) -> Result<Option<Vec<Found>>> {
    let path = Path::new(input);
    if input == "-" || path.is_file() {
        return Ok(None);
    }
    let mut found = vec![];
    if path.is_dir() {
        walk(path, "", &mut vec![], &mut found)?;
    } else if !path.exists() && is_pattern(input) {
        let parts = path.components().collect::<Vec<_>>();
        let fixed = parts.iter().position(|part| is_pattern(&text(part))).unwrap_or(parts.len());
        let (fixed, rest) = parts.split_at(fixed);
        let root = fixed.iter().collect::<PathBuf>();
        let rest = rest.iter().map(text).collect::<Vec<_>>();
        expand(&root, "", &rest, &mut found)?;
        if found.is_empty() {
            let help = "check the pattern; * stands for any text within a name, ** for any folders";
            return Err(Error::data(input, "files that match the pattern", "none", help));
        }
    } else {
        return Ok(None);
    }
    found.sort();
    Ok(Some(found))
}

fn text(part: &Component) -> String {
    part.as_os_str().to_string_lossy().into_owned()
}

/// Whether a path holds a wildcard.
pub(super) fn is_pattern(path: &str) -> bool {
    path.contains(['*', '?', '['])
}

/// The entries of a folder that are not hidden: names and paths.
fn entries(folder: &Path) -> Result<Vec<(String, PathBuf)>> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let mut found = vec![];
    for entry in fs::read_dir(folder).map_err(Error::io("read", folder))? {
        let entry = entry.map_err(Error::io("read", folder))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') {
            found.push((name, entry.path()));
        }
    }
    Ok(found)
}

/// Whether a path is a file. A symbolic link to nothing is one, so that the reader names it.
fn is_file(path: &Path) -> bool {
    path.is_file() || path.is_symlink() && !path.exists()
}

/// Adds the files below a folder. Symbolic links are followed, unless they lead back to one of the
/// folders `above`.
fn walk(folder: &Path, prefix: &str, above: &mut Vec<PathBuf>, found: &mut Vec<Found>) -> Result<()> {
    let real = folder.canonicalize().map_err(Error::io("read", folder))?;
    if above.contains(&real) {
        return Ok(());
    }
    above.push(real);
    for (name, path) in entries(folder)? {
        if path.is_dir() {
            walk(&path, &format!("{prefix}{name}/"), above, found)?;
        } else if is_file(&path) {
            found.push((format!("{prefix}{name}"), path));
        }
    }
    above.pop();
    Ok(())
}

/// Adds the files that match the rest of a pattern.
fn expand(folder: &Path, prefix: &str, rest: &[String], found: &mut Vec<Found>) -> Result<()> {
    let Some((pattern, after)) = rest.split_first() else { return Ok(()) };
    if !folder.as_os_str().is_empty() && !folder.is_dir() {
        return Ok(());
    }
    if pattern == "**" {
        expand(folder, prefix, after, found)?;
    }
    for (name, path) in entries(folder)? {
        let inner = format!("{prefix}{name}");
        match path.is_dir() {
            true if pattern == "**" => expand(&path, &format!("{inner}/"), rest, found)?,
            true if matches(pattern, &name) => expand(&path, &format!("{inner}/"), after, found)?,
            false if after.is_empty() && is_file(&path) && matches(pattern, &name) => {
                found.push((inner, path))
            }
            _ => {}
        }
    }
    Ok(())
}

/// Whether a name matches a pattern of `*`, `?`, `[a-z]`, `[!a]` and plain characters.
fn matches(pattern: &str, name: &str) -> bool {
    let pattern = pattern.chars().collect::<Vec<_>>();
    matches_from(&pattern, &name.chars().collect::<Vec<_>>())
}

fn matches_from(pattern: &[char], name: &[char]) -> bool {
    match pattern {
        [] => name.is_empty(),
        ['*', rest @ ..] => (0..=name.len()).any(|taken| matches_from(rest, &name[taken..])),
        ['?', rest @ ..] => !name.is_empty() && matches_from(rest, &name[1..]),
        ['[', rest @ ..] => match (rest.iter().position(|c| *c == ']'), name) {
            (Some(end), [first, others @ ..]) => {
                let (not, set) = match &rest[..end] {
                    ['!' | '^', set @ ..] => (true, set),
                    set => (false, set),
                };
                is_in(set, *first) != not && matches_from(&rest[end + 1..], others)
            }
            _ => false,
        },
        [plain, rest @ ..] => name.first() == Some(plain) && matches_from(rest, &name[1..]),
    }
}

fn is_in(set: &[char], wanted: char) -> bool {
    match set {
        [from, '-', to, rest @ ..] => (*from..=*to).contains(&wanted) || is_in(rest, wanted),
        [one, rest @ ..] => *one == wanted || is_in(rest, wanted),
        [] => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn patterns_match_names() {
        for (pattern, name, expected) in [
            ("*.parquet", "a.parquet", true),
            ("*.parquet", "a.parquet.gz", false),
            ("part-?[0-4].csv", "part-03.csv", true),
            ("part-?[!0-4].csv", "part-03.csv", false),
            ("a*b*c", "aXbYbZc", true),
            ("[", "[", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn folders_and_patterns_give_sorted_files() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for file in ["b/2.csv", "a/1.csv", "a/1.txt", ".git/0.csv", "c.csv"] {
            fs::create_dir_all(root.join(file).parent().unwrap()).unwrap();
            fs::write(root.join(file), "x\n1\n").unwrap();
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink("..", root.join("a/loop")).unwrap();
        let names = |input: &str| {
            let found = of_input(&root.join(input).to_string_lossy()).unwrap().unwrap();
            found.into_iter().map(|(name, _)| name).collect::<Vec<_>>()
        };
        assert_eq!(names(""), ["a/1.csv", "a/1.txt", "b/2.csv", "c.csv"]);
        assert_eq!(names("*/*.csv"), ["a/1.csv", "b/2.csv"]);
        assert_eq!(names("b/*"), ["2.csv"]);
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("gone", root.join("b/lost.csv")).unwrap();
            assert_eq!(names("b"), ["2.csv", "lost.csv"]);
            assert_eq!(names("b/l*"), ["lost.csv"]);
        }
        assert!(of_input(&root.join("c.csv").to_string_lossy()).unwrap().is_none());
        let error = of_input(&root.join("*.parquet").to_string_lossy()).unwrap_err().to_string();
        assert!(error.contains("files that match the pattern"), "{error}");
    }
}
