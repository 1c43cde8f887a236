//! What each column of a table holds, for people to look at.

use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::fmt;

use arrow_array::{Array, ArrayRef, RecordBatch};
use serde::Serialize;

use crate::by_column::each_column;
use crate::cells::Cells;
use crate::column::{CellType, Code, Column};
use crate::datetime::{DateFormat, Moment, moments, text_of};
use crate::{Feature, FeatureKind, Inferred, MissingWords, Storage};

/// More different values than these are not counted.
const COUNTED: usize = 1_000_000;
/// Number of examples, and of the most frequent categories.
const SHOWN: usize = 5;

/// What a column holds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ColumnProfile {
    /// The column's name.
    pub name: String,
    /// The type of a column that a model learns; else `key`, `label`, `condition` or `excluded`.
    pub kind: &'static str,
    /// The type of its values, of a column that a model learns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage: Option<&'static str>,
    /// Why it has this kind, or is excluded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Number of missing cells.
    pub missing: usize,
    /// How many of these hold a word instead of being empty.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub missing_words: BTreeMap<String, usize>,
    /// Number of different values; `None` of more than a million, and of images.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distinct: Option<usize>,
    /// The least and the greatest number or date.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub range: Option<Range>,
    /// The most frequent categories, with the number of their cells.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub top: Vec<(String, usize)>,
    /// The first different values.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<String>,
}

/// The least and the greatest value of a column.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Range {
    /// Of numbers.
    Numbers([f64; 2]),
    /// Of dates, as the column writes them.
    Dates([String; 2]),
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Range::Numbers([least, greatest]) => write!(f, "{least} to {greatest}"),
            Range::Dates([first, last]) => write!(f, "{first} to {last}"),
        }
    }
}

/// The profile of each column of `batch`, whose schema was inferred.
pub fn profile(batch: &RecordBatch, inferred: &Inferred) -> Vec<ColumnProfile> {
    let schema = &inferred.schema;
    let fields = batch.schema();
    let known =
        Known { inferred, features: by_name(&schema.features), condition: by_name(&schema.condition) };
    let of = |at: usize| Ok::<_, Infallible>(of_column(fields.field(at).name(), batch.column(at), &known));
    let Ok(profiles) = each_column(batch, of);
    profiles
}

/// What is known of the columns, by name.
struct Known<'a> {
    inferred: &'a Inferred,
    features: HashMap<&'a str, &'a Feature>,
    condition: HashMap<&'a str, &'a Feature>,
}

fn by_name(features: &[Feature]) -> HashMap<&str, &Feature> {
    features.iter().map(|feature| (feature.name.as_str(), feature)).collect()
}

fn of_column(name: &str, array: &ArrayRef, known: &Known) -> ColumnProfile {
    let (inferred, schema) = (known.inferred, &known.inferred.schema);
    let (feature, condition) = (known.features.get(name).copied(), known.condition.get(name).copied());
    let is = |column: &Option<String>| column.as_deref() == Some(name);
    let kind = match feature {
        Some(feature) => feature.kind.name(),
        None if condition.is_some() => "condition",
        None if is(&schema.key) => "key",
        None if is(&schema.label) => "label",
        None => "excluded",
    };
    let mut profile = ColumnProfile {
        name: name.to_string(),
        kind,
        storage: feature.map(|feature| feature.storage.name()),
        why: inferred.reasons.get(name).cloned(),
        missing: array.null_count(),
        missing_words: BTreeMap::new(),
        distinct: None,
        range: None,
        top: vec![],
        examples: vec![],
    };
    if feature.is_some_and(|feature| feature.kind.is_image()) {
        return profile;
    }
    profile.examples = examples(array, feature.or(condition));
    let words = MissingWords::none();
    match feature.or(condition) {
        Some(feature) => of_feature(feature, array, &mut profile),
        None if CellType::of(array.data_type()) == CellType::Other => {}
        // The cells of other columns are what they are.
        None => {
            let column = Column { input: "", name, array, first_row: 0, missing: &words, format: None };
            of_texts(&column, &mut profile);
        }
    }
    profile
}

fn of_feature(feature: &Feature, array: &ArrayRef, profile: &mut ColumnProfile) {
    let column = Column::of("", feature, array, 0);
    let numbers = feature.storage.is_number();
    profile.missing_words = column.missing_words(numbers);
    match &feature.kind {
        FeatureKind::Datetime { format, .. } => of_dates(&column, format, profile),
        kind if numbers && kind.categories().is_empty() => of_numbers(&column, profile),
        kind if kind.categories().is_empty() => of_texts(&column, profile),
        kind => of_categories(&column, kind.categories(), feature.storage, profile),
    }
}

