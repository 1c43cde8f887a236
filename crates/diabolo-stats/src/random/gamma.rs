//! The Gamma distribution (Marsaglia & Tsang 2000), and Student's t by it.
//!
//! ```text
//! d = a − 1/3 ,   v = (1 + z / √(9d))³ ,   z normal, u uniform in (0, 1):
//! d v, once log u < z²/2 + d − d v + d log v              G(a), a ≥ 1
//! G(a) = G(a+1) u^(1/a)                                    a < 1
//! T(ν) = z / √(G(ν/2) / (ν/2))
//! ```

use super::{Stream, normal, uniform};
use crate::elementary::double::{exp, ln};

/// A draw from Gamma(shape, 1), shape > 0; for small shapes it may underflow to 0.
pub fn gamma(stream: &mut Stream, shape: f64) -> f64 {
    if shape < 1.0 {
        let above = gamma(stream, shape + 1.0);
        return above * exp(ln(uniform(stream)) / shape);
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let z = normal(stream);
        let root = 1.0 + c * z;
        let u = uniform(stream);
        if root <= 0.0 {
            continue;
        }
        let v = root * root * root;
        let square = z * z;
        // The first condition is cheap, and implies the second.
        if u < 1.0 - 0.0331 * square * square || ln(u) < 0.5 * square + d - d * v + d * ln(v) {
            return d * v;
        }
    }
}

/// A draw from Student's t with `freedom` > 0 degrees of freedom.
pub fn student_t(stream: &mut Stream, freedom: f64) -> f64 {
    let z = normal(stream);
    let half = 0.5 * freedom;
    z / (gamma(stream, half) / half).sqrt()
}

#[cfg(test)]
mod tests;
