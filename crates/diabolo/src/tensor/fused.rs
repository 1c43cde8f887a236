//! The kernels as operations on tensors, in single precision on the processor.
//!
//! Each is equivalent to operations of `ops` elsewhere in the library, which other tensors use (see
//! [`is_supported`]), and is tested against them. The forward pass computes the state of the
//! backward pass, which then only scales or multiplies.

use super::Tensor;
use super::array::Array;
use super::data::Data;
use super::shape::Shape;
use super::tape::{record, record_sums};
use crate::kernel::{
    self, Activation, Cell, Convolution, ElementLoss, GramNorm, LayerContraction, Matrix, Observations,
    Recurrent, Window, buffer,
};

/// Whether the kernels support `tensor`: single precision on the processor.
pub fn is_supported<const D: usize>(tensor: &Tensor<D>) -> bool {
    matches!(tensor.data, Data::F32(_))
}

fn array(data: &Data) -> &Array<f32> {
    match data {
        Data::F32(array) => array,
        _ => panic!("kernels compute in single precision, on the processor"),
    }
}

/// The numbers, if there are any.
fn of_any(data: &Option<Data>) -> &[f32] {
    data.as_ref().map_or(&[], |data| array(data).values())
}

fn into_array(data: Data) -> Array<f32> {
    match data {
        Data::F32(array) => array,
        _ => panic!("kernels compute in single precision, on the processor"),
    }
}

fn matrix(data: &Data) -> Matrix<'_> {
    let array = array(data);
    Matrix::new(array.values(), array.shape().dims())
}

fn data<const D: usize>(values: Vec<f32>, dims: [usize; D]) -> Data {
    Data::F32(Array::new(values, Shape::new(&dims)))
}

/// φ(x Wᵀ + b): `x` batch × inputs, `weight` outputs × inputs, `bias` outputs; result batch ×
/// outputs.
///
/// With `transposed`, φ(x W + b): `weight` is inputs × outputs.
pub fn affine(
    x: Tensor<2>,
    weight: Tensor<2>,
    bias: Tensor<1>,
    activation: Activation,
    transposed: bool,
) -> Tensor<2> {
    let dims = [x.dims()[0], bias.dims()[0]];
    let nodes = [x.node, weight.node, bias.node];
    let (x, weight, b) = (x.data, weight.data, array(&bias.data).values());
    let product = match (array(&x).rows(), transposed) {
        (Some(rows), true) => kernel::rows_times(rows, array(&weight).values(), dims[1]),
        (_, true) => matrix(&x).times(matrix(&weight)),
        (_, false) => matrix(&x).times(matrix(&weight).transposed()),
    };
    if nodes.iter().all(Option::is_none) {
        return Tensor { data: data(kernel::affine(product, b, activation), dims), node: None };
    }
    let (h, slope) = kernel::affine_with_slope(product, b, activation);
    let slope = slope.map(|slope| Array::new(slope, Shape::new(&dims)));
    let node = record_sums(nodes.into(), move |g, sums| {
        let mut g = into_array(g);
        let of_bias = kernel::scale_and_sum(g.values_mut(), slope.as_ref().map(Array::values), dims[1]);
        sums.add(2, data(of_bias, [dims[1]]));
        let d = Matrix::new(g.values(), dims);
        sums.update(1, |sum| {
            let sum = sum.map(|sum| into_array(sum).into_values());
            let of_weight = match (array(&x).rows(), transposed) {
                (Some(rows), true) => kernel::transposed_rows_times(rows, g.values(), dims[1], sum),
                (_, true) => matrix(&x).transposed().times_onto(d, sum),
                (_, false) => d.transposed().times_onto(matrix(&x), sum),
            };
            data(of_weight, array(&weight).shape().dims::<2>())
        });
        if sums.is_wanted(0) {
            let of_x = d.times(if transposed { matrix(&weight).transposed() } else { matrix(&weight) });
            sums.add(0, data(of_x, array(&x).shape().dims::<2>()));
        }
    });
    Tensor { data: data(h, dims), node }
}

