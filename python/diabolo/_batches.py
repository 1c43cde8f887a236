"""One function, record batch to record batch, for engines that spread rows over processes."""

from hashlib import sha256

from ._arguments import rule_of, whole
from ._rows import rows_of

# Models of this process by the SHA-256 of their file: a worker computes many batches with the same one.
_MODELS = {}
_MOST_MODELS = 8

# Rules that look at a row alone.
_RULES = ("alpha", "quantile")


class BatchFunction:
    """What `diabolo.Model.batch_function` makes; pickled, the bytes of the model file and the arguments."""

    def __init__(self, model, task, arguments):
        if task not in _TASKS:
            raise ValueError(f"task: expected {', '.join(_TASKS)}, found {task!r}")
        if model.info["header"]["config"]["data"].get("window") is not None:
            raise ValueError("expected a model of single rows, found one of windows, which needs a series as a whole: "
                             "give each series to its methods, on Spark by df.groupBy(...).applyInArrow")  # fmt: skip
        self._compute = _TASKS[task](model, **arguments)
        self._file, self._kind = model.to_bytes(), type(model)
        self._digest = sha256(self._file).digest()

    def __call__(self, batch):
        """The result for a record batch or table of PyArrow, of the same kind."""
        return self._compute(self._model(), batch)

    def _model(self):
        model = _MODELS.get(self._digest)
        if model is None:
            if len(_MODELS) >= _MOST_MODELS:
                _MODELS.clear()
            model = _MODELS[self._digest] = self._kind.from_bytes(self._file)
        return model


class _Score:
    def __init__(self, model, *, reasons=3, explain_all=False, **rule):
        name, _ = rule_of(rule)
        if name not in _RULES:
            raise ValueError(f"{name}: expected alpha or quantile, since {name} compares all rows; `p_value` of the "
                             "result is there for it")  # fmt: skip
        self.arguments = {"reasons": whole("reasons", reasons), "explain_all": explain_all, **rule}

    def __call__(self, model, batch):
        return model.score(batch, **self.arguments)


class _Encode:
    def __init__(self, model, *, alone=False):
        self.alone = alone

    def __call__(self, model, batch):
        return model.encode(batch, alone=self.alone)


class _Impute:
    """Draws of a row depend on its number, which a batch does not know: a column says it."""

    def __init__(self, model, *, number=None, samples=1000, seed=0):
        if number is None and model.info["is_variational"]:
            raise ValueError("number: expected the name of a column with the number of each row, from 0, on which the "
                             "draws of its cells depend, found None")  # fmt: skip
        if number is not None and not isinstance(number, str):
            raise TypeError(f"number: expected the name of a column, found {number!r}")
        self.number, self.samples, self.seed = number, whole("samples", samples, 1), seed

    def __call__(self, model, batch):
        rows = rows_of(batch)
        numbers = None if self.number is None else self._numbers(batch)
        return rows.back(model._made.impute(rows.table, self.samples, 0, False, self.seed, numbers)["completed"])

    def _numbers(self, batch):
        """The numbers of the rows of a batch of PyArrow or pandas."""
        wrong = f"number: expected whole numbers from 0 in the column {self.number!r}"
        if self.number not in (batch.columns if hasattr(batch, "iloc") else batch.schema.names):
            raise KeyError(f"{wrong}, found no such column")
        column = batch[self.number]
        found = column.tolist() if hasattr(column, "tolist") else column.to_pylist()
        for number in found:
            # Floats from 2^53 on may stand for several whole numbers.
            is_number = isinstance(number, int) or isinstance(number, float) and number < 2**53
            if not is_number or isinstance(number, bool) or not number >= 0 or number % 1:
                raise ValueError(f"{wrong}, found {number!r}")
        return [int(number) for number in found]


_TASKS = {"score": _Score, "encode": _Encode, "impute": _Impute}
