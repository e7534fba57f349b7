"""wrk: its figures taken back from its correction, and a real one against a real server."""

from __future__ import annotations

import json
import resource
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_djworkers.errors import GeneratorError
from pytest_djworkers.load.generator import Target
from pytest_djworkers.load.profile import Order, Part, Profile, SentRequest
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.load.stages import Stage
from pytest_djworkers.load.wrk import WrkGenerator, find_wrk
from pytest_djworkers.load.wrk_figures import WrkFigures, to_result, uncorrect
from pytest_djworkers.serialization import from_simple
from pytest_djworkers.system.cpu_count import Cpus
from tests.support.fault_server import (
    LOCAL,
    Behaviour,
    FaultServer,
    always,
    answer,
    hangs,
    in_turn,
    once,
    refusing,
    serve,
)
from tests.support.faults import ROWS, Row
from tests.support.profiles import ROOT, make_profile

OK = answer()
SECOND = make_profile(duration_s=1).shape


def corrected(raw: dict[int, int], expected: int) -> dict[int, int]:
    """Return the samples as wrk's stats_correct corrects them, in its order."""
    data = Counter(raw)
    for n in range(2 * expected, max(raw, default=0) + 1):
        m = n - expected
        while data[n] and m > expected:
            data[m] += data[n]
            m -= expected
    return {value: count for value, count in data.items() if count}


histograms = st.dictionaries(st.integers(0, 3000), st.integers(1, 50), max_size=30)


@given(histograms, st.integers(1, 1000))
def test_wrks_correction_is_undone_exactly(raw: dict[int, int], interval: int) -> None:
    assert uncorrect(corrected(raw, interval), interval) == raw


@given(histograms)
def test_without_an_interval_there_was_no_correction(raw: dict[int, int]) -> None:
    assert uncorrect(raw, 0) == raw


def figures(raw: dict[int, int] | None = None, **others: int) -> dict[str, Any]:
    """Return what the script writes after a second of ten connections with these latencies."""
    raw = raw or {}
    late = others.get("timeout", 0)
    requests = sum(raw.values()) + late
    interval = 1_000_000 // (requests // 10) if requests >= 10 else 0
    values = corrected(raw, interval) if interval else raw
    empty = dict.fromkeys(("connect", "read", "write", "status", "timeout"), 0)
    pairs = [[value, count] for value, count in sorted(values.items())]
    return empty | {"duration_us": 1_000_000, "requests": requests, "corrected": pairs} | others


def result_of(found: dict[str, Any]) -> BurstResult:
    """The result of a burst of ten connections."""
    profile = make_profile(connections=10, duration_s=1)
    figures = from_simple(found, WrkFigures)
    return to_result(profile, figures, version="4", threads=2, cpu_s=1.0)


def test_wrks_latency_is_the_measured_one() -> None:
    result = result_of(figures({100: 990, 900_000: 10}))
    assert result.latency is not None
    assert result.latency.count == result.ok == 1000
    assert (result.latency.p50, result.latency.p99) == (0.0001, 0.0001)


def test_figures_that_wrk_cannot_know_are_none() -> None:
    result = result_of(figures({10_000: 1000}))
    unknown = (result.unanswered, result.in_flight, result.outside, result.statuses, result.series)
    assert set(unknown) == {None}
    assert result.sent is None
    assert result.generator.lag_p99_s is None


def test_each_kind_of_failure_is_counted() -> None:
    result = result_of(figures({10_000: 900}, connect=1, read=2, write=3, timeout=4))
    assert (result.ok, result.late, result.error) == (900, 4, 6)
    assert result.error_kinds == {"connect": 1, "read": 2, "write": 3}
    assert result.generator.cpu_share == 0.5


def test_with_unexpected_responses_wrk_has_no_latency_of_the_expected_ones() -> None:
    result = result_of(figures({10_000: 900}, status=1))
    assert (result.ok, result.unexpected, result.latency) == (899, 1, None)


@pytest.mark.parametrize("unexpected", [50, 100])
def test_a_late_response_that_may_be_an_unexpected_one_is_not_counted_as_late(
    unexpected: int,
) -> None:
    result = result_of(figures({}, timeout=100, status=unexpected))
    assert (result.ok, result.late, result.unexpected) == (0, 100 - unexpected, unexpected)
    assert result.rps == 100 - unexpected


