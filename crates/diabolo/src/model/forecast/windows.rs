//! Windows of a series: where they may begin, and what stands in them.

use std::ops::Range;

use super::ridge::LinearForecast;
use crate::random::{Purpose, permutation, stream};

/// A gap of so many steps is filled for training too; windows do not predict longer ones.
const SHORT_GAP: usize = 6;

/// One column of one series, without missing values.
#[derive(Debug, Clone, PartialEq)]
pub struct Filled {
    /// The numbers; inner gaps are filled along a line, those at the ends with the nearest number.
    pub values: Vec<f64>,
    /// Whether a step lies in a long gap, and is no target of a fit.
    pub in_gap: Vec<bool>,
    /// The effect of what is known of each step, if it has one.
    effect: Option<KnownEffect>,
    /// Its own matrix, in place of that of the model.
    matrix: Option<LinearForecast>,
}

/// The effect of what is known of the steps of a column, and beyond it.
#[derive(Debug, Clone, PartialEq)]
struct KnownEffect {
    by_step: Vec<f64>,
    /// The column without it.
    remainder: Vec<f64>,
}

impl Filled {
    /// Fills a column; `None` if no number is given.
    pub fn of(column: &[f64]) -> Option<Filled> {
        let mut values = column.to_vec();
        let mut in_gap = vec![false; column.len()];
        let given: Vec<usize> = (0..column.len()).filter(|&step| !column[step].is_nan()).collect();
        let (&first, &last) = (given.first()?, given.last()?);
        values[..first].fill(column[first]);
        values[last..].fill(column[last]);
        in_gap[..first].fill(true);
        in_gap[last + 1..].fill(true);
        for two in given.windows(2) {
            let (from, to) = (two[0], two[1]);
            let slope = (column[to] - column[from]) / (to - from) as f64;
            for step in from + 1..to {
                values[step] = column[from] + slope * (step - from) as f64;
                in_gap[step] = to - from - 1 > SHORT_GAP;
            }
        }
        Some(Filled { values, in_gap, effect: None, matrix: None })
    }

    /// Fills a column with an effect at each step and beyond, in this unit: gaps of what remains
    /// without it are filled.
    pub fn with_effect(column: &[f64], effect: &[f64], unit: f64) -> Option<Filled> {
        if effect.is_empty() {
            return Filled::of(column);
        }
        let by_step: Vec<f64> = effect.iter().map(|effect| unit * effect).collect();
        let less: Vec<f64> = column.iter().zip(&by_step).map(|(x, effect)| x - effect).collect();
        let Filled { values: remainder, in_gap, .. } = Filled::of(&less)?;
        let values = remainder.iter().zip(&by_step).map(|(x, effect)| x + effect).collect();
        Some(Filled { values, in_gap, effect: Some(KnownEffect { by_step, remainder }), matrix: None })
    }

    /// Its own matrix, if it has one.
    pub fn matrix(&self) -> Option<&LinearForecast> {
        self.matrix.as_ref()
    }

    /// The same column with a matrix of its own, or without one.
    pub fn with_matrix(self, matrix: Option<LinearForecast>) -> Filled {
        Filled { matrix, ..self }
    }

    /// The numbers without the effect.
    pub fn remainder(&self) -> &[f64] {
        self.effect.as_ref().map_or(&self.values, |effect| &effect.remainder)
    }

    /// The effect at a step; 0 if the column has none.
    ///
    /// # Panics
    /// If the effect of the step is not known.
    pub fn effect(&self, step: usize) -> f64 {
        self.effect.as_ref().map_or(0.0, |effect| effect.by_step[step])
    }

    /// The `window` numbers without the effect before a step; before the start of the series, its
    /// first one.
    pub fn before(&self, step: usize, window: usize) -> Vec<f64> {
        let lacking = window.saturating_sub(step);
        let given = &self.remainder()[step.saturating_sub(window)..step];
        let first = given.first().copied().unwrap_or(0.0);
        std::iter::repeat_n(first, lacking).chain(given.iter().copied()).collect()
    }

    /// The runs of steps that a window of a fit may predict first: all targets lie within `part`
    /// and in no long gap, and the whole window within the series.
    pub fn origins(&self, part: &Range<usize>, window: usize, horizon: usize) -> Vec<Range<usize>> {
        let mut runs: Vec<Range<usize>> = vec![];
        let mut free = 0;
        for step in part.start..part.end {
            free = if self.in_gap[step] { 0 } else { free + 1 };
            if free < horizon || step + 1 < window + horizon {
                continue;
            }
            let origin = step + 1 - horizon;
            match runs.last_mut() {
                Some(run) if run.end == origin => run.end += 1,
                _ => runs.push(origin..origin + 1),
            }
        }
        runs
    }
}

