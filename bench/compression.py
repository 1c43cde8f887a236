#!/usr/bin/env python3
"""Compression of real held-out rows beside zstd, xz, bzip2 and Parquet, on the same bytes in one run.

    DIABOLO_DATA=... bench/compression.py [SET...]        sets: binarized mnist fashion adult wine cover ecg

A model is fitted on the training part and the test part is compressed, decompressed and compared; wine is small, so that
its model is part of the file, and is fitted on all rows. Fitted models are kept in OUT and not fitted again.
Environment: DIABOLO (the program), OUT (runs/compression), THREADS, EPOCHS of the grey pictures (24). Parquet needs pyarrow, pcodec (columns of numbers) the package of
that name, and cover numpy; without them they are left out.
"""
import bz2, gzip, io, json, lzma, math, os, pathlib, shlex, subprocess, sys, time

data = pathlib.Path(os.environ["DIABOLO_DATA"])
out = pathlib.Path(os.environ.get("OUT", "runs/compression"))
diabolo = shlex.split(os.environ.get("DIABOLO", "cargo run --release --quiet --"))
if "THREADS" in os.environ:
    diabolo += ["--threads", os.environ["THREADS"]]


def run(*words):
    done = subprocess.run([*diabolo, *map(str, words)], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, words))}: {done.stderr}")
    return done.stdout


def fit(name, source, flags):
    if not (out / name / "metrics.json").exists():
        run("fit", source, "--out", out / name, "--force", "--quiet", "--preset", "compress", *flags.split())
    return out / name


def unpacked(path):
    """The file without its gzip wrapper."""
    target = out / path.name.removesuffix(".gz")
    if not target.exists():
        target.write_bytes(gzip.open(path).read())
    return target


def parquet(contents):
    """The same table in Parquet with zstd -19; none without pyarrow."""
    try:
        import pyarrow.csv as csv, pyarrow.parquet as pq
    except ImportError:
        return None
    made = io.BytesIO()
    table = csv.read_csv(io.BytesIO(contents), csv.ReadOptions(autogenerate_column_names=True))
    pq.write_table(table, made, compression="zstd", compression_level=19)
    return len(made.getbuffer())


def by_column(contents, separator):
    """pcodec and bzip2 of the columns of a table of numbers, one after the other."""
    try:
        import numpy as np
        from pcodec import ChunkConfig, standalone
    except ImportError:
        return {}
    table = np.loadtxt(io.BytesIO(contents), delimiter=separator, ndmin=2).T
    exact = np.all(table == np.round(table))
    columns = [np.ascontiguousarray(column, np.int64 if exact else np.float64) for column in table]
    packed = sum(len(standalone.simple_compress(column, ChunkConfig(compression_level=12))) for column in columns)
    words = np.loadtxt(io.BytesIO(contents), delimiter=separator, ndmin=2, dtype=str).T
    text = "\n".join("\n".join(column) for column in words.tolist()).encode()
    return {"pcodec": packed, "bzip2 by column": len(bz2.compress(text))}


def measure(name, model, source, contents, flags=(), pixels=None, more={}):
    """Compresses `source`; its peers get `contents`, the same values as bytes."""
    packed = out / f"{name}.dbz"
    start = time.time()
    found = json.loads(run("compress", model, source, "-o", packed, "--json", *flags))
    written = time.time() - start
    needed = [] if "--embed" in flags else ["--model", model]
    again = out / f"{name}.again"
    start = time.time()
    run("decompress", packed, *needed, *(["-o", again] if "--exact" in flags else ["--check"]))
    read = time.time() - start
    if "--exact" in flags:
        assert again.read_bytes() == contents, name
    peers = {
        "zstd -19": len(subprocess.run(["zstd", "-19", "-c"], input=contents, check=True, capture_output=True).stdout),
        "xz -9e": len(lzma.compress(contents, preset=9 | lzma.PRESET_EXTREME)),
        "bzip2 -9": len(bz2.compress(contents)),
        "parquet": None if pixels else parquet(contents),
        **more,
    }
    show = (lambda size: f"{8 * size / pixels:.4f}") if pixels else str
    print(f"{name}: {found['rows']} rows, {len(contents)} bytes; {'bits per pixel' if pixels else 'bytes'}:")
    print(f"  diabolo {show(found['bytes'])}, " + ", ".join(f"{peer} {show(size)}" for peer, size in peers.items() if size))
    if pixels:
        evaluated = json.loads(run("evaluate", model, source, "--all-rows", "--json", "--quiet"))
        print(f"  negative ELBO {evaluated['negative_elbo'] / math.log(2) * found['rows'] / pixels:.4f}")
    print(f"  model file {found['model_bytes']} bytes, {found['stored_blocks']} of {found['blocks']} blocks stored without it; "
          f"written and checked in {written:.1f} s, read in {read:.1f} s", flush=True)


