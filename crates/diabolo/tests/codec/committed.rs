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
fn committed_files_come_back() {
    let folder = format!("{}/../../testdata/codec", env!("CARGO_MANIFEST_DIR"));
    // The first has codes; the second, with other data, is written by counts alone. Both have
    // format 1; the third has format 3, with numbers of floating precision.
    for (name, table) in
        [("codes.dbz", "table.csv"), ("counts.dbz", "table.csv"), ("floating.dbz", "floating.csv")]
    {
        let expected = std::fs::read(format!("{folder}/{table}")).unwrap();
        for threads in [1, 2, 16] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            assert!(pool.install(|| read(name)) == expected, "{name}, {threads} threads");
        }
    }
}
