//! The pipeline as an engineer embeds it: rows in memory, bytes out, errors by kind.
#![allow(clippy::unwrap_used)]

use std::io::Read;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use diabolo::arrow::{ArrayRef, Float64Array, RecordBatch, StringArray};
use diabolo::data::{DataProblem, UnknownCategory, prepare_rows};
use diabolo::evaluate::Metrics;
use diabolo::evaluate::audit::{AuditOptions, audit};
use diabolo::model::Autoencoder;
use diabolo::pipeline::{
    Cancel, Cell, EvaluateOptions, Event, Fitted, GenerateConfig, Phase, cancellable, matrix,
};
use diabolo::task::{ImputeConfig, Rule};
use diabolo::{Config, Error, FitJob, Predictor};

/// A number, its double, its square, and its sign as a word.
fn table(rows: usize, shift: usize) -> RecordBatch {
    let x = |i: usize| ((i + shift) as f64 * 0.7).sin() * 2.0;
    let column = |f: fn(f64) -> f64| -> ArrayRef {
        Arc::new(Float64Array::from_iter_values((0..rows).map(|i| f(x(i)))))
    };
    let sign: ArrayRef = Arc::new(StringArray::from_iter_values(
        (0..rows).map(|i| if x(i) < 0.0 { "below" } else { "above" }),
    ));
    let columns = [
        ("x", column(|x| x)),
        ("double", column(|x| 2.0 * x)),
        ("square", column(|x| x * x)),
        ("sign", sign),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

fn config(settings: &[&str]) -> Config {
    let mut config = Config::default();
    config.set("training.epochs=4").unwrap();
    settings.iter().for_each(|setting| config.set(setting).unwrap());
    config
}

const PLAIN: &str = "model.family={kind=\"plain\"}";

fn fitted(settings: &[&str]) -> Fitted {
    FitJob::new(table(400, 0)).config(config(settings)).run().unwrap()
}

#[test]
fn what_is_saved_to_bytes_scores_the_same_and_is_written_as_a_run() {
    let fitted = fitted(&[]);
    assert!(fitted.metrics.examples > 0 && fitted.history.len() == 4 && fitted.stop.name() == "finished");
    let bytes = fitted.predictor.to_bytes().unwrap();
    let loaded = Predictor::from_bytes(&bytes).unwrap();
    let rows = table(50, 9);
    let scores = |predictor: &Predictor| predictor.score(&rows).unwrap().scores;
    assert_eq!(scores(&loaded), scores(&fitted.predictor));
    assert_eq!(loaded.to_bytes().unwrap(), bytes);
    let folder = tempfile::tempdir().unwrap();
    let run = diabolo::artifact::Run::create(&folder.path().join("run")).unwrap();
    fitted.save_run(&run).unwrap();
    assert_eq!(scores(&Predictor::open(run.folder()).unwrap()), scores(&loaded));
    assert_eq!(run.read_history().unwrap().len(), 4);
    assert!(run.metrics_path().is_file());
}

#[test]
fn no_seed_repeats_the_draws_that_calibrate() {
    // Three of four amounts are 0, and so are exactly as many of the rows that calibrate.
    let amount = |i: usize| if i.is_multiple_of(4) { 100.0 + ((i * 37) % 101) as f64 * 7.3 } else { 0.0 };
    let column: ArrayRef = Arc::new(Float64Array::from_iter_values((0..400).map(amount)));
    let rows = RecordBatch::try_from_iter([("amount", column)]).unwrap();
    let settings = ["training.seed=3", "data.validation=0", "data.test=0"];
    let predictor = FitJob::new(rows).config(config(&settings)).run().unwrap().predictor;
    for seed in [3, !3] {
        let wanted = GenerateConfig { count: 4096, seed, ..Default::default() };
        let drawn = predictor.generate(&wanted).unwrap().rows;
        let drawn = drawn.column(0).as_any().downcast_ref::<Float64Array>().unwrap();
        let zeros = drawn.values().iter().filter(|x| **x == 0.0).count();
        assert!((2900..3250).contains(&zeros) && zeros.abs_diff(3072) > 2, "seed {seed}: {zeros}");
    }
}

#[test]
fn a_row_alone_scores_as_in_a_table() {
    for settings in [&[][..], &[PLAIN], &["model.family={kind=\"multiscale\"}"]] {
        let predictor = fitted(settings).predictor.rule(Rule::Quantile(0.5)).explain_all(true);
        let rows = table(20, 3);
        let together = predictor.score(&rows).unwrap();
        assert_eq!(predictor.columns().collect::<Vec<_>>(), ["x", "double", "square", "sign"]);
        let numbers = |k: usize| rows.column(k).as_any().downcast_ref::<Float64Array>().unwrap();
        let words = rows.column(3).as_any().downcast_ref::<StringArray>().unwrap();
        for row in 0..20 {
            let [x, double, square] = [0, 1, 2].map(|k| Cell::from(numbers(k).value(row)));
            let alone = predictor.score_row(&[x, double, square, words.value(row).into()]).unwrap();
            let expected = together.scores[row];
            // Sums of products may be rounded otherwise in a batch.
            assert!(
                (alone.score - expected).abs() < 1e-4 * expected.abs().max(1.0),
                "{settings:?}, row {row}"
            );
            assert_eq!(alone.anomalous, together.anomalous[row], "{settings:?}, row {row}");
            assert_eq!(alone.reasons.len(), together.reasons[row].len(), "{settings:?}, row {row}");
            assert_eq!(
                alone.reasons.first().map(|r| &r.column),
                together.reasons[row].first().map(|r| &r.column)
            );
        }
        let missing = predictor.score_row(&[1.0.into(), Cell::Missing, 1.0.into(), "above".into()]).unwrap();
        assert!(missing.score.is_finite());
    }
}

#[test]
fn rules_over_all_rows_are_refused_row_by_row() {
    let predictor = fitted(&[PLAIN]).predictor;
    let cells = [Cell::from(1.0), 2.0.into(), 1.0.into(), "above".into()];
    for rule in [Rule::FalseDiscovery(0.1), Rule::Top(3), Rule::AlertsPerThousand(50.0)] {
        let refused = predictor.clone().rule(rule).score_row(&cells).unwrap_err();
        assert!(matches!(refused, Error::Unsupported { .. }), "{refused}");
    }
    assert!(predictor.score_row(&cells[..3]).unwrap_err().to_string().contains("4 cells"));
}

#[test]
fn reasons_are_given_for_alarms_or_for_all_rows() {
    let predictor = fitted(&[PLAIN]).predictor.rule(Rule::Quantile(0.9));
    let mut rows = table(30, 1);
    let scored = predictor.score(&rows).unwrap();
    assert!(
        scored.anomalous.iter().zip(&scored.reasons).all(|(alarm, reasons)| *alarm || reasons.is_empty())
    );
    // One cell against the rule: explained although it is no alarm.
    let broken = Float64Array::from_iter_values((0..30).map(|i| if i == 7 { 9.0 } else { f64::NAN }));
    let columns = [rows.column(0).clone(), Arc::new(broken), rows.column(2).clone(), rows.column(3).clone()];
    rows = RecordBatch::try_new(rows.schema(), columns.to_vec()).unwrap();
    let explained = predictor.explain_all(true).rule(Rule::Alpha(1e-9)).score(&rows).unwrap();
    assert!(explained.anomalous.iter().all(|alarm| !alarm));
    assert_eq!(explained.reasons[7][0].column, "double");
}

#[test]
fn every_phase_can_be_cancelled() {
    for phase in [Phase::Prepare, Phase::Train, Phase::Calibrate, Phase::Evaluate] {
        let cancel = Cancel::new();
        let switch = cancel.clone();
        let job = FitJob::new(table(300, 0)).config(config(&[PLAIN])).cancel(cancel).on_event(move |event| {
            if matches!(event, Event::Phase(begun) if begun == phase) {
                switch.cancel();
            }
        });
        match job.run() {
            Err(Error::Cancelled { during }) => assert_eq!(during, phase.name()),
            other => panic!("{phase:?}: {:?}", other.err()),
        }
    }
}

/// Rows without an end; after many of them somebody cancels.
struct Endless {
    cancel: Cancel,
    rows: usize,
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        const ROW: &[u8] = b"1.5,2.5\n";
        self.rows += 1;
        assert!(self.rows < 2_000_000, "it is read on");
        if self.rows == 200_000 {
            self.cancel.cancel();
        }
        let count = ROW.len().min(buffer.len());
        buffer[..count].copy_from_slice(&ROW[..count]);
        Ok(count)
    }
}

#[test]
fn reading_is_cancelled() {
    let cancel = Cancel::new();
    let reader = Endless { cancel: cancel.clone(), rows: 0 };
    match FitJob::reader(reader).cancel(cancel).prepare() {
        Err(Error::Cancelled { during }) => assert_eq!(during, "preparation"),
        other => panic!("{:?}", other.err()),
    }
}

/// What is returned if another thread cancels the work soon after its start.
fn cancelled(work: impl FnOnce() -> diabolo::Result<()>) -> diabolo::Result<()> {
    let cancel = Cancel::new();
    thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(100));
            cancel.cancel();
        });
        cancellable(&cancel, work)
    })
}

