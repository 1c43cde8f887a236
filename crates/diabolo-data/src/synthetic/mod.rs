//! Tables as codes and numbers for generation, and back: a codec that loses no shape of a column.
//!
//! A table is cut into *parts*. A part is one column, or several that are one joint category, and
//! every cell of it is a *code*: one of its levels (texts as the file spells them, missing ones
//! included), the pool of its rare levels, or "a number". A number has a second value, its normal
//! score. Keys and free text are no parts: they are made anew, or left empty. No text of a cell is
//! kept that fewer than [`SHARED_ROWS`] rows share, alone or with the others of its part.

mod dependencies;
mod keys;
mod numbers;
mod order;
mod part;
mod rules;
mod types;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, RecordBatch, StringArray, new_null_array};
use arrow_cast::cast;
use arrow_schema::{DataType, Field, Schema as ArrowSchema};
use diabolo_stats::end_if_cancelled;
use diabolo_stats::random::Stream;
use serde::{Deserialize, Serialize};

use self::keys::KeyRange;
use crate::cells::Cells;
pub use crate::pool::SHARED_ROWS;
use crate::{Error, Feature, Inferred, Result};
pub use dependencies::dependencies;
pub use keys::KeyFormat;
pub use numbers::NumberScale;
pub use order::Order;
pub use part::{Cell, Part, cell_values};
pub use rules::Rule;

/// How a table becomes codes.
#[derive(Debug, Clone, PartialEq)]
pub struct CodecOptions {
    /// Levels of a category in fewer rows are pooled.
    pub rare: usize,
    /// Groups of columns that become one joint category each.
    pub together: Vec<Vec<String>>,
    /// How the key is made; by default as its cells look.
    pub key_format: Option<KeyFormat>,
    /// The column that is made anew.
    pub key: Option<String>,
    /// Columns that are left out.
    pub drop: Vec<String>,
    /// Rules that every row keeps.
    pub rules: Vec<Rule>,
}

/// A column of the output.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Column {
    name: String,
    /// Its type in the source.
    data_type: String,
    content: Content,
    /// The keys that are made, none of which is one of the source; all in older files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    keys: Option<KeyRange>,
}

/// Where the cells of a column come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Content {
    /// The member of a part.
    Part { part: usize, member: usize },
    /// A column that is never below others.
    Ordered { order: usize },
    /// A key, made anew.
    Key(KeyFormat),
    /// Nothing.
    Empty,
}

/// The codec of a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableCodec {
    /// The parts, in the order of their first columns.
    pub parts: Vec<Part>,
    columns: Vec<Column>,
    /// The columns that are never below others, each after those.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub orders: Vec<Order>,
}

/// A table as codes, row-major, and normal scores.
#[derive(Debug, Clone, PartialEq)]
pub struct Coded {
    /// Rows × parts.
    pub codes: Vec<u32>,
    /// Rows × parts with numbers; 0 where a cell is none.
    pub scores: Vec<f32>,
}

impl Coded {
    /// Leaves the first rows of a table with so many parts.
    pub fn truncate(&mut self, rows: usize, parts: usize) {
        let numbers = self.scores.len() * parts / self.codes.len().max(1);
        self.codes.truncate(rows * parts);
        self.scores.truncate(rows * numbers);
    }
}

impl TableCodec {
    /// Fits to rows of a table; also returns what it did, one sentence each. No key that is made is
    /// one of `source`, the whole table.
    ///
    /// # Errors
    /// [`Error::Data`] if a cell cannot be read, or no column can be learned.
    pub fn fit(
        input: &str,
        rows: &RecordBatch,
        source: &RecordBatch,
        inferred: &Inferred,
        options: &CodecOptions,
    ) -> Result<(Self, Vec<String>)> {
        let mut notes = vec![];
        let orders = order::orders(input, rows, &inferred.schema.features, &options.rules)?;
        let learned = learned(&inferred.schema.features, &orders);
        let with_differences = with_differences(input, rows, &orders)?;
        let groups = groups(input, &with_differences, &learned, options)?;
        let (parts, more) = parts(input, &with_differences, &groups, &learned, options.rare)?;
        notes.extend(more);
        let columns = columns(source, &groups, &orders, inferred, options, &mut notes)?;
        if parts.is_empty() {
            return Err(Error::data(input, "at least one usable column", "none", "keep a column"));
        }
        Ok((TableCodec { parts, columns, orders }, notes))
    }

