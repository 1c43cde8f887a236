//! A registered likelihood is stored in the model file by its name, with its parameters.
#![allow(clippy::unwrap_used)]

use diabolo::artifact::{SavedModel, weights};
use diabolo::distribution::{CustomLikelihood, Distribution, register};
use diabolo::model::Autoencoder;
use diabolo::random::Stream;
use diabolo::tensor::{Device, Tensor, to_host};
use diabolo::{Config, Error, FitJob};

/// ½ (x − μ)² e^−2r + r: a Gaussian without its constant, with log σ = r learned per column.
struct Bell {
    mean: Tensor<2>,
    log_deviation: Tensor<2>,
}

impl Distribution for Bell {
    fn negative_log_likelihood(&self, x: Tensor<2>) -> Tensor<2> {
        let z = (x - self.mean.clone()) * self.log_deviation.clone().neg().exp();
        z.square() * 0.5 + self.log_deviation.clone()
    }

    fn mean(&self) -> Tensor<2> {
        self.mean.clone()
    }

    fn sample(&self, _noise: &mut Stream) -> Vec<f32> {
        to_host(self.mean.clone())
    }
}

fn fitted(likelihood: &str) -> diabolo::Result<SavedModel> {
    let mut config = Config::default();
    config.set(&format!("model.likelihood.pixels=\"{likelihood}\""))?;
    config.set("training.epochs=1")?;
    Ok(FitJob::input("digits").config(config).run()?.predictor.saved().clone())
}

#[test]
fn it_comes_back_by_its_name() {
    let device = Device::cpu();
    let bell = CustomLikelihood {
        outputs: 1,
        learned: 1,
        is_density: true,
        distribution: |mut outputs, mut learned| {
            Box::new(Bell { mean: outputs.remove(0), log_deviation: learned.remove(0) })
        },
    };
    register("bell", bell).unwrap();
    let saved = fitted("custom:bell").unwrap();
    assert!(saved.header.config.to_toml().contains("pixels = \"custom:bell\""));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    saved.save(&path).unwrap();
    let loaded = SavedModel::load(&path, &device).unwrap();
    let tensors = weights::export(&loaded.model);
    assert_eq!(tensors, weights::export(&saved.model));
    let learned = &tensors["likelihood.custom.0"];
    assert_eq!(learned.shape, [64]);
    assert!(learned.values.iter().any(|v| *v != 0.0), "it is learned");
    assert_eq!(loaded.model.likelihood().blocks(), saved.model.likelihood().blocks());
}

#[test]
fn a_name_that_is_not_registered_is_named_at_load() {
    let mut saved = fitted("gaussian").unwrap();
    let stranger = "custom:of_another_program".parse().unwrap();
    saved.header.config.model.likelihood.insert("pixels".into(), stranger);
    // What is saved is read back, so that this program says already what another one would.
    let Err(error) = saved.to_bytes() else { panic!("it cannot be computed") };
    assert!(matches!(error, Error::Unsupported { .. }), "{error}");
    assert!(error.to_string().contains("custom:of_another_program is not registered"), "{error}");
}
