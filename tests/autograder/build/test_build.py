"""The built practical: up to date, the same everywhere, and without a trace of its answers."""

import io
import json
import os
import subprocess
import sys
import tokenize
import zipfile
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbgrader.nbgraderformat import MetadataValidator

from autograder.__main__ import main
from autograder.build.command import ROOT, built, write
from autograder.build.handout import pack
from autograder.questions import ASSIGNMENTS, assignment, get
from convbook import __version__

NAME = "tp1_layers"


@pytest.fixture(scope="module", params=ASSIGNMENTS)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def files(name):
    return built(name)


def source_path(name):
    return Path("source") / name / f"{name}.ipynb"


def exercise_path(name):
    return Path("exercises") / name / f"{name}.ipynb"


def notebook(files, path):
    return nbformat.reads(files[path], as_version=4)


def test_what_is_committed_is_what_the_source_makes(files, name):
    stale = [
        str(path)
        for path, text in files.items()
        if path != source_path(name) and (ROOT / path).read_text(encoding="utf-8") != text
    ]
    assert not stale, "run python -m autograder build"


def test_another_process_builds_the_same_bytes(files, name, tmp_path):
    code = (
        "import sys, pathlib; from autograder.build.command import built, write;"
        f"write(built({name!r}), pathlib.Path(sys.argv[1]))"
    )
    environment = os.environ | {"PYTHONHASHSEED": "77", "TZ": "Asia/Tokyo", "LC_ALL": "C"}
    command = [sys.executable, "-c", code, str(tmp_path)]
    subprocess.run(command, check=True, cwd=ROOT, env=environment)
    for path, text in files.items():
        assert (tmp_path / path).read_bytes() == text.encode(), path


def test_only_what_differs_is_written(files, name, tmp_path):
    exercise = exercise_path(name)
    assert set(write(files, tmp_path)) == set(files)
    assert write(files, tmp_path) == []
    (tmp_path / exercise).write_bytes(b"\xff")
    assert write(files, tmp_path) == [exercise]
    assert not list(tmp_path.rglob("*.part"))


def test_every_item_and_prose_has_its_cells(files, name):
    by_id = {cell["id"]: cell for cell in notebook(files, exercise_path(name)).cells}
    for question in assignment(name):
        for item in question.items:
            cell = f"{item.id.replace('.', '-')}"
            assert f"def {item.signature}:\n" in by_id[cell].source
            assert "raise NotImplementedError" in by_id[cell].source
            check = by_id[f"{cell}-check"]
            assert check.metadata.convbook.item == item.id
            assert check.metadata.convbook.get("bonus", False) == question.bonus
            assert check.metadata.nbgrader.points == item.points
            assert item.function in check.source
        assert by_id[f"{question.id}-prose"].metadata.nbgrader.points == question.prose_points


def test_nbgrader_finds_both_notebooks_valid(files, name):
    for path in (source_path(name), exercise_path(name)):
        built_notebook = notebook(files, path)
        nbformat.validate(built_notebook)
        MetadataValidator().validate_nb(built_notebook)
        assert not any(cell.get("outputs") for cell in built_notebook.cells)


# Lines of the solutions that any code may hold.
COMMON = {
    "with torch.no_grad():",
    "return output",
    "return None",
    "channels, height, width = shape",
    # the loop over batches, which practical 2 shows in its training code
    "for x, y in batches:",
    "scores = model(x)",
    "loss_sum, right, seen = 0.0, 0, 0",
    "right += (scores.argmax(dim=1) == y).sum().item()",
    "seen += len(y)",
    "return loss_sum / seen, right / seen",
    "for layer in layers:",
}


def solution_lines(files, name):
    """Return the lines of code and of prose that only the source notebook may hold."""
    lines = []
    for cell in notebook(files, source_path(name)).cells:
        if "### BEGIN SOLUTION" in cell.source:
            hidden = cell.source.split("### BEGIN SOLUTION")[1].split("### END SOLUTION")[0]
            lines += hidden.splitlines()
        elif cell["id"].endswith("-prose"):
            lines += cell.source.splitlines()
    stripped = {line.strip() for line in lines}
    return sorted(line for line in stripped if len(line) > 12 and line not in COMMON)


def test_the_exercise_holds_no_line_of_a_solution(files, name):
    lines, exercise = solution_lines(files, name), files[exercise_path(name)]
    assert len(lines) > 80
    assert [line for line in lines if line in exercise] == []
    assert "SOLUTION" not in exercise
    assert "Rubric" not in exercise


def test_the_public_cases_hold_no_code_and_no_hidden_case(files):
    for path in (path for path in files if path.suffix == ".json"):
        question = json.loads(files[path])
        assert set(question) == {"question", "title", "items"}
        for entry in question["items"]:
            assert len(entry["cases"]) == len(get(entry["id"]).public)
        assert "lambda" not in files[path]


def test_the_code_that_students_get_is_tidy_python(files, name):
    for cell in notebook(files, exercise_path(name)).cells:
        if cell.cell_type == "code":
            list(tokenize.generate_tokens(io.StringIO(cell.source + "\n").readline))
            assert max(map(len, cell.source.splitlines())) <= 100


NUMBERS = {
    "7,552,943,104": (224 * 224 * 3 + 1) * 224 * 224,
    "50,176": 224 * 224,
    "2,432": 32 * (5 * 5 * 3 + 1),
    "100,696,064": (32 * 32 * 3 + 1) * 32 * 32 * 32,
    "40,960": 512 * 8 * 10,
    "25,088": 512 * 7 * 7,
    "2,457,600": 32 * 32 * 32 * 5 * 5 * 3,
    "32,768": 32 * 32 * 32,
}


