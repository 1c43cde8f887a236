//! The likelihood of a decoder: a list of blocks, so that one model handles tables of mixed types.

use crate::module;
use crate::tensor::Param;
use crate::tensor::Tensor;

use super::Cumulative;
use super::Distribution;
use super::bernoulli::Bernoulli;
use super::beta_binomial::BetaBinomial;
use super::categorical::Categorical;
use super::continuous_bernoulli::ContinuousBernoulli;
use super::discretized_logistic::DiscretizedLogistic;
use super::family::{Family, LikelihoodBlock, LikelihoodParameter, Variance};
use super::gaussian::{FixedGaussian, Gaussian, bound_log_variance};
use super::input_only::InputOnly;
use super::laplace::Laplace;
use super::moments::initial_scales;
use super::negative_binomial::NegativeBinomial;
use super::ordinal::Ordinal;
use super::poisson::Poisson;
use super::registry::registered;
use super::student_t::StudentT;
use crate::data::Encoded;
use crate::random::Stream;
use crate::tensor::{Categories, Device};

/// p(x | decoder outputs): the blocks in order, and their learned vectors before the smooth bounds.
#[derive(Clone, Debug)]
pub struct Likelihood {
    blocks: Vec<LikelihoodBlock>,
    /// log σ², one vector for each Gaussian block that learns its own variance.
    pub log_variance: Vec<Param<1>>,
    /// log s and log b, one vector for each Student's t and Laplace block.
    pub log_scale: Vec<Param<1>>,
    /// log(ν − 2), one vector for each Student's t block.
    pub log_freedom: Vec<Param<1>>,
    /// log r, one vector for each negative binomial block.
    pub log_dispersion: Vec<Param<1>>,
    /// Thresholds, one vector for each ordinal block.
    pub thresholds: Vec<Param<1>>,
    /// The learned vectors of registered distributions.
    pub custom: Vec<Param<1>>,
    /// Constants that are added to the decoder outputs: 1 × parameters.
    offsets: Option<Tensor<2>>,
}
module!(Likelihood { log_variance, log_scale, log_freedom, log_dispersion, thresholds, custom });

impl Likelihood {
    /// Learned variances and scales are initialized to 1; [`rescale`](Self::rescale) knows better.
    pub fn new(blocks: Vec<LikelihoodBlock>, device: &Device) -> Self {
        let learned = blocks.iter().flat_map(LikelihoodBlock::learned).collect();
        Self::with_parameters(blocks, learned, device)
    }

    /// With given learned vectors, in the order of the blocks that learn them.
    pub(super) fn with_parameters(
        blocks: Vec<LikelihoodBlock>,
        all: Vec<(LikelihoodParameter, Vec<f32>)>,
        device: &Device,
    ) -> Self {
        let vectors = |wanted: LikelihoodParameter| {
            let own = all.iter().filter(|(learned, _)| *learned == wanted);
            own.map(|(_, v)| Param::from_tensor(device.tensor(v.clone(), [v.len()]))).collect()
        };
        Likelihood {
            log_variance: vectors(LikelihoodParameter::LogVariance),
            log_scale: vectors(LikelihoodParameter::LogScale),
            log_freedom: vectors(LikelihoodParameter::LogFreedom),
            log_dispersion: vectors(LikelihoodParameter::LogDispersion),
            thresholds: vectors(LikelihoodParameter::Thresholds),
            custom: vectors(LikelihoodParameter::Custom),
            offsets: None,
            blocks,
        }
    }

    /// Sets the learned variances and scales to those of the training rows, where training starts.
    ///
    /// A scale that is too wide hides the rows from the code: while σ² is 1 and pixels have a
    /// variance of 0.06, the KL divergence outweighs all that a code could say, for hundreds of
    /// steps.
    pub fn rescale(&mut self, rows: &Encoded, device: &Device) {
        let (mut variances, mut scales) = (self.log_variance.iter_mut(), self.log_scale.iter_mut());
        for block in &self.blocks {
            let slot = match block.family {
                Family::StudentT | Family::Laplace => scales.next(),
                Family::Gaussian if matches!(block.variance, Variance::Shared | Variance::PerFeature) => {
                    variances.next()
                }
                _ => None,
            };
            if let Some((slot, initial)) = slot.zip(initial_scales(block, rows)) {
                *slot = Param::from_tensor(device.tensor(initial.clone(), [initial.len()]));
            }
        }
    }

    /// The same likelihood of rows in which blocks have other `widths`, with constants that are
    /// added to the decoder outputs: 1 × parameters.
    #[must_use]
    pub(crate) fn of_some_levels(self, widths: &[usize], offsets: Tensor<2>) -> Self {
        let mut start = 0;
        let narrowed = |(block, &width): (LikelihoodBlock, &usize)| {
            let block = LikelihoodBlock { start, width, ..block };
            start += width;
            block
        };
        let blocks = self.blocks.into_iter().zip(widths).map(narrowed).collect();
        Likelihood { blocks, offsets: Some(offsets), ..self }
    }

