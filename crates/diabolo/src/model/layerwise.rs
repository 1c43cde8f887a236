//! Greedy layerwise pretraining (Bengio et al. 2007; Vincent et al. 2010, section 3.2): a deep
//! autoencoder as a stack of shallow ones of the same family, each of which reconstructs the code
//! of the one below.

use super::{Autoencoder, Model, Trainable, in_chunks};
use crate::data::Encoded;
use crate::tensor::{Device, Module, to_host};

/// A model with layerwise pretraining.
pub trait Layerwise: Trainable + Module {
    /// Number of encoder layers.
    fn depth(&self) -> usize;

    /// Layer `k` (0 is the first one) as an autoencoder with this model's weights; `None` for
    /// families without layerwise pretraining.
    fn layer(&self, k: usize, device: &Device) -> Option<Self>;

    /// The same model with the weights of layer `k` from `trained`, a trained
    /// [`layer`](Self::layer).
    ///
    /// # Panics
    /// If `trained` has another family than that layer.
    fn with_layer(self, k: usize, trained: Self) -> Self;

    /// The codes of `rows`, the training data of the next layer.
    fn codes(&self, rows: &Encoded, device: &Device) -> Encoded;
}

impl Layerwise for Model {
    fn depth(&self) -> usize {
        self.encoder().len()
    }

    fn layer(&self, k: usize, device: &Device) -> Option<Self> {
        match self {
            Model::Plain(model) => Some(Model::Plain(model.layer(k, device))),
            Model::Denoising(model) => Some(Model::Denoising(model.layer(k, device))),
            Model::Contractive(model) => Some(Model::Contractive(model.layer(k, device))),
            Model::Sparse(model) if k + 1 == self.depth() => Some(Model::Sparse(model.top_layer(device))),
            Model::Sparse(model) => Some(Model::Plain(model.plain_layer(k, device))),
            Model::Variational(_) | Model::VectorQuantized(_) | Model::Multiscale(_) => None,
        }
    }

    fn with_layer(self, k: usize, trained: Self) -> Self {
        match (self, trained) {
            (Model::Plain(model), Model::Plain(layer)) => Model::Plain(model.with_layer(k, layer)),
            (Model::Denoising(model), Model::Denoising(layer)) => {
                Model::Denoising(model.with_layer(k, layer))
            }
            (Model::Contractive(model), Model::Contractive(layer)) => {
                Model::Contractive(model.with_layer(k, layer))
            }
            (Model::Sparse(model), Model::Plain(layer)) => Model::Sparse(model.with_layer(k, layer.net)),
            (Model::Sparse(model), Model::Sparse(layer)) => Model::Sparse(model.with_layer(k, layer.net)),
            _ => panic!("layer {k} has another family than this model"),
        }
    }

    fn codes(&self, rows: &Encoded, device: &Device) -> Encoded {
        let codes = in_chunks(rows, device, |batch| to_host(self.encode(batch.input())));
        Encoded { classes: rows.classes.clone(), ..Encoded::from_values(codes, self.latent_dim()) }
    }
}
