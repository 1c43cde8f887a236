//! The schema of a data set: its columns and their types.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{DateFormat, Spelling, Step};

/// The columns of a data set: features and passthrough columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schema {
    /// The columns that a model learns, in the order of the input.
    pub features: Vec<Feature>,
    /// The column that identifies a row; copied to every output, not an input of the model.
    pub key: Option<String>,
    /// The column of class labels, for plots and probes; not an input of the model.
    pub label: Option<String>,
    /// The condition columns of a conditional model; copied to every output, not reconstructed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub condition: Vec<Feature>,
    /// Excluded columns, by request (`--drop`) or because they cannot be learned.
    pub dropped: Vec<String>,
}

/// One column that a model learns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Feature {
    /// The column's name.
    pub name: String,
    /// The type of its values.
    pub kind: FeatureKind,
    /// The storage of its values in the input and the output.
    pub storage: Storage,
    /// How its values are written.
    #[serde(default, skip_serializing_if = "Spelling::is_default")]
    pub spelling: Spelling,
}

/// The type of a column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum FeatureKind {
    /// A real number.
    Numeric,
    /// A whole number, zero or more.
    Count,
    /// A date, or a date and a time.
    Datetime {
        /// How it is written.
        format: DateFormat,
        /// The unit of which every date is a multiple.
        step: Step,
        /// Seconds by which the clock of most rows is ahead of UTC.
        #[serde(default)]
        offset: i32,
    },
    /// One of two values; the second is encoded as 1.
    Binary {
        /// The two values as text, sorted; numbers by value.
        values: [String; 2],
    },
    /// One of several values without an order.
    Categorical {
        /// The values as text, sorted, numbers by value; the position is the code.
        categories: Vec<String>,
    },
    /// One of several ordered values.
    Ordinal {
        /// The values as text, in order; the position is the code.
        categories: Vec<String>,
    },
    /// An image, row-major, channels last.
    Image {
        /// Height in pixels.
        height: usize,
        /// Width in pixels.
        width: usize,
        /// 1 (greyscale) or 3 (RGB).
        channels: usize,
    },
}

/// The storage of a column's values outside the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Storage {
    /// Whole numbers; reconstructions are rounded.
    Integer,
    /// Real numbers.
    Float,
    /// Text.
    Text,
    /// `true` and `false`.
    Boolean,
    /// Dates and times of Parquet and Arrow.
    Timestamp,
}

impl FeatureKind {
    /// The name of the type in files and tables.
    pub fn name(&self) -> &'static str {
        match self {
            FeatureKind::Numeric => "numeric",
            FeatureKind::Count => "count",
            FeatureKind::Datetime { .. } => "datetime",
            FeatureKind::Binary { .. } => "binary",
            FeatureKind::Categorical { .. } => "categorical",
            FeatureKind::Ordinal { .. } => "ordinal",
            FeatureKind::Image { .. } => "image",
        }
    }

    /// The values of a binary, categorical or ordinal column; empty for other columns.
    pub fn categories(&self) -> &[String] {
        match self {
            FeatureKind::Binary { values } => values,
            FeatureKind::Categorical { categories } | FeatureKind::Ordinal { categories } => categories,
            _ => &[],
        }
    }

    /// Whether a value is an image.
    pub fn is_image(&self) -> bool {
        matches!(self, FeatureKind::Image { .. })
    }

    /// Number of encoded columns for one value of this type.
    pub fn encoded_width(&self) -> usize {
        match self {
            FeatureKind::Numeric | FeatureKind::Count | FeatureKind::Binary { .. } => 1,
            FeatureKind::Datetime { step, .. } => 1 + step.position_count(),
            FeatureKind::Categorical { categories } | FeatureKind::Ordinal { categories } => categories.len(),
            FeatureKind::Image { height, width, channels } => height * width * channels,
        }
    }
}

impl Storage {
    /// Whether the values are numbers.
    pub fn is_number(self) -> bool {
        matches!(self, Storage::Integer | Storage::Float)
    }

