"""Texts of collapsed stacks."""

from __future__ import annotations

import pytest

from pytest_djworkers.profiling.stacks import Frame, collapsed_stacks


def test_a_line_is_a_stack_with_its_number_of_samples() -> None:
    text = "run (/a b/worker.py:12);Shop.get (/shöp (old)/views.py:3) 7\nrun (/a.py:1) 2\n"
    assert list(collapsed_stacks(text)) == [
        ((Frame("run", "/a b/worker.py", 12), Frame("Shop.get", "/shöp (old)/views.py", 3)), 7),
        ((Frame("run", "/a.py", 1),), 2),
    ]


def test_a_frame_without_a_line_has_line_0() -> None:
    assert list(collapsed_stacks("read (<frozen codecs>) 1")) == [
        ((Frame("read", "<frozen codecs>", 0),), 1)
    ]


def test_frames_that_are_none_are_left_out() -> None:
    assert list(collapsed_stacks("process 12:granian;view (/a.py:1) 3")) == [
        ((Frame("view", "/a.py", 1),), 3)
    ]


@pytest.mark.parametrize("line", ["", " ", "native thread 4", "view (/a.py:1)", "view (/a.py:1) x"])
def test_a_line_without_a_stack_or_a_number_is_none(line: str) -> None:
    assert list(collapsed_stacks(line)) == []