    /// The blocks, in column order.
    pub fn blocks(&self) -> &[LikelihoodBlock] {
        &self.blocks
    }

    /// Number of decoder outputs.
    pub fn parameters(&self) -> usize {
        self.blocks.iter().map(LikelihoodBlock::parameters).sum()
    }

    /// For each encoded column, whether its likelihood is a density rather than a probability mass;
    /// see [`Family::is_density`].
    pub fn densities(&self) -> Vec<bool> {
        self.blocks.iter().flat_map(|block| vec![block.family.is_density(); block.width]).collect()
    }

    /// For each encoded column, whether the decoder describes it.
    pub fn described(&self) -> Vec<bool> {
        LikelihoodBlock::described(&self.blocks)
    }

    /// −log p(x | parameters), in nats per example: summed over observed features. Result: batch.
    ///
    /// `parameters`: batch × [`parameters`](Self::parameters); `x`, `observed`: batch × encoded
    /// width, or (batch / K) × encoded width, where K consecutive rows of `parameters` belong to
    /// each row.
    pub fn negative_log_likelihood(
        &self,
        parameters: Tensor<2>,
        x: Tensor<2>,
        observed: Option<&Tensor<2>>,
    ) -> Tensor<1> {
        let times = parameters.dims()[0] / x.dims()[0].max(1);
        let parameters = match &self.offsets {
            Some(offsets) => parameters + offsets.clone(),
            None => parameters,
        };
        let mut unread = self.unread();
        let mut total: Option<Tensor<1>> = None;
        let mut offset = 0;
        for blocks in
            self.blocks.chunk_by(|a, b| [a, b].map(|block| block.family) == [Family::Categorical; 2])
        {
            if let Some(categories) = categories(blocks, offset, &x, observed) {
                total = Some(categories.negative_log_likelihood(total, parameters.clone()));
                offset += blocks.iter().map(LikelihoodBlock::parameters).sum::<usize>();
                continue;
            }
            for block in blocks {
                let outputs = narrow(parameters.clone(), offset, block.parameters());
                offset += block.parameters();
                let columns = |t: &Tensor<2>| narrow(t.clone(), block.start, block.width);
                let distribution = distribution(block, outputs, &mut unread);
                let sum = distribution.summed(columns(&x), observed.map(columns), times);
                total = Some(match total {
                    Some(total) => total + sum,
                    None => sum,
                });
            }
        }
        total.expect("a likelihood has at least one block")
    }

    /// −log p(x | parameters) by column, in nats: batch × encoded width, 0 where not observed.
    /// Within a categorical, ordinal or mixture block, only the sum is meaningful.
    pub fn column_losses(
        &self,
        parameters: Tensor<2>,
        x: Tensor<2>,
        observed: Option<&Tensor<2>>,
    ) -> Tensor<2> {
        let losses = self.split(parameters).map(|(block, distribution)| {
            distribution.negative_log_likelihood(narrow(x.clone(), block.start, block.width))
        });
        let losses = Tensor::cat(losses.collect(), 1);
        match observed {
            Some(observed) => losses * observed.clone(),
            None => losses,
        }
    }

    /// E[x | parameters], in encoded units: probabilities for binary and one-hot columns. batch ×
    /// encoded width.
    pub fn mean(&self, parameters: Tensor<2>) -> Tensor<2> {
        Tensor::cat(self.split(parameters).map(|(_, distribution)| distribution.mean()).collect(), 1)
    }

    /// x − E[x | parameters], in encoded units; 0 in columns that the decoder does not describe.
    /// batch × encoded width.
    pub fn residuals(&self, parameters: Tensor<2>, x: Tensor<2>) -> Tensor<2> {
        let expected = self.split(parameters).map(|(block, distribution)| match block.family {
            Family::InputOnly => narrow(x.clone(), block.start, block.width),
            _ => distribution.mean(),
        });
        x.clone() - Tensor::cat(expected.collect(), 1)
    }

    /// One draw from p(x | parameters), on the host: batch × encoded width, row-major.
    pub fn sample(&self, parameters: Tensor<2>, noise: &mut Stream) -> Vec<f32> {
        let [rows, _] = parameters.dims();
        let width: usize = self.blocks.iter().map(|b| b.width).sum();
        let mut out = vec![0.0; rows * width];
        for (block, distribution) in self.split(parameters) {
            let drawn = distribution.sample(noise);
            for (row, values) in out.chunks_exact_mut(width).zip(drawn.chunks_exact(block.width)) {
                row[block.start..block.start + block.width].copy_from_slice(values);
            }
        }
        out
    }

