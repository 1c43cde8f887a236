//! Counter-based random streams: the only source of randomness.
//!
//! A stream is identified by its purpose, not by the order of calls. The 256-bit ChaCha8 key is
//! (seed, purpose, epoch, step), so the same four numbers give the same bits on any machine, for
//! any number of threads, and after a resume. There is no global generator.
//!
//! The samplers use the functions of [`elementary`](crate::elementary), for the same draws on any
//! processor.

mod counts;
mod gamma;
mod normal;

use rand::SeedableRng;

pub use counts::{binomial, poisson};
pub use gamma::{gamma, student_t};
pub use normal::{normal, standard_normal};
pub use rand::RngExt;
pub use rand::rngs::ChaCha8Rng as Stream;

/// The purpose of a stream: one variant per use, so that no two uses share a stream.
///
/// The numbers are part of the reproducibility contract: never change or reuse one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u64)]
pub enum Purpose {
    /// Splitting rows into training, validation and test.
    Split = 1,
    /// Initial weights of a model.
    Initialize = 2,
    /// The order of the training rows in an epoch.
    Shuffle = 3,
    /// Noise of the objective in a training step: reparameterization, corruption.
    Train = 4,
    /// Noise of the objective on validation rows, after every epoch.
    Evaluate = 5,
    /// Codes from the prior, and rows drawn from them.
    Generate = 6,
    /// Which held-out rows a report shows.
    Choose = 7,
    /// Binarizing pixels: once in epoch 0, in each training step from epoch 1 on.
    Binarize = 8,
    /// Draws of imputed cells.
    Impute = 10,
    /// Noise that `denoise` adds to clean rows.
    Corrupt = 11,
    /// Initial weights of a classifier on top of an encoder.
    InitializeClassifier = 12,
    /// Which rows a latent map shows.
    MapRows = 13,
    /// Which rows a latent summary measures.
    LatentSummaryRows = 14,
    /// Which test rows a comparison shows and measures samples against.
    ComparedRows = 15,
    /// Starts of k-means.
    Cluster = 16,
    /// Which rows the prior of a vector-quantized model is fitted to.
    CodePriorRows = 17,
    /// Which held-out rows calibrate a detector.
    CalibrationRows = 18,
    /// Which training rows estimate the mean loss of each column.
    TypicalRows = 19,
    /// The sample of rows for diagnostics.
    DiagnosedRows = 20,
    /// Draws for the evaluated terms of the objective.
    BoundTerms = 21,
    /// Probes of an estimated contraction, in evaluation.
    ContractionProbes = 22,
    /// Draws for the importance-sampled bound on log p(x), different for each row.
    ImportanceDraws = 23,
    /// The same, shared by all rows.
    CommonImportanceDraws = 24,
    /// Directions in which the contraction ratio is measured.
    Directions = 25,
    /// Noise on the input for the robustness of codes and reconstructions.
    InputNoise = 26,
    /// Noise on the input in a comparison of models.
    ComparisonNoise = 27,
    /// Rows drawn from given codes.
    DecodedRows = 28,
    /// Codes near a given one.
    NearbyCodes = 29,
    /// Transitions of one chain of the contractive walk.
    WalkChain = 30,
    /// Rows drawn along the contractive walk.
    WalkedRows = 31,
    /// Which observed cells are masked to measure imputation.
    MaskedCells = 32,
    /// Draws for the terms of the objective that a caller requests.
    ObjectiveTerms = 33,
    /// Members of pooled categories, in decoded draws.
    PooledLevels = 34,
    /// Rows that calibrate draws of columns that are mostly 0.
    CalibratedDraws = 35,
    /// Sample paths of a forecast.
    ForecastPaths = 36,
    /// Initial weights of the latent part of a forecast.
    InitializeForecast = 37,
    /// Evaluation of the latent part of a forecast, which draws nothing.
    EvaluateForecast = 38,
    /// Weights of the latent part of a forecast before they are read from a file.
    LoadForecast = 39,
    /// The initial bits of a codec.
    CodecInitialBits = 40,
    /// Draws by which a codec weighs a model.
    CodecPlan = 41,
    /// Where a number of a synthetic table's source lies within its step.
    CodedTable = 45,
    /// Initial weights of a model of synthetic tables.
    InitializeSynthetic = 46,
    /// Synthetic rows.
    SyntheticRows = 47,
    /// Rows by which the columns of synthetic tables are corrected.
    CalibrateSynthetic = 48,
    /// Which rows drawn under conditions are kept.
    SelectSynthetic = 49,
    /// The order of each column in an audit's independent columns.
    AuditRows = 50,
    /// Weights of a model of synthetic tables before they are read from a file.
    LoadSynthetic = 51,
    /// Rare levels of synthetic rows.
    SyntheticLevels = 52,
    /// Which rows determine the plane of a latent space, and the order in which they are shown.
    LatentSpaceRows = 58,
    /// Draws from p(x|z) that give the spread of a decoded code.
    DecodedSpread = 59,
    /// Heights at which codes of one dimension are shown.
    PlaneHeights = 60,
    /// Noise that the lab shows: a number for each figure is the epoch.
    LabNoise = 61,
    /// Rows on which an audit's boosted trees are fitted.
    AuditLearners = 53,
    /// Rows whose distances an audit compares.
    AuditDistances = 54,
    /// Halves of the held-out rows of an audit.
    AuditHoldout = 66,
    /// Rows of which an audit compares the supports.
    AuditSupport = 74,
    /// The order of rows with balanced levels.
    ShuffleSynthetic = 67,
    /// The built-in data set `customers`.
    BuiltInCustomers = 80,
    /// The built-in data set `pumps`.
    BuiltInPumps = 81,
    /// Changes of training images.
    Augment = 87,
    /// The conditions of new rows of a conditional model.
    DrawnConditions = 68,
    /// The conditions of the rows that calibrate draws of columns that are mostly 0.
    CalibratedConditions = 69,
    /// Which training rows the robust centre of a fit is estimated from.
    CentralRows = 63,
    /// The parts of cross-fitting.
    CrossFitting = 64,
    /// Which of many held-out rows a fit evaluates.
    EvaluatedRows = 42,
    /// Which levels stand for the others of a category with many.
    SampledLevels = 43,
    /// Which of many validation rows are scored after an epoch.
    ValidatedRows = 44,
    /// The corruption of test rows in a comparison of models.
    ComparisonCorruption = 70,
    /// Draws for the terms of the objective on held-out rows.
    EvaluatedTerms = 71,
    /// Draws from the posterior of encoded rows.
    EncodedDraws = 72,
    /// A row drawn from the code that a page shows.
    DrawnCode = 73,
    /// Which of many windows of series a fit of forecasts uses: a number for each use is the epoch.
    ForecastWindows = 82,
}

