//! Rows as points in the plane: a section of the report, and a page or a drawing of its own.
//!
//! ```text
//! diabolo fit wine.csv --latent-dim 2 -o run
//! diabolo map run wine.csv -o wine.svg --color quality
//! ```

use diabolo_stats::Preservation;
use serde::Serialize;

use crate::document::{document, facts, section};
use crate::latent_map::{self, LatentMap, Placement, colored_points};
use crate::number::number;
use crate::svg::{Anchor, Svg, shorten};
use crate::{plot, run_card};

/// A map on its own, with how well it preserves neighbourhoods.
#[derive(Debug, Clone)]
pub struct MapPage {
    /// Such as "wine.csv".
    pub title: String,
    /// The points.
    pub map: LatentMap,
    /// What colours them.
    pub color: Option<String>,
    /// How well neighbourhoods are preserved; `None` with too few rows.
    pub kept: Option<MapQuality>,
}

/// How well maps preserve the neighbourhoods of the encoded rows.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct MapQuality {
    /// Rows measured.
    pub examples: usize,
    /// Of the model's map.
    pub map: Preservation,
    /// Of the other way to place the codes, where there are two.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other: Option<Preservation>,
    /// Of the two leading principal components of the rows themselves.
    pub principal_components: Preservation,
}

const PRESERVATION_HELP: &str = "Trustworthiness: whether neighbours on the map are neighbours in the data (1: all are, 0.5: \
                         by chance). Preserved neighbours: the share of a row's nearest rows in the data that are \
                         among its nearest on the map. The map is that of the more trustworthy way to place the codes.";

impl MapPage {
    /// The page; it needs nothing else.
    pub fn to_html(&self) -> String {
        let content = latent_map::section_of(&self.map, self.color.as_deref().unwrap_or_default(), "")
            + &section("Neighbourhood preservation", PRESERVATION_HELP, &self.facts());
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
        if let Some(color) = self.color.as_ref().filter(|_| legend) {
            card.text((width - 194.0, 136.0), Anchor::Start, "heading", &shorten(color, 20));
        }
        for (position, group) in coloring.groups.iter().enumerate().filter(|_| legend) {
            let y = 160.0 + 24.0 * position as f64;
            card.dots(&[(width - 190.0, y)], &format!("point key {}", group.class), "");
            card.text((width - 178.0, y + 5.0), Anchor::Start, "tick", &shorten(&group.name, 22));
        }
        card.finish("card", &self.title, "Each dot is the latent code of one row.")
    }

    fn subtitle(&self) -> String {
        let rows = number(self.map.x.len() as f64);
        match &self.color {
            Some(color) => {
                format!("latent codes of {rows} rows, coloured by {color}")
            }
            None => format!("latent codes of {rows} rows"),
        }
    }

    fn facts(&self) -> String {
        let facts_of = |(name, value): (String, String)| (name[..1].to_uppercase() + &name[1..], value);
        facts(&self.quality().into_iter().map(facts_of).collect::<Vec<_>>())
    }

    /// Names and values of how well neighbourhoods are preserved, to print; empty if not measured.
    pub fn quality(&self) -> Vec<(String, String)> {
        let Some(kept) = &self.kept else { return vec![] };
        let placement = self.map.placement;
        let other = match placement {
            Placement::NeighbourEmbedding => Placement::PrincipalComponents,
            _ => Placement::NeighbourEmbedding,
        };
        let values = |of: fn(&Preservation) -> f64| {
            let mut text = format!("{:.3} ({}", of(&kept.map), placement.name());
            if let Some(found) = &kept.other {
                text += &format!("; {}: {:.3}", other.name(), of(found));
            }
            text + &format!("; PCA of the data: {:.3})", of(&kept.principal_components))
        };
        vec![
            ("trustworthiness".into(), values(|p| p.trustworthiness)),
            (format!("preserved of {} neighbours", kept.map.neighbours), values(|p| p.preservation)),
            ("rows measured".into(), number(kept.examples as f64)),
        ]
    }
}
