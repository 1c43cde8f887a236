//! Detection of the format of a file, and of the encoding, delimiter and header of a text file.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8};

use super::foreign;
use crate::Format;
use crate::MISSING;
use crate::datetime::detect;
use crate::input::Input;
use crate::{Error, Result};

/// Maximum number of records that detection uses.
const RECORDS: usize = 100;

/// The format by the first bytes; text is JSON lines if it begins with an object, else CSV (or TSV,
/// by the file name), unless the file name declares another format.
pub(super) fn format(input: &mut Input) -> Result<Format> {
    let named = input.path.as_deref().and_then(Format::of_path);
    if let Some(format) = Format::of_magic(input.head(8)?) {
        return Ok(format);
    }
    let name = input.name.clone();
    let head = input.head(foreign::HEAD)?;
    if let Some(error) = foreign::error(&name, head) {
        return Err(error);
    }
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let object = text.strip_prefix(b"{").map(<[u8]>::trim_ascii_start);
    let is_object = object.is_some_and(|rest| matches!(rest.first(), Some(b'"' | b'}')));
    match named {
        None if is_object => Ok(Format::JsonLines),
        Some(Format::JsonLines) if text.first() == Some(&b'[') => {
            let help =
                "write one object a line: jq -c '.[]' FILE, or pandas' to_json(lines=True, orient='records')";
            Err(foreign::not_supported(&name, "a JSON array", help))
        }
        Some(Format::JsonLines) if text.first() == Some(&b'{') => Ok(Format::JsonLines),
        None | Some(Format::Csv) => Ok(Format::Csv),
        Some(Format::Tsv) => Ok(Format::Tsv),
        Some(_) if head.is_empty() => Err(empty(&name)),
        Some(format) => Err(Error::data(
            input.name.as_str(),
            format!("the format of its extension, {}", format.name()),
            "other first bytes",
            "download or write the file again, or give it the extension of its format",
        )),
    }
}

/// The error for an empty input.
pub(super) fn empty(name: &str) -> Error {
    Error::data(name, "at least one row", "an empty file", "check that it was written completely")
}

/// The encoding of `sample`: from the byte order mark, else UTF-8 if valid, else by statistics.
pub(super) fn encoding(sample: &[u8]) -> &'static Encoding {
    if let Some((encoding, _)) = Encoding::for_bom(sample) {
        return encoding;
    }
    // The sample may end within a UTF-8 character.
    if std::str::from_utf8(sample).map_or_else(|e| e.error_len().is_none(), |_| true) {
        return UTF_8;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(sample, true);
    detector.guess(None, Utf8Detection::Deny)
}

/// The first records of a text, trimmed; without the last one if it may be incomplete.
pub(super) fn records(sample: &[u8], delimiter: u8, complete: bool) -> Vec<Vec<String>> {
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(sample);
    let mut records = reader
        .byte_records()
        .map_while(Result::ok)
        .map(|record| {
            cells(&record, delimiter).map(|cell| String::from_utf8_lossy(cell).trim().to_string()).collect()
        })
        .filter(|record: &Vec<String>| !(record.is_empty() || record.len() == 1 && record[0].is_empty()))
        .take(RECORDS + 1)
        .collect::<Vec<_>>();
    if records.len() > RECORDS || !complete && records.len() > 1 {
        records.pop();
    }
    records
}

/// The cells of a record; with blanks as separators, empty cells are skipped.
pub(super) fn cells(record: &csv::ByteRecord, delimiter: u8) -> impl Iterator<Item = &[u8]> {
    record.iter().filter(move |cell| delimiter != b' ' || !cell.is_empty())
}

/// The delimiter: the first of tab ; | , blank that splits every record of the sample into the same
/// number of cells, two or more. (Semicolons come before commas because of decimal commas.)
/// Otherwise the file is ragged or has one column: the first delimiter that splits most records
/// into the same number of cells, else the comma. Blanks within dates or names separate nothing.
pub(super) fn delimiter(sample: &[u8], complete: bool) -> u8 {
    let agreement = |delimiter| {
        let widths = records(sample, delimiter, complete).iter().map(Vec::len).collect::<Vec<_>>();
        let alike = widths.iter().map(|width| widths.iter().filter(|w| *w == width && **w > 1).count()).max();
        alike.unwrap_or(0) as f64 / widths.len().max(1) as f64
    };
    let separates = |delimiter| delimiter != b' ' || blanks_separate(sample, complete);
    let all = b"\t;|, ".iter().find(|mark| agreement(**mark) == 1.0 && separates(**mark));
    let most = || b"\t;|,".iter().find(|delimiter| agreement(**delimiter) > 0.5);
    *all.or_else(most).unwrap_or(&b',')
}

