//! How single cells are encoded, for codecs, which must know which cells a model can describe.

use super::{Preprocessor, Transform};
use crate::FeatureKind;

/// How the cells of a feature are encoded.
pub enum CellCode<'a> {
    /// One number.
    Number {
        /// The increasing function that scales it.
        scale: Box<dyn Fn(f64) -> f32 + Send + Sync + 'a>,
        /// The same for the boundary between two numbers. In a column that is mostly 0, the one
        /// between 0 and the next number lies in the middle of the gap.
        boundary: Box<dyn Fn(f64) -> f32 + Send + Sync + 'a>,
    },
    /// The texts of the levels, in the order of the encoded columns. Pooled levels are not among
    /// them: theirs is one more column.
    Levels(Vec<&'a str>),
    /// Pixels, divided by the value of white of their file.
    Pixels,
    /// What a cell alone does not determine, or was never observed.
    Other,
}

impl Preprocessor {
    /// How the cells of a feature are encoded, by its position in the schema.
    pub fn cell_code(&self, feature: usize) -> CellCode<'_> {
        let kind = &self.schema.features[feature].kind;
        match (&self.transforms[feature], kind) {
            (_, FeatureKind::Datetime { .. }) | (Transform::Unobserved, _) => CellCode::Other,
            (Transform::Number { scaling, .. }, _) => {
                CellCode::Number { scale: scaling.encoder(), boundary: scaling.boundary() }
            }
            (Transform::Pixels { .. }, _) => CellCode::Pixels,
            (Transform::Category, _) => {
                CellCode::Levels(kind.categories().iter().map(String::as_str).collect())
            }
            (Transform::Pooled { pool }, _) => {
                let levels = kind.categories();
                CellCode::Levels(pool.kept(levels.len()).iter().map(|&code| levels[code].as_str()).collect())
            }
        }
    }
}
