//! The page of an audit: what a synthetic copy of a table is good for.

use diabolo_stats::percent;

use crate::document::{document, facts, section, warnings};
use crate::number::number;
use crate::svg::{Anchor, Svg, escape, shorten};

/// Panels of columns, at most.
const MOST_COLUMNS: usize = 48;
/// Columns of the heat map, at most.
const MOST_PAIRED: usize = 40;
/// Shades of the heat map, and the error of the darkest.
const SHADES: usize = 8;
const DARKEST: f64 = 0.1;
/// A plot of a column.
const SIZE: (f64, f64) = (310.0, 90.0);

/// All that the page shows.
#[derive(Debug, Clone, Default)]
pub struct AuditPage {
    /// The name of the synthetic rows.
    pub input: String,
    /// Names and values.
    pub facts: Vec<(String, String)>,
    /// What the copy is good for, one sentence each.
    pub verdicts: Vec<String>,
    /// What the reader should know, one sentence each.
    pub notes: Vec<String>,
    /// Fidelity and use.
    pub quality: Vec<AuditFigure>,
    /// Attacks.
    pub privacy: Vec<AuditFigure>,
    /// The shares of missing cells of columns: of real, synthetic and held-out rows.
    pub missing: Vec<AuditFigure>,
    /// The number of levels of columns, of those that synthetic rows lack, and of those that
    /// held-out rows lack.
    pub levels: Vec<AuditFigure>,
    /// The distributions of columns, real and synthetic.
    pub columns: Vec<AuditedColumn>,
    /// The names of the columns of `pairs`.
    pub names: Vec<String>,
    /// The trend error of every pair of `names`, row by row; NaN where there is none.
    pub pairs: Vec<f64>,
    /// The columns that distinguish synthetic rows, and their share.
    pub telling: Vec<(String, f64)>,
}

/// A figure beside others.
#[derive(Debug, Clone, Default)]
pub struct AuditFigure {
    /// Its name.
    pub name: String,
    /// What it means.
    pub explanation: String,
    /// Of synthetic rows, of held-out real rows, and of rows with shuffled columns, as text, unless
    /// the table has other columns.
    pub values: [String; 3],
}

/// A column of real and of synthetic rows.
#[derive(Debug, Clone, Default)]
pub struct AuditedColumn {
    /// Its name.
    pub name: String,
    /// Its shape error.
    pub error: f64,
    /// The label of each bar: a level, or a range.
    pub labels: Vec<String>,
    /// The shares of real and synthetic rows.
    pub shares: Vec<[f64; 2]>,
}

const QUALITY: &str = "Each figure of the synthetic rows beside that of held-out real rows, the best that can be \
                       expected, and that of real rows whose columns were shuffled independently, which keep no \
                       relation between columns.";
const PRIVACY: &str = "What attacks on the training rows find. Held-out rows were not trained on: what is found about \
                       them is no leak. This is not a guarantee: other attacks may find more.";
const MISSING: &str = "Share of missing cells, of the columns that have some.";
const LEVELS: &str = "Levels of categories that real rows have and synthetic rows lack, and how many held-out rows lack: \
                      rare levels are pooled or not kept by tools that protect them, and lacking by chance in few rows.";
const COLUMNS: &str = "Share of rows by level or range: left bars are real rows, right bars (red) synthetic rows. The \
                       number is the shape error; columns with the largest come first.";
const PAIRS: &str = "Trend error of each pair of columns: half the difference of correlations, or the total variation \
                     of pairs of levels. Dark cells are relations that the copy has lost.";
const TELLING: &str = "The columns by which boosted trees distinguish synthetic from real rows: the share of the gain of \
                       their splits. It matters only as far as they can distinguish them at all (see C2ST).";

