//! The anomaly detector as tensors of the model file: `detector.deviation`, `detector.usual` (mean
//! losses), `detector.scores`, and of windows `detector.row_scores`, which old files lack; and the
//! drift reference, histograms of held-out rows: `drift.bins`, the number of bins of each histogram
//! including that of missing cells, `drift.counts` and `drift.edges`, both concatenated.

use std::collections::BTreeMap;

use super::weights::HostTensor;
use crate::data::Preprocessor;
use crate::evaluate::{Detector, Reference};
use crate::stats::Histogram;

const NAMES: [&str; 3] = ["detector.deviation", "detector.usual", "detector.scores"];
const ROW_SCORES: &str = "detector.row_scores";
const DRIFT: [&str; 3] = ["drift.bins", "drift.counts", "drift.edges"];

/// The tensors of the detector; empty without a detector.
pub(super) fn export(detector: Option<&Detector>) -> BTreeMap<String, HostTensor> {
    let Some(Detector { deviation, mean_loss, scores, row_scores, reference }) = detector else {
        return BTreeMap::new();
    };
    let tensor = |values: Vec<f32>| HostTensor { shape: vec![values.len()], values };
    let named = |names: [&str; 3], values: [Vec<f32>; 3]| {
        names.into_iter().map(str::to_string).zip(values.map(tensor)).collect::<Vec<_>>()
    };
    let mut tensors = named(NAMES, [deviation, mean_loss, scores].map(Vec::clone));
    if !row_scores.is_empty() {
        tensors.push((ROW_SCORES.to_string(), tensor(row_scores.clone())));
    }
    if let Some(Reference(histograms)) = reference {
        let bins = histograms.iter().map(|histogram| histogram.counts.len() as f32).collect();
        let counts = histograms.iter().flat_map(|histogram| &histogram.counts).map(|&n| n as f32).collect();
        let edges = histograms.iter().flat_map(|histogram| &histogram.edges).copied().collect();
        tensors.extend(named(DRIFT, [bins, counts, edges]));
    }
    tensors.into_iter().collect()
}

/// Removes the detector from a file's tensors; the error says what is wrong with it. Old files have
/// none.
pub(super) fn import(
    tensors: &mut BTreeMap<String, HostTensor>,
    preprocessor: &Preprocessor,
    latent_dim: usize,
) -> Result<Option<Detector>, String> {
    let mut take = |name: &str| tensors.remove(name).map(|tensor| tensor.values);
    let (found, spread, row_scores) = (NAMES.map(&mut take), DRIFT.map(&mut take), take(ROW_SCORES));
    let reference = match spread {
        [None, None, None] => None,
        [Some(bins), Some(counts), Some(edges)] => {
            let reference = histograms(&bins, &counts, &edges).map(Reference);
            let fits = reference.filter(|reference| reference.fits(preprocessor, latent_dim));
            Some(fits.ok_or("its drift reference is invalid")?)
        }
        _ => return Err("its drift reference is incomplete".into()),
    };
    match found {
        [None, None, None] if reference.is_none() => Ok(None),
        [Some(deviation), Some(mean_loss), Some(scores)] => {
            let row_scores = row_scores.unwrap_or_default();
            let detector = Detector { deviation, mean_loss, scores, row_scores, reference };
            let fits = detector.fits(preprocessor.width(), preprocessor.schema.features.len());
            fits.then_some(Some(detector)).ok_or_else(|| "its anomaly detector is invalid".into())
        }
        _ => Err("its anomaly detector is incomplete".into()),
    }
}

/// Splits concatenated histograms; `None` if they are inconsistent.
fn histograms(bins: &[f32], mut counts: &[f32], mut edges: &[f32]) -> Option<Vec<Histogram>> {
    let mut found = vec![];
    for &bins in bins {
        // One bin for missing cells, and one bin more than edges.
        let bins = Some(bins as usize).filter(|&whole| whole >= 2 && whole as f32 == bins)?;
        let (of_counts, of_edges) = (counts.split_off(..bins)?, edges.split_off(..bins - 2)?);
        let whole = |&n: &f32| Some(n as u32).filter(|&whole| whole as f32 == n);
        let counts = of_counts.iter().map(whole).collect::<Option<_>>()?;
        found.push(Histogram { edges: of_edges.to_vec(), counts });
    }
    (counts.is_empty() && edges.is_empty()).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn histograms_round_trip() {
        let spread = |edges: Vec<f32>, counts: Vec<u32>| Histogram { edges, counts };
        let edges = vec![f32::MIN, 0f32.next_down(), 0.0, 0.1, f32::INFINITY];
        let kept = vec![spread(edges, vec![7, 0, 4096, 1, 2, 3, 0]), spread(vec![], vec![4109, 0])];
        let reference = Some(Reference(kept.clone()));
        let (deviation, mean_loss, scores) = (vec![1.0], vec![0.0], vec![0.0]);
        let detector = Detector { deviation, mean_loss, scores, row_scores: vec![], reference };
        let mut tensors = export(Some(&detector));
        let [bins, counts, edges] = DRIFT.map(|name| tensors.remove(name).map_or(vec![], |t| t.values));
        assert_eq!(histograms(&bins, &counts, &edges), Some(kept));
        assert_eq!(export(Some(&Detector { reference: None, ..detector })).len(), NAMES.len());
    }

    #[test]
    fn damaged_histograms_are_noticed() {
        let (bins, counts, edges) = ([2.0, 4.0], [0.0, 9.0, 1.0, 3.0, 5.0, 0.0], [-1.0, 0.5]);
        let found = histograms(&bins, &counts, &edges).unwrap_or_default();
        let second = Histogram { edges: vec![-1.0, 0.5], counts: vec![1, 3, 5, 0] };
        assert_eq!(found, [Histogram { edges: vec![], counts: vec![0, 9] }, second]);
        for bins in
            [[2.0, 3.0], [2.0, 5.0], [1.0, 5.0], [2.5, 4.0], [f32::NAN, 4.0], [-2.0, 4.0], [1e30, 4.0]]
        {
            assert_eq!(histograms(&bins, &counts, &edges), None, "{bins:?}");
        }
        assert_eq!(histograms(&bins, &[0.0, 9.0, 1.0, -3.0, 5.0, 0.0], &edges), None);
        assert_eq!(histograms(&bins, &[0.0, 9.5, 1.0, 3.0, 5.0, 0.0], &edges), None);
    }
}
