//! Claims about contractive autoencoders in the literature, each with the measures that test it.

use super::measured::{Check, Claim, Comparison, Figure, Measure};
use super::verdict::{Better, Verdict, of_all};

/// Who is claimed about.
pub const SUBJECT: &str = "contractive";
/// The name of the baseline whose features are the rows themselves.
pub const RAW_INPUT: &str = "raw input";

struct Statement {
    title: &'static str,
    meaning: &'static str,
    /// Measure, values claimed, rivals.
    tests: &'static [(&'static str, Better, &'static [&'static str])],
    /// Keys of the figures that show it.
    figures: &'static [&'static str],
    /// What it claims to mend.
    mends: Option<Fault>,
}

/// A fault of a rival, without which a claim cannot be shown.
struct Fault {
    /// The measure that is above 0 where there is the fault.
    measure: &'static str,
    rival: &'static str,
    /// That it is absent, and how to provoke it.
    absent: &'static str,
    advice: &'static str,
}

const STATEMENTS: [Statement; 7] = [
    Statement {
        title: "Its features resist small changes of the input",
        meaning: "Noise is added to held-out rows. How far does the code change, relative to the distance between the \
                  codes of different rows? This measure does not favour a code that is merely small.",
        tests: &[
            ("code_change", Better::Lower, &["plain", "denoising"]),
            ("contraction", Better::Lower, &["plain", "denoising"]),
        ],
        figures: &["code_change", "contraction_ratio"],
        mends: None,
    },
    Statement {
        title: "It generalises better than a plain autoencoder",
        meaning: "Two conditions: a better reconstruction of held-out rows, and a smaller gap between those and the \
                  training rows. A model that learns less also has a small gap.",
        tests: &[
            ("test_reconstruction", Better::Lower, &["plain"]),
            ("generalisation_gap", Better::Lower, &["plain"]),
        ],
        figures: &["learning", "reconstruction_by_part"],
        mends: Some(Fault {
            measure: "generalisation_gap",
            rival: "plain",
            absent: "the plain model does not overfit",
            advice: "it does with few training rows, a wide network with untied weights and many epochs, such as \
                     --test 0.85 --hidden 256 --latent-dim 32 --tied false --epochs 600",
        }),
    },
    Statement {
        title: "Its features classify better than those of plain and denoising models",
        meaning: "A linear classifier is trained on the codes of clean training rows. It is then evaluated on \
                  held-out rows: clean, with Gaussian noise, and with the corruption that the denoising model was \
                  trained with.",
        tests: &[
            ("accuracy", Better::Higher, &["plain", "denoising"]),
            ("noisy_accuracy", Better::Higher, &["plain", "denoising"]),
            ("corrupted_accuracy", Better::Higher, &["plain", "denoising"]),
        ],
        figures: &["accuracy"],
        mends: None,
    },
    Statement {
        title: "Its features classify better than the raw input",
        meaning: "The baseline: the same classifier on the input itself. Features that do worse gain nothing for this \
                  task.",
        tests: &[
            ("accuracy", Better::Higher, &[RAW_INPUT]),
            ("noisy_accuracy", Better::Higher, &[RAW_INPUT]),
            ("corrupted_accuracy", Better::Higher, &[RAW_INPUT]),
        ],
        figures: &[],
        mends: None,
    },
    Statement {
        title: "It reconstructs more robustly than plain and denoising models",
        meaning: "Held-out rows with Gaussian noise, and with the corruption that the denoising model was trained to \
                  remove, are reconstructed and compared with the clean rows. The dashed line is the noisy input \
                  itself: above it, a model increases the error.",
        tests: &[
            ("noisy_squared_error", Better::Lower, &["plain", "denoising"]),
            ("corrupted_squared_error", Better::Lower, &["plain", "denoising"]),
        ],
        figures: &["noisy_squared_error"],
        mends: None,
    },
    Statement {
        title: "Its code is locally smooth: it is sensitive to few directions",
        meaning: "The singular values of the Jacobian ∂f(x)/∂x are the sensitivity of the code in each direction of \
                  the input. A small norm is a flat code; a small effective rank means that few directions make up \
                  most of the sensitivity.",
        tests: &[("jacobian_norm", Better::Lower, &["plain"]), ("effective_rank", Better::Lower, &["plain"])],
        figures: &["spectrum", "spectrum_shape"],
        mends: None,
    },
    Statement {
        title: "It is stable: other initial weights give a similar code",
        meaning: "Each model is trained several times on a split, from other initial weights. How similar are the \
                  codes, up to rotations and a factor?",
        tests: &[("code_similarity", Better::Higher, &["plain", "denoising"])],
        figures: &[],
        mends: None,
    },
];

/// All statements that the measured models can test. Figures no statement shows stay in `figures`.
pub fn judged(comparison: &Comparison, figures: &mut Vec<(&'static str, Figure)>) -> Vec<Claim> {
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
    let absent = statement.mends.as_ref().filter(|_| verdict != Verdict::Holds);
    let absent = absent.and_then(|fault| fault.absence(comparison));
    let verdict = if absent.is_some() { Verdict::CannotShow } else { verdict };
    let sentence = absent.unwrap_or_else(|| sentence(comparison, verdict, &checks));
    let (shown, rest) = std::mem::take(figures).into_iter().partition(|f| statement.figures.contains(&f.0));
    *figures = rest;
    let mut shown: Vec<(&str, Figure)> = shown;
    shown.sort_by_key(|(key, _)| statement.figures.iter().position(|k| k == key));
    Some(Claim {
        title: statement.title.into(),
        meaning: statement.meaning.into(),
        verdict,
        sentence,
        checks,
        figures: shown.into_iter().map(|(_, figure)| figure).collect(),
    })
}

impl Fault {
    /// That the rival does not have the fault, if its measure is within chance of 0.
    fn absence(&self, comparison: &Comparison) -> Option<String> {
        let rival = comparison.models.iter().find(|m| m.name == self.rival)?;
        let found = rival.summary(self.measure);
        let measure = comparison.measures.iter().find(|m| m.key == self.measure)?;
        if found.count < 2 || found.is_positive() {
            return None;
        }
        let (name, value) = (&measure.name, found.interval_text(measure.factor()));
        let (absent, advice) = (self.absent, self.advice);
        Some(format!(
            "cannot show here: {absent}: the 95 % interval of its {name}, {value}, includes 0; {advice}."
        ))
    }
}

/// `None` if one of the two was not measured.
fn check(comparison: &Comparison, key: &str, claimed: Better, rival: &str) -> Option<Check> {
    let of = |name: &str| comparison.models.iter().find(|m| m.name == name);
    let difference = of(SUBJECT)?.difference(of(rival)?, key);
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
        Verdict::NotDecided | Verdict::CannotShow => {
            ("not decided", [Verdict::NotDecided, Verdict::Holds, Verdict::DoesNotHold])
        }
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
            format!("one seed does not decide the {name} against the {rival}’s ({values}{unit})")
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
