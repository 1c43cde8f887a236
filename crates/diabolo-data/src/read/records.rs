//! The records of delimited text, split into cells as they are in the file.
//!
//! Quotes are those of RFC 4180: a cell that begins with `"` ends at the next `"` that is not
//! doubled, and may hold delimiters and line breaks.

use std::io::{self, Read};

/// A quoted cell that is longer has lost its closing quote.
const LONGEST_QUOTED: usize = 4 << 20;
/// The number of bytes read at a time.
const PIECE: u64 = 256 << 10;

/// How text is divided into records and cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dialect {
    /// The cell separator; a blank means any run of blanks.
    pub delimiter: u8,
    /// The end of a line: a newline, or a carriage return in files of the old Macintosh. A carriage
    /// return before a newline belongs to the line break.
    pub line_end: u8,
}

/// One record.
#[derive(Debug, Default)]
pub(super) struct Record {
    /// The text of all cells, without quotes and delimiters.
    text: Vec<u8>,
    /// The end of each cell in `text`, and whether it was quoted.
    cells: Vec<(usize, bool)>,
    /// Number of lines it takes.
    lines: u64,
    /// A quote is not closed, or text follows a closing quote.
    loose: bool,
    /// The text ends within quotes.
    unclosed: bool,
}

impl Record {
    /// Number of cells.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// The text of all cells.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// The range of each cell in [`text`](Self::text), and whether it was quoted.
    pub fn cells(&self) -> impl Iterator<Item = (std::ops::Range<usize>, bool)> {
        let starts = std::iter::once(0).chain(self.cells.iter().map(|cell| cell.0));
        starts.zip(&self.cells).map(|(start, &(end, quoted))| (start..end, quoted))
    }

    /// Whether a lost quote has joined several lines, or goes on to the end.
    pub fn is_run_on(&self) -> bool {
        self.unclosed || self.loose && self.lines > 1
    }

    /// Whether there is nothing but blanks, not even an empty quoted cell.
    pub fn is_blank(&self) -> bool {
        match self.cells.as_slice() {
            [] => true,
            [(_, quoted)] => !quoted && self.text.trim_ascii().is_empty(),
            _ => false,
        }
    }

    fn clear(&mut self) {
        self.text.clear();
        self.cells.clear();
        (self.lines, self.loose, self.unclosed) = (0, false, false);
    }

    /// Adds the cells of a line; `open` if it begins within quotes. Returns whether it ends within
    /// quotes.
    fn split(&mut self, mut rest: &[u8], mut open: bool, delimiter: u8) -> bool {
        let runs = delimiter == b' ';
        let mut quoted = open;
        loop {
            if !open {
                if runs {
                    rest = rest.trim_ascii_start();
                    if rest.is_empty() {
                        return false;
                    }
                }
                quoted = rest.first() == Some(&b'"');
                open = quoted;
                rest = &rest[usize::from(quoted)..];
            }
            while open {
                let Some(at) = rest.iter().position(|byte| *byte == b'"') else {
                    self.text.extend_from_slice(rest);
                    return true;
                };
                open = rest.get(at + 1) == Some(&b'"');
                self.text.extend_from_slice(&rest[..at + usize::from(open)]);
                rest = &rest[at + 1 + usize::from(open)..];
            }
            let end = rest.iter().position(|byte| *byte == delimiter);
            let (tail, after) = end.map_or((rest, None), |end| (&rest[..end], Some(&rest[end + 1..])));
            self.loose |= quoted && !tail.trim_ascii().is_empty();
            self.text.extend_from_slice(tail);
            self.cells.push((self.text.len(), quoted));
            match after {
                Some(after) => rest = after,
                None => return false,
            }
        }
    }
}

/// Reads records.
pub(super) struct Records<R> {
    reader: R,
    dialect: Dialect,
    record: Record,
    /// The bytes from the start of the current record on, and what was read after them.
    buffer: Vec<u8>,
    /// Where the current record starts, its first line ends, and the next record starts.
    start: usize,
    second_line: usize,
    next: usize,
    /// Number of lines before the current record.
    lines_before: u64,
    ended: bool,
}

impl<R: Read> Records<R> {
    pub fn new(reader: R, dialect: Dialect) -> Self {
        Records {
            reader,
            dialect,
            record: Record::default(),
            buffer: Vec::new(),
            start: 0,
            second_line: 0,
            next: 0,
            lines_before: 0,
            ended: false,
        }
    }

    /// The last record.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// The line on which the last record begins, from 1.
    pub fn line(&self) -> u64 {
        self.lines_before + 1
    }

