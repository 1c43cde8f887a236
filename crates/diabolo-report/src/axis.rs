//! One axis of a plot: its range, its ticks and their labels.

use crate::number::{fixed, number};

/// Beyond this a range would overflow; such values count as not finite.
const LARGEST: f64 = 1e300;

/// A linear or logarithmic axis with ticks at round numbers.
#[derive(Debug, Clone)]
pub(crate) struct Axis {
    min: f64,
    max: f64,
    /// Whether positions are proportional to the logarithm of the value.
    pub log: bool,
    /// Values with a tick, ascending, all within the range.
    pub ticks: Vec<f64>,
    decimals: Option<usize>,
}

/// Whether a value can be drawn.
pub(crate) fn drawable(value: f64) -> bool {
    value.abs() < LARGEST
}

/// Smallest and largest drawable value.
pub(crate) fn range(values: impl IntoIterator<Item = f64>) -> Option<(f64, f64)> {
    values.into_iter().filter(|&v| drawable(v)).fold(None, |found, v| {
        found.map_or(Some((v, v)), |(low, high): (f64, f64)| Some((low.min(v), high.max(v))))
    })
}

impl Axis {
    /// A linear axis that covers the range, ending at ticks.
    pub fn linear(min: f64, max: f64, count: usize) -> Self {
        let (min, max) = widen(min, max);
        let step = round_step((max - min) / count as f64);
        let (first, last) = ((min / step + 1e-9).floor(), (max / step - 1e-9).ceil());
        Axis::at_multiples(step, first, last, first * step, last * step)
    }

    /// A linear axis that ends where the data ends, with a small margin.
    pub fn tight(min: f64, max: f64, count: usize) -> Self {
        let (min, max) = widen(min, max);
        let margin = 0.03 * (max - min);
        let (min, max) = (min - margin, max + margin);
        let step = round_step((max - min) / count as f64);
        Axis::at_multiples(step, (min / step).ceil(), (max / step).floor(), min, max)
    }

    /// An axis of whole numbers, such as epochs, from `first` to `last`.
    pub fn counting(first: f64, last: f64, count: usize) -> Self {
        if last <= first {
            return Axis {
                min: first - 1.0,
                max: first + 1.0,
                log: false,
                ticks: vec![first],
                decimals: Some(0),
            };
        }
        let step = round_step((last - first) / count as f64).max(1.0);
        let mut axis = Axis::at_multiples(step, (first / step).ceil(), (last / step).floor(), first, last);
        // The first epoch is always marked, unless the next tick would crowd it.
        if axis.ticks.first().is_none_or(|&t| t - first > 0.5 * step) {
            axis.ticks.insert(0, first);
        }
        axis
    }

    /// A logarithmic axis; both ends must be positive.
    pub fn logarithmic(min: f64, max: f64) -> Self {
        let (low, high) = (min.log10().floor() as i32, max.log10().ceil() as i32);
        let decades = (high - low).max(1);
        let factors: &[f64] = if decades <= 2 { &[1.0, 2.0, 5.0] } else { &[1.0] };
        let stride = (decades as usize).div_ceil(6);
        let all: Vec<f64> = (low..=high.max(low + 1))
            .step_by(stride)
            .flat_map(|e| factors.iter().map(move |f| f * 10f64.powi(e)))
            .collect();
        let start = all.iter().rev().find(|&&t| t <= min * 1.000001).copied().unwrap_or(min);
        let end = all.iter().find(|&&t| t >= max * 0.999999).copied().unwrap_or(max);
        let ticks = all.into_iter().filter(|t| (start..=end).contains(t)).collect();
        Axis { min: start, max: end.max(start * 1.1), log: true, ticks, decimals: None }
    }

