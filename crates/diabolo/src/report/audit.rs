//! The page of an audit: what `diabolo-report` draws.

use diabolo_report::{AuditFigure, AuditPage, AuditedColumn, number};

use super::audit_gaps::{gaps_of_levels, missing_cells};
use super::audit_verdicts::verdicts;
use crate::evaluate::audit::{Audit, AuditColumn, Audited, Cells, Figure, RuleKept};
use crate::stats::{EqualBins, percent};

/// Bars of a column.
const BARS: usize = 20;
/// Telling columns.
const TELLING: usize = 10;

/// The page of an audit.
pub fn audit_page(input: &str, audited: &Audited, notes: &[String]) -> AuditPage {
    let Audited { audit, tables: [synthetic, real, _], .. } = audited;
    let [rows, train, held] = audit.rows;
    let fact = |name: &str, value: usize| (name.to_string(), number(value as f64));
    let mut columns: Vec<AuditedColumn> = (real.columns.iter().zip(&synthetic.columns).zip(&audit.columns))
        .map(|((real, synthetic), shape)| AuditedColumn {
            error: shape.error.unwrap_or(f64::NAN),
            ..bars(real, synthetic)
        })
        .collect();
    columns.sort_by(|a, b| b.error.total_cmp(&a.error));
    let count = real.columns.len();
    let mut pairs = vec![f64::NAN; count * count];
    for pair in &audit.pairs {
        let [i, j] = pair.columns;
        let error = pair.error.unwrap_or(f64::NAN);
        (pairs[i * count + j], pairs[j * count + i]) = (error, error);
    }
    AuditPage {
        input: input.into(),
        facts: vec![fact("synthetic rows", rows), fact("real rows", train), fact("held-out rows", held)],
        verdicts: verdicts(audit),
        notes: notes.to_vec(),
        quality: quality(audit),
        privacy: attacks(audit),
        missing: missing_cells(audit),
        levels: gaps_of_levels(audit),
        columns,
        names: real.columns.iter().map(|column| column.name.clone()).collect(),
        pairs,
        telling: audit.telling.iter().take(TELLING).map(|one| (one.name.clone(), one.share)).collect(),
    }
}

/// Every figure as text: fidelity and use, then attacks.
pub fn audit_figures(audit: &Audit) -> Vec<AuditFigure> {
    [quality(audit), attacks(audit)].concat()
}

fn shown(values: [Option<f64>; 3], text: impl Fn(f64) -> String) -> [String; 3] {
    values.map(|value| value.map_or("—".into(), &text))
}

fn figure(name: &str, explanation: &str, figure: &Figure, text: impl Fn(f64) -> String) -> AuditFigure {
    let values = shown([figure.synthetic, figure.holdout, figure.independent], text);
    AuditFigure { name: name.into(), explanation: explanation.into(), values }
}

fn quality(audit: &Audit) -> Vec<AuditFigure> {
    let decimals = |value: f64| format!("{value:.3}");
    let mut all = vec![
        figure(
            "Shape error",
            "Kolmogorov–Smirnov statistic of numbers, total variation of levels, mean over columns; lower is better.",
            &audit.shape_error,
            percent,
        ),
        figure(
            "Trend error",
            "Half the difference of correlations, or the total variation of pairs, mean over pairs; lower is better.",
            &audit.trend_error,
            percent,
        ),
        figure(
            "C2ST",
            "Classifier two-sample test: 1 if boosted trees cannot distinguish the rows from real ones, 0 if they always can.",
            &audit.c2st,
            decimals,
        ),
        figure(
            "TSTR AUC",
            "Train on synthetic, test on real: AUC on held-out rows of boosted trees trained on these rows.",
            &audit.tstr_auc,
            decimals,
        ),
        figure("Duplicates", "Rows that occur more than once in their table.", &audit.duplicates, percent),
    ];
    all.extend(coverage(audit));
    all.extend(rules_kept(&audit.rules));
    all
}

/// Where rows lie, and what of the real rows does not occur.
fn coverage(audit: &Audit) -> Vec<AuditFigure> {
    let decimals = |value: f64| format!("{value:.3}");
    vec![
        figure(
            "α-precision",
            "Whether rows lie where the real ones do, in balls around their mean (Alaa et al. 2022): 1 if they do.",
            &audit.alpha_precision,
            decimals,
        ),
        figure(
            "β-recall",
            "Whether rows lie everywhere where the real ones do. Held-out rows reach about a half: each real row has \
             a real neighbour that is nearer with probability ½.",
            &audit.beta_recall,
            decimals,
        ),
        figure(
            "Missing cells",
            "Difference of the shares of missing cells, mean over the columns that have some; lower is better.",
            &audit.missing_error,
            percent,
        ),
        figure("Lacking levels", "Levels of the real rows that do not occur.", &audit.lacking, percent),
    ]
}

