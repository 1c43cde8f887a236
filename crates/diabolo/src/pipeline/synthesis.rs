//! The fit of a model of a table.

use std::ops::Range;

use arrow_array::RecordBatch;
use serde_json::{Value, json};

use super::Synthesizer;
use super::events::{Event, Phase, check};
use super::fit_job::FitJob;
use super::forecast_latent::Steps;
use crate::artifact::{
    FORMAT_VERSION, Run, RunSource, SavedTable, SourceRecord, TableHeader, TableRecord, write_atomically,
    write_lines,
};
use crate::data::synthetic::{CodecOptions, KeyFormat, Rule, TableCodec, dependencies};
use crate::data::{DataConfig, Feature, InferOptions, Split, infer, take};
use crate::evaluate::audit::{AuditOptions, Audited, audit};
use crate::model::synthetic::{Calibration, PartShape, TableModel, encoded};
use crate::model::{ModelConfig, SynthesizeConfig};
use crate::random::{Purpose, stream};
use crate::task::SynthesizeOptions;
use crate::tensor::Device;
use crate::train::{self, EpochRecord, TrainingData};
use crate::{Config, Error, Result, VERSION};

/// Rows of a step, if there are enough.
const BATCH: usize = 256;
/// Steps of training, and epochs, at most and at least: so few that the learning rate has fallen
/// before validation rows get worse.
const STEPS: usize = 2200;
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
    /// Rows that were held out, but for those that break a rule.
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
        refuse_unused(&self.config, &settings)?;
        let (rows, fingerprint, mut notes) = self.read_rows()?;
        let name = self.name.clone();
        let data = &self.config.data;
        let seed = data.split_seed.unwrap_or(self.config.training.seed);
        let split = Split::new(&name, rows.num_rows(), data.validation, data.test, seed)?;
        // Types of columns are those of all rows here, all else is learned from training rows.
        let both = take(&name, &rows, &[&split.train[..], &split.validation[..]].concat())?;
        // A label is a column like any other.
        let options = InferOptions { label: None, ..data.infer_options() };
        let inferred = infer(&name, &both, &options)?;
        let rules = Rule::all(&settings.require, &both)?;
        let all = both.num_rows();
        let features = &inferred.schema.features;
        let (both, training) = keeping_both(&name, both, split.train.len(), features, &rules, &mut notes)?;
        // Rows that the fit leaves out have no counterparts: an audit compares with the others.
        let test = take(&name, &rows, &split.test)?;
        let of_audit = kept(&name, &test, features, &rules, ["held-out rows", "the audit"], &mut notes)?;
        let test = if of_audit.len() < test.num_rows() { take(&name, &test, &of_audit)? } else { test };
        // Rows that are left out have no say in types and decimals.
        let inferred = if both.num_rows() < all { infer(&name, &both, &options)? } else { inferred };
        let features = &inferred.schema.features;
        let train = both.slice(0, training);
        let codec_options = codec_options(&train, features, &settings, data, rules, &mut notes)?;
        let (codec, more) = TableCodec::fit(&name, &train, &rows, &inferred, &codec_options)?;
        notes.extend(more);
        check(&self.cancel, Phase::Prepare)?;
        let source = SourceRecord {
            input: name.clone(),
            fingerprint: fingerprint.clone(),
            rows: rows.num_rows(),
            split: [training, both.num_rows() - training, split.test.len()],
            test_input: None,
        };
        let (saved, history) = self.fit_codec(codec, &both, &settings, source)?;
        for note in &notes {
            (self.on_event)(Event::Warning(note));
        }
        let source = RunSource::new(&name, self.place(), fingerprint);
        Ok(FittedTable { synthesizer: Synthesizer::new(saved), history, train, test, notes, source })
    }

    /// Trains and corrects the model of rows: training rows, then validation rows.
    fn fit_codec(
        &mut self,
        codec: TableCodec,
        rows: &RecordBatch,
        settings: &SynthesizeConfig,
        source: SourceRecord,
    ) -> Result<(SavedTable, Vec<EpochRecord>)> {
        (self.on_event)(Event::Phase(Phase::Train));
        let (seed, device) = (self.config.training.seed, Device::cpu());
        let noise = &mut stream(seed, Purpose::CodedTable, 0, 0);
        let mut coded = codec.encode(&self.name, rows, noise)?;
        let all = encoded(&coded, codec.parts.len());
        let count = source.split[0];
        let part = |rows: Range<usize>| all.select(&rows.collect::<Vec<usize>>());
        let (train, validation) = (part(0..count), part(count..all.rows));
        coded.truncate(count, codec.parts.len());
        let training = &mut self.config.training;
        let batch = *training.batch_size.get_or_insert(BATCH.min((train.rows / 8).max(8)));
        if training.steps.is_none() {
            let [least, most] = EPOCHS;
            training.epochs.get_or_insert((STEPS / train.rows.div_ceil(batch.max(1))).clamp(least, most));
        }
        training.resolve(train.rows, 0.002)?;
        let shapes = PartShape::of(&codec);
        let noise = &mut stream(seed, Purpose::InitializeSynthetic, 0, 0);
        let mut start = TableModel::new(&shapes, settings, noise, &device);
        start.start_at(&coded, &device);
        let mut hooks = Steps { on_event: &mut self.on_event, cancel: &self.cancel };
        let data = TrainingData { train: &train, validation: &validation };
        let outcome = train::fit(start, None, &data, &self.config.training, &device, &mut hooks)?;
        check(&self.cancel, Phase::Train)?;
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

/// An error for a setting that a fit of a table has no use for.
fn refuse_unused(config: &Config, settings: &SynthesizeConfig) -> Result<()> {
    let (data, usual, training) = (&config.data, DataConfig::default(), &config.training);
    if settings.key_format.is_some() && data.key.is_none() {
        let reason = "it is the format of the key: name the key's column with --key";
        return Err(Error::conflict("--key-format", "a fit without --key", reason));
    }
    let unused = [
        ("data.condition", !data.condition.is_empty()),
        ("data.window", data.window.is_some()),
        ("data.series", data.series.is_some()),
        ("data.step", data.step.is_some()),
        ("data.numeric", data.numeric != usual.numeric),
        ("data.binarize", data.binarize.is_some()),
        ("data.augment", data.augment.is_some()),
        ("data.counts", data.counts != usual.counts),
        ("data.most_levels", data.most_levels.is_some()),
        ("data.unknown_category", data.unknown_category != usual.unknown_category),
        ("data.beyond_range", data.beyond_range),
        ("training.pretrain_epochs", training.pretrain_epochs > 0),
        ("training.central", training.central != 1.0),
    ];
    let unused = unused.into_iter().find(|(_, given)| *given).map(|(key, _)| key.to_string());
    let found = unused.or_else(|| changed_key(&config.model));
    found.map_or(Ok(()), |key| {
        let reason = "a synthetic table has a model and scales of its own, and conditions are given to `generate`: leave it out";
        Err(Error::conflict("--preset synthesize", format!("the setting {key}"), reason))
    })
}

/// A key of the model that differs from the defaults.
fn changed_key(model: &ModelConfig) -> Option<String> {
    let [given, usual] = [model, &ModelConfig::default()].map(|model| json!(model));
    let changed = |given: &Value, usual: &Value| {
        let mut keys = given.as_object().into_iter().flatten();
        keys.find(|(key, value)| usual.get(key.as_str()) != Some(*value)).map(|(key, _)| key.clone())
    };
    match changed(&given, &usual)?.as_str() {
        "family" => changed(&given["family"], &usual["family"]).map(|key| format!("model.family.{key}")),
        key => Some(format!("model.{key}")),
    }
}

/// The rows that keep all rules, of which the first ones are for training, and how many of them.
fn keeping_both(
    name: &str,
    rows: RecordBatch,
    training: usize,
    features: &[Feature],
    rules: &[Rule],
    notes: &mut Vec<String>,
) -> Result<(RecordBatch, usize)> {
    let all = rows.num_rows();
    let kept = kept(name, &rows, features, rules, ["rows", "the fit"], notes)?;
    let kept_training = kept.partition_point(|row| *row < training);
    let lacks_validation = all > training && kept.len() == kept_training;
    if kept_training == 0 || lacks_validation {
        let expected = "training and validation rows that keep every rule (--require)";
        let help = "check the rules: `diabolo audit` counts how many rows keep each";
        return Err(Error::data(name, expected, format!("{} of {all}", kept.len()), help));
    }
    match kept.len() == all {
        true => Ok((rows, kept_training)),
        false => Ok((take(name, &rows, &kept)?, kept_training)),
    }
}

/// Which rows keep all rules; notes say how many do not, and of what they are left out.
fn kept(
    name: &str,
    rows: &RecordBatch,
    features: &[Feature],
    rules: &[Rule],
    [what, left_out_of]: [&str; 2],
    notes: &mut Vec<String>,
) -> Result<Vec<usize>> {
    let all = rows.num_rows();
    let mut keeps = vec![true; all];
    for rule in rules {
        let kept = rule.kept(name, rows, features)?;
        match kept.iter().filter(|kept| **kept == Some(false)).count() {
            0 if all == 0 => {}
            0 => notes.push(format!("all {all} {what} keep {rule}")),
            broken => notes
                .push(format!("{broken} of {all} {what} break {rule}, and are left out of {left_out_of}")),
        }
        keeps.iter_mut().zip(kept).for_each(|(keeps, kept)| *keeps &= kept != Some(false));
    }
    Ok((0..all).filter(|row| keeps[*row]).collect())
}

/// The options of the codec, with dependencies that were found.
fn codec_options(
    rows: &RecordBatch,
    features: &[Feature],
    settings: &SynthesizeConfig,
    data: &DataConfig,
    rules: Vec<Rule>,
    notes: &mut Vec<String>,
) -> Result<CodecOptions> {
    let mut together = settings.together.clone();
    let in_rule = |name: &str| rules.iter().any(|rule| rule.low == name || rule.high == name);
    let free = |name: &str| !in_rule(name) && !together.iter().flatten().any(|one| one == name);
    let candidates: Vec<&str> =
        features.iter().map(|feature| feature.name.as_str()).filter(|name| free(name)).collect();
    if settings.dependencies {
        let found = dependencies(rows, &candidates, settings.rare);
        notes.extend(
            found
                .iter()
                .map(|group| format!("{} follows from {}, and is kept so", group[1..].join(", "), group[0])),
        );
        together.extend(found);
    }
    let key_format = settings.key_format.as_deref().map(str::parse::<KeyFormat>).transpose()?;
    let (key, drop) = (data.key.clone(), data.drop.clone());
    Ok(CodecOptions { rare: settings.rare, together, key_format, key, drop, rules })
}

impl FittedTable {
    /// The audit of as many synthetic rows as training rows or keys, up to 20,000, beside training
    /// and held-out rows; `None` with few held-out rows.
    ///
    /// # Errors
    /// Those of generation.
    pub fn audit(&self) -> Result<Option<Audited>> {
        if self.test.num_rows() < LEAST_HELD_OUT {
            return Ok(None);
        }
        let config = &self.synthesizer.saved().header.config;
        let seed = config.training.seed;
        let keys = self.synthesizer.saved().header.table.codec.most_keys().unwrap_or(u64::MAX);
        let count = self.train.num_rows().min(MOST_AUDITED).min(usize::try_from(keys).unwrap_or(usize::MAX));
        let made = self.synthesizer.generate(&SynthesizeOptions { count, seed, ..Default::default() })?.rows;
        let batches =
            [("synthetic rows", &made), ("training rows", &self.train), ("held-out rows", &self.test)];
        let require = config.synthesize.as_ref().map_or(vec![], |settings| settings.require.clone());
        // As the fit read them.
        let InferOptions { missing, types, .. } = config.data.infer_options();
        let infer = InferOptions { missing, types, ..InferOptions::default() };
        let options = AuditOptions { target: config.data.label.clone(), secret: None, require, infer, seed };
        audit(batches, &options).map(Some)
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
        let numbers = json!({ "synthesize": { "validation_nats": best } });
        write_atomically(&run.metrics_path(), format!("{numbers:#}\n").as_bytes())
    }
}