    /// The distribution functions of each block, from its decoder outputs, in order; none for a
    /// block that has no known one, such as a registered likelihood.
    pub fn cumulatives(&self, parameters: Tensor<2>) -> Vec<Option<Cumulative>> {
        self.split(parameters).map(|(_, distribution)| distribution.cumulative()).collect()
    }

    /// The distribution of each block, from its decoder outputs, in order.
    fn split(
        &self,
        parameters: Tensor<2>,
    ) -> impl Iterator<Item = (&LikelihoodBlock, Box<dyn Distribution>)> {
        let mut unread = self.unread();
        let mut offset = 0;
        self.blocks.iter().map(move |block| {
            let outputs = narrow(parameters.clone(), offset, block.parameters());
            offset += block.parameters();
            (block, distribution(block, outputs, &mut unread))
        })
    }

    fn unread(&self) -> Unread<'_> {
        Unread {
            log_variance: &self.log_variance,
            log_scale: &self.log_scale,
            log_freedom: &self.log_freedom,
            log_dispersion: &self.log_dispersion,
            thresholds: &self.thresholds,
            custom: &self.custom,
        }
    }
}

/// The categories of `x` that these neighbouring blocks describe, with their logits from `first`
/// on, if `x` holds them as positions.
fn categories(
    blocks: &[LikelihoodBlock],
    first: usize,
    x: &Tensor<2>,
    observed: Option<&Tensor<2>>,
) -> Option<Categories> {
    let is_category = blocks.iter().all(|block| block.family == Family::Categorical);
    let start = blocks[0].start;
    let wanted = blocks.iter().map(|block| (block.start, block.width, first + block.start - start));
    if is_category { Categories::find(x, observed, wanted) } else { None }
}

type Vectors<'a> = &'a [Param<1>];

/// The learned vectors that have not been assigned to a block.
struct Unread<'a> {
    log_variance: Vectors<'a>,
    log_scale: Vectors<'a>,
    log_freedom: Vectors<'a>,
    log_dispersion: Vectors<'a>,
    thresholds: Vectors<'a>,
    custom: Vectors<'a>,
}

/// Removes the first vector, as a row.
fn take(vectors: &mut Vectors<'_>) -> Tensor<2> {
    let (first, rest) = vectors.split_first().expect("one vector for each block that learns one");
    *vectors = rest;
    first.val().unsqueeze_dim::<2>(0)
}

fn distribution(
    block: &LikelihoodBlock,
    outputs: Tensor<2>,
    unread: &mut Unread<'_>,
) -> Box<dyn Distribution> {
    let width = block.width;
    let part = |k: usize| outputs.clone().narrow(1, k * width, width);
    match block.family {
        Family::Bernoulli => Box::new(Bernoulli { logits: outputs }),
        Family::ContinuousBernoulli => Box::new(ContinuousBernoulli { logits: outputs }),
        Family::Gaussian => match block.variance {
            Variance::Fixed { value } => Box::new(FixedGaussian { mean: outputs, variance: value }),
            Variance::Decoder => {
                Box::new(Gaussian { mean: part(0), log_variance: bound_log_variance(part(1)) })
            }
            Variance::Shared | Variance::PerFeature => {
                let log_variance = bound_log_variance(take(&mut unread.log_variance));
                Box::new(Gaussian { mean: outputs, log_variance })
            }
        },
        Family::StudentT => {
            Box::new(StudentT::new(outputs, take(&mut unread.log_scale), take(&mut unread.log_freedom)))
        }
        Family::Laplace => Box::new(Laplace::new(outputs, take(&mut unread.log_scale))),
        Family::Categorical => Box::new(Categorical { logits: outputs }),
        Family::Ordinal => Box::new(Ordinal::new(outputs, (width > 1).then(|| take(&mut unread.thresholds)))),
        Family::Poisson => Box::new(Poisson::new(outputs)),
        Family::NegativeBinomial => {
            Box::new(NegativeBinomial::new(outputs, take(&mut unread.log_dispersion)))
        }
        Family::BetaBinomial => Box::new(BetaBinomial::new(part(0), part(1))),
        Family::DiscretizedLogistic { components } => Box::new(DiscretizedLogistic::new(outputs, components)),
        Family::InputOnly => Box::new(InputOnly { outputs }),
        Family::Custom(name) => {
            let custom = registered(name);
            let learned = (0..custom.learned).map(|_| take(&mut unread.custom)).collect();
            (custom.distribution)((0..custom.outputs).map(part).collect(), learned)
        }
    }
}

/// Columns `start..start + width`; the tensor itself if those are all columns.
fn narrow(tensor: Tensor<2>, start: usize, width: usize) -> Tensor<2> {
    if tensor.dims()[1] == width { tensor } else { tensor.narrow(1, start, width) }
}

#[cfg(test)]
mod tests;
