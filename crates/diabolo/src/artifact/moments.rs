//! The moments of the code as tensors of the model file: `latent.mean`, `latent.deviation`, `latent.components`.

use std::collections::BTreeMap;

use super::weights::HostTensor;
use crate::evaluate::LatentMoments;

const NAMES: [&str; 3] = ["latent.mean", "latent.deviation", "latent.components"];

/// The moments by name; none if there are none.
pub(super) fn export(moments: Option<&LatentMoments>) -> BTreeMap<String, HostTensor> {
    let Some(LatentMoments { mean, deviation, components }) = moments else { return BTreeMap::new() };
    let units = mean.len();
    let shapes = [vec![units], vec![units], vec![components.len() / units.max(1), units]];
    let tensors = shapes.into_iter().zip([mean, deviation, components]);
    NAMES
        .iter()
        .zip(tensors)
        .map(|(name, (shape, values))| (name.to_string(), HostTensor { shape, values: values.clone() }))
        .collect()
}

/// Takes the moments out of a file's tensors, or says what is wrong with them.
pub(super) fn import(
    tensors: &mut BTreeMap<String, HostTensor>,
    latent_dim: usize,
) -> Result<Option<LatentMoments>, String> {
    let [mean, deviation, components] = NAMES.map(|name| tensors.remove(name).map(|tensor| tensor.values));
    match (mean, deviation, components) {
        (None, None, None) => Ok(None),
        (Some(mean), Some(deviation), Some(components)) => {
            let moments = LatentMoments { mean, deviation, components };
            let sound = moments.fit(latent_dim);
            sound.then_some(Some(moments)).ok_or_else(|| "its moments of the code are impossible".into())
        }
        _ => Err("its moments of the code are incomplete".into()),
    }
}
