//! The two networks of a model, and what it describes of each column.

use std::ops::Range;

use crate::artifact::SavedModel;
use crate::data::CellCode;
use crate::distribution::{Cumulative, Family};
use crate::model::{Autoencoder, FamilyConfig, PriorConfig};
use crate::tensor::{Device, to_host};
use crate::{Error, Result};

/// A variational model with a standard normal prior.
pub(super) struct Describer<'a> {
    saved: &'a SavedModel,
    device: Device,
    features: Vec<Feature<'a>>,
}

/// What a model knows of one column.
pub(super) struct Feature<'a> {
    pub name: &'a str,
    pub code: CellCode<'a>,
    /// Numbers that mean a missing cell.
    pub missing: Vec<f64>,
    /// Its columns in an encoded row.
    units: Range<usize>,
    /// Its likelihood, and its first column there.
    block: usize,
    column: usize,
    /// Pixels are 0 or white only.
    pub two_levels: bool,
}

/// q(z|x) of some rows: rows × latent_dim.
pub(super) struct Posteriors {
    pub mean: Vec<f32>,
    pub log_variance: Vec<f32>,
}

/// p(x|z) of some rows.
pub(super) struct Descriptions(Vec<Option<Cumulative>>);

/// The distribution of one cell.
#[derive(Clone, Copy)]
pub(super) struct Law<'a> {
    pub cumulative: &'a Cumulative,
    pub row: usize,
    pub column: usize,
}

impl<'a> Describer<'a> {
    /// # Errors
    /// [`Error::Unsupported`] for models whose codes a codec cannot write.
    pub fn new(saved: &'a SavedModel) -> Result<Self> {
        check(saved)?;
        let preprocessor = &saved.header.preprocessor;
        let blocks = &saved.architecture.likelihood;
        let feature = |(at, units): (usize, Range<usize>)| {
            let is_in = |block: &crate::distribution::LikelihoodBlock| {
                (block.start..block.start + block.width).contains(&units.start)
            };
            let block = blocks.iter().position(is_in).unwrap_or(usize::MAX);
            let (start, family) = blocks
                .get(block)
                .map_or((units.start, Family::InputOnly), |block| (block.start, block.family));
            let known = &preprocessor.schema.features[at];
            Feature {
                name: &known.name,
                missing: known.spelling.missing.numbers(),
                code: match family {
                    Family::InputOnly => CellCode::Other,
                    _ => preprocessor.cell_code(at),
                },
                column: units.start - start,
                units,
                block,
                two_levels: family == Family::Bernoulli,
            }
        };
        let features = preprocessor.column_ranges().into_iter().enumerate().map(feature).collect();
        // The codec is defined by the fixed order of sums of the processor's engine.
        Ok(Describer { saved, device: Device::cpu(), features })
    }

    /// The features, in the order of the schema.
    pub fn features(&self) -> &[Feature<'a>] {
        &self.features
    }

    pub fn width(&self) -> usize {
        self.saved.header.preprocessor.width()
    }

    pub fn latent_dim(&self) -> usize {
        self.saved.architecture.latent_dim
    }

    /// q(z|x). `inputs`: rows × width, 0 where a cell is not described.
    pub fn posteriors(&self, inputs: Vec<f32>) -> Posteriors {
        let rows = inputs.len() / self.width();
        let x = self.device.tensor::<2>(inputs, [rows, self.width()]);
        let posterior = self.saved.model.posterior(x).expect("a variational model has a posterior");
        Posteriors { mean: to_host(posterior.mean), log_variance: to_host(posterior.log_variance) }
    }

    /// p(x|z). `codes`: rows × latent_dim.
    pub fn descriptions(&self, codes: Vec<f32>) -> Descriptions {
        let rows = codes.len() / self.latent_dim();
        let z = self.device.tensor::<2>(codes, [rows, self.latent_dim()]);
        let outputs = self.saved.model.decode(z);
        Descriptions(self.saved.model.likelihood().cumulatives(outputs))
    }
}

impl Feature<'_> {
    /// Writes a cell into the encoded row: its level or its scaled number.
    pub fn set_number(&self, row: &mut [f32], number: f64) {
        if let CellCode::Number { scale, .. } = &self.code {
            let scaled = scale(number);
            row[self.units.start] = if scaled.is_finite() { scaled } else { 0.0 };
        }
    }

    pub fn set_level(&self, row: &mut [f32], level: usize) {
        // A binary column is one number, 0 for its first level.
        match self.units.len() {
            1 if self.two_levels => row[self.units.start] = level as f32,
            width if level < width => row[self.units.start + level] = 1.0,
            _ => {}
        }
    }

    pub fn set_pixels(&self, row: &mut [f32], pixels: &[u8], white: f32) {
        row[self.units.clone()].iter_mut().zip(pixels).for_each(|(x, &pixel)| *x = f32::from(pixel) / white);
    }

    /// Number of encoded columns.
    pub fn width(&self) -> usize {
        self.units.len()
    }
}

impl Descriptions {
    /// The distribution of a cell in the first column of a feature; none if the model has none.
    pub fn of(&self, feature: &Feature, row: usize) -> Option<Law<'_>> {
        let cumulative = self.0.get(feature.block)?.as_ref()?;
        Some(Law { cumulative, row, column: feature.column })
    }
}

fn check(saved: &SavedModel) -> Result<()> {
    let refused = |what: String, help: &str| Err(Error::Unsupported { what, help: help.into() });
    let family = &saved.architecture.family;
    let FamilyConfig::Variational(config) = family else {
        let what = format!("a {} autoencoder cannot compress: it has no posterior", family.name());
        return refused(what, "fit a variational one: diabolo fit INPUT --preset compress");
    };
    if config.prior != PriorConfig::StandardNormal || !config.has_closed_form() {
        let what = "compression needs a standard normal prior and a posterior without a flow";
        return refused(what.into(), "fit without --prior and --flow");
    }
    if saved.architecture.condition > 0 {
        let what = "compression with a conditional model is not supported";
        return refused(
            what.into(),
            "fit without --condition: the column is then compressed with the others",
        );
    }
    if saved.header.config.data.window.is_some() {
        let what = "compression with a model of windows is not supported";
        return refused(what.into(), "fit without --window: a row is then one time step");
    }
    let custom = saved.architecture.likelihood.iter().find(|b| matches!(b.family, Family::Custom(_)));
    if let Some(block) = custom {
        let what = format!("compression with the likelihood {} is not supported", block.family);
        return refused(what, "fit with a built-in --likelihood");
    }
    Ok(())
}
