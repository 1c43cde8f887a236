//! What a code stands for: the row that it decodes to, how certain the decoder is, and where the
//! encoder puts that row.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float32Array, RecordBatch, StringArray};
use serde::Serialize;

use super::LatentSpace;
use crate::data::{Condition, Encoded, texts};
use crate::distribution::{Family, Variance};
use crate::model::{Autoencoder, Batch};
use crate::random::{Purpose, stream};
use crate::stats::elementary::square;
use crate::task::{Given, latent_names};
use crate::tensor::{repeat_rows, to_host};
use crate::{Error, Result};

/// Draws from p(x|z) for the spread of a number.
const DRAWS: usize = 256;
/// Codes that are decoded and encoded at a time.
const AT_ONCE: usize = 256;

/// A decoded code.
pub struct DecodedCode {
    /// One row in original units, as [`decode`](crate::Predictor::decode) gives it.
    pub row: RecordBatch,
    /// The encoded mean of p(x|z); pixels from 0 to 1.
    pub mean: Vec<f32>,
    /// The columns of a table; none for images.
    pub columns: Vec<DecodedColumn>,
}

/// A column of a decoded code.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DecodedColumn {
    /// Its name.
    pub name: String,
    /// The type of the column.
    pub kind: &'static str,
    /// The cell as it is written to files.
    pub text: Option<String>,
    /// The mean of a number in original units.
    pub mean: Option<f64>,
    /// The standard deviation of 256 draws from p(x|z); `None` where the likelihood has a fixed
    /// variance, which says nothing.
    pub deviation: Option<f64>,
    /// The values of a category with their probabilities.
    pub probabilities: Vec<(String, f64)>,
}

/// A table with the columns of `other` in the place of its own of the same names.
fn with_columns(row: &RecordBatch, other: &RecordBatch) -> Result<RecordBatch> {
    let schema = row.schema();
    let columns = schema.fields().iter().zip(row.columns());
    let columns = columns.map(|(field, own)| other.column_by_name(field.name()).unwrap_or(own).clone());
    RecordBatch::try_new(schema.clone(), columns.collect())
        .map_err(|cause| Error::internal(format!("a draw is no row of the table: {cause}")))
}

/// Where codes return to.
#[derive(Debug, Clone, PartialEq)]
pub struct Returned {
    /// f(g(z)): codes × latent_dim.
    pub codes: Vec<f32>,
    /// ‖J_f(g(z))‖_F of each.
    pub norms: Vec<f32>,
}

impl LatentSpace {
    /// Decodes one code; `given` are the values of condition columns.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a family that cannot decode codes; [`Error::InvalidValue`] for a
    /// code of another width, or one that is not finite.
    pub fn decode(&self, code: &[f32], given: &Given) -> Result<DecodedCode> {
        self.decoded(code, given, None)
    }

    /// [`decode`](Self::decode), with a draw from p(x|z) as the row.
    ///
    /// # Errors
    /// As [`decode`](Self::decode).
    pub fn draw(&self, code: &[f32], given: &Given, seed: u64) -> Result<DecodedCode> {
        self.decoded(code, given, Some(seed))
    }

    fn decoded(&self, code: &[f32], given: &Given, seed: Option<u64>) -> Result<DecodedCode> {
        let saved = self.predictor.saved();
        let mut row = self.predictor.decode(&self.code_table(code, given)?)?;
        let condition = self.condition(given)?;
        let device = self.predictor.device();
        let encoded = Encoded { condition, ..Encoded::from_values(code.to_vec(), code.len()) };
        let (mean, draws, drawn) = self.predictor.here(|| {
            let parameters = saved.model.decode(Batch::gather(&encoded, &[0], device).input());
            let mean = to_host(saved.model.likelihood().mean(parameters.clone()));
            let is_image = saved.header.preprocessor.schema.image_shape().is_some();
            let noise = &mut stream(saved.header.config.training.seed, Purpose::DecodedSpread, 0, 0);
            let drawn = seed.map(|seed| {
                let noise = &mut stream(seed, Purpose::DrawnCode, 0, 0);
                saved.model.likelihood().sample(parameters.clone(), noise)
            });
            let many = (!is_image).then(|| repeat_rows(parameters, DRAWS));
            (mean, many.map(|parameters| saved.model.likelihood().sample(parameters, noise)), drawn)
        });
        if let (Some(seed), Some(drawn)) = (seed, drawn) {
            row = with_columns(&row, &saved.header.preprocessor.decode_draws(&drawn, seed, 0, 0)?)?;
        }
        let columns = draws.map_or(vec![], |draws| self.columns(&row, &mean, &draws));
        Ok(DecodedCode { row, mean, columns })
    }

