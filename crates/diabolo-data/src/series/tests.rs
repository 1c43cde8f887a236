#![allow(clippy::unwrap_used)]
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, Int64Array, RecordBatch, StringArray, TimestampSecondArray};
use arrow_schema::DataType;

use super::{Cycle, SeriesSchema, SeriesSet, TimeKey};
use crate::{DataConfig, Result};

fn texts(cells: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from(cells.to_vec()))
}

fn config(series: Option<&str>) -> DataConfig {
    DataConfig { key: Some("time".into()), series: series.map(Into::into), ..DataConfig::default() }
}

fn read(columns: Vec<(&str, ArrayRef)>, series: Option<&str>) -> Result<(SeriesSchema, SeriesSet)> {
    let rows = RecordBatch::try_from_iter(columns).unwrap();
    let (schema, _) = SeriesSchema::infer("s.csv", &rows, &config(series))?;
    let set = schema.read("s.csv", &rows)?;
    Ok((schema, set))
}

/// A series of whole numbers at these times.
fn at(times: &[&str]) -> Result<(SeriesSchema, SeriesSet)> {
    let numbers: Vec<String> = (1..=times.len()).map(|n| (n * n).to_string()).collect();
    let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
    read(vec![("time", texts(times)), ("flow", texts(&numbers))], None)
}

fn message(times: &[&str]) -> String {
    at(times).err().map_or(String::new(), |error| error.to_string())
}

/// The next times after the last one, as text cells.
fn next(key: &TimeKey, set: &SeriesSet, count: usize) -> Vec<String> {
    let last = set.series[0].last_time().unwrap();
    let times: Vec<_> = (1..=count).map(|steps| key.after(last, steps)).collect();
    let (_, array) = key.column(&times);
    let texts = arrow_cast::cast(&array, &DataType::Utf8).unwrap();
    texts.as_string::<i32>().iter().map(|cell| cell.unwrap().to_string()).collect()
}

#[test]
fn keys_continue_in_their_spelling_and_step() {
    let cases: [(&[&str], &[&str]); 6] = [
        (&["1960-10", "1960-11", "1960-12"], &["1961-01", "1961-02"]),
        (&["29.2.2024", "1.3.2024", "2.3.2024"], &["3.3.2024", "4.3.2024"]),
        (&["2024-01-31 22:00", "2024-01-31 23:00"], &["2024-02-01 00:00", "2024-02-01 01:00"]),
        // The clock goes forward: no hour is missing, and the offset stays.
        (
            &["2024-03-31T00:00+01:00", "2024-03-31T01:00+01:00", "2024-03-31T03:00+02:00"],
            &["2024-03-31T04:00+02:00", "2024-03-31T05:00+02:00"],
        ),
        (&["1999", "2000", "2001"], &["2002", "2003"]),
        (&["0.1", "0.2", "0.3"], &["0.4", "0.5"]),
    ];
    for (times, expected) in cases {
        let (schema, set) = at(times).unwrap();
        assert_eq!(set.series[0].len(), times.len(), "{times:?}: {:?}", set.notes);
        assert_eq!(set.notes, [""; 0], "{times:?}");
        let found = next(schema.key.as_ref().unwrap(), &set, 2);
        let near = |found: &str, expected: &str| {
            found == expected
                || found.parse::<f64>().is_ok_and(|x| (x - expected.parse::<f64>().unwrap()).abs() < 1e-9)
        };
        assert!(found.iter().zip(expected).all(|(found, expected)| near(found, expected)), "{found:?}");
        let key = schema.key.unwrap();
        assert_eq!(serde_json::from_str::<TimeKey>(&serde_json::to_string(&key).unwrap()).unwrap(), key);
    }
}

#[test]
fn typed_times_keep_their_type() {
    let times: ArrayRef =
        Arc::new(TimestampSecondArray::from(vec![0, 3600, 7200]).with_timezone("Europe/Berlin"));
    let wanted = times.data_type().clone();
    let flow: ArrayRef = Arc::new(Int64Array::from(vec![1, 5, 2]));
    let (schema, set) = read(vec![("time", times), ("flow", flow)], None).unwrap();
    let key = schema.key.unwrap();
    let (_, made) = key.column(&[key.after(set.series[0].last_time().unwrap(), 1)]);
    assert_eq!(made.data_type(), &wanted);
    assert_eq!(made.as_primitive::<arrow_array::types::TimestampSecondType>().value(0), 10_800);
}

