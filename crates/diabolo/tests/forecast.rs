//! Forecasts end to end, in the library.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use diabolo::arrow::RecordBatch;
use diabolo::artifact::SavedForecast;
use diabolo::data::{DataConfig, SeriesSchema};
use diabolo::evaluate::forecast::{Method, evaluate};
use diabolo::model::forecast::{
    Filled, ForecastModel, LatentForecast, Parts, SplitSeries, naive_error, spread,
};
use diabolo::pipeline::{FittedForecast, matrix};
use diabolo::random::{Purpose, RngExt, stream};
use diabolo::task::{ForecastOptions, Start};
use diabolo::tensor::Device;
use diabolo::{Config, FitJob, Forecaster, Preset};

/// A season of 12 with noise.
fn waves(steps: usize, seed: u64) -> Vec<f64> {
    let noise = &mut stream(seed, Purpose::Corrupt, 0, 0);
    let wave = |t: usize| 10.0 + 4.0 * (t as f64 * std::f64::consts::TAU / 12.0).sin();
    (0..steps).map(|t| wave(t) + noise.random_range(-1.0..1.0)).collect()
}

fn rows(values: &[f64]) -> RecordBatch {
    matrix(values, &["flow"]).unwrap()
}

fn fit(values: &[f64], settings: &[&str]) -> diabolo::Result<FittedForecast> {
    let mut config = Config::default();
    Preset::Forecast.apply(&mut config);
    settings.iter().for_each(|setting| config.set(setting).unwrap());
    FitJob::new(rows(values)).config(config).forecast()
}

#[test]
fn a_noisy_season_is_found_and_forecast_within_its_bands() {
    let values = waves(700, 1);
    let fitted = fit(&values, &["training.epochs=2"]).unwrap();
    let record = &fitted.forecaster.saved().header.forecast;
    assert_eq!((record.season, record.horizon), (Some(12), 12));
    let scores = fitted.scores.unwrap();
    assert_eq!(scores.windows, 140 - 12 + 1);
    // The noise, of variance 1/3, is all that remains; a naive forecast has it twice.
    let variance = spread(&values[..420]) * spread(&values[..420]);
    assert!(scores.model.mse_standardized * variance < 0.40, "{scores:?}");
    assert!(scores.seasonal_naive.mse_standardized * variance > 0.55, "{scores:?}");
    assert!(scores.model.mase.unwrap() < scores.seasonal_naive.mase.unwrap());
    let (eighty, ninety_five) = (scores.model.coverage["0.8"], scores.model.coverage["0.95"]);
    assert!((0.74..0.86).contains(&eighty) && (0.91..0.99).contains(&ninety_five), "{scores:?}");
}

/// A level that grows tenfold, with a season and noise in proportion to it.
fn growing() -> Vec<f64> {
    let noise = &mut stream(1, Purpose::Corrupt, 3, 0);
    let level = |t: usize| 100.0 * (t as f64 * 0.008).exp();
    let wave = |t: usize| (0.3 * (t as f64 * std::f64::consts::TAU / 12.0).sin()).exp();
    (0..300).map(|t| level(t) * wave(t) * noise.random_range(-0.1f64..0.1).exp()).collect()
}

