//! Every format written and read back, read in small batches, cut short and bent out of shape.

#![allow(clippy::unwrap_used)]

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use arrow_array::builder::StringDictionaryBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type, Int32Type, Int64Type, UInt8Type};
use arrow_array::*;
use arrow_schema::DataType;

use super::*;
use crate::Writer;
use crate::digits::digits;
use crate::image::{image_scale, image_shape};

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Folder {
        Folder(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_string_lossy().into_owned()
    }

    fn put(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = PathBuf::from(self.path(name));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        // Some file systems flush a file that is overwritten; a new one is fast.
        let _ = std::fs::remove_file(&path);
        std::fs::write(&path, bytes).unwrap();
        self.path(name)
    }
}

fn small() -> ReadOptions {
    ReadOptions { batch_rows: 2, ..Default::default() }
}

fn read(path: &str) -> RecordBatch {
    let whole = open(path, &ReadOptions::default()).unwrap().collect().unwrap();
    let parts = open(path, &small()).unwrap().map(Result::unwrap).collect::<Vec<_>>();
    assert!(parts.iter().all(|part| part.num_rows() <= 2), "{path}");
    let parts = arrow_select::concat::concat_batches(&whole.schema(), &parts).unwrap();
    assert_eq!(whole, parts, "{path}: small batches make another table");
    whole
}

fn failure(path: &str) -> String {
    open(path, &ReadOptions::default()).and_then(Source::collect).unwrap_err().to_string()
}

fn write(path: &str, batch: &RecordBatch) {
    let mut writer = Writer::create(path, None).unwrap();
    let half = batch.num_rows() / 2;
    writer.write(&batch.slice(0, half)).unwrap();
    writer.write(&batch.slice(half, batch.num_rows() - half)).unwrap();
    assert!(path.ends_with('/') || !PathBuf::from(path).exists(), "{path} appeared before it was complete");
    writer.finish().unwrap();
}

fn texts(batch: &RecordBatch, column: &str) -> Vec<Option<String>> {
    let column =
        batch.column_by_name(column).unwrap_or_else(|| panic!("no {column} in {:?}", batch.schema()));
    column.as_string::<i32>().iter().map(|text| text.map(str::to_string)).collect()
}

fn names(batch: &RecordBatch) -> Vec<String> {
    batch.schema().fields().iter().map(|field| field.name().clone()).collect()
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), Default::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Cut anywhere, a file is an error; with any byte changed, it is read or refused, but never a panic.
fn cut_and_bend(name: &str, bytes: &[u8]) {
    let folder = Folder::new();
    for length in 0..bytes.len() {
        let path = folder.put(name, &bytes[..length]);
        let read = open(&path, &ReadOptions::default()).and_then(Source::collect);
        assert!(read.is_err(), "{name} cut to {length} of {} bytes was read", bytes.len());
    }
    for position in 0..bytes.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut bent = bytes.to_vec();
            bent[position] ^= flip;
            let _ = open(&folder.put(name, &bent), &ReadOptions::default()).and_then(Source::collect);
        }
    }
}

// --- delimited text -------------------------------------------------------------------------------------------------

#[test]
fn csv_cells_are_trimmed_text_and_missing_ones_null() {
    let folder = Folder::new();
    let path = folder.put("t.csv", "age, name ,x\r\n39, Ann ,1\r\n\r\n?, NA,2\r\n  \r\n40,\"a, b\",\r\n");
    let batch = read(&path);
    assert_eq!(names(&batch), ["age", "name", "x"]);
    assert_eq!(texts(&batch, "age"), [Some("39".into()), None, Some("40".into())]);
    assert_eq!(texts(&batch, "name"), [Some("Ann".into()), None, Some("a, b".into())]);
    assert_eq!(texts(&batch, "x"), [Some("1".into()), Some("2".into()), None]);

    let options = ReadOptions { missing: vec!["39".into()], header: Some(false), ..Default::default() };
    let batch = open(&path, &options).unwrap().collect().unwrap();
    assert_eq!(names(&batch), ["column_1", "column_2", "column_3"]);
    assert_eq!(texts(&batch, "column_1"), [Some("age".into()), None, None, Some("40".into())]);
}

