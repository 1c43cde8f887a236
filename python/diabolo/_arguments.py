"""Arguments of methods, checked, as the extension takes them."""

from numbers import Real
from operator import index

_RULES = ("alpha", "fdr", "top", "alerts_per_1000", "quantile")
_SIGNS = ("!=", ">=", "<=", ">", "<", "=")


def whole(name, value, least=0):
    """A whole number that is large enough."""
    try:
        found = index(value)
    except TypeError:
        found = None
    if found is None or found < least:
        raise ValueError(f"{name}: expected a whole number, {least} or more, found {value!r}")
    return found


def rule_of(given):
    """The rule by which rows are anomalies, and its number."""
    if not given:
        return "alpha", 0.05
    if len(given) > 1 or next(iter(given)) not in _RULES:
        raise TypeError(f"expected one rule of {', '.join(_RULES)}, found {', '.join(given)}")
    name, value = next(iter(given.items()))
    if not isinstance(value, Real):
        raise ValueError(f"{name}: expected a number, found {value!r}")
    return name, float(whole(name, value, 1) if name == "top" else value)


def conditions(where, parts):
    """Conditions as the command line writes them: `plan=pro`, `age>=65`.

    `parts` are those of the model's table: a level such as `>50K` of Adult begins with no sign.
    """
    levels = {(column["name"], level[at]) for part in parts for at, column in enumerate(part["columns"])
              for level in (*part["levels"], *(pooled for pooled, _ in part["pool"]))}  # fmt: skip
    made = []
    for name, given in where.items():
        for value in given if isinstance(given, (list, tuple)) else [given]:
            text = cell(value)
            is_signed = isinstance(value, str) and text.startswith(_SIGNS) and (name, text) not in levels
            made.append(f"{name}{text}" if is_signed else f"{name}={text}")
    return made


def cell(value):
    """A value as a cell of a file has it: `true` for a bool of Python or NumPy."""
    return str(value).lower() if type(value).__name__ in ("bool", "bool_") else str(value)
