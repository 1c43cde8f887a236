//! ONNX files of fitted models: one input for each column, rows × 1, and the encoded row, the code
//! and what is made of it computed within the graph.
//!
//! | output | type | of a row |
//! |---|---|---|
//! | `code` | float, rows × latent_dim | what `diabolo encode` writes |
//! | `reconstruction` | float, rows × encoded width | the mean of the likelihood, in encoded units |
//! | `score`, `p_value` | double, rows × 1 | what `diabolo score` writes, for families without a posterior |
//! | `is_anomaly` | bool, rows × 1 | p ≤ 0.05 |
//!
//! Numbers are doubles until they are scaled; NaN is missing. Texts are those of the levels, and
//! `""` is missing; a text that is not known counts as missing, and raises the score. A time is a
//! double, the seconds since 1970-01-01T00:00:00 UTC, or by its own clock where it has no zone. An
//! image is an input of rows × pixels, as in [`Image`](crate::nn::Image).
//!
//! Texts are not trimmed: ` pro` is the level `pro` for `diabolo encode`, and not known here. No
//! cell is refused: what is an error for `diabolo encode`, such as an infinite number or a
//! fractional count, gives some number here, and a count below −1, whose ln(1 + x) is NaN, a code
//! of NaN.

mod columns;
mod dates;
mod graph;
mod layers;
mod likelihood;
mod multiscale;
mod network;
mod proto;
mod score;

use self::columns::{Columns, columns};
use self::graph::{Graph, Kind, Value};
use self::network::Network;
use crate::artifact::SavedModel;
use crate::model::{FamilyConfig, FlowConfig, Stem};
use crate::{Error, Result};

/// The largest size of a message of Protocol Buffers.
const MOST_BYTES: usize = i32::MAX as usize;

/// An ONNX file.
#[derive(Debug, Clone, PartialEq)]
pub struct Onnx {
    /// Its contents.
    pub bytes: Vec<u8>,
    /// The names of its outputs.
    pub outputs: Vec<String>,
    /// Which outputs are left out, and why.
    pub notes: Vec<String>,
}

/// A model as an ONNX file.
///
/// # Errors
/// [`Error::Unsupported`] names what cannot be exported.
pub fn onnx(saved: &SavedModel) -> Result<Onnx> {
    check(saved)?;
    let preprocessor = &saved.header.preprocessor;
    let mut graph = Graph::default();
    let network = Network::of(&saved.architecture, &saved.model);
    let columns = columns(&mut graph, preprocessor)?;
    let code = network.encode(&mut graph, &columns.encoded);
    let mut outputs = vec![graph.output("code", &code, Kind::Float, saved.architecture.latent_dim)];
    let made = network.reconstructions(&mut graph, &columns.encoded, &code);
    let mut notes = vec![];
    match likelihood::without_mean(&saved.architecture.likelihood) {
        Some(family) => notes.push(format!("reconstruction is left out: no mean of {}", family.title())),
        None => {
            let means = likelihood::means(
                &mut graph,
                &saved.architecture.likelihood,
                &network,
                &made[made.len() / 2],
            );
            outputs.push(graph.output("reconstruction", &means, Kind::Float, preprocessor.width()));
        }
    }
    match add_scores(&mut graph, saved, &columns, &network, &made) {
        Ok(names) => outputs.extend(names),
        Err(why) => notes.push(format!("score, p_value and is_anomaly are left out: {why}")),
    }
    let bytes = graph.into_file(&about(saved), &[("diabolo_version", crate::VERSION.to_string())]);
    match bytes.len() <= MOST_BYTES {
        true => Ok(Onnx { bytes, outputs, notes }),
        false => Err(Error::Unsupported {
            what: "the model has more weights than the 2 GiB of an ONNX file hold".into(),
            help: "fit with fewer hidden units".into(),
        }),
    }
}

/// Adds the outputs of scores, or says why there are none.
fn add_scores(
    graph: &mut Graph,
    saved: &SavedModel,
    columns: &Columns,
    network: &Network,
    reconstructions: &[Value],
) -> std::result::Result<[String; 3], String> {
    if saved.architecture.family.is_variational() {
        return Err("scores of variational models need draws".into());
    }
    if let Some(family) = likelihood::without_loss(&saved.architecture.likelihood) {
        return Err(format!("no losses of {}", family.title()));
    }
    let detector = saved.detector.as_ref().filter(|detector| !detector.scores.is_empty());
    let detector = detector.ok_or("the model has no scores of held-out rows; see `diabolo calibrate`")?;
    let found = score::scores(graph, (saved, detector), columns, network, reconstructions);
    Ok([
        graph.output("score", &found.score, Kind::Double, 1),
        graph.output("p_value", &found.p_value, Kind::Double, 1),
        graph.output("is_anomaly", &found.is_anomaly, Kind::Truth, 1),
    ])
}

/// Returns an error that names what cannot be exported.
fn check(saved: &SavedModel) -> Result<()> {
    let architecture = &saved.architecture;
    let family = match &architecture.family {
        FamilyConfig::VectorQuantized(_) => Some(architecture.family.name()),
        _ => None,
    };
    let flow = match &architecture.family {
        FamilyConfig::Variational(config) => config.flow != FlowConfig::None,
        _ => false,
    };
    let (what, help) = match (&architecture.stem, family) {
        (_, Some(name)) => (format!("models of the family {name}"), "fit with another --model"),
        (Some(Stem::Recurrent(_)), _) => ("recurrent layers".into(), "fit with --network dense"),
        _ if saved.header.config.data.window.is_some() => ("windows".into(), "fit without --window"),
        _ if architecture.condition > 0 => ("conditions".into(), "fit without --condition"),
        _ if flow => ("normalizing flows".into(), "fit without --flow"),
        _ => return Ok(()),
    };
    Err(Error::Unsupported { what: format!("ONNX export does not know {what}"), help: help.into() })
}

fn about(saved: &SavedModel) -> String {
    let name = saved.architecture.family.name();
    format!(
        "A {name} autoencoder of {} rows, fitted by diabolo {}",
        saved.header.source.split[0],
        crate::VERSION
    )
}