#[test]
fn delimiters_headers_and_packing_are_found() {
    let folder = Folder::new();
    let csv = b"a;b\n1,5;x\n2,5;y\n";
    for (name, bytes) in [
        ("plain.txt", csv.to_vec()),
        ("packed.csv", gz(csv)),
        ("packed", zstd::encode_all(&csv[..], 0).unwrap()),
        ("spaces.txt", b"  a   b\n 1,5  x\n 2,5  y \n".to_vec()),
        ("t.tsv", b"a\tb\n1,5\tx\n2,5\ty\n".to_vec()),
        ("remark.test", b"|1x3 Cross validator\na,b\n\"1,5\",x\n\"2,5\",y\n".to_vec()),
    ] {
        let batch = read(&folder.put(name, bytes));
        assert_eq!(names(&batch), ["a", "b"], "{name}");
        assert_eq!(texts(&batch, "a"), [Some("1,5".into()), Some("2,5".into())], "{name}");
        assert_eq!(texts(&batch, "b"), [Some("x".into()), Some("y".into())], "{name}");
    }
}

#[test]
fn encodings_are_found() {
    let folder = Folder::new();
    let text = "city,n\nZürich,1\nGenève,2\nKöln,3\nMünchen,4\n";
    let utf16 = |little: bool| {
        let units = [0xfeff].into_iter().chain(text.encode_utf16());
        units
            .flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() })
            .collect::<Vec<u8>>()
    };
    for (name, bytes) in [
        ("utf8", text.as_bytes().to_vec()),
        ("bom", [b"\xef\xbb\xbf", text.as_bytes()].concat()),
        ("latin1", text.chars().map(|c| c as u8).collect()),
        ("utf16le", utf16(true)),
        ("utf16be", utf16(false)),
    ] {
        let batch = read(&folder.put(name, bytes));
        assert_eq!(names(&batch), ["city", "n"], "{name}");
        assert_eq!(texts(&batch, "city")[1], Some("Genève".into()), "{name}");
    }
    let options = ReadOptions { encoding: Some("klingon".into()), ..Default::default() };
    assert!(open(&folder.path("utf8"), &options).err().unwrap().to_string().contains("'klingon'"));
}

#[test]
fn a_late_byte_that_is_not_utf8_names_its_row_and_column() {
    let folder = Folder::new();
    let mut bytes = b"a,b\n1,word\n".to_vec();
    bytes.extend("2,other\n".repeat(50_000).bytes());
    bytes.extend(b"3,caf\xe9\n");
    let error = failure(&folder.put("t.csv", &bytes));
    assert!(
        error.contains("row 50002, column 'b': expected UTF-8 text") && error.contains("--encoding"),
        "{error}"
    );
}

#[test]
fn bad_text_is_refused_with_reasons() {
    let folder = Folder::new();
    for (name, bytes, parts) in [
        (
            "ragged.csv",
            &b"a,b,\"c\nc\"\r\n1,2,3\r\n\r\n1,2\r\n1,2,3"[..],
            &["ragged.csv, row 2: expected 3 cells, found 2 (line 5)"][..],
        ),
        ("quote.csv", b"a,b\n1,2\n3,\"4\n5,6\n7,8\n9,10\n", &["row"]),
        ("empty.csv", b"", &["at least one row", "an empty file"]),
        ("blank.csv", b"\n\n  \n", &["at least one row"]),
        ("twice.csv", b"a,a\n1,2\n", &["column 'a'", "differ"]),
        ("binary.csv", b"a,b\n\0\x01\x02,3\n", &["binary data", "--encoding"]),
        ("text.parquet", b"a,b\n1,2\n", &["the format its name says, parquet"]),
        ("empty.npy", b"", &["an empty file"]),
        ("cut.csv.gz", &gz(b"a,b\n1,2\n3,4\n")[..25], &["a whole, undamaged file"]),
    ] {
        let path = folder.put(name, bytes);
        match open(&path, &ReadOptions::default()).and_then(Source::collect) {
            Ok(batch) => assert_eq!(name, "quote.csv", "{batch:?}"),
            Err(error) => {
                assert!(parts.iter().all(|part| error.to_string().contains(part)), "{name}: {error}")
            }
        }
    }
    assert!(failure(&folder.path("none.csv")).contains("cannot open"));
    let only_header = read(&folder.put("header.csv", "name,city\n"));
    assert_eq!((only_header.num_rows(), names(&only_header)), (0, vec!["name".into(), "city".into()]));
}

// --- tables, there and back -----------------------------------------------------------------------------------------

