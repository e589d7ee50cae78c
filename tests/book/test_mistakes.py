"""Each mistake an author can make stops the build, at its line and in words."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# The mistake, by line of the page, and what the author must read of it.
MISTAKES = {
    "```{widget} conv_steper\n```": "the widgets are conv_stepper",
    "```{widget} conv_stepper\nstrid: 2\n```": "unknown state strid",
    "```{widget} conv_stepper\nstride: 1.5\n```": "1.5",
    "```{widget} conv_stepper\nkernel: [[[[1, 2], [3]]]]\n```": "all rows of one length",
    "```{widget} conv_stepper\nstride: [\n```": "while parsing",
    "```{widget} conv_stepper\njust words\n```": "mapping",
    "```{notebook} tp9/nothing.ipynb\n```": "There is no notebook exercises/tp9/nothing.ipynb",
    "A formula: $\\fraq{1}{2}$.": "Undefined control sequence: \\fraq",
    "A reference: {ref}`nowhere`.": "undefined label: 'nowhere'",
    "```{answer}\n```": "Content block expected",
}
CELL = """---
file_format: mystnb
kernelspec: {name: python3, display_name: Python 3, language: python}
---

# A cell that warns

```{code-cell} python
import sys
print("planted", file=sys.stderr)
```
"""


@pytest.fixture(scope="module")
def log(jupyter_book, tmp_path_factory):
    """What a build says of a book with every mistake, one a paragraph."""
    folder = tmp_path_factory.mktemp("mistakes")
    config = (ROOT / "_config.yml").read_text()
    for name in ("book/_sphinx", "book/assets"):
        config = config.replace(name, str(ROOT / name))
    (folder / "_config.yml").write_text(config)
    (folder / "_toc.yml").write_text(
        "format: jb-book\nroot: book/index\nchapters: [{file: book/cell}]\n"
    )
    (folder / "book").mkdir()
    (folder / "book" / "index.md").write_text("# Mistakes\n\n" + "\n\n".join(MISTAKES) + "\n")
    (folder / "book" / "cell.md").write_text(CELL)
    result = jupyter_book(folder)
    assert result.returncode != 0
    return re.sub(r"\x1b\[[0-9;]*m", "", result.stdout + result.stderr)


def line_of(mistake):
    text = "# Mistakes\n\n" + "\n\n".join(MISTAKES)
    return text[: text.index(mistake)].count("\n") + 1


@pytest.mark.slow
@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_build_names_the_line(log, mistake):
    start, message = line_of(mistake), MISTAKES[mistake]
    lines = range(start, start + mistake.count("\n") + 1)
    reported = re.split(r"(?=^/.*\.md:\d+: (?:WARNING|ERROR))", log, flags=re.MULTILINE)
    here = [part for part in reported if any(f"index.md:{line}: " in part[:200] for line in lines)]
    assert any(message in part for part in here), log


@pytest.mark.slow
def test_a_cell_that_writes_to_stderr_is_a_warning(log):
    assert re.search(r"cell\.md:\d+: WARNING: stderr was found", log)
