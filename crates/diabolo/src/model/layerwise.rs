//! Greedy layer-wise pretraining (Bengio et al. 2007; Vincent et al. 2010, section 3.2): a deep autoencoder seen
//! as a stack of shallow ones, each of its own family, each reconstructing the code of the one below.

use super::{Autoencoder, Model, Trainable, in_chunks};
use crate::data::Encoded;
use crate::tensor::{Device, Module, to_host};

/// A model whose layers can be trained one after the other.
pub trait Layerwise: Trainable + Module {
    /// How many layers lie between a row and its code.
    fn depth(&self) -> usize;

    /// Layer `k` (0 is the one that sees the data) as an autoencoder of its own, with this model's weights;
    /// `None` for a family that is not made of such layers.
    fn layer(&self, k: usize, device: &Device) -> Option<Self>;

    /// The same model with the weights of layer `k` taken from what [`layer`](Self::layer) became.
    ///
    /// # Panics
    /// If `trained` is of another family than that layer.
    fn with_layer(self, k: usize, trained: Self) -> Self;

    /// The codes of `rows`: what the layer above is trained on.
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
            _ => panic!("what is put in as layer {k} was never a layer of this model"),
        }
    }

    fn codes(&self, rows: &Encoded, device: &Device) -> Encoded {
        let codes = in_chunks(rows, device, |batch| to_host(self.encode(batch.input())));
        Encoded { classes: rows.classes.clone(), ..Encoded::from_values(codes, self.latent_dim()) }
    }
}
