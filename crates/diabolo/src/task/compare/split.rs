//! The rows of a split.

use super::Study;
use crate::data::{Encoded, Labels, Prepared, prepare};
use crate::objective::Corruption;
use crate::random::{Purpose, permutation, stream};
use crate::{Error, Result};

/// The rows for one seed.
pub(super) struct SeedSplit {
    pub prepared: Prepared,
    pub test: Encoded,
    /// What denoising models were trained to remove.
    pub corruption: Option<Corruption>,
    pub classes: std::result::Result<Classes, String>,
    /// Test rows in random order.
    pub order: Vec<usize>,
    pub seed: u64,
    /// How often each model is trained.
    pub initializations: usize,
}

/// The labelled rows as (row, class), for training, validation, test.
pub(super) struct Classes {
    pub parts: [Vec<(usize, u32)>; 3],
    pub count: usize,
}

impl SeedSplit {
    pub fn new(study: &dyn Study, seed: u64) -> Result<Self> {
        let prepared = prepare(study.input(), study.data(), seed)?;
        if prepared.test.num_rows() == 0 {
            return Err(Error::config("test", "a fraction above 0: models are compared on test rows", 0));
        }
        let test = prepared.preprocessor.encode(study.input(), &prepared.test, 0)?;
        let order = permutation(&mut stream(seed, Purpose::ComparedRows, 0, 0), test.rows);
        let classes = Classes::of(study.input(), &prepared);
        let initializations = study.initializations();
        Ok(SeedSplit { classes, test, order, prepared, seed, initializations, corruption: None })
    }
}

impl Classes {
    /// The labels, or a sentence that explains why there are none.
    fn of(input: &str, prepared: &Prepared) -> std::result::Result<Classes, String> {
        let labels =
            Labels::of(input, prepared).map_err(|cause| format!("Classification is skipped: {cause}."))?;
        let known = |part: Vec<Option<u32>>| {
            part.into_iter().enumerate().filter_map(|(row, class)| Some((row, class?))).collect()
        };
        Ok(Classes { parts: labels.parts.map(known), count: labels.names.len() })
    }
}
