//! The contractive autoencoder: what the penalty does to the Jacobian of the encoder, and to the
//! reconstruction.
#![allow(clippy::print_stdout, reason = "an example prints what it found")]

use diabolo::pipeline::EvaluateOptions;
use diabolo::{Config, FitJob};

fn main() -> diabolo::Result<()> {
    for weight in [0.0, 0.1, 1.0] {
        let mut config = Config::default();
        config.set(&format!("model.family={{kind=\"contractive\", contraction_weight={weight}}}"))?;
        config.set("training.epochs=10")?;
        let fitted = FitJob::input("digits").config(config).run()?;
        let options = EvaluateOptions { diagnose: true, ..Default::default() };
        let found = fitted.predictor.evaluate(&fitted.test, &options)?;
        let spectrum = found.diagnostics.and_then(|d| d.spectrum);
        println!(
            "contraction weight {weight}: ‖J‖²_F {:.4}, effective rank {:.2}, reconstruction {:.2} nats",
            found.metrics.contraction,
            spectrum.map_or(f64::NAN, |s| s.effective_rank),
            found.metrics.reconstruction
        );
    }
    Ok(())
}
