//! Rows within a lasso: how they differ, and a file of them.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use diabolo::data::{Format, Writer};
use diabolo::pipeline::LatentSpace;
use diabolo::{Error, Result};
use serde::Deserialize;

use super::axes;
use crate::state::Explorer;
use crate::wire::{Answer, computed, object};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Lasso {
    run: usize,
    axes: String,
    polygon: Vec<[f32; 2]>,
    /// For exports: csv, parquet, arrow, jsonl.
    #[serde(default)]
    format: Option<String>,
}

pub(super) async fn selection(State(explorer): State<Arc<Explorer>>, Json(lasso): Json<Lasso>) -> Answer {
    let run = explorer.run(lasso.run)?;
    let axes = axes(&lasso.axes)?;
    object(computed(move || run.space.select(&run.space.plane(axes)?, &lasso.polygon)).await?)
}

/// The selected rows as a file, with all columns as they were read.
pub(super) async fn export(State(explorer): State<Arc<Explorer>>, Json(lasso): Json<Lasso>) -> Answer {
    let run = explorer.run(lasso.run)?;
    let axes = axes(&lasso.axes)?;
    let format = lasso.format.unwrap_or_else(|| "csv".into());
    let allowed = ["csv", "parquet", "arrow", "jsonl"];
    if !allowed.contains(&format.as_str()) {
        return Err(Error::invalid_value("format", allowed.join(", "), format).into());
    }
    let name = format!("attachment; filename=\"selection.{format}\"");
    let bytes = computed(move || {
        let inside = run.space.within(&run.space.plane(axes)?, &lasso.polygon);
        let rows: Vec<usize> = (0..inside.len()).filter(|&row| inside[row]).collect();
        written(&run.space, &rows, &format)
    });
    let kind = "application/octet-stream".to_string();
    Ok(([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, name)], bytes.await?).into_response())
}

fn written(space: &LatentSpace, rows: &[usize], format: &str) -> Result<Vec<u8>> {
    let folder = tempfile::tempdir().map_err(Error::io("create", std::env::temp_dir()))?;
    let path = folder.path().join(format!("selection.{format}"));
    let target = path.to_str().ok_or_else(|| Error::internal("the temporary folder has no readable name"))?;
    let mut writer = Writer::create(target, Format::of_path(&path))?;
    writer.write(&space.rows_at(rows)?)?;
    writer.finish()?;
    std::fs::read(&path).map_err(Error::io("read", &path))
}
