use std::io::Cursor;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int32Type, Int64Type};
use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, DictionaryArray, Float32Array, Float64Array, Int64Array, ListArray,
    RecordBatch, StringArray,
};
use diabolo::ErrorClass;
use diabolo::codec::{Archive, CodecModel, CompressOptions, compress, zstd_bytes};
use diabolo::random::{Purpose, standard_normal, stream};

use crate::{compressed, decompressed, fitted, returns};

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter(columns).unwrap()
}

/// x: numbers; n: event counts; size: ordered and colour: unordered levels that follow from each
/// other; flag.
fn mixed(rows: usize) -> RecordBatch {
    let numbers = || (0..rows).map(|i| (i * 7919) % 997);
    let level = |i: usize, texts: &[&str]| texts[i % texts.len()].to_string();
    batch(vec![
        ("x", Arc::new(Float64Array::from_iter_values(numbers().map(|i| i as f64 / 100.0)))),
        ("n", Arc::new(Int64Array::from_iter_values(numbers().map(|i| ((i % 13) * (i % 2)) as i64)))),
        (
            "colour",
            Arc::new(StringArray::from_iter_values(numbers().map(|i| level(i, &["red", "green", "blue"])))),
        ),
        ("size", Arc::new(StringArray::from_iter_values(numbers().map(|i| level(i, &["S", "M", "L"]))))),
        ("flag", Arc::new(BooleanArray::from_iter(numbers().map(|i| Some(i % 5 == 0))))),
    ])
}

#[test]
fn every_likelihood_of_tables_comes_back() {
    let rows = mixed(400);
    for settings in [
        [
            "model.likelihood.numeric=gaussian",
            "data.counts=log1p",
            "model.likelihood.count=negative_binomial",
        ],
        ["model.likelihood.numeric=student_t", "data.counts=log1p", "model.likelihood.count=poisson"],
        ["model.likelihood.numeric=laplace", "data.counts=as_numeric", "data.numeric=quantile"],
        ["model.variance={kind=\"decoder\"}", "data.types={size=\"ordinal:S,M,L\"}", "data.numeric=min_max"],
    ] {
        let model = fitted(&rows, &settings);
        let done = returns(&model, &rows);
        assert_eq!(done.stored_blocks, 0, "{settings:?}");
    }
}

#[test]
fn a_column_that_follows_from_another_costs_nothing() {
    let rows = mixed(3000);
    let model = fitted(&rows, &[]);
    let all = returns(&model, &rows).bytes;
    let without =
        returns(&fitted(&rows.project(&[0, 1, 2, 4]).unwrap(), &[]), &rows.project(&[0, 1, 2, 4]).unwrap());
    assert!(all < without.bytes + 150, "{all} {}", without.bytes);
}

#[test]
fn hostile_cells_come_back() {
    let clean = mixed(300);
    let model = fitted(&clean, &[]);
    let column = |name: &str| clean.column_by_name(name).unwrap().clone();
    let odd = f64::from_bits(0xfff8_0000_0000_0001);
    let wild = [f64::NAN, odd, -0.0, 0.0, f64::INFINITY, f64::MIN, 5e-324, 1e300, 0.1 + 0.2, -3.25];
    let x: Float64Array = (0..300).map(|i| if i % 3 == 0 { None } else { Some(wild[i % 10]) }).collect();
    let ends = [i64::MIN, i64::MAX, -1, 0, 7, 1 << 53];
    let n: Int64Array = (0..300).map(|i| Some(ends[i % 6]).filter(|_| i % 7 > 0)).collect();
    let texts = ["", "red", "Red", "\u{0}", "naïve, \"quoted\"\nline", "NA", "green "];
    let colour: StringArray = (0..300).map(|i| Some(texts[i % 7]).filter(|_| i % 11 > 0)).collect();
    let flag: BooleanArray = (0..300).map(|i| [Some(true), None, Some(false)][i % 3]).collect();
    let constant: Float32Array = (0..300).map(|_| Some(f32::NAN)).collect();
    let empty: StringArray = (0..300).map(|_| None::<&str>).collect();
    let key: StringArray = (0..300).map(|i| Some(format!("id-{}", i * 31 % 307))).collect();
    let dates: Date32Array = (0..300).map(|i| Some(i32::MIN + i).filter(|_| i % 4 > 0)).collect();
    let list = ListArray::from_iter_primitive::<Int32Type, _, _>((0..300).map(|i| Some(vec![Some(i); 2])));
    let words: DictionaryArray<Int32Type> = (0..300).map(|i| Some(["a", "b"][i % 2])).collect();
    // In another order than in the fit, with columns that it did not have.
    let rows = batch(vec![
        ("key", Arc::new(key) as ArrayRef),
        ("flag", Arc::new(flag)),
        ("size", column("size")),
        ("colour", Arc::new(colour)),
        ("n", Arc::new(n)),
        ("x", Arc::new(x)),
        ("constant", Arc::new(constant)),
        ("empty", Arc::new(empty)),
        ("dates", Arc::new(dates)),
        ("list", Arc::new(list)),
        ("words", Arc::new(words)),
    ]);
    returns(&model, &rows);
    returns(&model, &rows.slice(5, 60));
}

