//! The next day of a series: hours of taxi rides, with bands, and the errors on test windows.
#![allow(clippy::print_stdout, reason = "an example prints what it found")]

use diabolo::data::write::csv_to;
use diabolo::data::{ReadOptions, open};
use diabolo::task::ForecastOptions;
use diabolo::{Config, FitJob, Preset};

fn main() -> diabolo::Result<()> {
    let mut config = Config::default();
    Preset::Forecast.apply(&mut config);
    for setting in ["forecast.horizon=24", "forecast.season=24", "data.window=168", "training.epochs=1"] {
        config.set(setting)?;
    }
    let fitted = FitJob::input("taxi").config(config).forecast()?;
    if let Some(scores) = &fitted.scores {
        let mase = |mase: Option<f64>| mase.unwrap_or(f64::NAN);
        let naive = mase(scores.seasonal_naive.mase);
        println!("MASE {:.3}, of the last season {naive:.3}", mase(scores.model.mase));
    }
    let rows = open("taxi", &ReadOptions::default())?.collect()?;
    let options = ForecastOptions { levels: vec![0.9], ..ForecastOptions::default() };
    csv_to(&mut std::io::stdout(), &fitted.forecaster.forecast(&rows, &options)?.table)
}
