//! One network of the multi-scale family, and what depends on the noise level.

use crate::model::Architecture;
use crate::module;
use crate::nn::{Activation, AnyLayer, Layer, Layers, Linear, Sequential};
use crate::random::{Stream, standard_normal};
use crate::tensor::{Device, Param, Tensor};

/// One network: f, g, and the input of the noise level.
#[derive(Clone, Debug)]
pub(crate) struct Denoiser {
    pub encoder: Sequential,
    pub decoder: Sequential,
    /// The weight of ½ log(σ / σ_min) for each unit of the first layer.
    pub level: Param<1>,
}
module!(Denoiser { encoder, decoder, level });

/// The coefficients that depend on σ; each rows × 1.
pub(crate) struct Level {
    /// c, the factor of the encoder input.
    pub shrink: Tensor<2>,
    /// ½ log(σ / σ_min).
    pub log: Tensor<2>,
    /// 1 / (1 + σ²).
    pub skip: Tensor<2>,
    /// σ / √(1 + σ²).
    pub spread: Tensor<2>,
}

impl Level {
    pub fn at(sigma: Tensor<2>, sigma_min: f64) -> Self {
        let total = sigma.clone().square() + 1.0;
        Level {
            shrink: (total.clone() * (1.0 / (1.0 + sigma_min * sigma_min))).sqrt().recip(),
            log: (sigma.clone() * (1.0 / sigma_min)).log() * 0.5,
            skip: total.clone().recip(),
            spread: sigma * total.sqrt().recip(),
        }
    }
}

impl Denoiser {
    pub fn new(architecture: &Architecture, outputs: usize, noise: &mut Stream, device: &Device) -> Self {
        let encoder: Sequential = architecture.encoder(noise, device).into_iter().map(lecun_scaled).collect();
        let widths = [architecture.latent_dim, outputs];
        let decoder = Sequential::new(&widths, Activation::Identity, Activation::Identity, noise, device);
        let width = encoder[0].outputs();
        let size = (architecture.inputs as f32).sqrt().recip();
        let level = standard_normal(noise, width).into_iter().map(|draw| size * draw).collect();
        Denoiser { encoder, decoder, level: Param::from_tensor(device.tensor(level, [width])) }
    }

    /// f(y, σ).
    pub fn encode(&self, y: Tensor<2>, level: &Level) -> Tensor<2> {
        let first = self.encoder[0].as_linear().expect("a fully connected encoder, as validated");
        let a = first.affine(y * level.shrink.clone(), Activation::Identity)
            + level.log.clone().matmul(self.level.val().unsqueeze_dim::<2>(0));
        self.encoder.iter().skip(1).collect::<Layers>().forward(first.activation().forward(a))
    }
}

/// The same layer with initial weights of variance 1 / inputs (LeCun et al. 1998) instead of 2 /
/// inputs, so that the initial network is closer to a linear one.
fn lecun_scaled(layer: AnyLayer) -> AnyLayer {
    match layer {
        AnyLayer::Linear(layer) => {
            let weight = layer.weight.val() * 0.5f64.sqrt();
            Linear::from_parts(weight, layer.bias.val(), layer.activation()).into()
        }
        other => other,
    }
}
