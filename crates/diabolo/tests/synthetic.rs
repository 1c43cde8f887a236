//! Synthetic tables, from rows to rows.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, Int64Array, RecordBatch, StringArray};
use diabolo::data::Split;
use diabolo::random::{Purpose, RngExt, standard_normal, stream};
use diabolo::task::{SynthesizeOptions, Synthesized};
use diabolo::{Config, ErrorClass, FitJob, Preset, Synthesizer};

const ROWS: usize = 1200;

/// A key, a city and its state, an amount that is often 0 and else depends on the city, a date, and
/// a mark with missing cells.
fn rows() -> RecordBatch {
    let noise = &mut stream(5, Purpose::Choose, 0, 0);
    let normal = standard_normal(noise, ROWS);
    let mut columns: [Vec<Option<String>>; 6] = Default::default();
    for (row, z) in normal.into_iter().enumerate() {
        let city = noise.random_range(0..6u64);
        let amount = match noise.random::<f32>() < 0.4 {
            true => "0.00".to_string(),
            false => format!("{:.2}", f64::from(z) * 5.0 + 100.0 * (1 + city) as f64),
        };
        let mark = (noise.random::<f32>() < 0.7).then(|| if city < 3 { "low" } else { "high" }.to_string());
        columns[0].push(Some(format!("C-{:05}", 7 * row)));
        columns[1].push(Some(format!("city {city}")));
        columns[2].push(Some(["north", "south"][(city / 3) as usize].into()));
        columns[3].push(Some(amount));
        columns[4].push(Some(format!("{:02}.{:02}.2021", 1 + row % 28, 1 + row % 12)));
        columns[5].push(mark);
    }
    let names = ["id", "city", "state", "amount", "day", "mark"];
    let arrays = columns.map(|cells| Arc::new(StringArray::from(cells)) as ArrayRef);
    RecordBatch::try_from_iter_with_nullable(names.into_iter().zip(arrays).map(|(n, a)| (n, a, true)))
        .unwrap()
}

fn config() -> Config {
    let mut config = Config::default();
    Preset::Synthesize.apply(&mut config);
    config.data.key = Some("id".into());
    config.data.label = Some("mark".into());
    config.training.epochs = Some(200);
    config
}

fn fitted() -> &'static Synthesizer {
    static FITTED: OnceLock<Synthesizer> = OnceLock::new();
    FITTED.get_or_init(|| {
        let fitted = FitJob::new(rows()).config(config()).synthesize().unwrap();
        let notes = fitted.notes.join("\n");
        assert!(notes.contains("state follows from city"), "{notes}");
        // From the bytes of its file.
        Synthesizer::from_bytes(&fitted.synthesizer.saved().to_bytes().unwrap()).unwrap()
    })
}

fn made(options: SynthesizeOptions) -> Synthesized {
    fitted().generate(&options).unwrap()
}

fn texts(rows: &RecordBatch, name: &str) -> Vec<Option<String>> {
    let column = rows.column_by_name(name).unwrap().as_string::<i32>();
    column.iter().map(|cell| cell.map(str::to_string)).collect()
}

#[test]
fn rows_look_like_those_of_the_source() {
    let real = rows();
    let made = made(SynthesizeOptions { count: 1000, ..Default::default() }).rows;
    assert_eq!(made.schema().fields().len(), 6);
    let keys: BTreeSet<Option<String>> = texts(&made, "id").into_iter().collect();
    assert_eq!(keys.len(), 1000, "keys are unique");
    assert!(keys.is_disjoint(&texts(&real, "id").into_iter().collect()), "and none of the source's");
    assert!(keys.iter().flatten().all(|key| key.len() == 7 && key.starts_with("C-")));
    for name in ["city", "state", "mark"] {
        let (known, found): (BTreeSet<_>, BTreeSet<_>) =
            (texts(&real, name).into_iter().collect(), texts(&made, name).into_iter().collect());
        assert!(found.is_subset(&known), "{name}: {found:?}");
    }
    let states: BTreeSet<(Option<String>, Option<String>)> =
        texts(&real, "city").into_iter().zip(texts(&real, "state")).collect();
    let of_made: BTreeSet<_> = texts(&made, "city").into_iter().zip(texts(&made, "state")).collect();
    assert!(of_made.is_subset(&states), "{of_made:?}");
    let missing = texts(&made, "mark").iter().filter(|cell| cell.is_none()).count();
    assert!((250..350).contains(&missing), "{missing} of 1000 marks are missing, of 300 or so");
    let days = texts(&made, "day");
    assert!(days.iter().flatten().all(|day| day.len() == 10 && day.ends_with(".2021")), "{days:?}");
}

