#![allow(clippy::unwrap_used)]

mod adult;
mod blocks;
mod dates;
mod number_formats;
mod values;

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{Array, Float32Array, Float64Array, Int64Array, StringArray, UInt8Array};
use arrow_schema::{Field, Schema as ArrowSchema};
use proptest::prelude::*;

use super::*;
use crate::BlockKind;
use crate::image::{image_array, image_field, with_scale};
use crate::{InferOptions, TypeName, Windows, infer};

fn text(cells: &[&str]) -> ArrayRef {
    Arc::new(cells.iter().map(|cell| (!cell.is_empty()).then_some(*cell)).collect::<StringArray>())
}

fn table(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true)))
        .unwrap()
}

fn fit(batch: &RecordBatch, options: &InferOptions, config: &PreprocessConfig) -> Preprocessor {
    let schema = infer("train.csv", batch, options).unwrap().schema;
    let rows: Vec<usize> = (0..batch.num_rows()).collect();
    Preprocessor::fit("train.csv", schema, batch, &rows, config).unwrap().0
}

/// Four columns of four types, in an order different from that of the blocks.
fn people() -> RecordBatch {
    table(vec![
        ("city", text(&["Rome", "Oslo", "Rome", "Bern"])),
        ("member", text(&["no", "yes", "yes", "no"])),
        ("age", text(&["20", "40", "20", "40"])),
        ("height", text(&["1.5", "2.5", "", "2.5"])),
        ("name", text(&["a", "b", "c", "d"])),
    ])
}

fn people_fitted() -> Preprocessor {
    let types = [("age".to_string(), TypeName::Count)].into();
    let options = InferOptions { key: Some("name".into()), types, ..Default::default() };
    fit(&people(), &options, &PreprocessConfig { numeric: NumericScaling::MinMax, ..Default::default() })
}

fn strict(fitted: &Preprocessor) -> Preprocessor {
    Preprocessor { unknown_category: UnknownCategory::Error, ..fitted.clone() }
}

fn message(fitted: &Preprocessor, batch: &RecordBatch) -> String {
    strict(fitted).encode("new.csv", batch, 100).unwrap_err().to_string()
}