#[test]
fn gaps_are_missing_cells_and_repeated_times_one_step() {
    let times =
        ["2024-01-01 00:00", "2024-01-01 01:00", "2024-01-01 01:00", "2024-01-01 02:00", "2024-01-01 05:00"];
    let (_, set) = at(&times).unwrap();
    let values = &set.series[0].values[0];
    assert_eq!(values.len(), 6);
    assert_eq!((values[0], values[1], values[2], values[5]), (1.0, (4.0 + 9.0) / 2.0, 16.0, 25.0));
    assert!(values[3].is_nan() && values[4].is_nan());
    let notes = set.notes.join("; ");
    assert!(
        notes.contains("repeats a time in 1 rows") && notes.contains("2 steps of 1 h are missing"),
        "{notes}"
    );
}

#[test]
fn a_given_step_has_the_mean_of_its_rows() {
    let times = ["2024-01-01 00:07", "2024-01-01 00:58", "2024-01-01 01:00", "2024-01-01 03:59"];
    let rows = RecordBatch::try_from_iter([
        ("time", texts(&times)),
        ("flow", Arc::new(Int64Array::from(vec![1, 4, 9, 16])) as ArrayRef),
    ]);
    let rows = rows.unwrap();
    let given = |step: &str| DataConfig { step: Some(step.into()), ..config(None) };
    let (schema, _) = SeriesSchema::infer("s.csv", &rows, &given("1h")).unwrap();
    let set = schema.read("s.csv", &rows).unwrap();
    let values = &set.series[0].values[0];
    assert_eq!((values.len(), values[0], values[1], values[3]), (4, 2.5, 9.0, 16.0));
    assert!(values[2].is_nan());
    let gap = "'time' has gaps: 1 steps of 1 h are missing, 1 at most in a row";
    assert_eq!(set.notes, ["3 steps of 1 h have the means of 4 rows", gap]);
    let key = schema.key.unwrap();
    assert_eq!(next(&key, &set, 1), ["2024-01-01 04:00"]);
    assert_eq!(serde_json::from_str::<TimeKey>(&serde_json::to_string(&key).unwrap()).unwrap(), key);
    let sparse = ["2024-01-01 00:00:00", "2024-01-01 00:01:00", "2024-01-01 03:59:00"];
    let error = by_step(&sparse, vec![1, 2, 3], "1s").unwrap_err().to_string();
    assert!(error.contains("14340 steps of 1 s") && error.contains("longer --step"), "{error}");
    let error = SeriesSchema::infer("s.csv", &rows, &given("7h")).unwrap_err().to_string();
    assert!(error.contains("--step") && error.contains("'7h'"), "{error}");
    let flow = rows.project(&[1]).unwrap();
    let no_key = DataConfig { key: None, ..given("1h") };
    let error = SeriesSchema::infer("s.csv", &flow, &no_key).unwrap_err().to_string();
    assert!(error.contains("a column of times for --step"), "{error}");
}

/// The series of numbers at these times, by steps of this length.
fn by_step(times: &[&str], numbers: Vec<i64>, step: &str) -> Result<SeriesSet> {
    let flow: ArrayRef = Arc::new(Int64Array::from(numbers));
    let rows = RecordBatch::try_from_iter([("time", texts(times)), ("flow", flow)]).unwrap();
    let given = DataConfig { step: Some(step.into()), ..config(None) };
    SeriesSchema::infer("s.csv", &rows, &given)?.0.read("s.csv", &rows)
}

#[test]
fn given_steps_that_are_not_covered_are_left_out() {
    let hours: Vec<String> =
        (5..54).map(|hour| format!("2024-01-0{} {:02}:00", 1 + hour / 24, hour % 24)).collect();
    let hours: Vec<&str> = hours.iter().map(String::as_str).collect();
    let set = by_step(&hours, (5..54).collect(), "1d").unwrap();
    let values = &set.series[0].values[0];
    assert!(values.len() == 2 && values[0].is_nan() && values[1] == 35.5, "{values:?}");
    assert!(set.notes[0].contains("2 at the ends are not over, or begin late"), "{:?}", set.notes);
    let whole = by_step(&hours[..43], (5..48).collect(), "1d").unwrap();
    assert_eq!(whole.series[0].values[0][1], 35.5);
}

