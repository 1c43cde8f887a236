//! Properties of the variational family: order of bounds, sums of parts, importance sampling of a
//! known p(x).
#![allow(clippy::unwrap_used)]

use diabolo::data::Encoded;
use diabolo::distribution::{Family, LikelihoodBlock, Posterior, Variance, standard_normal_log_density};
use diabolo::evaluate::{AggregatePosterior, log_likelihoods};
use diabolo::model::{
    Architecture, Autoencoder, Batch, Bound, Context, FamilyConfig, FlowConfig, Model, PriorConfig,
    Trainable, VariationalConfig,
};
use diabolo::nn::{Activation, AnyLayer, Layer, Linear};
use diabolo::objective::kl_parts;
use diabolo::random::{Purpose, RowNoise, standard_normal, stream};
use diabolo::tensor::Tensor;
use diabolo::tensor::{Device, to_host};

const INPUTS: usize = 6;

fn architecture(config: VariationalConfig, hidden: Vec<usize>, likelihood: LikelihoodBlock) -> Architecture {
    Architecture {
        family: FamilyConfig::Variational(config),
        inputs: INPUTS,
        condition: 0,
        stem: None,
        hidden,
        latent_dim: 3,
        activation: Activation::Tanh,
        latent_activation: Activation::Identity,
        likelihood: vec![likelihood],
    }
}

fn bernoulli() -> LikelihoodBlock {
    LikelihoodBlock::new(Family::Bernoulli, 0..INPUTS)
}

fn rows(n: usize) -> Encoded {
    Encoded::from_values(standard_normal(&mut stream(5, Purpose::Choose, 0, 0), n * INPUTS), INPUTS)
}

/// Each kind of posterior and prior.
fn configs() -> Vec<VariationalConfig> {
    let default = VariationalConfig::default;
    vec![
        default(),
        VariationalConfig { prior: PriorConfig::Mixture { components: 4 }, ..default() },
        VariationalConfig { prior: PriorConfig::VampPrior { pseudo_inputs: 4 }, ..default() },
        VariationalConfig {
            prior: PriorConfig::Hierarchical { hidden: vec![5], latent_dim: 2 },
            ..default()
        },
        VariationalConfig { flow: FlowConfig::Planar { layers: 2 }, ..default() },
        VariationalConfig { flow: FlowConfig::InverseAutoregressive { layers: 2, hidden: 8 }, ..default() },
    ]
}

/// log 1/k Σ e^w over consecutive groups of k, averaged: larger groups of the same draws give a
/// tighter bound.
fn bound(log_weights: &[f32], k: usize) -> f64 {
    let groups = log_weights.chunks_exact(k).map(|group| {
        let largest = group.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let sum: f64 = group.iter().map(|w| f64::from(w - largest).exp()).sum();
        f64::from(largest) + (sum / k as f64).ln()
    });
    groups.sum::<f64>() / (log_weights.len() / k) as f64
}

#[test]
fn the_importance_weighted_bound_rises_with_the_number_of_draws() {
    let device = Device::cpu_f64();
    for config in configs() {
        let model = Model::new(&architecture(config.clone(), vec![8], bernoulli()), 1, &device);
        let batch = Batch::gather(&rows(8), &[0, 1, 2, 3, 4, 5, 6, 7], &device);
        let noise = &mut stream(2, Purpose::Evaluate, 0, 0);
        let noise = &mut RowNoise::Own(noise);
        let log_weights = to_host(model.log_weights(&batch, 64, noise, &device).unwrap());
        let bounds: Vec<f64> = [1, 2, 4, 8, 16, 32, 64].map(|k| bound(&log_weights, k)).to_vec();
        // Jensen's inequality holds for the sample, except for rounding of f32 weights.
        assert!(bounds.windows(2).all(|pair| pair[0] <= pair[1] + 1e-6), "{config:?}: {bounds:?}");
        assert!(bounds[6] > bounds[0] + 1e-4, "{config:?}: {bounds:?}");
    }
}

