//! Which levels of a column are reconstructed as which: a heat table of each column.

use diabolo_stats::percent;

use crate::document::section;
use crate::number::number;
use crate::svg::{escape, shorten};

/// Shades of a cell, the classes `s0` to `s7`.
const STEPS: f64 = 8.0;
/// Characters of a level.
const LONGEST: usize = 18;
/// Tables of more levels are wide.
const NARROW: usize = 6;

/// The columns whose levels are confused most often.
#[derive(Debug, Clone, Default)]
pub struct Confusions {
    /// Most errors first.
    pub columns: Vec<Confusion>,
    /// How many more columns have levels.
    pub more: usize,
}

/// How often each level of a column is reconstructed as which.
#[derive(Debug, Clone, Default)]
pub struct Confusion {
    /// The column.
    pub column: String,
    /// Its levels.
    pub levels: Vec<String>,
    /// Rows of each observed level by their reconstructed level.
    pub counts: Vec<Vec<usize>>,
}

impl Confusion {
    /// The rows with another level in their reconstruction, and all rows.
    pub fn errors(&self) -> [usize; 2] {
        let all: usize = self.counts.iter().flatten().sum();
        let right: usize = self.counts.iter().enumerate().map(|(level, row)| row[level]).sum();
        [all - right, all]
    }
}

/// The section.
pub(crate) fn tables(Confusions { columns, more }: &Confusions) -> String {
    if columns.is_empty() {
        return String::new();
    }
    let panels = |class: &str, wide: bool| {
        let tables = columns.iter().filter(|column| (column.levels.len() > NARROW) == wide);
        let tables: String = tables.map(table).collect();
        if tables.is_empty() { tables } else { format!("<div class=\"panels {class}\">\n{tables}</div>\n") }
    };
    let tables = panels("confusions", false) + &panels("confusions two", true);
    let mut help = "Rows: the observed level; columns: the reconstructed one, by number. A cell is the percentage of the \
                    row's cells; right reconstructions are on the diagonal. Held-out rows; most errors first."
        .to_string();
    if *more > 0 {
        help += &format!(" {} of {} columns are shown.", columns.len(), columns.len() + more);
    }
    section("Confusion of levels", &help, &tables)
}

fn table(column: &Confusion) -> String {
    let head: String = (1..=column.levels.len()).map(|at| format!("<th scope=\"col\">{at}</th>")).collect();
    let row = |(at, (level, counts)): (usize, (&String, &Vec<usize>))| {
        let all: usize = counts.iter().sum();
        let cells: String = counts
            .iter()
            .enumerate()
            .map(|(to, count)| cell(*count as f64 / all.max(1) as f64, at == to))
            .collect();
        let level = escape(&shorten(level, LONGEST));
        format!(
            "<tr><th scope=\"row\"><i>{}</i>{level}</th>{cells}<td class=\"value\">{}</td></tr>\n",
            at + 1,
            number(all as f64)
        )
    };
    let rows: String = column.levels.iter().zip(&column.counts).enumerate().map(row).collect();
    let [errors, all] = column.errors();
    let right = percent(1.0 - errors as f64 / all.max(1) as f64);
    format!(
        "<figure><h3>{}<span class=\"last\">{right} right</span></h3><div class=\"factors confusion\"><table><thead><tr>\
         <th scope=\"col\">Observed</th>{head}<th scope=\"col\" class=\"value\">Rows</th></tr></thead>\n\
         <tbody>\n{rows}</tbody></table></div></figure>\n",
        escape(&column.column)
    )
}

fn cell(share: f64, diagonal: bool) -> String {
    let step = ((share * STEPS) as usize).min(STEPS as usize - 1);
    let edge = if diagonal { " same" } else { "" };
    match (100.0 * share).round() {
        p if p < 1.0 => format!("<td class=\"none{edge}\"></td>"),
        p if share < 0.5 => format!("<td class=\"s{step}{edge}\">{}</td>", number(p)),
        p => format!("<td class=\"s{step} strong{edge}\">{}</td>", number(p)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_shares_of_observed_levels() {
        let column = Confusion {
            column: "<plan>".into(),
            levels: vec!["basic".into(), "<pro>".into(), "never".into()],
            counts: vec![vec![3, 1, 0], vec![0, 4, 0], vec![0, 0, 0]],
        };
        assert_eq!(column.errors(), [1, 8]);
        let html = tables(&Confusions { columns: vec![column], more: 2 });
        for part in ["&lt;plan&gt;", "88 % right", "&lt;pro&gt;", "1 of 3 columns are shown"] {
            assert!(html.contains(part), "{part}\n{html}");
        }
        assert!(html.contains("<td class=\"s6 strong same\">75</td><td class=\"s2\">25</td>"), "{html}");
        assert!(html.contains("<td class=\"s7 strong same\">100</td>") && !html.contains("NaN"));
        assert!(tables(&Confusions::default()).is_empty());
    }
}
