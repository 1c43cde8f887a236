//! A fit: from rows and a configuration to a fitted model.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch};
use rayon::ThreadPool;

use super::Fitted;
use super::events::{Cancel, Event, OnEvent, Phase};
use super::prepared_job::PreparedJob;
use crate::artifact::Run;
use crate::config::Config;
use crate::data::read::fingerprint;
use crate::data::{ReadOptions, prepare, prepare_rows, read_from};
use crate::tensor::Device;
use crate::{Error, Result};

/// The description of a fit: rows, configuration, device, and callback.
///
/// ```
/// # use diabolo::{Config, pipeline::{Event, FitJob}};
/// # let values: Vec<f64> = (0..400).map(|i| f64::from(i % 2) + f64::from(i % 7) / 70.0).collect();
/// let mut config = Config::default();
/// config.set("training.epochs=3")?;
/// let mut epochs = 0;
/// let fitted = FitJob::matrix(&values, &["a", "b"])?
///     .config(config)
///     .on_event(|event| if let Event::Epoch(..) = event { epochs += 1 })
///     .run()?;
/// assert_eq!(fitted.history.len(), 3);
/// # drop(fitted); assert_eq!(epochs, 3);
/// # Ok::<(), diabolo::Error>(())
/// ```
pub struct FitJob<'a> {
    pub(super) source: Source,
    pub(super) name: String,
    pub(super) validation: Option<RecordBatch>,
    pub(super) config: Config,
    pub(super) device: Device,
    pub(super) pool: Option<Arc<ThreadPool>>,
    pub(super) cancel: Cancel,
    pub(super) on_event: OnEvent<'a>,
    pub(super) resumed: Option<Resumed>,
}

/// The source of the rows.
pub(super) enum Source {
    Batch(RecordBatch),
    /// A path or the name of a built-in set.
    Input,
    /// A file's bytes, in any format.
    Reader(Box<dyn Read + Send>),
}

/// A resumed run.
pub(super) struct Resumed {
    pub run: Run,
    /// The fingerprint of the input at the start of the run.
    pub fingerprint: Option<String>,
    /// Whether the run is extended.
    pub longer: bool,
}

impl<'a> FitJob<'a> {
    fn from_source(source: Source, name: &str) -> Self {
        FitJob {
            source,
            name: name.into(),
            validation: None,
            config: Config::default(),
            device: Device::cpu(),
            pool: None,
            cancel: Cancel::new(),
            on_event: Box::new(|_| ()),
            resumed: None,
        }
    }

    /// A fit to rows in memory.
    pub fn new(rows: RecordBatch) -> Self {
        Self::from_source(Source::Batch(rows), "rows")
    }

    /// A fit to the rows that a stream holds in any format that files have.
    pub fn reader(reader: impl Read + Send + 'static) -> Self {
        Self::from_source(Source::Reader(Box::new(reader)), "rows")
    }

    /// A fit to rows that come in several batches.
    ///
    /// # Errors
    /// The first of the batches', or [`Error::Data`] if there is none.
    pub fn batches(batches: impl IntoIterator<Item = Result<RecordBatch>>) -> Result<Self> {
        let batches = batches.into_iter().collect::<Result<Vec<_>>>()?;
        let schema = batches.first().map(RecordBatch::schema).ok_or_else(|| Error::no_rows("rows"))?;
        let rows = arrow_select::concat::concat_batches(&schema, &batches).map_err(|cause| {
            Error::data("rows", "batches of the same columns", cause.to_string(), "give one table")
        })?;
        Ok(Self::new(rows))
    }

    /// A fit to a row-major matrix, with a name for each column; NaN is a missing cell.
    ///
    /// # Errors
    /// [`Error::Data`] if the numbers are not complete rows.
    pub fn matrix(values: &[f64], names: &[&str]) -> Result<Self> {
        Ok(Self::new(matrix(values, names)?))
    }

    /// A fit to a path or a built-in set, such as `digits`.
    pub fn input(input: &str) -> Self {
        Self::from_source(Source::Input, input)
    }

    /// Resumes the run in `folder`, optionally extended to `epochs`.
    ///
    /// # Errors
    /// [`Error::Artifact`] if there is no run; [`Error::Config`] if `epochs` are not more than before.
    pub fn resume(folder: &Path, epochs: Option<usize>) -> Result<Self> {
        let run = Run::open(folder)?;
        let (input, fingerprint, mut config) = run.read_config()?;
        if let Some(epochs) = epochs {
            let given = config.training.epochs.unwrap_or_default();
            if epochs <= given {
                return Err(Error::config("epochs", format!("more than the run's {given}"), epochs));
            }
            config.training.epochs = Some(epochs);
        }
        let resumed = Some(Resumed { run, fingerprint, longer: epochs.is_some() });
        Ok(FitJob { config, resumed, ..Self::input(&input) })
    }

