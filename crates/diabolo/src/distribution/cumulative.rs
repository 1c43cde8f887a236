//! Distribution functions of likelihoods, for codes that need the probability of every cell.
//!
//! They are evaluated on the host in double precision, with elementary functions of our own, so
//! that the masses that a codec derives from them have the same bits everywhere.

use crate::stats::elementary::double::{exp, exp_m1, inverse_normal_cdf, ln, ln_gamma, normal_cdf};
use crate::tensor::{Tensor, to_host};

/// The largest value of a pixel of 8 bits.
pub(super) const LEVELS: f64 = 255.0;

/// P(X ≤ x | decoder outputs) for the cells of one block: batch × width.
///
/// `x` is in encoded units. Where the values are discrete (counts, pixels of 256 levels), it is a
/// step function of the continuous distribution whose steps `x` must not hit: use the middle
/// between two values.
pub struct Cumulative {
    width: usize,
    law: Law,
}

/// Parameters, batch × width each if not said otherwise.
pub(super) enum Law {
    /// One-hot: the probability of each level.
    Levels(Vec<f32>),
    /// P(x = 1).
    Bernoulli(Vec<f32>),
    ContinuousBernoulli(Vec<f32>),
    Normal {
        mean: Vec<f32>,
        log_variance: Vec<f32>,
    },
    Laplace {
        location: Vec<f32>,
        log_scale: Vec<f32>,
    },
    StudentT {
        location: Vec<f32>,
        log_scale: Vec<f32>,
        freedom: Vec<f32>,
    },
    Poisson(Vec<f32>),
    NegativeBinomial {
        log_rate: Vec<f32>,
        log_shape: Vec<f32>,
    },
    BetaBinomial {
        alpha: Vec<f32>,
        beta: Vec<f32>,
    },
    /// batch × components × width.
    LogisticMixture {
        weight: Vec<f32>,
        location: Vec<f32>,
        /// 1 / scale.
        sharpness: Vec<f64>,
        components: usize,
    },
}

/// A parameter on the host, repeated where one row is for all.
pub(super) fn spread(parameter: &Tensor<2>, like: &Tensor<2>) -> Vec<f32> {
    to_host::<2>(parameter.clone().expand(like.dims()))
}

impl Cumulative {
    pub(super) fn new(width: usize, law: Law) -> Self {
        Cumulative { width, law }
    }

    /// The probabilities of the levels of a one-hot block.
    pub fn levels(&self, row: usize) -> Option<&[f32]> {
        match &self.law {
            Law::Levels(probabilities) => Some(&probabilities[row * self.width..(row + 1) * self.width]),
            _ => None,
        }
    }

    /// P(x = 1) of a column of a Bernoulli block.
    pub fn second(&self, row: usize, column: usize) -> Option<f32> {
        match &self.law {
            Law::Bernoulli(probabilities) => Some(probabilities[row * self.width + column]),
            _ => None,
        }
    }

    /// P(X ≤ x) of a column, for blocks of one number per column.
    pub fn at(&self, row: usize, column: usize, x: f64) -> f64 {
        let cell = row * self.width + column;
        let of = |values: &[f32]| f64::from(values[cell]);
        match &self.law {
            Law::Levels(_) => f64::NAN,
            Law::Bernoulli(second) => {
                if x < 0.0 {
                    0.0
                } else if x < 1.0 {
                    1.0 - of(second)
                } else {
                    1.0
                }
            }
            Law::ContinuousBernoulli(logits) => continuous_bernoulli(of(logits), x),
            Law::Normal { mean, log_variance } => normal_cdf((x - of(mean)) * exp(-0.5 * of(log_variance))),
            Law::Laplace { location, log_scale } => laplace((x - of(location)) * exp(-of(log_scale))),
            Law::StudentT { location, log_scale, freedom } => {
                student_t((x - of(location)) * exp(-of(log_scale)), of(freedom))
            }
            Law::Poisson(log_rate) => {
                let n = exp_m1(x).floor();
                if n < 0.0 { 0.0 } else { 1.0 - gamma_share(n + 1.0, exp(of(log_rate))) }
            }
            Law::NegativeBinomial { log_rate, log_shape } => {
                let (n, rate, shape) = (exp_m1(x).floor(), exp(of(log_rate)), exp(of(log_shape)));
                if n < 0.0 {
                    0.0
                } else {
                    beta_share(shape, n + 1.0, shape / (shape + rate), rate / (shape + rate))
                }
            }
            Law::BetaBinomial { alpha, beta } => beta_binomial((x * LEVELS).floor(), of(alpha), of(beta)),
            Law::LogisticMixture { weight, location, sharpness, components } => {
                let first = row * components * self.width + column;
                let each = (0..*components).map(|k| {
                    let at = first + k * self.width;
                    let z = (x - f64::from(location[at])) * sharpness[at];
                    f64::from(weight[at]) / (1.0 + exp(-z))
                });
                each.sum()
            }
        }
    }

