//! Exploration of the latent space: codes near a row, between two rows, and along one latent
//! dimension.
//!
//! ```text
//! near         z = f(x) + scale · s ⊙ ε,   ε ~ N(0, I)
//! linear       z_t = (1 − t) a + t b
//! spherical    z_t = [sin((1 − t) Ω) a + sin(t Ω) b] / sin Ω,   cos Ω = aᵀb / (‖a‖ ‖b‖)
//!              Shoemake (1985)
//! traversal    z = base, except z_j = base_j + v s_j,   v from −range to range
//! ```
//! s is 1, the standard deviation of a standard normal prior, or for a family without a prior that
//! of the codes of the training rows.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float32Array, RecordBatch, UInt32Array};
use arrow_schema::{DataType, Field};

use super::draw::{decoded_rows, fits_in_memory};
use super::encode::codes;
use super::generate::decoded;
use super::{Draw, columns_of, decodes_codes, names, table};
use crate::artifact::SavedModel;
use crate::data::{Condition, Encoded};
use crate::random::{Purpose, standard_normal, stream};
use crate::stats::elementary::{
    double::{atan, sin},
    square,
};
use crate::tensor::Device;
use crate::{Error, Result};

/// The path between two codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Path {
    /// Linear interpolation.
    Linear,
    /// Spherical interpolation, through codes with the norm of the ends: draws of a
    /// high-dimensional Gaussian have nearly equal norms.
    Spherical,
}

/// Condition columns and their values; see
/// [`Preprocessor::given`](crate::data::Preprocessor::given).
pub type Given = [(String, String)];

/// Codes with their conditions and positions.
#[derive(Debug, Clone, PartialEq)]
pub struct Codes {
    /// Rows × latent_dim, row-major.
    pub values: Vec<f32>,
    /// The 1-based latent dimension and its value for each code of a traversal; else empty.
    pub steps: Vec<(usize, f32)>,
    /// The condition of each code, for conditional models: that of the (first) row, or the first
    /// level of each column.
    pub condition: Option<Condition>,
}

/// The requested condition, else that of the first of `rows`, else the first level of each column;
/// `count` times.
fn conditions(
    saved: &SavedModel,
    rows: Option<&Encoded>,
    given: &Given,
    count: usize,
) -> Result<Option<Condition>> {
    let first = match rows {
        Some(rows) if given.is_empty() => rows.condition.clone(),
        _ => saved.header.preprocessor.given(given)?.map(|(condition, _)| condition),
    };
    Ok(first.map(|condition| condition.select(&vec![0; count])))
}

/// `count` codes around the code of the first of `rows`.
pub fn near(
    saved: &SavedModel,
    rows: &Encoded,
    count: usize,
    scale: f64,
    given: &Given,
    seed: u64,
    device: &Device,
) -> Result<Codes> {
    if !(scale.is_finite() && scale >= 0.0) {
        return Err(Error::invalid_value("scale", "a number, 0 or more", scale));
    }
    fits_in_memory(saved, count)?;
    let code = codes(saved, rows, device);
    let deviation = deviations(saved);
    let width = deviation.len();
    let epsilon = standard_normal(&mut stream(seed, Purpose::NearbyCodes, 0, 0), count * width);
    let values = epsilon.iter().enumerate().map(|(i, e)| {
        let unit = i % width;
        code[unit] + scale as f32 * deviation[unit] * e
    });
    Ok(Codes {
        values: values.collect(),
        steps: vec![],
        condition: conditions(saved, Some(rows), given, count)?,
    })
}

/// `count` codes from the code of the first of `rows` to that of the second, both included.
pub fn between(
    saved: &SavedModel,
    rows: &Encoded,
    count: usize,
    path: Path,
    given: &Given,
    device: &Device,
) -> Result<Codes> {
    if count < 2 {
        return Err(Error::invalid_value("count", "2 or more, since both ends are included", count));
    }
    fits_in_memory(saved, count)?;
    let codes = codes(saved, rows, device);
    let (a, b) = codes.split_at(saved.architecture.latent_dim);
    let values = (0..count).flat_map(|k| interpolate(a, b, k as f32 / (count - 1) as f32, path)).collect();
    Ok(Codes { values, steps: vec![], condition: conditions(saved, Some(rows), given, count)? })
}

