//! `diabolo decompress`.

use std::io::{BufWriter, Cursor, Read, Seek, Write};
use std::path::Path;

use diabolo::Error;
use diabolo::arrow::RecordBatch;
use diabolo::codec::{Archive, CodecModel};
use diabolo::data::Writer;
use diabolo::data::write::Target;

use crate::args::{DecompressArgs, Shared};
use crate::{archive, output};

pub fn run(args: &DecompressArgs, shared: &Shared) -> anyhow::Result<()> {
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
        return archive::sound(archive.verify()?, shared);
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