/// gather(x) Wᵀ: `images` batch × image, `weight` outputs × patch; result batch × (positions ·
/// outputs).
///
/// The gradients are fold(g W) and gᵀ gather(x).
pub fn convolve(images: Tensor<2>, weight: Tensor<2>, window: Window) -> Tensor<2> {
    let (rows, [outputs, patch]) = (images.dims()[0], weight.dims());
    let dims = [rows, window.positions() * outputs];
    let nodes = [images.node, weight.node];
    let (x, w) = (images.data, weight.data);
    let of = |w| Convolution { window, weight: array(w).values(), outputs };
    let y = data(of(&w).forward(array(&x).values()), dims);
    let node = record(nodes, move |g, wanted| {
        let g = array(&g).values();
        let of = Convolution { window, weight: array(&w).values(), outputs };
        let of_weight = || kernel::correlate(&window, array(&x).values(), g, outputs);
        [
            wanted[0].then(|| data(of.transposed(g), [rows, window.image()])),
            wanted[1].then(|| data(of_weight(), [outputs, patch])),
        ]
    });
    Tensor { data: y, node }
}

/// The transpose of [`convolve`], fold(y W): `values` batch × (positions · outputs); result batch ×
/// image.
///
/// The gradients are gather(g) Wᵀ and yᵀ gather(g).
pub fn convolve_transposed(values: Tensor<2>, weight: Tensor<2>, window: Window) -> Tensor<2> {
    let ([rows, width], [outputs, patch]) = (values.dims(), weight.dims());
    let nodes = [values.node, weight.node];
    let (y, w) = (values.data, weight.data);
    let of = |w| Convolution { window, weight: array(w).values(), outputs };
    let x = data(of(&w).transposed(array(&y).values()), [rows, window.image()]);
    let node = record(nodes, move |g, wanted| {
        let g = array(&g).values();
        let of = Convolution { window, weight: array(&w).values(), outputs };
        match wanted {
            [true, true] => {
                let (of_values, of_weight) = of.transposed_backward(g, array(&y).values());
                [Some(data(of_values, [rows, width])), Some(data(of_weight, [outputs, patch]))]
            }
            [_, false] => [Some(data(of.forward(g), [rows, width])), None],
            [false, _] => {
                let of_weight = kernel::correlate(&window, g, array(&y).values(), outputs);
                [None, Some(data(of_weight, [outputs, patch]))]
            }
        }
    });
    Tensor { data: x, node }
}

/// The states of gated recurrent units after each step, see `kernel::Gru`. `projections`: batch ×
/// (steps · 3H), `weight` 3H × H, `bias` H; result batch × (steps · H).
pub fn gru(projections: Tensor<2>, weight: Tensor<2>, bias: Tensor<1>) -> Tensor<2> {
    recurrent::<kernel::Gru>(projections, weight, Some(bias))
}

/// The states of units with long short-term memory after each step, see `kernel::Lstm`.
/// `projections`: batch × (steps · 4H), `weight` 4H × H; result batch × (steps · H).
pub fn lstm(projections: Tensor<2>, weight: Tensor<2>) -> Tensor<2> {
    recurrent::<kernel::Lstm>(projections, weight, None)
}

fn recurrent<C: Cell + 'static>(
    projections: Tensor<2>,
    weight: Tensor<2>,
    bias: Option<Tensor<1>>,
) -> Tensor<2> {
    let ([rows, size], of_weight) = (projections.dims(), weight.dims());
    let [gates, width] = of_weight;
    let steps = size / gates;
    let (bias, of_bias) = bias.map_or((None, None), |bias| (Some(bias.data), bias.node));
    let nodes = [projections.node, weight.node, of_bias];
    let is_tracked = nodes.iter().any(Option::is_some);
    let weight = weight.data;
    let of = Recurrent::<C>::new(array(&weight).values(), of_any(&bias), steps, width);
    let (states, kept) = of.forward(array(&projections.data).values(), is_tracked);
    let states = data(states, [rows, steps * width]);
    let result = states.clone();
    let node = record(nodes, move |g, wanted| {
        let of = Recurrent::<C>::new(array(&weight).values(), of_any(&bias), steps, width);
        let found = of.backward(array(&g).values(), array(&states).values(), &kept);
        buffer::give(kept);
        [
            wanted[0].then(|| data(found.projections, [rows, size])),
            wanted[1].then(|| data(found.weight, of_weight)),
            wanted[2].then(|| data(found.bias, [width])),
        ]
    });
    Tensor { data: result, node }
}

