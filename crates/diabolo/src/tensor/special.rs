//! Special functions of distributions, from operations with gradients.
//!
//! ```text
//! log Γ(x)  = S(y) + δ(y) − log[x (x+1) … (x+5)],
//!           y = x + 6 where x < 6, else y = x and no product
//! S(y)      = (y − ½) log y − y + ½ log 2π
//! δ(y)      = Σ_k B₂ₖ / (2k (2k−1) y^(2k−1)),  k = 1 … 6
//!           Stirling; DLMF 5.11.1
//! log M(a, k) = log Γ(a+k) / (Γ(a) k!)
//!           = (a − ½) log(1 + k/a) + k log(1 + a/k) − ½ log 2πk + δ(a+k) − δ(a) − δ(k)
//! ```
//! For y ≥ 6 the first omitted term of δ is below 10⁻¹². Γ itself is never computed. The last line
//! is Stirling's formula for every Γ of the line above: the large terms cancel analytically, not in
//! single precision.

use crate::tensor::{Mask, Tensor};

const SHIFT: f64 = 6.0;
const STEPS: usize = 6;
const HALF_LOG_TWO_PI: f64 = 0.918_938_533_204_672_8;
/// B₂ₖ / (2k (2k−1)), the last first.
const STIRLING: [f64; 6] =
    [-691.0 / 360_360.0, 1.0 / 1188.0, -1.0 / 1680.0, 1.0 / 1260.0, -1.0 / 360.0, 1.0 / 12.0];

/// log Γ(x) for x > 0, element by element; its gradient is the digamma function.
pub fn log_gamma<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    let small = is_small(&x);
    let y = x.clone().mask_where(small.clone(), x.clone() + SHIFT);
    let product = rising(x.clamp_max(SHIFT)).log().mask_fill(!small, 0.0);
    stirling(y.clone()) + series(y) - product
}

/// δ(x) = log Γ(x) − S(x) for x > 0: the remainder of Stirling's formula.
pub fn stirling_remainder<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    let small = is_small(&x);
    let low = x.clone().clamp_max(SHIFT);
    let shifted = low.clone() + SHIFT;
    let at_small = stirling(shifted.clone()) + series(shifted) - rising(low.clone()).log() - stirling(low);
    series(x.clamp_min(SHIFT)).mask_where(small, at_small)
}

/// log M(a, k) = log Γ(a+k) / (Γ(a) k!) for a > 0 and whole k ≥ 0: for whole a, the number of
/// multisets.
///
/// `k` has the shape of the result, `a` a shape that broadcasts to it. `k` has no gradient.
pub fn log_multichoose<const D: usize>(a: Tensor<D>, k: Tensor<D>) -> Tensor<D> {
    let none = k.clone().below(0.5);
    let k = k.detach().clamp_min(1.0);
    let first = (a.clone() - 0.5) * (k.clone() / a.clone()).log1p();
    let second = k.clone() * (a.clone() / k.clone()).log1p();
    let remainder = stirling_remainder(a.clone() + k.clone()) - stirling_remainder(a);
    let of_k = k.clone().log() * 0.5 + HALF_LOG_TWO_PI + stirling_remainder(k);
    (first + second + remainder - of_k).mask_fill(none, 0.0)
}

/// log(1 − e^−a) for a > 0, without cancellation: with t = tanh(a/2) it is log 2t − log(1 + t).
pub fn log_one_minus_exp<const D: usize>(a: Tensor<D>) -> Tensor<D> {
    let t = (a * 0.5).tanh();
    (t.clone() * 2.0).log() - t.log1p()
}

fn is_small<const D: usize>(x: &Tensor<D>) -> Mask<D> {
    x.clone().below(SHIFT)
}

/// x (x+1) … (x+5), for x ≤ 6 only: it cannot overflow there.
fn rising<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    (1..STEPS).fold(x.clone(), |product, step| product * (x.clone() + step as f64))
}

fn stirling<const D: usize>(y: Tensor<D>) -> Tensor<D> {
    (y.clone() - 0.5) * y.clone().log() - y + HALF_LOG_TWO_PI
}

