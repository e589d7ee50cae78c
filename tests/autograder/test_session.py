"""What leaves the process of a student: texts, and pictures that were drawn again."""

from __future__ import annotations

import base64
import io
import struct
import threading
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from autograder.marking import checker
from autograder.sandbox import session
from autograder.sandbox.inside import pictures
from autograder.sandbox.inside.limits import Limits
from autograder.sandbox.inside.protocol import encode, pack
from autograder.sandbox.sandbox import Sandbox
from autograder.sandbox.session import Call, Cell, CellReport, Session
from convbook.check.diagnose import problem

FAST = Limits(cell_seconds=8, call_seconds=2)
sandboxed = [pytest.mark.sandbox, pytest.mark.slow]

PLOT = "import matplotlib.pyplot as plt\nplt.plot([1, 2]);"
PNG = """
import struct, zlib
from IPython.display import Image, display
def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
def png(width, height, rows):
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")
    return bytes([137]) + b"PNG" + bytes([13, 10, 26, 10]) + head + body
def show(data):
    display({"image/png": data}, raw=True)
"""


@pytest.fixture(scope="module")
def students() -> Iterator[Sandbox]:
    with Sandbox("student") as started:
        yield started


def run(
    box: Sandbox, *sources: str, calls: Sequence[Call] = (), limits: Limits = FAST
) -> list[CellReport]:
    return whole(box, *sources, calls=calls, limits=limits).cells


def whole(
    box: Sandbox, *sources: str, calls: Sequence[Call] = (), limits: Limits = FAST
) -> Session:
    cells = [Cell(f"number {k}", source) for k, source in enumerate(sources, 1)]
    with session.run(box, cells, [calls], limits, threading.Event()) as ran:
        return ran


def call(function: str, item: str = "", **arguments: object) -> Call:
    request = {"function": function, "adapter": None, "forbidden": []}
    return Call(item or function, request, pack(encode(arguments)))


@pytest.mark.sandbox
@pytest.mark.slow
def test_what_all_cells_print_together_is_limited(students: Sandbox) -> None:
    limits = Limits(output=100, outputs=250)
    reports = run(students, *["print('x' * 99)"] * 4, limits=limits)
    assert [(len(report.output), report.cut) for report in reports] == [
        (100, False),
        (100, False),
        (50, True),
        (0, True),
    ]


@pytest.mark.sandbox
@pytest.mark.slow
def test_images_that_notebooks_load_are_drawn_once_for_all(students: Sandbox) -> None:
    source = "from convbook.data import sources\nprint(sources._drawn.cache_info().currsize)"
    cells = [Cell("one", source)]
    seen = []
    for images in (False, True):
        with session.run(students, cells, [], FAST, threading.Event(), images=images) as ran:
            seen.append(ran.cells[0].output)
    assert seen == ["0\n", "1\n"]


def opened(report: CellReport) -> list[Image.Image]:
    found = [Image.open(io.BytesIO(base64.b64decode(each))) for each in report.pictures]
    for picture in found:
        picture.load()
    return found


def png(**info: str) -> bytes:
    texts = PngInfo()
    for name, text in info.items():
        texts.add_text(name, text)
    file = io.BytesIO()
    Image.new("RGB", (3, 2), "red").save(file, "PNG", pnginfo=texts)
    return file.getvalue()


@pytest.mark.sandbox
@pytest.mark.slow
def test_what_is_printed_belongs_to_the_cell_that_printed_it(students: Sandbox) -> None:
    reports = run(
        students,
        "print('one', end='')",
        "",
        "import os\nos.write(1, b'three')\nos.write(2, b'!');",
        "print('x' * 100_000)",
        "_ = os.system('echo five')",
        "1 / 0",
        "kept, gone = os.dup(1), os.dup(1); os.close(1)",
        "os.dup2(kept, 1); print('eight')",
        limits=replace(FAST, output=1000),
    )
    shown = [report.output for report in reports]
    assert shown[:3] == ["one", "", "three!"]
    assert (shown[3], reports[3].cut) == ("x" * 1000, True)
    assert (shown[4], reports[4].cut) == ("five\n", False)
    assert "ZeroDivisionError" in shown[5]
    assert shown[7] == "eight\n"


