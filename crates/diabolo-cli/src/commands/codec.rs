//! `diabolo compress` and `decompress`.

use std::fs::File;
use std::io::{BufWriter, Cursor, Read, Seek, Write};
use std::ops::Range;
use std::path::Path;

use diabolo::Error;
use diabolo::arrow::RecordBatch;
use diabolo::codec::{Archive, CodecModel, CompressOptions, Compressed, compress, compress_text, zstd_bytes};
use diabolo::data::write::Target;
use diabolo::data::{Writer, is_packed, open};
use serde_json::json;

use crate::args::{CompressArgs, DecompressArgs, Shared};
use crate::output;

pub fn run_compress(args: &CompressArgs, shared: &Shared) -> anyhow::Result<()> {
    output::one_on_stdout("--out", &args.out, shared)?;
    let model = CodecModel::open(&args.model)?;
    // Before the output, which may be the input.
    let input = Input::of(args, shared)?;
    let mut file = Target::named(&args.out).map_err(Error::io("create", &args.out))?;
    let written = written(args, &model, shared, BufWriter::new(&mut file))?;
    if written.rows == 0 && !args.exact {
        return Err(Error::no_rows(&args.input).into());
    }
    file.commit().map_err(Error::io("write", &args.out))?;
    summary(args, &model, &written, input, shared)
}

/// The sizes of the input in bytes: as it is, and compressed by zstd, unless that is too dear or
/// says nothing.
#[derive(Clone, Copy)]
struct Input {
    bytes: u64,
    zstd: Option<u64>,
}

/// zstd -19 takes too long for larger files.
const MOST_COMPARED: u64 = 64 << 20;

impl Input {
    /// Of a file; nothing of standard input and folders, or if nobody will see it.
    fn of(args: &CompressArgs, shared: &Shared) -> diabolo::Result<Option<Self>> {
        let file = std::fs::metadata(&args.input).ok().filter(std::fs::Metadata::is_file);
        let Some(file) = file.filter(|_| shared.json || !shared.quiet) else { return Ok(None) };
        let zstd = match file.len() <= MOST_COMPARED {
            true => Self::zstd(&args.input).map_err(Error::io("read", &args.input))?,
            false => None,
        };
        Ok(Some(Input { bytes: file.len(), zstd }))
    }

    fn zstd(path: &str) -> std::io::Result<Option<u64>> {
        let mut file = File::open(path)?;
        let mut start = vec![];
        (&mut file).take(4).read_to_end(&mut start)?;
        match is_packed(&start) {
            true => Ok(None),
            false => zstd_bytes(Cursor::new(start).chain(file)).map(Some),
        }
    }
}

fn written(
    args: &CompressArgs,
    model: &CodecModel,
    shared: &Shared,
    out: impl Write,
) -> diabolo::Result<Compressed> {
    let data = args.read.over(&model.saved().header.config)?.data;
    let options = CompressOptions { block_rows: args.block_rows, embed: args.embed, error: args.error };
    if !args.exact {
        let rows = open(&args.input, &shared.read_options(&data))?;
        let schema = rows.schema().clone();
        return compress(model, schema, rows, out, &options);
    }
    if args.input == "-" {
        let help = "name the file, or leave out --exact".into();
        return Err(Error::Unsupported { what: "--exact cannot read stdin".into(), help });
    }
    let text = std::fs::read(&args.input).map_err(Error::io("read", &args.input))?;
    let rows = open(&args.input, &shared.read_options(&data))?;
    let names: Vec<String> = rows.schema().fields().iter().map(|field| field.name().clone()).collect();
    let header = rows.text_format().is_some_and(|format| format.header);
    compress_text(model, &text, &names, header, out, &options)
}

fn summary(
    args: &CompressArgs,
    model: &CodecModel,
    written: &Compressed,
    read: Option<Input>,
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
    let of_input = read.map_or(String::new(), |Input { bytes, zstd }| {
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
    }
    Ok(())
}

pub fn run_decompress(args: &DecompressArgs, shared: &Shared) -> anyhow::Result<()> {
    if !args.check {
        output::one_on_stdout("--out", &args.out, shared)?;
    }
    match args.file.as_str() {
        "-" => {
            let mut bytes = vec![];
            std::io::stdin().lock().read_to_end(&mut bytes).map_err(Error::io("read", "stdin"))?;
            decompress(Archive::open(Cursor::new(bytes), "stdin")?, args, shared)
        }
        path => decompress(Archive::of_path(Path::new(path))?, args, shared),
    }
}

fn decompress(
    mut archive: Archive<impl Read + Seek>,
    args: &DecompressArgs,
    shared: &Shared,
) -> anyhow::Result<()> {
    if let Some(path) = args.model.as_ref().filter(|_| archive.needs_model()) {
        archive.set_model(&CodecModel::open(path)?)?;
    }
    let (range, info) = (args.range()?, archive.info());
    let rows = range.clone().unwrap_or(0..info.rows);
    if args.check {
        return check(archive, rows, info.exact, shared);
    }
    match info.exact {
        true => {
            let mut file = Target::named(&args.out).map_err(Error::io("create", &args.out))?;
            let mut out = BufWriter::new(&mut file);
            archive.write_text(range, &mut out)?;
            out.flush().map_err(Error::io("write", &args.out))?;
            drop(out);
            file.commit().map_err(Error::io("write", &args.out))?;
        }
        false => {
            let mut writer = Writer::create(&args.out, args.format)?;
            if rows.is_empty() {
                writer.write(&RecordBatch::new_empty(info.schema))?;
            }
            for batch in archive.batches(rows.clone())? {
                writer.write(&batch?)?;
            }
            super::finish(writer, shared)?;
        }
    }
    output::wrote(rows.end - rows.start, "rows", &args.out, shared)
}

/// Decodes everything.
fn check(
    mut archive: Archive<impl Read + Seek>,
    rows: Range<u64>,
    exact: bool,
    shared: &Shared,
) -> anyhow::Result<()> {
    let count = rows.end;
    match exact {
        true => archive.write_text(None, &mut std::io::sink())?,
        false => archive.batches(rows)?.try_for_each(|batch| batch.map(drop))?,
    }
    match shared.json {
        true => output::print_json(&json!({ "rows": count, "sound": true })),
        false => output::print(&format!("{count} rows, every block is sound")),
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
