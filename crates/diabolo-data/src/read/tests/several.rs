//! Folders, patterns and archives; formats that are not supported.

use super::*;

#[test]
fn parts_of_a_table_are_one_input() {
    let folder = Folder::new();
    for (year, month, first) in [(2023, "01", 0), (2023, "02", 10), (2024, "01", 20)] {
        let batch = RecordBatch::try_from_iter([
            ("x", Arc::new(Int64Array::from(vec![first, first + 1])) as ArrayRef),
            ("s", Arc::new(StringArray::from(vec![Some("a"), None])) as ArrayRef),
        ]);
        write(&folder.put(&format!("t/year={year}/month={month}/part-0.parquet"), ""), &batch.unwrap());
    }
    folder.put("t/_SUCCESS", "");
    folder.put("t/.part-0.parquet.crc", "x");
    folder.put("t/_metadata/x.parquet", "x");
    let batch = read(&folder.path("t"));
    assert_eq!(names(&batch), ["x", "s", "year", "month"]);
    assert_eq!(batch.column(0).as_primitive::<Int64Type>().values(), &[0, 1, 10, 11, 20, 21]);
    assert_eq!(batch.column(2).as_primitive::<Int64Type>().values(), &[2023, 2023, 2023, 2023, 2024, 2024]);
    assert_eq!(texts(&batch, "month")[2], Some("02".into()));
    let later = read(&folder.path("t/year=2023/*/*.parquet"));
    assert_eq!((later.num_rows(), names(&later)), (4, vec!["x".into(), "s".into(), "month".into()]));
    assert_eq!(read(&folder.path("t/**/*.parquet")).num_rows(), 6);
    assert!(failure(&folder.path("t/*.csv")).contains("files that match the pattern"));
}

#[cfg(unix)]
#[test]
fn a_part_that_is_a_broken_link_is_an_error() {
    let folder = Folder::new();
    folder.put("t/a.csv", "x\n1\n");
    std::os::unix::fs::symlink("gone", folder.path("t/b.csv")).unwrap();
    for input in ["t", "t/*.csv"] {
        let error = failure(&folder.path(input));
        assert!(error.contains("t/b.csv"), "{error}");
    }
}

#[test]
fn parts_have_one_format_and_the_same_columns() {
    let folder = Folder::new();
    folder.put("c/part-00000", "a,b\n1,x\n2,y\n");
    folder.put("c/part-00001", "");
    folder.put("c/part-00002.csv.gz", gz(b"b,a\nz,3.5\n"));
    let batch = read(&folder.path("c"));
    assert_eq!(texts(&batch, "a"), [Some("1".into()), Some("2".into()), Some("3.5".into())]);
    folder.put("j/1.jsonl", "{\"x\":1}\n");
    folder.put("j/2.jsonl", "{\"x\":2.5}\n");
    assert_eq!(read(&folder.path("j")).column(0).as_primitive::<Float64Type>().values(), &[1.0, 2.5]);
    folder.put("c/part-00003.csv", "a,other\n1,x\n");
    let error = failure(&folder.path("c"));
    assert!(error.contains("part-00003.csv: expected the columns 'a', 'b', as in the first part"), "{error}");
    folder.put("j/3.csv", "x\n1\n");
    assert!(
        failure(&folder.path("j")).contains("found jsonl and csv files"),
        "{}",
        failure(&folder.path("j"))
    );
    folder.put("run/config.toml", "");
    folder.put("run/model.safetensors", "");
    assert!(failure(&folder.path("run")).contains("a run of diabolo"), "{}", failure(&folder.path("run")));
}

/// A ZIP archive of stored members, as Python's zipfile writes it.
fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
    let (mut bytes, mut directory) = (vec![], vec![]);
    for (name, contents) in members {
        let mut crc = flate2::Crc::new();
        crc.update(contents);
        let size = (contents.len() as u32).to_le_bytes();
        let common =
            [&[20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0x50][..], &crc.sum().to_le_bytes(), &size, &size].concat();
        let length = (name.len() as u16).to_le_bytes();
        let offset = (bytes.len() as u32).to_le_bytes();
        directory
            .extend([b"PK\x01\x02\x14\0", &common[..], &length, &[0; 12], &offset, name.as_bytes()].concat());
        bytes.extend([b"PK\x03\x04", &common[..], &length, &[0, 0], name.as_bytes(), contents].concat());
    }
    let count = (members.len() as u16).to_le_bytes();
    let ends = [(directory.len() as u32).to_le_bytes(), (bytes.len() as u32).to_le_bytes()].concat();
    [bytes, directory, b"PK\x05\x06\0\0\0\0".to_vec(), [count, count].concat(), ends, vec![0, 0]].concat()
}

#[test]
fn an_archive_of_one_file_is_read() {
    let folder = Folder::new();
    let csv = &b"a,b\n1,x\n2,y\n"[..];
    let one = archive(&[("data/", b""), ("data/rows.csv", csv), ("__MACOSX/data/._rows.csv", b"\0")]);
    assert_eq!(texts(&read(&folder.put("one.zip", one)), "b"), [Some("x".into()), Some("y".into())]);
    let packed = archive(&[("rows.csv.gz", &gz(csv))]);
    assert_eq!(read(&folder.put("packed.zip", packed)).num_rows(), 2);
    let json = archive(&[("rows.jsonl", b"{\"x\":1}\n")]);
    assert_eq!(read(&folder.put("json.zip", json)).num_rows(), 1);
    for (name, members, part) in [
        ("two.zip", &[("a.csv", csv), ("b.csv", csv)][..], "an archive of 2 files (a.csv, b.csv)"),
        ("book.xlsx", &[("[Content_Types].xml", csv), ("xl/workbook.xml", csv)], "an Excel workbook"),
    ] {
        let error = failure(&folder.put(name, archive(members)));
        assert!(error.contains("not supported") && error.contains(part), "{error}");
    }
    let error = failure(&folder.put("bad.zip", archive(&[("rows.csv", b"a,b\n1,2\n3\n")])));
    assert!(error.contains("bad.zip/rows.csv, row 2"), "{error}");
    cut_and_bend("t.zip", &archive(&[("rows.csv", csv)]));
}

#[test]
fn what_is_not_supported_is_named() {
    let folder = Folder::new();
    for (name, bytes, part) in [
        ("rows.csv.bz2", &b"BZh91AY&SY\x01\x02"[..], "compressed with bzip2"),
        ("rows.csv.xz", b"\xfd7zXZ\0\0\x04", "compressed with xz"),
        ("rows.db", b"SQLite format 3\0", "an SQLite database"),
        ("rows.pkl", b"\x80\x05\x95\x01", "a Python pickle"),
        ("rows.csv", b"<!DOCTYPE html><html>", "a web page"),
    ] {
        let error = open(&folder.put(name, bytes), &ReadOptions::default()).err().unwrap();
        assert!(matches!(error, Error::Unsupported { .. }), "{error}");
        assert!(error.to_string().contains(part), "{error}");
    }
}
