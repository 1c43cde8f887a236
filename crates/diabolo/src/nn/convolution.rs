//! Convolution and its transpose as layers, and products with their Jacobians.
//!
//! Rows are images: height × width × channels, the channels of a place side by side. With the
//! patches of a [`Window`] (kernel × channels numbers at each position) and W: outputs × patch,
//! ```text
//! convolution      a = gather(x) Wᵀ + b        from image to positions × outputs
//! transposed       a = fold(x W) + b           from positions × outputs to image
//! h = φ(a)         ∂h/∂x = diag(φ′(a)) A ,     A: the linear map
//! ```
//! The linear map of each is the transpose of the other's, so that the vector-Jacobian product of a
//! convolution is a transposed convolution, and the other way round (Dumoulin & Visin 2016).
//! In closed form for any window and φ, the generalization of Rifai et al. 2011, eq. 7:
//! ```text
//! ‖∂h/∂x‖²_F = Σ_i φ′(a_i)² n_i ,     n = A∘A · 𝟙: the layer with W∘W, applied to ones
//! ```

use crate::module;

use super::layer::unit_matrix;
use super::{Activation, Layer, LayerTrace, Permutation, scale_block};
use crate::kernel::{Axis, Window};
use crate::random::{RngExt, Stream};
use crate::tensor::{Device, Param, Tensor, fused};

/// The layout of a row that is an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Image {
    /// Number of rows of pixels.
    pub height: usize,
    /// Number of columns of pixels.
    pub width: usize,
    /// Numbers at each pixel.
    pub channels: usize,
}

impl Image {
    /// Numbers of a row.
    pub fn numbers(&self) -> usize {
        self.height * self.width * self.channels
    }

    /// A square window at every `stride`-th pixel, with "same" padding; see [`Axis::same`]. It does
    /// not extend along an axis of length 1.
    pub fn window(&self, kernel: usize, stride: usize) -> Window {
        let axis = |length| match length {
            1 => Axis::single(),
            length => Axis::same(length, kernel, stride),
        };
        self.along_both(axis)
    }

    /// A square window at every pixel with `dilation` pixels from tap to tap, "same" padding.
    pub fn dilated_window(&self, kernel: usize, dilation: usize) -> Window {
        self.along_both(|length| match length {
            1 => Axis::single(),
            length => Axis::dilated(length, kernel, dilation),
        })
    }

    fn along_both(&self, axis: impl Fn(usize) -> Axis) -> Window {
        Window { rows: axis(self.height), columns: axis(self.width), channels: self.channels }
    }
}

/// One layer h = φ(gather(x) Wᵀ + b), or, transposed, h = φ(fold(x W) + b).
#[derive(Clone, Debug)]
pub struct Convolution {
    /// Channels at the positions × (kernel · channels of the image).
    pub weight: Param<2>,
    /// One for each channel of the result.
    pub bias: Param<1>,
    activation: Activation,
    window: Window,
    is_transposed: bool,
    /// For every number of the result its position among positions × channels, and the inverse; not
    /// where they are equal.
    order: Option<Permutation>,
}
module!(Convolution { weight, bias });

impl Convolution {
    /// From images of `window` to `channels` numbers at each position.
    pub fn new(
        window: Window,
        channels: usize,
        activation: Activation,
        noise: &mut Stream,
        device: &Device,
    ) -> Self {
        Self::initial(window, channels, activation, false, noise, device)
    }

    /// From `channels` numbers at each position to images of `window`.
    pub fn transposed(
        window: Window,
        channels: usize,
        activation: Activation,
        noise: &mut Stream,
        device: &Device,
    ) -> Self {
        Self::initial(window, channels, activation, true, noise, device)
    }

    /// Uniform weights as in [`Linear::new`](super::Linear::new), with the number of terms of a sum
    /// as its inputs, and zero biases.
    fn initial(
        window: Window,
        channels: usize,
        activation: Activation,
        is_transposed: bool,
        noise: &mut Stream,
        device: &Device,
    ) -> Self {
        // On average over the image, of a transposed convolution.
        let patches = (channels * window.positions() * window.taps()) as f32;
        let into_place = patches / (window.rows.length * window.columns.length) as f32;
        let (terms, results) = match is_transposed {
            false => (window.patch() as f32, (channels * window.taps()) as f32),
            true => (into_place, into_place * window.channels as f32 / channels as f32),
        };
        let limit = (6.0 / activation.fan(terms, results)).sqrt();
        let size = channels * window.patch();
        let weight = (0..size).map(|_| noise.random_range(-limit..limit)).collect();
        let weight = device.tensor(weight, [channels, window.patch()]);
        let bias = if is_transposed { window.channels } else { channels };
        let bias = device.tensor(vec![0.0; bias], [bias]);
        Self::from_parts(weight, bias, activation, window, is_transposed)
    }