#[test]
fn one_draw_is_the_elbo() {
    let device = Device::cpu_f64();
    let config = VariationalConfig::default();
    let model = Model::new(&architecture(config, vec![8], bernoulli()), 1, &device);
    let batch = Batch::gather(&rows(1), &[0], &device);
    let draws = 20_000;
    let noise = &mut stream(3, Purpose::Evaluate, 0, 0);
    let weights = model.log_weights(&batch, draws, &mut RowNoise::Own(noise), &device).unwrap();
    let weights: Vec<f64> = to_host(weights).into_iter().map(f64::from).collect();
    let mean = weights.iter().sum::<f64>() / draws as f64;
    let variance = weights.iter().map(|w| (w - mean).powi(2)).sum::<f64>() / draws as f64;
    // Computed differently: the closed-form KL, and reconstructions of independent draws.
    let many = Batch::new(batch.x.clone().repeat_dim(0, draws));
    let noise = &mut stream(4, Purpose::Evaluate, 0, 0);
    let context = &mut Context { noise, epochs: 0.0, training: false, rows: 1, device: &device };
    let elbo: f64 = model
        .loss(&many, context)
        .into_iter()
        .map(|t| -to_host(t.value).into_iter().map(f64::from).sum::<f64>() / draws as f64)
        .sum();
    // Four standard errors of each.
    assert!((mean - elbo).abs() < 8.0 * (variance / draws as f64).sqrt(), "{mean} and {elbo}");
}

/// A linear decoder with Gaussian noise has p(x) = N(b, W Wᵀ + σ² I) (Tipping & Bishop 1999, eq.
/// 6).
#[test]
fn importance_sampling_finds_the_likelihood_of_a_linear_model() {
    let device = Device::cpu();
    let variance = 0.5;
    let block = LikelihoodBlock::gaussian(Variance::Fixed { value: variance }, 0..INPUTS);
    let model = Model::new(&architecture(VariationalConfig::default(), vec![], block), 7, &device);
    let Model::Variational(mut variational) = model else { unreachable!() };
    let output = variational.output.as_linear().unwrap();
    let weight: Vec<f64> = to_host(output.weight.val()).into_iter().map(f64::from).collect();
    // q(z|x) = N(0, I): wide enough to reach all of the true posterior.
    let still = |layer: &AnyLayer| {
        let layer = layer.as_linear().unwrap();
        let (weight, bias) = (layer.weight.val().zeros_like(), layer.bias.val().zeros_like());
        AnyLayer::from(Linear::from_parts(weight, bias, layer.activation()))
    };
    variational.posterior.mean = still(&variational.posterior.mean);
    variational.posterior.log_variance = still(&variational.posterior.log_variance);
    let model = Model::Variational(variational);
    let latent = model.latent_dim();
    let covariance = |i: usize, j: usize| {
        let product: f64 = (0..latent).map(|k| weight[i * latent + k] * weight[j * latent + k]).sum();
        product + if i == j { variance } else { 0.0 }
    };
    let data = rows(40);
    let exact: Vec<f64> = data.values.chunks_exact(INPUTS).map(|x| log_normal(x, covariance)).collect();
    let found = log_likelihoods(&model, &data, 20_000, 0, 0, &device).unwrap();
    for (found, exact) in found.iter().zip(&exact) {
        assert!((found.bound - exact).abs() < 0.05, "{found:?} instead of {exact}");
        assert!((1.0..=20_000.0).contains(&found.effective_draws), "{found:?}");
    }
    // Few draws give a smaller bound on average.
    let few = log_likelihoods(&model, &data, 2, 0, 0, &device).unwrap();
    assert!(few.iter().map(|row| row.bound).sum::<f64>() < exact.iter().sum::<f64>());
    // Previous rows change the draws of a row, but not their number.
    assert_eq!(found, log_likelihoods(&model, &data, 20_000, 0, 0, &device).unwrap());
}

