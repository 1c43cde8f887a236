//! Formats that are not supported, by their first bytes: what they are, and the way out.

use crate::Error;

/// The number of first bytes that identify a format.
pub(super) const HEAD: usize = 512;

const UNPACK: &str = "unpack it";
const AS_TABLE: &str = "save it as CSV, JSON lines or Parquet";
const AS_PNG: &str = "convert the images to PNG or JPEG";
const AS_PARQUET: &str = "read it with pandas and save it with to_parquet";
const AS_ARRAY: &str = "save the array with numpy.save";

/// First bytes, what begins with them, and the way out.
const KNOWN: [(&[u8], &str, &str); 30] = [
    (b"BZh", "a file compressed with bzip2", "unpack it, or pipe it: bunzip2 -c FILE | diabolo … -"),
    (b"\xfd7zXZ\0", "a file compressed with xz", "unpack it, or pipe it: xz -dc FILE | diabolo … -"),
    (b"\x04\x22\x4d\x18", "a file compressed with lz4", "unpack it, or pipe it: lz4 -dc FILE | diabolo … -"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", UNPACK),
    (b"Rar!\x1a\x07", "a RAR archive", UNPACK),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel or Office file", AS_TABLE),
    (b"SQLite format 3\0", "an SQLite database", "export the table: sqlite3 -header -csv FILE 'select …'"),
    (b"%PDF-", "a PDF document", AS_TABLE),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file", AS_PARQUET),
    (b"CDF\x01", "a NetCDF file", AS_PARQUET),
    (b"CDF\x02", "a NetCDF file", AS_PARQUET),
    (b"ORC\x0a", "an ORC file", AS_PARQUET),
    (b"ORC\x03", "an ORC file", AS_PARQUET),
    (b"Obj\x01", "an Avro file", AS_TABLE),
    (b"PARE", "an encrypted Parquet file", "decrypt it"),
    (b"FEA1", "a Feather file of version 1", "write it again with a newer pyarrow"),
    (b"$FL2", "an SPSS file", AS_PARQUET),
    (b"$FL3", "an SPSS file", AS_PARQUET),
    (b"<stata_dta>", "a Stata file", AS_PARQUET),
    (b"HEADER RECORD*******", "a SAS file", AS_PARQUET),
    (b"MATLAB 5.0", "a MATLAB file", AS_ARRAY),
    (b"RDX2\n", "an R file", "save the table with write.csv"),
    (b"RDX3\n", "an R file", "save the table with write.csv"),
    (b"X\n\0\0\0", "an R file", "save the table with write.csv"),
    (b"SIMPLE  =", "a FITS file", AS_ARRAY),
    (b"GIF8", "a GIF image", AS_PNG),
    (b"II*\0", "a TIFF image", AS_PNG),
    (b"MM\0*", "a TIFF image", AS_PNG),
    (b"\0\0\0\x0cjP", "a JPEG 2000 image", AS_PNG),
    (b"\x80\x02", "a Python pickle", "load it in Python and save it with to_parquet or numpy.save"),
];

/// The error for a format that is recognised and not supported.
pub(super) fn error(name: &str, head: &[u8]) -> Option<Error> {
    let (what, help) = recognised(head)?;
    Some(not_supported(name, what, help))
}

/// The error for this kind of file.
pub(super) fn not_supported(name: &str, what: &str, help: &str) -> Error {
    Error::Unsupported { what: format!("{name}: not supported: {what}"), help: help.into() }
}

/// Whether a name has the extension of an image that cannot be read.
pub(super) fn is_picture(name: &str) -> bool {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_lowercase());
    extension.is_some_and(|extension| ["bmp", "gif", "tif", "tiff", "webp"].contains(&extension.as_str()))
}

fn recognised(head: &[u8]) -> Option<(&'static str, &'static str)> {
    let at = |start: usize, bytes: &[u8]| head.get(start..).is_some_and(|rest| rest.starts_with(bytes));
    let text = head.trim_ascii_start();
    let begins = |word: &str| text.get(..word.len()).is_some_and(|t| t.eq_ignore_ascii_case(word.as_bytes()));
    match () {
        _ if at(257, b"ustar") => return Some(("a tar archive", UNPACK)),
        _ if at(0, b"RIFF") && at(8, b"WEBP") => return Some(("a WebP image", AS_PNG)),
        _ if at(0, b"BM") && at(6, &[0; 4]) => return Some(("a BMP image", AS_PNG)),
        _ if at(8, b"DUCK") => {
            return Some(("a DuckDB database", "export the table: COPY … TO 'rows.parquet'"));
        }
        _ if at(8, b"{\"") && at(4, &[0; 4]) => {
            return Some((
                "a model or weights (safetensors), not data",
                "pass it as the RUN, before the INPUT",
            ));
        }
        _ if at(0, b"\x80") && head.get(1).is_some_and(|version| (3..=5).contains(version)) => {
            return KNOWN.last().map(|(_, what, help)| (*what, *help));
        }
        _ if begins("<!doctype html") || begins("<html") => {
            return Some(("a web page", "download the data itself"));
        }
        _ if begins("<?xml") => return Some(("an XML file", AS_TABLE)),
        _ => {}
    }
    let known = KNOWN.iter().find(|(magic, ..)| head.starts_with(magic));
    // A text may begin with a few letters too.
    let sure = |magic: &[u8]| match magic {
        b"BZh" => at(4, b"1AY&SY"),
        word => word.len() > 4 || !word.iter().all(u8::is_ascii_graphic) || head.contains(&0),
    };
    known.filter(|(magic, ..)| sure(magic)).map(|(_, what, help)| (*what, *help))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_named() {
        let mut tar = vec![0; 512];
        tar[257..262].copy_from_slice(b"ustar");
        for (head, part) in [
            (&b"BZh91AY&SY"[..], Some("bzip2")),
            (b"BZh,x\n1,2\n", None),
            (b"\xfd7zXZ\0\0\x04", Some("xz")),
            (&tar, Some("tar archive")),
            (b"\x80\x04\x95", Some("pickle")),
            (b" <!DOCTYPE html>", Some("web page")),
            (b"<DATE>,<OPEN>\n", None),
            (b"BM,x\n1,2,3,4\n", None),
            (b"II,MM\n", None),
            (b"PARENT,CHILD\n", None),
            (b"\x10\x01\0\0\0\0\0\0{\"__meta", Some("model")),
            (b"RIFF\x01\0\0\0WEBPVP8 ", Some("WebP")),
        ] {
            let found = recognised(head);
            assert_eq!(found.is_some(), part.is_some(), "{head:?}: {found:?}");
            assert!(found.is_none_or(|(what, _)| what.contains(part.unwrap_or_default())), "{found:?}");
        }
    }
}
