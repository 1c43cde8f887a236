//! Model files: saved files can be loaded, in both precisions, and damaged files are refused.
#![allow(clippy::unwrap_used)]

mod damaged;
#[path = "../common/names.rs"]
mod names;
mod precision;
mod refused;

use diabolo::artifact::SavedModel;
use diabolo::data::{Prepared, prepare};
use diabolo::{Config, FitJob};

/// Settings that keep the model of a small table small.
fn settings(family: &str) -> Vec<String> {
    let own = match family {
        "vector_quantized" => ", groups=2, codebook_size=3",
        _ => "",
    };
    let family = format!("model.family={{kind=\"{family}\"{own}}}");
    [family.as_str(), "model.hidden=[3]", "model.latent_dim=2"].map(str::to_string).to_vec()
}

/// A model with all optional parts, and its rows.
fn model_of(input: &str, settings: &[String]) -> (SavedModel, Prepared) {
    let mut config = Config::default();
    config.training.epochs = Some(1);
    settings.iter().for_each(|setting| config.set(setting).unwrap());
    let prepared = prepare(input, &config.data, 0).unwrap();
    (FitJob::input(input).config(config).run().unwrap().predictor.saved().clone(), prepared)
}

/// [`model_of`] a table with a column of every kind.
fn small(family: &str) -> (SavedModel, Prepared) {
    small_with(&settings(family))
}

fn small_with(settings: &[String]) -> (SavedModel, Prepared) {
    let colors = ["red", "green", "blue"];
    let row = |i: usize| {
        let size = ["S", "M", "L"][i % 3];
        format!(
            "{:.1},{},{},{},{size}\n",
            (i * 37 % 101) as f64 / 10.0,
            i * 7 % 11,
            colors[i * 5 % 3],
            i * 13 % 2
        )
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    std::fs::write(&path, "x,n,color,flag,size\n".to_string() + &(0..60).map(row).collect::<String>())
        .unwrap();
    model_of(path.to_str().unwrap(), settings)
}
