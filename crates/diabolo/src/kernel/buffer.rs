//! Memory that is used again from step to step.
//!
//! Every step of training needs arrays of the same sizes. Memory that goes back to the system comes
//! back as empty pages, and clearing them takes longer than many kernels.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

/// Smaller arrays are left to the allocator.
const SMALLEST: usize = 1 << 12;

/// The most numbers that are kept: 256 MiB. Beyond, all are released: their sizes were those of
/// another task.
const MOST: usize = 1 << 26;

/// What is kept, by size.
#[derive(Default)]
struct Kept {
    arrays: HashMap<usize, Vec<Vec<f32>>>,
    numbers: usize,
}

impl Kept {
    fn take(&mut self, len: usize) -> Option<Vec<f32>> {
        let array = self.arrays.get_mut(&len)?.pop()?;
        self.numbers -= len;
        Some(array)
    }

    /// Keeps `array`; returns what is released for it.
    fn give(&mut self, array: Vec<f32>) -> Vec<Vec<f32>> {
        if array.len() > MOST {
            return vec![array];
        }
        let mut released = vec![];
        if self.numbers + array.len() > MOST {
            released = std::mem::take(self).arrays.into_values().flatten().collect();
        }
        self.numbers += array.len();
        self.arrays.entry(array.len()).or_default().push(array);
        released
    }
}

static KEPT: LazyLock<Mutex<Kept>> = LazyLock::new(Mutex::default);

/// `len` numbers of any value, for what overwrites all of them.
pub(crate) fn take(len: usize) -> Vec<f32> {
    let kept = if len < SMALLEST { None } else { KEPT.lock().ok().and_then(|mut kept| kept.take(len)) };
    kept.unwrap_or_else(|| vec![0.0; len])
}

/// Keeps the memory of an array that is no longer used.
pub(crate) fn give(array: Vec<f32>) {
    if array.len() >= SMALLEST {
        let released = KEPT.lock().map(|mut kept| kept.give(array));
        // To the system, after the lock.
        drop(released);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_comes_back_by_size() {
        let mut kept = Kept::default();
        let array = vec![7.0; SMALLEST];
        let address = array.as_ptr();
        assert!(kept.give(array).is_empty());
        assert_eq!(kept.take(SMALLEST + 1), None);
        assert_eq!(kept.take(SMALLEST).map(|array| array.as_ptr()), Some(address));
        assert_eq!((kept.take(SMALLEST), kept.numbers), (None, 0));
    }

    #[test]
    fn too_much_is_released() {
        let mut kept = Kept::default();
        assert_eq!(kept.give(vec![0.0; MOST + 1]).len(), 1);
        let released: Vec<usize> = (0..5).map(|_| kept.give(vec![0.0; MOST / 4]).len()).collect();
        assert_eq!((released, kept.numbers), (vec![0, 0, 0, 0, 4], MOST / 4));
    }
}
