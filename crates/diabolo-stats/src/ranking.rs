//! Evaluation of anomaly scores against labels: ROC and precision-recall curves and their areas.

use crate::elementary::square;

/// The ranking of labelled rows by their scores.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranking {
    /// Number of anomalies and of normal rows.
    pub counts: [usize; 2],
    /// Cumulative numbers of anomalies and normal rows after each group of equal scores, highest
    /// first.
    pub steps: Vec<[usize; 2]>,
}

impl Ranking {
    /// Ranks rows by their scores; `None` unless there is one label per row and both classes occur.
    /// Rows with a NaN score are ignored.
    pub fn of(scores: &[f64], anomalous: &[bool]) -> Option<Self> {
        if scores.len() != anomalous.len() {
            return None;
        }
        let mut order: Vec<usize> = (0..scores.len()).filter(|&row| !scores[row].is_nan()).collect();
        order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
        let mut steps: Vec<[usize; 2]> = vec![];
        let mut counts = [0; 2];
        for (position, &row) in order.iter().enumerate() {
            counts[usize::from(!anomalous[row])] += 1;
            if order.get(position + 1).is_none_or(|&next| scores[next] != scores[row]) {
                steps.push(counts);
            }
        }
        counts.iter().all(|&count| count > 0).then_some(Ranking { counts, steps })
    }

    /// Area under the ROC curve: the probability that an anomaly scores higher than a normal row,
    /// ties counting half.
    pub fn auroc(&self) -> f64 {
        let [anomalies, others] = self.counts.map(|count| count as f64);
        let mut area = 0.0;
        let mut before = [0; 2];
        for &step in &self.steps {
            let [hits, alarms] = [step[0] - before[0], step[1] - before[1]].map(|count| count as f64);
            area += hits * (others - before[1] as f64 - 0.5 * alarms);
            before = step;
        }
        area / (anomalies * others)
    }

    /// Standard error of [`auroc`](Self::auroc) (DeLong, DeLong & Clarke-Pearson 1988).
    ///
    /// ```text
    /// SE² = var(V) / m + var(W) / n
    /// ```
    /// m anomalies, each with the share V of normal rows below it; n normal rows, each with the
    /// share W of anomalies above it; ties count half.
    pub fn auroc_error(&self) -> f64 {
        let [m, n] = self.counts.map(|count| count as f64);
        let area = self.auroc();
        let (mut squares, mut before) = ([0.0; 2], [0; 2]);
        for &step in &self.steps {
            let [hits, alarms] = [step[0] - before[0], step[1] - before[1]].map(|count| count as f64);
            let below = (n - before[1] as f64 - 0.5 * alarms) / n;
            let above = (before[0] as f64 + 0.5 * hits) / m;
            squares[0] += hits * square(below - area);
            squares[1] += alarms * square(above - area);
            before = step;
        }
        let variance = |sum: f64, count: f64| sum / (count - 1.0).max(1.0) / count;
        (variance(squares[0], m) + variance(squares[1], n)).sqrt()
    }

    /// Average precision: Σ (increase of recall) · precision over thresholds, not interpolated.
    pub fn average_precision(&self) -> f64 {
        let mut sum = 0.0;
        let mut before = 0;
        for &[hits, alarms] in &self.steps {
            sum += (hits - before) as f64 * hits as f64 / (hits + alarms) as f64;
            before = hits;
        }
        sum / self.counts[0] as f64
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn areas_by_hand() {
        // In scikit-learn's documentation: AUROC 0.75, average precision 0.8333.
        let ranking = Ranking::of(&[0.1, 0.4, 0.35, 0.8], &[false, false, true, true]).unwrap();
        assert!((ranking.auroc() - 0.75).abs() < 1e-12);
        assert!((ranking.average_precision() - 5.0 / 6.0).abs() < 1e-12);
    }

    #[test]
    fn the_error_of_an_area_by_hand() {
        // Shares of normal rows below: 1/2, 1; of anomalies above: 1, 1/2. Variances are 1/8 each.
        let ranking = Ranking::of(&[0.1, 0.4, 0.35, 0.8], &[false, false, true, true]).unwrap();
        assert!((ranking.auroc_error() - (1.0f64 / 8.0).sqrt()).abs() < 1e-12);
        assert_eq!(Ranking::of(&[1.0, 1.0, 2.0], &[false, false, true]).unwrap().auroc_error(), 0.0);
        // Of independent scores, √((m + n + 1) / 12mn).
        let score = |k: usize| ((k * 7919 + k * k * 31) % 10_007) as f64;
        let scores: Vec<f64> = (0..2000).map(score).collect();
        let ranking = Ranking::of(&scores, &(0..2000).map(|k| k % 2 == 0).collect::<Vec<_>>()).unwrap();
        let expected = (2001.0f64 / 12e6).sqrt();
        assert!((ranking.auroc_error() / expected - 1.0).abs() < 0.05, "{}", ranking.auroc_error());
    }

    #[test]
    fn ties_count_half_and_a_single_class_has_no_ranking() {
        let ranking = Ranking::of(&[1.0, 1.0, 1.0], &[true, false, false]).unwrap();
        assert_eq!((ranking.auroc(), ranking.average_precision()), (0.5, 1.0 / 3.0));
        assert!(Ranking::of(&[1.0, 2.0], &[true, true]).is_none());
        assert!(Ranking::of(&[], &[]).is_none());
    }
}
