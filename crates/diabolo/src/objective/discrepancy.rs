//! Maximum mean discrepancy between two samples (Gretton et al. 2012, eq. 3: unbiased).
//!
//! ```text
//! MMD² = 1/(n(n−1)) Σ_{i≠j} [k(z_i, z_j) + k(p_i, p_j)] − 2/n² Σ_ij k(z_i, p_j)
//! k(a, b) = Σ_s C_s / (C_s + ‖a − b‖²),   C_s = 2 d s,  s ∈ {0.1, 0.2, 0.5, 1, 2, 5, 10}
//!     Tolstikhin et al. (2018), section 4
//! ```

use crate::tensor::Tensor;

const SCALES: [f64; 7] = [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0];

/// MMD² of `z` and `prior`, both n × d with n ≥ 2: one number. It is unbiased, so it may be
/// negative.
pub fn maximum_mean_discrepancy(z: Tensor<2>, prior: Tensor<2>) -> Tensor<1> {
    let [n, d] = z.dims();
    let (pairs, all) = ((n * n.saturating_sub(1)).max(1) as f64, (n * n) as f64);
    let kernel = |a: &Tensor<2>, b: &Tensor<2>| -> Tensor<1> {
        let squared = squared_distances(a.clone(), b.clone());
        let scales = SCALES.iter().map(|s| 2.0 * d as f64 * s);
        scales
            .map(|c| (squared.clone() + c).recip() * c)
            .reduce(|sum, k| sum + k)
            .expect("there are scales")
            .sum()
    };
    // Each point with itself contributes 1 per scale.
    let diagonal = (SCALES.len() * n) as f64;
    let within = kernel(&z, &z) + kernel(&prior, &prior) - 2.0 * diagonal;
    within * (1.0 / pairs) - kernel(&z, &prior) * (2.0 / all)
}

fn squared_distances(a: Tensor<2>, b: Tensor<2>) -> Tensor<2> {
    let norms = |t: &Tensor<2>| t.clone().square().sum_dim(1);
    let squared = norms(&a) + norms(&b).transpose() - a.matmul(b.transpose()) * 2.0;
    // Clamped, since rounding may give slightly negative values.
    squared.clamp_min(0.0)
}
