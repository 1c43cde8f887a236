//! Delimited text.

use super::*;

#[test]
fn csv_cells_are_text_as_in_the_file_and_empty_ones_null() {
    let folder = Folder::new();
    let path = folder.put("t.csv", "age, name ,x\r\n39, Ann ,1\r\n\r\n?, NA,2\r\n  \r\n40,\"a, b\",\r\n");
    let batch = read(&path);
    assert_eq!(names(&batch), ["age", "name", "x"]);
    assert_eq!(texts(&batch, "age"), ["39", "?", "40"].map(|cell| Some(cell.into())));
    assert_eq!(texts(&batch, "name"), [" Ann ", " NA", "a, b"].map(|cell| Some(cell.into())));
    assert_eq!(texts(&batch, "x"), [Some("1".into()), Some("2".into()), None]);

    let options = ReadOptions { header: Some(false), ..Default::default() };
    let batch = open(&path, &options).unwrap().collect().unwrap();
    assert_eq!(names(&batch), ["column_1", "column_2", "column_3"]);
    assert_eq!(texts(&batch, "column_1"), ["age", "39", "?", "40"].map(|cell| Some(cell.into())));
}

#[test]
fn trailing_delimiters_are_no_columns() {
    let folder = Folder::new();
    for text in ["a,b\n1,2,\n3,4,\n", "a,b\r\n1,2,,\r\n3,4, \r\n"] {
        let batch = read(&folder.put("t.csv", text));
        assert_eq!(names(&batch), ["a", "b"]);
        assert_eq!(texts(&batch, "b"), [Some("2".into()), Some("4".into())]);
    }
    assert!(failure(&folder.put("t.csv", "a,b\n1,2\n3,4,5\n")).contains("expected 2 cells, found 3"));
}

#[test]
fn delimiters_headers_and_compression_are_detected() {
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
fn encodings_are_detected() {
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
        ("twice.csv", b"a,a\n1,2\n", &["column 'a'", "unique"]),
        ("binary.csv", b"a,b\n\0\x01\x02,3\n", &["binary data", "--encoding"]),
        ("text.parquet", b"a,b\n1,2\n", &["the format of its extension, parquet"]),
        ("empty.npy", b"", &["an empty file"]),
        ("cut.csv.gz", &gz(b"a,b\n1,2\n3,4\n")[..25], &["a complete, undamaged file"]),
    ] {
        let path = folder.put(name, bytes);
        match open(&path, &ReadOptions::default()).and_then(Source::collect) {
            Ok(batch) => panic!("{name}: {batch:?}"),
            Err(error) => {
                assert!(parts.iter().all(|part| error.to_string().contains(part)), "{name}: {error}")
            }
        }
    }
    assert!(failure(&folder.path("none.csv")).contains("cannot open"));
    let only_header = read(&folder.put("header.csv", "name,city\n"));
    assert_eq!((only_header.num_rows(), names(&only_header)), (0, vec!["name".into(), "city".into()]));
}

/// Shapes, names and sums are those of pandas.
#[test]
fn files_as_programs_write_them() {
    let case = |name: &str| format!("{}/../../testdata/cases/{name}", env!("CARGO_MANIFEST_DIR"));
    let sum = |batch: &RecordBatch, column: &str| {
        texts(batch, column).iter().flatten().map(|cell| cell.parse::<f64>().unwrap()).sum::<f64>()
    };
    for (name, columns) in [
        ("case-19-numeric-header.csv", &["400", "401", "402"][..]),
        ("case-20-cr-only.csv", &["x", "y"]),
        ("case-21-sep-line.csv", &["x", "y"]),
        ("case-30-csv.zip", &["x", "y"]),
    ] {
        let batch = read(&case(name));
        assert_eq!(
            (batch.num_rows(), names(&batch)),
            (60, columns.iter().map(|c| c.to_string()).collect()),
            "{name}"
        );
        assert!((sum(&batch, columns[0]) - 4.637).abs() < 1e-9, "{name}");
        assert!((sum(&batch, columns[1]) - 9.781).abs() < 1e-9, "{name}");
    }
    let one = read(&case("case-28-one-column.csv"));
    assert_eq!(
        (names(&one), texts(&one, "event time")[0].clone()),
        (vec!["event time".into()], Some("2024-01-01 10:00".into()))
    );
    let error = failure(&case("case-26-brotli.parquet"));
    assert!(error.contains("not supported: brotli-compressed Parquet; write it again with"), "{error}");
}