    /// Reads the next record; false at the end.
    pub fn advance(&mut self) -> io::Result<bool> {
        self.lines_before += self.record.lines;
        self.record.clear();
        self.compact();
        let mut open = false;
        loop {
            let Some((end, next)) = self.find_line()? else {
                if open {
                    self.record.unclosed = true;
                    self.record.cells.push((self.record.text.len(), true));
                }
                return Ok(self.record.lines > 0);
            };
            let line = &self.buffer[self.next..end];
            // A carriage return before the newline is part of the line break, unless it is quoted.
            let within = line.strip_suffix(b"\r").unwrap_or(line);
            open = self.record.split(within, open, self.dialect.delimiter);
            if open {
                self.record.text.extend_from_slice(&self.buffer[self.next + within.len()..next]);
            }
            self.record.lines += 1;
            self.next = next;
            if self.record.lines == 1 {
                self.second_line = next;
            }
            if open && self.next - self.start > LONGEST_QUOTED {
                self.record.loose = true;
                return Ok(true);
            }
            if !open {
                return Ok(true);
            }
        }
    }

    /// Goes back to the second line of the last record.
    pub fn resume_at_second_line(&mut self) {
        self.next = self.second_line;
        self.record.lines = self.record.lines.min(1);
    }

    /// The end of the line that starts at `next`, and the start of the line after it; none at the
    /// end of the text.
    fn find_line(&mut self) -> io::Result<Option<(usize, usize)>> {
        let mut searched = self.next;
        loop {
            let line_end = self.dialect.line_end;
            if let Some(at) = self.buffer[searched..].iter().position(|byte| *byte == line_end) {
                return Ok(Some((searched + at, searched + at + 1)));
            }
            searched = self.buffer.len();
            if self.ended {
                return Ok((self.next < searched).then_some((searched, searched)));
            }
            self.ended = (&mut self.reader).take(PIECE).read_to_end(&mut self.buffer)? == 0;
        }
    }

    /// Forgets the bytes of earlier records, now and then.
    fn compact(&mut self) {
        if self.next > PIECE as usize {
            self.buffer.drain(..self.next);
            self.next = 0;
        }
        self.start = self.next;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// The records of a text with the line of each, quoted cells in brackets; a run-on record ends
    /// in `!`.
    fn records(text: &str, delimiter: u8, line_end: u8) -> Vec<String> {
        let mut records = Records::new(text.as_bytes(), Dialect { delimiter, line_end });
        let mut found = vec![];
        while records.advance().unwrap() {
            let record = records.record();
            let cells = record.cells().map(|(range, quoted)| {
                let text = String::from_utf8_lossy(&record.text()[range]).into_owned();
                if quoted { format!("[{text}]") } else { text }
            });
            let cells = cells.collect::<Vec<_>>().join("|");
            let mark = if record.is_run_on() { "!" } else { "" };
            found.push(format!("{}:{cells}{mark}", records.line()));
            if record.is_run_on() {
                records.resume_at_second_line();
            }
        }
        found
    }

    #[test]
    fn cells_are_as_in_the_file() {
        let text = "a, b ,\"c\"\r\n\"x, \"\"y\"\"\",,\"\"\r\n\n5\" pipe,\"u\r\nv\",z";
        assert_eq!(
            records(text, b',', b'\n'),
            ["1:a| b |[c]", "2:[x, \"y\"]||[]", "3:", "4:5\" pipe|[u\r\nv]|z"]
        );
        assert_eq!(records("a,b\r1,\"2\r3\"\r", b',', b'\r'), ["1:a|b", "2:1|[2\r3]"]);
        assert_eq!(records("  1.0   2.0 \n\"a b\" c\n  \n", b' ', b'\n'), ["1:1.0|2.0", "2:[a b]|c", "3:"]);
        assert_eq!(records("", b',', b'\n'), [""; 0]);
    }

    #[test]
    fn a_lost_quote_costs_one_record() {
        let text = "1,\"a\n2,\"b\"\n3,c\n4,\"d\n5,e\n";
        assert_eq!(
            records(text, b',', b'\n'),
            ["1:1|[a\n2,b\"]!", "2:2|[b]", "3:3|c", "4:4|[d\n5,e\n]!", "5:5|e"]
        );
        assert_eq!(records("1,2\n3,\"a\n", b',', b'\n'), ["1:1|2", "2:3|[a\n]!"]);
        // Blanks after a closing quote do no harm, nor does text on the same line.
        assert_eq!(records("\"a\nb\" ,1\n\"c\"d,2\n", b',', b'\n'), ["1:[a\nb ]|1", "3:[cd]|2"]);
    }

    #[test]
    fn records_do_not_depend_on_the_pieces_read() {
        let line = "12345,\"some text\",x\n";
        let text = line.repeat(3 * PIECE as usize / line.len());
        let found = records(&text, b',', b'\n');
        assert_eq!(found.len(), text.lines().count());
        assert!(found.iter().all(|record| record.ends_with(":12345|[some text]|x")));
    }
}