fn table() -> RecordBatch {
    RecordBatch::try_from_iter([
        ("id", Arc::new(Int64Array::from(vec![1, 2, 3, 4, 5])) as ArrayRef),
        ("x", Arc::new(Float64Array::from(vec![Some(0.1), None, Some(-1e-9), Some(3.0), Some(1e300)]))),
        ("ok", Arc::new(BooleanArray::from(vec![Some(true), Some(false), None, Some(true), None]))),
        (
            "name",
            Arc::new(StringArray::from(vec![Some("ü,\"x\""), None, Some("a\nb"), Some("c d"), Some("e")])),
        ),
    ])
    .unwrap()
}

#[test]
fn typed_tables_go_there_and_back() {
    let folder = Folder::new();
    for name in ["t.parquet", "t.arrow", "t.feather", "t.parquet.gz", "t.arrow.zst"] {
        write(&folder.path(name), &table());
        assert_eq!(read(&folder.path(name)).columns(), table().columns(), "{name}");
    }
}

#[test]
fn text_tables_go_there_and_back() {
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
fn columns_come_in_few_types() {
    let folder = Folder::new();
    let mut dictionary = StringDictionaryBuilder::<Int32Type>::new();
    dictionary.extend([Some("b"), None, Some("b")]);
    let decimals = Decimal128Array::from(vec![150, 25, -5]).with_precision_and_scale(10, 2).unwrap();
    let batch = RecordBatch::try_from_iter([
        ("u8", Arc::new(UInt8Array::from(vec![1, 2, 255])) as ArrayRef),
        ("f32", Arc::new(Float32Array::from(vec![0.5, f32::NAN, 2.0]))),
        ("dictionary", Arc::new(dictionary.finish())),
        ("large", Arc::new(LargeStringArray::from(vec!["a", "b", "c"]))),
        ("view", Arc::new(StringViewArray::from(vec!["a", "b", "c"]))),
        ("date", Arc::new(Date32Array::from(vec![0, 1, 365]))),
        ("time", Arc::new(TimestampSecondArray::from(vec![0, 60, 3600]))),
        ("decimal", Arc::new(decimals)),
    ])
    .unwrap();
    for name in ["t.parquet", "t.arrow"] {
        write(&folder.path(name), &batch);
        let back = read(&folder.path(name));
        assert_eq!(back.column(0).as_primitive::<Int64Type>().values(), &[1, 2, 255]);
        assert_eq!(
            back.column(1).as_primitive::<Float64Type>().iter().collect::<Vec<_>>(),
            [Some(0.5), None, Some(2.0)]
        );
        assert_eq!(texts(&back, "dictionary"), [Some("b".into()), None, Some("b".into())]);
        assert_eq!(texts(&back, "large"), texts(&back, "view"));
        assert_eq!(texts(&back, "date")[2], Some("1971-01-01".into()));
        assert_eq!(texts(&back, "time")[1], Some("1970-01-01T00:01:00".into()));
        assert_eq!(back.column(7).as_primitive::<Float64Type>().values(), &[1.5, 0.25, -0.05]);
    }
    let large = Arc::new(UInt64Array::from(vec![1, u64::MAX])) as ArrayRef;
    write(&folder.path("u64.parquet"), &RecordBatch::try_from_iter([("id", large)]).unwrap());
    assert!(failure(&folder.path("u64.parquet")).contains("column 'id'"));
}

#[test]
fn an_arrow_stream_is_read_too() {
    let mut writer = arrow_ipc::writer::StreamWriter::try_new(Vec::new(), &table().schema()).unwrap();
    writer.write(&table()).unwrap();
    let bytes = writer.into_inner().unwrap();
    assert_eq!(read(&Folder::new().put("piped.arrow", &bytes)).columns().len(), 4);
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

// --- pictures -------------------------------------------------------------------------------------------------------

fn colours() -> RecordBatch {
    let field = crate::image::image_field(2, 3, 3, false);
    let pixels = (0..4 * 18).map(|n| n as u8 * 3).collect::<Vec<_>>();
    let images = crate::image::image_array(&field, Arc::new(UInt8Array::from(pixels))).unwrap();
    RecordBatch::try_new(Arc::new(Schema::new(vec![field])), vec![images]).unwrap()
}

#[test]
fn pictures_go_there_and_back() {
    let folder = Folder::new();
    for name in ["p.parquet", "p.arrow", "p.npy", "pictures/"] {
        write(&folder.path(name), &colours());
        let back = read(&folder.path(name));
        let column = back.schema().index_of("image").unwrap();
        assert_eq!(image_shape(back.schema().field(column)), Some((2, 3, 3)), "{name}");
        assert_eq!(back.column(column), colours().column(0), "{name}");
    }
    assert_eq!(texts(&read(&folder.path("pictures/")), "file")[0], Some("000001.png".into()));
    write(&folder.path("d.parquet"), &digits().unwrap());
    let back = read(&folder.path("d.parquet"));
    assert_eq!(image_scale(back.schema().field(0)), 16.0);
    assert_eq!(back.columns(), digits().unwrap().columns());
}

#[test]
fn float_pictures_go_through_npy() {
    let folder = Folder::new();
    let field = crate::image::image_field(2, 2, 1, true);
    let pixels = Arc::new(Float32Array::from(vec![0.0, 0.25, 0.5, 1.0]));
    let images = crate::image::image_array(&field, pixels.clone()).unwrap();
    write(
        &folder.path("f.npy"),
        &RecordBatch::try_new(Arc::new(Schema::new(vec![field])), vec![images]).unwrap(),
    );
    let back = read(&folder.path("f.npy"));
    assert_eq!(back.column(0).as_fixed_size_list().values().as_primitive::<Float32Type>(), pixels.as_ref());
}

#[test]
fn folders_give_files_and_labels_in_order() {
    let folder = Folder::new();
    write(&folder.path("cat/"), &colours().slice(0, 2));
    write(&folder.path("dog/deep/"), &colours().slice(2, 2));
    folder.put(".hidden/x.png", "no picture");
    folder.put("notes.txt", "no picture");
    let batch = read(&folder.path(""));
    let files = ["cat/000001.png", "cat/000002.png", "dog/deep/000001.png", "dog/deep/000002.png"];
    assert_eq!(texts(&batch, "file"), files.map(|file| Some(file.to_string())));
    assert_eq!(texts(&batch, "label"), ["cat", "cat", "dog", "dog"].map(|label| Some(label.to_string())));
    let single = read(&folder.path("cat/000002.png"));
    assert_eq!(single.column(1), &batch.column(1).slice(1, 1));

    // The keys lead back to the same folders.
    write(&folder.path("again/"), &batch);
    assert_eq!(read(&folder.path("again/")), batch);

    let grey = |side: u32| {
        let mut bytes = std::io::Cursor::new(Vec::new());
        image::GrayImage::new(side, 3).write_to(&mut bytes, image::ImageFormat::Jpeg).unwrap();
        bytes.into_inner()
    };
    folder.put("grey/a.jpg", grey(4));
    assert_eq!(image_shape(read(&folder.path("grey")).schema().field(1)), Some((3, 4, 1)));
    folder.put("grey/b.JPEG", grey(5));
    let error = failure(&folder.path("grey"));
    assert!(
        error.contains("b.JPEG: expected 3 × 4 pixels") && error.contains("found 3 × 5 pixels"),
        "{error}"
    );
}

#[test]
fn bad_folders_and_pictures_are_errors() {
    let folder = Folder::new();
    folder.put("none/readme.txt", "nothing");
    assert!(failure(&folder.path("none")).contains("a folder without any"));
    write(&folder.path("p/"), &colours().slice(0, 1));
    let png = std::fs::read(folder.path("p/000001.png")).unwrap();
    folder.put("p/000002.png", &png[..png.len() / 2]);
    assert!(failure(&folder.path("p")).contains("000002.png: expected a whole, undamaged file"));
    let batch = read(&folder.path("p/000001.png"));
    let leading_out = RecordBatch::try_from_iter([
        ("file", Arc::new(StringArray::from(vec!["../x.png"])) as ArrayRef),
        ("image", batch.column(1).clone()),
    ]);
    let schema =
        Schema::new(vec![Field::new("file", DataType::Utf8, false), batch.schema().field(1).clone()]);
    let leading_out =
        RecordBatch::try_new(Arc::new(schema), leading_out.unwrap().columns().to_vec()).unwrap();
    let error =
        Writer::create(&folder.path("q/"), None).unwrap().write(&leading_out).unwrap_err().to_string();
    assert!(error.contains("leads out of the folder"), "{error}");
    assert!(!PathBuf::from(folder.path("x.png")).exists());
}

// --- arrays ---------------------------------------------------------------------------------------------------------

fn npy(descr: &str, fortran: &str, shape: &str, numbers: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}\n");
    [b"\x93NUMPY\x01\x00", &(header.len() as u16).to_le_bytes()[..], header.as_bytes(), numbers].concat()
}

fn floats(batch: &RecordBatch) -> Vec<Vec<Option<f64>>> {
    let columns = batch.columns().iter().map(|column| arrow_cast::cast(column, &DataType::Float64).unwrap());
    columns.map(|column| column.as_primitive::<Float64Type>().iter().collect()).collect()
}

#[test]
fn arrays_of_all_kinds_and_orders() {
    let folder = Folder::new();
    let le = |numbers: &[f64]| numbers.iter().flat_map(|n| n.to_le_bytes()).collect::<Vec<_>>();
    let expected = vec![vec![Some(1.0), Some(3.0), Some(5.0)], vec![Some(2.0), Some(4.0), Some(6.0)]];
    for (name, bytes) in [
        ("c.npy", npy("<f8", "False", "(3, 2)", &le(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]))),
        ("f.npy", npy("<f8", "True", "(3, 2)", &le(&[1.0, 3.0, 5.0, 2.0, 4.0, 6.0]))),
        ("big.npy", npy(">i2", "False", "(3, 2)", &[0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6])),
        ("u1.npy", npy("|u1", "True", "(3, 2)", &[1, 3, 5, 2, 4, 6])),
    ] {
        let batch = read(&folder.put(name, bytes));
        assert_eq!(names(&batch), ["column_1", "column_2"], "{name}");
        assert_eq!(floats(&batch), expected, "{name}");
    }
    let signed =
        read(&folder.put("s.npy", npy("<i4", "False", "(2,)", &[0xfe, 0xff, 0xff, 0xff, 7, 0, 0, 0])));
    assert_eq!(signed.column(0).as_primitive::<Int64Type>().values(), &[-2, 7]);
    let missing = read(&folder.put("nan.npy", npy("<f8", "False", "(2,)", &le(&[f64::NAN, f64::INFINITY]))));
    assert_eq!(floats(&missing), [[None, Some(f64::INFINITY)]]);
    let truths = read(&folder.put("b.npy", npy("|b1", "False", "(2, 1)", &[1, 0])));
    assert_eq!(truths.column(0).as_boolean(), &BooleanArray::from(vec![true, false]));
    let images = read(&folder.put("i.npy", npy("|u1", "False", "(1, 2, 3)", &[1, 2, 3, 4, 5, 6])));
    assert_eq!(image_shape(images.schema().field(0)), Some((2, 3, 1)));
    assert_eq!(
        images.column(0).as_fixed_size_list().values().as_primitive::<UInt8Type>().values(),
        &[1, 2, 3, 4, 5, 6]
    );
}

