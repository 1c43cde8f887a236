//! Scores of the rows of a fit by models that were not fitted on them.

use arrow_array::RecordBatch;

use super::{FitJob, Predictor};
use crate::data::take;
use crate::random::{Purpose, permutation, stream};
use crate::task::Scored;
use crate::{Error, Result};

/// Parts of the rows; each is scored by a model of the others.
const FOLDS: usize = 5;

/// The scores of rows by models of the others, and the warnings of the fits, each once.
pub struct CrossFitted {
    /// The scores.
    pub scored: Scored,
    /// Warnings for the user.
    pub warnings: Vec<String>,
}

/// Scores `rows` by cross-fitting: a model with the settings of `predictor` is fitted to four
/// fifths of them and scores the others, five times. P-values compare a row with the held-out rows
/// of the model that scores it.
///
/// # Errors
/// [`Error::Unsupported`] for a time series, whose windows overlap; those of [`FitJob::run`].
pub fn cross_fit(predictor: &Predictor, rows: &RecordBatch) -> Result<CrossFitted> {
    let header = &predictor.saved().header;
    let mut config = header.config.clone();
    if config.data.window.is_some() {
        return Err(Error::Unsupported {
            what: "the rows of a time series cannot be scored by cross-fitting, since windows overlap".into(),
            help: "fit the model to an earlier part of the series, and score the later one".into(),
        });
    }
    config.data.test = 0.0;
    let (input, scoring, count) = (predictor.input_name(), predictor.scoring(), rows.num_rows());
    let order = permutation(&mut stream(config.training.seed, Purpose::CrossFitting, 0, 0), count);
    let mut all = Scored {
        scores: vec![f64::NAN; count],
        p_values: vec![f64::NAN; count],
        anomalous: vec![false; count],
        reasons: vec![vec![]; count],
    };
    let mut warnings: Vec<String> = vec![];
    let mut models = vec![];
    for fold in 0..FOLDS {
        let is_held_out = |at: &usize| at % FOLDS == fold;
        let (held_out, mut others): (Vec<usize>, Vec<usize>) = (0..count).partition(is_held_out);
        let held_out: Vec<usize> = held_out.into_iter().map(|at| order[at]).collect();
        others.iter_mut().for_each(|at| *at = order[*at]);
        others.sort_unstable();
        let job = FitJob::new(take(input, rows, &others)?).name(input).config(config.clone());
        let job = job.device(predictor.device().clone());
        let fitted = job.run().map_err(|error| error.among_rows(&others))?;
        let is_new = |warning: &String| !warnings.contains(warning);
        let new: Vec<String> = fitted.warnings.into_iter().filter(is_new).collect();
        warnings.extend(new);
        let model = fitted.predictor.input(input).rule(scoring.rule);
        let found = scored(&model.clone().reasons(0), rows, &held_out)?;
        for (at, &row) in held_out.iter().enumerate() {
            all.scores[row] = found.scores[at];
            all.p_values[row] = found.p_values[at];
            all.anomalous[row] = found.anomalous[at];
        }
        models.push((model.reasons(scoring.reasons).explain_all(true), held_out));
    }
    if scoring.rule.needs_all_rows() {
        all.anomalous = scoring.rule.among(&all.scores, &all.p_values);
    }
    for (model, mut explained) in models {
        explained.retain(|&row| scoring.explain_all || all.anomalous[row]);
        if explained.is_empty() || scoring.reasons == 0 {
            continue;
        }
        let found = scored(&model, rows, &explained)?;
        explained.into_iter().zip(found.reasons).for_each(|(row, reasons)| all.reasons[row] = reasons);
    }
    Ok(CrossFitted { scored: all, warnings })
}

/// The scores of the `chosen` ones of all rows.
fn scored(model: &Predictor, rows: &RecordBatch, chosen: &[usize]) -> Result<Scored> {
    let found = model.score(&take(model.input_name(), rows, chosen)?);
    found.map_err(|error| error.among_rows(chosen))
}
