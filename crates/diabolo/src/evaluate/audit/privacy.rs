//! Attacks on the training rows behind synthetic rows, each beside what held-out rows give.

use std::collections::HashMap;

use serde::Serialize;

use super::learners::auc;
use super::points::{Points, Space};
use super::table::{AuditTable, Cells};
use super::{AuditOptions, Figure};
use crate::random::{Purpose, permutation, stream};
use crate::stats::Ranking;
use crate::stats::elementary::double::ln;
use crate::stats::elementary::square;

/// Rows that are compared with all others, at most.
const QUERIES: usize = 2000;
/// Rows of each side of a comparison of distances, at most.
const REFERENCE: usize = 20_000;

/// Rows that are no members, at least, for an attack on membership.
const LEAST_STRANGERS: usize = 20;

/// What attacks find.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Privacy {
    /// The share of rows that are equal to a training row.
    pub copies: Figure,
    /// The share of synthetic rows that are nearer to training rows than to as many held-out ones;
    /// ½ if nothing was copied. That of held-out rows is of others than these.
    pub nearer_to_training: Figure,
    /// Its 95 % interval, in which rows with the same nearest row are no independent trials.
    pub interval: [f64; 2],
    /// The AUC of an attacker who guesses which rows were trained on, by the density of synthetic
    /// rows around them relative to that of real rows. Held-out rows in the place of synthetic ones
    /// show what it finds by chance.
    pub membership_auc: Figure,
    /// The 95 % interval of that of synthetic rows, by its standard error (DeLong et al. 1988).
    pub membership_interval: Option<[f64; 2]>,
    /// The share of members that it finds with 1 % false alarms.
    pub membership_found: Figure,
    /// The AUC for the rarest 1 % of the rows.
    pub membership_auc_rarest: Figure,
    /// The share of right guesses of the secret of training rows, from the most similar synthetic
    /// row; of held-out rows; and the share of the most frequent value.
    pub secret: Option<Figure>,
}

/// Attacks training rows.
pub fn privacy(
    [synthetic, real, holdout]: [&AuditTable; 3],
    independent: &AuditTable,
    options: &AuditOptions,
) -> Privacy {
    let seed = options.seed;
    let parts = Parts::of(holdout, seed);
    let n = real.rows.min(parts.others.rows).min(REFERENCE);
    let space = Space::of(real);
    let references = [sample(real, n, seed, 10), sample(&parts.others, n, seed, 11)];
    let references = references.map(|rows| space.points(&rows));
    let nearer = |rows: &AuditTable| Nearer::of(&space.points(&sample(rows, QUERIES, seed, 12)), &references);
    let found = nearer(synthetic);
    let known = real.occurrences();
    let copies = |rows: &AuditTable| {
        (0..rows.rows).filter(|row| known.contains_key(&rows.key(*row))).count() as f64
            / rows.rows.max(1) as f64
    };
    let attacks = membership(real, [synthetic, &parts.in_place, independent], &parts.others, &space, seed);
    let of_attacks = |value: fn(&Membership) -> f64| {
        let [synthetic, holdout, independent] = attacks.each_ref().map(|found| found.as_ref().map(value));
        Figure { synthetic, holdout, independent }
    };
    Privacy {
        copies: Figure {
            synthetic: Some(copies(synthetic)),
            holdout: Some(copies(holdout)),
            independent: Some(copies(independent)),
        },
        nearer_to_training: Figure {
            synthetic: Some(found.share),
            holdout: (parts.in_place.rows > 0).then(|| nearer(&parts.in_place).share),
            independent: Some(nearer(independent).share),
        },
        interval: interval(found.share, found.error),
        membership_auc: of_attacks(|found| found.auc),
        membership_interval: attacks[0].as_ref().map(|found| interval(found.auc, found.error)),
        membership_found: of_attacks(|found| found.found),
        membership_auc_rarest: of_attacks(|found| found.rarest),
        secret: secret([synthetic, real, holdout], options),
    }
}

/// The 95 % interval of a share or an area.
fn interval(x: f64, error: f64) -> [f64; 2] {
    [-1.96, 1.96].map(|z| (x + z * error).clamp(0.0, 1.0))
}

/// Rows in random order, at most `most`.
fn sample(table: &AuditTable, most: usize, seed: u64, part: u64) -> AuditTable {
    table.sample(most, &mut stream(seed, Purpose::AuditDistances, 3, part))
}

/// The sum of the differences of numbers.
fn gap(x: f32, y: f32) -> f32 {
    (x - y).abs()
}

/// The share of rows that are nearer to training rows than to as many held-out ones, ties half.
///
/// Without a leak, the reference row that is nearest to a row is a training row with probability ½,
/// and rows that have the same one are no independent trials. With w the share of the rows that
/// each reference row is nearest to,
///
/// ```text
/// SE² = ¼ Σ w²,   which is 1 / 4n if n rows have n different ones
/// ```
struct Nearer {
    share: f64,
    error: f64,
}

impl Nearer {
    fn of(rows: &Points, [train, held]: &[Points; 2]) -> Self {
        let (to_train, to_held) = (rows.nearest(train, gap), rows.nearest(held, gap));
        let (mut share, mut nearest) = (0.0, HashMap::<(bool, usize), f64>::new());
        let weight = 1.0 / rows.rows.max(1) as f64;
        for ((a, of_train), (b, of_held)) in to_train.into_iter().zip(to_held) {
            if a == b {
                share += weight / 2.0;
                continue;
            }
            share += if a < b { weight } else { 0.0 };
            *nearest.entry((a < b, if a < b { of_train } else { of_held })).or_default() += weight;
        }
        // In an order of their own, sums would have other bits in every run.
        let mut weights: Vec<f64> = nearest.into_values().collect();
        weights.sort_by(f64::total_cmp);
        Nearer { share, error: 0.5 * weights.into_iter().map(square).sum::<f64>().sqrt() }
    }
}

