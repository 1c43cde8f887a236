//! What the columns of the training rows hold: a table with a small histogram of each.

use diabolo_stats::percent;

use crate::document::section;
use crate::number::number;
use crate::svg::{Anchor, Svg, escape, shorten};

/// A histogram: width, height of the bars, and room for what the first and the last one hold.
const SIZE: (f64, f64) = (220.0, 36.0);
const ENDS: f64 = 17.0;
/// Characters of an end, and of a level in a list.
const END_LENGTH: usize = 15;
const LEVEL_LENGTH: usize = 18;

/// What the columns of the training rows hold.
#[derive(Debug, Clone, Default)]
pub struct DataTable {
    /// Which rows were counted.
    pub caption: String,
    /// The columns that are shown.
    pub columns: Vec<DataColumn>,
    /// How many more there are.
    pub more: usize,
}

/// What a column holds.
#[derive(Debug, Clone, Default)]
pub struct DataColumn {
    /// The column's name.
    pub name: String,
    /// Its type.
    pub kind: String,
    /// The share of missing cells.
    pub missing: f64,
    /// Levels or range in words.
    pub values: String,
    /// The most frequent levels with their shares of the observed cells; none of numbers.
    pub levels: Vec<(String, f64)>,
    /// The share of the observed cells in each bar.
    pub bars: Vec<f64>,
    /// What the first and the last bar hold.
    pub ends: [String; 2],
}

/// The section on the data.
pub(crate) fn columns(data: &DataTable) -> String {
    if data.columns.is_empty() {
        return String::new();
    }
    let rows: String = data.columns.iter().map(row).collect();
    let more = match data.more {
        0 => String::new(),
        more => format!("<p class=\"help\">And {more} more columns.</p>\n"),
    };
    let table = format!(
        "<table class=\"data\"><thead><tr><th scope=\"col\">Column</th><th scope=\"col\" class=\"value\">Missing</th>\
         <th scope=\"col\">Values</th><th scope=\"col\">Distribution</th></tr></thead>\n<tbody>\n{rows}</tbody></table>\n{more}"
    );
    section("Data", &data.caption, &table)
}

fn row(column: &DataColumn) -> String {
    let level =
        |(name, share): &(String, f64)| format!("{} {}", escape(&shorten(name, LEVEL_LENGTH)), shown(*share));
    let levels: Vec<String> = column.levels.iter().map(level).collect();
    let levels =
        if levels.is_empty() { String::new() } else { format!("<small>{}</small>", levels.join(", ")) };
    let missing = match column.missing {
        0.0 => "<td class=\"value none\">—</td>".to_string(),
        share => format!("<td class=\"value gaps\">{}</td>", shown(share)),
    };
    format!(
        "<tr><th scope=\"row\">{}<small>{}</small></th>{missing}<td class=\"holds\">{}{levels}</td><td>{}</td></tr>\n",
        escape(&column.name),
        escape(&column.kind),
        escape(&column.values),
        bars(column),
    )
}

fn shown(share: f64) -> String {
    if share.is_nan() { "—".into() } else { percent(share) }
}

/// The bars as one path, which takes a tenth of the room of rectangles.
fn bars(column: &DataColumn) -> String {
    let most = column.bars.iter().copied().filter(|share| share.is_finite()).fold(0.0, f64::max);
    if most <= 0.0 {
        return String::new();
    }
    let mut svg = Svg::new(SIZE.0, SIZE.1 + ENDS);
    let step = (SIZE.0 / column.bars.len() as f64).min(SIZE.0 / 8.0);
    let drawn = column.bars.iter().enumerate().filter(|(_, share)| **share > 0.0);
    let bar = |(at, share): (usize, &f64)| {
        let height = (share / most * SIZE.1).max(1.0);
        (at as f64 * step, SIZE.1 - height, (step - 1.5).max(1.0), height)
    };
    svg.bars(&drawn.map(bar).collect::<Vec<_>>(), "bar");
    let right = step * column.bars.len() as f64;
    svg.line((0.0, SIZE.1), (right, SIZE.1), "axis");
    let ends = column.ends.each_ref().map(|end| shorten(end, END_LENGTH));
    let room = 7.6 * ends.iter().map(|end| end.chars().count() as f64).sum::<f64>() + 8.0;
    let places = [(0.0, Anchor::Start), (right.max(room), Anchor::End)];
    for (end, (x, anchor)) in ends.iter().zip(places).filter(|(end, _)| !end.is_empty()) {
        svg.text((x, SIZE.1 + ENDS - 3.0), anchor, "tick", end);
    }
    let highest = format!("Highest bar: {} of the observed cells", number((most * 1e4).round() / 1e4));
    svg.finish("plot", &column.name, &highest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_for_each_column_with_its_bars() {
        let flow = DataColumn {
            name: "<flow>".into(),
            kind: "numeric".into(),
            missing: 0.25,
            values: "0 to 99".into(),
            bars: vec![0.5, 0.0, f64::NAN, 0.25],
            ends: ["0".into(), "99".into()],
            ..DataColumn::default()
        };
        let plan = DataColumn {
            name: "plan".into(),
            values: "2 levels".into(),
            levels: vec![("<pro>".into(), 0.75)],
            ..DataColumn::default()
        };
        let html = columns(&DataTable { caption: "All.".into(), columns: vec![flow, plan], more: 9 });
        for part in
            ["&lt;flow&gt;", "25 %", "0 to 99", "&lt;pro&gt; 75 %", "And 9 more columns.", ">99</text>"]
        {
            assert!(html.contains(part), "{part}\n{html}");
        }
        // An empty bin and a share that is no number have no bar.
        let path = html.split("class=\"bar\" d=\"").nth(1).and_then(|rest| rest.split('"').next());
        assert_eq!(path, Some("M0 36v-36h26v36zM82.5 36v-18h26v18z"), "{html}");
        assert!(!html.contains("NaN") && columns(&DataTable::default()).is_empty());
    }
}
