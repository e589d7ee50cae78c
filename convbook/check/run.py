"""`check("q01", output_size=output_size)`: is this answer right?"""

from __future__ import annotations

import re
from collections.abc import Callable
from difflib import get_close_matches

from convbook.check import public
from convbook.check.call import call
from convbook.check.diagnose import Outcome, Verdict, diagnose
from convbook.check.measures import measured
from convbook.check.plain import Plain, fresh, show
from convbook.check.public import PublicItem
from convbook.errors import CheckError, CheckFailed
from convbook.texts import text

LINE = 80  # a call that is longer is written on several lines


class NotRightYet(CheckFailed):
    """A wrong answer; a notebook shows its words without the calls that led here."""

    def _render_traceback_(self) -> list[str]:
        return ["✗ " + str(self)]


class CheckCallError(CheckError):
    """A wrong call of `check`; a notebook shows its words without the calls that led here."""

    def _render_traceback_(self) -> list[str]:
        return ["✗ " + str(self)]


def check(question: str, /, **functions: Callable[..., object]) -> None:
    """Check answers on the public cases of a question.

    Prints a line for each function that is right.

    Args:
        question: the id of the question, for instance "q01".
        functions: your functions, each under the name that the question gives it.

    Raises:
        CheckError: the question or a function is unknown, or something is no function.
        CheckFailed: the first answer that is not right, with the first case that failed.
    """
    items = _items(question, functions)
    for item, function in items:
        outcomes = [
            measured(
                item.measure,
                arguments,
                call(function, fresh(arguments), adapter=item.adapter, forbidden=item.forbidden),
            )
            for arguments in item.arguments
        ]
        verdict = diagnose(item.expected, outcomes, item.mistakes, item.tolerance)
        if not verdict.passed:
            raise _failure(item, verdict, outcomes)
        print(text("check.right", function=item.function, count=len(outcomes)))


def _items(
    question: str, functions: dict[str, Callable[..., object]]
) -> list[tuple[PublicItem, Callable[..., object]]]:
    known = public.question_ids()
    if question not in known:
        raise CheckCallError(
            text("check.unknown_question", question=repr(question)),
            rule=text("check.questions", known=", ".join(known)),
            # "q1" is as near to "q18" as to "q01", which is meant
            next_step=_did_you_mean(re.sub(r"^(q)(\d)$", r"\g<1>0\2", str(question)), known),
        )
    items = public.question(question)
    usage = ", ".join(f"{name}={name}" for name in items)
    for name, function in functions.items():
        if name not in items:
            raise CheckCallError(
                text("check.unknown_function", question=question, name=name),
                rule=text("check.functions", known=", ".join(items)),
                next_step=_did_you_mean(name, list(items)),
            )
        if not callable(function):
            raise CheckCallError(
                text("check.not_a_function", name=name),
                got=show_briefly(function),
                rule=text("check.not_a_function_rule"),
                next_step=f'check("{question}", {name}={name})',
            )
    if not functions:
        raise CheckCallError(
            text("check.nothing", question=question), next_step=f'check("{question}", {usage})'
        )
    return [(items[name], function) for name, function in functions.items()]


def show_briefly(value: object) -> str:
    """Return what something is, for a message: its type and the start of its text."""
    return f"{type(value).__name__} {str(value)[:60]!r}"


def _did_you_mean(name: str, known: list[str]) -> str:
    full = re.sub(r"\d+", lambda number: number[0].zfill(2), name.lower())  # q1 is q01
    close = get_close_matches(full, known, n=3, cutoff=0.5)
    if close:
        return text("check.did_you_mean", close=text("check.or").join(close))
    return text("check.correct_the_name")


def _failure(item: PublicItem, verdict: Verdict, outcomes: list[Outcome]) -> NotRightYet:
    index = next(i for i, problem in enumerate(verdict.problems) if problem is not None)
    outcome, problem = outcomes[index], str(verdict.problems[index])
    if outcome.get("error", {}).get("type") == "NotImplementedError":
        return NotRightYet(
            text("check.stub", function=item.function),
            next_step=text("check.stub_next", signature=item.signature),
        )
    arguments = [f"{name}={show(value)}" for name, value in item.arguments[index].items()]
    short = sum(map(len, arguments)) < LINE and "\n" not in "".join(arguments)
    written = ", ".join(arguments) if short else "\n    " + ",\n    ".join(arguments)
    lines = [
        text("check.wrong", function=item.function, case=index + 1, total=len(outcomes)),
        text("check.called", function=item.function, arguments=written)
        if item.adapter is None
        else text("check.built", arguments=written),
        text("check.expected", value=show(item.expected[index])),
    ]
    if "value" in outcome:
        lines.append(text("check.came", value=show(outcome["value"])))
    lines.append(text("check.problem", problem=problem))
    if verdict.mistake is None:
        return NotRightYet(
            "\n".join(lines), next_step=text("check.try_case", item=item.id, case=index + 1)
        )
    lines.append(text("check.mistake", words=verdict.mistake.words))
    return NotRightYet("\n".join(lines), next_step=verdict.mistake.hint)


def public_case(item: str, number: int) -> tuple[dict[str, Plain], Plain]:
    """Return the arguments and the expected value of one public case, to try things out.

    Args:
        item: the question and the function, for instance "q04.first_failure".
        number: of the case, counted from 1 as `check` counts.

    Raises:
        CheckError: there is no such item or case.
    """
    question, _, function = item.partition(".")
    known = [entry.id for name in public.question_ids() for entry in public.question(name).values()]
    if item not in known:
        raise CheckCallError(
            text("check.unknown_item", item=repr(item)),
            rule=text("check.items", known=", ".join(known)),
            next_step=_did_you_mean(item, known),
        )
    found = public.question(question)[function]
    total = len(found.expected)
    if number not in range(1, total + 1):
        raise CheckCallError(
            text("check.unknown_case", item=item, number=number),
            rule=text("check.cases", total=total),
            next_step=f'public_case("{item}", {total})',
        )
    return fresh(found.arguments[number - 1]), fresh(found.expected[number - 1])
