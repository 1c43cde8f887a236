//! Lines for people.

use std::fmt::Display;
use std::io::Write;

/// Prints a line on stderr. Nobody may be listening: `diabolo fit … 2>&1 | head` still completes.
pub fn say(text: impl Display) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
