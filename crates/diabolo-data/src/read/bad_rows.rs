//! Damaged rows: refused, or skipped up to a number of them.

use std::sync::{Arc, Mutex};

use super::notes::lock;
use super::{OnNote, ReadOptions};
use crate::{Error, Result};

/// The damaged rows of an input.
pub(super) struct BadRows {
    allowed: u64,
    /// Those of all parts of the input.
    skipped: Arc<Mutex<Skipped>>,
    is_part: bool,
    on_note: OnNote,
}

#[derive(Default)]
struct Skipped {
    rows: u64,
    first: Option<String>,
}

impl BadRows {
    pub fn new(options: &ReadOptions) -> Self {
        BadRows {
            allowed: options.skip_bad_rows,
            skipped: Arc::default(),
            is_part: false,
            on_note: options.on_note.clone(),
        }
    }

    /// The damaged rows of one file of the input: they count together with those of the others.
    pub fn of_part(&self) -> Self {
        let (skipped, on_note) = (self.skipped.clone(), self.on_note.clone());
        BadRows { allowed: self.allowed, skipped, is_part: true, on_note }
    }

    /// Skips the row that the error is about, or returns the error if there were enough.
    pub fn skip(&self, mut error: Error) -> Result<()> {
        let mut skipped = lock(&self.skipped);
        skipped.rows += 1;
        if skipped.rows <= self.allowed {
            skipped.first.get_or_insert_with(|| error.to_string());
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

    /// Says at the end of the input how many rows were skipped; at the end of a part, nothing.
    pub fn end(&self) {
        if self.is_part {
            return;
        }
        let mut skipped = lock(&self.skipped);
        let Some(first) = skipped.first.take() else { return };
        let rows = match skipped.rows {
            1 => "1 damaged row".to_string(),
            rows => format!("{rows} damaged rows, the first"),
        };
        self.on_note.note(format!("skipped {rows}: {first}"));
    }
}
