//! A table from its bytes to encoded rows and back: reading, types, split, scaling, decoding.
#![no_main]

use diabolo_data::DataConfig;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    diabolo_fuzz::run(|| {
        let folder = diabolo_fuzz::folder();
        let path = folder.path().join("rows");
        diabolo_fuzz::write(&path, bytes);
        let input = path.to_string_lossy();
        let Ok(prepared) = diabolo_data::prepare(&input, &DataConfig::default(), 0) else { return };
        let preprocessor = &prepared.preprocessor;
        let _ = preprocessor.encode(&input, &prepared.test, 0);
        let _ = preprocessor.decode(&prepared.train.values);
    });
});
