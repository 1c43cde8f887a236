//! How a text file is written: the lines before its table, line ends, delimiter and header.

use std::collections::HashSet;

use super::records::{Dialect, Records};
use crate::MISSING;
use crate::datetime::detect;

/// Maximum number of records that detection uses.
const RECORDS: usize = 100;

/// The lines before a table.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Preamble {
    /// Their length in bytes, and their number.
    pub bytes: usize,
    pub lines: u64,
    /// The delimiter that a line `sep=;` names.
    pub delimiter: Option<u8>,
    /// The last line that begins with `#`, without it; empty after `|`.
    pub remark: Option<String>,
}

/// A carriage return, if it alone ends the lines; else the newline.
pub(super) fn line_end(sample: &[u8]) -> u8 {
    if !sample.contains(&b'\n') && sample.contains(&b'\r') { b'\r' } else { b'\n' }
}

/// The lines before the table: a remark after `|`, as in `adult.test` of UCI; `sep=;`, as Excel
/// reads it; and lines that begin with `#`, unless most do.
pub(super) fn preamble(sample: &[u8], line_end: u8) -> Preamble {
    let mut found = Preamble::default();
    let lines = || sample.split_inclusive(|byte| *byte == line_end);
    let text = |line: &[u8]| String::from_utf8_lossy(line).trim().trim_matches('"').to_string();
    let begins = |line: Option<&[u8]>, mark: u8| line.is_some_and(|line| line.first() == Some(&mark));
    let commented = lines().filter(|line| begins(Some(line), b'#')).count();
    let comments = 2 * commented <= lines().count();
    for line in lines() {
        let first = text(line);
        match first.get(..4).filter(|word| word.eq_ignore_ascii_case("sep=")) {
            Some(_) if found.lines == 0 && line.trim_ascii().len() <= 7 => {
                found.delimiter = line.trim_ascii_end().iter().rev().find(|byte| **byte != b'"').copied();
                found.delimiter = found.delimiter.map(|byte| if byte == b'=' { b'\t' } else { byte });
            }
            // `#` may be the name of the first column.
            _ if begins(Some(line), b'#')
                && comments
                && !line.get(1).is_some_and(|byte| b",;\t|".contains(byte)) =>
            {
                found.remark = Some(first.trim_start_matches(['#', ' ']).to_string());
            }
            // Another `|` would separate cells.
            _ if found.lines == 0
                && begins(Some(line), b'|')
                && !line[1..].contains(&b'|')
                && !begins(lines().nth(1), b'|') =>
            {
                found.remark = Some(String::new());
            }
            _ => break,
        }
        found.bytes += line.len();
        found.lines += 1;
    }
    found
}

/// The first records of a text, trimmed; without the last one if it may be incomplete.
pub(super) fn records(sample: &[u8], dialect: Dialect, complete: bool) -> Vec<Vec<String>> {
    let mut reader = Records::new(sample, dialect);
    let mut records = vec![];
    while records.len() <= RECORDS && reader.advance().is_ok_and(|found| found) {
        let record = reader.record();
        if record.is_run_on() {
            reader.resume_at_second_line();
        } else if !record.is_blank() {
            let text = |range| String::from_utf8_lossy(&record.text()[range]).trim().to_string();
            records.push(record.cells().map(|(range, _)| text(range)).collect());
        }
    }
    if records.len() > RECORDS || !complete && records.len() > 1 {
        records.pop();
    }
    records
}

/// The delimiter: the first of tab ; | , blank that splits every record of the sample into the same
/// number of cells, two or more. (Semicolons come before commas because of decimal commas.)
/// Otherwise the file is ragged or has one column: the first delimiter that splits most records
/// into the same number of cells, else the comma.
pub(super) fn delimiter(sample: &[u8], line_end: u8, complete: bool) -> u8 {
    let split = |delimiter| records(sample, Dialect { delimiter, line_end }, complete);
    let agreement = |records: &[Vec<String>]| {
        let widths = records.iter().map(Vec::len).collect::<Vec<_>>();
        let alike = widths.iter().map(|width| widths.iter().filter(|w| *w == width && **w > 1).count()).max();
        alike.unwrap_or(0) as f64 / widths.len().max(1) as f64
    };
    let agreements = b"\t;|,".map(|delimiter| (delimiter, agreement(&split(delimiter))));
    let first_above = |share: f64| agreements.iter().find(|(_, found)| *found >= share).map(|(d, _)| *d);
    let blanks = || {
        let records = split(b' ');
        (agreement(&records) == 1.0 && blanks_divide(sample, line_end, &records)).then_some(b' ')
    };
    let most = || agreements.iter().find(|(_, found)| *found > 0.5).map(|(d, _)| *d);
    first_above(1.0).or_else(blanks).or_else(most).unwrap_or(b',')
}

