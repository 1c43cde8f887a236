//! `diabolo evaluate RUN [INPUT]`

use diabolo::evaluate::{Sample, diagnose};

use super::{Judged, load};
use crate::args::{EvaluateArgs, Shared};
use crate::output;

pub fn run(args: &EvaluateArgs, shared: &Shared) -> anyhow::Result<()> {
    let saved = load(&args.model, shared)?;
    let judged = Judged::new(&saved, args.input.as_deref(), args.all_rows, &args.read, shared)?;
    let place = shared.place()?;
    let (header, seed) = (&saved.header, saved.header.config.training.seed);
    let mut sample = args.diagnose.then(|| Sample::new(seed));
    let metrics = judged.evaluate(&saved, &place, |rows| {
        if let Some(sample) = &mut sample {
            sample.add(rows);
        }
    })?;
    let diagnostics = sample
        .map(|sample| diagnose(&saved.model, &header.preprocessor, &sample.finish(), seed, &place))
        .transpose()?;
    if !shared.json {
        let text = output::metrics(&metrics);
        return output::print(&(text + &diagnostics.as_ref().map(output::diagnostics).unwrap_or_default()));
    }
    let mut value = serde_json::to_value(&metrics)?;
    if let Some(diagnostics) = &diagnostics {
        value["diagnostics"] = serde_json::to_value(diagnostics)?;
    }
    output::print_json(&value)
}
