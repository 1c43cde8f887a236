//! The census table: 32,561 rows, 15 columns, no header, missing cells.

use crate::support::{Workspace, cells, real_data};

#[test]
#[cfg_attr(not(has_data), ignore = "needs real data: DIABOLO_DATA is not a folder")]
fn adult_round_trip() {
    let source = real_data("adult/adult.data.gz");
    let workspace = Workspace::new();
    let rows = source.display();
    workspace.ok(&format!("fit {rows} --label column_15 --epochs 2 -q -o run"));
    workspace.ok(&format!("encode run {rows} -o codes.parquet"));
    workspace.ok("decode run codes.parquet -o decoded.csv");
    workspace.ok(&format!("reconstruct run {rows} -o made.csv"));
    let (names, made) = cells(&workspace.text("made.csv"));
    let expected: Vec<String> = (1..=15).map(|k| format!("column_{k}")).collect();
    assert_eq!(names, expected);
    assert_eq!(made.len(), 32_561);
    let (_, decoded) = cells(&workspace.text("decoded.csv"));
    assert_eq!(decoded.len(), 32_561);

    let integers = [0, 2, 4, 10, 11, 12];
    for row in &made {
        assert!(integers.iter().all(|&k| row[k].parse::<i64>().is_ok()), "{row:?}");
        assert!((0..=120).contains(&row[0].parse::<i64>().unwrap()), "an age: {row:?}");
        assert!(["Male", "Female"].contains(&row[9].as_str()), "{row:?}");
        assert!(
            row.iter().all(|cell| !cell.is_empty() && cell != "?"),
            "missing cells are filled in: {row:?}"
        );
    }
    let schema = workspace.ok("inspect run").stdout;
    let kind = |k: usize| {
        let start = format!("column_{k} ");
        let line = schema.lines().find(|line| line.starts_with(&start)).unwrap();
        line.split_whitespace().nth(1).unwrap().to_string()
    };
    assert_eq!((kind(2).as_str(), kind(10).as_str(), kind(15).as_str()), ("categorical", "binary", "label"));
    // The label is copied, so it shows that the order of rows is kept.
    let raw = workspace.ok(&format!("encode run {rows}")).stdout;
    let (_, raw) = cells(&raw);
    assert!(raw.iter().zip(&made).all(|(raw, made)| raw[0] == made[14]));
    // The file has a blank after every comma.
    let poor = made.iter().filter(|row| row[14] == " <=50K").count();
    assert_eq!(poor, 24_720);
}
