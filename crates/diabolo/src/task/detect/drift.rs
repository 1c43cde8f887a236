//! Drift detection: new rows compared with held-out rows of the fit, by score, columns and latent
//! dimensions.
//!
//! Each variable is tested with two samples of counts in the same bins (see [`Histogram`]). The
//! p-values are corrected by Holm's method: if the rows have the same distribution, no drift is
//! reported with probability 1 − [`LEVEL`]. Drifted variables are sorted by their population
//! stability index. For images, the score and the latent dimensions are tested, not the pixels.
//! Key, label and condition columns are not tested. The tests assume independent rows: consecutive
//! rows of a time series are not, so small differences of short series are not significant.
//!
//! ```
//! # use diabolo::{artifact::*, task::{self, Drift, ScoreConfig}, tensor::Device};
//! # fn example(saved: &SavedModel, rows: &arrow_array::RecordBatch) -> diabolo::Result<()> {
//! let mut drift = Drift::new(saved)?;
//! let found = task::score(saved, "rows.csv", rows, 0, &ScoreConfig::default(), &Device::cpu())?;
//! drift.add("rows.csv", rows, 0, &found.scores, &Device::cpu())?;
//! for moved in drift.found()?.moved {
//!     println!("{moved}"); // age: higher, median 37 → about 52 (PSI 0.83, p < 1e-16)
//! }
//! # Ok(()) }
//! ```

use arrow_array::RecordBatch;
use serde::Serialize;

use super::variable::{LEVEL, Variable};
use super::words;
use crate::artifact::SavedModel;
use crate::evaluate::Reference;
use crate::stats::{Histogram, holm};
use crate::task::codes;
use crate::tensor::Device;
use crate::{Error, Result};

/// Below this effective number of rows, n m / (n + m), a shift by half a standard deviation among
/// twenty tests is detected with probability below ½.
const ENOUGH: f64 = 100.0;

/// Maximum number of latent dimensions in the summary; often many drift together.
const UNITS: usize = 3;

/// Counts of new rows, compared with the held-out rows of the fit.
pub struct Drift<'a> {
    saved: &'a SavedModel,
    reference: &'a Reference,
    new: Reference,
    /// For each feature, the cells with a category that was not in the training data.
    unseen: Vec<u32>,
}

/// The result of drift detection.
#[derive(Debug, Clone, Default, Serialize)]
pub struct DriftReport {
    /// Number of new rows.
    pub rows: u64,
    /// Number of held-out rows.
    pub reference_rows: u64,
    /// Number of tested variables.
    pub tests: usize,
    /// The drifted variables, largest drift first.
    pub moved: Vec<DriftedVariable>,
}

/// A variable that has drifted.
#[derive(Debug, Clone, Serialize)]
pub struct DriftedVariable {
    /// The name of the column, "score", or "latent_1", ….
    pub name: String,
    /// "score", "latent", or the type of the column.
    pub kind: &'static str,
    /// The population stability index.
    pub psi: f64,
    /// The p-value of this test.
    pub p_value: f64,
    /// The p-value, corrected for all tests (Holm).
    pub p_corrected: f64,
    /// A description in the units of the column.
    pub words: String,
    /// What the first and the last bin hold.
    #[serde(skip)]
    pub ends: [String; 2],
    /// The fractions of held-out and of new rows that are missing, and that are in each bin.
    #[serde(skip)]
    pub shares: Vec<[f64; 2]>,
}

impl<'a> Drift<'a> {
    /// Starts without new rows.
    ///
    /// # Errors
    /// [`Error::Unsupported`] if the model file has no drift reference.
    pub fn new(saved: &'a SavedModel) -> Result<Self> {
        let reference = saved.detector.as_ref().and_then(|detector| detector.reference.as_ref());
        let reference = reference.ok_or_else(|| Error::Unsupported {
            what: "the model file has no drift reference (histograms of held-out rows)".into(),
            help: "run `diabolo calibrate RUN ROWS` with rows that the model was not fitted on".into(),
        })?;
        let unseen = vec![0; saved.header.preprocessor.schema.features.len()];
        Ok(Drift { saved, reference, new: reference.emptied(), unseen })
    }

    /// Counts rows with their scores; `first_row` is the 0-based number of the first row in
    /// `input`, for messages.
    pub fn add(
        &mut self,
        input: &str,
        rows: &RecordBatch,
        first_row: u64,
        scores: &[f64],
        device: &Device,
    ) -> Result<()> {
        let preprocessor = &self.saved.header.preprocessor;
        // Rows without a complete window have no score.
        let cut = scores.iter().take_while(|score| score.is_nan()).count();
        let whole = rows.slice(cut, rows.num_rows() - cut);
        for (count, rows) in self.unseen.iter_mut().zip(preprocessor.unseen_cells(input, &whole)?) {
            *count += rows.len() as u32;
        }
        let rows = preprocessor.encode(input, &whole, first_row + cut as u64)?;
        self.new.add(preprocessor, &rows, &scores[cut..], &codes(self.saved, &rows, device));
        Ok(())
    }

