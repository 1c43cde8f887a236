//! The arguments of synthetic tables.

use clap::Args;
use diabolo::{Config, Error, Preset};

use super::GenerateArgs;

#[derive(Args)]
#[command(next_help_heading = "Synthetic tables (--preset synthesize)")]
pub struct SynthesizeArgs {
    /// Pool the levels of a category that have fewer rows [default: 10]
    #[arg(long, value_name = "ROWS")]
    pub rare: Option<usize>,
    /// Columns that are one joint category, so that only combinations of the source occur; may be
    /// repeated
    #[arg(long, value_name = "COLUMN,COLUMN")]
    pub together: Vec<String>,
    /// Rule between two columns of numbers or dates that every row keeps, such as 'start<=end';
    /// rows that break it are left out of the fit; may be repeated
    #[arg(long, value_name = "COLUMN<=COLUMN")]
    pub require: Vec<String>,
    /// Format of the keys that are made anew, such as 'C-[0-9]{6}' [default: as those of --key]
    #[arg(long, value_name = "FORMAT")]
    pub key_format: Option<String>,
}

impl SynthesizeArgs {
    pub fn apply(&self, config: &mut Config) -> diabolo::Result<()> {
        let given = [
            ("--rare", self.rare.is_some()),
            ("--together", !self.together.is_empty()),
            ("--require", !self.require.is_empty()),
            ("--key-format", self.key_format.is_some()),
        ];
        let given = given.into_iter().find(|(_, given)| *given);
        let Some(synthesize) = &mut config.synthesize else {
            return given.map_or(Ok(()), |(flag, _)| Err(Preset::Synthesize.needed_for(flag)));
        };
        synthesize.rare = self.rare.unwrap_or(synthesize.rare);
        let group = |text: &String| text.split(',').map(|name| name.trim().to_string()).collect();
        synthesize.together.extend(self.together.iter().map(group));
        synthesize.require.extend(self.require.iter().cloned());
        synthesize.key_format = self.key_format.clone().or(synthesize.key_format.take());
        synthesize.validate()
    }
}

impl GenerateArgs {
    /// An error for a flag of synthetic tables with another model.
    pub fn refuse_of_tables(&self) -> diabolo::Result<()> {
        let reason = "it needs a run of `fit --preset synthesize`";
        self.balance.as_ref().map_or(Ok(()), |_| Err(Error::conflict("--balance", "this run", reason)))
    }

    /// An error for a flag of latent spaces with a synthetic table.
    pub fn refuse_of_autoencoders(&self) -> diabolo::Result<()> {
        let explore = &self.explore;
        let given = [
            ("--near", explore.near.is_some()),
            ("--between", explore.between.is_some()),
            ("--traverse", explore.traverse),
            ("--mean", self.mean.is_some()),
            ("--length", self.length.is_some()),
            ("--beyond-range", self.beyond_range),
        ];
        let reason = "rows of a synthetic table are drawn column by column, without a latent space";
        match given.into_iter().find(|(_, given)| *given) {
            Some((flag, _)) => Err(Error::conflict(flag, "a run of --preset synthesize", reason)),
            None => Ok(()),
        }
    }
}
