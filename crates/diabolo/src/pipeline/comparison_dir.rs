//! The folder of a comparison, which can be resumed.
//!
//! ```text
//! runs/digits-compare/
//!   plan.json        the plan: the same plan resumes here
//!   results.jsonl    one line per finished model and seed
//!   compare.json     metrics, verdicts and figures as numbers
//!   report.html      the report
//! ```

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::artifact::{read_lines, write_atomically, write_lines};
use crate::data::read::fingerprint;
use crate::task::compare::{Plan, Trial};
use crate::{Error, Result, VERSION};

/// The folder of a comparison; created when the first model starts, so that an invalid plan creates
/// nothing.
pub struct ComparisonDir {
    folder: PathBuf,
    asked: Value,
}

impl ComparisonDir {
    /// Opens `folder`, which must be unused or contain the same comparison.
    ///
    /// # Errors
    /// [`Error::Unsupported`] if the folder contains something else.
    pub fn open(folder: &Path, plan: &Plan) -> Result<Self> {
        let dir = ComparisonDir { folder: folder.into(), asked: asked(plan)? };
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
        } else if dir.path("report.html").exists() {
            return other("this folder contains another report", "choose another --out");
        }
        Ok(dir)
    }

    /// Creates the folder and writes the plan.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn create(&self) -> Result<()> {
        std::fs::create_dir_all(&self.folder).map_err(Error::io("create", &self.folder))?;
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

    /// Writes the results so far, atomically.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn write_results(&self, trials: &[Trial]) -> Result<()> {
        write_lines(&self.path("results.jsonl"), trials)
    }
}

/// The settings that determine the results.
fn asked(plan: &Plan) -> Result<Value> {
    Ok(json!({
        "input": plan.input, "fingerprint": fingerprint(&plan.input)?, "version": VERSION,
        "seeds": plan.seeds, "seconds": plan.seconds, "tied": plan.tied, "models": plan.models,
    }))
}
