//! The page of forecasts: what `diabolo-report` draws.

use diabolo_report::{ForecastDiagnosis, ForecastPage, ForecastPanel, MethodErrors};

use crate::data::Feature;
use crate::evaluate::forecast::{ForecastErrors, ForecastScores, WorstWindow};
use crate::model::forecast::{effects_in_words, logarithms_in_words, own_matrices_in_words};
use crate::pipeline::{FittedForecast, Forecaster, TestedForecast};
use crate::task::{ColumnForecast, ForecastOptions, Forecasts, SeriesForecast};

/// The page of a forecast of these rows.
pub fn forecast_page(
    forecaster: &Forecaster,
    input: &str,
    made: &Forecasts,
    options: &ForecastOptions,
) -> ForecastPage {
    ForecastPage {
        title: "Forecast".into(),
        input: input.into(),
        facts: facts(forecaster),
        notes: made.notes.clone(),
        panels: panels(forecaster, &made.series, &options.levels),
        ..ForecastPage::default()
    }
}

/// The page of a fit: test windows and the errors on all of them.
pub fn fit_page(fitted: &FittedForecast) -> ForecastPage {
    let input = &fitted.forecaster.saved().header.source.input;
    let page = test_page(&fitted.forecaster, input, fitted.scores.as_ref(), &fitted.windows);
    ForecastPage { notes: fitted.notes.clone(), ..page }
}

/// The page of a fit again, or of other rows.
pub fn tested_page(forecaster: &Forecaster, tested: &TestedForecast) -> ForecastPage {
    let page = test_page(forecaster, &tested.input, Some(&tested.scores), &tested.windows);
    ForecastPage { notes: tested.scores.diagnosis.warning().into_iter().collect(), ..page }
}

fn test_page(
    forecaster: &Forecaster,
    input: &str,
    scores: Option<&ForecastScores>,
    windows: &[SeriesForecast],
) -> ForecastPage {
    ForecastPage {
        title: "Forecast: fit".into(),
        input: input.into(),
        facts: facts(forecaster),
        panels: panels(forecaster, windows, &ForecastOptions::default().levels),
        are_test_windows: true,
        methods: scores.map(methods).unwrap_or_default(),
        diagnosis: scores.map(diagnosis),
        ..ForecastPage::default()
    }
}

fn facts(forecaster: &Forecaster) -> Vec<(String, String)> {
    let header = &forecaster.saved().header;
    let record = &header.forecast;
    let choice = &record.choices[0];
    let [train, validation, test] = header.source.split;
    let fact = |name: &str, value: String| (name.to_string(), value);
    vec![
        fact("fitted on", header.source.input.clone()),
        fact("series and columns", format!("{} and {}", record.series.len(), record.schema.columns.len())),
        fact("step", record.schema.key.as_ref().map_or("1 row".into(), |key| key.step())),
        fact("season", record.season.map_or("none".into(), |season| format!("{season} steps"))),
        fact("horizon", format!("{} steps", record.horizon)),
        fact("window", format!("{} steps", choice.window)),
        fact("penalty", format!("{}, towards {}", choice.penalty, choice.anchor.name())),
        fact("matrices", record.strength.map_or(record.choices.len().to_string(), own_matrices_in_words)),
        fact(
            "logarithms",
            logarithms_in_words(&record.schema, &record.scales).unwrap_or_else(|| "none".into()),
        ),
        fact("effects", effects_in_words(&record.schema, &record.effects).unwrap_or_else(|| "none".into())),
        fact("steps: training, validation, test", format!("{train}, {validation}, {test}")),
    ]
}

/// A panel for each series and column.
fn panels(forecaster: &Forecaster, all: &[SeriesForecast], levels: &[f64]) -> Vec<ForecastPanel> {
    let schema = &forecaster.saved().header.forecast.schema;
    let each = all
        .iter()
        .flat_map(|series| schema.columns.iter().zip(&series.columns).map(move |one| (series, one)));
    let panel = |(series, (column, made)): (&SeriesForecast, (&Feature, &ColumnForecast))| {
        let intervals = levels
            .iter()
            .zip(&made.limits)
            .map(|(level, [lower, upper])| (*level, lower.clone(), upper.clone()));
        let name = &column.name;
        let mut title = series.name.as_ref().map_or(name.clone(), |series| format!("{series}: {name}"));
        if let (Some(_), Some(first)) = (&schema.key, series.times.first()) {
            title += &format!(" from {first}");
        }
        if let Some(mase) = made.mase {
            title += &format!(" (MASE {mase:.2})");
        }
        ForecastPanel {
            title,
            history: made.history.clone(),
            point: made.point.clone(),
            intervals: intervals.collect(),
            actual: made.actual.clone(),
            times: series.history_times.iter().chain(&series.times).cloned().collect(),
        }
    };
    each.map(panel).collect()
}

/// What the errors of the model say beyond their means.
fn diagnosis(scores: &ForecastScores) -> ForecastDiagnosis {
    let level =
        |(level, by_step): (&String, &Vec<Option<f64>>)| (level.parse().unwrap_or(0.0), with_gaps(by_step));
    let window = |window: &WorstWindow| {
        let column = &window.column;
        let name = window.series.as_ref().map_or(column.clone(), |series| format!("{series}: {column}"));
        (name, window.first.clone(), window.mae_standardized)
    };
    ForecastDiagnosis {
        coverage_by_step: scores.model.coverage_by_step.iter().map(level).collect(),
        autocorrelation: scores.diagnosis.residual_autocorrelation.clone(),
        worst_windows: scores.diagnosis.worst_windows.iter().map(window).collect(),
    }
}

/// Numbers for a line, which has a gap at NaN.
fn with_gaps(numbers: &[Option<f64>]) -> Vec<f64> {
    numbers.iter().map(|x| x.unwrap_or(f64::NAN)).collect()
}

fn methods(scores: &ForecastScores) -> Vec<MethodErrors> {
    let of = |name: &str, errors: &ForecastErrors| {
        let percent = |level: &str| errors.coverage.get(level).map(|share| 100.0 * share);
        let measure = |name: &str, value: Option<f64>| (name.to_string(), value);
        MethodErrors {
            name: name.into(),
            measures: vec![
                measure("MASE", errors.mase),
                measure("MSE", Some(errors.mse_standardized)),
                measure("MAE", Some(errors.mae_standardized)),
                measure("CRPS", errors.crps),
                measure("sMAPE, %", Some(errors.smape)),
                measure("coverage of 80 %", percent("0.8")),
                measure("of 95 %", percent("0.95")),
            ],
            by_step: with_gaps(&errors.mae_by_step),
        }
    };
    let linear = scores.model == scores.ridge;
    let mut methods = vec![of(if linear { "model: ridge" } else { "model" }, &scores.model)];
    methods.extend((!linear).then(|| of("its ridge", &scores.ridge)));
    methods.extend([of("last value", &scores.last_value), of("seasonal naive", &scores.seasonal_naive)]);
    methods
}
