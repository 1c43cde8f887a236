//! The folder of a comparison, which can be continued.
//!
//! ```text
//! runs/digits-compare/
//!   plan.json        what was asked for: the same again continues here
//!   results.jsonl    one line a model and seed, written as each is finished
//!   compare.json     measures, verdicts and figures as numbers
//!   report.html      to look at
//! ```

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::artifact::{read_lines, write_atomically, write_lines};
use crate::data::read::fingerprint;
use crate::task::compare::{Plan, Trial};
use crate::{Error, Result, VERSION};

/// A comparison's folder; made when the first model begins, so that a plan that fails leaves nothing.
pub struct ComparisonDir {
    folder: PathBuf,
    asked: Value,
}

impl ComparisonDir {
    /// `folder`, which is not used yet, or where the same comparison was begun.
    ///
    /// # Errors
    /// [`Error::Unsupported`] if the folder holds something else.
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
                let help = "choose another --out, or give the same input and flags to continue";
                return other("another comparison is in this folder", help);
            }
        } else if dir.path("report.html").exists() {
            return other("this folder holds the report of something else", "choose another --out");
        }
        Ok(dir)
    }

    /// Makes the folder and writes the plan.
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

    /// Writes the results so far, whole or not at all.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn write_results(&self, trials: &[Trial]) -> Result<()> {
        write_lines(&self.path("results.jsonl"), trials)
    }
}

/// What decides the results.
fn asked(plan: &Plan) -> Result<Value> {
    Ok(json!({
        "input": plan.input, "fingerprint": fingerprint(&plan.input)?, "version": VERSION,
        "seeds": plan.seeds, "seconds": plan.seconds, "tied": plan.tied, "models": plan.models,
    }))
}
