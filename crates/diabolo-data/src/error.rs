//! The one error type of the library.
//!
//! Every variant says what was expected, what was found, where, and what to do about it.
//! [`Error::class`] groups them the way the command line's exit codes do.

use std::path::{Path, PathBuf};

use diabolo_stats::StatsError;

/// The library's result type.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything that can go wrong, with enough context to mend it.
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
        /// What the operating system said.
        source: std::io::Error,
    },

    /// A value in the data is not what it has to be.
    #[error("{input}{}: expected {expected}, found {found}; {help}", place(*row, column.as_deref()))]
    Data {
        /// File, named set or `stdin`.
        input: String,
        /// The 1-based data row (the header is not counted), if one row is at fault.
        row: Option<u64>,
        /// The column at fault, if one is.
        column: Option<String>,
        /// What was expected.
        expected: String,
        /// What was found instead.
        found: String,
        /// What to do about it.
        help: String,
    },

    /// A configuration value is out of range or contradicts another.
    #[error("{key}: expected {expected}, found {found}")]
    Config {
        /// The configuration key or flag.
        key: String,
        /// What was expected.
        expected: String,
        /// What was found instead.
        found: String,
    },

    /// A model or checkpoint file is damaged, foreign, or from another version.
    #[error("{}: {problem}; {help}", path.display())]
    Artifact {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
        /// What to do about it.
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

    /// The caller cancelled what was being done.
    #[error("cancelled during {during}")]
    Cancelled {
        /// "training", "calibration", ….
        during: &'static str,
    },

    /// What was asked for is not something this model, file or build can do.
    #[error("{what}; {help}")]
    Unsupported {
        /// What cannot be done, and why.
        what: String,
        /// What can be done instead.
        help: String,
    },
}

/// What kind of failure an [`Error`] is; the command line maps each to an exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorClass {
    /// The environment failed: a file cannot be read or written.
    Failure,
    /// The request itself is wrong: a configuration value, an impossible combination.
    Usage,
    /// The data, or its schema, is wrong.
    Data,
    /// A model file is corrupt or incompatible.
    Artifact,
    /// Training diverged.
    Diverged,
    /// The caller cancelled it.
    Cancelled,
}

impl Error {
    /// Wraps an I/O error with the path and what was being done to it.
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

    /// A [`Error::Data`] about the whole input.
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
            expected: expected.into(),
            found: found.into(),
            help: help.into(),
        }
    }

    /// Narrows a [`Error::Data`] to a column; other errors pass through.
    pub fn in_column(mut self, name: impl Into<String>) -> Self {
        if let Error::Data { column, .. } = &mut self {
            *column = Some(name.into());
        }
        self
    }

    /// Narrows a [`Error::Data`] to a 1-based data row; other errors pass through.
    pub fn at_row(mut self, number: u64) -> Self {
        if let Error::Data { row, .. } = &mut self {
            *row = Some(number);
        }
        self
    }

    /// A [`Error::Config`] for `key`.
    pub fn config(key: impl Into<String>, expected: impl Into<String>, found: impl ToString) -> Self {
        Error::Config { key: key.into(), expected: expected.into(), found: found.to_string() }
    }

    /// The kind of failure this is.
    pub fn class(&self) -> ErrorClass {
        match self {
            Error::Io { .. } => ErrorClass::Failure,
            Error::Data { .. } => ErrorClass::Data,
            Error::Config { .. } | Error::Unsupported { .. } => ErrorClass::Usage,
            Error::Artifact { .. } => ErrorClass::Artifact,
            Error::Diverged { .. } => ErrorClass::Diverged,
            Error::Cancelled { .. } => ErrorClass::Cancelled,
        }
    }
}

impl From<StatsError> for Error {
    fn from(error: StatsError) -> Self {
        match error {
            StatsError::Values { what, row, expected, found, help } => {
                Error::Data { input: what.into(), row, column: None, expected, found, help: help.into() }
            }
            StatsError::Parameter { name, expected, found } => {
                Error::Config { key: name.into(), expected, found }
            }
        }
    }
}

/// What the operating system said, and what to do where that is known.
fn cause(source: &std::io::Error) -> String {
    use std::io::ErrorKind as Kind;
    let known = match source.kind() {
        Kind::NotFound => "there is no such file or folder; check the path",
        Kind::PermissionDenied => "permission denied; change the permissions, or choose another path",
        Kind::NotADirectory => "a file stands where its path needs a folder; choose another path",
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
    fn a_data_error_names_file_row_column_and_the_way_out() {
        let error = Error::data("t.csv", "a number", "'abc'", "fix the cell or pass --missing abc")
            .in_column("age")
            .at_row(17);
        assert_eq!(
            error.to_string(),
            "t.csv, row 17, column 'age': expected a number, found 'abc'; fix the cell or pass --missing abc"
        );
        assert_eq!(error.class(), ErrorClass::Data);
    }
}
