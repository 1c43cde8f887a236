//! `diabolo map RUN INPUT`: a two-dimensional plot of rows.

use diabolo::artifact::write_atomically;
use diabolo::data::open;
use diabolo::report::map_page;
use serde_json::json;

use super::{is_drawing, load, note_unknown};
use crate::args::{MapArgs, Shared};
use crate::output;

pub fn run(args: &MapArgs, shared: &Shared) -> anyhow::Result<()> {
    let drawing = is_drawing(&args.out)?;
    let predictor = load(&args.model, Some(&args.input), shared)?.missing(&args.read.missing)?;
    let read = shared.read_options(&args.read.over(&predictor.saved().header.config)?.data);
    let rows = open(&args.input, &read)?.collect()?;
    note_unknown(&predictor.unknown_cells(&rows)?, shared);
    let page = map_page(&predictor, &args.input, &rows, args.color.as_deref())?;
    let text = if drawing { page.to_svg() } else { page.to_html() };
    write_atomically(&args.out, text.as_bytes())?;
    shared.note(format!("wrote {}", args.out.display()));
    if shared.json {
        let placement = page.map.placement.name();
        return output::print_json(
            &json!({ "points": page.map.x.len(), "placement": placement, "kept": page.kept }),
        );
    }
    match page.quality() {
        quality if quality.is_empty() => Ok(()),
        quality => output::print(&output::aligned(&quality)),
    }
}
