//! `compress` and `decompress`.

use std::io::Write;
use std::process::Stdio;

use crate::support::{Ran, Workspace, cells, fitted, table};

#[test]
fn a_table_comes_back_from_a_file_and_through_pipes() {
    let workspace = fitted();
    let said = workspace.ok("compress run good.csv -o good.dbz");
    assert!(said.stderr.contains("wrote 60 rows to good.dbz"), "{}", said.stderr);
    let shown =
        workspace.ok("compress run good.csv -o good.dbz --json").json()["zstd_bytes"].as_u64().unwrap();
    assert!((100..workspace.text("good.csv").len() as u64).contains(&shown), "{shown}");
    assert!(said.stderr.contains(&format!("zstd -19: {shown}")), "{}", said.stderr);
    workspace.ok("decompress good.dbz --model run -o packed.csv.gz -q");
    let said = workspace.ok("compress run packed.csv.gz -o packed.dbz").stderr;
    assert!(said.contains("% of") && !said.contains("zstd"), "a compressed input: {said}");
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

#[test]
fn numbers_are_within_the_bound_that_was_given() {
    let workspace = Workspace::new();
    let number = |i: usize| ((i * i * 7919) % 100_003) as f64 / 1000.0 - 7.0;
    let row = |i: usize, _: String| match i % 40 {
        3 => format!("r{i},,{},red,1", i % 900),
        9 => format!("r{i},NA,{},blue,0", i % 900),
        _ => format!("r{i},{:.3},{},blue,0", number(i), i * i % 901),
    };
    workspace.write("t.csv", table(2000, row));
    workspace.ok("fit t.csv --key id --epochs 2 -o run -q");
    let bytes = |flags: &str| {
        let ran = workspace.ok(&format!("compress run t.csv -o t.dbz --json {flags}"));
        workspace.ok("decompress t.dbz --model run -o again.csv");
        ran.json()["bytes"].as_u64().unwrap()
    };
    let exact = bytes("");
    let (header, original) = cells(&workspace.text("t.csv"));
    for (error, smaller) in [(0.001, 0.85), (0.01, 0.7)] {
        let lossy = bytes(&format!("--error {error}"));
        assert!((lossy as f64) < smaller * exact as f64, "{lossy} of {exact} bytes at {error}");
        let (again_header, again) = cells(&workspace.text("again.csv"));
        assert_eq!(again_header, header);
        let mut moved = 0;
        for (a, b) in original.iter().zip(&again) {
            assert_eq!((&a[0], &a[3..]), (&b[0], &b[3..]));
            for (at, range) in [(1, 100.0), (2, 900.0)] {
                match (a[at].parse::<f64>(), b[at].parse::<f64>()) {
                    (Ok(x), Ok(y)) => {
                        assert!((x - y).abs() <= error * range * 1.001, "{x} came back as {y}");
                        moved += usize::from(x != y);
                    }
                    _ => assert_eq!(a[at], b[at]),
                }
            }
        }
        assert!(moved > 1000, "{moved} numbers moved: a control");
        let shown = workspace.ok("inspect t.dbz").stdout;
        assert!(shown.contains(&format!("numbers within {error} of their training range")), "{shown}");
        assert!(shown.contains("±"), "{shown}");
    }
    let both = workspace.fails(2, "compress run t.csv -o x.dbz --error 0.01 --exact");
    assert!(both.contains("--error") && both.contains("--exact"), "{both}");
    for bad in ["0", "-1", "0.6", "nan"] {
        let said = workspace.fails(2, &format!("compress run t.csv -o x.dbz --error={bad}"));
        assert!(said.contains("--error"), "{said}");
    }
    assert!(!workspace.path("x.dbz").exists());
}

#[test]
fn a_folder_of_images_comes_back() {
    let workspace = Workspace::new();
    workspace.ok("fit digits --likelihood discretized_logistic:1 --epochs 1 --latent-dim 4 -o run -q");
    workspace.ok("generate run -n 30 --mean false -o pictures/ -q");
    workspace.ok("compress run pictures/ -o pictures.dbz");
    workspace.ok("decompress pictures.dbz --model run -o again/");
    let files = |folder: &str| {
        let mut names: Vec<String> = std::fs::read_dir(workspace.path(folder))
            .unwrap()
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    assert_eq!(files("pictures").len(), 30);
    assert_eq!(files("pictures"), files("again"));
    for name in files("pictures") {
        assert_eq!(
            workspace.bytes(&format!("pictures/{name}")),
            workspace.bytes(&format!("again/{name}")),
            "{name}"
        );
    }
    let refused = workspace.fails(2, "compress run pictures/ -o x.dbz --error 0.01");
    assert!(refused.contains("--error") && refused.contains("pictures"), "{refused}");
}

#[cfg(unix)]
#[test]
fn a_killed_compression_leaves_no_half_file() {
    let workspace = fitted();
    workspace.write("old.dbz", "an older file");
    let all = table(4000, |_, row| row);
    let (first, _) = all.split_at(all.len() / 2);
    for out in ["new.dbz", "old.dbz"] {
        let command = format!("compress run - -o {out} -q --block-rows 50");
        let known = workspace.listing().len();
        let mut packing = workspace.command(&command).stdin(Stdio::piped()).spawn().unwrap();
        // The rest of the rows never comes, so that it is in the middle when it is killed.
        let mut input = packing.stdin.take().unwrap();
        input.write_all(first.as_bytes()).unwrap();
        while workspace.listing().len() == known && packing.try_wait().unwrap().is_none() {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        assert!(packing.try_wait().unwrap().is_none(), "it writes beside the name, and waits for the rest");
        packing.kill().unwrap();
        packing.wait().unwrap();
        drop(input);
    }
    assert!(!workspace.path("new.dbz").exists(), "no half file under the final name");
    assert_eq!(workspace.text("old.dbz"), "an older file");
}

#[test]
fn a_model_without_masses_of_grey_levels_is_named() {
    let workspace = Workspace::new();
    workspace.ok("fit digits --epochs 1 --hidden 8 --latent-dim 2 -q -o run");
    let ran = workspace.ok("compress run digits -o digits.dbz");
    assert!(ran.stderr.contains("fitted with --preset compress"), "{}", ran.stderr);
}
