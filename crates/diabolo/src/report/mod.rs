//! Gathers what a report shows: runs the model over rows and hands plain numbers to
//! `diabolo-report`, which draws them.

mod architecture;
mod assemble;
mod audit;
mod audit_gaps;
mod audit_verdicts;
mod columns;
pub mod comparison;
mod confusion;
mod data;
mod drift;
mod encoder_diagnostics;
mod extremes;
mod forecast;
mod latent_map;
mod map_page;
mod restored;
mod scored_example;
mod scores;
mod windows;

pub use architecture::architecture_picture;
pub use assemble::{ReportRows, assemble, fitted_report};
pub use audit::{audit_figures, audit_page};
pub use audit_gaps::{gaps_of_levels, missing_cells};
pub use audit_verdicts::verdicts;
pub use diabolo_report::{
    Alarm, AlarmReason, Anomalies, ArchitecturePicture, AuditFigure, AuditPage, AuditedColumn, ColumnQuality,
    ColumnWeight, ColumnWindows, Confusion, Confusions, DataColumn, DataTable, DenoisedPictures, Drift,
    DriftedVariable, EpochRow, Extremes, FactorMap, FlaggedPictures, ForecastPage, ForecastPanel,
    ImputedCells, LatentDimension, LatentMap, MapPage, MapQuality, MethodErrors, Metric, Pictures,
    PixelWeights, Placement, RatioCurve, ReconstructedRow, Report, Sampler, ScoredExample, SeriesWindows,
    Span, Spectrum, TangentPictures, TangentRow, Traversals,
};
pub use drift::drift;
pub use forecast::{fit_page, forecast_page, tested_page};
pub use latent_map::{Neighbourhoods, latent_map, neighbour_map};
pub use map_page::{POINTS, map_page};
pub use scored_example::scored_example;
pub use scores::anomalies_page;

use arrow_array::RecordBatch;
use diabolo_report::PictureError;

use crate::artifact::SavedModel;
use crate::data::texts;
use crate::{Error, Result};

/// The names of the chosen rows of `batch`: their keys, or their numbers, which are given from 0.
fn row_names(saved: &SavedModel, batch: &RecordBatch, numbers: &[usize], chosen: &[usize]) -> Vec<String> {
    let key = saved.header.preprocessor.schema.key.as_deref();
    let keys = key.and_then(|key| texts(batch, key)).unwrap_or_default();
    let name = |&row: &usize| {
        let key = keys.get(row).cloned().flatten();
        key.unwrap_or_else(|| format!("row {}", numbers[row] + 1))
    };
    chosen.iter().map(name).collect()
}

/// Pictures side by side on one sheet, as a PNG: so many in a line, or in as many lines as there
/// are in a line, enlarged until the sheet is about 800 pixels wide. `values`: pixels from 0 to 1,
/// picture by picture, row-major, channels last; `shape`: height, width, channels.
///
/// # Errors
/// [`Error::InvalidValue`] without pictures, or for more pixels than a sheet may have.
pub fn picture_sheet_png(
    values: &[f32],
    shape: (usize, usize, usize),
    columns: Option<usize>,
) -> Result<Vec<u8>> {
    const SHEET_PIXELS: usize = 800;
    let (height, width, channels) = shape;
    let numbers = (height * width * channels).max(1);
    let pictures: Vec<Vec<f32>> = values.chunks_exact(numbers).map(<[f32]>::to_vec).collect();
    let square = (pictures.len() as f64).sqrt().ceil() as usize;
    let columns = columns.unwrap_or(square).min(pictures.len()).max(1);
    let scale = (SHEET_PIXELS / (columns * width).max(1)).clamp(1, 8);
    diabolo_report::picture_grid_png(&pictures, height, width, channels, columns, scale).map_err(|error| {
        match error {
            PictureError::Grid { expected, found } => Error::invalid_value("grid", expected, found),
            PictureError::Png(_) => Error::internal(error.to_string()),
        }
    })
}