@pytest.mark.parametrize(("took_us", "at_work"), [(10_000, 10), (5_000, 5), (100_000, 10)])
def test_the_number_of_connections_at_work_under_wrk(took_us: int, at_work: int) -> None:
    # Of ten connections, those at work are always busy; the last request of each is cut off.
    done = at_work * (1_000_000 // took_us - (took_us == 100_000))
    result = result_of(figures({took_us: done}))
    assert result.connections.at_work == pytest.approx(at_work, rel=0.02)
    assert result.starved is (at_work < 8)


@pytest.mark.parametrize(
    "found",
    [
        figures({10_000: 1000}) | {"corrected": None},
        figures({10_000: 1000}) | {"corrected": [[10_000, 999]]},
        figures({10_000: 1000}) | {"corrected": [[10_000, 999], [50_000, 1]]},
        figures({10_000: 1000}) | {"corrected": [[10_000, 999], [20_000, 1], [30_000, 2]]},
        figures({}, timeout=10),
        figures({}),
    ],
    ids=[
        "unreadable",
        "one missing",
        "not what wrk makes",
        "a negative count",
        "all late",
        "no answer",
    ],
)
def test_figures_that_say_nothing_of_the_connections_hide_timeouts(found: dict[str, Any]) -> None:
    result = result_of(found)
    assert result.connections.at_work is None
    assert result.starved is None
    assert result.hides_timeouts
    assert result.latency is None or result.latency.p50 is None


@pytest.mark.parametrize(
    ("profile", "reason"),
    [
        (make_profile(duration_s=1.5), "a duration of 1.5s is not in whole seconds"),
        (make_profile(duration_s=0), "a duration of 0s is not in whole seconds"),
        (make_profile(duration_s=1, timeout_s=0.5), "a timeout of 0.5s is not in whole seconds"),
        (
            Profile.of_parts("mix", (Part("a", (ROOT,)), Part("b", (ROOT,))), SECOND),
            "it can't tell the parts of a mix apart",
        ),
        (
            Profile.of_parts("burst", (Part("a", (ROOT,) * 2, order=Order.CONNECTION),), SECOND),
            "its connections can't have requests of their own",
        ),
        (make_profile(SentRequest("/", expect=(200, 404)), duration_s=1), "a status of 200 or 404"),
        (
            make_profile(SentRequest("/", "HEAD"), duration_s=1),
            "it waits for a body, which a response to HEAD does not have",
        ),
        (make_profile(SentRequest("/", contains=b"x"), duration_s=1), "does not look at bodies"),
        (make_profile(duration_s=1, rate=100), "it has no fixed rate"),
        (make_profile(duration_s=1, think_s=0.1), "it has no think time"),
        (make_profile(duration_s=1, stages=(Stage(1.0, 4),)), "it has no stages"),
        (make_profile(SentRequest("/", "FROB"), duration_s=1), "it knows no method FROB"),
        (
            make_profile(SentRequest("/", headers=(("upgrade", "h2c"),)), duration_s=1),
            "no Upgrade header",
        ),
    ],
)
def test_wrk_says_why_it_cannot_do_a_burst(profile: Profile, reason: str) -> None:
    assert reason in (WrkGenerator("wrk").cannot(profile) or "")


def test_wrk_can_do_a_plain_burst() -> None:
    assert WrkGenerator("wrk").cannot(make_profile(duration_s=1)) is None


def test_wrk_needs_the_descriptors_of_all_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (100, 1000))
    wrk = WrkGenerator("wrk")
    assert "ulimit -Hn 2064" in (wrk.cannot(make_profile(connections=2000, duration_s=1)) or "")


