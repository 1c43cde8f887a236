//! `Predictor::in_place` never enters rayon's global pool. A test binary of its own: the pool is
//! the process's.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use diabolo::pipeline::{Cell, EvaluateOptions, matrix};
use diabolo::task::ImputeConfig;
use diabolo::{Config, FitJob};

#[test]
fn the_global_pool_is_never_entered() {
    const WIDTH: usize = 100;
    let names: Vec<String> = (0..WIDTH).map(|k| format!("c{k}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let values: Vec<f64> =
        (0..600 * WIDTH).map(|i| ((i / WIDTH * 7 + i % WIDTH) as f64 * 0.13).sin()).collect();
    for family in ["variational", "multiscale", "contractive"] {
        let mut config = Config::default();
        config.set(&format!("model.family={{kind=\"{family}\"}}")).unwrap();
        config.set("training.epochs=1").unwrap();
        let pool = Arc::new(rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap());
        let job = FitJob::matrix(&values, &names).unwrap().config(config).pool(pool);
        let predictor = job.run().unwrap().predictor.in_place().explain_all(true);
        let rows = matrix(&values, &names).unwrap();
        predictor.score(&rows).unwrap();
        predictor.encode(&rows).unwrap();
        predictor.reconstruct(&rows).unwrap();
        predictor.contraction(&rows).unwrap();
        predictor.evaluate(&rows, &EvaluateOptions::default()).unwrap();
        predictor.impute(&rows, &ImputeConfig { samples: 20, ..Default::default() }).unwrap();
        let cells: Vec<Cell> = values[..WIDTH].iter().map(|&value| Cell::Number(value)).collect();
        predictor.score_row(&cells).unwrap();
    }
    // It can be built only if nothing has used it yet.
    rayon::ThreadPoolBuilder::new().build_global().unwrap();
}
