"""The calls and commands in the documentation run; fits are short."""

import json
import re
import runpy
import shlex
import subprocess
from xml.etree import ElementTree

import numpy
import pytest
from conftest import ROOT, mixed_frame, program

import diabolo
from diabolo import _diabolo

DOCS = ROOT / "docs"
MIGRATION = re.split(r"^## ", (DOCS / "migration.md").read_text(), flags=re.MULTILINE)[1:]
TASKS = sorted(path for path in (DOCS / "tasks").glob("*.md") if path.stem != "README")
SUMMARY = DOCS / "SUMMARY.md"
PAGES = sorted(path for path in DOCS.rglob("*.md") if path != SUMMARY)
book_page = runpy.run_path(str(ROOT / ".ci" / "book_pages.py"))["page"]
QUICK_STARTS = [DOCS / "quickstart.md", DOCS / "quickstart-python.md"]


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
    fit, compare = _diabolo.fit, _diabolo.compare

    def brief(keywords):
        given = json.loads(keywords)
        return json.dumps(given | {"epochs": 0 if given.get("preset") == "forecast" else 1})

    monkeypatch.setattr(_diabolo, "fit", lambda source, given, *others: fit(source, brief(given), *others))
    monkeypatch.setattr(
        _diabolo, "compare", lambda source, each, *others: compare(source, [*map(brief, each)], *others)
    )


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


def commands_of(text):
    """The commands of a page, without those that serve pages; `.ci/readme` runs `lab --export`, which takes a minute."""
    blocks = re.findall(r"```console\n(.*?)```", text, re.DOTALL)
    found = re.findall(r"^\$ diabolo (.*)$", "".join(blocks), re.MULTILINE)
    # Whole commands within sentences, too.
    found += re.findall(r"`diabolo ([a-z]+ runs/[^`]*)`", text)
    return [command for command in found if not command.startswith(("explore ", "lab"))]


def code_of(text):
    return re.findall(r"```python\n(.*?)```", text, re.DOTALL)


RUN = [page for page in PAGES if commands_of(page.read_text()) or code_of(page.read_text())]


@pytest.mark.parametrize("page", RUN, ids=lambda path: path.stem)
def test_commands_and_python_of_the_pages_run(page, names):
    text = page.read_text()
    for command in commands_of(text):
        is_fit = command.startswith(("fit ", "compare ", "sweep "))
        command = re.sub(r" --epochs \d+", "", command)
        short = ["--epochs", "0" if "forecast" in command else "1"] if is_fit else []
        done = subprocess.run([program(), *shlex.split(command), *short], capture_output=True, text=True)
        assert done.returncode == 0, f"{command}: {done.stderr}"
    exec("\n".join(code_of(text)), names)


def test_a_task_page_has_commands_python_and_its_notebook():
    for page in TASKS:
        text = page.read_text()
        assert len(commands_of(text)) >= 2 and len(code_of(text)) == 1, page.name
        assert f"(../../notebooks/{page.stem}.ipynb)" in text, page.name
    # Of the other pages, too, none may lose its commands.
    assert [page.name for page in RUN if page not in TASKS] == [
        "compare.md", "lecture.md", "models.md", "quickstart-python.md", "quickstart.md"
    ]  # fmt: skip


def test_the_quick_starts_take_the_same_steps():
    command_line, python = (re.findall("^## (.*)", page.read_text(), re.MULTILINE) for page in QUICK_STARTS)
    assert command_line == python and len(python) >= 5
    assert len(commands_of(QUICK_STARTS[0].read_text())) >= 8
    assert len(code_of(QUICK_STARTS[1].read_text())) == len(python)


def links_of(page):
    """Relative links of a page outside of code, with their anchors."""
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    return [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]


def anchors_of(page):
    """The anchors that GitHub and mdBook give to headings."""
    headings = re.findall("^#+ (.*)", page.read_text(), re.MULTILINE)
    return [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]


def broken(page, links):
    """The links of a page that lead nowhere."""
    found = []
    for link in links:
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or anchor and anchor not in anchors_of(target):
            found.append(link)
    return found


def test_the_summary_of_the_book_lists_every_page_once():
    lines = re.findall(r"^ *(?:- )?\[(.+)\]\((.+)\)$", SUMMARY.read_text(), re.MULTILINE)
    assert len(lines) == len(links_of(SUMMARY))
    assert sorted(link for _, link in lines) == sorted(path.relative_to(DOCS).as_posix() for path in PAGES)
    assert [title for title, link in lines if link != "tasks/README.md" and f"# {title}" not in (DOCS / link).read_text()] == []


@pytest.mark.parametrize("page", [SUMMARY, *PAGES, ROOT / "README.md"], ids=lambda path: path.stem)
def test_links_lead_somewhere(page):
    assert broken(page, links_of(page)) == []
    assert broken(page, ["none.md", "#none"]) == ["none.md", "#none"]


# The number of children that elements of MathML must have.
CHILDREN = {"mfrac": 2, "mroot": 2, "msub": 2, "msup": 2, "munder": 2, "mover": 2, "msubsup": 3, "munderover": 3}


def unconverted(made):
    """What is wrong in a page for the book: LaTeX outside of code, and elements without their parts."""
    found = re.findall(r"\$|\\[A-Za-z]+|[_^]\{|<mi>[{}]</mi>", re.sub(r"```.*?```|`[^`\n]*`", "", made, flags=re.DOTALL))
    for formula in re.findall(r"<math.*?</math>", made, re.DOTALL):
        for element in ElementTree.fromstring(formula).iter():
            name = element.tag.partition("}")[2]
            if len(element) != CHILDREN.get(name, len(element)):
                found.append(name)
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_formulas_of_a_page_become_mathml(page):
    made = book_page(page.read_text(), page.relative_to(DOCS).as_posix(), "docs", "https://host")
    assert unconverted(made) == []


def test_all_formulas_are_converted_and_wrong_ones_are_found():
    text = (DOCS / "mathematics.md").read_text()
    made = book_page(text, "mathematics.md", "docs", "https://host")
    assert made.count("<math") == len(re.findall(r"\$\$.+?\$\$|\$[^$]+\$", text, re.DOTALL)) > 50
    # What the converter does not know stays as it is, as does a formula without its dollars.
    wrong = {
        r"$\unknown$": r"\unknown",
        r"so \lambda": r"\lambda",
        "$x$ and $y": "$",
        "h_{j}": "_{",
        "$x}$": "<mi>}</mi>",
        r"$\frac{1}$": "mfrac",
    }
    for latex, left in wrong.items():
        assert unconverted(book_page(latex, "", "docs", "")) == [left], latex


def test_links_out_of_docs_lead_to_the_repository():
    given = "[a](../README.md#b) [c](../../notebooks/d.ipynb) [e](detect.md) [f](README.md) `$` `$`"
    made = "[a](../index.md#b) [c](https://host/blob/main/notebooks/d.ipynb) [e](detect.md) [f](index.md) `$` `$`"
    assert book_page(given, "tasks/detect.md", "docs", "https://host") == made
