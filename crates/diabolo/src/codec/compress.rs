//! Writing a `.dbz` file.

use std::io::Write;
use std::path::Path;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use sha2::{Digest, Sha256};

use super::block::{self, compressed};
use super::bounds::{ErrorBounds, is_within};
use super::frame::{FORMAT_VERSION, FrameWriter, Header};
use super::model::Describer;
use super::text::{TextRules, put_lines};
use crate::artifact::{Run, SavedModel};
use crate::data::{DataProblem, ipc};
use crate::distribution::Family;
use crate::kernel::in_parallel;
use crate::tensor::Device;
use crate::{Error, Result};

/// A model that a codec can use, with the identity of its file.
#[derive(Clone)]
pub struct CodecModel {
    saved: SavedModel,
    bytes: Vec<u8>,
    sha256: [u8; 32],
}

impl CodecModel {
    /// From a run folder or a model file.
    ///
    /// # Errors
    /// As [`SavedModel::load`]; [`Error::Unsupported`] for a model that is not variational with a
    /// standard normal prior, or is conditional or of windows.
    pub fn open(path: &Path) -> Result<Self> {
        let path = Run::model_file(path)?;
        let bytes = std::fs::read(&path).map_err(Error::io("read", &path))?;
        Self::from_bytes(&path.to_string_lossy(), &bytes)
    }

    /// From the bytes of a model file; `name` is for messages.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn from_bytes(name: &str, bytes: &[u8]) -> Result<Self> {
        let saved = SavedModel::from_bytes(Path::new(name), bytes, &Device::cpu())?;
        Describer::new(&saved)?;
        Ok(CodecModel { saved, bytes: bytes.to_vec(), sha256: Sha256::digest(bytes).into() })
    }

    /// The model without what only other tasks need, for a file that has it in it.
    fn stripped(&self) -> Result<Self> {
        let alone = SavedModel { detector: None, latent: None, aggregate: None, ..self.saved.clone() };
        Self::from_bytes("model", &alone.to_bytes()?)
    }

    /// The model.
    pub fn saved(&self) -> &SavedModel {
        &self.saved
    }

    /// Whether it is of pictures, and has no masses of their grey levels.
    pub fn lacks_grey_levels(&self) -> bool {
        let blocks = &self.saved.architecture.likelihood;
        self.saved.header.preprocessor.schema.image_shape().is_some()
            && !blocks.iter().any(|block| matches!(block.family, Family::DiscretizedLogistic { .. }))
    }

    /// The SHA-256 of the model file.
    pub fn sha256(&self) -> [u8; 32] {
        self.sha256
    }

    /// The length of the model file.
    pub fn file_bytes(&self) -> usize {
        self.bytes.len()
    }
}

/// Options of [`compress`].
#[derive(Debug, Clone, PartialEq)]
pub struct CompressOptions {
    /// The number of rows of a block, which is decoded as a whole; up to 2²⁰.
    pub block_rows: usize,
    /// Whether the file has the model in it, without what only other tasks need.
    pub embed: bool,
    /// How far numbers may be from their cells, relative to the training range of their column;
    /// `None` for exact ones.
    pub error: Option<f64>,
}

impl Default for CompressOptions {
    fn default() -> Self {
        CompressOptions { block_rows: 1 << 15, embed: false, error: None }
    }
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compressed {
    /// The number of rows.
    pub rows: u64,
    /// The number of blocks.
    pub blocks: usize,
    /// The blocks that are stored without the model, since that is smaller.
    pub stored_blocks: usize,
    /// The length of the file.
    pub bytes: u64,
    /// What the model takes of it; 0 if it is not embedded.
    pub embedded_bytes: u64,
}

/// Writes rows; every block is decoded again and compared before it is written.
///
/// # Errors
/// The first error of reading or writing; [`Error::Conflict`] for an error bound and a model of
/// images.
pub fn compress(
    model: &CodecModel,
    schema: SchemaRef,
    batches: impl Iterator<Item = Result<RecordBatch>>,
    out: impl Write,
    options: &CompressOptions,
) -> Result<Compressed> {
    let model = &if options.embed { model.stripped()? } else { model.clone() };
    let preprocessor = &model.saved.header.preprocessor;
    let bounds = options.error.map(|error| ErrorBounds::new(preprocessor, error)).transpose()?;
    let header = Header { model: model.sha256, schema, text: None, bounds };
    let mut writer = Writer::new(model, header, out, options)?;
    writer.write_all(batches)?;
    writer.finish()
}

/// Writes delimited text such that it comes back byte for byte; text that is no table with the
/// columns `names` as a whole. `header`: its first line has the names.
///
/// # Errors
/// Those of writing.
pub fn compress_text(
    model: &CodecModel,
    text: &[u8],
    names: &[String],
    header: bool,
    out: impl Write,
    options: &CompressOptions,
) -> Result<Compressed> {
    if options.error.is_some() {
        let reason = "text that comes back byte for byte has no room for errors";
        return Err(Error::conflict("--error", "--exact", reason));
    }
    let model = &if options.embed { model.stripped()? } else { model.clone() };
    let parsed = TextRules::parse_or_keep(text, names, header);
    let schema = parsed.rows.schema();
    let header = Header { model: model.sha256, schema, text: Some(parsed.rules), bounds: None };
    let mut writer = Writer::new(model, header, out, options)?;
    writer.write_all([Ok(parsed.rows)].into_iter())?;
    let mut end = Sha256::digest(text).to_vec();
    end.extend(compressed(&put_lines(&parsed.lines, parsed.is_ended))?);
    writer.frames.write(b'T', &end).map_err(failed)?;
    writer.finish()
}

fn failed(cause: std::io::Error) -> Error {
    Error::io("write", "the compressed file")(cause)
}

struct Writer<'a, W> {
    describer: Describer<'a>,
    frames: FrameWriter<W>,
    bounds: Option<ErrorBounds>,
    block_rows: usize,
    stored_blocks: usize,
    embedded_bytes: u64,
}

