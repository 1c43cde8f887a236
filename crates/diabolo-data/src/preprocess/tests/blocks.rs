//! Blocks of counts and ordinal columns, and the log-determinant of the encoding.

use super::*;

/// Events (many zeros), ages, and a number.
fn events() -> RecordBatch {
    table(vec![
        ("x", text(&["1.5", "3.5", "1.5", "3.5"])),
        ("visits", text(&["0", "0", "19", ""])),
        ("age", text(&["20", "40", "20", "40"])),
        ("member", text(&["no", "yes", "yes", "no"])),
    ])
}

fn events_fitted(counts: CountScaling) -> Preprocessor {
    let types = ["visits", "age"].map(|column| (column.to_string(), TypeName::Count)).into();
    let options = InferOptions { types, ..Default::default() };
    fit(&events(), &options, &PreprocessConfig { counts, ..Default::default() })
}

#[test]
fn event_counts_are_encoded_as_logarithms() {
    let fitted = events_fitted(CountScaling::Auto);
    let kinds = |fitted: &Preprocessor| {
        fitted.blocks().iter().map(|block| (block.kind, block.features.clone())).collect::<Vec<_>>()
    };
    let (numeric, count, binary) = (BlockKind::Numeric, BlockKind::Count, BlockKind::Binary);
    assert_eq!(kinds(&fitted), [(numeric, vec![0, 2]), (count, vec![1]), (binary, vec![3])]);
    let all = events_fitted(CountScaling::Log1p);
    assert_eq!(kinds(&all), [(numeric, vec![0]), (count, vec![1, 2]), (binary, vec![3])]);
    let none = events_fitted(CountScaling::AsNumeric);
    assert_eq!(kinds(&none), [(numeric, vec![0, 1, 2]), (binary, vec![3])]);

    let encoded = fitted.encode("t", &events(), 0).unwrap();
    let visits: Vec<f32> = encoded.values.chunks_exact(4).map(|row| row[2]).collect();
    assert_eq!(visits, [0.0, 0.0, 20f32.ln(), 0.0]);
    assert_eq!(encoded.observed.as_ref().unwrap()[14], 0.0);
    assert_eq!(
        fitted.decode(&encoded.values[..12]).unwrap().column(1),
        &(Arc::new(Int64Array::from(vec![0, 0, 19])) as ArrayRef)
    );
    let odd =
        fitted.decode(&[0.0, 0.0, -3.0, 0.0, 0.0, 0.0, 1.2, 0.0, 0.0, 0.0, f32::INFINITY, 0.0]).unwrap();
    let odd = odd.column(1).as_primitive::<Int64Type>();
    // e^1.2 − 1 = 2.32.
    assert_eq!((odd.value(0), odd.value(1), odd.value(2)), (0, 2, 19), "in the range");
    let json = serde_json::to_string(&fitted).unwrap();
    assert_eq!(serde_json::from_str::<Preprocessor>(&json).unwrap(), fitted);
    let damaged = json.replacen("\"kind\":\"count\"", "\"kind\":\"numeric\"", 1);
    assert_ne!(damaged, json);
    assert!(serde_json::from_str::<Preprocessor>(&damaged).is_err(), "a number is not a count");
}

#[test]
fn invalid_counts_are_errors_at_their_cell() {
    let fitted = events_fitted(CountScaling::Auto);
    for (cell, found) in [("-1", "-1"), ("2.5", "2.5")] {
        let mut columns = events().columns().to_vec();
        columns[1] = text(&["0", "3", cell, "1"]);
        let batch = table(["x", "visits", "age", "member"].into_iter().zip(columns).collect());
        let message = message(&fitted, &batch);
        let expected = format!(
            "new.csv, row 103, column 'visits': expected a whole number, zero or more, found {found}; "
        );
        assert!(message.starts_with(&expected), "{message}");
        assert!(events_fitted(CountScaling::AsNumeric).encode("t", &batch, 0).is_ok());
    }
}

