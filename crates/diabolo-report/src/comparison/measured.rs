//! What is compared, as plain data.

use std::collections::BTreeMap;

use serde::Serialize;

use super::verdict::{Better, Summary, Verdict};

/// All that a comparison shows.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Comparison {
    /// Such as "Contractive beside plain and denoising · digits".
    pub title: String,
    /// One sentence under the title.
    pub subtitle: String,
    /// Names and values of what all models share: data, rows, epochs, seeds, version.
    pub facts: Vec<(String, String)>,
    /// What the reader has to know before trusting the rest.
    pub notes: Vec<String>,
    /// The seeds of the splits, in the order of all values.
    pub seeds: Vec<u64>,
    /// How often each model was trained on a split, from other initial weights.
    pub initializations: usize,
    /// What the values of a measure are over, if not seeds, whose values are means over the initial
    /// weights.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub over: Option<String>,
    /// The keys of settings whose values name the models, of a sweep.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub varied: Vec<String>,
    /// What was measured, in the order of the table.
    pub measures: Vec<Measure>,
    /// What was compared; baselines last.
    pub models: Vec<ComparedModel>,
    /// Statements about the models, judged.
    pub claims: Vec<Claim>,
    /// Further figures.
    pub figures: Vec<Figure>,
    /// Sums of parts, one for each model.
    #[serde(skip)]
    pub stacks: Vec<Stack>,
    /// For models of pictures.
    #[serde(skip)]
    pub pictures: Option<ComparedPictures>,
}

/// Something measured of every model.
#[derive(Debug, Clone, Serialize)]
pub struct Measure {
    /// Its key in [`ComparedModel::values`].
    pub key: String,
    /// What was measured.
    pub name: String,
    /// Such as "nats per example"; `%` for shares, which are kept as numbers from 0 to 1.
    pub unit: String,
    /// Which values are good.
    pub better: Better,
    /// One sentence for a reader who does not know it.
    pub explanation: String,
}

impl Measure {
    /// From the value kept to the value shown.
    pub fn factor(&self) -> f64 {
        if self.unit == "%" { 100.0 } else { 1.0 }
    }
}

/// A model, or a baseline.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ComparedModel {
    /// The family's name.
    pub name: String,
    /// Something to compare with that was not trained.
    pub baseline: bool,
    /// The number of its colour, if its name is not that of a family.
    #[serde(skip)]
    pub color: Option<usize>,
    /// Layers, settings and the like.
    pub facts: Vec<(String, String)>,
    /// By measure: one value for each seed, or what else they are over; NaN where there is none.
    pub values: BTreeMap<String, Vec<f64>>,
    /// By measure: the standard deviation between initial weights on the same split, if there are
    /// several.
    pub initialization_deviations: BTreeMap<String, f64>,
    /// Its values of swept settings, by key.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, String>,
    /// The terms of its objective on held-out rows: mean and weight.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub terms: BTreeMap<String, [f64; 2]>,
}

impl ComparedModel {
    /// The mean over seeds.
    pub fn summary(&self, measure: &str) -> Summary {
        Summary::of(self.over_seeds(measure))
    }

    /// The mean over seeds of its value minus that of `other`. The one value of a baseline, which
    /// initial weights do not change, is beside each of the other's.
    pub fn difference(&self, other: &ComparedModel, measure: &str) -> Summary {
        let values = |model: &ComparedModel, count: usize| match model.over_seeds(measure) {
            [only] if model.baseline => vec![*only; count],
            values => values.to_vec(),
        };
        let count = self.over_seeds(measure).len().max(other.over_seeds(measure).len());
        Summary::of_differences(&values(self, count), &values(other, count))
    }

    fn over_seeds(&self, measure: &str) -> &[f64] {
        self.values.get(measure).map_or(&[], Vec::as_slice)
    }
}

/// A statement about one model beside others.
#[derive(Debug, Clone, Serialize)]
pub struct Claim {
    /// The statement.
    pub title: String,
    /// What it means, and how it was tested.
    pub meaning: String,
    /// The verdict on all checks together.
    pub verdict: Verdict,
    /// The verdict in words.
    pub sentence: String,
    /// One for each measure and rival.
    pub checks: Vec<Check>,
    /// To see it.
    pub figures: Vec<Figure>,
}

/// One measure of the model claimed about beside one rival.
#[derive(Debug, Clone, Serialize)]
pub struct Check {
    /// The measure's key.
    pub measure: String,
    /// Who is claimed about.
    pub model: String,
    /// With whom it is compared.
    pub rival: String,
    /// Of the model minus the rival.
    pub difference: Summary,
    /// On this check alone.
    pub verdict: Verdict,
}

/// Curves of several models.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Figure {
    /// What is shown.
    pub title: String,
    /// How to read it.
    pub caption: String,
    /// Name and unit of the horizontal axis.
    pub x_label: String,
    /// Name and unit of the vertical axis.
    pub y_label: String,
    /// Whether the horizontal axis is logarithmic.
    pub log_x: bool,
    /// Names of the places 0, 1, … on the horizontal axis, where it has no numbers.
    pub x_names: Vec<String>,
    /// One for each model.
    pub curves: Vec<Curve>,
}

/// One model's curve.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Curve {
    /// The model's name, or what else the curve is.
    pub name: String,
    /// Not a model.
    pub baseline: bool,
    /// The number of its colour, if its name is not that of a family.
    #[serde(skip)]
    pub color: Option<usize>,
    /// Texts beside its points; may be empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// x, mean over seeds, standard error (0 if unknown).
    pub points: Vec<[f64; 3]>,
}

/// A sum of parts, such as an objective of its terms.
#[derive(Debug, Clone, Default)]
pub struct Stack {
    /// The model's name.
    pub name: String,
    /// Name and size of each part.
    pub parts: Vec<(String, f64)>,
}

/// Pictures with values in 0..1, row by row, channels last.
#[derive(Debug, Clone, Default)]
pub struct ComparedPictures {
    /// Height, width, channels.
    pub shape: (usize, usize, usize),
    /// How `noisy` was made from `originals`.
    pub disturbance: String,
    /// Held-out pictures.
    pub originals: Vec<Vec<f32>>,
    /// The same, disturbed.
    pub noisy: Vec<Vec<f32>>,
    /// One for each model.
    pub models: Vec<ModelPictures>,
    /// By model that can generate: its name and samples.
    pub samples: Vec<(String, Vec<Vec<f32>>)>,
}

/// A model's reconstructions of the pictures.
#[derive(Debug, Clone, Default)]
pub struct ModelPictures {
    /// The model's name.
    pub name: String,
    /// Of the originals.
    pub reconstructions: Vec<Vec<f32>>,
    /// Of the noisy ones.
    pub restored: Vec<Vec<f32>>,
}

impl Comparison {
    /// The model whose value is best, if its difference from every other is real. Baselines compete
    /// too.
    pub fn best(&self, measure: &Measure) -> Option<&ComparedModel> {
        let measured = || self.models.iter().filter(|m| m.summary(&measure.key).count > 0);
        let beats = |model: &ComparedModel, other: &ComparedModel| {
            model.difference(other, &measure.key).verdict(measure.better) == Verdict::Holds
        };
        let best = |model: &&ComparedModel| {
            measured().filter(|other| other.name != model.name).all(|other| beats(model, other))
        };
        measured().nth(1).and_then(|_| measured().find(best))
    }
}