    /// An x where P(X ≤ x) is near this probability, of laws that have one in closed form; of a
    /// mixture, by its heaviest component.
    pub fn near(&self, row: usize, column: usize, probability: f64) -> Option<f64> {
        let cell = row * self.width + column;
        match &self.law {
            Law::Normal { mean, log_variance } => {
                let deviation = exp(0.5 * f64::from(log_variance[cell]));
                Some(f64::from(mean[cell]) + deviation * inverse_normal_cdf(probability))
            }
            Law::Laplace { location, log_scale } => {
                let tail = probability.min(1.0 - probability);
                let distance = ln(2.0 * tail) * exp(f64::from(log_scale[cell]));
                Some(f64::from(location[cell]) + if probability < 0.5 { distance } else { -distance })
            }
            Law::LogisticMixture { weight, location, sharpness, components } => {
                let each = (0..*components).map(|k| (row * components + k) * self.width + column);
                let heaviest = each.max_by(|&a, &b| weight[a].total_cmp(&weight[b]))?;
                let odds = ln(probability / (1.0 - probability));
                Some(f64::from(location[heaviest]) + odds / sharpness[heaviest])
            }
            _ => None,
        }
    }
}

/// (e^(lx) − 1) / (e^l − 1) on [0, 1].
fn continuous_bernoulli(l: f64, x: f64) -> f64 {
    let x = x.clamp(0.0, 1.0);
    if l.abs() < 1e-6 {
        x
    } else if l > 0.0 {
        // By e^−l, which does not overflow.
        (exp(l * (x - 1.0)) - exp(-l)) / -exp_m1(-l)
    } else {
        exp_m1(l * x) / exp_m1(l)
    }
}

fn laplace(z: f64) -> f64 {
    if z < 0.0 { 0.5 * exp(z) } else { 1.0 - 0.5 * exp(-z) }
}

/// 1 − ½ I_{ν/(ν+z²)}(ν/2, ½) for z > 0.
fn student_t(z: f64, nu: f64) -> f64 {
    let z = z.clamp(-1e100, 1e100);
    let all = nu + z * z;
    let tail = 0.5 * beta_share(0.5 * nu, 0.5, nu / all, z * z / all);
    if z > 0.0 { 1.0 - tail } else { tail }
}

/// Σ of the first masses by their ratios, from the largest one so that nothing overflows.
fn beta_binomial(k: f64, alpha: f64, beta: f64) -> f64 {
    if k < 0.0 {
        return 0.0;
    }
    if k >= LEVELS {
        return 1.0;
    }
    let mode = match (alpha > 1.0, beta > 1.0) {
        (true, true) => (LEVELS * (alpha - 1.0) / (alpha + beta - 2.0)).round().clamp(0.0, LEVELS),
        _ => {
            if alpha < beta {
                0.0
            } else {
                LEVELS
            }
        }
    };
    // p(j + 1) / p(j)
    let ratio = |j: f64| (LEVELS - j) * (alpha + j) / ((j + 1.0) * (LEVELS - j - 1.0 + beta));
    let (mut below, mut all) = (0.0, 0.0);
    let mut add = |j: f64, p: f64| {
        all += p;
        if j <= k {
            below += p;
        }
    };
    let (mut j, mut p) = (mode, 1.0);
    while j <= LEVELS {
        add(j, p);
        p *= ratio(j);
        j += 1.0;
    }
    (j, p) = (mode, 1.0);
    while j > 0.0 {
        j -= 1.0;
        p /= ratio(j);
        add(j, p);
    }
    below / all
}