@given(st.lists(st.binary(max_size=30), min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_pieces_are_the_same_however_they_are_read(pieces: list[bytes], random: Random) -> None:
    marks = [f"\x1emark {k}\x1e".encode() for k in range(len(pieces) - 1)]
    stream = b"".join(piece + mark for piece, mark in zip(pieces, [*marks, b""], strict=True))
    printed = session._Printed(replace(FAST, output=20, outputs=60))
    printed.marks.extend(marks)
    while stream:
        size = random.randint(1, 20)
        printed.add(stream[:size])
        stream = stream[size:]
    room = 60
    for piece in pieces:
        expected = piece[: min(20, room)]
        room -= len(expected)
        cut = len(expected) < len(piece)
        assert printed.take() == (expected.decode(errors="replace"), cut)


@pytest.mark.sandbox
@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "count"),
    [
        (PLOT, 1),
        (PLOT + "\nplt.show()", 1),
        (PLOT + "\nplt.show()\nplt.plot([2, 1])\nplt.show()", 2),
        (PLOT + "\nfigure = plt.gcf()\nplt.close()", 0),
        (PLOT + "\nfigure = plt.gcf()\nplt.close()\nfigure", 1),
        (PLOT + "\nfigure = plt.gcf()\nplt.close()\nfigure;", 0),
        ("%matplotlib inline\n" + PLOT, 1),
        (PNG + "display(Image(data=png(2, 2, bytes(14)), format='png'))", 1),
        ("from PIL import Image\nImage.new('RGB', (4, 4))", 1),
        ("from convbook import plots\nfrom convbook.errors import ConvbookError", 0),
    ],
)
def test_what_a_notebook_shows_is_kept(students: Sandbox, source: str, count: int) -> None:
    report = run(students, source)[0]
    assert (report.status, report.output, report.lost) == ("ok", "", "")
    assert len(opened(report)) == count


@pytest.mark.sandbox
@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("7", "7\n"),
        ("7;", ""),
        ("'a\\nb'", "'a\\nb'\n"),
        ("import torch\ntorch.ones(2, 2)", "tensor([[1., 1.],\n        [1., 1.]])\n"),
        ("print(1)\n2", "1\n2\n"),
        ("from IPython.display import *\nHTML('<b>x</b>')", "<IPython.core.display.HTML object>\n"),
        ("from IPython.display import *\ndisplay(Javascript('alert(1)'), 5)",
         "<IPython.core.display.Javascript object>\n5\n"),
        ("from IPython.display import clear_output\nprint(1)\nclear_output()\nprint(2)", "1\n2\n"),
        ("!echo from the shell", "from the shell\n"),
    ],
)  # fmt: skip
def test_texts_are_kept_and_rich_outputs_are_not(students: Sandbox, source: str, text: str) -> None:
    report = run(students, source)[0]
    assert (report.status, report.output, report.pictures) == ("ok", text, [])


@pytest.mark.sandbox
@pytest.mark.slow
def test_a_picture_belongs_to_the_cell_that_showed_it(students: Sandbox) -> None:
    later = "1 + 1"
    reports = run(
        students, PLOT, later, "def f():\n    plt.plot([1])\n    plt.show()", "f()", "1/0"
    )
    assert [len(report.pictures) for report in reports] == [1, 0, 0, 1, 0]
    assert reports[4].error == "ZeroDivisionError: division by zero"


@pytest.mark.sandbox
@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "limits", "sizes", "words"),
    [
        ("for _ in range(5): show(png(2, 2, bytes(14)))", Limits(pictures=2), 2,
         "2 of 5 pictures are kept"),
        ("import os\nshow(os.urandom(3000)); show(png(2, 2, bytes(14)))", Limits(picture=2000), 1,
         "1 of 2 pictures are kept"),
        ("import os\nfor _ in range(3): show(os.urandom(900))", Limits(album=2000), 0,
         "2 of 3 pictures are kept: 8 of a cell at most, 1 MiB each and 0.00190735 MiB in all; "
         "2 pictures could not be read"),
        ("show(b'<svg/>')", FAST, 0, "1 picture could not be read"),
        ("show('no base64: \\xe9')", FAST, 0, "1 picture could not be read"),
        ("show(png(2, 2, bytes(14))[:-30])", FAST, 0, "1 picture could not be read"),
        ("show(png(65000, 65000, bytes(10**6)))", FAST, 0, "1 picture could not be read"),
        ("show(png(3900, 4000, bytes(3900 * 4000 * 3 + 4000)))", FAST, 1, ""),
    ],
)  # fmt: skip
def test_hostile_pictures_become_words(
    students: Sandbox, source: str, limits: Limits, sizes: int, words: str
) -> None:
    report = run(students, PNG + source, limits=limits)[0]
    assert report.status == "ok"
    assert words in report.lost
    assert bool(report.lost) == bool(words)
    found = opened(report)
    assert len(found) == sizes
    assert all(max(picture.size) <= pictures.MAX_SIDE for picture in found)


@pytest.mark.sandbox
@pytest.mark.slow
def test_a_notebook_may_change_the_shell(students: Sandbox) -> None:
    change = "get_ipython().run_cell = get_ipython().display_pub.publish = lambda *_, **__: None"
    assert [each.output for each in run(students, change, "print(1)")] == ["", "1\n"]


