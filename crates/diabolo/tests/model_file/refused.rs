//! Models that could not be loaded again are not saved.

use diabolo::ErrorClass;
use diabolo::artifact::{FORMAT_VERSION, SavedModel};
use diabolo::distribution::Family;
use diabolo::evaluate::Reference;
use diabolo::nn::Activation;
use diabolo::tensor::Device;

use crate::small;

type Change = fn(&mut SavedModel);

/// Invalid changes of public fields.
const CHANGES: [(&str, Change); 14] = [
    ("reads versions up to", |saved| saved.header.format_version = FORMAT_VERSION + 1),
    ("summary of the codes is invalid", |saved| saved.header.config.model.latent_dim = Some(3)),
    ("its configuration requires [19, 4", |saved| saved.header.config.model.hidden = Some(vec![4])),
    ("configuration is invalid", |saved| saved.header.config.model.latent_dim = Some(0)),
    ("fewer than its configuration requires", |saved| {
        saved.header.config.model.hidden = Some(vec![1000, 1000])
    }),
    ("configuration is invalid", |saved| {
        saved.header.config.model.likelihood.insert("nobody".into(), Family::Gaussian);
    }),
    ("header is damaged", |saved| saved.header.preprocessor.schema.features.truncate(4)),
    ("header is damaged", |saved| saved.header.preprocessor.schema.features.clear()),
    ("architecture is not that of", |saved| saved.architecture.activation = Activation::Relu),
    ("anomaly detector is invalid", |saved| saved.detector.as_mut().unwrap().deviation[0] = 0.0),
    ("anomaly detector is invalid", |saved| saved.detector.as_mut().unwrap().scores.push(f32::NAN)),
    ("drift reference is invalid", |saved| {
        saved.detector.as_mut().unwrap().reference = Some(Reference(vec![]))
    }),
    ("summary of the codes is invalid", |saved| saved.latent.as_mut().unwrap().deviation[0] = -1.0),
    ("latent.centers", |saved| saved.latent.as_mut().unwrap().centers.truncate(1)),
];

#[test]
fn a_model_whose_fields_do_not_belong_together_is_not_saved() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    for (expected, change) in CHANGES {
        let (mut saved, _) = small("plain");
        change(&mut saved);
        let error = saved.save(&path).expect_err(expected);
        let text = error.to_string();
        assert!(text.contains(expected) && text.contains("cannot be saved"), "{expected}: {text}");
        assert_eq!(error.class(), ErrorClass::Usage, "{text}");
        assert!(!path.exists(), "{expected}: written all the same");
    }
    let (saved, _) = small("plain");
    saved.save(&path).unwrap();
    assert_eq!(SavedModel::load(&path, &Device::cpu()).unwrap().header, saved.header);
}
