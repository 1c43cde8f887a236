#!/usr/bin/env python3
"""Writes seeds/: small valid files of every format, by programs that are not ours.

    fuzz/seeds.py [RUN | FILE.dbz ...]      runs and compressed files, in parts as the targets `model` and `dbz` take them

Needs numpy, pillow, pyarrow and zstandard. The files are committed; run this to add some.
"""

import gzip
import io
import json
import struct
import sys
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import zstandard
from PIL import Image

SEEDS = Path(__file__).parent / "seeds"


def save(target: str, name: str, contents: bytes) -> None:
    folder = SEEDS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(contents)


def table() -> pa.Table:
    return pa.table(
        {
            "n": pa.array([1, None, 3], pa.int32()),
            "x": pa.array([0.5, float("nan"), None], pa.float64()),
            "s": pa.array(["a", None, "ü"]).dictionary_encode(),
            "b": pa.array([True, False, None]),
            "t": pa.array([0, 86_400_000, None], pa.timestamp("ms")),
        }
    )


def texts() -> dict[str, bytes]:
    plain = "id,age,name,ok\n1,20,ann,yes\n2,,bob,no\n3,31.5,\"c,d\",yes\n"
    return {
        "comma.csv": plain.encode(),
        "semicolon.csv": "a;b\n1,5;2,5\n3,0;NA\n".encode(),
        "tab.tsv": "a\tb\n1\t2\n".encode(),
        "blanks.txt": "  1.0  2.0\n 1.0   -2.0 \n".encode(),
        "remark.csv": "|remark\n1,2\n3,4\n".encode(),
        "latin1.csv": "größe,x\n1,ä\n".encode("latin1"),
        "utf16.csv": "a,b\n1,2\n".encode("utf-16"),
        "bom.csv": "a,b\r\n1,2\r\n".encode("utf-8-sig"),
        "quoted.csv": b'a\n""\n"1\n2"\n',
        "lost_quote.csv": b'a,b\n1,"x\n2,"y"\n3,z\n',
        "carriage_returns.csv": b"a,b\r1,2\r",
        "sep.csv": b"sep=;\na;b\n1;2\n",
        "comments.csv": b"# by hand\n# a b\n1 2\n3 4\n5 6\n",
        "years.csv": b"name,2023,2024\nx,1.5,2\n",
    }


def json_lines() -> dict[str, bytes]:
    rows = [{"i": 1, "x": 0.5, "s": "a", "b": True}, {"i": 2**64 - 1, "x": None, "s": "\u00fc\n", "deep": [{"k": 1}]}]
    lines = "\n".join(map(json.dumps, rows)).encode()
    return {
        "rows.jsonl": lines,
        "damaged.jsonl": lines + b'\n{"i": \n{"i": 1, "i": 2}\n{"i": NaN, "mix": "n/a"}\n{"mix": -1e5}\n',
    }


def rows() -> bytes:
    """Enough rows to be split three ways, with a column of each kind."""
    lines = ["id,x,n,kind,ok,day"]
    for i in range(24):
        missing = "" if i % 7 == 3 else f"{i * 0.37 - 2:.2f}"
        lines.append(f"{i},{missing},{i % 5},{'abc'[i % 3]},{'yes' if i % 2 else 'no'},2024-01-{i + 1:02}")
    return "\n".join(lines).encode()


def npy(array: np.ndarray, version: tuple[int, int] = (1, 0)) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version)
    return file.getvalue()


def npz(write, **arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    write(file, **arrays)
    return file.getvalue()


def idx(kind: int, array: np.ndarray) -> bytes:
    head = bytes([0, 0, kind, array.ndim]) + b"".join(struct.pack(">I", n) for n in array.shape)
    return head + array.astype(array.dtype.newbyteorder(">")).tobytes()


def picture(mode: str, **options) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.arange(3 * 4 * 4, dtype=np.uint8).reshape(3, 4, 4)).convert(mode).save(file, **options)
    return file.getvalue()


def wide_picture() -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.arange(12, dtype=np.uint16).reshape(3, 4) * 5000).save(file, format="PNG")
    return file.getvalue()


def arrow(writer, options: pa.ipc.IpcWriteOptions | None = None) -> bytes:
    sink = pa.BufferOutputStream()
    with writer(sink, table().schema, options=options) as out:
        out.write_table(table())
    return sink.getvalue().to_pybytes()


def parquet(**options) -> bytes:
    file = io.BytesIO()
    pq.write_table(table().select([0, 1, 2, 4]), file, store_schema=False, **options)
    return file.getvalue()


def model(run: Path) -> bytes:
    file = (run / "model.safetensors").read_bytes()
    length = int.from_bytes(file[:8], "little")
    table = json.loads(file[8 : 8 + length])
    header = json.loads(table.pop("__metadata__")["diabolo"])
    del header["checksum"]
    shapes = {name: tensor["shape"] for name, tensor in table.items()}
    lines = [json.dumps(part, separators=(",", ":")).encode() for part in (header, shapes)]
    return b"\n".join([*lines, file[8 + length :][:32]])


