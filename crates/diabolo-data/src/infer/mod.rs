//! Schema inference: the types of the columns of a table, from their cells.
//!
//! | cells | kind |
//! |---|---|
//! | dates and times | datetime |
//! | two different numbers or texts | binary |
//! | few different whole numbers, each in many rows | ordinal, if other columns follow their order or their frequencies have one peak; else categorical |
//! | whole numbers from 0 or 1 up without gaps, with a tail | count |
//! | other numbers | numeric |
//! | digits that begin with 0, and other texts | categorical |
//! | about as many different texts as rows; whole numbers that identify rows | excluded, with a warning |
//!
//! A column of text whose cells are numbers is a column of numbers. `--type column=kind` overrides
//! an inferred type.

mod column;
mod formats;
mod images;
mod missing;
mod numbers;
mod order;
mod pandas;
mod spelling;
mod type_name;

use std::collections::{BTreeMap, BTreeSet};

use arrow_array::RecordBatch;
use arrow_schema::Schema as ArrowSchema;
use serde::{Deserialize, Serialize};

use crate::by_column::each_column;
use crate::column::Column;
use crate::image::image_shape;
use crate::json::{JsonText, mark};
use crate::missing::of_no_column;
use crate::names::{argument, closest, some_names, unique_names};
use crate::{Error, Result};
use crate::{Feature, FeatureKind, MissingWords, NumberFormat, Schema, Storage};

use column::{Given, Note, Verdict, infer_column};
use formats::number_formats;
use images::infer_images;
use missing::missing_words;
pub use type_name::TypeName;

/// The user's options for the columns.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct InferOptions {
    /// The column that identifies a row.
    pub key: Option<String>,
    /// The column of class labels; not an input of the model.
    pub label: Option<String>,
    /// Condition columns: inputs of a conditional model that it does not reconstruct.
    pub condition: Vec<String>,
    /// Columns to ignore.
    pub drop: Vec<String>,
    /// Texts that mean a missing cell, as [`MissingWords::of`] reads them.
    pub missing: Vec<String>,
    /// Column types that override the inferred ones.
    pub types: BTreeMap<String, TypeName>,
}

/// An inferred schema with warnings.
#[derive(Debug, Clone, PartialEq)]
pub struct Inferred {
    /// The schema.
    pub schema: Schema,
    /// Warnings, one sentence each: excluded columns, constant columns.
    pub warnings: Vec<String>,
    /// Why each column has its kind, or is excluded.
    pub reasons: BTreeMap<String, String>,
}

/// Infers the schema of `batch`; `input` is its name in messages.
///
/// ```
/// # use std::sync::Arc;
/// use arrow_array::{ArrayRef, RecordBatch, StringArray};
/// use diabolo_data::infer::{InferOptions, infer};
/// let age: ArrayRef = Arc::new(StringArray::from(vec![Some("31"), None, Some("46")]));
/// let plan: ArrayRef = Arc::new(StringArray::from(vec!["basic", "pro", "basic"]));
/// let columns = [("age", age, true), ("plan", plan, true)];
/// let batch = RecordBatch::try_from_iter_with_nullable(columns)?;
/// let schema = infer("customers.csv", &batch, &InferOptions::default())?.schema;
/// assert!(schema.to_string().contains("plan    binary   text"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn infer(input: &str, batch: &RecordBatch, options: &InferOptions) -> Result<Inferred> {
    if batch.num_rows() == 0 {
        return Err(Error::no_rows(input));
    }
    check_names(input, batch, options)?;
    let aside =
        |name: &str| options.drop.iter().chain(&options.key).chain(&options.label).any(|other| other == name);
    let (words, mut notes) = missing_words(input, batch, &options.missing, aside)?;
    let (formats, more) = number_formats(input, batch, &words, &options.types, aside)?;
    notes.extend(more);
    let columns = Columns { input, batch, words: &words, formats: &formats };
    let condition = conditions(&columns, options)?;
    let fields = batch.schema();
    if let Some(image) = fields.fields().iter().find(|field| image_shape(field).is_some()) {
        return infer_images(image, fields.fields(), condition, options);
    }

    let (key, label, dropped) = (options.key.clone(), options.label.clone(), options.drop.clone());
    let schema = Schema { features: vec![], key, label, condition, dropped };
    let mut inferred = Inferred { schema, warnings: notes, reasons: BTreeMap::new() };
    set_index_aside(&fields, options, &mut inferred);
    infer_columns(&columns, options, &mut inferred)?;
    if inferred.schema.features.is_empty() {
        let found = if inferred.warnings.is_empty() { "none".into() } else { inferred.warnings.join("; ") };
        return Err(Error::data(
            input,
            "at least one usable column",
            found,
            "keep a column, or set its type with --type",
        ));
    }
    Ok(inferred)
}

/// The columns of a table, and how each writes missing cells and numbers.
struct Columns<'a> {
    input: &'a str,
    batch: &'a RecordBatch,
    words: &'a [MissingWords],
    formats: &'a [Option<NumberFormat>],
}

