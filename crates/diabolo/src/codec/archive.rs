//! Reading a `.dbz` file.

use std::io::{Read, Seek, Write};
use std::ops::Range;
use std::path::Path;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_schema::SchemaRef;
use sha2::{Digest, Sha256};

use super::block::{self, decompressed};
use super::bounds::ErrorBounds;
use super::compress::CodecModel;
use super::frame::{Entry, FrameReader, Header, damaged};
use super::model::Describer;
use super::text::read_lines;
use super::wire::{Malformed, Unread};
use crate::data::ipc;
use crate::kernel::in_parallel;
use crate::{Error, Result};

/// An opened file.
pub struct Archive<R> {
    frames: FrameReader<R>,
    header: Header,
    index: Vec<Entry>,
    /// The place of the frame after the last block.
    after: u64,
    embedded: Option<Vec<u8>>,
    model: Option<CodecModel>,
}

/// The tag and the payload of a block, its place, and the rows that are wanted of it.
type WantedBlock = ((u8, Vec<u8>), Entry, Range<u64>);

/// What a file says of itself.
#[derive(Debug, Clone)]
pub struct ArchiveInfo {
    /// The number of rows.
    pub rows: u64,
    /// The number of blocks.
    pub blocks: usize,
    /// The SHA-256 of the model file, in hexadecimal digits.
    pub model_sha256: String,
    /// Whether the model is in the file.
    pub embedded: bool,
    /// Whether a text file comes back byte for byte.
    pub exact: bool,
    /// How far numbers may be from those that were compressed; `None` if all are the same.
    pub bounds: Option<ErrorBounds>,
    /// The columns.
    pub schema: SchemaRef,
}

impl<R: Read + Seek> Archive<R> {
    /// Opens a file; `name` is for messages.
    ///
    /// # Errors
    /// [`Error::Data`] if it is damaged or no such file; [`Error::Artifact`] if another version of
    /// the program is needed.
    pub fn open(input: R, name: &str) -> Result<Self> {
        let mut frames = FrameReader::open(input, name)?;
        let header = match frames.read()? {
            (b'H', header) => Header::from_bytes(&header, frames.version).map_err(|_| damaged(name))?,
            _ => return Err(damaged(name)),
        };
        let (tag, payload) = frames.read()?;
        let embedded = (tag == b'M').then_some(payload);
        let (index, after) = frames.index()?;
        Ok(Archive { frames, header, index, after, embedded, model: None })
    }

    /// What the file says of itself.
    pub fn info(&self) -> ArchiveInfo {
        ArchiveInfo {
            rows: self.rows(),
            blocks: self.index.len(),
            model_sha256: hex(&self.header.model),
            embedded: self.embedded.is_some(),
            exact: self.header.text.is_some(),
            bounds: self.header.bounds.clone(),
            schema: self.header.schema.clone(),
        }
    }

    fn rows(&self) -> u64 {
        self.index.iter().map(|entry| entry.rows).fold(0, u64::saturating_add)
    }

    /// Whether it needs a model that [`set_model`](Self::set_model) must give.
    pub fn needs_model(&self) -> bool {
        self.embedded.is_none() && self.model.is_none()
    }

    /// Gives the model with which the file was written.
    ///
    /// # Errors
    /// [`Error::Artifact`] if it is another model.
    pub fn set_model(&mut self, model: &CodecModel) -> Result<()> {
        if model.sha256() != self.header.model {
            return Err(self.wrong_model(format!("a model with SHA-256 {}", hex(&model.sha256()))));
        }
        self.model = Some(model.clone());
        Ok(())
    }

    fn wrong_model(&self, found: String) -> Error {
        Error::Artifact {
            path: self.frames.name().into(),
            problem: format!(
                "it was compressed with the model file whose SHA-256 is {}; found {found}",
                hex(&self.header.model)
            ),
            help: "give that file or its run with --model".into(),
        }
    }

    fn model(&mut self) -> Result<CodecModel> {
        if self.model.is_none() {
            let frame = self.embedded.as_ref().ok_or_else(|| self.wrong_model("none".into()))?;
            let bytes = decompressed(frame).map_err(|_| self.frames.damaged())?;
            let model = CodecModel::from_bytes(self.frames.name(), &bytes)?;
            self.set_model(&model)?;
        }
        self.model.clone().ok_or_else(|| Error::internal("the model was just set"))
    }

