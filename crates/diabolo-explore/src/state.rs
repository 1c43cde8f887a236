//! The runs that an explorer shows.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use diabolo::artifact::Run;
use diabolo::pipeline::{LatentSpace, Part};
use diabolo::{Error, Result};

use crate::watched::Watched;

/// Rows whose contraction is computed: the first in the order of the map.
const CONTRACTED: usize = 20_000;

/// All runs.
pub(crate) struct Explorer {
    runs: Vec<Arc<Shown>>,
}

/// One run.
pub(crate) struct Shown {
    pub name: String,
    pub space: LatentSpace,
    /// The files of the model and of the rows.
    model: Watched,
    input: Watched,
    /// One computation at a time.
    busy: Mutex<()>,
    scores: OnceLock<Vec<f32>>,
    norms: OnceLock<Vec<f32>>,
}

impl Explorer {
    pub fn new(runs: Vec<(String, LatentSpace)>) -> Self {
        let shown = |(name, space): (String, LatentSpace)| {
            let model = Run::model_file(name.as_ref()).unwrap_or_else(|_| name.clone().into());
            Arc::new(Shown {
                model: Watched::new(&model.display().to_string()),
                input: Watched::new(space.input()),
                name,
                space,
                busy: Mutex::new(()),
                scores: OnceLock::new(),
                norms: OnceLock::new(),
            })
        };
        Explorer { runs: runs.into_iter().map(shown).collect() }
    }

    pub fn runs(&self) -> &[Arc<Shown>] {
        &self.runs
    }

    pub fn run(&self, number: usize) -> Result<Arc<Shown>> {
        let expected = || format!("a run from 0 to {}", self.runs.len().saturating_sub(1));
        self.runs.get(number).cloned().ok_or_else(|| Error::invalid_value("run", expected(), number))
    }
}

impl Shown {
    /// Runs `work` while no other computation of this run is going on.
    pub fn alone<T>(&self, work: impl FnOnce(&LatentSpace) -> T) -> T {
        let _alone = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        work(&self.space)
    }

    /// What a reader should know, one sentence each.
    pub fn notes(&self) -> Vec<String> {
        let files = [(&self.input, "rows as they were"), (&self.model, "model as it was")];
        let mut notes: Vec<String> = files.iter().filter_map(|(file, shown)| file.note(shown)).collect();
        if self.space.parts().iter().all(|part| *part == Part::Other) {
            notes.push("These are not the rows of the fit: none is marked as training or held-out.".into());
        }
        notes
    }

    /// The anomaly score of each row, in nats above usual.
    ///
    /// # Errors
    /// Of a model without scores of held-out rows.
    pub fn scores(&self) -> Result<&[f32]> {
        if self.scores.get().is_none() {
            let rows = self.space.rows();
            let scored = self.alone(|space| space.predictor().clone().reasons(0).score(rows))?;
            let _ = self.scores.set(scored.scores.into_iter().map(|score| score as f32).collect());
        }
        Ok(self.scores.get().map_or(&[], Vec::as_slice))
    }

    /// ‖J_f(x)‖_F of each row; NaN of rows that come late in the order of the map.
    ///
    /// # Errors
    /// If the rows cannot be encoded.
    pub fn norms(&self) -> Result<&[f32]> {
        if self.norms.get().is_none() {
            let space = &self.space;
            let chosen = &space.order()[..space.order().len().min(CONTRACTED)];
            let rows = space.rows_at(chosen)?;
            let found = self.alone(|space| space.predictor().contraction(&rows))?;
            let mut norms = vec![f32::NAN; space.order().len()];
            chosen.iter().zip(found).for_each(|(&row, squared)| norms[row] = squared.sqrt());
            let _ = self.norms.set(norms);
        }
        Ok(self.norms.get().map_or(&[], Vec::as_slice))
    }
}
