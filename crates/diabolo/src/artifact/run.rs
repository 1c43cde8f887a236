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
//!   .lock                locked by the process that writes to the folder
//! ```

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{FolderLock, write_atomically};
use crate::config::Config;
use crate::train::EpochRecord;
use crate::{Error, Result};

/// A run folder.
#[derive(Debug, Clone)]
pub struct Run {
    folder: PathBuf,
    /// Held by the clones of a run that may be written to.
    lock: Option<Arc<FolderLock>>,
}

/// `config.toml`: the configuration and the input.
#[derive(Serialize, Deserialize)]
struct RunConfig {
    #[serde(flatten)]
    source: RunSource,
    #[serde(flatten)]
    config: toml::Table,
}

/// The input of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunSource {
    /// The path or the built-in name, as given.
    pub input: String,
    /// The absolute path: a run may be resumed from another folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The fingerprint of the contents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
}

impl RunSource {
    /// The input `input`, which was read from `place`.
    pub fn new(input: &str, place: &str, fingerprint: Option<String>) -> Self {
        let path = std::path::absolute(place).ok().filter(|path| path.exists());
        let path = path.and_then(|path| path.to_str().map(str::to_string));
        RunSource { input: input.into(), path, fingerprint }
    }
}

/// The settings of the text of a run's `config.toml`, without the input. The lines of the input are
/// blanked, so that errors name the right line.
pub fn settings_alone(text: &str) -> String {
    let used_on = |line: &str| ["input =", "path =", "fingerprint ="].iter().any(|key| line.starts_with(key));
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

/// The folder that a file is in.
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

impl Run {
    /// Creates `folder`, which must not contain a run, and locks it.
    ///
    /// # Errors
    /// As [`check_unused`](Self::check_unused).
    pub fn create(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
        let lock = FolderLock::take(folder)?;
        let run = Run { folder: folder.into(), lock: Some(Arc::new(lock)) };
        run.check_empty()?;
        Ok(run)
    }

    /// Creates `folder` and locks it; the files of a run that it contains are deleted, others stay.
    ///
    /// # Errors
    /// [`Error::Io`], also if another process is writing to it.
    pub fn replace(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
        let run = Run::unlocked(folder).locked()?;
        let files = [run.model_path(), run.history_path(), run.metrics_path(), run.report_path()];
        let others = [run.checkpoint_path(), run.config_path()];
        for file in files.iter().chain(&others).filter(|file| file.exists()) {
            fs::remove_file(file).map_err(Error::io("delete", file))?;
        }
        Ok(run)
    }

    /// Creates a run in [`unused_folder`]`(root, name)`.
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub fn create_numbered(root: &Path, name: &str) -> Result<Self> {
        fs::create_dir_all(root).map_err(Error::io("create", root))?;
        loop {
            let folder = unused_folder(root, name);
            match fs::create_dir(&folder) {
                // Another process was faster.
                Err(cause) if cause.kind() == ErrorKind::AlreadyExists => {}
                Err(cause) => return Err(Error::io("create", &folder)(cause)),
                Ok(()) => return Run::create(&folder),
            }
        }
    }

    /// Returns an error if [`create`](Self::create) would, without creating anything.
    ///
    /// # Errors
    /// [`Error::Unsupported`] if there is a run in `folder`, [`Error::Io`] if another process is
    /// writing to it.
    pub fn check_unused(folder: &Path) -> Result<()> {
        FolderLock::check(folder)?;
        Run::unlocked(folder).check_empty()
    }

    fn check_empty(&self) -> Result<()> {
        match self.config_path().exists() || self.model_path().exists() {
            true => Err(Error::Unsupported {
                what: format!("{}: this folder already contains a run", self.folder.display()),
                help: "choose another --out, resume the run with --resume, or replace it with --force".into(),
            }),
            false => Ok(()),
        }
    }

    fn unlocked(folder: &Path) -> Self {
        Run { folder: folder.into(), lock: None }
    }

    /// The run, locked for writing.
    ///
    /// # Errors
    /// [`Error::Io`] if another process is writing to it.
    pub fn locked(self) -> Result<Self> {
        let lock = match self.lock {
            Some(lock) => lock,
            None => Arc::new(FolderLock::take(&self.folder)?),
        };
        Ok(Run { lock: Some(lock), ..self })
    }

    /// The run whose model file `path` is, if it is in a run folder.
    pub fn of_model(path: &Path) -> Option<Self> {
        Run::open(folder_of(path)).ok()
    }

    /// An existing run.
    pub fn open(folder: &Path) -> Result<Self> {
        let run = Run::unlocked(folder);
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
        let model = Run::unlocked(path).model_path();
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
    pub fn write_config(&self, source: &RunSource, config: &Config) -> Result<()> {
        let source = toml::to_string(source).map_err(|cause| Error::internal(cause.to_string()))?;
        write_atomically(&self.config_path(), format!("{source}\n{}", config.to_toml()).as_bytes())
    }

    /// Reads `config.toml`: the input and the configuration.
    pub fn read_config(&self) -> Result<(RunSource, Config)> {
        let path = self.config_path();
        let text = std::fs::read_to_string(&path).map_err(Error::io("read", &path))?;
        let broken = |cause: String| Error::Artifact {
            path: path.clone(),
            problem: format!("it cannot be read ({cause})"),
            help: "start a new run".into(),
        };
        let run: RunConfig = toml::from_str(&text).map_err(|e| broken(e.message().into()))?;
        let config = run.config.try_into().map_err(|e: toml::de::Error| broken(e.message().into()))?;
        Ok((run.source, config))
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
