//! Poisson counts; the column contains log(1 + count), and the mass is that of the count n.
//!
//! ```text
//! −log p(n) = λ − n η + log n!,   λ = e^η
//!           = n g(η − log n) + ½ log 2πn + δ(n),   g(d) = e^d − 1 − d         n ≥ 1
//!               (Loader 2000)
//! ```
//! The second line is the first with Stirling's formula: λ, n η and log n! would cancel in single
//! precision. The decoder gives η, smoothly bounded to (−12, 18); there are no other parameters.
//! The mean is log(1 + λ), in the units of the column.

use crate::tensor::Tensor;

use super::Distribution;
use super::count::{counts, encoded, encoded_mean, log_rate};
use super::cumulative::{Cumulative, Law};
use super::gaussian::LOG_TWO_PI;
use crate::random::{Stream, poisson};
use crate::tensor::{stirling_remainder, to_host};

pub(super) struct Poisson {
    /// η: batch × width.
    log_rate: Tensor<2>,
}

impl Poisson {
    /// From the decoder's outputs, batch × width.
    pub fn new(outputs: Tensor<2>) -> Self {
        Poisson { log_rate: log_rate(outputs) }
    }
}

impl Distribution for Poisson {
    fn negative_log_likelihood(&self, x: Tensor<2>) -> Tensor<2> {
        let counts = counts(x);
        let none = counts.clone().below(0.5);
        let n = counts.clamp_min(1.0);
        let log_n = n.clone().log();
        let d = self.log_rate.clone() - log_n.clone();
        // e^d − 1 without cancellation near 0.
        let exp_minus_one = (d.clone() * 0.5).tanh() * (d.clone().exp() + 1.0);
        let constant = (log_n + LOG_TWO_PI) * 0.5 + stirling_remainder(n.clone());
        (n * (exp_minus_one - d) + constant).mask_where(none, self.log_rate.clone().exp())
    }

    fn mean(&self) -> Tensor<2> {
        encoded_mean(self.log_rate.clone())
    }

    fn cumulative(&self) -> Option<Cumulative> {
        let law = Law::Poisson(to_host(self.log_rate.clone()));
        Some(Cumulative::new(self.log_rate.dims()[1], law))
    }

    fn sample(&self, noise: &mut Stream) -> Vec<f32> {
        let rates = to_host(self.log_rate.clone().exp());
        rates.into_iter().map(|rate| encoded(poisson(noise, f64::from(rate)))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::Device;

    fn nll(rate: f32, count: f32, device: &Device) -> f32 {
        let poisson = Poisson { log_rate: device.tensor(vec![rate.ln()], [1, 1]) };
        to_host(poisson.negative_log_likelihood(device.tensor(vec![count.ln_1p()], [1, 1])))[0]
    }

    #[test]
    fn a_few_counts_as_worked_by_hand() {
        for device in [Device::cpu(), Device::cpu_f64()] {
            // λ = 2: e⁻² 2³/3!, and e⁻² for none.
            assert!((nll(2.0, 3.0, &device) - (2.0 - 3.0 * 2f32.ln() + 6f32.ln())).abs() < 2e-5);
            assert!((nll(2.0, 0.0, &device) - 2.0).abs() < 2e-5);
        }
    }

    #[test]
    fn large_counts_are_accurate_in_single_precision() {
        // At the mode −log p is ½ log 2πλ.
        let expected = 0.5 * (2.0 * std::f32::consts::PI * 1e5).ln();
        assert!((nll(1e5, 1e5, &Device::cpu()) - expected).abs() < 1e-2, "{}", nll(1e5, 1e5, &Device::cpu()));
    }
}
