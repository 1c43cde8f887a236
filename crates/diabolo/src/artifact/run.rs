//! A run folder. Every command accepts a run folder or a model file.
//!
//! ```text
//! runs/digits-variational/
//!   config.toml          the resolved configuration and the input
//!   model.safetensors    the best weights, self-contained
//!   history.jsonl        one line per epoch
//!   metrics.json         `evaluate` on held-out rows
//!   report.html          the report
//!   checkpoint/          the state of an unfinished run
//! ```

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::write_atomically;
use crate::config::Config;
use crate::train::EpochRecord;
use crate::{Error, Result};

/// A run folder.
#[derive(Debug, Clone)]
pub struct Run {
    folder: PathBuf,
}

/// `config.toml`: the configuration and the input.
#[derive(Serialize, Deserialize)]
struct RunConfig {
    input: String,
    #[serde(default)]
    fingerprint: Option<String>,
    #[serde(flatten)]
    config: toml::Table,
}

/// The settings of the text of a run's `config.toml`, without the input. The lines of the input are
/// blanked, so that errors name the right line.
pub fn settings_alone(text: &str) -> String {
    let used_on = |line: &str| ["input =", "fingerprint ="].iter().any(|key| line.starts_with(key));
    let (above, settings) = text.split_at(text.find("\n[").unwrap_or(text.len()));
    let kept: Vec<&str> = above.split('\n').map(|line| if used_on(line) { "" } else { line }).collect();
    kept.join("\n") + settings
}

/// The first of `root/name`, `root/name-2`, `root/name-3`, … that does not exist yet.
pub fn unused_folder(root: &Path, name: &str) -> PathBuf {
    let mut folder = root.join(name);
    let mut number = 2;
    while folder.exists() {
        folder = root.join(format!("{name}-{number}"));
        number += 1;
    }
    folder
}

impl Run {
    /// Creates `folder`, which must not contain a run.
    pub fn create(folder: &Path) -> Result<Self> {
        let run = Run { folder: folder.into() };
        if run.config_path().exists() || run.model_path().exists() {
            return Err(Error::Unsupported {
                what: format!("{}: this folder already contains a run", folder.display()),
                help: "choose another --out, resume the run with --resume, or delete it".into(),
            });
        }
        std::fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
        Ok(run)
    }

    /// A run in [`unused_folder`]`(root, name)`.
    pub fn create_numbered(root: &Path, name: &str) -> Result<Self> {
        Run::create(&unused_folder(root, name))
    }

    /// An existing run.
    pub fn open(folder: &Path) -> Result<Self> {
        let run = Run { folder: folder.into() };
        if run.config_path().is_file() {
            return Ok(run);
        }
        Err(Error::Artifact {
            path: folder.into(),
            problem: "this is not a run folder: it has no config.toml".into(),
            help: "pass the folder that `diabolo fit` printed".into(),
        })
    }

    /// The model file of a run folder, or `path` itself if it is a file.
    pub fn model_file(path: &Path) -> Result<PathBuf> {
        if !path.is_dir() {
            return Ok(path.into());
        }
        let model = Run { folder: path.into() }.model_path();
        if model.is_file() {
            return Ok(model);
        }
        Err(Error::Artifact {
            path: path.into(),
            problem: "this folder has no model.safetensors".into(),
            help: "pass a finished run, or finish this one with `diabolo fit --resume`".into(),
        })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// `config.toml`.
    pub fn config_path(&self) -> PathBuf {
        self.folder.join("config.toml")
    }

    /// `model.safetensors`.
    pub fn model_path(&self) -> PathBuf {
        self.folder.join("model.safetensors")
    }

    /// `checkpoint/checkpoint.safetensors`.
    pub fn checkpoint_path(&self) -> PathBuf {
        self.folder.join("checkpoint").join("checkpoint.safetensors")
    }

    /// `history.jsonl`.
    pub fn history_path(&self) -> PathBuf {
        self.folder.join("history.jsonl")
    }

    /// `metrics.json`.
    pub fn metrics_path(&self) -> PathBuf {
        self.folder.join("metrics.json")
    }

    /// `report.html`.
    pub fn report_path(&self) -> PathBuf {
        self.folder.join("report.html")
    }

    /// Writes `config.toml`.
    pub fn write_config(&self, input: &str, fingerprint: Option<&str>, config: &Config) -> Result<()> {
        let quoted = |text: &str| toml::Value::String(text.into()).to_string();
        let mut text = format!("input = {}\n", quoted(input));
        if let Some(sum) = fingerprint {
            text += &format!("fingerprint = {}\n", quoted(sum));
        }
        text += &format!("\n{}", config.to_toml());
        write_atomically(&self.config_path(), text.as_bytes())
    }

    /// Reads `config.toml`: the input, its fingerprint and the configuration.
    pub fn read_config(&self) -> Result<(String, Option<String>, Config)> {
        let path = self.config_path();
        let text = std::fs::read_to_string(&path).map_err(Error::io("read", &path))?;
        let broken = |cause: String| Error::Artifact {
            path: path.clone(),
            problem: format!("it cannot be read ({cause})"),
            help: "start a new run".into(),
        };
        let run: RunConfig = toml::from_str(&text).map_err(|e| broken(e.message().into()))?;
        let config = run.config.try_into().map_err(|e: toml::de::Error| broken(e.message().into()))?;
        Ok((run.input, run.fingerprint, config))
    }

    /// Rewrites `history.jsonl`, so that no epoch is repeated after a resume.
    pub fn write_history(&self, history: &[EpochRecord]) -> Result<()> {
        write_lines(&self.history_path(), history)
    }

    /// Reads `history.jsonl`.
    pub fn read_history(&self) -> Result<Vec<EpochRecord>> {
        read_lines(&self.history_path())
    }
}

/// Writes one line of JSON per value, atomically.
pub fn write_lines<T: Serialize>(path: &Path, values: &[T]) -> Result<()> {
    let line = |value| serde_json::to_string(value).expect("numbers and names are always JSON") + "\n";
    write_atomically(path, values.iter().map(line).collect::<String>().as_bytes())
}

/// Reads a file of [`write_lines`].
pub fn read_lines<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>> {
    let text = std::fs::read_to_string(path).map_err(Error::io("read", path))?;
    let parse = |(number, line): (usize, &str)| {
        serde_json::from_str(line).map_err(|cause| Error::Artifact {
            path: path.into(),
            problem: format!("line {} is damaged ({cause})", number + 1),
            help: "delete the line".into(),
        })
    };
    text.lines().enumerate().map(parse).collect()
}