/// The held-out rows in two parts.
struct Parts {
    /// A third of them, which stand in the place of synthetic rows.
    in_place: AuditTable,
    /// Those that distances are compared with, and that are no members.
    others: AuditTable,
}

impl Parts {
    fn of(holdout: &AuditTable, seed: u64) -> Self {
        let order = permutation(&mut stream(seed, Purpose::AuditHoldout, 3, 20), holdout.rows);
        let (first, rest) = order.split_at(holdout.rows / 3);
        Parts { in_place: holdout.at(first), others: holdout.at(rest) }
    }
}

/// What an attack on membership finds.
struct Membership {
    auc: f64,
    /// Its standard error.
    error: f64,
    /// True positives at 1 % false positives.
    found: f64,
    /// The AUC of the rarest rows.
    rarest: f64,
}

/// The attack on membership with each of some tables of synthetic rows. The score of a row is
/// log d_R − log d_S: the distances to the nearest row of reference and to the nearest synthetic
/// one. Half of the held-out rows are the reference, the others are no members.
fn membership(
    real: &AuditTable,
    drawn: [&AuditTable; 3],
    holdout: &AuditTable,
    space: &Space,
    seed: u64,
) -> [Option<Membership>; 3] {
    let half = holdout.rows / 2;
    let n = half.min(QUERIES).min(real.rows);
    if n < LEAST_STRANGERS {
        return [const { None }; 3];
    }
    let strangers = holdout.at(&(0..n).collect::<Vec<_>>());
    let reference = space.points(&holdout.at(&(half..holdout.rows).collect::<Vec<_>>()));
    let both = [sample(real, n, seed, 21), strangers].map(|rows| space.points(&rows));
    let distances = |others: &Points| -> Vec<f64> {
        both.iter().flat_map(|rows| rows.nearest(others, gap)).map(|(distance, _)| distance).collect()
    };
    let rarity = distances(&reference);
    drawn.map(|rows| {
        let to_rows = distances(&space.points(&sample(rows, REFERENCE, seed, 22)));
        let score = |(r, s): (&f64, &f64)| ln(r + 1e-3) - ln(s + 1e-3);
        let scores: Vec<f64> = rarity.iter().zip(&to_rows).map(score).collect();
        Membership::of(&scores, &rarity).filter(|_| rows.rows > 0)
    })
}

impl Membership {
    /// What scores tell of which rows are members: the first half is.
    fn of(scores: &[f64], rarity: &[f64]) -> Option<Self> {
        let n = scores.len() / 2;
        let is_member: Vec<bool> = (0..2 * n).map(|row| row < n).collect();
        let mut false_alarms = scores[n..].to_vec();
        false_alarms.sort_by(f64::total_cmp);
        let limit = false_alarms[(0.99 * n as f64) as usize];
        let found = scores[..n].iter().filter(|score| **score > limit).count() as f64 / n as f64;
        let mut order: Vec<usize> = (0..2 * n).collect();
        order.sort_by(|a, b| rarity[*b].total_cmp(&rarity[*a]));
        order.truncate((2 * n / 100).max(20));
        let rare: (Vec<f64>, Vec<bool>) = order.iter().map(|&row| (scores[row], is_member[row])).unzip();
        let ranking = Ranking::of(scores, &is_member)?;
        let rarest = auc(&rare.0, &rare.1);
        Some(Membership { auc: ranking.auroc(), error: ranking.auroc_error(), found, rarest })
    }
}

/// The guesses of a secret from the most similar synthetic row.
fn secret([synthetic, real, holdout]: [&AuditTable; 3], options: &AuditOptions) -> Option<Figure> {
    let at = real.position(options.secret.as_deref()?)?;
    let known = sample(synthetic, REFERENCE, options.seed, 30);
    let space = Space::of(&real.without(at));
    let known_rest = space.points(&known.without(at));
    let right = |table: &AuditTable, part: u64| {
        let rows = sample(table, QUERIES, options.seed, part);
        let nearest = space.points(&rows.without(at)).nearest(&known_rest, gap);
        let same = |row: usize, other: usize| match [&rows, &known].map(|table| &table.columns[at].cells) {
            [Cells::Levels(a), Cells::Levels(b)] => a[row] == b[other],
            [Cells::Numbers(a), Cells::Numbers(b)] => a[row] == b[other],
            _ => false,
        };
        let hits = nearest.iter().enumerate().filter(|(row, other)| same(*row, other.1)).count();
        hits as f64 / rows.rows.max(1) as f64
    };
    let usual = match &real.columns[at].cells {
        Cells::Levels(levels) => {
            let mut counts = vec![0usize; real.columns[at].levels.len()];
            levels.iter().for_each(|level| counts[*level as usize] += 1);
            counts.into_iter().max().map(|most| most as f64 / real.rows.max(1) as f64)
        }
        Cells::Numbers(_) => None,
    };
    Some(Figure { synthetic: Some(right(real, 31)), holdout: Some(right(holdout, 32)), independent: usual })
}
