#!/usr/bin/env python3
"""Scoring many rows by the command line, on Spark and on Ray: rows per second of a core's time, and the same bits. Needs Java 17 and requirements-cluster.txt.

    PYTHONPATH=python DIABOLO=target/release/diabolo bench/cluster.py [ROWS [WAY…]]

Each way scores the same Parquet files of ROWS (1,000,000) rows of 10 numbers, and writes its own. Time of the processor is that of all its processes, so that
other work on the machine counts little; the extension and DIABOLO should be of one profile of cargo. The first run of an engine starts its workers. Prints a
digest of scores, p-values and flags in the order of rows, and exits with 1 if there are two. Environment: OUT (runs/cluster).
"""
import contextlib
import hashlib
import os
import pathlib
import shutil
import sys
import threading
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import ray
from program import run
from pyspark.sql import SparkSession

import diabolo
from diabolo import spark

import psutil  # Ray brings it, in a folder of its own.

ROWS, PART = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000, 250_000
WAYS = sys.argv[2:]
OUT = pathlib.Path(os.environ.get("OUT", "runs/cluster")).resolve()
os.environ.update(SPARK_LOCAL_IP="127.0.0.1", SPARK_LOCAL_HOSTNAME="localhost", PYSPARK_PYTHON=sys.executable)
os.environ["RAY_worker_niceness"] = "0"  # By default 15: on a machine with other work, they would wait.
os.environ["PYTHONPATH"] = str(pathlib.Path(diabolo.__file__).parents[1])


def write_rows():
    shutil.rmtree(OUT, ignore_errors=True)
    (OUT / "rows").mkdir(parents=True)
    noise = np.random.default_rng(0)
    mixed = noise.normal(size=(3, 10))
    for begin in range(0, ROWS, PART):
        count = min(PART, ROWS - begin)
        cells = noise.normal(size=(count, 3)) @ mixed + 0.3 * noise.normal(size=(count, 10))
        table = pa.table({"number": np.arange(begin, begin + count)} | {f"x{k}": cells[:, k] for k in range(10)})
        pq.write_table(table, OUT / "rows" / f"part-{begin:09}.parquet")
    pq.write_table(pq.read_table(OUT / "rows" / "part-000000000.parquet").slice(0, 20_000), OUT / "sample.parquet")


def look(seen):
    """Notes the time of the processor of this process and of all that it started, some of which end unseen."""
    for process in [psutil.Process(), *psutil.Process().children(recursive=True)]:
        with contextlib.suppress(psutil.Error):
            seen[process] = sum(process.cpu_times()[:2])


def measured(name, work):
    before, seen, worker = {}, {}, threading.Thread(target=work, args=[OUT / name])
    look(before)
    wall = time.perf_counter()
    worker.start()
    while worker.is_alive():
        look(seen)
        worker.join(0.2)
    wall = time.perf_counter() - wall
    look(seen)
    core = sum(seconds - before.get(process, 0) for process, seconds in seen.items())
    made = pq.read_table(OUT / name, columns=["number", "score", "p_value", "anomaly"]).sort_by("number")
    assert len(made) == ROWS
    digest = hashlib.sha256(b"".join(made[name].to_numpy().tobytes() for name in made.column_names)).hexdigest()[:8]
    print(f"{name:<24}{wall:9.1f}{ROWS / wall:12,.0f}{core:13.1f}{ROWS / core:14,.0f}   {digest}", flush=True)
    return digest


def main():
    write_rows()
    fit = ["--preset", "detect", "--key", "number", "--set", "training.steps=500", "--quiet"]
    run("fit", OUT / "sample.parquet", *fit, "--out", OUT / "model")
    model, rows = diabolo.load(OUT / "model"), str(OUT / "rows")
    builder = SparkSession.builder.master("local-cluster[2,1,1024]").config("spark.ui.enabled", "false")
    session = builder.config("spark.driver.bindAddress", "127.0.0.1").getOrCreate()
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    read, function = session.read.parquet(rows), model.batch_function("score", reasons=0)
    command = lambda *words: lambda out: run("score", OUT / "model", rows, "--reasons", 0, "-o", out, "--quiet", *words)
    on_spark = lambda df: lambda out: spark.score(df, model, reasons=0).write.parquet(str(out))
    on_ray = lambda size: lambda out: ray.data.read_parquet(rows).map_batches(function, batch_format="pyarrow", batch_size=size).write_parquet(str(out))
    ways = {
        "command-1.parquet": command("--threads", 1), "command-2.parquet": command("--threads", 2),
        "spark": on_spark(read), "spark-by-x0-in-7": on_spark(read.repartition(7, "x0")),
        "ray": on_ray(10_000), "ray-batches-of-777": on_ray(777),
    }  # fmt: skip
    print(f"{ROWS:,} rows\n{'way':<24}{'seconds':>9}{'rows/s':>12}{'processor s':>13}{'rows/core s':>14}   bits")
    digests = {measured(name, work) for name, work in ways.items() if not WAYS or name in WAYS}
    session.stop()
    ray.shutdown()
    sys.exit(len(digests) > 1)


if __name__ == "__main__":
    main()