#[test]
fn amounts_have_their_zeros_decimals_and_cities() {
    let made = made(SynthesizeOptions { count: 2000, seed: 1, ..Default::default() }).rows;
    let (cities, amounts) = (texts(&made, "city"), texts(&made, "amount"));
    let amounts: Vec<String> = amounts.into_iter().flatten().collect();
    assert_eq!(amounts.len(), 2000);
    assert!(amounts.iter().all(|text| text.split_once('.').is_some_and(|(_, part)| part.len() == 2)));
    let zeros = amounts.iter().filter(|text| *text == "0.00").count();
    assert!((700..900).contains(&zeros), "{zeros} of 2000 are 0, of 800 or so");
    let near = |(city, amount): (&Option<String>, &String)| {
        let (city, x): (f64, f64) = (city.as_ref().unwrap()[5..].parse().unwrap(), amount.parse().unwrap());
        x == 0.0 || (x - 100.0 * (1.0 + city)).abs() < 30.0
    };
    let right = cities.iter().zip(&amounts).filter(|pair| near(*pair)).count();
    // Independent columns give 1,000; one early stop for all columns is soon for this one.
    assert!(right > 1750, "{right} of 2000 amounts suit their city");
}

#[test]
fn conditions_hold_in_every_row() {
    let options = |texts: &[&str]| SynthesizeOptions {
        count: 300,
        requirements: texts.iter().map(|text| fitted().requirement(text).unwrap()).collect(),
        ..Default::default()
    };
    let south = made(options(&["state=south", "amount>=450"]));
    assert!(south.notes[0].contains("effective sample size"), "{:?}", south.notes);
    assert_eq!(south.rows.num_rows(), 300);
    assert!(texts(&south.rows, "state").iter().all(|state| state.as_deref() == Some("south")));
    let amounts: Vec<f64> =
        texts(&south.rows, "amount").iter().flatten().map(|text| text.parse().unwrap()).collect();
    assert!(amounts.iter().all(|x| *x >= 450.0), "{amounts:?}");
    let early = made(options(&["day<15.03.2021"]));
    assert!(texts(&early.rows, "day").iter().flatten().all(|day| {
        let (day, month): (u32, u32) = (day[..2].parse().unwrap(), day[3..5].parse().unwrap());
        month < 3 || month == 3 && day < 15
    }));
    for bad in ["city=nowhere", "state>3", "state=west"] {
        let error = fitted().generate(&options(&[bad])).unwrap_err();
        assert_eq!(error.class(), ErrorClass::Usage, "{error}");
        // Each has several cities, which are a part with it.
        let named = ["north", "south"].map(|state| error.to_string().matches(state).count());
        assert!(bad != "state=west" || named == [1; 2], "{error}");
    }
    assert!(fitted().requirement("height=3").is_err());
}

#[test]
fn balanced_levels_are_those_that_conditions_leave() {
    for (condition, levels) in [("mark=", vec![None]), ("mark!=", vec![Some("high"), Some("low")])] {
        let requirements = vec![fitted().requirement(condition).unwrap()];
        let balance = Some("mark".into());
        let made = made(SynthesizeOptions { count: 40, requirements, balance, ..Default::default() });
        let marks = texts(&made.rows, "mark");
        for level in &levels {
            let rows = marks.iter().filter(|mark| mark.as_deref() == *level).count();
            assert_eq!(rows, 40 / levels.len(), "{condition}: {level:?}");
        }
    }
}

#[test]
fn balanced_levels_have_as_many_rows() {
    let options = SynthesizeOptions { count: 600, balance: Some("city".into()), ..Default::default() };
    let made = made(options);
    let mut counts = std::collections::BTreeMap::new();
    texts(&made.rows, "city").into_iter().for_each(|city| *counts.entry(city).or_insert(0) += 1);
    assert!(counts.len() == 6 && counts.values().all(|count| *count == 100), "{counts:?}");
    assert!(
        fitted()
            .generate(&SynthesizeOptions { count: 9, balance: Some("amount".into()), ..Default::default() })
            .is_err()
    );
}

#[test]
fn the_same_seed_gives_the_same_rows() {
    let draw = |seed: u64| made(SynthesizeOptions { count: 1500, seed, ..Default::default() }).rows;
    assert_eq!(draw(3), draw(3));
    assert_eq!(diabolo::tensor::on_one_thread(|| draw(3)), draw(3));
    assert_ne!(draw(3), draw(4));
}

