//! Evaluation of a model on rows that it was not trained on, and the selection of such rows.

use arrow_array::RecordBatch;
use serde::Serialize;

use super::Predictor;
use crate::data::read::OnNote;
use crate::data::{DataConfig, Encoded, Factors, ReadOptions, Source, UnknownCells, open, parts, take};
use crate::evaluate::{
    DataProfile, Diagnostics, Disentanglement, Evaluation, LogLikelihood, Metrics, Reservoir, RowLikelihood,
    diagnose, log_likelihoods, mutual_information_gap,
};
use crate::model::Autoencoder;
use crate::task::codes;
use crate::{Error, Result};

/// Options of an evaluation, in addition to [`Metrics`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EvaluateOptions {
    /// Estimate log p(x) by importance sampling with this many draws per row; variational models
    /// only.
    pub samples: Option<usize>,
    /// Diagnose the Jacobian of the encoder: spectrum, sensitivity, robustness to noise.
    pub diagnose: bool,
}

/// The result of an evaluation. In JSON, metrics are at the top level.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Evaluated {
    /// Averages over the rows.
    #[serde(flatten)]
    pub metrics: Metrics,
    /// log p(x) of encoded rows, if requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_likelihood: Option<LogLikelihood>,
    /// The same in original units, if a column has a density.
    #[serde(rename = "log_likelihood_original_units", skip_serializing_if = "Option::is_none")]
    pub original_units: Option<LogLikelihood>,
    /// Diagnostics of the encoder's Jacobian, if requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diagnostics: Option<Diagnostics>,
    /// Disentanglement of known factors, if rows have them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disentanglement: Option<Disentanglement>,
    /// Cells with a category that was not in the training data.
    #[serde(skip)]
    pub unknown: UnknownCells,
}

impl Evaluated {
    /// Notes for the user, one sentence each.
    pub fn warnings(&self) -> Vec<String> {
        self.log_likelihood.iter().filter_map(LogLikelihood::warning).collect()
    }
}

impl EvaluateOptions {
    /// Validates the options for a model.
    ///
    /// # Errors
    /// [`Error::Config`] for draws from a model without a posterior, or for none.
    pub fn validate(&self, predictor: &Predictor) -> Result<()> {
        let family = &predictor.saved().architecture.family;
        match self.samples {
            Some(_) if !family.is_variational() => {
                let expected = "a variational model, which has a posterior to draw from";
                Err(Error::config("samples", expected, format!("a {} one", family.name())))
            }
            Some(0) => Err(Error::config("samples", "1 or more", 0)),
            _ => Ok(()),
        }
    }
}

/// Rows to evaluate a model on.
pub struct EvaluationRows {
    /// The source of the rows.
    pub input: String,
    /// A note about the selected rows, if the user did not name them.
    pub note: Option<String>,
    data: DataConfig,
    on_note: OnNote,
    /// The held-out rows and their numbers, if the input is the data of the fit; `None` for all
    /// rows of another input.
    held_out: Option<(RecordBatch, Vec<usize>)>,
}

impl EvaluationRows {
    /// `input`, or the data of the fit, read according to `data`; of the latter only held-out rows,
    /// unless `all_rows`. The reader's notes go to `on_note`.
    ///
    /// # Errors
    /// [`Error::Data`] if no row was held out, or the data has changed since the fit.
    pub fn new(
        predictor: &Predictor,
        input: Option<&str>,
        all_rows: bool,
        data: &DataConfig,
        on_note: OnNote,
    ) -> Result<Self> {
        let header = &predictor.saved().header;
        let source = &header.source;
        let named = input.is_some() || source.test_input.is_some();
        let (input, fitted_on_it) = match input.or(source.test_input.as_deref()) {
            Some(input) => (input.to_string(), source.is(input)?),
            None => {
                let found = predictor.source_data()?;
                (found.input, found.unchanged)
            }
        };
        let rows = |input: String, held_out, note| {
            let on_note = on_note.clone();
            EvaluationRows { input, note, data: data.clone(), on_note, held_out }
        };
        if !fitted_on_it && !named && !all_rows {
            // Nothing says which of these rows the model has seen.
            let expected = "the data that the model was fitted on";
            let help = "put it back, or name the rows to use";
            return Err(Error::data(input, expected, "other contents", help));
        }
        if !fitted_on_it || all_rows {
            return Ok(rows(input, None, None));
        }
        if let Some(test) = &source.test_input {
            let note = format!("the model was fitted on {input}: using {test} instead");
            return Ok(rows(test.clone(), None, Some(note)));
        }
        if source.split[2] == 0 {
            let expected = "rows that were held out of the fit";
            let help = "give other rows, or measure all with `diabolo evaluate --all-rows`";
            return Err(Error::data(input, expected, "none of this input", help));
        }
        let options = ReadOptions { on_note: on_note.clone(), ..data.read_options() };
        let all = open(&input, &options)?.collect()?;
        let numbers = parts(&input, all.num_rows(), data, header.config.training.seed)?.test;
        let held_out = take(&input, &all, &numbers)?;
        let note = format!("using the {} rows of {input} that were held out of the fit", numbers.len());
        Ok(rows(input, Some((held_out, numbers)), Some(note)))
    }

