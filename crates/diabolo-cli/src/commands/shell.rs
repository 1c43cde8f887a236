//! What packagers install beside the binary: completions and manual pages, made from the arguments.

use std::path::PathBuf;

use clap::{Args, CommandFactory};
use clap_complete::Shell;
use diabolo::Error;

use crate::args::Arguments;
use crate::output::print;

#[derive(Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

#[derive(Args)]
pub struct ManArgs {
    /// A folder, made if it is not there: diabolo.1 and a page for each command go there
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
}

pub fn completions(args: &CompletionsArgs) -> anyhow::Result<()> {
    let mut script = vec![];
    clap_complete::generate(args.shell, &mut Arguments::command(), "diabolo", &mut script);
    print(&String::from_utf8(script)?)
}

pub fn man(args: &ManArgs) -> anyhow::Result<()> {
    let folder = &args.folder;
    std::fs::create_dir_all(folder).map_err(Error::io("write", folder))?;
    clap_mangen::generate_to(Arguments::command(), folder).map_err(Error::io("write", folder))?;
    Ok(())
}
