#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, StringArray};

use super::*;

/// Two tables of 4 columns and their figures by sdmetrics 0.24.0: see `generate_audit.py`.
const GOLDEN: &str = include_str!("../../../../../testdata/golden/audit.json");

fn batch(json: &serde_json::Value) -> RecordBatch {
    let column = |(name, cells): (&String, &serde_json::Value)| {
        let texts: StringArray = cells.as_array().unwrap().iter().map(|cell| cell.as_str()).collect();
        (name.clone(), Arc::new(texts) as ArrayRef, true)
    };
    RecordBatch::try_from_iter_with_nullable(json.as_object().unwrap().iter().map(column)).unwrap()
}

fn features(rows: &RecordBatch) -> Vec<crate::data::Feature> {
    infer("real", rows, &InferOptions::default()).unwrap().schema.features
}

fn golden() -> (serde_json::Value, [AuditTable; 3]) {
    let golden: serde_json::Value = serde_json::from_str(GOLDEN).unwrap();
    let (real, other) = (batch(&golden["real"]), batch(&golden["synthetic"]));
    let batches = [("synthetic", &other), ("real", &real), ("holdout", &real)];
    let (tables, notes) = tables(batches, &[], &features(&real)).unwrap();
    assert!(notes.is_empty(), "{notes:?}");
    (golden, tables)
}

#[test]
fn shapes_and_trends_are_those_of_sdmetrics() {
    let (golden, [synthetic, real, _]) = golden();
    let names: Vec<&str> = real.columns.iter().map(|column| column.name.as_str()).collect();
    let close = |found: Option<f64>, expected: &serde_json::Value, what: &str| {
        let (found, expected) = (found.unwrap(), 1.0 - expected.as_f64().unwrap());
        assert!((found - expected).abs() < 1e-9, "{what}: {found} instead of {expected}");
    };
    let shapes = shapes(&real, &synthetic);
    assert_eq!(golden["shapes"].as_object().unwrap().len(), shapes.len());
    for shape in shapes {
        close(shape.error, &golden["shapes"][&shape.name], &shape.name);
    }
    let pairs = pair_trends(&real, &synthetic);
    assert_eq!((golden["pairs"].as_object().unwrap().len(), pairs.len()), (6, 6));
    for pair in pairs {
        let name = pair.columns.map(|at| names[at]).join(" ");
        close(pair.error, &golden["pairs"][&name], &name);
    }
}

#[test]
fn supports_are_those_of_synthcity() {
    let (golden, [synthetic, real, _]) = golden();
    let first: Vec<usize> = (0..real.rows.min(synthetic.rows)).collect();
    let found = support::support(&real.at(&first), &synthetic.at(&first)).unwrap();
    for (found, expected) in found.iter().zip(golden["support"].as_array().unwrap()) {
        let expected = expected.as_f64().unwrap();
        assert!((found - expected).abs() < 1e-6, "{found} instead of {expected}");
    }
}

#[test]
fn rules_missing_cells_and_lacking_levels_are_counted() {
    let texts = |cells: &[&str]| {
        let cells = cells.iter().map(|text| (*text != "-").then_some(*text));
        Arc::new(cells.collect::<StringArray>()) as ArrayRef
    };
    let table = |a: &[&str], b: &[&str], kind: &[&str]| {
        let columns = [("a", texts(a), true), ("b", texts(b), true), ("kind", texts(kind), true)];
        RecordBatch::try_from_iter_with_nullable(columns).unwrap()
    };
    let real = table(&["1", "2", "3", "4"], &["1", "3", "-", "9"], &["x", "x", "y", "?"]);
    let made = table(&["1", "2", "-", "9"], &["0", "2", "5", "9"], &["x", "z", "?", "?"]);
    let batches = [("made", &made), ("real", &real), ("held", &real)];
    let require = ["a<=b", "a<b"].map(String::from).to_vec();
    let found = audit(batches, &AuditOptions { require, ..AuditOptions::default() }).unwrap().audit;
    // (1, 0), (2, 2), (9, 9) of the made rows, and (1, 1), (2, 3), (4, 9) of the real ones.
    let kept = |at: usize| (found.rules[at].real.unwrap(), found.rules[at].others.synthetic.unwrap());
    assert_eq!((found.rules[0].rule.as_str(), kept(0)), ("a<=b", (1.0, 2.0 / 3.0)));
    assert_eq!((found.rules[1].rule.as_str(), kept(1)), ("a<b", (2.0 / 3.0, 0.0)));
    let columns = &found.columns;
    assert_eq!([columns[0].missing, columns[1].missing], [[0.0, 0.25], [0.25, 0.0]]);
    assert_eq!(columns[2].missing, [0.25, 0.5], "the source's own word for missing cells");
    assert_eq!((columns[2].levels, columns[2].lacking), (2, [1, 1]));
    assert_eq!(columns[2].lacks, [Lacking { level: "y".into(), rows: 1 }]);
    assert_eq!(found.missing_error.synthetic, Some(0.25));
    assert_eq!((found.lacking.synthetic, found.lacking.holdout), (Some(0.5), Some(0.0)));
}

