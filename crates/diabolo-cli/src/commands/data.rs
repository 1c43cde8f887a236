//! `diabolo data list` and `diabolo data fetch NAME`

use std::io::{Read, Write};
use std::path::Path;
use std::time::Duration;

use diabolo::Error;
use diabolo::data::catalog::{DataFile, DataSet, cache_dir, catalog, locate, verify};
use diabolo::data::write::temporary_beside;

use crate::args::{DataArgs, DataCommand, Shared};
use crate::output;

pub fn run(args: &DataArgs, shared: &Shared) -> anyhow::Result<()> {
    match &args.command {
        DataCommand::List => list(shared),
        DataCommand::Fetch { name } => fetch(name, shared),
    }
}

fn list(shared: &Shared) -> anyhow::Result<()> {
    let device = |set: &DataSet| match set.files {
        [] => "built in".to_string(),
        _ => locate(set.name).map_or("not downloaded".into(), |folder| folder.display().to_string()),
    };
    if shared.json {
        let sets = catalog().iter().map(|set| {
            serde_json::json!({ "name": set.name, "description": set.description, "licence": set.licence, "where": device(set) })
        });
        return output::print_json(&sets.collect());
    }
    let rows: Vec<(&str, String)> = catalog()
        .iter()
        .map(|set| (set.name, format!("{}\n  licence: {}; {}", set.description, set.licence, device(set))))
        .collect();
    output::print(&output::aligned(&rows))
}

fn fetch(name: &str, shared: &Shared) -> anyhow::Result<()> {
    let set = catalog().iter().find(|set| set.name == name).ok_or_else(|| {
        let names: Vec<&str> = catalog().iter().map(|set| set.name).collect();
        Error::invalid_value("data fetch", names.join(", "), format!("'{name}'"))
    })?;
    if let Ok(folder) =
        locate(name).map_err(drop).and_then(|f| if set.files.is_empty() { Err(()) } else { Ok(f) })
    {
        shared.note(format!("{name} is already in {}", folder.display()));
        return Ok(());
    }
    if set.files.is_empty() {
        shared.note(format!("{name} is built in: no download needed"));
        return Ok(());
    }
    let folder = cache_dir().join(set.folder);
    std::fs::create_dir_all(&folder).map_err(Error::io("create", &folder))?;
    for file in set.files {
        shared.note(format!("fetching {}", file.url));
        download(set, file, &folder)?;
    }
    shared.note(format!("wrote {name} to {}", folder.display()));
    Ok(())
}

/// Downloads one file to a temporary name, verifies its checksum, and renames it.
fn download(set: &DataSet, file: &DataFile, folder: &Path) -> anyhow::Result<()> {
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
    let mut part = temporary_beside(&target).map_err(Error::io("write", &target))?;
    let mut body = response.into_body().into_reader().take(LARGEST);
    std::io::copy(&mut body, &mut part).map_err(|cause| offline(cause.to_string()))?;
    part.flush().map_err(Error::io("write", &target))?;
    verify(set.name, file.name, part.path())?;
    part.persist(&target).map_err(|cause| Error::io("write", &target)(cause.error))?;
    Ok(())
}