/// Whether blanks separate cells, and not the words of one cell such as a date with its time, a
/// name or an amount with its unit.
fn blanks_divide(sample: &[u8], line_end: u8, records: &[Vec<String>]) -> bool {
    let lines = sample.split(|byte| *byte == line_end).filter(|line| !line.trim_ascii().is_empty());
    let aligned = |line: &[u8]| line.trim_ascii_end().windows(2).any(|two| two == b"  ") || line[0] == b' ';
    if lines.take(RECORDS).all(aligned) {
        return true;
    }
    let rest = if records.len() > 1 { &records[1..] } else { records };
    let joined: Vec<String> = rest.iter().map(|cells| cells.join(" ")).collect();
    if detect(&joined.iter().map(String::as_str).collect::<Vec<_>>(), 0.9).is_some() {
        return false;
    }
    let every = |column: usize, is: fn(&str) -> bool| {
        let mut cells =
            rest.iter().filter_map(|row| row.get(column)).filter(|cell| !is_missing(cell)).peekable();
        cells.peek().is_some() && cells.all(|cell| is(cell))
    };
    let width = records.first().map_or(0, Vec::len);
    let numeric = (0..width).filter(|column| every(*column, is_number)).collect::<Vec<_>>();
    let timed = (0..width).any(|column| every(column, is_timed));
    match width {
        2 => numeric.contains(&1),
        _ => !numeric.is_empty() || !timed,
    }
}

/// Whether a cell is part of a date or a time, such as `2024-01-31` or `10:30`.
fn is_timed(cell: &str) -> bool {
    cell.starts_with(|c: char| c.is_ascii_digit()) && cell.contains([':', '-', '/', '.'])
}

/// Whether the first record is a header, and a question if that is not sure.
///
/// Without a number, it is one if
/// * some column holds numbers from the second row on; or
/// * all cells are text, and those of the first row are distinct, not blank, and not repeated in
///   their column.
///
/// With numbers, it is one if they are [names](numbers_are_names).
pub(super) fn header(records: &[Vec<String>]) -> (bool, Option<String>) {
    let Some((first, rest)) = records.split_first() else { return (false, None) };
    // `inf` is a name here, and not a number.
    if first.iter().any(|cell| is_number(cell) && cell.contains(|c: char| c.is_ascii_digit())) {
        return numbers_are_names(first, rest);
    }
    let column =
        |index: usize| rest.iter().filter_map(move |row| row.get(index)).filter(|cell| !is_missing(cell));
    let numeric = |index: usize| column(index).next().is_some() && column(index).all(|cell| is_number(cell));
    if (0..first.len()).any(numeric) {
        return ((0..first.len()).any(|index| numeric(index) && !is_missing(&first[index])), None);
    }
    let is_date = |cell: &str| detect(&[cell], 1.0).is_some();
    if (0..first.len()).any(|index| is_date(&first[index]) && column(index).all(|cell| is_date(cell))) {
        return (false, None);
    }
    let mut seen = HashSet::new();
    let distinct = first.iter().all(|cell| !is_missing(cell) && seen.insert(cell));
    (distinct && !(0..first.len()).any(|index| column(index).any(|cell| *cell == first[index])), None)
}

