"""A document with runs of wrk: each is found, whole, under its headings."""

from __future__ import annotations

from decimal import Decimal

import pytest

from pytest_djworkers.load.wrk_document import RunInDocument, runs_in_document
from tests.support import wrk_document
from tests.support.wrk_output import PRINTED, read
from tests.support.wrk_printer import format_binary, format_metric, format_time_us, rounded


def headings(document: str) -> list[tuple[str, ...]]:
    return [noted.headings for noted in runs_in_document(document)]


def under(*lines: str) -> str:
    return "\n".join([*lines, PRINTED])


def test_eighteen_runs_over_two_servers_are_read_exactly() -> None:
    text = wrk_document.document()
    for form in ("-nan%", "0.00us", "0.00B", "0 requests in"):
        assert form in text
    assert 0 < text.count("Socket errors") < 18
    found = runs_in_document(text)
    assert len(found) == 18
    for noted, ((server, endpoint), wrk) in zip(found, wrk_document.runs().items(), strict=True):
        run = noted.run
        assert noted.headings == ("How fast is the site?", server, endpoint)
        assert run.url == f"http://127.0.0.1:8000/myapp/{endpoint}"
        assert (run.duration, run.threads, run.connections) == ("10s", 20, 2000)
        row = next(row for row in wrk_document.SERVERS[server] if row[0] == endpoint)
        assert (run.requests_per_s, run.timeouts) == row[1:3]
        assert run.rps == Decimal(row[1])
        for spread, stats, form_of in (
            (run.latency, wrk.latency, format_time_us),
            (run.per_thread, wrk.per_thread, format_metric),
        ):
            assert spread.average == form_of(stats.mean)
            assert spread.deviation == form_of(stats.deviation)
            assert spread.longest == form_of(stats.max)
            within = "-nan" if stats.within is None else rounded(stats.within, 2)
            assert spread.within == f"{within}%"
        assert (run.mean_s is None) == (wrk.latency.within is None)
        assert run.requests == wrk.requests
        assert run.elapsed == format_time_us(wrk.elapsed_us)
        assert run.received == f"{format_binary(Decimal(wrk.bytes))}B"
        assert run.received_per_s == f"{format_binary(wrk.per_s[1])}B"
        assert tuple(run.socket_errors.values()) == wrk.errors
        assert run.bad_statuses == wrk.statuses


def test_late_responses_alone_are_requests_without_a_latency() -> None:
    late = runs_in_document(wrk_document.document())[8].run
    assert (late.requests_per_s, late.timeouts, late.mean_s) == ("10.20", 102, None)
    assert late.requests == 102


def test_bare_output_has_no_headings() -> None:
    assert runs_in_document(PRINTED) == [RunInDocument((), read(PRINTED))]
    assert headings(PRINTED + PRINTED) == [(), ()]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["# One", "## Two"], ("One", "Two")),
        (["# One", "## Two", "# Three"], ("Three",)),
        (["# One", "### Three", "## Two"], ("One", "Two")),
        (["## `sync/json`, **fast** ##"], ("sync/json, fast",)),
        (["# [granian](https://example.com/#x) now"], ("granian now",)),
        (["#"], ()),
        (["#no heading", "####### none", "    # none"], ()),
        (["One", "===", "", "Two", "---", ""], ("One", "Two")),
        (["- a list", "---", "| table |", "---", "", "---"], ()),
        (["# One", "```sh", "# a comment", "```"], ("One",)),
        (["# One", "~~~", "```", "# code", "~~~"], ("One",)),
        (["# One", "````", "```", "# code", "````"], ("One",)),
        (["# One", "```", "``` sh", "# code", "```"], ("One",)),
    ],
)
def test_headings_are_read_as_markdown(lines: list[str], expected: tuple[str, ...]) -> None:
    assert headings(under(*lines)) == [expected]


@pytest.mark.parametrize("edge", ["```", "```text", "~~~~", "- ```"])
def test_runs_in_code_blocks_are_found(edge: str) -> None:
    closing = edge.removeprefix("- ").removesuffix("text")
    document = f"# A\n{edge}\n{PRINTED}{closing}\n# B\n{edge}\n{PRINTED}{closing}\n"
    assert headings(document) == [("A",), ("B",)]


@pytest.mark.parametrize("before", ["    ", "> ", "\t", "> > "])
def test_runs_may_be_indented_and_quoted(before: str) -> None:
    document = "".join(f"{before}{line}\n" for line in PRINTED.splitlines())
    assert runs_in_document(document)[0].run == read(PRINTED)


def test_line_ends_of_windows_are_line_ends() -> None:
    document = under("# One", "Two", "---").replace("\n", "\r\n")
    assert headings(document) == [("One", "Two")]


def test_a_line_below_a_run_makes_no_heading_of_it() -> None:
    assert headings(f"# One\n{PRINTED}---\n{PRINTED}") == [("One",), ("One",)]


def test_prose_about_wrk_is_no_run() -> None:
    prose = "Latency is what counts.\nRunning wrk takes 10s.\nRequests/sec: many, 50% more\n"
    assert runs_in_document(prose) == []


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("\n".join(PRINTED.splitlines()[:-1]), "line 1: the run .*has no line 'Transfer/sec'"),
        ("x\n" + "\n".join(PRINTED.splitlines()[:5]) + "\n# next\n", "line 2: .*'... requests in"),
        ("```\n" + "\n".join(PRINTED.splitlines()[:3]) + "\n```\n", "line 2: .*no line 'Latency'"),
        (
            "\n".join([*PRINTED.splitlines()[:2], "# next", *PRINTED.splitlines()[2:]]),
            "line 1: .*no line 'Latency'",
        ),
        (PRINTED.replace("Transfer/sec:      9.37MB\n", "") + PRINTED, "line 1: .*'Transfer/sec'"),
        (PRINTED.replace("9.37MB", "9.37"), "line 1: .*'Transfer/sec: .*9.37' is not as wrk"),
        ("It was\n\nRequests/sec:  31896.61\n", "line 3: 'Requests/sec:  31896.61' without"),
    ],
)
def test_an_incomplete_run_is_an_error_with_its_line(document: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        runs_in_document(document)
