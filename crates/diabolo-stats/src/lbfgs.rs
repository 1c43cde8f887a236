//! Minimisation of a smooth convex function: preconditioned L-BFGS (Nocedal & Wright 2006,
//! algorithm 7.4).

use std::collections::VecDeque;

/// Number of stored steps.
const MEMORY: usize = 10;

/// The result of the minimization.
pub(crate) struct Minimum {
    /// The point.
    pub point: Vec<f64>,
    /// Whether the largest entry of the gradient is within the tolerance.
    pub converged: bool,
}

/// One step taken: s = Δx, y = Δ∇f, and yᵀs.
struct Pair {
    step: Vec<f64>,
    change: Vec<f64>,
    product: f64,
}

/// Minimises `function` (value and gradient) from `start` until max |∇f| ≤ `tolerance` or `most`
/// iterations.
///
/// `precondition` multiplies by the inverse of an approximate Hessian, in place. `noise` is the
/// relative error of the value: an increase within it is accepted, because the value is less exact
/// than the gradient close to the minimum.
pub(crate) fn minimise(
    start: Vec<f64>,
    function: impl Fn(&[f64]) -> (f64, Vec<f64>),
    precondition: impl Fn(&mut [f64]),
    tolerance: f64,
    noise: f64,
    most: usize,
) -> Minimum {
    let mut point = start;
    let (mut value, mut gradient) = function(&point);
    let mut pairs: VecDeque<Pair> = VecDeque::with_capacity(MEMORY);
    for _ in 0..most {
        if largest(&gradient) <= tolerance {
            break;
        }
        let direction = descent(&gradient, &pairs, &precondition);
        let slope = dot(&direction, &gradient);
        let allowed = |length: f64| value + 1e-4 * length * slope + noise * value.abs();
        let mut length = 1.0;
        let found = (0..30).find_map(|_| {
            let there: Vec<f64> = point.iter().zip(&direction).map(|(x, d)| x + length * d).collect();
            let (reached, slopes) = function(&there);
            if reached <= allowed(length) {
                return Some((there, reached, slopes));
            }
            // The minimum of the parabola through both values and the slope, within bounds.
            let parabola = -slope * length * length / (2.0 * (reached - value - slope * length));
            length =
                if parabola.is_finite() { parabola.clamp(0.1 * length, 0.5 * length) } else { 0.1 * length };
            None
        });
        let Some((there, reached, slopes)) = found else { break };
        let step: Vec<f64> = there.iter().zip(&point).map(|(a, b)| a - b).collect();
        let change: Vec<f64> = slopes.iter().zip(&gradient).map(|(a, b)| a - b).collect();
        let product = dot(&step, &change);
        if product > 1e-12 * dot(&change, &change) {
            pairs.truncate(MEMORY - 1);
            pairs.push_front(Pair { step, change, product });
        }
        (point, value, gradient) = (there, reached, slopes);
    }
    Minimum { point, converged: largest(&gradient) <= tolerance }
}

/// −H ∇f by the two-loop recursion over `pairs`, newest first.
fn descent(gradient: &[f64], pairs: &VecDeque<Pair>, precondition: &impl Fn(&mut [f64])) -> Vec<f64> {
    let mut q: Vec<f64> = gradient.iter().map(|g| -g).collect();
    let mut weights = Vec::with_capacity(pairs.len());
    for pair in pairs {
        let weight = dot(&pair.step, &q) / pair.product;
        add(&mut q, -weight, &pair.change);
        weights.push(weight);
    }
    precondition(&mut q);
    if let Some(newest) = pairs.front() {
        let mut scaled = newest.change.clone();
        precondition(&mut scaled);
        let scale = newest.product / dot(&newest.change, &scaled);
        q.iter_mut().for_each(|v| *v *= scale);
    }
    for (pair, weight) in pairs.iter().zip(&weights).rev() {
        let back = dot(&pair.change, &q) / pair.product;
        add(&mut q, weight - back, &pair.step);
    }
    q
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn add(to: &mut [f64], factor: f64, what: &[f64]) {
    to.iter_mut().zip(what).for_each(|(t, w)| *t += factor * w);
}

fn largest(values: &[f64]) -> f64 {
    // NaN is larger than any tolerance.
    values.iter().fold(0.0, |m, v| if v.abs() > m || v.is_nan() { v.abs() } else { m })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ½ Σ cᵢ (xᵢ − i)² + Σ log cosh(xᵢ − i), c over six decades: minimum at xᵢ = i.
    fn valley(x: &[f64]) -> (f64, Vec<f64>) {
        let curvature = |i: usize| 10f64.powi(i as i32 - 3);
        let gap = |i: usize| x[i] - i as f64;
        let value =
            (0..x.len()).map(|i| 0.5 * curvature(i) * gap(i).powi(2) + gap(i).cosh().ln()).sum::<f64>();
        (value, (0..x.len()).map(|i| curvature(i) * gap(i) + gap(i).tanh()).collect())
    }

    #[test]
    fn minimum_of_an_ill_conditioned_function() {
        let found = minimise(vec![9.0; 7], valley, |_| (), 1e-9, 0.0, 500);
        assert!(found.converged);
        for (i, x) in found.point.iter().enumerate() {
            assert!((x - i as f64).abs() < 1e-8, "{:?}", found.point);
        }
    }

    #[test]
    fn too_few_iterations_are_reported() {
        assert!(!minimise(vec![9.0; 7], valley, |_| (), 1e-9, 0.0, 2).converged);
    }
}
