//! Ctrl-C and termination: training ends after its step, with a checkpoint; anything else at once,
//! without a temporary file left behind.

use std::sync::{Mutex, MutexGuard, PoisonError};

use diabolo::data::write::remove_unfinished;
use diabolo::pipeline::Cancel;

use crate::stderr::say;

/// What the first signal does.
static ANSWER: Mutex<Answer> = Mutex::new(Answer { cancel: None, note: None });

struct Answer {
    /// Cancels the work, which then saves its state.
    cancel: Option<Cancel>,
    /// Printed before the program ends.
    note: Option<String>,
}

/// Handles signals from now on.
pub fn listen() {
    // Without a handler, Ctrl-C ends the program, and the last checkpoint remains.
    let _ = ctrlc::set_handler(|| {
        let answer = answer();
        match &answer.cancel {
            Some(cancel) if !cancel.is_cancelled() => cancel.cancel(),
            _ => {
                remove_unfinished();
                answer.note.iter().for_each(say);
                std::process::exit(130);
            }
        }
    });
}

/// Runs `work`; the first signal during it cancels it, the second one ends the program.
pub fn cancellable<T>(cancel: &Cancel, work: impl FnOnce() -> T) -> T {
    answer().cancel = Some(cancel.clone());
    let done = work();
    answer().cancel = None;
    done
}

/// Prints `note` if a signal ends the program.
pub fn note_at_end(note: String) {
    answer().note = Some(note);
}

fn answer() -> MutexGuard<'static, Answer> {
    ANSWER.lock().unwrap_or_else(PoisonError::into_inner)
}
