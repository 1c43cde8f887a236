//! Which levels of the columns of a table are reconstructed as which.

use diabolo_report::{Confusion, Confusions};

use crate::artifact::SavedModel;
use crate::data::Encoded;
use crate::evaluate::confusion;

/// Columns shown, and levels of one at most.
const COLUMNS: usize = 12;
const LEVELS: usize = 12;

/// The columns with the most errors. `made` are the reconstructions.
pub(super) fn confusions(saved: &SavedModel, rows: &Encoded, made: &[f32]) -> Confusions {
    let preprocessor = &saved.header.preprocessor;
    let found = confusion(preprocessor, rows, made, LEVELS);
    let named = found.into_iter().map(|(feature, counts)| Confusion {
        column: preprocessor.schema.features[feature].name.clone(),
        levels: preprocessor.levels(feature).to_vec(),
        counts,
    });
    let mut columns: Vec<Confusion> = named.filter(|column| column.errors()[1] > 0).collect();
    let share = |column: &Confusion| {
        let [errors, all] = column.errors();
        errors as f64 / all as f64
    };
    columns.sort_by(|a, b| share(b).total_cmp(&share(a)));
    let more = columns.len().saturating_sub(COLUMNS);
    columns.truncate(COLUMNS);
    Confusions { columns, more }
}
