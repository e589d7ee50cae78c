"""What every chapter must hold, and what MyST would silently drop or change."""

import re
from pathlib import Path

import pytest

BOOK = Path(__file__).parents[2] / "book"
PAGES = sorted(BOOK.rglob("*.md"), key=str)
PAGES = [page for page in PAGES if "_sphinx" not in page.parts and "assets" not in page.parts]
PARTS = ("{goals}", "{widget}", "{glue:figure}", "{trap}", "{question}", "{answer}", "<tp1>")
CHAPTERS = ("images", "convolution", "conv_layer", "receptive_fields")


def names(pages):
    return [str(page.relative_to(BOOK)) for page in pages]


def cells(text: str) -> list[str]:
    return re.findall(r"(?ms)^```\{code-cell\}[^\n]*\n(.*?)^```$", text)


def prose(text: str) -> str:
    """Return the page without its header, its code and its formulas."""
    text = re.sub(r"(?s)\A---\n.*?\n---\n", "", text)
    text = re.sub(r"(?ms)^```\{(code-cell|widget|math)\}.*?^```$", "", text)
    return re.sub(r"(?ms)^```sh$.*?^```$|^\$\$$.*?^\$\$.*?$", "", text)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_has_all_its_parts(chapter, part):
    text = (BOOK / f"{chapter}.md").read_text(encoding="utf-8")
    assert part in text, f"{chapter}.md has no {part}"


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_no_line_of_prose_is_taken_for_a_comment(page):
    lost = [line for line in prose(page.read_text(encoding="utf-8")).split("\n") if line[:1] == "%"]
    assert not lost, "MyST drops lines that begin with %"


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_every_glued_value_is_used_and_every_used_one_is_glued(page):
    text = page.read_text(encoding="utf-8")
    made = set(re.findall(r'glue\(\s*f?"([^"]+)"', "\n".join(cells(text))))
    used = set(re.findall(r"\{glue:text\}`([^`:]+)", text))
    used |= set(re.findall(r"\{glue:figure\} (\S+)", text))
    patterns = [re.sub(r"\\\{.*?\\\}", ".+", re.escape(name)) for name in made]
    assert [name for name in used if not any(re.fullmatch(p, name) for p in patterns)] == []
    assert [p for p in patterns if not any(re.fullmatch(p, name) for name in used)] == []


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_no_footnotes_since_translations_break_them(page):
    assert not re.search(r"\[\^\w+\]", prose(page.read_text(encoding="utf-8")))
