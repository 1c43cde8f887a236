//! Arguments of what packagers call.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

#[derive(Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: Shell,
}

#[derive(Args)]
pub struct ManArgs {
    /// A folder, made if it is not there: diabolo.1 and a page for each command go there
    #[arg(value_name = "FOLDER")]
    pub folder: PathBuf,
}
