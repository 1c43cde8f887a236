"""The calls and commands in the documentation run; fits are short."""

import json
import re
import shlex
import subprocess

import numpy
import pytest
from conftest import ROOT, mixed_frame, program

import diabolo
from diabolo import _diabolo

MIGRATION = re.split(r"^## ", (ROOT / "docs" / "migration.md").read_text(), flags=re.MULTILINE)[1:]
TASKS = sorted(path for path in (ROOT / "docs" / "tasks").glob("*.md") if path.stem != "README")


def customers(rows):
    """A table with a key, and a column that follows from another."""
    frame = mixed_frame(rows)
    noise = numpy.random.default_rng(rows)
    states = {"Bern": "BE", "Basel": "BS", "Zug": "ZG", "Chur": "GR"}
    return frame[["plan", "city", "visits"]].assign(
        id=[f"C-{at:06}" for at in noise.permutation(rows)],
        age=noise.integers(18, 90, rows),
        zip=noise.integers(1000, 1009, rows),
        state=frame["city"].map(states),
    )


@pytest.fixture
def names(tmp_path, monkeypatch):
    """What the documentation takes for granted: rows by their names, and as files in the folder."""
    noise = numpy.random.default_rng(0)
    holes = customers(200)
    holes = holes.mask(noise.random(holes.shape) < 0.1).assign(id=holes["id"])
    frames = {"customers": customers(400), "new": customers(150), "recent": customers(120), "holes": holes}
    for name, frame in frames.items():
        frame.to_csv(tmp_path / f"{name}.csv", index=False)
    monkeypatch.chdir(tmp_path)
    return {
        "diabolo": diabolo,
        **frames,
        "more_customers": frames["new"],
        "X": noise.normal(size=(200, 4)),
        "X_new": noise.normal(size=(50, 4)),
        "y": numpy.arange(200) % 2,
        "pixels": noise.integers(0, 256, (120, 8, 8), dtype="uint8"),
        "series": noise.normal(size=(200, 2)).cumsum(axis=0),
    }


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Fits of a few steps."""
    fit = _diabolo.fit

    def short(source, keywords, *others):
        given = json.loads(keywords)
        return fit(source, json.dumps(given | ({"epochs": 0} if given.get("preset") == "forecast" else {"epochs": 1})), *others)

    monkeypatch.setattr(_diabolo, "fit", short)


@pytest.mark.parametrize("section", MIGRATION, ids=lambda text: text.split("\n")[0])
def test_calls_of_the_migration_tables_run(section, names):
    cells = re.findall(r"^\| .* \| (.*) \|$", section, re.MULTILINE)
    calls = [call for cell in cells for call in re.findall("`([^`]+)`", cell) if "(" in call or "." in call]
    assert len(calls) > 6
    diabolo.fit(names["pixels"], model="variational").save("model.safetensors")
    for call in calls:
        try:
            exec(call, names)
        except Exception as error:
            pytest.fail(f"{call}: {error!r}")


@pytest.mark.parametrize("page", TASKS, ids=lambda path: path.stem)
def test_commands_and_python_of_the_task_pages_run(page, names):
    text = page.read_text()
    blocks = re.findall(r"```console\n(.*?)```", text, re.DOTALL)
    commands = re.findall(r"^\$ diabolo (.*)$", "".join(blocks), re.MULTILINE)
    # Whole commands within sentences, too.
    commands += re.findall(r"`diabolo ((?!explore)[a-z]+ runs/[^`]*)`", text)
    assert len(commands) >= 2
    for command in commands:
        short = ["--epochs", "0" if "forecast" in command else "1"] if command.startswith("fit ") else []
        done = subprocess.run([program(), *shlex.split(command), *short], capture_output=True, text=True)
        assert done.returncode == 0, f"{command}: {done.stderr}"
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    exec(code, names)
