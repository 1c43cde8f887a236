//! Notes of a reader.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Receives the notes of a reader, one sentence each: what it converted, skipped or left out. By
/// default nobody does.
///
/// ```
/// use diabolo_data::{ReadOptions, read::OnNote, read_from};
/// let (on_note, notes) = OnNote::kept();
/// let options = ReadOptions { on_note, skip_bad_rows: 1, ..Default::default() };
/// let text = std::io::Cursor::new("{\"x\": 1}\n{\"x\":\n{\"x\": 3}\n");
/// assert_eq!(read_from("rows", text, &options)?.collect()?.num_rows(), 2);
/// assert!(notes()[0].starts_with("skipped 1 damaged row: rows, row 2"));
/// # Ok::<(), diabolo_data::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct OnNote(Option<Arc<Receive>>);

type Receive = dyn Fn(&str) + Send + Sync;

impl OnNote {
    /// Calls `receive` with every note.
    pub fn new(receive: impl Fn(&str) + Send + Sync + 'static) -> Self {
        OnNote(Some(Arc::new(receive)))
    }

    /// Keeps every note; the function takes them.
    pub fn kept() -> (Self, impl Fn() -> Vec<String>) {
        let notes = Arc::new(Mutex::new(Vec::new()));
        let kept = notes.clone();
        let on_note = OnNote::new(move |note| lock(&notes).push(note.to_string()));
        (on_note, move || std::mem::take(&mut *lock(&kept)))
    }

    pub(super) fn note(&self, text: impl AsRef<str>) {
        if let Some(receive) = &self.0 {
            receive(text.as_ref());
        }
    }
}

pub(super) fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for OnNote {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(if self.0.is_some() { "OnNote(…)" } else { "OnNote" })
    }
}
