//! The sensitivity of the code to changes of the input: by distance, direction, column or pixel.

use crate::axis::{drawable, range};
use crate::document::{facts, section};
use crate::number::{fixed, number};
use crate::picture::tile_png;
use crate::plot;
use crate::svg::escape;

/// The contraction ratio ‖f(x+δ) − f(x)‖ / ‖δ‖ over ‖δ‖, encoded units.
#[derive(Debug, Clone, Default)]
pub struct RatioCurve {
    /// ‖δ‖, ascending.
    pub radius: Vec<f64>,
    /// The mean ratio at each radius.
    pub mean: Vec<f64>,
    /// Half the length of each whisker; may be empty.
    pub error: Vec<f64>,
    /// How far apart two rows are.
    pub typical_distance: f64,
    /// Names and values shown beside the curve.
    pub facts: Vec<(String, String)>,
    /// What was averaged.
    pub caption: String,
}

/// Pictures with directions of the input, laid out as in [`Pictures`](crate::Pictures).
#[derive(Debug, Clone, Default)]
pub struct TangentPictures {
    /// Rows of a picture.
    pub height: usize,
    /// Columns of a picture.
    pub width: usize,
    /// 1 for grey, 3 for colour.
    pub channels: usize,
    /// One entry a picture.
    pub rows: Vec<TangentRow>,
    /// A warning about the directions; may be empty.
    pub caution: String,
}

/// One picture and the directions in which its code is most sensitive.
#[derive(Debug, Clone, Default)]
pub struct TangentRow {
    /// Values in 0..1.
    pub picture: Vec<f32>,
    /// Changes of the picture, strongest first, around 0; drawn each on a scale of its own.
    pub directions: Vec<Vec<f32>>,
    /// The change of the code per unit change along each.
    pub singular_values: Vec<f64>,
}

/// The sensitivity of the code to one column.
#[derive(Debug, Clone)]
pub struct ColumnWeight {
    /// The column's name.
    pub name: String,
    /// Change of the code per encoded unit.
    pub value: f64,
    /// The column's part of the whole sensitivity, 0 to 1.
    pub share: f64,
}

/// The sensitivity of the code to each pixel.
#[derive(Debug, Clone, Default)]
pub struct PixelWeights {
    /// Rows of a picture.
    pub height: usize,
    /// Columns of a picture.
    pub width: usize,
    /// One value a pixel, row by row.
    pub values: Vec<f64>,
}

/// Columns in the list.
const COLUMNS: usize = 20;

/// Ends of the scale around 0, which is white, and of the scale from 0 up: blue and orange differ
/// to every eye.
const NEGATIVE: [f32; 3] = [0.04, 0.30, 0.62];
const POSITIVE: [f32; 3] = [0.76, 0.25, 0.05];
const WHITE: [f32; 3] = [1.0; 3];
const STRONG: [f32; 3] = [0.02, 0.20, 0.46];
const UNKNOWN: [f32; 3] = [0.5; 3];

/// The contraction-ratio curve.
pub(crate) fn ratios(curve: &RatioCurve) -> String {
    let labels = ("length of the change ‖δ‖, encoded units, log scale", "‖f(x+δ) − f(x)‖ / ‖δ‖");
    let points: Vec<(f64, f64)> = curve.radius.iter().copied().zip(curve.mean.iter().copied()).collect();
    let mark = (curve.typical_distance, "typical distance of two rows");
    let Some(svg) = plot::curve(&points, &curve.error, mark, labels) else {
        return String::new();
    };
    let help = "Each held-out row x is changed by a random vector δ of a given length, and the change of its code is \
                divided by that length. Where the curve is low, the code ignores changes of that size. A curve that \
                rises with distance means that codes change less close to a row than between rows, which is the aim \
                of a contraction penalty; a curve that falls shows saturated units.";
    let svg = svg.finish("plot wide", "Contraction ratio over distance", help);
    let content = format!(
        "<figure class=\"split\">{svg}<figcaption>{}<p>{}</p></figcaption></figure>",
        facts(&curve.facts),
        escape(&curve.caption)
    );
    section("Contraction ratio", help, &content)
}

