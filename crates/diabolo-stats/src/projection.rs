//! A two-dimensional view of codes: the codes themselves if they have two latent dimensions, else
//! their principal components.

use super::principal_subspace::PrincipalSubspace;
use crate::error::Result;

/// Points in the plane.
#[derive(Debug, Clone, PartialEq)]
pub struct Projection {
    /// First coordinate of each row.
    pub x: Vec<f32>,
    /// Second coordinate of each row; all 0 if codes have one latent dimension.
    pub y: Vec<f32>,
    /// Fraction of the variance along each axis.
    pub explained: [f64; 2],
}

/// The two leading principal components of `codes` (rows × width, row-major).
pub fn principal_components(codes: &[f32], width: usize) -> Result<Projection> {
    let rows = codes.len() / width.max(1);
    let found = PrincipalSubspace::fit(codes, width)?;
    let axis = |k: usize| {
        let Some((direction, share)) = found.component(k) else { return (vec![0.0; rows], 0.0) };
        (found.along(codes, &direction), share)
    };
    let ((x, first), (y, second)) = (axis(0), axis(1));
    Ok(Projection { x, y, explained: [first, second] })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn points_on_a_line_have_one_component() {
        // (t, 2t, 0): all variance along (1, 2, 0)/√5.
        let codes: Vec<f32> = (0..5).flat_map(|t| [t as f32, 2.0 * t as f32, 0.0]).collect();
        let found = principal_components(&codes, 3).unwrap();
        assert!((found.explained[0] - 1.0).abs() < 1e-9);
        for (t, x) in found.x.iter().enumerate() {
            assert!((x - (t as f32 - 2.0) * 5f32.sqrt()).abs() < 1e-5, "{:?}", found.x);
        }
    }

    #[test]
    fn one_latent_dimension_is_the_first_axis() {
        let found = principal_components(&[1.0, 3.0], 1).unwrap();
        assert_eq!((found.x, found.y), (vec![-1.0, 1.0], vec![0.0, 0.0]));
    }
}