#[test]
fn ordinals_are_one_hot_and_decode_to_the_most_probable() {
    let batch = table(vec![
        ("size", text(&["large", "small", "", "large"])),
        ("grade", text(&["10", "9", "10", "9"])),
        ("city", text(&["Rome", "Oslo", "Rome", "Bern"])),
    ]);
    let types = [("size", "ordinal:small,medium,large"), ("grade", "ordinal")];
    let types = types.map(|(column, kind)| (column.to_string(), kind.parse::<TypeName>().unwrap())).into();
    let options = InferOptions { types, ..Default::default() };
    let schema = infer("t", &batch, &options).unwrap().schema;
    assert!(schema.to_string().contains("3: small < medium < large"), "{schema}");
    let rows = [0, 1, 2, 3];
    let (fitted, warnings) = Preprocessor::fit("t", schema, &batch, &rows, &Default::default()).unwrap();
    assert_eq!(warnings, ["column 'size': no training row has 'medium'"]);
    let block = |kind, start, width, feature: usize| {
        let names = vec![["size", "grade", "city"][feature].to_string()];
        Block { kind, start, width, image: None, features: vec![feature], names }
    };
    let blocks = [
        block(BlockKind::Categorical, 0, 3, 2),
        block(BlockKind::Ordinal, 3, 3, 0),
        block(BlockKind::Ordinal, 6, 2, 1),
    ];
    assert_eq!(fitted.blocks(), blocks);
    let encoded = fitted.encode("t", &batch, 0).unwrap();
    // Bern, Oslo, Rome; small, medium, large; 9, 10
    assert_eq!(encoded.values[..8], [0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0]);
    assert_eq!(encoded.values[8..16], [0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0]);
    assert_eq!(encoded.observed.as_ref().unwrap()[16..24], [1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0, 1.0]);
    let back = fitted.decode(&[0.5, 0.3, 0.2, 0.3, 0.4, 0.3, 0.6, 0.4]).unwrap();
    assert_eq!(back.column(0).as_string::<i32>().value(0), "medium");
    assert_eq!(back.column(1).as_primitive::<Int64Type>().value(0), 9);

    let mut columns = batch.columns().to_vec();
    columns[0] = text(&["small", "huge", "small", "small"]);
    let other = table(["size", "grade", "city"].into_iter().zip(columns).collect());
    let message = message(&fitted, &other);
    let expected = "new.csv, row 102, column 'size': expected one of 'small', 'medium', 'large', found 'huge'; it is not among";
    assert!(message.starts_with(expected), "{message}");
    let note = fitted.unknown_cells("t", &other).unwrap().note();
    assert_eq!(
        note.as_deref(),
        Some(
            "1 cell has a category that was not in the training data; it is treated as missing: column 'size'"
        )
    );
    let json = serde_json::to_string(&fitted).unwrap();
    assert_eq!(serde_json::from_str::<Preprocessor>(&json).unwrap(), fitted);
}

#[test]
fn log_volumes_by_hand() {
    let fitted = events_fitted(CountScaling::Auto);
    let encoded = fitted.encode("t", &events(), 0).unwrap();
    // Standard deviations 1 (x) and 10 (age); visits 0, 0, 19, missing; member has no density.
    let volumes = fitted.log_volume(&encoded, &[true, true, true, false]);
    let expected = [-10f64.ln(), -10f64.ln(), -10f64.ln() - 20f64.ln(), -10f64.ln()];
    for (found, expected) in volumes.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-6, "{volumes:?}");
    }
    let counts = fitted.log_volume(&encoded, &[false, false, true, true]);
    assert!((counts[2] + 20f64.ln()).abs() < 1e-6 && counts[0] == 0.0 && counts[3] == 0.0, "{counts:?}");

    // A normal density of x, N(2.5, 1²) scaled to N(0, 1) of z = (x − 2.5)/1, keeps its value; of
    // age by 1/10.
    let density = |x: f64, mean: f64, deviation: f64| {
        0.5 * ((x - mean) / deviation).powi(2) + (deviation * (2.0 * std::f64::consts::PI).sqrt()).ln()
    };
    let z = f64::from(encoded.values[1]);
    let age = fitted.log_volume(&encoded, &[false, true, false, false])[0];
    assert!((density(20.0, 30.0, 10.0) - (density(z, 0.0, 1.0) - age)).abs() < 1e-9);
}

#[test]
fn log_volume_of_pixels() {
    let field = image_field(1, 2, 1, false);
    let images = image_array(&field, Arc::new(UInt8Array::from(vec![0, 255, 7, 9]))).unwrap();
    let batch = RecordBatch::try_new(Arc::new(ArrowSchema::new(vec![field])), vec![images]).unwrap();
    let fitted = fit(&batch, &InferOptions::default(), &Default::default());
    let encoded = fitted.encode("t", &batch, 0).unwrap();
    assert_eq!(fitted.log_volume(&encoded, &[true, true]), [-2.0 * 255f64.ln(); 2]);
    assert_eq!(fitted.log_volume(&encoded, &[false, true]), [-(255f64.ln()); 2]);
    assert_eq!(fitted.log_volume(&encoded, &[false, false]), [0.0; 2]);
}
