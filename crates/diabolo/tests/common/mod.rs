//! Shared code of tests.

use diabolo::Config;
use diabolo::artifact::{FORMAT_VERSION, Header, SourceRecord, TrainingRecord};
use diabolo::data::Preprocessor;

/// The header of a model without a file.
pub fn header(config: Config, preprocessor: Preprocessor) -> Header {
    Header {
        format_version: FORMAT_VERSION,
        diabolo_version: "test".into(),
        config,
        preprocessor,
        source: SourceRecord {
            input: "digits".into(),
            fingerprint: None,
            rows: 1797,
            split: [1437, 180, 180],
            test_input: None,
        },
        training: TrainingRecord { epochs: 2, best_epoch: Some(2), stop_reason: "finished".into() },
    }
}
