//! What the updates of dense Adam do to rows without a gradient.
//!
//! After k of them, with the moments m and v before:
//! ```text
//! m ← β₁ᵏ m      v ← β₂ᵏ v      θ ← θ − Σ_j η̂_j β₁ʲ m / (√(β₂ʲ v) s_j + ε)
//!                                 = θ − C m / (√v + e),   C = Σ_j c_j,   e = Σ_j c_j e_j / C,
//! c_j = η̂_j β₁ʲ / (β₂^(j/2) s_j),   e_j = ε / (β₂^(j/2) s_j),   j = 1 … k
//! ```
//! where η̂ = η / (1 − β₁ᵗ) and s = 1 / √(1 − β₂ᵗ). This is dense Adam up to rounding, except for
//! e, which is the mean of the e_j: a difference of second order in e/√v.

use diabolo_stats::elementary::double::powi;

use crate::kernel::dispatch_simd;

pub(super) const BETAS: (f64, f64) = (0.9, 0.999);

/// The value of the paper, PyTorch and JAX.
pub(super) const EPSILON: f64 = 1e-8;

/// The updates after the first `before`.
#[derive(Clone, Debug, Default)]
pub(super) struct Rates {
    before: usize,
    all: Vec<Update>,
}

/// η, η̂ and 1/s of an update.
#[derive(Clone, Copy, Debug)]
struct Update {
    learning_rate: f64,
    rate: f64,
    root: f64,
}

/// What the updates that a row has missed do to it.
#[derive(Clone, Copy)]
pub(super) struct Missed {
    first: f32,
    second: f32,
    change: f32,
    epsilon: f32,
}

impl Rates {
    /// Those after the first `before` updates.
    pub fn after(before: usize) -> Self {
        Rates { before, all: vec![] }
    }

    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// η of each.
    pub fn learning_rates(&self) -> Vec<f64> {
        self.all.iter().map(|update| update.learning_rate).collect()
    }

    /// All rows have received all updates.
    pub fn settle(&mut self) {
        *self = Rates::after(self.before + self.all.len());
    }

    pub fn add(&mut self, learning_rate: f64) {
        let time = (self.before + self.all.len() + 1).min(i32::MAX as usize) as i32;
        let rate = learning_rate / (1.0 - powi(BETAS.0, time));
        self.all.push(Update { learning_rate, rate, root: (1.0 - powi(BETAS.1, time)).sqrt() });
    }

    /// The updates from `from` to the last, of parameters that have received `from` of them.
    pub fn missed(&self, from: usize) -> Missed {
        // What remains of m/√v is then below the precision of a number.
        const FORGOTTEN: usize = 160;
        let (beta_1, beta_2) = BETAS;
        let missed = &self.all[from.saturating_sub(self.before).min(self.all.len())..];
        let (mut change, mut epsilon) = (0.0, 0.0);
        let (mut of_first, mut of_root, back) = (1.0, 1.0, beta_2.sqrt().recip());
        for update in missed.iter().take(FORGOTTEN) {
            of_first *= beta_1;
            of_root *= back;
            let root = update.root * of_root;
            let own = update.rate * of_first * root;
            change += own;
            epsilon += own * EPSILON * root;
        }
        let count = missed.len();
        let remains = |beta: f64| powi(beta, count as i32) as f32;
        let epsilon = if change > 0.0 { epsilon / change } else { EPSILON };
        let change = change as f32;
        Missed { first: remains(beta_1), second: remains(beta_2), change, epsilon: epsilon as f32 }
    }
}

impl Missed {
    /// The row after the updates: parameter, m and v.
    #[inline(always)]
    pub fn apply(&self, parameter: &mut [f32], first: &mut [f32], second: &mut [f32]) {
        dispatch_simd(
            #[inline(always)]
            || {
                for ((p, m), v) in parameter.iter_mut().zip(first).zip(second) {
                    *p -= self.change * *m / (v.sqrt() + self.epsilon);
                    *m *= self.first;
                    *v *= self.second;
                }
            },
        );
    }
}