LIE = """
import autograder.sandbox.inside.student as ours
from autograder.sandbox.inside.protocol import Message
ours.run_cell = lambda *_: Message({"error": None, "shown": SHOWN}, (b"x" * 1000,) * 40)
"""


@pytest.mark.sandbox
@pytest.mark.slow
@pytest.mark.parametrize(("shown", "told"), [("0", 40), ("'many'", 40), ("10**30", 999)])
def test_limits_do_not_hang_on_what_the_process_says(
    students: Sandbox, shown: str, told: int
) -> None:
    reports = run(students, LIE.replace("SHOWN", shown), "1")
    assert f"8 of {told} pictures are kept" in reports[1].lost
    assert reports[1].lost.endswith("; 8 pictures could not be read")


@pytest.mark.sandbox
@pytest.mark.slow
def test_a_reader_that_dies_costs_the_pictures_only(
    students: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "REDRAW_SECONDS", 0.0)
    report = run(students, PLOT)[0]
    assert (report.status, report.pictures) == ("ok", [])
    assert report.lost == "1 picture could not be read"


def test_nothing_but_pixels_is_left_of_a_picture() -> None:
    script = "<script>alert(1)</script>"
    before = png(Title=script)
    after = pictures.redrawn(before, 10_000)
    assert script.encode() in before
    assert script.encode() not in after
    assert b"tEXt" not in after
    with Image.open(io.BytesIO(before)) as one, Image.open(io.BytesIO(after)) as other:
        assert one.tobytes() == other.tobytes()


def test_transparency_stays() -> None:
    file = io.BytesIO()
    Image.new("RGBA", (2, 2), (9, 8, 7, 6)).save(file, "PNG")
    with Image.open(io.BytesIO(pictures.redrawn(file.getvalue(), 10_000))) as found:
        assert found.getpixel((0, 0)) == (9, 8, 7, 6)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xd8\xff\xe0 a JPEG",
        b"%PDF-1.4",
        pictures.SIGNATURE,
        png()[:40],
        pictures.SIGNATURE
        + struct.pack(">I", 13) + b"IHDR" + struct.pack(">IIBBBBB", 9, 9, 8, 2, 0, 0, 0)
        + struct.pack(">I", zlib.crc32(b"no"))
    ],
)  # fmt: skip
def test_what_is_no_png_gives_nothing(data: bytes) -> None:
    assert pictures.redrawn(data, 10_000) == b""
    assert pictures.redrawn(png(), 10) == b"", "larger than it may be"


SPY = """
import matplotlib.pyplot as plt
seen = []
def first(x):
    seen.append(x)
    print("seen", seen)
    plt.title(str(seen)); plt.show()
    return 1
def second(x):
    seen.append(x)
    raise ValueError(str(seen))
def dies(x):
    import os
    os._exit(x % 200)
"""


@pytest.mark.sandbox
@pytest.mark.slow
def test_what_a_call_prints_and_shows_is_in_no_report(students: Sandbox) -> None:
    calls = [call("first", x=717171), call("dies", x=717171), call("second", x=717171)]
    ran = whole(students, SPY, PLOT, "print('last')", calls=calls)
    assert [cell.output for cell in ran.cells] == ["", "", "last\n"]
    assert [len(cell.pictures) for cell in ran.cells] == [0, 1, 0]
    assert [outcome["kind"] for outcome in ran.outcomes] == ["answer", "died", "answer"]


SECOND_TIME = """
import os, pathlib
print("printed", pathlib.Path("NOTES").exists())
if pathlib.Path("NOTES").exists():
    print(pathlib.Path("NOTES").read_text(), flush=True)
    os._exit(0)
"""
KEEPS = """
import pathlib
def keeps(x):
    pathlib.Path("NOTES").write_text(str(x))
    os._exit(1)
"""


