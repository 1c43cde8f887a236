//! The figures: settings in, JSON out. Every number is the library's.

mod bound;
mod contraction;
mod families;
mod grid;
mod latent;
mod noisy;
mod stability;
mod tasks;

use diabolo::Result;
use diabolo::random::{Purpose, standard_normal, stream};
use diabolo::stats::elementary::square;
use serde_json::Value;

use super::recipes::GRIDS;
use super::{Lab, wrong};

/// The settings of a figure, in the order of their names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Of the query of an address; no value needs an escape.
    pub fn parse(text: &str) -> Self {
        let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
        let mut pairs: Vec<(String, String)> = pairs.map(|(a, b)| (a.into(), b.into())).collect();
        pairs.sort();
        Query(pairs)
    }

    pub fn text(&self, name: &str) -> Result<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).ok_or_else(|| wrong(name, "a value", "none"))
    }

    pub fn number<T: std::str::FromStr>(&self, name: &str) -> Result<T> {
        let text = self.text(name)?;
        text.parse().map_err(|_| wrong(name, "a number", text))
    }

    /// Its file in an export: the values, joined.
    pub fn file(&self) -> String {
        let plain = |c: char| if c.is_ascii_alphanumeric() || c == '.' || c == '-' { c } else { '_' };
        let words = self.0.iter().map(|(name, value)| format!("{name}-{value}"));
        format!("{}.json", words.collect::<Vec<_>>().join("_").chars().map(plain).collect::<String>())
    }
}

/// A figure whose settings have a finite number of values.
pub(crate) fn figure(lab: &Lab, query: &Query) -> Result<Value> {
    match query.text("name")? {
        "examples" => Ok(latent::examples(lab)),
        "codes" => latent::codes(lab, query),
        "prior" => latent::prior(lab, query),
        "samples" => latent::samples(lab, query),
        "between" => latent::between(lab, query),
        "classes" => latent::classes(lab),
        "posterior" => latent::posterior_of_row(lab, query),
        "weights" => contraction::by_weight(lab),
        "filters" => contraction::filters(lab, query),
        "unit" => contraction::by_unit(lab, query),
        "tangents" => contraction::tangents(lab, query),
        "similar" => contraction::similar(lab),
        "stability" => stability::by_initialization(lab),
        "bound" => bound::of_row(lab, query),
        "collapse" => bound::by_weight(lab),
        "grid" => grid::of_family(query),
        "cell" => grid::cell(lab, query),
        "width" => families::by_width(lab),
        "noise" => noisy::restored(lab, query),
        "field" => noisy::field(lab),
        "anomalies" => tasks::anomalies(lab),
        "imputation" => tasks::imputation(lab, query),
        "compression" => tasks::compression(lab),
        "features" => tasks::features(lab),
        "series" => tasks::series(lab),
        other => Err(wrong("name", "a figure of the lab", other)),
    }
}

/// A figure of pixels or a code that the page sends.
pub(crate) fn live(lab: &Lab, body: &Value) -> Result<Value> {
    match body["name"].as_str().unwrap_or_default() {
        "posterior" => latent::posterior(lab, body),
        "decode" => latent::decode(lab, body),
        "reparameterise" => bound::reparameterise(body),
        other => Err(wrong("name", "a live figure of the lab", other)),
    }
}

/// Every setting of every figure that an export holds.
pub(crate) fn all(lab: &Lab) -> Vec<Query> {
    let mut found: Vec<String> = [
        "examples",
        "classes",
        "weights",
        "similar",
        "stability",
        "collapse",
        "width",
        "field",
        "anomalies",
        "compression",
        "features",
        "series",
    ]
    .iter()
    .map(|name| format!("name={name}"))
    .collect();
    found.extend(
        [
            "name=codes&model=vae2",
            "name=prior&model=vae2",
            "name=samples&model=vae2&seed=0",
            "name=samples&model=vae&seed=0",
        ]
        .map(String::from),
    );
    for grid in &GRIDS {
        found.push(format!("name=grid&family={}", grid.family));
        found.extend(grid.keys.as_flattened().iter().map(|key| format!("name=cell&model={key}")));
    }
    let examples = &lab.digits.examples;
    for row in examples {
        found.push(format!("name=bound&row={row}"));
        found.push(format!("name=posterior&model=vae2&row={row}"));
        found.push(format!("name=imputation&row={row}"));
        let weights = contraction::WEIGHTS.iter();
        found.extend(weights.clone().map(|weight| format!("name=tangents&weight={weight}&row={row}")));
        found.extend(weights.map(|weight| format!("name=unit&weight={weight}&row={row}")));
        for other in examples.iter().filter(|other| *other != row) {
            found.push(format!("name=between&model=vae&from={row}&to={other}"));
        }
    }
    found.extend(contraction::WEIGHTS.iter().map(|weight| format!("name=filters&weight={weight}")));
    found.extend(noisy::LEVELS.iter().map(|level| format!("name=noise&level={level}")));
    found.iter().map(|query| Query::parse(query)).collect()
}

/// What the lab draws noise for; each has streams of its own.
#[derive(Clone, Copy)]
enum Use {
    Bound,
    Frozen,
    Digits,
    Moons,
    Anomaly,
}

/// Standard normal draws.
fn noise(what: Use, seed: u64, count: usize) -> Vec<f32> {
    standard_normal(&mut stream(seed, Purpose::LabNoise, what as u64, 0), count)
}

/// The mean square of differences.
fn mean_squared_error(made: &[f32], truth: &[f32]) -> f64 {
    let squares = made.iter().zip(truth).map(|(a, b)| square(f64::from(a - b)));
    squares.sum::<f64>() / made.len() as f64
}

/// Some numbers of a JSON array.
fn numbers(body: &Value, name: &str, count: usize) -> Result<Vec<f32>> {
    let expected = || format!("{count} finite numbers");
    let array = body[name].as_array().ok_or_else(|| wrong(name, expected(), "none"))?;
    let values: Vec<f32> = array.iter().filter_map(Value::as_f64).map(|v| v as f32).collect();
    let sound = values.len() == array.len() && values.len() == count && values.iter().all(|v| v.is_finite());
    if sound { Ok(values) } else { Err(wrong(name, expected(), format!("{} values", array.len()))) }
}
