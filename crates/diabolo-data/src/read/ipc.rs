//! The messages of an Arrow stream, each checked before anything is allocated by what it says.

use std::io::{Error, ErrorKind, Read};

use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_ipc::reader::StreamDecoder;
use arrow_ipc::{CompressionType, Message, root_as_message};
use arrow_schema::{ArrowError, SchemaRef};

/// Comes before the length of a message.
const CONTINUATION: [u8; 4] = [0xff; 4];
/// More rows in one batch than any writer gives it: a count that nothing bears out.
const MOST_ROWS: i64 = i32::MAX as i64;

/// The batches of a stream.
pub(super) struct Batches<R> {
    bytes: R,
    decoder: StreamDecoder,
    /// Whether the decoder has the mark of the next message already.
    marked: bool,
}

impl<R: Read> Batches<R> {
    /// Reads the schema, which is the first message.
    pub fn open(bytes: R) -> Result<(Self, SchemaRef), ArrowError> {
        let mut batches = Batches { bytes, decoder: StreamDecoder::new(), marked: false };
        if let Some(message) = batches.message()? {
            batches.decode(message)?;
        }
        let schema = batches.decoder.schema();
        let schema = schema.ok_or_else(|| ArrowError::ParseError("no schema at the start".into()))?;
        Ok((batches, schema))
    }

    /// What comes after the last message.
    pub fn rest(&mut self) -> &mut R {
        &mut self.bytes
    }

    /// Feeds a whole message to the decoder. It handles a message without a body only when more
    /// bytes follow, so the mark that begins the next message is given to it here.
    fn decode(&mut self, mut message: Buffer) -> Result<Option<RecordBatch>, ArrowError> {
        if std::mem::take(&mut self.marked) && message.starts_with(&CONTINUATION) {
            message = message.slice(CONTINUATION.len());
        }
        if let Some(batch) = self.decoder.decode(&mut message)? {
            return Ok(Some(batch));
        }
        let mut mark = Buffer::from_slice_ref(CONTINUATION);
        let batch = self.decoder.decode(&mut mark)?;
        self.marked = mark.is_empty();
        Ok(batch)
    }

    /// The next message with its lengths and its body; nothing at the end.
    fn message(&mut self) -> Result<Option<Buffer>, ArrowError> {
        let mut message = vec![];
        // Streams may end without a mark.
        match (&mut self.bytes).take(4).read_to_end(&mut message)? {
            0 => return Ok(None),
            4 => {}
            _ => return Err(Error::from(ErrorKind::UnexpectedEof).into()),
        }
        if message == CONTINUATION {
            self.append(4, &mut message)?;
        }
        let length = message.last_chunk().map_or(0, |length| i32::from_le_bytes(*length));
        let start = message.len();
        match usize::try_from(length) {
            Ok(0) => return Ok(None),
            Ok(length) => self.append(length, &mut message)?,
            Err(_) => return Err(ArrowError::ParseError(format!("a message of {length} bytes"))),
        }
        let body = message.len();
        let invalid = |error| ArrowError::ParseError(format!("a message that is none: {error}"));
        let length = root_as_message(&message[start..]).map_err(invalid)?.bodyLength();
        let length = usize::try_from(length)
            .map_err(|_| ArrowError::ParseError(format!("a message whose body has {length} bytes")))?;
        self.append(length, &mut message)?;
        check(&root_as_message(&message[start..body]).map_err(invalid)?, &message[body..])?;
        Ok(Some(Buffer::from_vec(message)))
    }

    /// Reads `count` bytes. The buffer grows with what is there.
    fn append(&mut self, count: usize, to: &mut Vec<u8>) -> Result<(), ArrowError> {
        match (&mut self.bytes).take(count as u64).read_to_end(to)? {
            read if read == count => Ok(()),
            _ => Err(Error::from(ErrorKind::UnexpectedEof).into()),
        }
    }
}

impl<R: Read> Iterator for Batches<R> {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let decoded = match self.message().transpose()? {
                Ok(message) => self.decode(message),
                Err(error) => Err(error),
            };
            if let Some(batch) = decoded.transpose() {
                return Some(batch);
            }
        }
    }
}

/// Refuses a batch with more rows or bytes than `body` can hold: decoders allocate by these
/// numbers.
fn check(message: &Message<'_>, body: &[u8]) -> Result<(), ArrowError> {
    let dictionary = message.header_as_dictionary_batch().and_then(|batch| batch.data());
    let Some(batch) = message.header_as_record_batch().or(dictionary) else { return Ok(()) };
    if !(0..=MOST_ROWS).contains(&batch.length()) {
        return Err(ArrowError::ParseError(format!("a batch of {} rows", batch.length())));
    }
    let Some(compression) = batch.compression() else { return Ok(()) };
    // The most bytes that one byte can stand for: a block of zstd has 4 at least and gives 128 KiB
    // at most; a match of LZ4 is longer by 255 with each byte.
    let most = if compression.codec() == CompressionType::ZSTD { 1 << 15 } else { 1 << 8 };
    let unpacked = batch.buffers().into_iter().flatten().map(|buffer| {
        let start = usize::try_from(buffer.offset()).unwrap_or(usize::MAX);
        let size = body.get(start..).and_then(|buffer| buffer.first_chunk());
        // A negative number says that the buffer is not packed.
        size.map_or(0, |size| i64::from_le_bytes(*size).max(0) as u128)
    });
    let unpacked = unpacked.sum::<u128>();
    if unpacked > most * body.len() as u128 {
        let found = format!("{} packed bytes that are to make {unpacked}", body.len());
        return Err(ArrowError::ParseError(found));
    }
    Ok(())
}
