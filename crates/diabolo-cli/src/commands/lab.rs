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
