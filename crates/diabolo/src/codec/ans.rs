//! A stack of symbols: asymmetric numeral systems (Duda 2014, "rANS") on a head of 64 bits and
//! words of 32.
//!
//! A symbol has an interval of masses, integers that add up to 2ⁿ over all symbols. With head h,
//!
//! ```text
//! push (start, size):  h ← ⌊h / size⌋ · 2ⁿ + h mod size + start        costs n − log₂ size bits
//! pop:  t = h mod 2ⁿ names the symbol;  h ← size · ⌊h / 2ⁿ⌋ + t − start
//! ```
//! Each undoes the other, so that symbols come back in the reverse order, and a decoder may pop
//! from a distribution to *encode*: bits-back coding. The head stays in [2³², 2⁶⁴): a word leaves
//! or enters it when it would not. A division by a size near h wastes a fraction of a bit, so that
//! n is 24 (0.0001 bits on average) where that many masses do, and 28 (0.001 bits) elsewhere.

use crate::random::{Purpose, RngExt, Stream, stream};

/// The total of all masses: 2ⁿ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Total {
    bits: u32,
}

impl Total {
    /// For most distributions.
    pub const USUAL: Total = Total { bits: 24 };
    /// For those of up to 2¹⁶ cells.
    pub const FINE: Total = Total { bits: 28 };

    pub fn masses(self) -> u32 {
        1 << self.bits
    }
}

/// The interval of masses of one symbol: `size` of them from `start`, at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mass {
    pub start: u32,
    pub size: u32,
    pub total: Total,
}

impl Mass {
    /// One of 2^bits equally likely symbols, `bits` at most 24.
    pub fn uniform(symbol: u32, bits: u32) -> Self {
        let total = Total::USUAL;
        let size = total.masses() >> bits;
        Mass { start: symbol * size, size, total }
    }

    /// The probability.
    pub fn share(self) -> f64 {
        f64::from(self.size) / f64::from(self.total.masses())
    }

    /// One of two symbols, of which the second has the probability `second`: never 0 nor 1.
    pub fn of_two(is_second: bool, second: f64) -> Self {
        let (total, second) = (Total::USUAL, two(second));
        let first = total.masses() - second;
        match is_second {
            false => Mass { start: 0, size: first, total },
            true => Mass { start: first, size: second, total },
        }
    }
}

/// A probability as a mass. NaN becomes the smallest.
fn two(probability: f64) -> u32 {
    let total = Total::USUAL.masses();
    ((probability * f64::from(total)) as u32).clamp(1, total - 1)
}

/// The stack has no more symbols: what was written is truncated or damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Exhausted;

const LEAST_HEAD: u64 = 1 << 32;

/// A stack of symbols.
pub(super) struct Stack {
    head: u64,
    words: Vec<u32>,
    /// What an encoder pops before it has pushed anything: the initial bits of bits-back coding.
    initial: Option<Stream>,
}

/// Words that everyone knows, which an encoder finds at the bottom of its stack.
fn initial_words() -> Stream {
    stream(0, Purpose::CodecInitialBits, 0, 0)
}

impl Stack {
    /// An empty stack whose bottom is infinitely many known words.
    pub fn encoder() -> Self {
        Stack { head: LEAST_HEAD, words: vec![], initial: Some(initial_words()) }
    }

