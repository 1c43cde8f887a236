//! Round trips of tables.

use arrow_ipc::writer::{IpcWriteOptions, StreamWriter};

use super::*;

#[test]
fn typed_tables_round_trip() {
    let folder = Folder::new();
    for name in ["t.parquet", "t.arrow", "t.feather", "t.parquet.gz", "t.arrow.zst"] {
        write(&folder.path(name), &table());
        assert_eq!(read(&folder.path(name)).columns(), table().columns(), "{name}");
    }
}

#[test]
fn text_tables_round_trip() {
    let folder = Folder::new();
    for name in ["t.csv", "t.tsv", "t.csv.gz", "t.csv.zst"] {
        write(&folder.path(name), &table());
        let batch = read(&folder.path(name));
        for (field, column) in table().schema().fields().iter().zip(table().columns()) {
            let back =
                arrow_cast::cast(batch.column_by_name(field.name()).unwrap(), field.data_type()).unwrap();
            assert_eq!(&back, column, "{name} {}", field.name());
        }
    }
    assert_eq!(&std::fs::read(folder.path("t.csv.gz")).unwrap()[..2], [0x1f, 0x8b]);
}

#[test]
fn a_column_of_one_null_is_not_a_blank_line() {
    let folder = Folder::new();
    let column = Arc::new(StringArray::from(vec![Some("p"), None, Some("p")])) as ArrayRef;
    write(&folder.path("one.csv"), &RecordBatch::try_from_iter([("x", column.clone())]).unwrap());
    assert_eq!(read(&folder.path("one.csv")).column(0), &column);
}

#[test]
fn columns_keep_their_types() {
    let folder = Folder::new();
    let mut dictionary = StringDictionaryBuilder::<Int32Type>::new();
    dictionary.extend([Some("b"), None, Some("b")]);
    let decimals = || Decimal128Array::from(vec![150, 25, -5]).with_precision_and_scale(10, 2).unwrap();
    let times = || TimestampMillisecondArray::from(vec![0, 60, i64::MAX]);
    let batch = RecordBatch::try_from_iter([
        ("u8", Arc::new(UInt8Array::from(vec![1, 2, 255])) as ArrayRef),
        ("u64", Arc::new(UInt64Array::from(vec![1, 2, u64::MAX]))),
        ("f32", Arc::new(Float32Array::from(vec![0.5, f32::NAN, 2.0]))),
        ("dictionary", Arc::new(dictionary.finish())),
        ("large", Arc::new(LargeStringArray::from(vec!["a", "b", "c"]))),
        ("view", Arc::new(StringViewArray::from(vec!["a", "b", "c"]))),
        ("date", Arc::new(Date32Array::from(vec![0, 1, i32::MAX]))),
        ("time", Arc::new(times())),
        ("zone", Arc::new(times().with_timezone("UTC"))),
        ("decimal", Arc::new(decimals())),
        ("binary", Arc::new(BinaryArray::from(vec![&b"a"[..], b"", b"c"]))),
    ])
    .unwrap();
    for name in ["t.parquet", "t.arrow"] {
        write(&folder.path(name), &batch);
        let back = read(&folder.path(name));
        assert_eq!(back.schema(), batch.schema(), "{name}");
        for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
            let found = back.column_by_name(field.name()).unwrap();
            // NaN is not equal to itself.
            let rows = (0..3).filter(|row| field.name() != "f32" || *row != 1);
            rows.for_each(|row| assert_eq!(&found.slice(row, 1), &column.slice(row, 1), "{name} {field}"));
        }
    }
    write(&folder.path("t.csv"), &batch);
    let texts = |column: &str| texts(&read(&folder.path("t.csv")), column);
    assert_eq!(texts("u64")[2], Some("18446744073709551615".into()));
    assert_eq!(texts("decimal")[0], Some("1.50".into()));
    assert_eq!(texts("zone")[1], Some("1970-01-01T00:00:00.060Z".into()));
    assert_eq!(texts("date")[1..], [Some("1970-01-02".into()), Some("2147483647".into())]);
}

#[test]
fn names_that_occur_twice_are_refused() {
    let folder = Folder::new();
    let one: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    let fields = ["x", "x"].map(|name| arrow_schema::Field::new(name, DataType::Int64, true));
    let schema = Arc::new(arrow_schema::Schema::new(fields.to_vec()));
    write(&folder.path("t.parquet"), &RecordBatch::try_new(schema, vec![one.clone(), one]).unwrap());
    assert!(failure(&folder.path("t.parquet")).contains("column 'x': expected different column names"));
}

#[test]
fn an_arrow_stream_is_read_too() {
    let mut writer = StreamWriter::try_new(Vec::new(), &table().schema()).unwrap();
    writer.write(&table()).unwrap();
    let bytes = writer.into_inner().unwrap();
    assert_eq!(read(&Folder::new().put("piped.arrow", &bytes)).columns().len(), 4);
}

/// A stream of one batch, with one number in place of another wherever it stands.
fn stream_with(columns: &[(&str, ArrayRef)], zstd: bool, old: i64, new: i64) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter(columns.iter().cloned()).unwrap();
    let codec = zstd.then_some(arrow_ipc::CompressionType::ZSTD);
    let options = IpcWriteOptions::default().try_with_compression(codec).unwrap();
    let mut writer = StreamWriter::try_new_with_options(Vec::new(), &batch.schema(), options).unwrap();
    writer.write(&batch).unwrap();
    writer.finish().unwrap();
    let mut bytes = writer.into_inner().unwrap();
    let places = (0..bytes.len() - 8).filter(|at| bytes[*at..at + 8] == old.to_le_bytes());
    let places = places.collect::<Vec<_>>();
    assert!(!places.is_empty());
    places.iter().for_each(|at| bytes[*at..at + 8].copy_from_slice(&new.to_le_bytes()));
    bytes
}

/// Each of these files has some hundred bytes; a decoder that believed them would end the process.
#[test]
fn arrow_messages_that_promise_too_much_are_refused() {
    let folder = Folder::new();
    let zeros: ArrayRef = Arc::new(Int64Array::from(vec![0; 4096]));
    let unpacked = stream_with(&[("x", zeros.clone())], true, 8 * 4096, 1 << 45);
    assert!(failure(&folder.put("unpacked.arrow", unpacked)).contains("packed bytes that are to make"));
    let rows = stream_with(&[("x", zeros)], false, 4096, 1 << 40);
    assert!(failure(&folder.put("rows.arrow", rows)).contains("a batch of 1099511627776 rows"));
    let nulls: ArrayRef = Arc::new(NullArray::new(4096));
    let nothing = stream_with(&[("x", nulls)], false, 4096, 1 << 30);
    assert!(failure(&folder.put("nothing.arrow", nothing)).contains("1 columns, and no values"));
}

/// The decoders' own panics are caught, but still shown on stderr.
#[test]
fn damaged_parquet_and_arrow_are_errors() {
    let folder = Folder::new();
    for name in ["t.parquet", "t.arrow"] {
        write(&folder.path(name), &table());
        cut_and_bend(name, &std::fs::read(folder.path(name)).unwrap());
    }
}