/// Categories, whatever their spelling in a cell.
fn of_categories(column: &Column, categories: &[String], storage: Storage, profile: &mut ColumnProfile) {
    let Ok(codes) = column.codes(categories, storage) else { return };
    let mut counts = vec![0; categories.len()];
    for code in &codes {
        if let Code::Known(code) = code {
            counts[*code] += 1;
        }
    }
    profile.missing = codes.iter().filter(|code| **code == Code::Missing).count();
    profile.distinct = Some(counts.iter().filter(|count| **count > 0).count());
    profile.top = most_frequent(categories.iter().map(String::as_str).zip(counts));
}

/// The most frequent texts that occur more than once.
fn most_frequent<'a>(counts: impl Iterator<Item = (&'a str, usize)>) -> Vec<(String, usize)> {
    let mut top: Vec<(&str, usize)> = counts.filter(|(_, count)| *count > 1).collect();
    top.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    top.into_iter().take(SHOWN).map(|(text, count)| (text.to_string(), count)).collect()
}

fn of_numbers(column: &Column, profile: &mut ColumnProfile) {
    let numbers = column.decimal_numbers().unwrap_or_default();
    profile.missing = numbers.iter().filter(|x| x.is_nan()).count();
    let observed = || numbers.iter().copied().filter(|x| !x.is_nan());
    let ends = [observed().min_by(f64::total_cmp), observed().max_by(f64::total_cmp)];
    profile.range =
        if let [Some(least), Some(most)] = ends { Some(Range::Numbers([least, most])) } else { None };
    profile.distinct = counted(observed().map(f64::to_bits)).as_ref().map(HashMap::len);
}

fn of_dates(column: &Column, format: &DateFormat, profile: &mut ColumnProfile) {
    let moments = moments(column, format).unwrap_or_default();
    profile.missing = moments.iter().filter(|moment| moment.seconds.is_nan()).count();
    let observed = || moments.iter().filter(|moment| !moment.seconds.is_nan());
    let by_time = |a: &&Moment, b: &&Moment| a.seconds.total_cmp(&b.seconds);
    let ends = [observed().min_by(by_time), observed().max_by(by_time)].map(|moment| moment.copied());
    profile.range = match ends {
        [Some(first), Some(last)] => Some(Range::Dates([first, last].map(|moment| text_of(moment, format)))),
        _ => None,
    };
    profile.distinct = counted(observed().map(|moment| moment.seconds.to_bits())).as_ref().map(HashMap::len);
}

fn of_texts(column: &Column, profile: &mut ColumnProfile) {
    let Ok(texts) = column.texts() else { return };
    profile.missing = texts.null_count();
    let counts = counted(texts.iter().flatten());
    profile.distinct = counts.as_ref().map(HashMap::len);
    profile.top = most_frequent(counts.into_iter().flatten());
}

fn counted<T: std::hash::Hash + Eq>(cells: impl Iterator<Item = T>) -> Option<HashMap<T, usize>> {
    let mut counts = HashMap::new();
    for cell in cells {
        *counts.entry(cell).or_insert(0) += 1;
        if counts.len() > COUNTED {
            return None;
        }
    }
    Some(counts)
}

/// The first different values, without those that `feature` reads as missing cells.
fn examples(array: &ArrayRef, feature: Option<&Feature>) -> Vec<String> {
    const LOOKED_AT: usize = 10_000;
    let (mut found, mut seen): (Vec<String>, usize) = (vec![], 0);
    for start in (0..array.len()).step_by(LOOKED_AT) {
        let part = array.slice(start, LOOKED_AT.min(array.len() - start));
        let gaps = feature.and_then(|f| Column::of("", f, &part, 0).gaps(f.storage.is_number()).ok());
        let is_gap = |row: usize| gaps.as_ref().is_some_and(|gaps| gaps.value(row));
        let texts = Cells::of(&part).texts();
        let there = texts.iter().enumerate().filter(|(row, _)| !is_gap(*row)).filter_map(|(_, cell)| cell);
        for cell in there.filter(|cell| !cell.is_empty()) {
            seen += 1;
            if !found.iter().any(|known| known == cell) {
                found.push(cell.to_string());
            }
            if found.len() == SHOWN || seen == LOOKED_AT {
                return found;
            }
        }
    }
    found
}