    /// A logarithmic axis that ends where the data ends, with a small margin; both ends must be
    /// positive.
    pub fn tight_logarithmic(min: f64, max: f64) -> Self {
        let mut axis = Axis::logarithmic(min, max);
        let margin = (max / min).powf(0.03).max(1.05);
        (axis.min, axis.max) = (min / margin, max * margin);
        axis.ticks.retain(|t| (axis.min..=axis.max).contains(t));
        axis
    }

    fn at_multiples(step: f64, first: f64, last: f64, min: f64, max: f64) -> Self {
        let ticks =
            (0..=(last - first).clamp(0.0, 50.0) as usize).map(|i| (first + i as f64) * step).collect();
        let decimals = (-(step.log10() + 1e-9).floor()).max(0.0) as usize;
        let plain = min.abs().max(max.abs()) < 1e7 && decimals <= 5;
        Axis { min, max, log: false, ticks, decimals: plain.then_some(decimals) }
    }

    /// Where a value lies: 0 at the start of the axis, 1 at its end.
    pub fn position(&self, value: f64) -> f64 {
        let device = |v: f64| if self.log { v.max(1e-300).log10() } else { v };
        (device(value) - device(self.min)) / (device(self.max) - device(self.min))
    }

    /// The text of a tick.
    pub fn label(&self, tick: f64) -> String {
        match self.decimals {
            Some(decimals) => fixed(tick, decimals),
            None => number(tick),
        }
    }
}

/// A range of some width around values that may all be the same.
fn widen(min: f64, max: f64) -> (f64, f64) {
    let size = min.abs().max(max.abs());
    if max - min > 1e-9 * size {
        (min, max)
    } else if size == 0.0 {
        (-1.0, 1.0)
    } else {
        (min - 0.1 * size, max + 0.1 * size)
    }
}

/// The next of 1, 2, 5 × 10ᵏ.
fn round_step(raw: f64) -> f64 {
    let unit = 10f64.powf(raw.log10().floor());
    let factor = [1.0, 2.0, 5.0].into_iter().find(|f| raw <= f * unit * 1.000001).unwrap_or(10.0);
    factor * unit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_cover_the_range() {
        let axis = Axis::linear(53.2, 97.9, 4);
        assert_eq!(axis.ticks, [40.0, 60.0, 80.0, 100.0]);
        assert!(axis.position(53.2) > 0.0 && axis.position(97.9) < 1.0);
        let small = Axis::linear(0.012, 0.047, 4);
        assert_eq!(
            small.ticks.iter().map(|&t| small.label(t)).collect::<Vec<_>>(),
            ["0.01", "0.02", "0.03", "0.04", "0.05"]
        );
    }

    #[test]
    fn a_log_axis_has_ticks_within_and_around_the_data() {
        let axis = Axis::logarithmic(0.3, 480.0);
        assert_eq!(axis.ticks, [0.1, 1.0, 10.0, 100.0, 1000.0]);
        assert!((axis.position(10.0) - 0.5).abs() < 1e-9);
    }

    #[test]
    fn odd_ranges_still_make_an_axis() {
        for axis in [
            Axis::linear(3.0, 3.0, 4),
            Axis::linear(0.0, 0.0, 4),
            Axis::linear(-1e299, 1e299, 4),
            Axis::tight(1e-12, 2e-12, 4),
            Axis::counting(1.0, 1.0, 5),
            Axis::counting(1.0, 300.0, 5),
            Axis::logarithmic(1e-8, 1e9),
            Axis::logarithmic(1.0, 1.0),
            Axis::tight_logarithmic(0.04, 12.0),
            Axis::tight_logarithmic(1.0, 1.0),
        ] {
            assert!((1..=60).contains(&axis.ticks.len()), "{axis:?}");
            assert!(axis.ticks.iter().all(|&t| axis.position(t).is_finite()), "{axis:?}");
        }
    }

    #[test]
    fn nothing_drawable_has_no_range() {
        assert_eq!(range([f64::NAN, f64::INFINITY]), None);
        assert_eq!(range([f64::NAN, 2.0, -1.0]), Some((-1.0, 2.0)));
    }
}
