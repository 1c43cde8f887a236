//! A file that may change, or go, while a page shows what was read from it.

use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use diabolo::data::read::fingerprint;

/// Size and time of the last change. A change within a second that keeps the size can be missed on
/// some file systems; `None` for built-in data and streams.
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
    /// What was found last: contents are read again only if the stamp is another.
    last: Mutex<(Stamp, Now)>,
}

impl Watched {
    /// A file, a folder, or built-in data.
    pub fn new(name: &str) -> Self {
        let fingerprint = fingerprint(name).ok().flatten();
        Watched { name: name.into(), fingerprint, last: Mutex::new((stamp(name), Now::Same)) }
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
        if self.fingerprint.is_some() && stamp != last.0 {
            let now = match fingerprint(&self.name) {
                Ok(found) if found == self.fingerprint => Now::Same,
                Ok(_) => Now::Changed,
                Err(_) => Now::Gone,
            };
            *last = (stamp, now);
        }
        last.1
    }
}

fn stamp(name: &str) -> Stamp {
    let found = std::fs::metadata(name).ok()?;
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
        assert_eq!(Watched::new("digits").note("rows"), None);
        assert_eq!(Watched::new("run").note("model"), None, "a model in memory");
    }
}