    /// The rows of a range, in batches.
    ///
    /// # Errors
    /// [`Error::Artifact`] without the model; [`Error::InvalidValue`] for a range beyond the rows.
    /// A batch is an [`Error::Data`] if its block is damaged.
    pub fn batches(
        &mut self,
        range: Range<u64>,
    ) -> Result<impl Iterator<Item = Result<RecordBatch>> + use<'_, R>> {
        let rows = self.rows();
        if range.start > range.end || range.end > rows {
            let expected = format!("a range within the {rows} rows");
            return Err(Error::invalid_value("rows", expected, format!("{}..{}", range.start, range.end)));
        }
        let model = self.model()?;
        let mut first = 0u64;
        let mut wanted = vec![];
        for entry in &self.index {
            let own = first..first.saturating_add(entry.rows);
            if own.start < range.end && own.end > range.start {
                let within = range.start.max(own.start) - own.start..range.end.min(own.end) - own.start;
                wanted.push((*entry, within));
            }
            first = own.end;
        }
        let (schema, name) = (self.header.schema.clone(), self.frames.name().to_string());
        let frames = &mut self.frames;
        let mut wanted = wanted.into_iter();
        let mut ready = vec![].into_iter();
        Ok(std::iter::from_fn(move || {
            if let Some(batch) = ready.next() {
                return Some(batch);
            }
            let some: Vec<_> = wanted.by_ref().take(rayon::current_num_threads()).collect();
            let read: Result<Vec<_>> = some
                .into_iter()
                .map(|(entry, within)| Ok((frames.at(entry.place)?, entry, within)))
                .collect();
            let decode = |block: &[WantedBlock]| {
                let ((tag, payload), entry, within) = &block[0];
                let batch =
                    rows_of(&model, &schema, *tag, payload, entry.rows).map_err(|cause| match cause {
                        Broken::Malformed => damaged(&name),
                        Broken::Other(error) => error,
                    })?;
                Ok(batch.slice(within.start as usize, (within.end - within.start) as usize))
            };
            ready = match read {
                Ok(read) => in_parallel(&read, 1, decode),
                Err(error) => vec![Err(error)],
            }
            .into_iter();
            ready.next()
        }))
    }

    /// Decodes everything; the number of rows.
    ///
    /// # Errors
    /// As [`batches`](Self::batches) and [`write_text`](Self::write_text).
    pub fn verify(&mut self) -> Result<u64> {
        let rows = self.rows();
        match self.header.text.is_some() {
            true => self.write_text(None, &mut std::io::sink())?,
            false => self.batches(0..rows)?.try_for_each(|batch| batch.map(drop))?,
        }
        Ok(rows)
    }

    /// Writes the text of an exact file: all of it, checked by its SHA-256, or a range of its rows.
    ///
    /// # Errors
    /// As [`batches`](Self::batches); [`Error::Data`] if the text is not the one that was
    /// compressed, after it was written.
    pub fn write_text(&mut self, range: Option<Range<u64>>, out: &mut dyn Write) -> Result<()> {
        let Some(rules) = self.header.text.clone() else {
            return Err(Error::internal("the file has no text"));
        };
        let name = self.frames.name().to_string();
        let broken = |_: Malformed| damaged(&name);
        let (tag, end) = self.frames.at(self.after)?;
        let (expected, lines) =
            end.split_at_checked(32).filter(|_| tag == b'T').ok_or_else(|| damaged(&name))?;
        let (lines, is_ended) = read_lines(&decompressed(lines).map_err(broken)?).map_err(broken)?;
        let whole = range.is_none();
        let lines = if whole { lines } else { vec![] };
        let mut text = TextWriter { out, hash: Sha256::new(), is_first: true };
        let (mut lines, mut row) = (lines.into_iter().peekable(), 0u64);
        let range = range.unwrap_or(0..self.rows());
        for batch in self.batches(range)? {
            let batch = batch?;
            let columns: Vec<_> = batch.columns().iter().filter_map(|c| c.as_string_opt::<i32>()).collect();
            for at in 0..batch.num_rows() {
                while let Some((_, line)) = lines.next_if(|(before, _)| *before == row) {
                    text.line(&line)?;
                }
                let mut line = vec![];
                rules.write_row(&mut line, columns.iter().map(|column| column.value(at)));
                text.line(&line)?;
                row += 1;
            }
        }
        for (_, line) in lines {
            text.line(&line)?;
        }
        if is_ended || !whole {
            text.put(b"\n")?;
        }
        match !whole || text.hash.finalize().as_slice() == expected {
            true => Ok(()),
            false => Err(damaged(&name)),
        }
    }
}

/// Text that is written line by line.
struct TextWriter<'a> {
    out: &'a mut dyn Write,
    hash: Sha256,
    is_first: bool,
}

impl TextWriter<'_> {
    fn line(&mut self, line: &[u8]) -> Result<()> {
        if !std::mem::take(&mut self.is_first) {
            self.put(b"\n")?;
        }
        self.put(line)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.hash.update(bytes);
        self.out.write_all(bytes).map_err(Error::io("write", "the text"))
    }
}

enum Broken {
    Malformed,
    Other(Error),
}

impl From<Malformed> for Broken {
    fn from(_: Malformed) -> Self {
        Broken::Malformed
    }
}

/// The rows of a block.
fn rows_of(
    model: &CodecModel,
    schema: &SchemaRef,
    tag: u8,
    payload: &[u8],
    expected: u64,
) -> Result<RecordBatch, Broken> {
    let mut unread = Unread(payload);
    let rows = unread.number()?;
    let batch = match tag {
        b'B' => {
            let describer = Describer::new(model.saved()).map_err(Broken::Other)?;
            block::decode(&describer, schema, usize::try_from(rows).map_err(|_| Malformed)?, unread.0)?
        }
        b'S' => {
            let stored = ipc::from_bytes(&decompressed(unread.0)?).map_err(|_| Malformed)?;
            stored.with_schema(schema.clone()).map_err(|_| Malformed)?
        }
        _ => return Err(Broken::Malformed),
    };
    match rows == expected && batch.num_rows() as u64 == rows {
        true => Ok(batch),
        false => Err(Broken::Malformed),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Archive<std::fs::File> {
    /// [`open`](Self::open) of a file by its path.
    ///
    /// # Errors
    /// As [`open`](Self::open); [`Error::Io`].
    pub fn of_path(path: &Path) -> Result<Self> {
        let file = std::fs::File::open(path).map_err(Error::io("open", path))?;
        Self::open(file, &path.to_string_lossy())
    }
}
