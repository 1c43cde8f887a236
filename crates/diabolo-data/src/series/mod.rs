//! Tables of time series in long format: a row is one time of one series.
//!
//! ```text
//! time   site  flow        series "a": flow = 1, 2, missing, 4      (gaps are missing)
//! 01:00  a     1           series "b": flow = 7
//! 02:00  a     2
//! 01:00  b     7
//! 04:00  a     4
//! ```
//!
//! [`SeriesSchema::infer`] finds how times are written, their step, and the columns of numbers;
//! [`SeriesSchema::read`] places the rows of any table with these columns on the even steps.

mod calendar;
mod future;
mod key;
mod known;
mod rows;
mod schema;
mod table;

pub use calendar::Cycle;
pub use future::KnownRows;
pub use key::{KeyTime, TimeKey};
pub use known::{KnownCells, KnownColumn};
pub use rows::{Series, SeriesSet};
pub use schema::SeriesSchema;

#[cfg(test)]
mod tests;
