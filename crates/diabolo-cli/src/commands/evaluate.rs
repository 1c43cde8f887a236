//! `diabolo evaluate RUN [INPUT]`

use super::{Judged, load};
use crate::args::{EvaluateArgs, Shared};
use crate::output;

pub fn run(args: &EvaluateArgs, shared: &Shared) -> anyhow::Result<()> {
    let saved = load(&args.model, shared)?;
    let judged = Judged::new(&saved, args.input.as_deref(), args.all_rows, &args.read, shared)?;
    let metrics = judged.evaluate(&saved, &shared.place()?)?;
    match shared.json {
        true => output::print_json(&serde_json::to_value(&metrics)?),
        false => output::print(&output::metrics(&metrics)),
    }
}
