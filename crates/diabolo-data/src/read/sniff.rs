//! Detection of the format of a file, and of the encoding of a text file.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8};

use super::foreign;
use crate::Format;
use crate::input::Input;
use crate::{Error, Result};

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
