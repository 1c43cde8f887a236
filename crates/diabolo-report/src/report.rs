//! The report of a run.

use crate::anomalies;
use crate::architecture::{self, ArchitecturePicture};
use crate::columns::{self, ColumnQuality};
use crate::confusion::{self, Confusions};
use crate::data::{self, DataTable};
use crate::denoising::{self, DenoisedPictures};
use crate::document::{document, facts, section, warnings};
use crate::encoder_sensitivity::{self, ColumnWeight, PixelWeights, RatioCurve, TangentPictures};
use crate::extremes::{self, Extremes};
use crate::factor_map::{self, FactorMap};
use crate::gallery::{self, Pictures};
use crate::imputation::{self, ImputedCells};
use crate::latent_dimensions::{self, LatentDimension, Traversals};
use crate::latent_map::{self, LatentMap};
use crate::metrics::{self, Metric};
use crate::spectrum::{self, Spectrum};
use crate::training::{self, EpochRow};
use crate::windows::{self, SeriesWindows};

/// What a reader should know of the labels.
const UNSEEN: &str = "The encoder does not see the labels unless the model is conditional.";

/// All that a report shows.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// What was fitted to what, such as "Variational autoencoder · digits".
    pub title: String,
    /// One sentence under the title.
    pub subtitle: String,
    /// Names and values of what was fitted: data, rows, architecture, likelihood, parameters, time,
    /// seed, version.
    pub facts: Vec<(String, String)>,
    /// For models of tables: what the columns of the training rows hold.
    pub data: Option<DataTable>,
    /// The layers as a drawing, and the objective with the numbers of the held-out rows.
    pub architecture: Option<ArchitecturePicture>,
    /// One entry an epoch.
    pub history: Vec<EpochRow>,
    /// The numbers of `evaluate`.
    pub metrics: Vec<Metric>,
    /// What the reader has to know before trusting the rest.
    pub warnings: Vec<String>,
    /// For models of pictures.
    pub pictures: Option<Pictures>,
    /// For denoising models of pictures.
    pub denoised: Option<DenoisedPictures>,
    /// For models of tables.
    pub columns: Vec<ColumnQuality>,
    /// For models of windows of a series.
    pub windows: Option<SeriesWindows>,
    /// For models of tables: which levels are reconstructed as which.
    pub confusions: Confusions,
    /// The held-out rows that are reconstructed worst and best.
    pub extremes: Option<Extremes>,
    /// For models that detect anomalies: the scores of rows that were held out of the fit.
    pub held_out_scores: Vec<f64>,
    /// The score above which a p-value is at most 0.05.
    pub held_out_threshold: f64,
    /// For models of tables: how well missing cells are imputed.
    pub imputed: Option<ImputedCells>,
    /// The latent space in two dimensions.
    pub latent_map: Option<LatentMap>,
    /// KL divergence and distribution of each latent dimension; models with a posterior only.
    pub latent_dimensions: Vec<LatentDimension>,
    /// For models of pictures: what changes along one latent dimension.
    pub traversals: Option<Traversals>,
    /// Singular values of the encoder's Jacobian.
    pub spectrum: Option<Spectrum>,
    /// For models of pictures: high-singular-value directions.
    pub tangents: Option<TangentPictures>,
    /// The contraction ratio over distance.
    pub ratios: Option<RatioCurve>,
    /// For pictures drawn from known factors: the information of each latent dimension about each.
    pub factor_map: Option<FactorMap>,
    /// For models of tables: the sensitivity to each column.
    pub column_weights: Vec<ColumnWeight>,
    /// For models of pictures: the sensitivity to each pixel.
    pub pixel_weights: Option<PixelWeights>,
}

/// The scores that new rows are compared with.
fn held_out(scores: &[f64], threshold: f64) -> String {
    let flagged: Vec<bool> = scores.iter().map(|&score| score > threshold).collect();
    let mark = match flagged.contains(&true) {
        true => " From the mark on, p is at most 0.05.",
        false => " They are too few for a p-value of 0.05 at any of these scores.",
    };
    let help = "Anomaly scores of rows that were held out of the fit: the p-value of a new row is (1 + the number of \
                these scores that are as high) / (1 + their number).";
    anomalies::histogram(scores, &flagged, "Scores of held-out rows", &format!("{help}{mark}"))
}

impl Report {
    /// The report as one HTML page.
    pub fn to_html(&self) -> String {
        let mut out = warnings(&self.warnings);
        out += &section("What was fitted", "", &facts(&self.facts));
        out += &self.data.as_ref().map(data::columns).unwrap_or_default();
        out += &self.architecture.as_ref().map(architecture::drawing).unwrap_or_default();
        out += &gallery::pictures(self.pictures.as_ref());
        out += &self.denoised.as_ref().map(denoising::pictures).unwrap_or_default();
        out += &self.windows.as_ref().map(windows::sections).unwrap_or_default();
        out += &columns::quality(&self.columns);
        out += &confusion::tables(&self.confusions);
        out += &self.extremes.as_ref().map(extremes::rows).unwrap_or_default();
        out += &held_out(&self.held_out_scores, self.held_out_threshold);
        out += &self.imputed.as_ref().map(imputation::cells).unwrap_or_default();
        out += &training::curves(&self.history);
        let map = self.latent_map.as_ref();
        out += &map.map(|map| latent_map::section_of(map, "Label", UNSEEN)).unwrap_or_default();
        out += &self.traversals.as_ref().map(latent_dimensions::traversals).unwrap_or_default();
        out += &latent_dimensions::table(&self.latent_dimensions);
        out += &self.factor_map.as_ref().map(factor_map::heat_map).unwrap_or_default();
        out += &self.spectrum.as_ref().map(spectrum::bars).unwrap_or_default();
        out += &self.tangents.as_ref().map(encoder_sensitivity::tangents).unwrap_or_default();
        out += &self.ratios.as_ref().map(encoder_sensitivity::ratios).unwrap_or_default();
        out += &encoder_sensitivity::columns(&self.column_weights);
        out += &self.pixel_weights.as_ref().map(encoder_sensitivity::pixels).unwrap_or_default();
        out += &metrics::table(&self.metrics);
        document(&self.title, &self.subtitle, &out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers of rows in bars that are flagged, from their labels.
    fn flagged(html: &str) -> usize {
        let counts = html.split(" rows, ").skip(1).filter_map(|rest| rest.split_once(" of them flagged"));
        let parsed: Vec<usize> = counts.filter_map(|(count, _)| count.parse().ok()).collect();
        // Bars with flagged rows are drawn twice.
        parsed.iter().sum::<usize>() / 2
    }

    #[test]
    fn scores_above_the_threshold_are_marked() {
        let scores: Vec<f64> = (0..199).map(f64::from).collect();
        let html = held_out(&scores, 190.5);
        assert_eq!(flagged(&html), 8, "{html}");
        assert!(html.contains("From the mark on"));
        for none in [198.0, f64::INFINITY] {
            let html = held_out(&scores, none);
            assert!(flagged(&html) == 0 && html.contains("too few"), "{html}");
        }
    }
}
