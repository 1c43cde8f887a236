//! The layers of an architecture.
//!
//! ```text
//! encoder   row [→ stem] → hidden → code
//! decoder   code → hidden, reversed [→ stem, reversed] → likelihood
//! ```
//! Convolutions halve the height and width of the image, transposed convolutions double them with
//! the same windows, from a feature map; the decoder's last layer is a convolution at full
//! resolution. A code as large as the feature map, without hidden layers, is the feature map
//! itself. In a fully convolutional network the code is a map of the same height and width, to and
//! from which convolutions with windows of one pixel lead.
//! A window is an image of one column, its steps one below the other.
//!
//! Residual blocks (He et al. 2016) take the place of convolutions; dilated ones (Yu & Koltun 2016;
//! Bai et al. 2018) keep all steps of a window.
//!
//! Recurrent layers read the steps of a window, the last returns its last state. The decoder's
//! first recurrent layer reads the same vector at every step (Sutskever et al. 2014; Cho et al.
//! 2014), and one linear map gives the outputs of every step.

use super::settings::{ConvolutionKind, Convolutions, Recurrent, RecurrentCell, Stem};
use super::{Architecture, FamilyConfig};
use crate::distribution::{Family, LikelihoodBlock};
use crate::nn::{
    Activation, AnyLayer, Convolution, Gru, Image, Linear, Lstm, Permutation, Residual, Sequential, Steps,
    Window,
};
use crate::objective::LayerSize;
use crate::random::Stream;
use crate::tensor::Device;

impl Architecture {
    fn convolutions(&self) -> Option<&Convolutions> {
        match &self.stem {
            Some(Stem::Convolution(convolutions)) => Some(convolutions),
            _ => None,
        }
    }

    /// Whether the code is the feature map of the convolutions.
    pub fn code_is_feature_map(&self) -> bool {
        let plain = self.convolutions().filter(|c| c.kind == ConvolutionKind::Plain);
        let map = plain.map(|c| c.feature_map().numbers());
        self.hidden.is_empty() && map == Some(self.latent_dim) && !self.family.is_variational()
    }

    /// The layout of a code that is a map of its own, in fully convolutional networks.
    fn code_map(&self) -> Option<Image> {
        self.convolutions()?.code_map(self.latent_dim)
    }

    /// Whether codes under a standard normal prior are maps, whose positions depend on each other;
    /// of at most 2,048 numbers, since their covariance is kept.
    pub fn has_dependent_codes(&self) -> bool {
        const MOST: usize = 2048;
        let is_normal = match &self.family {
            FamilyConfig::Variational(config) => config.has_closed_form(),
            _ => false,
        };
        is_normal && self.code_map().is_some() && self.latent_dim <= MOST
    }

    /// Last hidden layer of the encoder → code.
    pub(super) fn code_layer(&self, activation: Activation, noise: &mut Stream, device: &Device) -> AnyLayer {
        match (self.code_map(), self.convolutions()) {
            (Some(code), Some(convolutions)) => {
                let window = convolutions.feature_map().window(1, 1);
                Convolution::new(window, code.channels, activation, noise, device).into()
            }
            _ => Linear::new(self.top(), self.latent_dim, activation, noise, device).into(),
        }
    }

    /// Width of the input of the first fully connected layer.
    fn features(&self) -> usize {
        let seen = self.inputs.saturating_add(self.condition);
        self.stem.as_ref().map_or(seen, Stem::features)
    }

    /// Width of the last hidden layer.
    pub(super) fn top(&self) -> usize {
        self.hidden.last().copied().unwrap_or(self.features())
    }

    /// x → last hidden layer.
    pub(super) fn hidden_encoder(&self, noise: &mut Stream, device: &Device) -> Sequential {
        let mut layers: Vec<AnyLayer> = vec![];
        layers.extend(self.arrangement().map(AnyLayer::from));
        match &self.stem {
            Some(Stem::Convolution(convolutions)) => {
                for (window, &channels) in convolutions.windows().into_iter().zip(&convolutions.channels) {
                    layers.push(match convolutions.kind {
                        ConvolutionKind::Plain => {
                            Convolution::new(window, channels, self.activation, noise, device).into()
                        }
                        ConvolutionKind::Residual | ConvolutionKind::Dilated => {
                            Residual::new(window, channels, self.activation, noise, device).into()
                        }
                    });
                }
            }
            Some(Stem::Recurrent(recurrent)) => {
                for (k, (inputs, units)) in recurrent.widths().enumerate() {
                    let kind = if k + 1 == recurrent.units.len() { Steps::Last } else { Steps::Each };
                    layers.push(recurrent_layer(recurrent, inputs, units, kind, noise, device));
                }
            }
            None => {}
        }
        let widths = [self.features()].iter().chain(&self.hidden).copied().collect();
        self.add_dense(&mut layers, widths, noise, device);
        self.reading_rows(layers)
    }

