//! Evaluation of features: classification of held-out rows by a linear probe and by nearest
//! neighbours, and clustering.

use serde::Serialize;

use crate::data::{Encoded, Labels, Prepared};
use crate::model::Layerwise;
use crate::stats::{
    Labelled, LogisticProbe, NearestNeighbours, accuracy, adjusted_rand_index, k_means,
    normalized_mutual_information, share_interval,
};
use crate::tensor::Device;
use crate::{Error, Result};

/// Number of restarts of k-means.
const RESTARTS: usize = 5;

/// The labelled rows of a fit by part, each with [`Encoded::classes`].
pub struct LabelledParts {
    /// The training rows.
    pub train: Encoded,
    /// The validation rows, which select the penalty, the number of neighbours, the epoch.
    pub validation: Encoded,
    /// The test rows.
    pub test: Encoded,
    /// The names of the classes.
    pub classes: Vec<String>,
}

impl LabelledParts {
    /// The labelled rows of `prepared`, which was read from `input`.
    ///
    /// # Errors
    /// If there is no label column, or a part has no labelled rows.
    pub fn new(input: &str, prepared: Prepared) -> Result<Self> {
        let labels = Labels::of(input, &prepared)?;
        let test = prepared.preprocessor.encode(input, &prepared.test, 0)?;
        let [train, validation, held_out] = labels.parts;
        let labelled = |rows: Encoded, classes: Vec<Option<u32>>, part: &str| {
            let known: Vec<usize> = (0..classes.len()).filter(|&row| classes[row].is_some()).collect();
            if known.is_empty() {
                let help = "fit with --validation and --test above 0";
                return Err(Error::data(input, format!("{part} rows with a label"), "none", help));
            }
            let all = known.len() == rows.rows;
            let classes = Some(classes.into_iter().map(Option::unwrap_or_default).collect());
            let rows = Encoded { classes, ..rows };
            Ok(if all { rows } else { rows.select(&known) })
        };
        Ok(LabelledParts {
            train: labelled(prepared.train, train, "training")?,
            validation: labelled(prepared.validation, validation, "validation")?,
            test: labelled(test, held_out, "test")?,
            classes: labels.names,
        })
    }

    /// The codes of the same rows.
    pub fn codes(&self, model: &impl Layerwise, device: &Device) -> Self {
        LabelledParts {
            train: model.codes(&self.train, device),
            validation: model.codes(&self.validation, device),
            test: model.codes(&self.test, device),
            classes: self.classes.clone(),
        }
    }
}

/// Scores of features on labelled test rows. Hyperparameters are selected on validation rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct FeatureScores {
    /// Accuracy of a logistic regression on the features.
    pub probe_accuracy: f64,
    /// Its 95 % interval, given the number of test rows (Wilson).
    pub probe_interval: [f64; 2],
    /// Its L2 penalty, selected on the validation rows.
    pub probe_l2: f64,
    /// Accuracy of the k nearest neighbours among the training rows.
    pub neighbours_accuracy: f64,
    /// Its 95 % interval.
    pub neighbours_interval: [f64; 2],
    /// k, selected on the validation rows.
    pub neighbours: usize,
    /// Normalized mutual information of the classes and a k-means clustering (with one cluster per
    /// class) of the test rows.
    pub nmi: f64,
    /// Adjusted Rand index of the same two partitions.
    pub ari: f64,
}

/// Scores features: the codes of rows, or the encoded rows as a baseline.
pub fn score_features(rows: &LabelledParts, seed: u64) -> Result<FeatureScores> {
    let (train, validation, test) = (labelled(&rows.train), labelled(&rows.validation), labelled(&rows.test));
    let probe = LogisticProbe::fit(&train, &validation, rows.classes.len())?;
    let neighbours = NearestNeighbours::fit(&train, &validation)?;
    let clusters =
        k_means(test.features, test.width, rows.classes.len().min(rows.test.rows), RESTARTS, seed)?;
    let probe_accuracy = accuracy(&probe.predict(test.features), test.classes);
    let neighbours_accuracy = accuracy(&neighbours.predict(test.features), test.classes);
    Ok(FeatureScores {
        probe_accuracy,
        probe_interval: share_interval(probe_accuracy, rows.test.rows),
        probe_l2: probe.l2,
        neighbours_accuracy,
        neighbours_interval: share_interval(neighbours_accuracy, rows.test.rows),
        neighbours: neighbours.k,
        nmi: normalized_mutual_information(&clusters.assignment, test.classes),
        ari: adjusted_rand_index(&clusters.assignment, test.classes),
    })
}

fn labelled(rows: &Encoded) -> Labelled<'_> {
    Labelled {
        features: &rows.values,
        width: rows.width,
        classes: rows.classes.as_deref().unwrap_or_default(),
    }
}
