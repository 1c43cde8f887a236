//! Columns that are never below others: learned as their difference from the largest of these.
//!
//! With rules `low <= high`, the column `high` is d = high − max low wherever a cell of a `low` is
//! there, and high itself elsewhere. Both are columns that the model learns in its place, and
//! high = max low + d is drawn, which keeps the rules as d never is negative.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, BooleanArray, Float64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema as ArrowSchema};
use diabolo_stats::elementary::double::powi;
use serde::{Deserialize, Serialize};

use super::part::{cell_values, without_categories};
use super::rules::Rule;
use super::{SHARED_ROWS, cell_texts, typed};
use crate::preprocess::number_column;
use crate::spelling::round_to;
use crate::{Error, Feature, FeatureKind, Result, Spelling, Step, Storage, fill};

/// A column of numbers or dates, and its type in the source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Side {
    column: Feature,
    data_type: String,
}

/// A column that is never below others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    high: Side,
    /// The columns that it is never below, and whether it is always above.
    lows: Vec<(Side, bool)>,
    /// Its smallest and its largest number, which [`SHARED_ROWS`] rows reach; `None` for so few
    /// numbers that no two ends have as many.
    range: Option<[f64; 2]>,
    /// What the source writes where it is missing; `None` for nothing.
    missing: Option<String>,
    /// The name of the column of differences.
    pub(super) difference: String,
    /// The name of the column of its numbers in rows where the others are missing, if there are
    /// such rows.
    pub(super) alone: Option<String>,
}

/// The columns of rules, each after those that it is not below.
///
/// # Errors
/// [`Error::Data`] for columns that cannot be compared; [`Error::InvalidValue`] for rules that
/// contradict each other.
pub(super) fn orders(
    input: &str,
    rows: &RecordBatch,
    features: &[Feature],
    rules: &[Rule],
) -> Result<Vec<Order>> {
    let mut lows: Vec<(&str, Vec<&Rule>)> = vec![];
    for rule in rules {
        match lows.iter_mut().find(|(high, _)| *high == rule.high) {
            Some((_, rules)) => rules.push(rule),
            None => lows.push((&rule.high, vec![rule])),
        }
    }
    let mut orders = vec![];
    while !lows.is_empty() {
        let is_ready = |(_, rules): &(&str, Vec<&Rule>)| {
            rules.iter().all(|rule| lows.iter().all(|(high, _)| *high != rule.low))
        };
        let Some(at) = lows.iter().position(is_ready) else {
            let found = rules.iter().map(Rule::to_string).collect::<Vec<_>>().join(", ");
            return Err(Error::invalid_value("--require", "rules without a circle", found));
        };
        let (_, rules) = lows.remove(at);
        orders.push(Order::fit(input, rows, features, &rules)?);
    }
    Ok(orders)
}

impl Order {
    fn fit(input: &str, rows: &RecordBatch, features: &[Feature], rules: &[&Rule]) -> Result<Self> {
        let side = |feature: &Feature| Side {
            column: without_categories(feature.clone()),
            data_type: rows
                .column_by_name(&feature.name)
                .map_or(DataType::Null, |a| a.data_type().clone())
                .to_string(),
        };
        let mut lows = vec![];
        let mut high = None;
        for rule in rules {
            let [low, above] = rule.sides(input, features)?;
            lows.push((side(low), rule.strict));
            high = Some(side(above));
        }
        let high = high.ok_or_else(|| Error::internal("an order without rules"))?;
        let below = rules.iter().map(|rule| rule.low.as_str()).collect::<Vec<_>>().join(", ");
        let schema = rows.schema();
        let free = |mut name: String| {
            while schema.column_with_name(&name).is_some() {
                name.push('\'');
            }
            name
        };
        let difference = free(format!("{} - {below}", high.column.name));
        let alone = free(format!("{} without {below}", high.column.name));
        let mut order = Order { high, lows, range: None, missing: None, difference, alone: Some(alone) };
        order.missing = order.missing_text(input, rows)?;
        if order.split(input, rows)?.1.iter().all(|x| x.is_nan()) {
            order.alone = None;
        }
        let mut known = order.high.values(input, rows)?;
        known.retain(|x| !x.is_nan());
        known.sort_by(f64::total_cmp);
        let spare = SHARED_ROWS - 1;
        if known.len() > 2 * spare {
            order.range = Some([known[spare], known[known.len() - 1 - spare]]);
        }
        Ok(order)
    }

    /// The name of the column.
    pub fn name(&self) -> &str {
        &self.high.column.name
    }

    /// The column.
    pub(super) fn feature(&self) -> &Feature {
        &self.high.column
    }

