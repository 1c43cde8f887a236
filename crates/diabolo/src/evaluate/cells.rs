//! The cells that errors of a reconstruction are averaged over: observed ones in columns that the
//! decoder describes.

use crate::data::Encoded;
use crate::stats::elementary::square;

/// Whether an error in a cell, numbered row by row, counts. `described`: for each encoded column,
/// as of [`Likelihood::described`](crate::distribution::Likelihood::described); `observed`: 1 for
/// each observed cell, or `None` if all are.
pub(super) fn counts<'a>(described: &'a [bool], observed: Option<&'a [f32]>) -> impl Fn(usize) -> bool + 'a {
    move |at| described[at % described.len()] && observed.is_none_or(|observed| observed[at] == 1.0)
}

/// Σ (a − x)² over the cells of `rows` that count, per cell; NaN if there are none.
pub(crate) fn squared_error(values: &[f32], rows: &Encoded, described: &[bool]) -> f64 {
    let observed = rows.observed.as_ref().map(|observed| observed.to_vec());
    let counts = counts(described, observed.as_deref());
    let clean = &rows.values;
    let (mut sum, mut cells) = (0.0, 0.0);
    for at in (0..values.len()).filter(|at| counts(*at)) {
        sum += square(f64::from(values[at] - clean[at]));
        cells += 1.0;
    }
    sum / cells
}
