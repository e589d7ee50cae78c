"""What every widget hands to its host: one module without imports, its styles, its words."""

import json
import re
import subprocess
from pathlib import Path

import pytest
import traitlets

from convbook.errors import ConvbookError
from convbook.texts import texts
from convbook.widgets import base, get, names

HERE = Path(base.__file__).parent


@pytest.mark.parametrize("name", names())
def test_the_module_stands_alone_and_parses(name, tmp_path):
    module = get(name).bundle().esm
    assert not re.search(r"^\s*import\b", module, re.MULTILINE)
    assert module.count("export default { render }") == 1
    (tmp_path / "module.mjs").write_text(module, encoding="utf-8")
    subprocess.run(["node", "--check", tmp_path / "module.mjs"], check=True)


@pytest.mark.parametrize("name", names())
def test_the_state_is_plain_and_whole(name):
    bundle = get(name).bundle()
    assert json.loads(json.dumps(bundle.state)) == bundle.state
    asked = set(re.findall(r'model\.get\("(\w+)"\)', bundle.esm))
    assert asked <= set(bundle.state)
    assert set(bundle.state) == set(get(name).state_keys())


@pytest.mark.parametrize("name", names())
def test_colours_come_from_the_table_alone(name):
    """Only the fall-back block, and the greys that stand for pixels of a picture, are colours."""
    own = (HERE / f"{name}.css").read_text() + (HERE / "common.css").read_text()
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b|rgba?\(|hsl", own) == []
    used = set(re.findall(r"var\(--w-(\w+)", own))
    table = json.loads((HERE.parent / "style.json").read_text())
    assert used <= set(table["light"]) == set(table["dark"])
    css = get(name).bundle().css
    assert f"--w-input: var(--cb-input, {table['light']['input']});" in css
    assert f"--w-input: var(--cb-input, {table['dark']['input']});" in css


@pytest.mark.parametrize("name", names())
def test_every_text_asked_for_by_name_is_in_the_table(name):
    module = get(name).bundle().esm
    asked = set(re.findall(r"\bt\.(\w+)", module)) | set(re.findall(r'new Misfit\("(\w+)"', module))
    assert asked - set(texts(f"widgets.{name}")) == set()


@pytest.mark.parametrize("name", names())
def test_every_text_in_the_table_is_asked_for(name):
    module = get(name).bundle().esm
    families = re.findall(r"t\[`(\w*?)_?\$\{", module)
    for key in texts(f"widgets.{name}"):
        in_a_family = any(family and key.startswith(f"{family}_") for family in families)
        assert (
            in_a_family or key.endswith("_hint") or re.search(rf'[.("]{key}\b|\b{key}:', module)
        ), key


def test_an_unknown_widget_is_named_with_those_there_are():
    with pytest.raises(ConvbookError, match="the widgets are conv_stepper"):
        get("stepper")


@pytest.mark.parametrize("name", names())
def test_unknown_state_and_wrong_types_are_refused(name):
    with pytest.raises(ConvbookError, match="unknown state speed"):
        get(name).bundle(speed=2)
    with pytest.raises((traitlets.TraitError, ConvbookError)):
        get(name).bundle(texts="none")


def test_other_texts_can_be_handed_in():
    words = {**texts("widgets.conv_stepper"), "title": "Une convolution"}
    assert get("conv_stepper").bundle(texts=words).state["texts"]["title"] == "Une convolution"
