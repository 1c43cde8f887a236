//! What is known of every step of a series, past and to come: the calendar and known columns.

use std::f64::consts::TAU;

use serde::{Deserialize, Serialize};

use crate::data::{Cycle, KeyTime, KnownRows, Series, SeriesSchema};
use crate::stats::elementary::double::sin_cos;

/// Waves of a cycle, at most: a week in steps of two hours.
const MOST_WAVES: [(Cycle, usize); 3] = [(Cycle::Day, 6), (Cycle::Week, 40), (Cycle::Year, 6)];
/// Waves of a year of more than 12 steps, at most: days of one year say little of those of another.
const WAVES_OF_DAYS: usize = 3;
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
    /// The phase of each step in each [cycle](Cycle::ALL); empty if the key is of plain numbers.
    phases: Vec<[f64; 3]>,
    /// Known columns × their regressors × steps; never NaN.
    columns: Vec<Vec<Vec<f64>>>,
}

impl KnownSteps {
    /// Of the steps of a series. A missing cell stands for the one before it, or for 0.
    pub fn of(schema: &SeriesSchema, series: &Series) -> Self {
        let mut known = KnownSteps::default();
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
            Some((cycle, most.min((length / 2.0).ceil() as usize)))
        };
        let cycles: Vec<(Cycle, usize)> = MOST_WAVES.into_iter().filter_map(of_cycle).collect();
        let mut all: Vec<Regressors> =
            cycles.iter().map(|&(cycle, waves)| Regressors::Calendar { cycle, waves }).collect();
        for (column, known) in schema.known.iter().enumerate() {
            // What does not change in time changes no forecast relative to the last value.
            all.extend((!known.fixed).then_some(Regressors::Known { column }));
            let (most, width) = MOST_PRODUCTS;
            let room = (width / known.width().max(1)).saturating_sub(1) / 2;
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

    /// In words, such as "holiday by time of day".
    pub fn describe(&self, schema: &SeriesSchema) -> String {
        let name = |column: &usize| format!("'{}'", schema.known[*column].name);
        match self {
            Regressors::Calendar { cycle, .. } => cycle.place().into(),
            Regressors::Known { column } => name(column),
            Regressors::KnownBy { column, cycle, .. } => format!("{} by {}", name(column), cycle.place()),
        }
    }

    /// The regressors × steps.
    pub fn values(&self, known: &KnownSteps) -> Vec<Vec<f64>> {
        match self {
            Regressors::Calendar { cycle, waves } => known.waves(*cycle, *waves),
            Regressors::Known { column } => known.columns[*column].clone(),
            Regressors::KnownBy { column, cycle, waves } => {
                let waves = known.waves(*cycle, *waves);
                let mut all = known.columns[*column].clone();
                for values in &known.columns[*column] {
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
            for (values, coefficient) in regressors.values(known).iter().zip(coefficients) {
                sums.resize(values.len(), 0.0);
                sums.iter_mut().zip(values).for_each(|(sum, x)| *sum += coefficient * x);
            }
        }
        sums
    }
}

impl KnownSteps {
    fn waves(&self, cycle: Cycle, waves: usize) -> Vec<Vec<f64>> {
        let mut all = vec![Vec::with_capacity(self.phases.len()); 2 * waves];
        for phases in &self.phases {
            for k in 1..=waves {
                let (sin, cos) = sin_cos(TAU * k as f64 * phases[cycle as usize]);
                all[2 * k - 2].push(sin);
                all[2 * k - 1].push(cos);
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
