//! A layer of any kind, and what models ask of one beside [`Layer`].

use std::ops::Deref;

use crate::module;

use super::{Activation, Convolution, Gru, Layer, Linear, Lstm, Permutation, Residual};
use crate::random::Stream;
use crate::tensor::{Device, Param, Tensor};

/// A layer of any kind.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant, reason = "a model has few layers, and their weights are elsewhere")]
pub enum AnyLayer {
    /// Fully connected.
    Linear(Linear),
    /// A convolution or a transposed convolution.
    Convolution(Convolution),
    /// Convolutions beside a shortcut.
    Residual(Residual),
    /// A gated recurrent unit.
    Gru(Gru),
    /// A unit with long short-term memory.
    Lstm(Lstm),
    /// Another order of the numbers, without weights.
    Permutation(Permutation),
}
module!(AnyLayer = Linear | Convolution | Residual | Gru | Lstm | Permutation);

impl AnyLayer {
    /// The fully connected layer, if it is one.
    pub fn as_linear(&self) -> Option<&Linear> {
        match self {
            AnyLayer::Linear(layer) => Some(layer),
            _ => None,
        }
    }

    /// The same weights with another activation, of a layer with one.
    pub fn with_activation(self, activation: Activation) -> Self {
        match self {
            AnyLayer::Linear(layer) => AnyLayer::Linear(layer.with_activation(activation)),
            AnyLayer::Convolution(layer) => AnyLayer::Convolution(layer.with_activation(activation)),
            AnyLayer::Residual(_) | AnyLayer::Gru(_) | AnyLayer::Lstm(_) | AnyLayer::Permutation(_) => self,
        }
    }

    /// The same layer for rows with categories; see [`Linear::for_categories`].
    #[must_use]
    pub(crate) fn for_categories(self) -> Self {
        match self {
            AnyLayer::Linear(layer) => AnyLayer::Linear(layer.for_categories()),
            _ => self,
        }
    }

    /// The same layer with new random weights.
    pub fn fresh(&self, noise: &mut Stream, device: &Device) -> Self {
        match self {
            AnyLayer::Linear(layer) => {
                let fresh = Linear::new(layer.inputs(), layer.outputs(), layer.activation(), noise, device);
                if layer.weight.is_transposed() { fresh.for_categories().into() } else { fresh.into() }
            }
            AnyLayer::Convolution(layer) => AnyLayer::Convolution(layer.fresh(noise, device)),
            AnyLayer::Residual(layer) => AnyLayer::Residual(layer.fresh(noise, device)),
            AnyLayer::Gru(layer) => AnyLayer::Gru(layer.fresh(noise, device)),
            AnyLayer::Lstm(layer) => AnyLayer::Lstm(layer.fresh(noise, device)),
            AnyLayer::Permutation(layer) => AnyLayer::Permutation(layer.clone()),
        }
    }

    /// The same layer with all biases `value`; others are not the last of an encoder.
    pub fn with_biases(mut self, value: f32, device: &Device) -> Self {
        let bias = match &mut self {
            AnyLayer::Linear(layer) => &mut layer.bias,
            AnyLayer::Convolution(layer) => &mut layer.bias,
            AnyLayer::Residual(_) | AnyLayer::Gru(_) | AnyLayer::Lstm(_) | AnyLayer::Permutation(_) => {
                return self;
            }
        };
        let count = bias.dims()[0];
        *bias = Param::from_tensor(device.tensor(vec![value; count], [count]));
        self
    }

    /// Number of biases of [`tied`](Self::tied).
    pub fn tied_biases(&self) -> usize {
        match self {
            AnyLayer::Convolution(layer) => layer.input_channels(),
            _ => self.inputs(),
        }
    }

    /// φ(Aᵀ h + b), A the linear map of this layer: the decoder layer of a tied autoencoder. batch
    /// × outputs → batch × inputs.
    ///
    /// # Panics
    /// For layers without a transpose: tied networks of them are refused.
    pub fn tied(&self, h: Tensor<2>, bias: Tensor<1>, activation: Activation) -> Tensor<2> {
        match self {
            AnyLayer::Linear(layer) => layer.tied(h, bias, activation),
            AnyLayer::Convolution(layer) => layer.tied(h, bias, activation),
            AnyLayer::Residual(_) | AnyLayer::Gru(_) | AnyLayer::Lstm(_) | AnyLayer::Permutation(_) => {
                panic!("layers without a transpose are not tied")
            }
        }
    }
}

impl From<Linear> for AnyLayer {
    fn from(layer: Linear) -> Self {
        AnyLayer::Linear(layer)
    }
}

impl From<Convolution> for AnyLayer {
    fn from(layer: Convolution) -> Self {
        AnyLayer::Convolution(layer)
    }
}

impl From<Residual> for AnyLayer {
    fn from(layer: Residual) -> Self {
        AnyLayer::Residual(layer)
    }
}

impl From<Lstm> for AnyLayer {
    fn from(layer: Lstm) -> Self {
        AnyLayer::Lstm(layer)
    }
}

impl From<Gru> for AnyLayer {
    fn from(layer: Gru) -> Self {
        AnyLayer::Gru(layer)
    }
}

impl From<Permutation> for AnyLayer {
    fn from(layer: Permutation) -> Self {
        AnyLayer::Permutation(layer)
    }
}

impl Deref for AnyLayer {
    type Target = dyn Layer;

    fn deref(&self) -> &Self::Target {
        match self {
            AnyLayer::Linear(layer) => layer,
            AnyLayer::Convolution(layer) => layer,
            AnyLayer::Residual(layer) => layer,
            AnyLayer::Gru(layer) => layer,
            AnyLayer::Lstm(layer) => layer,
            AnyLayer::Permutation(layer) => layer,
        }
    }
}
