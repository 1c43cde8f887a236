//! A plane through the latent space.

use serde::Serialize;

use super::LatentSpace;
use crate::random::{Purpose, RngExt, stream};
use crate::stats::{Preservation, PrincipalSubspace, preservation};
use crate::{Error, Result};

/// Rows that determine the principal components.
const FITTED: usize = 20_000;
/// Rows and neighbours by which a plane is judged.
const JUDGED: usize = 1000;
const NEIGHBOURS: usize = 10;

/// The axes of a plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Axes {
    /// The two largest principal components of the codes; a code of one or two dimensions itself.
    Principal,
    /// Two latent dimensions, numbered from 0.
    Dimensions(usize, usize),
}

/// A plane: z(x, y) = origin + x · first + y · second.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plane {
    /// The code at x = y = 0.
    pub origin: Vec<f64>,
    /// The unit vectors of x and y; `second` is 0 for a code of one dimension.
    pub first: Vec<f64>,
    /// The unit vector of y.
    pub second: Vec<f64>,
    /// What the axes are, such as "PCA 1 (32 % of variance)".
    pub labels: [String; 2],
}

impl Plane {
    /// The point of a code.
    pub fn place(&self, code: &[f32]) -> [f32; 2] {
        let along = |direction: &[f64]| {
            let terms = code.iter().zip(&self.origin).zip(direction);
            terms.map(|((&z, m), d)| (f64::from(z) - m) * d).sum::<f64>() as f32
        };
        [along(&self.first), along(&self.second)]
    }

    /// The code of a point.
    pub fn code(&self, [x, y]: [f32; 2]) -> Vec<f32> {
        let axes = self.origin.iter().zip(&self.first).zip(&self.second);
        axes.map(|((m, a), b)| (m + f64::from(x) * a + f64::from(y) * b) as f32).collect()
    }
}

impl LatentSpace {
    /// A plane through the codes.
    ///
    /// # Errors
    /// [`Error::InvalidValue`] for a latent dimension that does not exist; [`Error::Data`] if codes
    /// are not finite.
    pub fn plane(&self, axes: Axes) -> Result<Plane> {
        let width = self.latent_dim();
        let unit = |k: usize| (0..width).map(|j| f64::from(u8::from(j == k))).collect::<Vec<f64>>();
        let label = |k: usize| format!("latent {}", k + 1);
        match (axes, width) {
            (Axes::Principal, 1) => Ok(Plane {
                origin: vec![0.0],
                first: vec![1.0],
                second: vec![0.0],
                labels: [label(0), "random height: no meaning".into()],
            }),
            (Axes::Principal, 2) => Ok(Plane {
                origin: vec![0.0; 2],
                first: unit(0),
                second: unit(1),
                labels: [label(0), label(1)],
            }),
            (Axes::Dimensions(a, b), _) if a < width && b < width && a != b => {
                let mut origin = self.mean_code();
                // The axes show the values of the two dimensions themselves.
                [a, b].into_iter().for_each(|k| origin[k] = 0.0);
                Ok(Plane { origin, first: unit(a), second: unit(b), labels: [label(a), label(b)] })
            }
            (Axes::Dimensions(a, b), _) => {
                let expected = format!("two different latent dimensions from 1 to {width}");
                Err(Error::invalid_value("axes", expected, format!("{} and {}", a + 1, b + 1)))
            }
            (Axes::Principal, _) => match self.principal.get() {
                Some(plane) => Ok(plane.clone()),
                None => self.principal_plane().map(|plane| self.principal.get_or_init(|| plane).clone()),
            },
        }
    }

    fn principal_plane(&self) -> Result<Plane> {
        let width = self.latent_dim();
        let row = |&row: &usize| self.codes[row * width..(row + 1) * width].iter().copied();
        let sample: Vec<f32> = self.order.iter().take(FITTED).flat_map(row).collect();
        let found = PrincipalSubspace::fit(&sample, width)?;
        let axis = |rank: usize| found.component(rank).unwrap_or((vec![0.0; width], 0.0));
        let ((first, one), (second, two)) = (axis(0), axis(1));
        let label = |k: usize, share: f64| format!("PCA {k} ({:.0} % of the codes' variance)", 100.0 * share);
        Ok(Plane { origin: found.mean().to_vec(), first, second, labels: [label(1, one), label(2, two)] })
    }

    fn mean_code(&self) -> Vec<f64> {
        let width = self.latent_dim();
        let mut mean = vec![0f64; width];
        for code in self.codes.chunks_exact(width) {
            mean.iter_mut().zip(code).for_each(|(m, &z)| *m += f64::from(z) / self.encoded.rows as f64);
        }
        mean
    }

    /// The points of all rows, x and y.
    pub fn places(&self, plane: &Plane) -> [Vec<f32>; 2] {
        let width = self.latent_dim();
        let (x, mut y): (Vec<f32>, Vec<f32>) =
            self.codes.chunks_exact(width).map(|code| plane.place(code)).map(|[x, y]| (x, y)).unzip();
        if width == 1 {
            let seed = self.predictor.saved().header.config.training.seed;
            let noise = &mut stream(seed, Purpose::PlaneHeights, 0, 0);
            y.iter_mut().for_each(|y| *y = noise.random::<f32>() - 0.5);
        }
        [x, y]
    }

    /// How well the plane keeps the neighbours of up to 1,000 encoded rows; `None` for fewer than
    /// 30 rows.
    ///
    /// # Errors
    /// Those of [`preservation`].
    pub fn quality(&self, plane: &Plane) -> Result<Option<Preservation>> {
        let (width, latent) = (self.encoded.width, self.latent_dim());
        let chosen = &self.order[..self.encoded.rows.min(JUDGED)];
        if chosen.len() < 3 * NEIGHBOURS {
            return Ok(None);
        }
        let rows = self.encoded.select(chosen);
        let place = |&row: &usize| plane.place(&self.codes[row * latent..(row + 1) * latent]);
        let places: Vec<f32> = chosen.iter().flat_map(place).collect();
        Ok(Some(preservation(&rows.values, width, &places, 2, NEIGHBOURS)?))
    }
}
