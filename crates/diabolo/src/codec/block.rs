//! One block of rows: encoded with a model, and decoded.
//!
//! ```text
//! encoder, from the last group of rows to the first          decoder, from the first to the last
//!   pop each row's code z from q(z|x)                          pop each row's z by the prior
//!   push each row's cells by p(x|z), the last one first        pop each row's cells by p(x|z)
//!   push each row's z by the prior                             push each row's z by q(z|x)
//! ```
//! The cost of a row is −log p(x|z) − log p(z) + log q(z|x): the negative ELBO (Townsend et al.
//! 2019). The payload is a checksum of the cells; the length of a zstd frame with the plans of the
//! columns, the cells that no model describes, and the columns that are stored aside; that frame;
//! and the stack.

use std::collections::HashMap;
use std::io::Read;
use std::ops::Range;

use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_schema::SchemaRef;
use sha2::{Digest, Sha256};

use super::ans::Stack;
use super::bounds::{ErrorBounds, coarser};
use super::cells::array_of;
use super::column::{Found, Plan, pop, push};
use super::latent::{centre, pop_posterior, pop_prior, push_posterior, push_prior};
use super::model::{Describer, Descriptions, Posteriors};
use super::plan::choose;
use super::rows::{Columns, RowColumn, Rows, groups};
use super::space::Space;
use super::wire::{Malformed, Unread, put_bytes, put_cell};
use crate::data::ipc;
use crate::{Error, Result};

/// The level of every zstd frame.
pub(super) const ZSTD_LEVEL: i32 = 19;
/// No frame of a block is larger when it is decompressed.
const MOST_BYTES: u64 = 1 << 31;

/// The largest number of rows of a block.
pub(super) const MOST_ROWS: usize = 1 << 20;

/// The payload of a block, numbers within bounds, if there are any.
pub(super) fn encode(
    describer: &Describer,
    batch: &RecordBatch,
    bounds: Option<&ErrorBounds>,
) -> Result<Vec<u8>> {
    let columns = Columns::of(&batch.schema(), describer);
    let interned = columns.interned(batch);
    let each = columns.layout.iter().zip(interned).map(|(&(_, form, feature), interned)| {
        let limit = feature.and_then(|feature| bounds?.of(feature));
        let (interned, unit) = match limit {
            Some(limit) => coarser(interned, form, limit),
            None => (interned, None),
        };
        let fit = |feature| Space::fit(feature, form, unit, &interned.counted());
        let space = feature.map_or(Space::Nothing, fit);
        RowColumn::new(feature, Plan::of(space)).with(interned)
    });
    let mut rows = Rows { describer, columns: each.collect(), coded: true };
    check_pixels(&rows)?;
    choose(&mut rows, batch.num_rows());
    let mut side = vec![u8::from(rows.coded)];
    rows.columns.iter().for_each(|column| column.plan.put(&mut side));
    let groups = groups(batch.num_rows());
    for literals in literals(&mut rows, &groups) {
        put_bytes(&mut side, &literals);
    }
    let aside = batch.project(&columns.aside).and_then(|aside| ipc::to_bytes(&aside));
    let aside = if columns.aside.is_empty() { Ok(vec![]) } else { aside };
    let aside = aside.map_err(|cause| Error::internal(cause.to_string()))?;
    put_bytes(&mut side, &aside);
    let side = compressed(&side)?;
    let mut payload = check_of(&rows, &aside).to_vec();
    put_bytes(&mut payload, &side);
    payload.extend(stack(&mut rows, &groups).to_bytes());
    Ok(payload)
}

/// Refuses grey images for a model that describes black and white ones.
fn check_pixels(rows: &Rows) -> Result<()> {
    for column in &rows.columns {
        if matches!(column.plan.space, Space::Pixels { two_levels: true, .. })
            && column.symbols.contains(&None)
        {
            return Err(Error::Unsupported {
                what: "a Bernoulli likelihood describes pixels that are black or white, and these are grey"
                    .into(),
                help: "fit with --likelihood discretized_logistic".into(),
            });
        }
    }
    Ok(())
}

/// The length of a checksum: the first bytes of a SHA-256.
pub(super) const CHECK: usize = 8;

pub(super) fn check(bytes: &[u8]) -> [u8; CHECK] {
    shortened(Sha256::digest(bytes).as_slice())
}

fn shortened(digest: &[u8]) -> [u8; CHECK] {
    std::array::from_fn(|at| digest[at])
}