    /// The name of rows in memory, for messages and the model file; "rows" by default.
    pub fn name(mut self, name: &str) -> Self {
        self.name = name.into();
        self
    }

    /// The configuration; [`Config::default`] by default.
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Validation rows for early stopping, instead of a fraction of the others.
    pub fn validation(mut self, rows: RecordBatch) -> Self {
        self.validation = Some(rows);
        self
    }

    /// The device; the CPU by default.
    pub fn device(mut self, device: Device) -> Self {
        self.device = device;
        self
    }

    /// The thread pool; rayon's global pool by default. Results do not depend on it.
    pub fn pool(mut self, pool: Arc<ThreadPool>) -> Self {
        self.pool = Some(pool);
        self
    }

    /// A switch that ends the fit with [`Error::Cancelled`], in any phase.
    pub fn cancel(mut self, cancel: Cancel) -> Self {
        self.cancel = cancel;
        self
    }

    /// Calls `callback` with every [`Event`], on the computing thread.
    pub fn on_event(mut self, callback: impl FnMut(Event) + Send + 'a) -> Self {
        self.on_event = Box::new(callback);
        self
    }

    /// Reads, types, splits and encodes the rows, and resolves the configuration.
    ///
    /// # Errors
    /// If the rows cannot be read or used, or the configuration is invalid for them.
    pub fn prepare(mut self) -> Result<PreparedJob<'a>> {
        (self.on_event)(Event::Phase(Phase::Prepare));
        let FitJob { source, name, validation, config, .. } = &mut self;
        let seed = config.training.seed;
        let (prepared, fingerprint) = match source {
            Source::Batch(rows) => {
                let rows = rows.clone();
                (prepare_rows(name, rows, validation.take(), &config.data, seed)?, None)
            }
            Source::Reader(reader) => {
                let reader = std::mem::replace(reader, Box::new(std::io::empty()));
                let options = ReadOptions { windows: None, ..config.data.read_options() };
                let rows = read_from(name, reader, &options)?.collect()?;
                (prepare_rows(name, rows, validation.take(), &config.data, seed)?, None)
            }
            Source::Input => (prepare(name, &config.data, seed)?, fingerprint(name)?),
        };
        let architecture = config.resolve(&prepared)?;
        if self.resumed.as_ref().is_some_and(|resumed| resumed.fingerprint != fingerprint) {
            let expected = "the data that the run was started on";
            let help = "restore the file, or start a new run";
            return Err(Error::data(&self.name, expected, "other contents", help));
        }
        self.cancel.check(Phase::Prepare)?;
        Ok(PreparedJob::new(self, prepared, architecture, fingerprint))
    }

    /// Runs the fit.
    ///
    /// # Errors
    /// [`Error::Diverged`] if the loss became infinite or NaN; [`Error::Cancelled`]; and those of
    /// [`prepare`](Self::prepare).
    pub fn run(self) -> Result<Fitted> {
        self.prepare()?.run()
    }
}

/// A table of numbers from a matrix, row by row, with a name for each column; NaN is a missing cell.
///
/// # Errors
/// [`Error::Data`] if the numbers are no whole rows.
pub fn matrix(values: &[f64], names: &[&str]) -> Result<RecordBatch> {
    let width = names.len();
    if width == 0 || !values.len().is_multiple_of(width) {
        let expected = format!("whole rows of {width} numbers");
        let help = "give one name per column, and one number per column in each row";
        return Err(Error::data("matrix", expected, format!("{} numbers", values.len()), help));
    }
    let column = |k: usize| -> ArrayRef {
        Arc::new(Float64Array::from_iter(values.iter().skip(k).step_by(width).map(|&v| number(v))))
    };
    RecordBatch::try_from_iter_with_nullable((0..width).map(|k| (names[k], column(k), true))).map_err(
        |cause| Error::data("matrix", "unique column names", cause.to_string(), "rename one of them"),
    )
}

fn number(value: f64) -> Option<f64> {
    (!value.is_nan()).then_some(value)
}

/// The input as an absolute path if it is a file: a resume may be started from another folder.
pub(super) fn absolute(input: &str) -> String {
    match std::path::absolute(PathBuf::from(input)) {
        Ok(path) if path.exists() => path.display().to_string(),
        _ => input.into(),
    }
}
