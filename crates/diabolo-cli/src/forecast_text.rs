//! Forecasts as text for the terminal.

use diabolo::artifact::ForecastHeader;
use diabolo::evaluate::forecast::{ForecastErrors, ForecastScores};
use diabolo::task::Forecasts;

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
        "{} test windows, horizon {}\n{}{}",
        scores.windows,
        scores.horizon,
        line("", heads),
        body.collect::<String>()
    )
}

/// The errors of a forecast beside the values that followed, one line a column; none without such
/// values.
pub fn compared(made: &Forecasts, columns: &[String]) -> Vec<String> {
    /// Lines at most.
    const MOST: usize = 20;
    let of_series = made.series.iter().flat_map(|series| {
        let name = series.name.as_ref().map(|name| format!(" of {name}")).unwrap_or_default();
        let line = move |(column, found): (&String, &diabolo::task::ColumnForecast)| {
            let known = found.actual.iter().filter(|x| !x.is_nan()).count();
            found.mase.map(|mase| format!("{column}{name}: MASE {mase:.3} over {known} steps"))
        };
        columns.iter().zip(&series.columns).filter_map(line)
    });
    of_series.take(MOST).collect()
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
