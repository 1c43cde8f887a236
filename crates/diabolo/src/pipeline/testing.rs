//! Fits for tests.

#![allow(clippy::unwrap_used)]

use super::Fitted;
use crate::{Config, FitJob};

/// A fit with these settings.
pub(crate) fn fitted(settings: &[&str], job: FitJob) -> Fitted {
    let mut config = Config::default();
    settings.iter().for_each(|setting| config.set(setting).unwrap());
    job.config(config).run().unwrap()
}