/// The most steps of a series or continued fraction; √a steps are needed for parameters of size a.
const STEPS: usize = 20_000;
const TINY: f64 = 1e-300;
const CONVERGED: f64 = 1e-15;

/// The regularized incomplete beta function I_x(a, b), given also y = 1 − x: by its continued
/// fraction, modified Lentz (Press et al. 2007, section 6.4).
fn beta_share(a: f64, b: f64, x: f64, y: f64) -> f64 {
    if x <= 0.0 || y <= 0.0 {
        return if x <= 0.0 { 0.0 } else { 1.0 };
    }
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - beta_share_below(b, a, y, x);
    }
    beta_share_below(a, b, x, y)
}

fn beta_share_below(a: f64, b: f64, x: f64, y: f64) -> f64 {
    let log_front = ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * ln(x) + b * ln(y);
    let not_tiny = |v: f64| if v.abs() < TINY { TINY } else { v };
    let (mut c, mut d) = (1.0, 1.0 / not_tiny(1.0 - (a + b) * x / (a + 1.0)));
    let mut fraction = d;
    for step in 1..STEPS {
        let m = step as f64;
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let mut change = 1.0;
        for term in [even, odd] {
            d = 1.0 / not_tiny(1.0 + term * d);
            c = not_tiny(1.0 + term / c);
            change = c * d;
            fraction *= change;
        }
        if (change - 1.0).abs() < CONVERGED {
            break;
        }
    }
    exp(log_front) * fraction / a
}

