//! Synthetic tables: what is kept of rare values, and conditions at their limits.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use diabolo::data::Split;
use diabolo::random::{Purpose, RngExt, standard_normal, stream};
use diabolo::task::SynthesizeOptions;
use diabolo::{Config, ErrorClass, FitJob, Preset, Synthesizer};

const ROWS: usize = 1200;

fn split() -> Split {
    Split::new("rows", ROWS, 0.1, 0.1, 0).unwrap()
}

/// A job, in one training row of its own and in six validation rows another; a shift with blanks;
/// and a pay in whole numbers with one extreme.
fn columns() -> Vec<(&'static str, ArrayRef)> {
    let noise = &mut stream(6, Purpose::Choose, 0, 0);
    let normal = standard_normal(noise, ROWS);
    let split = split();
    let (mut job, mut shift, mut pay) = (vec![], vec![], vec![]);
    for z in normal {
        let kind = noise.random_range(0..4u64);
        job.push(Some(["baker", "joiner", "smith", "weaver"][kind as usize]));
        shift.push([Some(" early"), Some("late"), Some(" "), None][noise.random_range(0..4u64) as usize]);
        pay.push((500.0 + 100.0 * z + 50.0 * kind as f32).round() as i64);
    }
    split.train[100..105].iter().for_each(|row| job[*row] = Some("cooper"));
    split.validation[..6].iter().for_each(|row| job[*row] = Some("ferryman"));
    (job[split.train[7]], pay[split.train[7]]) = (Some("lighthouse keeper"), 987_654);
    let pay: ArrayRef = Arc::new(Int64Array::from(pay));
    let texts = |cells: Vec<Option<&str>>| Arc::new(StringArray::from(cells)) as ArrayRef;
    vec![("job", texts(job)), ("shift", texts(shift)), ("pay", pay)]
}

fn rows() -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(columns().into_iter().map(|(name, cells)| (name, cells, true)))
        .unwrap()
}

fn config() -> Config {
    let mut config = Config::default();
    Preset::Synthesize.apply(&mut config);
    config.training.epochs = Some(10);
    config
}

fn fit(config: Config) -> diabolo::Result<diabolo::pipeline::FittedTable> {
    FitJob::new(rows()).config(config).synthesize()
}

fn fitted() -> &'static Synthesizer {
    static FITTED: OnceLock<Synthesizer> = OnceLock::new();
    FITTED.get_or_init(|| fit(config()).unwrap().synthesizer)
}

fn drawn(count: usize, requirements: &[&str]) -> diabolo::Result<RecordBatch> {
    let requirements = requirements.iter().map(|text| fitted().requirement(text).unwrap()).collect();
    let options = SynthesizeOptions { count, requirements, ..Default::default() };
    Ok(fitted().generate(&options)?.rows)
}

fn pays(rows: &RecordBatch) -> Vec<i64> {
    rows["pay"].as_primitive::<arrow_array::types::Int64Type>().iter().flatten().collect()
}

fn texts(rows: &RecordBatch, name: &str) -> Vec<String> {
    let cells = rows[name].as_string::<i32>().iter();
    cells.map(|cell| cell.unwrap_or_default().trim().to_string()).collect()
}

#[test]
fn values_of_a_single_row_are_neither_kept_nor_drawn() {
    let bytes = fitted().saved().to_bytes().unwrap();
    let has = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(has("cooper") && has("weaver"), "levels that rows share");
    for text in ["lighthouse", "987654", "ferryman"] {
        assert!(!has(text), "{text}");
    }
    let made = drawn(5000, &[]).unwrap();
    let jobs = texts(&made, "job");
    assert!(!jobs.iter().any(|job| job.contains("lighthouse") || job == "ferryman"));
    assert!(jobs.iter().any(String::is_empty), "the job of one row is drawn empty");
    assert!(jobs.iter().any(|job| job == "cooper"), "rare levels that rows share are drawn");
    let mut known = pays(&diabolo::data::take("rows", &rows(), &split().train).unwrap());
    known.sort_unstable();
    let ends = known[2]..=known[known.len() - 3];
    assert!(pays(&made).iter().all(|pay| ends.contains(pay)), "{ends:?}");
}

#[test]
fn joint_levels_of_a_single_row_are_not_kept() {
    let mut config = config();
    config.synthesize.as_mut().unwrap().together = vec![vec!["job".into(), "shift".into()]];
    config.training.epochs = Some(1);
    let fitted = fit(config).unwrap();
    let notes = fitted.notes.join("\n");
    assert!(notes.contains("job, shift hold what fewer than 3 rows share"), "{notes}");
    let bytes = fitted.synthesizer.saved().to_bytes().unwrap();
    assert!(!bytes.windows(10).any(|window| window == b"lighthouse"));
}