/// Numbers that are decoded to order latent dimensions by their effect, at most.
const COMPARED: usize = 1 << 24;

/// One line of `steps` codes for each latent dimension, that with the largest effect first; at most
/// `units` lines. Of very many dimensions of large rows some are compared, and the others follow.
///
/// The base is the code of the first of `rows`; without rows it is the mean of the prior, or the
/// centre of the largest cluster of codes.
pub fn traverse(
    saved: &SavedModel,
    rows: Option<&Encoded>,
    given: &Given,
    units: usize,
    steps: usize,
    range: f64,
    device: &Device,
) -> Result<Codes> {
    if steps < 2 {
        return Err(Error::invalid_value("steps", "2 or more, since both ends are included", steps));
    }
    if !(range.is_finite() && range > 0.0) {
        return Err(Error::invalid_value("range", "a number above 0", range));
    }
    let deviation = deviations(saved);
    let width = deviation.len();
    let base = match (rows, &saved.latent) {
        (Some(rows), _) => codes(saved, rows, device),
        (None, Some(latent)) => latent.center(0.0).to_vec(),
        (None, None) => vec![0.0; width],
    };
    let moved = |unit: usize, v: f64| {
        let mut code = base.clone();
        code[unit] += v as f32 * deviation[unit];
        code
    };
    let (mut candidates, rest) = compared(&deviation, saved.header.preprocessor.width());
    let ends: Vec<f32> =
        candidates.iter().flat_map(|&unit| [moved(unit, -range), moved(unit, range)].concat()).collect();
    let condition = conditions(saved, rows, given, 2 * candidates.len())?;
    let shown = decoded(&saved.model, &ends, condition.as_ref(), Draw::Mean, 0, device);
    let each = shown.len() / (2 * candidates.len()).max(1);
    let mut change = vec![0.0; width];
    for (&unit, both) in candidates.iter().zip(shown.chunks_exact(2 * each.max(1))) {
        let (low, high) = both.split_at(each);
        change[unit] = low.iter().zip(high).map(|(l, h)| square(f64::from(l - h))).sum::<f64>();
    }
    candidates.sort_by(|&a, &b| change[b].total_cmp(&change[a]));
    let order: Vec<usize> = candidates.into_iter().chain(rest).collect();
    let lines = units.min(width);
    let condition = conditions(saved, rows, given, lines * steps)?;
    let mut found = Codes { values: vec![], steps: vec![], condition };
    for &unit in order.iter().take(units) {
        for k in 0..steps {
            let code = moved(unit, range * (2.0 * k as f64 / (steps - 1) as f64 - 1.0));
            found.steps.push((unit + 1, code[unit]));
            found.values.extend(code);
        }
    }
    Ok(found)
}

/// Decodes codes: encoded rows, and rows in original units, for a traversal after columns `unit`
/// and
/// `value`.
pub fn rows_of(
    saved: &SavedModel,
    codes: &Codes,
    draw: Draw,
    seed: u64,
    device: &Device,
) -> Result<(Vec<f32>, RecordBatch)> {
    decodes_codes(saved)?;
    let values = decoded(&saved.model, &codes.values, codes.condition.as_ref(), draw, seed, device);
    let rows = decoded_rows(saved, &values, draw, seed)?;
    if codes.steps.is_empty() {
        return Ok((values, rows));
    }
    let unit: ArrayRef = Arc::new(UInt32Array::from_iter_values(codes.steps.iter().map(|s| s.0 as u32)));
    let value: ArrayRef = Arc::new(Float32Array::from_iter_values(codes.steps.iter().map(|s| s.1)));
    let usual = vec!["unit".to_string(), "value".to_string()];
    let names = names::free(usual, |name| rows.column_by_name(name).is_some());
    let types = [DataType::UInt32, DataType::Float32];
    let fields = names.into_iter().zip(types).map(|(name, data_type)| Field::new(name, data_type, false));
    let mut columns: Vec<(Field, ArrayRef)> = fields.zip([unit, value]).collect();
    columns.extend(columns_of(&rows));
    Ok((values, table(codes.steps.len(), columns)?))
}

