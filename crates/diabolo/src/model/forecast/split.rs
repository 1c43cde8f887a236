//! A series in its parts.

use std::ops::Range;

use super::regressors::{Effect, KnownSteps};
use super::scale::{Scale, suggested};
use super::windows::{Filled, Parts, spread};
use crate::data::KeyTime;
use crate::stats::LagMoments;

/// A series for the fit or the evaluation of forecasts.
#[derive(Debug, Clone)]
pub struct SplitSeries {
    /// The columns, filled, with their effects; `None` for one without a number in training.
    pub columns: Vec<Option<Filled>>,
    /// The numbers as given; NaN where missing.
    pub observed: Vec<Vec<f64>>,
    /// The scale of each column.
    pub scales: Vec<Scale>,
    /// The numbers on these scales.
    pub scaled: Vec<Vec<f64>>,
    /// Training, validation and test.
    pub parts: Parts,
    /// The deviation of each column in the training part, on its scale; 0 for a constant.
    pub deviation: Vec<f64>,
    /// The same as given.
    pub unit: Vec<f64>,
    /// The scale of MASE of each column: the error of the seasonal naive forecast in the training
    /// part.
    pub naive_error: Vec<f64>,
    /// Its name, if there are several.
    pub name: Option<String>,
    /// The time of each step that has a row; without a key, none.
    pub times: Vec<(usize, KeyTime)>,
    /// What is known of the steps.
    pub known: KnownSteps,
}

impl SplitSeries {
    /// A column with an effect; `None` for one without a number.
    pub fn filled(&self, column: usize, effect: &Effect) -> Option<Filled> {
        self.columns[column].as_ref()?;
        Filled::with_effect(&self.scaled[column], &effect.by_step(&self.known), self.deviation[column])
    }

    /// Puts each column on a scale; without effects.
    pub fn set_scales(&mut self, scales: &[Scale]) {
        self.scales = scales.to_vec();
        self.scaled = scales.iter().zip(&self.observed).map(|(scale, x)| scale.column(x)).collect();
        self.deviation = self.scaled.iter().map(|column| spread(&column[self.parts.train.clone()])).collect();
        let fill = |(column, values): (&Vec<f64>, &Option<Filled>)| {
            values.as_ref()?;
            Filled::of(column)
        };
        self.columns = self.scaled.iter().zip(&self.columns).map(fill).collect();
    }

    /// Gives each column its effect.
    pub fn set_effects(&mut self, effects: &[Effect]) {
        self.columns =
            effects.iter().enumerate().map(|(column, effect)| self.filled(column, effect)).collect();
    }
}

/// The scale that the swings of each column suggest.
pub(super) fn suggested_scales(series: &[SplitSeries], season: Option<usize>) -> Vec<Scale> {
    let of_column = |column: usize| {
        let parts = series.iter().map(|one| {
            let observed = &one.observed[column];
            [&observed[..one.parts.test.start], &observed[one.parts.train.clone()]]
        });
        suggested(parts, season)
    };
    (0..series.first().map_or(0, |one| one.observed.len())).map(of_column).collect()
}

/// The moments of the windows of a column that predict steps of a part.
pub(super) fn column_moments(
    series: &[SplitSeries],
    column: usize,
    window: usize,
    horizon: usize,
    part: impl Fn(&Parts) -> Range<usize>,
) -> LagMoments {
    let used = series.iter().filter(|one| one.deviation[column] > 0.0);
    let used =
        used.filter_map(|one| Some((one.columns[column].as_ref()?, part(&one.parts), one.deviation[column])));
    moments(used, window, horizon)
}

/// The moments of the windows that predict these steps of a series, in units of its deviation.
pub(super) fn moments<'a>(
    series: impl Iterator<Item = (&'a Filled, Range<usize>, f64)>,
    window: usize,
    horizon: usize,
) -> LagMoments {
    let mut moments = LagMoments::new(window, horizon);
    for (values, steps, deviation) in series {
        for run in values.origins(&steps, window, horizon) {
            let (first, last) = (run.start - window, run.end - 1 - window);
            moments.add(values.remainder(), first, last, 1.0 / deviation);
        }
    }
    moments
}
