#![allow(clippy::unwrap_used)]

use super::*;
use crate::{Config, FitJob};

fn fitted(settings: &[&str], job: FitJob) -> Predictor {
    let mut config = Config::default();
    settings.iter().for_each(|setting| config.set(setting).unwrap());
    job.config(config).run().unwrap().predictor
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
