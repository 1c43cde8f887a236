//! The kinds of the columns of ten real tables, against what their documentation says of them.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::Path;

use diabolo_data::{InferOptions, infer, open};

/// Each line of the truth is a file, a column, the kinds that are right, and what the column holds.
fn truth() -> BTreeMap<String, Vec<[String; 3]>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/kinds.tsv");
    let mut tables = BTreeMap::<_, Vec<_>>::new();
    for line in std::fs::read_to_string(path).unwrap().lines().skip(1) {
        let cells: Vec<&str> = line.split('\t').collect();
        let column = [cells[1], cells[2], cells[3]].map(String::from);
        tables.entry(cells[0].to_string()).or_default().push(column);
    }
    tables
}

#[test]
#[cfg_attr(not(has_data), ignore = "needs real data: DIABOLO_DATA is not a folder")]
fn kinds_of_real_columns() {
    let folder = std::env::var_os("DIABOLO_DATA").unwrap();
    let (mut all, mut wrong) = (0, vec![]);
    for (file, columns) in truth() {
        let path = Path::new(&folder).join(&file);
        let rows = open(&path.to_string_lossy(), &Default::default()).unwrap().collect().unwrap();
        let found = infer(&file, &rows, &InferOptions::default()).unwrap();
        assert_eq!(rows.num_columns(), columns.len(), "{file}");
        for [column, right, meaning] in columns {
            let feature = found.schema.features.iter().find(|feature| feature.name == column);
            let reason = found.reasons.get(&column).map_or("", String::as_str);
            let kind = match feature {
                Some(feature) => feature.kind.name(),
                None if reason.contains("identifier") => "identifier",
                None => "excluded",
            };
            all += 1;
            if !right.split('|').any(|right| right == kind) {
                wrong.push(format!("{file} {column} ({meaning}): {kind}, not {right}: {reason}"));
            }
        }
    }
    println!("{} of {all} kinds are right; wrong:\n{}", all - wrong.len(), wrong.join("\n"));
    assert!(all >= 150 && (all - wrong.len()) as f64 >= 0.97 * all as f64, "{}", wrong.join("\n"));
}