#[test]
fn what_cannot_be_audited_is_named() {
    let day = |k: usize| Some(format!("2024-{:02}-{:02}", 1 + k % 12, 1 + k % 28));
    let with_days = |part: u64| {
        let made = rows(part, 1.0);
        let days: ArrayRef = Arc::new((0..made.num_rows()).map(day).collect::<StringArray>());
        let columns =
            ["group", "x", "y", "day"].into_iter().zip(made.columns().iter().cloned().chain([days]));
        RecordBatch::try_from_iter_with_nullable(columns.map(|(name, cells)| (name, cells, true))).unwrap()
    };
    let [made, real, held] = [1, 0, 9].map(with_days);
    let fails = |made: &RecordBatch, options: AuditOptions| {
        let batches = [("made.csv", made), ("real.csv", &real), ("held.csv", &held)];
        audit(batches, &options).map(|_| ()).unwrap_err().to_string()
    };
    let rule = |text: &str| AuditOptions { require: vec![text.into()], ..AuditOptions::default() };
    let error = fails(&made, rule("x<=group"));
    assert!(error.contains("column 'group'"), "{error}");
    let error = fails(&made, rule("x<=day"));
    assert!(error.contains("numbers in 'x' and dates in 'day'"), "{error}");
    let error = fails(&made.slice(0, 0), AuditOptions::default());
    assert!(error.contains("made.csv: expected at least one row"), "{error}");
    let error = fails(&made, AuditOptions { secret: Some("z".into()), ..AuditOptions::default() });
    assert!(error.contains("--secret: expected a column of real.csv, found 'z'"), "{error}");
    let fewer = made.project(&[0, 1, 2]).unwrap();
    let error = fails(&fewer, AuditOptions { target: Some("day".into()), ..AuditOptions::default() });
    assert!(error.contains("--target: expected a column of made.csv, found 'day'"), "{error}");
    let batches = [("made.csv", &fewer), ("real.csv", &real), ("held.csv", &held)];
    let found = audit(batches, &AuditOptions::default()).unwrap();
    assert_eq!(found.notes, ["column 'day' is not in made.csv and is left out"]);
    assert_eq!(found.audit.columns.len(), 3);
}

/// Rows of two levels and a number that follows from them, with noise.
fn rows(part: u64, strength: f64) -> RecordBatch {
    let noise = &mut stream(0, Purpose::Choose, 99, part);
    let normal = crate::random::standard_normal(noise, 3 * 1200);
    let (mut group, mut x, mut y) = (vec![], vec![], vec![]);
    for draw in normal.chunks(3) {
        let first = draw[0] > 0.3;
        group.push(Some(if first { "yes" } else { "no" }));
        let base = f64::from(draw[1]) + if first { 2.0 } else { 0.0 };
        x.push(Some(format!("{base:.4}")));
        y.push(Some(format!("{:.4}", strength * base + f64::from(draw[2]))));
    }
    let column = |cells: Vec<Option<String>>| Arc::new(StringArray::from(cells)) as ArrayRef;
    let group: ArrayRef = Arc::new(StringArray::from(group));
    RecordBatch::try_from_iter_with_nullable([
        ("group", group, true),
        ("x", column(x), true),
        ("y", column(y), true),
    ])
    .unwrap()
}

fn audited(synthetic: &RecordBatch, real: &RecordBatch) -> Audit {
    beside(synthetic, real, &rows(9, 1.0))
}

fn beside(synthetic: &RecordBatch, real: &RecordBatch, held: &RecordBatch) -> Audit {
    let batches = [("synthetic", synthetic), ("real", real), ("holdout", held)];
    let options = AuditOptions {
        target: Some("group".into()),
        secret: Some("group".into()),
        ..AuditOptions::default()
    };
    audit(batches, &options).unwrap().audit
}

