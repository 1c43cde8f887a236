//! `diabolo score RUN INPUT` and `diabolo calibrate RUN INPUT`

use arrow_array::RecordBatch;
use diabolo::Error;
use diabolo::artifact::{Run, SavedModel, write_atomically};
use diabolo::data::{UnknownCells, Writer, open, read::fingerprint, texts};
use diabolo::report::{Anomalies, ScoredExample};
use diabolo::stats::Ranking;
use diabolo::task::{self, Drift, DriftReport, Rule, Scored};
use diabolo::tensor::Device;
use serde_json::{Value, json};

use super::{load, load_for, no_rows, note_unknown, too_short};
use crate::args::{CalibrateArgs, ScoreArgs, Shared};
use crate::exit::AnomaliesFound;
use crate::output;

pub fn run(args: &ScoreArgs, shared: &Shared) -> anyhow::Result<()> {
    let asked = &args.rows;
    let saved = load_for(asked, shared)?;
    let device = shared.device()?;
    let rule = args.rule.to_rule()?;
    let mut drift = args.drift.then(|| Drift::new(&saved)).transpose()?;
    let config = asked.read.over(&saved.header.config)?;
    let source = open(&asked.input, &config.data.read_options())?;
    let at_once = rule.needs_all_rows() || args.report.is_some();
    let batches: Box<dyn Iterator<Item = diabolo::Result<RecordBatch>>> = match at_once {
        true => Box::new(std::iter::once(source.collect())),
        false => Box::new(source),
    };
    // JSON and rows would not go together on stdout.
    let writes = asked.out != "-" || !shared.json;
    let mut writer = if writes { Some(Writer::create(&asked.out, asked.format)?) } else { None };
    let mut tally = ScoreSummary::default();
    let mut unknown = UnknownCells::default();
    for batch in batches {
        let batch = batch?;
        let first_row = tally.scores.len() as u64;
        unknown.add(saved.header.preprocessor.unknown_cells(&asked.input, &batch)?);
        let found = task::score(&saved, &asked.input, &batch, first_row, &rule, args.reasons, &device)?;
        let typed = asked.has_types().then(|| saved.header.preprocessor.typed(&batch)).transpose()?;
        let table = found.table(&asked.input, typed.as_ref().unwrap_or(&batch), args.reasons)?;
        if let Some(drift) = &mut drift {
            drift.add(&asked.input, &batch, first_row, &found.scores, &device)?;
            tally.drift = Some(drift.found()?);
        }
        tally.add(args, shared.json, &saved, &batch, found)?;
        if let Some(writer) = &mut writer {
            writer.write(&table)?;
        }
        if let Some(path) = args.report.as_ref().filter(|_| batch.num_rows() > 0) {
            let examples = tally.examples(&saved, &asked.input, &batch, &device)?;
            let page =
                Anomalies { series: config.data.window.is_some(), ..tally.page(args, &rule, examples) };
            write_atomically(path, page.to_html().as_bytes())?;
        }
    }
    if tally.scores.is_empty() {
        return Err(no_rows(&asked.input).into());
    }
    if let Some(writer) = writer {
        writer.finish()?;
    }
    note_unknown(&unknown, shared);
    tally.tell(args, &saved, &rule, shared)?;
    let anomalies = tally.anomalies();
    let moved = tally.drift.map_or(0, |drift| drift.moved.len());
    match args.fail_on_anomaly && anomalies + moved > 0 {
        true => Err(AnomaliesFound { anomalies, moved }.into()),
        false => Ok(()),
    }
}

/// What is kept of all rows.
#[derive(Default)]
struct ScoreSummary {
    scores: Vec<f64>,
    anomalous: Vec<bool>,
    /// With --label: whether each row is an anomaly in truth.
    truth: Vec<bool>,
    /// The anomalies, for --json.
    found: Vec<Value>,
    /// With --drift: what has moved in all rows so far.
    drift: Option<DriftReport>,
}

