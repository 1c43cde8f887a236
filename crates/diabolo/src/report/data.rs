//! What the columns of the training rows hold, in words.

use diabolo_report::{DataColumn, DataTable, number};

use crate::artifact::SavedModel;
use crate::data::{Feature, FeatureKind};
use crate::evaluate::{CountedValues, DataProfile, ProfiledColumn};

/// Columns shown; bars of a column of levels, and levels that are named.
const COLUMNS: usize = 60;
const BARS: usize = 20;
const NAMED: usize = 3;

/// The table of a profile.
pub(super) fn data_table(saved: &SavedModel, profile: &DataProfile) -> DataTable {
    let features = &saved.header.preprocessor.schema.features;
    let shown = profile.columns.iter().take(COLUMNS);
    let rows = number(profile.rows as f64);
    let counted = match profile.counted < profile.rows {
        true => format!("{} of the {rows} training rows, evenly spaced.", number(profile.counted as f64)),
        false => format!("The {rows} training rows."),
    };
    DataTable {
        caption: format!(
            "{counted} Bars of numbers are equal ranges, the outermost with all beyond; bars of levels begin with the \
             most frequent."
        ),
        columns: shown.map(|column| data_column(&features[column.feature], column)).collect(),
        more: profile.columns.len().saturating_sub(COLUMNS),
    }
}

fn data_column(feature: &Feature, column: &ProfiledColumn) -> DataColumn {
    let text = |x: f64| match feature.kind {
        FeatureKind::Datetime { .. } => feature.number_text(x),
        _ => number(x),
    };
    let count = |counts: &[usize]| counts.iter().sum::<usize>().max(1) as f64;
    let mut levels = vec![];
    let (values, counts, ends) = match &column.values {
        CountedValues::Levels(all) => {
            let (counts, others) = of_levels(all);
            let named = all.iter().take(NAMED);
            levels = named.map(|(name, cells)| (name.clone(), *cells as f64 / count(&counts))).collect();
            let plural = if all.len() == 1 { "" } else { "s" };
            (format!("{} level{plural}", number(all.len() as f64)), counts, [String::new(), others])
        }
        CountedValues::Numbers(all) => {
            let values = match all.as_slice() {
                [] => "no value".into(),
                [(only, _)] => format!("{} only", text(*only)),
                [(least, _), .., (greatest, _)] => format!("{} to {}", text(*least), text(*greatest)),
            };
            let ends = [all.first(), all.last()].map(|end| end.map_or(String::new(), |end| text(end.0)));
            (values, all.iter().map(|(_, cells)| *cells).collect(), ends)
        }
        CountedValues::Bins([least, greatest], bins, counts) => {
            let values = format!("{} to {}", text(*least), text(*greatest));
            (values, counts.clone(), [0, counts.len()].map(|edge| short(&text(bins.edge(edge)))))
        }
    };
    let all = count(&counts);
    DataColumn {
        name: feature.name.clone(),
        kind: feature.kind.name().into(),
        missing: column.missing,
        values,
        levels,
        bars: counts.into_iter().map(|cells| cells as f64 / all).collect(),
        ends,
    }
}

/// A time without its hours.
fn short(text: &str) -> String {
    const DATE: usize = 8;
    let date = text.split(['T', ' ']).next().filter(|date| date.len() >= DATE);
    date.unwrap_or(text).to_string()
}

/// The bars of levels, and what the last one is if it is several.
fn of_levels(levels: &[(String, usize)]) -> (Vec<usize>, String) {
    let own = if levels.len() > BARS { BARS - 1 } else { levels.len() };
    let mut counts: Vec<usize> = levels.iter().map(|(_, cells)| *cells).collect();
    let rest = counts.split_off(own);
    if rest.is_empty() {
        return (counts, String::new());
    }
    counts.push(rest.iter().sum());
    (counts, format!("{} others", rest.len()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::FitJob;
    use crate::pipeline::testing::fitted;
    use crate::report::fitted_report;

    /// Rows of 300 columns: numbers, levels and dates, some missing.
    fn wide() -> String {
        let mut text: String = (0..298).map(|j| format!("n{j},")).collect::<String>() + "plan,day\n";
        for row in 0..120 {
            for j in 0..298 {
                let gap = row % 4 == 0 && j == 1;
                text += &if gap { ",".into() } else { format!("{}.5,", (row * (j + 3)) % 97) };
            }
            let plan = ["basic", "basic", "pro"][row % 3];
            text += &format!("{plan},2024-01-{:02}\n", 1 + row % 28);
        }
        text
    }

    #[test]
    fn a_wide_table_has_a_short_list_of_columns_and_a_small_page() {
        let text = wide();
        let job = FitJob::reader(std::io::Cursor::new(text.into_bytes())).name("wide.csv");
        let fitted = fitted(&["training.epochs=1"], job);
        let report = fitted_report(&fitted).unwrap();
        let data = report.data.as_ref().unwrap();
        assert_eq!((data.columns.len(), data.more), (60, 240));
        assert!(data.columns[1].missing > 0.15 && data.columns[0].missing == 0.0);
        let page = report.to_html();
        assert!(page.contains("And 240 more columns."));
        assert!(page.len() < 400_000, "{} bytes", page.len());
        let all = &fitted.predictor.saved().header.preprocessor.schema.features;
        let made: Vec<DataColumn> =
            fitted.data.columns.iter().map(|column| data_column(&all[column.feature], column)).collect();
        let plan = made.iter().find(|column| column.name == "plan").unwrap();
        assert_eq!((plan.values.as_str(), plan.levels[0].0.as_str()), ("2 levels", "basic"));
        assert!((plan.bars.iter().sum::<f64>() - 1.0).abs() < 1e-12 && plan.bars[0] > plan.bars[1]);
        let day = made.iter().find(|column| column.name == "day").unwrap();
        assert!(day.kind == "datetime" && day.values.starts_with("2024-01-0"), "{day:?}");
    }

    #[test]
    fn ends_are_dates_without_hours() {
        for (text, expected) in
            [("2024-01-05 18:00", "2024-01-05"), ("12.5", "12.5"), ("5 Jan 2024", "5 Jan 2024")]
        {
            assert_eq!(short(text), expected);
        }
    }

    #[test]
    fn more_levels_than_bars_share_the_last_one() {
        let levels: Vec<(String, usize)> = (0..30).map(|k| (format!("l{k}"), 30 - k)).collect();
        let (counts, others) = of_levels(&levels);
        assert_eq!((counts.len(), counts.iter().sum::<usize>(), others.as_str()), (20, 465, "11 others"));
        assert_eq!(of_levels(&levels[..20]), ((11..=30).rev().collect(), String::new()));
    }
}
