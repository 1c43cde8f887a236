#![allow(clippy::unwrap_used)]

use super::*;
use crate::FitJob;
use crate::pipeline::testing;

fn fitted(settings: &[&str], job: FitJob) -> Predictor {
    testing::fitted(settings, job).predictor
}

#[test]
fn a_code_is_far_beyond_the_distance_that_all_but_one_percent_of_rows_have() {
    let predictor = fitted(&["training.epochs=1", "model.latent_dim=2"], FitJob::input("digits"));
    let space = LatentSpace::open(predictor, None).unwrap();
    let codes: Vec<&[f32]> = space.codes.chunks_exact(2).collect();
    let apart = |a: &[f32], b: &[f32]| f64::from(a[0] - b[0]).hypot(f64::from(a[1] - b[1]));
    let nearest = |row: usize| {
        let others = (0..codes.len()).filter(|other| *other != row);
        others.map(|other| apart(codes[row], codes[other])).fold(f64::INFINITY, f64::min)
    };
    let mut distances: Vec<f64> = (0..codes.len()).map(nearest).collect();
    distances.sort_by(f64::total_cmp);
    // 1,797 rows: 1,779 of them are nearer to another row.
    assert!(
        (f64::from(space.far) / distances[1779] - 1.0).abs() < 1e-5,
        "{} {:?}",
        space.far,
        &distances[1770..]
    );
}

#[test]
fn a_code_is_compared_with_rows_of_the_whole_input() {
    // A sorted column: the first 20,000 rows are the lower half of it.
    let values: Vec<f64> = (0..40_000).map(|k| f64::from(k) / 40_000.0).collect();
    let settings =
        ["model.family={kind='plain'}", "model.latent_dim=1", "model.hidden=[]", "training.epochs=1"];
    let predictor = fitted(&settings, FitJob::matrix(&values, &["x"]).unwrap());
    let rows = crate::pipeline::matrix(&values, &["x"]).unwrap();
    let space = LatentSpace::of(predictor, "rows", rows).unwrap();
    let highest = space.codes()[39_999];
    assert!((space.codes()[0] - highest).abs() > 100.0 * space.far, "the code is constant");
    let far = (0..40_000).step_by(100).filter(|&row| space.is_far(&space.codes()[row..=row])).count();
    assert!(far <= 20, "{far} of 400 rows are far from all rows");
    assert!(space.is_far(&[highest + 10.0 * (highest - space.codes()[0])]));
}

#[test]
fn principal_components_are_fitted_once() {
    let predictor = fitted(&["training.epochs=1"], FitJob::input("digits"));
    let space = LatentSpace::open(predictor, None).unwrap();
    assert!(space.principal.get().is_none());
    let plane = space.plane(Axes::Principal).unwrap();
    assert_eq!(space.principal.get(), Some(&plane));
    // What is kept is what is given.
    let mut space = space;
    let other = Plane { labels: ["kept".into(), "kept".into()], ..plane };
    space.principal = OnceLock::from(other.clone());
    assert_eq!(space.plane(Axes::Principal).unwrap(), other);
}

#[test]
fn draws_of_a_code_vary_around_its_mean_by_the_seed() {
    let predictor = fitted(&["training.epochs=1", "model.latent_dim=2"], FitJob::input("digits"));
    let space = LatentSpace::open(predictor, None).unwrap();
    let code = space.codes()[..2].to_vec();
    let pixels = |found: DecodedCode| -> Vec<f64> {
        let image = arrow_array::cast::AsArray::as_fixed_size_list(found.row.column(0)).value(0);
        let numbers = arrow_cast::cast(&image, &arrow_schema::DataType::Float64).unwrap();
        arrow_array::cast::AsArray::as_primitive::<arrow_array::types::Float64Type>(&numbers)
            .values()
            .to_vec()
    };
    let draw = |seed| pixels(space.draw(&code, &[], seed).unwrap());
    assert_eq!(draw(1), draw(1));
    assert_ne!(draw(1), draw(2));
    let mean = pixels(space.decode(&code, &[]).unwrap());
    let draws: Vec<Vec<f64>> = (0..60).map(draw).collect();
    // Pixels from 0 to 16; a clipped draw is not centred at an end, so only the middle ones count.
    for (at, mean) in mean.iter().enumerate().filter(|(_, mean)| (6.0..10.0).contains(*mean)) {
        let average = draws.iter().map(|pixels| pixels[at]).sum::<f64>() / 60.0;
        assert!((average - mean).abs() < 3.0, "{at}: {average} {mean}");
    }
}

