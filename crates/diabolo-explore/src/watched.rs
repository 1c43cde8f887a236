//! A file that may change, or go, while a page shows what was read from it.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use diabolo::data::read::fingerprint;

/// Folders and patterns have no stamp: their contents are read again after this time.
const PAUSE: Duration = Duration::from_secs(60);

/// Size and time of the last change of a file. A change within a second that keeps the size can be
/// missed on some file systems.
type Stamp = Option<(u64, Option<SystemTime>)>;

#[derive(Clone, Copy, PartialEq)]
enum Now {
    Same,
    Changed,
    Gone,
}

pub(crate) struct Watched {
    name: String,
    /// Of the contents when they were read; `None` for what has no file.
    fingerprint: Option<String>,
    pause: Duration,
    /// What was found last, and when.
    last: Mutex<(Stamp, Instant, Now)>,
}

impl Watched {
    /// A file, a folder, or built-in data.
    pub fn new(name: &str) -> Self {
        let fingerprint = fingerprint(name).ok().flatten();
        let last = Mutex::new((stamp(name), Instant::now(), Now::Same));
        Watched { name: name.into(), fingerprint, pause: PAUSE, last }
    }

    /// A sentence if it is not what it was; the page still shows the `shown`.
    pub fn note(&self, shown: &str) -> Option<String> {
        let name = &self.name;
        match self.now() {
            Now::Same => None,
            Now::Changed => Some(format!(
                "{name} has changed since it was opened: the page shows the {shown}. Start again to see it."
            )),
            Now::Gone => Some(format!("{name} cannot be read any more: the page shows the {shown}.")),
        }
    }

    fn now(&self) -> Now {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = stamp(&self.name);
        let is_due = stamp != last.0 || stamp.is_none() && last.1.elapsed() >= self.pause;
        if self.fingerprint.is_some() && is_due {
            let now = match fingerprint(&self.name) {
                Ok(found) if found == self.fingerprint => Now::Same,
                Ok(_) => Now::Changed,
                Err(_) => Now::Gone,
            };
            *last = (stamp, Instant::now(), now);
        }
        last.2
    }
}

fn stamp(name: &str) -> Stamp {
    let found = std::fs::metadata(name).ok().filter(|found| found.is_file())?;
    Some((found.len(), found.modified().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_changes_goes_and_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.csv");
        let write = |text: &str| std::fs::write(&path, text).unwrap();
        write("x\n1\n");
        let file = Watched::new(path.to_str().unwrap());
        let has = |part: &str| file.note("rows as they were").is_some_and(|note| note.contains(part));
        assert_eq!(file.note("rows as they were"), None);
        write("x\n1\n22\n");
        assert!(has("has changed") && has("rows as they were") && has("rows.csv"));
        std::fs::remove_file(&path).unwrap();
        assert!(has("cannot be read any more"));
        write("x\n1\n");
        assert_eq!(file.note("rows as they were"), None, "the contents are those that were read");
        let mut folder = Watched::new(folder.path().to_str().unwrap());
        write("x\n2\n");
        assert_eq!(folder.note("rows"), None, "not within the pause");
        folder.pause = Duration::ZERO;
        assert!(folder.note("rows").is_some_and(|note| note.contains("has changed")));
        assert_eq!(Watched::new("digits").note("rows"), None);
        assert_eq!(Watched::new("run").note("model"), None, "a model in memory");
    }
}
