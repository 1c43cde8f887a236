//! The rows of a split.

use super::{Candidate, Study, reference};
use crate::data::{Encoded, Labels, Prepared, prepare};
use crate::distribution::LikelihoodBlock;
use crate::model::FamilyConfig;
use crate::objective::Corruption;
use crate::random::{Purpose, permutation, stream};
use crate::{Error, Result};

/// The rows for one seed.
pub(super) struct SeedSplit {
    pub prepared: Prepared,
    pub test: Encoded,
    /// The models, resolved for these rows.
    pub candidates: Vec<Candidate>,
    /// What denoising models were trained to remove.
    pub corruption: Option<Corruption>,
    /// For each encoded column, whether the decoders describe it, so that its errors count.
    pub described: Vec<bool>,
    pub classes: std::result::Result<Classes, String>,
    /// Test rows in random order.
    pub order: Vec<usize>,
    pub seed: u64,
    /// How often each model is trained.
    pub initializations: usize,
}

/// The labelled rows as (row, class), for training, validation, test.
pub(super) struct Classes {
    pub parts: [Vec<(usize, u32)>; 3],
    pub count: usize,
}

impl SeedSplit {
    pub fn new(study: &dyn Study, seed: u64) -> Result<Self> {
        let prepared = prepare(study.input(), study.data(), seed)?;
        if prepared.test.num_rows() == 0 {
            return Err(Error::config("test", "a fraction above 0: models are compared on test rows", 0));
        }
        let test = prepared.preprocessor.encode(study.input(), &prepared.test, 0)?;
        let order = permutation(&mut stream(seed, Purpose::ComparedRows, 0, 0), test.rows);
        let classes = Classes::of(study.input(), &prepared);
        let initializations = study.initializations();
        let candidates = study.candidates(&prepared, seed)?;
        let corruption = trained_corruption(&candidates);
        // It depends on the rows only, so that one model's is all models'.
        let described = candidates.first().map(|c| LikelihoodBlock::described(&c.architecture.likelihood));
        let described = described.unwrap_or_default();
        Ok(SeedSplit {
            prepared,
            test,
            candidates,
            corruption,
            described,
            classes,
            order,
            seed,
            initializations,
        })
    }

    /// Whether a model's nats are comparable with those of the [`reference`].
    pub fn has_nats(&self, candidate: &Candidate) -> bool {
        reference(&self.candidates).is_some_and(|reference| candidate.has_likelihood_of(reference))
    }
}

/// What the denoising models are trained to remove; `None` if there are none, or they differ.
fn trained_corruption(candidates: &[Candidate]) -> Option<Corruption> {
    let mut all = candidates.iter().filter_map(|candidate| match candidate.architecture.family {
        FamilyConfig::Denoising { corruption, .. } => Some(corruption),
        _ => None,
    });
    let first = all.next()?;
    all.all(|other| other == first).then_some(first)
}

impl Classes {
    /// The labels, or a sentence that explains why there are none.
    fn of(input: &str, prepared: &Prepared) -> std::result::Result<Classes, String> {
        let labels =
            Labels::of(input, prepared).map_err(|cause| format!("Classification is skipped: {cause}."))?;
        let known = |part: Vec<Option<u32>>| {
            part.into_iter().enumerate().filter_map(|(row, class)| Some((row, class?))).collect()
        };
        Ok(Classes { parts: labels.parts.map(known), count: labels.names.len() })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::{Plan, measure};
    use super::*;
    use crate::Config;
    use crate::tensor::Device;

    fn split(input: &str, families: &[&str]) -> SeedSplit {
        let config = |family: &&str| {
            let mut config = Config::default();
            config.choose_family(family).unwrap();
            config
        };
        let models = families.iter().map(config).collect();
        let (tied, seconds, initializations) = (Some(true), None, 1);
        let plan = Plan { input: input.into(), models, tied, seeds: vec![0], initializations, seconds };
        SeedSplit::new(&plan, 0).unwrap()
    }

    #[test]
    fn nats_are_compared_with_those_of_the_subject_in_any_order() {
        let families = ["plain", "contractive", "variational"];
        for order in [[0, 1, 2], [2, 1, 0], [2, 0, 1]] {
            let split = split("digits", &order.map(|k| families[k]));
            let mut with: Vec<&str> =
                split.candidates.iter().filter(|c| split.has_nats(c)).map(|c| &*c.name).collect();
            with.sort_unstable();
            assert_eq!(with, ["contractive", "plain"], "{order:?}");
        }
        // Without the subject, the first.
        let split = split("digits", &["variational", "plain"]);
        assert_eq!(split.candidates.iter().map(|c| split.has_nats(c)).collect::<Vec<_>>(), [true, false]);
    }

    #[test]
    fn errors_of_the_raw_input_are_over_the_cells_that_models_describe() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dates.csv");
        let row = |k: usize| format!("2024-{:02}-{:02},{}\n", k % 12 + 1, k % 28 + 1, (k * 37) % 101);
        std::fs::write(&path, "day,x\n".to_string() + &(0..200).map(row).collect::<String>()).unwrap();
        let split = split(path.to_str().unwrap(), &["plain", "denoising"]);
        // The time of a date is described, its place in the calendar is not.
        let described = split.described.iter().filter(|described| **described).count();
        assert_eq!(described, 2, "{:?}", split.described);
        assert!(split.test.width > 2);
        let device = Device::cpu();
        let rows = split.corrupted(&device).unwrap();
        let columns: Vec<usize> = (0..split.test.width).filter(|&k| split.described[k]).collect();
        let cells =
            (0..split.test.rows).flat_map(|row| columns.iter().map(move |k| row * split.test.width + k));
        let squares: Vec<f64> =
            cells.map(|at| f64::from(rows.values[at] - split.test.values[at]).powi(2)).collect();
        let expected = squares.iter().sum::<f64>() / squares.len() as f64;
        let found = measure::raw_input(&split, &device).unwrap().measures["corrupted_squared_error"];
        assert!((found - expected).abs() < 1e-9, "{found} {expected}");
    }
}
