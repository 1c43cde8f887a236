//! Every operation: values by hand, gradients by finite differences.

use super::*;
use crate::kernel::{Axis, Window};
use crate::random::{Purpose, RngExt, stream};
use crate::tensor::{Device, activation, log_sum_exp, repeat_rows, to_host, to_host_f64};

type Operation = (&'static str, fn(Tensor<2>) -> Tensor<2>);

/// Operations on a 3 × 4 matrix of numbers between 0.2 and 2.
const OPERATIONS: [Operation; 50] = [
    ("x + x", |x| x.clone() + x),
    ("x + row", |x| x.clone() + x.narrow(0, 1, 1)),
    ("column + row", |x| x.clone().narrow(1, 2, 1) + x.narrow(0, 1, 1)),
    ("x − column", |x| x.clone() - x.narrow(1, 0, 1).square()),
    ("row − x", |x| x.clone().narrow(0, 0, 1).square() - x),
    ("x · row", |x| x.clone() * x.narrow(0, 2, 1)),
    ("x / column", |x| x.clone() / x.narrow(1, 3, 1)),
    ("number / x", |x| x.ones_like() / x),
    ("−x", |x| -x),
    ("x + 2", |x| (x + 2.0).square()),
    ("x − 2", |x| (x - 2.0).square()),
    ("2 x", |x| (x * 2.0).square()),
    ("x / 3", |x| (x / 3.0).square()),
    ("exp", Tensor::exp),
    ("exp_or_zero", Tensor::exp_or_zero),
    ("log", Tensor::log),
    ("log1p", Tensor::log1p),
    ("sqrt", Tensor::sqrt),
    ("square", Tensor::square),
    ("abs", |x| (x - 1.0).abs()),
    ("recip", Tensor::recip),
    ("tanh", Tensor::tanh),
    ("erf", Tensor::erf),
    ("sigmoid", Tensor::sigmoid),
    ("softplus", Tensor::softplus),
    ("clamp", |x| x.clamp(0.5, 1.5).square()),
    ("relu", |x| activation::relu(x - 1.0).square()),
    ("gelu", activation::gelu),
    ("log_sigmoid", activation::log_sigmoid),
    ("softmax", |x| activation::softmax(x, 1)),
    ("log_softmax", |x| activation::log_softmax(x, 0)),
    ("log_sum_exp", |x| log_sum_exp(x, 1)),
    ("sum of rows", |x| x.square().sum_dim(0)),
    ("sum of columns", |x| x.square().sum_dim(1)),
    ("mean", |x| x.square().mean_dim(1)),
    ("sum of all", |x| x.clone().square() * x.sum().unsqueeze_dim::<2>(0)),
    ("reshape", |x| x.reshape([2, 6]).square().sum_dim(1)),
    ("swap dimensions", |x| x.transpose().square().sum_dim(1)),
    ("swap outer dimensions", |x| {
        x.reshape([3, 2, 2]).swap_dims(0, 2).square().sum_dim(1).squeeze_dim::<2>(1)
    }),
    ("expand", |x| x.narrow(0, 1, 1).expand([3, 4]).square()),
    ("repeat rows", |x| repeat_rows(x.square(), 2)),
    ("narrow", |x| x.narrow(1, 1, 2).square()),
    ("cat", |x| Tensor::cat(vec![x.clone().square(), x.clone(), x.exp()], 1)),
    ("flip", |x| x.clone().flip(1) * x),
    ("select", |x| x.square().select(0, &[2, 0, 2])),
    ("pick", |x| x.square().pick(&[3, 0, 3])),
    ("cumsum", |x| x.square().cumsum()),
    ("gather", |x| x.gather(window(4)).square()),
    ("fold", |x| x.reshape([4, 3]).gather(window(3)).square().fold(window(3)).square()),
    ("masks", |x| {
        let low = x.clone().below(1.0);
        x.clone().mask_fill(!low.clone(), 7.0).mask_where(low, x.square())
    }),
];

/// Two taps with a gap over rows of `length` numbers, at every second place from one before them.
fn window(length: usize) -> Window {
    let columns = Axis { length, kernel: 2, stride: 2, dilation: 2, before: 1, after: 1 };
    Window { rows: Axis::single(), columns, channels: 1 }
}

fn matrix(seed: u64, dims: [usize; 2], device: &Device) -> Tensor<2> {
    let noise = &mut stream(seed, Purpose::Choose, 0, 0);
    let numbers = (0..dims[0] * dims[1]).map(|_| 0.2 + 1.8 * noise.random::<f64>()).collect();
    device.tensor::<2>(numbers, dims)
}

/// Σ w y with weights of every size and sign.
fn weighted(y: Tensor<2>) -> Tensor<1> {
    let weights = matrix(9, y.dims(), &y.device()) - 1.0;
    (y * weights).sum()
}

fn differences(of: &dyn Fn(Tensor<2>) -> Tensor<2>, x: &Tensor<2>) -> Vec<f64> {
    let (numbers, step) = (to_host_f64(x.clone()), 1e-6);
    let at = |k: usize, change: f64| {
        let mut numbers = numbers.clone();
        numbers[k] += change;
        weighted(of(x.device().tensor(numbers, x.dims()))).into_scalar()
    };
    (0..numbers.len()).map(|k| (at(k, step) - at(k, -step)) / (2.0 * step)).collect()
}

fn gradient(of: &dyn Fn(Tensor<2>) -> Tensor<2>, x: &Tensor<2>) -> Vec<f64> {
    let leaf = x.clone().require_grad();
    let gradients = weighted(of(leaf.clone())).backward();
    to_host_f64(leaf.grad(&gradients).expect("it depends on x"))
}

fn assert_close(what: &str, found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < tolerance, "{what}: {found} instead of {expected}");
    }
}

