//! The arguments of `completions` and `man`, for packagers.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

#[derive(Args)]
pub struct CompletionsArgs {
    /// Name of the shell
    #[arg(value_enum)]
    pub shell: Shell,
}

#[derive(Args)]
pub struct ManArgs {
    /// Folder for diabolo.1 and a page for each command, created if it does not exist
    #[arg(value_name = "FOLDER")]
    pub folder: PathBuf,
}
