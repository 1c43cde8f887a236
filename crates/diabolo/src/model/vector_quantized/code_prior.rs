//! The prior of quantized codes: a mixture of independent categorical distributions (latent class
//! model, Lazarsfeld & Henry 1968).
//!
//! ```text
//! p(k_1, …, k_G) = Σ_m π_m Π_g p_m(k_g)
//! ```
//!
//! Fitted to the codes of the training rows by expectation maximization, with frequencies smoothed
//! towards those of all rows. On the digits, its samples were closer to held-out rows, and held-out
//! codes had fewer nats, than with independent groups, a chain over groups, and the best tree (Chow
//! & Liu 1968).
//!
//! Only frequencies are stored, each of three rows or more, and no code of a row.

use crate::module;
use crate::tensor::Indices;
use crate::tensor::Param;

use crate::model::settings::PRIOR_COMPONENTS as COMPONENTS;
use crate::random::{Purpose, RngExt, Stream, permutation, stream, weighted_index_or_last};
use crate::stats::elementary::double::{exp, ln};
use crate::tensor::{Device, to_host};

/// Minimum average number of rows per component; the maximum M is [`COMPONENTS`].
const ROWS_A_COMPONENT: usize = 20;
/// Minimum number of rows per component.
const FEWEST: f64 = 3.0;
/// Weight of the overall frequencies in each component, in rows.
const SMOOTHING: f64 = 2.0;
/// Maximum number of rows for the fit, and number of iterations of expectation maximization.
const ROWS: usize = 8192;
const ROUNDS: usize = 30;

/// p(k_1, …, k_G).
#[derive(Clone, Debug)]
pub struct CodePrior {
    /// π: components; 0 for unused ones.
    pub weights: Param<1>,
    /// p_m(k_g): components × groups × codebook_size.
    pub shares: Param<3>,
}
module!(CodePrior { weights, shares });

impl CodePrior {
    /// A uniform prior.
    pub(super) fn uniform(groups: usize, size: usize, device: &Device) -> Self {
        let shares = vec![1.0 / size as f32; COMPONENTS * groups * size];
        CodePrior {
            weights: Param::from_tensor(
                device.tensor(vec![1.0 / COMPONENTS as f32; COMPONENTS], [COMPONENTS]),
            ),
            shares: Param::from_tensor(device.tensor(shares, [COMPONENTS, groups, size])),
        }
    }

    /// Fits to the vectors `chosen` by some rows: rows × groups, row-major.
    pub(super) fn fit(chosen: &[u32], groups: usize, size: usize, seed: u64, device: &Device) -> Self {
        let mut order = permutation(&mut stream(seed, Purpose::CodePriorRows, 0, 0), chosen.len() / groups);
        order.truncate(ROWS);
        if order.is_empty() {
            return Self::uniform(groups, size, device);
        }
        let codes = order.iter().map(|&row| &chosen[row * groups..(row + 1) * groups]).collect();
        let (weights, shares) = Mixture::new(codes, groups, size).fit();
        let mut all = Self::uniform(groups, size, device);
        let fill = |values: Vec<f64>, len: usize| {
            let mut values: Vec<f32> = values.into_iter().map(|v| v as f32).collect();
            values.resize(len, 0.0);
            values
        };
        let dims = all.shares.dims();
        all.weights = Param::from_tensor(device.tensor(fill(weights, COMPONENTS), [COMPONENTS]));
        all.shares = Param::from_tensor(device.tensor(fill(shares, dims.iter().product()), dims));
        all
    }

    /// Draws choices: rows × groups.
    pub fn sample(&self, rows: usize, noise: &mut Stream) -> Indices<2> {
        let [_, groups, size] = self.shares.dims();
        let (weights, shares) = (to_host(self.weights.val()), to_host(self.shares.val()));
        let mut codes = Vec::with_capacity(rows * groups);
        let draw = |weights: &[f32], noise: &mut Stream| weighted_index_or_last(weights, noise.random());
        for _ in 0..rows {
            let component = draw(&weights, noise);
            let of_component = &shares[component * groups * size..(component + 1) * groups * size];
            codes.extend(of_component.chunks_exact(size).map(|group| draw(group, noise)));
        }
        Indices::new(codes, [rows, groups])
    }
}