fn rules_kept(rules: &[RuleKept]) -> Vec<AuditFigure> {
    let of = |one: &RuleKept| {
        let real = match one.real {
            Some(kept) => format!("{} of the real rows do", share_kept(kept)),
            None => "no real row has both cells".into(),
        };
        let explanation = format!("Rows that keep the rule, of those with both cells; {real}.");
        figure(&format!("Keeps {}", one.rule), &explanation, &one.others, share_kept)
    };
    rules.iter().map(of).collect()
}

/// A share of rows in percent, which is 100 only of all of them.
fn share_kept(kept: f64) -> String {
    match kept == 1.0 {
        true => "100 %".into(),
        false => format!("{:.2} %", (1e4 * kept).floor().min(9999.0) / 100.0),
    }
}

fn attacks(audit: &Audit) -> Vec<AuditFigure> {
    let privacy = &audit.privacy;
    let decimals = |value: f64| format!("{value:.3}");
    let [low, high] = privacy.interval;
    let of_membership = privacy
        .membership_interval
        .map_or(String::new(), |[low, high]| format!(" 95 % interval {low:.3} to {high:.3}."));
    let mut all = vec![
        figure("Copies of training rows", "Rows that are equal to a training row.", &privacy.copies, percent),
        figure(
            "Nearer to training rows",
            &format!(
                "Share of rows nearer to training than to held-out rows (DCR share); 0.5 is expected without a leak. 95 % interval {low:.3} to {high:.3}."
            ),
            &privacy.nearer_to_training,
            decimals,
        ),
        figure(
            "Membership AUC",
            &format!(
                "An attacker guesses who was in the training rows, by the density of synthetic rows around them; 0.5 is chance.{of_membership} Held-out: the same attack with real rows in the place of synthetic ones."
            ),
            &privacy.membership_auc,
            decimals,
        ),
        figure(
            "Members found at 1 % false alarms",
            "Chance finds 1 %; of few rows, a little more or less.",
            &privacy.membership_found,
            percent,
        ),
        figure(
            "Membership AUC of the rarest 1 %",
            "The same attack on the rows that are farthest from all others.",
            &privacy.membership_auc_rarest,
            decimals,
        ),
    ];
    if let Some(secret) = &privacy.secret {
        all.push(figure(
            "Secret guessed",
            "Right guesses of the secret column from the most similar synthetic row: of training rows, of held-out rows, and by the most frequent value.",
            secret,
            percent,
        ));
    }
    all
}

/// The bars of a column: levels by their frequency, or ranges.
fn bars(real: &AuditColumn, synthetic: &AuditColumn) -> AuditedColumn {
    let (labels, shares) = match (&real.cells, &synthetic.cells) {
        (Cells::Levels(a), Cells::Levels(b)) => of_levels(&real.levels, a, b),
        (Cells::Numbers(a), Cells::Numbers(b)) => of_numbers(a, b),
        _ => (vec![], vec![]),
    };
    AuditedColumn { name: real.name.clone(), error: f64::NAN, labels, shares }
}

fn of_levels(levels: &[String], a: &[u32], b: &[u32]) -> (Vec<String>, Vec<[f64; 2]>) {
    let mut counts = vec![[0.0; 2]; levels.len()];
    a.iter().for_each(|level| counts[*level as usize][0] += 1.0 / a.len() as f64);
    b.iter().for_each(|level| counts[*level as usize][1] += 1.0 / b.len() as f64);
    let mut order: Vec<usize> = (0..levels.len()).collect();
    order.sort_by(|i, j| counts[*j][0].total_cmp(&counts[*i][0]));
    let rest = order.split_off(order.len().min(BARS - 1));
    let mut labels: Vec<String> = order.iter().map(|&at| levels[at].clone()).collect();
    let mut shares: Vec<[f64; 2]> = order.iter().map(|&at| counts[at]).collect();
    if !rest.is_empty() {
        labels.push(format!("{} others", rest.len()));
        shares.push(rest.iter().fold([0.0; 2], |[a, b], &at| [a + counts[at][0], b + counts[at][1]]));
    }
    (labels, shares)
}

/// Equal ranges of the real numbers.
fn of_numbers(a: &[f64], b: &[f64]) -> (Vec<String>, Vec<[f64; 2]>) {
    let Some(bins) = EqualBins::of(a, BARS) else { return (vec![], vec![]) };
    let shares = |all: &[f64]| {
        let known = all.iter().filter(|x| !x.is_nan()).count().max(1) as f64;
        bins.counts(all).into_iter().map(|count| count as f64 / known).collect::<Vec<f64>>()
    };
    let label = |k: usize| number((bins.edge(k) * 1e6).round() / 1e6);
    let shares = shares(a).into_iter().zip(shares(b)).map(|(a, b)| [a, b]);
    ((0..BARS).map(label).collect(), shares.collect())
}