#[test]
fn work_without_phases_is_cancelled() {
    let (predictor, rows) = (fitted(&[]).predictor, table(40_000, 0));
    let columns = table(3, 0).columns().to_vec();
    let gap: ArrayRef = Arc::new(Float64Array::from(vec![None, Some(1.0), None]));
    let columns =
        ["x", "double", "square", "sign"].into_iter().zip([vec![gap], columns[1..].to_vec()].concat());
    let gappy = RecordBatch::try_from_iter_with_nullable(columns.map(|(name, of)| (name, of, true))).unwrap();
    // To its end, each takes from many seconds to hours.
    let draws = ImputeConfig { samples: 1 << 40, ..ImputeConfig::default() };
    let many = EvaluateOptions { samples: Some(1 << 40), diagnose: false };
    let generated = GenerateConfig { count: 20_000_000, ..GenerateConfig::default() };
    let tables = [("a", &rows), ("b", &rows), ("c", &rows)];
    for done in [
        cancelled(|| predictor.impute(&gappy, &draws).map(drop)),
        cancelled(|| predictor.evaluate(&rows, &many).map(drop)),
        cancelled(|| predictor.generate(&generated).map(drop)),
        cancelled(|| audit(tables, &AuditOptions::default()).map(drop)),
        cancelled(|| (0..).try_for_each(|_| predictor.score(&rows).map(drop))),
    ] {
        assert!(matches!(done, Err(Error::Cancelled { during: "computation" })), "{done:?}");
    }
}

