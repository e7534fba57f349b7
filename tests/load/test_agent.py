"""An agent in the test's own process, with its streams replaced."""

from __future__ import annotations

import asyncio
import gc
import io
import json
import os
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
from httptools import HttpResponseParser

from pytest_djworkers.load import agent
from pytest_djworkers.load.agent_report import AgentReport
from pytest_djworkers.load.profile import SentRequest
from pytest_djworkers.serialization import from_simple, to_simple
from tests.support.fault_server import Behaviour, always, answer, once, serve
from tests.support.profiles import ROOT, make_profile


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    """Collect garbage again after a burst."""
    yield
    gc.unfreeze()
    gc.enable()


def talk(monkeypatch: pytest.MonkeyPatch, *told: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what an agent says to these messages."""
    said = io.StringIO()
    lines = "".join(json.dumps(message) + "\n" for message in told)
    monkeypatch.setattr(sys, "stdin", io.StringIO(lines))
    monkeypatch.setattr(sys, "stdout", said)
    agent.main()
    return [json.loads(line) for line in said.getvalue().splitlines()]


def job(address: tuple[str, int]) -> dict[str, Any]:
    """A burst over three connections, as the second of two agents."""
    return {
        "profile": to_simple(make_profile(connections=3, rate=100.0)),
        "address": address,
        "host": "example.com",
        "connections": 3,
        "share": {"index": 1, "of": 2},
        "at_once": 2,
        "drain_s": 0,
        "early_close": None,
    }


def parsers() -> int:
    """Return the number of parsers in this process that were not freed."""
    return sum(isinstance(each, HttpResponseParser) for each in gc.get_objects())


def test_an_agent_opens_fires_and_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(always(answer())) as server:
        start = {"start_ns": time.monotonic_ns() + 50_000_000}
        opened, report = talk(monkeypatch, job(server.address), start)
    assert opened == {"opened": 3}
    assert b"Host: example.com\r\n" in server.requests[0]
    # Its half of 100 a second for 0.2 s.
    counts = from_simple(report, AgentReport).counts
    assert counts.ok + counts.in_flight == 10


def test_an_agent_fires_a_window_for_each_start_signal(monkeypatch: pytest.MonkeyPatch) -> None:
    again = {"drain_s": 1.0, "early_close": {"after_s": 0.01, "responses": 3}}
    closed_loop = to_simple(make_profile(connections=3, warmup_s=0, duration_s=9))
    with serve(always(answer())) as server:
        start = {"start_ns": time.monotonic_ns()}
        told = {**job(server.address), **again, "profile": closed_loop}
        _, *reports = talk(monkeypatch, told, start, start)
        assert server.connections == 3
    assert len(reports) == 2
    assert all(from_simple(report, AgentReport).counts.ok >= 3 for report in reports)


def test_an_agent_opens_its_connections_under_load_if_it_is_told_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    closed_loop = to_simple(make_profile(connections=3, duration_s=0.05))
    told = {"drain_s": 1.0, "profile": closed_loop, "under_load": True}
    with serve(always(answer())) as server:
        start = {"start_ns": time.monotonic_ns()}
        opened, report = talk(monkeypatch, {**job(server.address), **told}, start)
    assert opened == {"opened": 3}
    assert from_simple(report, AgentReport).counts.ok < len(server.requests)


@pytest.mark.parametrize(
    ("behave", "request_", "ended"),
    [
        (once(answer("200 OK", b"ok", "Connection: close")), ROOT, "ok"),
        (always(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"), SentRequest("/", "HEAD"), "ok"),
        (always(b"garbage\r\n\r\n"), ROOT, "error"),
        (once(b""), SentRequest("/", "POST"), "error"),
    ],
    ids=["closes each", "HEAD", "garbage", "closes early"],
)
def test_parsers_are_freed_although_an_agent_collects_no_cycles(
    behave: Behaviour, request_: SentRequest, ended: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed_loop = to_simple(make_profile(request_, connections=3, duration_s=19))
    some = {
        "drain_s": 1.0,
        "early_close": {"after_s": 0.01, "responses": 50},
        "profile": closed_loop,
    }
    gc.collect()
    with serve(behave) as server:
        start = {"start_ns": time.monotonic_ns()}
        _, report = talk(monkeypatch, {**job(server.address), **some}, start)
    assert report["parts"][0][ended] >= 50
    assert parsers() <= 3


@pytest.mark.parametrize("told", [0, 1])
def test_an_agent_ends_when_its_standard_input_ends(
    told: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve(always(answer())) as server, pytest.raises(SystemExit) as ended:
        talk(monkeypatch, *[job(server.address)][:told])
    assert ended.value.code == 0


def test_an_agent_ends_at_an_exception_in_a_callback(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ends: list[int] = []
    monkeypatch.setattr(os, "_exit", ends.append)

    async def mistaken() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(agent._die)
        loop.call_soon(lambda: 1 / 0)
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    asyncio.run(mistaken())
    assert ends == [1]
    assert "ZeroDivisionError" in caplog.text
