//! A model of the rows of a table, of which new rows are drawn.
//!
//! A row is one code for each part of the table, and a normal score where the code says "a number"
//! (see [`diabolo_data::synthetic`](crate::data::synthetic)). The decoder is masked: a part sees
//! the latent code and the parts before it,
//!
//! ```text
//! p(x | z) = Π_j p(c_j | z, x_<j) p(s_j | c_j, z, x_<j)
//! c_j ~ softmax,   s_j ~ Σ_k w_k Logistic(m_k, e^{t_k})   (as in Salimans et al. 2017, eq. 1)
//! ```
//!
//! with w, m, t and the logits from a network per part ([`Head`]) on the embeddings of those parts,
//! as in MADE (Germain et al. 2015), but without shared hidden units. The objective is the negative
//! ELBO, or without a latent code −log p(x), in nats per example.

mod calibrate;
mod calibration;
mod draw;
mod head;
mod loss;

pub use calibration::{Calibration, PartCalibration};
pub use draw::{Drawn, PartCondition};
pub use head::Head;

use crate::data::Encoded;
use crate::data::synthetic::{Coded, TableCodec};
use crate::model::SynthesizeConfig;
use crate::module;
use crate::nn::{Activation, Sequential};
use crate::random::{Stream, standard_normal};
use crate::stats::elementary::double::{inverse_normal_cdf, ln};
use crate::tensor::{Device, Param, Tensor};

/// Logistic components of a number.
pub(crate) const COMPONENTS: usize = 10;
/// Knots of the piecewise linear features of a normal score.
const KNOTS: usize = 16;
/// 1, the score, and its excess over each knot.
const FEATURES: usize = KNOTS + 2;
/// Numbers that embed a part, at most, and of a whole row, about.
const EMBEDDING: usize = 16;
const ROW: usize = 1024;

/// What a part looks like to the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartShape {
    /// Its codes.
    pub codes: usize,
    /// Whether the last code is a number, with a normal score.
    pub numbers: bool,
}

impl PartShape {
    /// The parts of a codec.
    pub fn of(codec: &TableCodec) -> Vec<PartShape> {
        let shape = |part: &crate::data::synthetic::Part| PartShape {
            codes: part.codes(),
            numbers: part.numbers.is_some(),
        };
        codec.parts.iter().map(shape).collect()
    }

    /// The width of its head: logits, then weights, means and log scales.
    fn outputs(self) -> usize {
        self.codes + if self.numbers { 3 * COMPONENTS } else { 0 }
    }
}

/// The model; see the [module](self).
#[derive(Clone, Debug)]
pub struct TableModel {
    /// The embedding of every code of every part: Σ codes × width.
    levels: Param<2>,
    /// The embedding of the features of a normal score, for each part with numbers.
    numbers: Vec<Param<2>>,
    /// p(x_j | z, x_<j), for each part.
    heads: Vec<Head>,
    /// The hidden layers of q(z|x), then means and log variances.
    encoder: Option<Sequential>,
    shapes: Vec<PartShape>,
    kl_weight: f64,
    autoregressive: bool,
    latent_dim: usize,
}
module!(TableModel { levels, numbers, heads, encoder });

impl TableModel {
    /// A model for these parts.
    pub fn new(shapes: &[PartShape], config: &SynthesizeConfig, noise: &mut Stream, device: &Device) -> Self {
        let parts = shapes.len();
        let width = (ROW / parts.max(1)).clamp(4, EMBEDDING);
        let codes: usize = shapes.iter().map(|shape| shape.codes).sum();
        let mut normal = |rows: usize, deviation: f32| {
            let values: Vec<f32> = standard_normal(noise, rows * width);
            let scaled: Vec<f32> = values.into_iter().map(|x| x * deviation).collect();
            Param::from_tensor(device.tensor(scaled, [rows, width]))
        };
        let levels = normal(codes, 0.3);
        let numbers = shapes.iter().filter(|shape| shape.numbers).map(|_| normal(FEATURES, 0.25)).collect();
        let seen = |part: usize| if config.autoregressive { part * width } else { 0 };
        let head = |(part, shape): (usize, &PartShape)| {
            Head::new(config.latent_dim + seen(part), config.hidden, *shape, noise, device)
        };
        let heads = shapes.iter().enumerate().map(head).collect();
        let encoder = (config.latent_dim > 0).then(|| {
            let widths = [parts * width, config.hidden, config.hidden, 2 * config.latent_dim];
            Sequential::new(&widths, Activation::Silu, Activation::Identity, noise, device)
        });
        TableModel {
            levels,
            numbers,
            heads,
            encoder,
            shapes: shapes.to_vec(),
            kl_weight: config.kl_weight,
            autoregressive: config.autoregressive,
            latent_dim: config.latent_dim,
        }
    }

