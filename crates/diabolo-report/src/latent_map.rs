//! Examples as points in the plane.

use crate::coloring::{Coloring, Group};
use crate::document::section;
use crate::number::number;
use crate::plot;
use crate::svg::escape;

/// Examples as points in the plane.
#[derive(Debug, Clone, Default)]
pub struct LatentMap {
    /// Horizontal positions; up to some five thousand points keep the file small.
    pub x: Vec<f32>,
    /// Vertical positions.
    pub y: Vec<f32>,
    /// One label a point, if there are labels.
    pub labels: Option<Vec<String>>,
    /// "latent 1" or "PCA 1 (43 % of variance)".
    pub x_label: String,
    /// "latent 2" or "PCA 2 (21 % of variance)"; empty of codes of one dimension.
    pub y_label: String,
    /// How codes became points.
    pub placement: Placement,
}

/// How codes become points in the plane.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Placement {
    /// Codes of one or two dimensions, as they are.
    #[default]
    Codes,
    /// The two leading principal components.
    PrincipalComponents,
    /// t-SNE.
    NeighbourEmbedding,
}

impl Placement {
    /// What the points are, after "map: ".
    pub fn name(self) -> &'static str {
        match self {
            Placement::Codes => "the codes",
            Placement::PrincipalComponents => "PCA of the codes",
            Placement::NeighbourEmbedding => "t-SNE of the codes",
        }
    }

    /// How to read the distances of points.
    fn help(self) -> &'static str {
        match self {
            Placement::Codes => "Rows with similar codes lie close together.",
            Placement::PrincipalComponents => {
                "Dots that lie together agree in what these two components show, and may differ in the rest."
            }
            Placement::NeighbourEmbedding => {
                "Neighbours have similar codes. The distances of groups from each other, and their sizes, mean little."
            }
        }
    }
}

/// The latent map's points and their colours.
pub(crate) fn colored_points(map: &LatentMap) -> (Vec<(f64, f64)>, Coloring) {
    let points: Vec<(f64, f64)> = map.x.iter().zip(&map.y).map(|(&x, &y)| (x.into(), y.into())).collect();
    let coloring = match &map.labels {
        Some(labels) if labels.len() >= points.len() => Coloring::by_label(&labels[..points.len()]),
        _ => Coloring::plain(points.len()),
    };
    (points, coloring)
}

/// Latent space in two dimensions; `name` and `note` are the labels'.
pub(crate) fn section_of(map: &LatentMap, name: &str, note: &str) -> String {
    let (points, coloring) = colored_points(map);
    let Some(svg) = plot::scatter((620.0, 500.0), &points, &coloring, (&map.x_label, &map.y_label)) else {
        return String::new();
    };
    let rows = number(points.len() as f64);
    let help = format!("Each dot is the latent code of one row ({rows} rows). {}", map.placement.help());
    let svg = svg.finish("plot wide", "Map of the latent space", &help);
    let legend = if coloring.has_legend() {
        let keys: String = coloring.groups.iter().map(legend_key).collect();
        format!(
            "<fieldset class=\"legend\"><legend>{}</legend>{keys}<p class=\"help\">Untick a label to hide its dots. {note}</p></fieldset>",
            escape(name)
        )
    } else {
        String::new()
    };
    section("Map of the latent space", &help, &format!("<figure class=\"split\">{svg}{legend}</figure>"))
}

fn legend_key(group: &Group) -> String {
    format!(
        "<label><input type=\"checkbox\" class=\"{}\" checked><span>{}</span><small>{}</small></label>",
        group.class,
        escape(&group.name),
        number(group.count as f64)
    )
}
