"""wrk's printed output, read back: every digit, however wrk cut and glued its columns."""

from __future__ import annotations

import re
import subprocess
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_djworkers.load.wrk import find_wrk
from pytest_djworkers.load.wrk_output import Spread, WrkRun, seconds
from tests.support.fault_server import always, answer, deaf, serve
from tests.support.wrk_output import NOTHING_ANSWERED, PRINTED, read
from tests.support.wrk_printer import (
    Run,
    Stats,
    format_binary,
    format_metric,
    format_time_s,
    format_time_us,
    printed,
    rounded,
)


def test_every_figure_is_read() -> None:
    run = read(PRINTED)
    assert run.url == "http://127.0.0.1:8000/json?page=2"
    assert (run.duration, run.threads, run.connections) == ("10s", 20, 2000)
    assert run.mean_s == Decimal("0.05713")
    assert run.latency == Spread("57.13ms", "113.12ms", "2.00s", "92.84%")
    assert run.per_thread == Spread("1.61k", "1.05k", "9.98k", "66.15%")
    assert [run.percentile_s(percent) for percent in (50, 75, 90, 99, 95)] == [
        *map(Decimal, ("0.03012", "0.06105", "0.10192", "0.90140")),
        None,
    ]
    assert run.requests == 320_012
    assert seconds(run.elapsed) == Decimal("10.03")
    assert (run.received, run.received_per_s) == ("94.00MB", "9.37MB")
    assert run.socket_errors == {"connect": 1, "read": 2, "write": 3, "timeout": 2301}
    assert (run.timeouts, run.errors) == (2301, 13)
    assert run.rps == Decimal("31896.61")
    assert run.printed == tuple(line.strip() for line in PRINTED.splitlines())


def test_no_samples_are_none_and_not_zero() -> None:
    run = read(NOTHING_ANSWERED)
    assert run.latency.within == "-nan%"
    assert not run.latency.has_samples
    assert (run.mean_s, run.percentile_s(99)) == (None, None)
    assert [run.rps, run.requests, run.received] == [0, 0, "0.00B"]
    assert (run.timeouts, run.errors) == (0, 0)


def test_lines_that_notes_leave_out_are_none() -> None:
    run = read("\n".join(PRINTED.splitlines()[2:5] + PRINTED.splitlines()[10:]))
    assert (run.url, run.duration, run.threads, run.connections) == (None, None, None, None)
    assert run.distribution is None
    assert run.rps == Decimal("31896.61")


def test_lines_of_a_script_are_passed_over() -> None:
    lines = PRINTED.splitlines()
    assert read("\n".join([*lines[:4], "thread 1 is done", "", *lines[4:]])) == read(PRINTED)


def test_a_mean_that_wrk_cut_off_is_read_in_full() -> None:
    run = read(PRINTED.replace("   57.13ms", "  1000.00m"))
    assert run.latency.average == "1000.00m"
    assert run.mean_s == 1
    assert read(PRINTED.replace("   57.13ms", "    1.50m ")).mean_s == 90


def test_columns_that_touch_are_told_apart() -> None:
    run = read(PRINTED.replace("113.12ms   2.00s ", "113.12ms1000.00ms"))
    assert (run.latency.deviation, run.latency.longest) == ("113.12ms", "1000.00ms")


@pytest.mark.parametrize("line", [3, 4, 11, 12, 13, 14])
def test_a_line_that_is_not_as_wrk_prints_it_is_not_believed(line: int) -> None:
    lines = PRINTED.splitlines()
    lines[line] = re.sub(r"\d(?=\D*$)", "?", lines[line])
    with pytest.raises(ValueError, match="is not as wrk prints it"):
        read("\n".join(lines))


@pytest.mark.parametrize(
    ("line", "label"),
    [(3, "Latency"), (4, "Req/Sec"), (10, "... requests in"), (13, "Requests"), (14, "Transfer")],
)
def test_a_line_that_is_missing_is_named(line: int, label: str) -> None:
    lines = PRINTED.splitlines()
    del lines[line]
    with pytest.raises(ValueError, match=re.escape(f"it has no line '{label}")):
        read("\n".join(lines))


@pytest.mark.parametrize("line", range(15))
def test_a_second_line_of_a_kind_is_refused(line: int) -> None:
    lines = PRINTED.splitlines()
    with pytest.raises(ValueError, match="is the second of its kind"):
        read("\n".join([*lines, lines[line]]))


