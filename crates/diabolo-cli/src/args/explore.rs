//! The arguments of `explore` and `lab`.

use std::path::PathBuf;

use clap::Args;
use diabolo_explore::Options;

#[derive(Args)]
pub struct ServerArgs {
    /// Port of the local page; 0: a free one
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub port: u16,
    /// Print the address, and open no browser
    #[arg(long)]
    pub no_open: bool,
    /// Another host and port that the browser may use for this page, such as localhost:9000 at the
    /// end of an SSH tunnel
    #[arg(long, value_name = "HOST:PORT")]
    pub host_name: Option<String>,
}

impl ServerArgs {
    pub fn to_options(&self) -> Options {
        Options { port: self.port, host_name: self.host_name.clone() }
    }
}

#[derive(Args)]
pub struct ExploreArgs {
    /// Run folders or model files, and after them the rows, if not those of the fit
    #[arg(required = true, value_name = "RUN… [INPUT]")]
    pub places: Vec<PathBuf>,
    #[command(flatten)]
    pub server: ServerArgs,
}

#[derive(Args)]
pub struct LabArgs {
    /// Write the pages with their figures to a folder, for a web server, and end
    #[arg(long, value_name = "FOLDER")]
    pub export: Option<PathBuf>,
    #[command(flatten)]
    pub server: ServerArgs,
}
