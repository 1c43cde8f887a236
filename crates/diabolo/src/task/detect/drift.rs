//! What moved: new rows beside the held-out rows of the fit, in score, columns and latent units.
//!
//! Each is a test of its own, of two samples' counts in the same bins (see [`Histogram`]); together they are corrected by Holm's
//! method, so that with probability 1 − [`LEVEL`] nothing is called moved if the rows come from the same source. Moved things are told
//! in the order of their population stability index. Of pictures the score and the latent units are compared, no pixels; key, label
//! and condition columns never are. The tests take rows as independent: neighbours in a series are not, and small differences of short
//! series say little.
//!
//! ```
//! # use diabolo::{artifact::*, nn::Device, task::{self, Drift, Rule}};
//! # fn example(saved: &SavedModel, rows: &arrow_array::RecordBatch) -> diabolo::Result<()> {
//! let mut drift = Drift::new(saved)?;
//! let found = task::score(saved, "rows.csv", rows, 0, &Rule::default(), 0, &Device::cpu())?;
//! drift.add("rows.csv", rows, 0, &found.scores, &Device::cpu())?;
//! for moved in drift.found()?.moved {
//!     println!("{moved}"); // age: higher, median 37 → about 52 (PSI 0.83, p < 1e-16)
//! }
//! # Ok(()) }
//! ```

use arrow_array::RecordBatch;
use serde::Serialize;

use super::words;
use crate::artifact::SavedModel;
use crate::data::Feature;
use crate::evaluate::Reference;
use crate::stats::{Difference, Histogram, difference, difference_of_categories, holm};
use crate::task::codes;
use crate::tensor::Device;
use crate::{Error, Result};

/// A thing has moved if its corrected p-value is at most this.
pub const LEVEL: f64 = 0.05;
/// Below so many effective rows, n m / (n + m), a shift by half a deviation among twenty tests is more often missed than found.
const ENOUGH: f64 = 100.0;

/// Latent units that are told; they have no names of their own, and often many move together.
const UNITS: usize = 3;

/// New rows, counted beside the held-out rows of the fit.
pub struct Drift<'a> {
    saved: &'a SavedModel,
    reference: &'a Reference,
    new: Reference,
}

/// What was compared, and what has moved.
#[derive(Debug, Clone, Default, Serialize)]
pub struct DriftReport {
    /// New rows.
    pub rows: u64,
    /// Held-out rows that they are compared with.
    pub reference_rows: u64,
    /// Things that could be tested.
    pub tests: usize,
    /// The most first.
    pub moved: Vec<DriftedVariable>,
}

/// A thing that has moved.
#[derive(Debug, Clone, Serialize)]
pub struct DriftedVariable {
    /// The column; "score"; "latent_1", ….
    pub name: String,
    /// "score", "latent", or the kind of the column.
    pub kind: &'static str,
    /// The population stability index.
    pub psi: f64,
    /// Of this test alone.
    pub p_value: f64,
    /// Corrected for all tests (Holm).
    pub p_corrected: f64,
    /// How, in the column's own units.
    pub words: String,
    /// The share of held-out and of new rows that lack the cell, and that fall into each bin.
    #[serde(skip)]
    pub shares: Vec<[f64; 2]>,
}

/// What a histogram is of.
pub(super) enum Variable<'a> {
    Score,
    Column(usize, &'a Feature),
    Latent(usize),
}

impl<'a> Drift<'a> {
    /// No new rows yet.
    ///
    /// # Errors
    /// [`Error::Unsupported`] if the model file does not say how held-out rows are spread.
    pub fn new(saved: &'a SavedModel) -> Result<Self> {
        let reference = saved.detector.as_ref().and_then(|detector| detector.reference.as_ref());
        let reference = reference.ok_or_else(|| Error::Unsupported {
            what: "the model file does not say how held-out rows are spread".into(),
            help: "run `diabolo calibrate RUN ROWS` with rows that the model was not fitted on".into(),
        })?;
        Ok(Drift { saved, reference, new: reference.emptied() })
    }

    /// Counts rows with their scores; `first_row` is the 0-based number of the first in `input`, for messages.
    pub fn add(
        &mut self,
        input: &str,
        rows: &RecordBatch,
        first_row: u64,
        scores: &[f64],
        device: &Device,
    ) -> Result<()> {
        let preprocessor = &self.saved.header.preprocessor;
        // Rows without a whole window have no score.
        let cut = scores.iter().take_while(|score| score.is_nan()).count();
        let whole = rows.slice(cut, rows.num_rows() - cut);
        let rows = preprocessor.encode(input, &whole, first_row + cut as u64)?;
        self.new.add(preprocessor, &rows, &scores[cut..], &codes(self.saved, &rows, device));
        Ok(())
    }

