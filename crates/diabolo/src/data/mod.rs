//! What goes in and out: reading, writing, schema, preprocessing, splitting, batches.

pub mod catalog;
pub mod digits;
pub mod format;
pub mod image;
pub mod read;
pub mod schema;
pub mod write;

pub use format::Format;
pub use read::{ReadOptions, Source, open};
pub use schema::{Feature, FeatureKind, Schema, Storage};
pub use write::Writer;
