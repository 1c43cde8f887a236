"""The notebooks run, one cell after the other, and are stored without outputs."""

import ast
import json
import sys

import pytest
from conftest import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
TASKS = [page for page in (ROOT / "docs" / "tasks").glob("*.md") if page.stem != "README"]
LIBRARIES = {"diabolo", "numpy", "pandas"}


def code_of(path):
    """The code of each cell, by its id."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return {cell["id"]: "".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"}


def run(code, name, names):
    """Runs a cell and shows the value of its last expression, as a notebook does."""
    tree = ast.parse(code, name)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, name, "exec"), names)
    if last is not None:
        value = eval(compile(ast.Expression(last.value), name, "eval"), names)
        assert value is None or shown(value), f"nothing shows a {type(value).__name__}"


def shown(value):
    """What a notebook shows of a value."""
    if hasattr(value, "_repr_png_"):
        return value._repr_png_().startswith(b"\x89PNG")
    return value._repr_html_() if hasattr(value, "_repr_html_") else repr(value)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_cells_of_a_notebook_run(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "__main__"}
    for cell, code in code_of(path).items():
        try:
            run(code, f"{path.name}, cell {cell}", names)
        except Exception as error:
            pytest.fail(f"{path.name}, cell {cell}: {error!r}")


def test_a_wrong_cell_fails():
    wrong_cells = {"assert 1 > 2": AssertionError, "1 / 0": ZeroDivisionError, "x = 1\ny": NameError}
    for wrong, error in wrong_cells.items():
        with pytest.raises(error):
            run(wrong, "cell", {})
    hidden = type("Hidden", (), {"_repr_html_": lambda self: ""})
    with pytest.raises(AssertionError, match="nothing shows a Hidden"):
        run("value", "cell", {"value": hidden()})


def test_there_is_a_notebook_for_each_task_and_the_readme_lists_all():
    assert {path.stem for path in NOTEBOOKS} == {"quickstart", *(page.stem for page in TASKS)}
    readme = (ROOT / "notebooks" / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in NOTEBOOKS if f"[{path.stem}]({path.name})" not in readme] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_valid_and_holds_no_outputs(path):
    text = path.read_text(encoding="utf-8")
    notebook = json.loads(text)
    assert text == json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    assert set(notebook) == {"cells", "metadata", "nbformat", "nbformat_minor"}
    cells = notebook["cells"]
    assert 6 <= len(cells) <= 12
    # Unique, too.
    assert [cell["id"] for cell in cells] == [f"{path.stem}-{at}" for at in range(1, len(cells) + 1)]
    common = {"cell_type", "id", "metadata", "source"}
    for cell in cells:
        is_code = cell["cell_type"] == "code"
        assert is_code or cell["cell_type"] == "markdown"
        assert set(cell) == (common | {"execution_count", "outputs"} if is_code else common), cell["id"]
        assert cell["metadata"] == {} and "".join(cell["source"]).strip(), cell["id"]
        assert not is_code or (cell["outputs"], cell["execution_count"]) == ([], None), cell["id"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_asserts_a_claim_and_needs_few_libraries(path):
    nodes = [node for code in code_of(path).values() for node in ast.walk(ast.parse(code))]
    assert sum(isinstance(node, ast.Assert) for node in nodes) == 1
    imported = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    assert "diabolo" in imported and not any(isinstance(node, ast.ImportFrom) for node in nodes)
    assert imported <= LIBRARIES | set(sys.stdlib_module_names), imported