/// log N(x; 0, C), by Cholesky.
fn log_normal(x: &[f32], covariance: impl Fn(usize, usize) -> f64) -> f64 {
    let n = x.len();
    let mut lower = vec![vec![0.0; n]; n];
    for i in 0..n {
        for j in 0..=i {
            let sum: f64 = (0..j).map(|k| lower[i][k] * lower[j][k]).sum();
            lower[i][j] = match i == j {
                true => (covariance(i, i) - sum).sqrt(),
                false => (covariance(i, j) - sum) / lower[j][j],
            };
        }
    }
    let mut whitened = vec![0.0; n];
    for i in 0..n {
        let sum: f64 = (0..i).map(|k| lower[i][k] * whitened[k]).sum();
        whitened[i] = (f64::from(x[i]) - sum) / lower[i][i];
    }
    let log_det: f64 = (0..n).map(|i| lower[i][i].ln()).sum();
    let squares: f64 = whitened.iter().map(|v| v * v).sum();
    -0.5 * squares - log_det - 0.5 * n as f64 * std::f64::consts::TAU.ln()
}

#[test]
fn the_parts_of_the_kl_add_up_and_independent_units_have_no_total_correlation() {
    let device = Device::cpu_f64();
    let (batch, units) = (400, 2);
    let draw = |seed| standard_normal(&mut stream(seed, Purpose::Choose, 0, 0), batch * units);
    let tensor = |values: Vec<f32>| device.tensor::<2>(values, [batch, units]);
    let correlated: Vec<f32> = draw(1).chunks_exact(2).flat_map(|p| [p[0], p[0] + 0.1 * p[1]]).collect();
    let correlation_of = |means: Vec<f32>| {
        let posterior = Posterior { mean: tensor(means), log_variance: tensor(vec![-3.0; batch * units]) };
        let z = posterior.sample(tensor(draw(2)));
        let parts = kl_parts(&posterior, z.clone(), batch);
        let whole = posterior.log_density(z.clone()) - standard_normal_log_density(z);
        let sum = parts.mutual_information + parts.total_correlation.clone() + parts.dimension_kl;
        let gap = (sum - whole).abs().max();
        assert!(to_host(gap)[0] < 1e-9);
        to_host(parts.total_correlation.mean())[0]
    };
    // The constant of the estimate depends on N and M only, so only differences are meaningful.
    let (independent, together): (f32, f32) = (correlation_of(draw(3)), correlation_of(correlated));
    assert!(together > independent + 0.5, "{together} against {independent}");
}

#[test]
fn every_bound_trains_on_every_prior_and_flow_or_says_why_not() {
    let bounds = [
        Bound::Elbo,
        Bound::FreeBits { nats: 0.2 },
        Bound::Capacity { nats: 3.0, epochs: 2.0 },
        Bound::Importance { samples: 3, doubly_reparameterized: false },
        Bound::Importance { samples: 3, doubly_reparameterized: true },
        Bound::TotalCorrelation { weight: 4.0 },
        Bound::Mmd { weight: 5.0 },
    ];
    let device = Device::cpu();
    let mut trained = 0;
    for config in configs() {
        for bound in bounds {
            let config = VariationalConfig { bound, ..config.clone() };
            let text = toml_of(&config);
            let back: diabolo::Config = diabolo::Config::from_toml("t", &text).unwrap();
            assert_eq!(back.model.family, FamilyConfig::Variational(config.clone()), "{text}");
            let mut model = diabolo::model::ModelConfig { family: back.model.family, ..Default::default() };
            let blocks = diabolo::data::Block {
                kind: diabolo::data::BlockKind::Binary,
                start: 0,
                width: INPUTS,
                image: None,
                features: (0..INPUTS).collect(),
                names: (0..INPUTS).map(|i| format!("x{i}")).collect(),
            };
            let Ok(architecture) = model.resolve(&[blocks], true) else { continue };
            trained += 1;
            let model = Model::new(&architecture, 0, &device);
            let batch = Batch::gather(&rows(5), &[0, 1, 2, 3, 4], &device);
            let noise = &mut stream(0, Purpose::Train, 0, 0);
            let context = &mut Context { noise, epochs: 1.0, training: true, rows: 5, device: &device };
            for term in diabolo::tensor::Module::train(model).loss(&batch, context) {
                let value: Tensor<1> = term.value.detach();
                assert!(to_host(value).iter().all(|v| v.is_finite()), "{config:?}: {}", term.name);
            }
        }
    }
    // Six latent spaces with three bounds each, DReG for three of them, three closed-form bounds
    // for one.
    assert_eq!(trained, 6 * 3 + 3 + 3);
}

