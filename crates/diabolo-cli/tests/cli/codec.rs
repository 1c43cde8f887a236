//! `compress` and `decompress`.

use std::io::Write;
use std::process::Stdio;

use crate::support::{Ran, Workspace, fitted, table};

#[test]
fn a_table_comes_back_from_a_file_and_through_pipes() {
    let workspace = fitted();
    let said = workspace.ok("compress run good.csv -o good.dbz");
    assert!(said.stderr.contains("wrote 60 rows to good.dbz"), "{}", said.stderr);
    workspace.ok("decompress good.dbz --model run -o again.csv");
    assert_eq!(workspace.text("again.csv"), workspace.text("good.csv"));
    let some = workspace.ok("decompress good.dbz --model run --rows 10..12").stdout;
    let all = workspace.text("good.csv");
    let lines: Vec<&str> = all.lines().collect();
    assert_eq!(some, format!("{}\n{}\n{}\n", lines[0], lines[11], lines[12]));
    assert!(workspace.ok("decompress good.dbz --model run --check").stdout.contains("60 rows"));

    let mut packing = workspace.command("compress run - -o - -q").stdin(Stdio::piped()).spawn().unwrap();
    packing.stdin.take().unwrap().write_all(all.as_bytes()).unwrap();
    let packed = packing.wait_with_output().unwrap().stdout;
    let mut unpacking = workspace.command("decompress - --model run").stdin(Stdio::piped()).spawn().unwrap();
    unpacking.stdin.take().unwrap().write_all(&packed).unwrap();
    assert_eq!(Ran::of(unpacking.wait_with_output().unwrap()).stdout, all);
}

#[test]
fn exact_text_comes_back_with_the_model_in_the_file() {
    let workspace = fitted();
    let text =
        table(60, |i, row| if i == 7 { "a line that is no row".into() } else { row.replace("red", " red") });
    workspace.write("odd.csv", text.trim_end());
    workspace.ok("compress run odd.csv --skip-bad-rows 1 --exact --embed -o odd.dbz");
    workspace.ok("decompress odd.dbz -o again.csv");
    assert_eq!(workspace.text("again.csv"), text.trim_end());
    workspace.ok("decompress odd.dbz --model run -o again.csv");
    let shown = workspace.ok("inspect odd.dbz --json").json();
    assert_eq!(
        (&shown["rows"], &shown["exact"], &shown["embedded"]),
        (&59.into(), &true.into(), &true.into())
    );
    assert!(workspace.ok("inspect odd.dbz").stdout.contains("in the file, SHA-256"));
}

#[test]
fn an_output_is_replaced_by_a_whole_file_only() {
    let workspace = fitted();
    let text = workspace.text("good.csv");
    workspace.ok("compress run good.csv -o good.dbz -q");
    let good = workspace.bytes("good.dbz");
    workspace.write("empty.csv", text.lines().next().unwrap());
    workspace.fails(3, "compress run empty.csv -o good.dbz");
    assert_eq!(workspace.bytes("good.dbz"), good);

    workspace.write("old.csv", "stale");
    workspace.ok("decompress good.dbz --model run --rows 3..3 -o old.csv");
    assert_eq!(workspace.text("old.csv").trim_end(), text.lines().next().unwrap());
    let said = workspace.ok("compress run good.csv -o good.csv").stderr;
    assert!(said.contains(&format!("% of {}", text.len())), "{said}");
}

#[cfg(unix)]
#[test]
fn links_and_devices_stay() {
    use std::os::unix::fs::{FileTypeExt, symlink};
    let workspace = fitted();
    symlink("target.dbz", workspace.path("link.dbz")).unwrap();
    workspace.write("target.dbz", "old");
    workspace.ok("compress run good.csv -o link.dbz");
    assert!(workspace.path("link.dbz").is_symlink() && workspace.bytes("target.dbz").len() > 100);
    // A pipe, since a broken program that ran as root would replace a device of the system.
    let made = std::process::Command::new("mkfifo").arg(workspace.path("pipe")).status();
    if made.is_ok_and(|made| made.success()) {
        let pipe = workspace.path("pipe");
        let reader = std::thread::spawn(move || std::fs::read(pipe).unwrap());
        workspace.ok("compress run good.csv -o pipe");
        assert_eq!(reader.join().unwrap(), workspace.bytes("target.dbz"));
        assert!(workspace.path("pipe").symlink_metadata().unwrap().file_type().is_fifo());
    }
}

#[test]
fn damage_is_exit_3_and_another_or_no_model_exit_4() {
    let workspace = fitted();
    workspace.ok("compress run good.csv -o good.dbz -q");
    workspace.ok("fit good.csv --key id --epochs 1 --seed 5 -o other -q");
    let none = workspace.fails(4, "decompress good.dbz");
    assert!(none.contains("SHA-256") && none.contains("--model"), "{none}");
    workspace.fails(4, "decompress good.dbz --model other");
    let mut bytes = workspace.bytes("good.dbz");
    let middle = bytes.len() - 100;
    bytes[middle] ^= 1;
    workspace.write("bad.dbz", &bytes);
    workspace.fails(3, "decompress bad.dbz --model run -o again.csv");
    let mut index = workspace.bytes("good.dbz");
    let place = index.len() - 9;
    index[place] ^= 0x80;
    workspace.write("index.dbz", &index);
    workspace.fails(3, "inspect index.dbz");
    workspace.write("cut.dbz", &bytes[..200]);
    workspace.fails(3, "decompress cut.dbz --model run -o again.csv");
    workspace.fails(3, "decompress good.csv --model run");
    workspace.fails(2, "decompress good.dbz --model run --rows 10..61");
    workspace.fails(2, "decompress good.dbz --model run --rows ten");
    workspace.fails(2, "compress run good.csv -o x.dbz --block-rows 0");
}

#[test]
fn models_that_cannot_compress_are_refused() {
    let workspace = Workspace::new();
    workspace.write("good.csv", table(60, |_, row| row));
    workspace.ok("fit good.csv --model contractive --key id --epochs 1 -o run -q");
    let refused = workspace.fails(2, "compress run good.csv -o x.dbz");
    assert!(refused.contains("contractive"), "{refused}");
}
