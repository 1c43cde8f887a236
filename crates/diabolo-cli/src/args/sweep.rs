//! The arguments of `sweep`.

use clap::Args;
use diabolo::Config;
use diabolo::task::sweep::Sweep;

use super::study::StudyArgs;

#[derive(Args)]
pub struct SweepArgs {
    /// A configuration key with the values to try, such as training.learning_rate=0.001,0.01; `fit
    /// --print-config` shows the keys. Two of them: all pairs of values. A key with one value is
    /// set for all models; may be repeated
    #[arg(long, value_name = "KEY=VALUES", required = true)]
    pub set: Vec<String>,
    /// Trainings of each model, from different initial weights; values are means over them
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub initializations: usize,
    #[command(flatten)]
    pub study: StudyArgs,
}

impl SweepArgs {
    pub fn to_sweep(&self) -> diabolo::Result<Sweep> {
        let study = &self.study;
        let mut config = Config::default();
        match &study.model.model {
            Some(name) => config.choose_family(name)?,
            None => config.model.family = Sweep::family_for(&self.set)?,
        }
        study.apply(&study.model, &mut config)?;
        Sweep::new(study.input.clone(), config, &self.set, self.initializations)
    }
}
