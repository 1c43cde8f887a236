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

/// The types of training problems. Each is reported once, when it appears.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// The decoder ignores the code.
    PosteriorCollapse,
    /// Most latent dimensions are noise.
    UnusedUnits,
    /// The KL divergence dominates the objective.
    KlDomination,
    /// A posterior is far wider than the prior.
    ExplodingVariance,
    /// The variance of the likelihood is that of the data.
    ExplainsNothing,
    /// The variance of the likelihood is at its lower bound.
    VanishingVariance,
    /// Codebook vectors are unused.
    DeadCodes,
    /// The validation objective is worse than the training objective.
    Overfitting,
}
