"""The package as a whole: import, stubs, interruption, threads, memory, processes."""

import ast
import gc
import inspect
import multiprocessing
import os
import pathlib
import resource
import signal
import subprocess
import sys
import threading
import time

import numpy
import pytest
from conftest import QUICK, mixed_frame

import diabolo

HOME = pathlib.Path(diabolo.__file__).parent


def python(code, **environment):
    """Runs code in a process of its own."""
    path = os.pathsep.join([str(HOME.parent), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path, **environment}
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_import_loads_nothing_else():
    loaded = python("import sys; old = set(sys.modules); import diabolo; print(*sorted(set(sys.modules) - old))").split()
    own = {name.partition(".")[0] for name in loaded} - {"diabolo"}
    assert own <= set(sys.stdlib_module_names), own
    third = python("import sys, diabolo; diabolo.fit; print('sklearn' in sys.modules, 'numpy' in sys.modules)")
    assert third.split() == ["False", "False"]
    assert python("import sys, diabolo; diabolo.Imputer; print('sklearn' in sys.modules)").strip() == "True"


def test_without_scikit_learn_and_numpy_estimators_work():
    code = """
import sys
for name in ("numpy", "sklearn", "pandas", "polars", "pyarrow"):
    sys.modules[name] = None
import diabolo, math
rows = {"x": [math.sin(i) for i in range(60)], "y": ["a", "b", "c"] * 20}
detector = diabolo.AnomalyDetector(epochs=5).fit(rows)
labels = detector.predict(rows)
coder = diabolo.ContractiveAutoencoder(epochs=2, latent_dim=2)
codes = coder.fit_transform(rows)
print(coder, len(labels), sorted(codes), len(codes["latent_1"]))
"""
    out = python(code)
    assert out.strip() == "ContractiveAutoencoder(epochs=2, latent_dim=2) 60 ['latent_1', 'latent_2'] 60"


def test_ctrl_c_ends_a_fit_at_once():
    rows = numpy.random.default_rng(0).normal(size=(20_000, 30))
    seen = []

    def interrupt(event):
        if event["event"] == "epoch" and not seen:
            seen.append(time.monotonic())
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        diabolo.fit(rows, epochs=10_000, patience=0, callback=interrupt)
    assert time.monotonic() - seen[0] < 0.5


def test_an_exception_of_the_callback_ends_the_fit():
    def stop(event):
        raise LookupError("enough")

    with pytest.raises(LookupError, match="enough"):
        diabolo.fit(mixed_frame(), epochs=10_000, patience=0, callback=stop)


def test_callbacks_see_phases_epochs_and_warnings():
    events = []
    frame = mixed_frame().assign(constant=1.0)
    with pytest.warns(diabolo.DiaboloWarning, match="constant"):
        diabolo.fit(frame, callback=events.append, **QUICK)
    assert [e["phase"] for e in events if e["event"] == "phase"] == ["preparation", "training", "calibration", "evaluation"]
    epochs = [e for e in events if e["event"] == "epoch"]
    assert [e["epoch"] for e in epochs] == [1, 2, 3] and epochs[0]["train"]["objective"] > 0
    assert any("constant" in e["message"] for e in events if e["event"] == "warning")


def test_other_threads_go_on_while_a_fit_computes():
    counted = 0
    done = threading.Event()

    def count():
        nonlocal counted
        while not done.is_set():
            counted += 1
            time.sleep(0.001)

    thread = threading.Thread(target=count)
    thread.start()
    started = time.monotonic()
    diabolo.fit(numpy.random.default_rng(0).normal(size=(3000, 20)), epochs=15, patience=0)
    taken = time.monotonic() - started
    done.set()
    thread.join()
    # A held lock would let it count a few times; a busy machine slows it down.
    assert counted > 20 * taken


def test_fits_leave_no_memory_behind():
    rows = numpy.random.default_rng(0).normal(size=(40, 3))

    def fits(count):
        for _ in range(count):
            diabolo.fit(rows, model="plain", epochs=1, hidden=[4], latent_dim=2)
        gc.collect()
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    fits(300)
    before = fits(100)
    assert fits(600) - before < 3_000, "kilobytes of 600 fits"


def _score(model, rows, results):
    try:
        results.put(model.score(rows)["score"])
    except RuntimeError as error:
        results.put(str(error))


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_other_processes(method):
    rows = numpy.random.default_rng(0).normal(size=(50, 3))
    model = diabolo.fit(rows, model="plain", **QUICK)
    context = multiprocessing.get_context(method)
    results = context.Queue()
    child = context.Process(target=_score, args=(model, rows, results))
    child.start()
    found = results.get(timeout=60)
    child.join()
    if method == "fork":
        assert "forked" in found and "spawn" in found
    else:
        assert found.tobytes() == model.score(rows)["score"].tobytes()


def test_threads_are_as_many_as_asked():
    code = """
import diabolo, threading, os
diabolo.fit("digits", epochs=1, hidden=[8], latent_dim=2)
print(len(os.listdir("/proc/self/task")))
"""
    assert int(python(code, OMP_NUM_THREADS="3")) - int(python(code, OMP_NUM_THREADS="1")) == 2


def _names(path):
    """Classes with their methods, and functions, of a file."""
    tree = ast.parse(path.read_text())
    return {node.name: node for node in tree.body if isinstance(node, (ast.ClassDef, ast.FunctionDef))}


def test_stubs_say_what_is_there():
    stubs = _names(HOME / "__init__.pyi")
    assert set(stubs) - {"_Estimator", "_Coder"} == set(diabolo.__all__) - {"__version__"}
    for name, node in stubs.items():
        if name.startswith("_"):
            continue
        real = getattr(diabolo, name)
        if isinstance(node, ast.FunctionDef):
            _same_arguments(node, real)
            continue
        for method in (part for part in node.body if isinstance(part, ast.FunctionDef)):
            found = inspect.getattr_static(real, method.name)
            if not isinstance(found, (property, staticmethod, classmethod)) and diabolo.Table is not real:
                _same_arguments(method, getattr(real, method.name))


def _same_arguments(node, real):
    stated = [arg.arg for arg in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
    found = [
        name
        for name, one in inspect.signature(real).parameters.items()
        if one.kind not in (one.VAR_KEYWORD, one.VAR_POSITIONAL)
    ]
    assert stated == found, node.name


def test_every_public_name_is_documented():
    for name in diabolo.__all__:
        real = getattr(diabolo, name)
        if name != "__version__":
            assert inspect.getdoc(real), name