    /// The names of the columns that it is never below.
    pub(super) fn lows(&self) -> impl Iterator<Item = &str> {
        self.lows.iter().map(|(low, _)| low.column.name.as_str())
    }

    /// What the source writes where it is missing; `None` for nothing.
    pub fn missing(&self) -> Option<&str> {
        self.missing.as_deref()
    }

    /// A text as a number of the column, or seconds since 1970.
    pub fn number(&self, text: &str) -> Option<f64> {
        let array: ArrayRef = Arc::new(StringArray::from(vec![text]));
        let found = cell_values("value", &self.high.column, &array).ok()?;
        found.first().copied().filter(|x| !x.is_nan())
    }

    /// The most frequent text of missing cells, if rows share it.
    fn missing_text(&self, input: &str, rows: &RecordBatch) -> Result<Option<String>> {
        let values = self.high.values(input, rows)?;
        let texts = rows.column_by_name(self.name()).map(cell_texts);
        let mut counts: HashMap<String, usize> = HashMap::new();
        let cells = texts.iter().flat_map(|texts| texts.iter().zip(&values));
        for text in cells.filter(|(_, x)| x.is_nan()).filter_map(|(text, _)| text) {
            *counts.entry(text.to_string()).or_default() += 1;
        }
        let most = counts.into_iter().max_by(|a, b| a.1.cmp(&b.1).then_with(|| b.0.cmp(&a.0)));
        Ok(most.filter(|(_, count)| *count >= SHARED_ROWS).map(|(text, _)| text))
    }

    /// The difference from the largest cell of the other columns, and the column's own numbers
    /// where all others are missing; NaN for missing cells.
    fn split(&self, input: &str, rows: &RecordBatch) -> Result<(Vec<f64>, Vec<f64>)> {
        let mut base = vec![f64::NAN; rows.num_rows()];
        for (low, _) in &self.lows {
            base.iter_mut().zip(low.values(input, rows)?).for_each(|(base, x)| *base = base.max(x));
        }
        let high = self.high.values(input, rows)?;
        let decimals = self.decimals();
        let difference = |(high, base): (&f64, &f64)| {
            let d = high - base;
            decimals.and_then(|decimals| round_to(d, decimals)).unwrap_or(d)
        };
        let differences = high.iter().zip(&base).map(difference).collect();
        let alone = high.iter().zip(&base).map(|(x, base)| if base.is_nan() { *x } else { f64::NAN });
        Ok((differences, alone.collect()))
    }

    /// The decimals of a difference.
    fn decimals(&self) -> Option<u8> {
        let all = self.lows.iter().map(|(low, _)| low).chain([&self.high]);
        let of = |side: &Side| match (&side.column.kind, side.column.storage) {
            (FeatureKind::Datetime { step: Step::Microseconds(_), .. }, _) => Some(6),
            (FeatureKind::Datetime { .. }, _) | (_, Storage::Integer) => Some(0),
            _ => side.column.spelling.decimals,
        };
        all.map(of).reduce(|a, b| Some(a?.max(b?))).flatten()
    }

    /// The columns that take this one's place, which the model learns.
    pub(super) fn features(&self) -> Vec<Feature> {
        let decimals = self.decimals();
        let spelling = Spelling { decimals, ..Spelling::default() };
        let storage = if decimals == Some(0) { Storage::Integer } else { Storage::Float };
        let name = self.difference.clone();
        let difference = Feature { name, kind: FeatureKind::Numeric, storage, spelling };
        let alone = self.alone.clone().map(|name| Feature { name, ..difference.clone() });
        [difference].into_iter().chain(alone).collect()
    }

    /// The rows with these columns.
    pub(super) fn with_differences(&self, input: &str, rows: &RecordBatch) -> Result<RecordBatch> {
        let (differences, alone) = self.split(input, rows)?;
        let schema = rows.schema();
        let mut fields: Vec<Field> = schema.fields().iter().map(|field| field.as_ref().clone()).collect();
        let mut columns = rows.columns().to_vec();
        for (name, numbers) in [(Some(&self.difference), differences), (self.alone.as_ref(), alone)] {
            let Some(name) = name else { continue };
            let cells = numbers.into_iter().map(|x| (!x.is_nan()).then_some(x));
            fields.push(Field::new(name, DataType::Float64, true));
            columns.push(Arc::new(cells.collect::<Float64Array>()));
        }
        RecordBatch::try_new(Arc::new(ArrowSchema::new(fields)), columns)
            .map_err(|cause| Error::internal(cause.to_string()))
    }

