//! A trained model has the same bits on every x86-64 processor, and for any number of threads.
//!
//! The digests are the same for every instruction set: `bench/same_bits.sh` runs this test on
//! processors without AVX-512, and without AVX and FMA.
#![allow(clippy::unwrap_used)]

use diabolo::data::prepare;
use diabolo::model::{ContractiveConfig, FamilyConfig, Model, VariationalConfig};
use diabolo::tensor::{Device, Module, ModuleVisitor, Parameter};
use diabolo::train::{self, TrainingData};
use diabolo::{Config, data::Encoded};

/// FNV-1a over the bits of all parameters.
struct Digest(u64);

impl ModuleVisitor for Digest {
    fn parameter(&mut self, parameter: &Parameter) {
        for byte in parameter.to_host().into_iter().flat_map(f32::to_le_bytes) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

/// The digest of a model after two epochs on the first 300 rows.
fn digest(input: &str, family: FamilyConfig) -> String {
    let mut config = Config::default();
    config.model.family = family;
    config.set("training.epochs=2").unwrap();
    let mut prepared = prepare(input, &config.data, 0).unwrap();
    let first = |of: &Encoded| of.select(&(0..300).collect::<Vec<_>>());
    (prepared.train, prepared.validation) = (first(&prepared.train), first(&prepared.train));
    let architecture = config.resolve(&prepared).unwrap();
    let device = Device::cpu();
    let data = TrainingData { train: &prepared.train, validation: &prepared.validation };
    let model = Model::new(&architecture, 0, &device);
    let outcome = train::fit(model, None, &data, &config.training, &device, &mut ()).unwrap();
    let mut digest = Digest(0xcbf2_9ce4_8422_2325);
    outcome.model.visit(&mut digest);
    format!("{:016x}", digest.0)
}

#[test]
fn a_variational_autoencoder_of_digits_has_the_committed_bits() {
    assert_eq!(digest("digits", FamilyConfig::Variational(VariationalConfig::default())), "a489b2f39e6fd1e8");
}

#[test]
fn a_contractive_autoencoder_of_digits_has_the_committed_bits() {
    assert_eq!(digest("digits", FamilyConfig::Contractive(ContractiveConfig::default())), "afcb8cb9ed906c1e");
}

#[test]
#[cfg_attr(not(has_data), ignore = "needs real data: DIABOLO_DATA is not a folder")]
fn a_variational_autoencoder_of_a_table_has_the_committed_bits() {
    let path = format!("{}/adult/adult.data.gz", std::env::var("DIABOLO_DATA").unwrap());
    assert_eq!(digest(&path, FamilyConfig::Variational(VariationalConfig::default())), "782dd9fc63b0d3a0");
}
