//! The record of an epoch: one line of `history.jsonl`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Finding;
use crate::model::HealthStats;
use crate::objective::Term;
use crate::{Error, Result};

/// The names that a record computes from the terms, which no term may have.
const COMPUTED: [&str; 2] = ["objective", "negative_elbo"];

/// One epoch. All terms are nats per example; `objective` is their weighted sum.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// 1-based.
    pub epoch: usize,
    /// The 1-based layer that was pretrained in this epoch; `None` for the whole model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layer: Option<usize>,
    /// Means over the epoch's training batches, computed before each step.
    pub train: BTreeMap<String, f64>,
    /// Means over the validation rows after the epoch; empty without validation rows.
    pub validation: BTreeMap<String, f64>,
    /// At the epoch's last step.
    pub learning_rate: f64,
    /// Wall time of the epoch.
    pub seconds: f64,
    /// Training rows over wall time.
    pub examples_per_second: f64,
    /// The health statistics of the model on the validation rows.
    #[serde(default, alias = "signs", skip_serializing_if = "Option::is_none")]
    pub health: Option<HealthStats>,
    /// Training problems, if any; see [`examine`](super::examine).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
}

impl EpochRecord {
    /// The objective that early stopping monitors: on validation rows, or on training rows if there
    /// are none.
    pub fn monitored(&self) -> f64 {
        self.monitored_terms().get("objective").copied().unwrap_or(f64::INFINITY)
    }

    /// The terms on validation rows, or on training rows if there are none.
    pub fn monitored_terms(&self) -> &BTreeMap<String, f64> {
        if self.validation.is_empty() { &self.train } else { &self.validation }
    }
}

/// Sums of terms over examples.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TermSums {
    examples: usize,
    sums: BTreeMap<String, f64>,
}

/// One term's mean over a batch, on the host.
pub struct TermMean {
    /// The term's name.
    pub name: &'static str,
    /// Its mean over the batch.
    pub value: f64,
    /// Its weight in the objective.
    pub weight: f64,
}

impl TermMean {
    /// Copies a term's mean to the host.
    pub fn of(term: &Term) -> Self {
        let value = term.value.clone().detach().mean().into_scalar();
        TermMean { name: term.name, value, weight: term.weight }
    }
}

/// Checks that the names of terms are unique, since values with the same name would be added.
pub(super) fn check_names(means: &[TermMean]) -> Result<()> {
    for (i, TermMean { name, .. }) in means.iter().enumerate() {
        if COMPUTED.contains(name) || means[..i].iter().any(|earlier| earlier.name == *name) {
            let expected = format!("a name of its own for every term, and none of {}", COMPUTED.join(", "));
            return Err(Error::config("term", expected, name));
        }
    }
    Ok(())
}

impl TermSums {
    /// Adds the means of a batch of `examples` rows.
    pub fn add(&mut self, means: &[TermMean], examples: usize) {
        let n = examples as f64;
        self.examples += examples;
        for mean in means {
            *self.sums.entry(mean.name.to_string()).or_default() += mean.value * n;
        }
        let objective: f64 = means.iter().map(|m| m.value * m.weight).sum();
        *self.sums.entry("objective".into()).or_default() += objective * n;
    }

    /// The means; with a KL divergence also their negative ELBO.
    pub fn means(&self) -> BTreeMap<String, f64> {
        let mut means: BTreeMap<String, f64> =
            self.sums.iter().map(|(name, sum)| (name.clone(), sum / self.examples as f64)).collect();
        if let (Some(r), Some(kl)) = (means.get("reconstruction"), means.get("kl_divergence")) {
            means.insert("negative_elbo".into(), r + kl);
        }
        means
    }
}