#[test]
fn block_order_and_encoding_by_hand() {
    let fitted = people_fitted();
    let block = |kind, start, width, features: &[usize]| {
        let name = |&f: &usize| ["city", "member", "age", "height"][f].to_string();
        let names = features.iter().map(name).collect();
        Block { kind, start, width, image: None, features: features.to_vec(), names }
    };
    assert_eq!(
        fitted.blocks(),
        [
            block(BlockKind::Numeric, 0, 2, &[2, 3]),
            block(BlockKind::Binary, 2, 1, &[1]),
            block(BlockKind::Categorical, 3, 3, &[0])
        ]
    );
    assert_eq!(fitted.column_ranges(), [3..6, 2..3, 0..1, 1..2]);
    let encoded = fitted.encode("train.csv", &people(), 0).unwrap();
    assert_eq!((encoded.rows, encoded.width), (4, 6));
    // age, height, member, Bern, Oslo, Rome
    assert_eq!(encoded.values[..6], [0.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
    assert_eq!(encoded.values[6..12], [1.0, 1.0, 1.0, 0.0, 1.0, 0.0]);
    assert_eq!(encoded.values[12..18], [0.0, 0.0, 1.0, 0.0, 0.0, 1.0]);
    let mut observed = vec![1.0; 24];
    observed[13] = 0.0;
    assert_eq!(encoded.observed.unwrap().to_vec(), observed);
}

#[test]
fn decoding_restores_names_order_units_and_storage() {
    let fitted = people_fitted();
    let means = [0.512, 0.25, 0.6, 0.2, 0.5, 0.3, -9.0, f32::NAN, 0.4, 0.1, 0.2, 0.7];
    let rows = fitted.decode(&means).unwrap();
    let names: Vec<String> = rows.schema().fields().iter().map(|field| field.name().clone()).collect();
    assert_eq!(names, ["city", "member", "age", "height"]);
    assert_eq!(rows.column(0).as_string::<i32>(), &StringArray::from(vec!["Oslo", "Rome"]));
    assert_eq!(rows.column(1).as_string::<i32>(), &StringArray::from(vec!["yes", "no"]));
    assert_eq!(
        rows.column(2).as_primitive::<Int64Type>(),
        &Int64Array::from(vec![30, 20]),
        "rounded; in the range of the training rows"
    );
    assert_eq!(
        rows.column(3).as_primitive::<Float64Type>(),
        &Float64Array::from(vec![Some(1.8), None]),
        "one decimal"
    );
    let beyond = Preprocessor { beyond_range: true, ..fitted.clone() }.decode(&means).unwrap();
    assert_eq!(beyond.column(2).as_primitive::<Int64Type>().value(1), 0, "counts from 0 up");
    assert!(fitted.decode(&means[1..]).is_err());
    let aside = fitted.passthrough_columns(&people()).unwrap();
    assert_eq!((aside.num_rows(), aside.schema().field(0).name().as_str()), (4, "name"));
    assert_eq!(fitted.passthrough_columns(&people().project(&[1]).unwrap()).unwrap().num_rows(), 4);
}

#[test]
fn fit_uses_training_rows_only_and_warns_about_unseen_values() {
    let batch = table(vec![
        ("x", text(&["1.5", "3.5", "1000"])),
        ("same", text(&["5", "5", "6"])),
        ("gone", text(&["", "", "7.5"])),
        ("c", text(&["a", "b", "z"])),
    ]);
    let schema = infer("t", &batch, &InferOptions::default()).unwrap().schema;
    let (fitted, warnings) = Preprocessor::fit("t", schema, &batch, &[0, 1], &Default::default()).unwrap();
    assert_eq!(
        warnings,
        [
            "column 'same' is 5 in every training row, but not in the others",
            "column 'gone' is missing in every training row: the model cannot learn it, and it stays empty",
            "column 'c': no training row has 'z'"
        ]
    );
    let encoded = fitted.encode("t", &batch, 0).unwrap();
    assert_eq!(encoded.values[..6], [-1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
    assert_eq!(encoded.values[12..], [997.5, 5.0, 0.0, 0.0, 0.0, 1.0]);
    assert_eq!(encoded.observed.as_ref().unwrap()[12..], [1.0, 1.0, 0.0, 1.0, 1.0, 1.0]);
    assert_eq!(
        (fitted.unobserved(), fitted.decode(&encoded.values).unwrap().column(2).null_count()),
        (vec!["gone"], 3)
    );
    let schema = fitted.schema.clone();
    assert!(Preprocessor::fit("t", schema, &batch, &[], &Default::default()).is_err());
}

#[test]
fn columns_are_found_by_name_in_any_storage() {
    let fitted = people_fitted();
    let expected = fitted.encode("t", &people(), 0).unwrap();
    let mixed = people().project(&[3, 4, 2, 0, 1]).unwrap();
    assert_eq!(fitted.encode("t", &mixed, 0).unwrap(), expected);
    let mut columns = people().columns().to_vec();
    columns[2] = Arc::new(Float32Array::from(vec![20.0, 40.0, 20.0, 40.0]));
    columns[3] = Arc::new(Float64Array::from(vec![1.5, 2.5, f64::NAN, 2.5]));
    let typed = ["city", "member", "age", "height", "name"].into_iter().zip(columns).collect();
    assert_eq!(fitted.encode("t", &table(typed), 0).unwrap(), expected);
}

#[test]
fn a_wrong_column_set_names_what_is_missing() {
    let fitted = people_fitted();
    let batch = table(vec![("City", text(&["Rome"])), ("member", text(&["no"])), ("age", text(&["1"]))]);
    assert_eq!(
        message(&fitted, &batch),
        "new.csv: expected the columns 'city', 'member', 'age', 'height', found 'City', 'member', 'age' without \
         'city', 'height'; rename 'City' to 'city'?"
    );
}

#[test]
fn a_column_that_is_expected_itself_is_not_to_be_renamed() {
    let numbers = || Arc::new(Float64Array::from(vec![1.0, 2.0, 3.5, 4.5])) as ArrayRef;
    let fitted =
        fit(&table(vec![("x", numbers()), ("y", numbers())]), &Default::default(), &Default::default());
    let ending = |name: &str| {
        let message = message(&fitted, &table(vec![(name, numbers())]));
        message.split("without ").nth(1).unwrap_or_default().to_string()
    };
    assert_eq!(ending("x"), "'y'; give rows with the columns the model was fitted on, in any order");
    assert_eq!(ending("X"), "'x', 'y'; rename 'X' to 'x'?");
}

#[test]
fn bad_cells_at_use_time_are_named() {
    let fitted = people_fitted();
    let with = |name: &str, cells: &[&str]| {
        let columns = ["city", "member", "age", "height"].map(|column| {
            let good = ["Rome", "no", "20", "1.5"]
                [["city", "member", "age", "height"].iter().position(|c| *c == column).unwrap()];
            (column, if column == name { text(cells) } else { text(&[good, good]) })
        });
        table(columns.into())
    };
    let starts = |batch: &RecordBatch, start: &str| {
        let message = message(&fitted, batch);
        assert!(message.starts_with(start), "{message}");
    };
    starts(&with("age", &["3", "old"]), "new.csv, row 102, column 'age': expected a number, found 'old'; ");
    starts(
        &with("age", &["-inf", "3"]),
        "new.csv, row 101, column 'age': expected a finite number, found -inf; ",
    );
    assert_eq!(
        message(&fitted, &with("city", &["Rome", "Paris"])),
        "new.csv, row 102, column 'city': expected one of 'Bern', 'Oslo', 'Rome', found 'Paris'; it was not in the training \
         data: treat it as missing with --unknown missing"
    );
    let encoded = fitted.encode("t", &with("city", &["Rome", "Paris"]), 0).unwrap();
    assert_eq!(encoded.values[9..12], [0.0; 3]);
    assert_eq!(encoded.observed.unwrap()[9..12], [0.0; 3]);
    // Missing in a column without missing cells in training.
    let encoded = fitted.encode("t", &with("member", &["", "yes"]), 0).unwrap();
    assert_eq!(encoded.observed.unwrap()[..4], [1.0, 1.0, 0.0, 1.0]);
    // Far outside the training range, but finite.
    let encoded = fitted.encode("t", &with("age", &["1e30", "-1e300"]), 0).unwrap();
    assert_eq!((encoded.values[0], encoded.values[6]), (1e6, -1e6));
}

#[test]
fn cells_of_unknown_categories_are_counted_by_column() {
    let fitted = people_fitted();
    let rows = |city: &[&str]| table(vec![("city", text(city)), ("member", text(&["no", "maybe", ""]))]);
    let batch = rows(&["Rome", "Paris", "Paris"]);
    let mut unknown = fitted.unknown_cells("t", &batch).unwrap();
    assert_eq!(unknown.columns().values().copied().collect::<Vec<_>>(), [2, 1]);
    unknown.add(fitted.unknown_cells("t", &rows(&["Rome", "", "Lima"])).unwrap());
    assert_eq!(
        unknown.note().as_deref(),
        Some(
            "5 cells have categories that were not in the training data; they are treated as missing: columns 'city', \
             'member'"
        )
    );
    // If they are an error, no cell is treated as missing; known rows have none.
    assert_eq!(strict(&fitted).unknown_cells("t", &batch).unwrap().note(), None);
    assert_eq!(fitted.unknown_cells("t", &people()).unwrap().note(), None);
}

#[test]
fn a_cell_of_a_series_counts_once() {
    let windows = Windows { length: 2, whole: vec![], key: None };
    let series = |city: &[&str]| table(vec![("city", text(city))]);
    let rows = series(&["Rome", "Oslo", "Rome", "Bern", "Oslo"]);
    let schema = windows.schema(&infer("t", &rows, &InferOptions::default()).unwrap().schema);
    let config = PreprocessConfig { unknown_category: UnknownCategory::Missing, ..Default::default() };
    let rows = windows.clone().of("t", rows).unwrap();
    let (fitted, _) = Preprocessor::fit("t", schema, &rows, &[1, 2, 3, 4], &config).unwrap();
    let new = windows.of("t", series(&["Rome", "Paris", "Oslo"])).unwrap();
    let unknown = fitted.unknown_cells("t", &new).unwrap();
    assert_eq!(unknown.columns().iter().collect::<Vec<_>>(), [(&"city".to_string(), &1)]);
}

fn images(field: Field, pixels: ArrayRef) -> RecordBatch {
    let column = image_array(&field, pixels).unwrap();
    RecordBatch::try_new(Arc::new(ArrowSchema::new(vec![field])), vec![column]).unwrap()
}

#[test]
fn images_are_scaled_and_round_trip() {
    let bytes: Vec<u8> = (0..=255).collect();
    let batch = images(image_field(16, 8, 1, false), Arc::new(UInt8Array::from(bytes.clone())));
    let fitted = fit(&batch, &Default::default(), &Default::default());
    assert_eq!((fitted.width(), fitted.blocks().len(), fitted.blocks()[0].kind), (128, 1, BlockKind::Pixels));
    let encoded = fitted.encode("t", &batch, 0).unwrap();
    assert_eq!((encoded.values[0], encoded.values[51], encoded.values[255]), (0.0, 0.2, 1.0));
    assert_eq!(encoded.observed, None);
    assert_eq!(fitted.decode(&encoded.values).unwrap(), batch);

    // Scale 16, as in the built-in digits; the same model takes real numbers from 0 to 1.
    let field = with_scale(image_field(1, 2, 1, false), 16.0);
    let batch = images(field, Arc::new(UInt8Array::from(vec![0, 16, 8, 4])));
    let fitted = fit(&batch, &Default::default(), &Default::default());
    assert_eq!(fitted.encode("t", &batch, 0).unwrap().values.expanded(), [0.0, 1.0, 0.5, 0.25]);
    assert_eq!(fitted.decode(&[0.0, 1.2, 0.5, 0.26]).unwrap(), batch);
    let floats = images(image_field(1, 2, 1, true), Arc::new(Float32Array::from(vec![0.5, f32::NAN])));
    let encoded = fitted.encode("t", &floats, 0).unwrap();
    assert_eq!(encoded.values[..], [0.5, 0.0]);
    assert_eq!(encoded.observed.unwrap()[..], [1.0, 0.0]);
}

#[test]
fn images_of_another_size_or_range_are_refused() {
    let batch = images(image_field(1, 2, 1, true), Arc::new(Float32Array::from(vec![0.5, 0.25])));
    let fitted = fit(&batch, &Default::default(), &Default::default());
    assert_eq!(fitted.decode(&[0.5, 0.25]).unwrap(), batch);
    let other = images(image_field(2, 1, 1, true), Arc::new(Float32Array::from(vec![0.5, 0.25])));
    assert_eq!(
        message(&fitted, &other),
        "new.csv, column 'image': expected images of 1x2x1 (height x width x channels), found images of 2x1x1 (height \
         x width x channels); give rows with the same columns as the training data"
    );
    for wrong in [37.5, -0.1, f32::INFINITY] {
        let bright =
            images(image_field(1, 2, 1, true), Arc::new(Float32Array::from(vec![0.5, 0.2, 0.5, wrong])));
        let message = message(&fitted, &bright);
        assert!(
            message.starts_with("new.csv, row 102, column 'image': expected pixels from 0 to 1, found "),
            "{message}"
        );
    }
    let table = table(vec![("image", text(&["1"]))]);
    assert!(message(&fitted, &table).contains("found no images"));
}

#[test]
fn a_stored_preprocessor_is_the_same_and_a_damaged_one_is_refused() {
    let fitted = people_fitted();
    let json = serde_json::to_string(&fitted).unwrap();
    assert_eq!(serde_json::from_str::<Preprocessor>(&json).unwrap(), fitted);
    for (good, bad) in [
        (r#""scale":20.0"#, r#""scale":0.0"#),
        (r#""scale":20.0"#, r#""scale":null"#),
        (r#"["Bern","Oslo","Rome"]"#, "[]"),
        (r#"{"of":"category"},"#, ""),
    ] {
        assert!(json.contains(good), "{json}");
        assert!(serde_json::from_str::<Preprocessor>(&json.replacen(good, bad, 1)).is_err(), "{bad}");
    }
    let config: PreprocessConfig = toml::from_str("numeric = \"min_max\"").unwrap();
    assert_eq!(config.numeric, NumericScaling::MinMax);
    assert!(toml::from_str::<PreprocessConfig>("number = \"min_max\"").is_err());
}

proptest! {
    #[test]
    fn encode_decode_round_trip(
        rows in prop::collection::vec((prop::option::of(-1e4f64..1e4), prop::option::of(0i64..1_000_000), 0usize..5, any::<bool>()), 12..60),
        scaling in 0usize..3,
    ) {
        let numeric = [NumericScaling::Standardize, NumericScaling::MinMax, NumericScaling::Quantile][scaling];
        let batch = table(vec![
            ("x", Arc::new(rows.iter().map(|row| row.0).collect::<Float64Array>())),
            ("n", Arc::new(rows.iter().map(|row| row.1).collect::<Int64Array>())),
            ("c", Arc::new(rows.iter().map(|row| Some(["a", "b", "c", "d", "e"][row.2])).collect::<StringArray>())),
            ("i", Arc::new(rows.iter().map(|row| Some(row.2 as i64 - 2)).collect::<Int64Array>())),
            ("b", Arc::new(rows.iter().map(|row| Some(row.3)).collect::<arrow_array::BooleanArray>())),
        ]);
        prop_assume!(rows.iter().filter(|row| row.0.is_some()).count() > 1 && rows.iter().any(|row| row.1.is_some()));
        let options = InferOptions { types: [("i".to_string(), TypeName::Categorical)].into(), ..Default::default() };
        let fitted = fit(&batch, &options, &PreprocessConfig { numeric, ..Default::default() });
        let encoded = fitted.encode("t", &batch, 0).unwrap();
        let back = fitted.decode(&encoded.values).unwrap();
        for name in ["c", "i", "b"] {
            prop_assert_eq!(back.column_by_name(name), batch.column_by_name(name));
        }
        let observed: Vec<f64> = rows.iter().filter_map(|row| row.0).collect();
        let mean = observed.iter().sum::<f64>() / observed.len() as f64;
        let std = (observed.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / observed.len() as f64).sqrt();
        let x = back.column(0).as_primitive::<Float64Type>();
        let n = back.column(1).as_primitive::<Int64Type>();
        let unit = fitted.column_ranges()[0].start;
        for (row, cells) in rows.iter().enumerate() {
            match cells.0 {
                Some(cell) => prop_assert!((x.value(row) - cell).abs() <= 1e-4 * std),
                None => prop_assert_eq!(encoded.observed.as_ref().unwrap()[row * encoded.width + unit], 0.0),
            }
            if let Some(cell) = cells.1 {
                prop_assert!((n.value(row) - cell).abs() <= 1);
            }
        }
    }
}