/// The stream for (seed, purpose, epoch, step).
///
/// ```
/// use diabolo_stats::random::{RngExt, Purpose, stream};
/// let a: u64 = stream(7, Purpose::Train, 3, 12).random();
/// let b: u64 = stream(7, Purpose::Train, 3, 12).random();
/// let c: u64 = stream(7, Purpose::Train, 3, 13).random();
/// assert_eq!(a, b);
/// assert_ne!(a, c);
/// ```
pub fn stream(seed: u64, purpose: Purpose, epoch: u64, step: u64) -> Stream {
    let mut key = [0u8; 32];
    for (bytes, word) in key.chunks_exact_mut(8).zip([seed, purpose as u64, epoch, step]) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    Stream::from_seed(key)
}

/// A draw from the uniform distribution on (0, 1): the centre of one of 2⁵² cells.
pub fn uniform(stream: &mut Stream) -> f64 {
    centre_of_cell(stream.random())
}

/// (k + ½) / 2⁵², k the upper 52 bits.
fn centre_of_cell(bits: u64) -> f64 {
    // 1 + k/2⁵² by its bits, as the instruction that converts an integer waits for the last one's
    // result; the difference is exact.
    f64::from_bits(0x3ff0_0000_0000_0000 | bits >> 12) - (1.0 - 0.5 * f64::EPSILON)
}

