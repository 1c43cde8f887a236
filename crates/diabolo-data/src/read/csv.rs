//! Delimited text.

use std::collections::HashSet;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::sync::Arc;

use arrow_array::builder::{ArrayBuilder, StringBuilder};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8};

use super::bad_rows::BadRows;
use super::dialect::{self, Preamble};
use super::records::{Dialect, Records};
use super::{ReadOptions, Source, TextFormat, sniff};
use crate::input::{Bytes, Input, read_error};
use crate::names::unnamed_column;
use crate::{DataProblem, Error, Result};

/// Number of bytes used to detect encoding, delimiter and header, and the most if lines are longer.
const SAMPLE: usize = 256 << 10;
const LARGEST_SAMPLE: usize = 256 << 20;

/// Opens delimited text. Every column is read as text; [`super::dialect`] detects the options.
pub(super) fn open(
    mut input: Input,
    options: &ReadOptions,
    delimiter: Option<u8>,
    bad_rows: BadRows,
) -> Result<Source> {
    let name = input.name.clone();
    let encoding = match &options.encoding {
        Some(label) => Encoding::for_label(label.as_bytes()).ok_or_else(|| {
            Error::config("encoding", "a label such as utf-8, latin1 or utf-16le", format!("'{label}'"))
        })?,
        None => sniff::encoding(input.head(SAMPLE)?),
    };
    let bom = Encoding::for_bom(input.head(3)?)
        .filter(|(found, _)| *found == encoding)
        .map_or(0, |(_, length)| length);
    let mut text = decoded(input.into_bytes(), encoding, bom).map_err(|e| read_error(&name, e))?;
    let (sample, complete) = sample(&mut text).map_err(|e| read_error(&name, e))?;
    if sample.contains(&0) {
        let help = "give the file the extension of its format, or name the encoding with --encoding";
        return Err(Error::data(name, "text or a known binary format", "binary data", help));
    }
    let line_end = dialect::line_end(&sample);
    let preamble = dialect::preamble(&sample, line_end);
    let table = &sample[preamble.bytes..];
    let asked = options.delimiter.map(ascii).transpose()?.or(preamble.delimiter).or(delimiter);
    let delimiter = asked.unwrap_or_else(|| dialect::delimiter(table, line_end, complete));
    let dialect = Dialect { delimiter, line_end };
    let first_records = dialect::records(table, dialect, complete);
    let first = first_records.first().ok_or_else(|| sniff::empty(&name))?;
    let (header, question) =
        options.header.map_or_else(|| dialect::header(&first_records), |header| (header, None));
    let remark =
        remark_names(&preamble, dialect, first.len()).filter(|_| !header && options.header.is_none());
    say(&name, &preamble, remark.is_some(), question, options);
    let names = match remark {
        Some(names) => names,
        None if header => column_names(&name, first)?,
        None => numbered(first.len()),
    };
    let fields = names.iter().map(|name| Field::new(name, DataType::Utf8, true));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let rest = Cursor::new(table.to_vec()).chain(text);
    let mut table = Table {
        name: name.clone(),
        schema: schema.clone(),
        records: Records::new(rest, dialect),
        batch_rows: options.rows_per_batch(first.len() * 8),
        sizes: vec![(0, 0); first.len()],
        lines_before: preamble.lines,
        row: 0,
        bad_rows,
    };
    if header {
        table.advance()?;
        table.row = 0;
    }
    let format = TextFormat { delimiter: char::from(delimiter), header, encoding: encoding.name() };
    Ok(Source { text_format: Some(format), ..Source::new(name, schema, None, table) })
}

/// The first bytes, with some whole lines if there are any; and whether they are all.
fn sample(text: &mut Bytes) -> io::Result<(Vec<u8>, bool)> {
    const LINES: usize = 8;
    let (mut sample, mut size) = (Vec::new(), SAMPLE);
    loop {
        text.take((size - sample.len()) as u64).read_to_end(&mut sample)?;
        let complete = sample.len() < size;
        let lines = sample.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count();
        if complete || lines >= LINES || size >= LARGEST_SAMPLE {
            return Ok((sample, complete));
        }
        size *= 4;
    }
}

