//! The fit of a model of a table.

use arrow_array::RecordBatch;

use super::Synthesizer;
use super::events::{Event, Phase};
use super::fit_job::FitJob;
use super::forecast_latent::Steps;
use crate::artifact::{
    FORMAT_VERSION, Run, RunSource, SavedTable, SourceRecord, TableHeader, TableRecord, write_atomically,
    write_lines,
};
use crate::data::synthetic::{CodecOptions, KeyFormat, TableCodec, dependencies};
use crate::data::{DataConfig, Feature, InferOptions, Split, infer, take};
use crate::evaluate::audit::{Audit, AuditOptions, AuditTable, audit, tables};
use crate::model::SynthesizeConfig;
use crate::model::synthetic::{Calibration, PartShape, TableModel, encoded};
use crate::random::{Purpose, stream};
use crate::task::SynthesizeOptions;
use crate::tensor::Device;
use crate::train::{self, EpochRecord, TrainingData};
use crate::{Error, Result, VERSION};

/// Steps of training, and epochs, at most and at least.
const STEPS: usize = 5000;
const EPOCHS: [usize; 2] = [20, 200];
/// Held-out rows of an audit, at least, and its synthetic rows, at most.
const LEAST_HELD_OUT: usize = 30;
const MOST_AUDITED: usize = 20_000;

/// A fitted model of a table.
pub struct FittedTable {
    /// The model.
    pub synthesizer: Synthesizer,
    /// The epochs of training.
    pub history: Vec<EpochRecord>,
    /// Rows that it was fitted on.
    pub train: RecordBatch,
    /// Rows that were held out.
    pub test: RecordBatch,
    /// What was found and chosen, and warnings, one sentence each.
    pub notes: Vec<String>,
    source: RunSource,
}

impl FitJob<'_> {
    /// Fits a model of the table, by `synthesize` of the configuration.
    ///
    /// # Errors
    /// If the rows cannot be read or learned, or the configuration is invalid.
    pub fn synthesize(mut self) -> Result<FittedTable> {
        (self.on_event)(Event::Phase(Phase::Prepare));
        let settings = self.config.synthesize.clone().unwrap_or_default();
        settings.validate()?;
        if let Some(column) = self.config.data.condition.first() {
            let reason = "conditions are given to `generate --where`, for any column";
            return Err(Error::conflict("--preset synthesize", format!("--condition {column}"), reason));
        }
        let (rows, fingerprint, mut notes) = self.read_rows()?;
        let name = self.name.clone();
        let data = &self.config.data;
        let split =
            Split::new(&name, rows.num_rows(), data.validation, data.test, self.config.training.seed)?;
        let mut chosen = [split.train.clone(), split.validation.clone()].concat();
        chosen.sort_unstable();
        let fitted = take(&name, &rows, &chosen)?;
        // A label is a column like any other.
        let options = InferOptions { label: None, ..data.infer_options() };
        let inferred = infer(&name, &fitted, &options)?;
        let codec_options = codec_options(&fitted, &inferred.schema.features, &settings, data, &mut notes)?;
        let (codec, more) = TableCodec::fit(&name, &fitted, &inferred, &codec_options)?;
        notes.extend(more);
        self.cancel.check(Phase::Prepare)?;
        let source = SourceRecord {
            input: name.clone(),
            fingerprint: fingerprint.clone(),
            rows: rows.num_rows(),
            split: [split.train.len(), split.validation.len(), split.test.len()],
            test_input: None,
        };
        let (saved, history) = self.fit_codec(codec, &fitted, &chosen, &split, &settings, source)?;
        for note in &notes {
            (self.on_event)(Event::Warning(note));
        }
        let source = RunSource::new(&name, self.place(), fingerprint);
        let test = take(&name, &rows, &split.test)?;
        Ok(FittedTable { synthesizer: Synthesizer::new(saved), history, train: fitted, test, notes, source })
    }

    /// Trains and corrects the model of coded rows.
    fn fit_codec(
        &mut self,
        codec: TableCodec,
        rows: &RecordBatch,
        chosen: &[usize],
        split: &Split,
        settings: &SynthesizeConfig,
        source: SourceRecord,
    ) -> Result<(SavedTable, Vec<EpochRecord>)> {
        (self.on_event)(Event::Phase(Phase::Train));
        let (seed, device) = (self.config.training.seed, Device::cpu());
        let noise = &mut stream(seed, Purpose::CodedTable, 0, 0);
        let coded = codec.encode(&self.name, rows, noise)?;
        let all = encoded(&coded, codec.parts.len());
        let of = |part: &[usize]| -> Vec<usize> {
            part.iter().filter_map(|row| chosen.binary_search(row).ok()).collect()
        };
        let (train, validation) = (all.select(&of(&split.train)), all.select(&of(&split.validation)));
        let training = &mut self.config.training;
        let batch = training.batch_size.unwrap_or(256).min((train.rows / 8).max(8));
        training.batch_size = Some(batch);
        let [least, most] = EPOCHS;
        let epochs = (STEPS / train.rows.div_ceil(batch)).clamp(least, most);
        training.epochs = training.epochs.or(Some(epochs));
        training.resolve(train.rows, 0.002)?;
        let shapes = PartShape::of(&codec);
        let noise = &mut stream(seed, Purpose::InitializeSynthetic, 0, 0);
        let mut start = TableModel::new(&shapes, settings, noise, &device);
        start.start_at(&coded, &device);
        let mut hooks = Steps { on_event: &mut self.on_event, cancel: &self.cancel };
        let data = TrainingData { train: &train, validation: &validation };
        let outcome = train::fit(start, None, &data, &self.config.training, &device, &mut hooks)?;
        self.cancel.check(Phase::Train)?;
        let model = outcome.model;
        (self.on_event)(Event::Phase(Phase::Calibrate));
        let calibration = match settings.calibrate {
            true => model.calibrate(&coded, seed, &device),
            false => Calibration::default(),
        };
        let header = TableHeader {
            format_version: FORMAT_VERSION,
            diabolo_version: VERSION.into(),
            config: self.config.clone(),
            source,
            table: TableRecord { codec, calibration },
        };
        Ok((SavedTable { header, model }, outcome.state.history))
    }
}

