//! The importance-weighted bound (Burda et al. 2015, eq. 8) and its gradients.
//!
//! ```text
//! L_K = log 1/K Σ_k w_k,   w_k = p(x, z_k) / q(z_k|x),  z_k ~ q(z|x);   L_1 = ELBO,  E L_K ≤ E
//! L_{K+1} ≤ log p(x) w̃_k = w_k / Σ_j w_j
//! ∂L_K/∂θ = Σ_k w̃_k ∂ log w_k/∂θ                                        ibid., eq. 13
//! ∂L_K/∂φ = Σ_k w̃_k² (∂ log w_k/∂z_k)(∂z_k/∂φ)
//!     doubly reparameterised: Tucker et al. (2018), eq. 8
//! ```

use crate::stats::elementary::double::ln;
use crate::tensor::{Tensor, log_sum_exp};

/// L_K for each row, in nats. `log_weights`: rows × K; result: rows.
pub fn importance_bound(log_weights: Tensor<2>) -> Tensor<1> {
    let samples = log_weights.dims()[1] as f64;
    log_sum_exp(log_weights, 1).squeeze_dim::<1>(1) - ln(samples)
}

/// w̃, rows × K, without gradient.
pub fn normalized_weights(log_weights: Tensor<2>) -> Tensor<2> {
    let log_weights = log_weights.detach();
    (log_weights.clone() - log_sum_exp(log_weights, 1)).exp_or_zero()
}

/// `value` with the gradient of `surrogate`.
pub fn with_gradient_of(value: Tensor<1>, surrogate: Tensor<1>) -> Tensor<1> {
    surrogate.clone() + (value - surrogate).detach()
}

/// `z` with the gradient of each row multiplied by `factor`. `z`: n × d; `factor`: n, without
/// gradient.
pub fn scale_gradient(z: Tensor<2>, factor: Tensor<1>) -> Tensor<2> {
    let factor = factor.unsqueeze_dim::<2>(1);
    z.clone() * factor.clone() + (z * (factor.neg() + 1.0)).detach()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::tensor::{Device, to_host};

    #[test]
    fn draws_of_no_weight_have_no_gradient() {
        let log_weights = Device::cpu().tensor(vec![-3f32, -3.0, -93.0, -2000.0], [1, 4]).require_grad();
        let bound = importance_bound(log_weights.clone());
        assert!((to_host(bound.clone())[0] - (-3.0 - 2f32.ln())).abs() < 1e-6);
        let gradient = to_host(log_weights.grad(&bound.sum().backward()).unwrap());
        assert!((gradient[0] - 0.5).abs() < 1e-6 && gradient[2..] == [0.0, 0.0], "{gradient:?}");
        let weights = to_host(normalized_weights(log_weights));
        assert!((weights[1] - 0.5).abs() < 1e-6 && weights[2..] == [0.0, 0.0], "{weights:?}");
    }
}
