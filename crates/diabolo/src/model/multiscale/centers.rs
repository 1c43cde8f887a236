//! The reconstruction of a row by the nearest of a number of centres of the training rows: an error
//! that grows with the distance from all of them, as that of nearest neighbours does.

use crate::data::Encoded;
use crate::random::{Purpose, permutation, stream};
use crate::stats::k_means;
use crate::tensor::{Device, Param, Tensor};

/// Maximum number of training rows that centres are fitted to.
const ROWS: usize = 4096;
/// Rows for each centre, on average, and at least: a centre is no row.
const ROWS_A_CENTER: usize = 5;
const FEWEST: usize = 3;

/// Centres before they are fitted.
pub(super) fn unfitted(count: usize, width: usize, device: &Device) -> Param<2> {
    Param::from_tensor(device.tensor(vec![0f32; count * width], [count, width]))
}

/// `count` centres by k-means; if there are too few rows for so many, the first is repeated.
pub(super) fn fit(count: usize, rows: &Encoded, seed: u64, device: &Device) -> Param<2> {
    let width = rows.width;
    let mut chosen = permutation(&mut stream(seed, Purpose::CenterRows, 0, count as u64), rows.rows);
    chosen.truncate(ROWS);
    if chosen.is_empty() {
        return unfitted(count, width, device);
    }
    let clusters = count.min(chosen.len() / ROWS_A_CENTER).max(1);
    let found = k_means(&rows.select(&chosen).values, width, clusters, 1, seed)
        .expect("encoded rows are finite, and there are at least as many as clusters");
    let mut sizes = vec![0usize; clusters];
    found.assignment.iter().for_each(|&cluster| sizes[cluster as usize] += 1);
    let fewest = FEWEST.min(sizes.iter().copied().max().unwrap_or(0));
    let kept = found.centroids.chunks_exact(width).zip(&sizes).filter(|(_, size)| **size >= fewest);
    let kept: Vec<&[f32]> = kept.map(|(center, _)| center).collect();
    let repeated = std::iter::repeat(kept[0]);
    let all = kept.iter().copied().chain(repeated).take(count).flatten().copied().collect::<Vec<f32>>();
    Param::from_tensor(device.tensor(all, [count, width]))
}

/// The nearest centre of each row.
pub(super) fn nearest(x: &Tensor<2>, centers: &Param<2>) -> Tensor<2> {
    let centers = centers.val();
    let closeness =
        x.clone().matmul(centers.clone().transpose()) * 2.0 - centers.clone().square().sum_dim(1).transpose();
    centers.select(0, closeness.argmax().values())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::to_host;

    #[test]
    fn centres_are_means_of_several_rows() {
        let device = Device::cpu();
        // Three groups of five rows, and a single one.
        let rows: Vec<f32> = (0..16).flat_map(|i| [(i / 5) as f32 * 10.0, 0.1 * (i % 5) as f32]).collect();
        let centers = fit(3, &Encoded::from_values(rows, 2), 1, &device);
        let mut found = to_host(centers.val());
        assert_eq!(found.len(), 6);
        assert!(!found.chunks_exact(2).any(|center| center == [30.0, 0.0]), "{found:?}");
        let near = to_host(nearest(&device.tensor(vec![1.0, 1.0, 11.0, 0.0], [2, 2]), &centers));
        assert!(near[0] <= 5.0 && (5.0..=25.0).contains(&near[2]), "{near:?}");
        // One row: itself, as often as asked; the model file is not for so few.
        found = to_host(fit(2, &Encoded::from_values(vec![4.0, 5.0], 2), 1, &device).val());
        assert_eq!(found, [4.0, 5.0, 4.0, 5.0]);
    }
}
