//! The list of likelihood blocks in which a decoder ends: a mixed table is one model.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::{bernoulli, bound_log_variance, categorical, gaussian};
use crate::nn::Place;
use crate::noise::{RngExt, Stream, standard_normal};

/// The variance of a Gaussian block.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Variance {
    /// One known value of σ² for every feature.
    Fixed {
        /// σ², in squared encoded units.
        value: f64,
    },
    /// One learned value for the whole block.
    Shared,
    /// One learned value for each feature.
    PerFeature,
    /// The decoder gives a value for each feature and example.
    Decoder,
}

/// The distribution of a block of columns.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "family", rename_all = "snake_case", deny_unknown_fields)]
pub enum Family {
    /// Independent values in {0, 1}, or intensities in [0, 1].
    Bernoulli,
    /// Independent real values.
    Gaussian {
        /// Where the variance comes from.
        variance: Variance,
    },
    /// One of `width` values.
    Categorical,
}

/// A contiguous block of encoded columns that share a distribution.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LikelihoodBlock {
    /// The distribution.
    #[serde(flatten)]
    pub family: Family,
    /// The first encoded column.
    pub start: usize,
    /// How many encoded columns.
    pub width: usize,
}

impl LikelihoodBlock {
    /// How many decoder outputs the block takes.
    pub fn parameters(&self) -> usize {
        match self.family {
            Family::Gaussian { variance: Variance::Decoder } => 2 * self.width,
            _ => self.width,
        }
    }

    fn learned_log_variances(&self) -> usize {
        match self.family {
            Family::Gaussian { variance: Variance::Shared } => 1,
            Family::Gaussian { variance: Variance::PerFeature } => self.width,
            _ => 0,
        }
    }
}

/// p(x | decoder outputs): the blocks in order, and their learned variances.
#[derive(Module, Debug)]
pub struct Likelihood {
    #[module(skip)]
    blocks: Vec<LikelihoodBlock>,
    /// Unbounded log σ², one vector for each Gaussian block that learns its own variance.
    pub log_variance: Vec<Param<Tensor<1>>>,
}

impl Likelihood {
    /// Learned variances start at 1.
    pub fn new(blocks: Vec<LikelihoodBlock>, place: &Place) -> Self {
        let log_variance = blocks
            .iter()
            .map(LikelihoodBlock::learned_log_variances)
            .filter(|&n| n > 0)
            .map(|n| Param::from_tensor(place.tensor(vec![0.0; n], [n])))
            .collect();
        Likelihood { blocks, log_variance }
    }

    /// The blocks, in column order.
    pub fn blocks(&self) -> &[LikelihoodBlock] {
        &self.blocks
    }

    /// How many outputs the decoder must have.
    pub fn parameters(&self) -> usize {
        self.blocks.iter().map(LikelihoodBlock::parameters).sum()
    }

    /// −log p(x | parameters), in nats per example: summed over observed features. Result: batch.
    ///
    /// `parameters`: batch × [`parameters`](Self::parameters); `x`, `observed`: batch × encoded width.
    pub fn negative_log_likelihood(
        &self,
        parameters: Tensor<2>,
        x: Tensor<2>,
        observed: Option<&Tensor<2>>,
    ) -> Tensor<1> {
        let mut total: Option<Tensor<1>> = None;
        for (block, parts) in self.split(parameters) {
            let columns = |t: Tensor<2>| narrow(t, block.start, block.width);
            let x = columns(x.clone());
            let mut nll = match parts {
                Parts::Bernoulli(logits) => bernoulli::negative_log_likelihood(logits, x),
                Parts::Categorical(logits) => categorical::negative_log_likelihood(logits, x),
                Parts::Fixed(mean, variance) => gaussian::negative_log_likelihood_fixed(mean, variance, x),
                Parts::Gaussian(mean, log_variance) => {
                    gaussian::negative_log_likelihood(mean, log_variance, x)
                }
            };
            if let Some(observed) = observed {
                nll = nll * columns(observed.clone());
            }
            let sum = nll.sum_dim(1).squeeze_dim::<1>(1);
            total = Some(match total {
                Some(total) => total + sum,
                None => sum,
            });
        }
        total.expect("a likelihood has at least one block")
    }

    /// E[x | parameters]: probabilities for binary and categorical columns. batch × encoded width.
    pub fn mean(&self, parameters: Tensor<2>) -> Tensor<2> {
        let means = self
            .split(parameters)
            .map(|(_, parts)| match parts {
                Parts::Bernoulli(logits) => bernoulli::mean(logits),
                Parts::Categorical(logits) => categorical::mean(logits),
                Parts::Fixed(mean, _) | Parts::Gaussian(mean, _) => mean,
            })
            .collect();
        Tensor::cat(means, 1)
    }