#[test]
fn given_steps_are_those_of_a_clock_that_changes() {
    // Half days around the end of summer time, and the beginning.
    let autumn = ["2024-10-26T00:30+02:00", "2024-10-26T12:30+02:00", "2024-10-27T00:30+02:00"];
    let autumn = [&autumn[..], &["2024-10-27T12:30+01:00", "2024-10-28T00:30+01:00"]].concat();
    assert_eq!(by_step(&autumn, (0..5).collect(), "12h").unwrap().series[0].values[0].len(), 5);
    let spring = ["2024-03-30T12:30+01:00", "2024-03-31T00:30+01:00", "2024-03-31T12:30+02:00"];
    assert_eq!(by_step(&spring, (0..3).collect(), "12h").unwrap().series[0].values[0].len(), 3);
    // A local clock without an offset goes back by an hour between events of any times.
    let local = ["2024-10-27 02:11", "2024-10-27 02:52", "2024-10-27 02:17", "2024-10-27 03:05"];
    let set = by_step(&local, vec![1, 2, 6, 8], "1h").unwrap();
    assert_eq!(set.series[0].values[0], [3.0, 8.0]);
    let set = by_step(&local, vec![1, 2, 6, 8], "15min").unwrap();
    assert!(set.notes.iter().any(|note| note.contains("set back once")), "{:?}", set.notes);
}

#[test]
fn given_steps_have_times_that_the_column_can_write() {
    let days = ["2024-01-01", "2024-01-02", "2024-01-03"];
    let error = by_step(&days, vec![1, 2, 3], "6h").unwrap_err().to_string();
    assert!(error.contains("column 'time' can write, as it does '2024-01-01'"), "{error}");
    assert!(by_step(&["3", "4", "5"], vec![1, 2, 3], "0.5").is_err());
    assert!(by_step(&["3", "4", "5"], vec![1, 2, 3], "2").is_ok());
    assert!(by_step(&["2024-01", "2024-02", "2024-03"], vec![1, 2, 3], "1 week").is_err());
}

#[test]
fn known_values_to_come_have_the_means_of_given_steps() {
    let times = texts(&["2024-01-01 00:00", "2024-01-01 01:00", "2024-01-01 02:00"]);
    let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3]));
    let rows = [("time", times), ("flow", numbers.clone()), ("price", numbers.clone())];
    let rows = RecordBatch::try_from_iter(rows).unwrap();
    let given = DataConfig { step: Some("1h".into()), known: vec!["price".into()], ..config(None) };
    let (schema, _) = SeriesSchema::infer("s.csv", &rows, &given).unwrap();
    let future = texts(&["2024-01-01 03:10", "2024-01-01 03:50", "2024-01-01 04:55"]);
    let future = RecordBatch::try_from_iter([("time", future), ("price", numbers)]).unwrap();
    let known = schema.read_known("f.csv", &future).unwrap();
    let at = |text: &str| known.at(None, schema.key.as_ref().unwrap().parse("t", text).unwrap()).unwrap();
    let regressors = |price: i64| {
        let price: ArrayRef = Arc::new(Int64Array::from(vec![2 * price, 2 * price]));
        let two = texts(&["2024-01-01 03:00", "2024-01-01 04:00"]);
        let rows = RecordBatch::try_from_iter([("time", two), ("price", price)]).unwrap();
        schema
            .read_known("f.csv", &rows)
            .unwrap()
            .at(None, schema.key.as_ref().unwrap().parse("t", "2024-01-01 03:00").unwrap())
            .unwrap()
            .to_vec()
    };
    let (low, high) = (regressors(0), regressors(1));
    // Regressors are linear in the cell: 1.5 lies three quarters of the way from 0 to 2.
    let between: Vec<f64> = low.iter().zip(&high).map(|(low, high)| low + 0.75 * (high - low)).collect();
    assert!(at("2024-01-01 03:30").iter().zip(&between).all(|(a, b)| (a - b).abs() < 1e-9), "{between:?}");
    assert!(at("2024-01-01 04:00") != at("2024-01-01 03:00"));
}