#[test]
fn a_loss_that_diverges_is_an_error() {
    let job = FitJob::new(table(300, 0)).config(config(&["training.learning_rate=1e20"]));
    assert!(matches!(job.run(), Err(Error::Diverged { .. })));
}

#[test]
fn given_validation_rows_decide_when_to_stop() {
    let mut seen = vec![];
    let settings = config(&[PLAIN, "data.test=0.0"]);
    let job = FitJob::new(table(200, 0)).validation(table(60, 500)).config(settings.clone());
    let job = job.on_event(|event| match event {
        Event::Epoch(record, epochs) => seen.push((record.epoch, epochs, record.validation.len())),
        Event::Warning(text) => panic!("{text}"),
        _ => {}
    });
    let fitted = job.run().unwrap();
    assert_eq!(fitted.predictor.saved().header.source.split, [200, 60, 0]);
    assert_eq!(fitted.metrics.examples, 60);
    drop(fitted);
    assert!(seen.len() == 4 && seen.iter().all(|(_, epochs, terms)| *epochs == 4 && *terms > 0));
    let prepared =
        prepare_rows("t", table(200, 0), Some(table(60, 500)), &settings.data, 0, &|| Ok(())).unwrap();
    assert_eq!((prepared.train.rows, prepared.validation.rows), (200, 60));
}

