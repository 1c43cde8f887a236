//! What whole numbers mean: amounts, counts, levels, codes or identifiers.

use diabolo_stats::elementary::{
    double::{log10, powf, powi},
    square,
};

use crate::number::EXACT;

/// Whole numbers with at most so many different values may be levels or codes.
const MOST_LEVELS: usize = 20;
/// Every level is found in so many rows, on average: few levels, and many.
const FEW_LEVELS: usize = 12;
const ROWS_PER_LEVEL: [usize; 2] = [5, 10];
/// Fewer rows show nothing about the meaning of numbers.
const FEW_ROWS: usize = 20;
/// So many cells show what a column holds.
const ENOUGH: usize = 100_000;

/// The different values of a column with few of them, in order, and how many cells have each.
pub(super) type Levels = Vec<(f64, usize)>;

/// The levels of a column, if it has few.
pub(super) fn levels(cells: &[f64]) -> Option<Levels> {
    let mut found: Levels = vec![];
    for x in cells.iter().map(|x| x + 0.0).filter(|x| !x.is_nan()) {
        match found.binary_search_by(|level| level.0.total_cmp(&x)) {
            Ok(at) => found[at].1 += 1,
            Err(_) if found.len() == MOST_LEVELS => return None,
            Err(at) => found.insert(at, (x, 1)),
        }
    }
    Some(found)
}

/// Whether the values come again so often that they are levels, not measurements.
pub(super) fn are_repeated(levels: &Levels) -> bool {
    let cells: usize = levels.iter().map(|level| level.1).sum();
    let many = levels.len() > FEW_LEVELS;
    if many && !leave_out_numbers(levels) {
        return false;
    }
    let rows = ROWS_PER_LEVEL[usize::from(many)];
    cells >= FEW_ROWS.max(rows * levels.len())
}

/// Whether many levels leave out some of the numbers between them, as codes of regions do, and
/// years of school do not.
fn leave_out_numbers(levels: &Levels) -> bool {
    const MOST: f64 = 0.7;
    let values: Vec<f64> = levels.iter().map(|level| level.0).collect();
    let step = values.windows(2).fold(0.0, |step, two| common_divisor(step, two[1] - two[0]));
    let places = (values[values.len() - 1] - values[0]) / step + 1.0;
    values.len() as f64 <= MOST * places
}

/// Whether the frequencies of levels rise to one peak and fall from there, nearly.
pub(super) fn have_one_peak(levels: &Levels) -> bool {
    const TOLERANCE: f64 = 0.05;
    let counts: Vec<usize> = levels.iter().map(|level| level.1).collect();
    let peak = (0..counts.len()).max_by_key(|&at| counts[at]).unwrap_or(0);
    let dips = |side: &mut dyn Iterator<Item = &usize>| {
        let mut highest = 0;
        side.map(|&count| {
            highest = highest.max(count);
            highest - count
        })
        .sum::<usize>()
    };
    let lost = dips(&mut counts[..=peak].iter()) + dips(&mut counts[peak..].iter().rev());
    lost as f64 <= TOLERANCE * counts.iter().sum::<usize>() as f64
}

/// Whether whole numbers behave as counts: they begin at 0 or 1, leave out few numbers up to the
/// median of those above the least, and have their tail above.
pub(super) fn behave_as_counts(cells: &[f64]) -> bool {
    const MOST: f64 = 0.8;
    const SKEW: f64 = 0.5;
    let Some(sorted) = sorted_whole(cells) else { return false };
    let (n, least) = (sorted.len(), sorted[0]);
    if n < FEW_ROWS || !(0.0..=1.0).contains(&least) {
        return false;
    }
    let above = &sorted[sorted.partition_point(|x| *x == least)..];
    let Some(&median) = above.get(above.len() / 2) else { return false };
    let mut low: Vec<f64> = sorted[..=n - above.len() + above.len() / 2].to_vec();
    low.dedup();
    let mean = sorted.iter().sum::<f64>() / n as f64;
    let moment = |power| sorted.iter().map(|x| powi(x - mean, power)).sum::<f64>() / n as f64;
    low.len() as f64 >= MOST * (median - least + 1.0) && moment(3) >= SKEW * powf(moment(2), 1.5)
}