#[test]
fn series_of_a_table_are_apart() {
    let times = texts(&["2024-01-01", "2024-01-02", "2024-01-01", "2024-01-02", "2024-01-03"]);
    let site = texts(&["a", "a", "b", "b", "a"]);
    let flow: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), Some(2), Some(10), None, Some(3)]));
    let columns = vec![("time", times), ("site", site), ("flow", flow)];
    let (_, set) = read(columns.clone(), Some("site")).unwrap();
    assert_eq!(set.series.iter().map(|one| one.name.as_deref()).collect::<Vec<_>>(), [Some("a"), Some("b")]);
    assert_eq!(set.series[0].values, [vec![1.0, 2.0, 3.0]]);
    assert!(set.series[1].values[0][0] == 10.0 && set.series[1].values[0][1].is_nan());
    let (field, names) = set.names_of(&[1, 0]).unwrap();
    assert_eq!((field.name().as_str(), names.as_string::<i32>().value(0)), ("site", "b"));
    let error = read(columns, None).unwrap_err().to_string();
    assert!(error.contains("row 3") && error.contains("--series"), "{error}");
}

#[test]
fn wrong_keys_are_errors_that_name_the_row() {
    assert!(message(&["2024-01-02", "2024-01-01"]).contains("row 2"), "goes back");
    let mixed = message(&["2024-01-01T00:00+01:00", "2024-01-01T01:00", "2024-01-01T02:00"]);
    assert!(mixed.contains("row 2") && mixed.contains("offset"), "{mixed}");
    let zones = message(&["2024-01-01T00:00+01:00", "2024-01-01T09:00+09:00"]);
    assert!(zones.contains("row 2") && zones.contains("one zone"), "{zones}");
    assert!(message(&["2024-01-01"]).contains("several times"), "one row");
    let words = message(&["monday", "tuesday", "friday"]);
    assert!(words.contains("'monday'") && words.contains("--key"), "{words}");
    let doubled =
        message(&["2024-01-01", "2024-01-01", "2024-01-02", "2024-01-02", "2024-01-03", "2024-01-03"]);
    assert!(doubled.contains("--series"), "{doubled}");
}

#[test]
fn a_local_clock_may_be_set_back_by_an_hour() {
    let times =
        ["01:00", "01:20", "01:40", "02:00", "02:20", "02:40", "02:00", "02:20", "02:40", "03:00", "03:20"];
    let dated: Vec<String> = times.iter().map(|time| format!("2024-10-27 {time}")).collect();
    let dated: Vec<&str> = dated.iter().map(String::as_str).collect();
    let (_, set) = at(&dated).unwrap();
    assert_eq!(set.series[0].values[0].len(), 8);
    assert_eq!(set.series[0].values[0][3], f64::from(16 + 49) / 2.0);
    assert!(set.notes[0].contains("set back once"), "{:?}", set.notes);
    let zoned: Vec<String> = dated.iter().map(|time| format!("{time}+00:00")).collect();
    let zoned: Vec<&str> = zoned.iter().map(String::as_str).collect();
    assert!(message(&zoned).contains("row 7"), "UTC is never set back");
    let swapped = ["2024-01-01 00:00", "2024-01-01 00:10", "2024-01-01 00:30", "2024-01-01 00:20"];
    assert!(message(&swapped).contains("row 4"));
}

#[test]
fn uneven_times_are_steps_and_said() {
    let times =
        ["2024-01-01 00:00", "2024-01-01 00:07", "2024-01-01 00:31", "2024-01-01 00:40", "2024-01-01 01:55"];
    let (_, set) = at(&times).unwrap();
    assert_eq!(set.series[0].len(), 5);
    assert!(set.notes[0].contains("uneven"), "{:?}", set.notes);
}