#[test]
fn gradients_are_finite_differences() {
    let x = matrix(1, [3, 4], &Device::cpu_f64());
    for (name, of) in OPERATIONS {
        assert_close(name, &gradient(&of, &x), &differences(&of, &x), 1e-7);
    }
    // Both factors of a product, alone and in a stack.
    let other = matrix(2, [4, 3], &Device::cpu_f64());
    let products: [&dyn Fn(Tensor<2>) -> Tensor<2>; 3] =
        [&|x| x.matmul(other.clone()), &|x| other.clone().matmul(x), &|x| {
            let stack = x.reshape([3, 2, 2]);
            stack.clone().matmul(stack.swap_dims(1, 2)).reshape([3, 4])
        }];
    for of in products {
        assert_close("matmul", &gradient(of, &x), &differences(of, &x), 1e-7);
    }
}

#[test]
fn a_wrong_gradient_is_found() {
    let x = matrix(1, [3, 4], &Device::cpu_f64());
    let wrong = |x: Tensor<2>| x.clone().detach() * x;
    let (found, right) = (gradient(&wrong, &x), differences(&|x: Tensor<2>| x.square(), &x));
    assert!(found.iter().zip(&right).all(|(found, right)| (found - right).abs() > 1e-3));
}

#[test]
fn both_precisions_agree() {
    let [single, double] = [Device::cpu(), Device::cpu_f64()].map(|device| matrix(1, [3, 4], &device));
    for (name, of) in OPERATIONS {
        let (found, expected) = (to_host_f64(of(single.clone())), to_host_f64(of(double.clone())));
        assert_close(name, &found, &expected, 1e-4);
        assert_close(name, &gradient(&of, &single), &gradient(&of, &double), 1e-3);
    }
}

/// As graphics processors gather and fold: by the places of all numbers of the patches.
#[test]
fn patches_are_chosen_places() {
    let device = Device::cpu_f64();
    let rows = Axis { length: 4, kernel: 3, stride: 1, dilation: 1, before: 1, after: 0 };
    let window = Window { rows, columns: window(3).columns, channels: 2 };
    let (x, places) = (matrix(1, [2, window.image()], &device), window.places());
    let padded = Tensor::cat(vec![x.clone(), matrix(2, [2, 1], &device).zeros_like()], 1);
    let chosen = to_host_f64(padded.select(1, &places));
    assert_eq!(to_host_f64(x.gather(window)), chosen);
}

#[test]
fn values_by_hand() {
    let device = Device::cpu();
    let x: Tensor<2> = device.tensor(vec![1.0, -2.0, 3.0, 3.0, 0.0, -1.0], [2, 3]);
    assert_eq!(to_host(x.clone().sum_dim(0)), [4.0, -2.0, 2.0]);
    assert_eq!(to_host(x.clone().max_dim(1)), [3.0, 3.0]);
    assert_eq!(to_host(x.clone().max()), [3.0]);
    assert_eq!(to_host(x.clone().sign()), [1.0, -1.0, 1.0, 1.0, 0.0, -1.0]);
    assert_eq!(to_host((x.clone() / 2.0).round()), [0.0, -1.0, 2.0, 2.0, 0.0, 0.0]);
    assert_eq!(to_host(x.clone().cumsum()), [1.0, -1.0, 2.0, 3.0, 3.0, 2.0]);
    assert_eq!(x.argmax().values(), [2, 0]);
    assert_eq!(to_host(x.largest(2)), [1.0, 0.0, 1.0, 1.0, 1.0, 0.0]);
    assert_eq!(to_host(x.clone().pick(&[1, 2])), [-2.0, -1.0]);
    assert_eq!(to_host(x.clone().variance_dim(0)), [1.0, 1.0, 4.0]);
    assert_eq!(x.clone().split(2, 1).into_iter().map(|part| part.dims()[1]).collect::<Vec<_>>(), [2, 1]);
    let transposed = to_host(x.clone().reshape([1, 2, 3]).swap_dims(0, 2));
    assert_eq!(transposed, to_host(x.clone().transpose()), "a dimension of length 1 beside them");
    let nan: Tensor<1> = device.tensor(vec![1.0, f64::NAN, 2.0], [3]);
    assert!(
        nan.clone().max().into_scalar().is_nan() && nan.clone().clamp(0.0, 1.0).sum().into_scalar().is_nan()
    );
}

#[test]
fn only_what_is_tracked_has_a_gradient() {
    let device = Device::cpu();
    let [x, y] = [1, 2].map(|seed| matrix(seed, [2, 2], &device).require_grad());
    assert!(!(x.clone().detach() + y.clone().detach()).is_tracked());
    let gradients = (x.clone() * 2.0 + x.clone().detach()).sum().backward();
    assert_eq!(to_host(x.grad(&gradients).expect("tracked")), [2.0; 4]);
    assert!(y.grad(&gradients).is_none() && x.clone().detach().grad(&gradients).is_none());
}

#[test]
#[should_panic(expected = "a graph is differentiated once")]
fn a_graph_is_differentiated_once() {
    let x = matrix(1, [1, 1], &Device::cpu()).require_grad();
    let shared = x.square().exp();
    drop((shared.clone() * 2.0).sum().backward());
    drop(shared.sum().backward());
}

#[test]
fn a_long_graph_does_not_exhaust_the_stack() {
    let x = matrix(1, [1, 1], &Device::cpu()).require_grad();
    let long = (0..200_000).fold(x.clone(), |y, _| y + 1.0);
    drop(long.clone());
    drop(long);
    let long = (0..200_000).fold(x.clone(), |y, _| y + 1.0);
    let gradients = long.sum().backward();
    assert_eq!(to_host(x.grad(&gradients).expect("tracked")), [1.0]);
}
