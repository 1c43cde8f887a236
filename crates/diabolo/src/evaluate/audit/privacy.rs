//! Attacks on the training rows behind synthetic rows, each beside what held-out rows give.

use rayon::prelude::*;
use serde::Serialize;

use super::learners::auc;
use super::table::{AuditTable, Cells};
use super::{AuditOptions, Figure};
use crate::random::{Purpose, permutation, stream};
use crate::stats::elementary::double::ln;

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
    /// Its 95 % interval.
    pub interval: [f64; 2],
    /// The AUC of an attacker who guesses which rows were trained on, by the density of synthetic
    /// rows around them relative to that of real rows. Held-out rows in the place of synthetic ones
    /// show what it finds by chance.
    pub membership_auc: Figure,
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
    let scale = Scale::of(real);
    let (train, held) = (sample(real, n, seed, 10), sample(&parts.others, n, seed, 11));
    let share = |rows: &AuditTable| {
        let queries = sample(rows, QUERIES, seed, 12);
        let (to_train, to_held) = (scale.nearest(&queries, &train), scale.nearest(&queries, &held));
        let nearer = |(a, b): (&f64, &f64)| if a < b { 1.0 } else { f64::from(u8::from(a == b)) / 2.0 };
        to_train.iter().zip(&to_held).map(nearer).sum::<f64>() / queries.rows.max(1) as f64
    };
    let found = share(synthetic);
    let spread = 1.96 * (0.25 / QUERIES.min(synthetic.rows).max(1) as f64).sqrt();
    let known = real.occurrences();
    let copies = |rows: &AuditTable| {
        (0..rows.rows).filter(|row| known.contains_key(&rows.key(*row))).count() as f64
            / rows.rows.max(1) as f64
    };
    let attack = membership(real, [synthetic, &parts.in_place, independent], &parts.others, &scale, seed);
    let of_attack = |at: usize| {
        let [synthetic, holdout, independent] = attack.map(|found| found.map(|all| all[at]));
        Figure { synthetic, holdout, independent }
    };
    Privacy {
        copies: Figure {
            synthetic: Some(copies(synthetic)),
            holdout: Some(copies(holdout)),
            independent: Some(copies(independent)),
        },
        nearer_to_training: Figure {
            synthetic: Some(found),
            holdout: (parts.in_place.rows > 0).then(|| share(&parts.in_place)),
            independent: Some(share(independent)),
        },
        interval: [found - spread, found + spread],
        membership_auc: of_attack(0),
        membership_found: of_attack(1),
        membership_auc_rarest: of_attack(2),
        secret: secret([synthetic, real, holdout], options),
    }
}

