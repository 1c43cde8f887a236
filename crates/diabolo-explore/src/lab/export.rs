//! The lab as files, for a web server that runs no program.

use std::path::Path;

use diabolo::artifact::write_atomically;
use diabolo::{Error, Result};

use super::{Lab, figures, pages};
use crate::assets;

/// Writes pages, scripts, and a JSON file for each setting of each figure.
pub(super) fn write(lab: &Lab, folder: &Path, mut progress: impl FnMut(&str)) -> Result<()> {
    let mut put = |name: &str, text: &str| {
        let path = folder.join(name);
        let parent = path.parent().unwrap_or(folder);
        std::fs::create_dir_all(parent).map_err(Error::io("create", parent))?;
        write_atomically(&path, text.as_bytes())?;
        progress(name);
        Ok::<(), Error>(())
    };
    for page in &pages::PAGES {
        put(&format!("{}.html", page.name), &pages::html(page, true)?)?;
    }
    for (path, _, text) in assets::lab() {
        put(path.trim_start_matches('/'), text)?;
    }
    for query in figures::all(lab) {
        let value = lab.figure(&query)?;
        put(&format!("data/{}", query.file()), &value.to_string())?;
    }
    Ok(())
}