    /// A layer with given weights and biases.
    ///
    /// # Panics
    /// If they do not fit the window.
    pub fn from_parts(
        weight: Tensor<2>,
        bias: Tensor<1>,
        activation: Activation,
        window: Window,
        is_transposed: bool,
    ) -> Self {
        let [channels, patch] = weight.dims();
        let results = if is_transposed { window.channels } else { channels };
        assert_eq!((patch, bias.dims()[0]), (window.patch(), results), "weights of {window:?}");
        let (weight, bias) = (Param::from_tensor(weight), Param::from_tensor(bias));
        Convolution { weight, bias, activation, window, is_transposed, order: None }
    }

    /// The same layer with a result of `planes` images one after the other.
    ///
    /// # Panics
    /// If the channels cannot be distributed evenly.
    pub fn with_planes(self, planes: usize) -> Self {
        let channels = self.bias.dims()[0];
        assert_eq!(channels % planes, 0, "channels of {planes} images");
        if planes == 1 {
            return self;
        }
        let (places, own) = (self.outputs() / channels, channels / planes);
        let place = |plane: usize, place: usize| {
            let first = place * channels + plane * own;
            first..first + own
        };
        let of_plane = |plane| (0..places).flat_map(move |at| place(plane, at));
        self.with_order((0..planes).flat_map(of_plane).collect())
    }

    /// The same layer with its numbers in another order: for each its position among positions ×
    /// channels.
    ///
    /// # Panics
    /// If a position is missing.
    pub fn with_order(self, order: Vec<usize>) -> Self {
        assert_eq!(order.len(), self.outputs(), "an order of all numbers");
        Convolution { order: Some(Permutation::new(order)), ..self }
    }

    /// The same weights with another activation.
    pub fn with_activation(self, activation: Activation) -> Self {
        Convolution { activation, ..self }
    }

    /// φ(Aᵀ h + b) with the weights of this layer: the decoder layer of a tied autoencoder. `bias`:
    /// one for each channel.
    pub fn tied(&self, h: Tensor<2>, bias: Tensor<1>, activation: Activation) -> Tensor<2> {
        let a = product(h, self.weight.val(), self.window, !self.is_transposed);
        let places = a.dims()[1] / bias.dims()[0];
        activate(a, repeated(bias, places), activation)
    }

    /// The window.
    pub fn window(&self) -> Window {
        self.window
    }

    /// Whether it leads from the positions of the window to its images.
    pub fn is_transposed(&self) -> bool {
        self.is_transposed
    }

    /// For every number of the result its position among places × channels, where they differ.
    pub fn order(&self) -> Option<&[usize]> {
        self.order.as_ref().map(Permutation::order)
    }

    /// Number of channels of the input.
    pub fn input_channels(&self) -> usize {
        if self.is_transposed { self.weight.dims()[0] } else { self.window.channels }
    }

    /// The same layer with weights of 0.
    pub(super) fn zeroed(self, device: &Device) -> Self {
        let dims = self.weight.dims();
        let weight = Param::from_tensor(device.tensor(vec![0.0; dims[0] * dims[1]], dims));
        Convolution { weight, ..self }
    }

    /// The same layer with new random weights.
    pub fn fresh(&self, noise: &mut Stream, device: &Device) -> Self {
        let Convolution { window, activation, is_transposed, .. } = *self;
        let channels = self.weight.dims()[0];
        let fresh = Self::initial(window, channels, activation, is_transposed, noise, device);
        Convolution { order: self.order.clone(), ..fresh }
    }

    /// A x. batch × inputs → batch × outputs.
    fn linear(&self, x: Tensor<2>, weight: Tensor<2>) -> Tensor<2> {
        self.arranged(product(x, weight, self.window, self.is_transposed))
    }

    /// Aᵀ y. batch × outputs → batch × inputs.
    fn adjoint(&self, y: Tensor<2>) -> Tensor<2> {
        let y = match &self.order {
            None => y,
            Some(order) => order.undo(y),
        };
        product(y, self.weight.val(), self.window, !self.is_transposed)
    }

    /// Positions × channels → the order of the result.
    fn arranged(&self, y: Tensor<2>) -> Tensor<2> {
        match &self.order {
            None => y,
            Some(order) => order.apply(y),
        }
    }

