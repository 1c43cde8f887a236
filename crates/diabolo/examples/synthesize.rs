//! Synthetic rows of a mixed table, with a condition, and an audit of them beside held-out rows.
#![allow(clippy::print_stdout, reason = "an example prints what it found")]

use diabolo::data::write::csv_to;
use diabolo::task::SynthesizeOptions;
use diabolo::{Config, FitJob, Preset};

fn main() -> diabolo::Result<()> {
    let mut config = Config::default();
    Preset::Synthesize.apply(&mut config);
    config.set("training.epochs=40")?;
    let fitted = FitJob::input("customers").config(config).synthesize()?;
    fitted.notes.iter().for_each(|note| println!("{note}"));
    if let Some(audited) = fitted.audit()? {
        let error = audited.audit.shape_error;
        println!("error of shapes {:?}, of held-out rows {:?}", error.synthetic, error.holdout);
    }
    let requirements = vec![fitted.synthesizer.requirement("plan=premium")?];
    let options = SynthesizeOptions { count: 5, requirements, seed: 7, ..Default::default() };
    csv_to(&mut std::io::stdout(), &fitted.synthesizer.generate(&options)?.rows)
}
