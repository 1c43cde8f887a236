//! Missing cells filled in: what the model expects of them, given the observed cells of their row.
//!
//! ```text
//! z_l ~ q(z|x_obs),  w_l = p(x_obs|z_l) p(z_l) / q(z_l|x_obs),  w̃_l = w_l / Σ_k w_k
//! E[x_mis | x_obs] ≈ Σ_l w̃_l E[x_mis | z_l]                        numbers: Mattei & Frellsen (2019), eq. 11
//! P(x_mis = c | x_obs) ≈ Σ_l w̃_l P(c | z_l)                        categories: the likeliest c
//! x_mis ~ p(x_mis | z_l) with l drawn with probability w̃_l          multiple imputation: ibid., section 2.4
//! ```
//! Training with `bound = importance` on rows with missing cells is theirs as well (MIWAE, eq. 4): a missing cell is 0 for the
//! encoder, and p(x_obs|z) leaves it out. Models without a posterior fill with their reconstruction, and put what they filled
//! back into the encoder a few times.
//!
//! ```text
//! diabolo fit patients.csv --key id --bound importance:20 --validation 0 --test 0 -o run
//! diabolo impute run patients.csv -o completed.csv --mask filled.csv --errors errors.csv
//! diabolo impute run patients.csv -o drawn.csv --multiple 20
//! ```
//! With `--validation 0 --test 0` all rows of the table are learned from: only observed cells are, so none that is filled was seen.
//! Analyse each of the twenty tables, and pool the results by Rubin's rules.
//!
//! **Assumption.** Cells are missing completely at random (MCAR), or with a probability that depends on observed cells alone
//! (MAR); then the likelihood of the observed cells is all that is needed. If whether a cell is missing depends on the value
//! that is not there (MNAR: the rich do not tell their income), filled values are biased, and nothing in the data tells so.
//!
//! Expectations of counts are of the counts themselves; those of numbers scaled by quantiles are taken in that scale, and lie near
//! the median in the column's. Of a window of a series only the last row is filled: each row is the last of its own window.
//!
//! Each row has draws of its own, by its number in the input, so nothing depends on how rows are read.
//!
//! | odd input | what happens |
//! |---|---|
//! | a row without any observed cell | it gets the mean over the prior, or the reconstruction of nothing |
//! | a row of which little is observed | a few draws may carry all the weight, and errors are told too small: such rows are counted |
//! | missing cells in columns that never missed in training | filled like others |
//! | a category the model never saw | an error, or with `unknown = missing` no help for the rest of the row; it stays as it is |
//! | columns the model does not know, the key, the label | come along as they are, gaps included |
//! | a column of the model that is not there | an error that names it |

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

/// How missing cells are filled.
#[derive(Debug, Clone, PartialEq)]
pub struct ImputeConfig {
    /// L, draws of the code for each row; models without a posterior have no use for it.
    pub samples: usize,
    /// Completed tables to draw, beside the one of expected values.
    pub multiple: usize,
    /// Whether to say how far each filled value may be off.
    pub errors: bool,
    /// Text cells of numeric columns become numbers, for formats that have types.
    pub typed: bool,
    /// Of the draws.
    pub seed: u64,
}

impl Default for ImputeConfig {
    fn default() -> Self {
        ImputeConfig { samples: 1000, multiple: 0, errors: false, typed: false, seed: 0 }
    }
}

/// Rows without gaps, in the columns, types and order of the input.
#[derive(Debug)]
pub struct Imputed {
    /// With expected values, and likeliest categories.
    pub completed: RecordBatch,
    /// [`ImputeConfig::multiple`] tables with values drawn, observation noise included: their differences say what is not known.
    pub draws: Vec<RecordBatch>,
    /// The key, and for each column of the model whether the cell was filled; pixels are white where they were.
    pub mask: RecordBatch,
    /// The key, and the standard error of each filled number, in its units, or the probability that a filled category is
    /// another; nothing where a cell was observed.
    pub errors: Option<RecordBatch>,
    /// How many cells (or pixels) were filled.
    pub filled: usize,
    /// Rows whose importance weights lie on fewer than five effective draws: their errors are told too small.
    pub low_ess_rows: usize,
}

