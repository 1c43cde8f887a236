//! Functional dependencies: columns whose level follows from that of another.

use std::collections::HashMap;

use arrow_array::{Array, RecordBatch};

use diabolo_stats::elementary::double::ln;
use diabolo_stats::elementary::square;

use super::{cell_texts, rows_of_rare_levels};

/// Levels of a determining column, at most, and rows of one, on average, at least.
const MOST_LEVELS: usize = 1000;
const ROWS_OF_LEVEL: usize = 4;
/// The evidence of a dependency, in nats.
const EVIDENCE: f64 = 20.0;

/// Groups of columns of which the first determines the others: `education`, `education_num`.
///
/// A dependency holds in every row, most of which have a level of the determining column in `rare`
/// rows or more. It may be chance: of the rows after the first of each level of
/// the determining column, each agrees by chance with probability Σ p², p the shares of the other
/// column's levels. Their product must be below e^−20.
pub fn dependencies(rows: &RecordBatch, candidates: &[&str], rare: usize) -> Vec<Vec<String>> {
    let codes: Vec<(usize, Vec<u32>)> = candidates.iter().map(|name| codes(rows, name)).collect();
    let mut root: Vec<usize> = (0..candidates.len()).collect();
    // Columns with fewer levels first determine.
    let mut order = root.clone();
    order.sort_by_key(|at| codes[*at].0);
    for &from in &order {
        let (levels, of_from) = &codes[from];
        let few = (2..=MOST_LEVELS).contains(levels) && levels * ROWS_OF_LEVEL <= rows.num_rows();
        let column = rows.column_by_name(candidates[from]);
        let of_rare = |array| 2 * rows_of_rare_levels(&[array], rare) > rows.num_rows();
        if !few || column.is_some_and(of_rare) {
            continue;
        }
        for &to in &order {
            let free = to != from && root[to] == to && root[from] == from;
            let is_root = root.iter().enumerate().any(|(at, r)| at != to && *r == to);
            if free && !is_root && codes[to].0 <= *levels && follows(of_from, *levels, &codes[to]) {
                root[to] = from;
            }
        }
    }
    let group = |first: usize| {
        let members = (0..candidates.len()).filter(|at| root[*at] == first && *at != first);
        [first].into_iter().chain(members).map(|at| candidates[at].to_string()).collect::<Vec<_>>()
    };
    (0..candidates.len()).map(group).filter(|group| group.len() > 1).collect()
}

/// The number of levels of a column, and the level of each row.
fn codes(rows: &RecordBatch, name: &str) -> (usize, Vec<u32>) {
    let Some(array) = rows.column_by_name(name) else { return (0, vec![]) };
    let cells = cell_texts(array);
    let mut known: HashMap<Option<&str>, u32> = HashMap::new();
    let mut code = |row: usize| {
        let next = known.len() as u32;
        *known.entry(cells.is_valid(row).then(|| cells.value(row))).or_insert(next)
    };
    let codes = (0..cells.len()).map(&mut code).collect();
    (known.len(), codes)
}

/// Whether the second column's level follows from the first's in every row.
fn follows(from: &[u32], levels: usize, (to_levels, to): &(usize, Vec<u32>)) -> bool {
    let mut shares = vec![0.0; *to_levels];
    to.iter().for_each(|code| shares[*code as usize] += 1.0 / to.len() as f64);
    let agreement: f64 = shares.iter().copied().map(square).sum();
    let repeated = to.len().saturating_sub(levels) as f64;
    if *to_levels < 2 || -repeated * ln(agreement) < EVIDENCE {
        return false;
    }
    let mut image: Vec<Option<u32>> = vec![None; levels];
    from.iter().zip(to).all(|(from, to)| *image[*from as usize].get_or_insert(*to) == *to)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::Arc;

    use arrow_array::{ArrayRef, Int64Array, StringArray};

    use super::*;

    #[test]
    fn columns_that_follow_from_another_are_found() {
        let city: ArrayRef = Arc::new((0..300).map(|k| Some(format!("c{}", k % 6))).collect::<StringArray>());
        let state: ArrayRef =
            Arc::new((0..300).map(|k| Some(format!("s{}", k % 6 / 2))).collect::<StringArray>());
        let code: ArrayRef = Arc::new((0..300).map(|k| Some(10 * (k % 6))).collect::<Int64Array>());
        let free: ArrayRef = Arc::new((0..300).map(|k| Some(k / 7 % 5)).collect::<Int64Array>());
        // Constant but for one row: no dependency worth the name.
        let rare: ArrayRef = Arc::new((0..300).map(|k| Some(i64::from(k == 4))).collect::<Int64Array>());
        let columns = [("state", state), ("free", free), ("city", city), ("code", code), ("rare", rare)];
        let rows = RecordBatch::try_from_iter(columns).unwrap();
        let found = dependencies(&rows, &["state", "free", "city", "code", "rare"], 10);
        assert_eq!(found, [["city", "state", "code"].map(String::from)]);
        let found = dependencies(&rows, &["state", "city"], 51);
        assert!(found.is_empty(), "each city has 50 rows: {found:?}");
    }
}
