//! A table in several files: the parts that Spark, Hive and Dask write to a folder.

use std::path::Path;
use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow_cast::{CastOptions, cast_with_options};
use arrow_schema::{DataType, Field, Schema, SchemaRef};

use super::bad_rows::BadRows;
use super::files::Found;
use super::{ReadOptions, Source, arrow_error, open_input};
use crate::input::Input;
use crate::names::places;
use crate::names::some_names;
use crate::{Error, Format, Result};

/// The value of a folder such as `city=__HIVE_DEFAULT_PARTITION__`: missing.
const MISSING_VALUE: &str = "__HIVE_DEFAULT_PARTITION__";

/// The files that can be parts of a table: data files, without those that begin with `_`, such as
/// `_SUCCESS` and `_metadata`.
pub(super) fn parts(files: Vec<Found>) -> Vec<Found> {
    let is_part = |(name, path): &Found| {
        let aside = name.split('/').any(|part| part.starts_with('_'));
        let bare = path.extension().is_none() && file_name(path).starts_with("part-");
        // Spark writes a part without rows as a file without bytes.
        let empty = path.metadata().is_ok_and(|file| file.len() == 0);
        !aside && !empty && (bare || Format::of_path(path).is_some_and(|format| format != Format::Images))
    };
    files.into_iter().filter(is_part).collect()
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Opens the parts of a table, called `name` in messages, in the order of their names.
///
/// All parts have the same columns, in any order. A folder `key=value` above a file adds the column
/// `key`.
pub(super) fn open(name: &str, files: Vec<Found>, options: &ReadOptions) -> Result<Source> {
    let formats = files.iter().filter_map(|(_, path)| Format::of_path(path)).collect::<Vec<_>>();
    if let Some(other) = formats.iter().find(|format| **format != formats[0]) {
        let found = format!("{} and {} files", formats[0].name(), other.name());
        let help = format!("name one file, or a pattern such as '{name}/*.{}'", formats[0].name());
        return Err(Error::data(name, "files of one format", found, help));
    }
    let (keys, values) = partitions(name, &files)?;
    let (mut columns, mut text_format) = (None::<SchemaRef>, None);
    let (mut options, bad_rows) = (options.clone(), BadRows::new(options));
    for (_, path) in &files {
        let part = open_part(path, &options, &bad_rows)?;
        if let Some(format) = part.text_format() {
            // A part of few rows may not show how it is written.
            (options.delimiter, options.header) = (Some(format.delimiter), Some(format.header));
            text_format = Some(format.clone());
        }
        let found = part.schema().clone();
        columns = Some(match columns {
            None => found,
            Some(known) => united(path, &known, &found)?,
        });
    }
    let Some(columns) = columns else {
        return Err(Error::data(name, "parts of a table", "none", "check the folder"));
    };
    let added =
        keys.iter().zip(&values).map(|(key, values)| Field::new(key, values.data_type().clone(), true));
    let fields = columns.fields().iter().map(|field| field.as_ref().clone()).chain(added);
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let reader = Parts {
        name: name.to_string(),
        schema: schema.clone(),
        columns: columns.fields().len(),
        values,
        options,
        bad_rows,
        files,
        part: 0,
        open: None,
        failed: false,
    };
    Ok(Source { text_format, ..Source::new(name, schema, None, reader) })
}

fn open_part(path: &Path, options: &ReadOptions, bad_rows: &BadRows) -> Result<Source> {
    open_input(Input::open(&path.to_string_lossy())?, options, bad_rows.of_part())
}

/// The keys of the folders, and for each the value of every file.
fn partitions(name: &str, files: &[Found]) -> Result<(Vec<String>, Vec<ArrayRef>)> {
    let of_file = |(file, _): &Found| {
        let folders = file.rsplit_once('/').map_or("", |(folders, _)| folders);
        let pairs = folders.split('/').filter_map(|folder| folder.split_once('='));
        pairs.map(|(key, value)| (decoded(key), decoded(value))).collect::<Vec<_>>()
    };
    let pairs = files.iter().map(of_file).collect::<Vec<_>>();
    let keys = |pairs: &[(String, String)]| pairs.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>();
    let first = pairs.first().map(|pairs| keys(pairs)).unwrap_or_default();
    if let Some(other) = pairs.iter().position(|pairs| keys(pairs) != first) {
        let expected = format!("folders of the keys {}, as above the first file", some_names(texts(&first)));
        let found = format!("the keys {}", some_names(texts(&keys(&pairs[other]))));
        return Err(Error::data(format!("{name}/{}", files[other].0), expected, found, "move the file"));
    }
    let column = |key: usize| {
        let texts = pairs.iter().map(|pairs| Some(pairs[key].1.as_str()).filter(|v| *v != MISSING_VALUE));
        let texts = texts.collect::<Vec<_>>();
        let whole = |text: &&str| text.parse::<i64>().is_ok_and(|number| number.to_string() == **text);
        match texts.iter().flatten().all(whole) {
            true => {
                Arc::new(texts.iter().map(|text| text.and_then(|t| t.parse().ok())).collect::<Int64Array>())
            }
            false => Arc::new(texts.into_iter().collect::<StringArray>()) as ArrayRef,
        }
    };
    let values = (0..first.len()).map(column).collect();
    Ok((first, values))
}

fn texts(names: &[String]) -> impl ExactSizeIterator<Item = &str> {
    names.iter().map(String::as_str)
}

/// A name with its `%3A` and the like as characters.
fn decoded(text: &str) -> String {
    let mut bytes = vec![];
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match code.and_then(|two| u8::from_str_radix(two, 16).ok()).filter(|_| *first == b'%') {
            Some(byte) => (bytes.push(byte), rest = &after[2..]).1,
            None => (bytes.push(*first), rest = after).1,
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The columns of two parts, with types that hold both.
fn united(path: &Path, known: &SchemaRef, found: &SchemaRef) -> Result<SchemaRef> {
    let name = path.to_string_lossy();
    let places = places(found);
    let same = known.fields().len() == found.fields().len()
        && known.fields().iter().all(|field| places.contains_key(field.name().as_str()));
    if !same {
        let names = |schema: &SchemaRef| {
            let names = schema.fields().iter().map(|field| field.name().clone()).collect::<Vec<_>>();
            some_names(texts(&names))
        };
        let help = "all parts of a table have the same columns: name one file, or a pattern of those that belong together";
        let expected = format!("the columns {}, as in the first part", names(known));
        return Err(Error::data(name, expected, format!("the columns {}", names(found)), help));
    }
    let fields = known.fields().iter().map(|field| {
        let other = found.field(places[field.name().as_str()]).data_type();
        Field::clone(field).with_data_type(wider(field.data_type(), other))
    });
    Ok(Arc::new(Schema::new(fields.collect::<Vec<_>>())))
}

fn wider(one: &DataType, other: &DataType) -> DataType {
    match (one, other) {
        (same, also) if same == also => same.clone(),
        (DataType::Null, other) | (other, DataType::Null) => other.clone(),
        (one, other) if one.is_integer() && other.is_integer() => match [one, other] {
            // No type holds both the largest and negative numbers.
            both if both.contains(&&DataType::UInt64) => both_whole(one, other),
            _ => DataType::Int64,
        },
        (one, other) if one.is_floating() || other.is_floating() => {
            match one.is_numeric() && other.is_numeric() {
                true => DataType::Float64,
                false => DataType::Utf8,
            }
        }
        _ => DataType::Utf8,
    }
}

/// A type for whole numbers of which one is 64 bits without a sign.
fn both_whole(one: &DataType, other: &DataType) -> DataType {
    let unsigned = |data_type: &DataType| data_type.is_unsigned_integer();
    if unsigned(one) && unsigned(other) { DataType::UInt64 } else { DataType::Decimal128(20, 0) }
}

/// The rows of all parts.
struct Parts {
    name: String,
    schema: SchemaRef,
    /// Number of columns of the files.
    columns: usize,
    /// The values of the folders' keys, one for each file.
    values: Vec<ArrayRef>,
    options: ReadOptions,
    bad_rows: BadRows,
    files: Vec<Found>,
    /// The number of the next file.
    part: usize,
    open: Option<Source>,
    failed: bool,
}

impl Parts {
    fn next_batch(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            if let Some(batch) = self.open.as_mut().and_then(Iterator::next) {
                return self.complete(batch?).map(Some);
            }
            let Some((_, path)) = self.files.get(self.part) else {
                self.bad_rows.end();
                return Ok(None);
            };
            self.open = Some(open_part(path, &self.options, &self.bad_rows)?);
            self.part += 1;
        }
    }

    /// The batch with the columns of the table.
    fn complete(&self, batch: RecordBatch) -> Result<RecordBatch> {
        let file = &self.files[self.part - 1].0;
        let failed = |error| arrow_error(&format!("{}/{file}", self.name), error);
        let schema = batch.schema();
        let places = places(&schema);
        let mut columns = vec![];
        for field in self.schema.fields().iter().take(self.columns) {
            let column = batch.column(places[field.name().as_str()]);
            // A value that the common type cannot hold is an error, and not missing.
            let options = CastOptions { safe: false, ..Default::default() };
            columns.push(cast_with_options(column, field.data_type(), &options).map_err(failed)?);
        }
        for values in &self.values {
            let row = arrow_array::UInt32Array::from(vec![(self.part - 1) as u32; batch.num_rows()]);
            columns.push(arrow_select::take::take(values, &row, None).map_err(failed)?);
        }
        RecordBatch::try_new(self.schema.clone(), columns).map_err(failed)
    }
}

impl Iterator for Parts {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let batch = self.next_batch().transpose();
        self.failed = matches!(batch, Some(Err(_)));
        batch
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn names_of_folders_are_decoded() {
        assert_eq!(decoded("10%3A30%20x"), "10:30 x");
        assert_eq!(decoded("100%"), "100%");
    }

    #[test]
    fn keys_are_numbers_if_all_are_written_so() {
        let files = |folders: [&str; 2]| folders.map(|f| (format!("{f}/x.csv"), "x.csv".into())).to_vec();
        let (keys, values) = partitions("t", &files(["year=2023/m=01", "year=2024/m=02"])).unwrap();
        assert_eq!(keys, ["year", "m"]);
        assert_eq!(values[0].as_ref(), &Int64Array::from(vec![2023, 2024]) as &dyn arrow_array::Array);
        assert_eq!(values[1].data_type(), &DataType::Utf8);
        let (_, values) = partitions("t", &files(["a=__HIVE_DEFAULT_PARTITION__", "a=7"])).unwrap();
        assert_eq!(values[0].as_ref(), &Int64Array::from(vec![None, Some(7)]) as &dyn arrow_array::Array);
        let error = partitions("t", &files(["a=1", "b=1"])).unwrap_err().to_string();
        assert!(error.starts_with("t/b=1/x.csv: expected folders of the keys 'a'"), "{error}");
    }
}
