"""Each mistake in a source is an error with its file and line."""

import re

import nbformat
import pytest

from autograder.build.release import release_notebook
from autograder.build.source import read, read_file
from autograder.build.steps import source_notebook
from autograder.questions import Criterion, Item, Question
from convbook.errors import BuildError

ITEM = Item(
    id="q91.double",
    signature="double(x)",
    points=1.5,
    public=({"x": 1},),
    hidden=lambda _: [],
    reference=lambda x: 2 * x,
    misconceptions=(),
)
QUESTION = Question("q91", "small", "Doubling", (ITEM,), (Criterion(0.5, "Says it."),))

SOURCE = """\
---
kernelspec:
  name: python3
  display_name: Python 3
---

# Doubling

*{{points q91}} points* of {{points all}}; function {{points q91.double}}, text {{points q91.prose}}

```{code-cell} ipython3
:answer: q91.double

def double(x):
    \"\"\"Return twice x.\"\"\"
    ### BEGIN SOLUTION
    return 2 * x  # canary
    ### END SOLUTION
```

Why?

+++ {"prose": "q91"}

Because of the canary.

+++

The end.
"""


def made(source=SOURCE, question=QUESTION):
    return source_notebook(read(source, "small.md"), (question,))


def test_the_source_notebook():
    cells = made().cells
    assert [(cell["id"], cell.cell_type) for cell in cells] == [
        ("text-01", "markdown"),
        ("q91-double", "code"),
        ("q91-double-check", "code"),
        ("text-02", "markdown"),
        ("q91-prose", "markdown"),
        ("text-03", "markdown"),
    ]
    assert cells[0].source.endswith("*2 points* of 2; function 1.5, text 0.5")
    assert cells[2].source == 'check("q91", double=double)'
    assert cells[2].metadata == {
        "convbook": {"item": "q91.double"},
        "nbgrader": {
            "grade": True,
            "grade_id": "q91-double-check",
            "locked": True,
            "points": 1.5,
            "schema_version": 3,
            "solution": False,
            "task": False,
        },
    }
    assert cells[4].source == "Because of the canary.\n\n**Rubric**\n\n- 0.5: Says it."
    assert cells[4].metadata.nbgrader.points == 0.5
    nbformat.validate(made())


def test_the_released_notebook():
    released = release_notebook(made())
    by_id = {cell["id"]: cell for cell in released.cells}
    assert "canary" not in str(released)
    assert "Says it" not in str(released)
    assert by_id["q91-double"].source == (
        'def double(x):\n    """Return twice x."""\n'
        "    # Write your answer here, and delete the next line.\n    raise NotImplementedError"
    )
    assert by_id["q91-prose"].source == "*Write your answer here.*"
    assert by_id["q91-double-check"].metadata.editable is False
    assert all(
        cell.metadata.deletable is False and cell.metadata.nbgrader.checksum
        for cell in released.cells
        if "nbgrader" in cell.metadata
    )


def test_a_step_leaves_its_notebook_alone():
    notebook = read(SOURCE, "small.md")
    before = str(notebook)
    source_notebook(notebook, (QUESTION,))
    assert str(notebook) == before


def test_two_builds_are_equal():
    assert nbformat.writes(made()) == nbformat.writes(made())


ANSWER = re.search(r"```\{code-cell\}[\s\S]+?```\n", SOURCE)[0]

MISTAKES = {
    "unknown item": (
        SOURCE.replace(":answer: q91.double", ":answer: q91.triple"),
        r"small\.md:14: unknown answer 'q91\.triple'[\s\S]*known ones are q91\.double",
    ),
    "unknown question": (
        SOURCE.replace('"prose": "q91"', '"prose": "q92"'),
        r"small\.md:25: unknown prose 'q92'",
    ),
    "item without a cell": (SOURCE.replace(ANSWER, ""), "no cell for the answer 'q91.double'"),
    "prose without a cell": (
        SOURCE.replace('+++ {"prose": "q91"}', "+++"),
        "no cell for the prose 'q91'",
    ),
    "an item twice": (
        SOURCE + "\n" + ANSWER,
        r"small\.md:\d+: a second cell for the answer 'q91\.double'[\s\S]*at line 14",
    ),
    "prose twice": (SOURCE + '\n+++ {"prose": "q91"}\n\nAgain.\n', "a second cell for the prose"),
    "solution not closed": (
        SOURCE.replace("    ### END SOLUTION\n", ""),
        r"small\.md:14: solution markers that do not match: '### BEGIN SOLUTION' at line 16",
    ),
    "solution not begun": (
        SOURCE.replace("    ### BEGIN SOLUTION\n", ""),
        "solution markers that do not match: '### END SOLUTION'",
    ),
    "solution begun twice": (
        SOURCE.replace("    return 2", "    ### BEGIN SOLUTION\n    return 2"),
        "solution markers that do not match",
    ),
    "answer without a solution": (
        re.sub(r"    ### (BEGIN|END) SOLUTION\n", "", SOURCE),
        r"small\.md:14: an answer without a solution",
    ),
    "solution outside an answer": (
        SOURCE + "\n```{code-cell} ipython3\n### BEGIN SOLUTION\n1\n### END SOLUTION\n```\n",
        "a solution outside an answer",
    ),
    "prose on a code cell": (
        SOURCE.replace(":answer: q91.double", ":prose: q91"),
        r"small\.md:14: the prose 'q91' is a code cell",
    ),
    "unknown points": (
        SOURCE.replace("{{points q91.prose}}", "{{points q99}}"),
        r"small\.md:7: points of the unknown 'q99'[\s\S]*q91\.prose",
    ),
    "options that are no YAML": (
        SOURCE.replace(":answer: q91.double", ":answer: [q91"),
        r"Reading small\.md\.\n  got:  Code cell 1 at line 11",
    ),
    "a kernel without a name": (
        SOURCE.replace("  display_name: Python 3\n", ""),
        "'display_name' is a required property",
    ),
    "options that are no JSON": (
        SOURCE.replace('+++ {"prose": "q91"}', '+++ {"prose": q91}'),
        r"Markdown cell 3 at line 23 could not be read",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_in_the_source_is_an_error_with_its_place(name):
    source, message = MISTAKES[name]
    assert source != SOURCE
    with pytest.raises(BuildError, match=message):
        made(source)


@pytest.mark.parametrize(
    ("question", "message"),
    [
        (Question("q91", "small", "", (ITEM,), ()), "the prose 'q91' has no points"),
        (
            Question("q91", "small", "", (Item(**vars(ITEM) | {"points": 0}),), QUESTION.rubric),
            "the answer 'q91.double' has no points",
        ),
    ],
)
def test_a_question_without_points_is_an_error(question, message):
    with pytest.raises(BuildError, match=message):
        made(question=question)


def test_a_source_that_is_not_there(tmp_path):
    with pytest.raises(BuildError, match=r"solutions/NAME/NAME\.md"):
        read_file(tmp_path / "nothing.md")