#[test]
fn intervals_of_attacks_are_those_of_few_rows() {
    let (real, made, held) = (rows(0, 1.0), rows(1, 1.0), rows(9, 1.0));
    let width = |[low, high]: [f64; 2]| high - low;
    let of = |held: &RecordBatch| {
        let found = beside(&made, &real, held).privacy;
        assert!(found.interval[0] < 0.5 && found.interval[1] > 0.5, "{found:?}");
        let membership = found.membership_interval.unwrap();
        assert!(membership[0] < 0.5 && membership[1] > 0.5, "{found:?}");
        (width(found.interval), width(membership))
    };
    // The synthetic rows are as many: only rows to compare them with are fewer, by a tenth.
    let (many, few) = (of(&held), of(&held.slice(0, 120)));
    assert!((2.0..4.5).contains(&(few.0 / many.0)), "{many:?} and {few:?}");
    assert!((2.0..4.5).contains(&(few.1 / many.1)), "{many:?} and {few:?}");
    let found = beside(&made, &real, &held.slice(0, 50)).privacy;
    assert_eq!((found.membership_auc.synthetic, found.membership_interval), (None, None));
}

#[test]
fn good_rows_wrong_rows_and_copies_are_told_apart() {
    let real = rows(0, 1.0);
    let good = audited(&rows(1, 1.0), &real);
    assert!(good.c2st.synthetic.unwrap() > 0.85, "{:?}", good.c2st);
    assert!(good.c2st.independent.unwrap() < 0.6, "{:?}", good.c2st);
    assert!(good.tstr_auc.synthetic.unwrap() > 0.8 && good.tstr_auc.independent.unwrap() < 0.6);
    assert_eq!(good.privacy.copies.synthetic, Some(0.0));
    assert!((good.privacy.nearer_to_training.synthetic.unwrap() - 0.5).abs() < 0.05);
    let wrong = audited(&rows(2, -1.0), &real);
    assert!(wrong.trend_error.synthetic.unwrap() > 3.0 * good.trend_error.synthetic.unwrap());
    assert!(wrong.c2st.synthetic.unwrap() < 0.4, "{:?}", wrong.c2st);
    // Only y is wrong, alone and beside the others.
    assert!(wrong.telling.iter().any(|one| one.name == "y" && one.share > 0.15), "{:?}", wrong.telling);
    let copied = audited(&real, &real);
    let privacy = &copied.privacy;
    assert_eq!(privacy.copies.synthetic, Some(1.0));
    // Two thirds of the held-out rows, and as many training rows, are compared: a third of the
    // copies have no original among these, and are as near to the ones as to the others.
    assert!(privacy.nearer_to_training.synthetic.unwrap() > 0.8 && privacy.interval[0] > 0.7);
    assert!(privacy.membership_auc.synthetic.unwrap() > 0.75, "{privacy:?}");
    let near_half = |auc: Option<f64>| (auc.unwrap() - 0.5).abs() < 0.06;
    for figure in [&good.privacy.membership_auc, &good.privacy.nearer_to_training] {
        assert!(near_half(figure.synthetic) && near_half(figure.holdout), "{:?}", good.privacy);
    }
    let (alpha, beta) = (good.alpha_precision, good.beta_recall);
    assert!(alpha.synthetic.unwrap() > 0.9 && alpha.holdout.unwrap() > 0.9, "{alpha:?}");
    assert!((beta.synthetic.unwrap() - beta.holdout.unwrap()).abs() < 0.08, "{beta:?}");
    assert!(wrong.beta_recall.synthetic.unwrap() < beta.synthetic.unwrap() - 0.05, "{:?}", wrong.beta_recall);
}

#[test]
fn a_target_of_many_numbers_is_learned_as_numbers() {
    let few: ArrayRef = Arc::new((0..1200).map(|k| Some((k % 20).to_string())).collect::<StringArray>());
    let with_few = |part: u64| {
        let made = rows(part, 1.0);
        let columns = [&made.columns()[1..], std::slice::from_ref(&few)].concat();
        RecordBatch::try_from_iter_with_nullable(
            ["x", "y", "few"].into_iter().zip(columns).map(|(name, cells)| (name, cells, true)),
        )
        .unwrap()
    };
    let batches = [with_few(1), with_few(0), with_few(9)];
    let named = [("synthetic", &batches[0]), ("real", &batches[1]), ("holdout", &batches[2])];
    let ([synthetic, real, holdout], _) = tables(named, &["x", "few"], &features(&batches[1])).unwrap();
    assert!(matches!(real.columns[0].cells, Cells::Numbers(_)), "1,200 numbers");
    assert!(matches!(real.columns[2].cells, Cells::Levels(_)), "20 numbers");
    assert!(real.columns[0].levels.is_empty());
    // Above the median or not: y follows from x.
    assert!(usefulness(&synthetic, &holdout, Some("x")).unwrap() > 0.7);
}
