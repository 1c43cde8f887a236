//! Gathers the page of `map`.

use arrow_array::RecordBatch;

use diabolo_report::{LatentMap, MapPage, MapQuality, Placement};

use super::latent_map::{Neighbourhoods, latent_map, neighbour_map};
use crate::data::{Encoded, file_name, texts};
use crate::pipeline::Predictor;
use crate::random::{Purpose, permutation, stream};
use crate::task::codes;
use crate::{Error, Result};

/// Points drawn at most.
pub const POINTS: usize = 5000;
/// Fewer make no map.
const FEWEST: usize = 3;

/// The map of `rows`, coloured by the column `color`, or by the label that the model was fitted
/// with.
///
/// Codes of more than two dimensions are placed by their principal components or by t-SNE,
/// whichever is more trustworthy (see [`Preservation`](crate::stats::Preservation)).
///
/// # Errors
/// [`Error::Data`] if the rows cannot be encoded, are fewer than three, or have no such column.
pub fn map_page(
    predictor: &Predictor,
    input: &str,
    rows: &RecordBatch,
    color: Option<&str>,
) -> Result<MapPage> {
    let saved = predictor.saved();
    let preprocessor = &saved.header.preprocessor;
    let encoded = preprocessor.encode(input, rows, 0)?;
    if encoded.rows < FEWEST {
        let expected = format!("at least {FEWEST} rows");
        return Err(Error::data(input, expected, encoded.rows.to_string(), "give more rows"));
    }
    let label = preprocessor.schema.label.as_deref().filter(|label| rows.column_by_name(label).is_some());
    let color = color.or(label).map(str::to_string);
    let noise = &mut stream(saved.header.config.training.seed, Purpose::MapRows, 0, 0);
    let mut chosen = permutation(noise, encoded.rows);
    chosen.truncate(POINTS);
    let labels = color.as_deref().map(|color| chosen_texts(input, rows, color, &chosen)).transpose()?;
    let shown = encoded.select(&chosen);
    let codes = codes(saved, &shown, predictor.device());
    let (map, kept) = most_trustworthy(&codes, saved.architecture.latent_dim, labels, &shown)?;
    let title = file_name(input).to_string();
    Ok(MapPage { title, map, color, kept })
}

fn most_trustworthy(
    codes: &[f32],
    width: usize,
    labels: Option<Vec<String>>,
    shown: &Encoded,
) -> Result<(LatentMap, Option<MapQuality>)> {
    let map = latent_map(codes, width, labels.clone())?;
    let Some(rows) = Neighbourhoods::of(&shown.values, shown.width, map.x.len()) else {
        return Ok((map, None));
    };
    let of_map = rows.kept_by(&map)?;
    if map.placement == Placement::Codes {
        return Ok((map, Some(rows.quality(of_map, None)?)));
    }
    let embedded = neighbour_map(codes, width, labels)?;
    let of_embedded = rows.kept_by(&embedded)?;
    Ok(match of_embedded.trustworthiness > of_map.trustworthiness {
        true => (embedded, Some(rows.quality(of_embedded, Some(of_map))?)),
        false => (map, Some(rows.quality(of_map, Some(of_embedded))?)),
    })
}

/// The chosen rows of a column as text.
fn chosen_texts(input: &str, rows: &RecordBatch, column: &str, chosen: &[usize]) -> Result<Vec<String>> {
    let all = texts(rows, column).ok_or_else(|| {
        let help = "give --color the name of a column of texts or numbers";
        Error::data(input, format!("a column '{column}' to colour by"), "none", help)
    })?;
    Ok(chosen.iter().map(|&row| all[row].clone().unwrap_or_else(|| "missing".into())).collect())
}