#[test]
fn text_is_no_series_and_a_column_of_dates_is_the_key() {
    let columns = vec![
        ("day", texts(&["2024-01-01", "2024-01-02", "2024-01-03"])),
        ("sky", texts(&["clear", "grey", "clear"])),
        ("flow", texts(&["1.50", "2.25", "3.00"])),
    ];
    let rows = RecordBatch::try_from_iter(columns).unwrap();
    let (schema, notes) = SeriesSchema::infer("s.csv", &rows, &DataConfig::default()).unwrap();
    assert_eq!(schema.key.unwrap().name, "day");
    assert_eq!(schema.columns.len(), 1);
    let notes = notes.join("; ");
    assert!(notes.contains("'sky'") && notes.contains("'day' is taken as the time"), "{notes}");
}

#[test]
fn cycles_of_the_calendar_are_those_of_the_local_clock() {
    let phase = |times: &[&str], cycle: Cycle| {
        let (schema, set) = at(times).unwrap();
        schema.key.unwrap().phase(set.series[0].times[0].1, cycle)
    };
    let near = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-9, "{found} {expected}");
    // A Monday.
    let hours = ["2024-01-01 06:00", "2024-01-01 07:00", "2024-01-01 08:00"];
    near(phase(&hours, Cycle::Day), 0.25);
    near(phase(&hours, Cycle::Week), 0.25 / 7.0);
    near(phase(&hours, Cycle::Year), 0.25 / 31.0 / 12.0);
    near(phase(&["2024-01-01T23:00+01:00", "2024-01-02T00:00+01:00"], Cycle::Day), 23.0 / 24.0);
    near(phase(&["2024-10", "2024-11", "2024-12"], Cycle::Year), 0.75);
    let steps = |times: &[&str]| {
        let key = at(times).unwrap().0.key.unwrap();
        Cycle::ALL.map(|cycle| key.steps_in(cycle).map(|steps| steps.round() as usize))
    };
    assert_eq!(steps(&hours), [Some(24), Some(168), Some(8766)]);
    assert_eq!(steps(&["2024-10", "2024-11", "2024-12"]), [None, None, Some(12)]);
    assert_eq!(steps(&["2024-01-01", "2024-01-02", "2024-01-03"]), [None, Some(7), Some(365)]);
    assert_eq!(steps(&["1", "2", "3"]), [None; 3]);
}

#[test]
fn known_columns_are_numbers_or_levels_by_series_and_time() {
    let site = || ("site", texts(&["a", "a", "a", "b", "b"]));
    let time = ("time", texts(&["2024-01-01", "2024-01-02", "2024-01-04", "2024-01-01", "2024-01-02"]));
    let flow: ArrayRef = Arc::new(Int64Array::from(vec![1, 4, 5, 2, 3]));
    let price: ArrayRef = Arc::new(Int64Array::from(vec![7, 8, 9, 7, 8]));
    let sky = ("sky", texts(&["clear", "clear", "grey", "NA", "clear"]));
    let size = ("size", texts(&["big", "big", "big", "small", "small"]));
    let columns = vec![time, site(), ("flow", flow), ("price", price), sky, size];
    let rows = RecordBatch::try_from_iter(columns).unwrap();
    let known = ["price", "sky", "size"].map(String::from).to_vec();
    let config = DataConfig { known, ..config(Some("site")) };
    let (schema, _) = SeriesSchema::infer("s.csv", &rows, &config).unwrap();
    assert_eq!(schema.columns.len(), 1, "known columns are not forecast");
    let found: Vec<_> = schema.known.iter().map(|known| (known.width(), known.fixed)).collect();
    assert_eq!(found, [(1, false), (2, false), (2, true)]);
    let set = schema.read("s.csv", &rows).unwrap();
    let [price, clear, grey, big, _] = &set.series[0].known[..] else { panic!("{set:?}") };
    assert!(price[2].is_nan() && (price[0], price[3]) == (7.0, 9.0), "a day is missing: {set:?}");
    assert_eq!((clear[0], clear[3], grey[0], grey[3], big[0]), (1.0, 0.0, 0.0, 1.0, 1.0));
    assert_eq!((set.series[1].known[1][0], set.series[1].known[2][0]), (0.0, 0.0), "NA is no level");

    let future = schema.read_known("f.csv", &rows).unwrap();
    let last = set.series[0].last_time().unwrap();
    assert_eq!(future.at(Some("a"), last), Some(&[9.0, 0.0, 1.0, 1.0, 0.0][..]));
    assert_eq!(future.at(Some("b"), last), None);
    let error = schema.read_known("f.csv", &rows.project(&[0, 1, 3]).unwrap()).unwrap_err().to_string();
    assert!(error.contains("'sky'") && error.contains("--known"), "{error}");
}

