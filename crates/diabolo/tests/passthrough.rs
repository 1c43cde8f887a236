//! What the model does not change leaves as it came: every format × stored type × pattern of
//! missing cells × role of the column, in small tables. `bench/passthrough.py` does the same with
//! thousands, and pyarrow as the reader.
#![cfg(feature = "formats")]
#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::sync::Arc;

use arrow_cast::cast;
use diabolo::arrow::builder::{Int32Builder, ListBuilder};
use diabolo::arrow::cast::AsArray;
use diabolo::arrow::schema::{DataType, Field, Schema, TimeUnit};
use diabolo::arrow::types::Int8Type;
use diabolo::arrow::*;
use diabolo::data::{Writer, open};
use diabolo::random::{Purpose, RngExt, Stream, stream};
use diabolo::task::ImputeConfig;
use diabolo::{Config, FitJob, Predictor};

const ROWS: usize = 24;

/// Which cells are missing.
#[derive(Debug, Clone, Copy)]
enum Gaps {
    None,
    Some,
    FirstHalf,
    AllButOne,
}

/// The role of the column; `Left` to the program.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Role {
    Key,
    Label,
    Dropped,
    Left,
}

impl Gaps {
    fn has(self, row: usize) -> bool {
        match self {
            Gaps::None => false,
            Gaps::Some => row % 5 == 3,
            Gaps::FirstHalf => row < ROWS / 2,
            Gaps::AllButOne => row != 7,
        }
    }
}

/// A column of every stored type, with values at the ends of its range.
fn columns(gaps: Gaps, noise: &mut Stream) -> Vec<ArrayRef> {
    let small: Vec<i64> = (0..ROWS).map(|_| noise.random::<f64>() * 9.0).map(|x| x as i64).collect();
    let present = |row: usize| !gaps.has(row);
    let whole: Int64Array = (0..ROWS).map(|row| present(row).then(|| small[row])).collect();
    let as_type = |data_type: DataType| match data_type {
        DataType::Time32(_) => cast(&cast(&whole, &DataType::Int32).unwrap(), &data_type).unwrap(),
        _ => cast(&whole, &data_type).unwrap(),
    };
    let mut found: Vec<ArrayRef> = [
        DataType::Int8,
        DataType::Int32,
        DataType::UInt16,
        DataType::Float32,
        DataType::Date32,
        DataType::Utf8,
        DataType::LargeUtf8,
        DataType::Timestamp(TimeUnit::Millisecond, None),
        DataType::Time32(TimeUnit::Millisecond),
        DataType::Duration(TimeUnit::Second),
        DataType::Binary,
    ]
    .map(|data_type| {
        if data_type == DataType::Binary {
            cast(&as_type(DataType::Utf8), &data_type).unwrap()
        } else {
            as_type(data_type)
        }
    })
    .into();
    let each = |row: usize| present(row).then_some(row as u64);
    found.push(Arc::new((0..ROWS).map(|row| each(row).map(|k| u64::MAX - k)).collect::<UInt64Array>()));
    found.push(Arc::new((0..ROWS).map(|row| each(row).map(|k| i64::MIN + k as i64)).collect::<Int64Array>()));
    found.push(Arc::new((0..ROWS).map(|row| each(row).map(|k| k % 2 == 0)).collect::<BooleanArray>()));
    found.push(Arc::new((0..ROWS).map(|row| each(row).map(|k| 0.1 + k as f64)).collect::<Float64Array>()));
    let decimals = (0..ROWS).map(|row| each(row).map(|k| 12_345_678_901_234_567_890 + i128::from(k)));
    let decimals = decimals.collect::<Decimal128Array>();
    found.push(Arc::new(decimals.clone().with_precision_and_scale(20, 0).unwrap()));
    found.push(Arc::new(decimals.with_precision_and_scale(38, 10).unwrap()));
    let times = (0..ROWS).map(|row| each(row).map(|k| k as i64 * 3_600_000_000));
    let times = times.collect::<TimestampMicrosecondArray>();
    found.push(Arc::new(times.clone().with_timezone("UTC")));
    found.push(Arc::new(times.with_timezone("Europe/Berlin")));
    let far = (0..ROWS).map(|row| each(row).map(|k| i64::MAX - k as i64));
    found.push(Arc::new(far.collect::<TimestampMicrosecondArray>()));
    let words = ["large", "00501", "1.50", "NA"];
    let words = (0..ROWS).map(|row| each(row).map(|k| words[k as usize % 4]));
    found.push(Arc::new(words.clone().collect::<StringArray>()));
    found.push(Arc::new(words.collect::<DictionaryArray<Int8Type>>()));
    let mut list = ListBuilder::new(Int32Builder::new());
    (0..ROWS).for_each(|row| list.append_option(each(row).map(|k| [Some(k as i32), None])));
    found.push(Arc::new(list.finish()));
    found
}

