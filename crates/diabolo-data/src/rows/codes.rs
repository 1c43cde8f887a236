//! Vectors of small whole numbers and of bits, as small as they are.

/// One code a row, in the smallest type that holds all of them.
#[derive(Debug, Clone, PartialEq)]
pub enum Codes {
    /// Up to 255.
    U8(Vec<u8>),
    /// Up to 65,535.
    U16(Vec<u16>),
    /// More.
    U32(Vec<u32>),
}

/// The same expression for each type of codes.
macro_rules! each {
    ($codes:expr, $found:ident => $body:expr) => {
        match $codes {
            Codes::U8($found) => $body,
            Codes::U16($found) => $body,
            Codes::U32($found) => $body,
        }
    };
    ($codes:expr, $found:ident -> $body:expr) => {
        match $codes {
            Codes::U8($found) => Codes::U8($body),
            Codes::U16($found) => Codes::U16($body),
            Codes::U32($found) => Codes::U32($body),
        }
    };
}

impl Codes {
    /// Room for `rows` codes, all `value`; later ones are at most `largest`.
    pub fn new(rows: usize, value: usize, largest: usize) -> Self {
        match largest {
            0..=0xff => Codes::U8(vec![value as u8; rows]),
            0x100..=0xffff => Codes::U16(vec![value as u16; rows]),
            _ => Codes::U32(vec![value as u32; rows]),
        }
    }

    /// The number of codes.
    pub fn len(&self) -> usize {
        each!(self, codes => codes.len())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The code of a row.
    #[inline]
    pub fn at(&self, row: usize) -> usize {
        each!(self, codes => codes[row] as usize)
    }

    /// Replaces the code of a row by one that the type holds.
    pub fn set(&mut self, row: usize, code: usize) {
        match self {
            Codes::U8(codes) => codes[row] = code as u8,
            Codes::U16(codes) => codes[row] = code as u16,
            Codes::U32(codes) => codes[row] = code as u32,
        }
    }

    /// Adds codes of the same type.
    ///
    /// # Panics
    /// If they are of another type.
    pub(super) fn extend(&mut self, more: &Codes) {
        match (self, more) {
            (Codes::U8(codes), Codes::U8(more)) => codes.extend_from_slice(more),
            (Codes::U16(codes), Codes::U16(more)) => codes.extend_from_slice(more),
            (Codes::U32(codes), Codes::U32(more)) => codes.extend_from_slice(more),
            _ => unreachable!("codes of one column have one type"),
        }
    }

    /// The codes of some rows.
    pub fn gather(&self, rows: &[usize]) -> Self {
        each!(self, codes -> rows.iter().map(|&row| codes[row]).collect())
    }
}

/// One bit a cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Bits {
    words: Vec<u64>,
    len: usize,
}

impl Bits {
    /// `len` bits, all 1.
    pub fn ones(len: usize) -> Self {
        Bits { words: vec![u64::MAX; len.div_ceil(64)], len }
    }

    /// The number of bits.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// A bit.
    #[inline]
    pub fn at(&self, position: usize) -> bool {
        self.words[position / 64] >> (position % 64) & 1 == 1
    }

    /// Sets a bit to 0.
    pub fn clear(&mut self, position: usize) {
        self.words[position / 64] &= !(1 << (position % 64));
    }

    /// Adds bits.
    pub(super) fn extend(&mut self, more: &Bits) {
        let first = self.len;
        self.len += more.len;
        self.words.resize(self.len.div_ceil(64), u64::MAX);
        (0..more.len).filter(|at| !more.at(*at)).for_each(|at| self.clear(first + at));
    }

    /// `width` bits of each of some rows.
    pub fn gather(&self, rows: &[usize], width: usize) -> Self {
        let mut found = Bits::ones(rows.len() * width);
        for (k, &row) in rows.iter().enumerate() {
            for column in (0..width).filter(|column| !self.at(row * width + column)) {
                found.clear(k * width + column);
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_the_smallest_type_that_holds_the_largest() {
        for (largest, bytes) in [(255, 1), (256, 2), (65_535, 2), (65_536, 4)] {
            let mut codes = Codes::new(3, 0, largest);
            codes.set(1, largest);
            assert_eq!(codes.gather(&[1, 0, 1]).at(2), largest);
            let size = match codes {
                Codes::U8(_) => 1,
                Codes::U16(_) => 2,
                Codes::U32(_) => 4,
            };
            assert_eq!(size, bytes);
        }
    }

    #[test]
    fn bits_are_gathered_by_row() {
        let mut bits = Bits::ones(70);
        bits.clear(67);
        let rows = bits.gather(&[33, 0], 2);
        assert_eq!((0..4).map(|at| rows.at(at)).collect::<Vec<_>>(), [true, false, true, true]);
    }
}
