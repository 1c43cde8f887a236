//! The methods that a forecast is compared with.

use serde::{Deserialize, Serialize};

use crate::model::forecast::{Filled, ForecastModel};

/// A method of forecasting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// The fitted model.
    Model,
    /// Its linear part alone.
    Ridge,
    /// The last value, repeated.
    LastValue,
    /// The values of the last season, repeated.
    SeasonalNaive,
}

impl Method {
    /// All methods.
    pub const ALL: [Method; 4] = [Method::Model, Method::Ridge, Method::LastValue, Method::SeasonalNaive];

    /// The name in results.
    pub fn name(self) -> &'static str {
        match self {
            Method::Model => "model",
            Method::Ridge => "ridge",
            Method::LastValue => "last_value",
            Method::SeasonalNaive => "seasonal_naive",
        }
    }

    /// The steps of a column from `origin` on, by the values before it; `unit` is the deviation of
    /// the series.
    pub fn predict(
        self,
        model: &ForecastModel,
        column: usize,
        values: &Filled,
        origin: usize,
        unit: f64,
    ) -> Vec<f64> {
        let last = values.values[origin - 1];
        let season = model.season.unwrap_or(1);
        match self {
            Method::Model => model.predict(column, values, origin, unit),
            Method::Ridge => model.predict_linear(column, values, origin),
            Method::SeasonalNaive if origin >= season => {
                (0..model.horizon).map(|h| values.values[origin - season + h % season]).collect()
            }
            Method::LastValue | Method::SeasonalNaive => vec![last; model.horizon],
        }
    }
}
