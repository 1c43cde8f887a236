//! A file loaded in double precision gives the same results.

use diabolo::artifact::SavedModel;
use diabolo::data::Encoded;
use diabolo::model::{Autoencoder, Batch};
use diabolo::task::{self, Draw, ScoreConfig};
use diabolo::tensor::{DType, Device, to_host};

use crate::{names, small};

fn assert_near(what: &str, single: &[f32], double: &[f32]) {
    assert!(!single.is_empty() && single.len() == double.len(), "{what}");
    for (a, b) in single.iter().zip(double) {
        assert!((a - b).abs() <= 1e-5 * a.abs().max(1.0), "{what}: {a} in single precision, {b} in double");
    }
}

/// Codes and reconstructions of all rows.
fn outputs(saved: &SavedModel, rows: &Encoded, device: &Device) -> [Vec<f32>; 2] {
    let all: Vec<usize> = (0..rows.rows).collect();
    let batch = Batch::gather(rows, &all, device);
    let code = saved.model.encode(batch.input());
    assert_eq!(code.dtype(), device.dtype);
    [to_host(code), to_host(saved.model.reconstruct(&batch))]
}

#[test]
fn a_model_of_every_family_is_the_same_in_double_precision() {
    let (single, double) = (Device::cpu(), Device::cpu_f64());
    assert_eq!(double.dtype, DType::F64);
    for family in names::families() {
        let (saved, prepared) = small(&family);
        let rows = prepared.train;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        saved.save(&path).unwrap();
        let loaded = SavedModel::load(&path, &double).unwrap();
        let [expected, found] = [outputs(&saved, &rows, &single), outputs(&loaded, &rows, &double)];
        assert_near(&format!("codes of {family}"), &expected[0], &found[0]);
        assert_near(&format!("reconstructions of {family}"), &expected[1], &found[1]);
        let score = |saved: &SavedModel, device| {
            let scores =
                task::score(saved, "t", &prepared.test, 0, &ScoreConfig::default(), device).unwrap().scores;
            scores.into_iter().map(|score| score as f32).collect::<Vec<_>>()
        };
        assert_near(&format!("scores of {family}"), &score(&saved, &single), &score(&loaded, &double));
        if saved.architecture.family.decodes_codes() {
            let (_, made) = task::generate(&loaded, 5, Draw::Sample, Default::default(), 0, &double).unwrap();
            assert_eq!(made.num_rows(), 5, "{family}");
        }
    }
}