#[test]
fn swings_that_grow_are_forecast_as_logarithms() {
    let values = growing();
    let fitted = fit(&values, &["training.epochs=0"]).unwrap();
    assert!(fitted.notes.iter().any(|note| note.contains("logarithms of 'flow'")), "{:?}", fitted.notes);
    let scores = fitted.scores.as_ref().unwrap();
    let (eighty, ninety_five) = (scores.model.coverage["0.8"], scores.model.coverage["0.95"]);
    assert!((0.7..0.9).contains(&eighty) && (0.88..1.0).contains(&ninety_five), "{scores:?}");
    assert!(scores.model.mase.unwrap() < 0.8 * scores.seasonal_naive.mase.unwrap(), "{scores:?}");
    // In the units of the data, also when saved and loaded, and for other rows.
    let bytes = fitted.forecaster.saved().to_bytes().unwrap();
    let loaded = Forecaster::from_bytes(&bytes).unwrap();
    let options = ForecastOptions { from: Some(Start::Row(289)), ..Default::default() };
    let made = loaded.forecast(&rows(&values), &options).unwrap().series.remove(0).columns.remove(0);
    let wrong = made.point.iter().zip(&values[288..]).map(|(y, x)| (y / x - 1.0).abs());
    assert!(wrong.fold(0.0, f64::max) < 0.25, "{made:?}");
    let [low, high] = &made.limits[1];
    assert!(low.iter().zip(&made.point).zip(high).all(|((low, y), high)| 0.0 < *low && low < y && y < high));
    let errors = made.point.iter().zip(&values[288..]).map(|(y, x)| (y - x).abs());
    let naive = loaded.saved().header.forecast.series[0].naive_error[0].unwrap();
    assert!((made.mase.unwrap() - errors.sum::<f64>() / 12.0 / naive).abs() < 1e-9, "{made:?}");
    let paths = ForecastOptions { samples: 50, ..options };
    let paths = loaded.forecast(&rows(&values), &paths).unwrap().table;
    let flow = paths.column_by_name("flow").unwrap();
    let flow = diabolo::arrow::cast::AsArray::as_primitive::<diabolo::arrow::types::Float64Type>(flow);
    assert!(flow.values().iter().all(|x| (300.0..3000.0).contains(x)), "{flow:?}");
    let mut gone = values.clone();
    gone[280] = 0.0;
    let notes = loaded.forecast(&rows(&gone), &Default::default()).unwrap().notes;
    assert!(notes.iter().any(|note| note.contains("not positive")), "{notes:?}");
    // Swings that do not grow, and numbers that are not positive, stay as they are.
    for values in [waves(700, 1), values.iter().map(|x| x - 110.0).collect()] {
        let fitted = fit(&values, &["training.epochs=0"]).unwrap();
        assert!(fitted.notes.iter().all(|note| !note.contains("logarithms")), "{:?}", fitted.notes);
    }
}

/// The some 18 validation windows, which overlap, know no quantile of 0.95.
#[test]
fn intervals_of_short_series_also_rest_on_a_cross_fit() {
    let coverage = |seed: u64| {
        let fitted = fit(&waves(140, seed), &["training.epochs=0"]).unwrap();
        let said =
            |text: &String| text.contains("few windows") && text.contains("also rest on errors in training");
        assert!(fitted.warnings.iter().any(said), "{:?}", fitted.warnings);
        fitted.scores.unwrap().model.coverage["0.95"]
    };
    let mean = (1..=8).map(coverage).sum::<f64>() / 8.0;
    assert!((0.92..0.99).contains(&mean), "{mean}");
    let long = fit(&waves(700, 1), &["training.epochs=0"]).unwrap();
    assert!(long.warnings.iter().all(|text| !text.contains("few windows")), "{:?}", long.warnings);
}

#[test]
fn a_test_part_unlike_the_validation_part_is_said() {
    let calm = waves(700, 1);
    let warned = |values: &[f64]| {
        let fitted = fit(values, &["training.epochs=0", "forecast.horizon=1"]).unwrap();
        fitted.notes.iter().any(|note| note.contains("validation differs from test"))
    };
    assert!(!warned(&calm));
    let noise = &mut stream(1, Purpose::Corrupt, 2, 0);
    let mut wild = calm;
    wild[560..].iter_mut().for_each(|x| *x += noise.random_range(-3.0..3.0));
    assert!(warned(&wild));
}

#[test]
fn test_steps_never_reach_the_fit() {
    // With a long horizon, the test part has more than its share of the steps.
    let long = ["training.epochs=1", "forecast.horizon=100", "data.validation=0.05", "data.test=0.05"];
    for (settings, test) in [(&long[..1], 320), (&long[..], 300)] {
        test_steps_from_here_never_reach_the_fit(settings, test);
    }
}

fn test_steps_from_here_never_reach_the_fit(settings: &[&str], test: usize) {
    let values = waves(400, 2);
    let mut changed = values.clone();
    let other = |t: usize| 100.0 * f64::from(u8::from(t.is_multiple_of(7)));
    changed[test..].iter_mut().enumerate().for_each(|(t, x)| *x = other(t));
    // All but the intervals and paths for later data, which are to know the last errors.
    let fitted = |values: &[f64]| {
        let saved = fit(values, settings).unwrap().forecaster.saved().clone();
        let in_use = saved.intervals[&Method::Model].clone();
        let mut header = saved.header.clone();
        header.forecast.local_in_use = in_use.local;
        SavedForecast { header, in_use, errors_in_use: vec![], ..saved }.to_bytes().unwrap()
    };
    assert!(fitted(&values) == fitted(&changed));
    // The same change a step earlier, in the validation part, is seen.
    changed[test - 1] = -changed[test - 1];
    assert!(fitted(&values) != fitted(&changed));
}

