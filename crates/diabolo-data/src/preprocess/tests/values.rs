//! What a column remembers of its values: range, constants, pooled and equal categories.

use arrow_array::BooleanArray;

use super::*;
use crate::Storage;

fn reals(cells: &[f64]) -> ArrayRef {
    Arc::new(Float64Array::from(cells.to_vec()))
}

#[test]
fn decoded_numbers_stay_in_the_range_of_the_training_rows() {
    let batch = table(vec![("x", reals(&[1.25, 3.5, 2.0])), ("n", text(&["-4", "7", "2"]))]);
    let fitted = fit(&batch, &Default::default(), &Default::default());
    let far = [-1e3, -1e3, 1e3, 1e3];
    let decode = |fitted: &Preprocessor| {
        let rows = fitted.decode(&far).unwrap();
        let n = rows.column(1).as_primitive::<Int64Type>().values().to_vec();
        (rows.column(0).as_primitive::<Float64Type>().values().to_vec(), n)
    };
    assert_eq!(decode(&fitted), (vec![1.25, 3.5], vec![-4, 7]));
    let (x, n) = decode(&Preprocessor { beyond_range: true, ..fitted.clone() });
    assert!(x[0] < -900.0 && x[1] > 900.0 && n[0] < -4000 && n[1] > 4000, "{x:?} {n:?}");
    // Files without ranges are read, and have no bounds.
    let json = serde_json::to_string(&fitted).unwrap();
    let old = json.replace(r#","range":[1.25,3.5]"#, "").replace(r#","range":[-4.0,7.0]"#, "");
    assert!(!old.contains("range"), "{old}");
    let old = serde_json::from_str::<Preprocessor>(&old).unwrap();
    assert!(decode(&old).0[1] > 900.0);
    let damaged = json.replace("[1.25,3.5]", "[3.5,1.25]");
    assert!(serde_json::from_str::<Preprocessor>(&damaged).is_err());
}

#[test]
fn a_constant_is_itself_and_a_departure_counts_by_its_size() {
    let noise = [0.3, 0.1 + 0.2, 0.3];
    assert_ne!(noise[1], 0.3);
    let batch =
        table(vec![("tiny", reals(&[1e-6; 3])), ("noise", reals(&noise)), ("x", reals(&[1.0, 2.5, 3.0]))]);
    let fitted = fit(&batch, &Default::default(), &Default::default());
    let made = fitted.decode(&[0.5, -0.5, 0.0]).unwrap();
    assert_eq!(made.column(0).as_primitive::<Float64Type>().value(0), 1e-6);
    assert_eq!(made.column(1).as_primitive::<Float64Type>().value(0), 0.3);
    let departed = table(vec![("tiny", reals(&[2e-6])), ("noise", reals(&[0.303])), ("x", reals(&[1.0]))]);
    let encoded = fitted.encode("t", &departed, 0).unwrap().values;
    assert!(encoded[0] == 5.0 && (encoded[1] - 1.0).abs() < 1e-5, "{encoded:?}");
}

/// 120 levels: level k has 20 rows for k < 20, and one row otherwise.
fn cities() -> RecordBatch {
    let cells: Vec<String> =
        (0..120).flat_map(|k| vec![format!("c{k:03}"); if k < 20 { 20 } else { 1 }]).collect();
    table(vec![("city", text(&cells.iter().map(String::as_str).collect::<Vec<_>>()))])
}

#[test]
fn rare_levels_are_one_and_leave_as_one_of_them() {
    let schema = infer("t", &cities(), &Default::default()).unwrap().schema;
    let rows: Vec<usize> = (0..cities().num_rows()).collect();
    let (fitted, notes) = Preprocessor::fit("t", schema, &cities(), &rows, &Default::default()).unwrap();
    assert_eq!(notes.len(), 1);
    assert!(notes[0].starts_with("column 'city': 100 of its 120 levels have fewer than 5"), "{}", notes[0]);
    assert_eq!(
        (fitted.width(), fitted.levels(0).len(), fitted.levels(0)[20].as_str()),
        (21, 21, "other (100 levels)")
    );
    let encoded = fitted.encode("t", &table(vec![("city", text(&["c003", "c119", "c020"]))]), 0).unwrap();
    assert_eq!([encoded.values[3], encoded.values[21 + 20], encoded.values[42 + 20]], [1.0; 3]);
    assert_eq!(encoded.values.iter().sum::<f32>(), 3.0);
    let names = |rows: RecordBatch| -> Vec<String> {
        rows.column(0).as_string::<i32>().iter().map(|name| name.unwrap().to_string()).collect()
    };
    assert_eq!(names(fitted.decode(&encoded.values).unwrap()), ["c003", "c020", "c020"]);
    let pooled: Vec<f32> = encoded.values[21..42].repeat(1000);
    let drawn = names(fitted.decode_draws(&pooled, 7, 0, 0).unwrap());
    let distinct: std::collections::BTreeSet<&String> = drawn.iter().collect();
    assert!(distinct.len() == 100 && drawn.iter().all(|name| name.as_str() >= "c020"), "{}", distinct.len());
    assert_eq!(drawn, names(fitted.decode_draws(&pooled, 7, 0, 0).unwrap()));
    assert_ne!(drawn, names(fitted.decode_draws(&pooled, 7, 1, 0).unwrap()));
    // A level that the file did not have is unseen, and joins nothing.
    assert!(message(&fitted, &table(vec![("city", text(&["c120"]))])).contains("found 'c120'"));
    let json = serde_json::to_string(&fitted).unwrap();
    assert_eq!(serde_json::from_str::<Preprocessor>(&json).unwrap(), fitted);
    let damaged = json.replacen(r#""codes":[20,"#, r#""codes":[220,"#, 1);
    assert!(damaged != json && serde_json::from_str::<Preprocessor>(&damaged).is_err());
}

#[test]
fn the_same_values_are_the_same_categories_in_all_storages() {
    let typed = |name: &'static str| (name.to_string(), TypeName::Categorical);
    let options = InferOptions { types: [typed("code"), typed("dose")].into(), ..Default::default() };
    let single: ArrayRef = Arc::new(Float32Array::from(vec![0.1, 0.7, 0.25]));
    let as_text = table(vec![
        ("flag", text(&["True", "False", "True"])),
        ("code", text(&["1.0", "2.0", "3.0"])),
        ("dose", text(&["0.1", "0.7", "0.25"])),
    ]);
    let stored = table(vec![
        ("flag", Arc::new(BooleanArray::from(vec![true, false, true])) as ArrayRef),
        ("code", Arc::new(Int64Array::from(vec![1, 2, 3]))),
        ("dose", single),
    ]);
    let numbers = table(vec![
        ("flag", text(&["1", "0", "1"])),
        ("code", reals(&[1.0, 2.0, 3.0])),
        ("dose", reals(&[0.1, 0.7, 0.25])),
    ]);
    let batches = [as_text, stored, numbers];
    let expected =
        fit(&batches[0], &options, &Default::default()).encode("t", &batches[0], 0).unwrap().values;
    assert_eq!(expected[..7], [1.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
    for train in &batches {
        let fitted = fit(train, &options, &Default::default());
        for new in &batches {
            assert_eq!(fitted.encode("t", new, 0).unwrap().values, expected);
        }
    }
}

#[test]
fn whole_numbers_with_a_decimal_point_are_written_with_one() {
    let batch = table(vec![("n", text(&["25.0", "7.0", "-3.0"])), ("x", text(&["1.50", "2.25", "7.00"]))]);
    let fitted = fit(&batch, &Default::default(), &Default::default());
    assert_eq!(fitted.schema.features[0].storage, Storage::Integer);
    let mut bytes = vec![];
    crate::write::csv_to(&mut bytes, &fitted.decode(&[0.0, 0.0]).unwrap()).unwrap();
    // The means, 29/3 and 10.75/3.
    assert_eq!(String::from_utf8(bytes).unwrap(), "n,x\n10.0,3.58\n");
}