#[test]
fn only_training_rows_are_learned_and_audited() {
    let mut config = config();
    config.training.epochs = Some(1);
    let fitted = fit(config).unwrap();
    assert_eq!(fitted.train.num_rows(), split().train.len());
    assert!(!texts(&fitted.train, "job").contains(&"ferryman".to_string()));
}

#[test]
fn every_row_fulfils_its_conditions() {
    type Test = fn(i64) -> bool;
    let cases: [(&[&str], Test); 8] = [
        (&["pay>=500.5"], |pay| pay >= 501),
        (&["pay<=500.5"], |pay| pay <= 500),
        (&["pay>500.5", "pay<501.5"], |pay| pay == 501),
        (&["pay!=520", "pay>=515", "pay<=525"], |pay| pay != 520 && (515..=525).contains(&pay)),
        (&["pay=520"], |pay| pay == 520),
        (&["pay>520", "pay<523"], |pay| pay == 521 || pay == 522),
        (&["pay!=", "job=smith"], |_| true),
        (&["pay>=-3"], |_| true),
    ];
    for (texts, test) in cases {
        let found = pays(&drawn(400, texts).unwrap());
        assert_eq!(found.len(), 400, "{texts:?}");
        assert!(found.iter().all(|pay| test(*pay)), "{texts:?}: {found:?}");
    }
    for none in ["pay>=5000", "pay<-100", "pay=500.5", "pay>987653"] {
        let error = drawn(9, &[none]).unwrap_err();
        assert_eq!(error.class(), ErrorClass::Usage, "{error}");
        assert!(error.to_string().contains("numbers from"), "{error}");
    }
    let error = drawn(9, &["pay>500", "pay<501"]).unwrap_err();
    assert_eq!(error.class(), ErrorClass::Usage, "{error}");
}

#[test]
fn blanks_and_rare_levels_are_balanced_too() {
    let balanced = |column: &str, count: usize| {
        let options = SynthesizeOptions { count, balance: Some(column.into()), ..Default::default() };
        let mut counts = BTreeMap::new();
        let made = fitted().generate(&options)?.rows;
        texts(&made, column).into_iter().for_each(|text| *counts.entry(text).or_insert(0) += 1);
        Ok::<_, diabolo::Error>(counts)
    };
    let of = |names: &[&str], count: usize| names.iter().map(|name| (name.to_string(), count)).collect();
    let shifts: BTreeMap<String, usize> = of(&["", "early", "late"], 100);
    assert_eq!(balanced("shift", 300).unwrap(), shifts);
    assert_eq!(balanced("job", 500).unwrap(), of(&["baker", "cooper", "joiner", "smith", "weaver"], 100));
    assert!(balanced("job", 4).is_err_and(|error| error.to_string().contains("at least 5")));
}

#[test]
fn settings_that_cannot_hold_are_refused() {
    let message = |change: &dyn Fn(&mut Config)| {
        let mut config = config();
        change(&mut config);
        fit(config).map(|_| ()).unwrap_err().to_string()
    };
    let together = |groups: &[&[&str]]| {
        let owned = |group: &&[&str]| group.iter().map(|name| name.to_string()).collect::<Vec<String>>();
        let groups: Vec<Vec<String>> = groups.iter().map(owned).collect();
        move |config: &mut Config| {
            config.synthesize.as_mut().unwrap().together = groups.clone();
        }
    };
    let twice = message(&together(&[&["job", "shift"], &["shift", "pay"]]));
    assert!(twice.contains("'shift' twice"), "{twice}");
    let rare = message(&together(&[&["job", "pay"]]));
    assert!(rare.contains("--together") && rare.contains("--rare"), "{rare}");
    let format =
        |config: &mut Config| config.synthesize.as_mut().unwrap().key_format = Some("[0-9]{4}".into());
    assert!(message(&format).contains("--key"), "{}", message(&format));
    let letters = message(&|config: &mut Config| {
        config.data.key = Some("pay".into());
        config.synthesize.as_mut().unwrap().key_format = Some("P[0-9]{4}".into());
    });
    assert!(letters.contains("Int64") && letters.contains("--key-format"), "{letters}");
    type Change = fn(&mut Config);
    let changes: [(&str, Change); 5] = [
        ("model.latent_dim", |config| config.model.latent_dim = Some(3)),
        ("model.hidden", |config| config.model.hidden = Some(vec![9])),
        ("model.family.kl_weight", |config| config.set("model.family.kl_weight=2").unwrap()),
        ("data.window", |config| config.data.window = Some(3)),
        ("training.central", |config| config.training.central = 0.5),
    ];
    for (key, change) in changes {
        let found = message(&change);
        assert!(found.contains(key) && found.contains("--preset synthesize"), "{found}");
    }
}

#[test]
fn a_given_batch_size_is_kept() {
    let mut config = config();
    (config.training.batch_size, config.training.epochs) = (Some(700), Some(1));
    let fitted = fit(config).unwrap();
    assert_eq!(fitted.synthesizer.saved().header.config.training.batch_size, Some(700));
}
