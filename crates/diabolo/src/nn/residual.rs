//! A block of convolutions beside a shortcut, and products with its Jacobian.
//!
//! ```text
//! h = s(x) + B φ(a)          a = A x + b          ∂h/∂x = S + B diag(φ′(a)) A
//! ```
//! s is the identity, or one linear convolution where the layout changes; A and B are convolutions
//! (He et al. 2016, "Identity mappings", without normalization, which would couple rows). B is 0 at
//! first, so that every block starts as its shortcut (Zhang et al. 2019, "Fixup").

use crate::module;

use super::{Activation, Convolution, Image, Layer, LayerTrace, Window};
use crate::random::Stream;
use crate::tensor::{Device, Tensor};

/// A residual block.
#[derive(Clone, Debug)]
pub struct Residual {
    /// A, b and φ.
    pub first: Convolution,
    /// B, linear.
    pub second: Convolution,
    /// s, unless it is the identity.
    pub shortcut: Option<Convolution>,
}
module!(Residual { first, second, shortcut });

impl Residual {
    /// From images of `window` to `channels` numbers at each of its positions.
    pub fn new(
        window: Window,
        channels: usize,
        activation: Activation,
        noise: &mut Stream,
        device: &Device,
    ) -> Self {
        let mut layer = |window, activation| Convolution::new(window, channels, activation, noise, device);
        let first = layer(window, activation);
        let second = layer(inner_window(window, channels), Activation::Identity).zeroed(device);
        let shortcut = shortcut_window(window, channels).map(|window| layer(window, Activation::Identity));
        Self::from_parts(first, second, shortcut)
    }

    /// From `channels` numbers at each position of `window` to its images.
    pub fn transposed(
        window: Window,
        channels: usize,
        activation: Activation,
        noise: &mut Stream,
        device: &Device,
    ) -> Self {
        let first = Convolution::new(inner_window(window, channels), channels, activation, noise, device);
        let mut linear =
            |window| Convolution::transposed(window, channels, Activation::Identity, noise, device);
        let second = linear(window).zeroed(device);
        let shortcut = shortcut_window(window, channels).map(linear);
        Self::from_parts(first, second, shortcut)
    }

    /// A block of given layers.
    ///
    /// # Panics
    /// If they do not fit each other.
    pub fn from_parts(first: Convolution, second: Convolution, shortcut: Option<Convolution>) -> Self {
        assert_eq!(first.outputs(), second.inputs(), "one convolution after the other");
        let beside = shortcut.as_ref().map_or([first.inputs(); 2], |s| [s.inputs(), s.outputs()]);
        assert_eq!(beside, [first.inputs(), second.outputs()], "a shortcut beside them");
        Residual { first, second, shortcut }
    }

    /// The same block with new random weights.
    pub fn fresh(&self, noise: &mut Stream, device: &Device) -> Self {
        let first = self.first.fresh(noise, device);
        let second = self.second.clone().zeroed(device);
        let shortcut = self.shortcut.as_ref().map(|layer| layer.fresh(noise, device));
        Residual { first, second, shortcut }
    }

    /// s(x).
    fn beside(&self, x: Tensor<2>) -> Tensor<2> {
        match &self.shortcut {
            None => x,
            Some(shortcut) => shortcut.forward(x),
        }
    }

    /// Weights of a block with these windows.
    pub(crate) fn weights(window: Window, channels: usize) -> usize {
        let of = |window: Window| channels.saturating_mul(window.patch());
        let shortcut = shortcut_window(window, channels).map_or(0, of);
        of(window).saturating_add(of(inner_window(window, channels))).saturating_add(shortcut)
    }
}

/// The convolution of a block that keeps the layout: as wide as the other, on whose positions it
/// is; of one number where that is dilated and looks around for both.
fn inner_window(window: Window, channels: usize) -> Window {
    let kernel = if is_strided(window) { window.rows.kernel.max(window.columns.kernel) } else { 1 };
    let [height, width] = [window.rows.positions(), window.columns.positions()];
    Image { height, width, channels }.window(kernel, 1)
}

/// The shortcut's window; `None` for the identity. With a stride, squares side by side.
fn shortcut_window(window: Window, channels: usize) -> Option<Window> {
    let stride = window.rows.stride.max(window.columns.stride);
    let image = Image { height: window.rows.length, width: window.columns.length, channels: window.channels };
    (is_strided(window) || channels != window.channels).then(|| image.window(stride, stride))
}

fn is_strided(window: Window) -> bool {
    window.rows.stride.max(window.columns.stride) > 1
}

/// The derivative of a linear layer.
fn ones_for(layer: &Convolution, rows: usize, device: &Device) -> Tensor<2> {
    device.tensor(vec![1.0], [1, 1]).expand([rows, layer.outputs()])
}

impl Layer for Residual {
    fn inputs(&self) -> usize {
        self.first.inputs()
    }

    fn outputs(&self) -> usize {
        self.second.outputs()
    }

    /// That of the sum.
    fn activation(&self) -> Activation {
        Activation::Identity
    }

    fn multiplications(&self) -> usize {
        let shortcut = self.shortcut.as_ref().map_or(0, Layer::multiplications);
        self.first.multiplications() + self.second.multiplications() + shortcut
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.beside(x.clone()) + self.second.forward(self.first.forward(x))
    }

    /// `derivative`: φ′(a), as wide as a.
    fn trace(&self, x: Tensor<2>) -> LayerTrace {
        let LayerTrace { output, derivative } = self.first.trace(x.clone());
        LayerTrace { output: self.beside(x) + self.second.forward(output), derivative }
    }

    fn vjp(&self, cotangents: Tensor<3>, derivative: Tensor<2>) -> Tensor<3> {
        let through = |layer: &Convolution| {
            let ones = ones_for(layer, derivative.dims()[0], &derivative.device());
            layer.vjp(cotangents.clone(), ones)
        };
        let beside = self.shortcut.as_ref().map_or_else(|| cotangents.clone(), through);
        beside + self.first.vjp(through(&self.second), derivative)
    }

    fn jvp(&self, tangent: Tensor<2>, derivative: Tensor<2>) -> Tensor<2> {
        let along = |layer: &Convolution, tangent: Tensor<2>| {
            let ones = ones_for(layer, tangent.dims()[0], &tangent.device());
            layer.jvp(tangent, ones)
        };
        let beside = match &self.shortcut {
            None => tangent.clone(),
            Some(shortcut) => along(shortcut, tangent.clone()),
        };
        beside + along(&self.second, self.first.jvp(tangent, derivative))
    }
}