#[test]
fn few_rows_of_typed_columns_keep_their_types() {
    let x: ArrayRef = Arc::new((0..60).map(|k| (k % 9 != 0).then_some(k * k)).collect::<Int64Array>());
    let y: ArrayRef =
        Arc::new((0..60).map(|k| Some(f64::from(k) / 8.0)).collect::<arrow_array::Float64Array>());
    let rows = RecordBatch::try_from_iter_with_nullable([("x", x, true), ("y", y, true)]).unwrap();
    let mut config = config();
    (config.data.key, config.data.label) = (None, None);
    let fitted = FitJob::new(rows.clone()).config(config).synthesize().unwrap();
    let options = SynthesizeOptions { count: 40, ..Default::default() };
    let made = fitted.synthesizer.generate(&options).unwrap().rows;
    assert_eq!(made.schema().field(0).data_type(), rows.schema().field(0).data_type());
    assert_eq!(made.schema().field(1).data_type(), rows.schema().field(1).data_type());
    // The mean probability of a missing cell is the share of the training rows, and rows are drawn
    // independently: the number has a standard deviation of at most √(n/4), of which 5 are allowed.
    let train = Split::new("rows", 60, 0.1, 0.1, 0).unwrap().train;
    let missing = train.iter().filter(|row| **row % 9 == 0).count() as f64 / train.len() as f64;
    let options = SynthesizeOptions { count: 4000, ..Default::default() };
    let found = fitted.synthesizer.generate(&options).unwrap().rows.column(0).null_count() as f64;
    assert!((found - 4000.0 * missing).abs() < 5.0 * 1000f64.sqrt(), "{found} of 4000, {missing}");
}

#[test]
fn rows_that_break_a_rule_are_left_out_of_fit_and_audit() {
    let whole = |of: &dyn Fn(i64) -> i64| -> ArrayRef { Arc::new((0..400).map(of).collect::<Int64Array>()) };
    let start = whole(&|k| k * k * 7 % 101);
    let end = whole(&|k| k * k * 7 % 101 + if k % 10 == 0 { -5 } else { k % 8 });
    let rows = RecordBatch::try_from_iter([("start", start), ("end", end)]).unwrap();
    let mut config = config();
    (config.data.key, config.data.label) = (None, None);
    (config.data.validation, config.data.test) = (0.0, 0.25);
    config.training.epochs = Some(1);
    config.synthesize.as_mut().unwrap().require = vec!["start<=end".into()];
    let fitted = FitJob::new(rows).config(config).synthesize().unwrap();
    let broken = 100 - fitted.test.num_rows();
    assert_eq!(fitted.train.num_rows() + 40 - broken, 300, "training rows without validation rows");
    assert!((2..25).contains(&broken), "{broken}");
    let notes = fitted.notes.join("\n");
    assert!(notes.contains(&format!("{broken} of 100 held-out rows break start<=end")), "{notes}");
    let audit = fitted.audit().unwrap().unwrap().audit;
    assert_eq!(audit.rows[2], 100 - broken);
    let rule = &audit.rules[0];
    assert_eq!((rule.real, rule.others.synthetic, rule.others.holdout), (Some(1.0), Some(1.0), Some(1.0)));
}

/// Whole numbers that are dates by a given type, beside dates as texts.
#[test]
fn rules_hold_of_given_types_in_the_audit_of_a_fit_too() {
    let day = |k: i64| [1 + k * 7 % 12, 1 + k % 28];
    let begin = |k| {
        let [month, day] = day(k);
        20_200_000 + 100 * month + day
    };
    let start: ArrayRef = Arc::new((0..400).map(begin).collect::<Int64Array>());
    let later = |k| {
        let [month, day] = day(k);
        format!("2021-{month:02}-{day:02}")
    };
    let end: ArrayRef = Arc::new((0..400).map(|k| Some(later(k))).collect::<StringArray>());
    let rows = RecordBatch::try_from_iter([("start", start), ("end", end)]).unwrap();
    let mut config = config();
    (config.data.key, config.data.label) = (None, None);
    config.data.types.insert("start".into(), "datetime:%Y%m%d".parse().unwrap());
    config.data.test = 0.25;
    config.training.epochs = Some(1);
    config.synthesize.as_mut().unwrap().require = vec!["start<=end".into()];
    let fitted = FitJob::new(rows).config(config).synthesize().unwrap();
    let audit = fitted.audit().unwrap().unwrap().audit;
    assert_eq!(audit.rules[0].real, Some(1.0));
}
