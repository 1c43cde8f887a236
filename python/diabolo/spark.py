"""Scores, codes and imputed cells of a DataFrame of Spark, by `mapInArrow`.

>>> from diabolo import spark
>>> scored = spark.score(df, diabolo.load("runs/watch"))

The model goes to the executors as the bytes of its file, and each Python worker makes it once. Rows
are computed where they are: the bits are those of the command line, for any partitioning. diabolo
must be installed on the executors; a worker uses as many threads as Spark gives a task.
"""

from pyspark.sql.pandas.types import from_arrow_schema

from ._functions import autoencoder_of

__all__ = ["encode", "impute", "score"]


def score(df, model, *, reasons=3, explain_all=False, **rule):
    """The rows with ``score``, ``p_value``, ``anomaly`` and ``reason_1``, … as `diabolo.Model.score` has them.

    The rule is ``alpha=0.05`` (by default) or ``quantile=0.99``; others compare all rows.
    """
    return _mapped(df, model, "score", {"reasons": reasons, "explain_all": explain_all, **rule})


def encode(df, model, *, alone=False):
    """The code of each row as columns ``latent_1``, …, after key and label unless ``alone``."""
    return _mapped(df, model, "encode", {"alone": alone})


def impute(df, model, *, number=None, samples=1000, seed=0):
    """The rows with their missing cells imputed.

    ``number`` is the column with the number of each row, from 0 as in a file: draws depend on it. A model
    without a posterior needs none.
    """
    return _mapped(df, model, "impute", {"number": number, "samples": samples, "seed": seed})


def _mapped(df, model, task, arguments):
    function = autoencoder_of(model, task).batch_function(task, **arguments)
    # What comes out of no rows has the types of what comes out of rows; Spark runs no job for none.
    schema = function(df.limit(0).toArrow()).schema
    types = from_arrow_schema(schema, prefer_timestamp_ntz=True)
    return df.mapInArrow(lambda batches: map(function, batches), types)
