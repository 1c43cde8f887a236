//! Numbers and byte strings, one after the other.

use super::ans::Exhausted;

/// Damage that a checksum did not find, or a forged file: what is read makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

impl From<Exhausted> for Malformed {
    fn from(_: Exhausted) -> Self {
        Malformed
    }
}

/// Appends a number in as many bytes as it needs: seven bits each, the lowest first.
pub(super) fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Appends a byte string with its length.
pub(super) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_number(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Appends a byte string or its absence.
pub(super) fn put_cell(out: &mut Vec<u8>, cell: Option<&[u8]>) {
    match cell {
        None => out.push(0),
        Some(bytes) => {
            put_number(out, bytes.len() as u64 + 1);
            out.extend_from_slice(bytes);
        }
    }
}

/// What is left to read.
pub(super) struct Unread<'a>(pub &'a [u8]);

impl<'a> Unread<'a> {
    pub fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    pub fn byte(&mut self) -> Result<u8, Malformed> {
        Ok(self.take(1)?[0])
    }

    pub fn number(&mut self) -> Result<u64, Malformed> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Malformed)
    }

    /// A number below a limit.
    pub fn below(&mut self, limit: usize) -> Result<usize, Malformed> {
        let number = usize::try_from(self.number()?).map_err(|_| Malformed)?;
        if number < limit { Ok(number) } else { Err(Malformed) }
    }

    pub fn bytes(&mut self) -> Result<&'a [u8], Malformed> {
        let length = usize::try_from(self.number()?).map_err(|_| Malformed)?;
        self.take(length)
    }

    pub fn cell(&mut self) -> Result<Option<&'a [u8]>, Malformed> {
        match usize::try_from(self.number()?).map_err(|_| Malformed)? {
            0 => Ok(None),
            length => Ok(Some(self.take(length - 1)?)),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_put_is_read_and_no_more() {
        let mut out = vec![];
        for number in [0, 127, 128, 300, u64::MAX] {
            put_number(&mut out, number);
        }
        put_bytes(&mut out, b"abc");
        put_cell(&mut out, None);
        put_cell(&mut out, Some(b""));
        let mut unread = Unread(&out);
        let numbers: Vec<u64> = (0..5).map(|_| unread.number().unwrap()).collect();
        assert_eq!(numbers, [0, 127, 128, 300, u64::MAX]);
        assert_eq!(unread.bytes().unwrap(), b"abc");
        assert_eq!((unread.cell(), unread.cell()), (Ok(None), Ok(Some(&b""[..]))));
        assert_eq!(unread.byte(), Err(Malformed));
        let mut huge = vec![];
        put_number(&mut huge, u64::MAX - 1);
        assert_eq!(Unread(&huge).bytes(), Err(Malformed));
        assert_eq!(Unread(&huge).cell(), Err(Malformed));
        assert_eq!(Unread(&[0xff; 20]).number(), Err(Malformed));
    }
}