impl<'a> Columns<'a> {
    fn at<'b>(&'b self, index: usize, name: &'b str) -> Column<'b> {
        let (array, missing) = (self.batch.column(index), &self.words[index]);
        Column { input: self.input, name, array, first_row: 0, missing, format: self.formats[index].as_ref() }
    }
}

/// The index of a pandas table is its key, unless another one is named; several are excluded.
fn set_index_aside(columns: &ArrowSchema, options: &InferOptions, inferred: &mut Inferred) {
    let schema = &mut inferred.schema;
    let mut index = pandas::index_columns(columns);
    index.retain(|name| !schema.sets_aside(name) && !options.types.contains_key(name));
    for name in &index {
        let role = match schema.key {
            None if index.len() == 1 => {
                schema.key = Some(name.clone());
                "taken as the key"
            }
            _ => {
                schema.dropped.push(name.clone());
                "excluded"
            }
        };
        inferred.warnings.push(format!(
            "column '{name}' is the index of the pandas table and is {role}; --type {arg}=KIND includes it",
            arg = argument(name)
        ));
    }
}

/// A column that is learned.
struct Learned {
    feature: Feature,
    note: Note,
    why: String,
    /// How many cells hold each of the words that mean a missing cell.
    words: BTreeMap<String, usize>,
    /// Whether a cell is missing, where the others are the same.
    gaps: bool,
}

/// What becomes of one column.
enum Judged {
    Learned(Box<Learned>),
    SetAside(String),
    Empty,
}

/// Infers the type of every column that is not excluded, and adds the feature or a warning.
fn infer_columns(columns: &Columns, options: &InferOptions, inferred: &mut Inferred) -> Result<()> {
    let (mut empty, mut constant, mut open) = (vec![], vec![], vec![]);
    let mut taken = BTreeMap::<String, Vec<_>>::new();
    let schema = columns.batch.schema();
    let fields = schema.fields();
    let judged = {
        let aside = |at: usize| inferred.schema.sets_aside(fields[at].name());
        let judge = |at: usize| (!aside(at)).then(|| judge_column(columns, at, options)).transpose();
        each_column(columns.batch, judge)?
    };
    for (field, judged) in fields.iter().zip(judged) {
        let name = field.name();
        match judged {
            None => {}
            Some(Judged::SetAside(because)) => set_aside(name, because, inferred),
            Some(Judged::Empty) => empty.push(name.clone()),
            Some(Judged::Learned(learned)) => {
                let Learned { feature, note, why, words, gaps } = *learned;
                match note {
                    Note::None => {}
                    Note::Constant(value) => constant.push((name.as_str(), value, gaps)),
                    Note::Levels => open.push(inferred.schema.features.len()),
                    Note::Rising => inferred.warnings.push(format!(
                        "column '{name}' is the time of the rows, in order: for a time series, pass --key {arg} \
                         --window N; --drop {arg} removes it",
                        arg = argument(name)
                    )),
                }
                inferred.reasons.insert(name.clone(), why);
                for (word, count) in words {
                    taken.entry(word).or_default().push((name.clone(), count));
                }
                inferred.schema.features.push(feature);
            }
        }
    }
    settle(columns, inferred, open)?;
    inferred.warnings.extend(missing::notes(&taken));
    inferred.warnings.extend(constant_columns(&constant));
    set_empty_aside(empty, inferred);
    Ok(())
}

fn judge_column(columns: &Columns, at: usize, options: &InferOptions) -> Result<Judged> {
    let schema = columns.batch.schema();
    let (field, name) = (schema.field(at), schema.field(at).name());
    if mark(field) == Some(JsonText::Whole) {
        let because =
            "holds lists, objects or very long numbers of JSON, which are not supported, and is excluded";
        return Ok(Judged::SetAside(because.into()));
    }
    let column = columns.at(at, name);
    let given = Given { first: at == 0, wanted: options.types.get(name) };
    Ok(match infer_column(&column, given)? {
        Verdict::SetAside { because } => Judged::SetAside(because),
        Verdict::Empty => Judged::Empty,
        Verdict::Learn { kind, storage, note, why } => {
            let among_numbers = storage.is_number();
            let count =
                || column.gaps(among_numbers).map_or(column.array.null_count(), |gaps| gaps.true_count());
            let gaps = matches!(note, Note::Constant(_)) && count() > 0;
            let words = column.missing_words(among_numbers);
            let feature = feature(&column, kind, storage)?;
            Judged::Learned(Box::new(Learned { feature, note, why, words, gaps }))
        }
    })
}

/// Excludes a column; `because` follows its name in a sentence.
fn set_aside(name: &str, because: String, inferred: &mut Inferred) {
    inferred.warnings.push(format!("column '{name}' {because}"));
    inferred.reasons.insert(name.into(), because);
    inferred.schema.dropped.push(name.into());
}

/// Tells ordinal from categorical for the features `open`.
fn settle(columns: &Columns, inferred: &mut Inferred, open: Vec<usize>) -> Result<()> {
    let settled = order::settle(columns.input, columns.batch, &mut inferred.schema.features, &open)?;
    for (at, why) in open.into_iter().zip(settled) {
        let reason = inferred.reasons.entry(inferred.schema.features[at].name.clone()).or_default();
        *reason = format!("{reason}: {why}");
    }
    Ok(())
}

