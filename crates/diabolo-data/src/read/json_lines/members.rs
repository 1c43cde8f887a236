//! One line of JSON: the members of an object, with the text of their values.

use std::borrow::Cow;

use serde::de::IgnoredAny;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value<'a> {
    /// `null`, and the NaN that Python writes.
    Null,
    Boolean(bool),
    /// The text of a number; also of the infinities that Python writes.
    Number(&'a str),
    Text(Cow<'a, str>),
    /// The text of an array or an object.
    Nested(&'a str),
}

/// The members of the object in `line`; the error is what was found instead.
pub(super) fn members(line: &str) -> Result<Vec<(Cow<'_, str>, Value<'_>)>, String> {
    let mut text = Text(line.trim_start());
    let mut found = vec![];
    text.take('{')?;
    if !text.next_is('}') {
        loop {
            let name = text.string()?;
            text.take(':')?;
            found.push((name, text.value()?));
            if !text.next_is(',') {
                break;
            }
            text.take(',')?;
        }
    }
    text.take('}')?;
    match text.0 {
        "" => Ok(found),
        more => Err(format!("{} after the object", start_of(more))),
    }
}

/// Whether text stands for a number, a boolean or null in JSON.
pub(crate) fn is_scalar(text: &str) -> bool {
    matches!(text, "null" | "true" | "false") || is_number(text)
}

fn is_number(token: &str) -> bool {
    let digits = token.strip_prefix('-').unwrap_or(token).as_bytes();
    let plain = digits.iter().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'));
    let led = digits.first().is_some_and(u8::is_ascii_digit) && digits.last().is_some_and(u8::is_ascii_digit);
    let zeros = digits.len() > 1 && digits[0] == b'0' && digits[1].is_ascii_digit();
    led && plain && !zeros && token.parse::<f64>().is_ok()
}

/// What is not read yet.
struct Text<'a>(&'a str);

impl<'a> Text<'a> {
    fn next_is(&self, expected: char) -> bool {
        self.0.starts_with(expected)
    }

    /// Takes a character and the blanks after it.
    fn take(&mut self, expected: char) -> Result<(), String> {
        let rest = self.0.strip_prefix(expected).ok_or_else(|| self.instead_of(&format!("'{expected}'")))?;
        self.0 = rest.trim_start();
        Ok(())
    }

    /// Takes `length` bytes and the blanks after them.
    fn token(&mut self, length: usize) -> &'a str {
        let (token, rest) = self.0.split_at(length);
        self.0 = rest.trim_start();
        token
    }

    fn string(&mut self) -> Result<Cow<'a, str>, String> {
        if !self.next_is('"') {
            return Err(self.instead_of("a text in quotes"));
        }
        let length = string_length(self.0.as_bytes()).ok_or("a text without a closing quote")?;
        let token = self.token(length);
        match token.contains('\\') {
            false => Ok(Cow::Borrowed(&token[1..length - 1])),
            true => serde_json::from_str(token).map(Cow::Owned).map_err(|_| format!("the text {token}")),
        }
    }

    fn value(&mut self) -> Result<Value<'a>, String> {
        match self.0.as_bytes().first() {
            Some(b'"') => self.string().map(Value::Text),
            Some(b'{' | b'[') => {
                let length = nested_length(self.0.as_bytes()).ok_or("a value without its closing bracket")?;
                let token = self.token(length);
                let sound = serde_json::from_str::<IgnoredAny>(token).is_ok();
                if sound { Ok(Value::Nested(token)) } else { Err(format!("the value {}", start_of(token))) }
            }
            _ => {
                let length = self.0.find([',', '}', ' ', '\t', '\r']).unwrap_or(self.0.len());
                match self.token(length) {
                    "null" | "NaN" => Ok(Value::Null),
                    "true" => Ok(Value::Boolean(true)),
                    "false" => Ok(Value::Boolean(false)),
                    number @ ("Infinity" | "-Infinity") => Ok(Value::Number(number)),
                    number if is_number(number) => Ok(Value::Number(number)),
                    other => Err(format!("the value '{}'", start_of(other))),
                }
            }
        }
    }

    fn instead_of(&self, expected: &str) -> String {
        match self.0 {
            "" => format!("the end of the line instead of {expected}"),
            more => format!("'{}' instead of {expected}", start_of(more)),
        }
    }
}

/// The length of a text with its quotes.
fn string_length(bytes: &[u8]) -> Option<usize> {
    let mut escaped = false;
    let close = bytes.iter().skip(1).position(|byte| {
        let ends = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        ends
    });
    close.map(|at| at + 2)
}

/// The length of an array or an object with its brackets.
fn nested_length(bytes: &[u8]) -> Option<usize> {
    let (mut depth, mut at) = (0usize, 0);
    while at < bytes.len() {
        match bytes[at] {
            b'"' => at += string_length(&bytes[at..])? - 1,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

fn start_of(text: &str) -> &str {
    const SHOWN: usize = 24;
    text.char_indices().nth(SHOWN).map_or(text, |(end, _)| &text[..end])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn values_keep_their_text() {
        let line =
            r#" { "a" : -1.50 ,"b":"x\"\u00e9,}","c":null, "d":{"e":["]}",1]},"f":[],"g":true, "h":NaN} "#;
        let found = members(line).unwrap();
        let names: Vec<&str> = found.iter().map(|(name, _)| name.as_ref()).collect();
        assert_eq!(names, ["a", "b", "c", "d", "f", "g", "h"]);
        assert_eq!(found[0].1, Value::Number("-1.50"));
        assert_eq!(found[1].1, Value::Text("x\"é,}".into()));
        assert_eq!(found[3].1, Value::Nested(r#"{"e":["]}",1]}"#));
        assert_eq!((&found[5].1, &found[6].1), (&Value::Boolean(true), &Value::Null));
        assert_eq!(members("{}").unwrap(), []);
    }

    #[test]
    fn what_is_no_object_is_named() {
        for (line, part) in [
            ("[1,2]", "'[1,2]' instead of '{'"),
            ("{\"a\":1", "the end of the line instead of '}'"),
            ("{\"a\":01}", "the value '01'"),
            ("{\"a\":1,}", "'}' instead of a text in quotes"),
            ("{\"a\":\"x", "without a closing quote"),
            ("{\"a\":[1,2", "without its closing bracket"),
            ("{\"a\":[1,2}", "the value [1,2}"),
            ("{\"a\":[1,,2]}", "the value [1,,2]"),
            ("{\"a\":\"\\x\"}", "the text"),
            ("{\"a\":1} x", "x after the object"),
            ("{\"a\":+1}", "the value '+1'"),
            ("{\"a\":}", "the value ''"),
        ] {
            let error = members(line).unwrap_err();
            assert!(error.contains(part), "{line}: {error}");
        }
    }
}
