//! Printing of compressed files.

use std::fs::File;
use std::path::Path;

use diabolo::Error;
use diabolo::codec::{Archive, CodecModel, Compressed, FileSize};
use serde_json::json;

use crate::args::{CompressArgs, Shared};
use crate::output;

/// What was written, and what it is compared with.
pub fn compressed(
    args: &CompressArgs,
    model: &CodecModel,
    written: &Compressed,
    read: Option<FileSize>,
    shared: &Shared,
) -> anyhow::Result<()> {
    if shared.json {
        return output::print_json(&json!({
            "rows": written.rows,
            "blocks": written.blocks,
            "stored_blocks": written.stored_blocks,
            "bytes": written.bytes,
            "bytes_without_model": written.bytes - written.embedded_bytes,
            "model_bytes": model.file_bytes(),
            "input_bytes": read.map(|read| read.bytes),
            "zstd_bytes": read.and_then(|read| read.zstd),
            "error": args.error,
            "file": args.out,
        }));
    }
    let of_input = read.map_or(String::new(), |FileSize { bytes, zstd }| {
        let share = 100.0 * written.bytes as f64 / bytes.max(1) as f64;
        let zstd = zstd.map_or(String::new(), |zstd| format!("; zstd -19: {zstd}"));
        format!(" ({share:.1} % of {bytes}{zstd})")
    });
    shared.note(format!("wrote {} rows to {}: {} bytes{of_input}", written.rows, args.out, written.bytes));
    if let Some(error) = args.error {
        shared.note(format!("numbers are within {error} of the training range of their column"));
    }
    shared.note(match written.embedded_bytes {
        0 => format!("decompression needs the model file, which has {} bytes", model.file_bytes()),
        embedded => format!("of them {embedded} bytes are the model"),
    });
    if written.stored_blocks > 0 {
        let (stored, all) = (written.stored_blocks, written.blocks);
        shared.note(format!("note: {stored} of {all} blocks are stored without the model, which is smaller"));
        if stored == all && model.lacks_grey_levels() {
            shared.note(
                "note: the model has no masses of grey levels; one that was fitted with --preset compress has",
            );
        }
    }
    Ok(())
}

/// That everything was decoded.
pub fn sound(rows: u64, shared: &Shared) -> anyhow::Result<()> {
    match shared.json {
        true => output::print_json(&json!({ "rows": rows, "sound": true })),
        false => output::print(&format!("{rows} rows, every block is sound")),
    }
}

/// What `inspect` shows of a compressed file.
pub fn inspect(path: &Path, shared: &Shared) -> anyhow::Result<()> {
    let bytes = File::open(path).and_then(|file| file.metadata()).map_err(Error::io("read", path))?.len();
    let info = Archive::of_path(path)?.info();
    let columns = info.schema.fields();
    let bounds = info.bounds.iter().flat_map(|bounds| &bounds.columns);
    let bound = |name: &str| bounds.clone().find(|(column, _)| column == name).map(|(_, bound)| *bound);
    if shared.json {
        let columns: Vec<_> = columns
            .iter()
            .map(|field| {
                let (name, data_type) = (field.name(), field.data_type().to_string());
                json!({ "name": name, "type": data_type, "error": bound(name) })
            })
            .collect();
        return output::print_json(&json!({
            "rows": info.rows, "blocks": info.blocks, "bytes": bytes, "exact": info.exact,
            "model_sha256": info.model_sha256, "embedded": info.embedded, "columns": columns,
            "error": info.bounds.map(|bounds| bounds.error),
        }));
    }
    let comes_back = match (&info.bounds, info.exact) {
        (Some(bounds), _) => {
            format!("numbers within {} of their training range, all else the same", bounds.error)
        }
        (None, true) => "as the same bytes of text".into(),
        (None, false) => "as the same values and types".into(),
    };
    let model = if info.embedded { "in the file" } else { "needed to decompress" };
    let facts = [
        ("rows", info.rows.to_string()),
        ("blocks", info.blocks.to_string()),
        ("bytes", bytes.to_string()),
        ("comes back", comes_back),
        ("model", format!("{model}, SHA-256 {}", info.model_sha256)),
    ];
    // Three digits, without an exponent where that is short.
    let rounded = |bound: f64| format!("{bound:.2e}").parse().unwrap_or(bound);
    let said = |name: &str| bound(name).map_or(String::new(), |bound| format!(", ± {}", rounded(bound)));
    let columns: Vec<(String, String)> = columns
        .iter()
        .map(|field| (field.name().clone(), format!("{}{}", field.data_type(), said(field.name()))))
        .collect();
    output::print(&format!("{}\n{}", output::aligned(&facts), output::aligned(&columns)))
}
