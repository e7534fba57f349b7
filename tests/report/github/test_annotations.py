"""Annotations as GitHub's runner reads them."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_djworkers.record import BurstRecord, LimitOutcome
from pytest_djworkers.report.document import Document
from pytest_djworkers.report.github.annotations import Annotation, Level, commands
from pytest_djworkers.verdict.baseline_verdict import BaselineVerdict
from pytest_djworkers.verdict.judgement import Verdict
from tests.support.comparisons import NOTHING, compared
from tests.support.documents import document, outcome
from tests.support.results import record

MISSED = "requests/s: 100, limit min_rps(200), 100 (50%) short"
ROOT = Path("/checkout")
CODES = ("%", "%25", "%0A", "%3A", "%2C", ":", "::", ",", "\n", "\r")
# The parts of a command, as the runner splits them.
COMMAND = re.compile(
    # The runner reads lines, which end in a line feed or a carriage return.
    r"::(?P<level>[a-z]+) file=(?P<file>[^:,\n\r]*),line=(?P<line>\d+),title=(?P<title>[^:,\n\r]*)"
    r"::(?P<message>[^\n\r]*)"
)


def read(line: str) -> Annotation:
    """Return what GitHub's runner makes of a line."""
    found = COMMAND.fullmatch(line)
    assert found is not None
    level, file, number, title, message = found.groups()
    return Annotation(Level(level), decoded(file), int(number), decoded(title), decoded(message))


def decoded(text: str) -> str:
    for code, character in (("%2C", ","), ("%3A", ":"), ("%0A", "\n"), ("%0D", "\r"), ("%25", "%")):
        text = text.replace(code, character)
    return text


def of(made: Document, root: Path = ROOT, workspace: Path | None = ROOT) -> list[Annotation]:
    return [read(line) for line in commands(made, root, workspace)]


def test_a_failed_test_is_an_error_at_its_line() -> None:
    failing = record(limits=(LimitOutcome("min_rps(200)", MISSED),), failures=(MISSED,))
    assert of(document(failing)) == [
        Annotation(Level.ERROR, "test_site.py", 7, "test_json[granian]: failed", MISSED)
    ]


def test_a_test_that_failed_before_its_burst_is_an_error_too() -> None:
    early = replace(outcome(record()), outcome="error", message="E   ValueError: no user\nE   x")
    (one,) = of(document(tests=(early,)))
    assert (one.level, one.message) == (Level.ERROR, "ValueError: no user\nx")


@pytest.mark.parametrize(
    ("one", "level", "title"),
    [
        (record(against_base=NOTHING), Level.WARNING, "not compared"),
        (
            record(against_baseline=BaselineVerdict(Verdict.INCONCLUSIVE, "too few")),
            Level.WARNING,
            "inconclusive",
        ),
        (
            record(against_baseline=BaselineVerdict(Verdict.REGRESSED, "slower", ratio=0.5)),
            Level.WARNING,
            "regressed",
        ),
        (record(against_base=compared(1.4)), Level.NOTICE, "improved"),
    ],
)
def test_a_verdict_that_fails_no_test_is_a_warning_or_a_notice(
    one: BurstRecord, level: Level, title: str
) -> None:
    (found,) = of(document(one))
    assert (found.level, found.title) == (level, f"test_json[granian]: GET /json {title}")
    assert title in found.message


def test_what_is_ok_has_no_annotation() -> None:
    skipped = replace(outcome(record(test="test_old")), outcome="skipped", message="why")
    made = document(record(), record(against_base=compared(1.0)))
    assert of(replace(made, tests=(*made.tests, skipped))) == []


def test_at_most_ten_of_a_level_are_printed_and_the_worst_come_first() -> None:
    improved = [record(test=f"test_{n}", against_base=compared(1.4)) for n in range(2)]
    failing = [record(test=f"test_bad_{n}", failures=("bad",)) for n in range(12)]
    lines = list(commands(document(*improved, *failing), ROOT, ROOT))
    assert [line.partition(" ")[0] for line in lines] == [
        *["::error"] * 10,
        "djworkers:",
        *["::notice"] * 2,
    ]
    assert lines[10] == "djworkers: 2 more errors in the step's summary"


def test_paths_are_relative_to_the_checkout(tmp_path: Path) -> None:
    made = document(record(failures=("bad",)))
    root = tmp_path / "checkout" / "site"
    (tmp_path / "linked").symlink_to(tmp_path / "checkout")
    linked = tmp_path / "linked" / "site"
    assert of(made, linked, tmp_path / "checkout")[0].file == "site/test_site.py"
    for workspace, file in (
        (root, "test_site.py"),
        (tmp_path / "checkout", "site/test_site.py"),
        (tmp_path / "linked", "site/test_site.py"),
        (tmp_path / "elsewhere", "test_site.py"),
        (None, "test_site.py"),
    ):
        (found,) = of(made, root, workspace)
        assert found.file == file


TEXTS = st.lists(st.one_of(st.sampled_from(CODES), st.text(max_size=3))).map("".join)


@given(TEXTS, TEXTS, TEXTS)
def test_every_text_stays_within_its_part_of_one_line(file: str, title: str, message: str) -> None:
    one = Annotation(Level.ERROR, file, 7, title, message)
    assert read(one.command) == one


def test_control_characters_of_a_name_do_not_reach_the_terminal() -> None:
    evil = replace(outcome(record()), outcome="failed", message="\x1b[2J::error::gotcha\n::error::")
    (line,) = commands(document(tests=(evil,)), ROOT, ROOT)
    assert "\x1b" not in line
    assert line.startswith("::error file=test_site.py,line=7,")
    assert "\n" not in line
