//! `diabolo compress`.

use std::io::{BufWriter, Write};
use std::panic::resume_unwind;
use std::path::Path;

use diabolo::Error;
use diabolo::codec::{CodecModel, CompressOptions, Compressed, FileSize, compress, compress_text};
use diabolo::data::open;
use diabolo::data::write::Target;

use crate::args::{CompressArgs, Shared};
use crate::{archive, output};

pub fn run(args: &CompressArgs, shared: &Shared) -> anyhow::Result<()> {
    output::one_on_stdout("--out", &args.out, shared)?;
    let model = CodecModel::open(&args.model)?;
    let is_seen = shared.json || !shared.quiet;
    let mut file = Target::named(&args.out).map_err(Error::io("create", &args.out))?;
    // zstd takes about as long. The output may be the input, until it is committed.
    let (input, written) = std::thread::scope(|scope| {
        let input = is_seen.then(|| scope.spawn(|| FileSize::of(Path::new(&args.input))));
        let written = written(args, &model, shared, BufWriter::new(&mut file));
        (input.map(|size| size.join().unwrap_or_else(|panic| resume_unwind(panic))), written)
    });
    let (written, input) = (written?, input.transpose()?.flatten());
    if written.rows == 0 && !args.exact {
        return Err(Error::no_rows(&args.input).into());
    }
    file.commit().map_err(Error::io("write", &args.out))?;
    archive::compressed(args, &model, &written, input, shared)
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
