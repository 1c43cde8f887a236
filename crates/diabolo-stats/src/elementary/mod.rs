//! Elementary functions of our own, with the same bits on every processor.
//!
//! `f32::exp`, `f64::ln` and the like call the platform's C library, which differs between systems
//! and picks other instructions (FMA) on other processors. What is here is made of `+ − × ÷ √`,
//! comparisons and operations on bits alone. Those are exactly rounded by IEEE 754, and Rust never
//! contracts `a × b + c`: so a model has the same bits wherever it is trained. A test compares a
//! digest of all functions with a committed one.
//!
//! | module | for | how |
//! |---|---|---|
//! | [`single`] | loops: kernels, noise | branch-free and inlined, so that loops are vectorized |
//! | [`double`] | everything else | the crate `libm` (a port of musl's) and a few of ours |
//!
//! They are free functions and not methods of a trait, because a method of `f64` comes before a
//! trait's: `x.exp()` would compile, and call the platform's. `clippy.toml` disallows those.
//!
//! ```
//! use diabolo_stats::elementary::{double, single};
//! assert_eq!(double::exp(1.0).to_bits(), 0x4005bf0a8b14576a);
//! assert_eq!(single::exp(1.0).to_bits(), 0x402df854);
//! // Φ(−6), right to seven digits although it is far below 1 − Φ(6) as computed.
//! assert!((single::normal_cdf(-6.0) / 9.865_876e-10 - 1.0).abs() < 1e-6);
//! ```

pub mod double;
pub mod single;

/// x².
#[inline(always)]
pub fn square<T: Copy + std::ops::Mul<Output = T>>(x: T) -> T {
    x * x
}

#[cfg(test)]
pub(crate) mod digest;