impl AuditPage {
    /// The page: one file that needs nothing else.
    pub fn to_html(&self) -> String {
        let verdicts: String =
            self.verdicts.iter().map(|text| format!("<li>{}</li>", escape(text))).collect();
        let verdicts =
            if verdicts.is_empty() { verdicts } else { format!("<ul class=\"verdicts\">{verdicts}</ul>") };
        let mut out = section("What this copy is good for", "", &(verdicts + &facts(&self.facts)));
        out += &warnings(&self.notes);
        const BESIDE: [&str; 3] = ["Synthetic", "Held-out", "Shuffled"];
        out += &section("Fidelity and use", QUALITY, &figures("Figure", BESIDE, &self.quality));
        out += &section("Privacy", PRIVACY, &figures("Figure", BESIDE, &self.privacy));
        let missing = figures("Column", ["Real", "Synthetic", "Held-out"], &self.missing);
        out += &section("Missing cells", MISSING, &missing);
        let levels = figures("Column", ["Levels", "Synthetic lacks", "Held-out lacks"], &self.levels);
        out += &section("Lacking levels", LEVELS, &levels);
        let panels: String = self.columns.iter().take(MOST_COLUMNS).map(panel).collect();
        let panels = if panels.is_empty() { panels } else { format!("<div class=\"panels\">{panels}</div>") };
        out += &section("Columns", COLUMNS, &panels);
        out += &section("Pairs of columns", PAIRS, &self.heat());
        out += &section("Most telling columns", TELLING, &telling(&self.telling));
        document("Audit of synthetic rows", &self.input, &out)
    }

    fn heat(&self) -> String {
        const CELL: f64 = 24.0;
        let count = self.names.len();
        let shown = count.min(MOST_PAIRED);
        if shown < 2 {
            return String::new();
        }
        let longest = self.names.iter().take(shown).map(|name| name.chars().count().min(18)).max();
        let left = longest.unwrap_or(0) as f64 * 7.4 + 12.0;
        let mut svg = Svg::new(left + shown as f64 * CELL, shown as f64 * CELL);
        for (row, name) in self.names.iter().take(shown).enumerate() {
            let middle = (row as f64 + 0.68) * CELL;
            svg.text((left - 8.0, middle), Anchor::End, "label", &shorten(name, 18));
            for column in 0..shown {
                let error = self.pairs.get(row * count + column).copied().unwrap_or(f64::NAN);
                let shade = ((error / DARKEST * SHADES as f64) as usize).min(SHADES - 1);
                let class =
                    if error.is_nan() { "shade none".to_string() } else { format!("shade shade-{shade}") };
                let hover = match error.is_nan() {
                    true => String::new(),
                    false => format!("{name} and {}: {}", self.names[column], percent(error)),
                };
                let corner = (left + column as f64 * CELL, row as f64 * CELL);
                svg.rect(corner, CELL - 2.0, CELL - 2.0, &class, &hover);
            }
        }
        let width = (left + shown as f64 * CELL).max(320.0);
        let scale: String = (0..SHADES).map(|k| format!("<i class=\"shade-{k}\"></i>")).collect();
        let drawing = svg.finish("plot", "Pairs of columns", "Trend error of each pair of columns");
        format!(
            "<div class=\"pairs\" style=\"max-width:{width:.0}px\">{drawing}<p class=\"shades\">0 {scale} {} or \
             more</p></div>",
            percent(DARKEST)
        )
    }
}

/// A table with the values of synthetic rows in bold.
fn figures(first: &str, names: [&str; 3], figures: &[AuditFigure]) -> String {
    let row = |figure: &AuditFigure| {
        let values = figure.values.iter().zip(names).map(|(value, name)| {
            let value = escape(value);
            let value = if name.starts_with("Synthetic") { format!("<b>{value}</b>") } else { value };
            format!("<td class=\"value\">{value}</td>")
        });
        let values: String = values.collect();
        let explanation = match figure.explanation.as_str() {
            "" => String::new(),
            text => format!("<small>{}</small>", escape(text)),
        };
        format!("<tr><th scope=\"row\">{}{explanation}</th>{values}</tr>\n", escape(&figure.name))
    };
    let rows: String = figures.iter().map(row).collect();
    if rows.is_empty() {
        return rows;
    }
    let names: String =
        names.iter().map(|name| format!("<th scope=\"col\" class=\"value\">{name}</th>")).collect();
    format!(
        "<table class=\"audit\"><thead><tr><th scope=\"col\">{first}</th>{names}</tr></thead>\n\
         <tbody>\n{rows}</tbody></table>"
    )
}

