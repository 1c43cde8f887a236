#![allow(clippy::unwrap_used)]
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch};

use super::*;
use crate::data::{InferOptions, PreprocessConfig, TypeName, infer};

const DECILES: [f64; 9] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];

/// The description of a column of `old` numbers that became `new`.
fn described(old: &[f64], new: &[f64]) -> String {
    let whole = old.iter().all(|x| x.is_nan() || x.fract() == 0.0);
    let column = |values: &[f64]| -> ArrayRef {
        let cells = values.iter().map(|&x| (!x.is_nan()).then_some(x));
        match whole {
            true => Arc::new(cells.map(|x| x.map(|x| x as i64)).collect::<Int64Array>()),
            false => Arc::new(cells.collect::<Float64Array>()),
        }
    };
    let rows =
        |values: &[f64]| RecordBatch::try_from_iter_with_nullable([("x", column(values), true)]).unwrap();
    let numeric = InferOptions { types: [("x".into(), TypeName::Numeric)].into(), ..InferOptions::default() };
    let schema = infer("t", &rows(old), &numeric).unwrap().schema;
    let all: Vec<usize> = (0..old.len()).collect();
    let (fitted, _) = Preprocessor::fit("t", schema, &rows(old), &all, &PreprocessConfig::default()).unwrap();
    let encoded = |values: &[f64]| -> Vec<f32> {
        let encoded = fitted.encode("t", &rows(values), 0).unwrap();
        (0..encoded.rows)
            .map(|i| if encoded.has(i, &(0..1)) { encoded.values[i] } else { f32::NAN })
            .collect()
    };
    let bins = Histogram::of_numbers(&encoded(old), &DECILES);
    let counted = |values: &[f64]| {
        let mut found = bins.emptied();
        encoded(values).into_iter().for_each(|value| found.add(value));
        found
    };
    let thing = Variable::Column(0, &fitted.schema.features[0], fitted.levels(0));
    words(&fitted, &thing, &counted(old), &counted(new)).unwrap()
}

fn numbers(from: i32, to: i32) -> Vec<f64> {
    (from..=to).map(f64::from).collect()
}

#[test]
fn shifts_are_described_by_medians_in_the_units_of_the_column() {
    let old = numbers(1, 100);
    assert_eq!(described(&old, &numbers(26, 125)), "higher, median 50 → about 75");
    assert_eq!(described(&old, &numbers(91, 190)), "higher, median 50 → above 90");
    assert_eq!(described(&old, &numbers(-300, 5)), "lower, median 50 → below 10");
    let halves = |values: Vec<f64>| values.into_iter().map(|x| x / 2.0 + 0.25).collect::<Vec<_>>();
    assert_eq!(described(&halves(old), &halves(numbers(26, 125))), "higher, median 25.25 → about 37.75");
}

#[test]
fn changes_of_shape_are_described_by_fractions() {
    let old = numbers(1, 100);
    assert_eq!(
        described(&old, &[numbers(1, 30), numbers(71, 100)].concat()),
        "wider, 40 % → 67 % of rows outside 20 to 80"
    );
    assert_eq!(described(&old, &numbers(31, 70)), "narrower, 40 % → 0 % of rows outside 20 to 80");
    let gap = [numbers(1, 45), numbers(31, 40), numbers(51, 100)].concat();
    assert_eq!(described(&old, &gap), "changed, 10 % → 19 % of rows from 30 to 40");
}

#[test]
fn frequent_values_and_constants() {
    let zeros = |n: usize| vec![0.0; n];
    let mostly = [zeros(95), numbers(1, 5)].concat();
    assert_eq!(
        described(&mostly, &[zeros(60), numbers(1, 40)].concat()),
        "higher, 5 % → 40 % of rows above 0"
    );
    assert_eq!(described(&zeros(50), &[9.0; 50]), "higher, 0 % → 100 % of rows above 0");
    assert_eq!(
        described(&[zeros(50), numbers(1, 50)].concat(), &numbers(1, 50)),
        "higher, median 0 → about 25"
    );
}

#[test]
fn missing_cells_are_described_with_or_without_the_values() {
    let old = numbers(1, 200);
    let half = |values: Vec<f64>| values.into_iter().map(|x| if x % 2.0 == 0.0 { f64::NAN } else { x });
    assert_eq!(described(&old, &half(old.clone()).collect::<Vec<_>>()), "missing 0 % → 50 %");
    let both: Vec<f64> = half(numbers(51, 250)).collect();
    assert_eq!(described(&old, &both), "higher, median 100 → about 150; missing 0 % → 50 %");
    assert_eq!(described(&old, &[f64::NAN; 200]), "missing 0 % → 100 %");
}

#[test]
fn shares_and_p_values_are_short() {
    let shares = [0.0, 0.0004, 0.02, 0.0234, 0.0996, 0.701, 1.0].map(percent);
    assert_eq!(shares, ["0 %", "< 0.1 %", "2 %", "2.3 %", "10 %", "70 %", "100 %"]);
    assert_eq!([1e-20, 3.2e-9, 0.0123].map(p_value), ["p < 1e-16", "p = 3e-9", "p = 0.012"]);
}
