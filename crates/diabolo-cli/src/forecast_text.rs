//! Forecasts as text for the terminal.

use diabolo::artifact::ForecastHeader;
use diabolo::evaluate::forecast::{ForecastErrors, ForecastScores, WorstWindow};
use diabolo::model::forecast::{effects_in_words, logarithms_in_words, own_matrices_in_words};
use diabolo::task::{ColumnForecast, Forecasts};

use crate::output::aligned;

/// The errors of each method as a table.
pub fn scores(scores: &ForecastScores) -> String {
    let linear = scores.model == scores.ridge;
    let mut methods = vec![(if linear { "model: ridge" } else { "model" }, &scores.model)];
    methods.extend((!linear).then_some(("its ridge", &scores.ridge)));
    methods.extend([("last value", &scores.last_value), ("seasonal naive", &scores.seasonal_naive)]);
    type Number = fn(&ForecastErrors) -> Option<f64>;
    let measures: [(&str, Number); 7] = [
        ("MASE", |e| e.mase),
        ("MSE, standardized", |e| Some(e.mse_standardized)),
        ("MAE, standardized", |e| Some(e.mae_standardized)),
        ("CRPS, standardized", |e| e.crps),
        ("sMAPE, %", |e| Some(e.smape)),
        ("coverage of 80 %", |e| e.coverage.get("0.8").map(|share| 100.0 * share)),
        ("coverage of 95 %", |e| e.coverage.get("0.95").map(|share| 100.0 * share)),
    ];
    let line = |name: &str, cells: Vec<String>| {
        format!("{name:<20}{}\n", cells.iter().map(|cell| format!("{cell:>16}")).collect::<String>())
    };
    let digits = |name: &str, x: f64| if name.contains('%') { format!("{x:.1}") } else { format!("{x:.3}") };
    let cell = |name: &str, x: Option<f64>| x.map_or("-".into(), |x| digits(name, x));
    let heads: Vec<String> = methods.iter().map(|(name, _)| name.to_string()).collect();
    let body = measures.iter().map(|(name, number)| {
        line(name, methods.iter().map(|(_, errors)| cell(name, number(errors))).collect())
    });
    format!(
        "{} test {}, horizon {}\n{}{}",
        scores.windows,
        if scores.windows == 1 { "window" } else { "windows" },
        scores.horizon,
        line("", heads),
        body.collect::<String>() + &diagnosis(scores)
    )
}

/// Coverage at the ends of the horizon, autocorrelation of the errors, and worst windows, one line
/// each.
fn diagnosis(scores: &ForecastScores) -> String {
    let found = &scores.diagnosis;
    let mut lines = vec![];
    if let Some([Some(first), .., Some(last)]) = scores.model.coverage_by_step.get("0.95").map(Vec::as_slice)
    {
        lines.push(format!(
            "coverage of 95 % at the first step {:.1} %, at the last {:.1} %",
            100.0 * first,
            100.0 * last
        ));
    }
    let strongest = found
        .residual_autocorrelation
        .iter()
        .enumerate()
        .skip(1)
        .max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()));
    if let (Some(first), Some((at, strongest))) = (found.residual_autocorrelation.first(), strongest) {
        lines.push(format!(
            "autocorrelation of the errors of the next value: {first:.2} at lag 1, {strongest:.2} at lag {}",
            at + 1
        ));
    }
    let window = |window: &WorstWindow| {
        let series = window.series.as_ref().map(|name| format!("{name}, ")).unwrap_or_default();
        format!("{series}{} from {} ({:.2})", window.column, window.first, window.mae_standardized)
    };
    let worst: Vec<String> = found.worst_windows.iter().take(3).map(window).collect();
    if !worst.is_empty() {
        lines.push(format!("largest MAE, standardized: {}", worst.join("; ")));
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// The error of a column of a series beside the values that followed, from one step or from many.
pub struct Compared<'a> {
    series: Option<&'a str>,
    column: &'a str,
    mase: f64,
    steps: usize,
    origins: usize,
    /// The levels, and the share of values within their intervals.
    coverage: Vec<(f64, f64)>,
}

