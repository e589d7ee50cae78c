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
from autograder.questions import ASSIGNMENTS, assignment
from convbook import __version__

NAME = "tp1_layers"
NOTEBOOK = f"{NAME}/{NAME}.ipynb"
SOURCE, EXERCISE = Path("source") / NOTEBOOK, Path("exercises") / NOTEBOOK


@pytest.fixture(scope="module")
def files():
    return built(NAME)


def notebook(files, path):
    return nbformat.reads(files[path], as_version=4)


def test_what_is_committed_is_what_the_source_makes(files):
    stale = [
        str(path)
        for path, text in files.items()
        if path != SOURCE and (ROOT / path).read_text(encoding="utf-8") != text
    ]
    assert not stale, "run python -m autograder build"


def test_another_process_builds_the_same_bytes(files, tmp_path):
    code = (
        "import sys, pathlib; from autograder.build.command import built, write;"
        f"write(built({NAME!r}), pathlib.Path(sys.argv[1]))"
    )
    environment = os.environ | {"PYTHONHASHSEED": "77", "TZ": "Asia/Tokyo", "LC_ALL": "C"}
    command = [sys.executable, "-c", code, str(tmp_path)]
    subprocess.run(command, check=True, cwd=ROOT, env=environment)
    for path, text in files.items():
        assert (tmp_path / path).read_bytes() == text.encode(), path


def test_only_what_differs_is_written(files, tmp_path):
    assert set(write(files, tmp_path)) == set(files)
    assert write(files, tmp_path) == []
    (tmp_path / EXERCISE).write_bytes(b"\xff")
    assert write(files, tmp_path) == [EXERCISE]
    assert not list(tmp_path.rglob("*.part"))


def test_every_item_and_prose_has_its_cells(files):
    by_id = {cell["id"]: cell for cell in notebook(files, EXERCISE).cells}
    for question in assignment(NAME):
        for item in question.items:
            cell = f"{item.id.replace('.', '-')}"
            assert f"def {item.signature}:\n" in by_id[cell].source
            assert "raise NotImplementedError" in by_id[cell].source
            check = by_id[f"{cell}-check"]
            assert check.metadata.convbook == {"item": item.id}
            assert check.metadata.nbgrader.points == item.points
            assert item.function in check.source
        assert by_id[f"{question.id}-prose"].metadata.nbgrader.points == question.prose_points


def test_nbgrader_finds_both_notebooks_valid(files):
    for path in (SOURCE, EXERCISE):
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
}


def solution_lines(files):
    """Return the lines of code and of prose that only the source notebook may hold."""
    lines = []
    for cell in notebook(files, SOURCE).cells:
        if "### BEGIN SOLUTION" in cell.source:
            hidden = cell.source.split("### BEGIN SOLUTION")[1].split("### END SOLUTION")[0]
            lines += hidden.splitlines()
        elif cell["id"].endswith("-prose"):
            lines += cell.source.splitlines()
    stripped = {line.strip() for line in lines}
    return sorted(line for line in stripped if len(line) > 12 and line not in COMMON)


def test_the_exercise_holds_no_line_of_a_solution(files):
    lines = solution_lines(files)
    assert len(lines) > 120
    assert [line for line in lines if line in files[EXERCISE]] == []
    assert "SOLUTION" not in files[EXERCISE]
    assert "Rubric" not in files[EXERCISE]


def test_the_public_cases_hold_no_code_and_no_hidden_case(files):
    for path in (path for path in files if path.suffix == ".json"):
        question = json.loads(files[path])
        assert set(question) == {"question", "title", "items"}
        for entry in question["items"]:
            (item,) = (
                i for i in assignment(NAME)[int(path.stem[1:]) - 1].items if i.id == entry["id"]
            )
            assert len(entry["cases"]) == len(item.public)
        assert "lambda" not in files[path]


def test_the_code_that_students_get_is_tidy_python(files):
    for cell in notebook(files, EXERCISE).cells:
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
}