@pytest.mark.sandbox
@pytest.mark.slow
def test_a_cell_that_is_run_again_shows_what_it_showed_first(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Without a sandbox files outlive a process: hidden inputs must not come out that way."""
    notes = str(tmp_path_factory.mktemp("notes") / "seen")
    with Sandbox("student", unsafe=True) as unsafe:
        cells = [source.replace("NOTES", notes) for source in (SECOND_TIME, KEEPS)]
        ran = whole(unsafe, *cells, calls=[call("keeps", x=717171), call("keeps", "other", x=1)])
    assert [cell.status for cell in ran.cells] == ["died"]
    assert ran.cells[0].output == "printed False\n"


@pytest.mark.sandbox
@pytest.mark.slow
def test_an_item_that_failed_is_not_called_again_after_others(students: Sandbox) -> None:
    """Public cases of all items come first, so the calls of an item do not stand together."""
    cells = "def dies(x): import os; os._exit(1)\ndef lives(x): return 7"
    calls = [call(name, x=1) for name in ("dies", "lives", "dies", "lives", "dies")]
    ran = whole(students, cells, calls=calls, limits=Limits(restarts=1))
    kinds = [outcome["kind"] for outcome in ran.outcomes]
    assert kinds == ["died", "answer", "died", "answer", "died"]
    assert ran.reason == ""


@pytest.mark.sandbox
@pytest.mark.slow
@pytest.mark.parametrize(
    ("cell", "how"),
    [
        ("\n  # count\x1b[2J down\nimport os; os._exit(3)", "(it begins with “# count?[2J down”)"),
        ("while True: pass", "ran longer than 2 seconds (it begins with “while True: pass”)"),
    ],
)
def test_what_a_cell_that_ended_kept_from_being_defined_was_not_run(
    students: Sandbox, cell: str, how: str
) -> None:
    sources = ["def above(x): return 1", cell, "def below(x): return 2"]
    limits = Limits(cell_seconds=2)
    ran = whole(students, *sources, calls=[call("above", x=1), call("below", x=1)], limits=limits)
    assert ran.reason.startswith("cell number 2 ")
    assert ran.reason.endswith(f"{how}; what stood above it counts")
    assert ran.outcomes[0]["kind"] == "answer"
    outcome = checker.outcome_of(ran.outcomes[1], tuple(ran.answers))
    told = problem(2, outcome, 0.0)
    assert told is not None
    assert told.startswith("Not run: cell number 2 ")
    assert told.endswith(f"{how}, and no cell from there on counts.")


@pytest.mark.sandbox
@pytest.mark.slow
def test_what_a_whole_notebook_never_defined_is_said(students: Sandbox) -> None:
    ran = whole(students, "x = 1", calls=[call("below", x=1)])
    told = problem(2, checker.outcome_of(ran.outcomes[0], tuple(ran.answers)), 0.0)
    assert told is not None
    assert "when all its cells have run, the notebook has no function 'below'" in told


@pytest.mark.sandbox
@pytest.mark.slow
def test_calls_that_were_never_made_are_not_said_to_have_died(students: Sandbox) -> None:
    source = "def dies(x): import os; os._exit(1)"
    calls = [call("dies", item, x=1) for item in ("a", "b", "c")]
    ran = whole(students, source, calls=calls, limits=Limits(restarts=1))
    assert ran.outcomes == [
        {"kind": "died"},
        {"kind": "died"},
        {"kind": "not run", "why": "Not run: its process ended 2 times."},
    ]


@pytest.mark.sandbox
@pytest.mark.slow
def test_calls_are_asked_for_when_those_before_them_are_made(students: Sandbox) -> None:
    """The first when the cells have run, the next when their answers are there; each once."""
    asked: list[float] = []

    def parts() -> Iterator[list[Call]]:
        for x in (1, 2):
            asked.append(time.monotonic())
            yield [call("above", x=x), call("above", "other", x=x)]

    sources = (
        "import time; time.sleep(0.5)\ndef above(x): time.sleep(0.2); return x",
        "import os; os._exit(1)",
    )
    cells = [Cell(f"number {k}", source) for k, source in enumerate(sources, 1)]
    start = time.monotonic()
    with session.run(students, cells, parts(), FAST, threading.Event()) as ran:
        pass
    assert [each["kind"] for each in ran.outcomes] == ["answer"] * 4
    first, second = asked
    assert first > start + 0.5
    assert second > first + 0.4


@pytest.mark.sandbox
@pytest.mark.slow
def test_calls_that_were_not_asked_for_yet_have_an_outcome(students: Sandbox) -> None:
    cells, limits = [Cell("one", "import time; time.sleep(60)")], Limits(total_seconds=2)
    parts = [[call("above")], [], [call("above"), call("above", "other")]]
    with session.run(students, cells, parts, limits, threading.Event()) as ran:
        pass
    why = "Not run: everything together took longer than 2 seconds."
    assert ran.outcomes == [{"kind": "not run", "why": why}] * 3


@pytest.mark.sandbox
@pytest.mark.slow
def test_slow_calls_of_one_item_have_their_time_each(students: Sandbox) -> None:
    """Answers that wait for one another must not wait for all."""
    source = "import time\ndef slow(x): time.sleep(0.7); return x"
    calls = [call("slow", x=k) for k in range(5)]
    ran = whole(students, source, calls=calls, limits=Limits(call_seconds=1))
    values = [checker.outcome_of(each, tuple(ran.answers)) for each in ran.outcomes]
    assert values == [{"value": k} for k in range(5)]