/// The names in the last line that begins with `#`, if there is one for each column.
fn remark_names(preamble: &Preamble, dialect: Dialect, width: usize) -> Option<Vec<String>> {
    let records = dialect::records(preamble.remark.as_ref()?.as_bytes(), dialect, true);
    let names = records.into_iter().next().filter(|names| names.len() == width && width > 1)?;
    let mut seen = HashSet::new();
    let sound =
        names.iter().all(|name| !name.is_empty() && name.parse::<f64>().is_err() && seen.insert(name));
    sound.then_some(names)
}

/// Says what was skipped, and asks what is not sure.
fn say(name: &str, preamble: &Preamble, named: bool, question: Option<String>, options: &ReadOptions) {
    if preamble.remark.is_some() && !named {
        let lines =
            if preamble.lines == 1 { "the comment line".into() } else { format!("{} lines", preamble.lines) };
        options.on_note.note(format!("{name}: skipped {lines} before the table"));
    }
    if let Some(question) = question {
        options.on_note.note(format!("{name}: {question}"));
    }
}

/// `column_1`, `column_2`, … for rows without names.
pub(super) fn numbered(width: usize) -> Vec<String> {
    (0..width).map(unnamed_column).collect()
}

fn column_names(file: &str, cells: &[String]) -> Result<Vec<String>> {
    let mut seen = HashSet::new();
    let names = cells.iter().zip(numbered(cells.len()));
    let names =
        names.map(|(cell, number)| if cell.is_empty() { number } else { cell.clone() }).collect::<Vec<_>>();
    match names.iter().find(|name| !seen.insert(*name)) {
        Some(twice) => Err(Error::data(
            file,
            "unique column names",
            "the same name twice",
            "rename one, or pass --no-header if the first row is data",
        )
        .in_column(twice)),
        None => Ok(names),
    }
}

/// The rows of a text file, batch by batch.
struct Table<R> {
    name: String,
    schema: SchemaRef,
    records: Records<R>,
    batch_rows: usize,
    /// The rows and bytes of each column of the last batch: the next one probably has as many.
    sizes: Vec<(usize, usize)>,
    /// Number of lines before the table.
    lines_before: u64,
    row: u64,
    bad_rows: BadRows,
}

impl<R: Read> Table<R> {
    /// Reads the next record that is not blank; false at the end.
    fn advance(&mut self) -> Result<bool> {
        loop {
            if !self.records.advance().map_err(|error| read_error(&self.name, error))? {
                return Ok(false);
            }
            if !self.records.record().is_blank() {
                self.row += 1;
                return Ok(true);
            }
        }
    }

    /// Adds the cells of the last record; those that are empty are null.
    fn add(&self, columns: &mut [StringBuilder]) -> Result<()> {
        let (record, width) = (self.records.record(), columns.len());
        if record.is_run_on() {
            let help = "close the quote, or double it if it belongs to the text";
            return Err(self.damaged("a closing quote", "a cell that goes on over the line".into(), help));
        }
        let text = record.text();
        // Blank cells after the last column come from trailing delimiters.
        let blank = |(range, _): (std::ops::Range<usize>, bool)| text[range].trim_ascii().is_empty();
        if record.len() < width || !record.cells().skip(width).all(blank) {
            let help = "fix the row (an unclosed quote is a possible cause), or pass --delimiter";
            return Err(self.damaged(&format!("{width} cells"), record.len().to_string(), help));
        }
        let whole = std::str::from_utf8(text).ok();
        let whole = whole.filter(|text| record.cells().all(|(range, _)| text.is_char_boundary(range.end)));
        let Some(text) = whole else { return Err(self.not_utf8()) };
        for (column, (range, _)) in columns.iter_mut().zip(record.cells()) {
            let cell = &text[range];
            column.append_option((!cell.is_empty()).then_some(cell));
        }
        Ok(())
    }

