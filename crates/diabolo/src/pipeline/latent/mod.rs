//! The rows of an input as points of a model's latent space, and what lies between them: what an
//! explorer shows.
//!
//! ```text
//! plane     z(x, y) = m + x d₁ + y d₂ : the code itself (two dimensions), principal components, or
//!           two latent dimensions
//! return    f(g(z)) − z, and ‖J_f(g(z))‖_F : where a decoded code is encoded, and how sensitive
//!           the encoder is there
//! ```

mod codebooks;
mod decoded;
mod lasso;
mod neighbours;
mod plane;
mod selection;
#[cfg(test)]
mod tests;

use std::sync::OnceLock;

use arrow_array::RecordBatch;
use serde::Serialize;

pub use codebooks::Codebooks;
pub use decoded::{DecodedCode, DecodedColumn, Returned};
pub use neighbours::{Neighbour, Neighbours};
pub use plane::{Axes, Plane};
pub use selection::{ColumnDifference, Selection};

use super::Predictor;
use crate::data::read::fingerprint;
use crate::data::{Encoded, open, parts};
use crate::random::{Purpose, permutation, stream};
use crate::stats::{nearest_distances, nearest_other_distances};
use crate::task::{codes, traverse};
use crate::{Error, Result};

/// Codes that a code is compared with, and those of them whose distances are typical.
const COMPARED: usize = 20_000;
const TYPICAL: usize = 2000;
/// Of the distances from a code to its nearest neighbour, the quantile beyond which a code is far
/// from all rows.
const FAR: f64 = 0.99;

/// The part of a fit that a row belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The model was trained on it.
    Train,
    /// It decided when training stopped.
    Validation,
    /// Held out.
    Test,
    /// In no part: another input, or a window that overlaps two parts.
    Other,
}

/// The rows of an input, with their codes.
pub struct LatentSpace {
    predictor: Predictor,
    input: String,
    rows: RecordBatch,
    encoded: Encoded,
    codes: Vec<f32>,
    parts: Vec<Part>,
    /// The rows in the order in which they are shown: each prefix is a fair sample.
    order: Vec<usize>,
    /// The codes of the first rows of `order`, with which a code is compared.
    compared: Vec<f32>,
    /// The distance from the nearest of them beyond which a code is far from all rows.
    far: f32,
    /// The plane of principal components, when it was asked for.
    principal: OnceLock<Plane>,
}

impl LatentSpace {
    /// Encodes the rows of `input`, or of the data of the fit.
    ///
    /// # Errors
    /// [`Error::Data`] if the rows cannot be read or encoded, or there are fewer than three.
    pub fn open(predictor: Predictor, input: Option<&str>) -> Result<Self> {
        let input = match input {
            Some(input) => input.to_string(),
            None => predictor.source_data()?.input,
        };
        let data = &predictor.saved().header.config.data;
        let rows = data.whole_windows(0, &open(&input, &data.read_options())?.collect()?);
        Self::of(predictor, &input, rows)
    }

    /// The same for rows in memory, called `input` in messages.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn of(predictor: Predictor, input: &str, rows: RecordBatch) -> Result<Self> {
        let predictor = predictor.input(input);
        let encoded = predictor.encoded(&rows)?;
        if encoded.rows < 3 {
            return Err(Error::data(input, "3 rows or more", encoded.rows.to_string(), "give more rows"));
        }
        let saved = predictor.saved();
        let seed = saved.header.config.training.seed;
        let codes = codes(saved, &encoded, predictor.device());
        let order = permutation(&mut stream(seed, Purpose::LatentSpaceRows, 0, 0), encoded.rows);
        let parts = parts_of(&predictor, input, rows.num_rows());
        let width = saved.architecture.latent_dim;
        let code = |&row: &usize| codes[row * width..(row + 1) * width].iter().copied();
        let compared: Vec<f32> = order.iter().take(COMPARED).flat_map(code).collect();
        let far = far_from_all(&compared, width);
        let (input, principal) = (input.into(), OnceLock::new());
        Ok(LatentSpace { predictor, input, rows, encoded, codes, parts, order, compared, far, principal })
    }

    /// The model.
    pub fn predictor(&self) -> &Predictor {
        &self.predictor
    }

    /// The path or the built-in name of the rows.
    pub fn input(&self) -> &str {
        &self.input
    }

    /// The rows as they were read.
    pub fn rows(&self) -> &RecordBatch {
        &self.rows
    }

    /// The encoded rows.
    pub fn encoded(&self) -> &Encoded {
        &self.encoded
    }

    /// Rows × latent_dim, row-major.
    pub fn codes(&self) -> &[f32] {
        &self.codes
    }

    /// Number of latent dimensions.
    pub fn latent_dim(&self) -> usize {
        self.predictor.saved().architecture.latent_dim
    }

    /// The part of each row.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// All rows in a random order that depends on the model's seed only.
    pub fn order(&self) -> &[usize] {
        &self.order
    }

    /// The latent dimensions, numbered from 0, that with the largest effect on the decoded row
    /// first.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a family that cannot decode codes.
    pub fn effects(&self) -> Result<Vec<usize>> {
        self.decodes()?;
        let (saved, device) = (self.predictor.saved(), self.predictor.device());
        let lines = traverse(saved, None, &[], self.latent_dim(), 2, 3.0, device)?;
        Ok(lines.steps.iter().step_by(2).map(|(unit, _)| unit - 1).collect())
    }

    /// Whether a code is further from every row than rows are from each other.
    pub fn is_far(&self, code: &[f32]) -> bool {
        nearest_distances(code, &self.compared, self.latent_dim())[0] > self.far
    }
}

/// Of the distances from a code to the nearest other, the [`FAR`] quantile.
fn far_from_all(codes: &[f32], width: usize) -> f32 {
    let mut nearest = nearest_other_distances(codes, width, (codes.len() / width).min(TYPICAL));
    nearest.sort_by(f32::total_cmp);
    nearest.get((nearest.len() as f64 * FAR) as usize).copied().unwrap_or(f32::INFINITY)
}

/// The part of each row, if the input is the data of the fit.
fn parts_of(predictor: &Predictor, input: &str, rows: usize) -> Vec<Part> {
    let (header, mut found) = (&predictor.saved().header, vec![Part::Other; rows]);
    let is_fitted_on = header.source.fingerprint.is_some()
        && fingerprint(input).is_ok_and(|found| found == header.source.fingerprint);
    let data = &header.config.data;
    let lead = data.window.map_or(0, |length| length.saturating_sub(1));
    let split = parts(input, rows + lead, data, header.config.training.seed);
    if let Some(split) = split.ok().filter(|_| is_fitted_on && header.source.test_input.is_none()) {
        let named =
            [(split.train, Part::Train), (split.validation, Part::Validation), (split.test, Part::Test)];
        for (numbers, part) in named {
            numbers.into_iter().for_each(|row| found[row - lead] = part);
        }
    }
    found
}
