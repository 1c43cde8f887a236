//! A softmax classifier on top of an encoder, for fine-tuning (Rifai et al. 2011, section 5.2).
//!
//! ```text
//! p(class k | x) = softmax_k(V f(x) + c)        loss = −log p(class | x), nats per example
//! ```

use crate::module;
use crate::tensor::Tensor;
use crate::tensor::activation::log_softmax;

use super::{Batch, Context, Trainable};
use crate::nn::{Activation, Layer, Layers, Linear, Sequential};
use crate::objective::Term;
use crate::random::Stream;
use crate::tensor::Device;

/// Encoder layers and a linear head, which are all trained.
#[derive(Clone, Debug)]
pub struct Classifier {
    /// x → f(x).
    pub encoder: Sequential,
    /// f(x) → class logits.
    pub output: Linear,
}
module!(Classifier { encoder, output });

impl Classifier {
    /// A new head for `classes` classes on `encoder`, whose weights are kept.
    ///
    /// # Panics
    /// If `encoder` has no layer.
    pub fn new(encoder: Sequential, classes: usize, noise: &mut Stream, device: &Device) -> Self {
        assert!(!encoder.is_empty(), "an encoder has at least one layer");
        let width = encoder.outputs();
        Classifier { encoder, output: Linear::new(width, classes, Activation::Identity, noise, device) }
    }

    /// The same layers with random weights, the baseline of pretraining.
    pub fn untrained(encoder: &Layers, classes: usize, noise: &mut Stream, device: &Device) -> Self {
        let encoder = encoder.iter().map(|layer| layer.fresh(noise, device)).collect();
        Classifier::new(encoder, classes, noise, device)
    }

    /// Class logits: batch × classes.
    pub fn logits(&self, x: Tensor<2>) -> Tensor<2> {
        self.output.forward(self.encoder.forward(x))
    }
}

impl Trainable for Classifier {
    /// The cross-entropy; on validation rows, the error rate.
    ///
    /// # Panics
    /// If the batch has no classes.
    fn loss(&self, batch: &Batch, context: &mut Context) -> Vec<Term> {
        let logits = self.logits(batch.x.clone());
        let classes = batch.classes.as_ref().expect("a classifier is trained on rows with classes");
        let found = logits.argmax();
        let wrong = found.values().iter().zip(classes).map(|(found, class)| f32::from(found != class));
        let wrong = context.device.tensor(wrong.collect(), [classes.len()]);
        let cross_entropy = log_softmax(logits, 1).pick(classes).squeeze_dim::<1>(1).neg();
        let weights = if context.training { [1.0, 0.0] } else { [0.0, 1.0] };
        vec![
            Term::new("cross_entropy", cross_entropy).weighted(weights[0]),
            Term::new("error", wrong).weighted(weights[1]),
        ]
    }
}
