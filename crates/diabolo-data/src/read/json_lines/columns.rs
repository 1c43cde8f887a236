//! The columns of JSON lines: their types, and their cells.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_array::builder::{BooleanBuilder, Float64Builder, Int64Builder, StringBuilder, UInt64Builder};
use arrow_schema::{DataType, Field, Schema, SchemaRef};

use super::members::{Value, is_scalar};
use crate::json::{JsonText, marked, quoted};
use crate::number::EXACT;

/// A row: names and values.
type Row<'a> = Vec<(Cow<'a, str>, Value<'a>)>;

/// The columns found, in the order of their first row.
#[derive(Default)]
pub(super) struct Found {
    names: Vec<String>,
    places: HashMap<String, usize>,
    seen: Vec<Seen>,
    rows: u64,
}

/// What a column holds.
#[derive(Default, Clone)]
struct Seen {
    boolean: bool,
    text: bool,
    nested: bool,
    /// The least and the largest whole number.
    whole: Option<(i128, i128)>,
    real: bool,
    /// A whole number of more digits than any type has.
    endless: bool,
    /// A text that looks like another value of JSON.
    ambiguous: bool,
    /// The last row with the column.
    row: u64,
}

impl Found {
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Adds a row; the error is what is wrong with it.
    pub fn add(&mut self, row: &Row) -> Result<(), String> {
        self.rows += 1;
        for (name, value) in row {
            let place = self.places.get(name.as_ref()).copied().unwrap_or(self.names.len());
            if place == self.names.len() {
                self.places.insert(name.to_string(), place);
                self.names.push(name.to_string());
                self.seen.push(Seen::default());
            }
            let seen = &mut self.seen[place];
            if std::mem::replace(&mut seen.row, self.rows) == self.rows {
                return Err(format!("the name '{name}' twice"));
            }
            seen.add(value);
        }
        Ok(())
    }

    pub fn schema(&self) -> SchemaRef {
        let fields = self.names.iter().zip(&self.seen).map(|(name, seen)| {
            let (data_type, text) = seen.storage();
            let field = Field::new(name, data_type, true);
            match text {
                Some(text) => marked(field, text),
                None => field,
            }
        });
        Arc::new(Schema::new(fields.collect::<Vec<_>>()))
    }
}

impl Seen {
    fn add(&mut self, value: &Value) {
        match value {
            Value::Null => {}
            Value::Boolean(_) => self.boolean = true,
            Value::Text(text) => {
                self.text = true;
                self.ambiguous |= is_scalar(text);
            }
            Value::Nested(_) => self.nested = true,
            Value::Number(number) => match number.parse::<i128>() {
                Ok(whole) => {
                    let (least, largest) = self.whole.unwrap_or((whole, whole));
                    self.whole = Some((least.min(whole), largest.max(whole)));
                }
                Err(_) if number.contains(['.', 'e', 'E', 'I']) => self.real = true,
                Err(_) => self.endless = true,
            },
        }
    }

    /// The type that keeps every value, and the mark of text that stands for JSON.
    fn storage(&self) -> (DataType, Option<JsonText>) {
        let number = self.whole.is_some() || self.real || self.endless;
        let within =
            |from: i128, to: i128| self.whole.is_none_or(|(least, most)| from <= least && most <= to);
        let exact = EXACT as i128;
        match (self.boolean, number, self.text) {
            _ if self.nested => (DataType::Utf8, Some(JsonText::Whole)),
            (true, false, false) => (DataType::Boolean, None),
            (false, true, false) => match self.real {
                _ if self.endless => (DataType::Utf8, Some(JsonText::Whole)),
                false if within(i64::MIN.into(), i64::MAX.into()) => (DataType::Int64, None),
                false if within(0, u64::MAX.into()) => (DataType::UInt64, None),
                true if within(-exact, exact) => (DataType::Float64, None),
                _ => (DataType::Utf8, Some(JsonText::Whole)),
            },
            (false, false, _) => (DataType::Utf8, None),
            // Such as numbers and "n/a".
            _ if !self.ambiguous => (DataType::Utf8, Some(JsonText::Scalars)),
            _ => (DataType::Utf8, None),
        }
    }
}