#[test]
fn numbers_go_through_npy() {
    let folder = Folder::new();
    write(&folder.path("t.npy"), &table().project(&[0, 1]).unwrap());
    let back = read(&folder.path("t.npy"));
    assert_eq!(floats(&back), floats(&table().project(&[0, 1]).unwrap()));
    let mut writer = Writer::create(&folder.path("u.npy"), None).unwrap();
    assert!(writer.write(&table()).unwrap_err().to_string().contains("not 'name'"));
    drop(writer);
    assert!(!PathBuf::from(folder.path("u.npy")).exists());
}

#[test]
fn lying_arrays_are_errors() {
    let folder = Folder::new();
    for (name, bytes, part) in [
        ("short.npy", npy("|u1", "False", "(3, 2)", &[1, 2, 3]), "row 2: expected 3 rows of 2 bytes"),
        ("short_f.npy", npy("|u1", "True", "(3, 2)", &[1, 2, 3, 4]), "expected 3 rows of 2 bytes"),
        ("long.npy", npy("|u1", "False", "(1, 2)", &[1, 2, 3]), "more bytes"),
        (
            "huge.npy",
            npy("<f8", "False", "(9999999999999, 9999999999)", &[1]),
            "more than memory can address",
        ),
        ("wide.npy", npy("<f8", "False", "(1, 99999999999)", &[1]), "at most 1048576 columns"),
        ("tall.npy", npy("<f8", "False", "(99999999999, 2)", &[1]), "the end of the file"),
        ("none.npy", npy("<f8", "False", "(3, 0)", &[]), "at least one number"),
        ("scalar.npy", npy("<f8", "False", "()", &[0; 8]), "1 to 4 dimensions"),
        ("object.npy", npy("|O", "False", "(1,)", &[0; 8]), "an array of bool, int"),
        ("image.npy", npy("|u1", "False", "(1, 2, 2, 2)", &[0; 8]), "1 or 3 channels"),
        ("u8.npy", npy("<u8", "False", "(1,)", &[0xff; 8]), "column 'column_1'"),
    ] {
        let error = failure(&folder.put(name, bytes));
        assert!(error.contains(part), "{name}: {error}");
    }
    cut_and_bend("t.npy", &npy("|u1", "False", "(3, 2)", &[1, 2, 3, 4, 5, 6]));
    cut_and_bend("t.npy", &npy("<f4", "True", "(2, 2)", &[0; 16]));
}

