//! Forecasts on held-out windows: prediction intervals from validation windows, errors on test
//! windows.

mod intervals;
mod method;
mod scores;

pub use intervals::{Intervals, PROBABILITIES, paths_of_errors};
pub use method::Method;
pub use scores::{ForecastErrors, ForecastScores, evaluate};
