//! Quantiles of a column, normal scores, and the piecewise linear functions between them.

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
    (0..k).map(|i| normal_quantile((i as f64 + 0.5) / k as f64)).collect()
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

/// Φ⁻¹(p) for 0 < p < 1 to nine digits, by P. J. Acklam's rational approximations.
pub(super) fn normal_quantile(p: f64) -> f64 {
    const A: [f64; 6] = [
        -3.969683028665376e1,
        2.209460984245205e2,
        -2.759285104469687e2,
        1.38357751867269e2,
        -3.066479806614716e1,
        2.506628277459239,
    ];
    const B: [f64; 6] = [
        -5.447609879822406e1,
        1.615858368580409e2,
        -1.556989798598866e2,
        6.680131188771972e1,
        -1.328068155288572e1,
        1.0,
    ];
    const C: [f64; 6] = [
        -7.784894002430293e-3,
        -3.223964580411365e-1,
        -2.400758277161838,
        -2.549732539343734,
        4.374664141464968,
        2.938163982698783,
    ];
    const D: [f64; 5] =
        [7.784695709041462e-3, 3.224671290700398e-1, 2.445134137142996, 3.754408661907416, 1.0];
    const TAIL: f64 = 0.02425;
    let horner = |coefficients: &[f64], x: f64| coefficients.iter().fold(0.0, |sum, c| sum * x + c);
    if p > 0.5 {
        return -normal_quantile(1.0 - p);
    }
    if p < TAIL {
        let q = (-2.0 * p.ln()).sqrt();
        return horner(&C, q) / horner(&D, q);
    }
    let q = p - 0.5;
    q * horner(&A, q * q) / horner(&B, q * q)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_normal_quantile_agrees_with_tables() {
        for (p, z) in [
            (0.5, 0.0),
            (0.975, 1.959963984540054),
            (0.001, -3.090232306167813),
            (0.0005, -3.290526731491926),
        ] {
            assert!((normal_quantile(p) - z).abs() < 1e-8, "{p}");
        }
    }
}
