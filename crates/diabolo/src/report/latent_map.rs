//! Codes as points in the plane, and what the plane keeps of the rows' neighbourhoods.

use diabolo_report::{LatentMap, MapQuality, Placement};

use crate::Result;
use crate::stats::{Preservation, preservation, principal_components, t_sne};

/// Rows whose neighbours are looked at, at most: all pairs are.
const MEASURED: usize = 2000;
/// Neighbours that should stay neighbours.
const NEIGHBOURS: usize = 10;
/// The perplexity of t-SNE.
const PERPLEXITY: f64 = 30.0;

/// Codes of one or two dimensions as they are, those of one on a line; others on the plane of their
/// principal components.
pub fn latent_map(codes: &[f32], width: usize, labels: Option<Vec<String>>) -> Result<LatentMap> {
    if width <= 2 {
        let unit = |k: usize| codes.iter().skip(k).step_by(width).copied().collect();
        let ((x, x_label), (y, y_label)) = match width {
            2 => ((unit(0), "latent 1".into()), (unit(1), "latent 2".into())),
            _ => ((codes.to_vec(), "latent 1".into()), (vec![0.0; codes.len()], String::new())),
        };
        return Ok(LatentMap { x, y, labels, x_label, y_label, placement: Placement::Codes });
    }
    let plane = principal_components(codes, width)?;
    let axis = |k: usize| format!("PCA {} ({:.0} % of variance)", k + 1, 100.0 * plane.explained[k]);
    let (x_label, y_label) = (axis(0), axis(1));
    let placement = Placement::PrincipalComponents;
    Ok(LatentMap { x: plane.x, y: plane.y, labels, x_label, y_label, placement })
}

/// Codes of more than two dimensions, placed by t-SNE.
pub fn neighbour_map(codes: &[f32], width: usize, labels: Option<Vec<String>>) -> Result<LatentMap> {
    let [x, y] = t_sne(codes, width, PERPLEXITY)?;
    let (x_label, y_label) = ("t-SNE 1".into(), "t-SNE 2".into());
    Ok(LatentMap { x, y, labels, x_label, y_label, placement: Placement::NeighbourEmbedding })
}

/// Rows whose neighbours a map should preserve.
pub struct Neighbourhoods<'a> {
    rows: &'a [f32],
    width: usize,
    examples: usize,
    neighbours: usize,
}

impl<'a> Neighbourhoods<'a> {
    /// Of `count` encoded rows, each `width` numbers, of which the first 2,000 are looked at;
    /// `None` of too few.
    pub fn of(rows: &'a [f32], width: usize, count: usize) -> Option<Self> {
        let examples = count.min(MEASURED);
        let neighbours = NEIGHBOURS.min(examples / 3);
        (neighbours > 0).then_some(Neighbourhoods { rows, width, examples, neighbours })
    }

    /// How well `map`, whose points are the rows in their order, preserves them.
    pub fn kept_by(&self, map: &LatentMap) -> Result<Preservation> {
        let inside = &self.rows[..self.examples * self.width];
        Ok(preservation(inside, self.width, &places(map, self.examples), 2, self.neighbours)?)
    }

    /// The same of `map`, of the `other` one if there are two, and of the rows' principal
    /// components.
    pub fn quality(&self, map: Preservation, other: Option<Preservation>) -> Result<MapQuality> {
        let plane = latent_map(&padded(self.rows, self.width), self.width.max(3), None)?;
        let principal_components = self.kept_by(&plane)?;
        Ok(MapQuality { examples: self.examples, map, other, principal_components })
    }
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