    /// The stack that was written as these bytes.
    pub fn decoder(bytes: &[u8]) -> Result<Self, Exhausted> {
        let mut words = bytes.chunks_exact(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
        let (low, high) = (words.next().ok_or(Exhausted)?, words.next().ok_or(Exhausted)?);
        let head = u64::from(high) << 32 | u64::from(low);
        if head < LEAST_HEAD || !bytes.len().is_multiple_of(4) {
            return Err(Exhausted);
        }
        Ok(Stack { head, words: words.rev().collect(), initial: None })
    }

    /// The bytes: the head, then the words from the top of the stack down.
    pub fn to_bytes(&self) -> Vec<u8> {
        let head = self.head.to_le_bytes();
        head.into_iter().chain(self.words.iter().rev().flat_map(|word| word.to_le_bytes())).collect()
    }

    pub fn push(&mut self, Mass { start, size, total }: Mass) {
        let size = u64::from(size);
        if self.head >> (64 - total.bits) >= size {
            self.words.push(self.head as u32);
            self.head >>= 32;
        }
        self.head = ((self.head / size) << total.bits) + self.head % size + u64::from(start);
    }

    /// Pops the symbol whose interval contains the mass that `find` gets; it gives the interval of
    /// one of all symbols with this total.
    pub fn pop<S>(&mut self, total: Total, find: impl FnOnce(u32) -> (S, Mass)) -> Result<S, Exhausted> {
        let t = self.head as u32 & (total.masses() - 1);
        let (symbol, Mass { start, size, .. }) = find(t);
        // Only the weights of a forged model give an interval without its mass.
        let place = t.checked_sub(start).filter(|place| *place < size).ok_or(Exhausted)?;
        self.head = u64::from(size) * (self.head >> total.bits) + u64::from(place);
        if self.head < LEAST_HEAD {
            let initial = || self.initial.as_mut().map(|words| words.random::<u32>());
            let word = self.words.pop().or_else(initial).ok_or(Exhausted)?;
            self.head = self.head << 32 | u64::from(word);
        }
        Ok(symbol)
    }

    /// Pops one of two symbols; see [`Mass::of_two`].
    pub fn pop_two(&mut self, second: f64) -> Result<bool, Exhausted> {
        self.pop(Total::USUAL, |t| {
            let is_second = t >= Total::USUAL.masses() - two(second);
            (is_second, Mass::of_two(is_second, second))
        })
    }

    /// Pushes `bits` bits, at most 64.
    pub fn push_bits(&mut self, value: u64, bits: u32) {
        let low = bits.min(24);
        if bits > low {
            self.push_bits(value >> low, bits - low);
        }
        self.push(Mass::uniform((value & ((1 << low) - 1)) as u32, low));
    }

    /// Pops what [`push_bits`](Self::push_bits) pushed.
    pub fn pop_bits(&mut self, bits: u32) -> Result<u64, Exhausted> {
        let low = bits.min(24);
        let shift = Total::USUAL.bits - low;
        let value = u64::from(self.pop(Total::USUAL, |t| (t >> shift, Mass::uniform(t >> shift, low)))?);
        Ok(if bits > low { self.pop_bits(bits - low)? << low | value } else { value })
    }

    /// Whether only initial words are left, as in an encoder that has pushed nothing: the last
    /// check of a decoder.
    pub fn is_finished(&self) -> bool {
        let mut words = initial_words();
        self.head == LEAST_HEAD && self.words.iter().rev().all(|word| *word == words.random::<u32>())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    const TOTAL: u32 = 1 << 28;

    /// Symbols 0, 1, 2 with masses 1, TOTAL − 4 and 3: both extremes.
    fn skewed(symbol: u32) -> Mass {
        let total = Total::FINE;
        [
            Mass { start: 0, size: 1, total },
            Mass { start: 1, size: TOTAL - 4, total },
            Mass { start: TOTAL - 3, size: 3, total },
        ][symbol as usize]
    }

    fn find_skewed(t: u32) -> (u32, Mass) {
        let symbol = if t == 0 { 0 } else { 1 + u32::from(t >= TOTAL - 3) };
        (symbol, skewed(symbol))
    }

    proptest! {
        #[test]
        fn symbols_come_back_in_reverse_order(symbols in prop::collection::vec((0u32..3, any::<u64>(), 0u32..=64), 0..300)) {
            let mut stack = Stack::encoder();
            let masked = |value: u64, bits: u32| if bits == 64 { value } else { value & ((1 << bits) - 1) };
            for &(symbol, value, bits) in &symbols {
                stack.push(skewed(symbol));
                stack.push_bits(masked(value, bits), bits);
            }
            let mut stack = Stack::decoder(&stack.to_bytes()).unwrap();
            for &(symbol, value, bits) in symbols.iter().rev() {
                prop_assert_eq!(stack.pop_bits(bits).unwrap(), masked(value, bits));
                prop_assert_eq!(stack.pop(Total::FINE, find_skewed).unwrap(), symbol);
            }
            prop_assert!(stack.is_finished());
        }

        #[test]
        fn a_pop_is_undone_by_a_push(count in 0usize..200) {
            // As in bits-back coding: an encoder pops initial words, and a decoder gives them back.
            let mut stack = Stack::encoder();
            let popped: Vec<u32> = (0..count).map(|_| stack.pop(Total::FINE, find_skewed).unwrap()).collect();
            let bits = stack.pop_bits(33).unwrap();
            let mut stack = Stack::decoder(&stack.to_bytes()).unwrap();
            stack.push_bits(bits, 33);
            prop_assert!(count == 0 || !stack.is_finished());
            popped.iter().rev().for_each(|&symbol| stack.push(skewed(symbol)));
            prop_assert!(stack.is_finished());
        }
    }

    #[test]
    fn an_empty_a_cut_and_an_impossible_stack_are_errors() {
        let mut stack = Stack::encoder();
        stack.push_bits(u64::MAX, 64);
        stack.push_bits(7, 64);
        let bytes = stack.to_bytes();
        let mut whole = Stack::decoder(&bytes).unwrap();
        assert_eq!(whole.pop_bits(64), Ok(7));
        assert_eq!(whole.pop_bits(64), Ok(u64::MAX));
        assert!(whole.is_finished());
        assert_eq!(whole.pop_bits(64), Err(Exhausted), "nothing is left");
        for cut in [&bytes[..bytes.len() - 1], &bytes[..4], &[], &[0; 8]] {
            assert!(Stack::decoder(cut).is_err(), "{cut:?}");
        }
        let mut cut = Stack::decoder(&bytes[..bytes.len() - 4]).unwrap();
        assert!(cut.pop_bits(64).and_then(|_| cut.pop_bits(64)).is_err() || !cut.is_finished());
    }

    #[test]
    fn costs_are_those_of_the_masses() {
        let mut stack = Stack::encoder();
        for k in 0..10_000 {
            let second = k % 10 == 0;
            stack.push(Mass::of_two(second, 0.1));
        }
        let entropy = -(0.1 * 0.1f64.log2() + 0.9 * 0.9f64.log2()) * 10_000.0;
        let bits = 8.0 * stack.to_bytes().len() as f64;
        assert!((bits - entropy).abs() < 64.0, "{bits} {entropy}");
        for wrong in [f64::NAN, -1.0, 0.0] {
            assert_eq!(Mass::of_two(true, wrong).size, 1);
        }
        assert_eq!(Mass::of_two(false, 2.0).size, 1);
    }
}
