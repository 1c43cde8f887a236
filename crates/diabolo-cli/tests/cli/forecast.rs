//! Forecasts: the key continued, bands, several series, and wrong use.

use insta::assert_snapshot;

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

/// The same series, of hours, whether it is given by the hour or by events of any times within it.
#[test]
fn events_are_forecast_by_the_steps_of_the_clock() {
    let workspace = Workspace::new();
    let day = |hour: usize| format!("2024-01-{:02}T{:02}", 1 + hour / 24, hour % 24);
    let level = |hour: usize| 40 + 2 * (mixed(hour as u64 % 24) % 17) + mixed(hour as u64) % 3;
    let minutes = |hour: usize| [mixed(hour as u64) % 30, 30 + mixed(hour as u64 + 7) % 30];
    let events = (0..600).flat_map(|hour| {
        let at = minutes(hour).map(|minute| format!("{}:{minute:02},", day(hour)));
        [format!("{}{}\n", at[0], level(hour) - 5), format!("{}{}\n", at[1], level(hour) + 5)]
    });
    workspace.write("events.csv", format!("time,load\n{}", events.collect::<String>()));
    let hours = (0..600).map(|hour| format!("{}:00,{}\n", day(hour), level(hour)));
    workspace.write("hours.csv", format!("time,load\n{}", hours.collect::<String>()));
    let fit = "--preset forecast --horizon 24 --epochs 0";
    let ran = workspace.ok(&format!("fit events.csv --step 1h {fit} -o by_step"));
    assert!(ran.stderr.contains("600 steps of 1 h have the means of 1200 rows"), "{}", ran.stderr);
    workspace.ok(&format!("fit hours.csv {fit} -o by_hour -q"));
    let next = workspace.ok("forecast by_step events.csv").stdout;
    assert_eq!(next, workspace.ok("forecast by_hour hours.csv").stdout);
    assert!(next.contains("\n2024-01-26T00:00,"), "{next}");
    assert!(workspace.fails(2, "fit events.csv --step 1h").contains("--preset forecast"));
    assert!(workspace.fails(2, &format!("fit events.csv --step 7h {fit} -q")).contains("'7h'"));
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
    let by_step: Vec<f64> = serde_json::from_value(found["coverage_by_step"]["0.8"].clone()).unwrap();
    let mean = by_step.iter().sum::<f64>() / 12.0;
    assert!(by_step.len() == 12 && (mean - found["coverage"]["0.8"].as_f64().unwrap()).abs() < 1e-9);
    let worst = found["worst_windows"].as_array().unwrap();
    let month = |at: usize| worst[at]["first"].as_str().unwrap().to_string();
    assert!(worst.len() >= 2 && ("2012-01".."2014-02").contains(&month(0).as_str()), "{worst:?}");
    assert!(worst[0]["mae_standardized"].as_f64() >= worst[1]["mae_standardized"].as_f64());
    assert_eq!(found["residual_autocorrelation"].as_array().unwrap().len(), 25 / 4);
    assert!(workspace.ok("evaluate run -q").stdout.contains("seasonal naive"));
    assert!(workspace.ok("inspect run").stdout.contains("steps of 1 month"));
    let page = workspace.text("run/report.html");
    assert!(page.contains("Errors on test windows"));
    // The last three windows of 12 of the 36 test steps, with what followed.
    assert_eq!(page.matches("<figure class=\"forecast\">").count(), 3);
    assert!(page.contains("Last test windows") && page.matches("class=\"line actual\"").count() == 3);
    workspace.write("run/report.html", "");
    workspace.ok("report run");
    let again = workspace.text("run/report.html");
    let panels = |page: &str| page[page.find("<h2>Last test").unwrap()..].to_string();
    assert_eq!(panels(&again), panels(&page));
    let found = workspace.ok("report run past.csv -o other.html --json -q").json();
    assert!(found["forecast"]["mase"].is_f64() && workspace.text("other.html").contains("Worst windows"));
    assert_snapshot!(workspace.fails(2, "report run -o page.svg"), @"error: --out: expected a name that ends in .html, found page.svg");
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
    // The series that is left out is the first one.
    let (head, lines) = text.split_once('\n').unwrap();
    let of = |site: &str| -> String {
        lines.lines().filter(|line| line.starts_with(site)).map(|line| format!("{line}\n")).collect()
    };
    workspace.write("turned.csv", format!("{head}\n{}{}", of("b,"), of("a,")));
    let late = workspace.ok("forecast run turned.csv --from 2014-03");
    assert!(late.stderr.contains("series 'b' is left out"), "{}", late.stderr);
    assert!(cells(&late.stdout).1.iter().all(|row| row[1] == "a"), "{}", late.stdout);
    // A series that the fit did not see.
    workspace.write("new.csv", text.replace("\nb,", "\nc,"));
    let new = workspace.ok("forecast run new.csv");
    assert!(new.stderr.contains("1 series not in training (c)"), "{}", new.stderr);
    // Notes of many origins are cut off; those of the table and of series are not.
    let rolling = workspace.ok("forecast run new.csv --from 2000-02 --rolling").stderr;
    for note in ["has gaps", "notes more, of other origins", "1 series not in training (c)"] {
        assert!(rolling.contains(note), "{note}: {rolling}");
    }
    let paths = cells(&workspace.ok("forecast run sites.csv --samples 4 --horizon 2").stdout);
    assert_eq!((paths.0.join(",").as_str(), paths.1.len()), ("month,site,sample,flow", 16));
}

