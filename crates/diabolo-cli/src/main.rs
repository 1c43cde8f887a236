//! The `diabolo` command: contractive and variational autoencoders for real data.

mod archive;
mod args;
mod columns;
mod commands;
mod download;
mod exit;
mod forecast_text;
mod interrupt;
mod output;
mod progress;
mod stderr;

use std::process::ExitCode;

use args::{Arguments, Command};

/// Large short-lived tensors page-fault under the system allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = match Arguments::parsed() {
        Ok(arguments) => arguments,
        Err(error) => return exit::usage(&error),
    };
    interrupt::listen();
    let shared = &arguments.shared;
    let done = shared.apply().and_then(|()| match &arguments.command {
        Command::Fit(args) => commands::fit::run(args, shared),
        Command::Compare(args) => commands::compare::run(args, shared),
        Command::Sweep(args) => commands::sweep::run(args, shared),
        Command::Encode(args) => commands::transform::encode(args, shared),
        Command::Decode(args) => commands::transform::decode(args, shared),
        Command::Reconstruct(args) => commands::transform::reconstruct(args, shared),
        Command::Denoise(args) => commands::denoise::run(args, shared),
        Command::Map(args) => commands::map::run(args, shared),
        Command::Explore(args) => commands::explore::run(args, shared),
        Command::Lab(args) => commands::lab::run(args, shared),
        Command::Impute(args) => commands::impute::run(args, shared),
        Command::Forecast(args) => commands::forecast::run(args, shared),
        Command::Audit(args) => commands::audit::run(args, shared),
        Command::Generate(args) => commands::generate::run(args, shared),
        Command::Score(args) => commands::score::run(args, shared),
        Command::Calibrate(args) => commands::calibrate::run(args, shared),
        Command::Evaluate(args) => commands::evaluate::run(args, shared),
        Command::Compress(args) => commands::compress::run(args, shared),
        Command::Decompress(args) => commands::decompress::run(args, shared),
        Command::Features(args) => commands::features::run(args, shared),
        Command::Inspect(args) => commands::inspect::run(args, shared),
        Command::Export(args) => commands::export::run(args, shared),
        Command::Report(args) => commands::report::run(args, shared),
        Command::Data(args) => commands::data::run(args, shared),
        Command::Completions(args) => commands::shell::completions(args),
        Command::Man(args) => commands::shell::man(args),
    });
    exit::code(done)
}
