"""A preprocessor of mdBook: formulas become MathML, and links that leave docs/ lead to the repository.

mdBook calls it with `supports RENDERER`, and then with its context and the book as JSON on stdin.
"""

import json
import posixpath
import re
import sys

from latex2mathml.converter import convert

CODE = re.compile(r"(```.*?```|`[^`\n]*`)", re.DOTALL)
FORMULA = re.compile(r"\$\$(.+?)\$\$|\$([^$]+?)\$", re.DOTALL)
LINK = re.compile(r"\]\(([^):#\s]+)(#[^)\s]*)?\)")


def formula(found):
    block, inline = found.groups()
    made = convert((block or inline).strip(), display="block" if block else "inline")
    # As an identifier, it would touch its argument.
    return made.replace("<mi>log</mi>", '<mo lspace="0.167em" rspace="0.167em">log</mo>')


def page(text, path, source, repository):
    """The Markdown of a page for mdBook; `path` is within the folder `source` of the repository."""

    def link(found):
        target = posixpath.normpath(posixpath.join(source, posixpath.dirname(path), found[1]))
        if target.startswith(f"{source}/"):
            # mdBook writes README.md as index.html, and leaves links to it as they are.
            return re.sub(r"\bREADME\.md", "index.md", found[0])
        return f"]({repository}/blob/main/{target}{found[2] or ''})"

    parts = CODE.split(text)
    # Odd parts are code; a link may have code as its text, so that links are changed last.
    parts[::2] = [FORMULA.sub(formula, part) for part in parts[::2]]
    return LINK.sub(link, "".join(parts))


def main():
    if sys.argv[1:2] == ["supports"]:
        return
    context, book = json.load(sys.stdin)
    config = context["config"]
    source, repository = config["book"]["src"], config["output"]["html"]["git-repository-url"]

    def change(items):
        for item in items:
            chapter = item.get("Chapter") if isinstance(item, dict) else None
            if chapter:
                # Of a README.md, `path` is that of index.html.
                chapter["content"] = page(chapter["content"], chapter["source_path"], source, repository)
                change(chapter["sub_items"])

    change(book["items"])
    json.dump(book, sys.stdout)


if __name__ == "__main__":
    main()