#[test]
fn other_types_of_the_same_columns_come_back() {
    let clean = mixed(300);
    let model = fitted(&clean, &[]);
    let text = |name: &str| {
        arrow_cast::cast(clean.column_by_name(name).unwrap(), &arrow_array::types::Utf8Type::DATA_TYPE)
            .unwrap()
    };
    use arrow_array::types::ByteArrayType;
    let names = ["x", "n", "colour", "size", "flag"];
    let texts = batch(names.iter().map(|name| (*name, text(name))).collect());
    assert_eq!(returns(&model, &texts).stored_blocks, 0);
}

#[test]
fn models_that_cannot_compress_are_refused_by_name() {
    let rows = mixed(120);
    let mut config = diabolo::Config::default();
    config.set("training.epochs=1").unwrap();
    for (setting, named) in [
        ("model.family={kind=\"contractive\"}", "contractive"),
        ("model.family={kind=\"variational\", flow={kind=\"planar\", layers=2}}", "flow"),
        ("model.family={kind=\"variational\", prior={kind=\"mixture\", components=3}}", "prior"),
    ] {
        let mut config = config.clone();
        config.set(setting).unwrap();
        let fitted = diabolo::FitJob::new(rows.clone()).config(config).run().unwrap();
        let refused = CodecModel::from_bytes("model", &fitted.predictor.to_bytes().unwrap()).err().unwrap();
        assert!(refused.to_string().contains(named), "{refused}");
    }
}

#[test]
fn another_model_is_refused() {
    let rows = mixed(120);
    let (file, _) = compressed(&fitted(&rows, &[]), &rows, 100);
    let other = fitted(&rows, &["training.seed=9"]);
    let error = crate::decompressed(&other, &file, 0..120).unwrap_err();
    assert_eq!(error.class(), ErrorClass::Artifact, "{error}");
    assert!(error.to_string().contains("SHA-256"), "{error}");
}

#[test]
fn numbers_of_a_bounded_file_are_within_their_bounds() {
    let rows = mixed(997);
    let model = fitted(&rows, &[]);
    let write = |options: CompressOptions| {
        let mut file = vec![];
        compress(&model, rows.schema(), [Ok(rows.clone())].into_iter(), &mut file, &options).unwrap();
        file
    };
    let exact = write(CompressOptions { block_rows: 300, ..CompressOptions::default() });
    let bounded = write(CompressOptions { block_rows: 300, error: Some(0.01), ..CompressOptions::default() });
    assert!(bounded.len() < exact.len(), "{} and {} bytes", bounded.len(), exact.len());
    assert_eq!((exact[8], bounded[8]), (3, 3), "format versions");
    let info = Archive::open(Cursor::new(&bounded), "rows.dbz").unwrap().info();
    let bounds = info.bounds.unwrap();
    let names: Vec<&str> = bounds.columns.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["x", "n"]);
    let again = decompressed(&model, &bounded, 0..997).unwrap();
    assert_eq!(&again.columns()[2..], &rows.columns()[2..]);
    let (x, y) =
        (rows.column(0).as_primitive::<Float64Type>(), again.column(0).as_primitive::<Float64Type>());
    let gaps = x.values().iter().zip(y.values()).map(|(x, y)| (x - y).abs());
    let largest = gaps.fold(0.0, f64::max);
    assert!(largest > 0.03 && largest <= bounds.columns[0].1, "{largest}, {bounds:?}");
    assert_eq!(again.column(1), rows.column(1), "12 counts cannot be coarser by 1 %");
    // Damage of the bounds is found, too.
    for at in 12..200 {
        let mut damaged = bounded.clone();
        damaged[at] ^= 1;
        assert!(decompressed(&model, &damaged, 0..997).is_err(), "byte {at}");
    }
}

#[test]
fn missing_words_that_are_numbers_come_back_from_a_bounded_file() {
    let number = |i: i64| if i % 7 == 0 { -999 } else { i * i % 1000 - 1000 };
    let rows = batch(vec![
        ("n", Arc::new((0..800).map(|i| Some(number(i))).collect::<Int64Array>())),
        ("t", Arc::new(StringArray::from_iter_values((0..800).map(|i| number(i + 3).to_string())))),
    ]);
    let model = fitted(&rows, &["data.missing=[\"-999\"]"]);
    let options = CompressOptions { error: Some(0.01), ..CompressOptions::default() };
    let mut file = vec![];
    compress(&model, rows.schema(), [Ok(rows.clone())].into_iter(), &mut file, &options).unwrap();
    let again = decompressed(&model, &file, 0..800).unwrap();
    assert_ne!(again, rows, "a control");
    let numbers = |rows: &RecordBatch| -> Vec<i64> {
        let texts = rows.column(1).as_string::<i32>().iter().flatten();
        let whole = rows.column(0).as_primitive::<Int64Type>().values().iter().copied();
        whole.chain(texts.map(|text| text.parse().unwrap())).collect()
    };
    for (x, y) in numbers(&rows).into_iter().zip(numbers(&again)) {
        assert!(x == y || x != -999 && y != -999 && (x - y).abs() <= 10, "{x} came back as {y}");
    }
}