/// The error of each column of each series; none without values that followed.
pub fn compared<'a>(made: &'a Forecasts, columns: &'a [String], levels: &[f64]) -> Vec<Compared<'a>> {
    let mut all: Vec<Compared> = vec![];
    for origins in made.series.chunk_by(|a, b| a.name == b.name) {
        for (at, column) in columns.iter().enumerate() {
            let found: Vec<&ColumnForecast> =
                origins.iter().map(|one| &one.columns[at]).filter(|one| one.mase.is_some()).collect();
            let known = |one: &ColumnForecast| one.actual.iter().filter(|x| !x.is_nan()).count();
            let steps: usize = found.iter().map(|one| known(one)).sum();
            if steps == 0 {
                continue;
            }
            let weighted = found.iter().map(|one| one.mase.unwrap_or(0.0) * known(one) as f64);
            let held = |one: &ColumnForecast, [low, high]: &[Vec<f64>; 2]| {
                let within = |((x, low), high): ((&f64, &f64), &f64)| low <= x && x <= high;
                one.actual.iter().zip(low).zip(high).filter(|cell| within(*cell)).count()
            };
            let share = |level: usize| {
                let held: usize = found.iter().map(|one| held(one, &one.limits[level])).sum();
                held as f64 / steps as f64
            };
            all.push(Compared {
                series: origins[0].name.as_deref(),
                column,
                mase: weighted.sum::<f64>() / steps as f64,
                steps,
                origins: found.len(),
                coverage: levels.iter().enumerate().map(|(at, level)| (*level, share(at))).collect(),
            });
        }
    }
    all
}

impl Compared<'_> {
    pub fn json(&self) -> serde_json::Value {
        let Compared { series, column, mase, steps, origins, coverage } = self;
        let coverage: serde_json::Map<String, serde_json::Value> =
            coverage.iter().map(|(level, share)| (level.to_string(), (*share).into())).collect();
        serde_json::json!({
            "series": series, "column": column, "mase": mase, "steps": steps, "origins": origins, "coverage": coverage,
        })
    }
}

impl std::fmt::Display for Compared<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Compared { series, column, mase, steps, origins, coverage } = self;
        let series = series.map(|name| format!(" of {name}")).unwrap_or_default();
        let unit = if *steps == 1 { "step" } else { "steps" };
        write!(f, "{column}{series}: MASE {mase:.3} over {steps} {unit}")?;
        if *origins > 1 {
            let percent = |(level, share): &(f64, f64)| {
                format!("{:.1} % within the intervals of {} %", 100.0 * share, (level * 1e4).round() / 1e2)
            };
            let coverage: Vec<String> = coverage.iter().map(percent).collect();
            write!(f, " from {origins} origins; {}", coverage.join(", "))?;
        }
        Ok(())
    }
}

/// What a run of forecasts holds.
pub fn header(header: &ForecastHeader) -> String {
    let record = &header.forecast;
    let choice = &record.choices[0];
    let columns: Vec<&str> = record.schema.columns.iter().map(|column| column.name.as_str()).collect();
    let [train, validation, test] = header.source.split;
    let facts = [
        ("forecast of", columns.join(", ")),
        (
            "fitted on",
            format!("{} ({train} training, {validation} validation, {test} test steps)", header.source.input),
        ),
        ("series", record.series.len().to_string()),
        (
            "key",
            record
                .schema
                .key
                .as_ref()
                .map_or("none".into(), |key| format!("{}, steps of {}", key.name, key.step())),
        ),
        ("horizon", record.horizon.to_string()),
        ("season", record.season.map_or("none".into(), |season| season.to_string())),
        ("window", choice.window.to_string()),
        ("penalty", format!("{}, towards {}", choice.penalty, choice.anchor.name())),
        ("logarithms", logarithms_in_words(&record.schema, &record.scales).unwrap_or_else(|| "none".into())),
        ("effects", effects_in_words(&record.schema, &record.effects).unwrap_or_else(|| "none".into())),
        ("matrices", record.strength.map_or(record.choices.len().to_string(), own_matrices_in_words)),
        (
            "written by",
            format!("diabolo {}, format version {}", header.diabolo_version, header.format_version),
        ),
    ];
    aligned(&facts)
}
