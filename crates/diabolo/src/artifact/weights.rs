//! The tensors of a model by name.
//!
//! | name | shape | of |
//! |---|---|---|
//! | `encoder.K.weight`, `encoder.K.bias` | outputs × inputs, outputs | layer K from the input |
//! | `decoder.K.weight`, `decoder.K.bias` | outputs × inputs, outputs | layer K from the code (untied) |
//! | `decoder_bias.K` | outputs | layer K from the code (tied: the weight is an encoder's, transposed) |
//! | `posterior.mean.*`, `posterior.log_variance.*` | latent × hidden, latent | variational heads; log σ² before its bound |
//! | `output.*` | likelihood parameters × hidden | variational decoder's last layer |
//! | `prior.mean`, `prior.log_variance`, `prior.logits` | K × latent, K × latent, K | mixture prior |
//! | `prior.pseudo_inputs` | K × inputs | VampPrior |
//! | `prior.encoder.K.*`, `prior.posterior.*`, `prior.decoder.K.*`, `prior.output.*` | | second stochastic layer |
//! | `flow.steps.K.*` | | the K-th step of a flow |
//! | `level` | outputs of `encoder.0` | multi-scale denoising: the weight of ½ log(σ / σ_min), added to them |
//! | `codebook.vectors`, `codebook.counts` | groups × size × width, groups × size | codebook vectors; moving average of their counts |
//! | `prior.weights`, `prior.shares` | M, M × groups × size | the mixture prior of quantized codes: π_m, p_m(choice) |
//! | `latent.deviation`, `latent.centers`, `latent.shares` | latent, K × latent, K | summary of the codes, for families without a prior |
//! | `latent.mean`, `latent.factor` | latent, latent × latent | aggregate posterior of codes that are maps; its factor L has the covariance L Lᵀ |
//! | `detector.deviation`, `detector.usual`, `detector.scores` | inputs, features, n | the anomaly detector; scores of held-out rows |
//! | `detector.row_scores` | n | what the last rows of held-out windows add to their scores |
//! | `drift.bins`, `drift.counts`, `drift.edges` | histograms, n, n | histograms of held-out rows: score, columns, latent dimensions |
//! | `likelihood.log_variance.K` | 1 or features | the K-th learned Gaussian variance, log σ² before its bound |
//! | `likelihood.log_scale.K` | features | the K-th Student's t or Laplace block: log s or log b before its bound |
//! | `likelihood.log_freedom.K` | features | the K-th Student's t block: log(ν − 2) before its bound |
//! | `likelihood.log_dispersion.K` | features | the K-th negative binomial block: log r before its bound |
//! | `likelihood.custom.K` | features | the K-th parameter vector of blocks with a registered distribution |
//! | `likelihood.thresholds.K` | levels − 1 | the K-th ordinal block: θ_1, then the increments before their softplus |
//!
//! K numbers the layers, steps or blocks from 0, blocks in column order.
//! A row of a weight belongs to one output unit: h = φ(W x + b). A convolution's belongs to one
//! channel at the positions, and has kernel rows · kernel columns · channels of the image numbers,
//! the last fastest; its bias has one number for each channel of the result. A recurrent layer has
//! rows for the reset gate, the update gate and the candidate, and beside `weight` and `bias`
//! `recurrent_weight` (of the state) and `recurrent_bias` (of the candidate). Values are
//! little-endian f32.

use std::collections::BTreeMap;

use crate::tensor::{Device, Module, ModuleVisitor, ModuleVisitorMut, Parameter};

/// A tensor on the host.
#[derive(Debug, Clone, PartialEq)]
pub struct HostTensor {
    /// The shape.
    pub shape: Vec<usize>,
    /// The values, row-major.
    pub values: Vec<f32>,
}

impl HostTensor {
    fn of(parameter: &Parameter) -> Self {
        HostTensor { shape: parameter.shape(), values: parameter.to_host() }
    }
}

/// Every parameter by name.
pub fn export<M: Module>(model: &M) -> BTreeMap<String, HostTensor> {
    let parameters = in_order(model).into_iter();
    parameters.map(|(name, parameter)| (name, HostTensor::of(&parameter))).collect()
}

/// Every parameter with its name, in the order of [`Module::visit`].
pub(super) fn in_order<M: Module>(model: &M) -> Vec<(String, Parameter)> {
    #[derive(Default)]
    struct Export {
        path: Vec<String>,
        parameters: Vec<(String, Parameter)>,
    }
    impl ModuleVisitor for Export {
        fn enter(&mut self, name: &str) {
            self.path.push(name.to_string());
        }
        fn exit(&mut self) {
            self.path.pop();
        }
        fn parameter(&mut self, parameter: &Parameter) {
            self.parameters.push((self.path.join("."), parameter.clone()));
        }
    }
    let mut visitor = Export::default();
    model.visit(&mut visitor);
    visitor.parameters
}

/// `model` with its tensors replaced by the named ones, in the precision of `device`; the error
/// says what does not match.
pub fn import<M: Module>(
    mut model: M,
    tensors: BTreeMap<String, HostTensor>,
    device: &Device,
) -> std::result::Result<M, String> {
    struct Import<'a> {
        path: Vec<String>,
        tensors: BTreeMap<String, HostTensor>,
        device: &'a Device,
        problem: Option<String>,
    }
    impl ModuleVisitorMut for Import<'_> {
        fn enter(&mut self, name: &str) {
            self.path.push(name.to_string());
        }
        fn exit(&mut self) {
            self.path.pop();
        }
        fn parameter(&mut self, parameter: &mut Parameter) {
            let (name, expected) = (self.path.join("."), parameter.shape());
            match self.tensors.remove(&name) {
                Some(host) if host.shape == expected => parameter.set(host.values, self.device),
                Some(host) => {
                    self.problem = Some(format!(
                        "tensor {name} has shape {:?}, its configuration requires {expected:?}",
                        host.shape
                    ));
                }
                None => self.problem = Some(format!("tensor {name} is missing")),
            }
        }
    }
    let mut import = Import { path: vec![], tensors, device, problem: None };
    model.visit_mut(&mut import);
    match (import.problem, import.tensors.keys().next()) {
        (Some(problem), _) => Err(problem),
        (None, Some(extra)) => Err(format!("unknown tensor {extra}")),
        (None, None) => Ok(model),
    }
}
