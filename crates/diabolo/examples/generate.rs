//! Data generation: new digits from a variational autoencoder, drawn as text.
#![allow(clippy::print_stdout, reason = "an example prints what it found")]

use diabolo::pipeline::GenerateConfig;
use diabolo::{Config, FitJob, Preset};

fn main() -> diabolo::Result<()> {
    let mut config = Config::default();
    Preset::Generate.apply(&mut config);
    config.set("training.epochs=30")?;
    let fitted = FitJob::input("digits").config(config).run()?;
    let made = fitted.predictor.generate(&GenerateConfig { count: 6, seed: 1, ..Default::default() })?;
    for y in 0..8 {
        let line = |picture: usize| -> String {
            let shade = |x: usize| {
                b" .:oO@"[(made.values[picture * 64 + y * 8 + x].clamp(0.0, 1.0) * 5.99) as usize] as char
            };
            (0..8).map(shade).collect()
        };
        println!("{}", (0..6).map(line).collect::<Vec<_>>().join("   "));
    }
    Ok(())
}
