//! What is known of every step of a series, past and to come: the calendar and known columns.

use std::f64::consts::TAU;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::data::{Cycle, KeyTime, KnownRows, Series, SeriesSchema};
use crate::stats::elementary::double::sin_cos;

/// Waves of a cycle, at most: a week in steps of two hours.
const MOST_WAVES: [(Cycle, usize); 3] = [(Cycle::Day, 6), (Cycle::Week, 40), (Cycle::Year, 6)];
/// Waves of a year of more than 12 steps, at most: days of one year say little of those of another.
const WAVES_OF_DAYS: usize = 3;
/// Rounding of phases and of the length of a cycle.
const ROUNDING: f64 = 1e-9;
/// Waves that a known column is multiplied with, and regressors that this may give, at most.
const MOST_PRODUCTS: (usize, usize) = (6, 96);

/// Regressors that a forecast uses together, or not at all.
///
/// The waves of a cycle are sin 2πkφ and cos 2πkφ, k = 1, 2, …, of the phase φ of the local time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Regressors {
    /// Waves of a cycle.
    Calendar {
        /// The cycle.
        cycle: Cycle,
        /// The number of waves.
        waves: usize,
    },
    /// A known column, by its number.
    Known {
        /// Its number.
        column: usize,
    },
    /// A known column, multiplied with 1 and with the waves of a cycle: a holiday by time of day.
    KnownBy {
        /// Its number.
        column: usize,
        /// The cycle.
        cycle: Cycle,
        /// The number of waves.
        waves: usize,
    },
}

/// What is known of the steps of a series.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct KnownSteps {
    /// The number of steps.
    steps: usize,
    /// The phase of each step in each [cycle](Cycle::ALL); empty if the key is of plain numbers.
    phases: Vec<[f64; 3]>,
    /// Known columns × their regressors × steps; never NaN.
    columns: Vec<Vec<Vec<f64>>>,
}

impl KnownSteps {
    /// Of the steps of a series. A step without a row has the cells of the one before it, or 0.
    pub fn of(schema: &SeriesSchema, series: &Series) -> Self {
        let mut known = KnownSteps { steps: series.len(), ..KnownSteps::default() };
        known.add_phases(schema, series, series.len());
        let mut regressors = series.known.iter();
        for column in &schema.known {
            let carried = |cells: &Vec<f64>| -> Vec<f64> {
                let mut last = 0.0;
                let next = |x: &f64| {
                    last = if x.is_nan() { last } else { *x };
                    last
                };
                cells.iter().map(next).collect()
            };
            known.columns.push(regressors.by_ref().take(column.width()).map(carried).collect());
        }
        known
    }

    /// Adds the steps up to `steps`, with the known values of `rows`; up to `until`, those of the
    /// `needed` columns must be there.
    ///
    /// # Errors
    /// The times without them.
    pub fn extend(
        &mut self,
        schema: &SeriesSchema,
        series: &Series,
        (until, steps): (usize, usize),
        rows: Option<&KnownRows>,
        needed: &[usize],
    ) -> std::result::Result<(), Vec<KeyTime>> {
        self.add_phases(schema, series, steps);
        self.steps = steps;
        let mut lacking = vec![];
        for step in series.len()..steps {
            let time = match &schema.key {
                Some(key) => key.at(&series.times, step),
                None => KeyTime::of_number((step + 1 - series.len()) as f64),
            };
            let given = rows.and_then(|rows| rows.at(series.name.as_deref(), time));
            let (mut first, mut whole) = (0, true);
            for (at, column) in self.columns.iter_mut().enumerate() {
                for (k, numbers) in column.iter_mut().enumerate() {
                    let found = given.map(|values| values[first + k]).filter(|x| !x.is_nan());
                    whole &= found.is_some() || schema.known[at].fixed || !needed.contains(&at);
                    numbers.push(found.or(numbers.last().copied()).unwrap_or(0.0));
                }
                first += column.len();
            }
            if !whole && step < until {
                lacking.push(time);
            }
        }
        if lacking.is_empty() { Ok(()) } else { Err(lacking) }
    }

    fn add_phases(&mut self, schema: &SeriesSchema, series: &Series, steps: usize) {
        let Some(key) = schema.key.as_ref().filter(|key| key.format.is_some()) else { return };
        for step in self.phases.len()..steps {
            let time = key.at(&series.times, step);
            self.phases.push(Cycle::ALL.map(|cycle| key.phase(time, cycle)));
        }
    }
}