/// Two columns to learn, with missing cells, and the column in question.
fn table(column: &ArrayRef, noise: &mut Stream) -> RecordBatch {
    let mut number = |gap: usize| {
        let cells = (0..ROWS).map(|row| (row % 11 != gap).then(|| noise.random::<f64>() * 4.0 - 2.0));
        Arc::new(cells.collect::<Float64Array>()) as ArrayRef
    };
    let (x, y) = (number(2), number(9));
    let fields = [("x", &x), ("c", column), ("y", &y)];
    let fields = fields.map(|(name, array)| Field::new(name, array.data_type().clone(), true));
    let schema = Schema::new(fields.to_vec());
    let said = HashMap::from([("made by".to_string(), "a test".to_string())]);
    let schema = schema.with_metadata(said);
    RecordBatch::try_new(Arc::new(schema), vec![x, column.clone(), y]).unwrap()
}

fn fitted(rows: &RecordBatch, role: Role) -> Predictor {
    let mut config = Config::default();
    for setting in
        ["training.epochs=1", "model.family={kind=\"plain\"}", "model.hidden=[2]", "model.latent_dim=1"]
    {
        config.set(setting).unwrap();
    }
    match role {
        Role::Key => config.data.key = Some("c".into()),
        Role::Label => config.data.label = Some("c".into()),
        Role::Dropped => config.data.drop = vec!["c".into()],
        // Else "NA" is a missing cell.
        Role::Left => config.data.missing = vec!["none".into()],
    }
    FitJob::new(rows.clone()).config(config).run().unwrap().predictor
}

/// The rows as a file of this name and back.
fn through(folder: &tempfile::TempDir, name: &str, rows: &RecordBatch) -> RecordBatch {
    let path = folder.path().join(name).to_string_lossy().into_owned();
    let mut writer = Writer::create(&path, None).unwrap();
    writer.write(&rows.slice(0, 10)).unwrap();
    writer.write(&rows.slice(10, ROWS - 10)).unwrap();
    assert_eq!(writer.note(), None);
    writer.finish().unwrap();
    open(&path, &Default::default()).unwrap().collect().unwrap()
}

/// The same cells where `wanted`; types and metadata too.
fn same_cells(given: &RecordBatch, found: &RecordBatch, wanted: impl Fn(usize) -> bool, what: &str) {
    for (field, array) in given.schema().fields().iter().zip(given.columns()) {
        let back = found.column_by_name(field.name()).unwrap_or_else(|| panic!("{what}: no {field}"));
        assert_eq!(back.data_type(), array.data_type(), "{what}: {}", field.name());
        for row in (0..ROWS).filter(|&row| array.is_valid(row) || wanted(row)) {
            // Dictionaries differ in their values, so cells are compared as those.
            let cell = |array: &ArrayRef| match array.as_any_dictionary_opt() {
                Some(found) => cast(&array.slice(row, 1), found.values().data_type()).unwrap(),
                None => array.slice(row, 1),
            };
            assert_eq!(&cell(back), &cell(array), "{what}: {}, row {row}", field.name());
        }
    }
    assert_eq!(found.schema().metadata().get("made by").map(String::as_str), Some("a test"), "{what}");
}

#[test]
fn every_type_comes_back_in_every_role() {
    let folder = tempfile::tempdir().unwrap();
    let noise = &mut stream(0, Purpose::Generate, 0, 0);
    let mut tables = 0;
    for gaps in [Gaps::None, Gaps::Some, Gaps::FirstHalf, Gaps::AllButOne] {
        for (at, column) in columns(gaps, noise).iter().enumerate() {
            let role = [Role::Key, Role::Label, Role::Dropped, Role::Left][(at + tables) % 4];
            let name = if at % 2 == 0 { "t.parquet" } else { "t.arrow" };
            let what = format!("{name} {} {gaps:?} {role:?}", column.data_type());
            let given = table(column, noise);
            let rows = through(&folder, name, &given);
            assert_eq!(rows, given, "{what}: the reader keeps everything");
            let predictor = fitted(&rows, role);
            let done = predictor.impute(&rows, &ImputeConfig::default()).unwrap().completed;
            let done = through(&folder, name, &done);
            same_cells(&rows, &done, |_| false, &what);
            let learned = predictor.columns().any(|column| column == "c");
            assert!(learned || done.column(1) == rows.column(1), "{what}: missing cells stay missing");
            assert_eq!((done.column(0).null_count(), done.column(2).null_count()), (0, 0), "{what}");
            let scored = predictor.score(&rows).unwrap().table(&rows, 1).unwrap();
            let scored = through(&folder, name, &scored);
            same_cells(&rows, &scored, |_| true, &what);
            let made = predictor.reconstruct(&rows).unwrap();
            if matches!(role, Role::Key | Role::Label) {
                assert_eq!(made.column(1), rows.column(1), "{what}");
            } else if learned {
                assert_eq!(made.column(1).data_type(), column.data_type(), "{what}");
            }
            tables += 1;
        }
    }
    assert!(tables > 80, "{tables}");
}
