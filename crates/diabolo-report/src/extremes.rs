//! The held-out rows that are reconstructed worst and best.

use crate::alarms::{AlarmReason, reasons};
use crate::document::section;
use crate::number::number;
use crate::picture::tile_png;
use crate::svg::escape;

/// The held-out rows that are reconstructed worst and best.
#[derive(Debug, Clone, Default)]
pub struct Extremes {
    /// Largest error first.
    pub worst: Vec<ReconstructedRow>,
    /// Smallest error first.
    pub best: Vec<ReconstructedRow>,
    /// Rows, columns and channels, if each row is a picture.
    pub shape: Option<(usize, usize, usize)>,
    /// How many rows were compared.
    pub rows: usize,
}

/// A row and the error of its reconstruction.
#[derive(Debug, Clone, Default)]
pub struct ReconstructedRow {
    /// Its key, or its number.
    pub row: String,
    /// Nats above the mean of the training rows.
    pub error: f64,
    /// The columns that raise the error most, of a best row those that lower it most.
    pub reasons: Vec<AlarmReason>,
    /// The picture and its reconstruction, with values in 0..1, laid out as in
    /// [`Pictures`](crate::Pictures).
    pub pictures: [Vec<f32>; 2],
}

/// The section on both.
pub(crate) fn rows(extremes: &Extremes) -> String {
    if extremes.worst.is_empty() {
        return String::new();
    }
    let of = "The error of a row is the negative log-likelihood of its cells under the reconstruction, in nats above \
              the mean of training rows.";
    let (help, content) = match extremes.shape {
        Some(shape) => {
            let strips = [("Worst", &extremes.worst), ("Best", &extremes.best)];
            let strips = strips.map(|(heading, rows)| strip(heading, rows, shape)).concat();
            (of.to_string(), format!("<div class=\"strips\">{strips}</div>"))
        }
        None => {
            let help = format!(
                "{of} Beside it, the columns that raise it most, or lower it most: value, expected value and part of \
                 the error."
            );
            let tables = [("Worst rows", &extremes.worst), ("Best rows", &extremes.best)];
            (help, tables.map(|(heading, rows)| table(heading, rows)).concat())
        }
    };
    let help = format!("Of {} held-out rows. {help}", number(extremes.rows as f64));
    section("Worst and best reconstructed rows", &help, &content)
}

fn table(heading: &str, rows: &[ReconstructedRow]) -> String {
    let row = |row: &ReconstructedRow| {
        format!(
            "<tr><th scope=\"row\">{}</th><td class=\"value\">{}</td><td>{}</td></tr>\n",
            escape(&row.row),
            number(row.error),
            reasons(&row.reasons)
        )
    };
    let rows: String = rows.iter().map(row).collect();
    format!(
        "<div class=\"scroll\"><table class=\"alarms extremes\"><thead><tr><th scope=\"col\">{heading}</th>\
         <th scope=\"col\" class=\"value\">Error</th><th scope=\"col\">Columns</th></tr></thead>\n\
         <tbody>\n{rows}</tbody></table></div>\n"
    )
}

fn strip(heading: &str, rows: &[ReconstructedRow], shape: (usize, usize, usize)) -> String {
    let line = |name: &str, which: usize| {
        let tile =
            |row: &ReconstructedRow| tile_png(&row.pictures[which], shape, &format!("{name}, {}", row.row));
        let tiles: String = rows.iter().map(tile).collect();
        format!("<span class=\"row-name\">{name}</span><div class=\"row\">{tiles}</div>")
    };
    let named: Vec<String> =
        rows.iter().map(|row| format!("{} ({})", escape(&row.row), number(row.error))).collect();
    format!(
        "<figure><h3>{heading}</h3><div class=\"strip extreme\">{}{}</div><figcaption>From the left: {}</figcaption></figure>\n",
        line("original", 0),
        line("reconstruction", 1),
        named.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reconstructed(row: &str, error: f64) -> ReconstructedRow {
        let reason = AlarmReason { column: "<age>".into(), nats: error, ..AlarmReason::default() };
        let pictures = [vec![0.0, 1.0], vec![1.0, 1.0]];
        ReconstructedRow { row: row.into(), error, reasons: vec![reason], pictures }
    }

    #[test]
    fn tables_have_reasons_and_pictures_have_tiles() {
        let mut extremes = Extremes {
            worst: vec![reconstructed("<k>", 12.5)],
            best: vec![reconstructed("row 3", -2.5)],
            shape: None,
            rows: 40,
        };
        let html = rows(&extremes);
        for part in ["&lt;k&gt;", "&lt;age&gt;", "+12.5 nats", ", −2.5 nats", "Of 40 held-out rows"] {
            assert!(html.contains(part), "{part}\n{html}");
        }
        extremes.shape = Some((1, 2, 1));
        let html = rows(&extremes);
        assert_eq!(html.matches("<img ").count(), 4);
        assert!(html.contains("&lt;k&gt; (12.5)") && !html.contains("nats</small>"));
        assert!(rows(&Extremes::default()).is_empty());
    }
}
