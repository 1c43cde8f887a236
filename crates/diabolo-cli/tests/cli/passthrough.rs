//! Columns that pass through leave as they came.

use diabolo::arrow::RecordBatch;
use diabolo::arrow::schema::DataType;
use diabolo::data::open;

use crate::support::{Workspace, cells};

fn rows(workspace: &Workspace, name: &str) -> RecordBatch {
    open(&workspace.path(name).to_string_lossy(), &Default::default()).unwrap().collect().unwrap()
}

fn types(rows: &RecordBatch) -> Vec<(String, DataType)> {
    rows.schema().fields().iter().map(|field| (field.name().clone(), field.data_type().clone())).collect()
}

#[test]
fn types_and_cells_survive_every_verb() {
    for (case, flags) in [
        ("case-01-tz.parquet", "--drop t"),
        ("case-02-uint64.parquet", "--key id"),
        ("case-04-decimal-key.parquet", "--key id"),
        ("case-05-zip-text.parquet", ""),
        ("case-29-types.parquet", ""),
        ("train-ts.parquet", ""),
    ] {
        let workspace = Workspace::with_cases(&[case]);
        workspace.ok(&format!("fit {case} {flags} --model plain --epochs 1 -q -o run"));
        let given = rows(&workspace, case);
        for out in ["out.parquet", "out.arrow"] {
            for verb in ["impute", "score"] {
                workspace.ok(&format!("{verb} run {case} -o {out}"));
                let found = rows(&workspace, out);
                for (field, column) in given.schema().fields().iter().zip(given.columns()) {
                    let what = format!("{case}, {verb}, {out}, {}", field.name());
                    let back = found.column_by_name(field.name()).unwrap();
                    assert_eq!(back.data_type(), column.data_type(), "{what}");
                    let same = (0..given.num_rows()).filter(|&row| verb == "score" || column.is_valid(row));
                    same.for_each(|row| {
                        assert_eq!(&back.slice(row, 1), &column.slice(row, 1), "{what} {row}")
                    });
                }
            }
            workspace.ok(&format!("reconstruct run {case} -o {out}"));
            let kept = types(&rows(&workspace, out));
            assert!(kept.iter().all(|column| types(&given).contains(column)), "{case}: {kept:?}");
        }
    }
}

#[test]
fn keys_are_exact_in_text_too() {
    let workspace = Workspace::with_cases(&["case-04-decimal-key.parquet", "case-02-uint64.parquet"]);
    for (case, first) in [
        ("case-04-decimal-key.parquet", "12345678901234567890"),
        ("case-02-uint64.parquet", "9223372036854775808"),
    ] {
        workspace.ok(&format!("fit {case} --key id --model plain --epochs 1 -q -o run-{case}"));
        let (_, found) = cells(&workspace.ok(&format!("reconstruct run-{case} {case}")).stdout);
        let mut keys: Vec<&str> = found.iter().map(|row| row[0].as_str()).collect();
        assert_eq!(keys[0], first);
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), 60, "{case}");
    }
}

#[test]
fn text_becomes_numbers_only_if_it_comes_back() {
    let workspace = Workspace::new();
    let row = |k: usize| {
        format!("{k},{:05},{}.50,{}.25,90071992547409{:02}\n", k % 7 * 100 + 1, k % 5, k % 3, 55 + k)
    };
    workspace.write("t.csv", format!("n,zip,price,x,large\n{}", (1..=40).map(row).collect::<String>()));
    workspace
        .ok("fit t.csv --key n --type large=numeric --type zip=numeric --model plain --epochs 1 -q -o run");
    let ran = workspace.ok("score run t.csv -o t.parquet");
    assert!(ran.stderr.contains("note: 'zip', 'price', 'large' stay text"), "{}", ran.stderr);
    let found = rows(&workspace, "t.parquet");
    let type_of = |name: &str| found.column_by_name(name).unwrap().data_type().clone();
    for name in ["n", "zip", "price", "large"] {
        assert_eq!(type_of(name), DataType::Utf8, "{name}");
    }
    assert_eq!(type_of("x"), DataType::Float64);
    let (_, given) = cells(&workspace.text("t.csv"));
    for (at, name) in [(1, "zip"), (2, "price"), (4, "large")] {
        let texts = diabolo::data::texts(&found, name).unwrap();
        assert!(texts.iter().zip(&given).all(|(text, row)| text.as_ref() == Some(&row[at])), "{name}");
    }
}

#[test]
fn the_index_of_pandas_is_no_measurement() {
    let workspace =
        Workspace::with_cases(&["case-16-pandas-index.parquet", "case-16-pandas-noindex.parquet"]);
    let ran = workspace.ok("fit case-16-pandas-index.parquet --model plain --epochs 1 -o run");
    let note = "column '__index_level_0__' is the index of the pandas table and is taken as the key";
    assert!(ran.stderr.contains(note), "{}", ran.stderr);
    workspace.ok("score run case-16-pandas-noindex.parquet -o a.csv");
    workspace.ok("score run case-16-pandas-index.parquet -o scored.parquet");
    let (given, found) =
        (rows(&workspace, "case-16-pandas-index.parquet"), rows(&workspace, "scored.parquet"));
    assert_eq!(found.schema().metadata()["pandas"], given.schema().metadata()["pandas"]);
    assert_eq!(found.column_by_name("__index_level_0__"), given.column_by_name("__index_level_0__"));
}

#[test]
fn names_that_are_taken_rename_the_added_columns() {
    let workspace = Workspace::with_cases(&["case-23-score-column.csv"]);
    workspace.ok("fit case-23-score-column.csv --for detect --key id --epochs 1 -q -o run");
    let ran = workspace.ok("score run case-23-score-column.csv -o scored.csv");
    assert!(ran.stderr.contains("'diabolo_score' instead of 'score'"), "{}", ran.stderr);
    let (names, found) = cells(&workspace.text("scored.csv"));
    assert_eq!(names[..5], ["id", "score", "y", "diabolo_score", "diabolo_p_value"]);
    let (_, given) = cells(&workspace.text("case-23-score-column.csv"));
    assert!(given.iter().zip(&found).all(|(given, found)| given[..] == found[..3]));
    // What was scored can be scored.
    workspace.ok("score run scored.csv -q");

    workspace.write("codes.csv", workspace.text("case-23-score-column.csv").replacen("id", "latent_1", 1));
    workspace.ok("fit codes.csv --key latent_1 --model plain --latent-dim 1 --epochs 1 -q -o keyed");
    workspace.ok("encode keyed codes.csv -o encoded.csv");
    let (names, _) = cells(&workspace.text("encoded.csv"));
    assert_eq!(names, ["latent_1", "diabolo_latent_1"]);
    let (names, decoded) = cells(&workspace.ok("decode keyed encoded.csv").stdout);
    assert_eq!((names[0].as_str(), names.len(), decoded.len()), ("latent_1", 3, given.len()));
}

#[test]
fn names_that_occur_twice_are_refused_at_use_as_at_fit() {
    let workspace = Workspace::with_cases(&["case-24-train.parquet", "case-24-duplicate-new.parquet"]);
    workspace.ok("fit case-24-train.parquet --model plain --epochs 1 -q -o run");
    for verb in ["score run", "impute run", "reconstruct run", "encode run", "fit", "inspect"] {
        let message = workspace.fails(3, &format!("{verb} case-24-duplicate-new.parquet -q"));
        let expected = "case-24-duplicate-new.parquet, column 'x': expected different column names, found the name twice";
        assert!(message.contains(expected), "{verb}: {message}");
    }
}
