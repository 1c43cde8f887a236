#![allow(clippy::unwrap_used)]
mod dates;
mod numbers;

use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray, Time32SecondArray, UInt8Array,
};
use arrow_schema::{Field, Schema as ArrowSchema};

use super::*;
use crate::image::{image_array, image_field};

fn text(cells: &[&str]) -> ArrayRef {
    Arc::new(cells.iter().map(|cell| (!cell.is_empty()).then_some(*cell)).collect::<StringArray>())
}

fn table(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true)))
        .unwrap()
}

fn one(array: ArrayRef) -> Result<Inferred> {
    infer("t.csv", &table(vec![("c", array)]), &InferOptions::default())
}

fn one_as(array: ArrayRef, kind: TypeName) -> Result<Inferred> {
    let options = InferOptions { types: BTreeMap::from([("c".to_string(), kind)]), ..Default::default() };
    infer("t.csv", &table(vec![("c", array)]), &options)
}

fn kind(inferred: Result<Inferred>) -> (FeatureKind, Storage) {
    let feature = inferred.unwrap().schema.features.remove(0);
    (feature.kind, feature.storage)
}

fn binary(first: &str, second: &str) -> FeatureKind {
    FeatureKind::Binary { values: [first.into(), second.into()] }
}

fn categorical(categories: &[&str]) -> FeatureKind {
    FeatureKind::Categorical { categories: categories.iter().map(|c| c.to_string()).collect() }
}

#[test]
fn types_are_inferred_from_cells() {
    use FeatureKind::Numeric;
    use Storage::{Boolean, Float, Integer, Text};
    assert_eq!(kind(one(text(&["1.5", "", "-2"]))), (Numeric, Float));
    assert_eq!(kind(one(text(&["3", "-2", "0"]))), (Numeric, Integer));
    assert_eq!(kind(one(text(&["3", "", "7"]))), (Numeric, Integer));
    assert_eq!(kind(one(text(&["0", "1", ""]))), (binary("0", "1"), Integer));
    assert_eq!(kind(one(text(&["1", "2"]))), (Numeric, Integer));
    assert_eq!(kind(one(text(&["no", "yes", "no"]))), (binary("no", "yes"), Text));
    assert_eq!(kind(one(text(&["b", "a", "", "c"]))), (categorical(&["a", "b", "c"]), Text));
    assert_eq!(kind(one(Arc::new(Float64Array::from(vec![0.0, 1.0, f64::NAN])))), (binary("0", "1"), Float));
    assert_eq!(kind(one(Arc::new(Float64Array::from(vec![5.0, 1.0, f64::NAN])))), (Numeric, Integer));
    assert_eq!(kind(one(Arc::new(Float64Array::from(vec![1e300, 1.0])))), (Numeric, Float));
    assert_eq!(
        kind(one(Arc::new(BooleanArray::from(vec![Some(true), None])))),
        (categorical(&["true"]), Boolean)
    );
}

#[test]
fn a_named_type_overrides_and_numbers_keep_their_storage() {
    use Storage::{Float, Integer, Text};
    use TypeName::{Binary, Categorical, Count, Numeric};
    assert_eq!(kind(one_as(text(&["10", "9", "10"]), Categorical)), (categorical(&["9", "10"]), Integer));
    assert_eq!(kind(one_as(text(&["0.5", "2", "2"]), Categorical)), (categorical(&["0.5", "2"]), Float));
    assert_eq!(kind(one_as(text(&["007", "12"]), Categorical)), (categorical(&["007", "12"]), Text));
    let floats: ArrayRef = Arc::new(Float64Array::from(vec![3.0, f64::NAN, -0.0, 0.0]));
    assert_eq!(kind(one_as(floats, Categorical)), (categorical(&["0", "3"]), Float));
    assert_eq!(kind(one_as(Arc::new(Int64Array::from(vec![2, 1, 2])), Binary)), (binary("1", "2"), Integer));
    assert_eq!(kind(one_as(text(&["0", "1"]), Count)), (FeatureKind::Count, Integer));
    assert_eq!(
        kind(one_as(Arc::new(BooleanArray::from(vec![true, false])), Numeric)),
        (FeatureKind::Numeric, Integer)
    );

    let message = one_as(text(&["a", "b", "c"]), Binary).unwrap_err().to_string();
    assert!(
        message.contains("expected two different values, found 'a', 'b', 'c'; use --type c=categorical"),
        "{message}"
    );
    let message = one_as(text(&["1", "2.5"]), Count).unwrap_err().to_string();
    assert!(
        message.starts_with("t.csv, row 2, column 'c': expected a whole number, zero or more, found 2.5"),
        "{message}"
    );
    assert!("real".parse::<TypeName>().is_err());
    assert_eq!("binary".parse::<TypeName>().unwrap(), Binary);
}

