//! The errors of this crate: invalid numbers and parameters.

/// The crate's result type.
pub type Result<T, E = StatsError> = std::result::Result<T, E>;

/// Numbers or a parameter for which a statistic is not defined.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StatsError {
    /// The numbers are invalid.
    #[error("{what}{}: expected {expected}, found {found}; {help}", at(*row))]
    Values {
        /// The name of the numbers: "features", "validation rows", ….
        what: &'static str,
        /// The 1-based row, if the error is about one row.
        row: Option<u64>,
        /// What was expected.
        expected: String,
        /// What was found instead.
        found: String,
        /// How to fix it.
        help: &'static str,
    },

    /// A parameter is out of range.
    #[error("{name}: expected {expected}, found {found}")]
    Parameter {
        /// The parameter.
        name: &'static str,
        /// What was expected.
        expected: String,
        /// What was found instead.
        found: String,
    },
}

impl StatsError {
    pub(crate) fn values(
        what: &'static str,
        expected: impl Into<String>,
        found: impl Into<String>,
        help: &'static str,
    ) -> Self {
        StatsError::Values { what, row: None, expected: expected.into(), found: found.into(), help }
    }

    pub(crate) fn parameter(name: &'static str, expected: impl Into<String>, found: impl ToString) -> Self {
        StatsError::Parameter { name, expected: expected.into(), found: found.to_string() }
    }

    /// Adds the 1-based row to [`StatsError::Values`].
    pub(crate) fn at_row(mut self, number: u64) -> Self {
        if let StatsError::Values { row, .. } = &mut self {
            *row = Some(number);
        }
        self
    }
}

fn at(row: Option<u64>) -> String {
    row.map(|row| format!(", row {row}")).unwrap_or_default()
}
