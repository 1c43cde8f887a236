//! Denoising: a model that learned to remove noise, beside a median filter and PCA.
#![allow(clippy::print_stdout, reason = "an example prints what it found")]

use diabolo::objective::Corruption;
use diabolo::pipeline::{DenoisingTask, Noise};
use diabolo::{Config, FitJob};

fn main() -> diabolo::Result<()> {
    let mut config = Config::default();
    config.set("model.family={kind=\"denoising\", corruption={kind=\"clipped_gaussian\", deviation=0.3}}")?;
    config.set("training.epochs=20")?;
    let fitted = FitJob::input("digits").config(config).run()?;
    let noise = Noise::Added(Corruption::Gaussian { deviation: 0.3 }, 0);
    let task = DenoisingTask::new(&fitted.predictor, &fitted.test, &noise)?;
    for method in task.measure(&fitted.predictor)? {
        let psnr = method.images.map_or(f64::NAN, |quality| quality.psnr);
        println!("{:<22} PSNR {psnr:.2} dB", method.method);
    }
    Ok(())
}