/// Whether a first row with numbers names its columns, as wavelengths and years do: two or more
/// that increase or decrease, beside distinct texts, over values that are unlike them. That is,
/// whole numbers over decimals, numbers outside the range of their columns, or five or more in
/// equal steps.
fn numbers_are_names(first: &[String], rest: &[Vec<String>]) -> (bool, Option<String>) {
    let names = first.iter().enumerate().filter(|(_, cell)| is_number(cell)).collect::<Vec<_>>();
    let values = names.iter().map(|(_, cell)| cell.parse::<f64>()).collect::<Result<Vec<_>, _>>();
    let Ok(values) = values else { return (false, None) };
    let steps = values.windows(2).map(|two| two[1] - two[0]).collect::<Vec<_>>();
    let ordered = steps.iter().all(|step| *step > 0.0) || steps.iter().all(|step| *step < 0.0);
    let mut seen = HashSet::new();
    let distinct = first.iter().skip(1).all(|cell| !is_missing(cell) && seen.insert(cell));
    if values.len() < 2 || !ordered || !distinct || rest.is_empty() {
        return (false, None);
    }
    let column = |index: usize| {
        let cells = rest.iter().filter_map(move |row| row.get(index)).filter(|cell| !is_missing(cell));
        cells.map(String::as_str).collect::<Vec<_>>()
    };
    let share = |index: usize, is: &dyn Fn(&str) -> bool| {
        let cells = column(index);
        cells.iter().filter(|cell| is(cell)).count() as f64 / cells.len().max(1) as f64
    };
    let all_over = |is: &dyn Fn(&str, f64) -> bool, least: f64| {
        names.iter().zip(&values).all(|((index, _), value)| share(*index, &|cell| is(cell, *value)) >= least)
    };
    let whole = names.iter().all(|(_, cell)| cell.bytes().all(|byte| byte.is_ascii_digit()));
    let decimals =
        whole && values.len() > 2 && all_over(&|cell, _| is_number(cell) && cell.contains(['.', ',']), 0.9);
    // The first row of a table in order is beyond all others too.
    let in_order = |index: usize, value: f64| {
        let numbers: Vec<f64> =
            std::iter::once(value).chain(column(index).iter().filter_map(|cell| cell.parse().ok())).collect();
        numbers.is_sorted() || numbers.is_sorted_by(|a, b| a >= b)
    };
    let sorted = names.iter().zip(&values).any(|((index, _), value)| in_order(*index, *value));
    let above = all_over(&|cell, value| cell.parse::<f64>().is_ok_and(|x| x < value), 1.0);
    let below = all_over(&|cell, value| cell.parse::<f64>().is_ok_and(|x| x > value), 1.0);
    let outside = rest.len() > 4 && !sorted && (above || below);
    let even = |steps: &[f64]| steps.windows(2).all(|two| (two[0] - two[1]).abs() <= 1e-6 * two[0].abs());
    let second = rest[0].iter().filter_map(|cell| cell.parse::<f64>().ok()).collect::<Vec<_>>();
    let second_even = even(&second.windows(2).map(|two| two[1] - two[0]).collect::<Vec<_>>());
    let text_over_numbers = (0..first.len()).any(|index| {
        !is_number(&first[index]) && !is_missing(&first[index]) && share(index, &is_number) == 1.0
    });
    if decimals || outside || text_over_numbers || values.len() > 4 && even(&steps) && !second_even {
        return (true, None);
    }
    let shown = first.iter().take(4).map(String::as_str).collect::<Vec<_>>().join(", ");
    let note = format!("the first row ({shown}, …) is read as data; if it names the columns, pass --header");
    (false, (values.len() > 2 && even(&steps)).then_some(note))
}

fn is_missing(cell: &str) -> bool {
    cell.is_empty() || MISSING.contains(&cell)
}

