//! The folder of a comparison or a sweep, which can be resumed.
//!
//! ```text
//! runs/digits-compare/
//!   plan.json        the study: the same one resumes here
//!   results.jsonl    one line per finished model, seed and initial weights
//!   compare.json     metrics, verdicts and figures as numbers; sweep.json of a sweep
//!   report.html      the report
//! ```

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::Cancel;
use crate::artifact::{FolderLock, read_lines, write_atomically, write_lines};
use crate::task::compare::{Candidate, ComparisonResult, Observer, Study, Trial, compare};
use crate::tensor::Device;
use crate::train::{EpochRecord, Hooks, Progress};
use crate::{Error, Result};

/// The folder of a comparison; created when the first model starts, so that an invalid plan creates
/// nothing.
pub struct ComparisonDir {
    folder: PathBuf,
    asked: Value,
}

impl ComparisonDir {
    /// Opens `folder`, which must contain the same comparison, or neither results nor a report.
    ///
    /// # Errors
    /// [`Error::Unsupported`] if the folder contains something else.
    pub fn open(folder: &Path, study: &dyn Study) -> Result<Self> {
        let dir = ComparisonDir { folder: folder.into(), asked: study.asked()? };
        let path = dir.path("plan.json");
        let other = |what: &str, help: &str| {
            let what = format!("{}: {what}", folder.display());
            Err(Error::Unsupported { what, help: help.into() })
        };
        if path.is_file() {
            let text = std::fs::read_to_string(&path).map_err(Error::io("read", &path))?;
            if serde_json::from_str::<Value>(&text).ok().as_ref() != Some(&dir.asked) {
                let help = "choose another --out, or give the same input and flags to resume";
                return other("this folder contains another comparison", help);
            }
        } else if let Some(name) = ["results.jsonl", "report.html"].iter().find(|n| dir.path(n).exists()) {
            // Of what study they are is not known.
            let help = format!("choose another --out, or remove {name}");
            return other(&format!("this folder contains a {name} without a plan.json"), &help);
        }
        Ok(dir)
    }

    /// Creates the folder, locks it and writes the plan.
    ///
    /// # Errors
    /// [`Error::Io`].
    fn create(&self, lock: &mut Option<FolderLock>) -> Result<()> {
        std::fs::create_dir_all(&self.folder).map_err(Error::io("create", &self.folder))?;
        if lock.is_none() {
            *lock = Some(FolderLock::take(&self.folder)?);
        }
        write_atomically(&self.path("plan.json"), format!("{:#}\n", self.asked).as_bytes())
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A file of the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The results so far.
    ///
    /// # Errors
    /// [`Error::Artifact`] for a damaged line.
    pub fn results(&self) -> Result<Vec<Trial>> {
        let path = self.path("results.jsonl");
        if !path.is_file() {
            return Ok(vec![]);
        }
        read_lines(&path)
    }

    /// Trains and measures what is not in the folder yet, and writes each result when it is done.
    ///
    /// # Errors
    /// [`Error::Cancelled`], after which the same call continues; [`Error::Io`] if another process
    /// is writing to the folder; and those of [`compare`](crate::task::compare::compare).
    pub fn compare(
        &self,
        study: &dyn Study,
        device: &Device,
        cancel: &Cancel,
        on_event: &mut dyn FnMut(ComparisonEvent),
    ) -> Result<ComparisonResult> {
        let lock = self.folder.is_dir().then(|| FolderLock::take(&self.folder)).transpose()?;
        let done = self.results()?;
        let each = study.models() * study.initializations();
        let seeds = study.seconds().is_none().then_some(study.seeds().len());
        let mut watch = Watch { dir: self, lock, cancel, on_event, done: done.clone(), each, seeds };
        compare(study, done, device, &mut watch)?.ok_or(Error::Cancelled { during: "comparison" })
    }

    /// Writes the results so far, atomically.
    ///
    /// # Errors
    /// [`Error::Io`].
    fn write_results(&self, trials: &[Trial]) -> Result<()> {
        write_lines(&self.path("results.jsonl"), trials)
    }
}

/// What [`ComparisonDir::compare`] reports while it runs.
#[non_exhaustive]
pub enum ComparisonEvent<'a> {
    /// A step of the optimizer.
    Step(&'a Progress<'a>),
    /// An epoch is done.
    Epoch,
    /// A model begins to train.
    Begins {
        /// The model.
        candidate: &'a Candidate,
        /// The seed of the split.
        seed: u64,
        /// The number of its initial weights, from 0.
        initialization: usize,
        /// How many remain, this one included, if it is known.
        left: Option<usize>,
    },
}

/// Keeps results, reports events, and stops on request.
struct Watch<'a> {
    dir: &'a ComparisonDir,
    lock: Option<FolderLock>,
    cancel: &'a Cancel,
    on_event: &'a mut dyn FnMut(ComparisonEvent),
    done: Vec<Trial>,
    /// Number of trainings for each seed.
    each: usize,
    /// The total number of seeds, once it is known.
    seeds: Option<usize>,
}

impl<M> Hooks<M> for Watch<'_> {
    fn step(&mut self, progress: &Progress) {
        (self.on_event)(ComparisonEvent::Step(progress));
    }

    fn epoch(&mut self, _record: &EpochRecord) {
        (self.on_event)(ComparisonEvent::Epoch);
    }

    fn interrupted(&self) -> bool {
        self.cancel.is_cancelled()
    }
}

impl Observer for Watch<'_> {
    fn planned(&mut self, seeds: usize) {
        self.seeds = Some(seeds);
    }

    fn begins(&mut self, candidate: &Candidate, seed: u64, initialization: usize) -> Result<()> {
        let left = self.seeds.map(|seeds| (self.each * seeds).saturating_sub(self.done.len()));
        (self.on_event)(ComparisonEvent::Begins { candidate, seed, initialization, left });
        self.dir.create(&mut self.lock)
    }

    fn finished(&mut self, trial: &Trial) -> Result<()> {
        self.done.push(trial.clone());
        self.dir.write_results(&self.done)
    }
}
