//! The parts of a report that come from the diagnostics of the encoder.

use diabolo_report::{ColumnWeight, PixelWeights, RatioCurve, Spectrum, TangentPictures, TangentRow, number};

use crate::Result;
use crate::artifact::SavedModel;
use crate::data::Encoded;
use crate::evaluate::{Diagnostics, tangents};
use crate::tensor::Device;

/// Pictures whose tangent directions are shown, and how many of each.
const EXAMPLES: usize = 8;
const DIRECTIONS: usize = 6;

/// The spectrum, unless it was left out.
pub(super) fn spectrum(found: &Diagnostics) -> Option<Spectrum> {
    let spectrum = found.spectrum.clone()?;
    let caption = format!(
        "Mean over {} test rows, with the range from the 10 % to the 90 % quantile.",
        spectrum.examples
    );
    Some(Spectrum {
        mean: spectrum.mean,
        low: spectrum.low,
        high: spectrum.high,
        effective_rank: spectrum.effective_rank,
        caption,
    })
}

/// The contraction-ratio curve, with what noise does beside it.
pub(super) fn ratio_curve(found: &Diagnostics) -> Option<RatioCurve> {
    let points = &found.contraction_ratios;
    if found.examples == 0 || points.is_empty() {
        return None;
    }
    let mut facts = vec![("Distance of two rows (median)".to_string(), number(found.typical_distance))];
    // The strongest noise but one: half the data's own deviation.
    if let Some(noise) = found.noise.iter().rev().nth(1) {
        let percent =
            noise.code_change.map_or("—".into(), |c| format!("{} %", number((1000.0 * c).round() / 10.0)));
        facts.push((format!("Code change under noise, σ = {}", number(noise.deviation)), percent));
    }
    let caption = format!(
        "Mean over {} test rows; whiskers are two standard errors. σ is the standard deviation of the noise on every \
         input, half that of the data; the change is the squared change of codes in percent of their variance.",
        found.examples
    );
    Some(RatioCurve {
        radius: points.iter().map(|p| p.radius).collect(),
        mean: points.iter().map(|p| p.mean).collect(),
        error: points.iter().map(|p| 2.0 * p.standard_error).collect(),
        typical_distance: found.typical_distance,
        facts,
        caption,
    })
}

/// The columns' sensitivities; none for pictures.
pub(super) fn column_weights(found: &Diagnostics) -> Vec<ColumnWeight> {
    let column = |c: &crate::evaluate::ColumnSensitivity| ColumnWeight {
        name: c.name.clone(),
        value: c.value,
        share: c.share,
    };
    found.column_sensitivity.iter().map(column).collect()
}

/// The sensitivity of each pixel, its channels put together.
pub(super) fn pixel_weights(saved: &SavedModel, found: &Diagnostics) -> Option<PixelWeights> {
    let (height, width, channels) = saved.header.preprocessor.schema.image_shape()?;
    let together = |pixel: &[f64]| pixel.iter().map(|s| s * s).sum::<f64>().sqrt();
    let values: Vec<f64> = found.input_sensitivity.chunks_exact(channels).map(together).collect();
    (!values.is_empty()).then_some(PixelWeights { height, width, values })
}

/// The leading tangent directions of a few pictures; none where the Jacobian is too large.
pub(super) fn tangent_pictures(
    saved: &SavedModel,
    [rows, all]: [&Encoded; 2],
    found: &Diagnostics,
    device: &Device,
) -> Result<Option<TangentPictures>> {
    let Some((height, width, channels)) = saved.header.preprocessor.schema.image_shape() else {
        return Ok(None);
    };
    if found.spectrum.is_none() {
        return Ok(None);
    }
    let chosen: Vec<usize> = (0..rows.rows.min(EXAMPLES)).collect();
    let row = |(i, t): (usize, crate::evaluate::Tangents)| TangentRow {
        picture: rows.values[i * rows.width..(i + 1) * rows.width].to_vec(),
        directions: t.directions,
        singular_values: t.singular_values,
    };
    let rows: Vec<TangentRow> =
        tangents(&saved.model, rows, &chosen, DIRECTIONS, device)?.into_iter().enumerate().map(row).collect();
    let firsts: Vec<&[f32]> =
        rows.iter().filter_map(|row| Some(row.directions.first()?.as_slice())).collect();
    let caution = artefact(&firsts, &shares_of_change(all));
    Ok(Some(TangentPictures { height, width, channels, rows, caution }))
}

/// For each pixel, the share of rows in which it differs from its median.
fn shares_of_change(rows: &Encoded) -> Vec<f64> {
    let share = |at: usize| {
        let mut values: Vec<f32> = rows.values.iter().skip(at).step_by(rows.width).copied().collect();
        values.sort_by(f32::total_cmp);
        let usual = values.get(values.len() / 2).copied().unwrap_or_default();
        values.iter().filter(|v| **v != usual).count() as f64 / values.len().max(1) as f64
    };
    (0..rows.width).map(share).collect()
}

/// A caution if most of the first directions are those of single pixels that hardly ever change:
/// training left their weights where they began.
fn artefact(firsts: &[&[f32]], changes: &[f64]) -> String {
    const RARE: f64 = 0.02;
    // Half of the squared length of a direction, which is 1, on one pixel.
    let led = |direction: &&&[f32]| {
        let largest = direction.iter().enumerate().max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()));
        largest.is_some_and(|(pixel, v)| v * v > 0.5 && changes.get(pixel).is_some_and(|c| *c < RARE))
    };
    let count = firsts.iter().filter(led).count();
    if 2 * count <= firsts.len() {
        return String::new();
    }
    format!(
        "In {count} of {} pictures the first direction is one pixel that is the same in nearly all rows: an artefact \
         of its weight, which training had no reason to change from where it began, and no feature of the data.",
        firsts.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_direction_of_a_pixel_that_hardly_changes_is_an_artefact() {
        // The first pixel differs in one row of 100, the second in half of them.
        let values = (0..100).flat_map(|row| [if row == 3 { 0.7 } else { 0.0 }, (row % 2) as f32]).collect();
        let changes = shares_of_change(&Encoded::from_values(values, 2));
        assert_eq!(changes, [0.01, 0.5]);
        let (corner, stroke): (&[f32], &[f32]) = (&[0.9, -0.436], &[0.436, 0.9]);
        assert!(artefact(&[corner, corner, stroke], &changes).starts_with("In 2 of 3 pictures"));
        assert_eq!(artefact(&[corner, stroke], &changes), "");
        assert_eq!(artefact(&[stroke, stroke], &changes), "");
        assert_eq!(artefact(&[], &changes), "");
    }
}