impl ScoreSummary {
    fn add(
        &mut self,
        args: &ScoreArgs,
        json: bool,
        saved: &SavedModel,
        batch: &RecordBatch,
        found: Scored,
    ) -> diabolo::Result<()> {
        let first = self.scores.len();
        if let Some(label) = &args.label {
            self.truth.extend(truth(args, label, batch, first as u64)?);
        }
        let key = saved.header.preprocessor.schema.key.as_ref().and_then(|key| texts(batch, key));
        for row in (0..batch.num_rows()).filter(|&row| json && found.anomalous[row]) {
            self.found.push(json!({
                "row": first + row + 1, "key": key.as_ref().map(|key| &key[row]), "score": found.scores[row],
                "p_value": found.p_values[row], "reasons": found.reasons[row],
            }));
        }
        self.scores.extend(found.scores);
        self.anomalous.extend(found.anomalous);
        Ok(())
    }

    fn anomalies(&self) -> usize {
        self.anomalous.iter().filter(|&&anomalous| anomalous).count()
    }

    fn tell(&self, args: &ScoreArgs, saved: &SavedModel, rule: &Rule, shared: &Shared) -> anyhow::Result<()> {
        let count = self.anomalies();
        if let Some(warning) =
            saved.detector.as_ref().and_then(|detector| rule.warning(detector, self.scores.len()))
        {
            shared.note(format!("note: {warning}"));
        }
        if let Some(warning) = self.drift.as_ref().and_then(DriftReport::warning) {
            shared.note(format!("note: {warning}"));
        }
        let labelled = args.label.as_ref().map(|_| self.judged());
        if let Some(label) = args.label.as_ref().filter(|_| !self.truth.contains(&false)) {
            shared.note(format!(
                "note: by the column '{label}' no row is normal; --normal VALUE says which rows are (else those with 0 or false)"
            ));
        }
        if shared.json {
            let mut told = json!({
                "rows": self.scores.len(), "anomalies": count, "rule": rule.describe(), "labels": labelled,
                "held_out_rows": saved.detector.as_ref().map(|detector| detector.scores.len()), "found": self.found,
            });
            if let Some(drift) = &self.drift {
                told["drift"] = json!(drift);
            }
            return output::print_json(&told);
        }
        let rows = self.scores.len();
        if let Some(cut) =
            Some(self.scores.iter().filter(|score| score.is_nan()).count()).filter(|&cut| cut > 0)
        {
            shared.note(format!(
                "note: the first {cut} rows have no score: their windows begin before the series"
            ));
        }
        shared.note(format!("{count} of {rows} rows are anomalies: {}", rule.describe()));
        if let Some(labelled) = labelled {
            shared.note(output::aligned(&lines(&labelled)).trim_end());
        }
        if let Some(drift) = &self.drift {
            shared.note(drift.summary());
            let (told, left_out) = drift.told();
            told.iter().for_each(|moved| shared.note(format!("  {moved}")));
            if left_out > 0 {
                shared.note(format!("  and {left_out} latent units more (--json names them)"));
            }
        }
        Ok(())
    }

    /// A row that was not flagged and one that was, each in the middle of its kind.
    fn examples(
        &self,
        saved: &SavedModel,
        input: &str,
        rows: &RecordBatch,
        device: &Device,
    ) -> diabolo::Result<Vec<ScoredExample>> {
        let mut shown = vec![];
        for flagged in [false, true] {
            let mut kind: Vec<usize> = (0..self.scores.len())
                .filter(|&row| self.anomalous[row] == flagged && !self.scores[row].is_nan())
                .collect();
            kind.sort_by(|&a, &b| self.scores[a].total_cmp(&self.scores[b]));
            if let Some(&row) = kind.get(kind.len() / 2) {
                let example = task::example(saved, input, rows, row, device)?;
                let word = if flagged { "anomaly" } else { "no anomaly" };
                let told = |e: ScoredExample| ScoredExample { title: format!("{}: {word}", e.title), ..e };
                shown.extend(example.map(told));
            }
        }
        Ok(shown)
    }

