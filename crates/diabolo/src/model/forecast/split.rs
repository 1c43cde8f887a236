//! A series in its parts.

use std::ops::Range;

use super::LEAST_DEVIATION;
use super::regressors::{Effect, KnownSteps};
use super::ridge::WindowUnit;
use super::scale::{Scale, suggested};
use super::windows::{FEWEST, Filled, Parts, spread};
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

/// The scale that the swings of each column suggest; of many series, logarithms wherever possible:
/// their errors tell.
pub(super) fn suggested_scales(series: &[SplitSeries], season: Option<usize>, many: bool) -> Vec<Scale> {
    let of_column = |column: usize| {
        let parts = series.iter().map(|one| {
            let observed = &one.observed[column];
            [&observed[..one.parts.test.start], &observed[one.parts.train.clone()]]
        });
        suggested(parts, season, many)
    };
    (0..series.first().map_or(0, |one| one.observed.len())).map(of_column).collect()
}

/// What windows moments are of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lags {
    pub window: usize,
    pub horizon: usize,
    pub unit: WindowUnit,
}

/// Neighbouring windows that count in the same unit, the mean of theirs.
const CHUNK: usize = 32;

impl Lags {
    /// The moments of the windows of a column that predict steps of a part.
    pub fn column_moments(
        self,
        series: &[SplitSeries],
        column: usize,
        part: impl Fn(&Parts) -> Range<usize>,
    ) -> LagMoments {
        let used = series.iter().filter(|one| one.deviation[column] > 0.0);
        self.moments(
            used.filter_map(|one| {
                Some((one.columns[column].as_ref()?, part(&one.parts), one.deviation[column]))
            }),
        )
    }

    /// The moments of the windows that predict these steps of a series with this deviation.
    pub fn moments<'a>(self, series: impl Iterator<Item = (&'a Filled, Range<usize>, f64)>) -> LagMoments {
        let mut moments = LagMoments::new(self.window, self.horizon);
        for (values, steps, deviation) in series {
            match self.unit {
                WindowUnit::Series => self.add(&mut moments, values, &steps, deviation),
                WindowUnit::Window => self.add_by_window(&mut moments, values, &steps, deviation),
            }
        }
        moments
    }

    fn add(self, moments: &mut LagMoments, values: &Filled, steps: &Range<usize>, deviation: f64) {
        for run in values.origins(steps, self.window, self.horizon) {
            let (first, last) = (run.start - self.window, run.end - 1 - self.window);
            moments.add(values.remainder(), first, last, 1.0 / deviation);
        }
    }

    /// Each window in units of its own deviation; before the series, its first number is repeated,
    /// as in forecasts of short series.
    fn add_by_window(self, moments: &mut LagMoments, values: &Filled, steps: &Range<usize>, deviation: f64) {
        let remainder = values.remainder();
        let before = std::iter::repeat_n(remainder[0], self.window);
        let padded: Vec<f64> = before.chain(remainder.iter().copied()).collect();
        // The window before a step begins at that place of `padded`.
        let variance = |origin: usize| {
            let own = spread(&padded[origin..origin + self.window]).max(LEAST_DEVIATION * deviation);
            own * own
        };
        for run in values.origins(steps, FEWEST, self.horizon) {
            for first in run.clone().step_by(CHUNK) {
                let chunk = first..run.end.min(first + CHUNK);
                let mean = chunk.clone().map(variance).sum::<f64>() / chunk.len() as f64;
                moments.add(&padded, chunk.start, chunk.end - 1, 1.0 / mean.sqrt());
            }
        }
    }
}

/// The validation windows of all series.
pub fn validation_windows(series: &[SplitSeries], horizon: usize) -> usize {
    let windows = |one: &SplitSeries| (one.parts.validation.len() + 1).saturating_sub(horizon);
    series.iter().map(windows).sum()
}
