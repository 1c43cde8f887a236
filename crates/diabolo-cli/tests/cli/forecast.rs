//! Forecasts: the key continued, bands, several series, and wrong use.

use crate::support::{Workspace, cells};

/// Months from January 2000 on: a season of 12 with a trend, and a perturbation.
fn months(count: usize, scale: f64) -> Vec<(String, String)> {
    let month = |t: usize| format!("{}-{:02}", 2000 + t / 12, t % 12 + 1);
    let value = |t: usize| {
        let t = t as f64;
        scale * (20.0 + 0.1 * t + 5.0 * (t * std::f64::consts::TAU / 12.0).sin() + (t * 2.3).sin())
    };
    (0..count).map(|t| (month(t), format!("{:.1}", value(t)))).collect()
}

fn table(rows: &[(String, String)]) -> String {
    std::iter::once("month,flow\n".to_string())
        .chain(rows.iter().map(|(m, x)| format!("{m},{x}\n")))
        .collect()
}

fn fitted() -> Workspace {
    let workspace = Workspace::new();
    workspace.write("past.csv", table(&months(180, 1.0)));
    workspace.ok("fit past.csv --key month --preset forecast --epochs 0 -o run -q");
    workspace
}

#[test]
fn months_continue_with_bands_in_the_spelling_of_the_column() {
    let workspace = fitted();
    let (names, rows) =
        cells(&workspace.ok("forecast run past.csv --level 0.8,0.95 --report page.html").stdout);
    assert_eq!(names, ["month", "flow", "flow_lower_80", "flow_upper_80", "flow_lower_95", "flow_upper_95"]);
    assert_eq!((rows.len(), rows[0][0].as_str(), rows[11][0].as_str()), (12, "2015-01", "2015-12"));
    for row in &rows {
        let numbers: Vec<f64> = row[1..].iter().map(|cell| cell.parse().unwrap()).collect();
        let [point, low, high, lowest, highest] = numbers[..] else { panic!("{row:?}") };
        assert!(lowest <= low && low <= point && point <= high && high <= highest, "{row:?}");
        assert_eq!(row[1].split_once('.').unwrap().1.len(), 1, "one decimal, as in the file: {row:?}");
    }
    let page = workspace.text("page.html");
    assert!(page.contains("class=\"interval inner\"") && page.contains("2015-12"));
    let next = cells(&workspace.ok("forecast run past.csv --horizon 1").stdout).1;
    assert_eq!(next[0][..2], rows[0][..2], "the next value is the first of the forecast");
}

#[test]
fn a_forecast_from_an_earlier_time_is_compared_with_what_followed() {
    let workspace = fitted();
    workspace.write("cut.csv", table(&months(170, 1.0)));
    let cut = workspace.ok("forecast run cut.csv").stdout;
    let by_row = workspace.ok("forecast run past.csv --from 171");
    let points = |out: &str| cells(out).1.into_iter().map(|row| row[..2].to_vec()).collect::<Vec<_>>();
    assert_eq!(points(&by_row.stdout), points(&cut), "later rows are not used");
    assert_eq!(workspace.ok("forecast run past.csv --from 2014-03").stdout, by_row.stdout);
    assert!(
        by_row.stderr.contains("flow: MASE ") && by_row.stderr.contains("over 10 steps"),
        "{}",
        by_row.stderr
    );
}

#[test]
fn evaluate_compares_with_naive_forecasts() {
    let workspace = fitted();
    let found = workspace.ok("evaluate run --json -q").json()["forecast"].clone();
    assert_eq!(found, workspace.json("run/metrics.json")["forecast"]);
    for method in ["ridge", "last_value", "seasonal_naive"] {
        for measure in ["mse_standardized", "mae_standardized", "mase", "smape", "crps"] {
            assert!(found[method][measure].is_f64() && found[measure].is_f64(), "{method} {measure}");
        }
        assert!(found[method]["coverage"]["0.8"].is_f64());
    }
    assert_eq!(found["windows"], 36 - 12 + 1);
    assert!(found["mase"].as_f64() < found["seasonal_naive"]["mase"].as_f64());
    assert!(workspace.ok("evaluate run -q").stdout.contains("seasonal naive"));
    assert!(workspace.ok("inspect run").stdout.contains("steps of 1 month"));
    assert!(workspace.text("run/report.html").contains("Errors on test windows"));
}

