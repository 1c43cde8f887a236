//! The objective: the negative log-likelihood of a row's codes and scores, part by part.

use super::{COMPONENTS, PartShape, TableModel};
use crate::model::{Batch, Context, Trainable};
use crate::objective::Term;
use crate::random::standard_normal;
use crate::tensor::{Device, Tensor, log_sum_exp, softplus, to_host};

/// The smallest log scale of a component, in normal scores.
pub(super) const LEAST_LOG_SCALE: f64 = -7.0;
/// Log variances of the latent code.
const LOG_VARIANCES: (f64, f64) = (-8.0, 4.0);

/// The codes and scores of a batch, part by part.
struct Cells {
    codes: Vec<Vec<u32>>,
    scores: Vec<Option<Vec<f32>>>,
}

/// q(z|x) of a batch.
pub(super) struct Posterior {
    pub mean: Tensor<2>,
    pub log_variance: Tensor<2>,
}

impl Posterior {
    /// A draw.
    pub fn draw(&self, epsilon: Tensor<2>) -> Tensor<2> {
        self.mean.clone() + (self.log_variance.clone() * 0.5).exp() * epsilon
    }

    /// KL(q ‖ N(0, I)) = ½ Σ (μ² + σ² − 1 − log σ²).
    fn divergence(&self) -> Tensor<1> {
        let terms = self.mean.clone().square() + self.log_variance.clone().exp()
            - self.log_variance.clone()
            - self.mean.ones_like();
        terms.sum_dim(1).squeeze_dim::<1>(1) * 0.5
    }
}

impl TableModel {
    fn cells(&self, x: &Tensor<2>) -> Cells {
        let [rows, width] = x.dims();
        let (values, parts) = (to_host(x.clone()), self.parts());
        let column = |at: usize| (0..rows).map(|row| values[row * width + at]).collect::<Vec<f32>>();
        let codes = (0..parts).map(|part| column(part).into_iter().map(|code| code as u32).collect());
        let scores = self
            .shapes
            .iter()
            .enumerate()
            .map(|(part, shape)| shape.numbers.then(|| column(parts + self.number_index(part))));
        Cells { codes: codes.collect(), scores: scores.collect() }
    }

    /// The embeddings of all parts: rows × (parts · width).
    fn embeddings(&self, cells: &Cells, device: &Device) -> Tensor<2> {
        let embed = |part: usize| self.embed(part, &cells.codes[part], cells.scores[part].as_deref(), device);
        Tensor::cat((0..self.parts()).map(embed).collect(), 1)
    }

    fn posterior_of(&self, embeddings: Tensor<2>) -> Option<Posterior> {
        let encoder = self.encoder.as_ref()?;
        let made = encoder.forward(embeddings);
        let (low, high) = LOG_VARIANCES;
        let mean = made.clone().narrow(1, 0, self.latent_dim);
        let log_variance = made.narrow(1, self.latent_dim, self.latent_dim).clamp(low, high);
        Some(Posterior { mean, log_variance })
    }

    /// What a head sees: the latent code, and the embeddings of the parts before.
    pub(super) fn seen(
        &self,
        part: usize,
        z: Option<&Tensor<2>>,
        embeddings: Option<&Tensor<2>>,
    ) -> Vec<Tensor<2>> {
        let before = part * self.width();
        let earlier = embeddings.filter(|_| self.autoregressive && part > 0);
        let earlier = earlier.map(|all| all.clone().narrow(1, 0, before));
        z.cloned().into_iter().chain(earlier).collect()
    }
}

/// Joins what a head sees; a 0 for nothing.
pub(super) fn joined(seen: Vec<Tensor<2>>, rows: usize, device: &Device) -> Tensor<2> {
    match seen.len() {
        0 => device.tensor(vec![0.0; rows], [rows, 1]),
        1 => seen.into_iter().next().expect("one"),
        _ => Tensor::cat(seen, 1),
    }
}

/// −log p of one part: rows.
fn negative_log_likelihood(
    output: Tensor<2>,
    shape: PartShape,
    codes: &[u32],
    scores: Option<&[f32]>,
    device: &Device,
) -> Tensor<1> {
    let rows = codes.len();
    let logits = output.clone().narrow(1, 0, shape.codes);
    let places: Vec<usize> = codes.iter().map(|code| *code as usize).collect();
    let of_code = log_sum_exp(logits.clone(), 1) - logits.pick(&places);
    let Some(scores) = scores else { return of_code.squeeze_dim::<1>(1) };
    let component = |k: usize| output.clone().narrow(1, shape.codes + k * COMPONENTS, COMPONENTS);
    let (weights, means, log_scales) = (component(0), component(1), component(2).clamp_min(LEAST_LOG_SCALE));
    let number = shape.codes as u32 - 1;
    let is_number = codes.iter().map(|code| f32::from(u8::from(*code == number))).collect::<Vec<f32>>();
    let score = device.tensor(scores.to_vec(), [rows, 1]).expand([rows, COMPONENTS]);
    // log density of a logistic distribution: −u − log s − 2 log(1 + e^{−u}), u = (x − m) / s.
    let u = (score - means) * (-log_scales.clone()).exp();
    let log_density = (u.clone() + log_scales + softplus(-u) * 2.0) * -1.0;
    let normalizer = log_sum_exp(weights.clone(), 1).expand([rows, COMPONENTS]);
    let of_score = log_sum_exp(weights - normalizer + log_density, 1);
    (of_code - of_score * device.tensor(is_number, [rows, 1])).squeeze_dim::<1>(1)
}

/// Rows are codes, then scores; see [`encoded`](super::encoded).
impl Trainable for TableModel {
    fn loss(&self, batch: &Batch, context: &mut Context) -> Vec<Term> {
        let device = context.device;
        let cells = self.cells(&batch.x);
        let rows = batch.x.dims()[0];
        let embeddings = self.embeddings(&cells, device);
        let posterior = self.posterior_of(embeddings.clone());
        let z = posterior.as_ref().map(|posterior| {
            let epsilon = standard_normal(context.noise, rows * self.latent_dim);
            posterior.draw(device.tensor(epsilon, [rows, self.latent_dim]))
        });
        let mut sum: Option<Tensor<1>> = None;
        for (part, head) in self.heads.iter().enumerate() {
            let seen = joined(self.seen(part, z.as_ref(), Some(&embeddings)), rows, device);
            let (codes, scores) = (&cells.codes[part], cells.scores[part].as_deref());
            let loss = negative_log_likelihood(head.forward(seen), self.shapes[part], codes, scores, device);
            sum = Some(match sum {
                Some(sum) => sum + loss,
                None => loss,
            });
        }
        let mut terms: Vec<Term> = sum.map(|sum| Term::new("reconstruction", sum)).into_iter().collect();
        if let Some(posterior) = posterior {
            terms.push(Term::new("kl_divergence", posterior.divergence()).weighted(self.kl_weight));
        }
        terms
    }
}