@pytest.mark.parametrize("text", ["", "1", "1.00 ms", "-1.00s", "1.00d", "ms", "nan", "1ms"])
def test_text_that_wrk_never_prints_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match="is no time of wrk's"):
        seconds(text)


# Whatever wrk can print.

microseconds = st.decimals(0, 999 * 60 * 10**6, places=3)
shares = st.none() | st.decimals(0, 100, places=4)
spreads = st.builds(
    Stats, microseconds, microseconds, st.integers(0, 999 * 60 * 10**6).map(Decimal), shares
)
amounts = st.decimals(0, 999 * 10**12, places=3)
counts = st.integers(0, 2**31 - 1)
wrk_runs = st.builds(
    Run,
    url=st.just("http://127.0.0.1:8000/json"),
    duration_s=st.integers(1, 100_000),
    threads=st.integers(1, 64),
    connections=st.integers(1, 10_000),
    latency=spreads,
    per_thread=st.builds(Stats, amounts, amounts, amounts, shares),
    percentiles=st.none() | st.fixed_dictionaries(dict.fromkeys((50, 75, 90, 99), microseconds)),
    requests=st.integers(0, 2**40),
    elapsed_us=st.decimals(1, 10**9, places=0),
    bytes=st.integers(0, 2**50),
    errors=st.tuples(counts, counts, counts, counts) | st.just((0, 0, 0, 0)),
    statuses=counts,
)


@given(wrk_runs, st.sampled_from(["-nan", "nan"]))
def test_any_output_of_wrk_is_read_to_the_digit(wrk: Run, nan: str) -> None:
    run = read(printed(wrk, nan=nan))
    assert run.duration == format_time_s(Decimal(wrk.duration_s))
    assert (run.threads, run.connections) == (wrk.threads, wrk.connections)
    latency, threads = wrk.latency, wrk.per_thread
    assert run.latency.deviation == format_time_us(latency.deviation)
    assert run.latency.longest == format_time_us(latency.max)
    for spread, stats in ((run.latency, latency), (run.per_thread, threads)):
        within = nan if stats.within is None else rounded(stats.within, 2)
        assert spread.within == f"{within}%"
        assert spread.has_samples is (stats.within is not None)
    if latency.within is None:
        assert (run.mean_s, run.percentile_s(99)) == (None, None)
    else:
        assert run.mean_s == seconds(format_time_us(latency.mean))
    assert run.per_thread.average == format_metric(threads.mean)
    assert run.per_thread.deviation == format_metric(threads.deviation)
    assert run.per_thread.longest == format_metric(threads.max)
    percentiles = wrk.percentiles
    assert run.distribution == (
        None
        if percentiles is None
        else {percent: format_time_us(value) for percent, value in percentiles.items()}
    )
    assert run.requests == wrk.requests
    assert run.elapsed == format_time_us(wrk.elapsed_us)
    assert run.received == f"{format_binary(Decimal(wrk.bytes))}B"
    assert tuple(run.socket_errors.values()) == wrk.errors
    assert run.bad_statuses == wrk.statuses
    requests_per_s, bytes_per_s = wrk.per_s
    assert run.rps == rounded(requests_per_s, 2)
    assert run.received_per_s == f"{format_binary(bytes_per_s)}B"
    assert WrkRun.from_lines(run.printed) == run


# A real wrk.


def fire(address: tuple[str, int]) -> WrkRun:
    program = find_wrk()
    if program is None:
        pytest.skip("wrk is not on PATH")
    command = [program, "-t1", "-c2", "-d1s", "--latency", f"http://{address[0]}:{address[1]}/x"]
    said = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    run = read(said.stdout)
    assert run.printed == tuple(line.strip() for line in said.stdout.splitlines())
    return run


def test_the_output_of_a_real_wrk_is_read() -> None:
    with serve(always(answer())) as server:
        run = fire(server.address)
    assert run.requests > 0
    assert run.mean_s is not None
    assert run.percentile_s(50) is not None
    assert (run.timeouts, run.errors) == (0, 0)
    assert run.rps == pytest.approx(run.requests / seconds(run.elapsed), rel=Decimal("0.02"))


def test_the_output_of_a_real_wrk_without_responses_is_read() -> None:
    with deaf(2) as address:
        run = fire(address)
    assert run == WrkRun.from_lines(run.printed)
    assert [run.rps, run.mean_s, run.percentile_s(50)] == [0, None, None]
