"""The end of a log, however long it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_djworkers.server.log import TAIL_LINES, last_lines, tail


@pytest.mark.parametrize("content", [None, b"", b"\n\n  \n"])
def test_of_nothing_there_is_no_end(log: Path, content: bytes | None) -> None:
    if content is not None:
        log.write_bytes(content)
    assert last_lines(log) == []
    assert tail(log) == ""


def test_the_last_lines_stand_indented_under_a_heading(log: Path) -> None:
    log.write_text("one\ntwo\n  three\n\n")
    assert tail(log, lines=2) == "\nThe end of its log:\n    two\n      three"


def test_of_a_long_log_only_its_end_is_read(log: Path) -> None:
    with log.open("wb") as file:
        file.seek(2**40)
        file.write("\n".join(["", *map(str, range(100))]).encode())
    lines = last_lines(log)
    assert lines == [str(number) for number in range(100 - TAIL_LINES, 100)]


def test_what_is_no_text_is_shown_as_far_as_it_goes(log: Path) -> None:
    log.write_bytes(b"caf\xe9\n")
    assert last_lines(log) == ["caf\N{REPLACEMENT CHARACTER}"]
