#!/usr/bin/env python3
"""Compression of real held-out rows beside zstd, xz, bzip2 and Parquet, on the same bytes in one run.

    DIABOLO_DATA=... bench/compression.py [SET...]        sets: binarized mnist fashion adult wine cover ecg

Each model is fitted on the training part (cover: the first tenth; wine: all rows, since its file has the
model in it), the test part is compressed, decompressed and compared. Runs are kept in runs/compression and not fitted again.
Environment: DIABOLO (the program), OUT, THREADS. Parquet needs pyarrow, and is left out without it.
"""
import bz2, gzip, io, json, lzma, os, pathlib, random, shlex, struct, subprocess, sys, time

data = pathlib.Path(os.environ["DIABOLO_DATA"])
out = pathlib.Path(os.environ.get("OUT", "runs/compression"))
diabolo = shlex.split(os.environ.get("DIABOLO", "cargo run --release --quiet --"))
if "THREADS" in os.environ:
    diabolo += ["--threads", os.environ["THREADS"]]


def run(*words):
    return subprocess.run([*diabolo, *map(str, words)], check=True, capture_output=True, text=True).stdout


def fit(name, source, *flags):
    if not (out / name / "metrics.json").exists():
        run("fit", source, "--out", out / name, "--force", "--quiet", *flags)
    return out / name


def unpacked(path, name):
    target = out / name
    if not target.exists():
        target.write_bytes(gzip.open(path).read())
    return target


def zstd(contents):
    return len(subprocess.run(["zstd", "-19", "-c"], input=contents, check=True, capture_output=True).stdout)


def parquet(contents, table):
    """The table in Parquet with zstd -19; none without pyarrow."""
    try:
        import pyarrow.csv as csv, pyarrow.parquet as pq
    except ImportError:
        return None
    if not table:
        return None
    options = csv.ReadOptions(autogenerate_column_names=table == "headless")
    made = io.BytesIO()
    pq.write_table(csv.read_csv(io.BytesIO(contents), options), made, compression="zstd", compression_level=19)
    return len(made.getbuffer())


def bits_per_pixel(packed, pixels):
    return f"{8 * packed / pixels:.4f}"


def measure(name, model, source, contents, flags=(), pixels=None, table=None):
    """Compresses `source`; peers get `contents`, the same values as bytes."""
    packed, again = out / f"{name}.dbz", out / f"{name}.again{source.suffix}"
    start = time.time()
    found = json.loads(run("compress", model, source, "-o", packed, "--json", *flags))
    wrote = time.time() - start
    start = time.time()
    model_flags = [] if "--embed" in flags else ["--model", model]
    if source.suffix in (".csv", ".data", ".test", ""):
        run("decompress", packed, "-o", again, *model_flags)
        assert not ("--exact" in flags) or again.read_bytes() == source.read_bytes(), name
    else:
        run("decompress", packed, "--check", *model_flags)
    read = time.time() - start
    peers = {
        "zstd -19": zstd(contents),
        "xz -9e": len(lzma.compress(contents, preset=9 | lzma.PRESET_EXTREME)),
        "bzip2 -9": len(bz2.compress(contents)),
        "parquet": parquet(contents, table),
    }
    show = (lambda size: bits_per_pixel(size, pixels)) if pixels else str
    print(f"{name}: {len(contents)} bytes, {found['rows']} rows, {'bits per pixel' if pixels else 'bytes'}")
    print(f"  diabolo {show(found['bytes'])} (model file {found['model_bytes']} bytes; {found['stored_blocks']} of "
          f"{found['blocks']} blocks stored; written and checked in {wrote:.1f} s, read in {read:.1f} s)")
    print("  " + ", ".join(f"{peer} {show(size)}" for peer, size in peers.items() if size), flush=True)
    evaluated = json.loads(run("evaluate", model, source, "--all-rows", "--json", "--quiet")) if pixels else None
    if evaluated:
        print(f"  negative ELBO of these rows {evaluated['negative_elbo'] / 0.6931471805599453 * found['rows'] / pixels:.4f}")


def idx(images):
    count, height, width = struct.unpack(">III", images[4:16])
    return images[16:], count * height * width


def binarized():
    # Random binarisation of the training images: closer to fixed binarised test images than their own training set.
    model = fit("binarized", "mnist", "--preset", "compress", "--binarize", "dynamic", "--hidden", "200,200", "--latent-dim", "50",
                "--activation", "tanh", "--batch-size", "128", "--epochs", os.environ.get("EPOCHS", "60"), "--patience", "0",
                "--learning-rate", "0.003", "--kl-warmup", "10", "--validation", "0.01")
    source = unpacked(data / "binarized_mnist/binarized_mnist_test.amat.gz", "binarized_mnist_test.amat")
    bits = [int(bit) for bit in source.read_bytes().split()]
    packed = bytes(sum(bit << (7 - k) for k, bit in enumerate(bits[at:at + 8])) for at in range(0, len(bits), 8))
    measure("binarized", model, source, packed, pixels=len(bits))


def grey(name, folder):
    model = fit(name, f"{folder.replace('_', '-')}", "--preset", "compress", "--epochs", os.environ.get("EPOCHS", "20"), "--patience", "0")
    source = unpacked(data / folder / "t10k-images-idx3-ubyte.gz", f"{name}-idx3-ubyte")
    contents, pixels = idx(source.read_bytes())
    measure(name, model, source, contents, pixels=pixels)


def adult():
    model = fit("adult", unpacked(data / "adult/adult.data.gz", "adult.data"), "--preset", "compress")
    source = unpacked(data / "adult/adult.test.gz", "adult.test")
    measure("adult", model, source, source.read_bytes(), ["--exact"])


def wine():
    source = data / "hivae/Wine/data.csv"
    model = fit("wine", source, "--preset", "compress", "--hidden", "16", "--latent-dim", "2")
    measure("wine", model, source, source.read_bytes(), ["--embed", "--exact"], table="headless")


if __name__ == "__main__":
    out.mkdir(parents=True, exist_ok=True)
    sets = {"binarized": binarized, "mnist": lambda: grey("mnist", "mnist"), "fashion": lambda: grey("fashion", "fashion_mnist"),
            "adult": adult, "wine": wine}
    for name in sys.argv[1:] or sets:
        sets[name]()