    /// From rows to what the first layers of the stem read: windows step by step, without the
    /// condition, which the decoder alone gets there. Layers whose Jacobian is no φ′(a) A are never
    /// the first.
    fn arrangement(&self) -> Option<Permutation> {
        let stem = self.stem.as_ref()?;
        let is_residual = self.convolutions().is_some_and(|c| c.kind != ConvolutionKind::Plain);
        let order = match stem.sequence() {
            Some(sequence) => sequence.order.clone(),
            None if is_residual || self.condition > 0 => (0..self.inputs).collect(),
            None => return None,
        };
        Some(Permutation::new(order).ignoring(self.condition))
    }

    /// The layers, the first of which reads the rows.
    fn reading_rows(&self, mut layers: Vec<AnyLayer>) -> Sequential {
        if self.reads_categories() && !layers.is_empty() {
            let first = layers.remove(0).for_categories();
            layers.insert(0, first);
        }
        layers.into_iter().collect()
    }

    /// Whether rows have categories that the first layer reads by their positions. The inputs of a
    /// multi-scale model have noise in every column.
    pub(super) fn reads_categories(&self) -> bool {
        let is_category =
            |block: &LikelihoodBlock| matches!(block.family, Family::Categorical | Family::Ordinal);
        self.likelihood.iter().any(is_category) && self.family.decodes_codes()
    }

    /// x → code, for deterministic families.
    pub(super) fn encoder(&self, noise: &mut Stream, device: &Device) -> Sequential {
        let mut layers: Vec<AnyLayer> = self.hidden_encoder(noise, device).into_iter().collect();
        if self.code_is_feature_map() {
            let code = layers.pop().map(|layer| layer.with_activation(self.latent_activation));
            return layers.into_iter().chain(code).collect();
        }
        layers.push(self.code_layer(self.latent_activation, noise, device));
        self.reading_rows(layers)
    }

    /// Code → last hidden layer of the decoder.
    pub(super) fn hidden_decoder(&self, noise: &mut Stream, device: &Device) -> Sequential {
        let mut layers = vec![];
        let mut widths = vec![self.latent_dim + self.condition];
        widths.extend(self.hidden.iter().rev());
        if self.convolutions().is_some() && !self.code_is_feature_map() {
            widths.push(self.features());
        }
        let top = widths[widths.len() - 1];
        match (self.code_map(), self.convolutions()) {
            (Some(code), Some(convolutions)) => {
                let channels = convolutions.feature_map().channels;
                let window = code.window(1, 1);
                layers.push(Convolution::new(window, channels, self.activation, noise, device).into());
            }
            _ => self.add_dense(&mut layers, widths, noise, device),
        }
        match &self.stem {
            Some(Stem::Convolution(convolutions)) => {
                // From the channels of a layer to those of the next below, the first's remain.
                let mut from = convolutions.feature_map().channels;
                for (window, &channels) in
                    convolutions.windows().into_iter().zip(&convolutions.channels).rev()
                {
                    let window = Window { channels, ..window };
                    layers.push(match convolutions.kind {
                        ConvolutionKind::Plain => {
                            Convolution::transposed(window, from, self.activation, noise, device).into()
                        }
                        ConvolutionKind::Residual | ConvolutionKind::Dilated => {
                            Residual::transposed(window, from, self.activation, noise, device).into()
                        }
                    });
                    from = channels;
                }
            }
            Some(Stem::Recurrent(recurrent)) => {
                let (mut inputs, mut kind) = (top, Steps::Repeated);
                for &units in recurrent.units.iter().rev() {
                    layers.push(recurrent_layer(recurrent, inputs, units, kind, noise, device));
                    (inputs, kind) = (units, Steps::Each);
                }
            }
            None => {}
        }
        layers.into_iter().collect()
    }

    /// Last hidden layer of the decoder → `parameters` of the likelihood.
    pub(super) fn output(&self, parameters: usize, noise: &mut Stream, device: &Device) -> AnyLayer {
        let none = Activation::Identity;
        let Some(stem) = &self.stem else {
            let width = self.hidden.first().copied().unwrap_or(self.latent_dim + self.condition);
            return Linear::new(width, parameters, none, noise, device).into_output().into();
        };
        let (image, kernel) = match stem {
            Stem::Convolution(convolutions) => {
                let channels = convolutions.channels.first().copied().unwrap_or(1);
                (Image { channels, ..convolutions.image }, convolutions.kernel)
            }
            Stem::Recurrent(Recurrent { sequence, units, .. }) => {
                (Image { height: sequence.steps, width: 1, channels: units[0] }, 1)
            }
        };
        let places = image.height * image.width;
        let layer = Convolution::new(image.window(kernel, 1), parameters / places, none, noise, device);
        let order = stem.sequence().map(|sequence| sequence.parameter_order(&self.likelihood));
        match order {
            Some(order) => layer.with_order(order.expect("as validated")).into(),
            None => layer.with_planes(parameters / self.inputs).into(),
        }
    }