/// Why whole numbers identify rows, if they do; `first` says that it is the first column.
pub(super) fn identifies(name: &str, first: bool, cells: &[f64]) -> Option<String> {
    const NEARLY: f64 = 0.9;
    const MISSING: f64 = 0.1;
    const ALL_SHOWN: f64 = 10.0;
    const DIGITS: f64 = 10_000.0;
    const SPREAD: f64 = 0.05;
    let (sorted, rows) = (sorted_whole(cells)?, cells.len());
    let n = sorted.len();
    let cells: Vec<f64> = cells.iter().copied().filter(|x| !x.is_nan()).collect();
    if n < FEW_ROWS || (n as f64) < (1.0 - MISSING) * rows.min(ENOUGH) as f64 || sorted[0] < 0.0 {
        return None;
    }
    let mut values = sorted.clone();
    values.dedup();
    let distinct = values.len();
    if (distinct as f64) < NEARLY * n as f64 {
        return None;
    }
    let unique = distinct == n;
    let step = values.windows(2).fold(0.0, |step, two| common_divisor(step, two[1] - two[0]));
    let places = (sorted[n - 1] - sorted[0]) / step + 1.0;
    // Of n draws from so many places, about n² / 2 places would come again.
    let dense = unique && square(n as f64) / (2.0 * places) >= ALL_SHOWN;
    let because = |why: &str| Some(format!("{distinct} different whole numbers in {n} cells, {why}"));
    let (quarter, half, last) = (sorted[n / 4], sorted[n / 2], sorted[3 * n / 4]);
    match () {
        _ if dense => because("which leave out few"),
        _ if names_identifier(name) => because("and the column's name"),
        _ if unique && first && (is_increasing(&cells) || is_sorted_as_text(&cells)) => because("in order"),
        _ if quarter >= DIGITS && last - quarter < SPREAD * half => because("which begin alike"),
        // Prices and distances too may be spread evenly.
        _ if unique && first && quarter >= DIGITS && is_uniform_in_a_decade(&sorted) => {
            because("of the same length, evenly spread")
        }
        _ => None,
    }
}

/// The observed cells in ascending order, up to [`ENOUGH`]; `None` if one is not whole.
fn sorted_whole(cells: &[f64]) -> Option<Vec<f64>> {
    let observed = cells.iter().copied().filter(|x| !x.is_nan());
    let mut sorted: Vec<f64> = observed.take(ENOUGH).collect();
    if sorted.is_empty() || sorted.iter().any(|x| x.fract() != 0.0 || x.abs() >= EXACT) {
        return None;
    }
    sorted.sort_by(f64::total_cmp);
    Some(sorted)
}

fn common_divisor(a: f64, b: f64) -> f64 {
    if b == 0.0 { a } else { common_divisor(b, a % b) }
}

fn is_increasing(cells: &[f64]) -> bool {
    cells.windows(2).all(|two| two[0] < two[1])
}

fn is_sorted_as_text(cells: &[f64]) -> bool {
    cells.iter().take(ENOUGH).map(f64::to_string).is_sorted()
}

/// Whether the numbers have the same number of digits, and are spread evenly from the least to the
/// greatest (Kolmogorov and Smirnov, at the level .05).
fn is_uniform_in_a_decade(sorted: &[f64]) -> bool {
    let (n, least, greatest) = (sorted.len() as f64, sorted[0], sorted[sorted.len() - 1]);
    let gap = |(rank, x): (usize, &f64)| ((rank as f64 + 0.5) / n - (x - least) / (greatest - least)).abs();
    let farthest = sorted.iter().enumerate().map(gap).fold(0.0, f64::max);
    log10(least).floor() == log10(greatest).floor() && farthest * n.sqrt() < 1.36
}

