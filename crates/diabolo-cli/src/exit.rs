//! Exit codes: 0 ok · 1 failure · 2 usage · 3 bad data · 4 bad model file · 5 diverged
//! · 10 anomalies or drift found · 130 interrupted.

use std::error::Error as _;
use std::num::{IntErrorKind, ParseFloatError, ParseIntError};
use std::process::ExitCode;

use clap::CommandFactory;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use diabolo::{Error, ErrorClass};

use crate::args::Arguments;
use crate::stderr::say;

/// `score --fail-on-anomaly` found anomalies, or drift with `--drift`; the rows have been written.
#[derive(Debug)]
pub struct AnomaliesFound {
    pub anomalies: usize,
    pub drifted: usize,
}

impl std::fmt::Display for AnomaliesFound {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(f, "{} anomalies, {} variables drifted", self.anomalies, self.drifted)
    }
}

impl std::error::Error for AnomaliesFound {}

/// Prints the error, if there is one, and selects the exit code.
pub fn code(done: anyhow::Result<()>) -> ExitCode {
    let Err(error) = done else { return ExitCode::SUCCESS };
    if error.is::<AnomaliesFound>() {
        return ExitCode::from(10);
    }
    if is_broken_pipe(&error) {
        // `diabolo encode … | head` is not a failure.
        return ExitCode::SUCCESS;
    }
    let class = error.downcast_ref::<Error>().map(Error::class);
    if class == Some(ErrorClass::Cancelled) {
        // A note about the checkpoint has been printed.
        return ExitCode::from(130);
    }
    // Not `{:#}`: the library's messages include their causes.
    say(format!("error: {}", one_line(&with_flag(&error))));
    ExitCode::from(match class {
        Some(ErrorClass::Usage) => 2,
        Some(ErrorClass::Data) => 3,
        Some(ErrorClass::Artifact) => 4,
        Some(ErrorClass::Diverged) => 5,
        _ => 1,
    })
}

/// The message. A configuration key that has a flag of this command is shown as the flag.
fn with_flag(error: &anyhow::Error) -> String {
    let message = error.to_string();
    let (Error::Config { key, .. } | Error::InvalidValue { name: key, .. }) =
        (match error.downcast_ref::<Error>() {
            Some(error) => error,
            None => return message,
        })
    else {
        return message;
    };
    let flag = key.replace('_', "-");
    let arguments = Arguments::command();
    let command = std::env::args().find_map(|word| arguments.find_subcommand(word));
    let has_flag = command
        .is_some_and(|c| c.get_arguments().any(|a| a.get_long() == Some(flag.as_str()) && !a.is_hide_set()));
    if has_flag { message.replacen(key.as_str(), &format!("--{flag}"), 1) } else { message }
}

/// Prints a clap error on one line, like every other error; help and version as clap prints them.
pub fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        // A closed pipe is no failure.
        let _ = error.print();
    } else {
        let text = error.render().to_string().replace("\n\n  tip:", "; tip:");
        let cause =
            text.split("\nUsage:").next().and_then(|t| t.split("\nFor more").next()).unwrap_or_default();
        let cause = no_number(error).map_or(one_line(cause), |cause| format!("error: {cause}"));
        say(format!("{cause}; see --help for the options"));
    }
    ExitCode::from(error.exit_code() as u8)
}

/// The error for a value that is not a number, in the format of the library's messages.
fn no_number(error: &clap::Error) -> Option<String> {
    let text = |kind: ContextKind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let (flag, value) = (text(ContextKind::InvalidArg)?, text(ContextKind::InvalidValue)?);
    let cause = error.source()?;
    let expected = match cause.downcast_ref::<ParseIntError>().map(ParseIntError::kind) {
        Some(IntErrorKind::PosOverflow) => "a smaller number",
        Some(_) if value.starts_with('-') => "a whole number, 0 or more",
        Some(_) => "a whole number",
        None if cause.is::<ParseFloatError>() => "a number",
        None => return None,
    };
    let flag = flag.split(' ').next().unwrap_or_default();
    Some(format!("{flag}: expected {expected}, found '{value}'"))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let broken = |e: &std::io::Error| e.kind() == std::io::ErrorKind::BrokenPipe;
    match error.downcast_ref::<Error>() {
        Some(Error::Io { source, .. }) => broken(source),
        _ => error.downcast_ref::<std::io::Error>().is_some_and(broken),
    }
}