/// Whether blanks separate cells, and are not within the dates or names of one column.
fn blanks_separate(sample: &[u8], complete: bool) -> bool {
    let records = records(sample, b' ', complete);
    let (first, rest) = records.split_first().map_or((0, &records[..]), |(first, rest)| (first.len(), rest));
    let lines: Vec<String> = rest.iter().map(|cells| cells.join(" ")).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let numeric =
        |index: usize| rest.iter().all(|cells| cells.get(index).is_some_and(|cell| is_number(cell)));
    detect(&lines, 0.9).is_none() && (first > 2 || (0..first).any(numeric))
}

/// Whether the first record is a header: no cell of it is a number, and
/// * some column holds numbers from the second row on; or
/// * all cells are text, and those of the first row are distinct, not blank, and not repeated in
///   their column.
pub(super) fn header(records: &[Vec<String>]) -> bool {
    let Some((first, rest)) = records.split_first() else { return false };
    let missing = |cell: &str| cell.is_empty() || MISSING.contains(&cell);
    if first.iter().any(|cell| is_number(cell)) {
        return false;
    }
    let column =
        |index: usize| rest.iter().filter_map(move |row| row.get(index)).filter(|cell| !missing(cell));
    let numeric = |index: usize| column(index).next().is_some() && column(index).all(|cell| is_number(cell));
    let any_numeric = (0..first.len()).any(numeric);
    if any_numeric {
        return (0..first.len()).any(|index| numeric(index) && !missing(&first[index]));
    }
    let is_date = |cell: &str| detect(&[cell], 1.0).is_some();
    if (0..first.len()).any(|index| is_date(&first[index]) && column(index).all(|cell| is_date(cell))) {
        return false;
    }
    let distinct = first.iter().enumerate().all(|(i, cell)| !missing(cell) && !first[..i].contains(cell));
    distinct && !(0..first.len()).any(|index| column(index).any(|cell| *cell == first[index]))
}

fn is_number(cell: &str) -> bool {
    // A number may have a decimal comma, unless the comma separates cells.
    !MISSING.contains(&cell)
        && (cell.parse::<f64>().is_ok() || cell.replacen(',', ".", 1).parse::<f64>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delimiters() {
        for (text, expected) in [
            ("a,b\n1,2\n", b','),
            ("a;b\n1,5;2,5\n", b';'),
            ("1,5;2,5\n1,5;2,5\n", b';'),
            ("a\tb c\n1\t2 3\n", b'\t'),
            ("x|y\n1|2\n", b'|'),
            ("  1.0  2.0\n 1.0   -2.0 \n", b' '),
            ("2014-07-01 00:00,1\n2014-07-02 00:00,2\n", b','),
            ("one\ntwo\n", b','),
            ("event time\n2024-01-01 10:00\n2024-01-02 11:00\n", b','),
            ("first day\n1 Jan 2024\n2 Feb 2024\n", b','),
            ("first last\nAnn Lee\nBob Ray\n", b','),
            ("kind size\na 1\nb 2\n", b' '),
            ("a,b,c\n1,2,3\n1,2\n1,2,3\n", b','),
        ] {
            assert_eq!(delimiter(text.as_bytes(), true), expected, "{text}");
        }
    }

    #[test]
    fn headers() {
        for (text, expected) in [
            ("age,name\n1,x\n2,y\n", true),
            ("1,x\n2,y\n", false),
            ("M,0.4\nF,0.3\n", false),
            ("?,x\n1,y\n", false),
            ("p,x\ne,x\np,s\n", false),
            ("class,cap\np,x\ne,x\n", true),
            ("date,value\n2020,NA\n2021,NA\n", true),
            ("a;b\n1,5;2,5\n", true),
            ("event time\n2024-01-01 10:00\n", true),
            ("2024-01-01 10:00\n2024-01-02 11:00\n", false),
        ] {
            let delimiter = delimiter(text.as_bytes(), true);
            assert_eq!(header(&records(text.as_bytes(), delimiter, true)), expected, "{text}");
        }
    }
}
