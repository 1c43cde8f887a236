//! A contractive autoencoder with a convolutional encoder, beside a dense one: how much a small
//! change of a digit changes its code.
#![allow(clippy::print_stdout, reason = "an example prints what it found")]

use diabolo::{Config, FitJob};

fn main() -> diabolo::Result<()> {
    for network in ["network={kind=\"convolution\", channels=[16]}", "hidden=[64]"] {
        let mut config = Config::default();
        config.set("model.family={kind=\"contractive\", contraction_weight=0.1}")?;
        config.set(&format!("model.{network}"))?;
        config.set("model.latent_dim=16")?;
        config.set("training.epochs=10")?;
        let job = FitJob::input("digits").config(config).prepare()?;
        let layers = job.architecture().encoder_shapes().join(" → ");
        let found = job.run()?.metrics;
        println!("{layers}: {:.2} nats, ‖J‖²_F {:.2}", found.reconstruction, found.contraction);
    }
    Ok(())
}
