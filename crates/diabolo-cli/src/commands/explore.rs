//! `diabolo explore RUN… [INPUT]`: the latent space as a local web page.

use diabolo::Error;
use diabolo::pipeline::{Cancel, LatentSpace};
use diabolo_explore::Server;
use serde_json::json;

use super::{is_model, load};
use crate::args::{ExploreArgs, ServerArgs, Shared};
use crate::interrupt::cancellable;
use crate::output;

pub fn run(args: &ExploreArgs, shared: &Shared) -> anyhow::Result<()> {
    let runs = args.places.iter().take_while(|place| is_model(place)).count().max(1);
    let (runs, inputs) = args.places.split_at(runs);
    let input = match inputs {
        [] => None,
        [input] => {
            Some(input.to_str().ok_or_else(|| Error::invalid_value("INPUT", "a readable name", "another"))?)
        }
        [first, ..] => {
            let expected = "run folders, followed by at most one input";
            return Err(Error::invalid_value("RUN", expected, first.display()).into());
        }
    };
    let open = |run: &std::path::PathBuf| {
        let space = LatentSpace::open(load(run, input, shared)?, input)?;
        shared.note(format!("{}: {} rows of {}", run.display(), space.order().len(), space.input()));
        Ok((run.display().to_string(), space))
    };
    let spaces = runs.iter().map(open).collect::<diabolo::Result<Vec<_>>>()?;
    let server = Server::explorer(spaces, &args.server.to_options())?;
    serve(server, &Cancel::new(), &args.server, shared)
}

/// Prints the address, opens it, and serves until Ctrl-C.
pub fn serve(server: Server, cancel: &Cancel, args: &ServerArgs, shared: &Shared) -> anyhow::Result<()> {
    let address = server.address();
    match shared.json {
        true => output::print_json(&json!({ "address": address }))?,
        false => output::print(&format!("{address}\n"))?,
    }
    shared.note("Ctrl-C ends it");
    if !args.no_open {
        open_browser(&address, shared);
    }
    Ok(cancellable(cancel, || server.serve(cancel))?)
}

/// Opens a page, where there is a screen.
fn open_browser(address: &str, shared: &Shared) {
    let program = match std::env::consts::OS {
        "macos" => "open",
        "windows" => "explorer",
        _ if ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some()) => "xdg-open",
        _ => return,
    };
    let started = std::process::Command::new(program).arg(address).spawn();
    if let Err(cause) = started {
        shared.note(format!("note: no browser was opened ({cause}): open the address yourself"));
    }
}
