//! Changes of training images that keep what they show.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};
use diabolo_stats::random::{RngExt, Stream};

/// Random changes of training images, drawn anew in every epoch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Augmentation {
    /// Exchanges left and right of every other image.
    pub flip: bool,
    /// Moves images by up to so many pixels along each axis; pixels at the border are repeated.
    pub shift: usize,
}

impl FromStr for Augmentation {
    type Err = Error;

    /// Parses `flip`, `shift:PIXELS`, or both with a comma.
    fn from_str(text: &str) -> Result<Self> {
        let wrong = || Error::invalid_value("augment", "flip, shift:2, or flip,shift:2", format!("'{text}'"));
        let mut found = Augmentation::default();
        for part in text.split(',') {
            match part.split_once(':') {
                None if part == "flip" => found.flip = true,
                Some(("shift", pixels)) => found.shift = pixels.parse().map_err(|_| wrong())?,
                _ => return Err(wrong()),
            }
        }
        Ok(found)
    }
}

impl Augmentation {
    /// # Errors
    /// [`Error::Conflict`] if rows are no images, [`Error::Config`] if a shift leaves none of the
    /// image.
    pub(crate) fn of_images(self, image: Option<(usize, usize, usize)>) -> Result<AugmentedImages> {
        let reason = "only rows that are one image each can be flipped and shifted";
        let image = image.ok_or_else(|| Error::conflict("augment", "these columns", reason))?;
        let smaller = image.0.min(image.1);
        if self.shift >= smaller {
            let expected = format!("fewer pixels than an image of {} × {} has", image.0, image.1);
            return Err(Error::config("augment.shift", expected, self.shift));
        }
        Ok(AugmentedImages { changes: self, image })
    }
}

/// The changes of images of one layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AugmentedImages {
    changes: Augmentation,
    /// Height, width, channels.
    image: (usize, usize, usize),
}

impl AugmentedImages {
    /// Changes an image at random: height × width × channels. `before` holds the image meanwhile.
    pub fn change(&self, pixels: &mut [f32], before: &mut Vec<f32>, noise: &mut Stream) {
        let (height, width, channels) = self.image;
        let flipped = self.changes.flip && noise.random::<bool>();
        let mut draw =
            || noise.random_range(0..=2 * self.changes.shift) as isize - self.changes.shift as isize;
        let [down, right] = [draw(), draw()];
        if !flipped && down == 0 && right == 0 {
            return;
        }
        before.clear();
        before.extend_from_slice(pixels);
        let within = |at: usize, by: isize, length: usize| at.saturating_add_signed(-by).min(length - 1);
        for (y, row) in pixels.chunks_exact_mut(width * channels).take(height).enumerate() {
            let from = within(y, down, height) * width;
            for (x, pixel) in row.chunks_exact_mut(channels).enumerate() {
                let x = within(if flipped { width - 1 - x } else { x }, right, width);
                pixel.copy_from_slice(&before[(from + x) * channels..][..channels]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use diabolo_stats::random::{Purpose, stream};

    fn changed(text: &str, image: (usize, usize, usize), draws: u64) -> Vec<Vec<f32>> {
        let images = text.parse::<Augmentation>().unwrap().of_images(Some(image)).unwrap();
        let pixels: Vec<f32> = (0..image.0 * image.1 * image.2).map(|k| k as f32).collect();
        let of_draw = |draw| {
            let mut pixels = pixels.clone();
            images.change(&mut pixels, &mut vec![], &mut stream(0, Purpose::Augment, 0, draw));
            pixels
        };
        (0..draws).map(of_draw).collect()
    }

    /// Two rows of three pixels of two channels: an image is the original or its mirror image, both
    /// about as often.
    #[test]
    fn a_flip_exchanges_left_and_right() {
        let original: Vec<f32> = (0..12).map(|k| k as f32).collect();
        let mirrored = [4, 5, 2, 3, 0, 1, 10, 11, 8, 9, 6, 7].map(|k| k as f32).to_vec();
        let found = changed("flip", (2, 3, 2), 200);
        let flips = found.iter().filter(|pixels| **pixels == mirrored).count();
        let kept = found.iter().filter(|pixels| **pixels == original).count();
        assert_eq!(flips + kept, 200);
        assert!((70..=130).contains(&flips), "{flips}");
    }

    /// All of 3 × 3 moves of a grey image of 3 × 3, with its border repeated.
    #[test]
    fn a_shift_moves_along_both_axes() {
        let mut found = changed("shift:1", (3, 3, 1), 400);
        found.sort_by(|a, b| a.partial_cmp(b).unwrap());
        found.dedup();
        assert_eq!(found.len(), 9);
        // Down and to the right.
        let moved = [0, 0, 1, 0, 0, 1, 3, 3, 4].map(|k| k as f32).to_vec();
        assert!(found.contains(&moved), "{found:?}");
    }

    #[test]
    fn what_cannot_be_changed_is_refused() {
        let shift = "flip,shift:3".parse::<Augmentation>().unwrap();
        assert_eq!(shift, Augmentation { flip: true, shift: 3 });
        let error = shift.of_images(Some((3, 9, 1))).unwrap_err().to_string();
        assert!(error.contains("augment.shift"), "{error}");
        assert!(shift.of_images(None).is_err());
        for bad in ["", "rotate", "shift", "shift:-1", "flip:2"] {
            assert!(bad.parse::<Augmentation>().is_err(), "{bad}");
        }
    }
}
