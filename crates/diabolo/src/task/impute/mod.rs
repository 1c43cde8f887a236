//! Imputation: the expected value of missing cells, given the observed cells of their row.
//!
//! ```text
//! z_l ~ q(z|x_obs),  w_l = p(x_obs|z_l) p(z_l) / q(z_l|x_obs),  w̃_l = w_l / Σ_k w_k
//! E[x_mis | x_obs] ≈ Σ_l w̃_l E[x_mis | z_l]
//!     numbers: Mattei & Frellsen (2019), eq. 11
//! P(x_mis = c | x_obs) ≈ Σ_l w̃_l P(c | z_l)                        categories: the most probable
//! c x_mis ~ p(x_mis | z_l) with l drawn with probability w̃_l          multiple imputation: ibid.,
//! section 2.4
//! ```
//! Training with `bound = importance` on rows with missing cells is the MIWAE bound (ibid., eq. 4):
//! a missing cell is 0 for the encoder, and p(x_obs|z) omits it. Models without a posterior impute
//! with their reconstruction, in a few iterations that encode the imputed values again.
//!
//! ```text
//! diabolo fit patients.csv --key id --bound importance:20 --validation 0 --test 0 -o run
//! diabolo impute run patients.csv -o completed.csv --mask filled.csv --std-errors errors.csv
//! diabolo impute run patients.csv -o drawn.csv --multiple 20
//! ```
//! With `--validation 0 --test 0`, all rows of the table are training rows; missing cells are not
//! used in training. Analyse each of the twenty tables, and pool the results by Rubin's rules.
//!
//! **Assumption.** Cells are missing completely at random (MCAR), or with a probability that
//! depends on observed cells only (MAR); then the likelihood of the observed cells suffices. If the
//! probability depends on the missing value itself (MNAR: high incomes are not reported), imputed
//! values are biased, and the data cannot reveal it.
//!
//! Expectations of counts are taken in the original scale; those of numbers scaled by quantiles are
//! taken in the scaled units, and are close to the median in the original units. Of a window of a
//! time series only the last row is imputed, since each row is the last one of its own window.
//!
//! The draws of a row depend on its number in the input, so that results do not depend on batches.
//!
//! | input | behaviour |
//! |---|---|
//! | a row without observed cells | the mean of the prior, or the reconstruction of an empty row |
//! | a row with few observed cells | a few draws may have all the weight, so that errors are underestimated: such rows are counted |
//! | missing cells in columns without missing cells in training | imputed like others |
//! | a category that was not in the training data | an error, or with `unknown = missing` ignored as an input and copied to the output |
//! | other columns, the key, the label | copied unchanged, including missing cells |
//! | a missing column of the model | an error that names it |

mod draws;
mod fill;

use std::ops::Range;

use arrow_array::RecordBatch;

use self::draws::Filled;
use crate::artifact::SavedModel;
use crate::data::Encoded;
use crate::model::{Autoencoder, in_chunks};
use crate::random::{Purpose, RngExt, stream};
use crate::tensor::{Device, to_host};
use crate::{Error, Result};

/// The settings of imputation.
#[derive(Debug, Clone, PartialEq)]
pub struct ImputeConfig {
    /// L, the number of posterior draws per row; ignored by models without a posterior.
    pub samples: usize,
    /// Number of completed tables with drawn values, in addition to the one with expected values.
    pub multiple: usize,
    /// Whether to compute standard errors.
    pub errors: bool,
    /// The seed of the draws.
    pub seed: u64,
    /// The number of each row, on which its draws depend; by default they are counted from the
    /// first row on. For rows that are spread over processes; without drawn tables.
    pub numbers: Option<Vec<u64>>,
}

impl Default for ImputeConfig {
    fn default() -> Self {
        ImputeConfig { samples: 1000, multiple: 0, errors: false, seed: 0, numbers: None }
    }
}

/// Completed rows, in the columns, types and order of the input.
#[derive(Debug)]
pub struct Imputed {
    /// The table with expected values and most probable categories.
    pub completed: RecordBatch,
    /// [`ImputeConfig::multiple`] tables with drawn values, including observation noise: their
    /// variance is the uncertainty.
    pub draws: Vec<RecordBatch>,
    /// The key, and for each column of the model whether the cell was imputed; imputed pixels are
    /// white.
    pub mask: RecordBatch,
    /// The key, and the standard error of each imputed number, in original units, or the error
    /// probability of each imputed category; missing where a cell was observed.
    pub errors: Option<RecordBatch>,
    /// Number of imputed cells (or pixels).
    pub filled: usize,
    /// Number of rows with an effective sample size below five: their errors are underestimated.
    pub low_ess_rows: usize,
}

