//! Codes as points in the plane, and what the plane keeps of the rows' neighbourhoods.

use diabolo_report::{LatentMap, MapQuality};

use crate::Result;
use crate::stats::{preservation, principal_components};

/// Rows whose neighbours are looked at, at most: all pairs are.
const MEASURED: usize = 2000;
/// Neighbours that should stay neighbours.
const NEIGHBOURS: usize = 10;

/// Codes of two units as they are, others on the plane of their principal components.
pub fn latent_map(codes: &[f32], width: usize, labels: Option<Vec<String>>) -> Result<LatentMap> {
    let (x, y, x_label, y_label) = match width {
        2 => {
            let unit = |k: usize| codes.iter().skip(k).step_by(2).copied().collect();
            (unit(0), unit(1), "latent 1".into(), "latent 2".into())
        }
        _ => {
            let plane = principal_components(codes, width)?;
            let axis = |k: usize| format!("PCA {} ({:.0} % of variance)", k + 1, 100.0 * plane.explained[k]);
            let (first, second) = (axis(0), axis(1));
            (plane.x, plane.y, first, second)
        }
    };
    Ok(LatentMap { x, y, labels, x_label, y_label })
}

/// Of `map`, whose points are the encoded `rows` (each `width` numbers) in this order; the first
/// 2,000 are looked at.
pub fn map_quality(map: &LatentMap, rows: &[f32], width: usize) -> Result<Option<MapQuality>> {
    let examples = map.x.len().min(MEASURED);
    let neighbours = NEIGHBOURS.min(examples / 3);
    if neighbours == 0 {
        return Ok(None);
    }
    let inside = &rows[..examples * width];
    let plane = latent_map(&padded(rows, width), width.max(3), None)?;
    let of = |map: &LatentMap| preservation(inside, width, &places(map, examples), 2, neighbours);
    Ok(Some(MapQuality { examples, map: of(map)?, principal_components: of(&plane)? }))
}

fn places(map: &LatentMap, rows: usize) -> Vec<f32> {
    map.x.iter().zip(&map.y).take(rows).flat_map(|(&x, &y)| [x, y]).collect()
}

/// Rows of at least three numbers, so that two columns are turned as well.
fn padded(rows: &[f32], width: usize) -> Vec<f32> {
    let missing = 3usize.saturating_sub(width);
    rows.chunks_exact(width)
        .flat_map(|row| row.iter().copied().chain(std::iter::repeat_n(0.0, missing)))
        .collect()
}