    /// What has moved so far.
    pub fn found(&self) -> Result<DriftReport> {
        let things = self.things();
        let pairs = || things.iter().zip(self.reference.0.iter().zip(&self.new.0));
        let tested: Vec<_> = pairs()
            .filter(|(thing, _)| self.is_tested(thing))
            .filter_map(|(thing, (old, new))| Some((thing, old, new, thing.difference(old, new)?)))
            .collect();
        let corrected = holm(&tested.iter().map(|(.., difference)| difference.p_value).collect::<Vec<_>>());
        let mut moved = vec![];
        for ((thing, old, new, difference), p_corrected) in tested.iter().zip(corrected) {
            if p_corrected <= LEVEL {
                moved.push(DriftedVariable {
                    name: thing.name(),
                    kind: thing.kind(),
                    psi: difference.psi,
                    p_value: difference.p_value,
                    p_corrected,
                    words: words::words(&self.saved.header.preprocessor, thing, old, new)?,
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

    /// Of windows only the last row: the others hold the same numbers a little earlier.
    fn is_tested(&self, thing: &Variable) -> bool {
        match (thing, self.saved.header.config.data.windows()) {
            (Variable::Column(index, _), Some(windows)) => windows.rows_back(*index) == 0,
            _ => true,
        }
    }

    /// What each histogram is of.
    fn things(&self) -> Vec<Variable<'a>> {
        let features = self.saved.header.preprocessor.schema.features.iter().enumerate();
        let columns = features.filter(|(_, feature)| !feature.kind.is_image());
        let columns = columns.map(|(index, feature)| Variable::Column(index, feature));
        let latent = (0..self.saved.architecture.latent_dim).map(Variable::Latent);
        std::iter::once(Variable::Score).chain(columns).chain(latent).collect()
    }
}

impl Variable<'_> {
    fn name(&self) -> String {
        match self {
            Variable::Score => "score".into(),
            Variable::Column(_, feature) => feature.name.clone(),
            Variable::Latent(unit) => format!("latent_{}", unit + 1),
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Variable::Score => "score",
            Variable::Column(_, feature) => feature.kind.name(),
            Variable::Latent(_) => "latent",
        }
    }

    /// The categories, if it is one.
    pub(super) fn categories(&self) -> &[String] {
        match self {
            Variable::Column(_, feature) => feature.kind.categories(),
            _ => &[],
        }
    }

    fn difference(&self, old: &Histogram, new: &Histogram) -> Option<Difference> {
        match self.categories() {
            [] => difference(&old.counts, &new.counts),
            _ => difference_of_categories(&old.counts, &new.counts),
        }
    }
}

impl DriftReport {
    /// What was compared with what, in one sentence.
    pub fn summary(&self) -> String {
        let what = match self.moved.len() {
            0 => "nothing has moved".into(),
            1 => "1 thing has moved".into(),
            n => format!("{n} things have moved"),
        };
        let DriftReport { rows, reference_rows, tests, .. } = self;
        format!("{what}: {rows} rows against {reference_rows} held-out rows, {tests} tests (Holm, {LEVEL})")
    }

    /// What to tell people, the most first: score and columns, and of latent units the three that moved most; with the number of
    /// units that are left out.
    pub fn told(&self) -> (Vec<&DriftedVariable>, usize) {
        let mut units = 0;
        let mut is_told = |moved: &&DriftedVariable| {
            units += usize::from(moved.kind == "latent");
            moved.kind != "latent" || units <= UNITS
        };
        let told: Vec<&DriftedVariable> = self.moved.iter().filter(|moved| is_told(moved)).collect();
        let left_out = self.moved.len() - told.len();
        (told, left_out)
    }

    /// What a user should know before trusting that nothing else has moved.
    pub fn warning(&self) -> Option<String> {
        let [new, old] = [self.rows, self.reference_rows].map(|rows| rows as f64);
        let advice = if new < old { "compare more rows" } else { "`diabolo calibrate` with more rows" };
        (new * old / (new + old) < ENOUGH).then(|| {
            format!(
                "{new} rows against {old} are few: a shift by half a deviation is more likely missed than found; {advice}"
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
