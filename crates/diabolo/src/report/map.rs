//! Rows as points in the plane: a section of the report, and a page or a drawing of its own.
//!
//! ```text
//! diabolo fit wine.csv --latent-dim 2 -o run
//! diabolo map run wine.csv -o wine.svg --color quality
//! ```

use serde::Serialize;

use super::figures::{self, colored_points};
use super::html::{document, facts, section};
use super::number::number;
use super::svg::{Anchor, Svg, shorten};
use super::{LatentMap, plot, run_card};
use crate::Result;
use crate::stats::{Preservation, preservation, principal_components};

/// Rows whose neighbours are looked at, at most: all pairs are.
const MEASURED: usize = 2000;
/// Neighbours that should stay neighbours.
const NEIGHBOURS: usize = 10;

impl LatentMap {
    /// Codes of two units as they are, others on the plane of their principal components.
    pub fn of_codes(codes: &[f32], width: usize, labels: Option<Vec<String>>) -> Result<LatentMap> {
        let (x, y, x_label, y_label) = match width {
            2 => {
                let unit = |k: usize| codes.iter().skip(k).step_by(2).copied().collect();
                (unit(0), unit(1), "latent 1".into(), "latent 2".into())
            }
            _ => {
                let plane = principal_components(codes, width)?;
                let axis =
                    |k: usize| format!("PCA {} ({:.0} % of variance)", k + 1, 100.0 * plane.explained[k]);
                let (first, second) = (axis(0), axis(1));
                (plane.x, plane.y, first, second)
            }
        };
        Ok(LatentMap { x, y, labels, x_label, y_label })
    }

    fn places(&self, rows: usize) -> Vec<f32> {
        self.x.iter().zip(&self.y).take(rows).flat_map(|(&x, &y)| [x, y]).collect()
    }
}

/// A map on its own, with what it keeps of its rows' neighbourhoods.
#[derive(Debug, Clone)]
pub struct MapPage {
    /// Such as "wine.csv".
    pub title: String,
    /// The points.
    pub map: LatentMap,
    /// What colours them.
    pub color: Option<String>,
    /// How well neighbourhoods are kept; `None` with too few rows.
    pub kept: Option<MapQuality>,
}

/// What maps keep of the neighbourhoods among the encoded rows.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct MapQuality {
    /// Rows looked at.
    pub examples: usize,
    /// Of the model's map.
    pub map: Preservation,
    /// Of the two leading principal components of the rows themselves.
    pub principal_components: Preservation,
}

impl MapQuality {
    /// Of `map`, whose points are the encoded `rows` (each `width` numbers) in this order; the first 2,000 are looked at.
    pub fn measure(map: &LatentMap, rows: &[f32], width: usize) -> Result<Option<MapQuality>> {
        let examples = map.x.len().min(MEASURED);
        let neighbours = NEIGHBOURS.min(examples / 3);
        if neighbours == 0 {
            return Ok(None);
        }
        let inside = &rows[..examples * width];
        let plane = LatentMap::of_codes(&padded(rows, width), width.max(3), None)?;
        let of = |map: &LatentMap| preservation(inside, width, &map.places(examples), 2, neighbours);
        Ok(Some(MapQuality { examples, map: of(map)?, principal_components: of(&plane)? }))
    }
}

/// Rows of at least three numbers, so that two columns are turned as well.
fn padded(rows: &[f32], width: usize) -> Vec<f32> {
    let missing = 3usize.saturating_sub(width);
    rows.chunks_exact(width)
        .flat_map(|row| row.iter().copied().chain(std::iter::repeat_n(0.0, missing)))
        .collect()
}

const KEPT_HELP: &str = "Trustworthiness: whether neighbours on the map are neighbours in the data (1: all are, 0.5: by chance). \
    Kept neighbours: how many of a row's nearest rows in the data are among its nearest on the map. Beside them what the two \
    leading principal components of the data itself keep.";

impl MapPage {
    /// The page; it needs nothing else.
    pub fn to_html(&self) -> String {
        let content = figures::latent_map(&self.map, self.color.as_deref().unwrap_or_default(), "")
            + &section("What the map keeps", KEPT_HELP, &self.facts());
        document(&format!("Map · {}", self.title), &self.subtitle(), &content)
    }

    /// The drawing alone.
    pub fn to_svg(&self) -> String {
        let (width, height) = (900.0, 760.0);
        let mut card = Svg::new(width, height);
        card.style(run_card::STYLE);
        card.rect((0.5, 0.5), width - 1.0, height - 1.0, "card", "");
        card.text((40.0, 56.0), Anchor::Start, "title", &shorten(&self.title, 50));
        card.text((40.0, 84.0), Anchor::Start, "subtitle", &shorten(&self.subtitle(), 110));
        let (points, coloring) = colored_points(&self.map);
        let axes = (self.map.x_label.as_str(), self.map.y_label.as_str());
        let legend = coloring.has_legend() && !coloring.is_distinct();
        let right = if legend { 170.0 } else { 0.0 };
        if let Some(plot) = plot::scatter((width - 80.0 - right, height - 130.0), &points, &coloring, axes) {
            card.device(&plot, (40.0, 110.0));
        }
        for (position, group) in coloring.groups.iter().enumerate().filter(|_| legend) {
            let y = 160.0 + 24.0 * position as f64;
            card.dots(&[(width - 190.0, y)], &format!("point key {}", group.class), "");
            card.text((width - 178.0, y + 5.0), Anchor::Start, "tick", &shorten(&group.name, 22));
        }
        card.finish("hero", &self.title, "Each dot is one row at the place that the encoder gives it.")
    }

    fn subtitle(&self) -> String {
        let rows = number(self.map.x.len() as f64);
        match &self.color {
            Some(color) => {
                format!("{rows} rows at the places that the encoder gives them, coloured by {color}")
            }
            None => format!("{rows} rows at the places that the encoder gives them"),
        }
    }

    fn facts(&self) -> String {
        let Some(kept) = &self.kept else { return String::new() };
        let k = kept.map.neighbours;
        let both = |of: fn(&Preservation) -> f64| {
            format!("{:.3} (PCA of the data: {:.3})", of(&kept.map), of(&kept.principal_components))
        };
        facts(&[
            ("Trustworthiness".into(), both(|p| p.trustworthiness)),
            (format!("Kept of {k} neighbours"), both(|p| p.preservation)),
            ("Rows looked at".into(), number(kept.examples as f64)),
        ])
    }
}
