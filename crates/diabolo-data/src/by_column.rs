//! Work on the columns of a table, several at a time where memory allows.

use arrow_array::{Array, ArrayRef, RecordBatch};
use rayon::prelude::*;

use crate::mapped;

/// The share of a table, in bytes, whose columns are worked on at a time: each is copied, as texts
/// and as numbers.
const SHARE: usize = 4;
/// So many bytes at least: of small tables, all columns.
const LEAST: usize = 1 << 28;

/// What `of` says of each column, in their order: of those in files one after the other, else of
/// several in parallel.
///
/// # Errors
/// Of several of `of`, the first column's.
pub(crate) fn each_column<T: Send, E: Send>(
    batch: &RecordBatch,
    of: impl Fn(usize) -> Result<T, E> + Sync,
) -> Result<Vec<T>, E> {
    let columns = batch.num_columns();
    if mapped::is_used() {
        let released = |at| {
            let found = of(at);
            mapped::release();
            found
        };
        return (0..columns).map(released).collect();
    }
    let size = |array: &ArrayRef| array.to_data().get_slice_memory_size().unwrap_or_default();
    let sizes: Vec<usize> = batch.columns().iter().map(size).collect();
    let groups = groups(&sizes, (sizes.iter().sum::<usize>() / SHARE).max(LEAST));
    let mut all = vec![];
    for group in groups {
        let found: Vec<Result<T, E>> = group.into_par_iter().map(&of).collect();
        for one in found {
            all.push(one?);
        }
    }
    Ok(all)
}

/// Consecutive numbers whose sizes have a sum of at most `most`, or single ones.
fn groups(sizes: &[usize], most: usize) -> Vec<std::ops::Range<usize>> {
    let (mut groups, mut start, mut sum): (Vec<_>, usize, usize) = (vec![], 0, 0);
    for (at, size) in sizes.iter().enumerate() {
        if at > start && sum + size > most {
            groups.push(start..at);
            (start, sum) = (at, 0);
        }
        sum += size;
    }
    groups.push(start..sizes.len());
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_within_their_size() {
        assert_eq!(groups(&[3, 3, 3, 9, 1, 1], 6), [0..2, 2..3, 3..4, 4..6]);
        assert!(groups(&[], 6).iter().all(|group| group.is_empty()));
        assert_eq!(groups(&[7, 7], 6), [0..1, 1..2]);
    }
}