    /// The codes and normal scores of rows. `noise` spreads numbers within their step.
    ///
    /// # Errors
    /// [`Error::Data`] if a column is missing or a cell cannot be read.
    pub fn encode(&self, input: &str, rows: &RecordBatch, noise: &mut Stream) -> Result<Coded> {
        let rows = &with_differences(input, rows, &self.orders)?;
        let (n, width) = (rows.num_rows(), self.parts.len());
        let numbers = self.parts.iter().filter(|part| part.numbers.is_some()).count();
        let mut coded = Coded { codes: vec![0; n * width], scores: vec![0.0; n * numbers] };
        let mut number = 0;
        for (at, part) in self.parts.iter().enumerate() {
            let (codes, scores) = part.encode(input, rows, noise)?;
            codes.into_iter().enumerate().for_each(|(row, code)| coded.codes[row * width + at] = code);
            if let Some(scores) = scores {
                let cells = coded.scores.iter_mut().skip(number).step_by(numbers);
                cells.zip(scores).for_each(|(to, score)| *to = score);
                number += 1;
            }
        }
        Ok(coded)
    }

    /// The rows of cells, in the columns, types and spelling of the source.
    ///
    /// # Errors
    /// [`Error::Internal`] if a stored type is not readable.
    pub fn decode(&self, rows: usize, cells: &[Vec<Cell>]) -> Result<RecordBatch> {
        let (mut fields, mut columns): (Vec<Field>, Vec<ArrayRef>) = (vec![], vec![]);
        let ordered = self.ordered(rows, |part, row| cells[part][row]);
        for column in &self.columns {
            end_if_cancelled();
            let wanted: DataType =
                column.data_type.parse().map_err(|cause| Error::internal(format!("{cause}")))?;
            let array: ArrayRef = match &column.content {
                Content::Part { part, member } => {
                    self.parts[*part].decode(*member, &wanted, &cells[*part])?
                }
                Content::Ordered { order } => self.orders[*order].decode(&wanted, &ordered[*order])?,
                Content::Key(format) => {
                    let first = column.keys.map_or(0, |keys| keys.first);
                    let texts: StringArray =
                        (first..first.saturating_add(rows as u64)).map(|n| Some(format.nth(n))).collect();
                    typed(&(Arc::new(texts) as ArrayRef), &wanted)?
                }
                Content::Empty => new_null_array(&wanted, rows),
            };
            fields.push(Field::new(&column.name, array.data_type().clone(), true));
            columns.push(array);
        }
        RecordBatch::try_new(Arc::new(ArrowSchema::new(fields)), columns)
            .map_err(|cause| Error::internal(cause.to_string()))
    }

    /// The numbers of each of [`orders`](Self::orders) in rows of which `cell` gives that of a part
    /// and a row; NaN where missing.
    pub fn ordered(&self, rows: usize, cell: impl Fn(usize, usize) -> Cell) -> Vec<Vec<f64>> {
        let of_part = |name: &str| {
            let at = self.part_named(name)?;
            let (part, values) = (&self.parts[at], self.parts[at].values(0));
            Some((0..rows).map(|row| part.number_of(&values, cell(at, row))).collect())
        };
        let none = || vec![f64::NAN; rows];
        let mut found: Vec<Vec<f64>> = vec![];
        for order in &self.orders {
            let earlier = |name: &str| self.orders.iter().zip(&found).find(|(one, _)| one.name() == name);
            let low = |name: &str| match earlier(name) {
                Some((_, numbers)) => numbers.clone(),
                None => of_part(name).unwrap_or_else(none),
            };
            let lows: Vec<Vec<f64>> = order.lows().map(low).collect();
            let alone = order.alone.as_deref().and_then(of_part).unwrap_or_else(none);
            let differences = of_part(&order.difference).unwrap_or_else(none);
            found.push(order.numbers(&lows, &differences, &alone));
        }
        found
    }

