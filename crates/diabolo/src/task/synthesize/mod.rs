//! Synthetic rows of a table.

mod condition;

use std::collections::BTreeSet;

use arrow_array::RecordBatch;

pub use condition::{Comparison, Requirement};

use self::condition::{Seen, Wanted};
use super::draw::columns_fit_in_memory;
use crate::artifact::SavedTable;
use crate::data::synthetic::{Cell, TableCodec};
use crate::model::synthetic::{Drawn, PartCondition};
use crate::random::{Purpose, permutation, stream, uniform};
use crate::stats::elementary::double::exp;
use crate::stats::end_if_cancelled;
use crate::tensor::Device;
use crate::{Error, Result};

/// Rows that are drawn for a kept one under conditions, at most; in a round, at least; and the
/// cells of all candidates, at most, but for those of the first round.
const CANDIDATES: usize = 20;
const ROUND: usize = 2048;
const CELLS: usize = 1 << 26;

/// How rows are drawn.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SynthesizeOptions {
    /// Number of rows.
    pub count: usize,
    /// What all of them fulfil.
    pub requirements: Vec<Requirement>,
    /// A column each of whose levels gets as many rows, rare ones included.
    pub balance: Option<String>,
    /// The seed of the draws.
    pub seed: u64,
}

/// Synthetic rows.
#[derive(Debug, Clone)]
pub struct Synthesized {
    /// The rows, in the columns, types and spelling of the source.
    pub rows: RecordBatch,
    /// How many draws conditions needed, one sentence for each level of a balanced column.
    pub notes: Vec<String>,
    /// The same where too few draws fit: rows are repeated.
    pub warnings: Vec<String>,
}

/// Rows of parts.
struct Kept {
    drawn: Drawn,
    rows: Vec<usize>,
    /// How many draws they needed, under conditions.
    note: Option<String>,
    /// Whether the draws are worth fewer rows than were asked for.
    is_poor: bool,
}

/// Draws synthetic rows.
///
/// Conditions are fulfilled by importance sampling: every column is drawn given the columns before
/// it, a required one among its fitting values, and a row has the product of the probabilities of
/// these as its weight, or 0 if a number does not fit exactly. Rows are then chosen by systematic
/// resampling. With W the weights, the
/// effective sample size is (Σ W)² / Σ W² (Kong 1992).
///
/// # Errors
/// [`Error::InvalidValue`] for unknown columns and values, or conditions that no row fulfils.
pub fn synthesize(saved: &SavedTable, options: &SynthesizeOptions, device: &Device) -> Result<Synthesized> {
    let codec = &saved.header.table.codec;
    if options.count == 0 {
        return Err(Error::invalid_value("count", "1 or more", 0));
    }
    if let Some(most) = codec.most_keys().filter(|most| *most < options.count as u64) {
        return Err(Error::invalid_value(
            "--count",
            format!("at most {most}, the number of keys"),
            options.count,
        ));
    }
    columns_fit_in_memory(codec.parts.len(), options.count)?;
    let (mut notes, mut warnings) = (vec![], vec![]);
    let mut cells: Vec<Vec<Cell>> = vec![vec![]; codec.parts.len()];
    for (stratum, (count, requirements)) in strata(saved, options)?.into_iter().enumerate() {
        let wanted = condition::wanted(codec, &requirements)?;
        let kept = draw(saved, count, &wanted, (options.seed, stratum as u64), device)?;
        let heard = if kept.is_poor { &mut warnings } else { &mut notes };
        heard.extend(kept.note);
        for (at, part) in codec.parts.iter().enumerate() {
            end_if_cancelled();
            let noise = &mut stream(options.seed, Purpose::SyntheticLevels, stratum as u64, at as u64);
            let allowed = wanted.parts[at].as_ref().map(|part| part.levels.as_slice());
            let (codes, scores) = (&kept.drawn.codes[at], &kept.drawn.scores[at]);
            cells[at].extend(kept.rows.iter().map(|&row| {
                let score = scores.get(row).copied().unwrap_or(0.0);
                part.cell(codes[row] as usize, score, allowed, noise)
            }));
        }
    }
    if options.balance.is_some() {
        let noise = &mut stream(options.seed, Purpose::ShuffleSynthetic, u64::MAX, 0);
        let order = permutation(noise, options.count);
        cells.iter_mut().for_each(|column| *column = order.iter().map(|&row| column[row]).collect());
    }
    Ok(Synthesized { rows: codec.decode(options.count, &cells)?, notes, warnings })
}