#[test]
fn threads_pools_and_readers_change_no_bit() {
    let text = |rows: &RecordBatch| {
        let mut bytes = vec![];
        diabolo::data::write::csv_to(&mut bytes, rows).unwrap();
        std::io::Cursor::new(bytes)
    };
    let whole = table(400, 0);
    let run = |job: FitJob| job.name("t").config(config(&[])).run().unwrap().predictor.to_bytes().unwrap();
    let expected = run(FitJob::new(whole.clone()));
    let pool = Arc::new(rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap());
    assert!(expected == run(FitJob::new(whole.clone()).pool(pool)), "a pool of one's own");
    let parts = [whole.slice(0, 150), whole.slice(150, 250)].map(Ok);
    assert!(expected == run(FitJob::batches(parts).unwrap()), "in batches");
    let fitted = FitJob::reader(text(&whole)).name("t").config(config(&[])).run().unwrap();
    assert_eq!(fitted.predictor.saved().header.source.rows, 400);
}

#[test]
fn threads_share_a_predictor() {
    let predictor = fitted(&[]).predictor.in_place();
    let rows = table(40, 2);
    let expected = predictor.score(&rows).unwrap().scores;
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_eq!(predictor.score(&rows).unwrap().scores, expected));
        }
    });
}

#[test]
fn a_series_in_memory_is_windowed_and_its_parts_have_scores() {
    let settings = config(&[PLAIN, "data.window=4"]);
    let values: Vec<f64> = (0..300).map(|i| (i as f64 * 0.3).sin()).collect();
    let series = |values: &[f64]| matrix(values, &["load"]).unwrap();
    let predictor = FitJob::new(series(&values)).config(settings).run().unwrap().predictor;
    let whole = predictor.score(&series(&values)).unwrap().scores;
    assert!(
        whole[..3].iter().all(|score| score.is_nan()) && whole[3..].iter().all(|score| score.is_finite())
    );
    // Rows that are windows already need no first row, and a part of a series has all its scores.
    let options = predictor.saved().header.config.data.windows().unwrap();
    let file = tempfile::NamedTempFile::with_suffix(".csv").unwrap();
    diabolo::data::write::csv_to(&file, &series(&values)).unwrap();
    let read = diabolo::data::ReadOptions { windows: Some(options), ..Default::default() };
    let windows = diabolo::data::open(file.path().to_str().unwrap(), &read).unwrap().collect().unwrap();
    let part = predictor.score(&windows.slice(100, 50)).unwrap().scores;
    for (part, whole) in part.iter().zip(&whole[100..]) {
        assert!((part - whole).abs() < 1e-4, "{part} {whole}");
    }
}

#[test]
fn terms_and_contraction_are_those_of_the_metrics() {
    let fitted = fitted(&["model.family={kind=\"contractive\"}"]);
    let rows = &fitted.test;
    let terms = fitted.predictor.terms(rows, 0).unwrap();
    let mean = |values: &[f32]| values.iter().map(|v| f64::from(*v)).sum::<f64>() / values.len() as f64;
    assert!((mean(&terms["reconstruction"]) - fitted.metrics.reconstruction).abs() < 1e-4);
    let contraction = fitted.predictor.contraction(rows).unwrap();
    assert_eq!(contraction.len(), rows.num_rows());
    assert!((mean(&contraction) - fitted.metrics.contraction).abs() < 1e-4);
    let found = fitted.predictor.evaluate(rows, &EvaluateOptions::default()).unwrap();
    // The fit alone knows the training rows, and so the model that is the same for every row.
    assert_eq!(found.metrics, Metrics { constant_model: None, constant_model_error: None, ..fitted.metrics });
    let refused = EvaluateOptions { samples: Some(5), ..Default::default() };
    assert!(fitted.predictor.evaluate(rows, &refused).is_err());
    assert_eq!(fitted.predictor.saved().model.latent_dim(), fitted.metrics.latent_dim);
}

