//! Commands in another folder than the fit, moved runs, and resumed runs.

use crate::support::{Ran, Workspace, fitted, table};

/// Runs a command in a folder of the workspace.
fn within(workspace: &Workspace, folder: &str, line: &str) -> Ran {
    std::fs::create_dir_all(workspace.path(folder)).unwrap();
    Ran::of(workspace.command(line).current_dir(workspace.path(folder)).output().unwrap())
}

/// As [`within`], for a command that must succeed.
fn succeeds(workspace: &Workspace, folder: &str, line: &str) -> Ran {
    let ran = within(workspace, folder, line);
    assert_eq!(ran.code, Some(0), "{line}\n{}", ran.stderr);
    ran
}

/// A run of labelled rows, which are in a folder.
fn labelled() -> Workspace {
    let workspace = Workspace::new();
    std::fs::create_dir(workspace.path("data")).unwrap();
    workspace.write("data/rows.csv", table(120, |_, row| row));
    workspace.ok("fit data/rows.csv --key id --label flag --epochs 2 -o runs/one -q");
    workspace
}

#[test]
fn the_data_of_the_fit_is_found_from_any_folder() {
    let workspace = labelled();
    for line in [
        "evaluate RUN --json",
        "features RUN --json",
        "generate RUN --near 3 -n 2",
        "generate RUN --between 1,5 -n 3",
    ] {
        let here = workspace.ok(&line.replace("RUN", "runs/one"));
        let there = succeeds(&workspace, "other/deep", &line.replace("RUN", "../../runs/one"));
        assert_eq!(here.stdout, there.stdout, "{line}");
        let file = line.replace("RUN", "../../runs/one/model.safetensors");
        assert_eq!(here.stdout, succeeds(&workspace, "other/deep", &file).stdout, "{file}");
    }
    let denoised =
        succeeds(&workspace, "other", "denoise ../runs/one ../data/rows.csv --add-noise gaussian:0.2");
    assert!(denoised.stdout.contains("PCA, "), "{}", denoised.stdout);
    succeeds(&workspace, "other", "report ../runs/one -o r.html");
}

#[test]
fn a_moved_project_is_whole() {
    let workspace = labelled();
    std::fs::create_dir(workspace.path("moved")).unwrap();
    for name in ["data", "runs"] {
        std::fs::rename(workspace.path(name), workspace.path("moved").join(name)).unwrap();
    }
    succeeds(&workspace, "other", "evaluate ../moved/runs/one");
    succeeds(&workspace, "other", "fit --resume ../moved/runs/one --epochs 3 -q");
    // A file of the same name with other contents is not taken for the data.
    workspace.write("other/rows.csv", table(50, |_, row| row));
    std::fs::remove_dir_all(workspace.path("moved/data")).unwrap();
    let ran = within(&workspace, "other", "evaluate ../moved/runs/one");
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    for part in [
        "data/rows.csv: expected the data that the model was fitted on, found none in ",
        "beside ../moved/runs/one",
    ] {
        assert!(ran.stderr.contains(part), "{}", ran.stderr);
    }
}

#[test]
fn changed_data_is_not_taken_for_the_data_of_the_fit() {
    let workspace = fitted();
    workspace.write("good.csv", table(61, |_, row| row));
    for line in ["evaluate run", "generate run --near 3", "fit --resume run"] {
        let ran = workspace.run(line);
        assert_eq!(ran.code, Some(3), "{line}\n{}", ran.stderr);
        assert!(ran.stderr.contains("found other contents"), "{}", ran.stderr);
    }
    workspace.ok("generate run --near 3 --input good.csv -n 2");
}

#[test]
fn a_resumed_model_has_the_name_of_the_input_as_given() {
    let workspace = labelled();
    workspace.ok("fit data/rows.csv --key id --label flag --epochs 4 -o whole -q");
    // Stopped before the first epoch ends, and resumed from another folder.
    let stopped = "fit data/rows.csv --key id --label flag --epochs 4 -o stopped -q";
    workspace.ok(&format!("{stopped} --set training.max_seconds=1e-9"));
    let config = workspace.text("stopped/config.toml");
    let kept = config.lines().filter(|line| !line.starts_with("max_seconds")).collect::<Vec<_>>();
    workspace.write("stopped/config.toml", kept.join("\n"));
    assert_ne!(workspace.bytes("stopped/model.safetensors"), workspace.bytes("whole/model.safetensors"));
    succeeds(&workspace, "other", "fit --resume ../stopped -q");
    assert!(workspace.bytes("stopped/model.safetensors") == workspace.bytes("whole/model.safetensors"));
    let path = workspace.path(".").canonicalize().unwrap().display().to_string();
    let model = workspace.bytes("stopped/model.safetensors");
    assert!(!model.windows(path.len()).any(|part| part == path.as_bytes()), "no path of this machine");
}
