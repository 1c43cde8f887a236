//! `cfg(has_data)` where `DIABOLO_DATA` is a folder: elsewhere tests on real data are compiled as
//! ignored.

#![allow(clippy::print_stdout, reason = "how a build script speaks to cargo")]

fn main() {
    println!("cargo::rustc-check-cfg=cfg(has_data)");
    println!("cargo::rerun-if-env-changed=DIABOLO_DATA");
    if std::env::var_os("DIABOLO_DATA").is_some_and(|folder| std::path::Path::new(&folder).is_dir()) {
        println!("cargo::rustc-cfg=has_data");
    }
}
