//! Rules that decide which scores are alarms. The rule is chosen when rows are scored, without
//! fitting again.

use crate::evaluate::{ALPHA, Detector};
use crate::{Error, Result};

/// The rule that decides which rows are anomalies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rule {
    /// p ≤ α: at most a fraction α of rows with the distribution of the held-out rows raises a
    /// false alarm.
    Alpha(f64),
    /// The procedure of Benjamini & Hochberg (1995) over all rows: the expected fraction of false
    /// alarms among alarms is at most q.
    ///
    /// The k smallest p-values with p_(k) ≤ q k / n, k as large as possible. Conformal p-values of
    /// one calibration depend on each other in a way that keeps the guarantee (Bates et al. 2023).
    FalseDiscovery(f64),
    /// This number of rows with the highest scores, ties in row order.
    Top(usize),
    /// This number of rows per 1,000, rounded, with the highest scores, ties in row order.
    AlertsPerThousand(f64),
    /// Scores above this quantile of the held-out scores.
    Quantile(f64),
}

impl Default for Rule {
    fn default() -> Self {
        Rule::Alpha(ALPHA)
    }
}

impl Rule {
    /// Validates the value.
    pub fn validate(&self) -> Result<()> {
        let (flag, value, most) = match *self {
            Rule::Alpha(value) => ("--alpha", value, 1.0),
            Rule::FalseDiscovery(value) => ("--fdr", value, 1.0),
            Rule::Top(0) => return Err(Error::invalid_value("--top", "1 or more", 0)),
            Rule::Top(_) => return Ok(()),
            Rule::AlertsPerThousand(value) => ("--alerts-per-1000", value, 1000.0),
            Rule::Quantile(value) => ("--quantile", value, 1.0),
        };
        match value > 0.0 && value <= most {
            true => Ok(()),
            false => Err(Error::invalid_value(flag, format!("a number above 0, up to {most}"), value)),
        }
    }

    /// Whether alarms depend on other rows, so that the rule needs all rows at once.
    pub fn needs_all_rows(&self) -> bool {
        matches!(self, Rule::FalseDiscovery(_) | Rule::Top(_) | Rule::AlertsPerThousand(_))
    }

    /// Decides which rows are anomalies.
    pub fn alarms(&self, scores: &[f64], detector: &Detector) -> Vec<bool> {
        match *self {
            Rule::Quantile(q) => scores.iter().map(|&score| detector.exceeds(score, q)).collect(),
            _ => {
                let p_values: Vec<f64> = scores.iter().map(|&score| detector.p_value(score)).collect();
                self.among(scores, &p_values)
            }
        }
    }

    /// The same from p-values; a quantile is the level that it leaves above.
    pub(crate) fn among(&self, scores: &[f64], p_values: &[f64]) -> Vec<bool> {
        let at_most = |level: f64| p_values.iter().map(|&p| p <= level).collect();
        match *self {
            Rule::Alpha(alpha) => at_most(alpha),
            Rule::Quantile(q) => at_most(1.0 - q),
            Rule::FalseDiscovery(q) => benjamini_hochberg(p_values, q),
            Rule::Top(count) => highest(scores, count),
            Rule::AlertsPerThousand(rate) => {
                highest(scores, (rate * scores.len() as f64 / 1000.0).round() as usize)
            }
        }
    }

    /// A description for the user.
    pub fn describe(&self) -> String {
        match self {
            Rule::Alpha(alpha) => format!("p-value at most {alpha}"),
            Rule::FalseDiscovery(q) => format!("at most {q} of the alarms false (Benjamini–Hochberg)"),
            Rule::Top(1) => "the highest score".to_string(),
            Rule::Top(count) => format!("the {count} highest scores"),
            Rule::AlertsPerThousand(rate) => format!("the highest scores, {rate} of 1,000 rows"),
            Rule::Quantile(q) => format!("above the {q} quantile of held-out rows"),
        }
    }

    /// The number of alarms that this rule is expected to raise on as many rows without anomalies,
    /// or for the false discovery rate the greatest number of false ones among these alarms; `None`
    /// for rules that fix the number.
    ///
    /// ```
    /// use diabolo::task::Rule;
    /// assert_eq!(Rule::Alpha(0.05).by_chance(60, 7), Some(3.0));
    /// assert_eq!(Rule::Top(5).by_chance(100, 5), None);
    /// ```
    pub fn by_chance(&self, rows: usize, alarms: usize) -> Option<f64> {
        match *self {
            Rule::Alpha(alpha) => Some(alpha * rows as f64),
            Rule::Quantile(q) => Some((1.0 - q) * rows as f64),
            Rule::FalseDiscovery(q) => Some(q * alarms as f64),
            Rule::Top(_) | Rule::AlertsPerThousand(_) => None,
        }
    }

