//! Reports of Diabolo as self-contained HTML pages and SVG drawings: plain structs in, text out. No
//! model is run here.
//!
//! A [`Report`] shows a fitted model, [`Anomalies`] scored rows, a [`MapPage`] the latent space,
//! and a [`Comparison`](comparison::Comparison) several models. Pages load nothing from anywhere
//! and run no script, have a light and a dark theme, and can be printed. Parts that are absent are
//! left out, and no value, not even NaN, and no name can break a page.
//!
//! Each section of a page is one file, which holds its structs and draws them; [`Report`] and its
//! like only order them.

mod alarms;
mod anomalies;
mod architecture;
mod audit;
mod axis;
mod coloring;
mod columns;
pub mod comparison;
mod confusion;
mod data;
mod denoising;
mod document;
mod drift;
mod encoder_sensitivity;
mod extremes;
mod factor_map;
mod forecast;
mod forecast_errors;
mod gallery;
mod imputation;
mod latent_dimensions;
mod latent_map;
mod map_page;
mod metrics;
mod names;
mod number;
mod picture;
mod plot;
mod report;
mod run_card;
mod spans;
mod spectrum;
mod svg;
mod timeline;
mod training;
mod windows;

pub use alarms::{Alarm, AlarmReason, FlaggedPictures};
pub use anomalies::{Anomalies, ScoredExample};
pub use architecture::{ArchitecturePicture, DrawnLayer};
pub use audit::{AuditFigure, AuditPage, AuditedColumn};
pub use columns::ColumnQuality;
pub use confusion::{Confusion, Confusions};
pub use data::{DataColumn, DataTable};
pub use denoising::DenoisedPictures;
pub use drift::{Drift, DriftedVariable};
pub use encoder_sensitivity::{ColumnWeight, PixelWeights, RatioCurve, TangentPictures, TangentRow};
pub use extremes::{Extremes, ReconstructedRow};
pub use factor_map::FactorMap;
pub use forecast::{ForecastPage, ForecastPanel};
pub use forecast_errors::{ForecastDiagnosis, MethodErrors};
pub use gallery::{Pictures, Sampler};
pub use imputation::ImputedCells;
pub use latent_dimensions::{LatentDimension, Traversals};
pub use latent_map::{LatentMap, Placement};
pub use map_page::{MapPage, MapQuality};
pub use metrics::Metric;
pub use names::{Name, is_named, name_of};
pub use number::number;
pub use picture::{PictureError, picture_grid_png};
pub use report::Report;
pub use spans::Span;
pub use spectrum::Spectrum;
pub use training::EpochRow;
pub use windows::{ColumnWindows, SeriesWindows};
