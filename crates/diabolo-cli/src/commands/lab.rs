//! `diabolo lab`: the pages that teach both models.

use diabolo::pipeline::Cancel;
use diabolo_explore::Server;
use diabolo_explore::lab::Lab;

use super::explore::serve;
use crate::args::{LabArgs, Shared};
use crate::interrupt::cancellable;

pub fn run(args: &LabArgs, shared: &Shared) -> anyhow::Result<()> {
    let cancel = Cancel::new();
    let lab = Lab::start(&cancel)?;
    if let Some(folder) = &args.export {
        let mut files = 0;
        cancellable(&cancel, || {
            lab.export(folder, |_| {
                files += 1;
                if files % 100 == 0 {
                    shared.note(format!("{files} files"));
                }
            })
        })?;
        shared.note(format!("wrote {files} files to {}; serve them with any web server", folder.display()));
        return Ok(());
    }
    serve(Server::lab(lab, &args.server.to_options())?, &cancel, &args.server, shared)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use clap::Parser;
    use diabolo_explore::lab::{commands, commands_of_pages};

    use crate::args::{Arguments, Command};

    fn parsed(command: &str) -> Arguments {
        let words = command.split_whitespace();
        Arguments::try_parse_from(words).unwrap_or_else(|error| panic!("{command}: {error}"))
    }

    #[test]
    fn the_commands_beside_figures_fit_the_models_of_the_figures() {
        let all = commands().unwrap();
        assert!(all.len() >= 18, "{}", all.len());
        for (command, config) in all {
            let Command::Fit(args) = parsed(&command).command else { panic!("{command}: no fit") };
            assert_eq!(args.to_config().unwrap(), config, "{command}");
            assert_eq!(args.input.as_deref(), Some("digits"), "{command}");
        }
    }

    #[test]
    fn the_commands_of_pages_are_commands() {
        let all = commands_of_pages();
        assert!(all.len() >= 20, "{}", all.len());
        all.iter().for_each(|command| drop(parsed(command)));
    }
}
