//! `diabolo map RUN INPUT`: rows in the plane.

use arrow_array::RecordBatch;
use diabolo::Error;
use diabolo::artifact::write_atomically;
use diabolo::data::{file_name, open, texts};
use diabolo::random::{Purpose, permutation, stream};
use diabolo::report::{LatentMap, MapPage, MapQuality};
use diabolo::task::codes;
use serde_json::json;

use super::load;
use crate::args::{MapArgs, Shared};
use crate::output;

/// Points drawn at most.
const POINTS: usize = 5000;
/// Fewer make no map.
const FEWEST: usize = 3;

pub fn run(args: &MapArgs, shared: &Shared) -> anyhow::Result<()> {
    let drawing = match args.out.extension().and_then(|e| e.to_str()) {
        Some("svg") => true,
        Some("html" | "htm") => false,
        _ => {
            return Err(
                Error::config("--out", "a name that ends in .html or .svg", args.out.display()).into()
            );
        }
    };
    let saved = load(&args.model, shared)?;
    let read = args.read.over(&saved.header.config)?.data.read_options();
    let rows = open(&args.input, &read)?.collect()?;
    let preprocessor = &saved.header.preprocessor;
    let encoded = preprocessor.encode(&args.input, &rows, 0)?;
    if encoded.rows < FEWEST {
        let expected = format!("at least {FEWEST} rows");
        return Err(Error::data(&args.input, expected, encoded.rows.to_string(), "give more rows").into());
    }
    let color =
        args.color.clone().or(preprocessor.schema.label.clone().filter(|l| rows.column_by_name(l).is_some()));
    let mut chosen =
        permutation(&mut stream(saved.header.config.training.seed, Purpose::MapRows, 0, 0), encoded.rows);
    chosen.truncate(POINTS);
    let labels =
        color.as_deref().map(|color| chosen_texts(&args.input, &rows, color, &chosen)).transpose()?;
    let shown = encoded.select(&chosen);
    let map = LatentMap::of_codes(
        &codes(&saved, &shown, &shared.device()?),
        saved.architecture.latent_dim,
        labels,
    )?;
    let kept = MapQuality::measure(&map, &shown.values, shown.width)?;
    let title = file_name(&args.input).to_string();
    let page = MapPage { title, map, color, kept };
    let text = if drawing { page.to_svg() } else { page.to_html() };
    write_atomically(&args.out, text.as_bytes())?;
    shared.note(format!("wrote {}", args.out.display()));
    if shared.json {
        return output::print_json(&json!({ "points": shown.rows, "kept": kept }));
    }
    let Some(kept) = kept else { return Ok(()) };
    let both = |map: f64, plain: f64| format!("{map:.3} (PCA of the data: {plain:.3})");
    let (map, plain) = (kept.map, kept.principal_components);
    output::print(&output::aligned(&[
        ("trustworthiness", both(map.trustworthiness, plain.trustworthiness)),
        (&format!("kept of {} neighbours", map.neighbours), both(map.preservation, plain.preservation)),
        ("rows looked at", kept.examples.to_string()),
    ]))
}

/// The chosen rows of a column as text.
fn chosen_texts(
    input: &str,
    rows: &RecordBatch,
    column: &str,
    chosen: &[usize],
) -> diabolo::Result<Vec<String>> {
    let all = texts(rows, column).ok_or_else(|| {
        let help = "give --color the name of a column of texts or numbers";
        Error::data(input, format!("a column '{column}' to colour by"), "none", help)
    })?;
    Ok(chosen.iter().map(|&row| all[row].clone().unwrap_or_else(|| "missing".into())).collect())
}
