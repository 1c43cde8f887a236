//! Forecasts as text for the terminal.

use diabolo::artifact::ForecastHeader;
use diabolo::evaluate::forecast::{ForecastErrors, ForecastScores};
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
        body.collect::<String>()
    )
}

/// The error of a column of a series beside the values that followed.
pub struct Compared<'a> {
    series: Option<&'a str>,
    column: &'a str,
    mase: f64,
    steps: usize,
}

/// The errors of a forecast beside the values that followed; none without such values.
pub fn compared<'a>(made: &'a Forecasts, columns: &'a [String]) -> Vec<Compared<'a>> {
    let of_series = made.series.iter().flat_map(|series| {
        let error = move |(column, found): (&'a String, &ColumnForecast)| {
            let steps = found.actual.iter().filter(|x| !x.is_nan()).count();
            Some(Compared { series: series.name.as_deref(), column, mase: found.mase?, steps })
        };
        columns.iter().zip(&series.columns).filter_map(error)
    });
    of_series.collect()
}

impl Compared<'_> {
    pub fn json(&self) -> serde_json::Value {
        let Compared { series, column, mase, steps } = self;
        serde_json::json!({ "series": series, "column": column, "mase": mase, "steps": steps })
    }
}

impl std::fmt::Display for Compared<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Compared { series, column, mase, steps } = self;
        let series = series.map(|name| format!(" of {name}")).unwrap_or_default();
        let unit = if *steps == 1 { "step" } else { "steps" };
        write!(f, "{column}{series}: MASE {mase:.3} over {steps} {unit}")
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
        ("matrices", record.choices.len().to_string()),
        (
            "written by",
            format!("diabolo {}, format version {}", header.diabolo_version, header.format_version),
        ),
    ];
    aligned(&facts)
}
