"""`check` as a student meets it: what it prints, and what it says when something is wrong."""

import functools
import warnings

import numpy as np
import pytest
import torch

from convbook.check import check, public_case
from convbook.check.call import call
from convbook.check.public import item, question, question_ids
from convbook.errors import CheckError, CheckFailed


def right(x, y, k, p, s):
    return (x + 2 * p - k) // s + 1, (y + 2 * p - k) // s + 1


def ceiling(x, y, k, p, s):
    return -(-(x + 2 * p - k) // s) + 1, -(-(y + 2 * p - k) // s) + 1


def test_right_answers_print_a_line_each(capsys):
    check("q01", output_size=right, conv_weights=lambda k, z: np.int64(k * k * z + 1))
    assert capsys.readouterr().out == (
        "✓ output_size: right on all 5 cases\n✓ conv_weights: right on all 3 cases\n"
    )


def test_a_known_mistake_is_shown_whole():
    with pytest.raises(CheckFailed) as caught:
        check("q01", output_size=ceiling)
    assert str(caught.value) == (
        "output_size is not right yet: case 4 of 5.\n"
        "  call:     output_size(x=32, y=20, k=5, p=2, s=3)\n"
        "  expected: [11, 7]\n"
        "  came:     [12, 8]\n"
        "  so:       At index 0: 11 was expected, 12 came.\n"
        "  likely:   You rounded up. A filter that does not fit whole at the last place is not "
        "applied.\n"
        "  next: Draw an input of length 6, a kernel of 3 and a stride of 2, and count the places."
    )
    assert caught.value._render_traceback_() == ["✗ " + str(caught.value)]


def raises(error):
    def function(**_):
        raise error

    return function


class HostileError(Exception):
    def __str__(self):
        raise RuntimeError("no text")


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (raises(NotImplementedError()), r"output_size is not written yet\.\n  next: replace"),
        (raises(ZeroDivisionError("by zero")), r"stopped with ZeroDivisionError: by zero \(line"),
        (raises(SystemExit(1)), "stopped with SystemExit: 1"),
        (raises(HostileError()), r"stopped with HostileError:  \(line"),
        (lambda x: x, r"stopped with TypeError: .* unexpected keyword argument"),
        (lambda **_: None, r"nothing \(None\): is a return missing"),
        (lambda **a: [float(v) for v in right(**a)], "The value is right, but 5.0 is a float"),
        (lambda **_: object(), "holds, an object of type object"),
        (functools.partial(print), "stopped with TypeError"),
        (lambda **_: [0, 0], r'next: public_case\("q01.output_size", 1\) gives this case'),
    ],
)
def test_what_an_answer_can_do_wrong(function, message):
    with pytest.raises(CheckFailed, match=message):
        check("q01", output_size=function)


def test_an_answer_that_fails_without_a_word_is_wrong():
    silent = type("CheckFailed", (Exception,), {"__str__": lambda _: ""})

    class Silent:
        def __call__(self, *_, **__):
            raise silent

    with pytest.raises(CheckFailed, match="stopped with CheckFailed"):
        check("q01", output_size=Silent())


def test_an_answer_does_not_meet_what_the_notebook_made_of_torch():
    onednn = torch.backends.mkldnn

    def seen(**_):
        kept = torch.get_default_dtype() == torch.float32, torch.is_grad_enabled()
        return [*kept, onednn.enabled]

    before = onednn.enabled
    torch.set_default_dtype(torch.float64)
    try:
        with torch.no_grad():
            assert call(seen, {}) == {"value": [True, True, False]}
            assert not torch.is_grad_enabled()
        assert torch.get_default_dtype() == torch.float64
        assert onednn.enabled == before
    finally:
        torch.set_default_dtype(torch.float32)


def test_the_first_wrong_function_is_named(capsys):
    with pytest.raises(CheckFailed, match="conv_weights is not right yet"):
        check("q01", output_size=right, conv_weights=lambda k, z: k * z, dense_weights=right)
    assert "✓ output_size" in capsys.readouterr().out


def test_warnings_of_an_answer_do_not_matter(capsys):
    def warned(**arguments):
        warnings.warn("careful", UserWarning, stacklevel=1)
        return right(**arguments)

    with pytest.warns(UserWarning, match="careful"):
        check("q01", output_size=warned)
    assert "✓" in capsys.readouterr().out


