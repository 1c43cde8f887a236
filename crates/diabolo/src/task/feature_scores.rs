//! What features are good for: held-out rows told apart by a linear probe, by their neighbours, and by clustering.

use serde::Serialize;

use crate::data::{Encoded, Labels, Prepared};
use crate::model::Layerwise;
use crate::stats::{
    Labelled, LogisticProbe, NearestNeighbours, accuracy, adjusted_rand_index, k_means,
    normalized_mutual_information,
};
use crate::tensor::Device;
use crate::{Error, Result};

/// Starts of k-means, of which the best counts.
const RESTARTS: usize = 5;

/// The rows of a fit that have a class, in its own parts, each with [`Encoded::classes`].
pub struct LabelledParts {
    /// Rows to learn from.
    pub train: Encoded,
    /// Rows that choose: the penalty, the number of neighbours, the epoch.
    pub validation: Encoded,
    /// Rows that only measure.
    pub test: Encoded,
    /// The classes' names.
    pub classes: Vec<String>,
}

impl LabelledParts {
    /// The rows of `prepared`, which was read from `input`; rows without a label are left out.
    ///
    /// # Errors
    /// If there is no label column, or a part has no rows with a class.
    pub fn new(input: &str, prepared: Prepared) -> Result<Self> {
        let labels = Labels::of(input, &prepared)?;
        let test = prepared.preprocessor.encode(input, &prepared.test, 0)?;
        let [train, validation, held_out] = labels.parts;
        let labelled = |rows: Encoded, classes: Vec<Option<u32>>, part: &str| {
            let known: Vec<usize> = (0..classes.len()).filter(|&row| classes[row].is_some()).collect();
            if known.is_empty() {
                let help = "give --validation and --test a share of the rows when fitting";
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

    /// The same rows as a model's codes.
    pub fn codes(&self, model: &impl Layerwise, device: &Device) -> Self {
        LabelledParts {
            train: model.codes(&self.train, device),
            validation: model.codes(&self.validation, device),
            test: model.codes(&self.test, device),
            classes: self.classes.clone(),
        }
    }
}

/// How well features tell the classes of test rows. All choices are made on validation rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct FeatureScores {
    /// Share of right answers of a logistic regression on the features.
    pub probe_accuracy: f64,
    /// Its L2 penalty, chosen on the validation rows.
    pub probe_l2: f64,
    /// Share of right answers of the k nearest training rows.
    pub neighbours_accuracy: f64,
    /// k, chosen on the validation rows.
    pub neighbours: usize,
    /// Normalised mutual information between classes and k-means clusters, as many as classes, of the test rows.
    pub nmi: f64,
    /// Adjusted Rand index between the same two.
    pub ari: f64,
}

/// Scores the rows' numbers as features: their codes, or the encoded rows themselves as a baseline.
pub fn score_features(rows: &LabelledParts, seed: u64) -> Result<FeatureScores> {
    let (train, validation, test) = (labelled(&rows.train), labelled(&rows.validation), labelled(&rows.test));
    let probe = LogisticProbe::fit(&train, &validation, rows.classes.len())?;
    let neighbours = NearestNeighbours::fit(&train, &validation)?;
    let clusters =
        k_means(test.features, test.width, rows.classes.len().min(rows.test.rows), RESTARTS, seed)?;
    Ok(FeatureScores {
        probe_accuracy: accuracy(&probe.predict(test.features), test.classes),
        probe_l2: probe.l2,
        neighbours_accuracy: accuracy(&neighbours.predict(test.features), test.classes),
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
