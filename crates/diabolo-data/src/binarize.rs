//! Binarization of pixels, for likelihoods of binary data (Salakhutdinov & Murray 2008; Burda et
//! al. 2015, section 5).

use serde::{Deserialize, Serialize};

use diabolo_stats::random::{Purpose, RngExt, Stream, stream};

/// How intensities in [0, 1] are binarized.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Binarization {
    /// 1 with probability x: drawn in every epoch for training rows, once for all other rows.
    Dynamic,
    /// 1 with probability x, drawn once for all rows.
    Fixed,
    /// 1 if x ≥ ½.
    Threshold,
}

impl Binarization {
    /// The method with this name.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "dynamic" => Binarization::Dynamic,
            "fixed" => Binarization::Fixed,
            "threshold" => Binarization::Threshold,
            _ => return None,
        })
    }

    /// Binarizes the pixels of one image, deterministically.
    pub(super) fn apply_once(self, pixels: &mut [f32]) {
        match self {
            Binarization::Threshold => pixels.iter_mut().for_each(|x| *x = (*x >= 0.5) as u8 as f32),
            _ => draw_pixels_once(pixels),
        }
    }
}

/// [`draw_pixels`] with a stream seeded by the image itself: the result does not depend on the
/// file, the split or the order of rows.
pub fn draw_pixels_once(pixels: &mut [f32]) {
    // FNV-1a, a word at a time.
    let mix = |hash: u64, x: &f32| (hash ^ u64::from(x.to_bits())).wrapping_mul(0x0100_0000_01b3);
    let name = pixels.iter().fold(0xcbf2_9ce4_8422_2325, mix);
    draw_pixels(pixels, &mut stream(0, Purpose::Binarize, 0, name));
}

/// Replaces each x by 1 with probability x, else by 0.
pub fn draw_pixels(pixels: &mut [f32], noise: &mut Stream) {
    for x in pixels {
        // 0 and 1 need no draw; most pixels are one of them.
        if *x > 0.0 && *x < 1.0 {
            *x = (noise.random::<f32>() < *x) as u8 as f32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_of_draws_is_the_intensity() {
        let mut pixels = vec![0.3; 100_000];
        draw_pixels(&mut pixels, &mut stream(1, Purpose::Binarize, 0, 0));
        assert!(pixels.iter().all(|x| *x == 0.0 || *x == 1.0));
        let share = pixels.iter().map(|x| f64::from(*x)).sum::<f64>() / 1e5;
        // Four standard errors.
        assert!((share - 0.3).abs() < 4.0 * (0.21f64 / 1e5).sqrt(), "{share}");
    }

    #[test]
    fn fixed_draws_depend_on_the_image_only() {
        let drawn = |grey: f32| {
            let mut pixels = vec![grey; 64];
            Binarization::Fixed.apply_once(&mut pixels);
            pixels
        };
        assert_eq!(drawn(0.5), drawn(0.5));
        assert_ne!(drawn(0.5), drawn(0.500_01));
        let mut pixels = [0.49, 0.5];
        Binarization::Threshold.apply_once(&mut pixels);
        assert_eq!(pixels, [0.0, 1.0]);
    }
}