fn set_empty_aside(empty: Vec<String>, inferred: &mut Inferred) {
    match empty.as_slice() {
        [] => {}
        [name] => inferred.warnings.push(format!("column '{name}' is empty, and is excluded")),
        names => inferred.warnings.push(format!(
            "{} columns are empty, and are excluded: {}",
            names.len(),
            some_names(names.iter().map(String::as_str))
        )),
    }
    inferred.reasons.extend(empty.iter().map(|name| (name.clone(), "every cell is missing".to_string())));
    inferred.schema.dropped.extend(empty);
}

/// A feature of this kind, with the spelling of the column.
fn feature(column: &Column, kind: FeatureKind, storage: Storage) -> Result<Feature> {
    let spelling = spelling::spelling(column, &kind, storage)?;
    Ok(Feature { name: column.name.into(), kind, storage, spelling })
}

/// Whether numbers are probably class labels, such as digits: a condition column should then be
/// categorical.
fn has_few_values(column: &Column) -> bool {
    const FEW: usize = 20;
    let numbers = column.finite_numbers().unwrap_or_default();
    let distinct: BTreeSet<u64> = numbers.iter().filter(|x| !x.is_nan()).map(|x| x.to_bits()).collect();
    (2..=FEW).contains(&distinct.len()) && numbers.iter().all(|x| x.is_nan() || x.fract() == 0.0)
}

/// The schema of the condition columns.
fn conditions(columns: &Columns, options: &InferOptions) -> Result<Vec<Feature>> {
    let one = |(position, name): (usize, &String)| {
        let elsewhere = options.drop.contains(name) || options.key.as_ref() == Some(name);
        if elsewhere || options.condition[..position].contains(name) {
            let expected = "a column named once, and neither the key nor dropped";
            return Err(Error::invalid_value("--condition", expected, format!("'{name}'")));
        }
        let at = columns.batch.schema().index_of(name).expect("names were checked");
        let column = columns.at(at, name);
        let asked = options.types.get(name);
        let wanted = asked.or(has_few_values(&column).then_some(&TypeName::Categorical));
        match infer_column(&column, Given { first: false, wanted })? {
            Verdict::Learn { kind, storage, .. } => feature(&column, kind, storage),
            Verdict::SetAside { because } => {
                Err(column.whole_error("values that rows share", because, "condition on another column"))
            }
            Verdict::Empty => {
                Err(column.whole_error("values", "every cell missing", "condition on another column"))
            }
        }
    };
    options.condition.iter().enumerate().map(one).collect()
}

/// One sentence per column, or one for all if there are many.
fn constant_columns(columns: &[(&str, String, bool)]) -> Vec<String> {
    const MANY: usize = 4;
    if columns.len() > MANY {
        let names = some_names(columns.iter().map(|(name, ..)| *name));
        return vec![format!("{} columns are constant and carry no information: {names}", columns.len())];
    }
    let sentence = |(name, value, gaps): &(&str, String, bool)| {
        let rows = if *gaps { "wherever it is given" } else { "in every row" };
        let arg = argument(name);
        format!("column '{name}' is {value} {rows} and carries no information; --drop {arg} removes it")
    };
    columns.iter().map(sentence).collect()
}

/// Checks that every given name is a column and that column names are unique.
fn check_names(input: &str, batch: &RecordBatch, options: &InferOptions) -> Result<()> {
    let schema = batch.schema();
    unique_names(input, &schema)?;
    let names: BTreeSet<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    let named = options.key.iter().map(|name| ("--key", name));
    let named = named.chain(options.label.iter().map(|name| ("--label", name)));
    let named = named.chain(options.condition.iter().map(|name| ("--condition", name)));
    let named = named.chain(options.drop.iter().map(|name| ("--drop", name)));
    let columns: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    for (flag, name) in named.chain(options.types.keys().map(|name| ("--type", name))) {
        if !names.contains(name.as_str()) {
            return Err(no_column(input, &columns, flag, name));
        }
    }
    check_missing(input, &columns, &options.missing)
}

/// Checks that every value `COLUMN=WORD` of `--missing` names one of the columns.
pub(crate) fn check_missing(input: &str, columns: &[&str], settings: &[String]) -> Result<()> {
    let unknown = of_no_column(settings, columns).and_then(|setting| setting.split_once('='));
    unknown.map_or(Ok(()), |(name, _)| Err(no_column(input, columns, "--missing", name)))
}

fn no_column(input: &str, columns: &[&str], flag: &str, name: &str) -> Error {
    let help = match closest(name, columns.iter().copied()) {
        Some(near) => format!("did you mean {flag} {near}?"),
        None => format!("give {flag} one of the columns"),
    };
    let found = format!("the columns {}", some_names(columns.iter().copied()));
    Error::data(input, format!("the column '{name}' ({flag})"), found, help)
}

#[cfg(test)]
mod tests;
