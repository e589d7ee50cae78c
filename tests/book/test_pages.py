"""Every page, light on a desk and dark on a phone: whole, readable, quiet, and offline."""

import itertools
import json
from pathlib import Path

import pytest

pytestmark = pytest.mark.browser

STYLE = json.loads((Path(__file__).parents[2] / "convbook" / "style.json").read_text())


def background(page):
    return page.evaluate("getComputedStyle(document.body).backgroundColor")


def rgb(hexadecimal):
    return "rgb({}, {}, {})".format(*bytes.fromhex(hexadecimal[1:]))


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (375, "dark")])
def test_a_page_is_whole_and_readable(open_page, look, page_name, width, scheme):
    page = open_page(f"{page_name}.html", width=width, scheme=scheme)
    assert set(look(page, "unfold")) <= {"ready"}
    assert page.title().strip() not in ("", "convbook")
    assert background(page) == rgb(STYLE[scheme]["bg"])

    levels = look(page, "headings")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(deeper <= level + 1 for level, deeper in itertools.pairwise(levels))

    assert look(page, "picturesWithoutWords") == []
    assert look(page, "rawTex") == []
    assert look(page, "poorContrast") == []
    assert look(page, "stickingOut") == []


def test_the_first_tab_stop_skips_to_the_text(open_page, page_name):
    page = open_page(f"{page_name}.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to main content"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#main-content"


def test_the_switch_goes_through_light_dark_and_the_system_s_own(open_page):
    page = open_page("book/index.html")
    seen = {background(page)}
    for _ in range(3):
        page.click(".theme-switch-button")
        page.wait_for_timeout(300)
        seen.add(background(page))
    assert seen == {rgb(STYLE["light"]["bg"]), rgb(STYLE["dark"]["bg"])}
    assert page.evaluate("document.documentElement.dataset.mode") == "auto"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_choice_is_kept_from_page_to_page(open_page, scheme):
    page = open_page("book/index.html", scheme=scheme)
    page.click(".theme-switch-button")
    chosen = page.evaluate("document.documentElement.dataset.theme")
    page.click(".right-next")
    assert page.evaluate("document.documentElement.dataset.theme") == chosen


def test_the_search_finds_words_of_the_book(open_page):
    page = open_page("book/index.html")
    page.keyboard.press("Control+k")
    page.keyboard.type("dilation")
    page.keyboard.press("Enter")
    page.wait_for_selector("#search-results li a")
    page.wait_for_function(
        "document.querySelector('#search-results').textContent.includes('found')"
    )
    assert (
        page.locator("#search-results li a", has_text="receptive").count()
        or page.locator("#search-results li a", has_text="convolutional layer").count()
    )
    page.locator("#search-results li a").first.click()
    assert page.locator("article h1").is_visible()


def test_formulas_need_no_script(open_page):
    page = open_page("book/conv_layer.html", script=False, scheme="dark")
    assert page.locator(".katex-html").first.is_visible()
    assert background(page) == rgb(STYLE["dark"]["bg"])


def test_an_answer_opens_without_a_script(open_page):
    page = open_page("book/conv_layer.html", script=False)
    answer = page.locator("details.cb-answer").first
    assert answer.locator("p").first.is_hidden()
    answer.locator("summary").first.click()
    assert answer.locator("p").first.is_visible()


def test_a_link_of_every_chapter_leads_somewhere(html):
    """Warnings being errors, the build checks references; this checks what it does not read."""
    broken = []
    for page in html.glob("book/**/*.html"):
        text = page.read_text(encoding="utf-8")
        assert "fontawesome" not in text.lower(), page
        for part in text.split('href="')[1:] + text.split('src="')[1:]:
            target = part.split('"')[0].split("#")[0].split("?")[0]
            if target and "://" not in target and not target.startswith(("mailto:", "data:")):
                broken += [f"{page}: {target}"] if not (page.parent / target).exists() else []
    assert broken == []