fn deviations(saved: &SavedModel) -> Vec<f32> {
    saved
        .latent
        .as_ref()
        .map_or_else(|| vec![1.0; saved.architecture.latent_dim], |latent| latent.deviation.clone())
}

/// The latent dimensions that are compared by what they change in rows of this width, in their
/// order, and the others: those with the largest deviations, and of equal ones some from
/// everywhere, since the dimensions of a map of places repeat each other.
fn compared(deviation: &[f32], width: usize) -> (Vec<usize>, Vec<usize>) {
    let most = (COMPARED / (2 * width.max(1))).max(1);
    let mixed = |unit: usize| (unit as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut all: Vec<usize> = (0..deviation.len()).collect();
    all.sort_by(|&a, &b| deviation[b].total_cmp(&deviation[a]).then(mixed(a).cmp(&mixed(b))));
    let mut rest = all.split_off(most.min(all.len()));
    all.sort_unstable();
    rest.sort_unstable();
    (all, rest)
}

fn interpolate(a: &[f32], b: &[f32], t: f32, path: Path) -> Vec<f32> {
    let mix = |u: f32, v: f32| a.iter().zip(b).map(|(a, b)| u * a + v * b).collect();
    let dot = |x: &[f32], y: &[f32]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f32>();
    let lengths = (dot(a, a) * dot(b, b)).sqrt();
    let cosine = if lengths > 0.0 { f64::from((dot(a, b) / lengths).clamp(-1.0, 1.0)) } else { 1.0 };
    // arccos c, as tan²(angle/2) = (1 − c) / (1 + c); ∞ for opposite codes.
    let angle = 2.0 * atan(((1.0 - cosine) / (1.0 + cosine)).sqrt());
    let weight = |share: f32| (sin(f64::from(share) * angle) / sin(angle)) as f32;
    match path {
        // Collinear codes have no great circle between them, or many.
        Path::Spherical if sin(angle) > 1e-4 => mix(weight(1.0 - t), weight(t)),
        _ => mix(1.0 - t, t),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_of_many_dimensions_of_large_rows_are_compared() {
        assert_eq!(compared(&[1.0; 5], 64), ((0..5).collect(), vec![]));
        let (some, rest) = compared(&[1.0; 2048], 128 * 128 * 3);
        assert_eq!((some.len(), rest.len()), (170, 2048 - 170));
        // From all eight channels of a map, and from all of its places.
        let channels: std::collections::BTreeSet<usize> = some.iter().map(|unit| unit % 8).collect();
        assert!(channels.len() == 8 && some[0] < 64 && some[169] > 1984, "{some:?}");
        let mut unequal = vec![0.5; 2048];
        unequal[77] = 2.0;
        assert!(compared(&unequal, 128 * 128 * 3).0.contains(&77));
    }

    #[test]
    fn paths_by_hand() {
        let (a, b) = ([1.0, 0.0], [0.0, 2.0]);
        assert_eq!(interpolate(&a, &b, 0.5, Path::Linear), [0.5, 1.0]);
        let half = interpolate(&a, &b, 0.5, Path::Spherical);
        let root = 0.5f32.sqrt();
        assert!((half[0] - root).abs() < 1e-6 && (half[1] - 2.0 * root).abs() < 1e-6, "{half:?}");
        for path in [Path::Linear, Path::Spherical] {
            assert_eq!(interpolate(&a, &b, 0.0, path), a);
            let end = interpolate(&a, &b, 1.0, path);
            assert!((end[0] - b[0]).abs() < 1e-6 && (end[1] - b[1]).abs() < 1e-6, "{end:?}");
        }
        // Opposite codes: straight through 0, not NaN.
        assert_eq!(interpolate(&[1.0], &[-1.0], 0.5, Path::Spherical), [0.0]);
    }
}
