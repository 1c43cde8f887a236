//! Columns of dates.

use super::*;

#[test]
fn dates_are_found_or_asked_for() {
    let when = |cells: &[&str]| {
        infer(
            "t.csv",
            &table(vec![("when", text(cells)), ("x", text(&vec!["1"; cells.len()]))]),
            &InferOptions::default(),
        )
        .unwrap()
    };
    let found = when(&["31.12.2024", "", "01.01.2025"]);
    assert_eq!(
        (found.schema.features[0].kind.name(), found.schema.features[0].storage),
        ("datetime", Storage::Text)
    );
    let ambiguous = when(&["01/02/2024", "04/03/2024", "02/05/2023"]);
    assert_eq!(ambiguous.schema.dropped, ["when"]);
    let expected = "column 'when' holds dates such as 01/02/2024, in which the day or the month may come first, and is \
                    excluded; --type when=datetime:%d/%m/%Y or --type when=datetime:%m/%d/%Y includes it";
    assert_eq!(ambiguous.warnings[0], expected);

    let one_named = |array: ArrayRef, name: &str| one_as(array, name.parse().unwrap());
    let cells: &[&str] = &["01/02/2024", "04/03/2024", "02/05/2023"];
    let first = |name: &str| match one_named(text(cells), name).unwrap().schema.features.remove(0).kind {
        FeatureKind::Datetime { format, .. } => format.to_string(),
        other => other.name().to_string(),
    };
    assert_eq!(first("datetime:%m/%d/%Y"), "%m/%d/%Y");
    assert_eq!(first("categorical"), "categorical");
    let message = one_named(text(&["x", "y"]), "datetime").unwrap_err().to_string();
    assert!(message.contains("--type c=datetime:%d.%m.%Y"), "{message}");
    let message =
        one_named(text(&["31.12.2024", "12/31/2024"]), "datetime:%d.%m.%Y").unwrap_err().to_string();
    assert!(message.contains("row 2") && message.contains("'12/31/2024'"), "{message}");
}

#[test]
fn numbers_are_dates_if_their_column_says_so() {
    let kind = |name: &str, numbers: Vec<i64>| {
        let columns = table(vec![(name, Arc::new(Int64Array::from(numbers)) as ArrayRef)]);
        infer("t.csv", &columns, &InferOptions::default()).unwrap().schema.features[0].kind.name()
    };
    let (seconds, shuffled) =
        (vec![1_704_067_200, 1_704_070_800], [3, 1, 2].map(|day| 1_704_067_200 + day * 86_400));
    for name in ["timestamp", "event_time", "createdAt", "created_at", "Date"] {
        assert_eq!(kind(name, seconds.clone()), "datetime", "{name}");
    }
    assert_eq!(kind("amount", seconds), "numeric");
    assert_eq!(kind("ts", shuffled.to_vec()), "datetime");
    assert_eq!(kind("time", vec![0, 10, 20]), "numeric");
    assert_eq!(kind("day", (20_240_101..20_240_120).collect()), "datetime");
    assert_eq!(kind("year", (1990..2009).collect()), "numeric");
    assert_eq!(
        kind("n", (0..25).map(|k| k * 7 % 25).map(|k| 20_240_101 + k * k * k * 400_009).collect()),
        "numeric"
    );
}
