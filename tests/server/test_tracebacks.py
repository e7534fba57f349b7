"""Tracebacks that Python prints are found in a log, whatever else is in it."""

from __future__ import annotations

import random
import subprocess
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_djworkers.server.tracebacks import Failure, Frame, failures

MESSAGES = st.lists(
    st.one_of(
        st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), max_size=9),
        st.sampled_from(["\n", "\n  ", ": ", " | ", "(1 sub-exception)", "    ^^^^", "E: x"]),
    ),
    max_size=6,
).map("".join)
NOISE = (
    "[2026-01-01 10:00:00 +0000] [17] [INFO] Booting worker with pid: 17",
    "[2026-01-01 10:00:00 +0000] [17] [ERROR] Exception in worker process",
    "INFO:     Waiting for application startup.",
    "INFO: and nothing else",
    "spawned uWSGI worker 1 (pid: 18, cores: 1)",
    "",
    "*** no app loaded. going in full dynamic mode ***",
    "2026-01-01 10:00:00,000 INFO     Listening on TCP address 127.0.0.1:8000",
)


class Own(Exception):
    """Has a long name in tracebacks."""


@dataclass(frozen=True)
class Case:
    """Code that raises, and the failures in its traceback."""

    raises: Callable[[], object]
    said: tuple[str, ...]


def first_line(kind: type[BaseException], message: str) -> str:
    """The first line, as Python prints it."""
    name = kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
    return f"{name}: {message}".split("\n")[0].rstrip() if message else name


@st.composite
def cases(draw: st.DrawFn, depth: int = 2, *, in_one_line: bool = False) -> Case:
    """An exception raised some calls down, perhaps while another one was handled."""
    kind = draw(st.sampled_from([ValueError, RuntimeError, Own, OSError]))
    message = f"x{draw(MESSAGES)}" if draw(st.booleans()) else ""
    if in_one_line:
        message = message.replace("\n", " ")
    error = kind(message)
    for note in draw(st.lists(MESSAGES, max_size=0 if in_one_line else 2)):
        error.add_note(note)
    before = draw(cases(depth - 1)) if depth and draw(st.booleans()) else None
    is_cause, calls = draw(st.booleans()), draw(st.integers(0, 4))

    def raises(left: int = calls) -> None:
        if left:
            raises(left - 1)
        if before is None:
            raise error
        try:
            before.raises()
        except Exception as earlier:
            if is_cause:
                raise error from earlier
            raise error  # noqa: B904  # the other way

    said = () if before is None else before.said
    return Case(raises, (*said, first_line(kind, message)))


def printed(case: Case) -> list[str]:
    """The lines that Python prints of it."""
    try:
        case.raises()
    except Exception:  # noqa: BLE001  # whatever it is
        return traceback.format_exc().split("\n")
    raise AssertionError


def said(failure: Failure) -> tuple[str, ...]:
    """The texts of a failure's exceptions."""
    return tuple(raised.exception for raised in failure.raised)


@given(st.lists(cases(), min_size=1, max_size=3), st.lists(st.sampled_from(NOISE)))
@settings(max_examples=50)
def test_tracebacks_printed_by_python_are_found(some: list[Case], noise: list[str]) -> None:
    lines = chain.from_iterable([*noise, *printed(case)] for case in some)
    found = failures(lines)
    assert [said(one) for one in found] == [case.said for case in some]
    for failure in found:
        for raised in failure.raised:
            assert raised.frames[-1].file == __file__
            assert raised.frames[-1].function == "raises"
        assert failure.last is failure.raised[-1]


@given(cases(), st.lists(st.sampled_from(NOISE), min_size=1), st.randoms())
@settings(max_examples=50)
def test_lines_of_the_server_between_those_of_a_traceback_are_skipped(
    case: Case, noise: list[str], chance: random.Random
) -> None:
    lines: list[str] = []
    for line in printed(case):
        if chance.random() < 0.3:
            lines.append(noise[len(lines) % len(noise)])
        lines.append(line)
    (found,) = failures(lines)
    assert said(found) == case.said


