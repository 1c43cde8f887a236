//! The wire format of Protocol Buffers, as far as ONNX files need it: a message is a sequence of
//! fields, each a key (number · 8 + kind) and a value.

/// Values in bytes of seven bits, the last without the high bit.
const VARINT: u64 = 0;
/// A length, then that many bytes.
const BYTES: u64 = 2;

/// A message, field by field.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Message(pub Vec<u8>);

impl Message {
    fn varint(&mut self, mut value: u64) {
        while value > 0x7f {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    /// A whole number; negative ones take ten bytes.
    pub fn integer(mut self, field: u64, value: i64) -> Self {
        self.varint(field << 3 | VARINT);
        self.varint(value as u64);
        self
    }

    /// Bytes.
    pub fn bytes(mut self, field: u64, bytes: &[u8]) -> Self {
        self.varint(field << 3 | BYTES);
        self.varint(bytes.len() as u64);
        self.0.extend(bytes);
        self
    }

    /// A text.
    pub fn text(self, field: u64, text: &str) -> Self {
        self.bytes(field, text.as_bytes())
    }

    /// A message within this one.
    pub fn message(self, field: u64, message: &Message) -> Self {
        self.bytes(field, &message.0)
    }

    /// A repeated field, one after the other.
    pub fn each<T>(self, items: impl IntoIterator<Item = T>, add: impl Fn(Self, T) -> Self) -> Self {
        items.into_iter().fold(self, add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_by_hand() {
        // The examples of the specification: field 1 is 150; field 2 is "testing"; field 3 holds
        // the first message.
        let first = Message::default().integer(1, 150);
        assert_eq!(first.0, [0x08, 0x96, 0x01]);
        let second = Message::default().text(2, "testing");
        assert_eq!(second.0, [&[0x12, 0x07], b"testing".as_slice()].concat());
        assert_eq!(Message::default().message(3, &first).0, [0x1a, 0x03, 0x08, 0x96, 0x01]);
        assert_eq!(Message::default().integer(1, 0).integer(1, 127).0, [0x08, 0x00, 0x08, 0x7f]);
        let negative = Message::default().integer(1, -2).0;
        assert_eq!(negative, [&[0x08, 0xfe], [0xff; 8].as_slice(), &[0x01]].concat());
        // Field 16 has a key of two bytes.
        assert_eq!(Message::default().integer(20, 2).0, [0xa0, 0x01, 0x02]);
        assert_eq!(Message::default().each([1, 2], |m, i| m.integer(1, i)).0, [0x08, 0x01, 0x08, 0x02]);
    }
}