    /// The result for all rows so far.
    pub fn found(&self) -> Result<DriftReport> {
        let things = self.things();
        let pairs = things.iter().zip(self.reference.0.iter().zip(&self.new.0));
        let pairs = pairs.map(|(thing, (old, new))| (thing, self.with_unseen(thing, old, new)));
        let tested: Vec<_> = pairs
            .filter(|(thing, _)| self.is_tested(thing))
            .filter_map(|(thing, [old, new])| {
                let difference = thing.difference(&old, &new)?;
                Some((thing, old, new, difference))
            })
            .collect();
        let corrected = holm(&tested.iter().map(|(.., difference)| difference.p_value).collect::<Vec<_>>());
        // New values may lie outside the range of the training rows.
        let mut preprocessor = self.saved.header.preprocessor.clone();
        preprocessor.beyond_range = true;
        let mut moved = vec![];
        for ((thing, old, new, difference), p_corrected) in tested.iter().zip(corrected) {
            if p_corrected <= LEVEL {
                moved.push(DriftedVariable {
                    name: thing.name(),
                    kind: thing.kind(),
                    psi: difference.psi,
                    p_value: difference.p_value,
                    p_corrected,
                    words: words::words(&preprocessor, thing, old, new)?,
                    ends: words::ends(&preprocessor, thing, old)?,
                    shares: old
                        .all_shares()
                        .into_iter()
                        .zip(new.all_shares())
                        .map(<[f64; 2]>::from)
                        .collect(),
                });
            }
        }
        moved.sort_by(|a, b| b.psi.total_cmp(&a.psi));
        Ok(DriftReport {
            rows: self.new.rows(),
            reference_rows: self.reference.rows(),
            tests: tested.len(),
            moved,
        })
    }

    /// Both histograms of a column, with one more bin for categories that were not in the training
    /// data if there are any; they were counted as missing.
    fn with_unseen(&self, thing: &Variable, old: &Histogram, new: &Histogram) -> [Histogram; 2] {
        let [mut old, mut new] = [old.clone(), new.clone()];
        if let Variable::Column(index, ..) = thing
            && self.unseen[*index] > 0
        {
            new.counts[0] -= self.unseen[*index];
            old.counts.push(0);
            new.counts.push(self.unseen[*index]);
        }
        [old, new]
    }

    /// The variables of the last row of a window; lagged columns are the same numbers earlier.
    fn is_tested(&self, thing: &Variable) -> bool {
        match (thing, self.saved.header.config.data.windows()) {
            (Variable::Column(index, ..), Some(windows)) => windows.rows_back(*index) == 0,
            _ => true,
        }
    }

    /// The variable of each histogram.
    fn things(&self) -> Vec<Variable<'a>> {
        let preprocessor = &self.saved.header.preprocessor;
        let features = preprocessor.schema.features.iter().enumerate();
        let columns = features.filter(|(_, feature)| !feature.kind.is_image());
        let columns =
            columns.map(|(index, feature)| Variable::Column(index, feature, preprocessor.levels(index)));
        let latent = (0..self.saved.architecture.latent_dim).map(Variable::Latent);
        std::iter::once(Variable::Score).chain(columns).chain(latent).collect()
    }
}

impl DriftReport {
    /// A summary in one sentence.
    pub fn summary(&self) -> String {
        let what = match self.moved.len() {
            0 => "no drift detected".into(),
            1 => "drift detected in 1 variable".into(),
            n => format!("drift detected in {n} variables"),
        };
        let DriftReport { rows, reference_rows, tests, .. } = self;
        format!("{what}: {rows} rows against {reference_rows} held-out rows, {tests} tests (Holm, {LEVEL})")
    }

    /// The variables to show, largest drift first: score, columns, and the three latent dimensions
    /// with the largest drift; and the number of omitted latent dimensions.
    pub fn summarized(&self) -> (Vec<&DriftedVariable>, usize) {
        let mut units = 0;
        let mut is_shown = |moved: &&DriftedVariable| {
            units += usize::from(moved.kind == "latent");
            moved.kind != "latent" || units <= UNITS
        };
        let shown: Vec<&DriftedVariable> = self.moved.iter().filter(|moved| is_shown(moved)).collect();
        let left_out = self.moved.len() - shown.len();
        (shown, left_out)
    }

    /// A warning if there are too few rows to detect drift.
    pub fn warning(&self) -> Option<String> {
        let [new, old] = [self.rows, self.reference_rows].map(|rows| rows as f64);
        let advice = if new < old { "compare more rows" } else { "`diabolo calibrate` with more rows" };
        (new * old / (new + old) < ENOUGH).then(|| {
            format!(
                "{new} rows against {old} are few: a shift by half a standard deviation is probably not detected; {advice}"
            )
        })
    }
}

impl std::fmt::Display for DriftedVariable {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        let p = words::p_value(self.p_corrected);
        write!(f, "{}: {} (PSI {:.2}, {p})", self.name, self.words, self.psi)
    }
}