@given(cases(depth=0, in_one_line=True), st.integers(2, 4), st.randoms())
@settings(max_examples=50)
def test_equal_mixed_tracebacks_of_workers_are_told_apart(
    case: Case, workers: int, chance: random.Random
) -> None:
    left = [list(one) for one in [printed(case)] * workers]
    lines: list[str] = []
    while left:
        one = chance.choice(left)
        lines.append(one.pop(0))
        left = [lines for lines in left if lines]
    found = failures(lines)
    assert len(found) == workers
    for failure in found:
        assert said(failure) == case.said
    assert found[0].last.frames[-1].function == "raises"


@pytest.mark.parametrize("before", ["ERROR:    ", "    ", "web | "])
def test_a_prefix_of_each_line_is_ignored(before: str) -> None:
    lines = ["Traceback (most recent call last):", '  File "a.py", line 1, in f', "E: x"]
    whole = failures(f"{before}{line}" for line in lines)
    first = failures([f"{before}{lines[0]}", *lines[1:]])
    assert [one.last.exception for one in (*whole, *first)] == ["E: x", "E: x"]
    assert whole[0].last.frames == (Frame("a.py", 1, "f"),)


def group() -> None:
    """Raise a group within a group, with notes, a cause, and a part that has one itself."""
    parts: list[Exception] = [KeyError("never raised")]
    try:
        try:
            int("x")
        except ValueError as error:
            raise Own("of a part") from error
    except Own as error:
        parts.append(error)
    try:
        raise ExceptionGroup("inner", parts)
    except ExceptionGroup as error:
        error.add_note("a note\nof two lines")
        inner = error
    try:
        raise LookupError("first")
    except LookupError as error:
        raise ExceptionGroup("outer", [inner, ValueError("last")]) from error


def test_an_exception_group_comes_before_its_parts() -> None:
    (failure,) = failures(printed(Case(group, ())))
    own = f"{__name__}.Own: of a part"
    value_error = "ValueError: invalid literal for int() with base 10: 'x'"
    assert said(failure) == (
        "LookupError: first",
        "ExceptionGroup: outer (2 sub-exceptions)",
        "ExceptionGroup: inner (2 sub-exceptions)",
        value_error,
        own,
    )
    assert failure.last.exception == "ExceptionGroup: outer (2 sub-exceptions)"
    assert {raised.frames[-1].function for raised in failure.raised} == {"group"}


def test_a_syntax_error_has_a_frame_without_a_function() -> None:
    broken = Case(lambda: compile("if x\n    pass", "/site/urls.py", "exec"), ())
    (failure,) = failures(printed(broken))
    assert failure.last.exception.startswith("SyntaxError: expected ':'")
    assert str(failure.last.frames[-1]) == "/site/urls.py:1"


def test_an_endless_recursion_has_the_frames_of_its_beginning() -> None:
    def again() -> None:
        again()

    (failure,) = failures(printed(Case(again, ())))
    assert failure.last.exception.startswith("RecursionError: maximum recursion depth exceeded")
    assert failure.last.frames[-1].function == "again"


def test_the_traceback_of_an_uncaught_exception_is_found() -> None:
    script = (
        "import threading\ndef f():\n    raise KeyError\nthread = threading.Thread(target=f)\n"
        "thread.start()\nthread.join()\nf()"
    )
    text = subprocess.run(
        [sys.executable, "-c", script], stderr=subprocess.PIPE, text=True, check=False
    ).stderr
    assert {said(failure) for failure in failures(text.split("\n"))} == {("KeyError",)}


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["Traceback (most recent call last):"],
        ["Traceback (most recent call last):", '  File "a.py", line 1, in f', "    f()"],
        ["During handling of the above exception, another exception occurred:", "E: x"],
        ["E: x", '  File "a.py", line 1, in f'],
    ],
)
def test_an_incomplete_traceback_is_ignored(lines: list[str]) -> None:
    assert failures(lines) == []


def test_a_message_that_begins_on_the_next_line_is_read() -> None:
    lines = ["Traceback (most recent call last):", "E: ", "", "what", "more"]
    assert [one.last.exception for one in failures(lines)] == ["E: what"]