/// A ZIP archive of stored or deflated members.
fn archive(members: &[(&str, Vec<u8>)], deflate: bool) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in members {
        let mut crc = flate2::Crc::new();
        crc.update(content);
        let mut packed = content.clone();
        if deflate {
            let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), Default::default());
            encoder.write_all(content).unwrap();
            packed = encoder.finish().unwrap();
        }
        let offset = bytes.len() as u32;
        let mut common = vec![20, 0, 0, 0, if deflate { 8 } else { 0 }, 0, 0, 0, 0, 0];
        common.extend(crc.sum().to_le_bytes());
        common.extend((packed.len() as u32).to_le_bytes());
        common.extend((content.len() as u32).to_le_bytes());
        common.extend((name.len() as u16).to_le_bytes());
        common.extend([0, 0]);
        bytes.extend([&b"PK\x03\x04"[..], &common, name.as_bytes(), &packed].concat());
        directory.extend(
            [&b"PK\x01\x02\x14\x00"[..], &common, &[0; 10], &offset.to_le_bytes(), name.as_bytes()].concat(),
        );
    }
    let (start, size, count) = (bytes.len() as u32, directory.len() as u32, members.len() as u8);
    bytes.extend(directory);
    bytes.extend(
        [
            &b"PK\x05\x06\0\0\0\0"[..],
            &[count, 0, count, 0],
            &size.to_le_bytes(),
            &start.to_le_bytes(),
            &[0, 0],
        ]
        .concat(),
    );
    bytes
}

