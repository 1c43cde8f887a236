//! Downloads of built-in data sets.

use std::io::{Read, Write};
use std::path::Path;
use std::time::Duration;

use diabolo::Error;
use diabolo::data::catalog::{DataFile, DataSet, verify};
use diabolo::data::write::TemporaryFile;

/// Downloads one file to a temporary name, verifies its checksum, and renames it.
pub fn download(set: &DataSet, file: &DataFile, folder: &Path) -> anyhow::Result<()> {
    const LARGEST: u64 = 1 << 30;
    let packed = if file.url.ends_with(".gz") { ".gz" } else { "" };
    let target = folder.join(format!("{}{packed}", file.name));
    // A download failure, not a usage error: exit code 1.
    let offline = |cause: String| {
        anyhow::anyhow!(
            "{} cannot be downloaded: {cause}; download it by other means to {}",
            file.url,
            folder.display()
        )
    };
    let agent: ureq::Agent =
        ureq::Agent::config_builder().timeout_connect(Some(Duration::from_secs(20))).build().into();
    let response = agent.get(file.url).call().map_err(|cause| offline(cause.to_string()))?;
    let mut part = TemporaryFile::create(target.clone()).map_err(Error::io("write", &target))?;
    let mut body = response.into_body().into_reader().take(LARGEST);
    std::io::copy(&mut body, &mut part).map_err(|cause| offline(cause.to_string()))?;
    part.flush().map_err(Error::io("write", &target))?;
    verify(set.name, file.name, part.path())?;
    part.commit().map_err(Error::io("write", &target))?;
    Ok(())
}
