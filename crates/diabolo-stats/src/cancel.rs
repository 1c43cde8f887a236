//! Long work that another thread can end.
//!
//! Loops call [`end_if_cancelled`] once a round. It unwinds to [`Cancel::run`] if the switch of the
//! work was turned, so that nothing on the way needs to know of it.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

thread_local! {
    static CURRENT: RefCell<Option<Cancel>> = const { RefCell::new(None) };
}

/// A switch that ends work from another thread. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

/// What unwinds.
struct Ended;

impl Cancel {
    /// A new switch.
    pub fn new() -> Self {
        Cancel::default()
    }

    /// Ends the work at its next round.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether [`cancel`](Self::cancel) was called.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// The result of `work`; `None` if the switch ended it. What it was changing is left half-done.
    ///
    /// ```
    /// # use diabolo_stats::{Cancel, end_if_cancelled};
    /// let cancel = Cancel::new();
    /// assert_eq!(cancel.run(|| 7), Some(7));
    /// let endless = || loop {
    ///     cancel.cancel(); // as another thread would
    ///     end_if_cancelled();
    /// };
    /// assert_eq!(cancel.run::<()>(endless), None);
    /// ```
    pub fn run<R>(&self, work: impl FnOnce() -> R) -> Option<R> {
        let current = CurrentCancel(Some(self.clone()));
        match catch_unwind(AssertUnwindSafe(|| current.hold(work))) {
            Ok(done) => Some(done),
            Err(cause) if cause.is::<Ended>() => None,
            Err(cause) => resume_unwind(cause),
        }
    }
}

/// The switch of the work that this thread does, for other threads that do parts of it.
#[derive(Clone)]
pub struct CurrentCancel(Option<Cancel>);

impl CurrentCancel {
    /// That of this thread.
    pub fn of_thread() -> Self {
        CurrentCancel(CURRENT.with_borrow(Clone::clone))
    }

    /// Does a part of the work, unless it is cancelled.
    pub fn hold<R>(&self, part: impl FnOnce() -> R) -> R {
        // A thread that waits may do a part of other work meanwhile.
        let _before = Before(CURRENT.replace(self.0.clone()));
        end_if_cancelled();
        part()
    }
}

/// Puts the switch from before back.
struct Before(Option<Cancel>);

impl Drop for Before {
    fn drop(&mut self) {
        CURRENT.set(self.0.take());
    }
}

/// Ends the work of this thread if its switch was turned. Does nothing outside of [`Cancel::run`].
pub fn end_if_cancelled() {
    if CURRENT.with_borrow(|current| current.as_ref().is_some_and(Cancel::is_cancelled)) {
        // Unlike a panic, it prints nothing.
        resume_unwind(Box::new(Ended));
    }
}

#[cfg(test)]
mod tests {
    use rayon::prelude::*;

    use super::*;

    #[test]
    fn work_ends_at_its_next_round_also_on_other_threads() {
        let (cancel, other) = (Cancel::new(), Cancel::new());
        let mut rounds = 0;
        let ended = cancel.run(|| {
            let current = CurrentCancel::of_thread();
            for round in 0.. {
                if round == 3 {
                    cancel.cancel();
                }
                (0..8).into_par_iter().for_each(|_| current.hold(|| ()));
                rounds += 1;
            }
        });
        assert_eq!((ended, rounds), (None, 3));
        // Neither this thread nor other work is ended.
        end_if_cancelled();
        assert_eq!(other.run(|| rounds), Some(3));
        assert_eq!(other.run(|| cancel.run(|| ()).is_none()), Some(true));
    }

    #[test]
    fn a_panic_stays_a_panic() {
        let cancel = Cancel::new();
        let run = || cancel.run(|| assert_eq!(1, 2, "a bug"));
        assert!(catch_unwind(AssertUnwindSafe(run)).is_err());
        cancel.cancel();
        end_if_cancelled();
    }
}
