//! A saved model with options, which transforms record batches.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use arrow_array::RecordBatch;

use crate::Result;
use crate::artifact::{Run, SavedModel, folder_of};
use crate::data::{Encoded, UnknownCategory, UnknownCells, is_earlier_row, windowed_rows};
use crate::export::{self, Onnx};
use crate::model::{Autoencoder, Batch, Context};
use crate::random::{Purpose, stream};
use crate::task::{self, ImputeConfig, Imputed, ScoreConfig, Scored};
use crate::tensor::{Device, on_one_thread, to_host};

/// Number of rows whose Jacobians are in memory at a time.
const JACOBIANS_AT_ONCE: usize = 32;

/// A fitted model that transforms rows. Clones share the weights, and threads may share a
/// predictor.
///
/// Columns are found by name, in any order, and other columns are ignored. For a model of a time
/// series, a batch is a consecutive part of the series, or rows that were read as windows.
///
/// ```
/// # use diabolo::{Config, FitJob, Predictor, task::Rule};
/// # let mut config = Config::default();
/// # config.set("training.epochs=2")?;
/// # let fitted = FitJob::input("digits").config(config).run()?;
/// # let rows = fitted.test.clone();
/// let predictor = fitted.predictor.rule(Rule::Quantile(0.99)).reasons(0);
/// let codes = predictor.encode(&rows)?;
/// let back = predictor.decode(&codes)?;
/// assert_eq!(back.num_rows(), rows.num_rows());
/// # Ok::<(), diabolo::Error>(())
/// ```
#[derive(Clone)]
pub struct Predictor {
    saved: Arc<SavedModel>,
    device: Device,
    input: Arc<str>,
    first_row: Option<u64>,
    scoring: ScoreConfig,
    in_place: bool,
    /// The folder of the model file.
    folder: Option<Arc<Path>>,
}

impl Predictor {
    /// From a model in memory.
    pub fn new(saved: SavedModel, device: Device) -> Self {
        Predictor {
            saved: Arc::new(saved),
            device,
            input: "rows".into(),
            first_row: None,
            scoring: ScoreConfig::default(),
            in_place: false,
            folder: None,
        }
    }

