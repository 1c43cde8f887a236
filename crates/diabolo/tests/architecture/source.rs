//! Just enough of a Rust reader: words, paths, and which of them belong to tests.

/// A source file of a crate.
pub struct Source {
    /// Below `src/`, with `/`.
    pub path: String,
    pub lines: usize,
    /// Every token but comments and literals.
    pub tokens: Vec<String>,
    /// The tokens outside `#[cfg(test)]` items; none if the whole file is one.
    pub code: Vec<String>,
    /// The modules declared as `#[cfg(test)] mod name;`.
    test_modules: Vec<String>,
    /// Whether such a declaration, in another file, names this one.
    pub test_only: bool,
}

impl Source {
    pub fn new(path: &str, text: &str) -> Self {
        let tokens = tokens(text);
        let (code, test_modules) = without_tests(&tokens);
        Source {
            path: path.into(),
            lines: text.lines().count(),
            tokens,
            code,
            test_modules,
            test_only: false,
        }
    }

    /// The module below the crate's root it belongs to.
    pub fn module(&self) -> &str {
        self.path.split(['/', '.']).next().unwrap_or_default()
    }

    /// Where its child modules lie.
    fn folder(&self) -> String {
        let stem = self.path.trim_end_matches(".rs");
        let roots = ["mod", "lib", "main"];
        match stem.rsplit_once('/') {
            Some((folder, name)) if roots.contains(&name) => folder.to_string(),
            None if roots.contains(&stem) => String::new(),
            _ => stem.to_string(),
        }
    }

    /// Its test modules as paths without `.rs`.
    pub fn test_files(&self) -> Vec<String> {
        let folder = self.folder();
        self.test_modules
            .iter()
            .map(|name| format!("{folder}/{name}").trim_start_matches('/').into())
            .collect()
    }

    /// Every path that begins with `crate::`, without it: `crate::{a::B, c}` gives `[a, B]` and `[c]`.
    pub fn crate_paths(&self) -> Vec<Vec<String>> {
        let starts =
            self.code.windows(2).enumerate().filter(|(_, pair)| pair[0] == "crate" && pair[1] == "::");
        starts.flat_map(|(at, _)| expand(&self.code[at + 2..])).collect()
    }

    /// Whether a chain of `super::` ends at the crate's root, inline modules counted.
    pub fn leaves_through_super(&self) -> bool {
        let depth = self.folder().split('/').count();
        let (mut inline, mut braces, mut climbs) = (vec![], 0, 0);
        for (at, token) in self.code.iter().enumerate() {
            match token.as_str() {
                "super" if self.code.get(at + 1).is_some_and(|next| next == "::") => {
                    climbs += 1;
                    if climbs == depth + inline.len() {
                        return true;
                    }
                    continue;
                }
                "::" => continue,
                "{" => {
                    if at >= 2 && self.code[at - 2] == "mod" {
                        inline.push(braces);
                    }
                    braces += 1;
                }
                "}" => {
                    braces -= 1;
                    inline.pop_if(|opened| *opened == braces);
                }
                _ => {}
            }
            climbs = 0;
        }
        false
    }
}

/// The paths of the use tree (or the one path) that `tokens` begin with.
pub fn expand(tokens: &[String]) -> Vec<Vec<String>> {
    fn tree(tokens: &[String], at: &mut usize, prefix: &[String], paths: &mut Vec<Vec<String>>) {
        let mut path = prefix.to_vec();
        let token = |at: usize| tokens.get(at).map_or("", String::as_str);
        while token(*at) != "{" {
            if is_word(token(*at)) || token(*at) == "*" {
                path.push(token(*at).into());
                *at += 1;
            }
            if token(*at) != "::" {
                paths.push(path);
                return;
            }
            *at += 1;
            if !is_word(token(*at)) && !["*", "{"].contains(&token(*at)) {
                paths.push(path); // crate::module::<T>
                return;
            }
        }
        while !["}", ""].contains(&token(*at)) {
            *at += 1; // { or ,
            if token(*at) != "}" {
                tree(tokens, at, &path, paths);
            }
            while !["}", ",", ""].contains(&token(*at)) {
                *at += 1; // as name
            }
        }
        *at += 1;
    }
    let mut paths = vec![];
    tree(tokens, &mut 0, &[], &mut paths);
    paths.retain(|path| !path.is_empty());
    paths
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

/// The place after the first token outside all brackets, or closing the outermost, that `ends` an item.
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