    /// The part that is a column of this name alone.
    fn part_named(&self, name: &str) -> Option<usize> {
        self.parts.iter().position(|part| part.columns.len() == 1 && part.columns[0].name == name)
    }

    /// The part and the member of a column.
    pub fn place(&self, column: &str) -> Option<(usize, usize)> {
        self.columns.iter().find(|one| one.name == column).and_then(|one| match one.content {
            Content::Part { part, member } => Some((part, member)),
            _ => None,
        })
    }

    /// The names of the columns.
    pub fn columns(&self) -> impl Iterator<Item = &str> + Clone {
        self.columns.iter().map(|column| column.name.as_str())
    }

    /// The number of keys that can be made, if a column has them.
    pub fn most_keys(&self) -> Option<u64> {
        let formats = self.columns.iter().filter_map(|column| match &column.content {
            Content::Key(format) => Some(column.keys.map_or_else(|| format.count(), |keys| keys.count)),
            _ => None,
        });
        formats.min()
    }

    /// Whether what was read from a file fits together.
    pub fn is_consistent(&self) -> bool {
        self.parts.iter().all(Part::is_consistent)
            && self.columns.iter().all(|column| match column.content {
                Content::Part { part, member } => {
                    self.parts.get(part).is_some_and(|part| member < part.columns.len())
                }
                Content::Ordered { order } => order < self.orders.len(),
                _ => true,
            })
            && self.orders.iter().enumerate().all(|(at, order)| {
                let is_low = |name: &str| {
                    self.part_named(name).is_some() || self.orders[..at].iter().any(|one| one.name() == name)
                };
                order.is_consistent()
                    && order.lows().all(is_low)
                    && self.part_named(&order.difference).is_some()
            })
    }
}

/// The columns that a model learns, with differences in the place of ordered columns.
fn learned(features: &[Feature], orders: &[Order]) -> Vec<Feature> {
    let of = |feature: &Feature| match orders.iter().find(|order| order.name() == feature.name) {
        Some(order) => order.features(),
        None => vec![feature.clone()],
    };
    features.iter().flat_map(of).collect()
}

/// The rows with the columns of differences.
fn with_differences(input: &str, rows: &RecordBatch, orders: &[Order]) -> Result<RecordBatch> {
    orders.iter().try_fold(rows.clone(), |rows, order| order.with_differences(input, &rows))
}

/// The parts of groups of columns, and what was not kept, one sentence each.
fn parts(
    input: &str,
    rows: &RecordBatch,
    groups: &[Vec<String>],
    learned: &[Feature],
    rare: usize,
) -> Result<(Vec<Part>, Vec<String>)> {
    let features: HashMap<&str, &Feature> =
        learned.iter().map(|feature| (feature.name.as_str(), feature)).collect();
    let (mut parts, mut notes) = (vec![], vec![]);
    for group in groups {
        let (part, not_shared) = Part::fit(input, rows, group, &features, rare)?;
        if not_shared > 0 {
            let (rows, hold) = if not_shared == 1 { ("row", "holds") } else { ("rows", "hold") };
            notes.push(format!(
                "{not_shared} {rows} of {} {hold} what fewer than {SHARED_ROWS} rows share: it is not kept, and \
                 such cells are drawn empty",
                group.join(", ")
            ));
        }
        parts.push(part);
    }
    Ok((parts, notes))
}