impl Regressors {
    /// All that a fit may use, if the longest training part has so many steps: cycles of which it
    /// holds two, and known columns.
    pub fn all(schema: &SeriesSchema, steps: usize) -> Vec<Regressors> {
        let of_cycle = |(cycle, most): (Cycle, usize)| {
            let length =
                schema.key.as_ref()?.steps_in(cycle).filter(|length| 2.0 * length <= steps as f64)?;
            let most = if cycle == Cycle::Year && length > 12.5 { WAVES_OF_DAYS } else { most };
            // Steps cannot tell shorter waves from longer ones.
            let told_apart = (length / 2.0 + ROUNDING).floor() as usize;
            Some((cycle, most.min(told_apart))).filter(|(_, waves)| *waves > 0)
        };
        let cycles: Vec<(Cycle, usize)> = MOST_WAVES.into_iter().filter_map(of_cycle).collect();
        let mut all: Vec<Regressors> =
            cycles.iter().map(|&(cycle, waves)| Regressors::Calendar { cycle, waves }).collect();
        for (column, known) in schema.known.iter().enumerate().filter(|(_, known)| known.width() > 0) {
            // What does not change in time changes no forecast relative to the last value.
            all.extend((!known.fixed).then_some(Regressors::Known { column }));
            let (most, width) = MOST_PRODUCTS;
            let room = (width / known.width()).saturating_sub(1) / 2;
            let cycle = cycles.first().map(|&(cycle, waves)| (cycle, waves.min(most).min(room)));
            all.extend(cycle.filter(|(_, waves)| *waves > 0).map(|(cycle, waves)| Regressors::KnownBy {
                column,
                cycle,
                waves,
            }));
        }
        all
    }

    /// The known column, if it is of one.
    pub fn column(&self) -> Option<usize> {
        match self {
            Regressors::Calendar { .. } => None,
            Regressors::Known { column } | Regressors::KnownBy { column, .. } => Some(*column),
        }
    }

    /// The number of regressors.
    pub fn width(&self, schema: &SeriesSchema) -> usize {
        let known = |column: usize| schema.known.get(column).map_or(0, |known| known.width());
        match self {
            Regressors::Calendar { waves, .. } => waves.saturating_mul(2),
            Regressors::Known { column } => known(*column),
            Regressors::KnownBy { column, waves, .. } => {
                known(*column).saturating_mul(waves.saturating_mul(2).saturating_add(1))
            }
        }
    }

    /// Whether all regressors of another group are among its own.
    pub fn contains(&self, other: &Regressors) -> bool {
        match (self, other) {
            (Regressors::KnownBy { column, .. }, Regressors::Known { column: other }) => column == other,
            _ => self == other,
        }
    }

    /// In words, such as "holiday by time of day".
    pub fn describe(&self, schema: &SeriesSchema) -> String {
        let name = |column: &usize| format!("'{}'", schema.known[*column].name);
        match self {
            Regressors::Calendar { cycle, .. } => cycle.place().into(),
            Regressors::Known { column } => name(column),
            Regressors::KnownBy { column, cycle, .. } => format!("{} by {}", name(column), cycle.place()),
        }
    }

    /// The regressors × these steps.
    pub fn values(&self, known: &KnownSteps, steps: &Range<usize>) -> Vec<Vec<f64>> {
        let cells = |column: usize| known.columns[column].iter().map(|numbers| &numbers[steps.clone()]);
        match self {
            Regressors::Calendar { cycle, waves } => known.waves(*cycle, *waves, steps),
            Regressors::Known { column } => cells(*column).map(<[f64]>::to_vec).collect(),
            Regressors::KnownBy { column, cycle, waves } => {
                let waves = known.waves(*cycle, *waves, steps);
                let mut all: Vec<Vec<f64>> = cells(*column).map(<[f64]>::to_vec).collect();
                for values in cells(*column) {
                    let product = |wave: &Vec<f64>| wave.iter().zip(values).map(|(w, x)| w * x).collect();
                    all.extend(waves.iter().map(product));
                }
                all
            }
        }
    }
}

/// βᵀ f_t: what the regressors f_t of a step add to a column, in deviations of its series.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Effect {
    /// Groups of regressors with their coefficients β.
    pub terms: Vec<(Regressors, Vec<f64>)>,
}

impl Effect {
    /// Whether it is one of series of this schema.
    pub fn fits(&self, schema: &SeriesSchema) -> bool {
        let dated = schema.key.as_ref().is_some_and(|key| key.format.is_some());
        let fits = |(regressors, coefficients): &(Regressors, Vec<f64>)| {
            coefficients.len() == regressors.width(schema)
                && regressors.column().is_none_or(|column| column < schema.known.len())
                && (dated || matches!(regressors, Regressors::Known { .. }))
        };
        self.terms.iter().all(fits)
    }