/// The numbers of rows and their requirements: one for each level of a balanced column.
fn strata(saved: &SavedTable, options: &SynthesizeOptions) -> Result<Vec<(usize, Vec<Requirement>)>> {
    let Some(column) = &options.balance else {
        return Ok(vec![(options.count, options.requirements.clone())]);
    };
    let codec = &saved.header.table.codec;
    let (part, member) = condition::place(codec, column, "--balance")?;
    let part = &codec.parts[part];
    if part.numbers.is_some() {
        let expected = "a column of levels";
        return Err(Error::invalid_value("--balance", expected, format!("'{column}', which holds numbers")));
    }
    // Missing cells are one level, however they are written. Those of the pool that are not written
    // also stand for levels that are not known.
    let own = options.requirements.iter().filter(|one| one.column == *column);
    let own: Vec<_> = own.map(|one| (one, part.number(member, &one.value))).collect();
    let cells = part.all_levels().zip(part.values(member)).zip(part.missing(member));
    let mut levels = BTreeSet::new();
    for (at, ((level, x), is_missing)) in cells.enumerate() {
        let text = level[member].as_deref();
        let is_known = at < part.levels.len() || text.is_some();
        if is_known && own.iter().all(|(one, value)| one.fits(&Seen { text, x, is_missing }, *value)) {
            levels.insert(text.filter(|_| !is_missing).unwrap_or_default().trim().to_string());
        }
    }
    if levels.is_empty() {
        let expected = "a level that the conditions leave";
        return Err(Error::invalid_value("--balance", expected, format!("none of '{column}'")));
    }
    let count = levels.len();
    if options.count < count {
        let expected = format!("at least {count}, a row for each level of '{column}' (--balance)");
        return Err(Error::invalid_value("--count", expected, options.count));
    }
    let share = |(at, value): (usize, String)| {
        let more = usize::from(at < options.count % count);
        let mut requirements = options.requirements.clone();
        requirements.push(Requirement { column: column.clone(), comparison: Comparison::Equal, value });
        (options.count / count + more, requirements)
    };
    Ok(levels.into_iter().enumerate().map(share).collect())
}