    /// The name of the storage in files and tables.
    pub fn name(self) -> &'static str {
        match self {
            Storage::Integer => "integer",
            Storage::Float => "float",
            Storage::Text => "text",
            Storage::Boolean => "boolean",
            Storage::Timestamp => "timestamp",
        }
    }
}

/// A table with one line per column: name, type, storage and values.
impl fmt::Display for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = vec![["column", "kind", "storage", "values"].map(String::from)];
        lines.extend(self.features.iter().map(|Feature { name, kind, storage, .. }| {
            [name.clone(), kind.name().into(), storage.name().into(), describe_values(kind)]
        }));
        let aside =
            self.key.iter().map(|name| (name, "key")).chain(self.label.iter().map(|name| (name, "label")));
        let aside = aside.chain(self.condition.iter().map(|feature| (&feature.name, "condition")));
        let aside = aside.chain(self.dropped.iter().map(|name| (name, "dropped")));
        lines.extend(aside.map(|(name, role)| [name.clone(), role.into(), String::new(), String::new()]));

        let width = |cell: usize| lines.iter().map(|line| line[cell].chars().count()).max().unwrap_or(0);
        let (first, second, third) = (width(0), width(1), width(2));
        for (number, [name, kind, storage, values]) in lines.iter().enumerate() {
            let line = format!("{name:first$}  {kind:second$}  {storage:third$}  {values}");
            write!(f, "{}{}", if number > 0 { "\n" } else { "" }, line.trim_end())?;
        }
        Ok(())
    }
}

fn describe_values(kind: &FeatureKind) -> String {
    const SHOWN: usize = 5;
    match kind {
        FeatureKind::Numeric | FeatureKind::Count => String::new(),
        FeatureKind::Datetime { format, step, .. } => format!("{format}, step {step}"),
        FeatureKind::Binary { values: [first, second] } => format!("{first}, {second}"),
        FeatureKind::Categorical { categories } | FeatureKind::Ordinal { categories } => {
            let between = if matches!(kind, FeatureKind::Ordinal { .. }) { " < " } else { ", " };
            let more = if categories.len() > SHOWN { format!("{between}…") } else { String::new() };
            let shown = categories[..categories.len().min(SHOWN)].join(between);
            format!("{}: {shown}{more}", categories.len())
        }
        FeatureKind::Image { height, width, channels } => format!("{height}x{width}x{channels}"),
    }
}

impl Schema {
    /// Whether the column is the key, the label, a condition or dropped.
    pub fn sets_aside(&self, name: &str) -> bool {
        self.is_copied(name) || self.dropped.iter().any(|column| column == name)
    }

    /// Whether the column is copied to the output of every task: the key, the label, a condition.
    pub fn is_copied(&self, name: &str) -> bool {
        let named = |column: &Option<String>| column.as_deref() == Some(name);
        named(&self.key) || named(&self.label) || self.is_condition(name)
    }

    /// Whether the column is a condition.
    pub fn is_condition(&self, name: &str) -> bool {
        self.condition.iter().any(|feature| feature.name == name)
    }

    /// The height, width and channels, if every example is one image.
    pub fn image_shape(&self) -> Option<(usize, usize, usize)> {
        match self.features.as_slice() {
            [Feature { kind: FeatureKind::Image { height, width, channels }, .. }] => {
                Some((*height, *width, *channels))
            }
            _ => None,
        }
    }
}

/// A contiguous range of encoded columns of one kind.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// The type of the block.
    pub kind: BlockKind,
    /// The first encoded column.
    pub start: usize,
    /// Number of encoded columns.
    pub width: usize,
    /// Height, width and channels, of pixels.
    pub image: Option<(usize, usize, usize)>,
    /// The features of the schema that they encode.
    pub features: Vec<usize>,
    /// The names of these features.
    pub names: Vec<String>,
}

/// The type of a block of encoded columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockKind {
    /// Intensities in [0, 1].
    Pixels,
    /// Scaled numbers.
    Numeric,
    /// log(1 + count).
    Count,
    /// A scaled time, then its positions in the calendar, which are not reconstructed.
    Datetime,
    /// 0 or 1.
    Binary,
    /// One-hot.
    Categorical,
    /// One-hot, of ordered levels.
    Ordinal,
}