#[test]
fn archives_of_arrays() {
    let folder = Folder::new();
    let table = npy("|u1", "False", "(3, 2)", &[1, 2, 3, 4, 5, 6]);
    let labels = npy("|u1", "False", "(3,)", &[0, 1, 0]);
    for deflate in [false, true] {
        let both = archive(&[("y.npy", labels.clone()), ("X.npy", table.clone())], deflate);
        let batch = read(&folder.put("both.npz", &both));
        assert_eq!(names(&batch), ["column_1", "column_2", "y"]);
        assert_eq!(batch.column(2).as_primitive::<Int64Type>().values(), &[0, 1, 0]);
        let only = read(&folder.put("only.npz", archive(&[("whatever.npy", table.clone())], deflate)));
        assert_eq!(only.num_columns(), 2);
        cut_and_bend("t.npz", &both);
    }
    let two = archive(&[("a.npy", table.clone()), ("b.npy", table)], false);
    assert!(failure(&folder.put("two.npz", two)).contains("[a.npy, b.npy]"));
}

fn idx(kind: u8, shape: &[u32], numbers: &[u8]) -> Vec<u8> {
    let sides = shape.iter().flat_map(|side| side.to_be_bytes()).collect::<Vec<_>>();
    [&[0, 0, kind, shape.len() as u8], sides.as_slice(), numbers].concat()
}

#[test]
fn idx_images_find_their_labels() {
    let folder = Folder::new();
    let images = folder.put("train-images-idx3-ubyte.gz", gz(&idx(8, &[3, 1, 2], &[1, 2, 3, 4, 5, 6])));
    assert_eq!(names(&read(&images)), ["image"]);
    folder.put("train-labels-idx1-ubyte", idx(8, &[3], &[7, 8, 9]));
    let batch = read(&images);
    assert_eq!(names(&batch), ["image", "label"]);
    assert_eq!(image_shape(batch.schema().field(0)), Some((1, 2, 1)));
    assert_eq!(batch.column(1).as_primitive::<Int64Type>().values(), &[7, 8, 9]);
    folder.put("train-labels-idx1-ubyte", idx(8, &[2], &[7, 8]));
    assert!(failure(&images).contains("3 values, one for each row, found 2"), "{}", failure(&images));

    let table = read(&folder.put("t.idx", idx(0x0b, &[2, 2], &[0, 1, 0xff, 0xff, 0, 3, 0, 4])));
    assert_eq!(floats(&table), [[Some(1.0), Some(3.0)], [Some(-1.0), Some(4.0)]]);
    let huge = folder.put("huge", idx(8, &[u32::MAX, u32::MAX, u32::MAX], &[1]));
    assert!(failure(&huge).contains("a whole, undamaged file"), "{}", failure(&huge));
    cut_and_bend("t.idx", &idx(8, &[3, 1, 2], &[1, 2, 3, 4, 5, 6]));
}