    fn read_batch(&mut self) -> Result<Option<RecordBatch>> {
        let room = |&(rows, bytes): &(usize, usize)| StringBuilder::with_capacity(rows, bytes + bytes / 16);
        let mut columns = self.sizes.iter().map(room).collect::<Vec<_>>();
        let mut rows = 0;
        while rows < self.batch_rows && self.advance()? {
            match self.add(&mut columns) {
                Ok(()) => rows += 1,
                Err(error) => {
                    self.bad_rows.skip(error)?;
                    if self.records.record().is_run_on() {
                        self.records.resume_at_second_line();
                    }
                }
            }
        }
        if rows == 0 {
            self.bad_rows.end();
            return Ok(None);
        }
        self.sizes = columns.iter().map(|column| (column.len(), column.values_slice().len())).collect();
        let columns = columns.iter_mut().map(|column| Arc::new(column.finish()) as ArrayRef).collect();
        RecordBatch::try_new(self.schema.clone(), columns)
            .map(Some)
            .map_err(|e| super::arrow_error(&self.name, e))
    }

    /// An error about the last record.
    fn damaged(&self, expected: &str, found: String, help: &str) -> Error {
        let found = format!("{found} (line {})", self.records.line() + self.lines_before);
        let error = Error::data(self.name.as_str(), expected, found, help).at_row(self.row);
        error.because(DataProblem::Damaged)
    }

    fn not_utf8(&self) -> Error {
        let record = self.records.record();
        let cells = record.cells().map(|(range, _)| &record.text()[range]);
        let found = cells.enumerate().find(|(_, cell)| std::str::from_utf8(cell).is_err());
        let (column, cell) = found.unwrap_or((0, record.text()));
        let found = format!("the bytes of '{}'", String::from_utf8_lossy(cell));
        let help = "pass --encoding, for example --encoding latin1";
        self.damaged("UTF-8 text", found, help).in_column(self.schema.field(column).name())
    }
}

impl<R: Read> Iterator for Table<R> {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read_batch().transpose()
    }
}

/// The text as UTF-8, without its byte order mark.
fn decoded(mut bytes: Bytes, encoding: &'static Encoding, bom: usize) -> io::Result<Bytes> {
    io::copy(&mut (&mut bytes).take(bom as u64), &mut io::sink())?;
    if encoding == UTF_8 {
        return Ok(bytes); // Checked per cell, so that an error can name the row and the column.
    }
    Ok(Box::new(Transcoder {
        bytes: BufReader::new(bytes),
        decoder: encoding.new_decoder_without_bom_handling(),
        text: Vec::new(),
        given: 0,
        ended: false,
    }))
}

/// Converts another encoding to UTF-8 while reading.
struct Transcoder {
    bytes: BufReader<Bytes>,
    decoder: Decoder,
    text: Vec<u8>,
    given: usize,
    ended: bool,
}

impl Transcoder {
    fn refill(&mut self) -> io::Result<()> {
        let input = self.bytes.fill_buf()?;
        self.ended = input.is_empty();
        self.text.resize(self.decoder.max_utf8_buffer_length(input.len()).unwrap_or(1 << 16), 0);
        let (result, read, written) =
            self.decoder.decode_to_utf8_without_replacement(input, &mut self.text, self.ended);
        if let DecoderResult::Malformed(..) = result {
            let problem = format!("bytes that are not {}; pass --encoding", self.decoder.encoding().name());
            return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
        }
        self.bytes.consume(read);
        self.text.truncate(written);
        self.given = 0;
        Ok(())
    }
}

impl Read for Transcoder {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.given == self.text.len() && !self.ended {
            self.refill()?;
        }
        let count = out.len().min(self.text.len() - self.given);
        out[..count].copy_from_slice(&self.text[self.given..self.given + count]);
        self.given += count;
        Ok(count)
    }
}

fn ascii(delimiter: char) -> Result<u8> {
    let byte = u8::try_from(delimiter).ok().filter(u8::is_ascii);
    byte.ok_or_else(|| Error::config("delimiter", "one ASCII character", format!("'{delimiter}'")))
}