#[test]
fn a_saved_forecast_is_the_same_and_a_damaged_one_is_refused() {
    let values = waves(300, 3);
    let fitted = fit(&values, &["training.epochs=1"]).unwrap();
    let bytes = fitted.forecaster.saved().to_bytes().unwrap();
    let opened = Forecaster::from_bytes(&bytes).unwrap();
    let options = ForecastOptions::default();
    let table = |forecaster: &Forecaster| forecaster.forecast(&rows(&values), &options).unwrap().table;
    assert_eq!(table(&opened), table(&fitted.forecaster));
    let mut damaged = bytes.clone();
    let last = damaged.len() - 3;
    damaged[last] ^= 1;
    assert!(Forecaster::from_bytes(&damaged).err().unwrap().to_string().contains("checksum"));
    let mut forged = fitted.forecaster.saved().clone();
    forged.header.forecast.local.remove(&Method::LastValue);
    assert!(Forecaster::from_bytes(&forged.to_bytes().unwrap()).is_err());
    let error = diabolo::Predictor::from_bytes(&bytes).err().unwrap().to_string();
    assert!(error.contains("diabolo forecast"), "{error}");
}

#[test]
fn a_latent_part_starts_as_the_ridge_and_adds_what_it_learned() {
    let values = Filled::of(&waves(200, 4)).unwrap();
    let fitted = fit(&waves(200, 4), &["training.epochs=0"]).unwrap();
    let mut model: ForecastModel = fitted.forecaster.saved().model.clone();
    let window = model.matrices[0].window;
    let linear = model.predict(0, &values, 150, 3.0);
    let noise = &mut stream(0, Purpose::InitializeForecast, 0, 0);
    model.latent = Some(LatentForecast::new(window, model.horizon, noise, &Device::cpu()));
    assert_eq!(model.predict(0, &values, 150, 3.0), linear);
}

#[test]
fn every_window_is_scored_and_missing_values_are_not() {
    let values: Vec<f64> = (0..40).map(|t| f64::from(t % 4) + if t == 37 { f64::NAN } else { 0.0 }).collect();
    let model = ForecastModel {
        horizon: 2,
        season: Some(4),
        matrices: vec![],
        choices: vec![],
        of_column: vec![0],
        adaptation: None,
        latent: None,
        effects: vec![Default::default()],
    };
    let parts = Parts { train: 0..20, validation: 20..30, test: 30..40 };
    let series = SplitSeries {
        columns: vec![Filled::of(&values)],
        deviation: vec![spread(&values[..20])],
        unit: vec![spread(&values[..20])],
        scales: vec![Default::default()],
        scaled: vec![values.clone()],
        naive_error: vec![naive_error(&values[..20], 1)],
        observed: vec![values],
        parts,
        name: None,
        times: vec![],
        known: Default::default(),
    };
    // Without a matrix only naive forecasts can be made.
    let made = Method::SeasonalNaive.predict(&model, 0, series.columns[0].as_ref().unwrap(), 30, 1.0);
    assert_eq!(made, [2.0, 3.0]);
    let model = ForecastModel {
        matrices: vec![diabolo::model::forecast::LinearForecast {
            window: 1,
            horizon: 2,
            weights: vec![0.0; 2],
        }],
        ..model
    };
    let (schema, _) =
        SeriesSchema::infer("rows", &rows(&series.observed[0]), &DataConfig::default()).unwrap();
    let scores = evaluate(&model, &Default::default(), &[series], &schema, 10).unwrap();
    assert_eq!((scores.windows, scores.seasonal_naive.mse_standardized), (9, 0.0));
    assert_eq!(scores.model, diabolo::evaluate::forecast::ForecastErrors { ..scores.last_value.clone() });
    // 0, 1, 2, 3, 0, …: the next value is off by 1, 1, 1 or 3; a missing one does not count.
    assert!(scores.last_value.crps.is_none() && scores.last_value.mase.unwrap() > 1.0);
}

#[test]
fn a_short_history_gets_a_naive_forecast_with_its_bands() {
    let values = waves(500, 8);
    let fitted = fit(&values, &["training.epochs=0", "data.window=48"]).unwrap().forecaster;
    let width = |made: &diabolo::task::Forecasts| -> f64 {
        let limits = &made.series[0].columns[0].limits[1];
        limits[1].iter().zip(&limits[0]).map(|(high, low)| high - low).sum()
    };
    let forecast = |count: usize| fitted.forecast(&rows(&values[..count]), &Default::default()).unwrap();
    let (whole, season, few) = (forecast(48), forecast(47), forecast(3));
    assert!(whole.notes.is_empty(), "{:?}", whole.notes);
    assert!(season.notes[0].contains("47 of the 48 values") && season.notes[0].contains("last season"));
    assert_eq!(season.series[0].columns[0].point, values[35..47]);
    assert!(few.notes[0].contains("3 of the 48 values") && few.notes[0].contains("last value"));
    assert_eq!(few.series[0].columns[0].point, [values[2]; 12]);
    assert!(width(&whole) < width(&season) && width(&season) < width(&few));
}