impl<'a, W: Write> Writer<'a, W> {
    fn new(model: &'a CodecModel, header: Header, out: W, options: &CompressOptions) -> Result<Self> {
        if !(1..=block::MOST_ROWS).contains(&options.block_rows) {
            let expected = format!("1 to {}", block::MOST_ROWS);
            return Err(Error::invalid_value("block_rows", expected, options.block_rows));
        }
        let describer = Describer::new(&model.saved)?;
        if let Some(feature) = describer.features().iter().find(|f| header.schema.index_of(f.name).is_err()) {
            let expected = format!("the columns of the model, such as '{}'", feature.name);
            let help = "give rows with the columns that the model was fitted on";
            let error = Error::data("rows", expected, "no such column", help).in_column(feature.name);
            return Err(error.because(DataProblem::MissingColumn));
        }
        let mut frames = FrameWriter::new(out, FORMAT_VERSION).map_err(failed)?;
        frames.write(b'H', &header.to_checked_bytes()?).map_err(failed)?;
        let mut embedded_bytes = 0;
        if options.embed {
            let bytes = compressed(&model.bytes)?;
            frames.write(b'M', &bytes).map_err(failed)?;
            embedded_bytes = bytes.len() as u64;
        }
        frames.end_of_blocks();
        let (bounds, block_rows) = (header.bounds, options.block_rows);
        Ok(Writer { describer, frames, bounds, block_rows, stored_blocks: 0, embedded_bytes })
    }

    /// Writes blocks of rows, as many at a time as there are threads.
    fn write_all(&mut self, batches: impl Iterator<Item = Result<RecordBatch>>) -> Result<()> {
        let mut blocks = blocks(batches, self.block_rows);
        loop {
            let some: Vec<RecordBatch> =
                blocks.by_ref().take(rayon::current_num_threads()).collect::<Result<_>>()?;
            if some.is_empty() {
                return Ok(());
            }
            let (describer, bounds) = (&self.describer, self.bounds.as_ref());
            let encode = |rows: &[RecordBatch]| encoded(describer, &rows[0], bounds);
            let encoded: Vec<(u8, Vec<u8>)> =
                in_parallel(&some, 1, encode).into_iter().collect::<Result<_>>()?;
            for (rows, (tag, payload)) in some.iter().zip(encoded) {
                self.stored_blocks += usize::from(tag == b'S');
                self.frames.write_block(tag, rows.num_rows() as u64, &payload).map_err(failed)?;
            }
        }
    }

    fn finish(self) -> Result<Compressed> {
        let (rows, blocks) =
            (self.frames.index.iter().map(|entry| entry.rows).sum(), self.frames.index.len());
        let (mut out, bytes) = self.frames.finish().map_err(failed)?;
        out.flush().map_err(failed)?;
        let (stored_blocks, embedded_bytes) = (self.stored_blocks, self.embedded_bytes);
        Ok(Compressed { rows, blocks, stored_blocks, bytes, embedded_bytes })
    }
}

/// Batches of any sizes as batches of `size` rows and a last smaller one.
fn blocks(
    batches: impl Iterator<Item = Result<RecordBatch>>,
    size: usize,
) -> impl Iterator<Item = Result<RecordBatch>> {
    let mut batches = batches.fuse();
    let mut left: Vec<RecordBatch> = vec![];
    std::iter::from_fn(move || {
        while left.iter().map(RecordBatch::num_rows).sum::<usize>() < size {
            match batches.next() {
                Some(Ok(batch)) if batch.num_rows() == 0 => {}
                Some(Ok(batch)) => left.push(batch),
                Some(Err(error)) => return Some(Err(error)),
                None => break,
            }
        }
        let schema = left.first()?.schema();
        let all = match arrow_select::concat::concat_batches(&schema, &left) {
            Ok(all) => all,
            Err(cause) => return Some(Err(Error::internal(cause.to_string()))),
        };
        let rows = all.num_rows().min(size);
        left = vec![all.slice(rows, all.num_rows() - rows)];
        left.retain(|rest| rest.num_rows() > 0);
        Some(Ok(all.slice(0, rows)))
    })
}

/// The tag and the payload of a block: with the model, if it comes back, or within its bounds, and
/// is smaller than without.
fn encoded(describer: &Describer, rows: &RecordBatch, bounds: Option<&ErrorBounds>) -> Result<(u8, Vec<u8>)> {
    let payload = block::encode(describer, rows, bounds)?;
    let decoded = block::decode(describer, &rows.schema(), rows.num_rows(), &payload);
    let decoded = decoded.ok().filter(|decoded| is_within(describer, rows, decoded, bounds));
    let plain = decoded.as_ref().unwrap_or(rows);
    let plain = ipc::to_bytes(plain).map_err(|cause| Error::internal(cause.to_string()))?;
    // A fast look first: the frame that is stored takes long.
    let quick = zstd::bulk::compress(&plain, 3).map_err(failed)?;
    if decoded.is_some() && payload.len() <= quick.len() / 2 {
        return Ok((b'B', payload));
    }
    let stored = compressed(&plain)?;
    let is_smaller = decoded.is_some() && payload.len() <= stored.len();
    Ok(if is_smaller { (b'B', payload) } else { (b'S', stored) })
}
