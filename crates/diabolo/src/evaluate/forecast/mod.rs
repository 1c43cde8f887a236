//! Forecasts on held-out windows: prediction intervals from validation windows, errors on test
//! windows.

mod diagnosis;
mod intervals;
mod levels;
mod method;
mod scores;

pub use diagnosis::{CoverageDiffers, Diagnosis, WorstWindow};
pub use intervals::{Intervals, PROBABILITIES, paths_of_errors};
pub use method::Method;
pub use scores::{ForecastErrors, ForecastScores, evaluate};
