//! The threads of computation: rayon's pool, or only the calling thread.

use std::cell::Cell;

use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

thread_local! {
    static IN_PLACE: Cell<bool> = const { Cell::new(false) };
}

/// Rows per pass through a network in place: below its thresholds, Burn does not use threads
/// either.
const ROWS_IN_PLACE: usize = 64;

/// Runs `work` on this thread only, without rayon's pool.
///
/// Products, chunks of rows and draws that would use other threads are computed on this thread.
pub fn in_place<R>(work: impl FnOnce() -> R) -> R {
    struct Before(bool);
    impl Drop for Before {
        fn drop(&mut self) {
            IN_PLACE.set(self.0);
        }
    }
    let _before = Before(IN_PLACE.replace(true));
    work()
}

/// Runs `work` on a thread that belongs to the calling thread: whatever asks rayon for threads
/// within it, this library or a library below it, gets that one.
pub fn on_one_thread<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    thread_local! {
        static OWN: Option<ThreadPool> = ThreadPoolBuilder::new().num_threads(1).build().ok();
    }
    // Without a thread of its own it computes here; the result is the same.
    OWN.with(|pool| match pool {
        Some(pool) => pool.install(|| in_place(work)),
        None => in_place(work),
    })
}

/// Whether this thread works [`in_place`].
pub(crate) fn is_in_place() -> bool {
    IN_PLACE.get()
}

/// Applies `work` to chunks of `size` items, with results in order; on all cores if there are
/// several chunks.
pub(crate) fn in_parallel<T: Sync, R: Send>(
    items: &[T],
    size: usize,
    work: impl Fn(&[T]) -> R + Sync + Send,
) -> Vec<R> {
    match (is_in_place(), items.len() <= size) {
        (true, _) => items.chunks(size.min(ROWS_IN_PLACE)).map(work).collect(),
        // A single product may use all cores itself.
        (false, true) => items.chunks(size).map(work).collect(),
        (false, false) => items.par_chunks(size).map(work).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flag_is_this_threads_and_ends_with_the_work() {
        let inner = in_place(|| (is_in_place(), std::thread::spawn(is_in_place).join().unwrap()));
        assert_eq!((inner, is_in_place()), ((true, false), false));
        assert!(std::panic::catch_unwind(|| in_place(|| panic!("stopped"))).is_err());
        assert!(!is_in_place());
    }

    #[test]
    fn chunks_come_back_in_order() {
        let items: Vec<usize> = (0..1000).collect();
        let work = |chunk: &[usize]| chunk.to_vec();
        for size in [1, 7, 2000] {
            assert_eq!(in_parallel(&items, size, work).concat(), items);
            assert_eq!(in_place(|| in_parallel(&items, size, work)).concat(), items);
        }
    }
}
