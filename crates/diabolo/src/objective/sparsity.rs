//! Sparsity of codes: a penalty, or a maximum number of non-zero values.
//!
//! With h = f(x), the code of one row of a batch of B rows:
//!
//! | kind | term | paper |
//! |---|---|---|
//! | `l1` | Σ_j \|h_j\| | |
//! | `kl` | Σ_j KL(Bernoulli(ρ) ‖ Bernoulli(ρ̂_j)), ρ̂_j = 1/B Σ_rows h_j | Lee et al. 2008; Ng, CS294A, section 2 |
//! | `top_k` | none: the k largest h_j are kept, the others are 0, in training and in use | Makhzani & Frey 2013, α = 1 |
//!
//! `kl` is in nats, `l1` in units of the code. `l1` ignores the decoder: unless the weights are
//! tied, small codes with large decoder weights also satisfy it. `kl` has one value for the whole
//! batch; batches of few rows estimate ρ̂ badly.

use std::str::FromStr;

use crate::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::Term;
use crate::nn::Activation;
use crate::stats::elementary::double::ln;
use crate::{Error, Result};

/// ρ̂ is clamped to this distance from 0 and 1, where the divergence is infinite; beyond, the
/// gradient is 0.
const MARGIN: f64 = 1e-7;

/// The sparsity of a code.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Sparsity {
    /// weight · Σ_j |h_j|: an L1 penalty.
    L1 {
        /// 0 or more.
        weight: f64,
    },
    /// weight · Σ_j KL(ρ ‖ ρ̂_j): the target mean activation of each unit is ρ. For sigmoid codes
    /// only.
    Kl {
        /// 0 or more.
        weight: f64,
        /// ρ, strictly between 0 and 1.
        #[serde(default = "default_target")]
        target: f64,
    },
    /// Only the k largest values of each code are kept.
    TopK {
        /// From 1 to the number of latent dimensions.
        k: usize,
    },
}

/// The default ρ, as in Ng's notes.
fn default_target() -> f64 {
    0.05
}

impl Default for Sparsity {
    fn default() -> Self {
        // Digits, 128 tied units: 15.9 nats at a mean activation of 0.06; without sparsity 14.8 at
        // 0.48.
        Sparsity::kl(1.0)
    }
}

impl Sparsity {
    /// `kl` with this weight and the default target.
    pub fn kl(weight: f64) -> Self {
        Sparsity::Kl { weight, target: default_target() }
    }

    /// The default activation of the code: sigmoid for `kl`, which needs probabilities; ReLU for
    /// `l1`, which gives exact zeros; identity for `top_k`, which is itself non-linear.
    pub fn usual_activation(&self) -> Activation {
        match self {
            Sparsity::L1 { .. } => Activation::Relu,
            Sparsity::Kl { .. } => Activation::Sigmoid,
            Sparsity::TopK { .. } => Activation::Identity,
        }
    }

    /// The initial biases of the code, if not 0: for `kl`, σ(bias) = ρ, since from an initial
    /// activation of ½ all units would first be suppressed, and many would stay inactive.
    pub fn initial_bias(&self) -> Option<f64> {
        match *self {
            Sparsity::Kl { target, .. } => Some(ln(target / (1.0 - target))),
            _ => None,
        }
    }

    /// Validates the settings for a code.
    pub fn validate(&self, latent_dim: usize, latent_activation: Activation) -> Result<()> {
        match *self {
            Sparsity::L1 { weight } => weight_in_range(weight),
            Sparsity::Kl { weight, target } => {
                weight_in_range(weight)?;
                if !(target > 0.0 && target < 1.0) {
                    return Err(Error::config("sparsity.target", "a number above 0 and below 1", target));
                }
                match latent_activation {
                    Activation::Sigmoid => Ok(()),
                    other => Err(Error::conflict(
                        format!("latent_activation = {}", other.name()),
                        "sparsity of kind kl",
                        "kl reads code values as probabilities; choose sigmoid, or l1 or top_k",
                    )),
                }
            }
            Sparsity::TopK { k } if (1..=latent_dim).contains(&k) => Ok(()),
            Sparsity::TopK { k } => {
                let expected = format!("1 to {latent_dim}, the number of latent dimensions (latent_dim)");
                Err(Error::config("sparsity.k", expected, k))
            }
        }
    }

    /// The term "sparsity" of the codes `h` (batch × latent): one value per row, all equal for
    /// `kl`; `None` for
    /// `top_k`.
    pub fn term(&self, h: &Tensor<2>) -> Option<Term> {
        let (value, weight) = match *self {
            Sparsity::L1 { weight } => (h.clone().abs().sum_dim(1).squeeze_dim::<1>(1), weight),
            Sparsity::Kl { weight, target } => (divergence(h, target), weight),
            Sparsity::TopK { .. } => return None,
        };
        Some(Term::new("sparsity", value).weighted(weight))
    }

    /// The mask of `top_k`: 1 where a value of the codes `h` is kept, else 0, without gradient.
    /// `None` for the other kinds.
    ///
    /// Exactly k values per row are kept, also with ties.
    pub fn mask(&self, h: &Tensor<2>) -> Option<Tensor<2>> {
        let Sparsity::TopK { k } = *self else { return None };
        Some(h.largest(k))
    }
}