#[test]
fn lines_before_the_table_are_skipped_or_name_the_columns() {
    let folder = Folder::new();
    let noted = |name: &str, text: &str| {
        let (on_note, notes) = OnNote::kept();
        let options = ReadOptions { on_note, ..Default::default() };
        let batch = open(&folder.put(name, text), &options).unwrap().collect().unwrap();
        (names(&batch), batch.num_rows(), notes())
    };
    let names = |names: [&str; 2]| names.map(String::from).to_vec();
    let (found, rows, notes) = noted("c.csv", "# by hand\n# twice\nx,y\n1,2\n3,4\n5,6\n");
    assert_eq!((found, rows), (names(["x", "y"]), 3));
    assert!(notes[0].ends_with("skipped 2 lines before the table"), "{notes:?}");
    // As numpy.savetxt writes a header.
    assert_eq!(noted("n.txt", "# x y\n1.5 2\n3 4\n"), (names(["x", "y"]), 2, vec![]));
    let (found, rows, notes) = noted("q.csv", "1,2,3\n4,1,9\n0,3,1\n");
    assert_eq!((found.len(), rows), (3, 3));
    assert!(notes[0].contains("if it names the columns, pass --header"), "{notes:?}");
}

#[test]
fn headers_may_be_longer_than_the_sample() {
    let folder = Folder::new();
    let line = |cell: fn(usize) -> String| (0..40_000).map(cell).collect::<Vec<_>>().join(",");
    let (header, row) = (line(|k| format!("gene_{k}")), line(|k| format!("{}.5", k % 7)));
    let path = folder.put("wide.csv.gz", gz(format!("{header}\n{row}\n{row}\n{row}\n").as_bytes()));
    let batch = open(&path, &ReadOptions::default()).unwrap().collect().unwrap();
    assert_eq!((batch.num_rows(), batch.num_columns()), (3, 40_000));
    assert_eq!(batch.schema().field(39_999).name(), "gene_39999");
}

#[test]
fn damaged_rows_are_named_with_their_line_or_skipped() {
    let folder = Folder::new();
    let bytes = b"# c\na,b\n1,x\n2\n3,\"y\n4,z\n5,\"w\"\n6,caf\xe9\n\n7,\"u\nv\"\n8,t,9\n9,s\n";
    let path = folder.put("t.csv", bytes);
    assert!(
        failure(&path).contains("t.csv, row 2: expected 2 cells, found 1 (line 4)"),
        "{}",
        failure(&path)
    );
    let (on_note, notes) = OnNote::kept();
    let options = ReadOptions {
        skip_bad_rows: 4,
        on_note,
        encoding: Some("utf-8".into()),
        batch_rows: 2,
        ..Default::default()
    };
    let batch = open(&path, &options).unwrap().collect().unwrap();
    assert_eq!(texts(&batch, "a"), ["1", "4", "5", "7", "9"].map(|cell| Some(cell.to_string())));
    assert_eq!(texts(&batch, "b")[3], Some("u\nv".into()));
    assert!(notes().iter().any(|note| note.starts_with("skipped 4 damaged rows, the first: ")));
    for (allowed, part) in [
        (1, "row 3: expected a closing quote, found a cell that goes on over the line (line 5)"),
        (2, "row 6, column 'b': expected UTF-8 text"),
        (3, "row 8: expected 2 cells, found 3 (line 12)"),
    ] {
        let options = ReadOptions { skip_bad_rows: allowed, ..options.clone() };
        let error = open(&path, &options).and_then(Source::collect).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
}
