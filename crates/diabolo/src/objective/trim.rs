//! Trimmed likelihood: the rows of a batch with the largest loss are ignored (Neykov & Neytchev
//! 1990; Hadi & Luceño 1997).
//!
//! ```text
//! L = 1/h Σ_{i=1..h} ℓ_(i) ,   ℓ_(1) ≤ … ≤ ℓ_(n) the losses of the rows of a batch,
//!     h = n − ⌊share · n⌋
//! ```
//!
//! Trimming makes training robust to anomalies in the training rows. The ignored rows are selected
//! in every batch with the current weights, without gradient.

use super::Term;
use crate::tensor::{Device, to_host};

/// The terms without the fraction `share` of rows with the highest objective: their values are 0,
/// and the others are scaled so that the mean over all rows is the mean over the remaining rows.
pub fn trimmed(terms: Vec<Term>, share: f64, device: &Device) -> Vec<Term> {
    let rows = terms.first().map_or(0, |term| term.value.dims()[0]);
    let left_out = (share * rows as f64).floor() as usize;
    if left_out == 0 {
        return terms;
    }
    let mut losses = vec![0f64; rows];
    for term in &terms {
        let values = to_host(term.value.clone().detach());
        losses.iter_mut().zip(values).for_each(|(loss, value)| *loss += term.weight * f64::from(value));
    }
    let mut order: Vec<usize> = (0..rows).collect();
    order.sort_by(|&a, &b| losses[a].total_cmp(&losses[b]));
    let mut counts = vec![0f32; rows];
    order[..rows - left_out].iter().for_each(|&row| counts[row] = rows as f32 / (rows - left_out) as f32);
    let counts = device.tensor(counts, [rows]);
    terms.into_iter().map(|term| Term { value: term.value * counts.clone(), ..term }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::Device;

    fn terms() -> Vec<Term> {
        let device = Device::cpu();
        let term = |name, values: [f32; 4]| Term::new(name, device.tensor(values.to_vec(), [4]));
        // The objective is 1 + 4 = 5, 2 + 0 = 2, 9 + 2 = 11, 3 + 6 = 9.
        vec![term("a", [1.0, 2.0, 9.0, 3.0]), term("b", [2.0, 0.0, 1.0, 3.0]).weighted(2.0)]
    }

    #[test]
    fn rows_with_the_highest_objective_are_ignored() {
        let values: Vec<Vec<f32>> =
            trimmed(terms(), 0.5, &Device::cpu()).into_iter().map(|t| to_host(t.value)).collect();
        assert_eq!(values, [[2.0, 4.0, 0.0, 0.0], [4.0, 0.0, 0.0, 0.0]]);
        let same: Vec<Vec<f32>> =
            trimmed(terms(), 0.2, &Device::cpu()).into_iter().map(|t| to_host(t.value)).collect();
        assert_eq!(same[0], [1.0, 2.0, 9.0, 3.0], "a fifth of four rows is no row");
    }
}