/// The state of the fit, on the host.
struct Mixture<'a> {
    codes: Vec<&'a [u32]>,
    size: usize,
    /// Size of a component's table: groups · size.
    table: usize,
    components: usize,
    /// Frequencies of all rows: groups × size.
    all: Vec<f64>,
}

impl<'a> Mixture<'a> {
    fn new(codes: Vec<&'a [u32]>, groups: usize, size: usize) -> Self {
        let components = (codes.len() / ROWS_A_COMPONENT).clamp(1, COMPONENTS);
        let mut all = vec![1.0 / size as f64; groups * size];
        for code in &codes {
            cells(code, size).for_each(|cell| all[cell] += 1.0);
        }
        all.iter_mut().for_each(|n| *n /= codes.len() as f64 + 1.0);
        Mixture { codes, size, table: groups * size, components, all }
    }

    /// π and p of the components with enough rows.
    fn fit(&self) -> (Vec<f64>, Vec<f64>) {
        let mut belongs = self.start();
        let (mut rows, mut shares) = self.maximise(&belongs);
        for _ in 1..ROUNDS {
            self.expect(&rows, &shares, &mut belongs);
            (rows, shares) = self.maximise(&belongs);
        }
        let least = rows.iter().copied().fold(0.0, f64::max).min(FEWEST);
        let kept: Vec<usize> = (0..self.components).filter(|&m| rows[m] >= least).collect();
        let total: f64 = kept.iter().map(|&m| rows[m]).sum();
        let table = |&m: &usize| shares[m * self.table..(m + 1) * self.table].to_vec();
        (kept.iter().map(|&m| rows[m] / total).collect(), kept.iter().flat_map(table).collect())
    }

    /// Initial responsibilities, rows × components, from the choices that each row shares with the
    /// first rows.
    fn start(&self) -> Vec<f64> {
        let alike = |a: &[u32], b: &[u32]| a.iter().zip(b).filter(|(a, b)| a == b).count();
        let of_row = |code: &&[u32]| {
            let mut logits: Vec<f64> =
                self.codes[..self.components].iter().map(|seed| 2.0 * alike(code, seed) as f64).collect();
            softmax(&mut logits);
            logits
        };
        self.codes.iter().flat_map(of_row).collect()
    }

    /// The number of rows of each component, and its smoothed frequencies.
    fn maximise(&self, belongs: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let mut rows = vec![0.0; self.components];
        let mut shares: Vec<f64> =
            self.all.iter().map(|p| SMOOTHING * p).collect::<Vec<_>>().repeat(self.components);
        for (code, belongs) in self.codes.iter().zip(belongs.chunks_exact(self.components)) {
            for (m, share) in belongs.iter().enumerate() {
                rows[m] += share;
                cells(code, self.size).for_each(|cell| shares[m * self.table + cell] += share);
            }
        }
        for (table, rows) in shares.chunks_exact_mut(self.table).zip(&rows) {
            table.iter_mut().for_each(|n| *n /= rows + SMOOTHING);
        }
        (rows, shares)
    }

    /// p(component | code) for every row.
    fn expect(&self, rows: &[f64], shares: &[f64], belongs: &mut [f64]) {
        let logs: Vec<f64> = shares.iter().map(|p| ln(*p)).collect();
        for (code, belongs) in self.codes.iter().zip(belongs.chunks_exact_mut(self.components)) {
            for (m, logit) in belongs.iter_mut().enumerate() {
                *logit =
                    ln(rows[m]) + cells(code, self.size).map(|cell| logs[m * self.table + cell]).sum::<f64>();
            }
            softmax(belongs);
        }
    }
}

/// The positions of a code's choices in a table of groups × size.
fn cells(code: &[u32], size: usize) -> impl Iterator<Item = usize> {
    code.iter().enumerate().map(move |(group, &choice)| group * size + choice as usize)
}

