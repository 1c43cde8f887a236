//! Columns of numbers in other spellings.

use super::*;
use crate::column::Column;
use crate::{NumberFormat, read_from};

fn numbers(inferred: &Inferred, batch: &RecordBatch, at: usize) -> Vec<f64> {
    let feature = &inferred.schema.features[at];
    Column::of("t.csv", feature, batch.column(at), 0).numbers().unwrap()
}

fn format(inferred: &Inferred, at: usize) -> String {
    let format = inferred.schema.features[at].spelling.format.as_ref();
    format.map(NumberFormat::to_string).unwrap_or_default()
}

/// Sum and range from pandas, with `thousands=","`.
#[test]
fn thousands_are_those_that_pandas_reads() {
    let file =
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/cases/case-22-thousands.csv"));
    let batch = read_from("t.csv", &file[..], &Default::default()).unwrap().collect().unwrap();
    let found = infer("t.csv", &batch, &InferOptions::default()).unwrap();
    let prices = numbers(&found, &batch, 0);
    let (least, most) = prices.iter().fold((f64::MAX, 0f64), |(min, max), x| (min.min(*x), max.max(*x)));
    assert_eq!((least, most, prices.iter().sum::<f64>()), (1239.0, 98_513.0, 2_933_985.0));
    let note =
        "the numbers of column 'price' are read as 1,234.5; --type price=numeric:1234,5 reads them otherwise";
    assert_eq!(found.warnings, [note]);
}

#[test]
fn a_comma_that_is_a_decimal_mark_in_one_column_is_one_in_all() {
    let batch = table(vec![
        ("weight", text(&["1,234", "2,345", "3,456"])),
        ("length", text(&["1,5", "12,25", "0,5"])),
        ("plain", text(&["1.5", "2", "3"])),
        ("share", text(&["45 %", "7,5 %", ""])),
        ("loss", text(&["(1,50 €)", "2,25 €", "n/a"])),
    ]);
    let found = infer("t.csv", &batch, &InferOptions::default()).unwrap();
    assert_eq!((format(&found, 0), numbers(&found, &batch, 0)), ("1234,5".into(), vec![1.234, 2.345, 3.456]));
    assert_eq!(numbers(&found, &batch, 1), [1.5, 12.25, 0.5]);
    assert_eq!((format(&found, 2), numbers(&found, &batch, 2)), (String::new(), vec![1.5, 2.0, 3.0]));
    assert_eq!(numbers(&found, &batch, 3)[..2], [45.0, 7.5]);
    assert_eq!(
        (format(&found, 4), &numbers(&found, &batch, 4)[..2]),
        ("(1234,5 €)".into(), &[-1.5, 2.25][..])
    );
    assert!(found.warnings[0].contains("--type weight=numeric:1,234.5 reads"), "{:?}", found.warnings);

    let wanted = InferOptions {
        types: [("weight".to_string(), "numeric:1,234.5".parse().unwrap())].into(),
        ..Default::default()
    };
    let found = infer("t.csv", &batch, &wanted).unwrap();
    assert_eq!(numbers(&found, &batch, 0), [1234.0, 2345.0, 3456.0]);
}

#[test]
fn a_cell_in_another_format_is_named() {
    let cells: Vec<&str> = ["$1,234.50"; 20].into_iter().chain(["€5"]).collect();
    let batch = table(vec![("c", text(&cells))]);
    let message = infer("t.csv", &batch, &InferOptions::default()).unwrap_err().to_string();
    assert!(message.starts_with("t.csv, row 21, column 'c': expected a number, found '€5'"), "{message}");
    let one = infer("t.csv", &table(vec![("c", text(&cells[..20]))]), &InferOptions::default()).unwrap();
    let message =
        Column::of("t.csv", &one.schema.features[0], batch.column(0), 0).numbers().unwrap_err().to_string();
    assert!(message.starts_with("t.csv, row 21, column 'c': expected a number, found '€5'"), "{message}");
}

#[test]
fn two_numbers_of_single_precision_are_two_categories() {
    let cells: Vec<f32> = (0..40).map(|k| if k % 3 == 0 { 0.1 } else { 0.7 }).collect();
    let stored: ArrayRef = Arc::new(arrow_array::Float32Array::from(cells));
    let batch = table(vec![("dose", stored)]);
    let found = infer("t.parquet", &batch, &InferOptions::default()).unwrap();
    assert_eq!(found.schema.features[0].kind.categories(), ["0.1", "0.7"]);
}