    /// A warning if the rule is too strict for this number of held-out and scored rows.
    pub fn warning(&self, detector: &Detector, rows: usize) -> Option<String> {
        let held_out = detector.scores.len();
        let least = 1.0 / (held_out + 1) as f64;
        let consequence = match *self {
            Rule::Alpha(level) if level < least => "none can be an anomaly".to_string(),
            Rule::FalseDiscovery(rate) if least * rows as f64 > rate => {
                let needed = (least * rows as f64 / rate).ceil();
                format!(
                    "at this rate anomalies are named only if {needed} rows or more score above all of these"
                )
            }
            _ => return None,
        };
        Some(format!(
            "with {held_out} held-out rows no p-value is below {least:.4}: {consequence}; `diabolo calibrate` with more rows, or --top"
        ))
    }
}

fn benjamini_hochberg(p_values: &[f64], q: f64) -> Vec<bool> {
    let n = p_values.len() as f64;
    let mut sorted = p_values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let under = |(k, p): (usize, &f64)| (*p <= q * (k + 1) as f64 / n).then_some(*p);
    let threshold = sorted.iter().enumerate().rev().find_map(under);
    p_values.iter().map(|&p| threshold.is_some_and(|threshold| p <= threshold)).collect()
}

fn highest(scores: &[f64], count: usize) -> Vec<bool> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    let mut alarms = vec![false; scores.len()];
    order.into_iter().take(count).for_each(|row| alarms[row] = true);
    alarms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn false_discoveries_by_hand() {
        // Benjamini & Hochberg 1995, section 3.2: the first four of fifteen at q = 0.05.
        let p = [
            0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719,
            0.6528, 0.7590, 1.0,
        ];
        let alarms = benjamini_hochberg(&p, 0.05);
        assert_eq!(alarms.iter().filter(|&&alarm| alarm).count(), 4);
        assert_eq!(alarms[..4], [true; 4]);
        // A p-value above its own threshold is included because of a later one.
        assert_eq!(benjamini_hochberg(&[0.04, 0.5, 0.05], 0.1), [true, false, true]);
        assert_eq!(benjamini_hochberg(&[0.9], 0.1), [false]);
        assert!(benjamini_hochberg(&[], 0.1).is_empty());
    }

    fn detector() -> Detector {
        let scores = vec![1.0, 2.0, 3.0, 4.0];
        Detector { deviation: vec![], mean_loss: vec![], scores, row_scores: vec![], reference: None }
    }

    #[test]
    fn top_takes_so_many_of_the_highest_and_of_equals_the_first() {
        let scores = [1.0, 3.0, 3.0, f64::INFINITY];
        assert_eq!(Rule::Top(2).alarms(&scores, &detector()), [false, true, false, true]);
        assert_eq!(Rule::Top(9).alarms(&scores, &detector()), [true; 4]);
        // However many rows there are: of 60 rows 5 are 5.
        let many: Vec<f64> = (0..60).map(f64::from).collect();
        let count = |rule: Rule| rule.alarms(&many, &detector()).iter().filter(|&&alarm| alarm).count();
        assert_eq!(count(Rule::Top(5)), 5);
        assert_eq!(count(Rule::AlertsPerThousand(50.0)), 3);
        assert_eq!(count(Rule::AlertsPerThousand(1000.0)), 60);
    }

    #[test]
    fn a_quantile_and_a_level_by_hand() {
        let detector = detector();
        assert_eq!(Rule::Quantile(0.5).alarms(&[2.0, 2.5], &detector), [false, true]);
        assert_eq!(Rule::Alpha(0.2).alarms(&[4.0, 4.5], &detector), [false, true]);
        assert!(
            Rule::Alpha(0.1).warning(&detector, 9).is_some()
                && Rule::Alpha(0.2).warning(&detector, 9).is_none()
        );
    }

    #[test]
    fn senseless_numbers_are_refused() {
        for rule in [
            Rule::Alpha(0.0),
            Rule::FalseDiscovery(1.5),
            Rule::Top(0),
            Rule::AlertsPerThousand(-1.0),
            Rule::Quantile(f64::NAN),
        ] {
            assert!(rule.validate().is_err(), "{rule:?}");
        }
        assert!(Rule::Top(1).validate().is_ok() && Rule::AlertsPerThousand(1000.0).validate().is_ok());
    }
}
