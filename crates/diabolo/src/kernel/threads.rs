//! The threads of computation: rayon's pool, or only the calling thread.

use std::cell::Cell;
use std::thread::LocalKey;

use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::stats::CurrentCancel;

thread_local! {
    static IN_PLACE: Cell<bool> = const { Cell::new(false) };
    static HAS_POOL: Cell<bool> = const { Cell::new(false) };
}

/// Sets a flag of this thread until it is dropped.
struct During(&'static LocalKey<Cell<bool>>, bool);

impl During {
    fn set(flag: &'static LocalKey<Cell<bool>>) -> Self {
        During(flag, flag.replace(true))
    }
}

impl Drop for During {
    fn drop(&mut self) {
        self.0.set(self.1);
    }
}

/// Runs `work` on a thread of the pool, with all others free for its products: they stay awake from
/// one to the next.
pub(crate) fn with_pool<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    let cancel = CurrentCancel::of_thread();
    rayon::scope(|_| {
        let _during = During::set(&HAS_POOL);
        cancel.hold(work)
    })
}

/// Rows per pass through a network in place: few, so that they stay in the nearest cache.
const ROWS_IN_PLACE: usize = 64;

/// Runs `work` on this thread only, without rayon's pool.
///
/// Products, chunks of rows and draws that would use other threads are computed on this thread.
pub fn in_place<R>(work: impl FnOnce() -> R) -> R {
    let _during = During::set(&IN_PLACE);
    work()
}

/// Runs `work` on a thread that belongs to the calling thread: whatever asks rayon for threads
/// within it, this library or a library below it, gets that one.
pub fn on_one_thread<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    thread_local! {
        static OWN: Option<ThreadPool> = ThreadPoolBuilder::new().num_threads(1).build().ok();
    }
    let cancel = CurrentCancel::of_thread();
    // Without a thread of its own it computes here; the result is the same.
    OWN.with(|pool| match pool {
        Some(pool) => pool.install(|| cancel.hold(|| in_place(work))),
        None => in_place(work),
    })
}

/// Whether work of this many multiplications is worth threads, and they are free: on a worker of
/// the pool the other cores work on other rows.
pub(super) fn uses_threads(operations: usize) -> bool {
    const LARGE: usize = 192 * 192 * 192;
    let are_free = || rayon::current_thread_index().is_none() || HAS_POOL.get();
    operations >= LARGE && !is_in_place() && are_free()
}

/// An elementary function of a number takes about as long as this many multiplications of a
/// product.
pub(super) const OPERATIONS: usize = 64;

/// Rows for each thread, of `count` rows of `width` numbers with [`OPERATIONS`] each; all of them
/// if threads are not worth it.
pub(super) fn rows_per_thread(count: usize, width: usize) -> usize {
    match uses_threads(count * width * OPERATIONS) {
        true => count.div_ceil(rayon::current_num_threads()).max(1),
        false => count.max(1),
    }
}

/// Whether this thread works [`in_place`].
pub(crate) fn is_in_place() -> bool {
    IN_PLACE.get()
}

/// Applies `work` to chunks of `size` items, with results in order; on all cores if there are
/// several chunks. Cancelled work ends at its next chunk.
pub(crate) fn in_parallel<T: Sync, R: Send>(
    items: &[T],
    size: usize,
    work: impl Fn(&[T]) -> R + Sync + Send,
) -> Vec<R> {
    let cancel = CurrentCancel::of_thread();
    let work = |chunk: &[T]| cancel.hold(|| work(chunk));
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
