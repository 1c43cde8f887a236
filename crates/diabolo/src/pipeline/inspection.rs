//! What an input holds, column by column.

use std::collections::HashMap;

use arrow_array::RecordBatch;
use serde::Serialize;

use crate::Result;
use crate::config::Config;
use crate::data::read::{OnNote, TextFormat};
use crate::data::{ColumnProfile, Inferred, Preprocessor, ReadOptions, Schema, infer, open, profile};

/// What an input holds, and how a model would learn it.
#[derive(Debug, Clone, Serialize)]
pub struct Inspection {
    /// Number of rows.
    pub rows: usize,
    /// How the text of a delimited file is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<TextFormat>,
    /// The columns, in the order of the input.
    pub columns: Vec<InspectedColumn>,
    /// The schema of a model.
    pub schema: Schema,
    /// Notes for the user, one sentence each.
    pub notes: Vec<String>,
}

/// A column and its likelihood.
#[derive(Debug, Clone, Serialize)]
pub struct InspectedColumn {
    /// What it holds.
    #[serde(flatten)]
    pub profile: ColumnProfile,
    /// The likelihood of a column that a model learns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub likelihood: Option<String>,
}

impl Inspection {
    /// Reads an input as a fit with this configuration would.
    ///
    /// # Errors
    /// [`Error::Data`](crate::Error::Data) if the input cannot be read, or has no column that a
    /// model can learn.
    pub fn of(input: &str, config: &Config) -> Result<Self> {
        let (on_note, read_notes) = OnNote::kept();
        let source = open(input, &ReadOptions { windows: None, on_note, ..config.data.read_options() })?;
        let (name, format) = (source.name().to_string(), source.text_format().cloned());
        let found = Inspection::of_rows(&name, &source.collect()?, config)?;
        Ok(Inspection { format, notes: [read_notes(), found.notes].concat(), ..found })
    }

    /// Inspects rows in memory as a fit with this configuration would; `name` is for messages.
    ///
    /// # Errors
    /// [`Error::Data`](crate::Error::Data) if they have no column that a model can learn.
    pub fn of_rows(name: &str, rows: &RecordBatch, config: &Config) -> Result<Self> {
        let inferred = infer(name, rows, &config.data.infer_options())?;
        let likelihoods = likelihoods(name, rows, &inferred, config)?;
        let of = |column: &str| likelihoods.get(column).cloned();
        let columns = profile(rows, &inferred).into_iter();
        let columns =
            columns.map(|profile| InspectedColumn { likelihood: of(&profile.name), profile }).collect();
        let Inferred { schema, warnings, .. } = inferred;
        Ok(Inspection { rows: rows.num_rows(), format: None, columns, schema, notes: warnings })
    }
}

/// The likelihood of each feature.
fn likelihoods(
    input: &str,
    rows: &RecordBatch,
    inferred: &Inferred,
    config: &Config,
) -> Result<HashMap<String, String>> {
    let all: Vec<usize> = (0..rows.num_rows()).collect();
    let schema = inferred.schema.clone();
    let (fitted, _) = Preprocessor::fit(input, schema, rows, &all, &config.data.preprocess())?;
    let architecture = config.model.clone().resolve(&fitted.blocks(), false)?;
    let of = |start: usize| {
        let block = architecture.likelihood.iter().find(|block| start < block.start + block.width);
        block.map_or(String::new(), |block| block.family.to_string())
    };
    let ranges = fitted.column_ranges();
    let features = fitted.schema.features.iter().zip(&ranges);
    Ok(features.map(|(feature, range)| (feature.name.clone(), of(range.start))).collect())
}
