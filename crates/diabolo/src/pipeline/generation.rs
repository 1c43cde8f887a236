//! Generation of rows, from the prior or from chosen points of the latent space.

use arrow_array::RecordBatch;

use super::Predictor;
use crate::data::{Encoded, rows_at};
use crate::task::{self, Codes, Draw, Path, WalkConfig};
use crate::{Error, Result};

/// Steps per line of a traversal, its range in standard deviations, and the maximum number of
/// lines.
const STEPS: usize = 11;
const RANGE: f64 = 3.0;
const LINES: usize = 10;
/// So many rows between two others, or fewer, are one line.
const STRIP: usize = 16;

/// The origin of new rows in the latent space. Rows are numbered from 1.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Origin {
    /// The prior, or for a family without one the contractive walk with default settings.
    #[default]
    Prior,
    /// The contractive walk of models without a prior.
    Walk(WalkConfig),
    /// Around the code of a row, with a distance in standard deviations of the prior (without a
    /// prior: of the codes).
    Near {
        /// The row.
        row: usize,
        /// Standard deviations.
        scale: f64,
    },
    /// Interpolation from one row to another, including both.
    Between {
        /// The two rows.
        rows: [usize; 2],
        /// Linear or spherical interpolation.
        path: Path,
    },
    /// A traversal of one latent dimension at a time, from a row or the mean code: a line for each
    /// of the dimensions with the largest effect.
    Traverse {
        /// The base row.
        near: Option<usize>,
    },
}

/// The settings of generation.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GenerateConfig {
    /// Number of rows; a traversal has its own number.
    pub count: usize,
    /// A draw from p(x|z) or its mean; by default the mean for images and for points of a path,
    /// else a draw.
    pub draw: Option<Draw>,
    /// Condition columns and their values; others are drawn by their shares of the training rows.
    pub given: Vec<(String, String)>,
    /// The seed of the draws.
    pub seed: u64,
    /// The origin in the latent space.
    pub origin: Origin,
    /// The input of the origin's rows; by default the input of the fit.
    pub input: Option<String>,
}

/// New rows.
pub struct Generated {
    /// The rows in the columns, types and units of the data.
    pub rows: RecordBatch,
    /// The encoded rows, row-major; pixels from 0 to 1 for images.
    pub values: Vec<f32>,
    /// Number of rows per line of a sheet of images, if the rows have lines.
    pub line: Option<usize>,
}

impl Predictor {
    /// New rows.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a family that cannot decode codes; [`Error::Config`] for invalid
    /// settings; [`Error::Data`] if the origin's rows cannot be read.
    pub fn generate(&self, config: &GenerateConfig) -> Result<Generated> {
        self.here(|| self.generated(config, 1))
    }

    /// `config.count` new series of so many steps from a model of windows: a row for each series
    /// and step.
    ///
    /// # Errors
    /// As [`generate`](Self::generate), and [`Error::Unsupported`] for a model of single rows.
    pub fn generate_series(&self, config: &GenerateConfig, length: usize) -> Result<RecordBatch> {
        let Some(window) = self.saved().header.config.data.window else {
            let what = "the run is a model of single rows, and generates no series".into();
            return Err(Error::Unsupported { what, help: "fit with --window".into() });
        };
        if length == 0 {
            return Err(Error::invalid_value("--length", "1 or more", 0));
        }
        if matches!(config.origin, Origin::Between { .. } | Origin::Traverse { .. }) {
            let reason = "series are drawn, and are no points of a path";
            return Err(Error::conflict("--length", "--between and --traverse", reason));
        }
        let each = task::windows_for(length, window);
        let count = each.and_then(|each| each.checked_mul(config.count));
        let count = count.filter(|count| task::fits_in_memory(self.saved(), *count).is_ok());
        let (Some(each), Some(count)) = (each, count) else {
            let expected =
                "steps whose windows fit in memory; for more series, use several calls with different --seed";
            return Err(Error::invalid_value("--length", expected, length));
        };
        let config = GenerateConfig { count, ..config.clone() };
        let made = self.here(|| self.generated(&config, each))?;
        task::long_series(&made.rows, count / each, length, window)
    }

    /// New rows, of which so many one after the other have one condition.
    fn generated(&self, config: &GenerateConfig, alike: usize) -> Result<Generated> {
        if config.count == 0 {
            return Err(Error::invalid_value("count", "1 or more", 0));
        }
        let (saved, device, seed) = (self.saved(), self.device(), config.seed);
        let preprocessor = &saved.header.preprocessor;
        // Points of a path show the effect of the code, which the variance of draws would hide.
        let is_path = matches!(config.origin, Origin::Between { .. } | Origin::Traverse { .. });
        let smooth = is_path || preprocessor.schema.image_shape().is_some();
        let usual = if smooth { Draw::Mean } else { Draw::Sample };
        let draw = config.draw.unwrap_or(usual);
        // Validated before anything is drawn.
        preprocessor.given(&config.given)?;
        let codes = self.codes_of(config)?;
        let line = match &config.origin {
            Origin::Traverse { .. } => Some(STEPS),
            Origin::Between { .. } if config.count <= STRIP => Some(config.count),
            _ => None,
        };
        let (values, rows) = match (&codes, &config.origin) {
            (Some(codes), _) => task::rows_of(saved, codes, draw, seed, device)?,
            (None, Origin::Walk(walk)) => task::walk(saved, config.count, draw, walk, seed, device)?,
            (None, _) => {
                let given = task::NewConditions { given: &config.given, alike };
                task::generate(saved, config.count, draw, given, seed, device)?
            }
        };
        Ok(Generated { rows, values, line })
    }

    /// The codes of the origin, if it is not the prior or the walk.
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
        let input = match &config.input {
            Some(input) => input.clone(),
            None => {
                let found = self.source_data()?;
                if !found.unchanged {
                    let help = "rows may have other numbers now: name the input of the rows";
                    let expected = "the data that the model was fitted on";
                    return Err(Error::data(found.input, expected, "other contents", help));
                }
                found.input
            }
        };
        let input = &input;
        header.preprocessor.encode(input, &rows_at(input, &header.config.data, numbers)?, 0)
    }
}