/// The cells of a batch.
pub(super) struct Columns {
    rows: usize,
    cells: Vec<Cells>,
    /// Number of cells of each column.
    filled: Vec<usize>,
}

enum Cells {
    Boolean(BooleanBuilder),
    Integer(Int64Builder),
    Unsigned(UInt64Builder),
    Real(Float64Builder),
    Text(StringBuilder),
    /// The text of JSON.
    Json(StringBuilder),
}

impl Columns {
    pub fn new(found: &Found) -> Self {
        let cells = found.seen.iter().map(|seen| match seen.storage() {
            (DataType::Boolean, _) => Cells::Boolean(BooleanBuilder::with_capacity(0)),
            (DataType::Int64, _) => Cells::Integer(Int64Builder::with_capacity(0)),
            (DataType::UInt64, _) => Cells::Unsigned(UInt64Builder::with_capacity(0)),
            (DataType::Float64, _) => Cells::Real(Float64Builder::with_capacity(0)),
            (_, Some(JsonText::Whole)) => Cells::Json(StringBuilder::with_capacity(0, 0)),
            _ => Cells::Text(StringBuilder::with_capacity(0, 0)),
        });
        Columns { rows: 0, cells: cells.collect(), filled: vec![0; found.seen.len()] }
    }

    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Adds a row; the error is what is wrong with it.
    pub fn add(&mut self, found: &Found, row: Row) -> Result<(), String> {
        let mut places = Vec::with_capacity(row.len());
        for (name, _) in &row {
            let place = found.places.get(name.as_ref()).copied();
            places.push(place.ok_or_else(|| format!("the name '{name}', which was not there before"))?);
        }
        let mut sorted = places.clone();
        sorted.sort_unstable();
        if let Some(twice) = sorted.windows(2).find(|two| two[0] == two[1]) {
            return Err(format!("the name '{}' twice", found.names[twice[0]]));
        }
        for (place, (_, value)) in places.iter().zip(&row) {
            self.cells[*place].append(value);
            self.filled[*place] += 1;
        }
        self.rows += 1;
        for (cells, filled) in self.cells.iter_mut().zip(&mut self.filled) {
            if *filled < self.rows {
                cells.append(&Value::Null);
                *filled += 1;
            }
        }
        Ok(())
    }

    pub fn finish(mut self) -> Vec<ArrayRef> {
        self.cells.iter_mut().map(Cells::finish).collect()
    }
}

impl Cells {
    /// Adds a value, which has the type of the column.
    fn append(&mut self, value: &Value) {
        let boolean = if let Value::Boolean(value) = value { Some(*value) } else { None };
        let text = match value {
            Value::Null => None,
            Value::Boolean(true) => Some("true"),
            Value::Boolean(false) => Some("false"),
            Value::Text(text) => Some(text.as_ref()),
            Value::Number(text) | Value::Nested(text) => Some(*text),
        };
        match self {
            Cells::Boolean(cells) => cells.append_option(boolean),
            Cells::Integer(cells) => cells.append_option(text.and_then(|text| text.parse().ok())),
            Cells::Unsigned(cells) => cells.append_option(text.and_then(|text| text.parse().ok())),
            Cells::Real(cells) => cells.append_option(text.and_then(|text| text.parse().ok())),
            Cells::Json(cells) if matches!(value, Value::Text(_)) => cells.append_option(text.map(quoted)),
            Cells::Text(cells) | Cells::Json(cells) => cells.append_option(text),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Cells::Boolean(cells) => Arc::new(cells.finish()),
            Cells::Integer(cells) => Arc::new(cells.finish()),
            Cells::Unsigned(cells) => Arc::new(cells.finish()),
            Cells::Real(cells) => Arc::new(cells.finish()),
            Cells::Text(cells) | Cells::Json(cells) => Arc::new(cells.finish()),
        }
    }
}