/// φ(a + b): all rows of `a` share `bias`.
pub fn activate(a: Tensor<2>, bias: Tensor<1>, activation: Activation) -> Tensor<2> {
    let dims = a.dims();
    let nodes = [a.node, bias.node];
    let (mut h, b) = (into_array(a.data), array(&bias.data).values());
    if nodes.iter().all(Option::is_none) {
        activation.apply(h.values_mut(), b);
        return Tensor { data: Data::F32(h), node: None };
    }
    let slope = activation.apply_with_slope(h.values_mut(), b);
    let slope = slope.map(|slope| Array::new(slope, Shape::new(&dims)));
    let node = record(nodes, move |g, wanted| {
        let mut g = into_array(g);
        let of_bias = kernel::scale_and_sum(g.values_mut(), slope.as_ref().map(Array::values), dims[1]);
        [wanted[0].then_some(Data::F32(g)), wanted[1].then(|| data(of_bias, [dims[1]]))]
    });
    Tensor { data: Data::F32(h), node }
}

/// −log p(x) of each row, in nats, over the cells that are `observed`.
///
/// `outputs`: (batch · K) × width, K rows for each row of `x` and `observed` (batch × width).
/// Result: batch · K.
pub fn negative_log_likelihood(
    cell: ElementLoss,
    outputs: Tensor<2>,
    x: Tensor<2>,
    observed: Option<Tensor<2>>,
) -> Tensor<1> {
    let [count, width] = outputs.dims();
    let rows = observations(&x, observed.as_ref());
    let kept = if outputs.node.is_some() { count } else { 1 };
    let mut gradient = buffer::take(kept * width);
    let losses = kernel::negative_log_likelihood(cell, array(&outputs.data).values(), rows, &mut gradient);
    let node = record([outputs.node], move |g, _| {
        kernel::scale_rows(&mut gradient, width, array(&g).values());
        [Some(data(gradient, [count, width]))]
    });
    Tensor { data: data(losses, [count]), node }
}

fn observations<'a>(x: &'a Tensor<2>, observed: Option<&'a Tensor<2>>) -> Observations<'a> {
    let values = |tensor: &'a Tensor<2>| array(&tensor.data).values();
    Observations { x: values(x), observed: observed.map(values), width: x.dims()[1] }
}

/// −log N(x; μ, e^v) of each row, in nats, over the cells that are `observed`.
///
/// `mean`: (batch · K) × width, K rows for each row of `x` and `observed` (batch × width);
/// `log_variance`: the same, or 1 × width, or 1 × 1. Result: batch · K.
pub fn gaussian_negative_log_likelihood(
    mean: Tensor<2>,
    log_variance: Tensor<2>,
    x: Tensor<2>,
    observed: Option<Tensor<2>>,
) -> Tensor<1> {
    let (dims, shared) = (mean.dims(), log_variance.data.shape());
    let rows = observations(&x, observed.as_ref());
    let (m, v) = (array(&mean.data).values(), array(&log_variance.data).values());
    // Without a graph, no row's slopes are kept.
    let is_recorded = mean.node.is_some() || log_variance.node.is_some();
    let kept = if is_recorded { m.len() } else { dims[1] };
    let (mut of_mean, mut of_v) = (buffer::take(kept), buffer::take(kept));
    let losses = kernel::gaussian_negative_log_likelihood(m, v, rows, [&mut of_mean, &mut of_v]);
    let node = record([mean.node, log_variance.node], move |g, wanted| {
        let scales = array(&g).values();
        let of_v = wanted[1].then(|| {
            kernel::scale_rows(&mut of_v, dims[1], scales);
            data(of_v, dims).sum_to(shared)
        });
        kernel::scale_rows(&mut of_mean, dims[1], scales);
        [wanted[0].then(|| data(of_mean, dims)), of_v]
    });
    Tensor { data: data(losses, [dims[0]]), node }
}

/// μ + e^{v/2} ε; all of the same shape.
pub fn gaussian_draw(mean: Tensor<2>, log_variance: Tensor<2>, epsilon: Tensor<2>) -> Tensor<2> {
    let (mut z, mut slope) = (into_array(mean.data), into_array(log_variance.data));
    kernel::gaussian_draw(z.values_mut(), slope.values_mut(), array(&epsilon.data).values());
    let node = record([mean.node, log_variance.node], |g, wanted| {
        let of_log_variance = wanted[1].then(|| Data::F32(slope).mul(g.clone()));
        [wanted[0].then_some(g), of_log_variance]
    });
    Tensor { data: Data::F32(z), node }
}

