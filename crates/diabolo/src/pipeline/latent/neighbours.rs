//! Rows near a row, in the latent space and in the input space.

use serde::Serialize;

use super::LatentSpace;
use crate::stats::elementary::square;

/// A row near another.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Neighbour {
    /// Its 0-based number.
    pub row: usize,
    /// The Euclidean distance, in units of the code or encoded units of the input.
    pub distance: f32,
}

/// The nearest rows in both spaces.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Neighbours {
    /// By the distance of codes, nearest first.
    pub latent: Vec<Neighbour>,
    /// By the distance of encoded rows, nearest first.
    pub input: Vec<Neighbour>,
    /// Rows that are in both lists.
    pub shared: usize,
}

impl LatentSpace {
    /// The `most` rows nearest to a row, without itself.
    pub fn neighbours(&self, row: usize, most: usize) -> Neighbours {
        let latent = nearest(&self.codes, self.latent_dim(), row, most);
        let input = nearest(&self.encoded.values, self.encoded.width, row, most);
        let shared = latent.iter().filter(|a| input.iter().any(|b| a.row == b.row)).count();
        Neighbours { latent, input, shared }
    }
}

fn nearest(values: &[f32], width: usize, row: usize, most: usize) -> Vec<Neighbour> {
    let own = &values[row * width..(row + 1) * width];
    let squared = |other: &[f32]| own.iter().zip(other).map(|(a, b)| square(a - b)).sum::<f32>();
    let mut all: Vec<(f32, usize)> = values
        .chunks_exact(width)
        .enumerate()
        .filter(|(other, _)| *other != row)
        .map(|(other, values)| (squared(values), other))
        .collect();
    let most = most.min(all.len());
    // The lower number first, where distances are equal.
    let by_distance = |a: &(f32, usize), b: &(f32, usize)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
    if most < all.len() {
        all.select_nth_unstable_by(most, by_distance);
        all.truncate(most);
    }
    all.sort_by(by_distance);
    all.into_iter().map(|(squared, row)| Neighbour { row, distance: squared.sqrt() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_by_hand() {
        let values = [0.0, 0.0, 3.0, 4.0, 1.0, 0.0, 0.0, 1.0];
        let found: Vec<(usize, f32)> =
            nearest(&values, 2, 0, 2).into_iter().map(|n| (n.row, n.distance)).collect();
        assert_eq!(found, [(2, 1.0), (3, 1.0)]);
        assert_eq!(nearest(&values, 2, 0, 9).last().map(|n| (n.row, n.distance)), Some((1, 5.0)));
    }
}