def number(bytes_: bytes) -> tuple[int, bytes]:
    """A number of seven bits a byte, and what follows."""
    length = next(at for at, byte in enumerate(bytes_) if byte < 0x80) + 1
    return sum((byte & 0x7F) << (7 * at) for at, byte in enumerate(bytes_[:length])), bytes_[length:]


def put_number(n: int) -> bytes:
    out = bytearray()
    while n >= 0x80:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    return bytes([*out, n])


def dbz(file: bytes) -> bytes:
    """The frames of a file whose model is that of testdata/codec/floating.dbz, without it and the index."""
    parts, rest = [], file[12:]
    while rest[:1] != b"I":
        tag, length = rest[:1], int.from_bytes(rest[1:9], "little")
        payload, rest = rest[17 : 17 + length], rest[17 + length :]
        if tag == b"M":
            continue
        if tag == b"H":
            # From format 3 on it repeats the format before the checksum of the model.
            payload = file[8:9] + payload[34 if file[8] > 2 else 32 :]
        if tag == b"B":
            rows, block = number(payload)
            side_length, block_rest = number(block[8:])
            side = zstandard.ZstdDecompressor().decompressobj().decompress(block_rest[:side_length])
            tag = b"b"
            payload = put_number(rows) + block[:8] + put_number(len(side)) + side + block_rest[side_length:]
        parts.append(tag + struct.pack("<H", len(payload)) + payload)
    return b"(" + b"".join(parts)


def main() -> None:
    for given in map(Path, sys.argv[1:]):
        if given.suffix == ".dbz":
            save("dbz", given.stem, dbz(given.read_bytes()))
        else:
            save("model", given.name, model(given))

    for name, text in texts().items():
        save("csv", name, text)
    for name, text in json_lines().items():
        save("json_lines", name, text)
    save("prepare", "rows.csv", rows())
    save("prepare", "numbers.csv", b"\n".join(b"%d,%d" % (i, i * i) for i in range(12)))
    save("prepare", "array.npy", npy(np.arange(30.0).reshape(10, 3)))
    save("prepare", "pictures.npy", npy(np.arange(8 * 4, dtype=np.uint8).reshape(8, 2, 2)))

    for compression in ["none", "snappy", "gzip", "zstd", "lz4"]:
        save("parquet", f"{compression}.parquet", parquet(compression=compression))
    save("parquet", "pages2.parquet", parquet(data_page_version="2.0", use_dictionary=False))

    save("arrow", "file.arrow", arrow(pa.ipc.new_file))
    save("arrow", "stream.arrow", arrow(pa.ipc.new_stream))
    for compression in ["lz4", "zstd"]:
        options = pa.ipc.IpcWriteOptions(compression=compression)
        save("arrow", f"{compression}.arrow", arrow(pa.ipc.new_stream, options))

    matrix = np.arange(6.0).reshape(3, 2)
    save("npy", "f8.npy", npy(matrix))
    save("npy", "fortran.npy", npy(np.asfortranarray(matrix.astype(">f4"))))
    save("npy", "u8.npy", npy(np.arange(4, dtype=np.uint64), (2, 0)))
    save("npy", "bool.npy", npy(np.array([[True], [False]])))
    save("npy", "pictures.npy", npy(np.arange(2 * 3 * 2 * 3, dtype=np.uint8).reshape(2, 3, 2, 3)))
    save("npz", "stored.npz", npz(np.savez, X=matrix, y=np.arange(3)))
    save("npz", "deflated.npz", npz(np.savez_compressed, data=matrix.astype("<i2")))
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as members:
        members.writestr(zipfile.ZipInfo("data/rows.csv"), texts()["comma.csv"])
    save("npz", "rows.zip", archive.getvalue())
    save("npz", "labels.npz", npz(np.savez_compressed, y=np.arange(3)))

    save("idx", "images", idx(8, np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)))
    save("idx", "labels", idx(8, np.arange(5, dtype=np.uint8)))
    save("idx", "doubles", idx(14, matrix))
    save("idx", "shorts", idx(11, matrix.astype(np.int16)))

    for mode in ["L", "RGB", "RGBA", "P", "1"]:
        save("images", f"{mode}.png", picture(mode, format="PNG"))
    turned = Image.Exif()
    turned[0x0112] = 6
    save("images", "turned.jpg", picture("L", format="JPEG", exif=turned))
    save("images", "16bit.png", wide_picture())
    for mode in ["L", "RGB"]:
        save("images", f"{mode}.jpg", picture(mode, format="JPEG"))

    plain = texts()["comma.csv"]
    save("packed", "rows.csv.gz", gzip.compress(plain, mtime=0))
    save("packed", "twice.csv.gz", gzip.compress(plain[:20], mtime=0) + gzip.compress(plain[20:], mtime=0))
    save("packed", "rows.csv.zst", zstandard.compress(plain))
    save("packed", "array.npy.gz", gzip.compress(npy(matrix), mtime=0))
    save("packed", "fortran.npy.zst", zstandard.compress(npy(np.asfortranarray(matrix))))
    save("packed", "picture.png", picture("L", format="PNG"))
    save("packed", "labels.idx.gz", gzip.compress(idx(8, np.arange(5, dtype=np.uint8)), mtime=0))

    save("amat", "row", b"0 1 " * 392 + b"\n")


if __name__ == "__main__":
    main()
