//! What the columns of a data set are.

use serde::{Deserialize, Serialize};

/// The columns of a data set: those a model learns, and those set aside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schema {
    /// The columns a model learns, in the order of the input.
    pub features: Vec<Feature>,
    /// The column that identifies a row; copied to every output, never learned.
    pub key: Option<String>,
    /// The column that colours plots and scores features; never learned.
    pub label: Option<String>,
    /// Columns set aside, by request (`--drop`) or because they cannot be learned.
    pub dropped: Vec<String>,
}

/// One column a model learns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Feature {
    /// The column's name.
    pub name: String,
    /// What its values are.
    pub kind: FeatureKind,
    /// How its values were stored, and are given back.
    pub storage: Storage,
}

/// What the values of a column are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum FeatureKind {
    /// A real number.
    Numeric,
    /// A whole number, zero or more.
    Count,
    /// One of two values; the second is encoded as 1.
    Binary {
        /// The two values as text, sorted.
        values: [String; 2],
    },
    /// One of several values without an order.
    Categorical {
        /// The values as text, sorted; the position is the code.
        categories: Vec<String>,
    },
    /// A picture, stored row by row, channels last.
    Image {
        /// Pixels from top to bottom.
        height: usize,
        /// Pixels from left to right.
        width: usize,
        /// 1 (grey) or 3 (red, green, blue).
        channels: usize,
    },
}

/// How a column's values are stored outside the model.
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
}

impl FeatureKind {
    /// How many numbers the model sees for one value of this kind.
    pub fn encoded_width(&self) -> usize {
        match self {
            FeatureKind::Numeric | FeatureKind::Count | FeatureKind::Binary { .. } => 1,
            FeatureKind::Categorical { categories } => categories.len(),
            FeatureKind::Image { height, width, channels } => height * width * channels,
        }
    }
}

impl Schema {
    /// The height, width and channels, if every example is one picture.
    pub fn image_shape(&self) -> Option<(usize, usize, usize)> {
        match self.features.as_slice() {
            [Feature { kind: FeatureKind::Image { height, width, channels }, .. }] => {
                Some((*height, *width, *channels))
            }
            _ => None,
        }
    }
}
