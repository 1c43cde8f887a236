//! The data of a fit, found again: commands may run in another folder, and runs may move.

use std::path::{Path, PathBuf};

use super::Predictor;
use crate::artifact::{Run, RunSource};
use crate::data::read::{fingerprint, is_stream};
use crate::{Error, Result};

/// Where the data of a fit is now.
pub(super) struct SourceData {
    /// The path or the built-in name, to be opened.
    pub input: String,
    /// Whether its contents are known to be those of the fit.
    pub unchanged: bool,
}

impl SourceData {
    /// Finds the data: under its name from the current folder, where it was, and beside the run in
    /// `folder` and above it, where only a file with the contents of the fit counts.
    ///
    /// # Errors
    /// [`Error::Data`] if it is in none of these places, or was a stream.
    pub fn find(source: &RunSource, folder: Option<&Path>) -> Result<Self> {
        let name = &source.input;
        let wrong = |found: String, help: &str| {
            let shown = if name == "-" { "stdin" } else { name };
            Err(Error::data(shown, "the data that the model was fitted on", found, help))
        };
        if is_stream(name) {
            return wrong(
                "a stream, which can be read only once".into(),
                "fit from a file, or name the rows to use",
            );
        }
        let mut changed = None;
        for place in std::iter::once(name.clone()).chain(source.path.clone()) {
            match unchanged(source, &place)? {
                Some(true) => return Ok(SourceData { input: place, unchanged: true }),
                Some(false) => changed = changed.or(Some(place)),
                None => {}
            }
        }
        let beside = folder.map(|folder| beside(Path::new(name), folder)).unwrap_or_default();
        for place in beside.iter().filter_map(|place| place.to_str()) {
            if unchanged(source, place)? == Some(true) {
                return Ok(SourceData { input: place.into(), unchanged: true });
            }
        }
        match changed {
            Some(input) => Ok(SourceData { input, unchanged: false }),
            None => wrong(sought(source, folder), "put it there, or name the rows to use"),
        }
    }
}

impl Predictor {
    /// The data that the model was fitted on.
    ///
    /// # Errors
    /// As [`SourceData::find`].
    pub(super) fn source_data(&self) -> Result<SourceData> {
        let source = &self.saved().header.source;
        let run = self.folder().and_then(|folder| Run::open(folder).ok());
        let path = run.and_then(|run| run.read_config().ok()).and_then(|(source, _)| source.path);
        let (input, fingerprint) = (source.input.clone(), source.fingerprint.clone());
        SourceData::find(&RunSource { input, path, fingerprint }, self.folder())
    }
}

/// Whether the contents of `place` are those of the fit; `None` if nothing is there.
fn unchanged(source: &RunSource, place: &str) -> Result<Option<bool>> {
    match fingerprint(place) {
        Ok(found) => Ok(Some(found.is_some() && found == source.fingerprint)),
        Err(Error::Io { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The places beside a run: its folder and those above, followed by `name` or its last part.
fn beside(name: &Path, folder: &Path) -> Vec<PathBuf> {
    let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_path_buf());
    let last = name.file_name().map(PathBuf::from).unwrap_or_default();
    let above = folder.ancestors().map(|above| above.join(name));
    above.chain(folder.ancestors().take(3).map(|near| near.join(&last))).collect()
}

/// What was tried.
fn sought(source: &RunSource, folder: Option<&Path>) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    let mut places = vec![format!("in {}", here.display())];
    places.extend(source.path.as_ref().map(|path| format!("as {path}")));
    places.extend(folder.map(|folder| format!("beside {}", folder.display())));
    format!("none {}", places.join(", "))
}