def test_interrupting_is_not_swallowed():
    with pytest.raises(KeyboardInterrupt):
        check("q01", output_size=raises(KeyboardInterrupt()))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: check("q1", f=right), r"no question 'q1'\.\n.*q01, q02[\s\S]*did you mean q01"),
        (lambda: check("Q01", f=right), "did you mean q01"),
        (lambda: check(1, f=right), "no question 1"),
        (lambda: check("convolution", f=right), "correct the name"),
        (lambda: check("q01"), r"Nothing to check[\s\S]*check\(\"q01\", output_size=output_size,"),
        (lambda: check("q01", outputsize=right), r"no function outputsize[\s\S]*mean output_size"),
        (lambda: check("q01", output_size=(3, 3)), r"not a function[\s\S]*tuple '\(3, 3\)'"),
        (lambda: public_case("q01.outputsize", 1), "did you mean q01.output_size"),
        (lambda: public_case("q01.output_size", 6), r"no public case 6[\s\S]*1 to 5"),
        (lambda: public_case("q01.output_size", 0), "no public case 0"),
    ],
)
def test_bad_use(call, message):
    with pytest.raises(CheckError, match=message) as caught:
        call()
    assert caught.value._render_traceback_()[0].startswith("✗ ")


def test_a_public_case_is_a_copy_to_play_with():
    arguments, expected = public_case("q01.output_size", 3)
    assert (arguments, expected) == ({"x": 5, "y": 7, "k": 3, "p": 1, "s": 2}, [3, 4])
    arguments["x"] = 0
    assert public_case("q01.output_size", 3)[0]["x"] == 5


def test_an_answer_may_change_its_arguments():
    def spoils(image, k, s):
        image[:] = 0
        return image[:, ::s, ::s] * k

    for _ in range(2):
        with pytest.raises(CheckFailed, match=r"\[1\. 5\. 2\. 0\.\]"):
            check("q03", max_pool=spoils)


def test_the_case_of_an_adapted_function_tells_what_it_is_made_of():
    with pytest.raises(CheckFailed, match=r"made of: +\n    kind='circular',\n    weight=array"):
        check("q02", equivariance_error=lambda *_: 1.0)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda *_: 3, r"of type int\. A torch\.nn\.Conv2d is needed"),
        (lambda linear, *_: linear, r"of type Linear\. A torch\.nn\.Conv2d is needed"),
    ],
)
def test_a_layer_of_another_kind(function, message):
    with pytest.raises(CheckFailed, match=message):
        check("q05", linear_to_conv=function)


def test_a_network_that_cannot_be_called():
    with pytest.raises(CheckFailed, match=r"of type int\. A network that can be called"):
        check("q06", fully_convolutional=lambda *_: 3)


@pytest.mark.parametrize(
    ("question", "functions", "message"),
    [
        ("q08", {"same_padding": lambda **_: "raises ValueError"}, "or a ValueError raised where"),
        ("q10", {"table": lambda layers, _: layers[1:]}, "A list of 13 rows is needed"),
        ("q10", {"table": lambda *_: 13}, "A list of 13 rows is needed"),
        ("q15", {"network": lambda *_: 3}, "A torch.nn.Module is needed"),
    ],
)
def test_what_an_adapter_of_practical_2_cannot_use(question, functions, message):
    with pytest.raises(CheckFailed, match=message):
        check(question, **functions)


def test_a_refusal_is_expected_and_shown():
    with pytest.raises(CheckFailed, match=r"k=4\n  expected: 'raises ValueError'\n  came: +1"):
        check("q08", same_padding=lambda k: (k - 1) // 2)


def test_the_cases_hold_what_a_check_needs_and_no_code():
    assert question_ids() == sorted([*(f"q{n:02}" for n in range(1, 40)), "q05b", "q06b"])
    for name in question_ids():
        for entry in question(name).values():
            assert item(entry.id) is entry
            assert len(entry.arguments) == len(entry.expected) > 0
            assert all(len(known.values) == len(entry.expected) for known in entry.mistakes)