    /// One draw from p(x | parameters), on the host: batch × encoded width, row by row.
    pub fn sample(&self, parameters: Tensor<2>, noise: &mut Stream) -> Vec<f32> {
        let [rows, _] = parameters.dims();
        let width: usize = self.blocks.iter().map(|b| b.width).sum();
        let mut out = vec![0.0; rows * width];
        for (block, parts) in self.split(parameters) {
            let drawn = match parts {
                Parts::Bernoulli(logits) => {
                    draw_bernoulli(crate::nn::to_host(bernoulli::mean(logits)), noise)
                }
                Parts::Categorical(logits) => {
                    draw_one_hot(crate::nn::to_host(categorical::mean(logits)), block.width, noise)
                }
                Parts::Fixed(mean, variance) => {
                    let deviation = mean.full_like(variance.sqrt());
                    draw_gaussian(crate::nn::to_host(mean), crate::nn::to_host(deviation), noise)
                }
                Parts::Gaussian(mean, log_variance) => {
                    let deviation: Tensor<2> = (log_variance * 0.5).exp().expand(mean.shape());
                    draw_gaussian(crate::nn::to_host(mean), crate::nn::to_host(deviation), noise)
                }
            };
            for (row, values) in out.chunks_exact_mut(width).zip(drawn.chunks_exact(block.width)) {
                row[block.start..block.start + block.width].copy_from_slice(values);
            }
        }
        out
    }

    /// Each block with its share of the decoder outputs, in order.
    fn split(&self, parameters: Tensor<2>) -> impl Iterator<Item = (&LikelihoodBlock, Parts)> {
        let mut learned = self.log_variance.iter();
        let mut offset = 0;
        self.blocks.iter().map(move |block| {
            let outputs = narrow(parameters.clone(), offset, block.parameters());
            offset += block.parameters();
            let parts = match block.family {
                Family::Bernoulli => Parts::Bernoulli(outputs),
                Family::Categorical => Parts::Categorical(outputs),
                Family::Gaussian { variance: Variance::Fixed { value } } => Parts::Fixed(outputs, value),
                Family::Gaussian { variance: Variance::Decoder } => Parts::Gaussian(
                    narrow(outputs.clone(), 0, block.width),
                    bound_log_variance(narrow(outputs, block.width, block.width)),
                ),
                Family::Gaussian { .. } => {
                    let raw = learned.next().expect("one vector for each learned variance").val();
                    Parts::Gaussian(outputs, bound_log_variance(raw).unsqueeze_dim::<2>(0))
                }
            };
            (block, parts)
        })
    }
}

/// A block's decoder outputs, read according to its family.
#[allow(clippy::large_enum_variant, reason = "lives for one expression")]
enum Parts {
    Bernoulli(Tensor<2>),
    Categorical(Tensor<2>),
    Fixed(Tensor<2>, f64),
    Gaussian(Tensor<2>, Tensor<2>),
}

/// Columns `start..start + width`; the tensor itself when that is all of it.
fn narrow(tensor: Tensor<2>, start: usize, width: usize) -> Tensor<2> {
    if tensor.dims()[1] == width { tensor } else { tensor.narrow(1, start, width) }
}

fn draw_bernoulli(probabilities: Vec<f32>, noise: &mut Stream) -> Vec<f32> {
    probabilities.into_iter().map(|p| (noise.random::<f32>() < p) as u8 as f32).collect()
}

fn draw_gaussian(mean: Vec<f32>, deviation: Vec<f32>, noise: &mut Stream) -> Vec<f32> {
    let draws = standard_normal(noise, mean.len());
    mean.iter().zip(&deviation).zip(draws).map(|((m, s), e)| m + s * e).collect()
}

fn draw_one_hot(mut probabilities: Vec<f32>, width: usize, noise: &mut Stream) -> Vec<f32> {
    for row in probabilities.chunks_exact_mut(width) {
        let mut left: f32 = noise.random();
        // Rounding can leave a little after the last category; it gets the rest.
        let chosen = row.iter().position(|p| {
            left -= p;
            left < 0.0
        });
        row.fill(0.0);
        row[chosen.unwrap_or(width - 1)] = 1.0;
    }
    probabilities
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::{Purpose, stream};

    #[test]
    fn draws_follow_the_parameters() {
        let blocks = vec![
            LikelihoodBlock {
                family: Family::Gaussian { variance: Variance::Fixed { value: 4.0 } },
                start: 0,
                width: 1,
            },
            LikelihoodBlock { family: Family::Bernoulli, start: 1, width: 1 },
            LikelihoodBlock { family: Family::Categorical, start: 2, width: 3 },
        ];
        let (place, rows) = (Place::cpu(), 20_000);
        let likelihood = Likelihood::new(blocks, &place);
        // mean 1, logit of 0.25, logits of (0.5, 0.2, 0.3)
        let parameters = [1.0, (0.25f32 / 0.75).ln(), 0.5f32.ln(), 0.2f32.ln(), 0.3f32.ln()];
        let repeated = place.tensor(parameters.repeat(rows), [rows, 5]);
        let drawn = likelihood.sample(repeated, &mut stream(9, Purpose::Generate, 0, 0));
        let mean = |column: usize| drawn.chunks(5).map(|r| r[column]).sum::<f32>() / rows as f32;
        for (column, (expected, deviation)) in
            [(1.0, 2.0), (0.25, 0.43), (0.5, 0.5), (0.2, 0.4), (0.3, 0.46)].into_iter().enumerate()
        {
            let tolerance = 4.0 * deviation / (rows as f32).sqrt();
            assert!((mean(column) - expected).abs() < tolerance, "column {column}: {}", mean(column));
        }
    }
}