    fn open(&self) -> Result<Source> {
        let options = ReadOptions { on_note: self.on_note.clone(), ..self.data.read_options() };
        open(&self.input, &options)
    }

    /// All the rows at once.
    ///
    /// # Errors
    /// [`Error::Data`] if there are no rows, or no complete window.
    pub fn collect(&self) -> Result<RecordBatch> {
        let rows = match &self.held_out {
            Some((rows, _)) => rows.clone(),
            None => {
                let rows = self.open()?.collect()?;
                self.data.whole_windows(0, &rows)
            }
        };
        match rows.num_rows() {
            0 => Err(self.data.too_short(&self.input)),
            _ => Ok(rows),
        }
    }

    /// The numbers in the input, from 0, of the rows of [`collect`](Self::collect).
    pub fn numbers(&self, rows: &RecordBatch) -> Vec<usize> {
        match &self.held_out {
            Some((_, numbers)) => numbers.clone(),
            None => {
                // The first rows of a window's length have no whole window.
                let first = self.data.window.map_or(0, |window| window.saturating_sub(1));
                (first..first + rows.num_rows()).collect()
            }
        }
    }

    /// [`Predictor::evaluate`], batch by batch in bounded memory.
    ///
    /// # Errors
    /// If the rows cannot be read or encoded, or there are none.
    pub fn evaluate(&self, predictor: &Predictor, options: &EvaluateOptions) -> Result<Evaluated> {
        let predictor = &predictor.clone().input(&self.input);
        if let Some((rows, _)) = &self.held_out {
            return evaluate_rows(predictor, std::iter::once(Ok((rows.clone(), 0))), options);
        }
        let mut first_row = 0;
        let batches = self.open()?.map(|batch| {
            let batch = batch?;
            let whole = self.data.whole_windows(first_row, &batch);
            let first = first_row + (batch.num_rows() - whole.num_rows()) as u64;
            first_row += batch.num_rows() as u64;
            Ok((whole, first))
        });
        evaluate_rows(predictor, batches, options)
    }
}

impl Predictor {
    /// What the columns of the training rows hold, read again as `data` says; `None` if the data of
    /// the fit is not found or has changed, and for models of images.
    ///
    /// # Errors
    /// If the data cannot be read or encoded.
    pub fn data_profile(&self, data: &DataConfig) -> Result<Option<DataProfile>> {
        let header = &self.saved().header;
        let preprocessor = &header.preprocessor;
        let found = self.source_data().ok().filter(|found| found.unchanged);
        let Some(found) = found.filter(|_| preprocessor.schema.image_shape().is_none()) else {
            return Ok(None);
        };
        // A set with a test part of its own was not split for tests.
        let test = if header.source.test_input.is_some() { 0.0 } else { data.test };
        let all = open(&found.input, &data.read_options())?.collect()?;
        let split = DataConfig { test, ..data.clone() };
        let train = parts(&found.input, all.num_rows(), &split, header.config.training.seed)?.train;
        let sample = DataProfile::sample(preprocessor, train.len());
        let chosen: Vec<usize> = sample.iter().map(|&at| train[at]).collect();
        let encoded = preprocessor.encode_chosen(&found.input, &all, &chosen)?;
        Ok(Some(DataProfile::of(preprocessor, &encoded, train.len())))
    }

