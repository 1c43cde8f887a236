//! Dimensionality reduction: the built-in digits as two numbers each, and back.
#![allow(clippy::print_stdout, reason = "an example prints what it found")]

use diabolo::{Config, FitJob};

fn main() -> diabolo::Result<()> {
    let mut config = Config::default();
    config.set("model.latent_dim=2")?;
    config.set("training.epochs=10")?;
    let fitted = FitJob::input("digits").config(config).run()?;
    let codes = fitted.predictor.encode(&fitted.test)?;
    let rows = fitted.predictor.decode(&codes)?;
    println!("{} digits of 64 pixels as columns {:?}", codes.num_rows(), names(&codes));
    println!("decoded to columns {:?}", names(&rows));
    println!("mean squared error {:.4} (encoded units)", fitted.metrics.mse);
    Ok(())
}

fn names(batch: &diabolo::arrow::RecordBatch) -> Vec<String> {
    batch.schema().fields().iter().map(|field| field.name().clone()).collect()
}
