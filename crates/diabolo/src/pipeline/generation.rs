//! New rows, from the prior or from chosen places of the latent space.

use arrow_array::RecordBatch;

use super::Predictor;
use crate::data::{Encoded, rows_at};
use crate::task::{self, Codes, Draw, Path, WalkConfig};
use crate::{Error, Result};

/// Steps of a traversal's line, how far it goes in standard deviations, and lines at most.
const STEPS: usize = 11;
const RANGE: f64 = 3.0;
const LINES: usize = 10;

/// Where in the latent space new rows come from. Rows are counted from 1.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Origin {
    /// The prior, or for a family without one the walk with its default settings.
    #[default]
    Prior,
    /// The contractive walk of models without a prior.
    Walk(WalkConfig),
    /// Around a row, so many standard deviations of the prior away (without a prior: of the code).
    Near {
        /// The row.
        row: usize,
        /// Standard deviations.
        scale: f64,
    },
    /// From one row to another, both among the new rows.
    Between {
        /// The two rows.
        rows: [usize; 2],
        /// Straight, or along a great circle.
        path: Path,
    },
    /// One latent dimension at a time, from a row or from the middle: a line for each of those that show most.
    Traverse {
        /// The row to start from.
        near: Option<usize>,
    },
}

/// What to generate.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GenerateConfig {
    /// How many rows; a traversal has its own number.
    pub count: usize,
    /// A draw from p(x|z) or its mean; by default the mean for pictures and a draw for tables.
    pub draw: Option<Draw>,
    /// Columns that a conditional model is given, and their values.
    pub given: Vec<(String, String)>,
    /// Of the draws.
    pub seed: u64,
    /// Where in the latent space.
    pub origin: Origin,
    /// Where the origin's rows are read; by default the input of the fit.
    pub input: Option<String>,
}

/// New rows.
pub struct Generated {
    /// In the columns, types and units of the data.
    pub rows: RecordBatch,
    /// Encoded, row by row: pixels from 0 to 1, for pictures.
    pub values: Vec<f32>,
    /// Rows that belong on one line of a sheet of pictures, if the rows have such an order.
    pub line: Option<usize>,
}

impl Predictor {
    /// New rows.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a family that makes no rows from codes; [`Error::Config`] for settings that make no sense for
    /// this model; [`Error::Data`] if the origin's rows cannot be read.
    pub fn generate(&self, config: &GenerateConfig) -> Result<Generated> {
        self.here(|| self.generated(config))
    }

    fn generated(&self, config: &GenerateConfig) -> Result<Generated> {
        if config.count == 0 {
            return Err(Error::invalid_value("count", "1 or more", 0));
        }
        let (saved, device, seed) = (self.saved(), self.device(), config.seed);
        let preprocessor = &saved.header.preprocessor;
        let usual = if preprocessor.schema.image_shape().is_some() { Draw::Mean } else { Draw::Sample };
        let draw = config.draw.unwrap_or(usual);
        // Refused before anything is drawn, whatever the rows come from.
        preprocessor.given(&config.given, 1)?;
        let codes = self.codes_of(config)?;
        let line = codes.as_ref().filter(|codes| !codes.steps.is_empty()).map(|_| STEPS);
        let (values, rows) = match (&codes, &config.origin) {
            (Some(codes), _) => task::rows_of(saved, codes, draw, seed, device)?,
            (None, Origin::Walk(walk)) => task::walk(saved, config.count, draw, walk, seed, device)?,
            (None, _) => task::generate(saved, config.count, draw, &config.given, seed, device)?,
        };
        Ok(Generated { rows, values, line })
    }

    /// The codes of a place of the latent space, if one was asked for.
    fn codes_of(&self, config: &GenerateConfig) -> Result<Option<Codes>> {
        let (saved, device, given) = (self.saved(), self.device(), &config.given[..]);
        Ok(match &config.origin {
            Origin::Prior | Origin::Walk(_) => None,
            Origin::Traverse { near } => {
                let base = near.map(|row| self.origin_rows(config, &[row])).transpose()?;
                Some(task::traverse(saved, base.as_ref(), given, LINES, STEPS, RANGE, device)?)
            }
            Origin::Near { row, scale } => {
                let base = self.origin_rows(config, &[*row])?;
                Some(task::near(saved, &base, config.count, *scale, given, config.seed, device)?)
            }
            Origin::Between { rows, path } => {
                let ends = self.origin_rows(config, rows)?;
                Some(task::between(saved, &ends, config.count, *path, given, device)?)
            }
        })
    }

    fn origin_rows(&self, config: &GenerateConfig, numbers: &[usize]) -> Result<Encoded> {
        let header = &self.saved().header;
        let input = config.input.as_deref().unwrap_or(&header.source.input);
        header.preprocessor.encode(input, &rows_at(input, &header.config.data, numbers)?, 0)
    }
}
