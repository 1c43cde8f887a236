//! What is usually said for contractive autoencoders, each statement with the measures that test it.

use super::verdict::of_all;
use super::{Better, Check, Claim, Comparison, Figure, Measure, Summary, Verdict};
use crate::task::compare::RAW_INPUT;

/// Who is claimed about.
pub(super) const SUBJECT: &str = "contractive";

struct Statement {
    title: &'static str,
    meaning: &'static str,
    /// Measure, values claimed, rivals.
    tests: &'static [(&'static str, Better, &'static [&'static str])],
    /// Keys of the figures that show it.
    figures: &'static [&'static str],
}

const STATEMENTS: [Statement; 6] = [
    Statement {
        title: "Its features resist small changes of the input",
        meaning: "Noise is added to held-out rows. How far does the code move, beside how far the codes of different rows \
                  lie apart? Measured so, a code that is merely small wins nothing.",
        tests: &[
            ("code_change", Better::Lower, &["plain", "denoising"]),
            ("contraction", Better::Lower, &["plain", "denoising"]),
        ],
        figures: &["code_change", "contraction_ratio"],
    },
    Statement {
        title: "It generalises better than a plain autoencoder",
        meaning: "Two things are asked for: a better reconstruction of rows it has not seen, and a smaller gap between \
                  those and the rows it was trained on. A model that learns less has a small gap for the wrong reason.",
        tests: &[
            ("test_reconstruction", Better::Lower, &["plain"]),
            ("generalisation_gap", Better::Lower, &["plain"]),
        ],
        figures: &["learning", "reconstruction_by_part"],
    },
    Statement {
        title: "Its features classify better than those of plain and denoising models",
        meaning: "A linear classifier learns the labels from the codes of clean training rows. It is then judged on \
                  held-out rows, clean and with noise it was not trained on.",
        tests: &[
            ("accuracy", Better::Higher, &["plain", "denoising"]),
            ("noisy_accuracy", Better::Higher, &["plain", "denoising"]),
        ],
        figures: &["accuracy"],
    },
    Statement {
        title: "Its features classify better than the raw input",
        meaning: "The baseline that is easily forgotten: the same classifier on the input itself. Features that lose to \
                  it have cost training and gained nothing for this task.",
        tests: &[
            ("accuracy", Better::Higher, &[RAW_INPUT]),
            ("noisy_accuracy", Better::Higher, &[RAW_INPUT]),
        ],
        figures: &[],
    },
    Statement {
        title: "It reconstructs robustly",
        meaning: "Noisy held-out rows go in; what comes out is compared with the clean rows. The dashed line is the \
                  noisy input itself: above it, a model makes matters worse.",
        tests: &[("noisy_squared_error", Better::Lower, &["plain"])],
        figures: &["noisy_squared_error"],
    },
    Statement {
        title: "Its code is locally smooth: it listens to few directions",
        meaning: "The singular values of the Jacobian ∂f(x)/∂x say how strongly the code reacts in each direction of the \
                  input. A small norm is a flat code; a small effective rank means that few directions \
                  make up most of the reaction.",
        tests: &[("jacobian_norm", Better::Lower, &["plain"]), ("effective_rank", Better::Lower, &["plain"])],
        figures: &["spectrum", "spectrum_shape"],
    },
];

