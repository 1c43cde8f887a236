//! Dates and times: how columns write them, and what they say.

mod calendar;
mod cells;
mod detect;
mod format;
mod infer;
mod order;
mod pattern;
mod step;
mod stride;
mod text;

pub(crate) use calendar::{Moment, year_part};
pub(crate) use cells::{dates_like, moments, text_of, written};
pub(crate) use detect::detect;
pub use format::DateFormat;
pub(crate) use infer::{Dates, find_dates, given_dates};
pub(crate) use order::SeriesOrder;
pub use pattern::Pattern;
pub use step::Step;
pub use stride::Stride;