@pytest.mark.parametrize("written", NUMBERS)
def test_the_numbers_of_the_model_answers(files, written):
    assert written in files[SOURCE]
    assert int(written.replace(",", "")) == NUMBERS[written]


def run(notebook, *, allow_errors=False):
    NotebookClient(notebook, timeout=120, kernel_name="python3", allow_errors=allow_errors).execute(
        cwd=str(ROOT)
    )
    return notebook


@pytest.fixture
def _kernel(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    # jupyter_client tells of the old home of its settings
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")


@pytest.mark.slow
@pytest.mark.usefixtures("_kernel")
def test_the_solved_notebook_runs_from_top_to_bottom(files):
    solved = notebook(files, SOURCE)
    for cell in solved.cells:
        cell.source = cell.source.replace("\n# try_", "\ntry_")
    run(solved)
    printed = {
        cell["id"]: "".join(output.get("text", "") for output in cell.outputs)
        for cell in solved.cells
        if cell.cell_type == "code"
    }
    for question in assignment(NAME):
        for item in question.items:
            assert f"✓ {item.function}" in printed[f"{item.id.replace('.', '-')}-check"]
    everything = "".join(printed.values())
    assert "convolution, circular padding  0.0000" in everything
    assert "map: (1, 3, 5, 7)" in everything


@pytest.mark.slow
@pytest.mark.usefixtures("_kernel")
def test_the_fresh_exercise_says_what_is_not_written_yet(files):
    fresh = run(notebook(files, EXERCISE), allow_errors=True)
    errors = {
        cell["id"]: output
        for cell in fresh.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.output_type == "error"
    }
    items = [item for question in assignment(NAME) for item in question.items]
    assert list(errors) == [f"{item.id.replace('.', '-')}-check" for item in items]
    for item, error in zip(items, errors.values(), strict=True):
        assert error.evalue.startswith(f"{item.function} is not written yet.")
        assert error.traceback[0].startswith("✗ ")


@pytest.mark.slow
def test_the_handout_holds_what_students_get_and_nothing_else(files, tmp_path):
    path = pack(target=tmp_path / "handout.zip")
    assert path.stat().st_size < 5e6
    folder = f"convbook-{__version__}"
    wheel = f"{folder}/{folder}-py3-none-any.whl"
    with zipfile.ZipFile(path) as archive:
        assert sorted(archive.namelist()) == [
            f"{folder}/README.md",
            wheel,
            *(f"{folder}/exercises/{name}/{name}.ipynb" for name in ASSIGNMENTS),
        ]
        assert archive.read(f"{folder}/{EXERCISE.as_posix()}").decode() == files[EXERCISE]
        readme = archive.read(f"{folder}/README.md").decode()
        inside = zipfile.ZipFile(io.BytesIO(archive.read(wheel)))
    assert "{" not in readme
    assert f"{folder}-py3-none-any.whl" in readme
    assert all(name.startswith(("convbook/", f"{folder}.dist-info/")) for name in inside.namelist())
    contents = {name: inside.read(name).decode("utf-8", "replace") for name in inside.namelist()}
    assert f"convbook/check/cases/{assignment(NAME)[0].id}.json" in contents
    # Short lines, such as `for layer in layers:`, may stand in convbook too.
    lines = [line for line in solution_lines(files) if len(line) > 30]
    for line in (*lines, "import autograder", "from autograder", "### BEGIN"):
        assert [name for name, text in contents.items() if line in text] == [], line


def test_commands(capsys, monkeypatch):
    monkeypatch.setattr("autograder.build.command.write", lambda files: list(files)[:1])
    assert main(["build", NAME]) == 0
    assert capsys.readouterr().out == f"{NAME}: 9 files built, 1 changed\n  {SOURCE}\n"
    assert main(["build", "tp9"]) == 1
    assert "Looking for the practical 'tp9'" in capsys.readouterr().err
    monkeypatch.setattr("autograder.build.handout.pack", lambda **_: Path(__file__))
    assert main(["handout"]) == 0
    assert "test_build.py (0.0 MB)" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="2"):
        main(["nothing"])
    assert "invalid choice: 'nothing'" in capsys.readouterr().err
