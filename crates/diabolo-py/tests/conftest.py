"""Tables for the tests, and the command line beside which results must be bit for bit the same."""

import os
import pathlib
import subprocess
import warnings

import numpy
import pandas
import pytest

import diabolo

ROOT = pathlib.Path(__file__).parents[3]
HOME = pathlib.Path(diabolo.__file__).parent
# Settings that make a fit short.
QUICK = {"epochs": 3, "hidden": [16], "latent_dim": 4}

warnings.simplefilter("ignore", diabolo.DiaboloWarning)


def pytest_configure(config):
    config.addinivalue_line("filterwarnings", "ignore::diabolo.DiaboloWarning")


def program():
    """The command line, as cargo builds it; without it, the test is skipped."""
    given = os.environ.get("DIABOLO_BIN")
    if given is not None:
        return pathlib.Path(given).resolve(strict=True)
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()
    for path in (target / kind / "diabolo" for kind in ("debug", "release")):
        if path.is_file():
            return path
    pytest.skip("no program to compare with: run `cargo build --workspace`, or set DIABOLO_BIN")


@pytest.fixture
def cli(tmp_path):
    """Runs the command line in a folder of its own."""
    diabolo_program = program()

    def run(*arguments):
        command = [diabolo_program, *map(str, arguments)]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def mixed_frame(rows=240):
    """A table of every kind of column that a model learns, without missing cells."""
    noise = numpy.random.default_rng(7)
    factor = noise.normal(size=rows)
    return pandas.DataFrame(
        {
            "height": 170 + 8 * factor + noise.normal(size=rows),
            "weight": (70 + 9 * factor + 3 * noise.normal(size=rows)).astype("float32"),
            "visits": noise.poisson(3, size=rows),
            "plan": numpy.where(factor + noise.normal(size=rows) > 0, "pro", "basic"),
            "city": noise.choice(["Bern", "Basel", "Zug", "Chur"], size=rows),
            "active": noise.random(rows) < 0.5,
            "since": pandas.Timestamp("2024-03-01") + pandas.to_timedelta(noise.integers(0, 90 * 24, rows), unit="h"),
        }
    )


@pytest.fixture
def mixed():
    return mixed_frame()
