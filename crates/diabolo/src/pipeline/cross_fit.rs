//! Scores of the rows of a fit by models that were not fitted on them.

use arrow_array::RecordBatch;

use super::{FitJob, Predictor};
use crate::data::take;
use crate::random::{Purpose, permutation, stream};
use crate::task::Scored;
use crate::{Error, Result};

/// Parts of the rows; each is scored by a model of the others.
const FOLDS: usize = 5;

/// Scores `rows` by cross-fitting: a model with the settings of `predictor` is fitted to four
/// fifths of them and scores the others, five times. P-values compare a row with the held-out rows
/// of the model that scores it.
///
/// # Errors
/// [`Error::Unsupported`] for a time series, whose windows overlap; those of [`FitJob::run`].
pub fn cross_fit(predictor: &Predictor, rows: &RecordBatch) -> Result<Scored> {
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
    for fold in 0..FOLDS {
        let is_held_out = |at: &usize| at % FOLDS == fold;
        let (held_out, mut others): (Vec<usize>, Vec<usize>) = (0..count).partition(is_held_out);
        let held_out: Vec<usize> = held_out.into_iter().map(|at| order[at]).collect();
        others.iter_mut().for_each(|at| *at = order[*at]);
        others.sort_unstable();
        let job = FitJob::new(take(input, rows, &others)?).name(input).config(config.clone());
        let fitted = job.device(predictor.device().clone()).run()?.predictor;
        let fitted = fitted.rule(scoring.rule).reasons(scoring.reasons);
        let explains_all = scoring.explain_all || scoring.rule.needs_all_rows();
        let found = fitted.input(input).explain_all(explains_all).score(&take(input, rows, &held_out)?)?;
        for (at, row) in held_out.into_iter().enumerate() {
            all.scores[row] = found.scores[at];
            all.p_values[row] = found.p_values[at];
            all.anomalous[row] = found.anomalous[at];
            all.reasons[row].clone_from(&found.reasons[at]);
        }
    }
    if scoring.rule.needs_all_rows() {
        all.anomalous = scoring.rule.among(&all.scores, &all.p_values);
        let unflagged = all.reasons.iter_mut().zip(&all.anomalous).filter(|(_, flag)| !**flag);
        unflagged.filter(|_| !scoring.explain_all).for_each(|(reasons, _)| reasons.clear());
    }
    Ok(all)
}
