"""Stacks in the formats that other programs read."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_djworkers.profiling.time_spent import TimeSpent
from pytest_djworkers.report.collapsed_stacks import as_collapsed
from pytest_djworkers.report.formats import why_left_out
from pytest_djworkers.report.measured_stacks import why_no_stacks
from pytest_djworkers.report.speedscope import as_speedscope
from pytest_djworkers.report_format import ReportFormat, format_by_suffix
from tests.support.comparisons import compared
from tests.support.documents import document
from tests.support.explanations import EXPLAINED, HARDLY_WAITS, SPENT, flame_graph
from tests.support.results import RESULT, record

NONE = flame_graph()
DOCUMENT = document(record(against_base=compared(0.7, explanation=EXPLAINED)))
OUTER = "WSGIHandler.__call__ (django/core/handlers/wsgi.py)"
LAYER = "convert_exception_to_response.<locals>.inner (django/core/handlers/exception.py)"


def test_collapsed_stacks_have_the_nanoseconds_of_both_arms() -> None:
    first, *_, last = as_collapsed(DOCUMENT).splitlines()
    page = "page (site/p.py)"
    assert first == (
        f"GET /json (test_json), granian;CPU;{OUTER};{LAYER};{page};burn (site/b.py)"
        " 1000000 5000000"
    )
    assert last == (
        f"GET /json (test_json), granian;waiting;{OUTER};{LAYER};{page};wait (site/w.py);"
        "sleep (gevent/hub.py) 0 4000000"
    )


def test_a_name_cant_end_a_frame_or_a_line() -> None:
    odd = replace(EXPLAINED, cpu_flame=flame_graph((["a;b\n1 2"], 1e-9, 2e-9)), waiting_flame=NONE)
    one = record(
        result=replace(RESULT, profile=replace(RESULT.profile, name="GET /;x")),
        against_base=compared(0.7, explanation=odd),
    )
    (line,) = as_collapsed(document(one)).splitlines()
    assert line == "GET /,x (test_json), granian;CPU;a,b 1 2 (site/a.py) 1 2"


def test_speedscope_has_a_profile_for_each_arm() -> None:
    data = json.loads(as_speedscope(DOCUMENT))
    assert data["$schema"] == "https://www.speedscope.app/file-format-schema.json"
    frames = [one["name"] for one in data["shared"]["frames"]]
    assert len(frames) == len(set(frames)) == 7
    # Base waits for nothing.
    assert [one["name"].rpartition(": ")[2] for one in data["profiles"]] == [
        *("CPU, base", "CPU, head", "waiting, head")
    ]
    for profile in data["profiles"]:
        assert (profile["type"], profile["unit"]) == ("sampled", "seconds")
        assert len(profile["samples"]) == len(profile["weights"])
        assert profile["endValue"] == pytest.approx(sum(profile["weights"]))
    _, head, waiting = data["profiles"]
    assert frames[waiting["samples"][0][-1]] == "sleep (gevent/hub.py)"
    named = [[frames[one] for one in stack][-1] for stack in head["samples"]]
    assert named == ["burn (site/b.py)", "page (site/p.py)"]
    assert head["weights"] == [0.005, 0.00101]


def test_a_server_alone_has_one_time() -> None:
    alone = document(record(time_spent=SPENT))
    first, *_ = as_collapsed(alone).splitlines()
    assert first.endswith(";CPU;page (site/p.py);burn (site/b.py) 3000000")
    names = [one["name"] for one in json.loads(as_speedscope(alone))["profiles"]]
    assert names == [
        "GET /json (test_json), granian: CPU",
        "GET /json (test_json), granian: waiting",
    ]
    lacking = document(record(time_spent=TimeSpent(0, None, None, problems=("no py-spy",))))
    assert why_no_stacks(lacking) == "no stacks were sampled: no py-spy"


def test_without_stacks_the_reason_is_given() -> None:
    assert why_no_stacks(DOCUMENT) == ""
    assert "always with --djworkers-profile" in why_no_stacks(document(record()))
    ok = document(record(against_base=compared(1.0)))
    assert why_no_stacks(ok).startswith("nothing was profiled: that is done after a comparison")
    found = document(record(against_base=compared(0.7, explanation=HARDLY_WAITS)))
    assert why_no_stacks(found) == "no stacks were sampled: py-spy is not installed"
    silent = document(record(time_spent=TimeSpent(0, None, None)))
    assert why_no_stacks(silent) == "no stacks were sampled"
    assert why_left_out(ReportFormat.COLLAPSED, found) == why_no_stacks(found)
    assert why_left_out(ReportFormat.JSON, found) == ""


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.folded", ReportFormat.COLLAPSED),
        ("a.collapsed", ReportFormat.COLLAPSED),
        ("a.SpeedScope.json", ReportFormat.SPEEDSCOPE),
        ("speedscope.json", ReportFormat.JSON),
        ("a.json", ReportFormat.JSON),
    ],
)
def test_the_format_is_that_of_the_files_name(name: str, expected: ReportFormat) -> None:
    assert format_by_suffix(Path(name)) is expected
