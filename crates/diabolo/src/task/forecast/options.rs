//! What is asked of a forecast, and what comes back.

use arrow_array::RecordBatch;

/// Where a forecast begins.
#[derive(Debug, Clone, PartialEq)]
pub enum Start {
    /// This row of each series, from 1: the rows from it on are not used.
    Row(usize),
    /// The first step at this time or later, as text.
    Time(String),
}

/// Rows with the values of known columns at steps to come.
#[derive(Debug, Clone, PartialEq)]
pub struct FutureRows {
    /// Their name in messages.
    pub input: String,
    /// The key, the names of series if there are several, and the known columns.
    pub rows: RecordBatch,
}

/// The options of a forecast.
#[derive(Debug, Clone, PartialEq)]
pub struct ForecastOptions {
    /// Steps to predict; those of the fit by default.
    pub horizon: Option<usize>,
    /// The levels of the intervals, each between 0 and 1.
    pub levels: Vec<f64>,
    /// Number of sample paths, instead of intervals.
    pub samples: usize,
    /// The seed of the paths.
    pub seed: u64,
    /// Where the forecast begins; after the last row by default.
    pub from: Option<Start>,
    /// Whether there is a forecast from each step after that one, as far as its values are known.
    pub rolling: bool,
    /// The values of known columns at the predicted steps.
    pub future: Option<FutureRows>,
}

impl Default for ForecastOptions {
    fn default() -> Self {
        ForecastOptions {
            horizon: None,
            levels: vec![0.8, 0.95],
            samples: 0,
            seed: 0,
            from: None,
            rolling: false,
            future: None,
        }
    }
}

/// The forecast of one column of one series, in original units.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnForecast {
    /// The predicted values.
    pub point: Vec<f64>,
    /// The lower and upper limits at each level.
    pub limits: Vec<[Vec<f64>; 2]>,
    /// The last values before it; NaN where missing.
    pub history: Vec<f64>,
    /// The values at the predicted steps, as far as the rows have them.
    pub actual: Vec<f64>,
    /// The mean absolute error at these, in units of the seasonal naive error in training.
    pub mase: Option<f64>,
}

/// The forecast of one series.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesForecast {
    /// Its name, if there are several.
    pub name: Option<String>,
    /// The times of the predicted steps, as text; their numbers without a key.
    pub times: Vec<String>,
    /// The times of the history, likewise.
    pub history_times: Vec<String>,
    /// The columns.
    pub columns: Vec<ColumnForecast>,
}