/// The regularized lower incomplete gamma function P(a, x): by its series below a + 1, else by the
/// continued fraction of the upper one (Press et al. 2007, section 6.2).
fn gamma_share(a: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    let front = exp(a * ln(x) - x - ln_gamma(a));
    if x < a + 1.0 {
        let (mut term, mut sum) = (1.0 / a, 1.0 / a);
        for step in 1..STEPS {
            term *= x / (a + step as f64);
            sum += term;
            if term < sum * CONVERGED {
                break;
            }
        }
        return front * sum;
    }
    let not_tiny = |v: f64| if v.abs() < TINY { TINY } else { v };
    let mut b = x + 1.0 - a;
    let (mut c, mut d) = (1.0 / TINY, 1.0 / not_tiny(b));
    let mut fraction = d;
    for step in 1..STEPS {
        let term = -(step as f64) * (step as f64 - a);
        b += 2.0;
        d = 1.0 / not_tiny(term * d + b);
        c = not_tiny(b + term / c);
        fraction *= c * d;
        if (c * d - 1.0).abs() < CONVERGED {
            break;
        }
    }
    1.0 - front * fraction
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::elementary::double::ln_1p;

    fn close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-12, "{found} {expected}");
    }

    #[test]
    fn functions_as_tabulated_or_worked_by_hand() {
        // One degree of freedom: ½ + arctan(z)/π. Two: ½ + z / (2 √(2 + z²)).
        for z in [-30.0f64, -1.0, 0.0, 0.4, 2.0] {
            close(student_t(z, 1.0), 0.5 + z.atan() / std::f64::consts::PI);
            close(student_t(z, 2.0), 0.5 + z / (2.0 * (2.0 + z * z).sqrt()));
        }
        close(laplace(-1.0) + laplace(1.0), 1.0);
        close(laplace(2.0), 1.0 - 0.5 * (-2f64).exp());
        close(continuous_bernoulli(2.0, 0.5), (1f64.exp() - 1.0) / (2f64.exp() - 1.0));
        close(continuous_bernoulli(-2.0, 0.5), 1.0 - continuous_bernoulli(2.0, 0.5));
        close(continuous_bernoulli(800.0, 1.0), 1.0);
        // Exponential, and Erlang with two stages.
        close(gamma_share(1.0, 0.3), 1.0 - (-0.3f64).exp());
        close(gamma_share(2.0, 7.0), 1.0 - 8.0 * (-7f64).exp());
        // I_x(2, 1) = x², I_x(1, 3) = 1 − (1 − x)³.
        close(beta_share(2.0, 1.0, 0.3, 0.7), 0.09);
        close(beta_share(1.0, 3.0, 0.8, 0.2), 1.0 - 0.008);
    }

    #[test]
    fn counts_are_sums_of_their_masses() {
        let cumulative = |law| Cumulative::new(1, law);
        let poisson = cumulative(Law::Poisson(vec![3f32.ln()]));
        let rate = f64::from(3f32.ln()).exp();
        let mut sum = 0.0;
        let mut mass = (-rate).exp();
        for n in 0..20 {
            sum += mass;
            mass *= rate / f64::from(n + 1);
            assert!((poisson.at(0, 0, (f64::from(n) + 0.5).ln_1p()) - sum).abs() < 1e-12, "{n}");
        }
        assert_eq!(poisson.at(0, 0, -0.4), 0.0);
        // r = 1, λ = 3: 1 − (¾)^(n+1).
        let geometric = Law::NegativeBinomial { log_rate: vec![3f32.ln()], log_shape: vec![0.0] };
        let found = cumulative(geometric).at(0, 0, 5.5f64.ln_1p());
        assert!((found - (1.0 - 0.75f64.powi(6))).abs() < 1e-7, "{found}");
        // α = β = 1: every level has 1/256.
        let flat = cumulative(Law::BetaBinomial { alpha: vec![1.0], beta: vec![1.0] });
        close(flat.at(0, 0, 99.5 / 255.0), 100.0 / 256.0);
        for (alpha, beta) in [(0.01, 0.02), (2900.0, 0.1), (0.1, 2900.0), (1500.0, 1400.0)] {
            let bent = cumulative(Law::BetaBinomial { alpha: vec![alpha], beta: vec![beta] });
            let all: Vec<f64> = (0..256).map(|k| bent.at(0, 0, (f64::from(k) + 0.5) / 255.0)).collect();
            assert!(all.is_sorted() && all[255] == 1.0 && all[0] >= 0.0, "{alpha} {beta} {all:?}");
        }
    }

    #[test]
    fn large_and_extreme_parameters_stay_distribution_functions() {
        let rises = |f: &dyn Fn(f64) -> f64, at: &[f64]| {
            let values: Vec<f64> = at.iter().map(|&x| f(x)).collect();
            let sound = values.windows(2).all(|pair| pair[0] <= pair[1] + 1e-9);
            assert!(sound && values.iter().all(|p| (-1e-9..=1.0 + 1e-9).contains(p)), "{values:?}");
        };
        let grid: Vec<f64> = (-40..=40).map(|i| f64::from(i) * 0.5).collect();
        for nu in [2.007, 5.0, 1100.0] {
            rises(&|z| student_t(z, nu), &grid);
            rises(&|z| student_t(z * 1e30, nu), &grid);
        }
        let counts: Vec<f64> = (0..60).map(|i| 1.3f64.powi(i).floor()).collect();
        for (log_rate, log_shape) in [(-12.0, -7.0), (18.0, 7.0), (12.0, 7.0), (5.0, -7.0), (3.0, 0.0)] {
            let law = Law::NegativeBinomial { log_rate: vec![log_rate], log_shape: vec![log_shape] };
            let negative = Cumulative::new(1, law);
            rises(&|n| negative.at(0, 0, ln_1p(n + 0.5)), &counts);
            let poisson = Cumulative::new(1, Law::Poisson(vec![log_rate]));
            rises(&|n| poisson.at(0, 0, ln_1p(n + 0.5)), &counts);
        }
    }
}
