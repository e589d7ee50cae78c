# ruff: noqa: RUF001 - the page shows a true minus and a multiplication sign
import pytest

from convbook.widgets import names

pytestmark = pytest.mark.browser

STATUS = "[role=status]"
# What sticks out to the right, but for what scrolls or is cut inside a box of its own.
STICKING_OUT = """() => {
  const edge = document.querySelector('.cb-widget').getBoundingClientRect().right + 1;
  return [...document.querySelectorAll('.cb-widget *')]
    .filter((node) => node.getBoundingClientRect().right > edge)
    .filter((node) => !node.closest('.drawing, .scroll, .frame, .plane'))
    .map((node) => node.outerHTML.slice(0, 80));
}"""
# Every control has a name that a screen reader can say.
NAMELESS = """() => [
  ...document.querySelectorAll('.cb-widget :is(button, input, select, [tabindex])')]
  .filter((node) => !node.closest('[aria-hidden=true]'))
  .filter((node) => ![node.ariaLabel, node.textContent, node.labels?.[0]?.textContent]
    .some((name) => name?.trim()))
  .map((node) => node.outerHTML.slice(0, 120))"""


def _text(page):
    return page.inner_text(".cb-widget")


# The defaults in the light theme, the largest states in the dark one.
LARGEST = {
    "conv_stepper": {
        "input": [[[-128] * 9] * 9] * 3,
        "kernel": [[[[-12.5] * 5] * 5] * 3] * 2,
        "padding": 2,
        "position": 99,
        "flip": True,
    },
    "kernel_gallery": {"kernel": [[-12.5] * 5] * 5, "divisor": 256, "colour": True},
    "layer_inspector": {"input_shape": [512, 512, 512], "built_for": [3, 32, 32], "selected": 0},
    "field_builder": {
        "layers": [{"kernel_size": 3, "padding": 8, "dilation": 8}] * 8,
        "size": 64,
    },
    "run_curves": {
        "steps": [
            {
                "name": name,
                "seeds": [0, 1, 2],
                **{
                    f"{part}_{quantity}": [
                        [level + seed + e / 100 for e in range(150)] for seed in range(3)
                    ]
                    for part in ("train", "test")
                    for quantity, level in (("loss", 0.1), ("accuracy", 95.0))
                },
            }
            for name in ("momentum, constant rate", "dropout and batch norm")
        ],
        "epoch": 150,
        "quantity": "loss",
    },
}
STATES = [("light", {name: {} for name in names()}), ("dark", LARGEST)]


@pytest.mark.parametrize(("theme", "states"), STATES, ids=["light", "dark"])
@pytest.mark.parametrize("name", names())
def test_fits_every_width_in_both_themes_with_all_its_words(mount, name, theme, states):
    page = mount(name, theme=theme, **states[name])
    for width in (1000, 760, 375, 320):
        page.set_viewport_size({"width": width, "height": 700})
        page.wait_for_timeout(60)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
        assert page.evaluate(STICKING_OUT) == [], width
    assert "undefined" not in _text(page)
    assert "{" not in _text(page)
    assert page.evaluate(NAMELESS) == []


@pytest.mark.parametrize("name", names())
def test_cleans_up_behind_itself(mount, name):
    page = mount(name)
    assert page.evaluate("window.listening()") > 0
    page.evaluate("window.stop()")
    assert page.evaluate(
        "[window.listening(), document.querySelector('main').children.length]"
    ) == [
        0,
        0,
    ]


@pytest.mark.parametrize("name", names())
def test_every_control_is_in_the_order_of_the_tab_key_and_shows_its_focus(mount, name):
    page = mount(name)
    stops = page.evaluate(
        "[...document.querySelectorAll('.cb-widget :is(button, input, select, [tabindex])')]"
        ".filter((n) => n.tabIndex >= 0 && !n.disabled && n.offsetParent).length"
    )
    seen = set()
    for _ in range(stops + 2):
        page.keyboard.press("Tab")
        seen.add(page.evaluate("document.activeElement.outerHTML.slice(0, 200)"))
        if page.evaluate("document.activeElement === document.body"):
            break
        assert page.evaluate(
            "[document.activeElement, document.activeElement.nextElementSibling, "
            "document.activeElement.parentElement].some((n) => n "
            "&& getComputedStyle(n).outlineStyle !== 'none')"
        ), page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
    assert len(seen) > 4


