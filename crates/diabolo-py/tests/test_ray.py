"""Ray Data on one machine: the bits of the model for any blocks and batches."""

import os

import numpy
import pyarrow
import pytest
from conftest import HOME, mixed_frame

import diabolo

ray = pytest.importorskip("ray")


@pytest.fixture(scope="module")
def cluster():
    os.environ["PYTHONPATH"] = os.pathsep.join([str(HOME.parent), os.environ.get("PYTHONPATH", "")])
    ray.init(num_cpus=2, include_dashboard=False, object_store_memory=200_000_000)
    yield
    ray.shutdown()


def test_results_are_those_of_the_model(cluster):
    frame = mixed_frame(600).assign(number=numpy.arange(600))
    frame.loc[::5, "height"] = numpy.nan
    frame.loc[::7, "plan"] = None
    rows = pyarrow.Table.from_pandas(frame, preserve_index=False)
    # Blocks of unequal sizes, the last rows first.
    cuts = [0, 10, 150, 151, 400, 600]
    dataset = ray.data.from_arrow([rows.slice(begin, end - begin) for begin, end in zip(cuts, cuts[1:])][::-1])
    detector = diabolo.fit(rows, preset="detect", steps=30, key="number")
    imputer = diabolo.fit(rows, preset="impute", epochs=3, key="number")
    for model, task, given, number in (
        (detector, "score", {"alpha": 0.1}, {}),
        (imputer, "impute", {"samples": 50}, {"number": "number"}),
    ):
        function = model.batch_function(task, **given, **number)
        made = dataset.map_batches(function, batch_format="pyarrow", batch_size=70)
        made = pyarrow.concat_tables(ray.get(made.to_arrow_refs())).sort_by("number")
        assert made.equals(getattr(model, task)(rows, **given)), task
