//! Evaluation of denoising: noisy and clean rows, and baselines fitted on training rows with the
//! same noise.

use arrow_array::RecordBatch;

use super::Predictor;
use super::pairing::{Named, paired};
use crate::data::{Encoded, prepare};
use crate::objective::Corruption;
use crate::task::{self, Denoised, NoiseSplit, NoisyCleanRows, compare_denoising};
use crate::{Error, Result};

/// Maximum number of training rows for the principal components.
const LEARNED: usize = 10_000;
/// Number of iterations to estimate an unknown noise level.
const TRIALS: usize = 5;

/// The source of the noise.
#[derive(Debug, Clone)]
pub enum Noise {
    /// The rows are noisy, and these are the clean rows.
    Clean {
        /// The name of the clean rows in messages.
        input: String,
        /// The same rows without noise.
        rows: RecordBatch,
    },
    /// The rows are clean, and this noise is added, with a seed.
    Added(Corruption, u64),
}

/// A measurement of denoising.
pub struct DenoisingTask {
    pairs: NoisyCleanRows,
    training: Option<NoisyCleanRows>,
    /// Notes for the user, one sentence each.
    pub notes: Vec<String>,
}

impl DenoisingTask {
    /// Pairs `rows` with their noisy or clean counterparts: by the key, by the name of the image
    /// file, or else by position. The training rows are from the input of the fit, if it is
    /// unchanged.
    ///
    /// # Errors
    /// [`Error::Data`] if the rows cannot be encoded, there are none, or one has no counterpart.
    pub fn new(predictor: &Predictor, rows: &RecordBatch, noise: &Noise) -> Result<Self> {
        let given = predictor.encoded(rows)?;
        let mut notes = vec![];
        let pairs = match noise {
            Noise::Clean { input, rows: clean } => {
                let predictor_of_clean = predictor.clone().input(input);
                let key = predictor.saved().header.preprocessor.schema.key.as_deref();
                let (noisy, clean) = (predictor.windows(rows)?, predictor_of_clean.windows(clean)?);
                let noisy = Named { input: predictor.input_name(), rows: &noisy };
                let (clean, column) = paired(noisy, Named { input, rows: &clean }, key)?;
                if column.is_none() {
                    notes.push("noisy and clean rows are paired by position, since they have no key".into());
                }
                NoisyCleanRows { noisy: given, clean: predictor_of_clean.encoded(&clean)? }
            }
            Noise::Added(corruption, seed) => {
                corruption.validate()?;
                with_noise(predictor, given, *corruption, (NoiseSplit::Measured, *seed))
            }
        };
        if pairs.clean.rows == 0 {
            return Err(Error::no_rows(predictor.input_name()));
        }
        let train = training_rows(predictor)?
            .map_err(|why| notes.push(format!("PCA, which needs the training rows, is skipped: {why}")))
            .ok();
        let training = train.map(|train| training_pairs(predictor, train, &pairs, noise));
        Ok(DenoisingTask { pairs, training, notes })
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.pairs.clean.rows
    }

    /// Evaluates the noisy rows, the baselines and the model with the clean rows.
    ///
    /// # Errors
    /// If a baseline cannot be fitted.
    pub fn measure(&self, predictor: &Predictor) -> Result<Vec<Denoised>> {
        compare_denoising(predictor.saved(), &self.pairs, self.training.as_ref(), predictor.device())
    }

    /// The denoised rows, in place of `rows`.
    ///
    /// # Errors
    /// If they are not a valid table.
    pub fn denoised(&self, predictor: &Predictor, rows: &RecordBatch) -> Result<RecordBatch> {
        let saved = predictor.saved();
        task::beside_aside(saved, rows, &task::project(saved, &self.pairs.noisy, predictor.device()))
    }
}

/// Rows that the model was trained on, or why they are not available.
fn training_rows(predictor: &Predictor) -> Result<std::result::Result<Encoded, String>> {
    let header = &predictor.saved().header;
    let input = match predictor.source_data() {
        Ok(found) if found.unchanged => found.input,
        Ok(found) => return Ok(Err(format!("{} has changed since the fit", found.input))),
        Err(error) => return Ok(Err(error.to_string())),
    };
    let train = prepare(&input, &header.config.data, header.config.training.seed)?.train;
    let chosen: Vec<usize> = (0..train.rows.min(LEARNED)).collect();
    Ok(Ok(train.select(&chosen)))
}

/// Training rows with the noise level of the evaluated rows.
fn training_pairs(
    predictor: &Predictor,
    train: Encoded,
    measured: &NoisyCleanRows,
    noise: &Noise,
) -> NoisyCleanRows {
    let noisy =
        |corruption, seed| with_noise(predictor, train.clone(), corruption, (NoiseSplit::Training, seed));
    if let Noise::Added(corruption, seed) = noise {
        return noisy(*corruption, *seed);
    }
    // Clipping at black and white reduces the difference, so the noise level is found iteratively.
    let wanted = measured.deviation();
    let mut deviation = wanted;
    for _ in 0..TRIALS {
        let found = noisy(Corruption::Gaussian { deviation }, 0).deviation();
        if found > 0.0 {
            deviation *= wanted / found;
        }
    }
    noisy(Corruption::Gaussian { deviation }, 0)
}

fn with_noise(
    predictor: &Predictor,
    clean: Encoded,
    corruption: Corruption,
    split: (NoiseSplit, u64),
) -> NoisyCleanRows {
    NoisyCleanRows::with_noise(&predictor.saved().header.preprocessor, clean, corruption, split, 0)
}