@pytest.mark.parametrize("written", NUMBERS)
def test_the_numbers_of_the_model_answers(written):
    assert written in built(NAME)[source_path(NAME)]
    assert int(written.replace(",", "")) == NUMBERS[written]


# What the try-out cells print.
PRINTED = {
    "tp1_layers": ("convolution, circular padding  0.0000", "map: (1, 3, 5, 7)"),
    "tp3_improvements": ("momentum 0.9, gamma 0.95: 0.69", "10000 draws: 0.02"),
}


def run(notebook, *, allow_errors=False):
    NotebookClient(notebook, timeout=120, kernel_name="python3", allow_errors=allow_errors).execute(
        cwd=str(ROOT)
    )
    return notebook


def check_of(item):
    """Return the id of the cell that checks an item."""
    return f"{item.id.replace('.', '-')}-check"


def errors_of(notebook, name):
    """Return the errors of a notebook that was run, by the id of their cell.

    Those of training and of what is read off it are left out: nothing is trained here.
    """
    of_runs = {check_of(item) for question in assignment(name) for item in question.runs}
    return {
        cell["id"]: output
        for cell in notebook.cells
        if cell.cell_type == "code" and "-run" not in cell["id"] and cell["id"] not in of_runs
        for output in cell.outputs
        if output.output_type == "error"
    }


@pytest.fixture
def _kernel(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("CONVBOOK_DATA", "stand-in")
    monkeypatch.setenv("CONVBOOK_GRADING", "1")  # test_runs has the training
    # jupyter_client tells of the old home of its settings
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")


@pytest.mark.slow
@pytest.mark.usefixtures("_kernel")
def test_the_solved_notebook_runs_from_top_to_bottom(files, name):
    if name not in PRINTED:
        pytest.skip("test_practicals makes the calls that this one leaves to students")
    solved = notebook(files, source_path(name))
    for cell in solved.cells:
        cell.source = cell.source.replace("\n# try_", "\ntry_")
    run(solved, allow_errors=True)
    assert errors_of(solved, name) == {}
    printed = {
        cell["id"]: "".join(output.get("text", "") for output in cell.outputs)
        for cell in solved.cells
        if cell.cell_type == "code"
    }
    for question in assignment(name):
        for item in question.items:
            assert f"✓ {item.function}" in printed[check_of(item)]
    everything = "".join(printed.values())
    assert all(words in everything for words in PRINTED[name])


@pytest.mark.slow
@pytest.mark.usefixtures("_kernel")
def test_the_fresh_exercise_says_what_is_not_written_yet(files, name):
    if name not in PRINTED:
        pytest.skip("test_practicals makes the calls that this one leaves to students")
    fresh = run(notebook(files, exercise_path(name)), allow_errors=True)
    errors = errors_of(fresh, name)
    items = [item for question in assignment(name) for item in question.items]
    assert list(errors) == [check_of(item) for item in items]
    for item, error in zip(items, errors.values(), strict=True):
        assert error.evalue.startswith(f"{item.function} is not written yet.")
        assert error.traceback[0].startswith("✗ ")


@pytest.mark.slow
def test_the_handout_holds_what_students_get_and_nothing_else(tmp_path):
    practicals = {name: built(name) for name in ASSIGNMENTS}
    path = pack(target=tmp_path / "handout.zip")
    assert path.stat().st_size < 5e6
    folder = f"convbook-{__version__}"
    wheel = f"{folder}/{folder}-py3-none-any.whl"
    with zipfile.ZipFile(path) as archive:
        assert sorted(archive.namelist()) == [
            f"{folder}/README.md",
            wheel,
            *(f"{folder}/{exercise_path(name).as_posix()}" for name in sorted(practicals)),
        ]
        for name, files in practicals.items():
            exercise = exercise_path(name)
            assert archive.read(f"{folder}/{exercise.as_posix()}").decode() == files[exercise]
        readme = archive.read(f"{folder}/README.md").decode()
        inside = zipfile.ZipFile(io.BytesIO(archive.read(wheel)))
    assert "{" not in readme
    assert f"{folder}-py3-none-any.whl" in readme
    assert all(name.startswith(("convbook/", f"{folder}.dist-info/")) for name in inside.namelist())
    contents = {name: inside.read(name).decode("utf-8", "replace") for name in inside.namelist()}
    for name in practicals:
        assert f"convbook/check/cases/{assignment(name)[0].id}.json" in contents
    # Short lines, such as `for layer in layers:`, may stand in convbook too.
    lines = [
        line
        for name, files in practicals.items()
        for line in solution_lines(files, name)
        if len(line) > 30
    ]
    for line in (*lines, "import autograder", "from autograder", "### BEGIN"):
        assert [name for name, text in contents.items() if line in text] == [], line


def test_commands(capsys, monkeypatch):
    monkeypatch.setattr("autograder.build.command.write", lambda files: list(files)[:1])
    assert main(["build", NAME]) == 0
    assert capsys.readouterr().out == f"{NAME}: 11 files built, 1 changed\n  {source_path(NAME)}\n"
    assert main(["build", "tp9"]) == 1
    assert "Looking for the practical 'tp9'" in capsys.readouterr().err
    monkeypatch.setattr("autograder.build.handout.pack", lambda **_: Path(__file__))
    assert main(["handout"]) == 0
    assert "test_build.py (0.0 MB)" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="2"):
        main(["nothing"])
    assert "invalid choice: 'nothing'" in capsys.readouterr().err