fn panel(column: &AuditedColumn) -> String {
    let most = column.shares.iter().flatten().copied().fold(f64::MIN_POSITIVE, f64::max);
    let step = SIZE.0 / column.shares.len().max(1) as f64;
    let width = (0.42 * step).min(24.0);
    let mut svg = Svg::new(SIZE.0, SIZE.1 + 18.0);
    for (bin, pair) in column.shares.iter().enumerate() {
        let label = column.labels.get(bin).map_or("", String::as_str);
        let hover =
            format!("{label}: {} of real rows, {} of synthetic ones", percent(pair[0]), percent(pair[1]));
        for (side, class) in ["bar", "bar alarm"].into_iter().enumerate() {
            let height = pair[side] / most * SIZE.1;
            let x = bin as f64 * step + (step - 2.0 * width) / 2.0 + side as f64 * width;
            svg.rect((x, SIZE.1 - height), width, height.max(0.4), class, &hover);
        }
    }
    svg.line((0.0, SIZE.1), (SIZE.0, SIZE.1), "axis");
    let ends = [(0, 0.0, Anchor::Start), (column.labels.len().saturating_sub(1), SIZE.0, Anchor::End)];
    for (at, x, anchor) in ends {
        if let Some(label) = column.labels.get(at) {
            svg.text((x, SIZE.1 + 15.0), anchor, "", &shorten(label, 20));
        }
    }
    let drawing = svg.finish("plot", &column.name, "Shares of real and synthetic rows");
    let error = percent(column.error);
    format!(
        "<figure><h3>{}<span class=\"last\">{error}</span></h3>{drawing}</figure>\n",
        escape(&column.name)
    )
}

fn telling(columns: &[(String, f64)]) -> String {
    let most = columns.iter().map(|(_, share)| *share).fold(f64::MIN_POSITIVE, f64::max);
    let row = |(name, share): &(String, f64)| {
        format!(
            "<tr><th scope=\"row\">{}</th><td class=\"value\">{} %</td><td class=\"weight\"><span class=\"bar\" \
             style=\"width:{:.1}%\"></span></td></tr>\n",
            escape(name),
            number((1000.0 * share).round() / 10.0),
            100.0 * share / most
        )
    };
    let rows: String = columns.iter().map(row).collect();
    if rows.is_empty() { rows } else { format!("<table class=\"weights\"><tbody>\n{rows}</tbody></table>") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_shows_every_part_and_names_cannot_break_it() {
        let page = AuditPage {
            input: "copy.csv".into(),
            verdicts: vec!["Good for <charts>".into()],
            quality: vec![AuditFigure {
                name: "C2ST".into(),
                explanation: "distinguished".into(),
                values: ["0.9", "1", "0.2"].map(String::from),
            }],
            levels: vec![AuditFigure {
                name: "<city>".into(),
                explanation: "Lacking: <none>".into(),
                values: ["9", "1", "0"].map(String::from),
            }],
            columns: vec![AuditedColumn {
                name: "<age>".into(),
                error: 0.0123,
                labels: vec!["0".into(), "1".into()],
                shares: vec![[0.5, 0.4], [0.5, 0.6]],
            }],
            names: vec!["a".into(), "b".into()],
            pairs: vec![f64::NAN, 0.2, 0.2, f64::NAN],
            telling: vec![("b".into(), 0.75)],
            ..AuditPage::default()
        };
        let html = page.to_html();
        for part in [
            "&lt;charts&gt;",
            "&lt;age&gt;",
            "&lt;city&gt;",
            "&lt;none&gt;",
            "C2ST",
            "shade-7",
            "shade none",
            "75 %",
            "1.2 %",
        ] {
            assert!(html.contains(part), "{part}\n{html}");
        }
        assert_eq!(html.matches("class=\"bar alarm\"").count(), 2);
        assert!(!AuditPage::default().to_html().contains("Most telling"));
    }
}
