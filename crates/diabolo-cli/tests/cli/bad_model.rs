//! Model files and run folders that cannot be used: exit code 4.

use insta::assert_snapshot;

use crate::support::{Workspace, fitted};

/// `encode` with a copy of a good model file, changed by `edit`.
fn encode_with(edit: impl Fn(&mut Vec<u8>)) -> String {
    let workspace = fitted();
    let mut bytes = workspace.bytes("run/model.safetensors");
    edit(&mut bytes);
    workspace.write("m.safetensors", bytes);
    workspace.fails(4, "encode m.safetensors good.csv -o codes.csv")
}

#[test]
fn truncated() {
    assert_snapshot!(encode_with(|b| b.truncate(5000)), @"error: m.safetensors: this is not a complete safetensors file (incomplete metadata, file not fully covered); restore it from a backup, or fit the model again");
    assert_snapshot!(encode_with(|b| b.truncate(4)), @"error: m.safetensors: this is not a complete safetensors file (header too small); restore it from a backup, or fit the model again");
    assert_snapshot!(encode_with(|b| { b.pop(); }), @"error: m.safetensors: this is not a complete safetensors file (incomplete metadata, file not fully covered); restore it from a backup, or fit the model again");
}

#[test]
fn tampered() {
    assert_snapshot!(encode_with(|b| *b.last_mut().unwrap() ^= 1), @"error: m.safetensors: its checksum does not match: the file was changed or damaged; restore it from a backup, or fit the model again");
}

#[test]
fn header_with_huge_length() {
    assert_snapshot!(encode_with(|b| b[..8].copy_from_slice(&(1u64 << 62).to_le_bytes())), @"error: m.safetensors: this is not a complete safetensors file (header too large); restore it from a backup, or fit the model again");
}

#[test]
fn newer_format_version() {
    let newer = |bytes: &mut Vec<u8>| {
        let (old, new) = (br#"\"format_version\":2"#, br#"\"format_version\":9"#);
        let at = bytes.windows(old.len()).position(|w| w == old).unwrap();
        bytes[at..at + new.len()].copy_from_slice(new);
    };
    assert_snapshot!(encode_with(newer), @"error: m.safetensors: it has format version 9; this diabolo reads versions up to 2; upgrade diabolo");
}

#[test]
fn not_a_model() {
    let workspace = fitted();
    assert_snapshot!(workspace.fails(2, "encode good.csv good.csv"), @"error: 'good.csv' is a file of data, and not a run; give the run folder of `diabolo fit` first");
    workspace.write("good.bin", workspace.text("good.csv"));
    assert_snapshot!(workspace.fails(4, "encode good.bin good.csv"), @"error: good.bin: this is not a complete safetensors file (header too large); restore it from a backup, or fit the model again");
    assert_snapshot!(workspace.fails(1, "encode nowhere good.csv"), @"error: nowhere: cannot read: there is no such file or folder; check the path");
}

#[test]
fn not_a_run() {
    let workspace = Workspace::new();
    std::fs::create_dir(workspace.path("folder")).unwrap();
    assert_snapshot!(workspace.fails(4, "fit --resume folder"), @"error: folder: this is not a run folder: it has no config.toml; pass the folder that `diabolo fit` printed");
    assert_snapshot!(workspace.fails(4, "evaluate folder"), @"error: folder: this folder has no model.safetensors; pass a finished run, or finish this one with `diabolo fit --resume`");
}

#[test]
fn a_resumed_run_keeps_its_settings() {
    let workspace = fitted();
    assert_snapshot!(workspace.fails(2, "fit --resume run --epochs 9 --seed 1"), @"error: --resume and other settings than --epochs cannot be combined: a resumed run keeps its settings");
}

#[test]
fn a_damaged_checkpoint() {
    let workspace = fitted();
    workspace.write("run/checkpoint/checkpoint.safetensors", "short");
    assert_snapshot!(workspace.fails(4, "fit --resume run"), @"error: run/checkpoint/checkpoint.safetensors: this is not a complete safetensors file (header too small); restore it from a backup, or fit the model again");
}

#[test]
fn changed_data_is_refused() {
    let workspace = fitted();
    workspace.write("good.csv", workspace.text("good.csv") + "r61,0.5,3,red,1\n");
    assert_snapshot!(workspace.fails(3, "fit --resume run"), @"error: good.csv: expected the data that the run was started on, found other contents; restore the file, or start a new run");
    assert_snapshot!(workspace.fails(3, "evaluate run"), @"error: good.csv: expected the data that the model was fitted on, found other contents; put it back, or name the rows to use");
    workspace.ok("evaluate run good.csv");
}