def test_stepper_moves_its_window_by_keyboard(mount):
    page = mount("conv_stepper", position=0)
    assert "Nothing computed yet" in page.inner_text(STATUS)
    page.get_by_role("button", name="one step on").press("Enter")
    page.get_by_role("toolbar").locator("button").nth(3).press("ArrowRight")
    assert page.evaluate("model.get('position')") == 2
    output = page.get_by_role("grid", name="output of filter 1")
    output.locator("[tabindex='0']").focus()
    for key in ("ArrowDown", "ArrowRight", "End"):
        page.keyboard.press(key)
    assert page.evaluate("model.get('position')") == 6
    assert "row 2, column 3" in page.inner_text(STATUS)
    assert output.locator(".now").inner_text() == "0"


def test_stepper_takes_typed_numbers_into_its_sum(mount):
    page = mount("conv_stepper", input=[[[1, 2], [3, 4]]], kernel=[[[[1]]]], position=1)
    page.get_by_role("grid", name="input, channel 1").locator("[tabindex='0']").focus()
    page.keyboard.type("-7")
    page.keyboard.press("Enter")
    assert page.evaluate("model.get('input')") == [[[-7, 2], [3, 4]]]
    assert "makes −7" in page.inner_text(STATUS)
    page.keyboard.press("F2")
    page.keyboard.type("x")
    page.keyboard.press("Escape")
    assert page.evaluate("model.get('input')[0]") == [[-7, 2], [3, 4]]


def test_stepper_says_what_does_not_fit_and_keeps_it_from_python(mount):
    page = mount("conv_stepper", input=[[[1, 2, 3], [4, 5, 6], [7, 8, 9]]])
    saved = page.evaluate("window.saved ?? 0")
    page.get_by_label("kernel size k").fill("5")
    assert "it fits nowhere" in page.inner_text(STATUS)
    assert page.get_by_role("button", name="play").is_disabled()
    assert page.evaluate("window.saved ?? 0") == saved
    page.get_by_label("padding p").fill("1")
    assert "it fits nowhere" not in page.inner_text(STATUS)
    assert page.evaluate("window.saved") == saved + 1


def test_stepper_plays_to_the_end_and_stops(mount):
    page = mount("conv_stepper", input=[[[1, 2]]], kernel=[[[[1]]]], position=0)
    page.clock.install()
    page.get_by_role("button", name="play").click()
    page.clock.run_for(6000)
    assert page.evaluate("model.get('position')") == 2
    assert page.get_by_role("button", name="play").is_visible()


def test_stepper_flips_the_kernel_for_a_convolution(mount):
    page = mount(
        "conv_stepper", input=[[[1, 2, 3]]], kernel=[[[[1, 0, 0]]]], position=1, flip=False
    )
    assert "makes 1" in page.inner_text(STATUS)
    page.get_by_label("convolution (flipped kernel)").check()
    assert "makes 3" in page.inner_text(STATUS)
    assert "turned 180°" in _text(page)


def test_gallery_filters_and_shows_the_sum_under_the_cursor(mount):
    page = mount("kernel_gallery", row=0, column=0)
    page.get_by_label("box blur").check()
    assert page.evaluate("[model.get('divisor'), model.get('view')]") == [9, "clip"]
    page.locator(".frame.before").focus()
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("[model.get('row'), model.get('column')]") == [10, 1]
    assert page.inner_text(STATUS).startswith("Row 10, column 1: 9 pixels")
    pixels = [int(n) for n in page.locator(".patch .cb-cell span").all_inner_texts()]
    assert page.inner_text(".answer") == f"{round(sum(pixels) / 9, 2):g}"
    page.locator(".cb-grid.kernel [tabindex='0']").focus()
    page.keyboard.type("10")
    page.keyboard.press("Enter")
    assert page.evaluate("model.get('kernel')[0][0]") == 10


PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c49444154789c63f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
)


def test_gallery_opens_the_readers_own_picture_and_refuses_other_files(mount):
    page = mount("kernel_gallery", colour=True, kernel=[[0, 0, 0], [0, 1, 0], [0, 0, 0]])
    opener = page.locator("input[type=file]")
    opener.set_input_files({"name": "notes.txt", "mimeType": "text/plain", "buffer": b"hello"})
    page.wait_for_function("document.querySelector('[role=status]').textContent.includes('notes')")
    assert page.evaluate("model.get('image')") == "scene"
    opener.set_input_files({"name": "red.png", "mimeType": "image/png", "buffer": PNG})
    page.wait_for_function("model.get('image') === 'own'")
    assert "red 255, green 0, blue 0" in page.inner_text(STATUS)


