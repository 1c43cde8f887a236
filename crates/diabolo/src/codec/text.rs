//! Delimited text that comes back byte for byte: rows of cells, and the lines that are none.

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema, SchemaRef};

use super::wire::{Malformed, Unread, put_bytes, put_number};

/// How the cells of a row are separated, and the rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TextRules {
    delimiter: String,
    /// Lines end in `\r\n`, not `\n`.
    carriage_return: bool,
}

/// The delimiters that are tried. A blank after a comma belongs to it if it always follows.
const DELIMITERS: [&str; 8] = [", ", ",", "\t", "; ", ";", "|", " ", ":"];
/// The lines on which they are tried.
const TRIED_LINES: usize = 1000;

/// Lines, each with the number of rows before it.
pub(super) type Lines = Vec<(u64, Vec<u8>)>;

/// A text as rows, and what else it takes to write it again.
pub(super) struct Parsed {
    pub rules: TextRules,
    pub rows: RecordBatch,
    /// Lines that are no rows; and the rest of a text after its last end of a line, if it is none.
    pub lines: Lines,
    /// Whether the text ends in the end of a line.
    pub is_ended: bool,
}

impl TextRules {
    /// Text as a table with these columns; none if hardly a line is a row.
    pub fn parse(text: &[u8], names: &[String], header: bool) -> Option<Parsed> {
        let (is_ended, all) = match text.strip_suffix(b"\n") {
            Some(text) => (true, text),
            None => (false, text),
        };
        let carriage_return = all.split(|b| *b == b'\n').next()?.ends_with(b"\r");
        let tried = DELIMITERS.map(|delimiter| {
            let rules = TextRules { delimiter: delimiter.into(), carriage_return };
            let lines = all.split(|b| *b == b'\n').take(TRIED_LINES);
            (lines.filter(|line| rules.cells(line, names.len()).is_some()).count(), rules)
        });
        // The first of those that are equally good.
        let (fitting, rules) = tried.into_iter().rev().max_by_key(|(fitting, _)| *fitting)?;
        let all_lines = all.split(|b| *b == b'\n');
        if 2 * fitting < all_lines.clone().take(TRIED_LINES).count() {
            return None;
        }
        let (mut columns, mut lines, mut rows) = (vec![vec![]; names.len()], vec![], 0);
        let mut header = header;
        for line in all_lines {
            match rules.cells(line, names.len()).filter(|_| !std::mem::take(&mut header)) {
                Some(cells) => {
                    columns.iter_mut().zip(cells).for_each(|(column, cell)| column.push(cell));
                    rows += 1;
                }
                None => lines.push((rows, line.to_vec())),
            }
        }
        let schema = schema_of(names);
        let arrays = columns.into_iter().map(|cells| Arc::new(StringArray::from(cells)) as ArrayRef);
        let rows = RecordBatch::try_new(schema, arrays.collect()).ok()?;
        Some(Parsed { rules, rows, lines, is_ended })
    }

    /// As [`parse`](Self::parse); text that is no table becomes one line.
    pub fn parse_or_keep(text: &[u8], names: &[String], header: bool) -> Parsed {
        Self::parse(text, names, header).unwrap_or_else(|| Parsed {
            rules: TextRules { delimiter: ",".into(), carriage_return: false },
            rows: RecordBatch::new_empty(schema_of(names)),
            lines: vec![(0, text.to_vec())],
            is_ended: false,
        })
    }

    /// The cells of a line, without the end of the line; none if it is no row.
    fn cells<'a>(&self, line: &'a [u8], count: usize) -> Option<Vec<&'a str>> {
        let line = if self.carriage_return { line.strip_suffix(b"\r")? } else { line };
        let text = std::str::from_utf8(line).ok().filter(|text| !text.contains('\r'))?;
        if !text.contains('"') {
            let cells: Vec<&str> = text.split(&self.delimiter).collect();
            return (cells.len() == count).then_some(cells);
        }
        let (mut cells, mut start, mut quoted) = (vec![], 0, false);
        for (at, c) in text.char_indices() {
            if c == '"' {
                quoted = !quoted;
            } else if !quoted && at >= start && text[at..].starts_with(&self.delimiter) {
                cells.push(&text[start..at]);
                start = at + self.delimiter.len();
            }
        }
        cells.push(text.get(start..)?);
        (cells.len() == count && !quoted).then_some(cells)
    }

    /// Appends a row.
    pub fn write_row<'a>(&self, out: &mut Vec<u8>, cells: impl Iterator<Item = &'a str>) {
        for (at, cell) in cells.enumerate() {
            if at > 0 {
                out.extend_from_slice(self.delimiter.as_bytes());
            }
            out.extend_from_slice(cell.as_bytes());
        }
        if self.carriage_return {
            out.push(b'\r');
        }
    }

    pub fn put(&self, out: &mut Vec<u8>) {
        put_bytes(out, self.delimiter.as_bytes());
        out.push(u8::from(self.carriage_return));
    }

    pub fn read(unread: &mut Unread) -> Result<Self, Malformed> {
        let delimiter = std::str::from_utf8(unread.bytes()?).map_err(|_| Malformed)?.to_string();
        Ok(TextRules { delimiter, carriage_return: unread.byte()? == 1 })
    }
}