fn toml_of(config: &VariationalConfig) -> String {
    let mut whole = diabolo::Config::default();
    whole.model.family = FamilyConfig::Variational(config.clone());
    whole.to_toml()
}

/// With almost no variance a draw equals the code, so that decoding it gives the reconstruction,
/// also with a flow.
#[test]
fn flow_transforms_codes_like_draws() {
    let device = Device::cpu_f64();
    for config in configs() {
        let model = Model::new(&architecture(config.clone(), vec![8], bernoulli()), 3, &device);
        let Model::Variational(mut variational) = model else { unreachable!() };
        let head = variational.posterior.log_variance.as_linear().unwrap();
        let low = head.bias.val().zeros_like() - 1e4;
        variational.posterior.log_variance =
            Linear::from_parts(head.weight.val().zeros_like(), low, head.activation()).into();
        let batch = Batch::gather(&rows(3), &[0, 1, 2], &device);
        let decoded = variational.reconstruct(&batch);
        let nll = variational.likelihood.negative_log_likelihood(decoded, batch.x.clone(), None);
        let noise = &mut stream(0, Purpose::Evaluate, 0, 0);
        let context = &mut Context { noise, epochs: 1.0, training: false, rows: 3, device: &device };
        let terms = variational.loss(&batch, context);
        let drawn = terms.into_iter().find(|t| t.name == "reconstruction").unwrap().value;
        // σ is 0.0067 at its bound.
        for (code, draw) in to_host(nll).iter().zip(to_host(drawn)) {
            assert!((code - draw).abs() < 0.1, "{config:?}: {code} and {draw}");
        }
    }
}

/// The covariance of z ~ q(z|x) over rows x, by the law of total covariance.
#[test]
fn the_aggregate_posterior_has_the_moments_of_draws() {
    let device = Device::cpu();
    let model = Model::new(&architecture(VariationalConfig::default(), vec![8], bernoulli()), 1, &device);
    let (all, count) = (rows(200), 200.0);
    let found = AggregatePosterior::measure(&model, &all, 0, &device).unwrap();
    let batch = Batch::gather(&all, &(0..200).collect::<Vec<_>>(), &device);
    let posterior = model.posterior(batch.input()).unwrap();
    let [means, variances] = [posterior.mean, posterior.log_variance.exp()].map(to_host);
    let mean =
        |values: &dyn Fn(usize) -> f32| (0..200).map(|row| f64::from(values(row))).sum::<f64>() / count;
    for i in 0..3 {
        let mean_i = mean(&|row| means[3 * row + i]);
        assert!((mean_i - f64::from(found.mean[i])).abs() < 1e-6);
        for j in 0..3 {
            let mean_j = mean(&|row| means[3 * row + j]);
            let product = mean(&|row| means[3 * row + i] * means[3 * row + j]) - mean_i * mean_j;
            let within = if i == j { mean(&|row| variances[3 * row + i]) } else { 0.0 };
            let made: f32 = (0..3).map(|k| found.factor[3 * i + k] * found.factor[3 * j + k]).sum();
            assert!((product + within - f64::from(made)).abs() < 1e-5, "{i} {j}: {product} {within} {made}");
        }
    }
    assert_eq!(found.factor[1..3], [0.0, 0.0], "lower triangular");
    let plain = Architecture {
        family: FamilyConfig::Plain { tied: false },
        ..architecture(VariationalConfig::default(), vec![8], bernoulli())
    };
    assert_eq!(AggregatePosterior::measure(&Model::new(&plain, 1, &device), &all, 0, &device), None);
}
