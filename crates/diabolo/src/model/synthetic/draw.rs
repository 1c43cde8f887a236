//! Draws of rows, part by part; under conditions with importance weights.

use super::calibration::{Calibration, PartCalibration};
use super::loss::{LEAST_LOG_SCALE, joined};
use super::{COMPONENTS, TableModel};
use crate::kernel::in_parallel;
use crate::random::{Purpose, Stream, standard_normal, stream, uniform, weighted_index_or_last};
use crate::stats::elementary::double::{exp, ln};
use crate::tensor::{Device, Tensor, to_host};

/// Normal scores are not larger: one of 10¹⁵ rows has such a one. Of many columns, each is
/// predicted from those drawn before, and errors could grow from one to the next without end.
const LARGEST_SCORE: f32 = 8.0;
/// Rows that are drawn together.
const CHUNK: usize = 1024;

/// What a part must be.
#[derive(Debug, Clone, PartialEq)]
pub struct PartCondition {
    /// The share of each code that fits, from 0 to 1: a pool of rare levels may fit in part.
    pub codes: Vec<f64>,
    /// The normal scores that fit, of numbers.
    pub scores: [f32; 2],
}

/// Drawn rows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Drawn {
    /// Parts × rows.
    pub codes: Vec<Vec<u32>>,
    /// Parts × rows; empty for parts without numbers.
    pub scores: Vec<Vec<f32>>,
    /// log p(conditions | what came before them), summed over the conditions; 0 without any.
    pub log_weights: Vec<f64>,
}

impl Drawn {
    /// These rows, then others.
    pub fn and(mut self, others: Drawn) -> Self {
        self.codes.iter_mut().zip(others.codes).for_each(|(a, b)| a.extend(b));
        self.scores.iter_mut().zip(others.scores).for_each(|(a, b)| a.extend(b));
        self.log_weights.extend(others.log_weights);
        self
    }
}

/// Rows that are being drawn.
pub(super) struct Draft {
    rows: usize,
    noise: Stream,
    z: Option<Tensor<2>>,
    embeddings: Vec<Tensor<2>>,
    pub drawn: Drawn,
}

impl TableModel {
    /// Draws rows; the bits depend on `seed` and `table`, not on threads.
    pub fn draw(
        &self,
        rows: usize,
        calibration: &Calibration,
        conditions: &[Option<PartCondition>],
        (seed, table): (u64, u64),
        device: &Device,
    ) -> Drawn {
        let chunks: Vec<usize> = (0..rows.div_ceil(CHUNK)).collect();
        let draw = |chunk: &[usize]| {
            let chunk = chunk[0];
            let noise = stream(seed, Purpose::SyntheticRows, table, chunk as u64);
            let mut draft = self.draft(CHUNK.min(rows - chunk * CHUNK), noise, device);
            for part in 0..self.parts() {
                let outputs = self.outputs(part, &draft, device);
                let calibration = calibration.parts.get(part);
                let condition = conditions.get(part).and_then(Option::as_ref);
                self.draw_part(part, &outputs, calibration, condition, &mut draft);
                self.embed_part(part, &mut draft, device);
            }
            draft.drawn
        };
        let drawn: Vec<Drawn> = in_parallel(&chunks, 1, draw);
        drawn.into_iter().reduce(Drawn::and).unwrap_or_default()
    }

    /// Rows without parts yet.
    pub(super) fn draft(&self, rows: usize, mut noise: Stream, device: &Device) -> Draft {
        let latent = self.latent_dim();
        let z =
            (latent > 0).then(|| device.tensor(standard_normal(&mut noise, rows * latent), [rows, latent]));
        let drawn = Drawn { log_weights: vec![0.0; rows], ..Drawn::default() };
        Draft { rows, noise, z, embeddings: vec![], drawn }
    }

    /// The parameters of a part's distribution, given what was drawn: rows × outputs.
    pub(super) fn outputs(&self, part: usize, draft: &Draft, device: &Device) -> Vec<f32> {
        let earlier = draft.embeddings.iter().filter(|_| self.autoregressive).cloned();
        let seen: Vec<Tensor<2>> = draft.z.iter().cloned().chain(earlier).collect();
        to_host(self.heads[part].forward(joined(seen, draft.rows, device)))
    }

