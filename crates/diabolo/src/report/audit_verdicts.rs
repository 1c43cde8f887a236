//! What a synthetic copy is good for, in sentences.

use crate::evaluate::audit::{Audit, Figure, Privacy, RuleKept};
use crate::stats::percent;

/// What the copy is good for, by its figures beside those of held-out rows; and what was not
/// checked.
pub fn verdicts(audit: &Audit) -> Vec<String> {
    let shape =
        verdict("Counts and charts of single columns", "with care", &audit.shape_error, |made, held| {
            let said = format!("shape error {}, real rows {}", percent(made), percent(held));
            (made <= (2.0 * held).max(0.02), said)
        });
    let trend = verdict("Relations between two columns", "with care", &audit.trend_error, |made, held| {
        let said = format!("trend error {}, real rows {}", percent(made), percent(held));
        (made <= (2.0 * held).max(0.03), said)
    });
    let target = verdict("Developing a model of the target", "with care", &audit.tstr_auc, |made, held| {
        let said = format!("AUC {made:.3} on held-out rows, {held:.3} when trained on real rows");
        (held - made <= 0.02, said)
    });
    let copy = verdict("A stand-in for the real rows", "no", &audit.c2st, |made, held| {
        let said = format!("C2ST {made:.2}, where 1 is indistinguishable; real rows {held:.2}");
        (made >= 0.5 * held, said)
    });
    let rules = verdict_of_rules(&audit.rules);
    [shape, trend, target, copy].into_iter().chain(rules).chain(verdict_of_attacks(&audit.privacy)).collect()
}

fn verdict(question: &str, no: &str, figure: &Figure, judge: impl Fn(f64, f64) -> (bool, String)) -> String {
    match figure.synthetic.zip(figure.holdout).map(|(made, held)| judge(made, held)) {
        Some((good, said)) => format!("{question}: {} ({said}).", if good { "yes" } else { no }),
        None => format!("{question}: not checked."),
    }
}

/// Whether the rows with both cells keep the rules.
fn verdict_of_rules(rules: &[RuleKept]) -> Vec<String> {
    let unchecked = rules.iter().filter(|one| one.others.synthetic.is_none());
    let unchecked: Vec<&str> = unchecked.map(|one| one.rule.as_str()).collect();
    let broken = rules.iter().filter_map(|one| {
        let kept = one.others.synthetic.filter(|kept| *kept < 1.0)?;
        Some(format!("{} by {}", one.rule, percent(1.0 - kept)))
    });
    let broken: Vec<String> = broken.collect();
    let mut all = vec![];
    match broken.is_empty() {
        true if unchecked.len() == rules.len() => {}
        true => all.push("Rules between columns: kept by every row with both cells.".to_string()),
        false => {
            let broken = broken.join(", ");
            all.push(format!("Rules between columns: broken, {broken} of the rows with both cells."));
        }
    }
    if !unchecked.is_empty() {
        let unchecked = unchecked.join(", ");
        all.push(format!("Rules between columns: {unchecked} not checked, as no row has both cells."));
    }
    all
}

/// What an attack is above chance, or above held-out rows, that many rows would decide.
const CLEAR: f64 = 0.05;

/// Whether an attack finds training rows: more often than by chance in as many rows. `None` if it
/// seems to, but the rows are too few to tell.
fn finds(figure: &Figure, interval: [f64; 2]) -> Option<bool> {
    let chance = figure.holdout.unwrap_or(0.5).max(0.5);
    match interval[0] > chance {
        true => Some(true),
        false => figure.synthetic.is_none_or(|found| found <= chance + CLEAR).then_some(false),
    }
}

/// Whether attacks find training rows.
fn verdict_of_attacks(privacy: &Privacy) -> Vec<String> {
    let copies = privacy.copies.synthetic.zip(privacy.copies.holdout);
    let mut found = vec![finds(&privacy.nearer_to_training, privacy.interval)];
    found.extend(copies.map(|(made, held)| Some(made > held + 0.001)));
    found.extend(privacy.membership_interval.map(|interval| finds(&privacy.membership_auc, interval)));
    let lacking =
        [("copies", copies.is_none()), ("the attack on membership", privacy.membership_interval.is_none())];
    let lacking = lacking.into_iter().filter(|(_, lacks)| *lacks);
    let mut all: Vec<String> =
        lacking.map(|(what, _)| format!("Privacy: {what} not checked, as there are too few rows.")).collect();
    all.push(match (found.contains(&Some(true)), found.contains(&None)) {
        (true, _) => {
            "Attacks find traces of training rows in it: see Privacy before it is passed on. Passing all \
             attacks would not be a guarantee either."
        }
        (false, true) => {
            "An attack seems to find training rows in it, but there are too few rows to tell: audit with more \
             held-out rows before it is passed on."
        }
        (false, false) => "No attack here found training rows in it; this is not a guarantee of privacy.",
    }
    .to_string());
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_that_no_row_can_break_are_not_checked() {
        let of = |rule: &str, synthetic: Option<f64>| {
            let others = Figure { synthetic, holdout: None, independent: None };
            RuleKept { rule: rule.into(), real: None, others }
        };
        let said = |rules: &[RuleKept]| verdict_of_rules(rules).join(" ");
        assert_eq!(said(&[]), "");
        let unchecked = said(&[of("a<=b", None)]);
        assert_eq!(unchecked, "Rules between columns: a<=b not checked, as no row has both cells.");
        let both = said(&[of("a<=b", None), of("b<c", Some(1.0))]);
        assert!(both.contains("kept by every row with both cells. ") && both.ends_with(&unchecked), "{both}");
        let broken = said(&[of("a<=b", Some(0.9)), of("b<c", Some(1.0))]);
        assert_eq!(broken, "Rules between columns: broken, a<=b by 10 % of the rows with both cells.");
    }

    #[test]
    fn what_is_chance_depends_on_the_number_of_rows() {
        let figure = |synthetic| Figure { synthetic, holdout: Some(0.5), independent: None };
        let nothing = Figure { synthetic: Some(0.0), holdout: Some(0.0), independent: None };
        let attacked = |auc: f64, interval, membership_interval: Option<[f64; 2]>| Privacy {
            copies: nothing,
            nearer_to_training: figure(Some(0.54)),
            interval,
            membership_auc: figure(membership_interval.map(|_| auc)),
            membership_interval,
            membership_found: nothing,
            membership_auc_rarest: nothing,
            secret: None,
        };
        let privacy = |interval, membership| attacked(0.54, interval, membership);
        let said = |interval, membership| verdict_of_attacks(&privacy(interval, membership)).join(" ");
        let (few, many) = ([0.44, 0.64], [0.52, 0.56]);
        assert!(said(few, Some(few)).starts_with("No attack"));
        assert!(
            said(many, Some(few)).starts_with("Attacks find") && said(few, Some(many)).starts_with("Att")
        );
        let none = said(few, None);
        assert!(none.contains("membership not checked") && none.contains("No attack"), "{none}");
        // What many rows would call found is not called absent in few.
        let seems = verdict_of_attacks(&attacked(0.62, few, Some([0.44, 0.8]))).join(" ");
        assert!(seems.contains("too few rows to tell") && !seems.contains("No attack"), "{seems}");
        let lacking = Figure { synthetic: Some(0.0), holdout: None, independent: None };
        let lacks = verdict_of_attacks(&Privacy { copies: lacking, ..privacy(few, Some(few)) }).join(" ");
        assert!(lacks.contains("copies not checked"), "{lacks}");
    }
}
