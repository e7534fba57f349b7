"""The end of a log, however long it is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_djworkers.system.log import (
    TAIL_LINES,
    both_ends,
    last_lines,
    read_since,
    size_of,
    tail,
    without_tails,
)

MIB = 1 << 20


@pytest.mark.parametrize("content", [None, b"", b"\n\n  \n"])
def test_an_empty_log_has_no_tail(log: Path, content: bytes | None) -> None:
    if content is not None:
        log.write_bytes(content)
    assert last_lines(log) == []
    assert tail(log) == ""


def test_the_last_lines_stand_indented_under_a_heading(log: Path) -> None:
    log.write_text("one\ntwo\n  three\n\n")
    assert tail(log, lines=2) == "\nThe end of its log:\n    two\n      three"


def test_a_tail_can_be_left_out_of_a_text(log: Path) -> None:
    log.write_text("one:\n\n  three\n\n")
    text = f"it failed{tail(log)}\nand so{tail(log)}\nwhy"
    assert without_tails(text) == "it failed\nand so\nwhy"
    assert without_tails("no log here") == "no log here"


def test_nothing_is_shown_of_what_was_written_before(log: Path) -> None:
    log.write_text("one\ntwo\n")
    began = size_of(log)
    assert last_lines(log, since=began) == []
    assert tail(log, since=began) == ""
    with log.open("a") as file:
        file.write("three\nfour\n")
    assert last_lines(log, since=began) == ["three", "four"]
    assert tail(log, lines=1, since=began) == "\nThe end of its log:\n    four"
    assert size_of(log.parent / "none") == 0


def test_only_the_end_of_a_long_log_is_read(log: Path) -> None:
    with log.open("wb") as file:
        file.seek(2**40)
        file.write("\n".join(["", *map(str, range(100))]).encode())
    lines = last_lines(log)
    assert lines == [str(number) for number in range(100 - TAIL_LINES, 100)]


def test_the_heading_says_how_much_is_lost(log: Path) -> None:
    log.write_bytes(b"first\n")
    os.truncate(log, 200 * MIB)
    with log.open("ab") as file:
        file.write(b"\nlast\n")
    assert tail(log, lines=1) == (
        "\nThe end of its log (the 210MB before it were not kept):\n    last"
    )
    assert without_tails(tail(log)) == ""
    assert both_ends(log).split() == ["first", "last"]


def test_both_ends_of_an_endless_log_are_read(log: Path) -> None:
    log.write_text("".join(f"{number}\n" for number in range(500_000)))
    text = both_ends(log)
    assert (text[:4], text[-14:]) == ("0\n1\n", "499998\n499999\n")
    assert 2 * MIB < len(text) < 2 * MIB + 10
    log.write_text("once")
    assert both_ends(log) == "once"
    assert both_ends(log.parent / "none") == ""


def test_a_log_is_read_from_a_byte_on_and_says_if_it_is_whole(log: Path) -> None:
    assert read_since(log, 0) == (b"", True)
    log.write_bytes(b"before after")
    assert read_since(log, 7) == (b"after", True)
    assert read_since(log, 13) == (b"\n", False)  # it was cut
    log.write_bytes(b"a" * 30 * MIB + b"end")
    data, is_whole = read_since(log, 1)
    assert (len(data), data[-3:], is_whole) == (16 * MIB + 1, b"end", False)
    log.write_bytes(b"one\0\0\0two")
    assert read_since(log, 0) == (b"onetwo", False)


def test_bytes_that_are_not_text_are_shown_as_well_as_possible(log: Path) -> None:
    log.write_bytes(b"caf\xe9\n")
    assert last_lines(log) == ["caf\N{REPLACEMENT CHARACTER}"]
