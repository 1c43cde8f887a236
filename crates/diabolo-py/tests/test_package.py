"""The package as a whole: import, stubs, interruption, threads, memory, processes."""

import ast
import gc
import inspect
import multiprocessing
import os
import re
import resource
import signal
import subprocess
import sys
import threading
import time
import types

import numpy
import pytest
from conftest import HOME, QUICK, mixed_frame

import diabolo



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
assert coder.get_feature_names_out() == ["latent_1", "latent_2"] and "<svg" in coder._repr_html_()
rows["x"][3] = None
imputer = diabolo.Imputer(epochs=1, add_indicator=True).fit(rows)
assert list(imputer.transform(rows)) == imputer.get_feature_names_out() == ["x", "y", "missingindicator_x"]
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


# A fit of each kind that would take minutes.
LONG = {
    "autoencoder": lambda rows: diabolo.fit(rows, epochs=10_000, patience=0),
    "synthesize": lambda rows: diabolo.fit(rows, preset="synthesize", epochs=10_000, patience=0),
    "forecast": lambda rows: diabolo.fit(rows, preset="forecast", epochs=100_000, patience=0, horizon=20),
    "compare": lambda rows: diabolo.compare(rows, models=["plain", "denoising"], seeds=1, epochs=10_000, patience=0),
}


@pytest.mark.parametrize("kind", LONG)
def test_a_signal_from_outside_ends_a_fit(kind):
    # No code of Python runs meanwhile, in which the signal could be handled.
    rows = numpy.random.default_rng(0).normal(size=(4_000, 6)).cumsum(axis=0)
    sent = []

    def interrupt():
        sent.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    timer = threading.Timer(2.0, interrupt)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        LONG[kind](rows)
    assert time.monotonic() - sent[0] < 0.5


def test_ctrl_c_ends_other_work_too():
    rows = numpy.random.default_rng(0).normal(size=(3_000, 8))
    gaps = numpy.where(numpy.random.default_rng(1).random(rows.shape) < 0.2, numpy.nan, rows)
    imputer = diabolo.Imputer(epochs=1, samples=100_000).fit(gaps)
    synthesizer = diabolo.Synthesizer(epochs=1).fit(numpy.tile(rows, 8))
    # Most take a quarter of a minute or more.
    works = {
        "impute": lambda: imputer.transform(gaps),
        "evaluate": lambda: imputer.model_.evaluate(gaps, samples=100_000),
        "generate": lambda: imputer.model_.generate(20_000_000),
        "score": lambda: imputer.model_.score(gaps),
        "sample": lambda: synthesizer.sample(5_000_000),
        "audit": synthesizer.audit,
    }
    for name, work in works.items():
        sent = []

        def interrupt():
            sent.append(time.monotonic())
            os.kill(os.getpid(), signal.SIGINT)

        threading.Timer(1.0, interrupt).start()
        with pytest.raises(KeyboardInterrupt):
            # Until the signal comes, also on a fast machine.
            while True:
                work()
        assert time.monotonic() - sent[0] < 0.5, name
    # What was interrupted works again.
    imputer.samples = 10
    assert not numpy.isnan(imputer.transform(gaps)).any()


def test_an_exception_of_the_callback_ends_the_fit():
    calls = []

    def stop(event):
        calls.append(event)
        raise LookupError("enough")

    with pytest.raises(LookupError, match="enough"):
        diabolo.fit(mixed_frame(), epochs=10_000, patience=0, callback=stop)
    assert len(calls) == 1


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
    # The least of a second: a thread that has been joined leaves its entry a moment longer.
    code = """
import diabolo, os, time
diabolo.fit("digits", epochs=1, hidden=[8], latent_dim=2)
counts = []
for _ in range(20):
    counts.append(len(os.listdir("/proc/self/task")))
    time.sleep(0.05)
print(min(counts))
"""
    assert int(python(code, OMP_NUM_THREADS="3")) - int(python(code, OMP_NUM_THREADS="1")) == 2


def _names(path):
    """Classes and functions of a stub, by name."""
    tree = ast.parse(path.read_text())
    return {node.name: node for node in tree.body if isinstance(node, (ast.ClassDef, ast.FunctionDef))}


def _stated(stubs, name):
    """What a class of a stub states, its bases first: methods, and attributes without a node."""
    found = {}
    for base in stubs[name].bases:
        found |= _stated(stubs, base.id) if base.id in stubs else {}
    for node in stubs[name].body:
        if isinstance(node, ast.FunctionDef):
            found[node.name] = node
        elif isinstance(node, ast.AnnAssign):
            found[node.target.id] = None
    return found


def _public(names):
    return {name for name in names if not name.startswith("_")}


def _instances():
    """One of each class that has attributes of its own."""
    rows = numpy.random.default_rng(0).normal(size=(60, 3))
    for kind in (diabolo.Model, diabolo.ForecastModel, diabolo.SynthesisModel):
        preset = {"ForecastModel": "forecast", "SynthesisModel": "synthesize"}.get(kind.__name__)
        yield kind.__name__, diabolo.fit(rows, preset=preset, epochs=1)
    for name in diabolo.__all__:
        if hasattr(getattr(diabolo, name), "get_params"):
            yield name, getattr(diabolo, name)(epochs=1).fit(rows)


def test_stubs_say_what_is_there_and_no_more():
    stubs = _names(HOME / "__init__.pyi")
    assert _public(stubs) == set(diabolo.__all__) - {"__version__"}
    for name in _public(stubs):
        real = getattr(diabolo, name)
        if isinstance(stubs[name], ast.FunctionDef):
            _same_arguments(stubs[name], real)
            continue
        stated = _stated(stubs, name)
        own = {member for kind in real.__mro__ if kind.__module__.startswith("diabolo") for member in vars(kind)}
        # scikit-learn gives classes such methods for arguments that are passed through.
        own = {member for member in own if not re.fullmatch("set_.*_request", member)}
        assert _public(own) <= set(stated), f"{name}: the stub lacks {_public(own) - set(stated)}"
        for member, node in stated.items():
            if node is not None and member != "__init__":
                assert hasattr(real, member), f"{name}.{member}"
                _same_arguments(node, _method(real, member))
    for name, made in _instances():
        stated = {member for member, node in _stated(stubs, name).items() if node is None}
        parameters = made.get_params() if hasattr(made, "get_params") else {}
        assert _public(vars(made)) - set(parameters) == stated, name


def test_stubs_of_the_extension_say_what_is_there_and_no_more():
    from diabolo import _diabolo

    stubs = _names(HOME / "_diabolo.pyi")
    assert set(stubs) == _public(dir(_diabolo)) - {"Table"}
    for name, node in stubs.items():
        real = getattr(_diabolo, name)
        if isinstance(node, ast.FunctionDef):
            _same_arguments(node, real)
            continue
        stated = _stated(stubs, name)
        assert set(stated) == _public(vars(real)), name
        for member, node in stated.items():
            _same_arguments(node, _method(real, member))


def _method(kind, name):
    """A method with its first argument, or a property."""
    found = inspect.getattr_static(kind, name)
    if isinstance(found, (staticmethod, classmethod)):
        return found.__func__
    return found if isinstance(found, (property, types.GetSetDescriptorType)) else getattr(kind, name)


def _same_arguments(node, real):
    if isinstance(real, (property, types.GetSetDescriptorType)):
        assert any(one.id == "property" for one in node.decorator_list), node.name
        return
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
