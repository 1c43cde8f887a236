//! Shell completions and manual pages, generated from the arguments.

use clap::CommandFactory;
use diabolo::Error;

use crate::args::{Arguments, CompletionsArgs, ManArgs};
use crate::output::print;

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
