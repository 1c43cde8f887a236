//! Just enough of a Rust reader: words, paths, and which of them belong to tests.

use std::collections::BTreeSet;

/// A source file of a crate.
pub struct Source {
    /// Below `src/`, with `/`.
    pub path: String,
    /// What the file brings in by `use`.
    pub uses: Vec<Use>,
    /// The other paths: `a::b` gives `[a, b]`.
    pub paths: Vec<Vec<String>>,
    /// The words outside of `use`.
    pub words: BTreeSet<String>,
    /// The modules declared as `#[cfg(test)] mod name;`.
    test_modules: Vec<String>,
}

/// One name of a use tree.
#[derive(Debug, Clone, PartialEq)]
pub struct Use {
    pub path: Vec<String>,
    /// What it is called here.
    pub name: String,
    /// `pub use`, with or without `(crate)`.
    pub public: bool,
}

impl Source {
    /// Reads `text` without its comments, literals and `#[cfg(test)]` items.
    pub fn new(path: &str, text: &str) -> Self {
        let (code, test_modules) = without_tests(&tokens(text));
        let (mut uses, mut paths, mut words) = (vec![], vec![], BTreeSet::new());
        let mut at = 0;
        while at < code.len() {
            // `use<'a>` captures lifetimes.
            if code[at] == "use" && code.get(at + 1).is_some_and(|next| next != "<") {
                let public = at > 0 && ["pub", ")"].contains(&code[at - 1].as_str());
                at += 1;
                tree(&code, &mut at, &[], public, &mut uses);
            } else if is_word(&code[at]) {
                let path = path_at(&code[at..]);
                at += 2 * path.len() - 1;
                words.extend(path.iter().cloned());
                if path.len() > 1 {
                    paths.push(path);
                }
            } else {
                at += 1;
            }
        }
        Source { path: path.into(), uses, paths, words, test_modules }
    }

    /// Where its child modules lie, which is the path of its own module.
    pub fn folder(&self) -> &str {
        let stem = self.path.trim_end_matches(".rs");
        let roots = ["mod", "lib", "main"];
        match stem.rsplit_once('/') {
            Some((folder, name)) if roots.contains(&name) => folder,
            None if roots.contains(&stem) => "",
            _ => stem,
        }
    }

    /// Its test modules as paths without `.rs`.
    pub fn test_files(&self) -> Vec<String> {
        let folder = self.folder();
        let file = |name: &String| format!("{folder}/{name}").trim_start_matches('/').to_string();
        self.test_modules.iter().map(file).collect()
    }
}

/// The path at the start of `tokens`, which begin with a word.
fn path_at(tokens: &[String]) -> Vec<String> {
    let mut path = vec![tokens[0].clone()];
    for pair in tokens[1..].chunks_exact(2) {
        if pair[0] != "::" || !is_word(&pair[1]) {
            break;
        }
        path.push(pair[1].clone());
    }
    path
}

/// Reads the use tree that begins at `tokens[at]`, below `prefix`.
fn tree(tokens: &[String], at: &mut usize, prefix: &[String], public: bool, uses: &mut Vec<Use>) {
    let mut path = prefix.to_vec();
    let token = |at: usize| tokens.get(at).map_or("", String::as_str);
    while is_word(token(*at)) || ["*", "::"].contains(&token(*at)) {
        if token(*at) == "as" {
            *at += 1;
            uses.push(Use { path, name: token(*at).into(), public });
            *at += 1;
            return;
        }
        if !["::", "self"].contains(&token(*at)) || (token(*at) == "self" && path.is_empty()) {
            path.push(token(*at).into());
        }
        *at += 1;
    }
    if token(*at) != "{" {
        let name = path.last().cloned().unwrap_or_default();
        uses.push(Use { path, name, public });
        return;
    }
    *at += 1;
    while !["}", ""].contains(&token(*at)) {
        tree(tokens, at, &path, public, uses);
        if token(*at) == "," {
            *at += 1;
        }
    }
    *at += 1;
}

/// The tokens outside `#[cfg(test)]` items, and the names in `#[cfg(test)] mod name;`.
fn without_tests(tokens: &[String]) -> (Vec<String>, Vec<String>) {
    let (mut code, mut modules, mut at) = (vec![], vec![], 0);
    let begins = |at: usize, pattern: &str| {
        pattern.split(' ').eq(tokens[at..].iter().take(pattern.split(' ').count()))
    };
    while at < tokens.len() {
        if !begins(at, "# [ cfg ( test") && !begins(at, "# [ cfg ( all ( test") {
            code.push(tokens[at].clone());
            at += 1;
            continue;
        }
        while begins(at, "# [") {
            at = after(tokens, at + 1, |token| token == "]");
        }
        if begins(at, "mod") && tokens.get(at + 2).is_some_and(|token| token == ";") {
            modules.push(tokens[at + 1].clone());
        }
        at = after(tokens, at, |token| token == "}" || token == ";");
    }
    (code, modules)
}
/// The place after the first token outside all brackets, or closing the outermost, that `ends` an
/// item.
fn after(tokens: &[String], from: usize, ends: impl Fn(&str) -> bool) -> usize {
    let mut depth = 0i32;
    for (at, token) in tokens.iter().enumerate().skip(from) {
        match token.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            _ => {}
        }
        if depth < 0 {
            return at;
        }
        if depth == 0 && ends(token) {
            return at + 1;
        }
    }
    tokens.len()
}

fn is_word(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphanumeric() || c == '_')
}

/// Words, `::` and single signs; comments and text left out.
fn tokens(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let (mut tokens, mut at) = (vec![], 0);
    while let rest = &chars[at..]
        && let Some(&first) = rest.first()
    {
        let word = rest.iter().take_while(|c| c.is_alphanumeric() || **c == '_').count();
        at += if rest.starts_with(&['/', '/']) {
            rest.iter().take_while(|c| **c != '\n').count()
        } else if rest.starts_with(&['/', '*']) {
            block_comment(rest)
        } else if let Some(literal) = literal(rest) {
            literal
        } else if first.is_whitespace() {
            1
        } else {
            let length = if rest.starts_with(&[':', ':']) { 2 } else { word.max(1) };
            tokens.push(rest[..length].iter().collect());
            length
        };
    }
    tokens
}

/// The length of the (nested) comment at the start of `rest`.
fn block_comment(rest: &[char]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        match rest[at..] {
            ['/', '*', ..] => depth += 1,
            ['*', '/', ..] => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            break;
        }
    }
    at
}

/// The length of the string or character literal at the start of `rest`, if there is one.
fn literal(rest: &[char]) -> Option<usize> {
    let prefix = rest.iter().take_while(|c| matches!(c, 'b' | 'c' | 'r')).count();
    let raw = rest[..prefix].contains(&'r');
    let hashes = rest[prefix..].iter().take_while(|c| raw && **c == '#').count();
    let open = prefix + hashes;
    let quote = *rest.get(open)?;
    if quote == '"' && raw {
        let close: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
        let length = rest[open + 1..].windows(close.len()).position(|window| window == close)?;
        return Some(open + 1 + length + close.len());
    }
    // 'a is a lifetime, 'a' and '\u{61}' are characters.
    let lifetime = rest.get(open + 1) != Some(&'\\') && rest.get(open + 2) != Some(&'\'');
    if quote != '"' && (quote != '\'' || lifetime) {
        return None;
    }
    let mut at = open + 1;
    while *rest.get(at)? != quote {
        at += if rest[at] == '\\' { 2 } else { 1 };
    }
    Some(at + 1)
}
