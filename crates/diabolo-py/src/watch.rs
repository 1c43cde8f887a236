//! Long work beside Python: without its lock, cancelled by Ctrl-C, refused in a forked child.

use std::sync::OnceLock;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use diabolo::pipeline::{Cancel, cancellable};
use diabolo::tensor::use_threads;
use diabolo::{Error, ErrorClass, Result};
use pyo3::exceptions::{PyKeyboardInterrupt, PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use serde_json::Value;

use crate::words::in_python;

/// How long a signal may wait until it is handled.
const PAUSE: Duration = Duration::from_millis(50);

/// The process whose threads compute.
static PROCESS: OnceLock<u32> = OnceLock::new();

/// The error as Python's.
pub fn raised(error: Error) -> PyErr {
    let text = in_python(&error.to_string());
    match (&error, error.class()) {
        (Error::Io { source, .. }, _) => match source.raw_os_error() {
            // Python chooses the subclass, such as FileNotFoundError, by the number.
            Some(number) => PyOSError::new_err((number, text)),
            None => std::io::Error::new(source.kind(), text).into(),
        },
        (_, ErrorClass::Failure | ErrorClass::Diverged) => PyRuntimeError::new_err(text),
        (_, ErrorClass::Cancelled) => PyKeyboardInterrupt::new_err(text),
        _ => PyValueError::new_err(text),
    }
}

/// Starts the threads, as many as `RAYON_NUM_THREADS` or `OMP_NUM_THREADS` say. A forked child has
/// none, and would wait for them forever.
fn check_process() -> PyResult<()> {
    let own = std::process::id();
    let first = *PROCESS.get_or_init(|| {
        let of = |name: &str| std::env::var(name).ok()?.trim().parse::<usize>().ok();
        if let Some(threads) = of("RAYON_NUM_THREADS").or_else(|| of("OMP_NUM_THREADS")) {
            // Refused if it is no number of threads: then there is one for each core.
            let _ = use_threads(threads);
        }
        own
    });
    match first == own {
        true => Ok(()),
        false => Err(PyRuntimeError::new_err(
            "diabolo has computed in the process that this one was forked from, whose threads it lacks; start \
             processes by multiprocessing.get_context('spawn') or 'forkserver', or with joblib's default backend",
        )),
    }
}

/// Tells the callback of events; dropped at the end of the work.
pub struct Teller(Sender<String>);

impl Teller {
    pub fn tell(&self, event: &Value) {
        // Nobody listens if the work was cancelled.
        let _ = self.0.send(event.to_string());
    }
}

/// Computes without Python's lock, until Ctrl-C.
pub fn compute<T: Send>(py: Python, work: impl FnOnce() -> Result<T> + Send) -> PyResult<T> {
    let cancel = Cancel::new();
    watched(py, &cancel, None, |teller| {
        let done = cancellable(&cancel, work);
        // Its end is the end of the work.
        drop(teller);
        done
    })
}

/// Computes on a thread of its own, and calls `on_event` with what the work tells. Signals are
/// handled every [`PAUSE`], if this is Python's main thread: the exception of Ctrl-C, or one of
/// `on_event`, cancels the work, which ends at its next step, and is raised then. `on_event` is not
/// called again.
pub fn watched<T: Send>(
    py: Python,
    cancel: &Cancel,
    on_event: Option<&Py<PyAny>>,
    work: impl FnOnce(Teller) -> Result<T> + Send,
) -> PyResult<T> {
    check_process()?;
    let (sender, events) = channel();
    let (done, stopped) = py.detach(move || {
        thread::scope(|scope| {
            let worker = scope.spawn(|| work(Teller(sender)));
            let mut stopped = None;
            loop {
                let event = match events.recv_timeout(PAUSE) {
                    Ok(event) => Some(event),
                    Err(RecvTimeoutError::Timeout) => None,
                    Err(RecvTimeoutError::Disconnected) => break,
                };
                if stopped.is_none()
                    && let Err(error) = attend(on_event, event)
                {
                    cancel.cancel();
                    stopped = Some(error);
                }
            }
            (worker.join(), stopped)
        })
    });
    match (stopped, done) {
        (Some(error), _) => Err(error),
        (None, Ok(result)) => result.map_err(raised),
        (None, Err(_)) => {
            Err(PyRuntimeError::new_err("this is a bug in diabolo: please report the text above"))
        }
    }
}

/// Handles signals, then the event.
fn attend(on_event: Option<&Py<PyAny>>, event: Option<String>) -> PyResult<()> {
    Python::attach(|py| {
        py.check_signals()?;
        match (on_event, event) {
            (Some(on_event), Some(event)) => on_event.call1(py, (event,)).map(drop),
            _ => Ok(()),
        }
    })
}
