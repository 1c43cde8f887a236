//! `diabolo score RUN INPUT`

use arrow_array::RecordBatch;
use diabolo::Error;
use diabolo::artifact::write_atomically;
use diabolo::data::{Writer, open};
use diabolo::pipeline::{AlarmQuality, ScoreRun, Truth};
use diabolo::report::anomalies_page;
use diabolo::task::{self, Rule};
use serde_json::json;

use super::{finish, load_for};
use crate::args::{ScoreArgs, Shared};
use crate::exit::AnomaliesFound;
use crate::output;

const FITTED_ON: &str = "note: the model was fitted on most of these rows: their scores are lower than those of new rows, and fewer are flagged; --cross-fit \
                         scores each row by models of the others";

pub fn run(args: &ScoreArgs, shared: &Shared) -> anyhow::Result<()> {
    let asked = &args.rows;
    let rule = args.rule.to_rule()?;
    let report = super::html_name("--report", args.report.as_deref())?;
    asked.check_apart(std::slice::from_ref(&asked.out), &[("--report", report)])?;
    let predictor = load_for(asked, shared)?.rule(rule).reasons(args.reasons).by_row(args.by_row);
    let truth = args.label.clone().map(|column| Truth { column, normal: args.normal.clone() });
    let is_fitted_on = !args.cross_fit && predictor.saved().header.source.is(&asked.input)?;
    let keeps_anomalies = shared.json || args.report.is_some();
    let run = ScoreRun::new(&predictor, truth, args.drift)?;
    let mut run = run.cross_fit(args.cross_fit).keep_anomalies(keeps_anomalies);
    let source = open(&asked.input, &asked.read_options(&predictor, shared)?)?;
    let source = asked.typed(&predictor, source, shared)?;
    let at_once = rule.needs_all_rows() || args.report.is_some() || args.cross_fit;
    let batches: Box<dyn Iterator<Item = diabolo::Result<RecordBatch>> + Send> = match at_once {
        true => Box::new(std::iter::once(source.collect())),
        false => Box::new(source),
    };
    // stdout cannot have both JSON and rows.
    let writes = asked.out != "-" || !shared.json;
    let mut writer = if writes { Some(Writer::create(&asked.out, asked.format)?) } else { None };
    let score = |batch: &RecordBatch| {
        let found = run.add(batch)?;
        if let Some(path) = args.report.as_ref().filter(|_| batch.num_rows() > 0) {
            let page = anomalies_page(&predictor, &asked.input, batch, run.summary())?;
            write_atomically(path, page.to_html().as_bytes())?;
        }
        writes.then(|| found.table(batch, args.reasons)).transpose()
    };
    task::transform_in_order(batches, score, |made| match (&mut writer, made) {
        (Some(writer), Some(made)) => writer.write(made),
        _ => Ok(()),
    })?;
    if run.summary().scores.is_empty() {
        return Err(Error::no_rows(&asked.input).into());
    }
    writer.map_or(Ok(()), |writer| finish(writer, shared))?;
    if is_fitted_on {
        shared.note(FITTED_ON);
    }
    print(&run, &rule, &predictor, shared)?;
    let (anomalies, drifted) = (run.summary().anomalies(), run.summary().drifted());
    match args.fail_on_anomaly && anomalies + drifted > 0 {
        true => Err(AnomaliesFound { anomalies, drifted }.into()),
        false => Ok(()),
    }
}

fn print(run: &ScoreRun, rule: &Rule, predictor: &diabolo::Predictor, shared: &Shared) -> anyhow::Result<()> {
    let summary = run.summary();
    run.warnings().iter().for_each(|warning| shared.note(format!("note: {warning}")));
    let (rows, anomalies, quality) = (summary.scores.len(), summary.anomalies(), summary.quality());
    if shared.json {
        let held_out = predictor.saved().detector.as_ref().map(|detector| detector.scores.len());
        let mut value = json!({
            "rows": rows, "anomalies": anomalies, "rule": rule.describe(), "labels": quality,
            "expected_by_chance": rule.by_chance(rows, anomalies),
            "held_out_rows": held_out, "found": summary.found,
        });
        if let Some(drift) = &summary.drift {
            value["drift"] = json!(drift);
        }
        return output::print_json(&value);
    }
    shared.note(summary.sentence(rule));
    if let Some(lines) = quality.as_ref().map(AlarmQuality::lines) {
        shared.note(output::aligned(&lines).trim_end());
    }
    summary.drift.as_ref().map(output::drift).unwrap_or_default().iter().for_each(|line| shared.note(line));
    Ok(())
}