/// The draws for the rows of a batch.
pub enum RowNoise<'a> {
    /// Every row has its own draws.
    Own(&'a mut Stream),
    /// All rows share the same draws.
    Common(&'a mut Stream),
}

impl RowNoise<'_> {
    /// `each` draws from the standard normal distribution for every row, row-major.
    pub fn standard_normal(&mut self, rows: usize, each: usize) -> Vec<f32> {
        match self {
            RowNoise::Own(stream) => standard_normal(stream, rows * each),
            RowNoise::Common(stream) => standard_normal(stream, each).repeat(rows),
        }
    }
}

/// The entry that contains a position in [0, Σ weights), where each entry is as wide as its weight;
/// `None` at or beyond the sum.
///
/// With `position` = u · Σ weights, u uniform in [0, 1), entry i is drawn with probability wᵢ / Σ
/// weights; [`weighted_index_or_last`] takes care of a position that rounding moves beyond.
pub fn weighted_index<W: Copy + Into<f64>>(weights: &[W], position: f64) -> Option<usize> {
    let mut sum = 0.0;
    weights.iter().position(|&weight| {
        sum += weight.into();
        position < sum
    })
}

/// [`weighted_index`]; at or beyond the sum the last entry with a weight, or the last one if none
/// has.
///
/// # Panics
/// Without entries.
pub fn weighted_index_or_last<W: Copy + Into<f64>>(weights: &[W], position: f64) -> usize {
    let last = || weights.iter().rposition(|&weight| weight.into() > 0.0);
    weighted_index(weights, position).or_else(last).unwrap_or(weights.len() - 1)
}

/// A permutation of `0..n`, by Fisher–Yates.
pub fn permutation(stream: &mut Stream, n: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    for i in (1..n).rev() {
        order.swap(i, stream.random_range(0..=i as u64) as usize);
    }
    order
}

