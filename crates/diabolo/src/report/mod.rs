//! The report of a run: one HTML file that needs nothing else.
//!
//! Everything here is a pure function of plain numbers and names. [`Report::to_html`] draws them as a page with
//! vector plots, in light and dark, for screen and paper; it loads nothing from anywhere and runs no script.
//! Parts that are absent are left out, and no value, not even NaN, and no name can break the page.

use std::collections::BTreeMap;

mod anomalies;
mod assemble;
mod axis;
mod coloring;
pub mod comparison;
mod disentangled;
mod drift;
mod encoder_diagnostics;
mod encoder_sensitivity;
mod figures;
mod html;
mod map;
mod map_page;
mod number;
mod picture;
mod plot;
mod restored;
mod run_card;
mod scores;
mod svg;
mod timeline;
mod units;

#[cfg(test)]
mod demo;

pub use anomalies::{Anomalies, ScoredExample};
pub use map::{MapPage, MapQuality};
pub use map_page::map_page;
pub use picture::picture_grid_png;
pub use restored::{DenoisedPictures, FilledCells};
pub use scores::anomalies_page;

/// All that a report shows.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// What was fitted to what, such as "Variational autoencoder · digits".
    pub title: String,
    /// One sentence under the title.
    pub subtitle: String,
    /// Names and values of what was fitted: data, rows, architecture, likelihood, parameters, time, seed, version.
    pub facts: Vec<(String, String)>,
    /// One entry an epoch.
    pub history: Vec<EpochRow>,
    /// The numbers of `evaluate`.
    pub metrics: Vec<Metric>,
    /// What the reader has to know before trusting the rest.
    pub warnings: Vec<String>,
    /// For models of pictures.
    pub pictures: Option<Pictures>,
    /// For models of pictures that learned to take noise out.
    pub denoised: Option<DenoisedPictures>,
    /// For models of tables.
    pub columns: Vec<ColumnQuality>,
    /// For models of tables: how well missing cells are filled in.
    pub filled: Option<FilledCells>,
    /// The latent space in two dimensions.
    pub latent_map: Option<LatentMap>,
    /// What each latent unit carries; models with a posterior only.
    pub units: Vec<UnitRow>,
    /// For models of pictures: what changes when one unit does.
    pub traversals: Option<Traversals>,
    /// Singular values of the encoder's Jacobian.
    pub spectrum: Option<Spectrum>,
    /// For models of pictures: the changes of a picture that its code feels most.
    pub tangents: Option<TangentPictures>,
    /// How far the code moves when the input does.
    pub ratios: Option<RatioCurve>,
    /// For pictures drawn from known factors: what each unit of the code tells about each.
    pub factor_map: Option<FactorMap>,
    /// For models of tables: how much the code listens to each column.
    pub column_weights: Vec<ColumnWeight>,
    /// For models of pictures: how much the code listens to each pixel.
    pub pixel_weights: Option<PixelWeights>,
}

/// One epoch of training.
#[derive(Debug, Clone, Default)]
pub struct EpochRow {
    /// 1-based.
    pub epoch: usize,
    /// Terms of the loss on the training rows, by name: `objective`, `reconstruction`, `kl_divergence`,
    /// `negative_elbo` in nats per example, `contraction` = ‖J‖²_F; others are shown under the name they have.
    pub train: BTreeMap<String, f64>,
    /// The same on the validation rows; may be empty.
    pub validation: BTreeMap<String, f64>,
    /// The optimiser's step size.
    pub learning_rate: f64,
}

/// One latent unit.
#[derive(Debug, Clone, Default)]
pub struct UnitRow {
    /// 1-based.
    pub unit: usize,
    /// Mean KL divergence from the prior, nats.
    pub kl_divergence: f64,
    /// Of the codes of all rows together.
    pub mean: f64,
    /// Of the codes of all rows together.
    pub deviation: f64,
}

/// Pictures along single units, with values in 0..1, row by row, channels last.
#[derive(Debug, Clone, Default)]
pub struct Traversals {
    /// Rows of a picture.
    pub height: usize,
    /// Columns of a picture.
    pub width: usize,
    /// 1 for grey, 3 for colour.
    pub channels: usize,
    /// How far from the middle, in standard deviations of the prior.
    pub range: f64,
    /// The 1-based unit, and its pictures from −range to range.
    pub units: Vec<(usize, Vec<Vec<f32>>)>,
}

/// One number of the evaluation.
#[derive(Debug, Clone)]
pub struct Metric {
    /// What was measured.
    pub name: String,
    /// Its value; NaN is shown as a dash.
    pub value: f64,
    /// Unit, such as "nats per example"; may be empty.
    pub unit: String,
    /// One sentence for a reader who does not know it.
    pub explanation: String,
}

/// Pictures with values in 0..1, row by row, channels last.
#[derive(Debug, Clone, Default)]
pub struct Pictures {
    /// Rows of a picture.
    pub height: usize,
    /// Columns of a picture.
    pub width: usize,
    /// 1 for grey, 3 for colour.
    pub channels: usize,
    /// Held-out pictures.
    pub originals: Vec<Vec<f32>>,
    /// What the model makes of each, in the same order.
    pub reconstructions: Vec<Vec<f32>>,
    /// New pictures; may be empty.
    pub samples: Vec<Vec<f32>>,
    /// Where the samples come from.
    pub sampler: Sampler,
}

