//! The library's messages name flags of the command line; here they name settings of the package.

use pyo3::prelude::*;

/// Flags whose setting is named otherwise, and these names.
const RENAMED: [(&str, &str); 4] =
    [("count", "n"), ("from", "start"), ("type", "types"), ("std-errors", "imputation")];

/// The message with the package's names: `latent_dim` for `--latent-dim`, and for `diabolo score
/// RUN` the function or method `score`. A command with flags stays one, and so do quoted cells.
#[pyfunction]
pub fn in_python(text: &str) -> String {
    let worded = text.split('`').enumerate().map(|(at, part)| match part.strip_prefix("diabolo ") {
        Some(command) if at % 2 == 1 && !command.contains("--") => {
            command.split(' ').next().unwrap_or_default().to_string()
        }
        Some(_) if at % 2 == 1 => part.to_string(),
        _ => without_dashes(part),
    });
    worded.collect::<Vec<_>>().join("`")
}

fn without_dashes(text: &str) -> String {
    let mut made = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("--") {
        let (before, after) = (&rest[..at], &rest[at + 2..]);
        made += before;
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let end = after.find(|c| !is_name(c)).unwrap_or(after.len());
        let name = &after[..end];
        let begins = made.chars().next_back().is_none_or(|last| last == ' ' || last == '(');
        if begins && name.starts_with(|c: char| c.is_ascii_lowercase()) {
            let renamed = RENAMED.iter().find(|(flag, _)| *flag == name);
            made += &renamed.map_or_else(|| name.replace('-', "_"), |(_, setting)| setting.to_string());
            if let Some((name, after)) = shell_name(&after[end..]) {
                made += &format!(" {name:?}");
                rest = after;
                continue;
            }
        } else {
            made += "--";
            made += name;
        }
        rest = &after[end..];
    }
    made += rest;
    made
}

/// A name with an apostrophe, which a shell needs as `'it'\''s'`, at the beginning of ` NAME …`;
/// and what follows.
fn shell_name(text: &str) -> Option<(String, &str)> {
    let mut rest = text.strip_prefix(" '")?;
    let mut name = String::new();
    loop {
        let (part, after) = rest.split_once('\'')?;
        name += part;
        match after.strip_prefix(r"\''") {
            Some(next) => {
                name.push('\'');
                rest = next;
            }
            None => return Some((name, after)).filter(|(name, _)| name.contains('\'')),
        }
    }
}
