//! The findings of [`examine`](super::examine).

use serde::{Deserialize, Serialize};

/// A training problem found after an epoch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The type of problem.
    pub kind: FindingKind,
    /// A message with the metric and a remedy.
    pub message: String,
}

/// The types of training problems. Each is printed once, when it first appears.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// The decoder ignores the code.
    PosteriorCollapse,
    /// Most latent dimensions are noise.
    UnusedUnits,
    /// A posterior is far wider than the prior.
    ExplodingVariance,
    /// Reconstructions are hardly closer to rows than their mean.
    ExplainsNothing,
    /// The variance of the likelihood is at its lower bound.
    VanishingVariance,
    /// Codebook vectors are unused.
    DeadCodes,
    /// The validation objective is worse than the training objective.
    Overfitting,
    /// Held-out rows are less likely than under constants.
    WorseThanConstants,
    /// One of another version of this program.
    #[serde(other)]
    Other,
}