    /// Fully connected layers of these widths.
    fn add_dense(&self, layers: &mut Vec<AnyLayer>, widths: Vec<usize>, noise: &mut Stream, device: &Device) {
        layers.extend(Sequential::new(&widths, self.activation, self.activation, noise, device));
    }

    /// The cost of each layer from x to the code.
    pub(super) fn encoder_sizes(&self) -> Vec<LayerSize> {
        let mut sizes: Vec<LayerSize> = vec![];
        match &self.stem {
            Some(Stem::Convolution(convolutions)) => {
                let images = convolutions.images();
                sizes.extend(convolutions.windows().iter().zip(&images[1..]).map(|(window, image)| {
                    let weights = convolutions.layer_weights(*window, image.channels);
                    let multiplications = image.height * image.width * weights;
                    LayerSize { outputs: image.numbers(), multiplications }
                }));
            }
            Some(Stem::Recurrent(recurrent)) => {
                let steps = recurrent.sequence.steps;
                sizes.extend(recurrent.widths().map(|(inputs, units)| LayerSize {
                    outputs: steps * units,
                    multiplications: steps * recurrent.layer_weights(inputs, units),
                }));
            }
            None => {}
        }
        sizes.extend(LayerSize::dense(&self.dense_widths()));
        sizes.extend(self.code_map().map(|_| LayerSize {
            outputs: self.latent_dim,
            multiplications: self.latent_dim * self.feature_channels(),
        }));
        sizes
    }

    /// A lower bound on the number of weights: the encoder's matrices, codebooks, priors and flows.
    pub fn least_parameters(&self) -> usize {
        let more = match &self.family {
            FamilyConfig::VectorQuantized(config) => config.numbers(self.latent_dim),
            FamilyConfig::Variational(config) => {
                let seen = self.inputs.saturating_add(self.condition);
                config.numbers(seen, self.top(), self.latent_dim)
            }
            _ => 0,
        };
        let to_code = self.code_map().map_or(0, |code| code.channels.saturating_mul(self.feature_channels()));
        let stem = self.stem.as_ref().map_or(0, Stem::weights).saturating_add(to_code);
        let dense = self.dense_widths();
        let products = dense.windows(2).map(|w| w[0].saturating_mul(w[1]));
        products.fold(more.saturating_add(stem), usize::saturating_add)
    }

    /// Channels of the last convolution.
    fn feature_channels(&self) -> usize {
        self.convolutions().map_or(0, |convolutions| convolutions.feature_map().channels)
    }

    /// Widths of the fully connected layers from the features to the code, without any for a code
    /// that is a map.
    fn dense_widths(&self) -> Vec<usize> {
        let mut widths = vec![self.features()];
        widths.extend(&self.hidden);
        if !self.code_is_feature_map() && self.code_map().is_none() {
            widths.push(self.latent_dim);
        }
        widths
    }

    /// The layout of the row and of the result of each layer of the encoder, such as 28×28×1,
    /// 14×14×32, 20.
    pub fn encoder_shapes(&self) -> Vec<String> {
        let mut shapes = match &self.stem {
            None => vec![self.inputs.to_string()],
            Some(Stem::Convolution(convolutions)) => {
                let images = convolutions.images().into_iter().chain(self.code_map());
                images.map(|i| format!("{}×{}×{}", i.height, i.width, i.channels)).collect()
            }
            Some(Stem::Recurrent(Recurrent { sequence, units, .. })) => {
                let (last, others) = units.split_last().expect("at least one layer");
                let each = [sequence.features()].into_iter().chain(others.iter().copied());
                each.map(|width| format!("{}×{width}", sequence.steps)).chain([last.to_string()]).collect()
            }
        };
        shapes.extend(self.dense_widths()[1..].iter().map(usize::to_string));
        shapes
    }
}

/// One layer of `units` over the steps of a window.
fn recurrent_layer(
    recurrent: &Recurrent,
    inputs: usize,
    units: usize,
    kind: Steps,
    noise: &mut Stream,
    device: &Device,
) -> AnyLayer {
    let steps = recurrent.sequence.steps;
    match recurrent.cell {
        RecurrentCell::Gru => Gru::new(inputs, units, steps, kind, noise, device).into(),
        RecurrentCell::Lstm => Lstm::new(inputs, units, steps, kind, noise, device).into(),
    }
}