/// The checksum of all cells.
fn check_of(rows: &Rows, aside: &[u8]) -> [u8; CHECK] {
    let mut hash = Sha256::new();
    for column in &rows.columns {
        let mut values = vec![];
        column.values.iter().for_each(|cell| put_cell(&mut values, cell.as_deref()));
        hash.update(&values);
        column.ids.iter().for_each(|id| hash.update(id.to_le_bytes()));
    }
    hash.update(aside);
    shortened(hash.finalize().as_slice())
}

/// Counts all rows, and collects the cells of each column that must be spelled out.
fn literals(rows: &mut Rows, groups: &[Range<usize>]) -> Vec<Vec<u8>> {
    let mut literals = vec![vec![]; rows.columns.len()];
    for group in groups {
        for column in rows.written() {
            for row in group.clone() {
                let own = &rows.columns[column];
                let cell = own.cell(row);
                if cell.symbol.is_none() && rows.context(column, row).other(cell.id).1.is_none() {
                    put_cell(&mut literals[column], cell.bytes);
                }
            }
        }
        for column in rows.written() {
            group.clone().for_each(|row| rows.count(column, row, false));
        }
    }
    literals
}

/// Writes all rows, which are counted, from the last to the first.
fn stack(rows: &mut Rows, groups: &[Range<usize>]) -> Stack {
    let mut stack = Stack::encoder();
    let written = rows.written();
    for group in groups.iter().rev() {
        for &column in written.iter().rev() {
            group.clone().rev().for_each(|row| rows.count(column, row, true));
        }
        let mut buckets = vec![];
        if rows.coded {
            let Posteriors { mean, log_variance } = rows.describer.posteriors(rows.encoded(group.clone()));
            let mut pop = |(mean, log_variance)| pop_posterior(&mut stack, mean, log_variance);
            buckets.extend(mean.into_iter().zip(log_variance).map(|pair| pop(pair).unwrap_or_default()));
        }
        let descriptions = descriptions(rows, group.len(), &buckets);
        for row in group.clone().rev() {
            for &column in written.iter().rev() {
                let own = &rows.columns[column];
                let law = own.feature.and_then(|feature| descriptions.of(feature, row - group.start));
                push(&mut stack, &own.plan, &rows.context(column, row), law, &own.cell(row));
            }
        }
        buckets.iter().rev().for_each(|&bucket| push_prior(&mut stack, bucket));
    }
    stack
}

/// p(x|z) of a group of rows with these codes, or with the code 0.
fn descriptions(rows: &Rows, count: usize, buckets: &[u32]) -> Descriptions {
    let codes = match rows.coded {
        true => buckets.iter().map(|&bucket| centre(bucket)).collect(),
        false => vec![0.0; count * rows.describer.latent_dim()],
    };
    rows.describer.descriptions(codes)
}

/// The rows of a payload.
pub(super) fn decode(
    describer: &Describer,
    schema: &SchemaRef,
    count: usize,
    payload: &[u8],
) -> Result<RecordBatch, Malformed> {
    if count > MOST_ROWS {
        return Err(Malformed);
    }
    let columns = Columns::of(schema, describer);
    let mut payload = Unread(payload);
    let expected = payload.take(CHECK)?;
    let side = decompressed(payload.bytes()?)?;
    let mut side = Unread(&side);
    let coded = side.byte()? == 1;
    let mut rows = Rows { describer, columns: vec![], coded };
    for (at, &(_, form, feature)) in columns.layout.iter().enumerate() {
        let plan = Plan::read(feature, form, at, &mut side)?;
        rows.columns.push(RowColumn::new(feature, plan));
    }
    let literals: Vec<&[u8]> = columns.layout.iter().map(|_| side.bytes()).collect::<Result<_, _>>()?;
    let aside = side.bytes()?;
    let literals = literals.into_iter().map(Unread).collect();
    let mut reader = Reader {
        stack: Stack::decoder(payload.0)?,
        known: vec![HashMap::new(); rows.columns.len()],
        literals,
    };
    for group in groups(count) {
        reader.group(&mut rows, group)?;
    }
    let all_read = reader.literals.iter().all(|literals| literals.0.is_empty());
    let is_whole = reader.stack.is_finished() && all_read && side.0.is_empty();
    match is_whole && check_of(&rows, aside) == expected {
        true => table(&columns, &rows, schema, count, aside),
        false => Err(Malformed),
    }
}

/// The state of a decoder.
struct Reader<'a> {
    stack: Stack,
    /// The number of each cell, by column.
    known: Vec<HashMap<Option<Box<[u8]>>, u32>>,
    literals: Vec<Unread<'a>>,
}