#[test]
fn large_sides_of_a_selection_are_sampled_and_weighted() {
    // x is the code: 100,000 rows, of which the last 70,000 are selected, and sampled.
    let values: Vec<f64> = (0..100_000).map(|k| f64::from(k) / 100_000.0).collect();
    let settings =
        ["model.family={kind='plain'}", "model.latent_dim=1", "model.hidden=[]", "training.epochs=1"];
    let predictor = fitted(&settings, FitJob::matrix(&values[..2000], &["x"]).unwrap());
    let rows = crate::pipeline::matrix(&values, &["x"]).unwrap();
    let space = LatentSpace::of(predictor, "rows", rows).unwrap();
    let plane = space.plane(Axes::Principal).unwrap();
    let [x, _] = space.places(&plane);
    let (edge, end) = (x[30_000], x[99_999] + (x[99_999] - x[0]));
    let middle = (x[29_999] + edge) / 2.0;
    let polygon = [[middle, -1.0], [end, -1.0], [end, 1.0], [middle, 1.0]];
    let found = space.select(&plane, &polygon).unwrap();
    assert_eq!((found.count, found.compared), (70_000, [50_000, 30_000]));
    let inside = space.within(&plane, &polygon);
    assert!(inside.iter().enumerate().all(|(row, &inside)| inside == (row >= 30_000)));
    // Means of the uniform distributions on [0.3, 1) and [0, 0.3); the deviation is 1/√12.
    let of = &found.columns[0];
    assert!((of.inside - 0.65).abs() < 0.005 && (of.outside - 0.15).abs() < 0.005, "{of:?}");
    assert!((of.effect - 0.5 * 12f64.sqrt()).abs() < 0.02, "{of:?}");
}

#[test]
fn a_quantized_code_is_one_vector_of_each_group() {
    let settings = [
        "model.family={kind='vector_quantized',groups=2,codebook_size=4}",
        "model.latent_dim=6",
        "training.epochs=1",
    ];
    let space = LatentSpace::open(fitted(&settings, FitJob::input("digits")), None).unwrap();
    let codebooks = space.codebooks().unwrap();
    let mut counts = vec![vec![0usize; 4]; 2];
    for code in space.codes().chunks_exact(6) {
        for (group, slice) in code.chunks_exact(3).enumerate() {
            let entry = codebooks.vectors[group].iter().position(|vector| vector == slice);
            counts[group][entry.unwrap()] += 1;
        }
    }
    let share = |&n: &usize| n as f64 / space.codes().len() as f64 * 6.0;
    let near = |(a, b): (&usize, &f64)| (share(a) - b).abs() < 1e-9;
    assert!(counts.concat().iter().zip(&codebooks.shares.concat()).all(near), "{counts:?}");
    let plain = fitted(&["training.epochs=1"], FitJob::input("digits"));
    assert_eq!(LatentSpace::open(plain, None).unwrap().codebooks(), None);
}

#[test]
fn a_family_without_a_decoder_for_codes_has_no_effects() {
    let settings = ["model.family={kind='multiscale'}", "training.epochs=1"];
    let space = LatentSpace::open(fitted(&settings, FitJob::input("digits")), None).unwrap();
    let error = space.effects().unwrap_err().to_string();
    assert!(error.contains("multiscale autoencoder has no decoder for codes"), "{error}");
}