#[test]
fn columns_without_a_season_do_not_hide_that_of_another() {
    let flow = waves(400, 9);
    let noise = &mut stream(9, Purpose::Corrupt, 1, 0);
    let cells = flow.iter().flat_map(|flow| [*flow, 7.0, noise.random_range(0.0..1.0)]);
    let rows = matrix(&cells.collect::<Vec<f64>>(), &["flow", "constant", "noise"]).unwrap();
    let mut config = Config::default();
    Preset::Forecast.apply(&mut config);
    config.set("training.epochs=0").unwrap();
    let fitted = FitJob::new(rows).config(config).forecast().unwrap();
    assert_eq!(fitted.forecaster.saved().header.forecast.season, Some(12));
}

#[test]
fn wrong_use_is_an_error_with_a_way_out() {
    let message = |values: &[f64], settings: &[&str]| fit(values, settings).err().unwrap().to_string();
    let short = message(&waves(40, 5), &["forecast.horizon=30"]);
    assert!(short.contains("horizon of 30") && short.contains("40 steps"), "{short}");
    assert!(message(&[1.0], &[]).contains("horizon"), "one row");
    let constant = message(&[3.5; 100], &["forecast.horizon=2"]);
    assert!(constant.contains("constant") && constant.contains("flow"), "{constant}");
    assert!(message(&waves(90, 5), &["data.validation=0"]).contains("validation"));
    assert!(message(&waves(90, 5), &["data.window=80"]).contains("window"));

    let fitted = fit(&waves(300, 6), &["training.epochs=0"]).unwrap().forecaster;
    let with = |values: &[f64], options: ForecastOptions| {
        fitted.forecast(&rows(values), &options).err().unwrap().to_string()
    };
    let far = with(&waves(100, 6), ForecastOptions { horizon: Some(99), ..Default::default() });
    assert!(far.contains("--horizon 99"), "{far}");
    let level = with(&waves(100, 6), ForecastOptions { levels: vec![95.0], ..Default::default() });
    assert!(level.contains("--level"), "{level}");
    let late = with(&waves(100, 6), ForecastOptions { from: Some(Start::Row(102)), ..Default::default() });
    assert!(late.contains("--from"), "{late}");
    let empty = with(&[&waves(10, 6)[..], &[f64::NAN; 400]].concat(), ForecastOptions::default());
    assert!(empty.contains("only missing cells") && empty.contains("flow"), "{empty}");
}

#[test]
fn sample_paths_are_joint_and_depend_on_the_seed_only() {
    let values = waves(400, 7);
    let fitted = fit(&values, &["training.epochs=0", "forecast.horizon=3"]).unwrap().forecaster;
    let drawn = |seed: u64| {
        let options = ForecastOptions { samples: 50, seed, ..Default::default() };
        fitted.forecast(&rows(&values), &options).unwrap().table
    };
    let table = drawn(1);
    assert_eq!((table.num_rows(), table.num_columns()), (150, 3));
    assert_eq!(table, drawn(1));
    assert_ne!(table, drawn(2));

    // As wide as the intervals, whose errors they are.
    let made = |samples: usize| {
        let options = ForecastOptions { levels: vec![0.8], samples, ..Default::default() };
        fitted.forecast(&rows(&values), &options).unwrap()
    };
    let [low, high] = &made(0).series[0].columns[0].limits[0];
    let paths = made(2000).table;
    let flow = paths.column_by_name("flow").unwrap();
    let flow = diabolo::arrow::cast::AsArray::as_primitive::<diabolo::arrow::types::Float64Type>(flow);
    for step in 0..3 {
        let within =
            flow.values().iter().skip(step).step_by(3).filter(|x| (low[step]..high[step]).contains(x));
        let share = within.count() as f64 / 2000.0;
        assert!((0.7..0.9).contains(&share), "step {step}: {share}");
    }
    let few = fitted.forecast(&rows(&values[..1]), &ForecastOptions { samples: 5, ..Default::default() });
    assert!(few.err().unwrap().to_string().contains("sample paths"));
}