def test_inspector_names_the_first_layer_that_fails_on_a_larger_image(mount):
    page = mount("layer_inspector")
    assert "1\u202f191\u202f170 parameters" in page.inner_text(STATUS)
    page.get_by_label("kept as they are").check()
    page.get_by_label("height H").fill("48")
    assert page.inner_text(STATUS).startswith("fc4 is the first layer that cannot be computed")
    assert page.locator("tr.misfit").count() == 1
    page.get_by_role("button", name="write fully-connected layers").click()
    assert "10×3×1 out" in page.inner_text(STATUS)


def test_inspector_edits_layers_by_keyboard(mount):
    page = mount("layer_inspector")
    page.get_by_role("button", name="conv1", exact=True).focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    assert page.evaluate("model.get('selected')") == 3
    page.locator("tr.editor").get_by_label("kernel").fill("3")
    assert page.evaluate("model.get('layers')[3].kernel_size") == 3
    assert page.locator("tbody tr").nth(3).locator(".weights").inner_text() == "18\u202f432"
    page.get_by_role("button", name="remove").press("Enter")
    assert page.evaluate("model.get('layers').length") == 12
    page.get_by_label("kind of the new layer").select_option("BatchNorm")
    page.get_by_role("button", name="add layer").press("Enter")
    assert page.evaluate("model.get('layers').at(-1).type") == "BatchNorm"


def test_inspector_keeps_the_keyboard_on_the_button_that_moves_a_layer(mount):
    page = mount("layer_inspector", selected=2)
    page.get_by_role("button", name="move up").focus()
    focused = "document.activeElement.ariaLabel ?? document.activeElement.textContent"
    page.keyboard.press("Enter")
    assert page.evaluate("model.get('layers')[1].type") == "Pool"
    assert page.evaluate(focused) == "move up"
    page.keyboard.press("Enter")
    assert page.evaluate("model.get('layers')[0].type") == "Pool"
    assert page.evaluate(focused) == "pool0"


def test_inspector_shows_its_presets(mount):
    page = mount("layer_inspector")
    for name, total in (("lenet5", "61\u202f706"), ("vgg16", "138\u202f357\u202f544")):
        page.get_by_label("network", exact=True).select_option(name)
        assert page.locator("tfoot .parameters .full").inner_text() == total


def test_field_of_a_unit_follows_the_arrows(mount):
    page = mount("field_builder")
    page.locator(".plane.units").focus()
    page.keyboard.press("ArrowRight")
    assert "Unit (1, 2) of layer 6" in page.inner_text(STATUS)
    assert "a field of 36×36" in page.inner_text(STATUS)
    page.keyboard.press("PageDown")
    assert "of layer 5" in page.inner_text(STATUS)
    page.get_by_label("stack", exact=True).select_option("dilated")
    assert "a field of 15×15" in page.inner_text(STATUS)
    page.get_by_role("button", name="+ pooling 2×2").press("Enter")
    assert "a field of 16×16" in page.inner_text(STATUS)
    page.get_by_label("image size").fill("8")
    assert "Layer 3 cannot be computed" in page.inner_text(STATUS)


def test_curves_follow_the_cursor_and_the_chosen_steps(mount):
    page = mount("run_curves")
    assert "one: 20 % of the test images right" in page.inner_text(STATUS)
    page.get_by_role("slider", name="epoch").focus()
    page.keyboard.press("End")
    assert page.evaluate("model.get('epoch')") == 3
    assert "Epoch 3 of 3." in page.inner_text(STATUS)
    assert "another: 60 %" in page.inner_text(STATUS)
    page.get_by_label("beside it").select_option("one")
    assert "another" not in page.inner_text(STATUS)
    page.get_by_role("radio", name="loss (nats)").check(force=True)
    assert "one: test loss 1.5 (1.5 to 1.5, seeds: 1), training loss 0.5" in page.inner_text(STATUS)


def test_curves_play_to_their_end_at_once_where_motion_is_not_wanted(mount):
    page = mount("run_curves")
    page.get_by_role("button", name="play or pause").press("Enter")
    assert page.evaluate("model.get('epoch')") == 3
