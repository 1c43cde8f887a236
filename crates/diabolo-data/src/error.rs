//! The one error type of the library.
//!
//! Every variant states what was expected, what was found, where, and how to fix it.
//! [`Error::class`] groups the variants by exit code of the command line.

use std::path::{Path, PathBuf};

use diabolo_stats::StatsError;

/// The library's result type.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// All errors of the library, with the context needed to fix them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder could not be read or written.
    #[error("{}: cannot {action}: {}", path.display(), cause(source))]
    Io {
        /// What was being done: "open", "read", "write", ….
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },

    /// A value in the data is invalid.
    #[error("{input}{}: expected {expected}, found {found}; {help}", place(*row, column.as_deref()))]
    Data {
        /// File, named set or `stdin`.
        input: String,
        /// The 1-based data row (the header is not counted), if the error is about one row.
        row: Option<u64>,
        /// The column, if the error is about one column.
        column: Option<String>,
        /// What kind of problem it is, for programs.
        problem: DataProblem,
        /// What was expected.
        expected: String,
        /// What was found instead.
        found: String,
        /// What to do about it.
        help: String,
    },

    /// A configuration value is out of range.
    #[error("{key}: expected {expected}, found {found}")]
    Config {
        /// The configuration key or flag.
        key: String,
        /// What was expected.
        expected: String,
        /// What was found instead.
        found: String,
    },

    /// A value given to a function or a flag is out of range.
    #[error("{name}: expected {expected}, found {found}")]
    InvalidValue {
        /// The parameter or flag.
        name: String,
        /// What was expected.
        expected: String,
        /// What was found instead.
        found: String,
    },

    /// Two settings that cannot be combined.
    #[error("{first} and {second} cannot be combined: {reason}")]
    Conflict {
        /// One setting: its key or flag, with its value if relevant.
        first: String,
        /// The other setting.
        second: String,
        /// Why, and how to fix it.
        reason: String,
    },

    /// A model or checkpoint file is damaged, of another format, or from another version.
    #[error("{}: {problem}; {help}", path.display())]
    Artifact {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
        /// How to fix it.
        help: String,
    },

    /// A loss term became NaN or infinite. The last good weights were kept.
    #[error(
        "the loss diverged: {term} is {value} at epoch {epoch}, step {step}; the last good weights were kept; \
         try a smaller --learning-rate or --set training.gradient_clip=1.0"
    )]
    Diverged {
        /// 1-based epoch.
        epoch: usize,
        /// 1-based step within the epoch.
        step: usize,
        /// The term of the objective that is not finite.
        term: &'static str,
        /// Its value.
        value: f64,
    },

    /// The caller cancelled the operation.
    #[error("cancelled during {during}")]
    Cancelled {
        /// "training", "calibration", ….
        during: &'static str,
    },

    /// The model, file or build does not support the request.
    #[error("{what}; {help}")]
    Unsupported {
        /// What is not supported, and why.
        what: String,
        /// The alternative.
        help: String,
    },

    /// A bug in this program.
    #[error("{what}; report this as a bug")]
    Internal {
        /// What went wrong.
        what: String,
    },
}

/// What is wrong with data, for programs that react to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum DataProblem {
    /// A column that the model needs is missing.
    MissingColumn,
    /// A cell has a category that is not in the training data.
    UnknownCategory,
    /// A cell that must be a number is text.
    NotANumber,
    /// A number is infinite or out of range.
    OutOfRange,
    /// Images or windows have another size.
    WrongShape,
    /// There are no rows, or too few.
    TooFewRows,
    /// A file is truncated or damaged.
    Damaged,
    /// Anything else; the message describes it.
    #[default]
    Other,
}

/// What kind of failure an [`Error`] is; the command line maps each to an exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorClass {
    /// An I/O failure, or a bug in this program.
    Failure,
    /// The request is invalid: a value out of range, or settings that cannot be combined.
    Usage,
    /// The data or its schema is invalid.
    Data,
    /// A model file is corrupt or incompatible.
    Artifact,
    /// Training diverged.
    Diverged,
    /// The caller cancelled the operation.
    Cancelled,
}

impl Error {
    /// Wraps an I/O error with the path and the action.
    ///
    /// ```
    /// let cause = std::io::Error::from(std::io::ErrorKind::NotFound);
    /// let error = diabolo_data::Error::io("open", "rows.csv")(cause);
    /// assert!(error.to_string().starts_with("rows.csv: cannot open"));
    /// ```
    pub fn io(action: &'static str, path: impl AsRef<Path>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.as_ref().to_path_buf();
        move |source| Error::Io { action, path, source }
    }

    /// An [`Error::Data`] about the whole input.
    pub fn data(
        input: impl Into<String>,
        expected: impl Into<String>,
        found: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Error::Data {
            input: input.into(),
            row: None,
            column: None,
            problem: DataProblem::Other,
            expected: expected.into(),
            found: found.into(),
            help: help.into(),
        }
    }

    /// Adds the column to an [`Error::Data`]; other errors pass through.
    pub fn in_column(mut self, name: impl Into<String>) -> Self {
        if let Error::Data { column, .. } = &mut self {
            *column = Some(name.into());
        }
        self
    }

    /// Adds the 1-based data row to an [`Error::Data`]; other errors pass through.
    pub fn at_row(mut self, number: u64) -> Self {
        if let Error::Data { row, .. } = &mut self {
            *row = Some(number);
        }
        self
    }