// --- the rest -------------------------------------------------------------------------------------------------------

#[test]
fn built_in_digits_come_in_batches_too() {
    let batch = read("digits");
    assert_eq!((batch.num_rows(), names(&batch)), (1797, vec!["image".into(), "label".into()]));
}

#[test]
fn fingerprints_follow_the_contents() {
    let folder = Folder::new();
    let path = folder.put("p/a.png", "abc");
    // The SHA-256 of "abc", from the standard.
    let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(fingerprint(&path).unwrap().unwrap(), known);
    assert_eq!(fingerprint("-").unwrap(), None);
    assert_eq!(fingerprint("mnist").unwrap(), fingerprint("mnist:train").unwrap());
    let one = fingerprint(&folder.path("p")).unwrap();
    folder.put("p/b.png", "");
    assert_ne!(fingerprint(&folder.path("p")).unwrap(), one);
}

#[test]
fn targets_that_cannot_be_written_say_so_at_once() {
    let folder = Folder::new();
    for (target, part) in
        [("t.xls", ".parquet"), ("t", ".csv"), ("t.npz", ".npy"), ("t.png", "end its path in '/'")]
    {
        let error = Writer::create(&folder.path(target), None).err().unwrap().to_string();
        assert!(error.contains(part), "{target}: {error}");
    }
    assert!(
        Writer::create(&folder.path("no/such/t.csv"), None)
            .err()
            .unwrap()
            .to_string()
            .contains("cannot write")
    );
    assert!(Writer::create("-", Some(Format::Images)).is_err());
    // An abandoned writer leaves nothing behind.
    let mut writer = Writer::create(&folder.path("t.csv"), None).unwrap();
    writer.write(&table()).unwrap();
    drop(writer);
    assert_eq!(std::fs::read_dir(folder.path("")).unwrap().count(), 0);
}

#[test]
fn the_real_sets_are_read() {
    let Some(data) = std::env::var_os("DIABOLO_DATA").map(PathBuf::from) else {
        eprintln!("skipped: DIABOLO_DATA is not set");
        return;
    };
    for (file, rows, columns) in [
        ("adult/adult.data.gz", 32_561, 15),
        ("adult/adult.test.gz", 16_281, 15),
        ("uci/wdbc.data", 569, 32),
        ("uci/horse-colic.csv", 300, 28),
        ("uci/winequality-white.csv", 4898, 12),
        ("uci/iris.csv", 150, 5),
        ("uci/gain_letter.csv.gz", 20_000, 16),
        ("hivae/Adult/data.csv.gz", 32_561, 12),
        ("series/pollution.csv.gz", 43_824, 13),
        ("ecg5000/ECG5000_TRAIN.txt.gz", 500, 141),
        ("binarized_mnist/binarized_mnist_valid.amat.gz", 10_000, 784),
        ("expression/golub.csv.gz", 72, 7130),
        ("adbench/6_cardio.npz", 1831, 22),
        ("adbench/4_breastw.npz", 683, 10),
        ("timevae/sine_subsampled_train_perc_20.npz", 2000, 1),
        ("mnist/train-images-idx3-ubyte.gz", 60_000, 2),
        ("frey_faces/freyfaces-idx3-ubyte.gz", 1965, 1),
    ] {
        let path = data.join(file);
        if !path.exists() {
            eprintln!("skipped: no {file}");
            continue;
        }
        let batch = open(&path.to_string_lossy(), &ReadOptions::default()).unwrap().collect().unwrap();
        assert_eq!((batch.num_rows(), batch.num_columns()), (rows, columns), "{file}");
        if file == "adult/adult.data.gz" {
            assert_eq!(batch.columns().iter().map(|column| column.null_count()).sum::<usize>(), 4262);
        }
    }
}