    /// f(g(z)) and ‖J_f(g(z))‖_F for codes × latent_dim.
    ///
    /// # Errors
    /// As [`decode`](Self::decode).
    pub fn returned(&self, codes: &[f32], given: &Given) -> Result<Returned> {
        let (saved, device, width) = (self.predictor.saved(), self.predictor.device(), self.latent_dim());
        self.decodes()?;
        let condition = self.condition(given)?;
        let mut found = Returned { codes: vec![], norms: vec![] };
        self.predictor.here(|| {
            for codes in codes.chunks(AT_ONCE * width) {
                let rows = codes.len() / width;
                let condition = condition.as_ref().map(|condition| condition.select(&vec![0; rows]));
                let batch = |values: Vec<f32>, width| {
                    let condition = condition.clone();
                    let encoded = Encoded { condition, ..Encoded::from_values(values, width) };
                    Batch::gather(&encoded, &(0..rows).collect::<Vec<_>>(), device).input()
                };
                let parameters = saved.model.decode(batch(codes.to_vec(), width));
                let means = to_host(saved.model.likelihood().mean(parameters));
                let x = batch(means, saved.header.preprocessor.width());
                found.codes.extend(to_host(saved.model.encode(x.clone())));
                found.norms.extend(to_host(saved.model.contraction(x)).into_iter().map(f32::sqrt));
            }
        });
        Ok(found)
    }

    pub(super) fn decodes(&self) -> Result<()> {
        let family = &self.predictor.saved().architecture.family;
        match family.decodes_codes() {
            true => Ok(()),
            false => Err(Error::Unsupported {
                what: format!(
                    "a {} autoencoder has no decoder for codes: it needs the row itself",
                    family.name()
                ),
                help: "choose a row to see its reconstruction".into(),
            }),
        }
    }

    /// The condition of a code.
    fn condition(&self, given: &Given) -> Result<Option<Condition>> {
        let preprocessor = &self.predictor.saved().header.preprocessor;
        Ok(preprocessor.given(given)?.map(|(condition, _)| condition))
    }

    /// The input of `decode` for one code.
    fn code_table(&self, code: &[f32], given: &Given) -> Result<RecordBatch> {
        let saved = self.predictor.saved();
        let width = self.latent_dim();
        if code.len() != width || code.iter().any(|z| !z.is_finite()) {
            let found = format!("{} numbers, {}", code.len(), code.iter().filter(|z| z.is_finite()).count());
            return Err(Error::invalid_value("code", format!("{width} finite numbers"), found + " finite"));
        }
        let names = latent_names(saved);
        let units = names.into_iter().zip(code).map(|(name, &z)| {
            let column: ArrayRef = Arc::new(Float32Array::from(vec![z]));
            (name, column)
        });
        let conditions = saved.header.preprocessor.given(given)?.map(|(_, table)| table);
        let conditions = conditions.iter().flat_map(|table| {
            let schema = table.schema();
            let cell = |name: &str| texts(table, name).and_then(|cells| cells[0].clone());
            let column = |name: String| -> (String, ArrayRef) {
                let column = Arc::new(StringArray::from(vec![cell(&name)]));
                (name, column)
            };
            schema.fields().iter().map(|field| column(field.name().clone())).collect::<Vec<_>>()
        });
        let columns = units.chain(conditions).map(|(name, column)| (name, column, true));
        RecordBatch::try_from_iter_with_nullable(columns)
            .map_err(|cause| Error::internal(format!("a code is no table: {cause}")))
    }

    fn columns(&self, row: &RecordBatch, mean: &[f32], draws: &[f32]) -> Vec<DecodedColumn> {
        let saved = self.predictor.saved();
        let preprocessor = &saved.header.preprocessor;
        let (means, drawn) = (preprocessor.numbers(mean), preprocessor.numbers(draws));
        let ranges = preprocessor.column_ranges();
        let features = preprocessor.schema.features.iter().enumerate();
        let column = |(k, feature): (usize, &crate::data::Feature)| {
            let shares = &mean[ranges[k].clone()];
            let levels = preprocessor.levels(k);
            let probabilities: Vec<(String, f64)> = match shares {
                _ if levels.is_empty() => vec![],
                // The probability of the second of two values.
                [share] => levels.iter().cloned().zip([1.0 - f64::from(*share), f64::from(*share)]).collect(),
                shares => levels.iter().cloned().zip(shares.iter().map(|&p| f64::from(p))).collect(),
            };
            DecodedColumn {
                name: feature.name.clone(),
                kind: feature.kind.name(),
                text: texts(row, &feature.name).and_then(|cells| cells[0].clone()),
                mean: means[k].as_ref().map(|values| values[0]),
                deviation: drawn[k]
                    .as_ref()
                    .filter(|_| self.learns_variance(ranges[k].start))
                    .map(|values| standard_deviation(values)),
                probabilities,
            }
        };
        features.map(column).collect()
    }

    /// Whether the spread of an encoded column was learned.
    fn learns_variance(&self, at: usize) -> bool {
        let blocks = self.predictor.saved().model.likelihood().blocks();
        let block = blocks.iter().find(|block| (block.start..block.start + block.width).contains(&at));
        block.is_some_and(|block| match block.family {
            Family::Gaussian => !matches!(block.variance, Variance::Fixed { .. }),
            Family::InputOnly => false,
            _ => true,
        })
    }
}

fn standard_deviation(values: &[f64]) -> f64 {
    let n = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / n;
    (values.iter().map(|v| square(v - mean)).sum::<f64>() / n).sqrt()
}