    /// Draws the codes and scores of a part.
    pub(super) fn draw_part(
        &self,
        part: usize,
        outputs: &[f32],
        calibration: Option<&PartCalibration>,
        condition: Option<&PartCondition>,
        draft: &mut Draft,
    ) {
        let shape = self.shapes[part];
        let number = shape.numbers.then(|| shape.codes - 1);
        let (mut codes, mut scores) = (vec![], vec![]);
        let mut weights = vec![0.0; shape.codes];
        let range = condition.map(|condition| match calibration {
            Some(calibration) => condition.scores.map(|score| calibration.uncorrected(score)),
            None => condition.scores,
        });
        for (row, output) in outputs.chunks_exact(shape.outputs()).enumerate() {
            let total = softmax(&output[..shape.codes], calibration, &mut weights);
            let mixture = number.map(|_| Mixture::of(&output[shape.codes..], range));
            let mut kept = total;
            if let Some(condition) = condition {
                weights.iter_mut().zip(&condition.codes).for_each(|(weight, share)| *weight *= share);
                if let (Some(number), Some(mixture)) = (number, &mixture) {
                    weights[number] *= mixture.total;
                }
                kept = weights.iter().sum();
                draft.drawn.log_weights[row] += if kept > 0.0 { ln(kept / total) } else { f64::NEG_INFINITY };
            }
            let code = weighted_index_or_last(&weights, uniform(&mut draft.noise) * kept);
            codes.push(code as u32);
            if let Some(mixture) = mixture {
                let score = mixture.draw(&mut draft.noise);
                let mut corrected = calibration.map_or(score, |calibration| calibration.corrected(score));
                if let Some([low, high]) = condition.map(|condition| condition.scores) {
                    // The way to the range before the correction and back is exact up to rounding.
                    corrected = corrected.max(low).min(high);
                }
                scores.push(if number == Some(code) { corrected } else { 0.0 });
            }
        }
        draft.drawn.codes.push(codes);
        draft.drawn.scores.push(scores);
    }

    /// Embeds the part that was drawn last.
    pub(super) fn embed_part(&self, part: usize, draft: &mut Draft, device: &Device) {
        let scores = self.shapes[part].numbers.then(|| draft.drawn.scores[part].as_slice());
        let embedded = self.embed(part, &draft.drawn.codes[part], scores, device);
        draft.embeddings.push(embedded);
    }
}

/// Unnormalised probabilities of the codes, and their sum.
fn softmax(logits: &[f32], calibration: Option<&PartCalibration>, weights: &mut [f64]) -> f64 {
    let largest = logits.iter().fold(f32::MIN, |most, logit| most.max(*logit));
    for (at, (weight, logit)) in weights.iter_mut().zip(logits).enumerate() {
        *weight = exp(f64::from(logit - largest)) * calibration.map_or(1.0, |one| one.factors[at]);
    }
    weights.iter().sum()
}

/// A mixture of logistic distributions, within a range.
struct Mixture {
    weights: [f64; COMPONENTS],
    means: [f64; COMPONENTS],
    scales: [f64; COMPONENTS],
    /// Each component's distribution function at the ends of the range.
    ends: [[f64; 2]; COMPONENTS],
    /// The probability of the range.
    total: f64,
}

impl Mixture {
    fn of(output: &[f32], range: Option<[f32; 2]>) -> Self {
        let get = |block: usize, k: usize| f64::from(output[block * COMPONENTS + k]);
        let largest = (0..COMPONENTS).map(|k| get(0, k)).fold(f64::MIN, f64::max);
        let mut weights: [f64; COMPONENTS] = std::array::from_fn(|k| exp(get(0, k) - largest));
        let sum: f64 = weights.iter().sum();
        let means: [f64; COMPONENTS] = std::array::from_fn(|k| get(1, k));
        let scales: [f64; COMPONENTS] = std::array::from_fn(|k| exp(get(2, k).max(LEAST_LOG_SCALE)));
        let below = |x: f32, k: usize| 1.0 / (1.0 + exp(-(f64::from(x) - means[k]) / scales[k]));
        let ends: [[f64; 2]; COMPONENTS] = std::array::from_fn(|k| match range {
            Some([low, high]) => [below(low, k), below(high, k)],
            None => [0.0, 1.0],
        });
        for (weight, [low, high]) in weights.iter_mut().zip(ends) {
            *weight *= (high - low).max(0.0) / sum;
        }
        Mixture { weights, means, scales, ends, total: weights.iter().sum() }
    }

    /// A draw, by the inverse distribution function of a component.
    fn draw(&self, noise: &mut Stream) -> f32 {
        const END: f64 = 1e-9;
        let k = weighted_index_or_last(&self.weights, uniform(noise) * self.total);
        let [low, high] = self.ends[k];
        let u = (low + (high - low) * uniform(noise)).clamp(END, 1.0 - END);
        let score = (self.means[k] + self.scales[k] * ln(u / (1.0 - u))) as f32;
        score.clamp(-LARGEST_SCORE, LARGEST_SCORE)
    }
}
