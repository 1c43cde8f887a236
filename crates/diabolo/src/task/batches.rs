//! Rows from a reader to a writer, batch by batch, in bounded memory.

use arrow_array::RecordBatch;
use rayon::prelude::*;

use crate::Result;

/// Passes the result of `transform` for each batch to `write`, in the order of the input; returns
/// the number of rows.
///
/// `transform` also receives the 0-based number of the first row of the batch. It runs on all
/// cores; meanwhile the next batches are read and the last results written. Three batches per core
/// are in memory at a time.
///
/// # Errors
/// The first error of `write`, `transform` or reading, in the order of the rows.
pub fn transform_batches<T: Send + Sync>(
    batches: impl Iterator<Item = Result<RecordBatch>> + Send,
    transform: impl Fn(&RecordBatch, u64) -> Result<T> + Sync,
    write: impl FnMut(&T) -> Result<()> + Send,
) -> Result<u64> {
    let of_group = |first: u64, group: &[RecordBatch]| {
        let firsts = group.iter().scan(first, |next, batch| {
            let first = *next;
            *next += batch.num_rows() as u64;
            Some(first)
        });
        let numbered: Vec<(u64, &RecordBatch)> = firsts.zip(group).collect();
        numbered.into_par_iter().map(|(first, batch)| transform(batch, first)).collect()
    };
    in_turn(batches, rayon::current_num_threads(), of_group, write)
}

/// [`transform_batches`] for a `transform` that must see the batches one after the other.
///
/// # Errors
/// As [`transform_batches`].
pub fn transform_in_order<T: Send + Sync>(
    batches: impl Iterator<Item = Result<RecordBatch>> + Send,
    mut transform: impl FnMut(&RecordBatch) -> Result<T> + Send,
    write: impl FnMut(&T) -> Result<()> + Send,
) -> Result<u64> {
    in_turn(batches, 1, |_, group| group.iter().map(&mut transform).collect(), write)
}

/// Reads a group of batches while the group before it is transformed and the one before that is
/// written.
fn in_turn<T: Send + Sync>(
    mut batches: impl Iterator<Item = Result<RecordBatch>> + Send,
    group: usize,
    mut transform: impl FnMut(u64, &[RecordBatch]) -> Result<Vec<T>> + Send,
    mut write: impl FnMut(&T) -> Result<()> + Send,
) -> Result<u64> {
    let mut rows = 0;
    let mut read = || batches.by_ref().take(group).collect::<Result<Vec<_>>>();
    let (mut to_transform, mut to_write) = (read()?, vec![]);
    while !(to_transform.is_empty() && to_write.is_empty()) {
        let transformed = || transform(rows, &to_transform);
        let written = || to_write.iter().try_for_each(&mut write);
        let (read, (transformed, written)) = rayon::join(&mut read, || rayon::join(transformed, written));
        written?;
        to_write = transformed?;
        rows += to_transform.iter().map(|batch| batch.num_rows() as u64).sum::<u64>();
        to_transform = read?;
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::Int64Array;
    use arrow_array::cast::AsArray;
    use arrow_array::types::Int64Type;

    use super::*;
    use crate::Error;

    fn batches(count: i64) -> Vec<RecordBatch> {
        let batch = |first: i64| {
            let numbers = Arc::new(Int64Array::from_iter_values(first..first + 3));
            RecordBatch::try_from_iter([("n", numbers as _)]).unwrap()
        };
        (0..count).map(|k| batch(3 * k)).collect()
    }

    fn first(batch: &RecordBatch) -> i64 {
        batch.column(0).as_primitive::<Int64Type>().value(0)
    }

    #[test]
    fn results_are_written_in_the_order_of_the_rows() {
        let mut written = vec![];
        let checked = |batch: &RecordBatch, row: u64| {
            assert_eq!(first(batch) as u64, row);
            Ok(batch.clone())
        };
        let rows = transform_batches(batches(20).into_iter().map(Ok), checked, |batch| {
            written.push(first(batch));
            Ok(())
        });
        assert_eq!(rows.unwrap(), 60);
        assert_eq!(written, (0..20).map(|k| 3 * k).collect::<Vec<_>>());
        let mut seen = vec![];
        let rows = transform_in_order(
            batches(5).into_iter().map(Ok),
            |batch| Ok(batch.slice(1, 2)),
            |batch| {
                seen.push((first(batch), batch.num_rows()));
                Ok(())
            },
        );
        // Rows of the input are counted.
        assert_eq!((rows.unwrap(), seen), (15, (0..5).map(|k| (3 * k + 1, 2)).collect()));
    }

    #[test]
    fn rows_before_an_error_are_written_and_none_after_it() {
        fn broken<T>() -> Result<T> {
            Err(Error::internal("broken"))
        }
        let read =
            batches(8).into_iter().enumerate().map(|(k, batch)| if k == 5 { broken() } else { Ok(batch) });
        let mut written = vec![];
        let found = transform_in_order(
            read,
            |batch| Ok(batch.clone()),
            |batch| {
                written.push(first(batch) / 3);
                Ok(())
            },
        );
        assert!(found.is_err());
        assert!(
            written == (0..written.len() as i64).collect::<Vec<_>>() && written.len() <= 5,
            "{written:?}"
        );
        let failed =
            transform_in_order(batches(8).into_iter().map(Ok), |batch| Ok(batch.clone()), |_| broken());
        assert!(failed.is_err());
    }
}
