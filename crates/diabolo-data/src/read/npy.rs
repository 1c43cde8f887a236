//! NumPy files: one array (NPY) or a ZIP archive of arrays (NPZ).

use std::fs::File;
use std::io::Read;

use arrow_schema::Field;

use super::array::{self, Kind, Layout};
use super::zip::{self, Entry};
use super::{ReadOptions, Source};
use crate::input::{Bytes, Input, damaged, read_error};
use crate::{Error, Result};

/// The maximum length of a header.
const LONGEST_HEADER: usize = 1 << 16;
/// The names of the table and of the labels in an archive, in order of preference.
const TABLES: [&str; 6] = ["X", "x", "data", "X_train", "x_train", "images"];
const LABELS: [&str; 6] = ["y", "Y", "label", "labels", "y_train", "target"];

/// Opens an NPY file.
pub(super) fn npy(input: Input, options: &ReadOptions) -> Result<Source> {
    let name = input.name.clone();
    open_array(&name, input.into_bytes(), options)
}

/// Opens the table of an archive: `X`, `data` or the only array. A one-dimensional `y` becomes a
/// column `y`.
pub(super) fn npz(name: &str, file: File, entries: &[Entry], options: &ReadOptions) -> Result<Source> {
    let find = |names: &[&str]| {
        names.iter().find_map(|wanted| entries.iter().find(|e| e.name.strip_suffix(".npy") == Some(wanted)))
    };
    let labels = find(&LABELS);
    let others = entries.iter().filter(|entry| labels.is_none_or(|labels| labels.name != entry.name));
    let table = match (find(&TABLES), others.collect::<Vec<_>>().as_slice(), labels) {
        (Some(table), ..) => table,
        (None, [only], _) => only,
        (None, [], Some(labels)) => return open_array(name, zip::open(name, file, labels)?, options),
        _ => {
            let found = entries.iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>().join(", ");
            let expected = format!("one array, or one named {}", TABLES.join(", "));
            return Err(Error::data(name, expected, format!("[{found}]"), "rename the array to X"));
        }
    };
    let again = file.try_clone().map_err(|error| read_error(name, error))?;
    let labels = match labels {
        // The labels are read first, since both share one file position.
        Some(labels) => Some(open_array(name, zip::open(name, again, labels)?, options)?.collect()?),
        None => None,
    };
    let table = open_array(name, zip::open(name, file, table)?, options)?;
    match labels.filter(|labels| labels.num_columns() == 1 && Some(labels.num_rows()) == table.rows()) {
        Some(labels) => {
            let field = Field::new("y", labels.schema().field(0).data_type().clone(), true);
            table.with_column(field, labels.column(0).clone())
        }
        None => Ok(table),
    }
}

fn open_array(name: &str, mut bytes: Bytes, options: &ReadOptions) -> Result<Source> {
    let layout = header(name, &mut bytes)?;
    array::open(name, layout, bytes, options)
}

/// Reads `\x93NUMPY`, a version, a length and a Python dictionary.
fn header(name: &str, bytes: &mut Bytes) -> Result<Layout> {
    let mut read = |count: usize| {
        let mut buffer = vec![0; count];
        bytes.read_exact(&mut buffer).map(|()| buffer).map_err(|error| read_error(name, error))
    };
    let start = read(8)?;
    if !start.starts_with(b"\x93NUMPY") {
        return Err(Error::data(name, "a NumPy array", "other first bytes", "save it with numpy.save"));
    }
    let length = match start[6] {
        1 => read(2)?.iter().rev().fold(0, |length, byte| length << 8 | usize::from(*byte)),
        2 | 3 => read(4)?.iter().rev().fold(0, |length, byte| length << 8 | usize::from(*byte)),
        version => return Err(damaged(name, format!("a NumPy header of version {version}, not 1 to 3"))),
    };
    if length > LONGEST_HEADER {
        return Err(damaged(name, format!("a NumPy header of {length} bytes")));
    }
    let text = String::from_utf8_lossy(&read(length)?).into_owned();
    parse(&text).ok_or_else(|| {
        let shown = text.trim().chars().take(120).collect::<String>();
        let help = "convert the array first, for example with X.astype('float64')";
        Error::data(name, "an array of bool, int, uint, float32 or float64", shown, help)
    })
}

/// Parses `{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }`.
fn parse(header: &str) -> Option<Layout> {
    let value = |key: &str| {
        let (_, rest) = header.split_once(&format!("'{key}'"))?;
        Some(rest.trim_start().strip_prefix(':')?.trim_start())
    };
    let descr = value("descr")?.strip_prefix('\'')?.split_once('\'')?.0;
    let order = descr.chars().next()?;
    let (kind, size) = match descr.get(1..)? {
        "b1" => (Kind::Bool, 1),
        "u1" | "u2" | "u4" | "u8" => (Kind::Unsigned, descr[2..].parse().ok()?),
        "i1" | "i2" | "i4" | "i8" => (Kind::Signed, descr[2..].parse().ok()?),
        "f4" | "f8" => (Kind::Float, descr[2..].parse().ok()?),
        _ => return None,
    };
    let big_endian = match order {
        '<' | '|' => false,
        '>' => true,
        '=' => cfg!(target_endian = "big"),
        _ => return None,
    };
    let fortran = match value("fortran_order")? {
        text if text.starts_with("True") => true,
        text if text.starts_with("False") => false,
        _ => return None,
    };
    let sides = value("shape")?.strip_prefix('(')?.split_once(')')?.0;
    let sides = sides.split(',').map(str::trim).filter(|side| !side.is_empty());
    let shape = sides.map(|side| side.trim_end_matches('L').parse().ok()).collect::<Option<Vec<_>>>()?;
    Some(Layout { kind, size, big_endian, fortran, shape })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn headers() {
        let layout = parse("{'descr': '>i2', 'fortran_order': True, 'shape': (3, 4), }   \n").unwrap();
        assert_eq!(
            (layout.kind, layout.size, layout.big_endian, layout.fortran),
            (Kind::Signed, 2, true, true)
        );
        assert_eq!(layout.shape, [3, 4]);
        assert_eq!(parse("{'descr': '|b1', 'fortran_order': False, 'shape': (3,), }").unwrap().shape, [3]);
        for odd in ["'<f2'", "'<U3'", "'|O'", "[('a', '<f8')]", "'é1'"] {
            let header = format!("{{'descr': {odd}, 'fortran_order': False, 'shape': (3,), }}");
            assert!(parse(&header).is_none(), "{odd}");
        }
        assert!(parse("{'descr': '<f8', 'fortran_order': False, 'shape': (-3,), }").is_none());
    }
}