fn series<const D: usize>(y: Tensor<D>) -> Tensor<D> {
    let inverse = y.recip();
    let square = inverse.clone().square();
    let sum = STIRLING[1..]
        .iter()
        .fold(square.full_like(STIRLING[0]), |sum, &coefficient| sum * square.clone() + coefficient);
    sum * inverse
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::tensor::Device;

    /// x, log Γ(x), digamma(x), by SciPy.
    const KNOWN: [(f64, f64, f64); 12] = [
        (1e-3, 6.907178885383853, -1000.5755719318103),
        (0.25, 1.2880225246980774, -4.2274535333762655),
        (0.5, 0.5723649429247, -1.9635100260214235),
        (1.0, 0.0, -0.5772156649015329),
        (1.5, -0.12078223763524526, 0.03648997397857652),
        (3.0, std::f64::consts::LN_2, 0.9227843350984671),
        (5.75, 4.366716036622286, 1.6597303710679365),
        (6.0, 4.787491742782046, 1.7061176684318005),
        (6.25, 5.219603986990229, 1.750453526883736),
        (42.5, 115.90007047041453, 3.737693236500094),
        (1000.0, 5905.220423209181, 6.907255195648812),
        (1e6, 12815504.569147611, 13.81551005796419),
    ];

    fn host<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
        tensor.data.to_f64()
    }

    fn row(values: &[f64], device: &Device) -> Tensor<1> {
        device.tensor(values.to_vec(), [values.len()])
    }

    fn relative(found: f64, expected: f64) -> f64 {
        (found - expected).abs() / expected.abs().max(1.0)
    }

    #[test]
    fn log_gamma_and_its_slope_are_the_known_values() {
        for (device, tolerance) in [(Device::cpu_f64(), 1e-10), (Device::cpu(), 2e-6)] {
            let x = row(&KNOWN.map(|k| k.0), &device).require_grad();
            let value = log_gamma(x.clone());
            let slope = host(x.grad(&value.clone().sum().backward()).unwrap());
            for ((found, slope), (x, expected, digamma)) in host(value).iter().zip(slope).zip(KNOWN) {
                assert!(relative(*found, expected) < tolerance, "log Γ({x}) = {found}, not {expected}");
                assert!(relative(slope, digamma) < tolerance, "ψ({x}) = {slope}, not {digamma}");
            }
        }
    }

    #[test]
    fn nothing_overflows_in_single_precision() {
        let x = row(&[1e-30, 1e-6, 1e6, 1e15, 1e30, 1e36], &Device::cpu()).require_grad();
        let value = log_gamma(x.clone()) + stirling_remainder(x.clone());
        let slope = host(x.grad(&value.clone().sum().backward()).unwrap());
        let value = host(value);
        assert!(value.iter().chain(&slope).all(|v| v.is_finite()), "{value:?} {slope:?}");
    }

    #[test]
    fn remainder_completes_stirlings_formula() {
        let x = row(&[1e-3, 0.5, 1.0, 5.999, 6.0, 40.0], &Device::cpu_f64());
        let joined = host(stirling(x.clone()) + stirling_remainder(x.clone()));
        for (found, expected) in joined.iter().zip(host(log_gamma(x))) {
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
    }

    #[test]
    fn multisets_are_counted() {
        let device = Device::cpu_f64();
        // M(3, 2) = C(4, 2) = 6; M(½, 3) = ½ · 3/2 · 5/2 / 6; nothing is chosen in one way.
        let found = host(log_multichoose(row(&[3.0, 0.5, 7.0], &device), row(&[2.0, 3.0, 0.0], &device)));
        for (found, expected) in found.iter().zip([6f64.ln(), 0.3125f64.ln(), 0.0]) {
            assert!((found - expected).abs() < 1e-11, "{found} {expected}");
        }
        // In single precision three log Γ near 10⁷ would leave nothing of it: M(2, n) = n + 1.
        let found = host(log_multichoose(row(&[2.0], &Device::cpu()), row(&[1e6], &Device::cpu())))[0];
        assert!((found - 1_000_001f64.ln()).abs() < 1e-5, "{found}");
    }

    #[test]
    fn the_log_of_one_minus_exp_keeps_small_arguments() {
        let found = host(log_one_minus_exp(row(&[1e-4, 1.0, 50.0], &Device::cpu())));
        for (found, expected) in found.iter().zip([-9.210_390_372, -0.458_675_145, 0.0]) {
            assert!((found - expected).abs() < 1e-5, "{found} {expected}");
        }
    }
}
