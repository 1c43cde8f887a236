//! What scores are measured against, as tensors of the model file: `detector.deviation`, `detector.usual`, `detector.scores`.

use std::collections::BTreeMap;

use super::weights::HostTensor;
use crate::evaluate::Detector;

const NAMES: [&str; 3] = ["detector.deviation", "detector.usual", "detector.scores"];

/// The detector by name; nothing if there is none.
pub(super) fn export(detector: Option<&Detector>) -> BTreeMap<String, HostTensor> {
    let Some(Detector { deviation, usual, scores }) = detector else { return BTreeMap::new() };
    let tensor = |values: &Vec<f32>| HostTensor { shape: vec![values.len()], values: values.clone() };
    NAMES.into_iter().map(str::to_string).zip([deviation, usual, scores].map(tensor)).collect()
}

/// Takes the detector out of a file's tensors, or says what is wrong with it. Files from before `score` have none.
pub(super) fn import(
    tensors: &mut BTreeMap<String, HostTensor>,
    width: usize,
    features: usize,
) -> Result<Option<Detector>, String> {
    match NAMES.map(|name| tensors.remove(name).map(|tensor| tensor.values)) {
        [None, None, None] => Ok(None),
        [Some(deviation), Some(usual), Some(scores)] => {
            let detector = Detector { deviation, usual, scores };
            let fits = detector.fits(width, features);
            fits.then_some(Some(detector)).ok_or_else(|| "what it scores rows by is impossible".into())
        }
        _ => Err("what it scores rows by is incomplete".into()),
    }
}