def binarized():
    # Pixels drawn at random in every epoch generalize better than the fixed draws of the training set.
    model = fit("binarized", "mnist", "--binarize dynamic --hidden 200,200 --latent-dim 50 --activation tanh --batch-size 128 "
                "--epochs 60 --patience 0 --learning-rate 0.003 --kl-warmup 10 --validation 0.01")
    bits = [int(bit) for bit in unpacked(data / "binarized_mnist/binarized_mnist_test.amat.gz").read_bytes().split()]
    packed = bytes(sum(bit << (7 - k) for k, bit in enumerate(bits[at:at + 8])) for at in range(0, len(bits), 8))
    measure("binarized", model, "binarized-mnist:test", packed, pixels=len(bits))


def grey(name, folder, epochs):
    model = fit(name, folder.replace("_", "-"), "--likelihood discretized_logistic:3 --hidden 500 --latent-dim 50 "
                f"--epochs {epochs} --patience 0 --batch-size 128 --validation 0.01")
    images = gzip.open(data / folder / "t10k-images-idx3-ubyte.gz").read()[16:]
    measure(name, model, f"{folder.replace('_', '-')}:test", images, pixels=len(images))


def adult():
    model = fit("adult", unpacked(data / "adult/adult.data.gz"), "--numeric quantile --epochs 15")
    source = unpacked(data / "adult/adult.test.gz")
    measure("adult", model, source, source.read_bytes(), ["--exact"])


def wine():
    source = unpacked(data / "hivae/Wine/data.csv.gz")
    model = fit("wine", source, "--hidden 16 --latent-dim 2 --epochs 30")
    measure("wine", model, source, source.read_bytes(), ["--embed", "--exact"])


def cover():
    import numpy as np
    rows = np.load(data / "adbench/10_cover.npz")["X"]
    rows = rows[np.random.default_rng(0).permutation(len(rows))]
    assert np.all(rows == np.round(rows))
    text = lambda rows: "".join(",".join(map(str, row)) + "\n" for row in rows.astype(int).tolist()).encode()
    contents, source, part = text(rows), out / "cover.csv", out / "cover-tenth.csv"
    source.write_bytes(contents)
    part.write_bytes(text(rows[: len(rows) // 10]))
    types = " ".join(f"--type x{j}=numeric" for j in range(rows.shape[1]))
    names = ",".join(f"x{j}" for j in range(rows.shape[1])).encode() + b"\n"
    for path in source, part:
        path.write_bytes(names + path.read_bytes())
    model = fit("cover", part, f"{types} --epochs 60")
    measure("cover", model, source, names + contents, more=by_column(contents, ","))


def ecg():
    contents = [unpacked(data / f"ecg5000/ECG5000_{part}.txt.gz").read_bytes() for part in ("TRAIN", "TEST")]
    rows = [text.decode().split("\n") for text in contents]
    head = ",".join(["beat", *(f"t{j}" for j in range(140))])
    paths = [out / f"ecg-{part}.csv" for part in ("train", "test")]
    for path, lines in zip(paths, rows):
        path.write_text("\n".join([head, *(",".join(line.split()) for line in lines if line.strip())]) + "\n")
    model = fit("ecg", paths[0], "--hidden 64 --latent-dim 8 --epochs 100")
    measure("ecg", model, paths[1], paths[1].read_bytes(), more=by_column(contents[1], None))


if __name__ == "__main__":
    out.mkdir(parents=True, exist_ok=True)
    sets = {"binarized": binarized, "mnist": lambda: grey("mnist", "mnist", os.environ.get("EPOCHS", 24)),
            "fashion": lambda: grey("fashion", "fashion_mnist", os.environ.get("EPOCHS", 24)), "adult": adult, "wine": wine, "cover": cover, "ecg": ecg}
    for chosen in sys.argv[1:] or sets:
        sets[chosen]()
