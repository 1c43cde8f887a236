//! Several models side by side: which claims the figures bear out, and the figures.
//!
//! Everything here is plain data. No verdict is written down: each is computed from values over
//! seeds ([`Summary::verdict`]), and the sentences are made from the verdicts.

mod claims;
mod measured;
mod named_curves;
mod page;
mod stacks;
mod text;
mod verdict;

pub use claims::{RAW_INPUT, SUBJECT, judged};
pub use measured::{
    Check, Claim, ComparedModel, ComparedPictures, Comparison, Curve, Figure, Measure, ModelPictures, Stack,
};
pub use verdict::{Better, LEVEL, Summary, Verdict};