#[test]
fn blank_cells_of_known_columns_are_no_level_or_marked() {
    let days = ["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04", "2024-01-06"];
    let flow: ArrayRef = Arc::new(Int64Array::from(vec![1, 4, 5, 2, 3]));
    let holiday: ArrayRef =
        Arc::new(StringArray::from(vec![Some("new year"), None, None, Some("may"), None]));
    let open: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None, Some(1), Some(1), None]));
    let price: ArrayRef = Arc::new(Int64Array::from(vec![Some(7), Some(9), None, Some(8), Some(5)]));
    let size: ArrayRef = Arc::new(StringArray::from(vec![Some("big"), Some("big"), None, None, None]));
    let empty: ArrayRef = Arc::new(StringArray::from(vec![None::<&str>; 5]));
    let columns = [("day", texts(&days)), ("flow", flow), ("holiday", holiday), ("open", open)];
    let columns = columns.into_iter().chain([("price", price), ("size", size), ("empty", empty)]);
    let rows = RecordBatch::try_from_iter_with_nullable(columns.map(|(n, c)| (n, c, true))).unwrap();
    let known = ["holiday", "open", "price", "size", "empty"].map(String::from).to_vec();
    let config = DataConfig { known, ..DataConfig::default() };
    let (schema, notes) = SeriesSchema::infer("s.csv", &rows, &config).unwrap();
    assert!(notes.iter().all(|note| note.contains("taken as the time")), "{notes:?}");
    let found: Vec<_> = schema.known.iter().map(|known| (known.width(), known.fixed)).collect();
    assert_eq!(found, [(2, false), (2, false), (2, false), (1, false), (0, true)]);
    assert_eq!((schema.known[1].blank, schema.known[2].blank), (Some(1.0), Some(8.0)));
    let set = schema.read("s.csv", &rows).unwrap();
    let [may, new_year, open, closed, price, no_price, big] = &set.series[0].known[..] else {
        panic!("{set:?}")
    };
    // 5 January has no row.
    let given = |numbers: &[f64]| [&numbers[..4], &numbers[5..]].concat();
    assert!(set.series[0].known.iter().all(|numbers| numbers[4].is_nan()), "{set:?}");
    assert_eq!((given(new_year), given(may)), (vec![1.0, 0.0, 0.0, 0.0, 0.0], vec![0.0, 0.0, 0.0, 1.0, 0.0]));
    assert_eq!((given(open), given(closed)), (vec![1.0; 5], vec![0.0, 1.0, 0.0, 0.0, 1.0]));
    assert_eq!(
        (given(price), given(no_price)),
        (vec![7.0, 9.0, 8.0, 8.0, 5.0], vec![0.0, 0.0, 1.0, 0.0, 0.0])
    );
    assert_eq!(given(big), [1.0, 1.0, 0.0, 0.0, 0.0]);
}

#[test]
fn future_rows_are_those_of_the_nearest_step() {
    let numbers = |cells: Vec<f64>| -> ArrayRef { Arc::new(arrow_array::Float64Array::from(cells)) };
    let table = |times: Vec<f64>| {
        let price = numbers((0..times.len()).map(|row| row as f64).collect());
        let columns = [("time", numbers(times)), ("flow", price.clone()), ("price", price)];
        RecordBatch::try_from_iter(columns).unwrap()
    };
    let config = DataConfig { known: vec!["price".into()], ..config(None) };
    let past = table(vec![0.0, 0.1, 0.2, 0.3]);
    let (schema, _) = SeriesSchema::infer("s.csv", &past, &config).unwrap();
    let last = schema.read("s.csv", &past).unwrap().series[0].last_time().unwrap();
    let future = schema.read_known("f.csv", &table(vec![0.6, 0.4, 0.5, 0.5, 0.74])).unwrap();
    let key = schema.key.unwrap();
    let found = [1, 2, 3, 4, 5].map(|steps| future.at(None, key.after(last, steps)).map(|cells| cells[0]));
    assert_eq!(found, [Some(1.0), Some(3.0), Some(0.0), Some(4.0), None]);
}
