//! The Adult data set.

use super::*;

/// The census table of the UCI repository, with `?` for missing cells and a label.
fn adult(file: &str) -> RecordBatch {
    const NAMES: &str = "age workclass fnlwgt education education_num marital_status occupation relationship race sex \
                         capital_gain capital_loss hours_per_week native_country income";
    let folder = std::env::var_os("DIABOLO_DATA").unwrap();
    let file = std::fs::File::open(std::path::Path::new(&folder).join("adult").join(file)).unwrap();
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .trim(csv::Trim::All)
        .from_reader(flate2::read::MultiGzDecoder::new(file));
    let mut columns = vec![vec![]; 15];
    for record in reader.records() {
        for (column, cell) in columns.iter_mut().zip(&record.unwrap()) {
            column.push((cell != "?").then(|| cell.trim_end_matches('.').to_string()));
        }
    }
    let columns = columns.into_iter().map(|cells| Arc::new(StringArray::from(cells)) as ArrayRef);
    table(NAMES.split_whitespace().zip(columns).collect())
}

#[test]
#[cfg_attr(not(has_data), ignore = "needs real data: DIABOLO_DATA is not a folder")]
fn adult_round_trip() {
    let (train, test) = (adult("adult.data.gz"), adult("adult.test.gz"));
    let options = InferOptions { label: Some("income".into()), ..Default::default() };
    let inferred = infer("adult.data", &train, &options).unwrap();
    assert_eq!(inferred.warnings, Vec::<String>::new());
    let kinds: Vec<&str> = inferred.schema.features.iter().map(|feature| feature.kind.name()).collect();
    let (n, c) = ("numeric", "categorical");
    assert_eq!(kinds, [n, c, n, c, n, c, c, c, c, "binary", n, n, n, c]);
    let rows: Vec<usize> = (0..train.num_rows()).collect();
    for numeric in [NumericScaling::Standardize, NumericScaling::MinMax, NumericScaling::Quantile] {
        let config = PreprocessConfig { numeric, ..Default::default() };
        let (fitted, warnings) =
            Preprocessor::fit("adult.data", inferred.schema.clone(), &train, &rows, &config).unwrap();
        assert!(warnings.is_empty());
        let encoded = fitted.encode("adult.test", &test, 0).unwrap();
        let missing: usize = test.columns()[..14].iter().map(|column| column.null_count()).sum();
        assert_eq!((encoded.rows, missing), (16281, 2203));
        assert!(encoded.values.iter().all(|x| x.is_finite()));
        let back = fitted.decode(&encoded.values).unwrap();
        for (feature, cells) in fitted.schema.features.iter().zip(back.columns()) {
            let original = test.column_by_name(&feature.name).unwrap().as_string::<i32>();
            let cells = arrow_cast::cast(cells, &arrow_schema::DataType::Utf8).unwrap();
            let same =
                original.iter().zip(cells.as_string::<i32>()).filter(|(a, _)| a.is_some()).all(|(a, b)| {
                    a == b
                        || (feature.kind == FeatureKind::Numeric
                            && close(&feature.name, a.unwrap(), b.unwrap()))
                });
            assert!(same, "{numeric:?} {}", feature.name);
        }
    }
}

/// Weights in the millions have seven exact digits; quantile scaling clamps values outside the
/// training range. The score by rank of a gain between two far training values has seven digits.
fn close(name: &str, a: &str, b: &str) -> bool {
    let (a, b): (f64, f64) = (a.parse().unwrap(), b.parse().unwrap());
    name == "capital_gain" && (a - b).abs() <= 1e-4 * a
        || name == "fnlwgt" && ((a - b).abs() <= 1.0 || !(12_286.0..=1_484_704.0).contains(&a))
}