/// Examples with their high-singular-value directions.
pub(crate) fn tangents(gallery: &TangentPictures) -> String {
    let strips: String = gallery.rows.iter().map(|row| tangent_row(gallery, row)).collect();
    if strips.is_empty() {
        return String::new();
    }
    let colours = if gallery.channels == 1 {
        "Orange pixels grow brighter while blue ones grow darker, or the other way round"
    } else {
        "Pixels above mid-grey grow while those below fall, or the other way round"
    };
    let help = format!(
        "Held-out pictures, each followed by the directions in which its code is most sensitive (right singular \
         vectors of the encoder's Jacobian). {colours}; pale pixels do not change. Below each direction, its \
         singular value: the change of the code per unit change of the picture. Directions that look like strokes \
         that shift or turn are variations the model has learned; specks are noise to which it is still sensitive."
    );
    let caution = match gallery.caution.as_str() {
        "" => String::new(),
        text => format!("<p class=\"help\">{}</p>\n", escape(text)),
    };
    let shown = format!("{caution}<div class=\"tangents\">\n{strips}</div>");
    section("High-singular-value directions", &help, &shown)
}

fn tangent_row(gallery: &TangentPictures, row: &TangentRow) -> String {
    let (height, width, channels) = (gallery.height, gallery.width, gallery.channels);
    let picture = tile_png(&row.picture, (height, width, channels), "picture");
    let mut tiles = format!("<figure>{picture}<figcaption>picture</figcaption></figure>");
    for (direction, value) in row.directions.iter().zip(&row.singular_values) {
        let colours = diverging(direction, channels);
        let tile = tile_png(&colours, (height, width, 3), "tangent direction");
        tiles += &format!("<figure>{tile}<figcaption>{}</figcaption></figure>", significant(*value));
    }
    format!("<div class=\"tangent\">{tiles}</div>\n")
}

/// Three significant digits, zeros kept: values beside each other line up.
fn significant(value: f64) -> String {
    match value {
        v if (0.1..10.0).contains(&v) => fixed(v, 2),
        v => number(v),
    }
}

/// Values as colours around 0, at full strength where they are largest: blue, white, orange for one
/// channel, the channels themselves around mid-grey for three.
fn diverging(values: &[f32], channels: usize) -> Vec<f32> {
    let largest = values.iter().filter(|v| v.is_finite()).fold(0f32, |m, v| m.max(v.abs()));
    let scale = if largest > 0.0 { largest } else { 1.0 };
    if channels == 3 {
        return values.iter().map(|v| 0.5 + 0.5 * v / scale).collect();
    }
    let colour = |v: &f32| match v {
        v if !v.is_finite() => UNKNOWN,
        v if *v < 0.0 => blend(WHITE, NEGATIVE, -v / scale),
        v => blend(WHITE, POSITIVE, v / scale),
    };
    values.iter().flat_map(colour).collect()
}

fn blend(from: [f32; 3], to: [f32; 3], share: f32) -> [f32; 3] {
    std::array::from_fn(|i| (1.0 - share) * from[i] + share * to[i])
}

/// The columns to which the code is most sensitive.
pub(crate) fn columns(columns: &[ColumnWeight]) -> String {
    let mut sorted: Vec<&ColumnWeight> = columns.iter().collect();
    sorted.sort_by(|a, b| b.share.total_cmp(&a.share));
    let top = range(sorted.iter().map(|c| c.share)).map_or(0.0, |r| r.1);
    let rows: String = sorted.iter().take(COLUMNS).map(|c| column(c, top)).collect();
    if rows.is_empty() {
        return rows;
    }
    let mut help = "Change of the code per unit change of a column (a standard deviation of a number, 1 of log(1 + \
                    count) where counts are encoded so, 0 to 1 of a category's inputs), and the column's share of \
                    the encoder's total sensitivity ‖J‖². A category has one input for each value and sums over \
                    them, so columns of many values weigh more."
        .to_string();
    if sorted.len() > COLUMNS {
        help += &format!(" The first {COLUMNS} of {} columns.", sorted.len());
    }
    let table = format!(
        "<table class=\"weights\"><thead><tr><th scope=\"col\">Column</th><th scope=\"col\" class=\"value\">Sensitivity</th>\
         <th scope=\"col\" class=\"value\">Share</th><th scope=\"col\" class=\"weight\"></th></tr></thead>\n<tbody>\n{rows}</tbody></table>"
    );
    section("Sensitivity by column", &help, &table)
}

