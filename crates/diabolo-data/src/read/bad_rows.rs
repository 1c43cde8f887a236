//! Damaged rows: refused, or skipped up to a number of them.

use super::{OnNote, ReadOptions};
use crate::{Error, Result};

/// The damaged rows of an input.
pub(super) struct BadRows {
    allowed: u64,
    skipped: u64,
    first: Option<String>,
    on_note: OnNote,
}

impl BadRows {
    pub fn new(options: &ReadOptions) -> Self {
        BadRows { allowed: options.skip_bad_rows, skipped: 0, first: None, on_note: options.on_note.clone() }
    }

    /// Skips the row that the error is about, or returns the error if there were enough.
    pub fn skip(&mut self, mut error: Error) -> Result<()> {
        self.skipped += 1;
        if self.skipped <= self.allowed {
            self.first.get_or_insert_with(|| error.to_string());
            return Ok(());
        }
        if let Error::Data { help, .. } = &mut error {
            *help += &match self.allowed {
                0 => ", or pass --skip-bad-rows N to go on without up to N such rows".to_string(),
                allowed => {
                    format!("; this is damaged row {}, and --skip-bad-rows allows {allowed}", allowed + 1)
                }
            };
        }
        Err(error)
    }

    /// Says at the end how many rows were skipped.
    pub fn end(&mut self) {
        let Some(first) = self.first.take() else { return };
        let rows = match self.skipped {
            1 => "1 damaged row".to_string(),
            rows => format!("{rows} damaged rows, the first"),
        };
        self.on_note.note(format!("skipped {rows}: {first}"));
    }
}