/// √n times the largest difference of the empirical distribution function of n `draws` from F
/// (Kolmogorov & Smirnov): above 1.95 for one in a thousand samples.
#[cfg(test)]
fn kolmogorov(mut draws: Vec<f64>, distribution_function: impl Fn(f64) -> f64) -> f64 {
    draws.sort_unstable_by(f64::total_cmp);
    let n = draws.len() as f64;
    let gap = |(i, &x): (usize, &f64)| {
        let (f, i) = (distribution_function(x), i as f64);
        (f - i / n).max((i + 1.0) / n - f)
    };
    draws.iter().enumerate().map(gap).fold(0.0, f64::max) * n.sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Purpose; 72] = [
        Purpose::Augment,
        Purpose::ForecastWindows,
        Purpose::DrawnCode,
        Purpose::EncodedDraws,
        Purpose::ComparisonCorruption,
        Purpose::EvaluatedTerms,
        Purpose::AuditSupport,
        Purpose::DrawnConditions,
        Purpose::CalibratedConditions,
        Purpose::Split,
        Purpose::Initialize,
        Purpose::Shuffle,
        Purpose::Train,
        Purpose::Evaluate,
        Purpose::Generate,
        Purpose::Choose,
        Purpose::Binarize,
        Purpose::Impute,
        Purpose::Corrupt,
        Purpose::InitializeClassifier,
        Purpose::MapRows,
        Purpose::LatentSummaryRows,
        Purpose::ComparedRows,
        Purpose::Cluster,
        Purpose::CodePriorRows,
        Purpose::CalibrationRows,
        Purpose::TypicalRows,
        Purpose::DiagnosedRows,
        Purpose::BoundTerms,
        Purpose::ContractionProbes,
        Purpose::ImportanceDraws,
        Purpose::CommonImportanceDraws,
        Purpose::Directions,
        Purpose::InputNoise,
        Purpose::ComparisonNoise,
        Purpose::DecodedRows,
        Purpose::NearbyCodes,
        Purpose::WalkChain,
        Purpose::WalkedRows,
        Purpose::MaskedCells,
        Purpose::ObjectiveTerms,
        Purpose::PooledLevels,
        Purpose::CalibratedDraws,
        Purpose::CodecInitialBits,
        Purpose::CodecPlan,
        Purpose::LatentSpaceRows,
        Purpose::DecodedSpread,
        Purpose::PlaneHeights,
        Purpose::LabNoise,
        Purpose::CentralRows,
        Purpose::CrossFitting,
        Purpose::EvaluatedRows,
        Purpose::SampledLevels,
        Purpose::ValidatedRows,
        Purpose::ForecastPaths,
        Purpose::InitializeForecast,
        Purpose::EvaluateForecast,
        Purpose::LoadForecast,
        Purpose::CodedTable,
        Purpose::InitializeSynthetic,
        Purpose::SyntheticRows,
        Purpose::CalibrateSynthetic,
        Purpose::SelectSynthetic,
        Purpose::AuditRows,
        Purpose::AuditLearners,
        Purpose::AuditDistances,
        Purpose::AuditHoldout,
        Purpose::ShuffleSynthetic,
        Purpose::LoadSynthetic,
        Purpose::SyntheticLevels,
        Purpose::BuiltInCustomers,
        Purpose::BuiltInPumps,
    ];

    #[test]
    fn no_two_purposes_share_a_stream() {
        // The list contains every variant: the lines of the enum are counted.
        let lines = include_str!("random.rs").lines();
        let body =
            lines.skip_while(|line| !line.starts_with("pub enum Purpose")).take_while(|line| *line != "}");
        assert_eq!(body.filter(|line| line.contains(" = ")).count(), ALL.len());
        let begins = |purpose, epoch, step| -> [u64; 4] {
            let mut stream = stream(1, purpose, epoch, step);
            std::array::from_fn(|_| stream.random())
        };
        let cells = || (0..3).flat_map(|epoch| (0..3).map(move |step| (epoch, step)));
        for (i, &a) in ALL.iter().enumerate() {
            for &b in &ALL[..i] {
                for (epoch, step) in cells() {
                    for (other_epoch, other_step) in cells() {
                        let other = begins(b, other_epoch, other_step);
                        assert_ne!(begins(a, epoch, step), other, "{a:?} and {b:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_position_falls_into_the_entry_that_is_as_wide_as_its_weight() {
        let at = |position| weighted_index(&[0.25f32, 0.0, 0.75], position);
        assert_eq!([0.0, 0.2, 0.25, 0.99, 1.0].map(at), [Some(0), Some(0), Some(2), Some(2), None]);
        assert_eq!(weighted_index(&[2.0, 3.0], 4.5), Some(1));
        assert_eq!(weighted_index::<f64>(&[], 0.0), None);
        assert_eq!(weighted_index_or_last(&[0.25, 0.0, 0.75, 0.0], 1.0), 2);
        assert_eq!(weighted_index_or_last(&[0.0, 0.0], 0.0), 1);
    }

    #[test]
    fn a_permutation_visits_every_row_once() {
        let mut order = permutation(&mut stream(5, Purpose::Shuffle, 1, 0), 1000);
        assert_ne!(order, (0..1000).collect::<Vec<_>>());
        order.sort_unstable();
        assert_eq!(order, (0..1000).collect::<Vec<_>>());
    }

    #[test]
    fn a_uniform_draw_is_inside_of_its_interval() {
        assert_eq!(centre_of_cell(0), 2f64.powi(-53));
        assert_eq!(centre_of_cell(u64::MAX), 1.0f64.next_down());
        assert_eq!(centre_of_cell(1 << 63), 0.5 + 2f64.powi(-53));
        let mut noise = stream(11, Purpose::Train, 0, 0);
        assert!(kolmogorov((0..100_000).map(|_| uniform(&mut noise)).collect(), |u| u) < 1.95);
    }
}
