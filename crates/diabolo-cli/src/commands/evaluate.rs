//! `diabolo evaluate RUN [INPUT]`

use diabolo::artifact::ModelKind;
use diabolo::pipeline::EvaluateOptions;

use super::{evaluation_rows, forecast, load, note_unknown};
use crate::args::{EvaluateArgs, Shared};
use crate::output;

pub fn run(args: &EvaluateArgs, shared: &Shared) -> anyhow::Result<()> {
    if ModelKind::Forecast.is_at(&args.model) {
        return forecast::evaluate(args, shared);
    }
    let predictor = load(&args.model, args.input.as_deref(), shared)?.missing(&args.read.missing)?;
    let options = EvaluateOptions { samples: args.samples, diagnose: args.diagnose };
    options.validate(&predictor)?;
    let rows = evaluation_rows(&predictor, args.input.as_deref(), args.all_rows, &args.read, shared)?;
    let found = rows.evaluate(&predictor, &options)?;
    note_unknown(&found.unknown, shared);
    found.warnings().iter().for_each(|text| shared.note(format!("note: {text}")));
    match shared.json {
        true => output::print_json(&serde_json::to_value(&found)?),
        false => output::print(&output::evaluated(&found)),
    }
}
