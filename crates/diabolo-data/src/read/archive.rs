//! ZIP archives: of NumPy arrays, or of one data file.

use std::path::PathBuf;

use super::bad_rows::BadRows;
use super::foreign::not_supported;
use super::{ReadOptions, Source, npy, open_input, zip};
use crate::Result;
use crate::input::Input;

/// Opens an archive.
pub(super) fn open(input: Input, options: &ReadOptions, bad_rows: BadRows) -> Result<Source> {
    let name = input.name.clone();
    let mut file = input.into_file()?;
    let entries = zip::entries(&name, &mut file)?;
    if entries.is_empty() || entries.iter().any(|entry| entry.name.ends_with(".npy")) {
        return npy::npz(&name, file, &entries, options);
    }
    let holds = |member: &str| entries.iter().any(|entry| entry.name == member);
    let office = [("xl/workbook.xml", "an Excel workbook"), ("content.xml", "an OpenDocument file")];
    if let Some((_, what)) = office.iter().find(|(member, _)| holds(member)) {
        return Err(not_supported(&name, what, "save the sheet as CSV"));
    }
    let is_file = |path: &str| !path.ends_with('/') && !path.split('/').any(is_hidden);
    let files = entries.iter().filter(|entry| is_file(&entry.name)).collect::<Vec<_>>();
    let [only] = files.as_slice() else {
        let names = files.iter().map(|entry| entry.name.as_str()).take(5).collect::<Vec<_>>().join(", ");
        let what = format!("an archive of {} files ({names})", files.len());
        return Err(not_supported(&name, &what, "unpack it and name one of them"));
    };
    let bytes = zip::open(&name, file, only)?;
    let inner = format!("{name}/{}", only.name);
    open_input(Input::packed(&inner, PathBuf::from(&only.name), bytes)?, options, bad_rows)
}

/// Whether a file or folder is for the system, such as `.DS_Store` and `__MACOSX`.
fn is_hidden(part: &str) -> bool {
    part.starts_with('.') || part == "__MACOSX"
}