/// Whether a column's name says that it identifies rows: `id`, `user_id`, `CustomerID`, `index`, ….
fn names_identifier(name: &str) -> bool {
    let lower = name.to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).collect();
    let word = |word: &&str| matches!(*word, "id" | "uuid" | "guid" | "key" | "index" | "rowid" | "rownum");
    words.iter().any(word) || name.ends_with("ID") || name.ends_with("Id")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shuffled(n: u64, of: impl Fn(u64) -> f64) -> Vec<f64> {
        (0..n).map(|k| of(k * 37 % n)).collect()
    }

    #[test]
    fn identifiers_differ_from_amounts() {
        let is = |name: &str, first: bool, cells: &[f64]| identifies(name, first, cells).is_some();
        assert!(is("c", false, &shuffled(60, |k| k as f64)));
        assert!(is("c", false, &shuffled(60, |k| 1000.0 + 30.0 * k as f64)));
        // Numbers with gaps: in order, by name, or with the same beginning.
        let gaps = |k: u64| (1000 + k * k * 3) as f64;
        let in_order: Vec<f64> = (0..60).map(gaps).collect();
        assert!(is("c", true, &in_order) && !is("c", false, &in_order));
        assert!(["id", "user_id", "CustomerID", "row index"].iter().all(|name| is(name, false, &in_order)));
        assert!(!is("paid", false, &in_order) && !is("width", false, &in_order));
        assert!(is("c", false, &shuffled(60, |k| 530_000.0 + gaps(k))));
        // As wdbc: sorted as text.
        let text: Vec<f64> = (0..60u64).map(|k| ((8_420 + k) * 10u64.pow(k as u32 % 4)) as f64).collect();
        assert!(is("c", true, &text) && !is("c", false, &text));
        // Amounts: skewed, or with repeats.
        assert!(!is("c", false, &shuffled(997, |k| (25_000.0 * (k as f64 / 200.0).exp()).round())));
        assert!(!is("id", false, &shuffled(60, |k| (k / 2) as f64)));
        assert!(!is("id", false, &[1.0, 2.0, 3.0]));
        assert!(!is("c", false, &shuffled(60, |k| k as f64 + 0.5)));
    }

    #[test]
    fn counts_begin_at_the_bottom_and_have_a_tail() {
        let poisson: Vec<f64> = (0..200).map(|k| f64::from(k % 4 * (k % 7) / 5)).collect();
        assert!(behave_as_counts(&poisson));
        let ages: Vec<f64> = (0..200).map(|k| 18.0 + f64::from(k % 60)).collect();
        assert!(!behave_as_counts(&ages));
        let money: Vec<f64> = (0..200).map(|k| if k % 10 > 0 { 0.0 } else { 114.0 * f64::from(k) }).collect();
        assert!(!behave_as_counts(&money));
        let symmetric: Vec<f64> = (0..200).map(|k| f64::from(k % 20)).collect();
        assert!(!behave_as_counts(&symmetric));
    }

    #[test]
    fn frequencies_with_one_peak() {
        let of =
            |counts: &[usize]| counts.iter().enumerate().map(|(k, n)| (k as f64, *n)).collect::<Levels>();
        let regions = [11, 24, 27, 28, 32, 44, 52, 53, 75, 76, 84, 93, 94].map(|code| (f64::from(code), 20));
        assert!(are_repeated(&regions.to_vec()));
        assert!(!are_repeated(&(1..=16).map(|years| (f64::from(years), 20)).collect()));
        assert!(have_one_peak(&of(&[1, 20, 100, 30, 2])));
        assert!(have_one_peak(&of(&[100, 30, 2])) && have_one_peak(&of(&[50, 49, 50])));
        assert!(!have_one_peak(&of(&[100, 2, 80])));
        assert_eq!(levels(&[2.0, f64::NAN, -0.0, 0.0]), Some(vec![(0.0, 2), (2.0, 1)]));
        assert_eq!(levels(&(0..40).map(f64::from).collect::<Vec<_>>()), None);
    }
}
