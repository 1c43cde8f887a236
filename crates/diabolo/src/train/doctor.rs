//! Diagnosis of training problems from the history: a message with the metric and a remedy.
//!
//! | finding | condition |
//! |---|---|
//! | posterior collapse | KL below 0.1 nats, or no active latent dimension: the decoder ignores the code |
//! | unused units | at most a tenth of the latent dimensions are active |
//! | exploding variance | a posterior's log σ² is above 5: it carries less information than the prior |
//! | explains nothing | reconstructions are hardly closer to held-out rows than the mean of those rows |
//! | vanishing variance | a learned variance of the likelihood is at its lower bound, and little of the variance of all columns is explained: a column is constant, or copied, and hides the others |
//! | dead codes | less than a fifth of a codebook is used |
//! | overfitting | the validation objective has lost a fifth of what it had gained, and is worse than the training objective by as much |
//! | worse than constants | held-out rows are less likely than under the same distribution for every row, by more than two standard errors |
//!
//! A condition must hold for a tenth of the epochs in a row: in the first epochs, and during a
//! warm-up, many do for a while. The last one is of the kept weights, when training has ended.
//!
//! A share of the KL divergence in the objective is no problem: a Gaussian is a density, whose
//! negative logarithm may be near or below 0, and of rows that are reconstructed exactly the KL
//! divergence is all that is left.
//!
//! Active latent dimensions: Burda et al. (2015), section 5.1. Posterior collapse and its remedies:
//! Bowman et al. (2016); Kingma et al. (2016).

use super::{EpochRecord, Finding, FindingKind};

/// The first epoch to examine; earlier metrics are not meaningful.
const FIRST_EPOCH: usize = 2;

/// A problem in one epoch: its message, or `None`.
type Rule = fn(&EpochRecord, &[EpochRecord]) -> Option<String>;

const RULES: [(FindingKind, Rule); 7] = [
    (FindingKind::PosteriorCollapse, posterior_collapse),
    (FindingKind::UnusedUnits, unused_units),
    (FindingKind::ExplodingVariance, exploding_variance),
    (FindingKind::ExplainsNothing, explains_nothing),
    (FindingKind::VanishingVariance, vanishing_variance),
    (FindingKind::DeadCodes, dead_codes),
    (FindingKind::Overfitting, overfitting),
];

/// Examines the epoch of `record`, one of `epochs`; `earlier` are the previous ones.
pub fn examine(record: &EpochRecord, earlier: &[EpochRecord], epochs: usize) -> Vec<Finding> {
    if record.layer.is_some() {
        return vec![];
    }
    let whole = earlier.iter().position(|e| e.layer.is_none()).map_or(&[][..], |first| &earlier[first..]);
    let persistent = (epochs / 10).max(1);
    let holds = |rule: Rule| {
        let message = rule(record, whole).filter(|_| record.epoch >= FIRST_EPOCH.max(persistent))?;
        let before = (1..persistent).all(|back| match whole.len().checked_sub(back) {
            Some(at) => rule(&whole[at], &whole[..at]).is_some(),
            None => false,
        });
        before.then_some(message)
    };
    let found = RULES.iter().filter_map(|&(kind, rule)| Some(Finding { kind, message: holds(rule)? }));
    let found: Vec<Finding> = found.collect();
    let collapsed = found.iter().any(|finding| finding.kind == FindingKind::PosteriorCollapse);
    // What follows from a collapse is not said again.
    let follows = |kind| matches!(kind, FindingKind::UnusedUnits | FindingKind::ExplainsNothing);
    found.into_iter().filter(|finding| !(collapsed && follows(finding.kind))).collect()
}

/// Compares a fitted model with constants, by −log p(x) of the same held-out rows in nats per
/// example; `error` is the standard error of the difference, `figure` the name of the model's own.
pub fn compare_with_constants(figure: &str, own: f64, constant: f64, error: f64) -> Option<Finding> {
    // A number that is not comparable is not better either.
    let as_good = own <= constant || own - constant <= 2.0 * error;
    (!as_good).then(|| Finding {
        kind: FindingKind::WorseThanConstants,
        message: format!(
            "worse than a trivial model: the {figure} of held-out rows is {own:.2} nats, and {constant:.2} for the mean and the \
             frequencies of each column, the same for every row. Either these rows have nothing in common that the model can \
             learn, or training went wrong. Try a smaller --learning-rate if the objective rises or jumps, more --epochs if it \
             still falls, a smaller --latent-dim if it falls for training rows only, a smaller --contraction-weight or \
             --kl-weight if only its penalty falls"
        ),
    })
}