/// What new rows are drawn by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sampler {
    /// Codes from the prior.
    #[default]
    Prior,
    /// The contractive walk, for families without one.
    Walk,
}

/// How well one column of a table is reconstructed.
#[derive(Debug, Clone)]
pub struct ColumnQuality {
    /// The column's name.
    pub name: String,
    /// "number", "category", ….
    pub kind: String,
    /// "RMSE", "accuracy", ….
    pub measure: String,
    /// The model's value.
    pub value: f64,
    /// The value reached without a model, by always predicting the mean or the most frequent category.
    pub baseline: f64,
    /// The value of a perfect reconstruction: 0 for an error, 1 for an accuracy.
    pub perfect: f64,
    /// Unit of the value; may be empty.
    pub unit: String,
}

impl ColumnQuality {
    /// The share of the way from the baseline to perfection: 0 is no better than guessing, 1 is exact.
    pub fn skill(&self) -> f64 {
        (self.value - self.baseline) / (self.perfect - self.baseline)
    }
}

/// Examples as points in the plane.
#[derive(Debug, Clone, Default)]
pub struct LatentMap {
    /// Horizontal positions; up to some five thousand points keep the file small.
    pub x: Vec<f32>,
    /// Vertical positions.
    pub y: Vec<f32>,
    /// One label a point, if there are labels.
    pub labels: Option<Vec<String>>,
    /// "latent 1" or "PCA 1 (43 % of variance)".
    pub x_label: String,
    /// "latent 2" or "PCA 2 (21 % of variance)".
    pub y_label: String,
}

/// Singular values of the encoder's Jacobian ∂f(x)/∂x, largest first, averaged over examples.
#[derive(Debug, Clone, Default)]
pub struct Spectrum {
    /// Mean of each singular value.
    pub mean: Vec<f64>,
    /// A low quantile of each, such as 10 %; may be empty.
    pub low: Vec<f64>,
    /// A high quantile of each, such as 90 %; may be empty.
    pub high: Vec<f64>,
    /// Over how many directions they are spread; 0 is not shown.
    pub effective_rank: f64,
    /// How they were computed, such as "mean over 500 test rows; whiskers from the 10 % to the 90 % quantile".
    pub caption: String,
}

/// The contraction ratio ‖f(x+δ) − f(x)‖ / ‖δ‖ over ‖δ‖, encoded units.
#[derive(Debug, Clone, Default)]
pub struct RatioCurve {
    /// ‖δ‖, ascending.
    pub radius: Vec<f64>,
    /// The mean ratio at each radius.
    pub mean: Vec<f64>,
    /// Half the length of each whisker; may be empty.
    pub error: Vec<f64>,
    /// How far apart two rows are.
    pub typical_distance: f64,
    /// Names and values shown beside the curve.
    pub facts: Vec<(String, String)>,
    /// What was averaged.
    pub caption: String,
}

/// Pictures with directions of the input, laid out as in [`Pictures`].
#[derive(Debug, Clone, Default)]
pub struct TangentPictures {
    /// Rows of a picture.
    pub height: usize,
    /// Columns of a picture.
    pub width: usize,
    /// 1 for grey, 3 for colour.
    pub channels: usize,
    /// One entry a picture.
    pub rows: Vec<TangentRow>,
}

/// One picture and the changes of it that the code feels most.
#[derive(Debug, Clone, Default)]
pub struct TangentRow {
    /// Values in 0..1.
    pub picture: Vec<f32>,
    /// Changes of the picture, strongest first, around 0; drawn each on a scale of its own.
    pub directions: Vec<Vec<f32>>,
    /// How far the code moves per unit of each.
    pub singular_values: Vec<f64>,
}

/// What each unit of the code tells about the factors that the pictures were drawn from.
#[derive(Debug, Clone, Default)]
pub struct FactorMap {
    /// The factors' names.
    pub factors: Vec<String>,
    /// Mutual information of a unit and a factor over the factor's entropy, 0 to 1: one entry a unit, in it one a factor.
    pub shares: Vec<Vec<f64>>,
    /// The gap between the two units that tell most, by factor.
    pub gaps: Vec<f64>,
    /// The mean of the gaps.
    pub mutual_information_gap: f64,
    /// How many rows were measured.
    pub examples: usize,
}

/// How much the code listens to one column.
#[derive(Debug, Clone)]
pub struct ColumnWeight {
    /// The column's name.
    pub name: String,
    /// Code units per encoded unit.
    pub value: f64,
    /// The column's part of the whole sensitivity, 0 to 1.
    pub share: f64,
}

/// How much the code listens to each pixel.
#[derive(Debug, Clone, Default)]
pub struct PixelWeights {
    /// Rows of a picture.
    pub height: usize,
    /// Columns of a picture.
    pub width: usize,
    /// One value a pixel, row by row.
    pub values: Vec<f64>,
}

impl Report {
    /// The report as one HTML page.
    pub fn to_html(&self) -> String {
        html::page(self)
    }

    /// Pictures and latent map side by side as one stand-alone SVG, for a README or a slide.
    pub fn hero_svg(&self) -> String {
        run_card::hero(self)
    }
}