/// KL(N(μ, e^v) ‖ N(0, 1)) of each element, in nats.
pub fn gaussian_kl(mean: Tensor<2>, log_variance: Tensor<2>) -> Tensor<2> {
    let (mut kl, mut slope) = (into_array(mean.data.clone()), into_array(log_variance.data));
    kernel::gaussian_kl(kl.values_mut(), slope.values_mut());
    let of_mean = mean.data;
    let node = record([mean.node, log_variance.node], |g, wanted| {
        let of_log_variance = wanted[1].then(|| Data::F32(slope).mul(g.clone()));
        [wanted[0].then(|| g.mul(of_mean)), of_log_variance]
    });
    Tensor { data: Data::F32(kl), node }
}

/// Smooth clamping to `low` and `high`, the identity well inside.
pub fn bound<const D: usize>(raw: Tensor<D>, limits: (f64, f64)) -> Tensor<D> {
    let mut value = into_array(raw.data);
    let mut slope = Array::new(buffer::take(value.values().len()), value.shape());
    kernel::bound(value.values_mut(), slope.values_mut(), limits);
    let node = record([raw.node], |g, _| [Some(Data::F32(slope).mul(g))]);
    Tensor { data: Data::F32(value), node }
}

/// Σ_j s_j² ‖W_j‖² for each row. `output`: batch × outputs; `weight`: outputs × inputs. Result:
/// batch.
///
/// # Panics
/// If the activation's slope is not [a function of its output](Activation::slope_is_of_output).
pub fn contraction(output: Tensor<2>, weight: Tensor<2>, activation: Activation) -> Tensor<1> {
    let ([rows, outputs], dims) = (output.dims(), weight.dims());
    let (h, w) = (array(&output.data).values(), array(&weight.data).values());
    let mut found = LayerContraction::new(h, w, outputs, activation);
    let value = std::mem::take(&mut found.value);
    let weights = weight.data;
    let node = record_sums(vec![output.node, weight.node], move |g, sums| {
        let (of_output, factors) = found.backward(outputs, array(&g).values());
        sums.add(0, data(of_output, [rows, outputs]));
        sums.update(1, |sum| {
            let sum = sum.map(|sum| into_array(sum).into_values());
            data(kernel::scaled_rows(array(&weights).values(), &factors, sum), dims)
        });
    });
    Tensor { data: data(value, [rows]), node }
}

/// ‖B W‖²_F for the block of each row, by the Gram matrix of W. `block`: batch × k × outputs;
/// `weight`: outputs × inputs. Result: batch.
pub fn gram_norm(block: Tensor<3>, weight: Tensor<2>) -> Tensor<1> {
    let ([batch, k, outputs], dims) = (block.dims(), weight.dims());
    let block = block.reshape([batch * k, outputs]);
    let nodes = vec![block.node, weight.node];
    let (block, weight) = (block.data, weight.data);
    let mut found = GramNorm::new(matrix(&block), matrix(&weight), k);
    let value = std::mem::take(&mut found.value);
    let node = record_sums(nodes, move |g, sums| {
        let g = array(&g).values();
        sums.update(1, |sum| {
            let sum = sum.map(|sum| into_array(sum).into_values());
            data(found.weight_gradient(matrix(&block), matrix(&weight), g, sum), dims)
        });
        sums.add(0, data(found.block_gradient(g), [batch * k, outputs]));
    });
    Tensor { data: data(value, [batch]), node }
}

/// M_b ⊙ s_b for each of the k rows of the block of each row. `block`: batch × k × width;
/// `slopes`: batch × width. Result: batch × k × width.
pub fn scale_block(block: Tensor<3>, slopes: Tensor<2>) -> Tensor<3> {
    let (dims, of_slopes) = (block.dims(), slopes.dims());
    let nodes = vec![block.node, slopes.node];
    let (block, slopes) = (block.data, slopes.data);
    let scaled = kernel::scale_block(array(&block).values(), array(&slopes).values(), dims[2]);
    let node = record_sums(nodes, move |g, sums| {
        let mut g = into_array(g);
        let (block, slopes) = (array(&block).values(), array(&slopes).values());
        let sum = kernel::scale_block_gradient(g.values_mut(), block, slopes, dims[2]);
        sums.add(1, data(sum, of_slopes));
        sums.add(0, Data::F32(g));
    });
    Tensor { data: data(scaled, dims), node }
}
