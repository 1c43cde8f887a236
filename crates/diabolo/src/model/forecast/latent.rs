//! What a linear forecast misses, by a denoising network through a latent code.

use crate::model::{Batch, Context, Trainable};
use crate::module;
use crate::nn::{Activation, AnyLayer, Linear, Sequential};
use crate::objective::{Corruption, Term};
use crate::random::Stream;
use crate::tensor::{Device, Tensor, to_host};

/// Width of the hidden layers, and of the code.
const HIDDEN: usize = 128;
const CODE: usize = 16;
/// Deviation of the noise on the standardised window in training.
const NOISE: f64 = 0.1;

/// The correction of a linear forecast:
///
/// ```text
/// y = l + A (x − l) + σ_x D(z),   z = f((x − l) / σ_x + noise in training),   l = x_W
/// ```
///
/// with σ_x the deviation within the window. D starts as 0, so that training starts from the linear
/// forecast. The loss is ½‖y − ŷ‖² in deviations of the *series*, the same for all of its windows:
/// in units of σ_x, quiet windows would count as much as those with large errors.
#[derive(Clone, Debug)]
pub struct LatentForecast {
    /// The standardised window → z.
    pub encoder: Sequential,
    /// z → D(z).
    pub decoder: Sequential,
}
module!(LatentForecast { encoder, decoder });

impl LatentForecast {
    /// A correction of 0 for windows of this length.
    pub fn new(window: usize, horizon: usize, noise: &mut Stream, device: &Device) -> Self {
        let (silu, none) = (Activation::Silu, Activation::Identity);
        let hidden = Linear::new(CODE, HIDDEN, silu, noise, device);
        let weight = device.tensor(vec![0.0; horizon * HIDDEN], [horizon, HIDDEN]);
        let output = Linear::from_parts(weight, device.tensor(vec![0.0; horizon], [horizon]), none);
        LatentForecast {
            encoder: Sequential::new(&[window, HIDDEN, CODE], silu, Activation::Tanh, noise, device),
            decoder: [hidden, output].map(AnyLayer::Linear).into_iter().collect(),
        }
    }

    /// The number of values of a window.
    pub fn window(&self) -> usize {
        self.encoder.inputs()
    }

    /// The number of steps.
    pub fn horizon(&self) -> usize {
        self.decoder.outputs()
    }

    /// The input of the network, (x − l) / σ_x.
    pub fn standardized(window: &[f64], deviation: f64) -> impl Iterator<Item = f32> {
        let last = window[window.len() - 1];
        window.iter().map(move |x| ((x - last) / deviation) as f32)
    }

    /// σ_x D(z) of a window.
    pub fn correction(&self, window: &[f64], deviation: f64, device: &Device) -> Vec<f64> {
        let x: Vec<f32> = Self::standardized(window, deviation).collect();
        let made = self.decode(device.tensor(x, [1, window.len()]));
        to_host(made).into_iter().map(|y| deviation * f64::from(y)).collect()
    }

    fn decode(&self, x: Tensor<2>) -> Tensor<2> {
        self.decoder.forward(self.encoder.forward(x))
    }
}

/// Rows are a standardised window, what the linear forecast misses at each step in deviations of
/// the series, and σ_x in the same unit.
impl Trainable for LatentForecast {
    fn loss(&self, batch: &Batch, context: &mut Context) -> Vec<Term> {
        let (window, horizon) = (self.window(), self.horizon());
        let mut x = batch.x.clone().narrow(1, 0, window);
        let missed = batch.x.clone().narrow(1, window, horizon);
        let deviation = batch.x.clone().narrow(1, window + horizon, 1);
        if context.training {
            x = Corruption::Gaussian { deviation: NOISE }.apply(x, context.noise, context.device);
        }
        let rows = missed.dims()[0];
        let made = self.decode(x) * deviation.expand([rows, horizon]);
        let error = (missed - made).square().sum_dim(1).squeeze_dim::<1>(1) * 0.5;
        vec![Term::new("squared_error", error)]
    }
}
