//! Bins of equal width, for bars that people look at.

/// Bins of equal width between the 0.5 % and the 99.5 % quantiles of numbers, so that a few extreme
/// ones do not hide the others; numbers beyond belong to the outermost bins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EqualBins {
    low: f64,
    width: f64,
    count: usize,
}

impl EqualBins {
    /// As many bins for these numbers; NaN is missing. `None` without numbers.
    pub fn of(numbers: &[f64], count: usize) -> Option<Self> {
        let mut sorted: Vec<f64> = numbers.iter().copied().filter(|x| !x.is_nan()).collect();
        sorted.sort_by(f64::total_cmp);
        let at = |share: f64| sorted.get((share * sorted.len() as f64) as usize).copied();
        let (low, high) = at(0.005).zip(at(0.995))?;
        Some(EqualBins { low, width: ((high - low) / count as f64).max(f64::MIN_POSITIVE), count })
    }

    /// The number of numbers in each bin.
    pub fn counts(&self, numbers: &[f64]) -> Vec<usize> {
        let mut counts = vec![0; self.count];
        let bin = |x: &f64| (((x - self.low) / self.width).max(0.0) as usize).min(self.count - 1);
        numbers.iter().filter(|x| !x.is_nan()).for_each(|x| counts[bin(x)] += 1);
        counts
    }

    /// The lower edge of a bin; of the bin after the last one, its upper edge.
    pub fn edge(&self, bin: usize) -> f64 {
        self.low + bin as f64 * self.width
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn extreme_numbers_belong_to_the_outermost_bins() {
        let mut numbers: Vec<f64> = (0..1000).map(f64::from).collect();
        numbers.extend([1e9, -1e9, f64::NAN]);
        let bins = EqualBins::of(&numbers, 10).unwrap();
        assert!((0.0..10.0).contains(&bins.edge(0)) && (990.0..1000.0).contains(&bins.edge(10)));
        let counts = bins.counts(&numbers);
        assert_eq!(counts.iter().sum::<usize>(), 1002);
        assert!(counts[1..9].iter().all(|count| (98..=101).contains(count)), "{counts:?}");
        assert!(EqualBins::of(&[f64::NAN], 10).is_none());
        let one = EqualBins::of(&[3.0; 7], 4).unwrap();
        assert_eq!(one.counts(&[3.0; 7]), [7, 0, 0, 0]);
    }
}