#[test]
fn a_test_part_may_begin_at_a_date_and_a_back_test_run_on() {
    let workspace = fitted();
    let fit = "fit past.csv --key month --preset forecast --epochs 0 --horizon 12";
    workspace.ok(&format!("{fit} --test-from 2013-01 -o dated -q"));
    let found = workspace.json("dated/metrics.json")["forecast"].clone();
    assert_eq!(found["windows"], 24 - 12 + 1);
    assert_eq!(workspace.ok("evaluate dated --json -q").json()["forecast"], found);
    let error = workspace.fails(2, &format!("{fit} --test-from 2014-02 -o late -q"));
    assert!(error.contains("--test-from") && error.contains("12 steps"), "{error}");
    let error = workspace.fails(3, &format!("{fit} --test-from 2001-02 -o early -q"));
    assert!(error.contains("steps before --test-from"), "{error}");

    let rolling = workspace.ok("forecast dated past.csv --from 2013-01 --rolling --level 0.8");
    let (names, rows) = cells(&rolling.stdout);
    assert_eq!(names, ["origin", "month", "flow", "flow_lower_80", "flow_upper_80"]);
    assert_eq!(rows.len(), 13 * 12);
    assert_eq!((rows[0][0].as_str(), rows[0][1].as_str()), ("2012-12", "2013-01"));
    assert_eq!((rows[155][0].as_str(), rows[155][1].as_str()), ("2013-12", "2014-12"));
    let once = cells(&workspace.ok("forecast dated past.csv --from 2013-02 --level 0.8").stdout).1;
    assert!(rows[12..24].iter().zip(&once).all(|(row, once)| row[1..] == once[..]));
    // The windows are those of the test part, and so is their error.
    let mase = format!("MASE {:.3} over 156 steps from 13 origins", found["mase"].as_f64().unwrap());
    assert!(
        rolling.stderr.contains(&mase) && rolling.stderr.contains("intervals of 80 %"),
        "{}",
        rolling.stderr
    );
    let error = workspace.fails(2, "forecast dated past.csv --from 2014-02 --rolling");
    assert!(error.contains("12 steps or more after --from"), "{error}");
    assert!(workspace.fails(2, "forecast dated past.csv --rolling").contains("--from"));
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

/// Bits without a pattern that a window could hold (splitmix64).
fn mixed(t: u64) -> u64 {
    let mut z = (t + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Days of sales: a profile of the week, a promotion on irregular days that adds 30, and noise.
fn sales(days: std::ops::Range<usize>) -> Vec<[String; 3]> {
    let day = |t: usize| {
        let (mut month, mut day) = (0, t % 365);
        for length in [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
            if day < length {
                break;
            }
            (month, day) = (month + 1, day - length);
        }
        let promotion = mixed(2 * t as u64) % 10 < 3;
        let noise = (mixed(2 * t as u64 + 1) % 101) as f64 / 25.0;
        let value = 60.0 + [0.0, 2.0, 4.0, 9.0, 20.0, 30.0, -10.0][t % 7] + noise;
        let value = value + if promotion { 30.0 } else { 0.0 };
        let sky = ["clear", "grey"][t % 2].to_string();
        [
            format!("{}-{:02}-{:02},{}", 2021 + t / 365, month + 1, day + 1, u8::from(promotion)),
            sky,
            format!("{value:.1}"),
        ]
    };
    days.map(day).collect()
}

#[test]
fn known_columns_lower_the_error_and_are_asked_for() {
    let workspace = Workspace::new();
    let line = |[known, sky, value]: &[String; 3]| format!("{known},{sky},{value}\n");
    let table = |rows: &[[String; 3]]| {
        let rows: String = rows.iter().map(line).collect();
        format!("day,promotion,sky,sales\n{rows}")
    };
    workspace.write("past.csv", table(&sales(0..500)));
    let fit = "fit past.csv --key day --preset forecast --horizon 7 --epochs 0";
    let with = workspace.ok(&format!("{fit} --known promotion,sky -o run"));
    assert!(with.stderr.contains("effects of 'promotion'"), "{}", with.stderr);
    assert!(workspace.ok("inspect run").stdout.contains("'promotion'"));
    workspace.ok(&format!("{fit} --drop promotion --drop sky -o without -q"));
    let mse = |run: &str| {
        workspace.json(&format!("{run}/metrics.json"))["forecast"]["mse_standardized"].as_f64().unwrap()
    };
    assert!(mse("run") < 0.1 * mse("without"), "{} {}", mse("run"), mse("without"));

    let future: Vec<_> = sales(500..507);
    let known = |promotion: &dyn Fn(&str) -> String| -> String {
        let row = |row: &[String; 3]| format!("{},{}\n", promotion(&row[0]), row[1]);
        format!("day,promotion,sky\n{}", future.iter().map(row).collect::<String>())
    };
    workspace.write("future.csv", known(&|cell| cell.into()));
    workspace.write("never.csv", known(&|cell| format!("{},0", cell.split_once(',').unwrap().0)));
    let made = |file: &str| -> Vec<f64> {
        let rows = cells(&workspace.ok(&format!("forecast run past.csv --future {file}")).stdout).1;
        rows.iter().map(|row| row[1].parse().unwrap()).collect()
    };
    let (planned, never) = (made("future.csv"), made("never.csv"));
    for ((row, planned), never) in future.iter().zip(&planned).zip(&never) {
        let promotion = if row[0].ends_with(",1") { 30.0 } else { 0.0 };
        assert!((planned - never - promotion).abs() < 1.5, "{row:?} {planned} {never}");
        assert!((planned - row[2].parse::<f64>().unwrap()).abs() < 5.0, "{row:?} {planned}");
    }
    let error = workspace.fails(3, "forecast run past.csv");
    assert!(
        error.contains("'promotion'") && error.contains("none at 7") && error.contains("2022-05-16"),
        "{error}"
    );
    assert!(error.contains("--future"), "{error}");
    workspace.write(
        "short.csv",
        known(&|cell| cell.into()).lines().take(6).map(|line| format!("{line}\n")).collect::<String>(),
    );
    let error = workspace.fails(3, "forecast run past.csv --future short.csv");
    assert!(error.contains("none at 2 of them: 2022-05-21, 2022-05-22"), "{error}");
    // In a back-test the rows hold what was known.
    let back = workspace.ok("forecast run past.csv --from 2022-05-01");
    assert!(back.stderr.contains("MASE"), "{}", back.stderr);
    let error = workspace.fails(2, &format!("{fit} --known day -o other -q"));
    assert!(error.contains("--known") && error.contains("'day'"), "{error}");
    let error = workspace.fails(3, &format!("{fit} --known price -o other -q"));
    assert!(error.contains("'price'"), "{error}");
}

#[test]
fn a_blank_known_cell_is_no_holiday() {
    let workspace = Workspace::new();
    // Of the days with a promotion, one column has the number 1, the other a word.
    let row = |[known, _, value]: &[String; 3], forecast: bool| match known.split_once(',').unwrap() {
        (day, "1") if forecast => format!("{day},1,sale\n"),
        (day, _) if forecast => format!("{day},,\n"),
        (day, "1") => format!("{day},1,sale,{value}\n"),
        (day, _) => format!("{day},,,{value}\n"),
    };
    let lines =
        |rows: &[[String; 3]], forecast: bool| rows.iter().map(|one| row(one, forecast)).collect::<String>();
    let (past, future) = (sales(0..500), sales(500..507));
    workspace.write("past.csv", format!("day,mark,event,sales\n{}", lines(&past, false)));
    workspace.write("future.csv", format!("day,mark,event\n{}", lines(&future, true)));
    for (known, other) in [("mark", "event"), ("event", "mark")] {
        let fit = "fit past.csv --key day --preset forecast --horizon 7 --epochs 0";
        let fit = workspace.ok(&format!("{fit} --known {known} --drop {other} -o {known}"));
        assert!(fit.stderr.contains(&format!("effects of '{known}'")), "{}", fit.stderr);
        assert!(!fit.stderr.contains("carries no information"), "{}", fit.stderr);
        let made = cells(&workspace.ok(&format!("forecast {known} past.csv --future future.csv")).stdout).1;
        for (row, made) in future.iter().zip(&made) {
            let (value, made) = (row[2].parse::<f64>().unwrap(), made[1].parse::<f64>().unwrap());
            assert!((made - value).abs() < 5.0, "{row:?} {made}");
        }
    }
}

#[test]
fn later_rows_calibrate_the_intervals() {
    let workspace = fitted();
    let width = || {
        let (_, rows) = cells(&workspace.ok("forecast run past.csv --level 0.8").stdout);
        rows[0][3].parse::<f64>().unwrap() - rows[0][2].parse::<f64>().unwrap()
    };
    let before = width();
    let ran = workspace.ok("calibrate run past.csv");
    assert!(ran.stderr.contains("note: the model was fitted on most of these steps"), "{}", ran.stderr);
    let jumps = |t: usize, x: &str| x.parse::<f64>().unwrap() + if t.is_multiple_of(5) { 9.0 } else { 0.0 };
    let rows = months(180, 1.0).into_iter().enumerate();
    let later: Vec<(String, String)> =
        rows.map(|(t, (month, x))| (month, format!("{:.1}", jumps(t, &x)))).collect();
    workspace.write("later.csv", table(&later));
    let ran = workspace.ok("calibrate run later.csv");
    assert!(ran.stderr.contains("wrote intervals by the errors of"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("too narrow") && width() > 2.0 * before, "{before} {}", ran.stderr);
}
