//! What goes in and out: reading, types, schema, preprocessing, splitting, writing. No tensors, no
//! models.

// The platform's `exp`, `ln` and the like have other bits on other processors.
#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

mod augment;
mod binarize;
mod by_column;
pub mod catalog;
mod cells;
mod column;
mod config;
mod customers;
mod datetime;
pub mod digits;
mod error;
pub mod factors;
pub mod format;
pub mod image;
pub mod infer;
mod input;
#[cfg(feature = "formats")]
pub mod ipc;
mod json;
mod labels;
mod levels;
mod mapped;
mod memory;
mod missing;
mod names;
mod number;
mod number_format;
mod pool;
mod prepare;
pub mod preprocess;
mod profile;
mod pumps;
pub mod read;
pub mod rows;
pub mod schema;
pub mod series;
pub mod spelling;
pub mod split;
mod stored;
pub mod synthetic;
mod take;
pub mod taxi;
pub mod write;

pub use augment::{Augmentation, AugmentedImages};
pub use binarize::{Binarization, draw_pixels, draw_pixels_once};
pub use cells::cell_text;
pub use config::DataConfig;
pub use datetime::{DateFormat, Pattern, Step, Stride};
pub use error::{DataProblem, Error, ErrorClass, Result};
pub use factors::Factors;
pub use format::Format;
pub use infer::{InferOptions, Inferred, TypeName, infer};
pub use input::is_packed;
pub use labels::Labels;
pub use memory::MemorySize;
pub use missing::{MISSING, MissingWords};
pub use names::{any_of, file_name, places, short_name, unnamed_column};
pub use number_format::NumberFormat;
pub use prepare::{
    Check, Prepared, parts, prepare, prepare_checked, prepare_rows, rows_at, texts, windowed_rows,
};
pub use preprocess::{
    CellCode, Condition, CountScaling, Curve, Encoded, Formula, NumericScaling, PreprocessConfig,
    Preprocessor, UnknownCategory, UnknownCells,
};
pub use profile::{ColumnProfile, Range, profile};
pub use read::{ReadOptions, Source, Windows, is_earlier_row, lag, open, read_from};
pub use schema::{Block, BlockKind, Feature, FeatureKind, Schema, Storage};
pub use series::{Cycle, KeyTime, KnownRows, Series, SeriesSchema, SeriesSet, TimeKey};
pub use spelling::Spelling;
pub use split::Split;
pub use stored::fill;
pub use take::take;
pub use write::Writer;
