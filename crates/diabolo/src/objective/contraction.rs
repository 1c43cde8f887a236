//! The contraction ‖J_f(x)‖²_F of an encoder, exact at any depth, as forward operations only.
//!
//! With a_l = W_l h_{l−1} + b_l and h_l = φ_l(a_l), l = 1 … L, the encoder's Jacobian is
//! J = D_L W_L ⋯ D_1 W_1 with D_l = diag(φ′_l(a_l)).
//!
//! * One layer: ‖J‖²_F = Σ_j φ′(a_j)² ‖W_j‖² (Rifai et al. 2011, eq. 7, for any φ): as cheap as the layer itself.
//! * L layers: the identity cotangent block is pulled back, M ← (M ⊙ φ′_l) W_l, down to the first
//!   layer, M₁: batch × latent × h₁. The last product would be batch × latent × inputs; with the Gram
//!   matrix G = W₁ W₁ᵀ (h₁ × h₁, once a step) it is not needed: ‖J‖²_F = Σ (M₁ G) ⊙ M₁.
//!
//! Being forward operations, one backward pass differentiates them exactly, φ″ included.
//! Peak memory is batch × latent × max(h_l) numbers, and a few times that under autodiff.

use burn::tensor::Tensor;

use crate::nn::{Dense, Traced};

/// The code f(x) and ‖J_f(x)‖²_F for each row.
///
/// `layers`: the encoder, first to last; `x`: batch × inputs. Results: batch × latent, and batch.
///
/// # Panics
/// If `layers` is empty.
pub fn contraction(layers: &[&Dense], x: Tensor<2>) -> (Tensor<2>, Tensor<1>) {
    let (code, slopes) = trace(layers, x);
    let first = layers[0];
    if layers.len() == 1 {
        let row_norms = first.weight.val().square().sum_dim(1).transpose();
        let slope = slopes.into_iter().next().expect("one layer");
        return (code, (slope.square() * row_norms).sum_dim(1).squeeze_dim::<1>(1));
    }
    let first_slope = slopes[0].clone();
    let block = pull_back_to_first(layers, slopes) * first_slope.unsqueeze_dim::<3>(1);
    let [batch, latent, hidden] = block.dims();
    let rows = block.reshape([batch * latent, hidden]);
    let squares = if first.inputs() > hidden {
        let weight = first.weight.val();
        let gram = weight.clone().matmul(weight.transpose());
        rows.clone().matmul(gram) * rows
    } else {
        rows.matmul(first.weight.val()).square()
    };
    let width = squares.dims()[1];
    (code, squares.reshape([batch, latent * width]).sum_dim(1).squeeze_dim::<1>(1))
}

/// The whole Jacobian ∂f(x)/∂x for each row: batch × latent × inputs.
///
/// For analysis of a few examples; training never materialises it.
///
/// # Panics
/// If `layers` is empty.
pub fn encoder_jacobian(layers: &[&Dense], x: Tensor<2>) -> Tensor<3> {
    let (_, slopes) = trace(layers, x);
    let first_slope = slopes[0].clone();
    if layers.len() == 1 {
        return layers[0].jacobian(first_slope);
    }
    layers[0].pull_back(pull_back_to_first(layers, slopes), first_slope)
}

/// Forward through all layers, keeping each layer's φ′.
fn trace(layers: &[&Dense], x: Tensor<2>) -> (Tensor<2>, Vec<Tensor<2>>) {
    let mut slopes = Vec::with_capacity(layers.len());
    let code = layers.iter().fold(x, |h, layer| {
        let Traced { output, derivative } = layer.trace(h);
        slopes.push(derivative);
        output
    });
    (code, slopes)
}

/// The cotangent block at the output of the first layer (two layers or more): batch × latent × h₁.
fn pull_back_to_first(layers: &[&Dense], mut slopes: Vec<Tensor<2>>) -> Tensor<3> {
    let last = layers.len() - 1;
    let last_slope = slopes.pop().expect("one slope for each layer");
    (1..last)
        .rev()
        .fold(layers[last].jacobian(last_slope), |block, l| layers[l].pull_back(block, slopes[l].clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::{Activation, Place, to_host};
    use crate::noise::{Purpose, standard_normal, stream};

    fn encoder(widths: &[usize], activation: Activation, place: &Place) -> Vec<Dense> {
        let mut noise = stream(4, Purpose::Initialize, 0, 0);
        widths.windows(2).map(|w| Dense::new(w[0], w[1], activation, &mut noise, place)).collect()
    }

    #[test]
    fn one_sigmoid_unit_by_hand() {
        // W = [3, 4], b = 0, x = 0: a = 0, φ′ = ¼, ‖J‖² = (¼)² · 25.
        let place = Place::cpu();
        let layer = Dense::from_parts(
            place.tensor(vec![3.0, 4.0], [1, 2]),
            place.tensor(vec![0.0], [1]),
            Activation::Sigmoid,
        );
        let (code, value) = contraction(&[&layer], place.tensor(vec![0.0, 0.0], [1, 2]));
        assert_eq!(to_host(code), [0.5]);
        assert_eq!(to_host(value), [25.0 / 16.0]);
    }

    #[test]
    fn the_contraction_is_the_squared_norm_of_finite_differences() {
        let place = Place::cpu_f64();
        // Narrowing (Gram matrix) and widening (direct product) first layers.
        for widths in [&[6, 4][..], &[6, 4, 3], &[4, 7, 5, 3], &[5, 4, 6, 3, 2]] {
            for activation in Activation::ALL {
                let layers = encoder(widths, activation, &place);
                let layers: Vec<&Dense> = layers.iter().collect();
                let (rows, inputs) = (3, widths[0]);
                let x = place.tensor(
                    standard_normal(&mut stream(8, Purpose::Choose, 0, 0), rows * inputs),
                    [rows, inputs],
                );
                let code = |x: Tensor<2>| layers.iter().fold(x, |h, l| l.forward(h));
                let step = 1e-6;
                let mut numeric = vec![0.0; rows];
                for i in 0..inputs {
                    let mut e = vec![0.0; inputs];
                    e[i] = 1.0;
                    let e = place.tensor(e, [1, inputs]) * step;
                    let column = (code(x.clone() + e.clone()) - code(x.clone() - e)) / (2.0 * step);
                    for (sum, c) in numeric.iter_mut().zip(to_host(column.square().sum_dim(1))) {
                        *sum += c;
                    }
                }
                let (_, exact) = contraction(&layers, x.clone());
                let from_jacobian = encoder_jacobian(&layers, x).square().sum_dim(2).sum_dim(1);
                for ((e, n), j) in to_host(exact).iter().zip(&numeric).zip(to_host(from_jacobian)) {
                    assert!((e - n).abs() < 1e-5 * e.max(1e-3), "{widths:?} {activation:?}: {e} vs {n}");
                    assert!((e - j).abs() < 1e-5 * e.max(1e-3), "{widths:?} {activation:?}: {e} vs {j}");
                }
            }
        }
    }
}