/// All statements that the measured models can test. Figures no statement shows stay in `figures`.
pub(super) fn judged(comparison: &Comparison, figures: &mut Vec<(&'static str, Figure)>) -> Vec<Claim> {
    STATEMENTS.iter().filter_map(|statement| judge(statement, comparison, figures)).collect()
}

fn judge(
    statement: &Statement,
    comparison: &Comparison,
    figures: &mut Vec<(&'static str, Figure)>,
) -> Option<Claim> {
    let tests = statement.tests.iter();
    let checks: Vec<Check> = tests
        .flat_map(|(key, claimed, rivals)| {
            rivals.iter().filter_map(|rival| check(comparison, key, *claimed, rival))
        })
        .collect();
    if checks.is_empty() {
        return None;
    }
    let verdicts: Vec<Verdict> = checks.iter().map(|c| c.verdict).collect();
    let verdict = of_all(&verdicts);
    let (shown, rest) = std::mem::take(figures).into_iter().partition(|f| statement.figures.contains(&f.0));
    *figures = rest;
    let mut shown: Vec<(&str, Figure)> = shown;
    shown.sort_by_key(|(key, _)| statement.figures.iter().position(|k| k == key));
    Some(Claim {
        title: statement.title.into(),
        meaning: statement.meaning.into(),
        verdict,
        sentence: sentence(comparison, verdict, &checks),
        checks,
        figures: shown.into_iter().map(|(_, figure)| figure).collect(),
    })
}

/// `None` if one of the two was not measured.
fn check(comparison: &Comparison, key: &str, claimed: Better, rival: &str) -> Option<Check> {
    let of =
        |name: &str| comparison.models.iter().find(|m| m.name == name)?.values.get(key).map(Vec::as_slice);
    let difference = Summary::of_differences(of(SUBJECT)?, of(rival)?);
    (difference.count > 0).then(|| Check {
        measure: key.into(),
        model: SUBJECT.into(),
        rival: rival.into(),
        verdict: difference.verdict(claimed),
        difference,
    })
}

/// The verdict in words: what decided it first, then the rest.
fn sentence(comparison: &Comparison, verdict: Verdict, checks: &[Check]) -> String {
    let (opening, order) = match verdict {
        Verdict::Holds => ("holds", [Verdict::Holds, Verdict::NotDecided, Verdict::DoesNotHold]),
        Verdict::DoesNotHold => {
            ("does not hold here", [Verdict::DoesNotHold, Verdict::NotDecided, Verdict::Holds])
        }
        Verdict::NotDecided => ("not decided", [Verdict::NotDecided, Verdict::Holds, Verdict::DoesNotHold]),
    };
    let parts = order.into_iter().flat_map(|v| checks.iter().filter(move |c| c.verdict == v));
    let parts: Vec<String> = parts.filter_map(|check| phrase(comparison, check)).collect();
    format!("{opening}: {}.", parts.join("; "))
}

fn phrase(comparison: &Comparison, check: &Check) -> Option<String> {
    let measure = comparison.measures.iter().find(|m| m.key == check.measure)?;
    let name = &measure.name;
    let rival = if check.rival == RAW_INPUT { check.rival.clone() } else { format!("{} model", check.rival) };
    let values = format!(
        "{} against {}",
        mean_of(comparison, &check.model, measure),
        mean_of(comparison, &check.rival, measure)
    );
    let unit = if measure.unit == "%" { " %" } else { "" };
    Some(match check.verdict {
        Verdict::NotDecided if check.difference.count < 2 => {
            format!("one seed cannot tell the {name} from the {rival}’s ({values}{unit})")
        }
        Verdict::NotDecided => format!(
            "the 95 % interval of the difference in {name} from the {rival} ({values}{unit}) includes 0"
        ),
        _ => {
            let relation = if check.difference.mean < 0.0 { "lower" } else { "higher" };
            format!("the {name} is {relation} than the {rival}’s ({values}{unit})")
        }
    })
}

fn mean_of(comparison: &Comparison, model: &str, measure: &Measure) -> String {
    let model = comparison.models.iter().find(|m| m.name == model);
    model.map_or("—".into(), |m| m.summary(&measure.key).parts(measure.factor()).0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::report::comparison::demo;

    /// The demo with these accuracies.
    fn judged_with(contractive: [f64; 3], plain: [f64; 3], denoising: [f64; 3]) -> Claim {
        let mut comparison = demo::comparison();
        for (name, values) in [("contractive", contractive), ("plain", plain), ("denoising", denoising)] {
            let model = comparison.models.iter_mut().find(|m| m.name == name).unwrap();
            for key in ["accuracy", "noisy_accuracy"] {
                model.values.insert(key.into(), values.to_vec());
            }
        }
        let found = judged(&comparison, &mut vec![]);
        found.into_iter().find(|c| c.title.contains("plain and denoising")).unwrap()
    }

    #[test]
    fn the_figures_decide() {
        let (low, middle, high) = ([0.80, 0.81, 0.82], [0.90, 0.91, 0.92], [0.95, 0.96, 0.97]);
        let holds = judged_with(high, middle, low);
        assert_eq!(holds.verdict, Verdict::Holds);
        assert!(holds.sentence.starts_with("holds: the "), "{}", holds.sentence);
        let not = judged_with(middle, low, high);
        assert_eq!(not.verdict, Verdict::DoesNotHold);
        let text = &not.sentence;
        assert!(
            text.starts_with("does not hold here: ") && text.contains("lower than the denoising model’s"),
            "{text}"
        );
        assert!(text.contains("(91.00 against 96.00 %)"), "{text}");
        // Differences −0.02, 0, 0.02.
        let open = judged_with([0.90, 0.91, 0.92], [0.92, 0.91, 0.90], low);
        assert_eq!(open.verdict, Verdict::NotDecided);
        assert!(open.sentence.starts_with("not decided: the 95 % interval of "), "{}", open.sentence);
        assert!(open.sentence.contains("includes 0"), "{}", open.sentence);
    }

    #[test]
    fn one_seed_decides_nothing() {
        let mut comparison = demo::comparison();
        comparison.models.iter_mut().flat_map(|m| m.values.values_mut()).for_each(|v| v.truncate(1));
        for claim in judged(&comparison, &mut vec![]) {
            assert_eq!(claim.verdict, Verdict::NotDecided);
            assert!(claim.sentence.contains("one seed cannot tell"), "{}", claim.sentence);
        }
    }

    #[test]
    fn what_was_not_measured_is_not_claimed() {
        let mut comparison = demo::comparison();
        comparison.models.retain(|m| m.name != "plain");
        let titles: Vec<String> = judged(&comparison, &mut vec![]).into_iter().map(|c| c.title).collect();
        assert!(!titles.iter().any(|t| t.contains("than a plain")), "{titles:?}");
        comparison.models.retain(|m| m.name != SUBJECT);
        assert!(judged(&comparison, &mut vec![]).is_empty());
    }
}