/// 40 series that obey different recurrences, of 60 to 200 steps: half swing back after a change,
/// half go on.
fn many() -> RecordBatch {
    let (mut names, mut values) = (vec![], vec![]);
    for k in 0..40u64 {
        let noise = &mut stream(k, Purpose::Corrupt, 9, 0);
        let (again, scale) = (if k % 2 == 0 { -0.8 } else { 0.8 }, 10f64.powi((k % 5) as i32));
        let (mut level, mut change) = (50.0, 0.0);
        for _ in 0..60 + 140 * (k as usize % 4) / 3 {
            change = again * change + noise.random_range(-1.0..1.0);
            level += change;
            names.push(format!("s{k}"));
            values.push(scale * level);
        }
    }
    named(names, values)
}

fn named(names: Vec<String>, values: Vec<f64>) -> RecordBatch {
    let columns: [(_, diabolo::arrow::ArrayRef); 2] = [
        ("id", Arc::new(diabolo::arrow::StringArray::from(names))),
        ("flow", Arc::new(diabolo::arrow::Float64Array::from(values))),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

#[test]
fn each_of_many_series_has_a_matrix_of_its_own() {
    let mut config = Config::default();
    Preset::Forecast.apply(&mut config);
    for setting in ["training.epochs=0", "forecast.horizon=2", "forecast.season=0", "data.series=id"] {
        config.set(setting).unwrap();
    }
    let fitted = FitJob::new(many()).config(config.clone()).forecast().unwrap();
    let said = |text: &String| text.contains("a matrix of its own for each series");
    assert!(fitted.notes.iter().any(said), "{:?}", fitted.notes);
    let scores = fitted.scores.as_ref().unwrap();
    // One matrix cannot go on and swing back.
    assert!(scores.model.mase.unwrap() < 0.9 * scores.last_value.mase.unwrap(), "{scores:?}");
    // Saved and loaded, a series that is new has one, too, by its history.
    let bytes = fitted.forecaster.saved().to_bytes().unwrap();
    let loaded = Forecaster::from_bytes(&bytes).unwrap();
    let made = |steps: usize, value: fn(usize) -> f64| {
        let rows = named(vec!["new".into(); steps], (0..steps).map(value).collect());
        let mut found = loaded.forecast(&rows, &Default::default()).unwrap();
        assert!(found.notes.iter().all(|note| !note.contains("repeats")), "{:?}", found.notes);
        found.series.remove(0).columns.remove(0).point[0]
    };
    let swinging = made(200, |t| 50.0 + (t % 2) as f64);
    assert!(swinging < 50.4, "{swinging}");
    let rising = made(200, |t| 50.0 + t as f64);
    assert!(rising > 249.5, "{rising}");
    let short = made(10, |t| 50.0 + (t * 7 % 5) as f64);
    assert!((50.0..55.0).contains(&short), "{short}");
}

/// A season of 12 with four times the noise of [`waves`].
fn rougher(steps: usize, seed: u64) -> Vec<f64> {
    let noise = &mut stream(seed, Purpose::Corrupt, 0, 1);
    waves(steps, seed).into_iter().map(|x| x + noise.random_range(-4.0..4.0)).collect()
}

#[test]
fn later_rows_give_intervals_of_their_own() {
    let fitted = fit(&waves(600, 1), &["training.epochs=0"]).unwrap().forecaster;
    let coverage = |forecaster: &Forecaster| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new.csv");
        let text: String = rougher(600, 3).iter().map(|x| format!("{x}\n")).collect();
        std::fs::write(&path, format!("flow\n{text}")).unwrap();
        let data = &forecaster.saved().header.config.data;
        let scores = forecaster.evaluate(path.to_str(), data, Default::default()).unwrap();
        scores.model.coverage["0.8"]
    };
    let (calibrated, steps) = fitted.calibrate(&rows(&rougher(500, 2))).unwrap();
    assert!(steps > 400, "{steps}");
    let (before, after) = (coverage(&fitted), coverage(&calibrated));
    assert!(before < 0.5 && (0.74..0.86).contains(&after), "{before} {after}");
    let again = Forecaster::from_bytes(&calibrated.saved().to_bytes().unwrap()).unwrap();
    assert_eq!(coverage(&again), after, "and are saved");
    let Err(error) = fitted.calibrate(&rows(&[1.0, 2.0, 3.0])) else { panic!("three steps") };
    assert!(error.to_string().contains("steps or more"), "{error}");
}
