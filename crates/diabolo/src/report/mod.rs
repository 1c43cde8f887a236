//! Gathers what a report shows: runs the model over rows and hands plain numbers to
//! `diabolo-report`, which draws them.

mod architecture;
mod assemble;
mod audit;
mod audit_gaps;
mod audit_verdicts;
mod columns;
pub mod comparison;
mod drift;
mod encoder_diagnostics;
mod forecast;
mod latent_map;
mod map_page;
mod restored;
mod scored_example;
mod scores;

pub use architecture::architecture_picture;
pub use assemble::assemble;
pub use audit::{audit_figures, audit_page};
pub use audit_gaps::{gaps_of_levels, missing_cells};
pub use audit_verdicts::verdicts;
pub use diabolo_report::{
    Alarm, AlarmReason, Anomalies, ArchitecturePicture, AuditFigure, AuditPage, AuditedColumn, ColumnQuality,
    ColumnWeight, DenoisedPictures, Drift, DriftedVariable, EpochRow, FactorMap, FlaggedPictures,
    ForecastPage, ForecastPanel, ImputedCells, LatentDimension, LatentMap, MapPage, MapQuality, MethodErrors,
    Metric, Pictures, PixelWeights, RatioCurve, Report, Sampler, ScoredExample, Span, Spectrum,
    TangentPictures, TangentRow, Traversals,
};
pub use drift::drift;
pub use forecast::{fit_page, forecast_page};
pub use latent_map::{Neighbourhoods, latent_map, neighbour_map};
pub use map_page::map_page;
pub use scored_example::scored_example;
pub use scores::anomalies_page;

use diabolo_report::PictureError;

use crate::{Error, Result};

/// Pictures in rows as one PNG, as [`diabolo_report::picture_grid_png`] says.
///
/// # Errors
/// [`Error::InvalidValue`] if there is no such grid.
pub fn picture_grid_png(
    pictures: &[Vec<f32>],
    height: usize,
    width: usize,
    channels: usize,
    columns: usize,
    scale: usize,
) -> Result<Vec<u8>> {
    diabolo_report::picture_grid_png(pictures, height, width, channels, columns, scale).map_err(|error| {
        match error {
            PictureError::Grid { expected, found } => Error::invalid_value("grid", expected, found),
            PictureError::Png(_) => Error::internal(error.to_string()),
        }
    })
}
