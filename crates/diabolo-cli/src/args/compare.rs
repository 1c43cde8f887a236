//! The arguments of `compare`, and their conversion to one configuration per model.

use clap::Args;
use diabolo::model::FamilyConfig;
use diabolo::task::compare::Plan;
use diabolo::{Config, Error};

use super::study::StudyArgs;

/// Maximum number of seeds, and their time limit in seconds, without --seeds.
const MOST_SEEDS: u64 = 10;
const SECONDS: f64 = 30.0;

#[derive(Args)]
pub struct CompareArgs {
    /// Model families to compare
    #[arg(
        long,
        value_name = "LIST",
        value_delimiter = ',',
        default_value = "plain,denoising,contractive,variational"
    )]
    pub models: Vec<String>,
    /// Number of splits of the rows, by the seeds --seed, --seed + 1, …; differences are tested
    /// over splits [default: as many as half a minute allows, 3 to 10]
    #[arg(long, value_name = "N")]
    pub seeds: Option<u64>,
    /// Trainings of each model on each split, from different initial weights; the mean over them
    /// counts
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub initializations: usize,
    #[command(flatten)]
    pub study: StudyArgs,
}

impl CompareArgs {
    pub fn to_plan(&self) -> diabolo::Result<Plan> {
        let study = &self.study;
        if study.model.model.is_some() {
            let reason = "list the families to compare with --models";
            return Err(Error::conflict("--model", "compare", reason));
        }
        for flag in study.model.family_flags() {
            if !self.models.iter().any(|m| flag.families.contains(&m.as_str())) {
                let models = format!("--models {}", self.models.join(","));
                let reason = format!("{} is for {}", flag.name, flag.families.join(" or "));
                return Err(Error::conflict(flag.name, models, reason));
            }
        }
        let models =
            self.models.iter().map(|name| self.to_config(name)).collect::<diabolo::Result<Vec<_>>>()?;
        let first = study.training.seed.unwrap_or_default();
        Ok(Plan {
            input: study.input.clone(),
            tied: study.model.tied,
            seeds: (0..self.seeds.unwrap_or(MOST_SEEDS)).map(|i| first.wrapping_add(i)).collect(),
            initializations: self.initializations,
            seconds: self.seeds.is_none().then_some(SECONDS),
            models,
        })
    }

    /// The configuration of one family, without the flags of other families.
    fn to_config(&self, family: &str) -> diabolo::Result<Config> {
        let mut config = Config::default();
        config.model.family = FamilyConfig::named(family)?;
        self.study.apply(&self.study.model.for_family(family), &mut config)?;
        Ok(config)
    }
}