    /// Gives an [`Error::Data`] about a row among some that were taken from an input the number of
    /// the row in the input; `numbers` are those of all rows that were taken, from 0.
    pub fn among_rows(mut self, numbers: &[usize]) -> Self {
        if let Error::Data { row: Some(row), .. } = &mut self
            && let Some(&number) = numbers.get((*row as usize).saturating_sub(1))
        {
            *row = number as u64 + 1;
        }
        self
    }

    /// An [`Error::Data`] about an input without rows.
    pub fn no_rows(input: impl Into<String>) -> Self {
        let help = "check that the file is the right one";
        Error::data(input, "at least one row", "none", help).because(DataProblem::TooFewRows)
    }

    /// Sets the kind of problem of an [`Error::Data`]; other errors pass through.
    pub fn because(mut self, kind: DataProblem) -> Self {
        if let Error::Data { problem, .. } = &mut self {
            *problem = kind;
        }
        self
    }

    /// The kind of problem of an [`Error::Data`].
    pub fn data_problem(&self) -> Option<DataProblem> {
        match self {
            Error::Data { problem, .. } => Some(*problem),
            _ => None,
        }
    }

    /// An [`Error::Config`] for `key`.
    pub fn config(key: impl Into<String>, expected: impl Into<String>, found: impl ToString) -> Self {
        Error::Config { key: key.into(), expected: expected.into(), found: found.to_string() }
    }

    /// An [`Error::InvalidValue`] for the parameter or flag `name`.
    pub fn invalid_value(name: impl Into<String>, expected: impl Into<String>, found: impl ToString) -> Self {
        Error::InvalidValue { name: name.into(), expected: expected.into(), found: found.to_string() }
    }

    /// An [`Error::Conflict`] between two settings.
    pub fn conflict(first: impl Into<String>, second: impl Into<String>, reason: impl Into<String>) -> Self {
        Error::Conflict { first: first.into(), second: second.into(), reason: reason.into() }
    }

    /// An [`Error::Internal`].
    pub fn internal(what: impl Into<String>) -> Self {
        Error::Internal { what: what.into() }
    }

    /// The class of this error.
    pub fn class(&self) -> ErrorClass {
        match self {
            Error::Io { .. } | Error::Internal { .. } => ErrorClass::Failure,
            Error::Data { .. } => ErrorClass::Data,
            Error::Config { .. }
            | Error::InvalidValue { .. }
            | Error::Conflict { .. }
            | Error::Unsupported { .. } => ErrorClass::Usage,
            Error::Artifact { .. } => ErrorClass::Artifact,
            Error::Diverged { .. } => ErrorClass::Diverged,
            Error::Cancelled { .. } => ErrorClass::Cancelled,
        }
    }
}

impl From<StatsError> for Error {
    fn from(error: StatsError) -> Self {
        match error {
            StatsError::Values { what, row, expected, found, help } => Error::Data {
                input: what.into(),
                row,
                column: None,
                problem: DataProblem::Other,
                expected,
                found,
                help: help.into(),
            },
            StatsError::Parameter { name, expected, found } => {
                Error::InvalidValue { name: name.into(), expected, found }
            }
        }
    }
}

/// The message of the operating system, with a remedy for known kinds.
fn cause(source: &std::io::Error) -> String {
    use std::io::ErrorKind as Kind;
    let known = match source.kind() {
        Kind::NotFound => "there is no such file or folder; check the path",
        Kind::PermissionDenied => "permission denied; change the permissions, or choose another path",
        Kind::AlreadyExists => "a file with this name exists; choose another path",
        Kind::NotADirectory => "a part of the path is a file, not a folder; choose another path",
        Kind::IsADirectory => "this is a folder; name a file",
        Kind::ReadOnlyFilesystem => "the file system is read-only; choose another path",
        Kind::StorageFull | Kind::QuotaExceeded => "the disk is full; make room, or choose another path",
        _ => return source.to_string(),
    };
    known.into()
}

fn place(row: Option<u64>, column: Option<&str>) -> String {
    let row = row.map(|r| format!(", row {r}")).unwrap_or_default();
    let column = column.map(|c| format!(", column '{c}'")).unwrap_or_default();
    row + &column
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_error_names_file_row_column_and_fix() {
        let error = Error::data("t.csv", "a number", "'abc'", "fix the cell or pass --missing abc")
            .in_column("age")
            .at_row(17);
        assert_eq!(
            error.to_string(),
            "t.csv, row 17, column 'age': expected a number, found 'abc'; fix the cell or pass --missing abc"
        );
        assert_eq!(error.class(), ErrorClass::Data);
    }

    #[test]
    fn a_fault_of_the_program_is_not_the_users() {
        let internal = Error::internal("these columns are not a valid table");
        assert_eq!(internal.to_string(), "these columns are not a valid table; report this as a bug");
        assert_eq!(internal.class(), ErrorClass::Failure);
        let conflict = Error::conflict("--a", "--b", "both write to stdout");
        assert_eq!(conflict.to_string(), "--a and --b cannot be combined: both write to stdout");
        for usage in [conflict, Error::invalid_value("count", "1 or more", 0)] {
            assert_eq!(usage.class(), ErrorClass::Usage, "{usage}");
        }
    }
}