#[test]
fn a_stray_text_among_numbers_is_an_error_that_names_the_cell() {
    let mut cells = vec!["1.5"; 19];
    cells.push("abc");
    let message = one(text(&cells)).unwrap_err().to_string();
    assert_eq!(
        message,
        "t.csv, row 20, column 'c': expected a number, found 'abc'; fix the cell, treat it as missing with --missing \
         abc, or fit with --type c=categorical to keep the column as text"
    );
    let message = one(text(&["1", "2", "inf"])).unwrap_err().to_string();
    assert!(
        message.starts_with("t.csv, row 3, column 'c': expected a finite number, found inf"),
        "{message}"
    );
    // With as many texts as numbers it is a column of texts.
    assert!(matches!(kind(one(text(&["1", "2", "x", "y"]))).0, FeatureKind::Categorical { .. }));
}

#[test]
fn unique_text_is_excluded_unless_requested() {
    let names: Vec<String> = (0..40).map(|i| format!("person {i}")).collect();
    let names = text(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let ages: ArrayRef = Arc::new(Int64Array::from_iter_values((0..40).map(|i| 20 + i % 7)));
    let batch = table(vec![("name", names.clone()), ("age", ages)]);
    let Inferred { schema, warnings, .. } = infer("t.csv", &batch, &InferOptions::default()).unwrap();
    assert_eq!(schema.dropped, ["name"]);
    assert_eq!(
        warnings,
        [
            "column 'name' has 40 different texts in 40 rows, too many for a categorical column, and is excluded; \
             --key name copies it to outputs"
        ]
    );
    assert!(matches!(kind(one_as(names.clone(), TypeName::Categorical)).0, FeatureKind::Categorical { .. }));
    let message = one(names).unwrap_err().to_string();
    assert!(message.contains("expected at least one usable column, found column 'c' has 40"), "{message}");
}

#[test]
fn columns_without_information_are_refused_or_reported() {
    let batch = table(vec![
        ("a", text(&["1", "2"])),
        ("b", text(&["", "?"])),
        ("c", Arc::new(Float64Array::from(vec![f64::NAN; 2]))),
    ]);
    let Inferred { schema, warnings, .. } = infer("t.csv", &batch, &InferOptions::default()).unwrap();
    assert_eq!((schema.features.len(), schema.dropped.join(" ")), (1, "b c".to_string()));
    assert_eq!(warnings, ["2 columns are empty, and are excluded: 'b', 'c'"]);
    let nothing = |array: ArrayRef| one(array).unwrap_err().to_string();
    let expected = "expected at least one usable column, found column 'c' is empty, and is excluded";
    assert!(nothing(Arc::new(Float64Array::from(vec![f64::NAN; 2]))).contains(expected));
    assert!(nothing(Arc::new(arrow_array::NullArray::new(3))).contains(expected));
    assert_eq!(
        one(text(&["3.5", "", "3.5"])).unwrap().warnings,
        ["column 'c' is 3.5 wherever it is given and carries no information; --drop c removes it"]
    );
    assert_eq!(one(text(&["x", "x"])).unwrap().warnings.len(), 1);
    assert_eq!(one(Arc::new(BooleanArray::from(vec![true, true]))).unwrap().warnings.len(), 1);
    let counter: ArrayRef = Arc::new(Int64Array::from_iter_values(5..50));
    assert!(one(counter).unwrap_err().to_string().contains("looks like an identifier"));
    assert!(
        one(Arc::new(Int64Array::from(vec![0; 0]))).unwrap_err().to_string().contains("at least one row")
    );
    assert!(
        one(Arc::new(Time32SecondArray::from(vec![1, 2]))).unwrap_err().to_string().contains("holds Time32")
    );
}

#[test]
fn named_columns_must_exist_and_names_must_differ() {
    let batch =
        table(vec![("age", text(&["1", "2"])), ("class", text(&["a", "b"])), ("id", text(&["x", "y"]))]);
    let options = |key: &str| InferOptions {
        condition: vec![],
        key: Some(key.into()),
        label: Some("class".into()),
        drop: vec![],
        missing: vec![],
        types: BTreeMap::new(),
    };
    let schema = infer("t.csv", &batch, &options("id")).unwrap().schema;
    assert_eq!(schema.features.iter().map(|f| f.name.as_str()).collect::<Vec<_>>(), ["age"]);
    assert_eq!((schema.key.as_deref(), schema.label.as_deref()), (Some("id"), Some("class")));
    let message = infer("t.csv", &batch, &options("Id")).unwrap_err().to_string();
    assert_eq!(
        message,
        "t.csv: expected the column 'Id' (--key), found the columns 'age', 'class', 'id'; did you mean --key id?"
    );
    let twice = ArrowSchema::new(vec![batch.schema().field(0).clone(), batch.schema().field(0).clone()]);
    let twice = RecordBatch::try_new(Arc::new(twice), vec![batch.column(0).clone(); 2]).unwrap();
    assert!(
        infer("t.csv", &twice, &InferOptions::default()).unwrap_err().to_string().contains("the name twice")
    );
}

#[test]
fn columns_beside_an_image_are_excluded() {
    let field = image_field(1, 2, 1, false);
    let images = image_array(&field, Arc::new(UInt8Array::from(vec![0, 1, 2, 3]))).unwrap();
    let others = ["label", "file", "note"].map(|name| Field::new(name, arrow_schema::DataType::Utf8, true));
    let fields: Vec<Field> = std::iter::once(field).chain(others).collect();
    let columns = vec![images, text(&["a", "b"]), text(&["1.png", "2.png"]), text(&["x", "y"])];
    let batch = RecordBatch::try_new(Arc::new(ArrowSchema::new(fields)), columns).unwrap();
    let Inferred { schema, warnings, .. } = infer("folder", &batch, &InferOptions::default()).unwrap();
    assert_eq!(schema.image_shape(), Some((1, 2, 1)));
    assert_eq!(schema.features[0].storage, Storage::Integer);
    assert_eq!((schema.label.as_deref(), schema.key.as_deref()), (Some("label"), Some("file")));
    assert_eq!((schema.dropped, warnings.len()), (vec!["note".to_string()], 1));
    let options =
        InferOptions { label: Some("note".into()), drop: vec!["label".into()], ..Default::default() };
    let schema = infer("folder", &batch, &options).unwrap().schema;
    assert_eq!(
        (schema.label.as_deref(), schema.dropped.as_slice()),
        (Some("note"), ["label".to_string()].as_slice())
    );
}

#[test]
fn a_schema_prints_as_an_aligned_table() {
    let batch = table(vec![
        ("height", text(&["1.5", "2.5", "3.5"])),
        ("größe", text(&["S", "M", "L"])),
        ("id", text(&["x", "y", "z"])),
    ]);
    let options = InferOptions { key: Some("id".into()), ..Default::default() };
    let printed = infer("t.csv", &batch, &options).unwrap().schema.to_string();
    let expected = "\
column  kind         storage  values
height  numeric      float
größe   categorical  text     3: L, M, S
id      key";
    assert_eq!(printed, expected);
}

#[test]
fn ordinal_order_is_numeric_or_given() {
    let ordinal = |categories: &[&str]| FeatureKind::Ordinal {
        categories: categories.iter().map(|c| c.to_string()).collect(),
    };
    let named = |name: &str| name.parse::<TypeName>().unwrap();
    let one_named = |array: ArrayRef, name: &str| one_as(array, named(name));
    use Storage::{Float, Integer, Text};
    assert_eq!(kind(one_named(text(&["10", "9", "", "10"]), "ordinal")), (ordinal(&["9", "10"]), Integer));
    let floats: ArrayRef = Arc::new(Float64Array::from(vec![0.5, 2.0, f64::NAN]));
    assert_eq!(kind(one_named(floats, "ordinal")), (ordinal(&["0.5", "2"]), Float));
    let sizes = text(&["L", "S", "", "L"]);
    assert_eq!(kind(one_named(sizes.clone(), "ordinal:S, M,L")), (ordinal(&["S", "M", "L"]), Text));
    // Numbers in an order of their own.
    assert_eq!(
        kind(one_named(text(&["1", "2", "3"]), "ordinal:3.0,1,2")),
        (ordinal(&["3", "1", "2"]), Integer)
    );
    let message = one_named(sizes, "ordinal").unwrap_err().to_string();
    let expected = "column 'c': expected numbers, or texts with their order, found 'L', 'S'; give the order of texts with \
                    --type c=ordinal:FIRST,SECOND,…";
    assert!(message.ends_with(expected), "{message}");
    assert!(one_named(text(&["1", "1"]), "ordinal").unwrap_err().to_string().contains("two ordered values"));
    assert!(one_named(text(&["", ""]), "ordinal:a,b").unwrap_err().to_string().contains("'c' is empty"));

    for bad in ["ordinal:", "ordinal:a", "ordinal:a,a", "ordinal:a,,b", "ordinal:1,2,1.0"] {
        assert!(
            bad.parse::<TypeName>().unwrap_err().to_string().contains("ordinal:small,medium,large"),
            "{bad}"
        );
    }
    // As in configuration files.
    let types =
        BTreeMap::from([("s".to_string(), named("ordinal:S,M")), ("n".to_string(), TypeName::Numeric)]);
    let json = serde_json::to_string(&types).unwrap();
    assert_eq!(json, r#"{"n":"numeric","s":"ordinal:S,M"}"#);
    assert_eq!(serde_json::from_str::<BTreeMap<String, TypeName>>(&json).unwrap(), types);
    assert!(serde_json::from_str::<TypeName>("\"ordinal:S\"").is_err());
}

#[test]
fn factor_columns_are_excluded_silently_and_may_be_the_label() {
    let batch = crate::factors::pictures().unwrap();
    let Inferred { schema, warnings, .. } = infer("factors", &batch, &InferOptions::default()).unwrap();
    assert_eq!((schema.image_shape(), warnings), (Some((32, 32, 1)), vec![]));
    assert_eq!((schema.label, schema.dropped.join(" ")), (None, "shape scale rotation x y".to_string()));
    let options = InferOptions { label: Some("shape".into()), ..Default::default() };
    let Inferred { schema, warnings, .. } = infer("factors", &batch, &options).unwrap();
    assert_eq!((schema.label.as_deref(), schema.dropped.len(), warnings.len()), (Some("shape"), 4, 0));
}

#[test]
fn a_word_is_a_category_where_it_looks_like_one() {
    let with_words = |columns: &[(&str, &[&str])], settings: &[&str]| {
        let batch = table(columns.iter().map(|(name, cells)| (*name, text(cells))).collect());
        let missing = settings.iter().map(|s| s.to_string()).collect();
        infer("t.csv", &batch, &InferOptions { missing, ..Default::default() }).unwrap()
    };
    let codes: &[&str] = &["DE", "NA", "FR", "US", "DE", "NA", "FR", "US"];
    let x: &[&str] = &["1.5", "2.5", "", "4.5", "5.5", "6.5", "7.5", "8.5"];
    let found = with_words(&[("country", codes), ("x", x)], &[]);
    assert_eq!(found.schema.features[0].kind, categorical(&["DE", "FR", "NA", "US"]));
    let note = "'NA' is a category of column 'country', where it looks like the others (2 cells); --missing country=NA \
                makes it a missing cell";
    assert_eq!(found.warnings, [note]);

    // Asked for; a marker of missing numbers; not like the others; too few others.
    let without = categorical(&["DE", "FR", "US"]);
    let found = with_words(&[("country", codes), ("x", x)], &["country=NA"]);
    assert_eq!(found.schema.features[0].kind, without);
    assert_eq!(found.warnings, ["'NA' means a missing cell in 'country' (2 cells)"]);
    let y: &[&str] = &["1.5", "NA", "3.5", "4.5", "5.5", "6.5", "7.5", "8.5"];
    let found = with_words(&[("country", codes), ("y", y)], &[]);
    assert_eq!(found.schema.features[0].kind, without);
    assert_eq!(found.warnings, ["'NA' means a missing cell in 'country' (2 cells), 'y' (1 cell)"]);
    let answers: &[&str] = &["Y", "NA", "N", "Y", "maybe", "NA", "N", "Y"];
    let found = with_words(&[("country", codes), ("answer", answers)], &[]);
    assert_eq!(found.schema.features[0].kind, without);
    let few: &[&str] = &["NO", "NA", "OK", "NO", "OK", "NO", "OK", "NO"];
    assert_eq!(with_words(&[("few", few)], &[]).schema.features[0].kind, binary("NO", "OK"));
    // Beside empty cells, two others suffice.
    let few: &[&str] = &["EU", "NA", "US", "", "EU", "US", "EU", "US"];
    assert_eq!(with_words(&[("few", few)], &[]).schema.features[0].kind, categorical(&["EU", "NA", "US"]));

    let none = with_words(&[("answer", answers), ("x", x)], &["none"]);
    assert_eq!(none.schema.features[0].kind, categorical(&["N", "NA", "Y", "maybe"]));
    assert_eq!(none.warnings, Vec::<String>::new());
}

#[test]
fn words_for_missing_numbers() {
    let cells = ["-999.0", "-0.1", "0.6", "None", "-", "-999", " ", "2"];
    let given = |settings: &[&str]| {
        let missing = settings.iter().map(|s| s.to_string()).collect();
        infer("t.csv", &table(vec![("c", text(&cells))]), &InferOptions { missing, ..Default::default() })
    };
    for settings in [["-999"], ["-999.0"], ["c=-999"]] {
        let found = given(&settings).unwrap();
        assert_eq!(kind(Ok(found.clone())), (FeatureKind::Numeric, Storage::Float));
        let notes = ["'-'", "'-999'", "'-999.0'", "'None'"]
            .map(|w| format!("{w} means a missing cell in 'c' (1 cell)"));
        assert_eq!(found.warnings, notes);
    }
    let message = given(&["b=-999"]).unwrap_err().to_string();
    assert!(message.contains("expected the column 'b' (--missing), found the columns 'c'"), "{message}");
}

/// Cells that repeat these values.
fn repeated(values: &[&str], rows: usize) -> ArrayRef {
    text(&values.iter().cycle().take(rows).copied().collect::<Vec<_>>())
}

#[test]
fn two_values_of_any_spelling_are_binary_and_few_numbers_are_levels() {
    use Storage::{Float, Integer, Text};
    assert_eq!(kind(one(repeated(&["1", "2"], 30))), (binary("1", "2"), Integer));
    assert_eq!(kind(one(repeated(&["-1.0", "1.0", ""], 30))), (binary("-1", "1"), Integer));
    assert_eq!(kind(one(repeated(&["0.5", "1.5"], 30))), (binary("0.5", "1.5"), Float));
    assert_eq!(kind(one(repeated(&["00", "01"], 30))), (binary("00", "01"), Text));
    // No column to compare with, and no peak.
    let codes = ["1", "2", "2", "2", "3", "4", "4", "4"];
    assert_eq!(kind(one(repeated(&codes, 80))), (categorical(&["1", "2", "3", "4"]), Integer));
    let peak = ["3", "4", "4", "5", "5", "5", "6", "6", "7"];
    let ordinal = |levels: &[&str]| FeatureKind::Ordinal {
        categories: levels.iter().map(|level| level.to_string()).collect(),
    };
    assert_eq!(kind(one(repeated(&peak, 90))), (ordinal(&["3", "4", "5", "6", "7"]), Integer));
    let counts = ["0", "0", "0", "0", "0", "1", "1", "1", "2", "2", "3", "5"];
    assert_eq!(kind(one(repeated(&counts, 120))), (FeatureKind::Count, Integer));
}

#[test]
fn levels_are_ordered_if_other_columns_follow_them() {
    let codes: Vec<String> = (0..200).map(|k| (1 + k * 7 % 4).to_string()).collect();
    let follow = |of: &dyn Fn(usize) -> usize| -> ArrayRef {
        let cells = codes.iter().enumerate();
        let cells = cells.map(|(k, code)| of(code.parse().unwrap()) as f64 + (k % 13) as f64 / 10.5);
        Arc::new(Float64Array::from_iter_values(cells))
    };
    let with = |x: ArrayRef| {
        let codes = text(&codes.iter().map(String::as_str).collect::<Vec<_>>());
        infer("t.csv", &table(vec![("code", codes), ("x", x)]), &InferOptions::default()).unwrap()
    };
    let ordered = with(follow(&|code| 3 * code));
    assert!(matches!(ordered.schema.features[0].kind, FeatureKind::Ordinal { .. }));
    assert_eq!(
        ordered.reasons["code"],
        "4 different whole numbers, 1 to 4: other columns follow their order"
    );
    let unordered = with(follow(&|code| [2, 0, 3, 1][code - 1]));
    assert!(matches!(unordered.schema.features[0].kind, FeatureKind::Categorical { .. }));
}

#[test]
fn codes_that_begin_with_zero_are_text() {
    let zips = ["00501", "10001", "94105", "02139"];
    assert_eq!(
        kind(one(repeated(&zips, 40))),
        (categorical(&["00501", "02139", "10001", "94105"]), Storage::Text)
    );
    // Numbers among which one has a zero too many are numbers.
    let mut cells: Vec<String> = (0..60).map(|k| (k * k % 91).to_string()).collect();
    cells[7] = "07".into();
    let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
    assert_eq!(kind(one(text(&cells))).1, Storage::Integer);
}

#[test]
fn row_numbers_are_set_aside_and_said() {
    let ids: Vec<String> = (0..60).map(|k| (k * 37 % 60).to_string()).collect();
    let x: Vec<String> = (0..60).map(|k| format!("{}.5", k * k % 97)).collect();
    let cells = |cells: &[String]| text(&cells.iter().map(String::as_str).collect::<Vec<_>>());
    let batch = table(vec![("column_1", cells(&ids)), ("x", cells(&x))]);
    let found = infer("t.csv", &batch, &InferOptions::default()).unwrap();
    assert_eq!(found.schema.dropped, ["column_1"]);
    assert_eq!(
        found.warnings,
        [
            "column 'column_1' looks like an identifier (60 different whole numbers in 60 cells, which leave out few), and is \
             excluded; --key column_1 copies it to outputs, --type column_1=numeric learns it"
        ]
    );
}
