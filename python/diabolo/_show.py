"""How a table is shown: its first rows, as text and in notebooks."""

from ._html import with_table
from ._rows import columns_of

# Rows, characters of a line, and characters of a cell.
_ROWS, _WIDTH, _CELL = 10, 80, 24


def text(table):
    """The names and the first rows, aligned, in lines of at most 80 characters."""
    columns = [_aligned(name, cells) for name, cells in _first(table).items()]
    shown = []
    for column in columns:
        width = sum(len(of[0]) + 2 for of in (*shown, column))
        # The mark of columns that are left out needs three.
        if shown and width + (0 if len(shown) + 1 == len(columns) else 3) > _WIDTH:
            break
        shown.append(column)
    if 0 < len(shown) < len(columns):
        shown.append(["…"] * len(columns[0]))
    lines = ["  ".join(cells).rstrip() for cells in zip(*shown)]
    return "\n".join([_title(table), *lines, *_rest(table)])


def html(table):
    """The same as a table of a notebook, with all columns."""
    first = _first(table)
    rows = list(zip(*([_text(cell) for cell in cells] for cells in first.values())))
    return with_table("\n".join([_title(table), *_rest(table)]), list(first), rows)


def _title(table):
    return f"<diabolo.Table: {len(table)} rows × {len(table.columns)} columns>"


def _rest(table):
    more = len(table) - _ROWS
    return [f"… and {more} more rows"] if more > 0 else []


def _first(table):
    """The cells of the first rows; images have only their size."""
    rows = table.take(range(min(len(table), _ROWS)))
    columns = columns_of(rows)
    for name in columns:
        kind, _, rest = rows.column(name)[0].partition(":")
        if kind == "image":
            size = rest.partition(":")[0].replace("x", "×")
            columns[name] = [cell if cell is None else f"image {size}" for cell in columns[name]]
    return columns


def _aligned(name, cells):
    """Name and cells of one width; numbers are on the right."""
    texts = [_cut(name), *(_cut(_text(cell)) for cell in cells)]
    width = max(map(len, texts))
    is_number = all(cell is None or isinstance(cell, (int, float)) for cell in cells)
    return [text.rjust(width) if is_number else text.ljust(width) for text in texts]


def _text(cell):
    if cell is None:
        return "—"
    return f"{cell:.6g}" if isinstance(cell, float) else str(cell)


def _cut(text):
    line = "".join(c if c.isprintable() else "·" for c in text)
    return line if len(line) <= _CELL else line[: _CELL - 1] + "…"
