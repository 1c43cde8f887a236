//! The latent code as symbols: 2¹⁶ buckets of N(0, 1) with equal masses (Townsend et al. 2019).
//!
//! A code is at the centre of its bucket, Φ⁻¹((i + ½) / 2¹⁶); the posterior N(μ, σ²) has the bucket
//! with the probability of its interval. The number of bits of a bucket costs nothing: what the
//! prior takes more, the posterior gives back. It must only be fine beside σ, also where the prior
//! is thin: at |z| = 4 a bucket is 0.11 wide.

use std::sync::OnceLock;

use super::ans::{Exhausted, Mass, Stack};
use super::masses::Cells;
use crate::stats::elementary::double::{exp, inverse_normal_cdf, normal_cdf};

const BITS: u32 = 16;
const BUCKETS: u32 = 1 << BITS;

/// The inner boundaries of the buckets: the upper one of each but the last.
fn boundaries() -> &'static [f64] {
    static BOUNDARIES: OnceLock<Vec<f64>> = OnceLock::new();
    let at = |i: u32| inverse_normal_cdf(f64::from(i) / f64::from(BUCKETS));
    BOUNDARIES.get_or_init(|| (1..BUCKETS).map(at).collect())
}

/// The latent value of a bucket.
pub(super) fn centre(bucket: u32) -> f32 {
    inverse_normal_cdf((f64::from(bucket) + 0.5) / f64::from(BUCKETS)) as f32
}

fn posterior(mean: f32, log_variance: f32) -> Cells<impl Fn(u32) -> f64, impl Fn(f64) -> Option<u32>> {
    let (mean, precision) = (f64::from(mean), exp(-0.5 * f64::from(log_variance)));
    let upper = move |bucket: u32| normal_cdf((boundaries()[bucket as usize] - mean) * precision);
    let near = move |share| {
        let z = mean + inverse_normal_cdf(share) / precision;
        Some((normal_cdf(z) * f64::from(BUCKETS)) as u32)
    };
    Cells { count: BUCKETS, upper, near }
}

/// Pops a bucket from the posterior.
pub(super) fn pop_posterior(stack: &mut Stack, mean: f32, log_variance: f32) -> Result<u32, Exhausted> {
    posterior(mean, log_variance).pop(stack)
}

/// Undoes [`pop_posterior`].
pub(super) fn push_posterior(stack: &mut Stack, bucket: u32, mean: f32, log_variance: f32) {
    stack.push(posterior(mean, log_variance).mass(bucket));
}

/// Pushes a bucket by the prior.
pub(super) fn push_prior(stack: &mut Stack, bucket: u32) {
    stack.push(Mass::uniform(bucket, BITS));
}

/// Undoes [`push_prior`].
pub(super) fn pop_prior(stack: &mut Stack) -> Result<u32, Exhausted> {
    Ok(stack.pop_bits(BITS)? as u32)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::random::{Purpose, RngExt, stream};

    #[test]
    fn buckets_come_back_and_cost_their_divergence() {
        // KL(N(μ, σ²) ‖ N(0, 1)) = ½ (μ² + σ² − 1 − log σ²), once the initial bits are there.
        let (mean, log_variance, count) = (1.5f32, -4.0f32, 2000u32);
        let mut stack = Stack::encoder();
        let mut cells = stream(1, Purpose::CodecPlan, 0, 0);
        let mut pushed: Vec<(u64, u32)> = vec![];
        for _ in 0..count {
            // As the cells of a row would: what is popped next is then as random as they are.
            let bits: u64 = cells.random();
            stack.push_bits(bits, 64);
            let bucket = pop_posterior(&mut stack, mean, log_variance).unwrap();
            assert!((centre(bucket) - mean).abs() < 6.0 * 0.136);
            push_prior(&mut stack, bucket);
            pushed.push((bits, bucket));
        }
        let bits = 8.0 * stack.to_bytes().len() as f64 - 64.0 * f64::from(count);
        let divergence = 0.5 * (2.25 + (-4f64).exp() - 1.0 + 4.0) * f64::from(count) / 2f64.ln();
        // Four standard errors: log q − log p of one draw deviates by a bit, of 2000 by 47 of 7600.
        assert!((bits / divergence - 1.0).abs() < 0.025, "{bits} {divergence}");
        let mut stack = Stack::decoder(&stack.to_bytes()).unwrap();
        for &(bits, bucket) in pushed.iter().rev() {
            assert_eq!(pop_prior(&mut stack).unwrap(), bucket);
            push_posterior(&mut stack, bucket, mean, log_variance);
            assert_eq!(stack.pop_bits(64), Ok(bits));
        }
        assert!(stack.is_finished());
    }

    #[test]
    fn extreme_posteriors_have_masses() {
        for (mean, log_variance) in [(1e30, 10.0), (-40.0, -10.0), (f32::NAN, 0.0), (0.0, f32::NAN)] {
            for bucket in [0, BUCKETS / 2, BUCKETS - 1] {
                assert!(posterior(mean, log_variance).mass(bucket).size > 0);
            }
        }
    }
}
