//! Files: models, checkpoints, run folders.
//!
//! A model is one safetensors file. Its tensors have stable names (see [`weights`]); its metadata
//! has one entry, `diabolo`, a JSON object with everything else ([`Header`]). A file never contains
//! pickles or training rows.

mod checkpoint;
mod container;
mod detector;
mod forecast_file;
mod kind;
mod lock;
mod model_file;
mod run;
mod summary;
mod table_file;
pub mod weights;

pub use crate::data::write::write_atomically;
pub use checkpoint::{read_checkpoint, write_checkpoint};
pub use forecast_file::{ForecastHeader, ForecastRecord, SavedForecast, SeriesRecord};
pub use kind::ModelKind;
pub use lock::FolderLock;
pub use model_file::{FORMAT_VERSION, Header, SavedModel, SourceRecord, TrainingRecord};
pub use run::{Run, RunSource, folder_of, read_lines, settings_alone, unused_folder, write_lines};
pub use table_file::{SavedTable, TableHeader, TableRecord};
