//! Memory that is used again from step to step.
//!
//! Every step of training needs arrays of the same sizes. Memory that goes back to the system comes
//! back as empty pages, and clearing them takes longer than many kernels.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

/// Smaller arrays are left to the allocator.
const SMALLEST: usize = 1 << 12;

/// The most numbers that are kept: 64 MiB. Beyond, all are released: their sizes were those of
/// another task.
const MOST: usize = 1 << 24;

/// What is kept, by size.
#[derive(Default)]
struct Kept {
    arrays: HashMap<usize, Vec<Vec<f32>>>,
    numbers: usize,
}

static KEPT: LazyLock<Mutex<Kept>> = LazyLock::new(Mutex::default);

/// `len` numbers of any value, for what overwrites all of them.
pub(crate) fn take(len: usize) -> Vec<f32> {
    if len >= SMALLEST
        && let Ok(mut kept) = KEPT.lock()
        && let Some(array) = kept.arrays.get_mut(&len).and_then(Vec::pop)
    {
        kept.numbers -= len;
        return array;
    }
    vec![0.0; len]
}

/// Keeps the memory of an array that is no longer used.
pub(crate) fn give(array: Vec<f32>) {
    if array.len() < SMALLEST {
        return;
    }
    // What is released goes to the system after the lock.
    let mut released = HashMap::new();
    if let Ok(mut kept) = KEPT.lock() {
        if kept.numbers + array.len() > MOST {
            released = std::mem::take(&mut kept.arrays);
            kept.numbers = 0;
        }
        if array.len() <= MOST {
            kept.numbers += array.len();
            kept.arrays.entry(array.len()).or_default().push(array);
        }
    }
    drop(released);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_comes_back_by_size() {
        // A size that no other test uses.
        let len = SMALLEST + 4321;
        let array = vec![7.0; len];
        let address = array.as_ptr();
        give(array);
        let other = take(len + 1);
        assert_ne!(other.as_ptr(), address);
        let again = take(len);
        assert_eq!((again.len(), again.as_ptr()), (len, address));
        assert_eq!(take(len), vec![0.0; len], "only one was kept");
    }

    #[test]
    fn too_much_is_released() {
        give(vec![0.0; MOST + 1]);
        for _ in 0..5 {
            give(vec![0.0; MOST / 4 + 12_345]);
        }
        assert!(KEPT.lock().unwrap().numbers <= MOST);
    }
}