/// Imputes the missing cells of `rows`; observed cells are copied unchanged.
///
/// `first_row` is the 0-based number of the first row in `input`. A table of some CSV's rows:
///
/// ```
/// # use diabolo::{Config, data, model::Model, tensor::Device};
/// # use diabolo::task::{ImputeConfig, impute};
/// # fn fill(saved: &diabolo::artifact::SavedModel) -> diabolo::Result<()> {
/// let rows = data::open("patients.csv", &Default::default())?.collect()?;
/// let config = ImputeConfig { multiple: 5, ..Default::default() };
/// let imputed = impute(saved, "patients.csv", &rows, 0, &config, &Device::cpu())?;
/// assert_eq!(imputed.completed.schema(), rows.schema());
/// assert_eq!(imputed.draws.len(), 5);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`Error::Data`] for rows that the model cannot encode; [`Error::Unsupported`] if draws or errors
/// are requested from a model without a posterior.
pub fn impute(
    saved: &SavedModel,
    input: &str,
    rows: &RecordBatch,
    first_row: u64,
    config: &ImputeConfig,
    device: &Device,
) -> Result<Imputed> {
    let preprocessor = &saved.header.preprocessor;
    check_numbers(config, rows.num_rows())?;
    let encoded = preprocessor.encode(input, rows, first_row)?;
    let windows = saved.header.config.data.windows();
    let units = preprocessor.column_ranges().into_iter().enumerate();
    let last = units.filter(|(feature, _)| windows.as_ref().is_none_or(|w| w.rows_back(*feature) == 0));
    let asked: Vec<Range<usize>> = last.map(|(_, units)| units).collect();
    let found = fill_encoded(saved, &encoded, &asked, first_row, config, device)?;
    let gaps = fill::Gaps::find(preprocessor, rows, &encoded)?;
    let complete = |values: &[f32], made| gaps.filled_with(preprocessor, rows, values, made);
    let drawn = |(table, values): (usize, &Vec<f32>)| {
        complete(values, preprocessor.decode_draws(values, config.seed, table as u64, first_row)?)
    };
    let errors = || gaps.errors(preprocessor, rows, &found.means, &found.deviations);
    Ok(Imputed {
        completed: complete(&found.means, preprocessor.decode(&found.means)?)?,
        draws: found.draws.iter().enumerate().map(drawn).collect::<Result<_>>()?,
        mask: gaps.mask(preprocessor, rows)?,
        errors: config.errors.then(errors).transpose()?,
        filled: gaps.count(),
        low_ess_rows: found.low_ess_rows,
    })
}

fn check_numbers(config: &ImputeConfig, rows: usize) -> Result<()> {
    let Some(numbers) = &config.numbers else { return Ok(()) };
    if numbers.len() != rows {
        return Err(Error::invalid_value("numbers", format!("one for each of {rows} rows"), numbers.len()));
    }
    if config.multiple > 0 {
        let reason = "drawn tables depend on the rows before, too";
        return Err(Error::conflict("numbers", "multiple", reason));
    }
    Ok(())
}

/// Masked cells and their imputed values.
pub struct MaskedCells {
    /// The rows; only masked cells are marked as observed.
    pub truth: Encoded,
    /// Rows × width, with expected values in masked cells.
    pub filled: Vec<f32>,
}

/// Masks a fraction `share` of the observed cells of encoded rows and imputes them, to measure the
/// error.
pub fn hold_back(
    saved: &SavedModel,
    rows: &Encoded,
    share: f64,
    config: &ImputeConfig,
    device: &Device,
) -> Result<MaskedCells> {
    let all = || vec![1.0; rows.rows * rows.width];
    let observed = rows.observed.as_ref().map_or_else(all, |observed| observed.to_vec());
    let (mut seen, mut hidden) = (observed.clone(), vec![0.0; observed.len()]);
    let noise = &mut stream(config.seed, Purpose::MaskedCells, 0, 0);
    let units = saved.header.preprocessor.column_ranges();
    for row in 0..rows.rows {
        for units in &units {
            let cells = row * rows.width + units.start..row * rows.width + units.end;
            if noise.random::<f64>() < share && observed[cells.start] == 1.0 {
                seen[cells.clone()].fill(0.0);
                hidden[cells].fill(1.0);
            }
        }
    }
    let values = rows.values.iter().zip(&seen).map(|(value, seen)| value * seen).collect();
    let given = rows.clone().with_values(values).with_mask(seen);
    let filled = fill_encoded(saved, &given, &units, 0, config, device)?.means;
    Ok(MaskedCells { truth: rows.clone().with_mask(hidden), filled })
}

fn fill_encoded(
    saved: &SavedModel,
    rows: &Encoded,
    asked: &[Range<usize>],
    first_row: u64,
    config: &ImputeConfig,
    device: &Device,
) -> Result<Filled> {
    if config.samples == 0 {
        return Err(Error::invalid_value("samples", "1 or more", 0));
    }
    let family = &saved.architecture.family;
    if family.is_variational() {
        return Ok(draws::weighted(&saved.model, rows, asked, first_row, config, device));
    }
    if config.multiple > 0 || config.errors {
        return Err(Error::Unsupported {
            what: format!("a {} model has no posterior, which draws and standard errors need", family.name()),
            help: "omit --multiple and --std-errors, or fit with --model variational --bound importance:20"
                .into(),
        });
    }
    Ok(Filled { means: reconstructed(saved, rows, device), ..Filled::default() })
}

/// Number of iterations that encode the imputed values.
const ROUNDS: usize = 5;

/// Imputes missing numbers with the reconstruction of their row.
fn reconstructed(saved: &SavedModel, rows: &Encoded, device: &Device) -> Vec<f32> {
    let (model, mut filled) = (&saved.model, rows.clone());
    let Some(observed) = &rows.observed else { return filled.values.into_dense() };
    for _ in 0..ROUNDS {
        let made =
            in_chunks(&filled, device, |batch| to_host(model.likelihood().mean(model.reconstruct(&batch))));
        for ((value, made), observed) in filled.values.iter_mut().zip(made).zip(&**observed) {
            if *observed == 0.0 {
                *value = made;
            }
        }
    }
    filled.values.into_dense()
}
