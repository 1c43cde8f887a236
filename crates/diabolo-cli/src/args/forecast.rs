//! The arguments of forecasts.

use std::path::PathBuf;

use clap::Args;
use diabolo::data::Format;
use diabolo::task::ForecastOptions;
use diabolo::{Config, Preset};

use super::ReadArgs;

#[derive(Args)]
#[command(next_help_heading = "Forecasts (--preset forecast)")]
pub struct HorizonArgs {
    /// Number of steps to predict [default: one season]
    #[arg(long, value_name = "H")]
    pub horizon: Option<usize>,
    /// Season in steps, such as 24 for hours; 0 for none [default: found from the data]
    #[arg(long, value_name = "S")]
    pub season: Option<usize>,
    /// Column that names the series of a row, if the table holds several
    #[arg(long, value_name = "COLUMN")]
    pub series: Option<String>,
    /// Length of a step, such as 15min, 1h, 1d, 1 week or 1 month, which has the mean of the rows
    /// within it; steps without rows are missing [default: rows are steps]
    #[arg(long, value_name = "LENGTH")]
    pub step: Option<String>,
    /// Columns whose future values are known, such as holiday,price: the forecast uses those that
    /// help, and `forecast --future` gives their values to come
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    pub known: Vec<String>,
    /// Test on the steps from this time on (without a key: row), instead of the share --test
    #[arg(long, value_name = "TIME|ROW")]
    pub test_from: Option<String>,
}

impl HorizonArgs {
    pub fn apply(&self, config: &mut Config) -> diabolo::Result<()> {
        let given = [
            ("--horizon", self.horizon.is_some()),
            ("--season", self.season.is_some()),
            ("--series", self.series.is_some()),
            ("--step", self.step.is_some()),
            ("--known", !self.known.is_empty()),
            ("--test-from", self.test_from.is_some()),
        ];
        let given = given.into_iter().find(|(_, given)| *given);
        let Some(forecast) = &mut config.forecast else {
            return given.map_or(Ok(()), |(flag, _)| Err(Preset::Forecast.needed_for(flag)));
        };
        forecast.horizon = self.horizon.or(forecast.horizon);
        forecast.season = self.season.or(forecast.season);
        forecast.test_from = self.test_from.clone().or(forecast.test_from.take());
        config.data.series = self.series.clone().or(config.data.series.take());
        config.data.step = self.step.clone().or(config.data.step.take());
        if !self.known.is_empty() {
            config.data.known = self.known.clone();
        }
        forecast.validate()
    }
}

#[derive(Args)]
pub struct ForecastArgs {
    /// A run folder or a model file of `fit --preset forecast`
    pub model: PathBuf,
    /// The series up to now: any input that `fit` accepts
    pub input: String,
    /// Output file; the extension selects CSV, TSV, JSON lines, Parquet or Arrow; - is stdout
    #[arg(long, short, default_value = "-", value_name = "FILE")]
    pub out: String,
    /// Output format, if the extension does not determine it
    #[arg(long, value_name = "NAME")]
    pub format: Option<Format>,
    /// Number of steps to predict; 1 for the next value [default: as fitted]
    #[arg(long, value_name = "H")]
    pub horizon: Option<usize>,
    /// Levels of the prediction intervals, from 0.01 to 0.99, separated by commas
    #[arg(long, value_name = "LEVELS", value_delimiter = ',', default_values_t = [0.8, 0.95])]
    pub level: Vec<f64>,
    /// Write N sample paths instead of intervals
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub samples: usize,
    /// Seed of the sample paths
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Begin at this row (of each series, from 1) or time, and compare with the values that follow
    /// [default: after the last row]
    #[arg(long, value_name = "ROW|TIME")]
    pub from: Option<String>,
    /// Forecast from each step after --from, as far as the values are known: a row for each origin
    /// (the last value used) and step
    #[arg(long, requires = "from", conflicts_with_all = ["samples", "report"])]
    pub rolling: bool,
    /// Rows with the key and the known columns (fit --known) at the steps to come
    #[arg(long, value_name = "INPUT")]
    pub future: Option<String>,
    /// Also write a page with history, forecast and intervals
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    #[command(flatten)]
    pub read: ReadArgs,
}

impl ForecastArgs {
    /// The options as they were given.
    pub fn options(&self) -> ForecastOptions {
        let (horizon, levels) = (self.horizon, self.level.clone());
        ForecastOptions {
            horizon,
            levels,
            samples: self.samples,
            seed: self.seed,
            rolling: self.rolling,
            ..ForecastOptions::default()
        }
    }
}
