//! Codebook usage of quantized codes.

use crate::model::Codebook;
use crate::stats::elementary::double::{exp, ln};

/// Counts of the chosen vectors: groups × codebook_size.
pub(super) struct Choices {
    counts: Vec<u64>,
    size: usize,
}

impl Choices {
    pub(super) fn new(book: &Codebook) -> Self {
        Choices { counts: vec![0; book.groups() * book.size()], size: book.size() }
    }

    /// Adds the choices of some rows: rows × groups, row-major.
    pub(super) fn add(&mut self, chosen: &[usize]) {
        let groups = self.counts.len() / self.size;
        for (i, &code) in chosen.iter().enumerate() {
            self.counts[i % groups * self.size + code] += 1;
        }
    }

    /// The perplexity exp(−Σ_k p_k log p_k), averaged over groups; 0 if there were no rows.
    pub(super) fn perplexity(&self) -> f64 {
        let of_group = |counts: &[u64]| {
            let total: u64 = counts.iter().sum();
            let shares = counts.iter().filter(|n| **n > 0).map(|&n| n as f64 / total as f64);
            if total == 0 { 0.0 } else { exp(-shares.map(|p| p * ln(p)).sum::<f64>()) }
        };
        let groups = self.counts.chunks_exact(self.size);
        groups.clone().map(of_group).sum::<f64>() / groups.len() as f64
    }

    /// The fraction of vectors that were chosen at least once.
    pub(super) fn used(&self) -> f64 {
        self.counts.iter().filter(|n| **n > 0).count() as f64 / self.counts.len() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_groups_by_hand() {
        // The first group chooses 0, 1, 2, 3; the second always 2.
        let mut choices = Choices { counts: vec![0; 8], size: 4 };
        assert_eq!((choices.perplexity(), choices.used()), (0.0, 0.0));
        choices.add(&[0, 2, 1, 2]);
        choices.add(&[2, 2, 3, 2]);
        assert!((choices.perplexity() - 2.5).abs() < 1e-12, "{}", choices.perplexity());
        assert_eq!(choices.used(), 5.0 / 8.0);
    }
}