    /// From a run folder or a model file, on the CPU.
    ///
    /// # Errors
    /// [`Error::Io`](crate::Error::Io), and [`Error::Artifact`](crate::Error::Artifact) if the file
    /// is damaged, foreign or from a newer version.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_on(path, Device::cpu())
    }

    /// [`open`](Self::open) on another device.
    pub fn open_on(path: impl AsRef<Path>, device: Device) -> Result<Self> {
        let path = Run::model_file(path.as_ref())?;
        let folder = Some(folder_of(&path).into());
        Ok(Predictor { folder, ..Self::new(SavedModel::load(&path, &device)?, device) })
    }

    /// From the bytes of a model file, on the CPU.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let device = Device::cpu();
        Ok(Self::new(SavedModel::from_bytes(Path::new("model"), bytes, &device)?, device))
    }

    /// The bytes of the model file.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        self.saved.to_bytes()
    }

    /// Writes the model file atomically.
    pub fn save(&self, path: &Path) -> Result<()> {
        self.saved.save(path)
    }

    /// The model as an ONNX file.
    ///
    /// # Errors
    /// [`Error::Unsupported`](crate::Error::Unsupported) names what cannot be exported.
    pub fn to_onnx(&self) -> Result<Onnx> {
        export::onnx(&self.saved)
    }

    // ---- options ----

    /// The name of the rows in messages; "rows" by default.
    pub fn input(mut self, name: &str) -> Self {
        self.input = name.into();
        self
    }

    /// The 0-based number of the first row of a batch in its input: for messages, for the draws of
    /// each row, and for time series, whose first rows have no complete window.
    pub fn first_row(mut self, number: u64) -> Self {
        self.first_row = Some(number);
        self
    }

    /// How to handle a category that was not in the training data; as fitted by default.
    pub fn unknown_category(mut self, unknown: UnknownCategory) -> Self {
        Arc::make_mut(&mut self.saved).header.preprocessor.unknown_category = unknown;
        self
    }

    /// Whether imputed, generated and reconstructed numbers may leave the range of the training
    /// rows; as fitted by default.
    pub fn beyond_range(mut self, beyond: bool) -> Self {
        Arc::make_mut(&mut self.saved).header.preprocessor.beyond_range = beyond;
        self
    }

    /// More texts that mean a missing cell, as
    /// [`MissingWords::of`](crate::data::MissingWords::of) reads them.
    ///
    /// # Errors
    /// [`Error::Data`](crate::Error::Data) if one names a column that the model does not have.
    pub fn missing(mut self, words: &[String]) -> Result<Self> {
        if !words.is_empty() {
            let preprocessor = &mut Arc::make_mut(&mut self.saved).header.preprocessor;
            preprocessor.add_missing(&self.input, words)?;
        }
        Ok(self)
    }

    /// The rule that decides which rows are anomalies.
    pub fn rule(mut self, rule: task::Rule) -> Self {
        self.scoring.rule = rule;
        self
    }

    /// The maximum number of reasons per anomaly; 3 by default.
    pub fn reasons(mut self, most: usize) -> Self {
        self.scoring.reasons = most;
        self
    }

    /// Reasons for all rows, not only for anomalies.
    pub fn explain_all(mut self, all: bool) -> Self {
        self.scoring.explain_all = all;
        self
    }

    /// For windows of a series, scores their last rows given the rows before, instead of the
    /// windows.
    pub fn by_row(mut self, by_row: bool) -> Self {
        self.scoring.by_row = by_row;
        self
    }

    /// Never enters rayon's global pool, for servers with their own threads: a single row is
    /// computed by the calling thread, a batch by one thread that waits beside it.
    pub fn in_place(mut self) -> Self {
        self.in_place = true;
        self
    }

    // ---- accessors ----

    /// The contents of the model file.
    pub fn saved(&self) -> &SavedModel {
        &self.saved
    }

    /// The device.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The required columns, in the order of the cells of [`score_row`](Self::score_row).
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.saved.header.preprocessor.schema.features.iter().map(|feature| feature.name.as_str())
    }

    /// The settings of scoring.
    pub fn scoring(&self) -> &ScoreConfig {
        &self.scoring
    }

    // ---- operations ----

    /// The code of each row (variational: the posterior mean) as `latent_1`, …, after the key and
    /// label columns.
    ///
    /// # Errors
    /// [`Error::Data`](crate::Error::Data) if the rows cannot be encoded.
    pub fn encode(&self, rows: &RecordBatch) -> Result<RecordBatch> {
        let rows = self.windows(rows)?;
        self.here(|| task::encode(&self.saved, &self.input, &rows, self.row(), &self.device))
    }

    /// [`encode`](Self::encode) without the key and label columns.
    ///
    /// # Errors
    /// [`Error::Data`](crate::Error::Data) if the rows cannot be encoded.
    pub fn encode_alone(&self, rows: &RecordBatch) -> Result<RecordBatch> {
        let rows = self.windows(rows)?;
        self.here(|| task::encode_alone(&self.saved, &self.input, &rows, self.row(), &self.device))
    }

    /// The posterior of each row: mean, log variance and a draw of each latent dimension, after the
    /// key and label columns. The draw of a row depends on `seed` and the number of the row only.
    ///
    /// # Errors
    /// [`Error::Unsupported`](crate::Error::Unsupported) for a model without a Gaussian posterior;
    /// [`Error::Data`](crate::Error::Data) if the rows cannot be encoded.
    pub fn posterior(&self, rows: &RecordBatch, seed: u64) -> Result<RecordBatch> {
        let rows = self.windows(rows)?;
        let first_row = self.row();
        self.here(|| task::encode_posterior(&self.saved, &self.input, &rows, first_row, seed, &self.device))
    }

    /// Rows in original units from columns `latent_1`, …, or from that many columns without names.
    ///
    /// # Errors
    /// [`Error::Unsupported`](crate::Error::Unsupported) for a family whose decoder needs the row
    /// beside the code; [`Error::Data`](crate::Error::Data) for columns that are no codes.
    pub fn decode(&self, codes: &RecordBatch) -> Result<RecordBatch> {
        self.here(|| task::decode(&self.saved, &self.input, codes, self.row(), &self.device))
    }

    /// The mean reconstruction of each row, in the original columns, types and units.
    ///
    /// # Errors
    /// [`Error::Data`](crate::Error::Data) if the rows cannot be encoded.
    pub fn reconstruct(&self, rows: &RecordBatch) -> Result<RecordBatch> {
        let rows = self.windows(rows)?;
        self.here(|| task::reconstruct(&self.saved, &self.input, &rows, self.row(), &self.device))
    }

    /// Denoised rows: the [reconstruction](Self::reconstruct) by a model trained to remove noise,
    /// or on clean rows.
    pub fn denoise(&self, rows: &RecordBatch) -> Result<RecordBatch> {
        self.reconstruct(rows)
    }

    /// The anomaly score, p-value and reasons of each row.
    ///
    /// # Errors
    /// [`Error::Unsupported`](crate::Error::Unsupported) if the model holds no scores of held-out
    /// rows; [`Error::Data`](crate::Error::Data) if the rows cannot be encoded.
    pub fn score(&self, rows: &RecordBatch) -> Result<Scored> {
        let windows = self.windows(rows)?;
        let cut = self.rows_without_window(rows, &windows);
        let whole = windows.slice(cut, windows.num_rows() - cut);
        Ok(self.here(|| self.score_windows(&whole, cut))?.after(cut))
    }

    /// Rows with imputed missing cells.
    ///
    /// # Errors
    /// [`Error::Data`](crate::Error::Data) if the rows cannot be encoded;
    /// [`Error::Unsupported`](crate::Error::Unsupported) if draws or errors are asked of a model
    /// without a posterior.
    pub fn impute(&self, rows: &RecordBatch, config: &ImputeConfig) -> Result<Imputed> {
        let rows = self.windows(rows)?;
        self.here(|| task::impute(&self.saved, &self.input, &rows, self.row(), config, &self.device))
    }

    /// The exact ‖J_f(x)‖²_F of the encoder at each row.
    ///
    /// # Errors
    /// [`Error::Data`](crate::Error::Data) if the rows cannot be encoded.
    pub fn contraction(&self, rows: &RecordBatch) -> Result<Vec<f32>> {
        let encoded = self.encoded(rows)?;
        let all: Vec<usize> = (0..encoded.rows).collect();
        let of_chunk = |chunk: &[usize]| {
            let batch = Batch::gather(&encoded, chunk, &self.device);
            to_host(self.saved.model.contraction(batch.input()))
        };
        Ok(self.here(|| all.chunks(JACOBIANS_AT_ONCE).flat_map(of_chunk).collect()))
    }

    /// The unweighted terms of the objective at each row, in nats; `seed` determines the draws.
    /// Terms that compare rows use batches of the model's batch size.
    ///
    /// # Errors
    /// [`Error::Data`](crate::Error::Data) if the rows cannot be encoded.
    pub fn terms(&self, rows: &RecordBatch, seed: u64) -> Result<BTreeMap<&'static str, Vec<f32>>> {
        let encoded = self.encoded(rows)?;
        let all: Vec<usize> = (0..encoded.rows).collect();
        let model = &self.saved.model;
        let mut terms = BTreeMap::<&'static str, Vec<f32>>::new();
        self.here(|| {
            use crate::model::Trainable;
            for (k, chunk) in all.chunks(model.max_batch_rows(encoded.width)).enumerate() {
                let noise = &mut stream(seed, Purpose::ObjectiveTerms, 0, k as u64);
                let rows = self.saved.header.source.split[0];
                let mut context =
                    Context { noise, epochs: f64::INFINITY, training: false, rows, device: &self.device };
                for term in model.loss(&Batch::gather(&encoded, chunk, &self.device), &mut context) {
                    terms.entry(term.name).or_default().extend(to_host(term.value));
                }
            }
        });
        Ok(terms)
    }

    /// The same model with these rows as the reference of scores. The rows must not be training
    /// rows.
    ///
    /// # Errors
    /// [`Error::Data`](crate::Error::Data) if the rows cannot be encoded, or there are none.
    pub fn calibrate(&self, rows: &RecordBatch) -> Result<Self> {
        let data = &self.saved.header.config.data;
        let windows = self.windows(rows)?;
        let cut = self.rows_without_window(rows, &windows);
        let whole = windows.slice(cut, windows.num_rows() - cut);
        if whole.num_rows() == 0 {
            return Err(data.too_short(&self.input));
        }
        let encoded = self.saved.header.preprocessor.encode(&self.input, &whole, self.row() + cut as u64)?;
        let mut calibrated = self.clone();
        let unseen = task::unseen_nats(&self.saved, &self.input, &whole)?;
        let detector = self.here(|| task::calibrate(&self.saved, &encoded, &unseen, &self.device));
        let saved = Arc::make_mut(&mut calibrated.saved);
        saved.detector = Some(detector);
        saved.header.calibrated_on = Some(self.input.to_string());
        Ok(calibrated)
    }

    /// Cells with a category that was not in the training data, which are treated as missing.
    ///
    /// # Errors
    /// [`Error::Data`](crate::Error::Data) if a column is missing.
    pub fn unknown_cells(&self, rows: &RecordBatch) -> Result<UnknownCells> {
        self.saved.header.preprocessor.unknown_cells(&self.input, &self.windows(rows)?)
    }

    // ---- within the pipeline ----

    /// The encoded rows.
    pub(super) fn encoded(&self, rows: &RecordBatch) -> Result<Encoded> {
        self.saved.header.preprocessor.encode(&self.input, &self.windows(rows)?, self.row())
    }

    /// Scores rows that are complete windows, `cut` rows after the first.
    pub(super) fn score_windows(&self, rows: &RecordBatch, cut: usize) -> Result<Scored> {
        let first_row = self.row() + cut as u64;
        task::score(&self.saved, &self.input, rows, first_row, &self.scoring, &self.device)
    }

    /// Runs `work`, on one thread if that was requested.
    pub(super) fn here<R: Send>(&self, work: impl FnOnce() -> R + Send) -> R {
        if self.in_place { on_one_thread(work) } else { work() }
    }

    pub(super) fn row(&self) -> u64 {
        self.first_row.unwrap_or(0)
    }

    /// The folder of the model file, if it was read from one.
    pub(super) fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    pub(super) fn input_name(&self) -> &str {
        &self.input
    }

    /// The windows of the rows, if the model was fitted on windows and the rows are not windows
    /// yet.
    pub(super) fn windows(&self, rows: &RecordBatch) -> Result<RecordBatch> {
        match is_windowed(rows) {
            true => Ok(rows.clone()),
            false => windowed_rows(&self.input, rows.clone(), &self.saved.header.config.data),
        }
    }

    /// The number of first rows without a complete window.
    fn rows_without_window(&self, given: &RecordBatch, windows: &RecordBatch) -> usize {
        if is_windowed(given) && self.first_row.is_none() {
            return 0;
        }
        let whole = self.saved.header.config.data.whole_windows(self.row(), windows);
        windows.num_rows() - whole.num_rows()
    }
}

fn is_windowed(rows: &RecordBatch) -> bool {
    rows.schema().fields().iter().any(|field| is_earlier_row(field))
}