    /// The effect at each known step.
    pub fn by_step(&self, known: &KnownSteps) -> Vec<f64> {
        let mut sums: Vec<f64> = vec![];
        for (regressors, coefficients) in &self.terms {
            for (values, coefficient) in regressors.values(known, &known.all()).iter().zip(coefficients) {
                sums.resize(values.len(), 0.0);
                sums.iter_mut().zip(values).for_each(|(sum, x)| *sum += coefficient * x);
            }
        }
        sums
    }
}

impl KnownSteps {
    /// All steps.
    pub fn all(&self) -> Range<usize> {
        0..self.steps
    }

    fn waves(&self, cycle: Cycle, waves: usize, steps: &Range<usize>) -> Vec<Vec<f64>> {
        // The sine of a wave of two steps is 0 at each of them, and no regressor.
        let clean = |x: f64| if x.abs() < ROUNDING { 0.0 } else { x };
        let mut all = vec![Vec::with_capacity(steps.len()); 2 * waves];
        for phases in &self.phases[steps.clone()] {
            for k in 1..=waves {
                let (sin, cos) = sin_cos(TAU * k as f64 * phases[cycle as usize]);
                all[2 * k - 2].push(clean(sin));
                all[2 * k - 1].push(clean(cos));
            }
        }
        all
    }
}

/// The regressors that columns use, in words: "time of week, 'holiday' (on flow)"; `None` if none
/// do.
pub fn effects_in_words(schema: &SeriesSchema, effects: &[Effect]) -> Option<String> {
    let mut used: Vec<(String, Vec<&str>)> = vec![];
    for (effect, column) in effects.iter().zip(&schema.columns) {
        for (regressors, _) in &effect.terms {
            let name = regressors.describe(schema);
            match used.iter_mut().find(|(other, _)| *other == name) {
                Some((_, columns)) => columns.push(&column.name),
                None => used.push((name, vec![&column.name])),
            }
        }
    }
    let one = schema.columns.len() == 1;
    let described = |(name, columns): (String, Vec<&str>)| match (one, columns.len() == schema.columns.len())
    {
        (false, false) => format!("{name} (on {})", columns.join(", ")),
        _ => name,
    };
    let used: Vec<String> = used.into_iter().map(described).collect();
    (!used.is_empty()).then(|| used.join(", "))
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::Arc;

    use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray};

    use super::*;
    use crate::data::DataConfig;

    /// A series of so many steps at these times, with a known column of numbers.
    pub fn known(times: impl Iterator<Item = String>) -> (SeriesSchema, KnownSteps) {
        let times: ArrayRef = Arc::new(times.map(Some).collect::<StringArray>());
        let numbers = |of: fn(usize) -> f64| -> ArrayRef {
            Arc::new((0..times.len()).map(of).collect::<Float64Array>())
        };
        let (flow, price) = (numbers(|t| (t * t % 11) as f64 + 0.5), numbers(|t| (t % 5) as f64));
        let columns = [("time", times.clone()), ("flow", flow), ("price", price)];
        let rows = RecordBatch::try_from_iter(columns).unwrap();
        let known = vec!["price".to_string()];
        let config = DataConfig { key: Some("time".into()), known, ..DataConfig::default() };
        let (schema, _) = SeriesSchema::infer("s.csv", &rows, &config).unwrap();
        let series = schema.read("s.csv", &rows).unwrap().series.remove(0);
        let known = KnownSteps::of(&schema, &series);
        (schema, known)
    }

    #[test]
    fn waves_are_those_that_steps_tell_apart() {
        let days = (0..28).map(|day| format!("2023-05-{:02}", day + 1));
        let (schema, _) = known(days);
        let all = Regressors::all(&schema, 28);
        assert_eq!(all[0], Regressors::Calendar { cycle: Cycle::Week, waves: 3 });
        let (schema, steps) = known((0..48).map(|t| format!("{}-{:02}", 2000 + t / 12, t % 12 + 1)));
        let year = Regressors::all(&schema, 48).remove(0);
        assert_eq!(year, Regressors::Calendar { cycle: Cycle::Year, waves: 6 });
        let values = year.values(&steps, &steps.all());
        assert!(values[10].iter().all(|x| *x == 0.0), "a sine of two months: {:?}", values[10]);
        assert!(values[11].iter().all(|x| (x.abs() - 1.0).abs() < 1e-9), "{:?}", values[11]);
    }

    #[test]
    fn some_steps_have_the_regressors_of_all() {
        let (schema, steps) = known((0..72).map(|t| format!("2023-05-{:02} {:02}:00", t / 24 + 1, t % 24)));
        for group in Regressors::all(&schema, 72) {
            let (all, some) = (group.values(&steps, &steps.all()), group.values(&steps, &(20..31)));
            assert_eq!(all.len(), group.width(&schema));
            assert!(all.iter().zip(&some).all(|(all, some)| all[20..31] == some[..]), "{group:?}");
        }
    }
}