fn column(column: &ColumnWeight, top: f64) -> String {
    let width = 100.0 * column.share / top;
    let bar = if drawable(width) && width >= 0.0 {
        format!("<span class=\"bar\" style=\"width:{width:.1}%\"></span>")
    } else {
        String::new()
    };
    let share = match column.share.is_finite() {
        true => format!("{} %", fixed(100.0 * column.share, 1)),
        false => "—".into(),
    };
    format!(
        "<tr><th scope=\"row\">{}</th><td class=\"value\">{}</td><td class=\"value\">{share}</td><td class=\"weight\">{bar}</td></tr>\n",
        escape(&column.name),
        number(column.value),
    )
}

/// The sensitivity to each pixel, as a heat map.
pub(crate) fn pixels(map: &PixelWeights) -> String {
    let Some((_, largest)) = range(map.values.iter().copied()).filter(|r| r.1 > 0.0) else {
        return String::new();
    };
    let colour = |v: &f64| match v {
        v if drawable(*v) => blend(WHITE, STRONG, (v / largest).clamp(0.0, 1.0) as f32),
        _ => UNKNOWN,
    };
    let colours: Vec<f32> = map.values.iter().flat_map(colour).collect();
    let tile = tile_png(&colours, (map.height, map.width, 3), "sensitivity of the code to each pixel");
    let content = format!(
        "<div class=\"heat\"><figure>{tile}<figcaption class=\"scale\"><span>0</span><span class=\"ramp\"></span><span>{} code units per pixel unit</span>\
         </figcaption></figure>{}</div>",
        number(largest),
        facts(&pixel_facts(&map.values))
    );
    let help = "Change of the code per unit change of each pixel, over held-out pictures: the darker, the more \
                sensitive. Pixels that are constant in the data should be pale.";
    section("Sensitivity by pixel", help, &content)
}

/// How many pixels carry most of the sensitivity.
fn pixel_facts(values: &[f64]) -> Vec<(String, String)> {
    let mut squares: Vec<f64> = values.iter().filter(|v| drawable(**v)).map(|v| v * v).collect();
    squares.sort_by(|a, b| b.total_cmp(a));
    let whole: f64 = squares.iter().sum();
    let sums = squares.iter().scan(0.0, |sum, square| {
        *sum += square;
        Some(*sum)
    });
    let most = (1 + sums.take_while(|&sum| sum < 0.9 * whole).count()).min(squares.len());
    let root = |square: Option<&f64>| number(square.copied().unwrap_or(0.0).sqrt());
    vec![
        ("Strongest pixel".into(), root(squares.first())),
        ("Weakest pixel".into(), root(squares.last())),
        ("90 % of ‖J‖² lies in".into(), format!("{most} of {} pixels", values.len())),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_is_white_and_the_largest_value_has_the_full_colour() {
        let colours = diverging(&[0.0, 0.5, -1.0, f32::NAN], 1);
        assert_eq!(colours[..3], WHITE);
        assert_eq!(colours[3..6], blend(WHITE, POSITIVE, 0.5));
        assert_eq!(colours[6..9], NEGATIVE);
        assert_eq!(colours[9..], UNKNOWN);
        assert_eq!(diverging(&[0.0, 2.0, -1.0], 3), [0.5, 1.0, 0.25]);
        assert_eq!(diverging(&[0.0], 1), WHITE);
    }

    #[test]
    fn most_of_the_sensitivity_is_counted_from_the_strongest_pixel() {
        // Squares 9, 4, 1, 0: 90 % of 14 is 12.6, which two reach.
        let found = pixel_facts(&[1.0, 3.0, 0.0, 2.0]);
        assert_eq!(found[2].1, "2 of 4 pixels");
        assert_eq!((found[0].1.as_str(), found[1].1.as_str()), ("3", "0"));
    }
}