#[test]
fn series_of_one_table_with_gaps_and_unequal_lengths() {
    let workspace = Workspace::new();
    let mut text = String::from("site,month,flow\n");
    for (site, count, scale) in [("a", 180, 1.0), ("b", 130, 10.0)] {
        for (t, (month, value)) in months(count, scale).into_iter().enumerate() {
            match t {
                40..43 => {}
                50 => text += &format!("{site},{month},\n"),
                _ => text += &format!("{site},{month},{value}\n"),
            }
        }
    }
    workspace.write("sites.csv", &text);
    let fit = workspace
        .ok("fit sites.csv --key month --series site --preset forecast --horizon 6 --epochs 0 -o run");
    assert!(fit.stderr.contains("has gaps: 6 steps of 1 month"), "{}", fit.stderr);
    let (names, rows) = cells(&workspace.ok("forecast run sites.csv --level 0.9").stdout);
    assert_eq!(names, ["month", "site", "flow", "flow_lower_90", "flow_upper_90"]);
    assert_eq!(rows.len(), 12);
    assert_eq!(
        (rows[0][0].as_str(), rows[0][1].as_str(), rows[6][0].as_str(), rows[6][1].as_str()),
        ("2015-01", "a", "2010-11", "b")
    );
    let near = |row: &[String], expected: f64| (row[2].parse::<f64>().unwrap() / expected - 1.0).abs() < 0.15;
    assert!(near(&rows[0], 38.0) && near(&rows[6], 303.0), "{rows:?}");
    // A series that the fit did not see.
    workspace.write("new.csv", text.replace("\nb,", "\nc,"));
    let new = workspace.ok("forecast run new.csv");
    assert!(new.stderr.contains("1 series not in training (c)"), "{}", new.stderr);
    let paths = cells(&workspace.ok("forecast run sites.csv --samples 4 --horizon 2").stdout);
    assert_eq!((paths.0.join(",").as_str(), paths.1.len()), ("month,site,sample,flow", 16));
}

#[test]
fn wrong_use_says_what_to_do() {
    let workspace = fitted();
    let error = workspace.fails(2, "forecast run past.csv --horizon 13");
    assert!(error.contains("1 to 12") && error.contains("--horizon 13"), "{error}");
    let error = workspace.fails(2, "forecast run past.csv --samples 10001");
    assert!(error.contains("a whole number up to 10000"), "{error}");
    let error = workspace.fails(2, "fit past.csv --preset forecast --model plain -o other -q");
    assert!(error.contains("--preset forecast and --model plain"), "{error}");
    let error = workspace.fails(2, "fit past.csv --preset forecast --condition month -o other -q");
    assert!(error.contains("--preset forecast and --condition month"), "{error}");
    let error = workspace.fails(2, "fit past.csv --horizon 3 -o other -q");
    assert!(error.contains("--preset forecast"), "{error}");
    let error = workspace.fails(3, "fit past.csv --preset forecast --horizon 100 -o other -q");
    assert!(error.contains("horizon of 100"), "{error}");
    workspace.write("back.csv", table(&[months(180, 1.0), months(2, 1.0)].concat()));
    let error = workspace.fails(3, "fit back.csv --preset forecast -o other -q");
    assert!(error.contains("row 181") && error.contains("sort"), "{error}");
    workspace.write("one.csv", "month,flow\n2000-01,3\n");
    let error = workspace.fails(3, "fit one.csv --preset forecast -o other -q");
    assert!(error.contains("several times"), "{error}");
    let error = workspace.fails(4, "score run past.csv");
    assert!(error.contains("diabolo forecast"), "{error}");
    workspace.ok("fit digits --model plain --epochs 1 -o digits -q");
    let error = workspace.fails(4, "forecast digits past.csv");
    assert!(error.contains("without a horizon") && error.contains("--preset forecast"), "{error}");
}