/// What windows are drawn for: each use has draws of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WindowsFor {
    /// The effect of what is known.
    Effect = 0,
    /// Intervals.
    Intervals = 1,
    /// Paths of errors.
    Paths = 2,
    /// The latent part.
    Latent = 3,
    /// The scale of a column.
    Scale = 4,
}

/// So many of the windows at most, in order; each `part` of a use has its own draws.
///
/// They are drawn at random: of evenly spaced ones, all would begin on one weekday if their
/// distance is a multiple of a week. The draws do not depend on the seed of a fit.
pub fn drawn_windows<T: Copy>(windows: Vec<T>, most: usize, of: WindowsFor, part: usize) -> Vec<T> {
    if windows.len() <= most {
        return windows;
    }
    let noise = &mut stream(0, Purpose::ForecastWindows, of as u64, part as u64);
    let mut chosen = permutation(noise, windows.len());
    chosen.truncate(most);
    chosen.sort_unstable();
    chosen.into_iter().map(|at| windows[at]).collect()
}

/// The parts of a series in time: training, validation, test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts {
    /// The first steps.
    pub train: Range<usize>,
    /// The steps after them.
    pub validation: Range<usize>,
    /// The last steps.
    pub test: Range<usize>,
}

/// Steps of a series whose windows a model has not seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unseen {
    /// The validation part.
    Validation,
    /// All after the training part.
    HeldOut,
    /// A part of the training part.
    Fold {
        /// Which, from 0.
        at: usize,
        /// Of so many.
        of: usize,
    },
}

/// The least number of training steps beside the horizon.
pub const FEWEST: usize = 8;

impl Parts {
    /// The parts of a series of `steps` steps by their shares, each (if its share is not 0) of
    /// `horizon` steps or more; `None` if it is too short.
    pub fn of(steps: usize, horizon: usize, [validation, test]: [f64; 2]) -> Option<Parts> {
        let first_test = steps.checked_sub(Self::size(steps, horizon, test))?;
        Self::before(first_test, steps, horizon, validation)
    }

    /// The parts of a series whose test part begins at a step.
    pub fn before(first_test: usize, steps: usize, horizon: usize, validation: f64) -> Option<Parts> {
        let validation = Self::size(steps, horizon, validation);
        let train = first_test.checked_sub(validation).filter(|train| *train >= horizon + FEWEST)?;
        Some(Parts { train: 0..train, validation: train..first_test, test: first_test..steps })
    }

    fn size(steps: usize, horizon: usize, share: f64) -> usize {
        if share == 0.0 { 0 } else { ((steps as f64 * share).round() as usize).max(horizon) }
    }

    /// The steps that a model has not seen.
    pub fn unseen(&self, which: Unseen) -> Range<usize> {
        let edge = |at: usize, of: usize| self.train.start + self.train.len() * at / of;
        match which {
            Unseen::Validation => self.validation.clone(),
            Unseen::HeldOut => self.validation.start..self.test.end,
            Unseen::Fold { at, of } => edge(at, of)..edge(at + 1, of),
        }
    }

    /// The halves of the validation part.
    pub fn validation_halves(&self) -> [Range<usize>; 2] {
        let Range { start, end } = self.validation;
        let middle = start + (end - start) / 2;
        [start..middle, middle..end]
    }

    /// The fewest steps of a series for this horizon.
    pub fn fewest(horizon: usize, shares: [f64; 2]) -> usize {
        (horizon..).find(|&steps| Parts::of(steps, horizon, shares).is_some()).unwrap_or(usize::MAX)
    }
}

/// Mean and deviation of the observed numbers of some steps; a deviation of 0 if all are equal.
pub fn spread(values: &[f64]) -> f64 {
    let observed = || values.iter().filter(|x| !x.is_nan());
    let count = observed().count().max(1) as f64;
    let mean = observed().sum::<f64>() / count;
    let variance = observed().map(|x| (x - mean) * (x - mean)).sum::<f64>() / count;
    // Rounding leaves a trace of a large constant.
    if variance.sqrt() > 1e-12 * mean.abs() { variance.sqrt() } else { 0.0 }
}

