//! Numbers that are written with currencies, percent signs and separators.

use super::*;
use crate::write::csv_to;

#[test]
fn numbers_are_written_as_their_column_does() {
    let columns = [
        text(&["$1,234.50", "$2,000.25", "$999.00"]),
        text(&["45 %", "7 %", "100 %"]),
        text(&["(1.234,5)", "2.000,0", "12,5"]),
    ];
    for column in columns {
        let batch = table(vec![("x", column.clone())]);
        let fitted = fit(&batch, &InferOptions::default(), &PreprocessConfig::default());
        let back = fitted.decode(&fitted.encode("t", &batch, 0).unwrap().values).unwrap();
        let write = |batch: &RecordBatch| {
            let mut bytes = vec![];
            csv_to(&mut bytes, batch).unwrap();
            String::from_utf8(bytes).unwrap()
        };
        assert_eq!(write(&back), write(&batch));
        assert!(back.column(0).data_type().is_numeric(), "typed formats hold numbers");
        let json = serde_json::to_string(&fitted).unwrap();
        assert_eq!(serde_json::from_str::<Preprocessor>(&json).unwrap(), fitted);
    }
}
