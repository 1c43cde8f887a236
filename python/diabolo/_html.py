"""What notebooks show of tables, and of models that have no figure."""

from html import escape


def with_table(title, head, rows):
    """A line of text, and a table under it."""
    cells = [f"<tr>{''.join(f'<td>{escape(_text(cell))}</td>' for cell in row)}</tr>" for row in rows]
    names = "".join(f"<th>{escape(name)}</th>" for name in head)
    table = f"<table><thead><tr>{names}</tr></thead><tbody>{''.join(cells)}</tbody></table>"
    return f"<pre>{escape(title)}</pre>" + (table if cells else "")


def _text(value):
    if value is None:
        return "—"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