fn posterior_collapse(record: &EpochRecord, _: &[EpochRecord]) -> Option<String> {
    const LEAST_KL: f64 = 0.1;
    let kl = record.monitored_terms().get("kl_divergence").copied()?;
    // A low KL divergence is intended while the capacity grows.
    if record.monitored_terms().contains_key("capacity_gap") {
        return None;
    }
    let (active, units) = record.health.map_or((usize::MAX, 0), |s| (s.active_units, s.latent_dim));
    (kl < LEAST_KL || active == 0).then(|| {
        let active = match units > 0 {
            true => format!(", {active} of {units} latent dimensions active"),
            false => String::new(),
        };
        format!(
            "posterior collapse: KL divergence {kl:.3} nats{active}. The decoder ignores the code, and codes carry \
             no information. Try --kl-warmup 10, --bound free_bits:0.1, or a smaller --kl-weight"
        )
    })
}

fn unused_units(record: &EpochRecord, _: &[EpochRecord]) -> Option<String> {
    let health = record.health?;
    record.monitored_terms().get("kl_divergence")?;
    (health.active_units * 10 <= health.latent_dim).then(|| {
        format!(
            "unused latent dimensions: only {} of {} are active, the others carry no information. A smaller --latent-dim \
             gives the same model; --kl-warmup 10 or --bound free_bits:0.1 may activate more",
            health.active_units, health.latent_dim
        )
    })
}

fn exploding_variance(record: &EpochRecord, _: &[EpochRecord]) -> Option<String> {
    const LARGEST: f64 = 5.0;
    let largest = record.health?.posterior_log_variance?;
    (largest > LARGEST).then(|| {
        format!(
            "exploding variance: a posterior has log σ² = {largest:.1}, far wider than the prior. Some rows are extreme \
             outliers, or the learning rate is too large. Try a smaller --learning-rate, --gradient-clip 5, or --numeric quantile"
        )
    })
}

fn explains_nothing(record: &EpochRecord, _: &[EpochRecord]) -> Option<String> {
    const LEAST: f64 = 0.02;
    let explained = record.health?.explained_variance?;
    (explained < LEAST).then(|| {
        format!(
            "no variance explained: reconstructions explain {:.1} % of the variance of held-out rows, hardly more than their \
             mean does. Try a smaller --kl-weight or more --epochs; or a smaller --learning-rate, if the objective rises or jumps",
            100.0 * explained
        )
    })
}

fn vanishing_variance(record: &EpochRecord, _: &[EpochRecord]) -> Option<String> {
    const LEAST: f64 = -10.0;
    const OTHERS: f64 = 0.25;
    let [smallest, _] = record.health?.likelihood_log_variance?;
    // A copy does no harm while the other columns are explained as well.
    let explained = record.health?.explained_variance.unwrap_or(0.0);
    (smallest < LEAST && explained < OTHERS).then(|| {
        "vanishing variance: a learned variance of the likelihood is at its lower bound. A column is constant or a copy of \
         another, and its likelihood dominates. Exclude it with --drop, or fix the variance with --variance 1"
            .into()
    })
}

fn dead_codes(record: &EpochRecord, _: &[EpochRecord]) -> Option<String> {
    const LEAST: f64 = 0.2;
    let used = record.health?.codes_used?;
    (used < LEAST).then(|| {
        format!(
            "dead codes: only {:.0} % of the codebook is used. Try a smaller --codebook-size, or a larger --learning-rate",
            100.0 * used
        )
    })
}

fn overfitting(record: &EpochRecord, earlier: &[EpochRecord]) -> Option<String> {
    const SHARE: f64 = 0.2;
    // During a warm-up the two objectives have different weights, so negative ELBOs are compared.
    // For an importance-weighted bound, the bound is compared, since its posterior is wide by
    // design.
    let names = ["importance_bound", "negative_elbo", "objective"];
    let name = names.into_iter().find(|name| record.train.contains_key(*name))?;
    let (train, held_out) = (record.train.get(name)?, record.validation.get(name)?);
    let first = earlier.first()?.validation.get(name)?;
    let best = earlier.iter().filter_map(|e| e.validation.get(name)).copied().fold(f64::INFINITY, f64::min);
    let gap = held_out - train;
    // Of what was gained: the sign and the size of a density have no meaning. At least a nat.
    let lost = SHARE * (first - best).max(1.0 / SHARE);
    (gap > lost && held_out - best > lost).then(|| {
        format!(
            "overfitting: the validation objective is {held_out:.2} nats, {gap:.2} above the training objective and \
             {best:.2} at its best. The best weights are kept. Try fewer --hidden units, a smaller --latent-dim, or more rows"
        )
    })
}

#[cfg(test)]
mod tests;