fn is_number(cell: &str) -> bool {
    // A number may have a decimal comma, unless the comma separates cells.
    !is_missing(cell) && (cell.parse::<f64>().is_ok() || cell.replacen(',', ".", 1).parse::<f64>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> u8 {
        delimiter(text.as_bytes(), b'\n', true)
    }

    fn is_header(text: &str) -> (bool, bool) {
        let dialect = Dialect { delimiter: found(text), line_end: b'\n' };
        let (header, note) = header(&records(text.as_bytes(), dialect, true));
        (header, note.is_some())
    }

    #[test]
    fn delimiters() {
        for (text, expected) in [
            ("a,b\n1,2\n", b','),
            ("a;b\n1,5;2,5\n", b';'),
            ("1,5;2,5\n1,5;2,5\n", b';'),
            ("a\tb c\n1\t2 3\n", b'\t'),
            ("x|y\n1|2\n", b'|'),
            ("  1.0  2.0\n 1.0   -2.0 \n", b' '),
            ("1 2\n3 4\n", b' '),
            ("A11 6 A34\nA12 48 A32\n", b' '),
            ("sunny hot high\nrain mild high\n", b' '),
            ("M 0.4\nF 0.3\n", b' '),
            ("2014-07-01 00:00,1\n2014-07-02 00:00,2\n", b','),
            ("event time\n2024-01-01 10:00\n2024-01-01 11:00\n", b','),
            ("first day\n1 Jan 2024\n2 Feb 2024\n", b','),
            ("kind size\na 1\nb 2\n", b' '),
            ("full name\nAda Lovelace\nAlan Turing\n", b','),
            ("total weight\n10 kg\n12 kg\n", b','),
            ("one\ntwo\n", b','),
            ("a,b,c\n1,2,3\n1,2\n1,2,3\n", b','),
        ] {
            assert_eq!(found(text), expected, "{text}");
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
            ("x,inf\n1.5,2\n2.5,1\n", true),
            // Numbers as names.
            ("400,401,402\n0.1,0.2,0.3\n-0.1,0.4,1.5\n", true),
            ("4000,3998,3996\n0.1,0.2,0.3\n-0.1,0.4,1.5\n", true),
            ("name,2019,2020,2021\nx,1.5,2.5,3.5\ny,1.5,2.5,3.5\n", true),
            ("id,2019,2020\n1,15,25\n2,15,20\n", true),
            ("400.5,401,401.5,402,402.5\n1,2,5,3,3\n2,4,2,1,9\n", true),
            ("400,401\n1,20\n3,4\n5,6\n7,8\n9,1\n", true),
            // Rows of data.
            ("0.0,20.00\n1.0,20.50\n2.0,21.00\n3.0,21.5\n4.0,22\n5.0,23\n", false),
            ("1990,100.0,50\n1991,102.5,51\n1992,99.5,52\n1993,104.0,53\n1994,103.5,54\n1995,99,55\n", false),
            ("1,2,4\n2,1,9\n3,3,3\n", false),
            ("1,2,3\n0.5,2.5,1\n2,1.5,7\n", false),
            ("1,2,3,4,5\n2,3,4,5,6\n3,4,5,6,7\n", false),
            ("5.1,3.5,1.4,0.2\n4.9,3.0,1.4,0.2\n", false),
            ("M,1,2\nF,1,3\n", false),
        ] {
            assert_eq!(is_header(text).0, expected, "{text}");
        }
        assert_eq!(is_header("1,2,3\n4,1,9\n0,3,1\n"), (false, true));
    }

    #[test]
    fn lines_before_the_table() {
        for (text, bytes, delimiter, remark) in [
            ("sep=;\na;b\n1;2\n", 6, Some(b';'), None),
            ("\"SEP=,\"\r\na,b\r\n", 9, Some(b','), None),
            ("sep=\t\na\tb\n", 6, Some(b'\t'), None),
            ("sepal,petal\n1,2\n", 0, None, None),
            ("# a\n#\n# x y\n1 2\n3 4\n5 6\n", 12, None, Some("x y")),
            ("#1,a\n#2,b\n#3,c\n", 0, None, None),
            ("#,Name,HP\n1,a,5\n2,b,7\n3,c,8\n", 0, None, None),
            ("|1x3 Cross validator\n25, Private\n", 21, None, Some("")),
            ("|a|b\n0|1|2\n1|3|4\n", 0, None, None),
            ("|a|b|\n|1|2|\n", 0, None, None),
        ] {
            let found = preamble(text.as_bytes(), b'\n');
            assert_eq!(
                (found.bytes, found.delimiter, found.remark.as_deref()),
                (bytes, delimiter, remark),
                "{text}"
            );
        }
    }
}