    /// The numbers of the column, from those of the others, of differences, and where the others
    /// are missing; NaN for missing cells.
    pub(super) fn numbers(&self, lows: &[Vec<f64>], differences: &[f64], alone: &[f64]) -> Vec<f64> {
        let types: Vec<DataType> = self.lows.iter().map(|(low, _)| low.data_type()).collect();
        let own = self.high.data_type();
        let number = |row: usize| {
            let written = lows.iter().zip(&self.lows).zip(&types);
            let below: Vec<(f64, bool)> = written
                .map(|((numbers, (low, strict)), data_type)| (low.written(data_type, numbers[row]), *strict))
                .filter(|(x, _)| !x.is_nan())
                .collect();
            let base = below.iter().fold(f64::NAN, |base, (x, _)| base.max(*x));
            let x = if below.is_empty() { alone[row] } else { base + differences[row] };
            match x.is_nan() {
                true => x,
                false => {
                    let x = self.range.map_or(x, |[least, most]| x.clamp(least, most));
                    self.above(&below, x, &own)
                }
            }
        };
        (0..differences.len()).map(number).collect()
    }

    /// The number as the column writes it, or the next one that keeps the rules.
    fn above(&self, below: &[(f64, bool)], x: f64, data_type: &DataType) -> f64 {
        let keeps = |x: f64| below.iter().all(|(low, strict)| *low < x || !strict && *low == x);
        let base = below.iter().fold(f64::NAN, |base, (x, _)| base.max(*x));
        let unit = self.high.unit(base);
        // Half a unit is rounded up, or a whole one is.
        let steps = (0..32).map(|k| base + 0.5 * unit * f64::from(1u32 << k));
        let mut candidates = [x, base].into_iter().chain(steps).map(|x| self.high.written(data_type, x));
        candidates.find(|x| keeps(*x)).unwrap_or(f64::NAN)
    }

    /// The column of these numbers in the type of the source.
    pub(super) fn decode(&self, wanted: &DataType, numbers: &[f64]) -> Result<ArrayRef> {
        let texts: StringArray =
            numbers.iter().map(|x| self.missing.as_deref().filter(|_| x.is_nan())).collect();
        let given = typed(&(Arc::new(texts) as ArrayRef), wanted)?;
        let feature = &self.high.column;
        let (field, made) = number_column(feature, numbers.iter().copied());
        let gaps: BooleanArray = numbers.iter().map(|x| Some(!x.is_nan())).collect();
        fill(&given, &gaps, feature, &field, &made).map_err(|cause| Error::internal(cause.to_string()))
    }

    pub(super) fn is_consistent(&self) -> bool {
        let is_range = |[least, most]: [f64; 2]| least.is_finite() && most.is_finite() && least <= most;
        !self.lows.is_empty() && self.range.is_none_or(is_range)
    }
}

impl Side {
    fn values(&self, input: &str, rows: &RecordBatch) -> Result<Vec<f64>> {
        let name = &self.column.name;
        let array = rows.column_by_name(name).ok_or_else(|| {
            Error::data(input, format!("the column '{name}'"), "none", "give a table that has it")
        })?;
        cell_values(input, &self.column, array)
    }

    fn data_type(&self) -> DataType {
        self.data_type.parse().unwrap_or(DataType::Null)
    }

    /// The number that a reader finds where this one is written.
    fn written(&self, data_type: &DataType, x: f64) -> f64 {
        if let FeatureKind::Datetime { step, offset, .. } = &self.column.kind {
            return step.round(x + f64::from(*offset)) - f64::from(*offset);
        }
        let rounded = self.column.spelling.rounded(x);
        let is_count = self.column.kind == FeatureKind::Count;
        match data_type {
            _ if is_count => rounded.round().max(0.0),
            _ if self.column.storage == Storage::Integer => rounded.round(),
            DataType::Float16 | DataType::Float32 => f64::from(rounded as f32),
            _ => rounded,
        }
    }

    /// The difference of neighbouring numbers near x.
    fn unit(&self, x: f64) -> f64 {
        const DAY: f64 = 86_400.0;
        match (&self.column.kind, self.column.storage) {
            (FeatureKind::Datetime { step, .. }, _) => match *step {
                Step::Months(months) => 31.0 * DAY * f64::from(months),
                Step::Day => DAY,
                Step::Seconds(seconds) => f64::from(seconds),
                Step::Microseconds(units) => 1e-6 * f64::from(units),
            },
            (FeatureKind::Count, _) | (_, Storage::Integer) => 1.0,
            _ => match self.column.spelling.decimals {
                Some(decimals) => powi(10.0, -i32::from(decimals)),
                None => f64::from(f32::EPSILON) * x.abs().max(f64::from(f32::MIN_POSITIVE)),
            },
        }
    }
}

#[cfg(test)]
mod tests;
