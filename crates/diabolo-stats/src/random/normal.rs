//! The standard normal distribution, by inversion.
//!
//! ```text
//! z = Φ⁻¹(½ + q) ,   q = (i + ½) / 2³² ,   i a whole number in [−2³¹, 2³¹), one word of the stream
//! ```
//! the centre of one of 2³² cells, up to │z│ = 6.3. For │q│ ≤ 0.485, z = q P(r) / Q(r) in single
//! precision with r = 0.485² − q², the form of Wichura (1988) with coefficients of ours (relative
//! error 5·10⁻⁸; 5·10⁻⁷ with rounding), in a loop without branches. The other 3 % are computed in
//! double precision.

use super::{RngExt, Stream, centre_of_cell};
use crate::elementary::{double, single::polynomial};

/// Words drawn at a time.
const BLOCK: usize = 256;
/// The largest │q│ of the centre, and its square.
const END: f32 = 0.485;
const END_SQUARED: f32 = 0.235_225;
const CELL: f32 = 1.0 / 4_294_967_296.0;
/// P and Q, the highest coefficient first.
const ABOVE: [f32; 6] = [-7226.8037, 43680.24, 49060.137, 8390.5, 376.800_14, 4.474_413];
const BELOW: [f32; 5] = [34374.375, 19993.043, 2523.9707, 94.630_775, 1.0];

/// `n` independent draws from the standard normal distribution, one for each word of the stream.
pub fn standard_normal(stream: &mut Stream, n: usize) -> Vec<f32> {
    let mut draws = vec![0.0; n];
    let mut words = [0u32; BLOCK];
    for block in draws.chunks_mut(BLOCK) {
        let words = &mut words[..block.len()];
        stream.fill(&mut *words);
        for (draw, &word) in block.iter_mut().zip(&*words) {
            *draw = centre(word);
        }
        for (draw, &word) in block.iter_mut().zip(&*words) {
            if size(word) > END {
                *draw = tail(word);
            }
        }
    }
    draws
}

/// The whole number i, or −1 − i if it is negative.
#[inline(always)]
fn whole(word: u32) -> i32 {
    let i = word as i32;
    i ^ (i >> 31)
}

/// │q│.
#[inline(always)]
fn size(word: u32) -> f32 {
    (whole(word) as f32 + 0.5) * CELL
}

/// z for │q│ up to [`END`].
#[inline(always)]
fn centre(word: u32) -> f32 {
    let q = size(word);
    let r = END_SQUARED - q * q;
    let above = polynomial(r, ABOVE);
    let below = polynomial(r, BELOW);
    f32::from_bits((q * above / below).to_bits() | (word & 0x8000_0000))
}

/// z for │q│ beyond [`END`].
#[cold]
fn tail(word: u32) -> f32 {
    let p = 0.5 - (f64::from(whole(word)) + 0.5) * f64::from(CELL);
    let z = -double::inverse_normal_cdf(p);
    (if (word as i32) < 0 { -z } else { z }) as f32
}

/// A draw in double precision: of 2⁵³ cells, up to │z│ = 8.3.
pub fn normal(stream: &mut Stream) -> f64 {
    let bits = stream.random::<u64>();
    let z = double::inverse_normal_cdf(0.5 * centre_of_cell(bits));
    if bits & 1 == 0 { z } else { -z }
}

#[cfg(test)]
mod tests;