fn schema_of(names: &[String]) -> SchemaRef {
    let fields = names.iter().map(|name| Field::new(name, DataType::Utf8, true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// The lines that are no rows, with whether the text is ended.
pub(super) fn put_lines(lines: &[(u64, Vec<u8>)], is_ended: bool) -> Vec<u8> {
    let mut out = vec![u8::from(is_ended)];
    put_number(&mut out, lines.len() as u64);
    for (before, line) in lines {
        put_number(&mut out, *before);
        put_bytes(&mut out, line);
    }
    out
}

pub(super) fn read_lines(bytes: &[u8]) -> Result<(Lines, bool), Malformed> {
    let mut unread = Unread(bytes);
    let is_ended = unread.byte()? == 1;
    let count = unread.number()?;
    let mut lines = vec![];
    for _ in 0..count {
        lines.push((unread.number()?, unread.bytes()?.to_vec()));
    }
    Ok((lines, is_ended))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use arrow_array::cast::AsArray;

    use super::*;

    /// Writes what was parsed.
    fn written(parsed: &Parsed) -> Vec<u8> {
        let mut out: Vec<u8> = vec![];
        let mut lines = parsed.lines.iter().peekable();
        let mut first = true;
        let mut each = |out: &mut Vec<u8>, write: &dyn Fn(&mut Vec<u8>)| {
            if !std::mem::take(&mut first) {
                out.push(b'\n');
            }
            write(out);
        };
        for row in 0..=parsed.rows.num_rows() {
            while let Some((_, line)) = lines.next_if(|(before, _)| *before == row as u64) {
                each(&mut out, &|out| out.extend(line));
            }
            if row < parsed.rows.num_rows() {
                let cells = || parsed.rows.columns().iter().map(|c| c.as_string::<i32>().value(row));
                each(&mut out, &|out| parsed.rules.write_row(out, cells()));
            }
        }
        if parsed.is_ended {
            out.push(b'\n');
        }
        out
    }

    #[test]
    fn texts_come_back_byte_for_byte() {
        let names: Vec<String> = ["a", "b", "c"].map(String::from).to_vec();
        for text in [
            "a,b,c\n1,2,3\n4,,\n",
            "|a remark\n1, 2, 3\n4, 5, 6\n\n",
            "1\t2\t3\r\n4\t5\t6\r\n7\t8\t9",
            "1,\"x, y\",3\n\"q\"\"\",5,6\n7,8\n\"open,1,2\n9,9,9\n",
            "1,2,3\nnot a row\n\n1,2,3\n4,5,6\n\n",
        ] {
            let parsed = TextRules::parse(text.as_bytes(), &names, text.starts_with('a')).unwrap();
            assert_eq!(String::from_utf8(written(&parsed)).unwrap(), text);
            let lines = put_lines(&parsed.lines, parsed.is_ended);
            assert_eq!(read_lines(&lines).unwrap(), (parsed.lines.clone(), parsed.is_ended));
        }
        let blank = TextRules::parse(b"1, 2, 3\n4, 5, 6\n", &names, false).unwrap();
        assert_eq!((blank.rules.delimiter.as_str(), blank.rows.num_rows()), (", ", 2));
        assert!(TextRules::parse(b"just text\nof lines\n", &names, false).is_none());
        let latin = TextRules::parse(b"1,2,3\n\xe9,5,6\n1,2,3\n", &names, false).unwrap();
        assert_eq!(latin.lines.len(), 1, "not UTF-8");
    }
}