/// Σ_j ρ log(ρ/ρ̂_j) + (1−ρ) log((1−ρ)/(1−ρ̂_j)) of the batch `h`, repeated for each row.
fn divergence(h: &Tensor<2>, target: f64) -> Tensor<1> {
    let [rows, latent] = h.dims();
    let active = h.clone().mean_dim(0).clamp(MARGIN, 1.0 - MARGIN);
    let inactive = active.clone().neg() + 1.0;
    let negative_entropy = target * ln(target) + (1.0 - target) * ln(1.0 - target);
    let cross_entropy = (active.log() * -target + inactive.log() * (target - 1.0)).sum_dim(1);
    (cross_entropy + latent as f64 * negative_entropy).squeeze_dim::<1>(1).expand([rows])
}

fn weight_in_range(weight: f64) -> Result<()> {
    match weight.is_finite() && weight >= 0.0 {
        true => Ok(()),
        false => Err(Error::config("sparsity.weight", "a number, 0 or more", weight)),
    }
}

impl FromStr for Sparsity {
    type Err = Error;

    /// Parses `l1:WEIGHT, kl:WEIGHT, kl:WEIGHT:TARGET or top_k:K`.
    fn from_str(text: &str) -> Result<Self> {
        let wrong = || {
            Error::invalid_value(
                "sparsity",
                "l1:WEIGHT, kl:WEIGHT, kl:WEIGHT:TARGET or top_k:K",
                format!("'{text}'"),
            )
        };
        let number = |text: &str| text.parse::<f64>().map_err(|_| wrong());
        match *text.split(':').collect::<Vec<_>>() {
            ["l1", weight] => Ok(Sparsity::L1 { weight: number(weight)? }),
            ["kl", weight] => Ok(Sparsity::kl(number(weight)?)),
            ["kl", weight, target] => Ok(Sparsity::Kl { weight: number(weight)?, target: number(target)? }),
            ["top_k", k] => Ok(Sparsity::TopK { k: k.parse().map_err(|_| wrong())? }),
            _ => Err(wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::tensor::{Device, to_host};

    fn term(sparsity: Sparsity, values: &[f32], shape: [usize; 2]) -> Vec<f32> {
        to_host(sparsity.term(&Device::cpu().tensor(values.to_vec(), shape)).unwrap().value)
    }

    fn mask(k: usize, values: &[f32], shape: [usize; 2]) -> Vec<f32> {
        to_host(Sparsity::TopK { k }.mask(&Device::cpu().tensor(values.to_vec(), shape)).unwrap())
    }

    #[test]
    fn l1_by_hand() {
        assert_eq!(term(Sparsity::L1 { weight: 3.0 }, &[1.0, -2.0, 0.5, 0.0], [2, 2]), [3.0, 0.5]);
    }

    #[test]
    fn kl_by_hand() {
        // ρ = ¼; ρ̂ = (½, ¼): ¼ log ½ + ¾ log 3/2 = 0.130812, and 0.
        let found = term(Sparsity::Kl { weight: 1.0, target: 0.25 }, &[0.9, 0.2, 0.1, 0.3], [2, 2]);
        assert!(found.iter().all(|v| (v - 0.130_812).abs() < 1e-6) && found.len() == 2, "{found:?}");
    }

    #[test]
    fn kl_is_finite_where_every_unit_is_off_or_on() {
        let device = Device::cpu();
        let h = device.tensor::<2>(vec![0.0, 1.0, 1e-30, 0.05], [1, 4]).require_grad();
        let value = Sparsity::default().term(&h).unwrap().value;
        let gradient = to_host(h.grad(&value.clone().sum().backward()).unwrap());
        let value = to_host(value.detach())[0];
        assert!(value.is_finite() && value > 10.0, "{value}");
        assert!(gradient.iter().all(|g| g.is_finite()), "{gradient:?}");
    }

    #[test]
    fn top_k_keeps_the_largest_by_sign_and_exactly_k_of_equals() {
        assert_eq!(
            mask(2, &[0.1, -5.0, 3.0, 2.0, -1.0, -2.0, -4.0, -3.0], [2, 4]),
            [0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0]
        );
        assert_eq!(mask(3, &[7.0; 5], [1, 5]).iter().sum::<f32>(), 3.0);
        assert_eq!(mask(2, &[1.0, 2.0], [1, 2]), [1.0, 1.0]);
    }

    #[test]
    fn only_top_k_has_a_mask_and_no_term() {
        let h = Device::cpu().tensor(vec![0.5, 0.5], [1, 2]);
        assert!(Sparsity::default().mask(&h).is_none() && Sparsity::L1 { weight: 1.0 }.mask(&h).is_none());
        assert!(Sparsity::TopK { k: 1 }.term(&h).is_none());
    }

    #[test]
    fn invalid_settings_are_refused_with_the_reason() {
        let refused =
            |sparsity: Sparsity, activation| sparsity.validate(8, activation).unwrap_err().to_string();
        use Activation::{Identity, Sigmoid, Tanh};
        assert!(
            refused(Sparsity::TopK { k: 9 }, Identity).contains("1 to 8, the number of latent dimensions")
        );
        assert!(refused(Sparsity::TopK { k: 0 }, Identity).contains("1 to 8"));
        assert!(refused(Sparsity::kl(0.1), Tanh).contains("probabilities"));
        for target in [0.0, 1.0, f64::NAN] {
            assert!(refused(Sparsity::Kl { weight: 1.0, target }, Sigmoid).contains("target"));
        }
        for weight in [-1.0, f64::NAN, f64::INFINITY] {
            assert!(refused(Sparsity::L1 { weight }, Sigmoid).contains("weight"));
            assert!(refused(Sparsity::kl(weight), Sigmoid).contains("weight"));
        }
        assert!(Sparsity::TopK { k: 8 }.validate(8, Tanh).is_ok());
        assert!(Sparsity::default().validate(8, Sigmoid).is_ok());
    }
}
