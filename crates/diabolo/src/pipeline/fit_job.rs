//! A fit: from rows and a configuration to a fitted model.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, RecordBatch};
use rayon::ThreadPool;

use super::events::{Cancel, Event, OnEvent};
use super::source_data::SourceData;
use crate::artifact::Run;
use crate::config::Config;
use crate::data::read::is_stream;
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
    /// A path or the name of a built-in set, to be opened.
    Input(String),
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
    /// Where the rows are read from.
    pub(super) fn place(&self) -> &str {
        match &self.source {
            Source::Input(place) => place,
            _ => &self.name,
        }
    }

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
        Self::from_source(Source::Input(input.into()), input)
    }

    /// Resumes the run in `folder`, optionally extended to `epochs`.
    ///
    /// # Errors
    /// [`Error::Artifact`] if there is no run; [`Error::Config`] if `epochs` are not more than
    /// before; [`Error::Unsupported`] for forecasts and synthetic tables.
    pub fn resume(folder: &Path, epochs: Option<usize>) -> Result<Self> {
        let run = Run::open(folder)?.locked()?;
        let (source, mut config) = run.read_config()?;
        trains_in_epochs(&config)?;
        if let Some(epochs) = epochs {
            let given = config.training.epochs.unwrap_or_default();
            if epochs <= given {
                return Err(Error::config("epochs", format!("more than the run's {given}"), epochs));
            }
            config.training.epochs = Some(epochs);
        }
        let place = match is_stream(&source.input) {
            true => source.input.clone(),
            false => SourceData::find(&source, Some(folder))?.input,
        };
        let resumed = Some(Resumed { run, fingerprint: source.fingerprint, longer: epochs.is_some() });
        // The name as given, so that the model file is that of a run without an interruption.
        Ok(FitJob { config, resumed, ..Self::from_source(Source::Input(place), &source.input) })
    }

    /// The name of the rows, for messages and the model file: "rows" by default for rows in memory.
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
}

/// A table of numbers from a matrix, row by row, with a name for each column; NaN is a missing
/// cell.
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

/// Refuses the settings of models that have fits of their own.
pub(super) fn trains_in_epochs(config: &Config) -> Result<()> {
    let (what, function) = match (&config.forecast, &config.synthesize) {
        (Some(_), _) => ("a forecast", "forecast"),
        (_, Some(_)) => ("synthetic tables", "synthesize"),
        _ => return Ok(()),
    };
    Err(Error::Unsupported {
        what: format!(
            "these settings are for {what}: such a model is fitted in one go, and cannot be resumed"
        ),
        help: format!("fit it again (in the library with FitJob::{function})"),
    })
}