    /// a without φ, and b at every place.
    fn parts(&self, x: Tensor<2>) -> (Tensor<2>, Tensor<1>) {
        let a = self.linear(x, self.weight.val());
        let width = a.dims()[1];
        let bias = repeated(self.bias.val(), width / self.bias.dims()[0]);
        (a, self.arranged(bias.reshape([1, width])).reshape([width]))
    }

    /// n: ‖row i of A‖² of every number of the result. 1 × outputs.
    fn squared_norms(&self) -> Tensor<2> {
        let weight = self.weight.val();
        let ones = weight.device().tensor(vec![1.0; self.inputs()], [1, self.inputs()]);
        self.linear(ones, weight.square())
    }
}

impl Layer for Convolution {
    fn inputs(&self) -> usize {
        match self.is_transposed {
            true => self.window.positions() * self.weight.dims()[0],
            false => self.window.image(),
        }
    }

    fn outputs(&self) -> usize {
        match self.is_transposed {
            true => self.window.image(),
            false => self.window.positions() * self.weight.dims()[0],
        }
    }

    fn activation(&self) -> Activation {
        self.activation
    }

    fn multiplications(&self) -> usize {
        let [channels, patch] = self.weight.dims();
        self.window.positions() * channels * patch
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let (a, bias) = self.parts(x);
        activate(a, bias, self.activation)
    }

    fn trace(&self, x: Tensor<2>) -> LayerTrace {
        let (a, bias) = self.parts(x);
        LayerTrace::of(self.activation, |activation| activate(a, bias, activation))
    }

    fn vjp(&self, cotangents: Tensor<3>, derivative: Tensor<2>) -> Tensor<3> {
        let [batch, k, outputs] = cotangents.dims();
        let scaled = scale_block(cotangents, derivative);
        self.adjoint(scaled.reshape([batch * k, outputs])).reshape([batch, k, self.inputs()])
    }

    fn jvp(&self, tangent: Tensor<2>, derivative: Tensor<2>) -> Tensor<2> {
        derivative * self.linear(tangent, self.weight.val())
    }

    fn jacobian(&self, derivative: Tensor<2>) -> Tensor<3> {
        let rows = self.adjoint(unit_matrix(self.outputs(), &derivative.device()));
        derivative.unsqueeze_dim::<3>(2) * rows.unsqueeze_dim::<3>(0)
    }

    fn squared_jacobian(&self, derivative: Tensor<2>) -> Tensor<1> {
        (derivative.square() * self.squared_norms()).sum_dim(1).squeeze_dim::<1>(1)
    }
}

/// `values` one after the other, `times` times.
fn repeated(values: Tensor<1>, times: usize) -> Tensor<1> {
    let width = values.dims()[0];
    values.unsqueeze_dim::<2>(0).expand([times, width]).reshape([times * width])
}

/// φ(a + b).
fn activate(a: Tensor<2>, bias: Tensor<1>, activation: Activation) -> Tensor<2> {
    if fused::is_supported(&a) {
        return fused::activate(a, bias, activation);
    }
    activation.forward(a + bias.unsqueeze_dim::<2>(0))
}

/// gather(x) Wᵀ, or fold(x W) if transposed: images, one a row.
///
/// With a stride of 1 each is the other with the roles of image and positions exchanged; the one
/// with the smaller patches is computed.
fn product(x: Tensor<2>, weight: Tensor<2>, window: Window, is_transposed: bool) -> Tensor<2> {
    let [outputs, patch] = weight.dims();
    let smaller = outputs < window.channels;
    if let Some(exchanged) = window.exchanged(outputs).filter(|_| smaller) {
        let (taps, channels) = (window.taps(), window.channels);
        let flipped = weight.reshape([outputs, taps, channels]).flip(1).swap_dims(0, 2);
        return directly(x, flipped.reshape([channels, taps * outputs]), exchanged, !is_transposed);
    }
    debug_assert_eq!(patch, window.patch());
    directly(x, weight, window, is_transposed)
}

fn directly(x: Tensor<2>, weight: Tensor<2>, window: Window, is_transposed: bool) -> Tensor<2> {
    let ([batch, width], [outputs, _]) = (x.dims(), weight.dims());
    match (fused::is_supported(&x), is_transposed) {
        (true, false) => fused::convolve(x, weight, window),
        (true, true) => fused::convolve_transposed(x, weight, window),
        (false, false) => {
            let y = x.gather(window).matmul(weight.transpose());
            y.reshape([batch, window.positions() * outputs])
        }
        (false, true) => x.reshape([batch * width / outputs, outputs]).matmul(weight).fold(window),
    }
}
