//! The names of column types on the command line and in configuration files.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::number::number;
use crate::{DateFormat, Error, NumberFormat, Result};

/// A column type as written by the user: a word, `ordinal:small,medium,large` for ordered
/// texts, `datetime:%d.%m.%Y` for dates or `numeric:1.234,5` for numbers in
/// this format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum TypeName {
    /// A real number.
    Numeric,
    /// A real number, written in this format: `numeric:1.234,5`.
    Written {
        /// How it is written.
        format: NumberFormat,
    },
    /// A whole number, zero or more.
    Count,
    /// One of two values.
    Binary,
    /// One of several values without an order.
    Categorical,
    /// A date, or a date and a time.
    Datetime {
        /// How it is written; found from the cells if absent.
        format: Option<DateFormat>,
    },
    /// One of several ordered values.
    Ordinal {
        /// The values from first to last; empty for numbers in numeric order.
        order: Vec<String>,
    },
}

impl FromStr for TypeName {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        match name {
            "numeric" => Ok(TypeName::Numeric),
            "count" => Ok(TypeName::Count),
            "binary" => Ok(TypeName::Binary),
            "categorical" => Ok(TypeName::Categorical),
            "datetime" => Ok(TypeName::Datetime { format: None }),
            "ordinal" => Ok(TypeName::Ordinal { order: vec![] }),
            other => match other.split_once(':') {
                Some(("ordinal", order)) => in_order(order),
                Some(("datetime", format)) => Ok(TypeName::Datetime { format: Some(format.parse()?) }),
                Some(("numeric", format)) => Ok(TypeName::Written { format: format.parse()? }),
                _ => {
                    let expected = "numeric, numeric:FORMAT, count, binary, categorical, datetime, datetime:FORMAT, ordinal or ordinal:FIRST,SECOND,…";
                    Err(Error::invalid_value("--type", expected, format!("'{other}'")))
                }
            },
        }
    }
}

/// Parses two or more comma-separated values, none empty, all distinct.
fn in_order(text: &str) -> Result<TypeName> {
    let order: Vec<String> = text.split(',').map(|value| value.trim().to_string()).collect();
    let same = |a: &String, b: &String| a == b || number(a).is_some_and(|x| number(b) == Some(x));
    let repeated = |(at, value): (usize, &String)| {
        value.is_empty() || order[..at].iter().any(|earlier| same(earlier, value))
    };
    if order.len() < 2 || order.iter().enumerate().any(repeated) {
        let expected = "two different values or more in their order, such as ordinal:small,medium,large";
        return Err(Error::invalid_value("--type", expected, format!("'ordinal:{text}'")));
    }
    Ok(TypeName::Ordinal { order })
}

impl fmt::Display for TypeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TypeName::Numeric => "numeric",
            TypeName::Written { format } => return write!(f, "numeric:{format}"),
            TypeName::Count => "count",
            TypeName::Binary => "binary",
            TypeName::Categorical => "categorical",
            TypeName::Datetime { format: None } => "datetime",
            TypeName::Datetime { format: Some(format) } => return write!(f, "datetime:{format}"),
            TypeName::Ordinal { order } if order.is_empty() => "ordinal",
            TypeName::Ordinal { order } => return write!(f, "ordinal:{}", order.join(",")),
        })
    }
}

impl From<TypeName> for String {
    fn from(name: TypeName) -> String {
        name.to_string()
    }
}

impl TryFrom<String> for TypeName {
    type Error = Error;

    fn try_from(name: String) -> Result<Self> {
        name.parse()
    }
}
