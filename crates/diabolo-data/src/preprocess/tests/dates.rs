//! Columns of dates.

use arrow_array::types::TimestampMicrosecondType;
use arrow_array::{
    Date32Array, Date64Array, TimestampMicrosecondArray, TimestampMillisecondArray, TimestampSecondArray,
};

use super::*;

/// 1 January 2024, a Monday, in seconds since 1970.
const MONDAY: i64 = 1_704_067_200;
const DAY: i64 = 86_400;

fn fitted(column: ArrayRef) -> Preprocessor {
    let config = PreprocessConfig { numeric: NumericScaling::MinMax, ..Default::default() };
    fit(&table(vec![("created", column)]), &InferOptions::default(), &config)
}

fn values(fitted: &Preprocessor, column: ArrayRef) -> Vec<f32> {
    fitted.encode("new.csv", &table(vec![("created", column)]), 0).unwrap().values.into_dense()
}

#[test]
fn a_date_is_a_scaled_time_and_its_positions_in_year_and_week() {
    let days = text(&["2024-01-01", "2024-01-05", "", "2024-01-11"]);
    let fitted = fitted(days.clone());
    let blocks = fitted.blocks();
    assert_eq!((blocks.len(), blocks[0].kind, blocks[0].width), (1, BlockKind::Datetime, 5));
    assert_eq!(fitted.column_ranges().as_slice(), std::slice::from_ref(&(0..5)));
    let encoded = fitted.encode("t", &table(vec![("created", days.clone())]), 0).unwrap();
    let times: Vec<f32> = encoded.values.chunks_exact(5).map(|row| row[0]).collect();
    assert_eq!(times, [0.0, 0.4, 0.0, 1.0]);
    assert_eq!(encoded.values[..5], [0.0, 0.0, 1.0, 0.0, 1.0]);
    let friday = std::f32::consts::TAU * 4.0 / 7.0;
    assert!(
        (encoded.values[8] - friday.sin()).abs() < 1e-6 && (encoded.values[9] - friday.cos()).abs() < 1e-6
    );
    // A missing date tells nothing of its weekday.
    assert_eq!(
        (&encoded.values[10..15], &encoded.observed.as_ref().unwrap()[10..15]),
        (&[0.0; 5][..], &[0.0; 5][..])
    );
    let filled = text(&["2024-01-01", "2024-01-05", "2024-01-01", "2024-01-11"]);
    assert_eq!(fitted.decode(&encoded.values).unwrap().column(0), &filled);
}

#[test]
fn dates_come_back_as_they_were_written() {
    let hours = |every: i64| [0, 5, 31].map(|hour| (MONDAY + hour * 3600) * every);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("%d.%m.%Y, step day", text(&["01.01.2024", "17.01.2024", "29.02.2024"])),
        (
            "%m/%d/%Y %H:%M, step 15 minutes",
            text(&["01/31/2024 23:45", "02/01/2024 00:00", "02/03/2024 12:30"]),
        ),
        ("%Y-%m, step month", text(&["1949-01", "1949-02", "1960-12"])),
        ("%d-%b-%Y, step 3 months", text(&["01-Apr-2024", "01-Jan-2024", "01-Oct-2023"])),
        ("%d-%^b-%Y, step 3 months", text(&["01-APR-2024", "01-JAN-2024", "01-OCT-2023"])),
        ("%m/%d/%Y %I:%M %P, step hour", text(&["01/31/2024 03:00 pm", "02/01/2024 11:00 am"])),
        ("%Y-%m-%dT%H:%M:%S%z, step hour", text(&["2024-01-01T02:00:00+0200", "2024-01-05T03:00:00+0200"])),
        ("%s, step hour", Arc::new(Int64Array::from(hours(1).to_vec()))),
        ("%s%3f, step hour", Arc::new(Int64Array::from(hours(1000).to_vec()))),
        ("%Y%m%d, step day", Arc::new(Int64Array::from(vec![20_240_101, 20_240_229, 20_241_231]))),
        ("date32, step day", Arc::new(Date32Array::from(vec![0, 1, 365]))),
        ("date64, step day", Arc::new(Date64Array::from(vec![0, 86_400_000, 31_536_000_000]))),
        ("timestamp[s], step hour", Arc::new(TimestampSecondArray::from(hours(1).to_vec()))),
        (
            "timestamp[ms, UTC], step hour",
            Arc::new(TimestampMillisecondArray::from(hours(1000).to_vec()).with_timezone("UTC")),
        ),
        (
            "timestamp[us, Mars/Olympus], step hour",
            Arc::new(
                TimestampMicrosecondArray::from(hours(1_000_000).to_vec()).with_timezone("Mars/Olympus"),
            ),
        ),
    ];
    for (described, column) in columns {
        let fitted = fitted(column.clone());
        assert!(fitted.schema.to_string().ends_with(described), "{}", fitted.schema);
        let back = fitted.decode(&values(&fitted, column.clone())).unwrap();
        assert_eq!(back.column(0), &column, "{described}");
        let json = serde_json::to_string(&fitted).unwrap();
        assert_eq!(serde_json::from_str::<Preprocessor>(&json).unwrap(), fitted);
    }
}

#[test]
fn the_same_moments_have_the_same_code_in_any_stored_type() {
    let texts = text(&["2024-01-01 00:00", "2024-01-02 05:00", "2024-01-09 13:00"]);
    let fitted = fitted(texts.clone());
    let seconds = [0, DAY + 5 * 3600, 8 * DAY + 13 * 3600].map(|second| MONDAY + second);
    let others: Vec<ArrayRef> = vec![
        Arc::new(TimestampSecondArray::from(seconds.to_vec())),
        Arc::new(
            TimestampMicrosecondArray::from(seconds.map(|s| s * 1_000_000).to_vec()).with_timezone("UTC"),
        ),
        text(&["2024-01-01T00:00:00Z", "2024-01-02T07:00:00+02:00", "2024-01-09 13:00:00.000"]),
    ];
    let expected = values(&fitted, texts);
    let times = |values: &[f32]| values.chunks_exact(7).map(|row| row[0]).collect::<Vec<f32>>();
    for other in others {
        assert_eq!(times(&values(&fitted, other)), times(&expected));
    }
}

#[test]
fn a_cell_that_is_no_date_is_named() {
    let fitted = fitted(text(&["31.12.2024", "01.01.2025"]));
    let wrong = message(&fitted, &table(vec![("created", text(&["02.01.2025", "soon"]))]));
    let expected =
        "new.csv, row 102, column 'created': expected a date such as 31.12.2024 (%d.%m.%Y), found 'soon'; ";
    assert!(wrong.starts_with(expected) && wrong.contains("--missing soon"), "{wrong}");
}

#[test]
fn dates_beyond_the_type_are_missing() {
    let last = i64::MAX / 1_000_000 - DAY;
    let column: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![0, last * 1_000_000]));
    let fitted = fitted(column);
    let back = fitted.decode(&[0.5; 7]).unwrap();
    assert!(back.column(0).as_primitive::<TimestampMicrosecondType>().value(0) > 0);
}