#[test]
fn columns_without_a_usable_range_stay_exact_in_a_bounded_file() {
    let huge = |i: usize| if i.is_multiple_of(2) { -1.2e308 } else { 1.2e308 * ((i % 50) as f64 / 50.0) };
    let rows = batch(vec![
        ("x", Arc::new((0..400).map(|i| Some((i * i % 997) as f64 / 8.0)).collect::<Float64Array>())),
        ("huge", Arc::new((0..400).map(|i| Some(huge(i))).collect::<Float64Array>())),
        ("tiny", Arc::new((0..400).map(|i| Some((i % 25) as f64 * 5e-324)).collect::<Float64Array>())),
    ]);
    let model = fitted(&rows, &[]);
    let options = CompressOptions { error: Some(0.01), ..CompressOptions::default() };
    let mut file = vec![];
    compress(&model, rows.schema(), [Ok(rows.clone())].into_iter(), &mut file, &options).unwrap();
    let bounds = Archive::open(Cursor::new(&file), "rows.dbz").unwrap().info().bounds.unwrap();
    assert_eq!(bounds.columns.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["x"]);
    let again = decompressed(&model, &file, 0..400).unwrap();
    assert_ne!(again.column(0), rows.column(0), "a control");
    assert_eq!(&again.columns()[1..], &rows.columns()[1..]);
}

#[test]
fn bounds_need_columns_of_numbers() {
    let text =
        batch(vec![("c", Arc::new(StringArray::from_iter_values((0..90).map(|i| format!("l{}", i % 5)))))]);
    let model = fitted(&text, &[]);
    let options = CompressOptions { error: Some(0.1), ..CompressOptions::default() };
    let done = compress(&model, text.schema(), [Ok(text.clone())].into_iter(), vec![], &options);
    assert!(done.unwrap_err().to_string().contains("no column of numbers"));
}

#[test]
fn the_bytes_of_zstd_are_those_of_a_frame() {
    let text: Vec<u8> = (0..40_000u32).flat_map(|i| (i * i % 9973).to_string().into_bytes()).collect();
    let stream = zstd_bytes(text.as_slice()).unwrap();
    let frame = zstd::bulk::compress(&text, 19).unwrap().len() as u64;
    // The header of a frame of known length has some bytes more.
    assert!(stream.abs_diff(frame) < 64, "{stream} and {frame}");
}

/// Measured numbers, with all digits of their precision: a grid as fine as the smallest of them
/// would waste bits on the others, and their bytes say nothing.
#[test]
fn numbers_of_floating_precision_are_points() {
    let noise = &mut stream(3, Purpose::Corrupt, 4, 0);
    let rows = 1000;
    let draws: Vec<f64> =
        standard_normal(noise, rows).into_iter().map(|z| f64::from(z) * 1.234_567_89e-2).collect();
    let mut doubles: Vec<Option<f64>> = draws.iter().map(|x| Some(x * std::f64::consts::PI)).collect();
    let cells: [(&str, ArrayRef, f64); 3] = [
        ("text", Arc::new(StringArray::from_iter_values(draws.iter().map(|x| c_format(*x)))), 29.0),
        ("single", Arc::new(Float32Array::from_iter_values(draws.iter().map(|x| (x / 3.0) as f32))), 29.0),
        ("double", Arc::new(Float64Array::from(doubles.clone())), 58.0),
    ];
    for (name, column, bits) in cells {
        let batch = RecordBatch::try_from_iter([(name, column)]).unwrap();
        let done = returns(&fitted(&batch, &[]), &batch);
        // What a file takes once is some 600 bytes.
        let found = 8.0 * (done.bytes as f64 - 600.0) / rows as f64;
        assert!(found < bits, "{name}: {found} bits");
    }
    // Not all of them are points.
    for (at, odd) in [f64::NAN, f64::NEG_INFINITY, -0.0, f64::MAX].into_iter().enumerate() {
        doubles[7 * at] = Some(odd);
    }
    doubles[50] = None;
    let batch =
        RecordBatch::try_from_iter([("x", Arc::new(Float64Array::from(doubles)) as ArrayRef)]).unwrap();
    let model = fitted(&batch.slice(100, 900), &[]);
    let (file, _) = compressed(&model, &batch, 300);
    let again = decompressed(&model, &file, 0..rows as u64).unwrap();
    let bits = |batch: &RecordBatch| -> Vec<Option<u64>> {
        batch.column(0).as_primitive::<Float64Type>().iter().map(|x| x.map(f64::to_bits)).collect()
    };
    assert_eq!(bits(&again), bits(&batch));
}

/// As C prints it: `1.2345679e-02`.
fn c_format(x: f64) -> String {
    let text = format!("{x:.7e}");
    let (mantissa, exponent) = text.split_once('e').unwrap();
    let sign = if exponent.starts_with('-') { '-' } else { '+' };
    format!("{mantissa}e{sign}{:0>2}", exponent.trim_start_matches('-'))
}