/// The options of the codec, with dependencies that were found.
fn codec_options(
    rows: &RecordBatch,
    features: &[Feature],
    settings: &SynthesizeConfig,
    data: &DataConfig,
    notes: &mut Vec<String>,
) -> Result<CodecOptions> {
    let mut together = settings.together.clone();
    let free = |name: &str| !together.iter().flatten().any(|one| one == name);
    let candidates: Vec<&str> =
        features.iter().map(|feature| feature.name.as_str()).filter(|name| free(name)).collect();
    if settings.dependencies {
        let found = dependencies(rows, &candidates);
        notes.extend(
            found
                .iter()
                .map(|group| format!("{} follows from {}, and is kept so", group[1..].join(", "), group[0])),
        );
        together.extend(found);
    }
    let key_format = settings.key_format.as_deref().map(str::parse::<KeyFormat>).transpose()?;
    let (key, drop) = (data.key.clone(), data.drop.clone());
    Ok(CodecOptions { rare: settings.rare, together, key_format, key, drop })
}

impl FittedTable {
    /// As many synthetic rows as training rows or keys, up to 20,000, as tables beside training and
    /// held-out rows, with their audit; `None` with few held-out rows.
    ///
    /// # Errors
    /// Those of generation.
    pub fn audit(&self) -> Result<Option<(Audit, [AuditTable; 3])>> {
        if self.test.num_rows() < LEAST_HELD_OUT {
            return Ok(None);
        }
        let config = &self.synthesizer.saved().header.config;
        let seed = config.training.seed;
        let keys = self.synthesizer.saved().header.table.codec.most_keys().unwrap_or(u64::MAX);
        let count = self.train.num_rows().min(MOST_AUDITED).min(usize::try_from(keys).unwrap_or(usize::MAX));
        let made = self.synthesizer.generate(&SynthesizeOptions { count, seed, ..Default::default() })?.rows;
        let target = config.data.label.clone();
        let levels: Vec<&str> = target.iter().map(String::as_str).collect();
        let batches =
            [("synthetic rows", &made), ("training rows", &self.train), ("held-out rows", &self.test)];
        let (tables, _) = tables(batches, &levels)?;
        let found = audit(tables.each_ref(), &AuditOptions { target, seed, ..Default::default() });
        Ok(Some((found, tables)))
    }

    /// Writes the fit as a run folder: configuration, model and history.
    ///
    /// # Errors
    /// [`Error::Io`](crate::Error::Io).
    pub fn save_run(&self, run: &Run) -> Result<()> {
        let saved = self.synthesizer.saved();
        run.write_config(&self.source, &saved.header.config)?;
        saved.save(&run.model_path())?;
        write_lines(&run.history_path(), &self.history)?;
        let best = self.history.iter().map(EpochRecord::monitored).fold(f64::INFINITY, f64::min);
        let numbers = serde_json::json!({ "synthesize": { "validation_nats": best } });
        write_atomically(&run.metrics_path(), format!("{numbers:#}\n").as_bytes())
    }
}
