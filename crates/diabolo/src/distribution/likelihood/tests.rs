//! For every family: draws agree with the mean, masses sum to 1, and all values are finite.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::random::{Purpose, stream};
use crate::tensor::to_host;
use crate::tensor::{Module, to_host_f64};

/// A block of each family; its width is set by [`likelihood`].
fn kinds() -> Vec<LikelihoodBlock> {
    let variances =
        [Variance::Fixed { value: 4.0 }, Variance::Shared, Variance::PerFeature, Variance::Decoder];
    let others = Family::ALL.into_iter().filter(|family| *family != Family::Gaussian);
    let gaussians = variances.map(|variance| LikelihoodBlock::gaussian(variance, 0..1));
    others.map(|family| LikelihoodBlock::new(family, 0..1)).chain(gaussians).collect()
}

fn likelihood(kind: LikelihoodBlock, width: usize, device: &Device) -> Likelihood {
    Likelihood::new(vec![LikelihoodBlock { width, ..kind }], device)
}

fn fill(vectors: Vec<Param<1>>, value: f32, device: &Device) -> Vec<Param<1>> {
    let full = |v: Param<1>| device.tensor(vec![value; v.dims()[0]], v.dims());
    vectors.into_iter().map(|v| Param::from_tensor(full(v))).collect()
}

/// A likelihood with `value` in every learned vector.
fn with_learned(mut likelihood: Likelihood, value: f32, device: &Device) -> Likelihood {
    for list in [
        &mut likelihood.log_variance,
        &mut likelihood.log_scale,
        &mut likelihood.log_freedom,
        &mut likelihood.log_dispersion,
        &mut likelihood.thresholds,
    ] {
        *list = fill(std::mem::take(list), value, device);
    }
    likelihood
}

/// Moderate outputs, different in each column.
fn outputs(likelihood: &Likelihood) -> Vec<f32> {
    (0..likelihood.parameters()).map(|k| 0.4 + 0.8 * (k as f32 * 1.7).sin()).collect()
}

#[test]
fn draws_agree_with_the_mean() {
    const ROWS: usize = 20_000;
    let device = Device::cpu();
    for kind in kinds() {
        let family = kind.family;
        let likelihood = with_learned(likelihood(kind, 3, &device), 0.5, &device);
        let parameters = outputs(&likelihood);
        let repeated = device.tensor(parameters.repeat(ROWS), [ROWS, parameters.len()]);
        let drawn = likelihood.sample(repeated.clone(), &mut stream(9, Purpose::Generate, 0, 0));
        let mean = to_host(likelihood.mean(repeated.narrow(0, 0, 1)));
        for column in 0..3 {
            // The mean of a count is taken in the original scale.
            let is_count = matches!(family, Family::Poisson | Family::NegativeBinomial);
            let natural = |value: f32| if is_count { f64::from(value).exp_m1() } else { f64::from(value) };
            let values: Vec<f64> = drawn.chunks(3).map(|row| natural(row[column])).collect();
            let found = values.iter().sum::<f64>() / ROWS as f64;
            let variance = values.iter().map(|v| (v - found).powi(2)).sum::<f64>() / ROWS as f64;
            let tolerance = 4.0 * (variance / ROWS as f64).sqrt();
            let expected = natural(mean[column]);
            assert!((found - expected).abs() < tolerance, "{kind:?} {column}: {found}, not {expected}");
        }
    }
}

/// Every value of a column of the family, from the most probable part on.
fn support(family: Family) -> Vec<Vec<f32>> {
    let one_hot = |k: usize| (0..4).map(|j| (j == k) as u8 as f32).collect();
    match family {
        Family::Categorical | Family::Ordinal => (0..4).map(one_hot).collect(),
        Family::Poisson | Family::NegativeBinomial => (0..3000).map(|n| vec![(n as f32).ln_1p()]).collect(),
        _ => (0..256).map(|k| vec![k as f32 / 255.0]).collect(),
    }
}

#[test]
fn masses_sum_to_one_and_have_the_mean() {
    let device = Device::cpu_f64();
    let is_mass = |family: Family| !family.is_density() && family != Family::Bernoulli;
    for kind in kinds().into_iter().filter(|kind| is_mass(kind.family)) {
        let family = kind.family;
        for learned in [-0.7, 0.5, 1.5] {
            let values = support(family);
            let (rows, width) = (values.len(), values[0].len());
            let likelihood = with_learned(likelihood(kind, width, &device), learned, &device);
            let parameters = outputs(&likelihood);
            let repeated = device.tensor(parameters.repeat(rows), [rows, parameters.len()]);
            let x = device.tensor(values.concat(), [rows, width]);
            let nll = likelihood.negative_log_likelihood(repeated.clone(), x, None);
            let masses: Vec<f64> = to_host_f64(nll.neg().exp());
            let sum: f64 = masses.iter().sum();
            assert!((sum - 1.0).abs() < 1e-9, "{kind:?}: {sum}");
            let is_count = matches!(family, Family::Poisson | Family::NegativeBinomial);
            let natural = |value: f32| if is_count { f64::from(value).exp_m1() } else { f64::from(value) };
            let mean = values.iter().zip(&masses).map(|(v, mass)| natural(v[0]) * mass).sum::<f64>();
            let found = natural(to_host(likelihood.mean(repeated))[0]);
            // A tenth of a level is the error of the mean of a discretized logistic; the others are
            // exact in single precision.
            let discretized = matches!(family, Family::DiscretizedLogistic { .. });
            let tolerance = if discretized { 0.1 / 255.0 } else { 1e-5 };
            assert!((found - mean).abs() < tolerance, "{kind:?}: {found}, not {mean}");
        }
    }
}