/// The mean absolute difference of observed numbers a season apart: the scale of MASE (Hyndman and
/// Koehler 2006); NaN if no two are.
pub fn naive_error(values: &[f64], season: usize) -> f64 {
    let pairs = values.iter().zip(values.iter().skip(season)).map(|(a, b)| (a - b).abs());
    let (count, sum) =
        pairs.filter(|x| !x.is_nan()).fold((0.0, 0.0), |(count, sum), error| (count + 1.0, sum + error));
    if count > 0.0 { sum / count } else { f64::NAN }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn gaps_are_filled_and_long_ones_are_no_targets() {
        let nan = f64::NAN;
        let short = Filled::of(&[nan, 1.0, nan, 3.0, nan]).unwrap();
        assert_eq!(short.values, [1.0, 1.0, 2.0, 3.0, 3.0]);
        assert_eq!(short.in_gap, [true, false, false, false, true]);
        let long = Filled::of(&[&[0.0], &[nan; 7][..], &[8.0]].concat()).unwrap();
        assert_eq!(long.values[4], 4.0);
        assert!(long.in_gap[1..8].iter().all(|gap| *gap));
        assert!(Filled::of(&[nan, nan]).is_none());
        assert_eq!(short.before(2, 4), [1.0, 1.0, 1.0, 1.0]);
        assert_eq!(short.before(5, 3), [2.0, 3.0, 3.0]);
    }

    #[test]
    fn targets_of_a_part_lie_within_it() {
        let whole = Filled::of(&[1.0; 20]).unwrap();
        // Windows may reach into the part before; 12 is the last step whose 3 targets end at 15.
        let runs = |part: Range<usize>| whole.origins(&part, 4, 3);
        assert_eq!((runs(10..15).len(), &runs(10..15)[0]), (1, &(10..13)));
        assert_eq!((runs(0..15).len(), &runs(0..15)[0]), (1, &(4..13)));
        assert!(runs(10..12).is_empty());
        let mut holed = whole;
        holed.in_gap[8] = true;
        assert_eq!(holed.origins(&(0..15), 4, 3), [4..6, 9..13]);
    }

    #[test]
    fn drawn_windows_are_of_all_weekdays() {
        let days: Vec<usize> = (0..700).collect();
        assert_eq!(drawn_windows(days.clone(), 700, WindowsFor::Effect, 0), days);
        let drawn = |part: usize| drawn_windows(days.clone(), 100, WindowsFor::Effect, part);
        assert!(drawn(0).len() == 100 && drawn(0).is_sorted() && drawn(0) == drawn(0));
        assert_ne!(drawn(0), drawn(1));
        let of_day = |day: usize| drawn(0).iter().filter(|at| *at % 7 == day).count();
        assert!((0..7).all(|day| (5..25).contains(&of_day(day))), "{:?}", drawn(0));
    }

    #[test]
    fn parts_hold_the_horizon() {
        let parts = Parts::of(14_400, 96, [0.2, 0.2]).unwrap();
        assert_eq!((parts.train.end, parts.validation.end, parts.test.end), (8640, 11_520, 14_400));
        let short = Parts::of(60, 14, [0.1, 0.1]).unwrap();
        assert_eq!((short.train, short.validation, short.test), (0..32, 32..46, 46..60));
        assert!(Parts::of(40, 14, [0.1, 0.1]).is_none());
        assert_eq!(Parts::fewest(14, [0.1, 0.1]), 50);
        assert_eq!(Parts::of(30, 5, [0.0, 0.0]).unwrap().train, 0..30);
        let dated = Parts::before(80, 100, 5, 0.2).unwrap();
        assert_eq!([0, 4].map(|at| dated.unseen(Unseen::Fold { at, of: 5 })), [0..12, 48..60]);
        assert_eq!([Unseen::Validation, Unseen::HeldOut].map(|which| dated.unseen(which)), [60..80, 60..100]);
        assert_eq!((dated.train, dated.validation, dated.test), (0..60, 60..80, 80..100));
        assert!(Parts::before(30, 100, 5, 0.2).is_none());
    }

    #[test]
    fn scales_by_hand() {
        assert_eq!(spread(&[1.0, f64::NAN, 3.0]), 1.0);
        assert_eq!(spread(&[0.1, 0.1, 0.1]), 0.0);
        assert_eq!(naive_error(&[1.0, 2.0, 4.0, f64::NAN], 1), 1.5);
        assert!(naive_error(&[1.0], 1).is_nan());
    }
}
