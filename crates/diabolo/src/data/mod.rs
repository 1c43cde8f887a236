//! What goes in: reading, schema, preprocessing, splitting, batches.

pub mod schema;

pub use schema::{Feature, FeatureKind, Schema, Storage};