impl Reader<'_> {
    fn group(&mut self, rows: &mut Rows, group: Range<usize>) -> Result<(), Malformed> {
        let latents = if rows.coded { group.len() * rows.describer.latent_dim() } else { 0 };
        let buckets = (0..latents).map(|_| pop_prior(&mut self.stack)).collect::<Result<Vec<_>, _>>()?;
        let descriptions = descriptions(rows, group.len(), &buckets);
        for row in group.clone() {
            for column in 0..rows.columns.len() {
                let id = self.cell(rows, column, row, &descriptions, row - group.start)?;
                rows.columns[column].ids.push(id);
            }
        }
        if rows.coded {
            let Posteriors { mean, log_variance } = rows.describer.posteriors(rows.encoded(group.clone()));
            for (at, &bucket) in buckets.iter().enumerate().rev() {
                push_posterior(&mut self.stack, bucket, mean[at], log_variance[at]);
            }
        }
        for column in rows.written() {
            group.clone().for_each(|row| rows.count(column, row, false));
        }
        Ok(())
    }

    /// The number of the next cell of a column.
    fn cell(
        &mut self,
        rows: &mut Rows,
        column: usize,
        row: usize,
        descriptions: &Descriptions,
        in_group: usize,
    ) -> Result<u32, Malformed> {
        let own = &rows.columns[column];
        if let Some(cell) = &own.plan.constant {
            let cell = cell.clone();
            return Ok(self.number(rows, column, cell));
        }
        let law = own.feature.and_then(|feature| descriptions.of(feature, in_group));
        let known = &self.known[column];
        // A map of owned cells is asked with an owned one.
        let number = |bytes: &[u8]| known.get(&Some(Box::from(bytes))).copied();
        let symbol_of = |id: u32| own.symbols[id as usize];
        let context = &rows.context(column, row);
        Ok(match pop(&mut self.stack, &own.plan, context, law, number, symbol_of)? {
            Found::Seen(id) => id,
            Found::Described(bytes) => self.number(rows, column, Some(bytes.into())),
            Found::New => {
                let cell = self.literals[column].cell()?.map(Box::from);
                self.number(rows, column, cell)
            }
        })
    }

    /// The number of a cell, a new one if it is new.
    fn number(&mut self, rows: &mut Rows, column: usize, cell: Option<Box<[u8]>>) -> u32 {
        let own = &mut rows.columns[column];
        if let Some(&id) = self.known[column].get(&cell) {
            return id;
        }
        let id = own.values.len() as u32;
        own.symbols.push(own.plan.space.symbol(cell.as_deref()));
        own.values.push(cell.clone());
        self.known[column].insert(cell, id);
        id
    }
}

/// The table of the cells, with the columns that are stored aside.
fn table(
    columns: &Columns,
    rows: &Rows,
    schema: &SchemaRef,
    count: usize,
    aside: &[u8],
) -> Result<RecordBatch, Malformed> {
    let mut arrays: Vec<Option<ArrayRef>> = vec![None; schema.fields().len()];
    for (&(at, form, _), column) in columns.layout.iter().zip(&rows.columns) {
        let cells: Vec<Option<&[u8]>> =
            column.ids.iter().map(|&id| column.values[id as usize].as_deref()).collect();
        arrays[at] = Some(array_of(schema.field(at), form, &cells)?);
    }
    if !columns.aside.is_empty() {
        let stored = ipc::from_bytes(aside).map_err(|_| Malformed)?;
        for (place, &at) in columns.aside.iter().enumerate() {
            arrays[at] = stored.columns().get(place).cloned();
        }
    }
    let arrays = arrays.into_iter().collect::<Option<Vec<_>>>().ok_or(Malformed)?;
    let options = RecordBatchOptions::new().with_row_count(Some(count));
    RecordBatch::try_new_with_options(schema.clone(), arrays, &options).map_err(|_| Malformed)
}

pub(super) fn compressed(bytes: &[u8]) -> Result<Vec<u8>> {
    zstd::encode_all(bytes, ZSTD_LEVEL).map_err(|cause| Error::internal(cause.to_string()))
}

/// The bytes of a zstd frame: as many as it has, whatever it says.
pub(super) fn decompressed(frame: &[u8]) -> Result<Vec<u8>, Malformed> {
    let decoder = zstd::Decoder::new(frame).map_err(|_| Malformed)?;
    let mut bytes = vec![];
    let read = decoder.take(MOST_BYTES).read_to_end(&mut bytes).map_err(|_| Malformed)?;
    if (read as u64) < MOST_BYTES { Ok(bytes) } else { Err(Malformed) }
}

#[cfg(test)]
mod tests;