#[test]
fn programs_read_what_is_wrong_with_rows() {
    let predictor = fitted(&[PLAIN]).predictor.unknown_category(UnknownCategory::Error);
    let rows = table(5, 0);
    let with = |position: usize, column: ArrayRef| {
        let mut columns: Vec<(String, ArrayRef)> = rows
            .schema()
            .fields()
            .iter()
            .map(|f| f.name().clone())
            .zip(rows.columns().iter().cloned())
            .collect();
        columns[position].1 = column;
        RecordBatch::try_from_iter(columns).unwrap()
    };
    let words = |word: &str| Arc::new(StringArray::from(vec![word; 5])) as ArrayRef;
    let cases = [
        (rows.project(&[0, 2, 3]).unwrap(), DataProblem::MissingColumn),
        (with(3, words("beside")), DataProblem::UnknownCategory),
        (with(0, words("much")), DataProblem::NotANumber),
        (with(0, Arc::new(Float64Array::from(vec![f64::INFINITY; 5]))), DataProblem::OutOfRange),
    ];
    for (rows, problem) in cases {
        let error = predictor.score(&rows).unwrap_err();
        assert_eq!(error.data_problem(), Some(problem), "{error}");
    }
    let none = FitJob::new(table(0, 0)).run().err().unwrap();
    assert_eq!(none.data_problem(), Some(DataProblem::TooFewRows), "{none}");
}

/// A number, and a size that is not among the declared ones in one row.
fn sizes(rows: usize, wrong: Option<usize>) -> RecordBatch {
    let x: ArrayRef = Arc::new(Float64Array::from_iter_values((0..rows).map(|i| (i as f64 * 0.7).sin())));
    let size = |i| if Some(i) == wrong { "huge" } else { ["small", "large"][i % 2] };
    let sizes: ArrayRef = Arc::new(StringArray::from_iter_values((0..rows).map(size)));
    RecordBatch::try_from_iter([("x", x), ("size", sizes)]).unwrap()
}

/// The row that an error names.
fn row_of(error: &Error) -> Option<u64> {
    let Error::Data { row, problem: DataProblem::UnknownCategory, .. } = error else { panic!("{error}") };
    *row
}

#[test]
fn errors_of_a_fit_name_the_row_of_the_input() {
    let sizes_are = "data.types={size=\"ordinal:small,large\"}";
    let mut settings = config(&[PLAIN, "training.epochs=1", sizes_are]);
    settings.data.unknown_category = UnknownCategory::Error;
    // In training, validation and test rows.
    for row in 0..30 {
        let error = FitJob::new(sizes(30, Some(row))).config(settings.clone()).run().err().unwrap();
        assert_eq!(row_of(&error), Some(row as u64 + 1), "{error}");
    }
    // In windows of validation rows: the first that is wrong has the row before its last.
    settings.data.window = Some(3);
    let job = FitJob::new(sizes(60, None)).validation(sizes(20, Some(9))).config(settings);
    let error = job.run().err().unwrap();
    assert_eq!(row_of(&error), Some(12), "{error}");
}

#[test]
fn cells_are_imputed_from_rows_in_memory() {
    let predictor = fitted(&[]).predictor;
    let gaps = matrix(&[1.0, f64::NAN, 1.0, -1.0, -2.0, f64::NAN], &["x", "double", "square"]).unwrap();
    let sign: ArrayRef = Arc::new(StringArray::from(vec![Some("above"), None]));
    let columns = gaps.schema().fields().iter().map(|f| f.name().clone()).collect::<Vec<_>>();
    let columns = columns.into_iter().zip(gaps.columns().iter().cloned()).chain([("sign".into(), sign)]);
    let rows = RecordBatch::try_from_iter(columns).unwrap();
    let imputed = predictor.impute(&rows, &ImputeConfig { samples: 50, ..Default::default() }).unwrap();
    assert_eq!(imputed.filled, 3);
    assert!(imputed.completed.columns().iter().all(|column| column.null_count() == 0));
}
