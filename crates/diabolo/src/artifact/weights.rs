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
//! | `detector.deviation`, `detector.usual`, `detector.scores` | inputs, features, n | the anomaly detector; scores of held-out rows |
//! | `drift.bins`, `drift.counts`, `drift.edges` | histograms, n, n | histograms of held-out rows: score, columns, latent dimensions |
//! | `likelihood.log_variance.K` | 1 or features | the K-th learned Gaussian variance, log σ² before its bound |
//! | `likelihood.log_scale.K` | features | the K-th Student's t or Laplace block: log s or log b before its bound |
//! | `likelihood.log_freedom.K` | features | the K-th Student's t block: log(ν − 2) before its bound |
//! | `likelihood.log_dispersion.K` | features | the K-th negative binomial block: log r before its bound |
//! | `likelihood.custom.K` | features | the K-th parameter vector of blocks with a registered distribution |
//! | `likelihood.thresholds.K` | levels − 1 | the K-th ordinal block: θ_1, then the increments before their softplus |
//!
//! K numbers the layers, steps or blocks from 0, blocks in column order.
//! A row of a weight belongs to one output unit: h = φ(W x + b). Values are little-endian f32.

use std::collections::BTreeMap;

use crate::tensor::{Module, ModuleMapper, ModuleVisitor, Param};
use crate::tensor::{Tensor, TensorData};

use crate::tensor::Device;

/// A tensor on the host.
#[derive(Debug, Clone, PartialEq)]
pub struct HostTensor {
    /// The shape.
    pub shape: Vec<usize>,
    /// The values, row-major.
    pub values: Vec<f32>,
}

/// Every parameter by name.
pub fn export<M: Module>(model: &M) -> BTreeMap<String, HostTensor> {
    struct Export {
        path: Path,
        tensors: BTreeMap<String, HostTensor>,
    }
    impl ModuleVisitor for Export {
        fn enter_module(&mut self, name: &str, container: &str) {
            self.path.enter(name, container);
        }
        fn exit_module(&mut self, _name: &str, _container: &str) {
            self.path.exit();
        }
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let tensor = param.val().inner();
            let host = HostTensor { shape: tensor.dims().to_vec(), values: crate::tensor::to_host(tensor) };
            self.tensors.insert(self.path.name(), host);
        }
    }
    let mut visitor = Export { path: Path::default(), tensors: BTreeMap::new() };
    model.visit(&mut visitor);
    visitor.tensors
}

/// `model` with its tensors replaced by the named ones, in the precision of `device`; the error
/// says what does not match.
pub fn import<M: Module>(
    model: M,
    tensors: BTreeMap<String, HostTensor>,
    device: &Device,
) -> std::result::Result<M, String> {
    struct Import<'a> {
        path: Path,
        tensors: BTreeMap<String, HostTensor>,
        device: &'a Device,
        problem: Option<String>,
    }
    impl ModuleMapper for Import<'_> {
        fn enter_module(&mut self, name: &str, container: &str) {
            self.path.enter(name, container);
        }
        fn exit_module(&mut self, _name: &str, _container: &str) {
            self.path.exit();
        }
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let name = self.path.name();
            let expected = param.lazy_shape().to_vec();
            match self.tensors.remove(&name) {
                Some(host) if host.shape == expected => {
                    let device = (&self.device.inner, self.device.dtype);
                    Param::from_tensor(Tensor::from_data(TensorData::new(host.values, host.shape), device))
                }
                Some(host) => {
                    self.problem = Some(format!(
                        "tensor {name} has shape {:?}, its configuration requires {expected:?}",
                        host.shape
                    ));
                    param
                }
                None => {
                    self.problem = Some(format!("tensor {name} is missing"));
                    param
                }
            }
        }
    }
    let mut mapper = Import { path: Path::default(), tensors, device, problem: None };
    let model = model.map(&mut mapper);
    match (mapper.problem, mapper.tensors.keys().next()) {
        (Some(problem), _) => Err(problem),
        (None, Some(extra)) => Err(format!("unknown tensor {extra}")),
        (None, None) => Ok(model),
    }
}

/// The path of a traversal. The family, the network that families share, and the list of layers in
/// a `Sequential` are not part of a name: `encoder.0.weight`, not `net.encoder.layers.0.weight`.
#[derive(Default)]
struct Path(Vec<Option<String>>);

impl Path {
    fn enter(&mut self, name: &str, container: &str) {
        let silent = container.starts_with("Enum:") || container == "Struct:Sequential" || name == "net";
        self.0.push((!silent).then(|| name.to_string()));
    }

    fn exit(&mut self) {
        self.0.pop();
    }

    fn name(&self) -> String {
        self.0.iter().flatten().map(String::as_str).collect::<Vec<_>>().join(".")
    }
}