    fn page(&self, args: &ScoreArgs, rule: &Rule, examples: Vec<ScoredExample>) -> Anomalies {
        let mut facts = vec![
            ("rows".to_string(), self.scores.len().to_string()),
            ("anomalies".into(), self.anomalies().to_string()),
            ("rule".into(), rule.describe()),
        ];
        if args.label.is_some() {
            facts.extend(lines(&self.judged()));
        }
        Anomalies {
            input: args.rows.input.clone(),
            facts,
            scores: self.scores.clone(),
            flagged: self.anomalous.clone(),
            ranking: Ranking::of(&self.scores, &self.truth),
            drift: self.drift.clone(),
            examples,
            ..Anomalies::default()
        }
    }

    /// What scores and alarms are worth by the labels; null where it is not defined.
    fn judged(&self) -> Value {
        let ranking = Ranking::of(&self.scores, &self.truth);
        let both = self.anomalous.iter().zip(&self.truth).filter(|(alarm, truth)| **alarm && **truth).count();
        let count = |flags: &[bool]| flags.iter().filter(|&&flag| flag).count();
        let share = |of: usize| (of > 0).then(|| both as f64 / of as f64);
        json!({
            "anomalies": count(&self.truth),
            "auroc": ranking.as_ref().map(Ranking::auroc),
            "average_precision": ranking.as_ref().map(Ranking::average_precision),
            "precision": share(count(&self.anomalous)),
            "recall": share(count(&self.truth)),
        })
    }
}

/// What [`ScoreSummary::judged`] found, for people.
fn lines(judged: &Value) -> [(String, String); 4] {
    let told = |name: &str| judged[name].as_f64().map_or("—".into(), |v| format!("{v:.4}"));
    let names = ["AUROC", "average precision", "precision", "recall"];
    names.map(|name| (name.to_string(), told(&name.to_lowercase().replace(' ', "_"))))
}

/// Whether the label column calls each row an anomaly.
fn truth(args: &ScoreArgs, label: &str, batch: &RecordBatch, first_row: u64) -> diabolo::Result<Vec<bool>> {
    let wrong = |found: &str| {
        let expected = "a column that tells which rows are anomalies";
        Error::data(&args.rows.input, expected, found, "name it with --label").in_column(label)
    };
    let cells = texts(batch, label).ok_or_else(|| wrong("no such column"))?;
    let truth = cells.iter().enumerate().map(|(row, text)| match text {
        Some(text) => Ok(!is_normal(text, args.normal.as_deref())),
        None => Err(wrong("a missing value").at_row(first_row + row as u64 + 1)),
    });
    truth.collect()
}

fn is_normal(text: &str, normal: Option<&str>) -> bool {
    let number = |text: &str| text.trim().parse::<f64>().ok();
    match normal {
        Some(normal) => text == normal || number(text).is_some_and(|value| number(normal) == Some(value)),
        None => text.eq_ignore_ascii_case("false") || number(text) == Some(0.0),
    }
}

pub fn calibrate(args: &CalibrateArgs, shared: &Shared) -> anyhow::Result<()> {
    let path = Run::model_file(&args.model)?;
    let mut saved = load(&path, shared)?;
    let config = args.read.over(&saved.header.config)?;
    let rows = open(&args.input, &config.data.read_options())?.collect()?;
    let rows = config.data.whole_windows(0, &rows);
    if rows.num_rows() == 0 {
        return Err(too_short(&args.input, &config).into());
    }
    let source = &saved.header.source;
    if source.fingerprint.is_some() && fingerprint(&args.input)? == source.fingerprint {
        shared.note("note: the model was fitted on most of these rows: of new ones more will be anomalies than p-values say");
    }
    let encoded = saved.header.preprocessor.encode(&args.input, &rows, 0)?;
    let detector = task::calibrate(&saved, &encoded, &shared.device()?);
    let kept = detector.scores.len();
    saved.detector = Some(detector);
    saved.save(&path)?;
    shared.note(format!("wrote the scores of {kept} rows to {}", path.display()));
    let warning = saved.detector.as_ref().and_then(|detector| Rule::default().warning(detector, kept));
    if let Some(warning) = warning {
        shared.note(format!("note: {warning}"));
    }
    if shared.json {
        output::print_json(&json!({ "model": path, "held_out_rows": kept }))?;
    }
    Ok(())
}