/// Where the cells of each column of the output come from.
fn columns(
    rows: &RecordBatch,
    groups: &[Vec<String>],
    orders: &[Order],
    inferred: &Inferred,
    options: &CodecOptions,
    notes: &mut Vec<String>,
) -> Result<Vec<Column>> {
    let mut place: HashMap<&str, (usize, usize)> = HashMap::new();
    for (part, group) in groups.iter().enumerate() {
        for (member, name) in group.iter().enumerate() {
            place.insert(name, (part, member));
        }
    }
    let dropped = |name: &str| inferred.schema.dropped.iter().any(|other| other == name);
    let mut columns = vec![];
    for (field, array) in rows.schema().fields().iter().zip(rows.columns()) {
        let name = field.name();
        if options.drop.contains(name) {
            continue;
        }
        let order = orders.iter().position(|order| order.name() == name);
        let mut keys = None;
        let content = match (place.get(name.as_str()), order) {
            (_, Some(order)) => Content::Ordered { order },
            (Some(&(part, member)), None) => Content::Part { part, member },
            (None, None) => match keys::format_of(name, array, options, dropped(name))? {
                Some((format, unused)) => {
                    let first = format.nth(unused.first);
                    notes.push(format!("column '{name}' is made anew from {first} on: {format}"));
                    keys = Some(unused);
                    Content::Key(format)
                }
                None => {
                    notes.push(keys::left_empty(name, options.key.as_ref() == Some(name)));
                    Content::Empty
                }
            },
        };
        columns.push(Column { name: name.clone(), data_type: array.data_type().to_string(), content, keys });
    }
    Ok(columns)
}

/// The columns of each part: the groups that were asked for and found, and single columns.
fn groups(
    input: &str,
    rows: &RecordBatch,
    learned: &[Feature],
    options: &CodecOptions,
) -> Result<Vec<Vec<String>>> {
    let learned = |name: &String| {
        learned.iter().any(|feature| &feature.name == name) && options.key.as_ref() != Some(name)
    };
    let in_rule = |name: &&String| options.rules.iter().any(|rule| rule.low == **name || rule.high == **name);
    if let Some(name) = options.together.iter().flatten().find(in_rule) {
        let reason = format!("'{name}' is in both: leave it out of one");
        return Err(Error::conflict("--require", "--together", reason));
    }
    let mut seen: HashSet<&String> = HashSet::new();
    for name in options.together.iter().flatten() {
        if !learned(name) {
            return Err(Error::data(
                input,
                "a column that is learned",
                format!("'{name}'"),
                "check --together",
            ));
        }
        if !seen.insert(name) {
            let found = format!("'{name}' twice");
            return Err(Error::invalid_value("--together", "each column in one group", found));
        }
    }
    for group in &options.together {
        let columns: Vec<&ArrayRef> = group.iter().filter_map(|name| rows.column_by_name(name)).collect();
        let few = rows_of_rare_levels(&columns, options.rare);
        if 2 * few > rows.num_rows() {
            return Err(Error::data(
                input,
                format!("combinations of {} that {} rows share (--rare)", group.join(", "), options.rare),
                format!("{few} of {} rows with rarer ones", rows.num_rows()),
                "leave a column out of --together, or lower --rare",
            ));
        }
    }
    let mut groups: Vec<Vec<String>> = vec![];
    let schema = rows.schema();
    for name in schema.fields().iter().map(|field| field.name()).filter(|name| learned(name)) {
        if groups.iter().flatten().any(|known| known == name) {
            continue;
        }
        match options.together.iter().find(|group| group.contains(name)) {
            Some(group) => groups.push(group.clone()),
            None => groups.push(vec![name.clone()]),
        }
    }
    Ok(groups)
}

/// The number of rows whose combination of cells occurs in fewer than `rare` rows.
fn rows_of_rare_levels(columns: &[&ArrayRef], rare: usize) -> usize {
    let texts: Vec<StringArray> = columns.iter().map(|array| cell_texts(array)).collect();
    part::counts(&texts).into_values().filter(|count| *count < rare).sum()
}

/// The cells of a column of any type as text, null where missing.
pub fn cell_texts(array: &ArrayRef) -> StringArray {
    Cells::of(array).texts()
}

/// Whether the cells of a column all differ, as those of a key do.
pub fn is_key(array: &ArrayRef) -> bool {
    let texts = cell_texts(array);
    let distinct: HashSet<&str> = texts.iter().flatten().collect();
    distinct.len() + texts.null_count() == texts.len()
}

/// Texts in a stored type.
fn typed(texts: &ArrayRef, wanted: &DataType) -> Result<ArrayRef> {
    cast(texts, wanted).map_err(|cause| Error::internal(format!("texts as {wanted}: {cause}")))
}
