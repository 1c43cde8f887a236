//! Quantiles of a column, normal scores, and the piecewise linear functions between them.

use diabolo_stats::elementary::double::inverse_normal_cdf;

/// Scaled values are clamped to ±`LIMIT`, so that an extreme cell gives a large but finite loss.
pub(super) const LIMIT: f64 = 1e6;
/// Maximum number of stored quantiles.
const QUANTILES: usize = 1000;

/// Up to [`QUANTILES`] evenly spaced elements of the sorted `values`, including the smallest and
/// the largest.
pub(super) fn quantiles(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (n, k) = (sorted.len(), sorted.len().min(QUANTILES));
    let ranks: Vec<f64> = (0..n).map(|rank| rank as f64).collect();
    let position = |i: usize| i as f64 * (n - 1) as f64 / (k - 1).max(1) as f64;
    (0..k).map(|i| interpolate(&ranks, &sorted, position(i))).collect()
}

/// z_k = Φ⁻¹((k + ½) / K).
pub(super) fn nodes(k: usize) -> Vec<f64> {
    (0..k).map(|i| inverse_normal_cdf((i as f64 + 0.5) / k as f64)).collect()
}

/// The scaled value of `x`; a value equal to several quantiles maps to the middle of them.
pub(super) fn forward(quantiles: &[f64], nodes: &[f64], x: f64) -> f64 {
    let below = quantiles.partition_point(|q| *q < x);
    let through = quantiles.partition_point(|q| *q <= x);
    if through > below { (nodes[below] + nodes[through - 1]) / 2.0 } else { interpolate(quantiles, nodes, x) }
}

/// The slope at the scaled value `z`, see `Scaling::log_slope`; 1 if all quantiles are equal.
pub(super) fn chord(quantiles: &[f64], nodes: &[f64], z: f32) -> f64 {
    let last = quantiles.len() - 1;
    let mut low = nodes.partition_point(|node| (*node as f32) < z).saturating_sub(1);
    let mut high = nodes.partition_point(|node| (*node as f32) <= z).min(last);
    if quantiles[low] == quantiles[high] {
        let mass = quantiles[low];
        low = quantiles.partition_point(|q| *q < mass).saturating_sub(1);
        high = quantiles.partition_point(|q| *q <= mass).min(last);
    }
    // Halved, since the difference of two finite numbers may overflow.
    let run = quantiles[high] / 2.0 - quantiles[low] / 2.0;
    if run == 0.0 { 1.0 } else { (nodes[high] - nodes[low]) / 2.0 / run }
}

/// Linear interpolation at `x` through the points (`xs`, `ys`), clamped outside; `xs` and `ys` are
/// sorted and finite.
pub(super) fn interpolate(xs: &[f64], ys: &[f64], x: f64) -> f64 {
    let above = xs.partition_point(|node| *node <= x);
    if above == 0 || above == xs.len() {
        return ys[above.saturating_sub(1)];
    }
    let (x0, x1, y0, y1) = (xs[above - 1], xs[above], ys[above - 1], ys[above]);
    // Halved, since the difference of two finite numbers may overflow.
    let part = (x / 2.0 - x0 / 2.0) / (x1 / 2.0 - x0 / 2.0);
    if y0 == y1 { y0 } else { y0 * (1.0 - part) + y1 * part }
}