fn softmax(logits: &mut [f64]) {
    let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    logits.iter_mut().for_each(|logit| *logit = exp(*logit - largest));
    let sum: f64 = logits.iter().sum();
    logits.iter_mut().for_each(|p| *p /= sum);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows (0, 0) and (1, 1), equally many of each.
    fn two_kinds(rows: usize) -> Vec<u32> {
        (0..rows as u32).flat_map(|row| [row % 2, row % 2]).collect()
    }

    fn share(drawn: &[usize], of: impl Fn(&[usize]) -> bool) -> f64 {
        drawn.chunks_exact(2).filter(|code| of(code)).count() as f64 / (drawn.len() / 2) as f64
    }

    #[test]
    fn dependent_choices_are_drawn_together() {
        let device = Device::cpu();
        let prior = CodePrior::fit(&two_kinds(400), 2, 2, 1, &device);
        let noise = &mut stream(1, Purpose::Generate, 0, 0);
        let drawn = prior.sample(4000, noise);
        // Four standard errors of a half; independent groups would agree half of the time.
        assert!((share(drawn.values(), |code| code[0] == 1) - 0.5).abs() < 0.032);
        assert!(share(drawn.values(), |code| code[0] == code[1]) > 0.8);
        let uniform = CodePrior::uniform(2, 2, &device).sample(4000, noise);
        assert!((share(uniform.values(), |code| code[0] == code[1]) - 0.5).abs() < 0.032);
    }

    #[test]
    fn smoothed_frequencies_by_hand() {
        let codes = two_kinds(30);
        let mixture = Mixture::new(codes.chunks_exact(2).collect(), 2, 2);
        assert_eq!((mixture.components, mixture.all.clone()), (1, vec![0.5; 4]));
        // One component: all rows belong to it, and its frequencies are those of all.
        assert_eq!(mixture.fit(), (vec![1.0], vec![0.5; 4]));
        // Two: each kind to its own. (15 + 2 · 0.5) / (15 + 2) of 15 rows.
        let mixture = Mixture { components: 2, ..mixture };
        let belongs: Vec<f64> =
            (0..30).flat_map(|row| if row % 2 == 0 { [1.0, 0.0] } else { [0.0, 1.0] }).collect();
        let (rows, shares) = mixture.maximise(&belongs);
        let (often, rarely) = (16.0 / 17.0, 1.0 / 17.0);
        assert_eq!(rows, [15.0, 15.0]);
        assert_eq!(shares, [often, rarely, often, rarely, rarely, often, rarely, often]);
        // p(first | (0, 0)) = often² / (often² + rarely²).
        let mut found = belongs.clone();
        mixture.expect(&rows, &shares, &mut found);
        assert!(
            (found[0] - 256.0 / 257.0).abs() < 1e-12 && (found[2] - 1.0 / 257.0).abs() < 1e-12,
            "{found:?}"
        );
    }

    #[test]
    fn no_component_is_a_single_row() {
        // One row apart from all others, and first, so that a component starts from it.
        let mut codes = vec![3u32; 4];
        codes.extend((0..100u32).flat_map(|row| [row % 2; 4]));
        let mixture = Mixture::new(codes.chunks_exact(4).collect(), 4, 4);
        assert_eq!(mixture.components, 5);
        let (weights, shares) = mixture.fit();
        assert!(weights.len() < 5 && (weights.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{weights:?}");
        assert!(shares.chunks_exact(4).all(|group| group[3] < 0.3), "{shares:?}");
    }

    #[test]
    fn empty_and_invalid_priors_are_handled() {
        let device = Device::cpu();
        let noise = &mut stream(1, Purpose::Generate, 0, 0);
        let nothing = CodePrior::fit(&[], 2, 3, 0, &device);
        let nonsense = CodePrior {
            weights: Param::from_tensor(device.tensor(vec![-1.0, f32::NAN], [2])),
            shares: Param::from_tensor(device.tensor(vec![f32::NAN; 12], [2, 2, 3])),
        };
        for prior in [nothing, nonsense] {
            let drawn = prior.sample(5, noise);
            assert!(drawn.values().len() == 10 && drawn.values().iter().all(|&k| k < 3), "{drawn:?}");
        }
    }
}
