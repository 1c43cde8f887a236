//! The pipeline: fit, evaluate, save, use. The command line is a thin layer over these types.
//!
//! ```
//! use diabolo::{Config, FitJob, Predictor};
//!
//! let mut config = Config::default();
//! config.set("training.epochs=2")?;
//! let fitted = FitJob::input("digits").config(config).run()?;
//! println!("{:.1} nats a held-out row", fitted.metrics.reconstruction);
//!
//! let bytes = fitted.predictor.to_bytes()?;
//! let predictor = Predictor::from_bytes(&bytes)?;
//! let scored = predictor.score(&fitted.test)?;
//! assert_eq!(scored.scores.len(), fitted.test.num_rows());
//! # Ok::<(), diabolo::Error>(())
//! ```
//!
//! | | |
//! |---|---|
//! | [`FitJob`] | rows, configuration and callback of a fit; returns [`Fitted`] |
//! | [`Predictor`] | a saved model: transforms record batches |
//! | [`Forecaster`] | a saved forecast: the next values of series |
//! | [`Synthesizer`] | a saved model of a table: synthetic rows |
//! | [`EvaluationRows`] | held-out rows for evaluation |
//! | [`LatentSpace`] | rows as points of a latent space, for an explorer |
//! | [`Inspection`] | what an input holds, column by column |
//! | [`ComparisonDir`] | the folder of a comparison of families, which can be resumed |

mod alarms;
mod comparison_dir;
mod cross_fit;
mod denoising;
mod evaluation;
mod events;
mod features;
mod fit_job;
mod fitted;
mod forecast_latent;
mod forecast_plan;
mod forecast_split;
mod forecaster;
mod forecasting;
mod generation;
mod inspection;
mod latent;
mod pairing;
mod predictor;
mod prepared_job;
mod row;
mod score_run;
mod source_data;
mod synthesis;
mod synthesizer;
#[cfg(test)]
pub(crate) mod testing;

pub use alarms::{AlarmQuality, Truth};
pub use comparison_dir::{ComparisonDir, ComparisonEvent};
pub use cross_fit::{CrossFitted, cross_fit};
pub use denoising::{DenoisingTask, Noise};
pub use evaluation::{EvaluateOptions, Evaluated, EvaluationRows};
pub use events::{Cancel, Event, Phase, cancellable};
pub use features::{FeatureEvaluation, FineTuneEvent, FineTuning};
pub use fit_job::{FitJob, matrix};
pub use fitted::{Fitted, Trained};
pub use forecaster::{Forecaster, TestedForecast};
pub use forecasting::FittedForecast;
pub use generation::{GenerateConfig, Generated, Origin};
pub use inspection::{InspectedColumn, Inspection};
pub use latent::{
    Axes, Codebooks, ColumnDifference, DecodedCode, DecodedColumn, LatentSpace, Neighbour, Neighbours, Part,
    Plane, Returned, Selection,
};
pub use predictor::Predictor;
pub use prepared_job::PreparedJob;
pub(crate) use prepared_job::evaluated;
pub use row::{Cell, ScoredRow};
pub use score_run::{FoundAnomaly, ScoreRun, ScoreSummary};
pub use synthesis::FittedTable;
pub use synthesizer::Synthesizer;