@pytest.mark.parametrize(
    ("connections", "cpus", "threads"),
    [(2000, 2, 2), (2000, 20, 20), (64, 3, 2), (7, 4, 1), (1, 8, 1), (9, 8, 3)],
)
def test_threads_divide_the_connections(
    connections: int, cpus: int, threads: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(
        "pytest_djworkers.load.wrk.available_cpus", lambda: Cpus(64, 64, quota=cpus - 0.5)
    )
    profile = make_profile(connections=connections, duration_s=1)
    with refusing() as address, pytest.raises(GeneratorError, match=f"-t{threads} "):
        WrkGenerator(program(tmp_path, 'echo "$@"')).fire(profile, Target(address, tmp_path))


def program(folder: Path, script: str) -> str:
    """A program that passes for wrk."""
    file = folder / "wrk"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return str(file)


# A real wrk.


@pytest.fixture
def wrk() -> WrkGenerator:
    found = find_wrk()
    if found is None:
        pytest.skip("wrk is not installed")
    return WrkGenerator(found)


def fire(
    wrk: WrkGenerator, behave: Behaviour, folder: Path, request: SentRequest = ROOT, **shape: Any
) -> tuple[BurstResult, FaultServer]:
    """One burst, and the server that it hit."""
    profile = make_profile(request, **{"connections": 2, "duration_s": 1, **shape})
    with serve(behave) as server:
        return wrk.fire(profile, Target(server.address, folder)), server


def test_expected_responses_under_wrk(wrk: WrkGenerator, tmp_path: Path) -> None:
    result, server = fire(wrk, always(OK), tmp_path)
    assert result.latency is not None
    assert result.ok == result.latency.count
    assert 0 < result.ok <= len(server.requests)
    assert (result.unexpected, result.error, result.late) == (0, 0, 0)
    assert result.window_s == pytest.approx(1, rel=0.5)
    assert 0 < result.generator.cpu_share < 5
    assert result.generator.version[0].isdigit()
    assert not result.hides_timeouts


def test_unexpected_responses_under_wrk_are_no_requests(wrk: WrkGenerator, tmp_path: Path) -> None:
    result, _ = fire(wrk, always(answer("500 Oh")), tmp_path)
    assert result.unexpected
    assert (result.rps, result.latency) == (0, None)


def test_some_unexpected_responses_under_wrk(wrk: WrkGenerator, tmp_path: Path) -> None:
    result, _ = fire(wrk, in_turn(OK, answer("500 Oh"), OK), tmp_path)
    assert result.ok == pytest.approx(2 * result.unexpected, rel=0.5)
    assert result.latency is None


def test_no_response_at_all_under_wrk(wrk: WrkGenerator, tmp_path: Path) -> None:
    result, _ = fire(wrk, hangs, tmp_path)
    assert result.judged == 0
    assert result.latency is None or result.latency.p50 is None
    assert result.hides_timeouts


def test_late_responses_under_wrk(wrk: WrkGenerator, tmp_path: Path) -> None:
    behave = always(OK, after_s=1.1)
    result, _ = fire(wrk, behave, tmp_path, duration_s=2, timeout_s=1)
    assert result.late == result.timeouts >= 1
    assert result.ok == 0
    assert result.hides_timeouts


def test_connections_that_end_early_are_errors_under_wrk(wrk: WrkGenerator, tmp_path: Path) -> None:
    result, _ = fire(wrk, once(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"), tmp_path)
    assert result.error_kinds.keys() == {"read"}
    assert result.judged == result.error


def test_the_server_is_warmed_up_before_wrk_fires(wrk: WrkGenerator, tmp_path: Path) -> None:
    with serve(hangs) as server, pytest.raises(GeneratorError, match="of the warm-up's requests"):
        wrk.fire(
            make_profile(duration_s=1, warmup_s=0.1),
            Target(server.address, tmp_path, startup_timeout_s=0.1),
        )


def test_a_server_that_is_not_there_is_an_error(wrk: WrkGenerator, tmp_path: Path) -> None:
    profile = make_profile(duration_s=1)
    with refusing() as address, pytest.raises(GeneratorError, match="unable to connect") as raised:
        wrk.fire(profile, Target(address, tmp_path))
    assert "no figures (exit status 1)" in str(raised.value)


def test_a_script_that_fails_is_an_error(
    wrk: WrkGenerator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytest_djworkers.load.wrk.files", lambda _: tmp_path)
    (tmp_path / "wrk.lua").write_text("this is no Lua")
    with pytest.raises(GeneratorError, match=r"no figures \(exit status 0\)") as raised:
        fire(wrk, always(OK), tmp_path)
    assert "wrk.lua" in str(raised.value)


@pytest.mark.parametrize("order", [Order.SEQUENTIAL, Order.RANDOM])
def test_wrk_sends_the_variants_of_a_request(
    order: Order, wrk: WrkGenerator, tmp_path: Path
) -> None:
    paths = [f"/{number}" for number in range(5)]
    # Any bytes may be in a body, also what ends a line of the script's file.
    requests = tuple(SentRequest(path, "POST", body=b"\n3\n\0" * n) for n, path in enumerate(paths))
    shape = make_profile(connections=1, duration_s=1).shape
    profile = Profile.of_parts("burst", (Part("paths", requests, order=order),), shape, seed=3)
    with serve(always(OK)) as server:
        result = wrk.fire(profile, Target(server.address, tmp_path, host="a.example"))
    sent = server.requests
    assert result.ok > 20
    assert set(sent) == {request.encode("a.example") for request in requests}
    places = [[request.encode("a.example") for request in requests].index(one) for one in sent]
    in_turn_ = all(b == (a + 1) % 5 for a, b in pairwise(places))
    assert in_turn_ is (order is Order.SEQUENTIAL)


BELIEVED = {
    "100-continue",
    "closes after 100",
    "only interim answers",
    "redirects",
    "switches protocols",
    "a length too short",
    "two answers",
    "an answer and a half",
}
"""Faults that wrk takes for good responses; the documentation says so."""


@pytest.mark.matrix
@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_no_fault_of_a_server_is_a_good_figure_under_wrk(
    row: Row, wrk: WrkGenerator, tmp_path: Path
) -> None:
    profile = make_profile(row.request, connections=2, duration_s=1, timeout_s=1)
    if wrk.cannot(profile):
        return
    result, _ = fire(wrk, row.behave, tmp_path, row.request, timeout_s=1)
    assert bool(result.ok) is ("ok" in row.classes or row.name in BELIEVED)
    assert not result.late
    if row.classes == "unanswered" and not result.ok:
        assert result.hides_timeouts


# Programs that pass for wrk.

BURST = make_profile(duration_s=1)
SOMEWHERE = (LOCAL, 9)


@pytest.mark.parametrize("left", ["", "nothing of the kind", '{"duration_us":'])
def test_no_figures_are_an_error_with_the_end_of_the_log(left: str, tmp_path: Path) -> None:
    script = f"echo some words\nprintf '{left}' > \"$DJWORKERS_WRK_RESULT\""
    with pytest.raises(GeneratorError, match=r"gave no figures \(exit status 0\)[^$]*some words"):
        WrkGenerator(program(tmp_path, script)).fire(BURST, Target(SOMEWHERE, tmp_path))


def test_figures_of_an_earlier_burst_are_not_taken(tmp_path: Path) -> None:
    (tmp_path / "wrk.json").write_text(json.dumps(figures({10_000: 1000})))
    with pytest.raises(GeneratorError, match="gave no figures"):
        WrkGenerator(program(tmp_path, "true")).fire(BURST, Target(SOMEWHERE, tmp_path))


def test_wrk_is_ended_if_it_does_not_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_djworkers.load.wrk._EXIT_WITHIN_S", -0.5)
    with pytest.raises(GeneratorError, match="wrk did not end"):
        WrkGenerator(program(tmp_path, "sleep 60")).fire(BURST, Target(SOMEWHERE, tmp_path))


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("wrk debian/4.1.0-3+b2 [epoll] Copyright", "4.1.0-3+b2"),
        ("wrk 4.2.0 [kqueue] Copyright", "4.2.0"),
        ("something else", "unknown"),
    ],
)
def test_the_version_of_wrk(said: str, version: str, tmp_path: Path) -> None:
    assert WrkGenerator(program(tmp_path, f"echo '{said}'; exit 1")).version == version


def test_the_version_of_a_wrk_that_cannot_be_run_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(GeneratorError, match="can't be run"):
        _ = WrkGenerator(str(tmp_path / "wrk")).version


def test_there_is_no_wrk_for_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert WrkGenerator("wrk").cannot(BURST) == "there is no wrk for Windows"
