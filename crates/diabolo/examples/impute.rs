//! Missing data: a table with gaps, filled in with expected values and standard errors.
#![allow(clippy::print_stdout, reason = "an example prints what it found")]

use diabolo::data::write::csv_to;
use diabolo::pipeline::matrix;
use diabolo::task::ImputeConfig;
use diabolo::{Config, FitJob, Preset};

fn main() -> diabolo::Result<()> {
    // y = 2 x and z = −x, with a gap in every seventh y and every eleventh z.
    let x = |i: usize| (i as f64 * 0.61).sin();
    let gap = |i: usize, every: usize, value: f64| if i % every == every - 1 { f64::NAN } else { value };
    let rows: Vec<f64> = (0..600).flat_map(|i| [x(i), gap(i, 7, 2.0 * x(i)), gap(i, 11, -x(i))]).collect();
    let mut config = Config::default();
    Preset::Impute.apply(&mut config);
    config.set("training.epochs=40")?;
    let fitted = FitJob::matrix(&rows, &["x", "y", "z"])?.config(config).run()?;
    let table = matrix(&rows[..36], &["x", "y", "z"])?;
    let imputed = fitted.predictor.impute(&table, &ImputeConfig { errors: true, ..Default::default() })?;
    println!("{} cells filled", imputed.filled);
    csv_to(&mut std::io::stdout(), &imputed.completed)?;
    println!("standard errors");
    csv_to(&mut std::io::stdout(), imputed.errors.as_ref().expect("asked for"))
}