/// Fills the missing cells of `rows`; observed ones are copied unchanged.
///
/// `first_row` is the 0-based number of the first row in `input`. A table of some CSV's rows:
///
/// ```
/// # use diabolo::{Config, data, model::Model, nn::Device};
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
/// [`Error::Data`] for rows that the model cannot read; [`Error::Unsupported`] if draws or errors are asked of a model
/// without a posterior.
pub fn impute(
    saved: &SavedModel,
    input: &str,
    rows: &RecordBatch,
    first_row: u64,
    config: &ImputeConfig,
    device: &Device,
) -> Result<Imputed> {
    let preprocessor = &saved.header.preprocessor;
    let encoded = preprocessor.encode(input, rows, first_row)?;
    let windows = saved.header.config.data.windows();
    let units = preprocessor.column_ranges().into_iter().enumerate();
    let last = units.filter(|(feature, _)| windows.as_ref().is_none_or(|w| w.rows_back(*feature) == 0));
    let asked: Vec<Range<usize>> = last.map(|(_, units)| units).collect();
    let found = fill_encoded(saved, &encoded, &asked, first_row, config, device)?;
    let gaps = fill::Gaps::find(preprocessor, rows, &encoded);
    let typed = config.typed.then(|| preprocessor.typed(rows)).transpose()?;
    let given = typed.as_ref().unwrap_or(rows);
    let complete = |values: &[f32]| gaps.filled_with(preprocessor, given, values);
    let errors = || gaps.errors(preprocessor, rows, &found.means, &found.deviations);
    Ok(Imputed {
        completed: complete(&found.means)?,
        draws: found.draws.iter().map(|values| complete(values)).collect::<Result<_>>()?,
        mask: gaps.mask(preprocessor, rows)?,
        errors: config.errors.then(errors).transpose()?,
        filled: gaps.count(),
        low_ess_rows: found.low_ess_rows,
    })
}

/// Observed cells that were hidden from the model, and what it filled them with.
pub struct MaskedCells {
    /// The rows; only hidden cells are marked as observed.
    pub truth: Encoded,
    /// Rows × width, with expected values where cells were hidden.
    pub filled: Vec<f32>,
}

/// Hides a `share` of the observed cells of encoded rows and fills them, to see how well that works.
pub fn hold_back(
    saved: &SavedModel,
    rows: &Encoded,
    share: f64,
    config: &ImputeConfig,
    device: &Device,
) -> Result<MaskedCells> {
    let observed = rows.observed.clone().unwrap_or_else(|| vec![1.0; rows.values.len()]);
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
    let given = Encoded { values, observed: Some(seen), ..rows.clone() };
    let filled = fill_encoded(saved, &given, &units, 0, config, device)?.means;
    Ok(MaskedCells { truth: Encoded { observed: Some(hidden), ..rows.clone() }, filled })
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
            what: format!("a {} model has no posterior to draw from, and cannot tell how sure it is", family.name()),
            help: "ask for neither several tables nor errors, or fit with --model variational --bound importance:20"
                .into(),
        });
    }
    Ok(Filled { means: reconstructed(saved, rows, device), ..Filled::default() })
}

/// How often what was filled goes back into the encoder.
const ROUNDS: usize = 5;

/// Missing numbers from the reconstruction of the row they are missing in.
fn reconstructed(saved: &SavedModel, rows: &Encoded, device: &Device) -> Vec<f32> {
    let (model, mut filled) = (&saved.model, rows.clone());
    let Some(observed) = &rows.observed else { return filled.values };
    for _ in 0..ROUNDS {
        let made =
            in_chunks(&filled, device, |batch| to_host(model.likelihood().mean(model.reconstruct(&batch))));
        for ((value, made), observed) in filled.values.iter_mut().zip(made).zip(observed) {
            if *observed == 0.0 {
                *value = made;
            }
        }
    }
    filled.values
}
