//! Corruption of the input, for denoising autoencoders (Vincent et al. 2010, section 3.3).
//!
//! The input is x̃ and the target is the clean x. Noise is drawn on the host from the
//! step's stream, so that it is the same for any number of threads and after a resume.

use std::str::FromStr;

use crate::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::random::{RngExt, Stream, standard_normal};
use crate::tensor::Device;
use crate::{Error, Result};

/// The corruption that gives x̃ from x.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Corruption {
    /// Each value is set to 0 with this probability (0 is the mean of a standardized column).
    Masking {
        /// In [0, 1).
        probability: f64,
    },
    /// x̃ = x + deviation · ε, ε ~ N(0, 1).
    Gaussian {
        /// In encoded units: standard deviations of a column, or of the range of a pixel.
        deviation: f64,
    },
    /// x̃ = x + deviation · ε, clipped to [0, 1], for pixels.
    ClippedGaussian {
        /// In units of the range of a pixel.
        deviation: f64,
    },
    /// Each value is set to 0 or 1 (with equal probability) with this probability.
    SaltAndPepper {
        /// In [0, 1).
        probability: f64,
    },
}

impl Corruption {
    /// Validates the amount.
    pub fn validate(&self) -> Result<()> {
        let (name, amount, legal, expected) = match *self {
            Corruption::Masking { probability: p } | Corruption::SaltAndPepper { probability: p } => {
                ("probability", p, (0.0..1.0).contains(&p), "a number in [0, 1)")
            }
            Corruption::Gaussian { deviation: d } | Corruption::ClippedGaussian { deviation: d } => {
                ("deviation", d, d.is_finite() && d >= 0.0, "a number, 0 or more")
            }
        };
        if legal { Ok(()) } else { Err(Error::config(format!("corruption.{name}"), expected, amount)) }
    }

    /// x̃ for `x`: batch × width.
    pub fn apply(&self, x: Tensor<2>, noise: &mut Stream, device: &Device) -> Tensor<2> {
        let [rows, width] = x.dims();
        let host = |values: Vec<f32>| device.tensor(values, [rows, width]);
        let draws = rows * width;
        match *self {
            Corruption::Masking { probability } => {
                let keep = (0..draws).map(|_| (noise.random::<f64>() >= probability) as u8 as f32).collect();
                x * host(keep)
            }
            Corruption::Gaussian { deviation } => x + host(standard_normal(noise, draws)) * deviation,
            Corruption::ClippedGaussian { deviation } => {
                (x + host(standard_normal(noise, draws)) * deviation).clamp(0.0, 1.0)
            }
            Corruption::SaltAndPepper { probability } => {
                let (keep, add) = (0..draws)
                    .map(|_| match noise.random::<f64>() {
                        u if u >= probability => (1.0, 0.0),
                        u => (0.0, (u < probability / 2.0) as u8 as f32),
                    })
                    .unzip();
                x * host(keep) + host(add)
            }
        }
    }
}

impl FromStr for Corruption {
    type Err = Error;

    /// Parses `masking:P, gaussian:SD, clipped_gaussian:SD or salt_and_pepper:P`.
    fn from_str(text: &str) -> Result<Self> {
        let wrong = || {
            let expected = "masking:P, gaussian:SD, clipped_gaussian:SD or salt_and_pepper:P";
            Error::invalid_value("corruption", expected, format!("'{text}'"))
        };
        let (kind, amount) = text.split_once(':').ok_or_else(wrong)?;
        let amount: f64 = amount.parse().map_err(|_| wrong())?;
        match kind {
            "masking" => Ok(Corruption::Masking { probability: amount }),
            "gaussian" => Ok(Corruption::Gaussian { deviation: amount }),
            "clipped_gaussian" => Ok(Corruption::ClippedGaussian { deviation: amount }),
            "salt_and_pepper" => Ok(Corruption::SaltAndPepper { probability: amount }),
            _ => Err(wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, stream};
    use crate::tensor::to_host;

    fn corrupted(corruption: Corruption) -> Vec<f32> {
        let device = Device::cpu();
        let x = device.tensor(vec![0.5; 10_000], [100, 100]);
        to_host(corruption.apply(x, &mut stream(1, Purpose::Train, 0, 0), &device))
    }

    #[test]
    fn each_kind_changes_the_configured_fraction() {
        let share = |values: &[f32], v: f32| values.iter().filter(|&&x| x == v).count() as f64 / 1e4;
        let masked = corrupted(Corruption::Masking { probability: 0.3 });
        assert!((share(&masked, 0.0) - 0.3).abs() < 0.02);
        assert!((share(&masked, 0.5) - 0.7).abs() < 0.02);
        let salted = corrupted(Corruption::SaltAndPepper { probability: 0.4 });
        assert!((share(&salted, 0.0) - 0.2).abs() < 0.02 && (share(&salted, 1.0) - 0.2).abs() < 0.02);
        let noisy = corrupted(Corruption::Gaussian { deviation: 0.1 });
        let spread = noisy.iter().map(|x| (x - 0.5).powi(2)).sum::<f32>() / 1e4;
        assert!((spread - 0.01).abs() < 0.001, "{spread}");
        let clipped = corrupted(Corruption::ClippedGaussian { deviation: 1.0 });
        // A fraction Φ(−½) of them at each end.
        assert!((share(&clipped, 0.0) - 0.3085).abs() < 0.02 && (share(&clipped, 1.0) - 0.3085).abs() < 0.02);
    }

    #[test]
    fn invalid_amounts_are_refused() {
        for bad in [f64::NAN, -0.1, 1.0] {
            assert!(Corruption::Masking { probability: bad }.validate().is_err(), "{bad}");
        }
        assert!(Corruption::Gaussian { deviation: f64::INFINITY }.validate().is_err());
        assert!(Corruption::Gaussian { deviation: 0.0 }.validate().is_ok());
    }
}
