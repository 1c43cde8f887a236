//! Corrections of the drawn columns, such that each has the distribution of the source.
//!
//! Columns are corrected in their order, each after those before it, on drawn rows: the odds of
//! codes get a factor each, such that their mean probabilities are the shares of the source; normal
//! scores are mapped by an increasing function, such that they are standard normal.

use serde::{Deserialize, Serialize};

/// The corrections of all parts; none for a model that is not corrected.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// One for each part, or none.
    pub parts: Vec<PartCalibration>,
}

/// The correction of one part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartCalibration {
    /// A factor for the odds of each code.
    pub factors: Vec<f64>,
    /// Increasing: scores as drawn, and their corrected values; empty without numbers.
    pub(super) drawn: Vec<f32>,
    pub(super) wanted: Vec<f32>,
}

impl PartCalibration {
    /// The corrected score; beyond the nodes the difference at the end.
    pub fn corrected(&self, score: f32) -> f32 {
        between(&self.drawn, &self.wanted, score)
    }

    /// The inverse of [`corrected`](Self::corrected).
    pub fn uncorrected(&self, score: f32) -> f32 {
        between(&self.wanted, &self.drawn, score)
    }

    fn is_consistent(&self, codes: usize) -> bool {
        let rises = |values: &[f32]| values.windows(2).all(|pair| pair[0] < pair[1]);
        self.factors.len() == codes
            && self.factors.iter().all(|factor| factor.is_finite() && *factor >= 0.0)
            && self.drawn.len() == self.wanted.len()
            && rises(&self.drawn)
            && rises(&self.wanted)
    }
}

fn between(xs: &[f32], ys: &[f32], x: f32) -> f32 {
    let above = xs.partition_point(|node| *node <= x);
    let end = |at: usize| ys[at] + (x - xs[at]);
    match above {
        _ if xs.is_empty() => x,
        0 => end(0),
        _ if above == xs.len() => end(above - 1),
        _ => {
            let (x0, x1, y0, y1) = (xs[above - 1], xs[above], ys[above - 1], ys[above]);
            y0 + (y1 - y0) * ((x - x0) / (x1 - x0))
        }
    }
}

impl Calibration {
    /// Whether it fits a model of parts with these numbers of codes.
    pub fn is_consistent(&self, codes: &[usize]) -> bool {
        self.parts.is_empty()
            || self.parts.len() == codes.len()
                && self.parts.iter().zip(codes).all(|(part, codes)| part.is_consistent(*codes))
    }
}
