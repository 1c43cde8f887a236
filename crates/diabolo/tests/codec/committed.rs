//! A file that an earlier build wrote comes back: what both sides compute has not changed, on this
//! processor and for any number of threads. `bench/same_bits.sh` runs this on other processors.

use std::path::Path;

use diabolo::codec::Archive;

fn read(name: &str) -> Vec<u8> {
    let path = format!("{}/../../testdata/codec/{name}", env!("CARGO_MANIFEST_DIR"));
    let mut archive = Archive::of_path(Path::new(&path)).unwrap();
    let mut text = vec![];
    archive.write_text(None, &mut text).unwrap();
    text
}

#[test]
fn a_committed_file_comes_back() {
    let path = format!("{}/../../testdata/codec/table.csv", env!("CARGO_MANIFEST_DIR"));
    let expected = std::fs::read(path).unwrap();
    for threads in [1, 2, 16] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        // The first has codes; the second, with other data, is written by counts alone.
        for name in ["codes.dbz", "counts.dbz"] {
            assert!(pool.install(|| read(name)) == expected, "{name}, {threads} threads");
        }
    }
}