    /// The metrics of held-out rows, and the other results requested by the options.
    ///
    /// # Errors
    /// [`Error::Data`](crate::Error::Data) if the rows cannot be encoded or there are none.
    pub fn evaluate(&self, rows: &RecordBatch, options: &EvaluateOptions) -> Result<Evaluated> {
        let rows = self.windows(rows)?;
        self.here(|| evaluate_rows(self, std::iter::once(Ok((rows, self.row()))), options))
    }
}

/// Evaluates batches, given with the 0-based numbers of their first rows.
fn evaluate_rows(
    predictor: &Predictor,
    batches: impl Iterator<Item = Result<(RecordBatch, u64)>>,
    options: &EvaluateOptions,
) -> Result<Evaluated> {
    options.validate(predictor)?;
    let saved = predictor.saved();
    let (preprocessor, seed) = (&saved.header.preprocessor, saved.header.config.training.seed);
    let (model, device) = (&saved.model, predictor.device());
    let mut evaluation = Evaluation::new(model, preprocessor.pixel_scale(), seed, device);
    let mut reservoir = options.diagnose.then(|| Reservoir::new(seed));
    let (mut factors, mut factor_codes) = (Factors::default(), vec![]);
    let mut densities = Densities::new(predictor, options.samples);
    let mut unknown = UnknownCells::default();
    for batch in batches {
        let (batch, first_row) = batch?;
        let rows = preprocessor.encode(predictor.input_name(), &batch, first_row)?;
        unknown.add(predictor.unknown_cells(&batch)?);
        evaluation.add(&rows);
        if let Some(reservoir) = &mut reservoir {
            reservoir.add(&rows);
        }
        if factors.add(&batch) {
            factor_codes.extend(codes(saved, &rows, device));
        }
        densities.add(&rows);
    }
    let metrics = evaluation.finish();
    if metrics.examples == 0 {
        return Err(saved.header.config.data.too_short(predictor.input_name()));
    }
    let diagnostics =
        reservoir.map(|rows| diagnose(model, preprocessor, &rows.finish(), seed, device)).transpose()?;
    let disentanglement = factors
        .vary()
        .then(|| mutual_information_gap(&factor_codes, saved.architecture.latent_dim, &factors))
        .transpose()?;
    let [log_likelihood, original_units] = densities.finish();
    Ok(Evaluated { metrics, log_likelihood, original_units, diagnostics, disentanglement, unknown })
}

/// log p(x), encoded and in original units.
struct Densities<'a> {
    predictor: &'a Predictor,
    samples: Option<usize>,
    /// For each encoded column, whether its likelihood is a density; a probability mass has no
    /// units.
    are_densities: Vec<bool>,
    encoded: Vec<RowLikelihood>,
    original: Vec<RowLikelihood>,
}

impl<'a> Densities<'a> {
    fn new(predictor: &'a Predictor, samples: Option<usize>) -> Self {
        let are_densities = predictor.saved().model.likelihood().densities();
        Densities { predictor, samples, are_densities, encoded: vec![], original: vec![] }
    }

    fn add(&mut self, rows: &Encoded) {
        let Some(samples) = self.samples else { return };
        let (saved, device) = (self.predictor.saved(), self.predictor.device());
        let (seed, first) = (saved.header.config.training.seed, self.encoded.len() as u64);
        let found = log_likelihoods(&saved.model, rows, samples, seed, first, device).unwrap_or_default();
        let volumes = saved.header.preprocessor.log_volume(rows, &self.are_densities);
        let in_units =
            |(row, volume): (&RowLikelihood, f64)| RowLikelihood { bound: row.bound + volume, ..*row };
        self.original.extend(found.iter().zip(volumes).map(in_units));
        self.encoded.extend(found);
    }

    fn finish(self) -> [Option<LogLikelihood>; 2] {
        let original = self.samples.filter(|_| self.are_densities.contains(&true));
        [
            self.samples.map(|samples| LogLikelihood::of(&self.encoded, samples)),
            original.map(|samples| LogLikelihood::of(&self.original, samples)),
        ]
    }
}
