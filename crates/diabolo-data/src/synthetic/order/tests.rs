#![allow(clippy::unwrap_used)]
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Float32Array, Int64Array};
use diabolo_stats::random::{Purpose, permutation, stream};

use super::super::{Cell, CodecOptions, TableCodec};
use super::*;
use crate::{InferOptions, infer};

const ROWS: usize = 600;

/// Moments, the day of each or a later one, and the moment after; numbers of every type.
fn table() -> RecordBatch {
    let some = |k: usize, every: usize| (!k.is_multiple_of(every)).then_some(k * k * 7919 % 100_003);
    let day = |k: usize| format!("2024-{:02}-{:02}", 1 + k / 28 % 12, 1 + k % 28);
    let moment = |k: usize| some(k, 37).map(|n| format!("{} {:02}:00:{:02}", day(n % 200), n % 24, n % 60));
    let later = |k: usize| some(k, 41).map(|n| day(n % 200 + 1 + k % 9));
    let latest = |k: usize| some(k, 43).map(|n| format!("{} 23:{:02}:00", day(n % 200 + 10), k % 60));
    let texts = |of: &dyn Fn(usize) -> Option<String>| {
        Arc::new((0..ROWS).map(of).collect::<StringArray>()) as ArrayRef
    };
    let x = |k: usize| (k * k * 7919 % 100_003) as f64 / 777.7;
    let low: ArrayRef = Arc::new(Float64Array::from_iter_values((0..ROWS).map(x)));
    let single: ArrayRef =
        Arc::new((0..ROWS).map(|k| (k % 29 > 0).then_some(x(k) as f32 * 1.001)).collect::<Float32Array>());
    let cents = texts(&|k| Some(format!("{:.1}", (x(k) + (k % 50) as f64) * 1.01 + 0.1)));
    let whole: ArrayRef =
        Arc::new(Int64Array::from_iter_values((0..ROWS).map(|k| x(k) as i64 + 60 + (k % 7) as i64)));
    let columns = [
        ("moment", texts(&moment)),
        ("later", texts(&later)),
        ("latest", texts(&latest)),
        ("low", low),
        ("single", single),
        ("cents", cents),
        ("whole", whole),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, cells)| (name, cells, true)))
        .unwrap()
}

const RULES: [&str; 6] =
    ["moment<=later", "later<latest", "low<=single", "low<=cents", "single<cents", "low<whole"];

/// Rows of the same cells, or with those of every part in an order of its own.
fn drawn(codec: &TableCodec, rows: &RecordBatch, shuffled: bool) -> RecordBatch {
    let noise = &mut stream(1, Purpose::CodedTable, 0, 0);
    let coded = codec.encode("t", rows, noise).unwrap();
    let (count, width) = (rows.num_rows(), codec.parts.len());
    let scored = coded.scores.len() / count;
    let mut number = 0;
    let mut cells = vec![];
    for (at, part) in codec.parts.iter().enumerate() {
        let order = permutation(noise, count);
        let cell = |row: usize| {
            let row = if shuffled { order[row] } else { row };
            let score = part.numbers.as_ref().map_or(0.0, |_| coded.scores[row * scored + number]);
            let noise = &mut stream(0, Purpose::SyntheticLevels, 0, 0);
            part.cell(coded.codes[row * width + at] as usize, score, None, noise)
        };
        cells.push((0..count).map(cell).collect::<Vec<Cell>>());
        number += usize::from(part.numbers.is_some());
    }
    codec.decode(count, &cells).unwrap()
}

#[test]
fn every_row_keeps_the_rules_whatever_is_drawn() {
    let rows = table();
    let inferred = infer("t", &rows, &InferOptions::default()).unwrap();
    let features = &inferred.schema.features;
    let schema = rows.schema();
    let names = schema.fields().iter().map(|field| field.name().as_str());
    let rules: Vec<Rule> = RULES.map(|text| Rule::parse(text, names.clone()).unwrap()).to_vec();
    let kept =
        |rows: &RecordBatch| rules.iter().map(|rule| rule.kept("t", rows, features).unwrap()).collect();
    let all: Vec<Vec<Option<bool>>> = kept(&rows);
    let keeps = |row: &usize| all.iter().all(|kept| kept[*row] != Some(false));
    let good: Vec<usize> = (0..ROWS).filter(keeps).collect();
    assert!(good.len() > ROWS / 2, "{}", good.len());
    let rows = crate::take("t", &rows, &good).unwrap();
    let options = CodecOptions {
        rare: 3,
        together: vec![],
        key_format: None,
        key: None,
        drop: vec![],
        rules: rules.clone(),
    };
    let (codec, _) = TableCodec::fit("t", &rows, &rows, &inferred, &options).unwrap();
    let codec: TableCodec = serde_json::from_str(&serde_json::to_string(&codec).unwrap()).unwrap();
    assert!(codec.is_consistent());
    // As if nothing depended on anything.
    let made = drawn(&codec, &rows, true);
    let found: Vec<Vec<Option<bool>>> = kept(&made);
    for (rule, kept) in rules.iter().zip(found) {
        let broken = kept.iter().position(|kept| *kept == Some(false));
        assert_eq!(broken, None, "{rule}: {:?}", broken.map(|row| made.slice(row, 1)));
        assert!(kept.iter().flatten().count() > good.len() / 2, "{rule}");
    }
    let same = drawn(&codec, &rows, false);
    for (at, field) in schema.fields().iter().enumerate() {
        let (name, type_) = (field.name(), field.data_type());
        let (made, real) = (same.column(at), rows.column(at));
        assert_eq!((made.data_type(), made.logical_nulls()), (type_, real.logical_nulls()), "{name}");
    }
}

#[test]
fn no_number_of_few_rows_is_kept() {
    let low: ArrayRef = Arc::new(Int64Array::from_iter_values((0..60).map(|k| k % 20)));
    let high: ArrayRef =
        Arc::new((0..60).map(|k| (k % 15 == 7).then_some(k % 20 + 4000)).collect::<Int64Array>());
    let rows = RecordBatch::try_from_iter_with_nullable([("low", low, true), ("high", high, true)]);
    let rows = rows.unwrap();
    let inferred = infer("t", &rows, &InferOptions::default()).unwrap();
    let rules = vec![Rule::parse("low<high", ["low", "high"].into_iter()).unwrap()];
    let (together, drop) = (vec![], vec![]);
    let options = CodecOptions { rare: 3, together, key_format: None, key: None, drop, rules };
    let (codec, _) = TableCodec::fit("t", &rows, &rows, &inferred, &options).unwrap();
    let file = serde_json::to_string(&codec).unwrap();
    // The difference, which all four rows have.
    assert!(file.contains("4000"), "{file}");
    for high in rows["high"].as_primitive::<Int64Type>().iter().flatten() {
        assert!(!file.contains(&high.to_string()), "{high}: {file}");
    }
    assert!(codec.is_consistent());
    assert_eq!(drawn(&codec, &rows, false), rows);
}
