//! JSON lines.

use super::*;

#[test]
fn columns_have_the_types_of_all_rows() {
    let folder = Folder::new();
    let text = concat!(
        r#"{"id": 9007199254740993, "u": 18446744073709551615, "n": 1, "s": "00501", "ok": true, "mix": 1.50, "deep": {"a": [1, 2]}}"#,
        "\n\n",
        r#"{"s": null, "n": 2.5, "id": -1, "ok": null, "mix": "n/a", "u": 0, "deep": [], "late": "é\n", "gone": null}"#,
        "\r\n",
    );
    for (name, bytes) in
        [("t.jsonl", text.as_bytes().to_vec()), ("t.ndjson.gz", gz(text.as_bytes())), ("t", text.into())]
    {
        let batch = read(&folder.put(name, bytes));
        assert_eq!(names(&batch), ["id", "u", "n", "s", "ok", "mix", "deep", "late", "gone"]);
        let types = batch.schema().fields().iter().map(|f| f.data_type().clone()).collect::<Vec<_>>();
        use DataType::*;
        assert_eq!(types, [Int64, UInt64, Float64, Utf8, Boolean, Utf8, Utf8, Utf8, Utf8]);
        assert_eq!(batch.column(0).as_primitive::<Int64Type>().value(0), 9007199254740993);
        assert_eq!(texts(&batch, "s"), [Some("00501".into()), None]);
        assert_eq!(texts(&batch, "mix"), [Some("1.50".into()), Some("n/a".into())]);
        assert_eq!(texts(&batch, "late"), [None, Some("é\n".into())]);
        // Written again, the values are the same.
        let path = folder.path(&format!("{name}.again.jsonl"));
        write(&path, &batch);
        let again = std::fs::read_to_string(&path).unwrap();
        let values = |text: &str| {
            let lines = text.lines().filter(|line| !line.is_empty());
            lines.map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()).collect::<Vec<_>>()
        };
        for (mut row, again) in values(text).into_iter().zip(values(&again)) {
            for name in names(&batch) {
                row.as_object_mut().unwrap().entry(&name).or_insert(serde_json::Value::Null);
                // Whole and real numbers in one column are real: 1 and 1.0 are the same value.
                let same =
                    row[&name] == again[&name] || name == "n" && row[&name].as_f64() == again[&name].as_f64();
                assert!(same, "{name}: {} {}", row[&name], again[&name]);
            }
        }
        assert_eq!(read(&path), batch);
    }
}

#[test]
fn tables_round_trip_through_json_lines() {
    let folder = Folder::new();
    for name in ["t.jsonl", "t.ndjson.zst"] {
        write(&folder.path(name), &table());
        assert_eq!(read(&folder.path(name)).columns(), table().columns(), "{name}");
    }
}

#[test]
fn damaged_lines_are_named_or_skipped() {
    let folder = Folder::new();
    let path =
        folder.put("t.jsonl", "{\"x\":1}\n\n{\"x\":2\n{\"x\":3}\n{\"x\":4,\"x\":5}\n\"x\"\n{\"x\":7}\n");
    let error = failure(&path);
    assert!(
        error.contains("t.jsonl, row 2: expected a JSON object on one line, found the end of the line"),
        "{error}"
    );
    assert!(error.contains("(line 3)") && error.contains("--skip-bad-rows N"), "{error}");
    let (on_note, notes) = OnNote::kept();
    let options = ReadOptions { skip_bad_rows: 3, on_note, batch_rows: 2, ..Default::default() };
    let batch = open(&path, &options).unwrap().collect().unwrap();
    assert_eq!(batch.column(0).as_primitive::<Int64Type>().values(), &[1, 3, 7]);
    let found = notes();
    assert!(found.len() == 1 && found[0].starts_with("skipped 3 damaged rows, the first: "), "{found:?}");
    let options = ReadOptions { skip_bad_rows: 2, ..options };
    let error = open(&path, &options).and_then(Source::collect).unwrap_err().to_string();
    assert!(
        error.contains("row 5") && error.contains("damaged row 3, and --skip-bad-rows allows 2"),
        "{error}"
    );
    for (name, text, part) in [
        ("empty.jsonl", "", "an empty file"),
        ("array.json", "[{\"x\": 1}]", "not supported: a JSON array"),
        ("pretty.json", "{\n  \"x\": 1\n}\n", "row 1: expected a JSON object on one line"),
        ("text.jsonl", "a,b\n", "the format of its extension, jsonl"),
    ] {
        assert!(failure(&folder.put(name, text)).contains(part), "{}", failure(&folder.path(name)));
    }
}
