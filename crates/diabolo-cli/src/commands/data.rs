//! `diabolo data list` and `diabolo data fetch NAME`

use std::path::Path;

use diabolo::Error;
use diabolo::data::catalog::{DataSet, cache_dir, catalog, locate};

use crate::args::{DataArgs, DataCommand, Shared};
use crate::download::download;
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
    if set.files.is_empty() {
        shared.note(format!("{name} is built in: no download needed"));
        return fetched(name, None, shared);
    }
    if let Ok(folder) = locate(name) {
        shared.note(format!("{name} is already in {}", folder.display()));
        return fetched(name, Some(&folder), shared);
    }
    let folder = cache_dir().join(set.folder);
    std::fs::create_dir_all(&folder).map_err(Error::io("create", &folder))?;
    for file in set.files {
        shared.note(format!("fetching {}", file.url));
        download(set, file, &folder)?;
    }
    shared.note(format!("wrote {name} to {}", folder.display()));
    fetched(name, Some(&folder), shared)
}

fn fetched(name: &str, folder: Option<&Path>, shared: &Shared) -> anyhow::Result<()> {
    match shared.json {
        true => output::print_json(&serde_json::json!({ "name": name, "folder": folder })),
        false => Ok(()),
    }
}