/// Rows in random order, at most `most`.
fn sample(table: &AuditTable, most: usize, seed: u64, part: u64) -> AuditTable {
    let mut order = permutation(&mut stream(seed, Purpose::AuditDistances, 3, part), table.rows);
    order.truncate(most);
    table.at(&order)
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

/// AUC, true positives at 1 % false positives, and AUC of the rarest rows, of each of some tables
/// of synthetic rows. The score of a row is log d_R − log d_S: the distances to the nearest row of
/// reference and to the nearest synthetic one. Half of the held-out rows are the reference, the
/// others are no members.
fn membership(
    real: &AuditTable,
    drawn: [&AuditTable; 3],
    holdout: &AuditTable,
    scale: &Scale,
    seed: u64,
) -> [Option<[f64; 3]>; 3] {
    let half = holdout.rows / 2;
    let n = half.min(QUERIES).min(real.rows);
    if n < LEAST_STRANGERS {
        return [None; 3];
    }
    let strangers = holdout.at(&(0..n).collect::<Vec<_>>());
    let reference = holdout.at(&(half..holdout.rows).collect::<Vec<_>>());
    let members = sample(real, n, seed, 21);
    let rarity = [&members, &strangers].map(|rows| scale.nearest(rows, &reference)).concat();
    drawn.map(|rows| {
        let rows = sample(rows, REFERENCE, seed, 22);
        let to_rows = [&members, &strangers].map(|queries| scale.nearest(queries, &rows)).concat();
        let score = |(r, s): (&f64, &f64)| ln(r + 1e-3) - ln(s + 1e-3);
        (rows.rows > 0).then(|| found(&rarity.iter().zip(&to_rows).map(score).collect::<Vec<_>>(), &rarity))
    })
}

/// What scores tell of which rows are members: the first half is.
fn found(scores: &[f64], rarity: &[f64]) -> [f64; 3] {
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
    [auc(scores, &is_member), found, auc(&rare.0, &rare.1)]
}

/// The guesses of a secret from the most similar synthetic row.
fn secret([synthetic, real, holdout]: [&AuditTable; 3], options: &AuditOptions) -> Option<Figure> {
    let at = real.position(options.secret.as_deref()?)?;
    let known = sample(synthetic, REFERENCE, options.seed, 30);
    let (scale, known_rest) = (Scale::of(&real.without(at)), known.without(at));
    let right = |table: &AuditTable, part: u64| {
        let rows = sample(table, QUERIES, options.seed, part);
        let nearest = scale.nearest_rows(&rows.without(at), &known_rest);
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

/// The distance of rows: numbers by the range of the real ones, levels that differ count 2.
struct Scale {
    ranges: Vec<f64>,
}

impl Scale {
    fn of(real: &AuditTable) -> Self {
        let range = |cells: &Cells| match cells {
            Cells::Levels(_) => 1.0,
            Cells::Numbers(numbers) => {
                let known = numbers.iter().filter(|x| !x.is_nan());
                let [low, high] = known.fold([f64::MAX, f64::MIN], |[l, h], x| [l.min(*x), h.max(*x)]);
                (high - low).max(1e-9)
            }
        };
        Scale { ranges: real.columns.iter().map(|column| range(&column.cells)).collect() }
    }

    /// Numbers of rows, row-major, a missing one as 0; and levels.
    fn rows(&self, table: &AuditTable) -> (Vec<f32>, Vec<u32>) {
        let (mut numbers, mut levels) = (vec![], vec![]);
        for row in 0..table.rows {
            for (column, range) in table.columns.iter().zip(&self.ranges) {
                match &column.cells {
                    Cells::Numbers(all) => {
                        numbers.push(if all[row].is_nan() { 0.0 } else { (all[row] / range) as f32 });
                    }
                    Cells::Levels(all) => levels.push(all[row]),
                }
            }
        }
        (numbers, levels)
    }

    fn nearest(&self, queries: &AuditTable, others: &AuditTable) -> Vec<f64> {
        self.nearest_rows(queries, others).into_iter().map(|(distance, _)| distance).collect()
    }

    /// The distance to the nearest of `others`, and its position, for every row.
    fn nearest_rows(&self, queries: &AuditTable, others: &AuditTable) -> Vec<(f64, usize)> {
        let ((a, a_levels), (b, b_levels)) = (self.rows(queries), self.rows(others));
        let width = a.len() / queries.rows.max(1);
        let level_width = a_levels.len() / queries.rows.max(1);
        let nearest = |row: usize| {
            let (x, levels) = (&a[row * width..][..width], &a_levels[row * level_width..][..level_width]);
            let distance = |other: usize| {
                let y = &b[other * width..][..width];
                let other_levels = &b_levels[other * level_width..][..level_width];
                let differ = levels.iter().zip(other_levels).filter(|(a, b)| a != b).count();
                let gap: f32 = x.iter().zip(y).map(|(x, y)| (x - y).abs()).sum();
                f64::from(gap) + 2.0 * differ as f64
            };
            (0..others.rows)
                .map(|other| (distance(other), other))
                .fold((f64::INFINITY, 0), |best, found| if found.0 < best.0 { found } else { best })
        };
        (0..queries.rows).into_par_iter().map(nearest).collect()
    }
}
