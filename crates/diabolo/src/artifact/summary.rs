//! Summaries of the codes as tensors of the model file: `latent.deviation`, `latent.centers`,
//! `latent.shares`; and `latent.mean`, `latent.factor`, from which some variational models
//! generate.

use std::collections::BTreeMap;

use super::weights::HostTensor;
use crate::evaluate::{AggregatePosterior, LatentSummary};

const NAMES: [&str; 3] = ["latent.deviation", "latent.centers", "latent.shares"];
const AGGREGATE: [&str; 2] = ["latent.mean", "latent.factor"];

fn named<const N: usize>(
    names: [&str; N],
    tensors: [(Vec<usize>, &Vec<f32>); N],
) -> BTreeMap<String, HostTensor> {
    let tensor = |(name, (shape, values)): (&str, (Vec<usize>, &Vec<f32>))| {
        (name.to_string(), HostTensor { shape, values: values.clone() })
    };
    names.into_iter().zip(tensors).map(tensor).collect()
}

/// The tensors of the summary; empty without a summary.
pub(super) fn export(summary: Option<&LatentSummary>) -> BTreeMap<String, HostTensor> {
    let Some(LatentSummary { deviation, centers, shares }) = summary else { return BTreeMap::new() };
    let (units, count) = (deviation.len(), shares.len());
    named(NAMES, [(vec![units], deviation), (vec![count, units], centers), (vec![count], shares)])
}

/// Removes the summary from a file's tensors; the error says what is wrong with it.
pub(super) fn import(
    tensors: &mut BTreeMap<String, HostTensor>,
    latent_dim: usize,
) -> Result<Option<LatentSummary>, String> {
    let found = NAMES.map(|name| tensors.remove(name).map(|tensor| tensor.values));
    match found {
        [None, None, None] => Ok(None),
        [Some(deviation), Some(centers), Some(shares)] => {
            let summary = LatentSummary { deviation, centers, shares };
            let fits = summary.fits(latent_dim);
            fits.then_some(Some(summary)).ok_or_else(|| "its summary of the codes is invalid".into())
        }
        _ => Err("its summary of the codes is incomplete".into()),
    }
}

/// The tensors of the aggregate posterior; empty without one.
pub(super) fn export_aggregate(aggregate: Option<&AggregatePosterior>) -> BTreeMap<String, HostTensor> {
    let Some(AggregatePosterior { mean, factor }) = aggregate else { return BTreeMap::new() };
    let width = mean.len();
    named(AGGREGATE, [(vec![width], mean), (vec![width, width], factor)])
}

/// Removes the aggregate posterior from a file's tensors; the error says what is wrong with it.
pub(super) fn import_aggregate(
    tensors: &mut BTreeMap<String, HostTensor>,
    latent_dim: usize,
) -> Result<Option<AggregatePosterior>, String> {
    match AGGREGATE.map(|name| tensors.remove(name).map(|tensor| tensor.values)) {
        [None, None] => Ok(None),
        [Some(mean), Some(factor)] => {
            let aggregate = AggregatePosterior { mean, factor };
            let fits = aggregate.fits(latent_dim);
            fits.then_some(Some(aggregate)).ok_or_else(|| "its aggregate posterior is invalid".into())
        }
        _ => Err("its aggregate posterior is incomplete".into()),
    }
}