/// Draws rows that fulfil the requirements of parts.
fn draw(
    saved: &SavedTable,
    count: usize,
    wanted: &Wanted,
    (seed, stratum): (u64, u64),
    device: &Device,
) -> Result<Kept> {
    let calibration = &saved.header.table.calibration;
    // Tables of one seed: a stratum and a round each.
    let table = |round: u64| (stratum << 16) + round;
    let parts = &wanted.parts;
    if wanted.is_anything() {
        let drawn = saved.model.draw(count, calibration, &[], (seed, table(0)), device);
        return Ok(Kept { drawn, rows: (0..count).collect(), note: None, is_poor: false });
    }
    let conditions: Vec<Option<PartCondition>> =
        parts.iter().map(|part| part.as_ref().map(|part| part.condition.clone())).collect();
    let mut drawn: Option<Drawn> = None;
    let (mut weights, mut effective, mut round) = (vec![], 0.0, 0);
    let most = (CANDIDATES * count.max(ROUND)).min(CELLS / parts.len());
    while effective < count as f64 && (round == 0 || weights.len() < most) {
        let numbers = (seed, table(round));
        let mut more = saved.model.draw(count.max(ROUND), calibration, &conditions, numbers, device);
        refuse(&mut more, &saved.header.table.codec, wanted);
        let all = match drawn.take() {
            Some(before) => before.and(more),
            None => more,
        };
        let largest = all.log_weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        weights = all.log_weights.iter().map(|weight| exp(weight - largest)).collect();
        if largest == f64::NEG_INFINITY {
            weights.fill(0.0);
        }
        let (sum, squares) = weights.iter().fold((0.0, 0.0), |(s, q), w| (s + w, q + w * w));
        effective = if squares > 0.0 { sum * sum / squares } else { 0.0 };
        drawn = Some(all);
        round += 1;
    }
    let drawn = drawn.unwrap_or_default();
    if effective == 0.0 {
        let expected = "conditions that some row of the source's kind fulfils";
        return Err(Error::invalid_value("--where", expected, "a contradiction"));
    }
    let noise = &mut stream(seed, Purpose::SelectSynthetic, stratum, 0);
    let rows = systematic(&weights, count, uniform(noise));
    let mut distinct = rows.clone();
    distinct.dedup();
    let mut note =
        format!("{count} rows from {} importance draws: effective sample size {effective:.0}", weights.len());
    if distinct.len() < count {
        note += &format!(", {} of them are repeated", count - distinct.len());
    }
    // Repeated rows are neighbours.
    let order = permutation(noise, rows.len());
    let rows = order.into_iter().map(|at| rows[at]).collect();
    Ok(Kept { drawn, rows, note: Some(note), is_poor: effective < count as f64 })
}

/// Rows with a number that does not fit get the weight 0.
fn refuse(drawn: &mut Drawn, codec: &TableCodec, wanted: &Wanted) {
    let Wanted { parts, ordered } = wanted;
    if !ordered.is_empty() {
        // Columns of rules have no pool.
        let cell = |part: usize, row: usize| match drawn.codes[part][row] {
            code if codec.parts[part].number_code() == Some(code as usize) => {
                Cell::Number(drawn.scores[part][row])
            }
            code => Cell::Level(code),
        };
        let numbers = codec.ordered(drawn.log_weights.len(), cell);
        for one in ordered {
            for (weight, x) in drawn.log_weights.iter_mut().zip(&numbers[one.order]) {
                if !one.fits(&codec.orders[one.order], *x) {
                    *weight = f64::NEG_INFINITY;
                }
            }
        }
    }
    for (at, part) in codec.parts.iter().enumerate() {
        let (Some(wanted), Some(numbers)) = (&parts[at], &part.numbers) else { continue };
        let cells = drawn.codes[at].iter().zip(&drawn.scores[at]);
        for (weight, (code, score)) in drawn.log_weights.iter_mut().zip(cells) {
            let is_number = part.number_code() == Some(*code as usize);
            if is_number && !wanted.fits_number(numbers.number(*score)) {
                *weight = f64::NEG_INFINITY;
            }
        }
    }
}

/// `count` positions, each drawn as often as its weight says, up to one more or less.
fn systematic(weights: &[f64], count: usize, start: f64) -> Vec<usize> {
    let step = weights.iter().sum::<f64>() / count as f64;
    let (mut sum, mut at) = (weights[0], 0);
    let last = weights.iter().rposition(|weight| *weight > 0.0).unwrap_or(0);
    let mut next = |k: usize| {
        let position = (k as f64 + start) * step;
        while sum <= position && at < last {
            at += 1;
            sum += weights[at];
        }
        at
    };
    (0..count).map(&mut next).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_chosen_as_often_as_their_weights_say() {
        let chosen = systematic(&[0.0, 1.0, 0.5, 2.5, 0.0], 8, 0.5);
        assert_eq!(chosen, [1, 1, 2, 3, 3, 3, 3, 3]);
    }
}