/// Valid values at the ends of their domain.
fn extremes(family: Family) -> Vec<f32> {
    match family {
        Family::Gaussian | Family::StudentT | Family::Laplace => vec![-1e6, 0.0, 1e6],
        Family::Poisson | Family::NegativeBinomial => vec![0.0, 2f32.ln(), 1e6f32.ln_1p()],
        _ => vec![0.0, 1.0 / 255.0, 1.0],
    }
}

#[test]
fn values_are_finite_for_all_parameters() {
    let device = Device::cpu();
    let wild = [-1e30f32, -1e4, -100.0, -1.0, 0.0, 1e-6, 0.7, 100.0, 1e4, 1e8, 1e30];
    let pairs: Vec<[f32; 2]> = wild.iter().flat_map(|a| wild.iter().map(move |b| [*a, *b])).collect();
    for kind in kinds() {
        for learned in wild {
            check_finite(kind, learned, &pairs, &device);
        }
    }
}

/// Three rows of three columns for every pair, whose two numbers alternate among the outputs.
fn check_finite(kind: LikelihoodBlock, learned: f32, pairs: &[[f32; 2]], device: &Device) {
    let family = kind.family;
    let likelihood = with_learned(likelihood(kind, 3, device), learned, device).train();
    let x = match family {
        Family::Categorical | Family::Ordinal => vec![0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0],
        _ => extremes(family).repeat(3),
    };
    let (rows, width) = (3 * pairs.len(), likelihood.parameters());
    let alternate = |pair: &[f32; 2]| (0..3 * width).map(|k| pair[(k + k / width) % 2]).collect::<Vec<_>>();
    let values: Vec<f32> = pairs.iter().flat_map(alternate).collect();
    let parameters: Tensor<2> = device.tensor(values, [rows, width]).require_grad();
    let x: Tensor<2> = device.tensor(x.repeat(pairs.len()), [rows, 3]);
    let nll = likelihood.negative_log_likelihood(parameters.clone(), x, None);
    let gradients = nll.clone().sum().backward();
    let finite = |what: &str, values: Vec<f32>, each: usize| {
        let wrong = values.iter().position(|v| !v.is_finite());
        let device = wrong.map(|k| (values[k], pairs[k / each % pairs.len()]));
        assert!(device.is_none(), "{kind:?}, learned {learned}: {what} {device:?}");
    };
    finite("value", to_host(nll.detach()), 3);
    finite("gradient", to_host(parameters.grad(&gradients).unwrap()), 3 * width);
    for list in [
        &likelihood.log_variance,
        &likelihood.log_scale,
        &likelihood.log_freedom,
        &likelihood.log_dispersion,
        &likelihood.thresholds,
    ] {
        let gradient = |v: &Param<1>| v.val().grad(&gradients).map_or(vec![], to_host);
        list.iter().for_each(|v| finite("learned gradient", gradient(v), 1));
    }
    let mean = to_host(likelihood.mean(parameters).detach());
    let bounded = !family.is_density() || family == Family::ContinuousBernoulli;
    let is_count = matches!(family, Family::Poisson | Family::NegativeBinomial);
    if bounded && !is_count {
        let wrong = mean.iter().find(|m| !(0.0..=1.000_001).contains(*m));
        assert!(wrong.is_none(), "{kind:?}, learned {learned}: mean {wrong:?}");
    }
    finite("mean", mean, 9);
}

#[test]
fn draws_with_extreme_parameters_are_finite() {
    let device = Device::cpu();
    for kind in kinds() {
        for value in [-1e30f32, -1e4, 0.0, 1e4, 1e30] {
            let likelihood = with_learned(likelihood(kind, 3, &device), value, &device);
            let parameters =
                device.tensor(vec![value; likelihood.parameters()], [1, likelihood.parameters()]);
            let drawn = likelihood.sample(parameters, &mut stream(3, Purpose::Generate, 0, 0));
            assert!(drawn.iter().all(|v| v.is_finite()), "{kind:?} {value}: {drawn:?}");
        }
    }
}

#[test]
fn blocks_use_their_own_outputs_and_vectors() {
    let device = Device::cpu_f64();
    let blocks = vec![
        LikelihoodBlock::new(Family::Laplace, 0..1),
        LikelihoodBlock::new(Family::Ordinal, 1..4),
        LikelihoodBlock::new(Family::StudentT, 4..6),
        LikelihoodBlock::gaussian(Variance::Shared, 6..8),
    ];
    let all = Likelihood::new(blocks.clone(), &device);
    assert_eq!((all.parameters(), all.log_scale.len(), all.thresholds.len()), (6, 2, 1));
    assert_eq!(all.densities(), [true, false, false, false, true, true, true, true]);
    let x: [f32; 8] = [0.3, 0.0, 1.0, 0.0, -1.0, 2.0, 0.5, 0.7];
    let p: [f32; 6] = [0.1, 0.4, -0.2, 0.9, 1.1, -0.6];
    let whole = all.negative_log_likelihood(
        device.tensor(p.to_vec(), [1, 6]),
        device.tensor(x.to_vec(), [1, 8]),
        None,
    );
    let mut offset = 0;
    let alone = |b: &LikelihoodBlock| {
        let n = b.parameters();
        let own = device.tensor(p[offset..offset + n].to_vec(), [1, n]);
        offset += n;
        let x = device.tensor(x[b.start..b.start + b.width].to_vec(), [1, b.width]);
        let one = Likelihood::new(vec![LikelihoodBlock { start: 0, ..*b }], &device);
        to_host(one.negative_log_likelihood(own, x, None))[0]
    };
    let parts: f32 = blocks.iter().map(alone).sum();
    assert!((to_host(whole)[0] - parts).abs() < 1e-5);
}
