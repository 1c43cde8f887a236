//! The rows of a block as an encoder, a decoder and a planner see them.

use std::collections::HashMap;
use std::ops::Range;

use arrow_array::RecordBatch;
use arrow_schema::Schema;

use super::cells::{Form, Interned};
use super::column::{Cell, Context, Keys, Plan, Tally};
use super::model::{Describer, Feature};

/// The columns of a table that are written cell by cell; the others are stored aside.
pub(super) struct Columns<'a> {
    /// In the order of the table: the place there, the form, and the feature that it is.
    pub layout: Vec<(usize, Form, Option<&'a Feature<'a>>)>,
    pub aside: Vec<usize>,
}

impl<'a> Columns<'a> {
    pub fn of(schema: &Schema, describer: &'a Describer<'a>) -> Self {
        let features: HashMap<&str, &Feature> =
            describer.features().iter().map(|feature| (feature.name, feature)).collect();
        let (mut layout, mut aside) = (vec![], vec![]);
        for (at, field) in schema.fields().iter().enumerate() {
            match Form::of(field) {
                Some(form) => layout.push((at, form, features.get(field.name().as_str()).copied())),
                None => aside.push(at),
            }
        }
        Columns { layout, aside }
    }

    pub fn interned(&self, batch: &RecordBatch) -> Vec<Interned> {
        self.layout.iter().map(|&(at, form, _)| Interned::of(batch.column(at), form)).collect()
    }
}

/// The rows of a block: all of them, or those that were read so far.
pub(super) struct Rows<'a> {
    pub describer: &'a Describer<'a>,
    pub columns: Vec<RowColumn<'a>>,
    /// Whether each row has a code; else all have the code 0, and nothing is written of it.
    pub coded: bool,
}

/// One column of the rows.
pub(super) struct RowColumn<'a> {
    pub feature: Option<&'a Feature<'a>>,
    pub plan: Plan,
    pub ids: Vec<u32>,
    pub values: Vec<Option<Box<[u8]>>>,
    /// What the model describes: the symbol of each different cell.
    pub symbols: Vec<Option<u64>>,
    pub tally: Tally,
}

impl<'a> RowColumn<'a> {
    pub fn new(feature: Option<&'a Feature<'a>>, plan: Plan) -> Self {
        RowColumn { feature, plan, ids: vec![], values: vec![], symbols: vec![], tally: Tally::default() }
    }

    pub fn with(mut self, interned: Interned) -> Self {
        let symbol = |cell: &Option<Box<[u8]>>| self.plan.space.symbol(cell.as_deref());
        self.symbols = interned.values.iter().map(symbol).collect();
        (self.ids, self.values) = (interned.ids, interned.values);
        self
    }

    pub fn cell(&self, row: usize) -> Cell<'_> {
        let id = self.ids[row];
        Cell { id, symbol: self.symbols[id as usize], bytes: self.values[id as usize].as_deref() }
    }
}

impl Rows<'_> {
    /// The counts that the cell of a column depends on.
    pub fn context(&self, column: usize, row: usize) -> Context<'_> {
        let own = &self.columns[column];
        own.tally.of(own.plan.parents.len(), &keys(&self.columns, &own.plan.parents, row))
    }

    /// The columns of which something is written.
    pub fn written(&self) -> Vec<usize> {
        (0..self.columns.len()).filter(|&at| self.columns[at].plan.constant.is_none()).collect()
    }

    /// Counts a cell, or takes it back.
    pub fn count(&mut self, column: usize, row: usize, back: bool) {
        let keys = keys(&self.columns, &self.columns[column].plan.parents, row);
        let own = &mut self.columns[column];
        let parents = own.plan.parents.len();
        let id = own.ids[row];
        let described = own.symbols[id as usize].is_some();
        match back {
            true => own.tally.take_back(parents, &keys, id, described),
            false => own.tally.add(parents, &keys, id, described),
        }
    }

    /// The encoded rows, the input of the encoder network: 0 where the model does not describe a
    /// cell.
    pub fn encoded(&self, rows: impl Iterator<Item = usize>) -> Vec<f32> {
        let width = self.describer.width();
        let mut inputs = vec![];
        for row in rows {
            let start = inputs.len();
            inputs.resize(start + width, 0.0);
            for column in &self.columns {
                let Some(feature) = column.feature else { continue };
                if let Cell { symbol: Some(symbol), bytes, .. } = column.cell(row) {
                    let space = &column.plan.space;
                    space.encode(feature, symbol, bytes.unwrap_or_default(), &mut inputs[start..]);
                }
            }
        }
        inputs
    }
}

/// What the cells of the parents are in a row.
pub(super) fn keys(columns: &[RowColumn], parents: &[usize], row: usize) -> Keys {
    let mut keys = Keys::default();
    for (level, &parent) in parents.iter().enumerate() {
        keys[level + 1] = keys[level] << 32 | u64::from(columns[parent].ids[row]);
    }
    keys
}

/// The largest number of rows whose networks are computed at once.
const MOST_ROWS: usize = 64;

/// The groups of rows whose networks are computed at once, and within which counts do not change.
/// They are small where few rows were counted yet, at the start, and where an encoder, which begins
/// at the end, has written few bits yet that codes could be popped from.
pub(super) fn groups(rows: usize) -> Vec<Range<usize>> {
    let (mut groups, mut start) = (vec![], 0);
    while start < rows {
        let size = (start / 4).min((rows - start) / 8).clamp(1, MOST_ROWS);
        groups.push(start..start + size);
        start += size;
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_cover_all_rows_once() {
        for rows in [0, 1, 7, 100, 16_281] {
            let groups = groups(rows);
            assert!(groups.iter().flat_map(Clone::clone).eq(0..rows));
            assert!(groups.iter().all(|group| group.len() <= MOST_ROWS));
        }
        assert!(groups(16_281).len() < 16_281 / 50);
    }
}
