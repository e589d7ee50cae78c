"""The live figures in their pages: by keyboard, over http and from a file, or explained."""

import pytest

pytestmark = pytest.mark.browser

CHAPTERS = ["book/images", "book/convolution", "book/conv_layer", "book/receptive_fields"]
IN_FIGURE = "document.activeElement.closest('.cb-live') !== null"


def mounted(page):
    page.locator(".cb-live").first.scroll_into_view_if_needed()
    page.wait_for_selector(".cb-live[data-state=ready]")
    return page


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_keyboard_reaches_a_live_figure_and_changes_it(open_page, look, chapter):
    page = mounted(open_page(f"{chapter}.html"))
    # Start just before the figure, as a reader who tabbed there.
    page.evaluate(
        "const start = document.createElement('a'); start.href = '#'; start.textContent = '.';"
        "document.querySelector('.cb-live').before(start); start.focus()"
    )
    page.keyboard.press("Tab")
    assert page.evaluate(IN_FIGURE)
    before = look(page, "figures")
    for _ in range(40):
        for key in ("ArrowRight", "ArrowUp", "Enter"):
            page.keyboard.press(key)
            page.wait_for_timeout(30)
            if look(page, "figures") != before:
                return
        page.keyboard.press("Tab")
        assert page.evaluate(IN_FIGURE), "left the figure, and no key had changed it"
    pytest.fail("no key changed the figure")


def test_a_live_figure_runs_from_a_file(open_page, html):
    mounted(open_page((html / "book" / "convolution.html").as_uri()))


def test_far_figures_wait_until_they_are_near_but_are_ready_on_paper(open_page):
    page = open_page("book/convolution.html")
    page.wait_for_load_state("networkidle")
    states = "[...document.querySelectorAll('.cb-live')].map((f) => f.dataset.state ?? 'waiting')"
    assert "waiting" in page.evaluate(states)
    page.pdf()
    page.wait_for_function(f"({states}).every((state) => state === 'ready')")


def test_without_a_script_the_page_says_what_the_figure_is(open_page):
    page = open_page("book/convolution.html", script=False)
    words = page.locator(".cb-live .cb-fallback").first
    assert words.is_visible()
    assert "needs JavaScript" in words.inner_text()


def test_a_broken_figure_says_so_and_leaves_the_page_alone(open_page):
    def break_it(route):
        answer = route.fetch()
        body = answer.text().replace('{"esm":"', '{"esm":"throw new Error(\'planted\');', 1)
        route.fulfill(response=answer, body=body)

    page = open_page("book/convolution.html", route=break_it)
    page.locator(".cb-live").first.scroll_into_view_if_needed()
    page.wait_for_selector(".cb-live[data-state=failed]")
    assert page.inner_text(".cb-live[data-state=failed]").endswith("could not start: planted")
    assert page.locator("article h1").is_visible()
    assert len(open_page.problems) == 1
    assert open_page.problems.pop().startswith("console: Error: planted")


def test_an_exercise_is_downloaded_where_no_jupyterlab_runs(open_page):
    page = open_page("book/practical/tp1_layers.html")
    assert page.locator("a.cb-lab").first.is_hidden()
    with page.expect_download() as download:
        page.locator(".cb-notebook a.download").first.click()
    assert download.value.suggested_filename == "tp1_layers.ipynb"


def test_an_exercise_opens_in_the_jupyterlab_that_the_page_names(open_page):
    def name_it(route):
        answer = route.fetch()
        meta = '<head><meta name="convbook-lab" content="/lab/">'
        route.fulfill(response=answer, body=answer.text().replace("<head>", meta, 1))

    page = open_page("book/practical/tp1_layers.html", route=name_it)
    link = page.locator("a.cb-lab").first
    assert link.is_visible()
    assert link.get_attribute("href") == "/lab/tp1_layers/tp1_layers.ipynb"