    /// Sets the biases of the heads such that every part starts with its shares in these rows.
    pub fn start_at(&mut self, rows: &Coded, device: &Device) {
        let parts = self.shapes.len();
        for (part, head) in self.heads.iter_mut().enumerate() {
            let shape = self.shapes[part];
            let mut counts = vec![0.5f64; shape.codes];
            rows.codes.iter().skip(part).step_by(parts).for_each(|code| counts[*code as usize] += 1.0);
            let total: f64 = counts.iter().sum();
            let mut bias: Vec<f32> = counts.iter().map(|count| ln(count / total) as f32).collect();
            if shape.numbers {
                let spread = |k: usize| inverse_normal_cdf((k as f64 + 0.5) / COMPONENTS as f64) as f32;
                bias.extend([0.0; COMPONENTS]);
                bias.extend((0..COMPONENTS).map(spread));
                bias.extend([-1.2; COMPONENTS]);
            }
            head.set_bias(bias, device);
        }
    }

    /// The number of parts.
    pub fn parts(&self) -> usize {
        self.shapes.len()
    }

    /// Dimensions of the latent code.
    pub fn latent_dim(&self) -> usize {
        self.latent_dim
    }

    /// The width of the embedding of a part.
    fn width(&self) -> usize {
        self.levels.dims()[1]
    }

    /// The embedding of one part of rows: rows × width.
    fn embed(&self, part: usize, codes: &[u32], scores: Option<&[f32]>, device: &Device) -> Tensor<2> {
        let first: usize = self.shapes[..part].iter().map(|shape| shape.codes).sum();
        let places: Vec<usize> = codes.iter().map(|code| first + *code as usize).collect();
        let levels = self.levels.val().select(0, &places);
        let Some(scores) = scores else { return levels };
        let number = self.shapes[part].codes as u32 - 1;
        let mut features = Vec::with_capacity(codes.len() * FEATURES);
        for (code, score) in codes.iter().zip(scores) {
            let before = features.len();
            features.extend([1.0, *score]);
            features.extend(knots().map(|knot| (score - knot).max(0.0)));
            if *code != number {
                features[before..].fill(0.0);
            }
        }
        let features = device.tensor(features, [codes.len(), FEATURES]);
        let at = self.number_index(part);
        levels + features.matmul(self.numbers[at].val())
    }

    /// Which of the parts with numbers a part is.
    fn number_index(&self, part: usize) -> usize {
        self.shapes[..part].iter().filter(|shape| shape.numbers).count()
    }
}

/// Evenly spaced quantiles of the standard normal distribution.
fn knots() -> impl Iterator<Item = f32> {
    const AT: [f32; KNOTS] = [
        -1.8627319,
        -1.3180109,
        -1.0099902,
        -0.7764218,
        -0.57913214,
        -0.40225007,
        -0.23720211,
        -0.07841242,
        0.07841242,
        0.23720211,
        0.40225007,
        0.57913214,
        0.7764218,
        1.0099902,
        1.3180109,
        1.8627319,
    ];
    AT.into_iter()
}

/// Coded rows as the trainer takes them: the codes, then the scores.
pub fn encoded(coded: &Coded, parts: usize) -> Encoded {
    let rows = coded.codes.len() / parts;
    let numbers = coded.scores.len() / rows.max(1);
    let mut values = Vec::with_capacity(rows * (parts + numbers));
    for row in 0..rows {
        values.extend(coded.codes[row * parts..(row + 1) * parts].iter().map(|code| *code as f32));
        values.extend(&coded.scores[row * numbers..(row + 1) * numbers]);
    }
    Encoded::from_values(values, parts + numbers)
}

#[cfg(test)]
mod tests;
