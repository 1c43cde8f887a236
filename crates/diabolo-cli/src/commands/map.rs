//! `diabolo map RUN INPUT`: a two-dimensional plot of rows.

use diabolo::artifact::write_atomically;
use diabolo::data::open;
use diabolo::report::{MapQuality, POINTS, Placement, map_page};
use serde_json::json;

use super::{is_drawing, load, note_unknown};
use crate::args::{MapArgs, Shared};
use crate::output;

/// Said of codes of two dimensions that preserve less than a linear projection.
const PLANE: &str = "note: principal components of the data keep more neighbours than this code; one of more dimensions \
                     (--latent-dim 8), placed by t-SNE, usually keeps more than both";

pub fn run(args: &MapArgs, shared: &Shared) -> anyhow::Result<()> {
    let drawing = is_drawing(&args.out)?;
    let predictor = load(&args.model, Some(&args.input), shared)?.missing(&args.read.missing)?;
    let read = shared.read_options(&args.read.over(&predictor.saved().header.config)?.data);
    let rows = open(&args.input, &read)?.collect()?;
    note_unknown(&predictor.unknown_cells(&rows)?, shared);
    if predictor.saved().architecture.latent_dim > 2 {
        shared.note(format!(
            "placing up to {} rows by principal components and by t-SNE",
            rows.num_rows().min(POINTS)
        ));
    }
    let page = map_page(&predictor, &args.input, &rows, args.color.as_deref())?;
    let text = if drawing { page.to_svg() } else { page.to_html() };
    write_atomically(&args.out, text.as_bytes())?;
    shared.note(format!("wrote {}", args.out.display()));
    let is_behind = |kept: &MapQuality| {
        page.map.placement == Placement::Codes
            && kept.principal_components.trustworthiness > kept.map.trustworthiness
    };
    if page.kept.as_ref().is_some_and(is_behind) {
        shared.note(PLANE);
    }
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
