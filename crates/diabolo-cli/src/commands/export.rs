//! `diabolo export RUN -o FILE`

use diabolo::Error;
use diabolo::artifact::write_atomically;
use serde_json::json;

use super::load;
use crate::args::{ExportArgs, Shared};
use crate::output;

pub fn run(args: &ExportArgs, shared: &Shared) -> anyhow::Result<()> {
    if args.out.extension().is_none_or(|extension| extension != "onnx") {
        let expected = "a name that ends in .onnx";
        return Err(Error::invalid_value("--out", expected, args.out.display()).into());
    }
    let found = load(&args.model, None, shared)?.to_onnx()?;
    write_atomically(&args.out, &found.bytes)?;
    found.notes.iter().for_each(|note| shared.note(format!("note: {note}")));
    shared.note(format!("wrote {} with the outputs {}", args.out.display(), found.outputs.join(", ")));
    match shared.json {
        true => {
            output::print_json(&json!({ "out": args.out, "outputs": found.outputs, "notes": found.notes }))
        }
        false => Ok(()),
    }
}
